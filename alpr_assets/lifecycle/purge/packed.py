"""What of a purge's plan lies in packages that left: booked as evidence, or with another agency (422.5, 422.7).

Here: telling those who approve. It stops no purge: what is evidence is held, and what left is no longer the department's to keep.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select

from alpr_assets.access.secret_key import SecretKey
from alpr_assets.lifecycle.purge.manifests import Manifest
from alpr_assets.store.evidence import evidence_booking, evidence_item, evidence_package
from alpr_assets.store.purges import purge_day


@dataclass(frozen=True, slots=True)
class PackedBefore:
    """A package that has captures of the plan. hold_id, release_id: what it was packed for, one of them"""

    package_id: int
    hold_id: int | None
    release_id: int | None
    is_booked: bool
    n_captures: int


def packed(connection: Connection, plan_id: int, key: SecretKey) -> list[PackedBefore]:
    """The packages, the earliest first. From the packages to the days: they are few, and of a year's manifests only theirs are opened.

    Raises VerificationError: a manifest is not the one that was planned.
    """
    item, days, package = evidence_item.c, purge_day.c, evidence_package.c
    rows = connection.execute(
        select(item.package_id, item.day, item.capture_id)
        .join(purge_day, (days.plan_id == plan_id) & (days.day == item.day))
        .order_by(item.package_id)
    ).all()
    wanted = sorted({row.day for row in rows})
    planned = connection.execute(select(purge_day).where(days.plan_id == plan_id, days.day.in_(wanted)))
    doomed = {row.day: Manifest(row.day, row.n_planned, row.manifest, row.digest).captures(key) for row in planned}
    counts: dict[int, int] = {}
    for row in rows:
        if row.capture_id in doomed[row.day]:
            counts[row.package_id] = counts.get(row.package_id, 0) + 1
    booked = set(connection.scalars(select(evidence_booking.c.package_id)))
    known = connection.execute(
        select(package.package_id, package.hold_id, package.release_id).where(package.package_id.in_(list(counts)))
    )
    return [
        PackedBefore(row.package_id, row.hold_id, row.release_id, row.package_id in booked, counts[row.package_id])
        for row in known.all()
    ]
