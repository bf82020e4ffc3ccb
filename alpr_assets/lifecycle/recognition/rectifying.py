"""Cutting plates out: a quadrilateral of a picture as an upright rectangle.

Here: growing a quadrilateral, and the crop without aliasing. Not here: where plates are, what is done with a crop.
The reader was trained on crops made in just this way: a change here asks for a new training.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = np.ndarray[Any, np.dtype[np.uint8]]
Corners = NDArray[np.float32]  # (4, 2): x, y in pixels, clockwise from the first letter's upper left

MAX_FINE = 4  # drawn at most this many times larger before averaging
MAX_SIDE = 32_000  # pixels: OpenCV turns no larger picture

_SIDES = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float32)


def upright(left: float, top: float, right: float, bottom: float) -> Corners:
    """The corners of an upright rectangle."""
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)


def widened(quad: Corners, across: float, down: float) -> Corners:
    """The quadrilateral grown about its middle; `across` and `down` are the shares of width and height added on each side."""
    return part(quad, (-across, 1 + across), (-down, 1 + down))


def part(quad: Corners, across: tuple[float, float], down: tuple[float, float]) -> Corners:
    """The part of a quadrilateral's plane between two shares of its width and two of its height; 0 and 1 are its edges.

    Along the mean of opposite sides: a plate seen from the side is foreshortened by less than its corners are uncertain.
    """
    right = (quad[1] - quad[0] + quad[2] - quad[3]) / 2
    below = (quad[3] - quad[0] + quad[2] - quad[1]) / 2
    sides = np.array([[across[0], down[0]], [across[1], down[0]], [across[1], down[1]], [across[0], down[1]]])
    moved = sides - (_SIDES + 1) / 2
    return np.asarray(quad + moved[:, :1] * right + moved[:, 1:] * below, np.float32)


def rectified(pixels: Pixels, quad: Corners, size: tuple[int, int]) -> Pixels:
    """The quadrilateral as an upright rectangle of `size` (width, height); drawn larger and averaged where it shrinks.

    What lies outside the picture repeats its edge.
    """
    if max(pixels.shape[:2]) > MAX_SIDE:
        pixels, quad = _around(pixels, quad)
    across = max(np.hypot(*(quad[1] - quad[0])), np.hypot(*(quad[2] - quad[3])))
    fine = int(np.clip(np.ceil(across / size[0]), 1, MAX_FINE))
    width, height = size[0] * fine, size[1] * fine
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32) - 0.5
    turned = cv2.getPerspectiveTransform(quad - 0.5, target)
    flags = cv2.INTER_LINEAR if fine > 1 else cv2.INTER_CUBIC
    flat = cv2.warpPerspective(pixels, turned, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(flat if fine == 1 else cv2.resize(flat, size, interpolation=cv2.INTER_AREA), np.uint8)


def _around(pixels: Pixels, quad: Corners) -> tuple[Pixels, Corners]:
    """The part of a huge picture that a quadrilateral needs, and the quadrilateral in it; of a huge part, every so manieth pixel."""
    size = np.array(pixels.shape[1::-1])
    left, top = (int(v) for v in np.clip(np.floor(quad.min(0)) - 2, 0, size - 1))
    right, bottom = (int(v) for v in np.clip(np.ceil(quad.max(0)) + 3, (left + 1, top + 1), size))
    step = -(-max(right - left, bottom - top) // MAX_SIDE)
    return pixels[top:bottom:step, left:right:step], np.asarray(
        (quad - np.array((left, top), np.float32)) / step, np.float32
    )
