"""Sheets of car bodywork: flat parts shaded as if they were curved and glossy.

Here: the brush. Not here: which parts a car has (`cars`), and light of the hour (`light`).
A sheet covers a rectangle in metres: x to the right, z up. Parts are outlines in metres.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from alpr_assets.sample.lettering import Mask
from alpr_assets.sample.painting import Colour, Picture, Points, blur, extent, line_mask, polygon_mask

# Grey levels of what paint mirrors, and the light's slight blue.
_SKY, _HORIZON, _GROUND = 222.0, 60.0, 106.0
_CAST = (1.05, 1.0, 0.95)


class Sheet:
    """A growing picture of one plane of a car: `paint` (h, w, 4), premultiplied, and `glow` (h, w, 3), light given off."""

    def __init__(self, left: float, bottom: float, right: float, top: float, px_per_m: float) -> None:
        self.left, self.bottom, self.right, self.top, self.px_per_m = left, bottom, right, top, px_per_m
        height, width = round((top - bottom) * px_per_m), round((right - left) * px_per_m)
        self.paint: Picture = np.zeros((height, width, 4), np.float32)
        self.glow: Picture = np.zeros((height, width, 3), np.float32)

    def pixels(self, points: Points | NDArray[np.float64]) -> NDArray[np.float64]:
        """Metres → pixels of this sheet: (n, 2)."""
        at = np.asarray(points, float)
        return np.stack([(at[:, 0] - self.left) * self.px_per_m, (self.top - at[:, 1]) * self.px_per_m], axis=1)

    def mask(self, outline: Points | NDArray[np.float64]) -> Mask:
        return polygon_mask(self.paint.shape, self.pixels(outline))

    def lay(self, mask: Mask | Picture, colour: Colour | Picture, opacity: float = 1.0) -> None:
        """Cover with a colour, or with a picture of the sheet's size, where the mask (0 to 255) says so."""
        rows, columns = extent(mask)
        share = (mask[rows, columns].astype(np.float32) * (opacity / 255))[..., None]
        cover = np.asarray(colour, np.float32)
        cover = cover[rows, columns] if cover.ndim == 3 else cover
        part = self.paint[rows, columns]
        part *= 1 - share
        part[..., :3] += cover * share
        part[..., 3:] += share

    def fill(self, outline: Points | NDArray[np.float64], colour: Colour, opacity: float = 1.0) -> None:
        self.lay(self.mask(outline), colour, opacity)

    def stroke(
        self, points: Points | NDArray[np.float64], width_m: float, colour: Colour, opacity: float = 1.0
    ) -> None:
        """A line of `width_m` metres."""
        self.lay(line_mask(self.paint.shape, self.pixels(points), width_m * self.px_per_m), colour, opacity)

    def seam(self, points: Points | NDArray[np.float64], width_m: float = 0.008) -> None:
        """A gap between two panels: dark, with light on its lower lip."""
        at = np.asarray(points, float)
        self.stroke(at - (0, width_m * 1.1), width_m, (255, 255, 255), 0.22)
        self.stroke(at, width_m, (8, 8, 8), 0.75)

    def shade(self, mask: Mask | Picture, strength: float, soft_m: float) -> None:
        """Darken (or, below zero, lighten) softly around the mask, within what is painted."""
        sigma = max(0.6, soft_m * self.px_per_m)
        rows, columns = extent(mask, round(3 * sigma))
        soft = blur(mask[rows, columns].astype(np.float32), sigma) / 255
        part = self.paint[rows, columns]
        if strength >= 0:
            part[..., :3] *= (1 - strength * soft)[..., None]
        else:
            part[..., :3] += (part[..., 3] * soft * -strength * 255)[..., None]

    def panel(
        self,
        outline: Points | NDArray[np.float64],
        colour: Colour,
        *,
        edge_m: float = 0.08,
        tilt: float = 0.0,
        bulge: float = 0.35,
        gloss: float = 0.5,
        opacity: float = 1.0,
    ) -> Mask:
        """A painted, curved part: lit from above, with sky, horizon and ground mirrored in it.

        `edge_m` is how far its rounding reaches in, `tilt` its lean (1: faces the sky), `bulge` how much it curves from
        top to bottom, `gloss` 0 to 1. Returns its mask.
        """
        mask = self.mask(outline)
        rows, columns = extent(mask)
        part = mask[rows, columns]
        step = 2 if self.px_per_m > 150 else 1  # shading is smooth: half the pixels do on a fine sheet
        coarse = part if step == 1 else cv2.resize(part, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        up, front = _normals(coarse, max(1.5, edge_m * self.px_per_m / step), tilt, bulge)
        lit = _lit(up, front, colour, gloss)
        if step == 2:
            lit = cv2.resize(lit, (part.shape[1], part.shape[0]), interpolation=cv2.INTER_LINEAR)
        share = (part.astype(np.float32) * (opacity / 255))[..., None]
        under = self.paint[rows, columns]
        under *= 1 - share
        under[..., :3] += lit * share
        under[..., 3:] += share
        return mask


def _lit(up: Picture, front: Picture, colour: Colour, gloss: float) -> Picture:
    """Paint under an overcast-bright sky, and what its surface mirrors: sky, dark horizon, ground. (h, w, 3)."""
    diffuse = 0.58 + 0.30 * up + 0.16 * front
    mirrored = 2 * front * up
    sky = np.clip((mirrored - 0.10) / 0.22, 0, 1)
    ground = np.clip((-mirrored + 0.02) / 0.5, 0, 1) * (1 - sky)
    fresnel = gloss * (0.16 + 0.55 * (1 - front) ** 2)
    world = (_HORIZON + (_SKY - _HORIZON) * sky + (_GROUND - _HORIZON) * ground) * fresnel
    diffuse *= 1 - fresnel
    planes = [np.clip(shade * diffuse + cast * world, 0, 255) for shade, cast in zip(colour, _CAST, strict=True)]
    lit: Picture = cv2.merge(planes)
    return lit


def _normals(mask: Mask, edge: float, tilt: float, bulge: float) -> tuple[Picture, Picture]:
    """How much each pixel of an inflated outline faces up and towards the viewer: two (h, w), −1 to 1."""
    padded = cv2.copyMakeBorder(mask, 2, 2, 2, 2, cv2.BORDER_CONSTANT, value=0)
    inside = np.clip(cv2.distanceTransform((padded > 127).astype(np.uint8), cv2.DIST_L2, 5) / edge, 0, 1)
    height = blur((edge * np.sqrt(1 - (1 - inside) ** 2)).astype(np.float32), max(0.8, edge * 0.22))[2:-2, 2:-2]
    slope_x = cv2.Sobel(height, cv2.CV_32F, 1, 0, ksize=3) / 8
    slope_y = cv2.Sobel(height, cv2.CV_32F, 0, 1, ksize=3) / 8
    rows = np.linspace(1, -1, mask.shape[0], dtype=np.float32)[:, None]
    up = slope_y + tilt + bulge * rows
    length = np.sqrt(slope_x**2 + up**2 + 1)
    return (up / length).astype(np.float32), (1 / length).astype(np.float32)
