"""Vehicles' rears and fronts drawn by code: somewhere for a plate to hang, among lamps, lettering and grilles.

Here: the bodywork, flat and grey. Not here: the plate itself; where in the scene it stands.
They look like nothing on the road; what counts is that bright rectangles and letters on them are no plates.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from alpr_training.detector.clutter import draw_clutter, lettering, words, write
from alpr_training.detector.paste import Cutout

WIDTH, HEIGHT = 800, 620
# A US plate is 305 mm wide; cars are 1.7 to 2.0 m, so five or six plates.
MIN_PLATES, MAX_PLATES = 4.6, 6.6


@dataclass(frozen=True, slots=True)
class Vehicle:
    """One end of a vehicle.

    cutout : `WIDTH` × `HEIGHT`
    slot : middle of the plate and its width, in the cutout's pixels
    """

    cutout: Cutout
    slot: tuple[float, float, float]


def draw_vehicle(rng: np.random.Generator) -> Vehicle:
    """A car, van or lorry from behind or in front."""
    tone = float(rng.choice((rng.uniform(8, 60), rng.uniform(60, 160), rng.uniform(160, 245))))
    boxy = rng.random() < 0.3
    pixels, opacity = np.zeros((HEIGHT, WIDTH), np.uint8), np.zeros((HEIGHT, WIDTH), np.uint8)
    roof, waist, bumper, floor = 20, int(rng.uniform(200, 290)), int(rng.uniform(380, 470)), 545
    shrink = 15 if boxy else rng.uniform(70, 140)
    outline = [(30, waist), (30 + shrink, roof), (WIDTH - 30 - shrink, roof), (WIDTH - 30, waist)]
    outline += [(WIDTH - 25, floor), (25, floor)]
    cv2.fillPoly(opacity, [np.array(outline, np.int32)], 255)
    for x in (45, WIDTH - 155):
        cv2.rectangle(opacity, (x, floor - 30), (x + 110, HEIGHT - 12), 255, -1)
    pixels[:] = _shaded(rng, tone)
    pixels[floor:] = rng.integers(5, 35)
    _window(rng, pixels, roof, waist, shrink, boxy=boxy)
    if rng.random() < 0.75:
        darker = tone * rng.uniform(0.3, 1.0) if rng.random() < 0.7 else rng.uniform(120, 220)
        pixels[bumper:floor] = _shaded(rng, darker)[bumper:floor]
        cv2.line(pixels, (0, bumper), (WIDTH, bumper), float(rng.integers(0, 60)), int(rng.integers(1, 7)))
    _lamps(rng, pixels, waist, bumper)
    slot = _slot(rng, waist, bumper, floor)
    _trim(rng, pixels, waist, floor, slot)
    _recess(rng, pixels, tone, slot)
    opacity = cv2.GaussianBlur(opacity, (0, 0), 1.5)
    return Vehicle(Cutout(cv2.GaussianBlur(pixels, (0, 0), 1.0), opacity), slot)


def _shaded(rng: np.random.Generator, tone: float) -> NDArray[np.uint8]:
    """Bodywork: bright where it faces the sky, soft reflections across."""
    height = np.linspace(rng.uniform(1.0, 1.5), rng.uniform(0.5, 1.0), HEIGHT)[:, None]
    ripples = cv2.resize(rng.standard_normal((6, 4)).astype(np.float32), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    return np.clip(tone * height * (1 + ripples * rng.uniform(0, 0.12)), 0, 255).astype(np.uint8)


def _window(
    rng: np.random.Generator, pixels: NDArray[np.uint8], roof: int, waist: int, shrink: float, *, boxy: bool
) -> None:
    if boxy and rng.random() < 0.5:
        # A van's doors: lettering where a window would be.
        for _ in range(int(rng.integers(1, 5))):
            across, down = rng.uniform(120, 600), rng.uniform(15, 70)
            mask = lettering(rng, words(rng, 4), across, down)
            write(pixels, mask, int(rng.uniform(60, 700 - across)), int(rng.uniform(roof, waist)), rng.uniform(0, 255))
        cv2.line(pixels, (WIDTH // 2, 0), (WIDTH // 2, 500), 20, 3)
        return
    inset = rng.uniform(30, 70)
    glass = [(40 + inset, waist - 15), (30 + shrink + inset, roof + 25)]
    glass += [(WIDTH - x, y) for x, y in reversed(glass)]
    cv2.fillPoly(pixels, [np.array(glass, np.int32)], float(rng.integers(10, 110)))
    for _ in range(int(rng.integers(0, 4))):
        x, y, size = int(rng.uniform(150, 600)), int(rng.uniform(roof + 30, waist - 30)), int(rng.uniform(15, 120))
        corner = (x + size, y + int(size * rng.uniform(0.2, 1)))
        cv2.rectangle(pixels, (x, y), corner, float(rng.integers(0, 256)), -1)


def _lamps(rng: np.random.Generator, pixels: NDArray[np.uint8], waist: int, bumper: int) -> None:
    """A pair, mirrored."""
    across, down = int(rng.uniform(50, 190)), int(rng.uniform(35, max(40, bumper - waist - 10)))
    lamp = cv2.resize(draw_clutter(rng).pixels, (across, down), interpolation=cv2.INTER_AREA)
    if rng.random() < 0.6:
        lamp[:] = int(rng.integers(20, 256))
        for _ in range(int(rng.integers(1, 5))):
            middle = (int(rng.integers(0, across)), int(rng.integers(0, down)))
            axes = (int(rng.integers(4, across)), int(rng.integers(4, 30)))
            cv2.ellipse(lamp, middle, axes, 0, 0, 360, float(rng.integers(0, 256)), -1)
    y, x = int(rng.uniform(waist - 20, waist + 20)), int(rng.uniform(30, 60))
    pixels[y : y + down, x : x + across] = lamp
    pixels[y : y + down, WIDTH - x - across : WIDTH - x] = lamp[:, ::-1]


def _slot(rng: np.random.Generator, waist: int, bumper: int, floor: int) -> tuple[float, float, float]:
    """On the boot lid or on the bumper, mostly in the middle."""
    width = (WIDTH - 60) / rng.uniform(MIN_PLATES, MAX_PLATES)
    middle = WIDTH / 2 if rng.random() < 0.8 else rng.uniform(180, WIDTH - 180)
    low, high = (waist, bumper) if rng.random() < 0.6 else (bumper, floor)
    return middle, (low + high) / 2 + rng.uniform(-12, 12), width


def _trim(
    rng: np.random.Generator, pixels: NDArray[np.uint8], waist: int, floor: int, slot: tuple[float, float, float]
) -> None:
    """Badges, model names, stickers, reflectors, a grille; the plate's own place is cleared afterwards."""
    for _ in range(int(rng.integers(2, 8))):
        across, down = rng.uniform(30, 170), rng.uniform(12, 34)
        x, y = int(rng.uniform(60, WIDTH - 60 - across)), int(rng.uniform(waist - 20, floor - 30))
        if rng.random() < 0.55:
            write(pixels, lettering(rng, words(rng, 2), across, down), x, y, rng.uniform(0, 255))
            continue
        sticker = cv2.resize(draw_clutter(rng).pixels, (int(across), int(down * 1.6)), interpolation=cv2.INTER_AREA)
        region = pixels[y : y + sticker.shape[0], x : x + sticker.shape[1]]
        region[:] = sticker[: region.shape[0], : region.shape[1]]
    if rng.random() < 0.3:
        bar = int(rng.uniform(6, 18))
        for y in range(waist + 10, waist + 120, bar * 2):
            cv2.rectangle(pixels, (190, y), (WIDTH - 190, y + bar), float(rng.integers(0, 256)), -1)
    if rng.random() < 0.6:
        middle = (int(slot[0]), int(slot[1] - slot[2] * rng.uniform(0.45, 0.7)))
        size = int(rng.uniform(10, 28))
        cv2.ellipse(pixels, middle, (size, int(size * 0.7)), 0, 0, 360, float(rng.integers(0, 256)), 4)


def _recess(rng: np.random.Generator, pixels: NDArray[np.uint8], tone: float, slot: tuple[float, float, float]) -> None:
    """What surrounds the plate: flat bodywork or a hollow with an edge."""
    x, y, width = slot
    across, down = width * rng.uniform(1.05, 2.0) / 2, width * rng.uniform(0.52, 0.85) / 2
    low, high = (int(x - across), int(y - down)), (int(x + across), int(y + down))
    if rng.random() < 0.7:
        inside = tone * rng.uniform(0.4, 1.1) if rng.random() < 0.8 else rng.uniform(0, 255)
        cv2.rectangle(pixels, low, high, min(255.0, inside), -1)
        if rng.random() < 0.6:
            cv2.rectangle(pixels, low, high, float(rng.integers(0, 256)), int(rng.integers(1, 6)))
