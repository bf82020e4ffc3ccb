"""Where the patrol car is at each moment: a loop through Antioch, California, at the speeds of streets.

Here: places and times. Not here: pictures.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

# Corners of the loop, degrees (WGS 84), roughly: West 10th, A Street, East 18th, Hillcrest, Davison, Lone Tree, Somersville.
_LOOP = (
    (38.0049, -121.8058), (38.0086, -121.8058), (38.0107, -121.8058), (38.0107, -121.8135), (38.0107, -121.8222),
    (38.0085, -121.8301), (38.0041, -121.8334), (37.9989, -121.8391), (37.9925, -121.8397), (37.9889, -121.8285),
    (37.9876, -121.8169), (37.9904, -121.8068), (37.9948, -121.7995), (38.0005, -121.7952), (38.0049, -121.7960),
)  # fmt: skip
FIXED_PLACE, FIXED_HEADING_DEG = (37.9967, -121.8394), 2.0

_METRES_A_DEGREE = 111_320.0


@dataclass(frozen=True, slots=True)
class Fix:
    """One moment of the drive: aware UTC instant, degrees, heading clockwise from north."""

    at: datetime
    latitude: float
    longitude: float
    heading_deg: float


def _metres(points: np.ndarray) -> np.ndarray:
    """Degrees (n, 2) → metres east and north of the loop's first corner (n, 2)."""
    origin = np.array(_LOOP[0])
    north, east = ((points - origin) * _METRES_A_DEGREE).T
    return np.stack([east * np.cos(np.radians(origin[0])), north], axis=1)


def at_distance(metres: float) -> tuple[float, float, float]:
    """Latitude, longitude and heading after so many metres along the loop."""
    corners = np.array([*_LOOP, _LOOP[0]])
    steps = np.diff(_metres(corners), axis=0)
    lengths = np.hypot(steps[:, 0], steps[:, 1])
    ends = np.cumsum(lengths)
    along = metres % ends[-1]
    leg = int(np.searchsorted(ends, along, side="right"))
    share = (along - (ends[leg] - lengths[leg])) / lengths[leg]
    latitude, longitude = corners[leg] + (corners[leg + 1] - corners[leg]) * share
    heading = float(np.degrees(np.arctan2(steps[leg, 0], steps[leg, 1])) % 360)
    return float(latitude), float(longitude), heading


def drive(rng: np.random.Generator, started_at: datetime, n_fixes: int, lasting: timedelta) -> list[Fix]:
    """`n_fixes` moments in order, the first at the start, spread unevenly: stops at lights, stretches, quick pairs."""
    pauses = rng.gamma(2.0, 1.0, max(0, n_fixes - 1)) + 0.15
    pauses[rng.random(len(pauses)) < 0.2] *= 0.2
    offsets = np.concatenate([[0.0], np.cumsum(pauses)])
    offsets *= lasting.total_seconds() / max(offsets[-1], 1e-9) if n_fixes > 1 else 1.0
    speeds = rng.uniform(3.0, 14.0, max(0, n_fixes - 1))  # metres a second: 11 to 50 km/h
    travelled = np.concatenate([[0.0], np.cumsum(np.diff(offsets) * speeds)]) + 40.0
    fixes = []
    for offset, metres in zip(offsets, travelled, strict=True):
        latitude, longitude, heading = at_distance(float(metres))
        at = started_at + timedelta(milliseconds=round(float(offset) * 1000))
        fixes.append(Fix(at, round(latitude, 6), round(longitude, 6), round(heading, 1)))
    return fixes
