"""Readers: fixed cameras over blocks of road, patrol cars that read what is parked along their beats.

Here: where they are, whom they see when. Not here: what the picture says of a plate (`misreads`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from alpr_assets.sample.city.roads import ARTERIAL, BRIDGE, HIGHWAY_NORTH_M, STREET, Flags, Floats, Ints, Roads
from alpr_assets.sample.city.trips import HOUR, Parked

FIXED, MOBILE = "fixed", "mobile"
SEEN_BY_DAY, SEEN_BY_NIGHT, SEEN_PARKED = 0.92, 0.80, 0.75
DAYLIGHT_HOURS: Final = (6, 20)
_SURVEYS: Final = (
    1.0,
    10.0,
    19.5,
)  # hour of the local day at which a unit's round may begin, half an hour more or less
_SURVEY_HOURS: Final = 2.0
_PATROL_M_S: Final = 7.0
_BUSY_WEIGHT: Final = 6  # a bridge or a ramp has a camera rather than another arterial block


@dataclass(frozen=True, slots=True, eq=False)
class Devices:
    """All readers, the fixed ones first; block, latitude_deg, longitude_deg: of the fixed ones."""

    ids: tuple[str, ...]
    n_fixed: int
    block: Ints
    latitude_deg: Floats
    longitude_deg: Floats

    @property
    def n_mobile(self) -> int:
        return len(self.ids) - self.n_fixed

    def kind(self, number: int) -> str:
        return FIXED if number < self.n_fixed else MOBILE

    def of_block(self, n_blocks: int) -> Ints:
        """(n blocks): the camera that looks at each; -1: none."""
        found = np.full(n_blocks, -1, np.int64)
        found[self.block] = np.arange(self.n_fixed)
        return found


def place(seed: int, roads: Roads, *, n_fixed: int, n_mobile: int) -> Devices:
    """Cameras where the gates lead in, then over bridges, ramps and arterials, one a block and direction; and patrol cars."""
    rng = np.random.default_rng([seed, 4])
    entrances = rng.permutation(_entrances(roads))[:n_fixed]
    ramp = (roads.north_m[roads.start] < HIGHWAY_NORTH_M / 2) | (roads.north_m[roads.end] < HIGHWAY_NORTH_M / 2)
    may = np.setdiff1d(np.flatnonzero((roads.kind == ARTERIAL) | (roads.kind == BRIDGE)), entrances)
    weight = np.where(ramp[may] | (roads.kind[may] == BRIDGE), float(_BUSY_WEIGHT), 1.0)
    others = rng.choice(may, min(n_fixed - len(entrances), len(may)), replace=False, p=weight / weight.sum())
    block = np.concatenate([entrances, others])
    latitude, longitude = roads.along(block, np.full(len(block), 0.5))
    ids = [f"city-cam-{number:02}" for number in range(1, len(block) + 1)]
    ids += [f"city-unit-{number}" for number in range(1, n_mobile + 1)]
    return Devices(tuple(ids), len(block), block, latitude, longitude)


def _entrances(roads: Roads) -> Ints:
    """Of each gate, the block that leads furthest into the city."""
    middle = np.array([roads.east_m.mean(), roads.north_m.mean()])
    far_m = np.hypot(roads.east_m[roads.end] - middle[0], roads.north_m[roads.end] - middle[1])
    leaving = [np.flatnonzero(roads.start == gate) for gate in roads.gates]
    return np.array([blocks[np.argmin(far_m[blocks])] for blocks in leaving])


def seen_on_the_road(rng: np.random.Generator, local_s: Floats, certain: Flags) -> Flags:
    """Which passes of fixed cameras gave a picture."""
    hour = local_s / HOUR % 24
    light = (hour >= DAYLIGHT_HOURS[0]) & (hour < DAYLIGHT_HOURS[1])
    return certain | (rng.random(len(local_s)) < np.where(light, SEEN_BY_DAY, SEEN_BY_NIGHT))


@dataclass(frozen=True, slots=True, eq=False)
class Met:
    """Parked vehicles that a patrol read: vehicle, unit (from 0), block, seconds of the local day, share 0–1 of the block."""

    vehicle: Ints
    unit: Ints
    block: Ints
    local_s: Floats
    share: Floats


def patrol(rng: np.random.Generator, roads: Roads, n_units: int, parked: Parked) -> Met:
    """One day's rounds: each unit drives through streets for two hours and reads what stands there."""
    unit, block, local_s = _rounds(rng, roads, n_units)
    order = np.argsort(parked.block, kind="stable")
    first, end = np.searchsorted(parked.block[order], [block, block + 1])
    n = end - first
    which = np.repeat(np.arange(len(block)), n)
    row = order[np.arange(len(which)) - np.repeat(np.cumsum(n) - n, n) + np.repeat(first, n)]
    share = rng.random(len(row))
    at = local_s[which] + share * roads.length_m[block[which]] / _PATROL_M_S
    there = (parked.since_s[row] <= at) & (at < parked.until_s[row]) & (rng.random(len(row)) < SEEN_PARKED)
    return Met(parked.vehicle[row[there]], unit[which[there]], block[which[there]], at[there], share[there])


def _rounds(rng: np.random.Generator, roads: Roads, n_units: int) -> tuple[Ints, Ints, Floats]:
    """Unit, block and beginning of every block driven, by time: a walk without turning back where it can go on."""
    begins, ends, usable = _exits(roads)
    at = rng.choice(np.unique(roads.start[roads.kind == STREET]), n_units)
    now = (rng.choice(_SURVEYS, n_units) + rng.uniform(-0.5, 0.5, n_units)) * HOUR
    over = now + _SURVEY_HOURS * HOUR
    came_from = np.full(n_units, -1)
    units, blocks, times = [], [], []
    while (now < over).any():
        exits = np.where(usable[at], ends[at], -1)
        lot = rng.random(exits.shape) * (exits >= 0) + (exits >= 0) - 0.9 * (exits == came_from[:, None])
        chosen = begins[at, np.argmax(lot, axis=1)]
        driving = now < over
        units.append(np.flatnonzero(driving))
        blocks.append(chosen[driving])
        times.append(now[driving])
        now = now + roads.length_m[chosen] / _PATROL_M_S
        came_from, at = at, roads.end[chosen]
    if not units:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
    return np.concatenate(units), np.concatenate(blocks), np.concatenate(times)


def _exits(roads: Roads) -> tuple[Ints, Ints, Flags]:
    """By corner: the blocks that leave it, where they end, and which of these a patrol takes; padded to equal numbers."""
    kept = np.flatnonzero(np.isin(roads.kind, (STREET, ARTERIAL, BRIDGE)))
    order = kept[np.argsort(roads.start[kept], kind="stable")]
    start = roads.start[order]
    place_ = np.arange(len(order)) - np.searchsorted(start, start)
    shape = (len(roads.east_m), int(place_.max()) + 1)
    blocks, ends, usable = np.full(shape, 0), np.full(shape, -1), np.zeros(shape, bool)
    blocks[start, place_], ends[start, place_], usable[start, place_] = order, roads.end[order], True
    return blocks, ends, usable
