"""One plate cut out of its picture, as large as a person needs to compare it.

Here: the part of an opened picture around one read. Not here: opening the picture (`images`).
"""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date
from typing import Final

from PIL import Image
from sqlalchemy import select

from alpr_assets.access.gate import Found, Grant
from alpr_assets.errors import NotFoundError
from alpr_assets.lifecycle.recognition import annotating, pictures
from alpr_assets.search.images import OpenedImage, open_image
from alpr_assets.store import schema
from alpr_assets.store.engine import Store, reading
from alpr_assets.store.sealed import sha256_hex

MARGIN: Final = 0.5
"""Of the plate's larger side, on every side: the frame, the state's name and some of the car."""


def open_plate(grant: Grant, store: Store, *, day: date, capture_id: int, read_id: int) -> Found[OpenedImage]:
    """The part of one capture's picture around one of its reads, upright, as PNG; its hash is that of the part.

    Raises
    ------
    AccessRefusedError, VerificationError : as `open_image`
    NotFoundError : there is no such capture, or it has no such read
    RecognitionError : the picture cannot be decoded any more
    """
    found = open_image(grant, store, day=day, capture_id=capture_id)
    read = schema.read.c
    with reading(store.engine) as connection:
        quad = connection.scalar(
            select(read.quad).where(read.day == day, read.read_id == read_id, read.capture_id == capture_id)
        )
    if quad is None:
        raise NotFoundError(f"capture {capture_id} on {day} has no read {read_id}")
    content = _cut(found.rows.content, quad)
    part = replace(found.rows, content=content, sha256=sha256_hex(content), media_type="image/png")
    return Found(part, found.ids)


def _cut(content: bytes, quad: list[list[float]]) -> bytes:
    picture = pictures.decode(content)
    corners = [annotating.upright(picture, (x, y)) for x, y in quad]
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    margin = MARGIN * max(max(xs) - min(xs), max(ys) - min(ys))
    height, width = picture.pixels.shape[:2]
    left = min(max(round(min(xs) - margin), 0), width - 1)
    top = min(max(round(min(ys) - margin), 0), height - 1)
    right = max(min(round(max(xs) + margin), width), left + 1)
    bottom = max(min(round(max(ys) + margin), height), top + 1)
    part = Image.fromarray(picture.pixels[top:bottom, left:right, ::-1])
    out = io.BytesIO()
    part.save(out, "PNG")
    return out.getvalue()
