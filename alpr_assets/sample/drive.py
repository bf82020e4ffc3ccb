"""The sample drive: an hour of a patrol car's front camera and of one fixed camera, drawn from a seed.

Here: what is taken when, and the files. Not here: manifests (`lifecycle.captures`), how a scene looks (`scenes`).
Invariant: the same seed, count and start give the same bytes; no picture, plate or person in it is real.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import cv2
import numpy as np

from alpr_assets.sample import route, scenes
from alpr_assets.sample.captures import SampleCapture, write_truth
from alpr_assets.sample.hotlists import write_hotlists
from alpr_assets.sample.states import Serial, draw_serial, draw_state

__all__ = ["FIXED", "MOBILE", "SampleCapture", "draw_drive", "write_hotlists", "write_truth"]

MOBILE, FIXED = "unit-12-front", "cam-somersville-1"
LASTING = timedelta(minutes=60)

_QUALITY = 88
_LOCAL = ZoneInfo("America/Los_Angeles")
_BETWEEN_FRAMES = timedelta(milliseconds=320)

# Along the hour daylight goes: what the patrol car meets in each part, in turn. Two and none are numbers of plates.
_PARTS: tuple[tuple[float, tuple[tuple[str, str, int], ...]], ...] = (
    (0.34, (("day", "day", 1), ("day", "day", 2), ("angle", "day", 1), ("day", "day", 1), ("blur", "day", 1), ("day", "day", 1), ("day", "day", 0))),
    (0.46, (("rain", "rain", 1),)),
    (0.64, (("dusk", "dusk", 1), ("dusk", "dusk", 2), ("angle", "dusk", 1), ("dusk", "dusk", 1), ("dusk", "dusk", 0))),
    (0.82, (("night", "night", 1), ("night", "night", 1), ("night", "night", 2), ("blur", "night", 1))),
    (1.01, (("infrared", "infrared", 1), ("night", "night", 1), ("infrared", "infrared", 2), ("infrared", "infrared", 1))),
)  # fmt: skip
_FIXED_LIGHT = ((0.42, "day"), (0.64, "dusk"), (1.01, "infrared"))


@dataclass(frozen=True, slots=True)
class _Shot:
    """One picture to be drawn."""

    fix: route.Fix
    device_id: str
    device_kind: Literal["fixed", "mobile"]
    scene: scenes.Scene


def draw_drive(
    folder: Path,
    *,
    seed: int,
    n_captures: int,
    started_at: datetime,
    progress: Callable[[int, int], None] | None = None,
) -> list[SampleCapture]:
    """Draw the drive's pictures as JPEG files into `folder` (made where missing).

    Parameters
    ----------
    seed, n_captures : same seed, same files; about a fifth of the captures come from the fixed camera
    started_at : aware instant of the first capture; the others follow within an hour
    progress : called with pictures drawn and pictures in all

    Returns
    -------
    one record a picture, by time
    """
    folder.mkdir(parents=True, exist_ok=True)
    captures = []
    for done, shot in enumerate(_plan(seed, n_captures, started_at), start=1):
        captures.append(_take(folder, shot))
        if progress:
            progress(done, n_captures)
    return captures


def _plan(seed: int, n_captures: int, started_at: datetime) -> list[_Shot]:
    """Every shot of the hour, by time; plates are drawn without repetition."""
    if started_at.tzinfo is None:
        raise ValueError("started_at must be aware")
    rng = np.random.default_rng(seed)
    used: set[str] = set()
    passes = _pass_sizes(n_captures)
    mobile = _mobile(rng, used, started_at, n_captures - sum(passes))
    return sorted((*mobile, *_fixed(rng, used, started_at, passes)), key=lambda shot: (shot.fix.at, shot.device_id))


def _pass_sizes(n_captures: int) -> list[int]:
    """Frames of each pass of the fixed camera: 3 and 2 in turn, a fifth of all captures."""
    sizes: list[int] = []
    while (left := n_captures // 5 - sum(sizes)) >= 2:
        sizes.append(3 if left == 3 or (left > 4 and len(sizes) % 2 == 0) else 2)
    return sizes


def _new_serial(rng: np.random.Generator, used: set[str], state: str | None = None) -> Serial:
    while (serial := draw_serial(rng, state or draw_state(rng))).plate in used:
        pass
    used.add(serial.plate)
    return serial


def _mobile(rng: np.random.Generator, used: set[str], started_at: datetime, n_shots: int) -> list[_Shot]:
    shots = []
    turns = [0] * len(_PARTS)
    for number, fix in enumerate(route.drive(rng, started_at, n_shots, LASTING)):
        part = next(i for i, (end, _) in enumerate(_PARTS) if number / max(n_shots - 1, 1) < end)
        condition, light, n_plates = _PARTS[part][1][turns[part] % len(_PARTS[part][1])]
        turns[part] += 1
        scene = scenes.follow(rng, condition, light, [_new_serial(rng, used) for _ in range(n_plates)])
        if number % 4 == 2:
            scene = replace(scene, caption=_caption(fix, MOBILE))
        shots.append(_Shot(fix, MOBILE, "mobile", scene))
    return shots


def _fixed(rng: np.random.Generator, used: set[str], started_at: datetime, passes: list[int]) -> list[_Shot]:
    shots = []
    street_seed = int(rng.integers(1 << 31))
    for number, n_frames in enumerate(passes):
        share = (number + float(rng.uniform(0.35, 0.65))) / len(passes)
        light = next(light for end, light in _FIXED_LIGHT if share < end)
        first = started_at + timedelta(milliseconds=round(share * LASTING.total_seconds() * 1000))
        for step, scene in enumerate(scenes.watch(rng, light, _new_serial(rng, used, "CA"), street_seed, n_frames)):
            fix = route.Fix(first + step * _BETWEEN_FRAMES, *route.FIXED_PLACE, route.FIXED_HEADING_DEG)
            shots.append(_Shot(fix, FIXED, "fixed", replace(scene, caption=_caption(fix, FIXED))))
    return shots


def _caption(fix: route.Fix, device_id: str) -> str:
    return f"{fix.at.astimezone(_LOCAL):%Y-%m-%d %H:%M:%S}  {device_id}"


def _take(folder: Path, shot: _Shot) -> SampleCapture:
    """Draw one picture, write its file, and say what it shows."""
    at = shot.fix.at
    file = f"{at:%Y%m%dT%H%M%S}{at.microsecond // 1000:03d}Z_{shot.device_id}.jpg"
    _, encoded = cv2.imencode(".jpg", scenes.render(shot.scene), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    (folder / file).write_bytes(encoded.tobytes())
    seen = sorted(
        (vehicle.spot.x / vehicle.spot.y, vehicle.serial) for vehicle in shot.scene.vehicles if vehicle.serial
    )
    return SampleCapture(
        file=file,
        captured_at=at,
        latitude=shot.fix.latitude,
        longitude=shot.fix.longitude,
        heading_deg=shot.fix.heading_deg,
        device_id=shot.device_id,
        device_kind=shot.device_kind,
        plates=tuple((serial.plate, serial.state) for _, serial in seen),
        condition=shot.scene.condition,
    )
