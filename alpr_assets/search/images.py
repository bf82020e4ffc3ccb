"""Opening one picture. Each opening is an ask of its own, and recorded as one (422.6(a))."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from alpr_assets.access.gate import Found, Grant
from alpr_assets.access.record.entries import ResultId
from alpr_assets.access.roles import Action
from alpr_assets.errors import NotFoundError
from alpr_assets.lifecycle.captures.arrivals import SIMULATED
from alpr_assets.store import schema
from alpr_assets.store.engine import Store, reading


@dataclass(frozen=True, slots=True)
class OpenedImage:
    """One picture as it was captured, byte for byte; its hash is the receipt's."""

    day: date
    capture_id: int
    content: bytes
    sha256: str
    media_type: str
    captured_at: datetime
    device_id: str


def open_image(grant: Grant, store: Store, *, day: date, capture_id: int) -> Found[OpenedImage]:
    """The picture of one capture.

    Raises
    ------
    AccessRefusedError : the grant is for another ask
    NotFoundError : there is no such capture, or it is a simulated one
    VerificationError : the stored picture is missing or is not what was sealed
    """
    grant.require(Action.OPEN_IMAGE)
    capture = schema.capture.c
    with reading(store.engine) as connection:
        row = connection.execute(
            select(
                capture.image_sha256, capture.media_type, capture.captured_at, capture.device_id, capture.flags
            ).where(capture.day == day, capture.capture_id == capture_id)
        ).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no capture {capture_id} on {day}")
    if SIMULATED in row.flags:
        raise NotFoundError(f"capture {capture_id} of {day} is simulated: there is no picture of it")
    content = store.images.picture(day, row.image_sha256)
    opened = OpenedImage(
        day, capture_id, content, row.image_sha256, row.media_type, row.captured_at, row.device_id
    )  # fmt: skip
    return Found(opened, [ResultId("capture", day, capture_id)])
