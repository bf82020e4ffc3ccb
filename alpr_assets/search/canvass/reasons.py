"""Why a vehicle ranks where it does, in sentences for a person. They hold no plate.

Here: the words. Not here: the figures they stand for (`weighing`, `habits`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from alpr_assets.search.canvass.scenes import Ratios, Scene

MANY: Final = 0.01


def of(
    at: Sequence[tuple[Scene, Ratios, Mapping[str, Any]]], number: int, n_incidents: int, explained: float
) -> list[str]:
    """The reasons of one vehicle.

    Parameters
    ----------
    at : the incidents at which it was seen: scene, its ratios, what the scene told of it
    number : of the vehicle in the ratios
    """
    said = [f"seen at {len(at)} of {n_incidents} incidents"] if n_incidents > 1 else []
    for scene, ratios, passer in at:
        said.append(f"{scene.incident.name}: {_where(passer)}; {_habit(scene, ratios, number)}")
        if ratios.possible[number]:
            said.append(f"{scene.incident.name}: only possible, since what was read there is one misread away")
        if ratios.misread[number] > MANY:
            said.append(f"{scene.incident.name}: may be a misread of a vehicle that passes here anyway")
    if explained < 1:
        said.append(f"fits the partial plate with a probability of {explained:.1%}")
    return said


def _where(read: Mapping[str, Any]) -> str:
    place = "inside the area" if np.isnan(read["distance_m"]) else f"{read['distance_m']:.0f} m away"
    if np.isnan(read["offset_s"]):
        return place
    minutes = abs(read["offset_s"]) / 60
    return f"{place}, {minutes:.0f} min {'before' if read['offset_s'] < 0 else 'after'}"


def _habit(scene: Scene, ratios: Ratios, number: int) -> str:
    weeks = scene.habits.weeks
    if not weeks:
        return "nothing else was read here at such hours"
    n_weeks = int(ratios.weeks_here[number])
    return (
        f"here at such hours in {n_weeks} of {weeks} other weeks"
        if n_weeks
        else f"never here at such hours in {weeks} other weeks"
    )
