"""The conditions of a labelled plate, as classes: its width, its brightness and contrast, the light of the scene.

Here: figures of the picture as stored, in 8-bit gray. Not here: anything a recogniser says.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from PIL import Image

from benchmarks.recognition.sets import Labelled

WIDTHS_PX = (70, 100, 150)
BRIGHTNESS = (90, 150)  # mean gray of the plate
CONTRAST = (30, 50)  # standard deviation of the plate's gray values
NIGHT = 60  # median gray of the whole scene, below


def conditions(labelled: Labelled) -> dict[str, str]:
    """Class by condition; a close-up has no scene, and so no light."""
    with Image.open(labelled.path) as image:
        scene = np.asarray(image.convert("L"), np.float64)
    box = labelled.box
    plate = scene
    if box is not None:
        x, y = max(round(box[0]), 0), max(round(box[1]), 0)
        plate = scene[y : round(box[1] + box[3]), x : round(box[0] + box[2])]
    classes = {
        "plate width, px": step(plate.shape[1], WIDTHS_PX),
        "plate brightness": step(float(plate.mean()), BRIGHTNESS),
        "plate contrast": step(float(plate.std()), CONTRAST),
    }
    if box is not None:
        classes["light"] = "night" if float(np.median(scene)) < NIGHT else "day"
    return classes


def step(value: float, limits: tuple[int, ...]) -> str:
    """The class of a value: `< 70`, `70–100` (its end excluded), …, `≥ 150`."""
    if value < limits[0]:
        return f"< {limits[0]}"
    return next((f"{low}–{high}" for low, high in pairwise(limits) if value < high), f"≥ {limits[-1]}")


def order(names: set[str]) -> list[str]:
    """Classes of one condition, the smallest first."""
    return sorted(names, key=lambda name: (not name.startswith("<"), name.startswith("≥"), _number(name), name))


def _number(name: str) -> int:
    digits = name.split("–", maxsplit=1)[0].strip("<≥ ")
    return int(digits) if digits.isdigit() else 0
