"""The light of the hour: from a stage to what the camera's sensor gets.

Day, dusk, rain, headlights at night with plates that throw light back, and an infrared lamp. Not here: lens and camera
faults, time stamps (`lens`).
"""

from __future__ import annotations

import cv2
import numpy as np

from alpr_assets.sample.painting import Picture, blur, noise
from alpr_assets.sample.staging import HEIGHT, WIDTH, Stage


def relight(stage: Stage, light: str, rng: np.random.Generator) -> Picture:
    """The exposed picture: (720, 1280, 3), 0 to 255. `light` is day, rain, dusk, night or infrared."""
    exposed = {"day": _day, "rain": _rain, "dusk": _dusk, "night": _night, "infrared": _infrared}[light](stage, rng)
    picture: Picture = np.clip(exposed, 0, 255).astype(np.float32)
    return picture


def _bloom(glow: Picture, strength: float) -> Picture:
    """Light sources with the halo they throw in the lens."""
    halo = blur(glow, 9) * np.float32(0.55) + blur(glow, 38) * np.float32(0.6)
    bloomed = glow + halo * np.float32(strength)
    return bloomed.astype(np.float32, copy=False)


def _lamp(stage: Stage, middle: tuple[float, float], spread: tuple[float, float], reach_m: float) -> Picture:
    """How much of a lamp on the camera's car falls on each pixel: (h, w, 1), 0 to about 1."""
    across = np.exp(-(((np.arange(WIDTH, dtype=np.float32) - middle[0]) / spread[0]) ** 2))
    down = np.exp(-(((np.arange(HEIGHT, dtype=np.float32) - middle[1]) / spread[1]) ** 2))
    fall = down[:, None] * across[None, :] / (1 + (stage.distance / reach_m) ** 2)
    return np.asarray(fall, np.float32)[..., None]


def _grey(picture: Picture) -> Picture:
    grey: Picture = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    return grey[..., None]


def _day(stage: Stage, rng: np.random.Generator) -> Picture:
    warm = np.array((0.97, 1.0, 1.03), np.float32) * np.float32(rng.uniform(0.98, 1.06))
    bright = cv2.pow(stage.frame / np.float32(255), float(rng.uniform(0.82, 0.98))) * np.float32(255)
    seen: Picture = bright * warm + stage.glow * np.float32(0.22)
    return seen


def _rain(stage: Stage, rng: np.random.Generator) -> Picture:
    """Grey, hazy with distance, a wet road that mirrors what stands on it, streaks of falling drops."""
    grey = _grey(stage.frame)
    flat = grey + (stage.frame - grey) * np.float32(0.62)
    haze = np.clip(stage.distance / 90, 0, 0.55)[..., None]
    flat = flat * (1 - haze) + np.float32(176) * haze
    mirrored = blur(np.ascontiguousarray(flat[::-1]), 14)
    low = np.clip((np.arange(HEIGHT, dtype=np.float32) - HEIGHT * 0.62) / (HEIGHT * 0.38), 0, 1)[:, None, None]
    near_road = (stage.distance < 60)[..., None] & (grey < 150)
    flat = flat * (1 - 0.22 * low * near_road) + mirrored * 0.22 * low * near_road
    streaks = np.zeros((HEIGHT, WIDTH), np.float32)
    slant = float(rng.normal(0, 0.12))
    for _ in range(420):
        x, y, long = float(rng.uniform(0, WIDTH)), float(rng.uniform(-40, HEIGHT)), float(rng.uniform(10, 38))
        cv2.line(
            streaks,
            (int(x), int(y)),
            (int(x + slant * long), int(y + long)),
            float(rng.uniform(10, 34)),
            1,
            cv2.LINE_AA,
        )
    return flat * np.float32(0.84) + blur(streaks, 0.7)[..., None] + _bloom(stage.glow, 0.5) * np.float32(0.6)


def _dusk(stage: Stage, rng: np.random.Generator) -> Picture:
    depth = float(rng.uniform(0.0, 1.0))
    tint = np.array((0.80, 0.69, 0.71), np.float32) * np.float32(1.1 - 0.3 * depth)
    lamp = _lamp(stage, (WIDTH / 2, 440), (620, 300), 16) * np.array((0.16, 0.20, 0.22), np.float32)
    seen: Picture = (
        stage.frame * (tint + lamp) + _bloom(stage.glow, 0.6) * np.float32(0.8) + stage.retro * np.float32(0.22)
    )
    return seen


def _night(stage: Stage, rng: np.random.Generator) -> Picture:
    """Our headlights on what is near; plates throw them straight back."""
    ambient = np.array((0.075, 0.06, 0.055), np.float32)
    beam = _lamp(stage, (WIDTH / 2 - 150, 470), (420, 240), 13) + _lamp(stage, (WIDTH / 2 + 190, 460), (440, 240), 13)
    lit = stage.frame * (ambient + beam * np.array((0.50, 0.57, 0.60), np.float32))
    back = stage.retro * np.float32(rng.uniform(0.55, 0.78))
    halo = blur(stage.retro, 12) * np.float32(0.10)
    seen: Picture = lit + back + halo + _bloom(stage.glow, 1.0)
    return seen


def _infrared(stage: Stage, rng: np.random.Generator) -> Picture:
    """One grey channel: an 850 nm lamp beside the lens, short exposure, plates far brighter than their surroundings."""
    lamp = _lamp(stage, (WIDTH / 2, 420), (540, 330), 15)
    grey = _grey(stage.frame) * (0.055 + 0.62 * lamp) + _grey(stage.glow) * np.float32(0.22)
    plate = _grey(stage.retro)
    seen = grey + plate * np.float32(rng.uniform(0.78, 0.98)) + blur(plate, 10)[..., None] * np.float32(0.08)
    seen = seen + noise(rng, (HEIGHT, WIDTH), 1.6)[..., None] * np.float32(2.5)
    same: Picture = np.repeat(seen, 3, axis=2)
    return same
