"""Flat pictures into a scene: projection by a hand-held camera, and blending.

Here: geometry and pixels. Coordinates are continuous: a picture W wide spans 0 … W, pixel i's middle is i + 0.5.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Canvas = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Cutout:
    """A flat grey picture (H, W) uint8 and its opacity (H, W) uint8, None where all of it is opaque."""

    pixels: NDArray[np.uint8]
    opacity: NDArray[np.uint8] | None = None


def rectangle(width: float, height: float) -> Floats:
    """Corners (4, 2) of a flat picture, clockwise from the upper left."""
    return np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)


def view(
    rng: np.random.Generator, centre: tuple[float, float], width: float, height: float, steepness: float = 1.0
) -> Floats:
    """Corners (4, 2) of a flat thing as a camera sees it: turned at random, seen from a few of its widths away.

    Parameters
    ----------
    centre : where its middle comes to lie, pixels
    width, height : its size seen straight on, pixels
    steepness : scales how far it is turned; 1 is a plate met on the road
    """
    roll, yaw, pitch = (math.radians(rng.normal(0, s * steepness)) for s in (5, 22, 12))
    yaw, pitch = (float(np.clip(angle, -1.1, 1.1)) for angle in (yaw, pitch))
    distance = width * rng.uniform(2.5, 9)
    flat = np.array([(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)]) * (width, height)
    x = flat[:, 0] * math.cos(yaw)
    away = flat[:, 0] * math.sin(yaw) + flat[:, 1] * math.sin(pitch)
    y = flat[:, 1] * math.cos(pitch)
    # A plate below or beside the camera is sheared rather than only foreshortened.
    y = y + x * math.tan(math.radians(rng.normal(0, 4 * steepness)))
    nearer = distance / (distance + away)
    c, s = math.cos(roll), math.sin(roll)
    turned = np.stack([x * nearer, y * nearer], 1) @ np.array([(c, s), (-s, c)])
    return (turned + centre).astype(np.float32)


def through(quad: Floats, size: tuple[float, float], points: Floats) -> Floats:
    """Where points (n, 2) of a flat picture, `size` = (width, height), come to lie when it is seen as `quad`."""
    matrix = cv2.getPerspectiveTransform(rectangle(*size), quad.astype(np.float32))
    return cv2.perspectiveTransform(points.astype(np.float32)[None], matrix)[0]


def paste(
    canvas: Canvas, cutout: Cutout, quad: Floats, *, gain: float = 1.0, lift: float = 0.0, soften: float = 0.0
) -> None:
    """Draw a cutout into the canvas (H, W), its corners at `quad` (4, 2), its greys times `gain` plus `lift`.

    Parameters
    ----------
    soften : sigma in pixels by which the cutout is blurred, as the scene around it is
    """
    low = np.maximum(np.floor(quad.min(0)).astype(int) - 2, 0)
    high = np.minimum(np.ceil(quad.max(0)).astype(int) + 3, canvas.shape[::-1])
    width, height = (int(v) for v in high - low)
    if width < 3 or height < 3:
        return
    sides = [np.linalg.norm(quad[1] - quad[0]), np.linalg.norm(quad[3] - quad[0])]
    # First to about its size there: the projection alone would skip pixels.
    across, down = (int(np.clip(side * 1.2, 4, 900)) for side in sides)
    pixels = _resized(cutout.pixels, across, down)
    full = np.full((down, across), 255, np.uint8)
    opacity = full if cutout.opacity is None else _resized(cutout.opacity, across, down)
    # OpenCV counts from pixels' middles.
    matrix = cv2.getPerspectiveTransform(rectangle(across, down) - 0.5, (quad - low - 0.5).astype(np.float32))
    drawn = cv2.warpPerspective(pixels, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
    alpha = cv2.warpPerspective(opacity, matrix, (width, height)).astype(np.float32) / 255
    if soften > 0.3:
        drawn, alpha = cv2.GaussianBlur(drawn, (0, 0), soften), cv2.GaussianBlur(alpha, (0, 0), soften)
    region = canvas[low[1] : high[1], low[0] : high[0]]
    region += alpha * (drawn * gain + lift - region)


def _resized(pixels: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    shrinks = width < pixels.shape[1] or height < pixels.shape[0]
    return cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
