"""What the camera adds: motion blur, drops on the glass, grain, vignette, and the burnt-in line of text."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from alpr_assets.sample import lettering
from alpr_assets.sample.painting import Picture, blur, noise, stamp, tint
from alpr_assets.sample.staging import HEIGHT, WIDTH


def smear(picture: Picture, long_px: float, angle_deg: float) -> Picture:
    """Motion blur along a direction."""
    size = max(3, round(long_px) | 1)
    kernel = np.zeros((size, size), np.float32)
    middle, reach = size // 2, size / 2
    dx, dy = np.cos(np.radians(angle_deg)) * reach, np.sin(np.radians(angle_deg)) * reach
    cv2.line(
        kernel, (round(middle - dx), round(middle - dy)), (round(middle + dx), round(middle + dy)), 1.0, 1, cv2.LINE_AA
    )
    smeared: Picture = cv2.filter2D(picture, -1, kernel / kernel.sum())
    return smeared


def wet_glass(picture: Picture, rng: np.random.Generator, n_drops: int) -> Picture:
    """Drops on the glass: small upside-down blurred worlds with a bright lower rim."""
    upside = blur(np.ascontiguousarray(picture[::-1]), 10)
    wet = picture.copy()
    for _ in range(n_drops):
        x, y, radius = int(rng.uniform(0, WIDTH)), int(rng.uniform(0, HEIGHT)), int(rng.uniform(4, 17))
        mask = np.zeros((HEIGHT, WIDTH), np.uint8)
        cv2.ellipse(mask, (x, y), (radius, int(radius * 1.15)), 0, 0, 360, 255, -1, cv2.LINE_AA)
        tint(wet, cv2.GaussianBlur(mask, (0, 0), 1.2), upside, 0.8)
        rim = np.zeros((HEIGHT, WIDTH), np.uint8)
        cv2.ellipse(rim, (x, y), (radius, int(radius * 1.15)), 0, 20, 160, 255, 1, cv2.LINE_AA)
        tint(wet, rim, (225, 225, 225), 0.5)
    return wet


def expose(picture: Picture, rng: np.random.Generator, grain: float) -> NDArray[np.uint8]:
    """Vignette, a little sharpening, sensor grain (grey levels), eight bits."""
    rows, columns = np.ogrid[-1 : 1 : HEIGHT * 1j, -1 : 1 : WIDTH * 1j]
    picture = picture * (1 - 0.16 * (rows**2 + columns**2) / 2)[..., None].astype(np.float32)
    picture = picture + (picture - blur(picture, 1.5)) * np.float32(0.35)
    picture = picture + noise(rng, (HEIGHT, WIDTH), 1.0)[..., None] * np.float32(grain)
    return np.clip(picture, 0, 255).astype(np.uint8)


def burn_in(picture: Picture, text: str) -> None:
    """Time and device along the lower edge, white on a dark outline."""
    mask = lettering.text_mask(text, 17, face=lettering.MONO, squeeze=0.9)
    outline = cv2.dilate(cv2.copyMakeBorder(mask, 2, 2, 2, 2, cv2.BORDER_CONSTANT, value=0), np.ones((3, 3), np.uint8))
    stamp(picture, outline, 16, HEIGHT - 36, (12, 12, 12), opacity=0.85)
    stamp(picture, mask, 18, HEIGHT - 34, (240, 240, 240))
