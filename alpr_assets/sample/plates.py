"""One licence plate as a picture: paper, scenery, wording, pressed serial, stickers, bolts, frame, dirt.

Here: the plate seen straight on. Not here: its light and its place on a car (`scenes`).
A plate is 12 × 6 inches; it is drawn at 40 pixels an inch with a rim for the frame.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from alpr_assets.sample import lettering, scenery
from alpr_assets.sample.painting import Picture, blur, line_mask, noise, polygon_mask, rounded, stamp, tint
from alpr_assets.sample.states import STATES, Colour, Serial, State, rgb

WIDTH, HEIGHT, RIM = 480, 240, 14
SHEET_WIDTH_M, SHEET_HEIGHT_M = 0.3048 * (WIDTH + 2 * RIM) / WIDTH, 0.1524 * (HEIGHT + 2 * RIM) / HEIGHT

_TOP, _TALL = 66, 108  # the serial's upper edge and height
_YEAR_STICKERS = {"24": rgb("f2c230"), "25": rgb("3aa655"), "26": rgb("e0662b"), "27": rgb("3b7fc4")}
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_FRAME_WORDS = (
    "DELTA AUTO CENTER",
    "RIVERTOWN MOTORS",
    "EAST COUNTY CARS",
    "SAND CREEK AUTO",
    "MY OTHER CAR IS A BOAT",
)


@dataclass(frozen=True, slots=True)
class PlateLook:
    """What differs between two plates of one state: wear 0 to 1, a frame's wording (None: no frame), its metal."""

    wear: float
    frame_words: str | None
    frame_chrome: bool
    has_stickers: bool


def draw_look(rng: np.random.Generator) -> PlateLook:
    framed = rng.random() < 0.5
    words = str(rng.choice(["", *_FRAME_WORDS])) if framed else None
    return PlateLook(float(rng.random()) ** 2, words, bool(rng.random() < 0.4), bool(rng.random() < 0.85))


def draw_plate(rng: np.random.Generator, serial: Serial, look: PlateLook) -> Picture:
    """The plate as a premultiplied sheet: (HEIGHT + 2 RIM, WIDTH + 2 RIM, 4)."""
    state = STATES[serial.state]
    face = np.empty((HEIGHT, WIDTH, 3), np.float32)
    face[:] = state.paper
    scenery.PAINTERS[state.scenery](face)
    _wording(face, state, scenery.BOTTOM_BAND.get(state.scenery))
    ink, emblem_x = _serial_mask(serial)
    scenery.EMBLEMS.get(state.scenery, scenery.no_emblem)(face, emblem_x)
    _press(face, ink, state.ink)
    if look.has_stickers:
        _stickers(rng, face)
    _bolts(rng, face)
    _wear(rng, face, look.wear)
    return _mounted(face, look)


def _wording(face: Picture, state: State, band: Colour | None) -> None:
    """State name above, slogan below."""
    name = lettering.text_mask(state.name, 46 if state.face == lettering.SCRIPT else 30, face=state.face, max_width=250)
    stamp(face, name, (WIDTH - name.shape[1]) / 2, HEIGHT - 50 if state.name_below else 10, state.name_ink or state.ink)
    if state.slogan:
        slogan = lettering.text_mask(state.slogan, 21, face=lettering.BOLD, squeeze=0.9, max_width=280)
        ink = state.slogan_ink or state.ink
        stamp(face, slogan, (WIDTH - slogan.shape[1]) / 2, HEIGHT - 52, ink if band is None else band)


def _serial_mask(serial: Serial) -> tuple[Picture, float]:
    """The serial's ink, 0 to 255: (HEIGHT, WIDTH), and where the emblem's middle is, in pixels from the left."""
    mask = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    advances = {" ": 30.0, "~": 46.0}
    n_chars = sum(char.isalnum() for char in serial.shown)
    room = WIDTH - 36 - sum(advances.get(char, 0.0) for char in serial.shown)
    pitch = min(67.0, room / n_chars)
    total = n_chars * pitch + sum(advances.get(char, 0.0) for char in serial.shown)
    x = (WIDTH - total) / 2
    emblem_x = WIDTH / 2
    for char in serial.shown:
        if char in advances:
            emblem_x = x + advances[char] / 2
            x += advances[char]
            continue
        glyph = lettering.die_glyph(char, _TALL, round(pitch * 0.80), 14)
        stamp(mask, glyph, x + (pitch - glyph.shape[1]) / 2, _TOP, (255, 255, 255))
        x += pitch
    return mask[..., 0], emblem_x


def _press(face: Picture, ink: Picture, colour: Colour) -> None:
    """Ink on raised metal: light on the upper left edge of each stroke, shade on the lower right."""
    raised = blur(ink, 1.6)
    edge = np.roll(raised, (2, 2), (0, 1)) - np.roll(raised, (-2, -2), (0, 1))
    tint(face, ink, colour)
    face -= (edge * 0.20)[..., None]
    np.clip(face, 0, 255, out=face)


def _stickers(rng: np.random.Generator, face: Picture) -> None:
    """Month in the upper left corner, year in the upper right."""
    month = str(rng.choice(_MONTHS))
    year = str(rng.choice(list(_YEAR_STICKERS), p=[0.08, 0.17, 0.4, 0.35]))
    corners = ((22, month, (236, 238, 240)), (WIDTH - 82, year, _YEAR_STICKERS[year]))
    for left, word, paper in corners:
        tilt = float(rng.normal(0, 1.0))
        outline = [(left, 12 + tilt), (left + 60, 12 - tilt), (left + 60, 54 - tilt), (left, 54 + tilt)]
        tint(face, polygon_mask(face.shape, outline), paper)
        tint(face, line_mask(face.shape, outline, 1, closed=True), (90, 90, 90), 0.5)
        mask = lettering.text_mask(word, 22, squeeze=0.95, max_width=48)
        stamp(face, mask, left + 30 - mask.shape[1] / 2, 22, (40, 30, 30))


def _bolts(rng: np.random.Generator, face: Picture) -> None:
    shine = float(rng.uniform(60, 190))
    for x, y in ((104, 16), (WIDTH - 104, 16), (104, HEIGHT - 16), (WIDTH - 104, HEIGHT - 16)):
        if y > HEIGHT / 2 and rng.random() < 0.5:
            continue
        for radius, grey in ((9, shine * 0.45), (7, shine), (3, shine * 0.6)):
            disc = np.zeros(face.shape[:2], np.uint8)
            cv2.circle(disc, (x, y), radius, 255, -1, cv2.LINE_AA)
            tint(face, disc, (grey, grey, grey))


def _wear(rng: np.random.Generator, face: Picture, wear: float) -> None:
    """Fading, dust along the lower edge, blotches, a few scratches."""
    face *= 1 - 0.05 * wear
    face += (noise(rng, (HEIGHT, WIDTH), 60) * 6 * wear + noise(rng, (HEIGHT, WIDTH), 3) * 2)[..., None]
    dust = np.linspace(0, 1, HEIGHT, dtype=np.float32)[:, None] ** 2 * (noise(rng, (HEIGHT, WIDTH), 24) * 60 + 110)
    tint(face, np.clip(dust, 0, 255), (96, 118, 134), 0.55 * wear)
    for _ in range(int(wear * 5)):
        x, y = rng.uniform(0, WIDTH), rng.uniform(0, HEIGHT)
        scratch = line_mask(face.shape, [(x, y), (x + rng.normal(0, 50), y + rng.normal(0, 14))], 1)
        tint(face, scratch, (150, 150, 150), 0.5)
    np.clip(face, 0, 255, out=face)


def _mounted(face: Picture, look: PlateLook) -> Picture:
    """Round the corners, and put the frame around where there is one."""
    sheet = np.zeros((HEIGHT + 2 * RIM, WIDTH + 2 * RIM, 4), np.float32)
    inner = sheet[RIM:-RIM, RIM:-RIM]
    outline = rounded([(1, 1), (WIDTH - 1, 1), (WIDTH - 1, HEIGHT - 1), (1, HEIGHT - 1)], 26)
    corners = polygon_mask(face.shape, outline).astype(np.float32) / 255
    inner[..., :3] = face * corners[..., None]
    inner[..., 3] = corners
    if look.frame_words is None:
        return sheet
    metal = rgb("b9bcc0") if look.frame_chrome else rgb("17181a")
    letter = rgb("1a1a1c") if look.frame_chrome else rgb("d9d9d4")
    below = 25 if look.frame_words else 20
    outer = np.full(sheet.shape[:2], 255, np.uint8)
    cv2.rectangle(outer, (RIM + 8, RIM + 7), (RIM + WIDTH - 9, RIM + HEIGHT - below), 0, -1)
    colours = np.empty((*sheet.shape[:2], 3), np.float32)
    colours[:] = metal
    colours += np.linspace(26, -22, sheet.shape[0], dtype=np.float32)[:, None, None]
    if look.frame_words:
        words = lettering.text_mask(look.frame_words, 21, squeeze=0.85, max_width=380)
        stamp(colours, words, (colours.shape[1] - words.shape[1]) / 2, colours.shape[0] - 31, letter)
    covered = outer.astype(np.float32)[..., None] / 255
    sheet[..., :3] = sheet[..., :3] * (1 - covered) + colours * covered
    sheet[..., 3:] = np.maximum(sheet[..., 3:], covered)
    return sheet
