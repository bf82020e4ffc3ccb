"""Pictures of a package: as captured, copies in which others' plates are covered, and small ones for the report.

Here: pixels. Not here: which pictures (`packing`). What no recogniser found is not covered: a person looks at each copy before it is
passed on. A copy holds pixels only; no place and no time of the original's EXIF goes with it.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import Any, Final

from PIL import Image, ImageDraw

from alpr_assets.lifecycle.lookalikes import fold
from alpr_assets.lifecycle.recognition import annotating, pictures

ENDINGS: Final = {"image/jpeg": "jpg", "image/png": "png"}
COVERED: Final = (0, 0, 0)
GROWN: Final = 1.35
"""A plate's corners are moved out from its middle: the box of a read may cut its edge."""
QUALITY: Final = 90
SMALL_PX: Final = 900


def others(reads: Iterable[dict[str, Any]], subjects: Sequence[str]) -> list[dict[str, Any]]:
    """Reads of plates that are none of the subjects' or their look-alikes', by a recogniser or a person."""
    kept = {fold(one) for one in subjects}
    return [
        read for read in reads
        if not kept & {fold(read["plate"]), *(fold(one["plate"]) for one in read["corrections"])}
    ]  # fmt: skip


def covered(content: bytes, quads: Iterable[Sequence[Sequence[float]]]) -> bytes:
    """A copy, upright, with these quadrilaterals of the stored picture covered, as JPEG.

    Parameters
    ----------
    quads : four corners [x, y] each, pixels of the picture as stored

    Raises RecognitionError: the picture cannot be decoded any more.
    """
    decoded = pictures.decode(content)
    image = Image.fromarray(decoded.pixels[:, :, ::-1])
    draw = ImageDraw.Draw(image)
    for quad in quads:
        corners = [annotating.upright(decoded, (x, y)) for x, y in quad]
        middle = [sum(axis) / len(corners) for axis in zip(*corners, strict=True)]
        grown = [tuple(m + GROWN * (c - m) for c, m in zip(corner, middle, strict=True)) for corner in corners]
        draw.polygon(grown, fill=COVERED)
    return _jpeg(image)


def small(content: bytes) -> bytes:
    """At most SMALL_PX on its longer side, upright, as JPEG: for the report. Raises as `covered`."""
    image = Image.fromarray(pictures.decode(content).pixels[:, :, ::-1])
    image.thumbnail((SMALL_PX, SMALL_PX))
    return _jpeg(image)


def _jpeg(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=QUALITY)
    return out.getvalue()
