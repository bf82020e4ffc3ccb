"""One plate straight on, as flat pixels: paper, artwork, words, serial, stickers, bolts, frame, wear.

Here: drawing. Not here: how a camera sees it (`camera`), what it says (`serials`), its colours (`designs`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from alpr_training.plates import designs, serials
from alpr_training.plates.designs import Colour, Look
from alpr_training.plates.emblems import draw_emblem
from alpr_training.plates.faces import Face, Faces, Mask

Picture = NDArray[np.float32]
Pixels = NDArray[np.uint8]

WIDTH = 320
_MONTHS = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split()  # noqa: SIM905 - a page of quotation marks otherwise


@dataclass(frozen=True, slots=True)
class DrawnPlate:
    """A plate and what is known of it.

    pixels : (H, W, 3) uint8, BGR, W about 320; a frame or holder around the sheet where there is one
    corners : (4, 2) float32, the sheet's corners clockwise from the upper left, in those pixels
    plate : what it says, A–Z and 0–9
    region : a state's code, "eu", "br"
    """

    pixels: Pixels
    corners: NDArray[np.float32]
    plate: str
    region: str


@lru_cache(maxsize=1)
def all_faces() -> Faces:
    """The faces of this process, the same in every run on one machine."""
    return Faces(np.random.default_rng(11))


def draw_plate(rng: np.random.Generator, faces: Faces | None = None) -> DrawnPlate:
    """A plate by lot: three quarters from the United States, the rest European and Brazilian.

    Abroad is there to keep the reader neutral: what it sees decides, not the serials of one country.
    """
    faces = faces or all_faces()
    lot = rng.random()
    if lot < 0.76:
        return _american(rng, faces)
    return _european(rng, faces) if lot < 0.90 else _brazilian(rng, faces)


def _american(rng: np.random.Generator, faces: Faces) -> DrawnPlate:
    region = designs.REGIONS[int(rng.integers(len(designs.REGIONS)))]
    serial, look = serials.draw_us(rng, region), designs.draw_look(rng, region)
    height = round(WIDTH / rng.uniform(1.8, 2.12))
    sheet = _paper(rng, look, height)
    tall = height * rng.uniform(0.36, 0.60)
    top = height * rng.uniform(0.48, 0.56) - tall / 2
    margin = WIDTH * rng.uniform(0.025, 0.11)
    _state_words(rng, faces, sheet, look, region, top=top, bottom=top + tall)
    _serial(rng, faces, sheet, serial.shown, look, box=(margin, top, WIDTH - margin, top + tall), abroad=False)
    _stickers(rng, faces, sheet)
    _bolts(rng, sheet)
    if rng.random() < 0.5:
        ink = look.ink if rng.random() < 0.6 else _any_colour(rng)
        cv2.rectangle(sheet, (3, 3), (WIDTH - 4, height - 4), ink, int(rng.integers(1, 5)))
    _wear(rng, sheet)
    room = (top, height - top - tall, margin)
    pixels, corners = _framed(rng, faces, sheet, room)
    return DrawnPlate(pixels, corners, serial.plate, region)


def _european(rng: np.random.Generator, faces: Faces) -> DrawnPlate:
    serial = serials.draw_europe(rng)
    height = round(WIDTH / rng.uniform(3.7, 4.9))
    paper = (235, 235, 235) if rng.random() < 0.8 else (60, 200, 240)
    look = Look(paper, (25, 25, 25), (25, 25, 25))
    sheet = np.empty((height, WIDTH, 3), np.float32)
    sheet[:] = paper
    left, right = 0.03 * WIDTH, 0.97 * WIDTH
    if rng.random() < 0.75:
        sheet[:, : int(0.08 * WIDTH)] = (150, 60, 10)
        country = faces.word(rng, str(rng.choice(["D", "F", "CZ", "I", "PL", "E", "SK", "B", "A", "LT"])), 20)
        _stamp(sheet, _fit(country, 0.045 * WIDTH, 0.24 * height), 0.018 * WIDTH, 0.66 * height, (240, 240, 240))
        left = 0.1 * WIDTH
    if rng.random() < 0.2:
        sheet[:, int(0.92 * WIDTH) :] = (150, 60, 10)
        right = 0.9 * WIDTH
    tall = height * rng.uniform(0.62, 0.8)
    top = (height - tall) / 2
    box = (left + 4, top, right - 4, top + tall)
    _serial(rng, faces, sheet, serial.shown, look, box=box, abroad=True)
    if rng.random() < 0.6:
        cv2.rectangle(sheet, (2, 2), (WIDTH - 3, height - 3), look.ink, 2)
    _wear(rng, sheet)
    pixels, corners = _framed(rng, faces, sheet, (top, top, left))
    return DrawnPlate(pixels, corners, serial.plate, "eu")


def _brazilian(rng: np.random.Generator, faces: Faces) -> DrawnPlate:
    serial = serials.draw_brazil(rng)
    height = round(WIDTH / rng.uniform(2.6, 3.2))
    papers = ((150, 150, 150), (175, 175, 175), (190, 190, 185), (30, 30, 160), (235, 235, 235))
    paper = papers[int(rng.integers(len(papers)))]
    ink = (25, 25, 25) if paper[0] > 50 else (225, 225, 225)
    sheet = np.empty((height, WIDTH, 3), np.float32)
    sheet[:] = paper
    town = str(
        rng.choice(["SP-SAO PAULO", "PR-CURITIBA", "RJ-RIO DE JANEIRO", "MG-BELO HORIZONTE", "BRASIL", "SC-JOINVILLE"])
    )
    mask = _fit(faces.word(rng, town, 16), WIDTH * rng.uniform(0.35, 0.6), height * rng.uniform(0.1, 0.16))
    _stamp(sheet, mask, (WIDTH - mask.shape[1]) / 2, 0.06 * height, ink)
    tall, top = height * rng.uniform(0.5, 0.62), height * rng.uniform(0.28, 0.34)
    look = Look(paper, ink, ink)
    box = (0.05 * WIDTH, top, 0.95 * WIDTH, top + tall)
    _serial(rng, faces, sheet, serial.shown, look, box=box, abroad=True)
    if rng.random() < 0.5:
        cv2.rectangle(sheet, (2, 2), (WIDTH - 3, height - 3), ink, 2)
    _wear(rng, sheet)
    pixels, corners = _framed(rng, faces, sheet, (top, height - top - tall, 0.05 * WIDTH))
    return DrawnPlate(pixels, corners, serial.plate, "br")


def _paper(rng: np.random.Generator, look: Look, height: int) -> Picture:
    """The sheet with its bands and a hint of artwork behind the serial."""
    sheet = np.empty((height, WIDTH, 3), np.float32)
    sheet[:] = look.paper
    if look.wash is not None:
        _wash(rng, sheet, look.wash)
    if rng.random() < 0.28:
        _artwork(rng, sheet, look)
    blend = rng.random() < 0.4
    for band, where in ((look.upper, slice(0, round(height * rng.uniform(0.12, 0.24)))),
                        (look.lower, slice(round(height * rng.uniform(0.78, 0.88)), height))):  # fmt: skip
        if band is None:
            continue
        sheet[where] = band
    if blend:
        sheet = cv2.GaussianBlur(sheet, (0, 0), rng.uniform(1, 7))
    return sheet


def _wash(rng: np.random.Generator, sheet: Picture, colour: Colour) -> None:
    """A gradient or a soft cloud of a second colour."""
    height, width = sheet.shape[:2]
    if rng.random() < 0.6:
        share = np.linspace(rng.uniform(-0.5, 1), rng.uniform(-0.5, 1), height, dtype=np.float32)[:, None, None]
    else:
        coarse = rng.uniform(-0.4, 1, (3, 5)).astype(np.float32)
        share = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)[..., None]
    share = np.clip(share, 0, 1) * rng.uniform(0.3, 1.0)
    sheet *= 1 - share
    sheet += share * np.array(colour, np.float32)


def _artwork(rng: np.random.Generator, sheet: Picture, look: Look) -> None:
    """Shapes in any colour, soft ones: hills, suns, silhouettes, often behind the serial."""
    height, width = sheet.shape[:2]
    layer = sheet.copy()
    for _ in range(int(rng.integers(1, 5))):
        colour = _any_colour(rng) if rng.random() < 0.6 else (look.wash or look.name_ink)
        centre = (int(rng.integers(0, width)), int(rng.integers(0, height)))
        if rng.random() < 0.5:
            axes = (int(rng.integers(8, 90)), int(rng.integers(8, 50)))
            cv2.ellipse(layer, centre, axes, float(rng.uniform(0, 180)), 0, 360, colour, -1)
        else:
            points = rng.uniform((0, 0), (width, height), (int(rng.integers(3, 7)), 2))
            cv2.fillPoly(layer, [points.astype(np.int32)], colour)
    layer = cv2.GaussianBlur(layer, (0, 0), rng.uniform(0.6, 5))
    share = rng.uniform(0.1, 0.5)
    sheet *= 1 - share
    sheet += layer * share


def _state_words(
    rng: np.random.Generator, faces: Faces, sheet: Picture, look: Look, region: str, *, top: float, bottom: float
) -> None:
    """Name and slogan above and below the serial, as large as there is room."""
    height = sheet.shape[0]
    name, slogans = designs.words_of(region)
    if rng.random() < 0.15:
        region = designs.REGIONS[int(rng.integers(len(designs.REGIONS)))]
        slogans = designs.words_of(region)[1]
    slogan = str(rng.choice(slogans if slogans and rng.random() < 0.8 else designs.COUNTIES))
    upper, lower = (name, slogan) if rng.random() < 0.85 else (slogan, name)
    for text, room in ((upper, top), (lower, height - bottom)):
        if rng.random() < (0.05 if text == name else 0.2):
            continue
        cased = text if rng.random() < 0.6 else text.upper() if rng.random() < 0.6 else text.title()
        mask = faces.word(rng, cased, 28)
        tall = min(room * rng.uniform(0.55, 1.05), height * 0.2)
        mask = _fit(mask, min(WIDTH * rng.uniform(0.3, 0.85), mask.shape[1] * tall / mask.shape[0] * 1.2), tall)
        x = (WIDTH - mask.shape[1]) * (0.5 if rng.random() < 0.8 else rng.uniform(0.15, 0.85))
        gap = room - mask.shape[0]
        y = gap * rng.uniform(0.15, 0.85) if text == upper else bottom + gap * rng.uniform(0.15, 0.85)
        band = look.upper if text == upper else look.lower
        ink = look.name_ink if text == name else look.ink if rng.random() < 0.6 else look.name_ink
        if band is not None and abs(sum(band) - sum(ink)) < 200:
            ink = look.paper if abs(sum(band) - sum(look.paper)) > 200 else (245, 245, 245)
        _stamp(sheet, mask, x, y, ink)


def _serial(
    rng: np.random.Generator,
    faces: Faces,
    sheet: Picture,
    shown: str,
    look: Look,
    *,
    box: tuple[float, float, float, float],
    abroad: bool,
) -> None:
    """The characters within `box` (left, top, right, bottom), pressed and inked; emblems in the gaps."""
    left, top, right, bottom = box
    tall, face = bottom - top, faces.draw(rng)
    cells = _cells(rng, shown, face, tall)
    tracking = rng.uniform(0.04, 0.2) * tall
    small = [] if abroad else _stacked_cells(rng, shown)
    aside = rng.uniform(0.3, 0.5) * tall if small else 0.0
    total = sum(width for _, width in cells) + tracking * max(0, len(cells) - 1) + (aside + tracking if small else 0)
    if not abroad and len(cells) <= 7 and rng.random() < 0.14:
        left = _logo(rng, faces, sheet, look, box=box)
    # A long serial is squeezed, a short one keeps its width and stands in the middle.
    squeeze = min((right - left) / total, float(rng.uniform(0.85, 1.45)))
    x = left + (right - left - total * squeeze) * (0.5 if rng.random() < 0.85 else rng.uniform(0.2, 0.8))
    ink = np.zeros(sheet.shape[:2], np.uint8)
    before = bool(small) and rng.random() < 0.6
    if before:
        _stack(rng, ink, small, face, (x, top, aside * squeeze, tall))
        x += (aside + tracking) * squeeze
    for char, width in cells:
        if char in serials.DIGITS or char in serials.ALL_LETTERS:
            _paste(ink, _resized(face.glyphs[char], width * squeeze, tall), x, top)
        elif char == "-":
            _dash(rng, ink, (x, top, width * squeeze, tall))
        elif char == "~":
            reach = rng.uniform(0.0, 0.12) * tall
            inside = (x, top - reach, x + width * squeeze, bottom + reach)
            draw_emblem(rng, faces, sheet, look, inside)
        x += (width + tracking) * squeeze
    if small and not before:
        _stack(rng, ink, small, face, (x, top, aside * squeeze, tall))
    _press(rng, sheet, ink, look.ink)


def _cells(rng: np.random.Generator, shown: str, face: Face, tall: float) -> list[tuple[str, float]]:
    """Each sign with its width in pixels before squeezing."""
    uniform = rng.uniform(0, 0.35) if rng.random() < 0.6 else 1.0
    stretch = rng.uniform(0.78, 1.15)
    gap = rng.uniform(0.12, 0.7) * tall
    cells = []
    for char in shown:
        if char in " -~":
            cells.append(
                (char, gap if char == " " else max(gap, 0.25 * tall) if char == "-" else max(gap, 0.42 * tall))
            )
            continue
        glyph = face.glyphs[char]
        natural = glyph.shape[1] / glyph.shape[0] * tall * stretch
        if char == "Q":
            natural = face.glyphs["O"].shape[1] / face.glyphs["O"].shape[0] * tall * stretch
        if not face.is_die and char not in "1I":
            # Fonts are proportional, dies stand in equal cells.
            natural = uniform * natural + (1 - uniform) * tall * stretch * 0.5
            if char in "WM" and uniform < 1:
                natural = min(natural, tall * stretch * 0.6)
        cells.append((char, natural))
        if face.is_die and char in "1I" and rng.random() < 0.5:
            cells[-1] = (char, natural * 1.1)
    return cells


def _stacked_cells(rng: np.random.Generator, shown: str) -> list[str]:
    """Two or three small letters one above the other beside a short serial: an organisation's, not the plate's."""
    if rng.random() > 0.16 or sum(c.isalnum() for c in shown) > 6:
        return []
    n = int(rng.choice([2, 2, 2, 3]))
    pool = serials.ALL_LETTERS if rng.random() < 0.85 else serials.DIGITS
    return [pool[int(rng.integers(len(pool)))] for _ in range(n)]


def _stack(
    rng: np.random.Generator, ink: Mask, letters: list[str], face: Face, box: tuple[float, float, float, float]
) -> None:
    """Small letters one above the other, sometimes only their outlines."""
    x, top, width, tall = box
    step = tall / len(letters)
    hollow = rng.random() < 0.2
    for i, char in enumerate(letters):
        mask = _resized(face.glyphs[char], width * 0.95, step * 0.85)
        if hollow:
            mask = np.asarray(mask - cv2.erode(mask, np.ones((3, 3), np.uint8)), np.uint8)
        _paste(ink, mask, x, top + i * step)


def _logo(
    rng: np.random.Generator, faces: Faces, sheet: Picture, look: Look, *, box: tuple[float, float, float, float]
) -> float:
    """An emblem at the left of a short serial; returns where there is room again."""
    left, top, _, bottom = box
    width = (bottom - top) * rng.uniform(0.6, 1.15)
    rise = rng.uniform(-0.05, 0.25) * (bottom - top)
    draw_emblem(rng, faces, sheet, look, (left, top - rise, left + width, bottom + rise * rng.uniform(0, 1)))
    return left + width * rng.uniform(0.95, 1.1)


def _dash(rng: np.random.Generator, ink: Mask, box: tuple[float, float, float, float]) -> None:
    """A dash or a dot in the serial's ink."""
    x, top, width, tall = box
    middle = (int(x + width / 2), int(top + tall * rng.uniform(0.4, 0.6)))
    if rng.random() < 0.3:
        cv2.circle(ink, middle, max(2, int(tall * 0.07)), 255, -1, cv2.LINE_AA)
        return
    half, thick = max(2, int(width * rng.uniform(0.25, 0.45))), max(1, int(tall * rng.uniform(0.05, 0.12)))
    cv2.rectangle(ink, (middle[0] - half, middle[1] - thick // 2), (middle[0] + half, middle[1] + thick // 2), 255, -1)


def _press(rng: np.random.Generator, sheet: Picture, ink: Mask, colour: Colour) -> None:
    """Ink on raised metal: strokes thicker or thinner, light on one edge, shade on the other, ink sometimes worn."""
    lot = rng.random()
    if lot < 0.16:
        ink = np.asarray(cv2.dilate(ink, np.ones((2, 2), np.uint8)), np.uint8)
    elif lot < 0.28:
        ink = np.asarray(cv2.erode(ink, np.ones((2, 2), np.uint8)), np.uint8)
    if rng.random() < 0.7:
        reach = int(rng.choice([1, 2, 2, 3]))
        soft = cv2.GaussianBlur(ink, (0, 0), rng.uniform(0.6, 1.8)).astype(np.float32) / 255
        edge = np.roll(soft, (reach * int(rng.choice([-1, 1])), reach * int(rng.choice([-1, 0, 1]))), (0, 1)) - soft
        sheet += (edge * rng.uniform(15, 75))[..., None] * float(rng.choice([-1, 1]))
    strength = 1.0 if rng.random() < 0.85 else rng.uniform(0.4, 0.85)
    if rng.random() < 0.06:  # worn ink: patches of bare metal
        patches = cv2.resize(
            rng.uniform(0, 1, (8, 16)).astype(np.float32), ink.shape[::-1], interpolation=cv2.INTER_CUBIC
        )
        ink = np.asarray(ink * np.clip(patches * 2.2, 0.2, 1), np.uint8)
    _blend(sheet, ink, colour, strength)


def _stickers(rng: np.random.Generator, faces: Faces, sheet: Picture) -> None:
    """Month and year in the corners, sometimes far too close to the serial."""
    height = sheet.shape[0]
    for _ in range(int(rng.choice([0, 1, 1, 2, 2, 2]))):
        wide, tall = rng.uniform(0.08, 0.17) * WIDTH, rng.uniform(0.1, 0.22) * height
        x = (rng.uniform(0.01, 0.12) if rng.random() < 0.5 else rng.uniform(0.72, 0.9)) * WIDTH
        y = (rng.uniform(0.01, 0.08) if rng.random() < 0.7 else rng.uniform(0.78, 0.88)) * height
        paper = _any_colour(rng) if rng.random() < 0.7 else (240, 240, 240)
        cv2.rectangle(sheet, (int(x), int(y)), (int(x + wide), int(y + tall)), paper, -1)
        year = int(rng.integers(0, 30))
        text = str(
            rng.choice(
                [
                    _MONTHS[int(rng.integers(12))],
                    f"{year:02d}",
                    f"20{year:02d}",
                    f"{int(rng.integers(1, 13))}",
                    f"{int(rng.integers(1, 13)):02d}-{year:02d}",
                ]
            )
        )
        mask = _fit(faces.word(rng, text, 20), wide * 0.8, tall * 0.7)
        _stamp(sheet, mask, x + wide * 0.1, y + tall * 0.15, (20, 20, 20) if sum(paper) > 250 else (235, 235, 235))


def _bolts(rng: np.random.Generator, sheet: Picture) -> None:
    height = sheet.shape[0]
    for px in (0.2, 0.8):
        for py in (0.07, 0.93):
            if rng.random() < 0.5:
                grey = int(rng.integers(0, 220))
                centre = (int((px + rng.uniform(-0.06, 0.06)) * WIDTH), int((py + rng.uniform(-0.02, 0.03)) * height))
                cv2.circle(sheet, centre, int(rng.integers(3, 8)), (grey, grey, grey), -1, cv2.LINE_AA)
                cv2.circle(sheet, centre, 2, (grey // 2, grey // 2, grey // 2), -1, cv2.LINE_AA)


def _wear(rng: np.random.Generator, sheet: Picture) -> None:
    """Dust, blotches, scratches and mud."""
    height, width = sheet.shape[:2]
    if rng.random() < 0.3:
        dust = cv2.resize(rng.uniform(0, 1, (6, 12)).astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
        dust = np.clip(dust * np.linspace(rng.uniform(0, 1), 1, height, dtype=np.float32)[:, None], 0, 1) * rng.uniform(
            0.1, 0.55
        )
        sheet *= 1 - dust[..., None]
        sheet += dust[..., None] * np.array((96, 118, 134), np.float32) * rng.uniform(0.5, 1.2)
    for _ in range(int(rng.integers(0, 4)) if rng.random() < 0.3 else 0):
        start = rng.uniform((0, 0), (width, height))
        stop = start + rng.normal(0, (60, 16))
        grey = int(rng.integers(60, 220))
        cv2.line(
            sheet,
            tuple(start.astype(int).tolist()),
            tuple(stop.astype(int).tolist()),
            (grey, grey, grey),
            1,
            cv2.LINE_AA,
        )
    if rng.random() < 0.08:
        for _ in range(int(rng.integers(3, 25))):
            centre = (int(rng.integers(0, width)), int(rng.integers(0, height)))
            cv2.circle(sheet, centre, int(rng.integers(1, 6)), (70, 90, 105), -1, cv2.LINE_AA)
    np.clip(sheet, 0, 255, out=sheet)


def _framed(
    rng: np.random.Generator, faces: Faces, sheet: Picture, room: tuple[float, float, float]
) -> tuple[Pixels, NDArray[np.float32]]:
    """The sheet within a dealer's frame or holder, or as it is; and where its corners are.

    A frame covers the sheet's rim (at most `room`: above, below, beside the serial) and stands out around it.
    """
    height, width = sheet.shape[:2]
    if rng.random() > 0.42:
        corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
        return sheet.astype(np.uint8), corners
    tones = ((18, 18, 18), (42, 42, 42), (190, 190, 195), (140, 140, 140), _any_colour(rng))
    tone = tones[int(rng.integers(len(tones)))]
    above, below, beside = room
    cover = [
        int(rng.uniform(0, max(0.0, min(0.17 * height, above - 2)))), int(rng.uniform(0, max(0.0, min(0.2 * height, below - 2)))),
        int(rng.uniform(0, max(0.0, min(0.05 * width, beside - 2)))),
    ]  # fmt: skip
    rim = [int(rng.integers(0, 14)) for _ in range(4)]  # left, top, right, bottom
    out = np.empty((height + rim[1] + rim[3], width + rim[0] + rim[2], 3), np.float32)
    out[:] = tone
    out += np.linspace(rng.uniform(-25, 25), rng.uniform(-25, 25), len(out), dtype=np.float32)[:, None, None]
    y0, y1, x0, x1 = cover[0], height - cover[1], cover[2], width - cover[2]
    out[rim[1] + y0 : rim[1] + y1, rim[0] + x0 : rim[0] + x1] = sheet[y0:y1, x0:x1]
    for y, tall in ((0, rim[1] + y0), (rim[1] + y1, rim[3] + height - y1)):
        if tall > 9 and rng.random() < 0.7:
            words = designs.FRAME_WORDS[int(rng.integers(len(designs.FRAME_WORDS)))]
            mask = _fit(faces.word(rng, words, 16), width * rng.uniform(0.3, 0.85), tall * 0.72)
            _stamp(
                out,
                mask,
                (out.shape[1] - mask.shape[1]) / 2,
                y + tall * 0.14,
                (230, 230, 230) if sum(tone) < 380 else (20, 20, 20),
            )
    left, top = rim[0], rim[1]
    corners = np.array(
        [[left, top], [left + width, top], [left + width, top + height], [left, top + height]], np.float32
    )
    return np.clip(out, 0, 255).astype(np.uint8), corners


def _any_colour(rng: np.random.Generator) -> Colour:
    blue, green, red = (int(c) for c in rng.integers(0, 256, 3))
    return blue, green, red


def _fit(mask: Mask, width: float, height: float) -> Mask:
    """Shrunk or grown to at most width × height, proportions kept within a quarter."""
    scale = min(width / mask.shape[1], height / mask.shape[0] * 1.25)
    return _resized(mask, mask.shape[1] * scale, min(height, mask.shape[0] * scale))


def _resized(mask: Mask, width: float, height: float) -> Mask:
    size = (max(2, round(width)), max(2, round(height)))
    return np.asarray(cv2.resize(mask, size, interpolation=cv2.INTER_AREA), np.uint8)


def _paste(canvas: Mask, mask: Mask, x: float, y: float) -> None:
    """The lighter of the two, cut at the canvas' edge."""
    left, top = round(x), round(y)
    x0, y0 = max(0, left), max(0, top)
    x1, y1 = min(canvas.shape[1], left + mask.shape[1]), min(canvas.shape[0], top + mask.shape[0])
    if x1 > x0 and y1 > y0:
        part = canvas[y0:y1, x0:x1]
        np.maximum(part, mask[y0 - top : y1 - top, x0 - left : x1 - left], out=part)


def _stamp(sheet: Picture, mask: Mask, x: float, y: float, colour: Colour) -> None:
    ink = np.zeros(sheet.shape[:2], np.uint8)
    _paste(ink, mask, x, y)
    _blend(sheet, ink, colour, 1.0)


def _blend(sheet: Picture, ink: Mask, colour: Any, strength: float) -> None:
    share = (ink.astype(np.float32) * (strength / 255))[..., None]
    sheet *= 1 - share
    sheet += share * np.array(colour, np.float32)
