"""Things that look like plates and are none: boards, lettering, stickers, grilles, lamps, fences, date stamps.

Here: cutouts to paste, and textures drawn into a scene. All grey. Not here: vehicles, plates.
"""

import string
from functools import cache, lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from alpr_training.detector.paste import Canvas, Cutout

FONT_FOLDER = Path("/usr/share/fonts/truetype")
WORDS = """
    SALE OPEN FOR RENT TAXI POLICE SCHOOL BUS PLUMBING HEATING ELECTRIC ROOFING DELIVERY EXPRESS TURBO SPORT
    HYBRID LIMITED QUATTRO 4x4 AWD V6 GT LTZ XLT TDI Hemi Call Now Free Wash Parking Exit Speed Limit Stop Yield
    One Way No Entry Caution Wide Right Turn Baby on Board How is my driving? Student Driver Coexist Save the
    Whales I love NY Oval Motors Honda Ford Toyota Volvo Jeep Dodge Chevrolet Nissan MERCEDES Audi
    www.example.com
""".split()  # noqa: SIM905 — a list of eighty strings is harder to read


@cache
def _font_paths() -> tuple[str, ...]:
    return tuple(str(p) for p in sorted(FONT_FOLDER.rglob("*.ttf")) if "Light" not in p.name and "Thin" not in p.name)


@lru_cache(maxsize=256)
def _font(path: str | None) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.truetype(path, 60) if path else ImageFont.load_default(60)


def lettering(rng: np.random.Generator, text: str, width: float, height: float) -> NDArray[np.uint8]:
    """Text stretched to a mask (height, width), 255 where there is ink."""
    paths = _font_paths()
    font = _font(paths[int(rng.integers(len(paths)))] if paths else None)
    left, top, right, bottom = (int(v) for v in font.getbbox(text))
    mask = Image.new("L", (max(1, right - left) + 2, max(1, bottom - top) + 2), 0)
    ImageDraw.Draw(mask).text((1 - left, 1 - top), text, font=font, fill=255)
    return cv2.resize(np.asarray(mask), (max(2, int(width)), max(2, int(height))), interpolation=cv2.INTER_AREA)


def words(rng: np.random.Generator, most: int) -> str:
    """One to `most` words, or a number as on lorries, phones and clocks."""
    lot = rng.random()
    if lot < 0.25:
        letters = rng.choice(list(string.ascii_uppercase + string.digits * 3), int(rng.integers(2, 12)))
        return "".join(letters)
    if lot < 0.40:
        month, day, hour, minute, second = (int(rng.integers(1, top)) for top in (13, 29, 24, 60, 60))
        return f"20{int(rng.integers(5, 30)):02d}-{month:02d}-{day:02d} {hour:02d}:{minute:02d}:{second:02d}"
    return " ".join(rng.choice(WORDS, int(rng.integers(1, most + 1))))


def write(pixels: NDArray[np.uint8], mask: NDArray[np.uint8], x: int, y: int, ink: float) -> None:
    """Ink a mask into pixels, cut at the edges."""
    x, y = max(0, x), max(0, y)
    region = pixels[y : y + mask.shape[0], x : x + mask.shape[1]]
    alpha = mask[: region.shape[0], : region.shape[1]].astype(np.float32) / 255
    region[:] = (region * (1 - alpha) + ink * alpha).astype(np.uint8)


def draw_clutter(rng: np.random.Generator) -> Cutout:
    """One thing, 100 px high, 0.6 to 9 times as wide."""
    height, width = 100, int(100 * np.exp(rng.uniform(np.log(0.6), np.log(9))))
    paper = int(rng.integers(0, 256))
    ink = float(np.clip(paper + rng.choice((-1, 1)) * rng.integers(60, 220), 0, 255))
    pixels = np.full((height, width), paper, np.uint8)
    kind = rng.choice(("board", "loose", "stripes", "lamp", "badge", "sticker"), p=(0.28, 0.27, 0.13, 0.14, 0.06, 0.12))
    if kind == "board":
        n = int(rng.integers(2, 7))
        for line in range(n):
            across = width * rng.uniform(0.4, 0.95)
            mask = lettering(rng, words(rng, 4), across, height / n * 0.7)
            write(pixels, mask, int((width - across) * rng.random()), int(height * (line + 0.1) / n), ink)
    elif kind == "loose":
        return Cutout(np.full_like(pixels, int(rng.integers(0, 256))), lettering(rng, words(rng, 3), width, height))
    elif kind == "stripes":
        _stripes(rng, pixels, ink)
    elif kind == "lamp":
        return _lamp(rng, pixels)
    elif kind == "badge":
        mask = lettering(rng, "".join(rng.choice(list(string.ascii_uppercase), 2)), width * 0.7, height * 0.7)
        write(pixels, mask, int(width * 0.15), int(height * 0.15), ink)
    else:
        # The hardest: one line on a bright sheet. Words or three characters, not a serial's five to eight.
        mask = lettering(rng, str(rng.choice(WORDS)), width * rng.uniform(0.5, 0.9), height * rng.uniform(0.25, 0.6))
        write(pixels, mask, int((width - mask.shape[1]) / 2), int((height - mask.shape[0]) * rng.random()), ink)
    if rng.random() < 0.3:
        cv2.rectangle(pixels, (1, 1), (width - 2, height - 2), ink, int(rng.integers(1, 5)))
    return Cutout(pixels)


def _stripes(rng: np.random.Generator, pixels: NDArray[np.uint8], ink: float) -> None:
    n, turned = int(rng.integers(4, 15)), rng.random() < 0.5
    length = pixels.shape[1] if turned else pixels.shape[0]
    for i in range(n):
        part = slice(int(length * i / n), int(length * (i + 0.5) / n))
        pixels[(slice(None), part) if turned else part] = ink


def _lamp(rng: np.random.Generator, pixels: NDArray[np.uint8]) -> Cutout:
    """A lamp cluster: a rounded glass with bulbs in it, often glaring."""
    height, width = pixels.shape
    for _ in range(int(rng.integers(1, 5))):
        centre = (int(rng.integers(0, width)), int(rng.integers(0, height)))
        axes = (int(rng.integers(5, max(6, width // 2))), int(rng.integers(5, 60)))
        cv2.ellipse(pixels, centre, axes, 0, 0, 360, float(rng.integers(60, 256)), -1)
    for x in range(0, width, int(rng.integers(6, 40))):
        if rng.random() < 0.4:
            cv2.line(pixels, (x, 0), (x, height), float(rng.integers(0, 256)), 1)
    opacity = np.zeros_like(pixels)
    if rng.random() < 0.5:
        cv2.ellipse(opacity, (width // 2, height // 2), (width // 2, height // 2), 0, 0, 360, 255, -1)
    else:
        opacity[:] = 255
    blur = rng.uniform(0.5, 4)
    return Cutout(cv2.GaussianBlur(pixels, (0, 0), blur), cv2.GaussianBlur(opacity, (0, 0), blur))


def draw_texture(canvas: Canvas, rng: np.random.Generator) -> None:
    """Cover a part of the canvas (H, W) with foliage, a fence, bricks, wheels or panels."""
    rows, columns = canvas.shape
    x0, y0 = int(rng.integers(-60, columns - 60)), int(rng.integers(-60, rows - 60))
    x1, y1 = x0 + int(rng.integers(60, columns)), y0 + int(rng.integers(40, rows))
    region = canvas[max(0, y0) : y1, max(0, x0) : x1]
    if min(region.shape) < 8:
        return
    lot = rng.random()
    drawn = region.copy()
    if lot < 0.38:
        drawn = _foliage(rng, region.shape)
    elif lot < 0.72:
        _fence(rng, drawn)
    elif lot < 0.86:
        _wheels(rng, drawn)
    else:
        _panels(rng, drawn)
    if rng.random() < 0.5:
        drawn = cv2.GaussianBlur(drawn, (0, 0), rng.uniform(0.4, 1.2))
    region[:] = np.clip(drawn, 0, 255)


def _foliage(rng: np.random.Generator, shape: tuple[int, ...]) -> Canvas:
    grown, fineness, flatness = np.zeros(shape, np.float32), float(rng.choice((1, 2, 2, 3, 4, 6))), rng.uniform(0.5, 2)
    for octave in range(int(rng.integers(1, 4))):
        grid = max(2, int(shape[0] / fineness / flatness)), max(2, int(shape[1] / fineness))
        noise = rng.standard_normal(grid, np.float32)
        grown += cv2.resize(noise, shape[::-1], interpolation=cv2.INTER_CUBIC) * 1.3**octave
        fineness *= 2
    return rng.uniform(20, 220) + rng.uniform(15, 90) * grown / (grown.std() + 1e-3)


def _fence(rng: np.random.Generator, drawn: Canvas) -> None:
    height, width = drawn.shape
    base = rng.uniform(20, 220)
    if rng.random() < 0.4:
        drawn[:] = base
    ink = float(np.clip(base + rng.choice((-1, 1)) * rng.uniform(25, 135), 0, 255))
    pitch, kind = rng.uniform(4, 28), rng.choice(("bars", "mesh", "bricks"), p=(0.45, 0.25, 0.3))
    if kind == "bars":
        thick = max(1, int(pitch * rng.uniform(0.1, 0.45)))
        for i in range(int(width / pitch) + 1):
            cv2.line(drawn, (int(i * pitch), 0), (int(i * pitch), height), ink, thick)
        for y in rng.integers(0, height, int(rng.integers(0, 4))):
            cv2.line(drawn, (0, int(y)), (width, int(y)), ink, int(rng.integers(1, 7)))
    elif kind == "mesh":
        for i in range(-int(height / pitch) - 1, int((width + height) / pitch) + 1):
            x = int(i * pitch)
            cv2.line(drawn, (x, 0), (x + height, height), ink, 1)
            cv2.line(drawn, (x, 0), (x - height, height), ink, 1)
    else:
        for row in range(int(height / pitch * 2) + 1):
            y = int(row * pitch / 2)
            cv2.line(drawn, (0, y), (width, y), ink, 1)
            for i in range(int(width / pitch) + 1):
                x = int((i + 0.5 * (row % 2)) * pitch)
                cv2.line(drawn, (x, y), (x, int(y + pitch / 2)), ink, 1)


def _wheels(rng: np.random.Generator, drawn: Canvas) -> None:
    height, width = drawn.shape
    for _ in range(int(rng.integers(1, 5))):
        centre, radius = (int(rng.integers(0, width)), int(rng.integers(0, height))), int(rng.integers(5, 46))
        squeeze = rng.uniform(0.4, 1)
        for ring in range(int(rng.integers(1, 5))):
            size = radius * (1 - ring * 0.25)
            axes = (max(1, int(size)), max(1, int(size * squeeze)))
            cv2.ellipse(drawn, centre, axes, 0, 0, 360, rng.uniform(0, 255), -1)
        for angle in np.linspace(0, 2 * np.pi, int(rng.choice((1, 1, 6, 7, 11))))[1:]:
            rim = int(centre[0] + radius * np.cos(angle)), int(centre[1] + radius * squeeze * np.sin(angle))
            cv2.line(drawn, centre, rim, rng.uniform(0, 255), int(rng.integers(1, 5)))


def _panels(rng: np.random.Generator, drawn: Canvas) -> None:
    height, width = drawn.shape
    for _ in range(int(rng.integers(1, 6))):
        x, y, across = int(rng.integers(0, width)), int(rng.integers(0, height)), int(rng.integers(8, 121))
        down = int(across * rng.uniform(0.15, 1))
        cv2.rectangle(drawn, (x, y), (x + across, y + down), rng.uniform(0, 255), int(rng.choice((-1, -1, 1, 2))))
