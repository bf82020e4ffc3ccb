"""Brushes shared by plates, cars and streets.

Pictures are float32 (h, w, 3), blue-green-red, 0 to 255; a sheet is float32 (h, w, 4), premultiplied, alpha 0 to 1.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from alpr_assets.sample.lettering import Mask

Picture = NDArray[np.float32]
Colour = Sequence[float]
Points = Sequence[tuple[float, float]]

_SHIFT = 4  # cv2 draws in sixteenths of a pixel


def polygon_mask(shape: tuple[int, ...], outline: ArrayLike) -> Mask:
    """A filled outline, smooth-edged: (h, w), 0 to 255. Outline in pixels, x and y."""
    mask = np.zeros(shape[:2], np.uint8)
    corners = np.round(np.asarray(outline, float) * (1 << _SHIFT)).astype(np.int32)
    cv2.fillPoly(mask, [corners], 255, cv2.LINE_AA, _SHIFT)
    return mask


def line_mask(shape: tuple[int, ...], points: ArrayLike, width: float, *, closed: bool = False) -> Mask:
    """A smooth-edged stroke through pixel points: (h, w), 0 to 255."""
    mask = np.zeros(shape[:2], np.uint8)
    corners = np.round(np.asarray(points, float) * (1 << _SHIFT)).astype(np.int32)
    cv2.polylines(mask, [corners], closed, 255, max(1, round(width)), cv2.LINE_AA, _SHIFT)
    return mask if width >= 1 else (mask * width).astype(np.uint8)


def extent(mask: Mask | Picture, margin: int = 0) -> tuple[slice, slice]:
    """The rows and columns of a mask that hold anything, and `margin` pixels around them."""
    left, top, width, height = cv2.boundingRect(mask if mask.dtype == np.uint8 else (mask > 0).astype(np.uint8))
    return slice(max(0, top - margin), top + height + margin), slice(max(0, left - margin), left + width + margin)


def tint(picture: Picture, mask: Mask | Picture, colour: Colour | Picture, opacity: float = 1.0) -> None:
    """Lay a colour (or a picture) over `picture` in place where the mask (0 to 255) says so."""
    area = extent(mask)
    cover = np.asarray(colour, np.float32)
    if cover.ndim == 3:
        cover = cover[area]
    share = (mask[area].astype(np.float32) * (opacity / 255.0))[..., None]
    part = picture[area]
    change = cover - part
    change *= share
    part += change


def paint_polygon(picture: Picture, outline: ArrayLike, colour: Colour, opacity: float = 1.0) -> None:
    """Tint a filled outline in place, touching only the pixels around it. Outline in pixels, x and y."""
    corners = np.asarray(outline, float)
    left, top = (int(v) for v in np.clip(np.floor(corners.min(axis=0)) - 1, 0, (picture.shape[1], picture.shape[0])))
    right, bottom = (int(v) for v in np.clip(np.ceil(corners.max(axis=0)) + 2, 0, (picture.shape[1], picture.shape[0])))
    if right > left and bottom > top:
        area = picture[top:bottom, left:right]
        tint(area, polygon_mask(area.shape, corners - (left, top)), colour, opacity)


def stamp(picture: Picture, mask: Mask, x: float, y: float, colour: Colour, *, opacity: float = 1.0) -> None:
    """Tint a small mask with its top left corner at (x, y) pixels; what falls outside is cut."""
    left, top = round(x), round(y)
    height, width = mask.shape
    x0, y0 = max(0, left), max(0, top)
    x1, y1 = min(picture.shape[1], left + width), min(picture.shape[0], top + height)
    if x1 > x0 and y1 > y0:
        tint(picture[y0:y1, x0:x1], mask[y0 - top : y1 - top, x0 - left : x1 - left], colour, opacity)


def blur(picture: Picture, sigma: float) -> Picture:
    """Gaussian blur; wide ones are done on a reduced picture."""
    if sigma <= 6:
        fine: Picture = cv2.GaussianBlur(picture, (0, 0), sigma)
        return fine
    step = max(2, int(sigma / 3))
    height, width = picture.shape[:2]
    small = cv2.resize(picture, (max(2, width // step), max(2, height // step)), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), sigma / step)
    soft: Picture = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    return soft


def noise(rng: np.random.Generator, shape: tuple[int, int], grain: float) -> Picture:
    """Smooth noise of unit spread: (h, w); `grain` is the size of a blotch in pixels."""
    rows, columns = max(2, int(shape[0] / grain) + 2), max(2, int(shape[1] / grain) + 2)
    coarse = rng.standard_normal((rows, columns), np.float32)
    if grain <= 1:
        return coarse[: shape[0], : shape[1]]
    smooth: Picture = cv2.resize(coarse, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
    return smooth


def rounded(outline: Points | NDArray[np.float64], radius: float = 0.05) -> NDArray[np.float64]:
    """Round a closed outline's corners, reaching `radius` along each edge (at most half of it): (6 n, 2)."""
    points = np.asarray(outline, float)
    before, after = np.roll(points, 1, axis=0) - points, np.roll(points, -1, axis=0) - points
    arms = []
    for edge in (before, after):
        length = np.maximum(np.hypot(edge[:, 0], edge[:, 1]), 1e-9)
        arms.append(points + edge * (np.minimum(radius, length / 2) / length)[:, None])
    steps = np.linspace(0, 1, 6)[:, None, None]
    curve = (1 - steps) ** 2 * arms[0] + 2 * steps * (1 - steps) * points + steps**2 * arms[1]
    outlined: NDArray[np.float64] = curve.transpose(1, 0, 2).reshape(-1, 2)
    return outlined


def mirrored(right: Points) -> list[tuple[float, float]]:
    """The right half of an outline, from the bottom to the top, closed by its mirror image."""
    return [*right, *((-x, z) for x, z in reversed(right))]


def mix(first: Colour, second: Colour, share: float) -> tuple[float, float, float]:
    """`share` of the second colour in the first."""
    blue, green, red = (a + (b - a) * share for a, b in zip(first, second, strict=True))
    return blue, green, red
