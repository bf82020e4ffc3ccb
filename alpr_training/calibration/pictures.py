"""Pictures to fit the confidence on: rendered plates in real scenes and as close-ups, and what must not be trusted.

Here: where plates, half plates and look-alikes stand, how the camera saw them, what is known of each. Not here: the plates'
artwork, reading them. The scenes are road frames without their own plates; no plate in them belongs to a vehicle.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from alpr_training.detector.clutter import draw_clutter
from alpr_training.detector.frames import Frame
from alpr_training.detector.paste import Floats, rectangle, view
from alpr_training.plates import DrawnPlate, draw_plate
from alpr_training.plates.camera import exposed, pasted, photograph, shade

Kind = Literal["whole", "cut", "clutter", "unlike"]
Picture = NDArray[np.float32]

SIZES = ((1280, 720), (1280, 720), (960, 540), (800, 600), (640, 480), (1024, 768))  # width, height of a scene
CLOSE_UPS = 0.12  # share of pictures that a plate fills
MIN_WIDTH, MAX_WIDTH = 34.0, 260.0  # pixels of a plate
N_PLATES = (0, 1, 1, 1, 1, 2, 2, 3)
CUT = 0.07  # share of plates of which something is missing
HIDDEN = (0.15, 0.55)  # how much of one's width then; a serial begins within 11 % of the edge
ABROAD = 0.7  # share of European and Brazilian plates that are drawn again
LEAST_SEEN = 18.0  # greys between ink and paper, below which nobody could say what a plate says


@dataclass(frozen=True, slots=True, eq=False)
class Thing:
    """Something in a picture that a detector may find: its box x0, y0, x1, y1 in pixels, and what it says.

    kind : a whole plate; one of which something is cut off or hidden; drawn clutter; a real thing that looks like a plate
    """

    kind: Kind
    box: tuple[float, float, float, float]
    plate: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """An encoded picture and all that was put into it. What else is read in it may be a real plate that nobody labelled."""

    jpeg: bytes
    things: tuple[Thing, ...]


@dataclass(slots=True)
class _Scene:
    pixels: Picture
    things: list[Thing] = field(default_factory=list)

    def is_free(self, quad: Floats) -> bool:
        low, high = quad.min(0) - 4, quad.max(0) + 4
        return not any((low < thing.box[2:]).all() and (high > thing.box[:2]).all() for thing in self.things)


def draw_picture(rng: np.random.Generator, frames: Sequence[Frame]) -> Drawn:
    """One picture by lot."""
    if rng.random() < CLOSE_UPS:
        return _close_up(rng)
    frame = frames[int(rng.integers(len(frames)))]
    scene, slots = _background(rng, frame)
    for _ in range(int(rng.choice((0, 1, 1, 2, 3)))):
        _put_clutter(rng, scene, slots.pop() if slots and rng.random() < 0.3 else None)
    for _ in range(int(rng.choice(N_PLATES))):
        slot = slots.pop() if slots and rng.random() < 0.6 else None
        _put_plate(rng, scene, slot)
    if rng.random() < 0.5:
        typical = float(np.exp(rng.uniform(np.log(60), np.log(220))))  # coarser optics and noise at the larger end
        pixels = exposed(rng, scene.pixels, typical)
    else:
        pixels = _fair(rng, scene.pixels)
    quality = int(rng.integers(60, 96))
    things = [thing for thing in scene.things if thing.kind != "whole" or _contrast(pixels, thing) >= LEAST_SEEN]
    return Drawn(_encoded(pixels, quality), tuple(things))


def _fair(rng: np.random.Generator, seen: Picture) -> NDArray[np.uint8]:
    """A good camera by day: a little blur, noise and exposure."""
    seen = np.asarray(cv2.GaussianBlur(seen, (0, 0), rng.uniform(0.3, 1.3)), np.float32)
    if rng.random() < 0.6:  # what cameras do by themselves: middling brightness
        seen = seen * float(np.clip(rng.uniform(80, 140) / max(float(seen.mean()), 1.0), 0.6, 2.2))
    noise = rng.standard_normal(seen.shape, np.float32) * float(rng.uniform(0.5, 6))
    return np.clip(seen + noise, 0, 255).astype(np.uint8)


def _plate(rng: np.random.Generator) -> DrawnPlate:
    plate = draw_plate(rng)
    return draw_plate(rng) if plate.region in {"eu", "br"} and rng.random() < ABROAD else plate


def _background(rng: np.random.Generator, frame: Frame) -> tuple[_Scene, list[tuple[float, float]]]:
    """A part of a frame without its plates, enlarged as it comes; and where those hung."""
    width, height = SIZES[int(rng.integers(len(SIZES)))]
    rows, columns = frame.empty.shape[:2]
    scale = max(width / columns, height / rows) * float(np.exp(rng.uniform(0, np.log(2.2))))
    box = frame.boxes[int(rng.integers(len(frame.boxes)))]
    middle = (box[:2] + box[2:]) / 2
    wanted = np.array([rng.uniform(0.15, 0.85) * width, rng.uniform(0.3, 0.85) * height])
    shift = np.clip(wanted - middle * scale, (width - columns * scale, height - rows * scale), (0, 0))
    mirrored = rng.random() < 0.5
    matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
    if mirrored:
        matrix[0] = (-scale, 0, width - shift[0])
    seen = cv2.warpAffine(frame.empty, matrix, (width, height), borderMode=cv2.BORDER_REFLECT_101)
    scene = _Scene(np.asarray(seen, np.float32))
    for decoy in frame.decoys:
        quad = (rectangle(*(decoy[2:] - decoy[:2])) + decoy[:2]) @ matrix[:, :2].T + matrix[:, 2]
        scene.things.append(Thing("unlike", _box(quad)))
    middles = [(b[:2] + b[2:]) / 2 @ matrix[:, :2].T + matrix[:, 2] for b in frame.boxes]
    slots = [(float(x), float(y)) for x, y in middles if 0 < x < width and 0 < y < height]
    rng.shuffle(slots)
    return scene, slots


def _put_plate(rng: np.random.Generator, scene: _Scene, slot: tuple[float, float] | None) -> None:
    height, width = scene.pixels.shape[:2]
    plate = _plate(rng)
    sheet = plate.corners[2] - plate.corners[0]
    across = float(np.exp(rng.uniform(np.log(MIN_WIDTH), np.log(min(MAX_WIDTH, width / 3)))))
    is_cut, at_edge = rng.random() < CUT, rng.random() < 0.5
    place = slot or (rng.uniform(0.1, 0.9) * width, rng.uniform(0.15, 0.9) * height)
    quad = view(rng, place, across, across * float(sheet[1] / sheet[0]), 0.8)
    low, high = quad.min(0), quad.max(0)
    if is_cut and at_edge:
        part = rng.uniform(*HIDDEN) * (high[0] - low[0])
        quad[:, 0] += (-low[0] - part) if rng.random() < 0.5 else (width - high[0] + part)
    else:  # whole: a plate that only nearly fits would be neither
        quad += np.clip((0, 0), -low + 1, (width - 1, height - 1) - high)
    if not scene.is_free(quad):
        return
    gain = _gain(rng, scene.pixels, quad, plate)
    lit = DrawnPlate(np.clip(plate.pixels * gain, 0, 255).astype(np.uint8), plate.corners, plate.plate, plate.region)
    part_of = _around(quad, scene.pixels.shape[:2])
    rows, columns = part_of
    inside = quad - (columns.start, rows.start)
    patch = pasted(scene.pixels[part_of], lit, inside)
    shaded = patch.copy()
    shade(rng, shaded, inside.astype(np.float64))
    # Of the light only what falls on the plate: a patch's own edge would tell where plates are.
    cover = np.zeros(patch.shape[:2], np.float32)
    cv2.fillPoly(cover, [np.round(inside).astype(np.int32)], 1.0)
    cover = cv2.GaussianBlur(cover, (0, 0), max(0.8, across / 60))[..., None]
    scene.pixels[part_of] = patch + cover * (shaded - patch)
    if is_cut and not at_edge:
        _hide(rng, scene.pixels, quad)
    scene.things.append(Thing("cut" if is_cut else "whole", _box(quad), plate.plate))


def _around(quad: Floats, shape: tuple[int, ...]) -> tuple[slice, slice]:
    """Rows and columns of a plate with what may stand out around its sheet."""
    reach = 0.25 * float(quad[:, 0].max() - quad[:, 0].min()) + 3
    low = np.maximum(np.floor(quad.min(0) - reach), 0).astype(int)
    high = np.minimum(np.ceil(quad.max(0) + reach), shape[1::-1]).astype(int)
    return slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0]))


def _gain(rng: np.random.Generator, pixels: Picture, quad: Floats, plate: DrawnPlate) -> float:
    """Light on the plate: that of its surroundings, brighter, or in their shadow."""
    around = pixels[_around(quad, pixels.shape[:2])]
    paper = float(np.percentile(plate.pixels[::6, ::6], 85))
    wanted = float(around.mean()) + rng.uniform(-10, 110) if rng.random() < 0.75 else rng.uniform(45, 250)
    return float(np.clip(wanted / max(paper, 60), 0.2, 1.4))


def _hide(rng: np.random.Generator, pixels: Picture, quad: Floats) -> None:
    """Something in front of the plate's one end: a post, another vehicle, somebody's leg."""
    low, high = quad.min(0), quad.max(0)
    width, height = high - low
    part, tone = rng.uniform(*HIDDEN) * width, rng.uniform(0, 200)
    left = low[0] - rng.uniform(0.2, 1.5) * width if rng.random() < 0.5 else high[0] - part
    right = low[0] + part if left < low[0] else high[0] + rng.uniform(0.2, 1.5) * width
    x0, x1 = max(0, int(left)), max(0, int(right))
    y0, y1 = max(0, int(low[1] - rng.uniform(0.1, 3) * height)), max(0, int(high[1] + rng.uniform(0.1, 3) * height))
    region = pixels[y0:y1, x0:x1]
    region[:] = tone + rng.normal(0, 10, 3) + np.linspace(-15, 15, max(1, region.shape[0]))[:, None, None]


def _put_clutter(rng: np.random.Generator, scene: _Scene, slot: tuple[float, float] | None) -> None:
    """Lettering, boards, lamps, stickers: most of a plate's proportions, some where a plate would hang."""
    height, width = scene.pixels.shape[:2]
    cutout = draw_clutter(rng)
    for _ in range(3):
        if 1.5 < cutout.pixels.shape[1] / cutout.pixels.shape[0] < 5:
            break
        cutout = draw_clutter(rng)
    across = float(np.exp(rng.uniform(np.log(40), np.log(width / 3))))
    tall = across * cutout.pixels.shape[0] / cutout.pixels.shape[1]
    quad = view(rng, slot or (rng.uniform(0, width), rng.uniform(0, height)), across, tall, 0.7)
    if not scene.is_free(quad):
        return
    down, right = max(2, int(tall * 1.2)), max(2, int(across * 1.2))
    sheet = cv2.resize(cutout.pixels, (right, down), interpolation=cv2.INTER_AREA)
    tint = rng.uniform(0.6, 1.05, 3).astype(np.float32)
    matrix = cv2.getPerspectiveTransform(rectangle(right, down) - 0.5, quad - 0.5)
    drawn = cv2.warpPerspective(sheet, matrix, (width, height)).astype(np.float32)[..., None] * tint
    opacity = np.full_like(sheet, 255) if cutout.opacity is None else cv2.resize(cutout.opacity, (right, down))
    cover = cv2.warpPerspective(opacity, matrix, (width, height)).astype(np.float32)[..., None] / 255
    scene.pixels += cover * (drawn - scene.pixels)
    scene.things.append(Thing("clutter", _box(quad)))


def _close_up(rng: np.random.Generator) -> Drawn:
    """A plate cut out by whoever sent the picture, a little too tightly or too generously, sometimes enlarged."""
    plate = _plate(rng)
    shot = photograph(rng, plate)
    low, high = shot.corners.min(0), shot.corners.max(0)
    size = high - low
    margins = size * rng.uniform(-0.02, 0.12, (2, 2))
    start = np.maximum(low - margins[0], 0).astype(int)
    end = np.minimum(high + margins[1], shot.pixels.shape[1::-1]).astype(int)
    pixels = np.ascontiguousarray(shot.pixels[start[1] : end[1], start[0] : end[0]])
    larger = float(np.exp(rng.uniform(0, np.log(4))))
    pixels = np.asarray(cv2.resize(pixels, None, fx=larger, fy=larger, interpolation=cv2.INTER_CUBIC), np.uint8)
    height, width = pixels.shape[:2]
    thing = Thing("whole", (0.0, 0.0, float(width), float(height)), plate.plate)
    things = (thing,) if _contrast(pixels, thing) >= LEAST_SEEN else ()
    return Drawn(_encoded(pixels, int(rng.integers(60, 96))), things)


def _contrast(pixels: NDArray[np.uint8], thing: Thing) -> float:
    """Between the brighter and the darker parts of a plate, in greys, fine noise averaged out."""
    x0, y0, x1, y1 = (max(0, int(v)) for v in thing.box)
    inside = cv2.blur(cv2.cvtColor(pixels[y0 : y1 + 1, x0 : x1 + 1], cv2.COLOR_BGR2GRAY), (3, 3))
    return float(np.subtract(*np.percentile(inside, (90, 10))))


def _encoded(pixels: NDArray[np.uint8], quality: int) -> bytes:
    return bytes(cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])[1])


def _box(quad: NDArray[np.floating]) -> tuple[float, float, float, float]:
    (x0, y0), (x1, y1) = quad.min(0), quad.max(0)
    return float(x0), float(y0), float(x1), float(y1)
