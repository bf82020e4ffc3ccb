"""Letters as masks: lettering for signs and names, and the narrow pressed characters of a plate.

Here: masks only. Not here: colours and places. The fonts are those that ship with matplotlib (DejaVu, STIX).
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import cv2
import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Mask = NDArray[np.uint8]

BOLD = "DejaVuSans-Bold"
MONO = "DejaVuSansMono-Bold"
PLAIN = "DejaVuSans"
SCRIPT = "DejaVuSerif-BoldItalic"
SERIF = "DejaVuSerif-Bold"

_DRAWN_PX = 160
_NARROW = {"1": 0.62, "I": 0.34}  # of the common cell
_WIDE = {"W": 1.2, "M": 1.16, "N": 1.04}
_FINE = {
    "W": 0.68,
    "M": 0.7,
    "N": 0.8,
    "K": 0.9,
    "X": 0.9,
    "G": 0.86,
    "Q": 0.9,
}  # of the common stroke, or their counters fill


@lru_cache(maxsize=16)
def _font(face: str) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(Path(mpl.get_data_path()) / "fonts" / "ttf" / f"{face}.ttf"), _DRAWN_PX)


def _inked(text: str, face: str) -> Mask:
    """The text at a fixed size, cropped to its ink: (h, w), 0 to 255."""
    font = _font(face)
    left, top, right, bottom = (int(v) for v in font.getbbox(text))
    picture = Image.new("L", (max(1, right - left), max(1, bottom - top)))
    ImageDraw.Draw(picture).text((-left, -top), text, font=font, fill=255)
    return np.asarray(picture)


@lru_cache(maxsize=512)
def text_mask(text: str, height: int, *, face: str = BOLD, squeeze: float = 1.0, max_width: int = 10_000) -> Mask:
    """One line of lettering, cropped to its ink.

    Returns (height, w) with w at most `max_width` pixels; `squeeze` is width over natural width.
    """
    inked = _inked(text, face)
    width = min(max_width, max(1, round(inked.shape[1] * height / inked.shape[0] * squeeze)))
    mask: Mask = cv2.resize(inked, (width, max(1, height)), interpolation=cv2.INTER_AREA)
    return mask


@lru_cache(maxsize=512)
def die_glyph(char: str, height: int, width: int, stroke: int) -> Mask:
    """One character as a plate die presses it: narrow, round at the ends, one stroke width throughout.

    A thin face is squeezed into the cell and then thickened equally in every direction, which is what makes the stroke
    even. Returns (height, width of the cell; W, M and N have wider ones), the ink centred; pixels.
    """
    spread = max(1, round(stroke * _FINE.get(char, 1.0) / 2))
    width = round(width * _WIDE.get(char, 1.0))
    ink_width = max(3, round(width * _NARROW.get(char, 1.0)) - 2 * spread)
    thin = cv2.resize(_inked(char, PLAIN), (ink_width * 2, (height - 2 * spread) * 2), interpolation=cv2.INTER_AREA)
    cell = np.zeros((height * 2, width * 2), np.uint8)
    left = (cell.shape[1] - thin.shape[1]) // 2
    cell[2 * spread : 2 * spread + thin.shape[0], left : left + thin.shape[1]] = thin
    pen = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (4 * spread - 1, 4 * spread - 1))
    glyph: Mask = cv2.resize(cv2.dilate(cell, pen), (width, height), interpolation=cv2.INTER_AREA)
    return glyph
