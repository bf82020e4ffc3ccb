"""One street scene: which cars stand where, in which light, and the picture of it.

Here: composing and rendering. Not here: when and where it was taken (`drive`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alpr_assets.sample import lens, plates, streets
from alpr_assets.sample.cars import Car, draw_car
from alpr_assets.sample.light import relight
from alpr_assets.sample.staging import WIDTH, Camera, Spot, Stage, place_car
from alpr_assets.sample.states import Serial

CONDITIONS = ("day", "dusk", "night", "infrared", "rain", "blur", "angle")
HARD = ("rain", "blur", "angle")  # conditions in which a plate may well not be readable
_PLATE_M = 0.3048
_FARTHEST_PX = 540  # of a plate's middle from the picture's


@dataclass(frozen=True, slots=True)
class Vehicle:
    """A car in its place; `serial` is None where no plate can be seen, `look_seed` its plate's stickers, frame, dirt."""

    car: Car
    spot: Spot
    serial: Serial | None
    look_seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    condition: str
    light: str
    camera: Camera
    vehicles: tuple[Vehicle, ...]
    street_seed: int
    seed: int
    caption: str | None = None


def follow(rng: np.random.Generator, condition: str, light: str, serials: Sequence[Serial]) -> Scene:
    """What a patrol car's front camera sees: none, one or two plates ahead, other cars further off.

    The plate's width in the picture is drawn first, and the camera and the distance follow from it.
    """
    width_px = {0: 100.0, 1: float(rng.uniform(*_widths(condition))), 2: float(rng.uniform(92, 104))}[len(serials)]
    focal = float(rng.uniform(1350, 2100))
    away = focal * _PLATE_M / width_px
    lamps = "off" if light in ("day", "rain") and rng.random() < 0.6 else str(rng.choice(["tail", "tail", "brake"]))
    cars = [draw_car(rng).with_lamps(lamps) for _ in serials]
    height = float(rng.uniform(1.35, 1.7))
    plate_z = cars[0].measures.plate_z if cars else 0.8
    row = float(rng.uniform(430, 560))
    camera = Camera(focal, height, row - focal * (height - plate_z) / away if cars else float(rng.uniform(220, 330)))
    if len(serials) == 2:
        left, gap = float(rng.uniform(-1.35, -1.15)), float(rng.uniform(3.15, 3.3))
        edge = (
            (left + gap) * focal / (_FARTHEST_PX * away)
        )  # no nearer, or its plate would be cut by the picture's edge
        spots = [Spot(left, away), Spot(left + gap, away * max(edge, float(rng.uniform(1.08, 1.3))))]
        if rng.random() < 0.5:
            spots = [Spot(-spot.x, spot.y) for spot in spots]
    else:
        yaw = (
            float(rng.normal(0, 3)) if condition != "angle" else float(rng.choice([-1, 1])) * float(rng.uniform(28, 44))
        )
        column = (
            float(rng.uniform(440, 840)) if condition != "angle" else 640 - np.sign(yaw) * float(rng.uniform(0, 220))
        )
        spots = [Spot((column - WIDTH / 2) * away / focal, away, yaw)] * len(serials)
    near = [Vehicle(car, spot, serial, _seed(rng)) for car, spot, serial in zip(cars, spots, serials, strict=False)]
    others = _others(rng, lamps, [*spots[: len(serials)]])
    vehicles = tuple(sorted((*near, *others), key=lambda vehicle: -vehicle.spot.y))
    return Scene(
        condition=condition, light=light, camera=camera, vehicles=vehicles, street_seed=_seed(rng), seed=_seed(rng)
    )


def _widths(condition: str) -> tuple[float, float]:
    return {"rain": (105, 150), "blur": (100, 150), "angle": (120, 185)}.get(condition, (108, 205))


def _seed(rng: np.random.Generator) -> int:
    return int(rng.integers(1 << 31))


def _others(rng: np.random.Generator, lamps: str, taken: list[Spot]) -> list[Vehicle]:
    """Cars further ahead in the lanes and parked at the kerb, too far for a plate; or a van close by without one."""
    nearest = max([spot.y for spot in taken], default=6.0)
    spots = [
        Spot(float(rng.normal(lane, 0.15)), nearest + gap + float(rng.uniform(0, 9)))
        for lane, gap in ((-3.5, 9), (0.1, 22), (3.5, 12), (4.4, 24), (-4.4, 34))
        if rng.random() < 0.55
    ]
    others = [Vehicle(draw_car(rng).with_lamps(lamps), spot, None, 0) for spot in spots]
    if not taken:
        close = Spot(float(rng.uniform(-1.6, 1.6)), float(rng.uniform(6.5, 9)))
        if rng.random() < 0.6:
            others.append(Vehicle(draw_car(rng, kinds=("van",)).with_lamps(lamps), close, None, 0))
    return others


def watch(rng: np.random.Generator, light: str, serial: Serial, street_seed: int, n_frames: int) -> list[Scene]:
    """What a fixed camera on a pole sees of one passing vehicle: `n_frames` scenes, the same street in each."""
    camera = Camera(5200.0, 4.2, -870.0)
    car = draw_car(rng, kinds=("sedan", "hatch", "suv", "pickup")).with_lamps("off" if light == "day" else "tail")
    raised = (car.measures.plate_z - 0.8) * 3.0  # keeps low-set and high-set plates in the picture
    x, start, look_seed = float(rng.uniform(-0.45, 0.45)), 12.0 + float(rng.uniform(0, 0.3)) - raised, _seed(rng)
    yaw = float(rng.normal(0, 1.5))
    return [
        Scene(
            condition=light,
            light=light,
            camera=camera,
            vehicles=(Vehicle(car, Spot(x + 0.05 * step, start + 1.25 * step, yaw), serial, look_seed),),
            street_seed=street_seed,
            seed=_seed(rng),
        )
        for step in range(n_frames)
    ]


def render(scene: Scene) -> NDArray[np.uint8]:
    """The picture: (720, 1280, 3), blue-green-red."""
    rng = np.random.default_rng(scene.seed)
    stage = Stage(scene.camera)
    sky = {"rain": "grey", "infrared": "night"}.get(scene.light, scene.light)
    streets.draw_street(stage, np.random.default_rng(scene.street_seed), sky)
    for vehicle in scene.vehicles:
        plate = None
        if vehicle.serial is not None:
            look_rng = np.random.default_rng(vehicle.look_seed)
            plate = plates.draw_plate(look_rng, vehicle.serial, plates.draw_look(look_rng))
        place_car(stage, vehicle.car, vehicle.spot, plate, shade=0.75 if scene.light == "day" else 0.5)
    picture = relight(stage, scene.light, rng)
    if scene.condition == "rain":
        picture = lens.wet_glass(picture, rng, 26)
    if scene.condition == "blur":
        picture = lens.smear(picture, float(rng.uniform(7, 13)), float(rng.normal(0, 12)))
    if scene.caption:
        lens.burn_in(picture, scene.caption)
    return lens.expose(picture, rng, {"night": 4.5, "infrared": 4.0, "dusk": 3.2}.get(scene.light, 2.0))
