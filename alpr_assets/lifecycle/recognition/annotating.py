"""Annotated copies of pictures: each plate outlined where it was read, with what was read and how surely.

Here: drawing, writing a copy whole or not at all, what of a picture was not looked at. Not here: recognition, nor whose
pictures may be copied. Invariant: a copy holds pixels only; no place and no time of the original's EXIF goes with it.
"""

from __future__ import annotations

import io
import os
import warnings
from pathlib import Path

import matplotlib as mpl
from PIL import Image, ImageDraw, ImageFont

from alpr_assets.lifecycle.recognition import pictures
from alpr_assets.lifecycle.recognition.recogniser import PlateReading, Point, Recognition

OUTLINE, PAPER = (255, 210, 0), (20, 20, 20)
QUALITY = 92


def annotated(picture: bytes, found: Recognition) -> bytes:
    """The picture upright, with every plate outlined and named, as JPEG.

    Raises
    ------
    RecognitionError : the picture cannot be decoded; see `pictures.decode`
    """
    decoded = pictures.decode(picture)
    image = Image.fromarray(decoded.pixels[:, :, ::-1])
    draw = ImageDraw.Draw(image)
    width = max(3, max(image.size) // 400)
    font = ImageFont.truetype(f"{mpl.get_data_path()}/fonts/ttf/DejaVuSans-Bold.ttf", max(12, max(image.size) // 50))
    for plate in reversed(found.plates):  # the best last, over the others
        corners = [upright(decoded, corner) for corner in plate.quad]
        draw.polygon(corners, outline=OUTLINE, width=width)
        _name(draw, plate, corners, image.size, font)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=QUALITY, subsampling=0)  # else thin coloured lines turn gray
    return out.getvalue()


def upright(picture: pictures.Picture, point: Point) -> Point:
    """One point of the stored picture as a point of its upright pixels: the inverse of `Picture.stored`."""
    x, y = point
    w, h = picture.width, picture.height
    return (
        (x, y), (w - x, y), (w - x, h - y), (x, h - y),
        (y, x), (h - y, x), (h - y, w - x), (y, w - x),
    )[picture.orientation - 1]  # fmt: skip


def remarks(picture: bytes) -> tuple[str, ...]:
    """What of a picture was not looked at, one sentence each; nothing for an ordinary one.

    Raises
    ------
    RecognitionError : no picture at all
    """
    image = pictures.opened(picture)
    found = []
    if getattr(image, "is_animated", False):
        found.append("an animation or a file of several pictures: only the first one was read")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image.load()
    except Exception:  # noqa: BLE001 - as in `pictures`: a broken file may raise anything
        found.append("the file is cut off or damaged: what is left of it was read")
    return tuple(found)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that under its name there is never a part of it, whenever this is killed."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(content)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _name(
    draw: ImageDraw.ImageDraw,
    plate: PlateReading,
    corners: list[Point],
    size: tuple[int, int],
    font: ImageFont.FreeTypeFont,
) -> None:
    """Write plate, confidence and state above the outline, or below where there is no room."""
    text = f"{plate.plate}  {plate.confidence:.2f}" + (f"  {plate.region.upper()}" if plate.region else "")
    left, top, right, bottom = draw.textbbox((0, 0), text, font=font)
    width, height = right - left + 8, bottom - top + 8
    x = min(max(min(x for x, _ in corners), 0), max(size[0] - width, 0))
    above = min(y for _, y in corners) - height - 4
    y = above if above >= 0 else min(max(y for _, y in corners) + 4, max(size[1] - height, 0))
    draw.rectangle((x, y, x + width, y + height), fill=PAPER)
    draw.text((x + 4 - left, y + 4 - top), text, fill=OUTLINE, font=font)
