"""Packages of evidence that a picture is in, where they are booked, and who had them (422.5). It stays when the picture is gone."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select

from alpr_assets.access.record.entries import ResultId
from alpr_assets.search.lineage.steps import Step, Traced, known
from alpr_assets.store.evidence import evidence_booking, evidence_custody, evidence_item, evidence_package
from alpr_assets.store.holds import hold

HAPPENED = {"booked": "booked into evidence", "handed_over": "handed over", "checked": "checked"}


def packages(traced: Traced) -> Iterator[Step]:
    """Each package, followed by its bookings and hands, in the order of time."""
    if traced.capture_id is None:
        return
    item, package = evidence_item.c, evidence_package.c
    rows = traced.connection.execute(
        select(evidence_package, hold.c.forgotten_by)
        .join(evidence_item, item.package_id == package.package_id)
        .outerjoin(hold, hold.c.hold_id == package.hold_id)
        .where(item.day == traced.day, item.capture_id == traced.capture_id)
        .order_by(package.package_id)
    )
    for row in rows:
        yield Step(
            what=f"Package {row.package_id} has it", at=row.packed_at, by=traced.name(row.member_id),
            facts=known(
                package=row.package_id, hold=row.hold_id, release=row.release_id, case_number=row.case_number, sha256=row.sha256, stamped_at=row.stamped_at,
                hold_description_destroyed_by_purge=row.forgotten_by,
            ),
            ids=(ResultId("evidence_package", None, row.package_id),),
        )  # fmt: skip
        yield from _hands(traced, row.package_id)


def _hands(traced: Traced, package_id: int) -> Iterator[Step]:
    custody, booking = evidence_custody.c, evidence_booking.c
    rows = traced.connection.execute(
        select(evidence_custody, booking.item_number)
        .join(evidence_booking, booking.booking_id == custody.booking_id)
        .where(booking.package_id == package_id)
        .order_by(custody.custody_id)
    )
    for row in rows:
        yield Step(
            what=f"Package {package_id}: {HAPPENED[row.kind]}", at=row.at, by=traced.name(row.member_id),
            facts=known(item=row.item_number, is_what_left=row.is_intact)
            | traced.told(from_whom=row.from_whom, to_whom=row.to_whom, reason=row.reason),
        )  # fmt: skip
