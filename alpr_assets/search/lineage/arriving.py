"""How a picture came: the capture with its clock and place, the drop, and the receipts that name its file (422.5)."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select

from alpr_assets.access.record.entries import ResultId
from alpr_assets.search.lineage.steps import Step, Traced, known
from alpr_assets.store import schema


def picture(traced: Traced) -> Iterator[Step]:
    """The capture itself."""
    capture, device = schema.capture.c, schema.device.c
    row = traced.connection.execute(
        select(schema.capture, device.name.label("device"))
        .outerjoin(schema.device, device.device_id == capture.device_id)
        .where(capture.day == traced.day, capture.capture_id == traced.capture_id)
    ).one()
    place = None if row.latitude_deg is None else f"{row.latitude_deg:.5f}, {row.longitude_deg:.5f}"
    facts = known(
        capture_id=row.capture_id, sha256=row.image_sha256, bytes=row.n_bytes, media_type=row.media_type,
        size_px=f"{row.width_px} × {row.height_px}", reader=row.device or row.device_id, device_id=row.device_id,
        clock=row.clock, source_time=row.source_time, flags=list(row.flags) or None,
    )  # fmt: skip
    told = traced.told(place=place, place_from=row.place_source, heading_deg=row.heading_deg)
    yield Step(
        what=f"Captured by {row.device or row.device_id}, dated by the clock: {row.clock}",
        at=row.captured_at, facts=facts | told, ids=(ResultId("capture", row.day, row.capture_id),),
    )  # fmt: skip


def drop(traced: Traced) -> Iterator[Step]:
    """The drop that it landed with, and each receipt as issued."""
    capture, arrived, receipt = schema.capture.c, schema.drop.c, schema.drop_receipt.c
    row = traced.connection.execute(
        select(schema.drop, capture.image_sha256, capture.landed_at.label("capture_landed_at"))
        .join(schema.capture, capture.drop_id == arrived.drop_id)
        .where(capture.day == traced.day, capture.capture_id == traced.capture_id)
    ).one()
    yield Step(
        what=f"Landed with drop {row.drop_id} of unit {row.unit}, shift {row.shift}",
        at=row.capture_landed_at,
        by=row.operator,
        facts=known(
            drop=row.drop_id, unit=row.unit, shift=row.shift, operator=row.operator, manifest_sha256=row.manifest_sha256,
            declared=row.n_declared, landed=row.n_landed, duplicates=row.n_duplicate, quarantined=row.n_quarantined,
            missing=row.n_missing,
        ),
    )  # fmt: skip
    issued = select(schema.drop_receipt).where(receipt.drop_id == row.drop_id).order_by(receipt.receipt_id)
    for one in traced.connection.execute(issued):
        files = [
            name for name, (_, sha256) in one.receipt.get("files", {}).items() if sha256 == row.image_sha256
        ]  # fmt: skip
        yield Step(
            what="Receipt issued: it names this file" if files else "Receipt issued",
            at=one.issued_at,
            # A vendor's file name may hold the plate.
            facts=known(receipt_sha256=one.receipt_sha256) | traced.told(file=files or None),
        )
