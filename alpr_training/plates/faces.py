"""Faces: where the shapes of a plate's characters and of its small words come from.

Here: dies drawn by code and fonts of this machine, both as glyph masks. Not here: layout.
The more faces, the better a reader does on plates that it never saw. Debian's packages of `FONT_PACKAGES` and npm's
`@fontsource` folders (`ALPR_FONTS` names the folder above their node_modules) are used where they are; the dies
always.
"""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from fontTools.ttLib import TTFont
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from alpr_training.plates import dies

Mask = NDArray[np.uint8]

FONTS = Path("/usr/share/fonts/truetype")
SERIAL_DEBIAN = (
    "roadgeek/*.ttf", "dejavu/DejaVuSans*Bold.ttf", "liberation/LiberationSansNarrow-*.ttf",
    "liberation/LiberationSans-Bold.ttf", "liberation/LiberationMono-Bold.ttf", "freefont/FreeSansBold.ttf",
    "oxygen/OxygenMono-Regular.ttf", "oxygen/Oxygen-Sans-Bold.ttf", "lato/Lato-Bold.ttf", "roboto/*/RobotoCondensed-Bold.ttf",
)  # fmt: skip
# Faces that no plate's serial is set in, but its state's name may be.
WORDS_ONLY = ("pacifico", "lobster", "dancing-script", "playfair", "inter-", "six-caps", "abel", "squada", "quantico")
ITALIC = ("Italic", "Oblique")


@dataclass(frozen=True, slots=True)
class Face:
    """One face for a serial: glyphs cropped to their ink, all of one height; `is_die` when drawn by `dies`."""

    glyphs: dict[str, Mask]
    is_die: bool


class Faces:
    """The faces of this machine; one lot of it serves a whole training."""

    def __init__(self, rng: np.random.Generator, *, n_dies: int = 160) -> None:
        drawn = [dies.draw_die(rng) for _ in range(n_dies)]
        self.dies = [Face({c: dies.glyph(die, c) for c in dies.CHARACTERS}, is_die=True) for die in drawn]
        self.fonts = [face for face in (_serial_face(path) for path in serial_fonts()) if face is not None]
        self.word_fonts = word_fonts()

    def draw(self, rng: np.random.Generator) -> Face:
        """A face for a serial."""
        if not self.fonts or rng.random() < 0.62:
            return self.dies[int(rng.integers(len(self.dies)))]
        return self.fonts[int(rng.integers(len(self.fonts)))]

    def word(self, rng: np.random.Generator, text: str, height: int) -> Mask:
        """A line of small lettering in any face, cropped to its ink: (about `height`, w)."""
        path = self.word_fonts[int(rng.integers(len(self.word_fonts)))]
        return word_mask(path, text, max(7, 4 * round(height / 4)))


def serial_fonts() -> list[Path]:
    """Fonts fit for a serial, in a fixed order."""
    debian = [path for pattern in SERIAL_DEBIAN for path in sorted(FONTS.glob(pattern))]
    npm = [path for path in _fontsource() if not any(word in path.name for word in WORDS_ONLY)]
    return [path for path in debian + npm if not any(word in path.name for word in ITALIC)]


def word_fonts() -> list[Path]:
    """Fonts fit for the small words, in a fixed order; those of matplotlib where the machine has no other."""
    found = sorted(FONTS.glob("*/*.ttf")) + _fontsource()
    found = [path for path in found if "Symbol" not in path.name and "Math" not in path.name]
    if not found:
        import matplotlib as mpl  # noqa: PLC0415 - only where the machine has no fonts

        found = sorted((Path(mpl.get_data_path()) / "fonts" / "ttf").glob("DejaVu*.ttf"))
    return found


def _fontsource() -> list[Path]:
    root = os.environ.get("ALPR_FONTS")
    pattern = "node_modules/@fontsource/*/files/*latin-[3-8]00-normal.woff2"
    return sorted(p for p in Path(root).glob(pattern) if "latin-ext" not in p.name) if root else []


@lru_cache(maxsize=512)
def _loaded(path: Path) -> bytes:
    """A font's bytes as TrueType; FreeType here does not read woff2."""
    if path.suffix != ".woff2":
        return path.read_bytes()
    font = TTFont(path)
    font.flavor = None
    out = io.BytesIO()
    font.save(out)
    return out.getvalue()


@lru_cache(maxsize=4000)
def _sized(path: Path, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(io.BytesIO(_loaded(path)), size)


@lru_cache(maxsize=4000)
def word_mask(path: Path, text: str, height: int) -> Mask:
    """A line of text, cropped to its ink; `height` is roughly that of its capitals."""
    font = _sized(path, max(6, round(height * 1.25)))
    left, top, right, bottom = (int(v) for v in font.getbbox(text))
    picture = Image.new("L", (max(1, right - left), max(1, bottom - top)))
    ImageDraw.Draw(picture).text((-left, -top), text, font=font, fill=255)
    return np.asarray(picture)


def _serial_face(path: Path) -> Face | None:
    """Glyphs of a font at one height; None when it lacks a character or draws capitals small."""
    font = _sized(path, 130)
    glyphs = {}
    for char in dies.CHARACTERS:
        left, top, right, bottom = (int(v) for v in font.getbbox(char))
        picture = Image.new("L", (right - left + 8, bottom - top + 8))
        ImageDraw.Draw(picture).text((4 - left, 4 - top), char, font=font, fill=255)
        ink = np.asarray(picture)
        rows, columns = np.where(ink.max(1) > 60)[0], np.where(ink.max(0) > 60)[0]
        if len(rows) < 40:
            return None
        ink = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        width = max(2, round(ink.shape[1] * dies.HEIGHT_PX / ink.shape[0]))
        glyphs[char] = np.asarray(cv2.resize(ink, (width, dies.HEIGHT_PX), interpolation=cv2.INTER_AREA), np.uint8)
    return Face(glyphs, is_die=False)
