"""The stage: a camera, and flat sheets put into its picture in perspective.

The world is metres: x to the right of the camera, y ahead of it, z above the road. A stage holds, for each pixel, the
colour in daylight, light given off, light thrown back by plates, and the distance ahead.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from alpr_assets.sample import flanks
from alpr_assets.sample.cabins import upper_rear
from alpr_assets.sample.cars import Car
from alpr_assets.sample.painting import Picture, blur, extent, polygon_mask
from alpr_assets.sample.plates import SHEET_HEIGHT_M, SHEET_WIDTH_M
from alpr_assets.sample.rears import lower_rear

WIDTH, HEIGHT = 1280, 720
_FINEST = 330.0  # pixels a metre of a sheet


@dataclass(frozen=True, slots=True)
class Camera:
    """A pinhole: focal length in pixels, height above the road in metres, the horizon's row in pixels."""

    focal: float
    height: float
    horizon: float

    def see(self, points: ArrayLike) -> NDArray[np.float64]:
        """World points (n, 3) → pixels (n, 2)."""
        at = np.asarray(points, float)
        ahead = np.maximum(at[:, 1], 0.3)
        return np.stack([WIDTH / 2 + self.focal * at[:, 0] / ahead, self.horizon + self.focal * (self.height - at[:, 2]) / ahead], axis=1)  # fmt: skip


class Stage:
    """One picture in the making."""

    def __init__(self, camera: Camera) -> None:
        self.camera = camera
        self.frame: Picture = np.zeros((HEIGHT, WIDTH, 3), np.float32)
        self.glow: Picture = np.zeros((HEIGHT, WIDTH, 3), np.float32)
        self.retro: Picture = np.zeros((HEIGHT, WIDTH, 3), np.float32)
        self._has_plates = False
        self.distance: Picture = np.full((HEIGHT, WIDTH), 1000.0, np.float32)

    def hang(self, paint: Picture, corners: ArrayLike, *, glow: Picture | None = None, retro: bool = False) -> None:
        """Put a premultiplied sheet into the picture, its corners (4, 3) in the world from the top left clockwise."""
        world = np.asarray(corners, float)
        quad = self.camera.see(world)
        left, top = np.maximum(np.floor(quad.min(axis=0)).astype(int) - 1, 0)
        right, bottom = np.minimum(np.ceil(quad.max(axis=0)).astype(int) + 2, (WIDTH, HEIGHT))
        if right - left < 2 or bottom - top < 2:
            return
        source = np.array([(0, 0), (paint.shape[1], 0), (paint.shape[1], paint.shape[0]), (0, paint.shape[0])]) - 0.5
        across = cv2.getPerspectiveTransform(source.astype(np.float32), (quad - (left, top) - 0.5).astype(np.float32))
        size = (int(right - left), int(bottom - top))
        warped = cv2.warpPerspective(paint, across, size, flags=cv2.INTER_LINEAR)
        area = (slice(top, bottom), slice(left, right))
        clear = 1 - warped[..., 3:]
        for layer in (self.frame, self.glow, self.retro) if self._has_plates else (self.frame, self.glow):
            layer[area] *= clear
        self.frame[area] += warped[..., :3]
        self.distance[area] = np.where(warped[..., 3] > 0.5, np.float32(world[:, 1].mean()), self.distance[area])
        if retro:
            self._has_plates = True
            self.retro[area] += warped[..., :3]
        if glow is not None and glow.any():
            self.glow[area] += cv2.warpPerspective(glow, across, size, flags=cv2.INTER_LINEAR)


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a car stands: its tail's middle in metres, and its turn to the right of ours in degrees."""

    x: float
    y: float
    yaw_deg: float = 0.0

    def world(self, points: ArrayLike) -> NDArray[np.float64]:
        """Points of the car (x across, y from the tail, z up) → world."""
        at = np.asarray(points, float)
        turn = np.radians(self.yaw_deg)
        cos, sin = np.cos(turn), np.sin(turn)
        return np.stack([self.x + at[:, 0] * cos + at[:, 1] * sin, self.y - at[:, 0] * sin + at[:, 1] * cos, at[:, 2]], axis=1)  # fmt: skip


def place_car(stage: Stage, car: Car, spot: Spot, plate: Picture | None, *, shade: float = 0.75) -> float:
    """Draw a car, its shadow and its plate (a sheet of `plates`). Returns the plate's width in pixels, 0 without one."""
    kind = car.measures
    scale = min(_FINEST, stage.camera.focal / max(spot.y, 1.0))
    _shadow(stage, kind.half, kind.length, spot, shade)
    for side in (1, -1):
        if _shows_flank(spot, side):
            _hang_flank(stage, car, spot, side, scale)
    if stage.camera.height > kind.belt and kind.deck > 0.1:
        lid = flanks.top(car.colour, kind.half * 1.8, kind.deck, 60)
        if car.kind == "pickup":
            lid.fill(_bed(kind.half * 0.76, kind.deck), (26, 26, 26))
        stage.hang(lid.paint, spot.world(_flat(kind.half * 0.9, 0.0, kind.deck, kind.belt)))
    if stage.camera.height > kind.roof:
        back = kind.deck + kind.rake
        long = 1.0 if car.kind in ("sedan", "pickup") else 1.5
        roof = flanks.top(car.colour, kind.roof_half * 2, long, 60)
        stage.hang(roof.paint, spot.world(_flat(kind.roof_half * 0.97, back - 0.06, back + long, kind.roof)))
    upper = upper_rear(car, scale)
    x = upper.right
    lean = kind.rake / (kind.roof - kind.belt)
    foot, head = kind.deck, kind.deck + lean * (upper.top - upper.bottom)
    stage.hang(upper.paint, spot.world([(-x, head, upper.top), (x, head, upper.top), (x, foot, upper.bottom), (-x, foot, upper.bottom)]), glow=upper.glow)  # fmt: skip
    lower = lower_rear(car, scale)
    x = lower.right
    stage.hang(lower.paint, spot.world([(-x, 0, lower.top), (x, 0, lower.top), (x, 0, 0), (-x, 0, 0)]), glow=lower.glow)
    return _hang_plate(stage, spot, kind.plate_z, plate) if plate is not None else 0.0


def _bed(half: float, deck: float) -> list[tuple[float, float]]:
    """The inside of a load bed, between its rails."""
    return [(-half, 0.03), (half, 0.03), (half, deck), (-half, deck)]


def _flat(half: float, back: float, front: float, z: float) -> list[tuple[float, float, float]]:
    return [(-half, front, z), (half, front, z), (half, back, z), (-half, back, z)]


def _shows_flank(spot: Spot, side: int) -> bool:
    """Whether the camera stands outside the plane of that flank (side 1: the right one)."""
    turn = np.radians(spot.yaw_deg)
    outwards = np.array((np.cos(turn), -np.sin(turn))) * side
    return bool(np.dot((-spot.x, -spot.y), outwards) > 0.3 * abs(np.cos(turn)) + 0.6)


def _hang_flank(stage: Stage, car: Car, spot: Spot, side: int, scale: float) -> None:
    kind = car.measures
    lower = flanks.lower_flank(car, min(scale, 150))
    x = side * kind.half * 0.985
    stage.hang(lower.paint, spot.world([(x, 0, lower.top), (x, lower.right, lower.top), (x, lower.right, 0), (x, 0, 0)]), glow=lower.glow)  # fmt: skip
    upper = flanks.upper_flank(car, min(scale, 150))
    foot, head = side * kind.half * 0.93, side * kind.roof_half
    stage.hang(upper.paint, spot.world([(head, upper.left, upper.top), (head, upper.right, upper.top), (foot, upper.right, upper.bottom), (foot, upper.left, upper.bottom)]))  # fmt: skip


def _shadow(stage: Stage, half: float, long: float, spot: Spot, shade: float) -> None:
    """Dark road under the car, soft at its edges and darkest between the wheels."""
    for margin, strength, soft in ((0.35, 0.45, 0.22), (0.02, 0.75, 0.06)):
        ground = _flat(half + margin, -0.12 - margin * 0.5, long, 0.0)
        mask = polygon_mask(stage.frame.shape, stage.camera.see(spot.world(ground)))
        sigma = max(1.5, soft * stage.camera.focal / spot.y)
        area = extent(mask, round(3 * sigma))
        stage.frame[area] *= (1 - blur(mask[area].astype(np.float32), sigma) * (strength * shade / 255))[..., None]


def _hang_plate(stage: Stage, spot: Spot, z: float, plate: Picture) -> float:
    half_width, half_height = SHEET_WIDTH_M / 2, SHEET_HEIGHT_M / 2
    corners = spot.world([(-half_width, -0.012, z + half_height), (half_width, -0.012, z + half_height), (half_width, -0.012, z - half_height), (-half_width, -0.012, z - half_height)])  # fmt: skip
    seen = stage.camera.see(corners)
    width = float(np.hypot(*(seen[1] - seen[0])))
    reduced = (round(width * 1.2), round(width * 1.2 * plate.shape[0] / plate.shape[1]))
    if reduced[0] < plate.shape[1]:
        plate = cv2.resize(plate, reduced, interpolation=cv2.INTER_AREA)
    stage.hang(plate, corners, retro=True)
    return width
