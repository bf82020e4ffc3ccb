"""Streets drawn by the repository's own sample, with where their plates are: no frame of a real camera is copied."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from alpr_assets.sample import scenes
from alpr_assets.sample.plates import SHEET_HEIGHT_M, SHEET_WIDTH_M, PlateLook, draw_plate
from alpr_assets.sample.states import Serial

MODELS = Path(__file__).parents[3] / "models"
CLEAN = PlateLook(wear=0.0, frame_words=None, frame_chrome=False, has_stickers=True)


@dataclass(frozen=True, eq=False)
class Street:
    """1280 × 720, blue-green-red; each plate's corners (4, 2) clockwise from the upper left, by its serial."""

    pixels: np.ndarray
    quads: dict[str, np.ndarray]

    @property
    def jpeg(self) -> bytes:
        return jpeg(self.pixels)


@lru_cache
def street(seed: int, *plates: str, condition: str = "day", light: str | None = None) -> Street:
    """What a patrol car sees; each plate is "CA 7ABC123"."""
    serials = [Serial(*plate.split(" ", 1)) for plate in plates]
    scene = scenes.follow(np.random.default_rng(seed), condition, light or condition, serials)
    quads = {v.serial.plate: _corners(scene.camera, v) for v in scene.vehicles if v.serial}
    return Street(scenes.render(scene), quads)


def _corners(camera, vehicle) -> np.ndarray:
    x, y, z = SHEET_WIDTH_M / 2, SHEET_HEIGHT_M / 2, vehicle.car.measures.plate_z
    world = [(-x, 0.0, z + y), (x, 0.0, z + y), (x, 0.0, z - y), (-x, 0.0, z - y)]
    return camera.see(vehicle.spot.world(world)).astype(np.float32)


def close_up(plate: str, width: int = 400) -> np.ndarray:
    """One plate filling the picture, frame and all."""
    sheet = draw_plate(np.random.default_rng(1), Serial(*plate.split(" ", 1)), CLEAN)
    pixels = np.clip(sheet[..., :3] + 90 * (1 - sheet[..., 3:]), 0, 255).astype(np.uint8)
    return cv2.resize(pixels, (width, width * pixels.shape[0] // pixels.shape[1]), interpolation=cv2.INTER_AREA)


def jpeg(pixels: np.ndarray, quality: int = 90) -> bytes:
    return cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
