"""Bytes → pixels, for whatever a camera or a vendor's feed sends.

Here: decoding with limits, every colour mode to 8-bit BGR, EXIF rotation, and the way back to stored pixels.
Not here: recognition. Invariant: the size is known, and refused when too large, before any pixel is decoded.
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from alpr_assets.errors import RecognitionError
from alpr_assets.lifecycle.recognition.recogniser import Box, Point

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_PIXELS = 100_000_000  # 300 MB as BGR; no plate camera comes near
MIN_SIDE = 16  # pixels; nothing can be read below
# Only formats a camera or feed sends: Pillow's other parsers (EPS starts a program) stay out of reach.
FORMATS = ("JPEG", "PNG", "TIFF", "BMP", "GIF", "WEBP", "JPEG2000", "PPM")
ORIENTATION = 0x0112  # EXIF tag, values 1–8


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A decoded picture: `pixels` is uint8 BGR (height, width, 3), turned upright; sizes are those stored."""

    pixels: np.ndarray[Any, np.dtype[np.uint8]]
    width: int
    height: int
    orientation: int

    def stored(self, point: Point) -> Point:
        """One point of `pixels` as a point of the stored picture."""
        x, y = point
        w, h = self.width, self.height
        return (
            (x, y), (w - x, y), (w - x, h - y), (x, h - y),
            (y, x), (y, h - x), (w - y, h - x), (w - y, x),
        )[self.orientation - 1]  # fmt: skip

    def box(self, points: Sequence[Point]) -> Box:
        """The upright rectangle around stored `points`, clipped to the picture, at least 1 × 1 pixel."""
        xs, ys = [x for x, _ in points], [y for _, y in points]
        left = min(max(round(min(xs)), 0), self.width - 1)
        top = min(max(round(min(ys)), 0), self.height - 1)
        right = min(max(round(max(xs)), left + 1), self.width)
        bottom = min(max(round(max(ys)), top + 1), self.height)
        return Box(left, top, right - left, bottom - top)


def opened(picture: bytes) -> Image.Image:
    """Read the header only: size and metadata are known, no pixel is decoded. Raises RecognitionError."""
    if not picture:
        raise RecognitionError("the picture is empty (0 bytes)", remedy="fetch it from the camera again")
    try:
        Image.init()  # once a process: else only the five commonest parsers are there
        with warnings.catch_warnings():  # Pillow's own warning about size comes below our limit
            warnings.simplefilter("ignore")
            image: Image.Image = Image.open(io.BytesIO(picture), formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise RecognitionError(f"the picture exceeds {MAX_PIXELS // 10**6} megapixels", remedy=SMALLER) from error
    except Exception as error:  # Pillow's parsers raise SyntaxError, struct.error, ValueError and more
        raise RecognitionError(f"these {len(picture)} bytes are no picture", remedy=FETCH) from error
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise RecognitionError(
            f"the picture has {width} × {height} pixels, above {MAX_PIXELS // 10**6} megapixels", remedy=SMALLER
        )
    return image


FETCH = "fetch it from the camera again; JPEG, PNG, TIFF, BMP, GIF, WebP, JPEG 2000 and PNM are read"
SMALLER = "send single frames, not stitched panoramas"


def decode(picture: bytes) -> Picture:
    """Decode one picture upright, to 8-bit BGR.

    A file that lost its end is used if at least half of its rows are there (of a progressive JPEG none are, then).
    Of an animation, the first frame.

    Raises
    ------
    RecognitionError : no picture, cut beyond use, under 16 pixels a side, or above 100 megapixels
    """
    image = opened(picture)
    width, height = image.size
    if min(width, height) < MIN_SIDE:
        raise RecognitionError(f"the picture has only {width} × {height} pixels", remedy="send the camera's full frame")
    orientation = _orientation(image)
    turned = image.format == "TIFF"  # Pillow turns these while loading, and gives their size as turned
    if turned and orientation >= 5:
        width, height = height, width
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            bgr = _bgr(image)
    except RecognitionError:
        raise
    except Exception as error:  # as above: a broken file may raise anything, and is one picture's error
        raise RecognitionError("the picture is damaged", remedy=FETCH) from error
    upright = bgr if turned else _upright(bgr, orientation)
    return Picture(np.ascontiguousarray(upright), width, height, orientation)


def _orientation(image: Image.Image) -> int:
    try:
        value = image.getexif().get(ORIENTATION, 1)
    except Exception:  # noqa: BLE001 - damaged metadata must not cost the picture
        return 1
    return value if value in range(1, 9) else 1


def _bgr(image: Image.Image) -> np.ndarray[Any, np.dtype[np.uint8]]:
    _load(image)
    if image.mode.startswith("I") or image.mode == "F":  # 16 bits and more: often 10 or 12 of them used
        values = np.asarray(image, np.float64)
        top = max(float(np.nanmax(values)), 1.0)
        gray = np.rint(np.nan_to_num(np.clip(values * (255 / top), 0, 255))).astype(np.uint8)
        return np.repeat(gray[:, :, None], 3, axis=2)
    rgb = image if image.mode == "RGB" else image.convert("RGB")
    # Pillow swaps the channels while it copies: a third of the time of swapping them afterwards.
    return np.frombuffer(rgb.tobytes("raw", "BGR"), np.uint8).reshape(rgb.height, rgb.width, 3)


def _load(image: Image.Image) -> None:
    """Decode the pixels; of a truncated file, keep the rows that came."""
    try:
        image.load()
    except OSError as error:
        image.tile = []  # what came is in the image: do not decode again
        values = np.asarray(image).reshape(image.height, -1)
        rows = np.flatnonzero((values != values[:, :1]).any(axis=1))  # a missing one is filled with one number
        if len(rows) < image.height / 2:  # counted, for interlaced ones lack rows everywhere
            raise RecognitionError("the picture is cut off: under half of it can be decoded", remedy=FETCH) from error


def _upright(pixels: np.ndarray[Any, np.dtype[np.uint8]], orientation: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    if orientation >= 5:
        pixels = pixels.transpose(1, 0, 2)
    if orientation in {2, 3, 6, 7}:
        pixels = pixels[:, ::-1]
    if orientation in {3, 4, 7, 8}:
        pixels = pixels[::-1]
    return pixels
