"""Roads: a grid of streets with arterials, a river with few bridges, a highway in the south; shortest ways by the hour.

Here: the graph, deterministic from its seed, and the ways through it. Not here: who drives, and what sees him.
Places are metres east and north of the city's south-western corner, and degrees (WGS 84) around the place of the sample.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, dijkstra

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]

COLUMNS, ROWS, BLOCK_M = 33, 25, 200.0
ARTERIAL_EVERY: Final = 4  # blocks
RIVER_ROW: Final = 16  # the river runs south of this row of corners
BRIDGE_COLUMNS: Final = (4, 16, 28)
HIGHWAY_NORTH_M: Final = -450.0
CLOSED: Final = 0.08  # of the streets' blocks: dead ends and superblocks

STREET, ARTERIAL, BRIDGE, HIGHWAY = range(4)
NIGHT, DAY, RUSH = range(3)
SPEEDS_M_S: Final = np.array([[10.0, 8.5, 7.0], [16.0, 13.0, 8.0], [16.0, 12.0, 5.0], [30.0, 28.0, 16.0]])
"""By kind of road and time of day, metres a second."""

SOUTH_WEST_DEG: Final = (37.972, -121.850)
METRES_A_DEGREE: Final = 111_320.0
_EAST_SCALE: Final = METRES_A_DEGREE * float(np.cos(np.radians(38.0)))


@dataclass(frozen=True, slots=True, eq=False)
class Roads:
    """Corners and the directed blocks between them.

    east_m, north_m : (n corners)
    start, end, kind, length_m, heading_deg : (n blocks); a two-way road is two of them
    gates : corners at which the city is left
    """

    east_m: Floats
    north_m: Floats
    start: Ints
    end: Ints
    kind: Ints
    length_m: Floats
    heading_deg: Floats
    gates: Ints

    def ways(self, origins: Ints, regime: int) -> tuple[Floats, Ints]:
        """Fastest ways from some corners to all: seconds and the corner before each, both (n origins, n corners).

        A corner that cannot be reached would have infinite seconds; `build` leaves none.
        """
        seconds = self.length_m / SPEEDS_M_S[self.kind, regime]
        n = len(self.east_m)
        graph = csr_array((seconds, (self.start, self.end)), shape=(n, n))
        found: tuple[Any, Any] = dijkstra(graph, indices=origins, return_predecessors=True)
        return found[0], found[1].astype(np.int64)

    def between(self, start: Ints, end: Ints) -> Ints:
        """The block that leads from each corner to its neighbour; -1 where there is none."""
        n = len(self.east_m)
        keys = self.start * n + self.end
        order = np.argsort(keys)
        wanted = start * n + end
        at = np.minimum(np.searchsorted(keys[order], wanted), len(keys) - 1)
        return np.where(keys[order][at] == wanted, order[at], -1)

    def along(self, block: Ints, share: Floats) -> tuple[Floats, Floats]:
        """Degrees of latitude and longitude after a share 0–1 of each block."""
        east = self.east_m[self.start[block]] * (1 - share) + self.east_m[self.end[block]] * share
        north = self.north_m[self.start[block]] * (1 - share) + self.north_m[self.end[block]] * share
        return degrees(east, north)


def degrees(east_m: Floats, north_m: Floats) -> tuple[Floats, Floats]:
    """Latitude and longitude (WGS 84) of places in the city's metres; the earth is flat over so few kilometres."""
    latitude = SOUTH_WEST_DEG[0] + north_m / METRES_A_DEGREE
    longitude = SOUTH_WEST_DEG[1] + east_m / _EAST_SCALE
    return np.round(latitude, 6), np.round(longitude, 6)


def build(seed: int) -> Roads:
    """The roads of a seed: every corner can be reached from every other."""
    rng = np.random.default_rng([seed, 1])
    column, row = (part.ravel() for part in np.meshgrid(np.arange(COLUMNS), np.arange(ROWS)))
    jitter_m = rng.uniform(-25, 25, (2, len(column)))
    east, north = column * BLOCK_M + jitter_m[0], row * BLOCK_M + jitter_m[1]
    pairs, kinds = _grid(rng, column, row)
    ramps = np.arange(0, COLUMNS, 2 * ARTERIAL_EVERY)
    first = len(east)
    east = np.concatenate([east, ramps * BLOCK_M, [-1500.0, COLUMNS * BLOCK_M + 1300.0]])
    north = np.concatenate([north, np.full(len(ramps) + 2, HIGHWAY_NORTH_M)])
    west_end, east_end = first + len(ramps), first + len(ramps) + 1
    highway = [west_end, *range(first, first + len(ramps)), east_end]
    pairs = np.concatenate(
        [pairs, np.column_stack([highway[:-1], highway[1:]]), np.column_stack([ramps, np.arange(first, west_end)])]
    )
    kinds = np.concatenate([kinds, np.full(len(highway) - 1, HIGHWAY), np.full(len(ramps), ARTERIAL)])
    start, end = (np.concatenate([pairs[:, i], pairs[:, 1 - i]]) for i in (0, 1))
    kind = np.concatenate([kinds, kinds])
    east_step, north_step = east[end] - east[start], north[end] - north[start]
    middle = COLUMNS * (ROWS // 2 // ARTERIAL_EVERY * ARTERIAL_EVERY)
    top = COLUMNS * (ROWS - 1)
    gates = [west_end, east_end, middle, middle + COLUMNS - 1, *(top + column for column in BRIDGE_COLUMNS)]
    return Roads(
        east,
        north,
        start.astype(np.int64),
        end.astype(np.int64),
        kind.astype(np.int64),
        np.hypot(east_step, north_step),
        np.round(np.degrees(np.arctan2(east_step, north_step)) % 360, 1),
        np.array(gates, dtype=np.int64),
    )


def _grid(rng: np.random.Generator, column: Ints, row: Ints) -> tuple[Ints, Ints]:
    """Blocks between neighbouring corners, once each, and their kinds: without closed streets, and with few bridges."""
    number = np.arange(len(column))
    eastward = np.column_stack([number, number + 1])[column < COLUMNS - 1]
    northward = np.column_stack([number, number + COLUMNS])[row < ROWS - 1]
    on_row, on_column = row[eastward[:, 0]], column[northward[:, 0]]
    kinds = np.concatenate([np.where(on_row % ARTERIAL_EVERY, STREET, ARTERIAL),
                            np.where(on_column % ARTERIAL_EVERY, STREET, ARTERIAL)])  # fmt: skip
    pairs = np.concatenate([eastward, northward])
    crosses = np.concatenate([np.zeros(len(eastward), bool), row[northward[:, 1]] == RIVER_ROW])
    bridge = crosses & np.isin(column[pairs[:, 0]], BRIDGE_COLUMNS)
    kinds[bridge] = BRIDGE
    kept = ~crosses | bridge
    pairs, kinds = pairs[kept], kinds[kept]
    closed = (kinds == STREET) & (rng.random(len(kinds)) < CLOSED)
    while True:
        open_ = ~closed
        graph = csr_array((np.ones(open_.sum()), tuple(pairs[open_].T)), shape=(len(column), len(column)))
        n_parts, part = connected_components(graph, directed=False)
        if n_parts == 1:
            return pairs[open_], kinds[open_]
        closed &= part[pairs[:, 0]] == part[pairs[:, 1]]  # what cut a corner off is opened again
