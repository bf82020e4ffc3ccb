"""How a camera sees a plate, and what the reader is given of it.

Here: perspective, light, optics, sensor, compression, and the crop that a detector's corners or box would give.
Not here: drawing plates. Everything is drawn by lot; a third of the crops should be hard for a person.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from alpr_training.plates.drawing import DrawnPlate

Picture = NDArray[np.float32]
Pixels = NDArray[np.uint8]
Quad = NDArray[np.float32]  # (4, 2), clockwise from the upper left

MARGIN = 0.35  # of the plate's size around it on the photograph
_UNIT = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]])


@dataclass(frozen=True, slots=True)
class Photograph:
    """A plate in a small picture: (H, W, 3) uint8 BGR, and where its corners are in it."""

    pixels: Pixels
    corners: Quad


def photograph(rng: np.random.Generator, plate: DrawnPlate) -> Photograph:
    """One picture of a plate, 40 to 340 pixels wide."""
    lot = rng.random()
    width = (
        float(np.clip(np.exp(rng.normal(np.log(100), 0.42)), 40, 330)) if lot < 0.75 else float(rng.uniform(150, 340))
    )
    height = width * _proportion(plate) * float(np.exp(rng.normal(0, 0.07)))
    quad = _pose(rng, width, height)
    quad -= quad.min(0)
    size = quad.max(0)
    pad = size * MARGIN
    canvas_width, canvas_height = (int(v) for v in np.ceil(size + 2 * pad))
    quad += pad
    fine = 2 if width < 170 else 1
    scene = _backdrop(rng, canvas_width * fine, canvas_height * fine)
    seen = pasted(scene, plate, quad * fine)
    shade(rng, seen, quad * fine)
    if fine > 1:
        seen = np.asarray(cv2.resize(seen, (canvas_width, canvas_height), interpolation=cv2.INTER_AREA), np.float32)
    return Photograph(exposed(rng, seen, width), quad.astype(np.float32))


def crop(rng: np.random.Generator, shot: Photograph, size: tuple[int, int]) -> Pixels:
    """What the reader is given: `size` is (width, height) in pixels; corners or box off as a detector's are."""
    corners = shot.corners
    extent = corners.max(0) - corners.min(0)
    if rng.random() < 0.62:
        off = rng.normal(0, 1, (4, 2)) * extent * rng.uniform(0.004, 0.03)
        shift = rng.normal(0, 1, (1, 2)) * extent * (0.012, 0.02)
        quad = corners + off + shift
        margin = np.array([rng.uniform(-0.035, 0.09), rng.uniform(-0.06, 0.12)])
    else:
        (x0, y0), (x1, y1) = corners.min(0), corners.max(0)
        quad = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]]) + rng.normal(0, 1, (1, 2)) * extent * 0.02
        quad *= np.ones((4, 2))
        margin = np.array([rng.uniform(-0.04, 0.12), rng.uniform(-0.06, 0.16)])
    return rectified(shot.pixels, widened(quad.astype(np.float32), margin), size)


def widened(quad: Quad, margin: NDArray[np.float64]) -> Quad:
    """The quadrilateral grown about its middle; `margin` is the share of width and of height added on each side."""
    right, down = (quad[1] - quad[0] + quad[2] - quad[3]) / 2, (quad[3] - quad[0] + quad[2] - quad[1]) / 2
    grown = [
        corner + 2 * sx * margin[0] * right + 2 * sy * margin[1] * down
        for corner, (sx, sy) in zip(quad, _UNIT, strict=True)
    ]
    return np.array(grown, np.float32)


def rectified(pixels: Pixels, quad: Quad, size: tuple[int, int]) -> Pixels:
    """The quadrilateral as an upright rectangle of `size` (width, height); drawn larger and averaged where it shrinks."""
    wide = max(np.hypot(*(quad[1] - quad[0])), np.hypot(*(quad[2] - quad[3])))
    fine = int(np.clip(np.ceil(wide / size[0]), 1, 4))
    width, height = size[0] * fine, size[1] * fine
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32) - 0.5
    turned = cv2.getPerspectiveTransform(quad - 0.5, target)
    flags = cv2.INTER_LINEAR if fine > 1 else cv2.INTER_CUBIC
    flat = cv2.warpPerspective(pixels, turned, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(flat if fine == 1 else cv2.resize(flat, size, interpolation=cv2.INTER_AREA), np.uint8)


def _proportion(plate: DrawnPlate) -> float:
    across, down = plate.corners[1] - plate.corners[0], plate.corners[3] - plate.corners[0]
    return float(np.hypot(*down) / np.hypot(*across))


def _pose(rng: np.random.Generator, width: float, height: float) -> NDArray[np.float64]:
    """Corners of a plate turned before the camera, about its middle, in pixels."""
    quad = _UNIT * (width, height)
    yaw, pitch = abs(rng.normal(0, 0.15)), rng.normal(0, 0.03)
    quad[:, 0] *= max(0.55, 1 - yaw)
    quad[:, 1] *= 1 + rng.normal(0, 0.3) * yaw * np.sign(_UNIT[:, 0])
    quad[:, 0] *= 1 + pitch * np.sign(_UNIT[:, 1])
    quad[:, 1] += quad[:, 0] * rng.normal(0, 0.05 + 0.25 * yaw)
    quad[:, 0] += quad[:, 1] * rng.normal(0, 0.06)
    angle = np.deg2rad(rng.normal(0, 3.2))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.asarray(quad @ turn.T)


def _backdrop(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint, chrome, shadow: soft blocks of a few tones, with an edge or two."""
    base = rng.uniform(0, 255) * (0.3 if rng.random() < 0.5 else 1.0)
    scene = np.empty((height, width, 3), np.float32)
    scene[:] = base + rng.normal(0, 14, 3)
    if rng.random() < 0.7:
        scene += cv2.resize(
            rng.uniform(-60, 60, (4, 6, 3)).astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR
        )
    for _ in range(int(rng.integers(0, 4))):
        y = int(rng.integers(0, height))
        tone = float(rng.uniform(0, 255))
        cv2.line(scene, (0, y), (width, y + int(rng.normal(0, 6))), (tone, tone, tone), int(rng.integers(1, 8)))
    return np.clip(scene, 0, 255)


def pasted(scene: Picture, plate: DrawnPlate, quad: NDArray[np.float64]) -> Picture:
    """The plate with its frame, its sheet's corners on `quad`."""
    pixels = plate.pixels
    turned = cv2.getPerspectiveTransform(plate.corners, quad.astype(np.float32))
    shrink = float(np.hypot(*(plate.corners[1] - plate.corners[0])) / np.hypot(*(quad[1] - quad[0])))
    if shrink > 1.3:
        pixels = np.asarray(cv2.GaussianBlur(pixels, (0, 0), 0.38 * shrink), np.uint8)
    height, width = scene.shape[:2]
    over = cv2.warpPerspective(pixels, turned, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    cover = cv2.warpPerspective(
        np.full(pixels.shape[:2], 255, np.uint8), turned, (width, height), flags=cv2.INTER_LINEAR
    )
    share = (cover.astype(np.float32) / 255)[..., None]
    return np.asarray(scene * (1 - share) + over * share, np.float32)


def shade(rng: np.random.Generator, seen: Picture, quad: NDArray[np.float64]) -> None:
    """Uneven light, a hard shadow's edge, glare, something in front."""
    height, width = seen.shape[:2]
    (x0, y0), (x1, y1) = quad.min(0), quad.max(0)
    if rng.random() < 0.35:
        light = cv2.resize(
            rng.uniform(0.4, 1.2, (3, 4)).astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC
        )
        seen *= np.maximum(light, 0.1)[..., None]
    if rng.random() < 0.14:
        line = rng.uniform((x0, y0), (x1, y1))
        slope = rng.normal(0, 1, 2)
        rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
        dark = (columns - line[0]) * slope[0] + (rows - line[1]) * slope[1] > 0
        soft = cv2.GaussianBlur(dark.astype(np.float32), (0, 0), rng.uniform(0.6, 4))
        seen *= (1 - soft * rng.uniform(0.3, 0.75))[..., None]
    if rng.random() < 0.1:
        spot = np.zeros((height, width), np.float32)
        centre = rng.uniform((x0, y0), (x1, y1)).astype(int)
        cv2.circle(spot, tuple(centre.tolist()), int(rng.uniform(0.05, 0.35) * (y1 - y0)) + 1, 1.0, -1)
        seen += cv2.GaussianBlur(spot, (0, 0), max(1.0, (y1 - y0) / 8))[..., None] * rng.uniform(50, 220)
    if rng.random() < 0.04:  # a ball hitch, a cable, a bicycle rack
        tone = float(rng.uniform(0, 90))
        x = int(rng.uniform(x0, x1))
        cv2.line(
            seen,
            (x, height),
            (x + int(rng.normal(0, 8)), int(rng.uniform(y0 + 0.72 * (y1 - y0), y1))),
            (tone, tone, tone),
            max(1, int(0.05 * (x1 - x0))),
        )


def exposed(rng: np.random.Generator, seen: Picture, width: float) -> Pixels:
    """Optics, motion, exposure, and what the camera makes of it."""
    fine = max(0.7, width / 160)
    if rng.random() < 0.62:
        seen = np.asarray(cv2.GaussianBlur(seen, (0, 0), rng.uniform(0.3, 1.05) * fine), np.float32)
    if rng.random() < 0.16:
        seen = _moved(rng, seen, fine)
    lot = rng.random()
    if lot < 0.12:  # infrared and monochrome cameras
        grey = seen @ np.array([rng.uniform(0, 0.6), rng.uniform(0, 0.6), rng.uniform(0.1, 0.8)], np.float32)
        seen = np.repeat(grey[..., None], 3, axis=2)
    seen = np.asarray(np.clip(seen, 0, 255) / 255, np.float32)
    if rng.random() < 0.45:
        seen = np.asarray(seen ** np.float32(np.exp(rng.normal(0, 0.4))), np.float32)
    gain = rng.uniform(0.75, 1.12) if rng.random() < 0.7 else rng.uniform(0.15, 0.65)
    if rng.random() < 0.13:  # haze, or a backlit plate
        seen = seen * rng.uniform(0.2, 0.6) + rng.uniform(0.15, 0.5)
        gain = 1.0
    if rng.random() < 0.07:  # the flash on a reflective sheet
        gain = rng.uniform(1.25, 2.0)
    return _developed(rng, seen * np.float32(gain))


def _developed(rng: np.random.Generator, seen: Picture) -> Pixels:
    """White balance, noise, sharpening, a smaller size in between, compression; `seen` in 0…1."""
    balance = (
        rng.uniform(0.9, 1.1, 3).astype(np.float32)
        if rng.random() < 0.7
        else rng.uniform(0.7, 1.2, 3).astype(np.float32)
    )
    noise = rng.standard_normal(seen.shape, np.float32) * float(
        rng.choice([0, 1, 2, 4, 8, 12], p=[0.2, 0.2, 0.2, 0.2, 0.15, 0.05])
    )
    if rng.random() < 0.4:
        noise = cv2.GaussianBlur(noise, (0, 0), 0.8) * 1.8
    shot = np.clip(seen * balance * 255 + noise, 0, 255).astype(np.uint8)
    if rng.random() < 0.2:
        amount = rng.uniform(0.6, 2.2)
        shot = np.asarray(
            cv2.addWeighted(shot, 1 + amount, cv2.GaussianBlur(shot, (0, 0), rng.uniform(0.8, 1.6)), -amount, 0),
            np.uint8,
        )
    if rng.random() < 0.15:  # a picture that was made smaller and enlarged again
        shrink = rng.uniform(0.45, 0.85)
        small = cv2.resize(shot, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
        shot = np.asarray(cv2.resize(small, shot.shape[1::-1], interpolation=cv2.INTER_CUBIC), np.uint8)
    if rng.random() < 0.75:
        _, data = cv2.imencode(".jpg", shot, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(18, 94))])
        shot = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
    return shot


def _moved(rng: np.random.Generator, seen: Picture, fine: float) -> Picture:
    length = int(rng.integers(2, max(3, int(6 * fine)) + 1))
    kernel = np.zeros((length, length), np.float32)
    start = (0, int(rng.integers(0, length))) if rng.random() < 0.7 else (int(rng.integers(0, length)), 0)
    cv2.line(kernel, start, (length - 1 - start[0], length - 1 - start[1]), 1.0, 1)
    return np.asarray(cv2.filter2D(seen, -1, kernel / max(1.0, float(kernel.sum()))), np.float32)
