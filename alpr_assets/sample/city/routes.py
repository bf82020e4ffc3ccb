"""Routes: which fixed cameras a trip passes and when, for every pair of anchors and time of day, worked out once.

Here: ways turned into passes. Not here: the roads, who drives them, what a camera makes of a pass.
An anchor is a corner where trips begin and end: homes, work, errands, the gates of the city.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from alpr_assets.sample.city.roads import DAY, NIGHT, RUSH, Floats, Ints, Roads

N_REGIMES: Final = 3
REGIME_OF_HOUR: Final = np.array([NIGHT] * 6 + [DAY] + [RUSH] * 3 + [DAY] * 6 + [RUSH] * 3 + [DAY] * 3 + [NIGHT] * 2)


@dataclass(frozen=True, slots=True, eq=False)
class Passes:
    """One row a pass: the trip (its number), the camera, and seconds since the trip began."""

    trip: Ints
    camera: Ints
    seconds: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Routes:
    """Passes by (regime, origin, destination): those of pair p are `first[p]` to `first[p + 1]`; duration_s: of the whole way."""

    n_anchors: int
    first: Ints
    camera: Ints
    seconds: Floats
    duration_s: Floats

    def pair(self, origin: Ints, destination: Ints, local_s: Floats) -> Ints:
        """The route that is taken when leaving at these seconds of the local day (beyond a day: of the next one)."""
        regime = REGIME_OF_HOUR[(local_s // 3600).astype(np.int64) % 24]
        return (regime * self.n_anchors + origin) * self.n_anchors + destination

    def passes(self, pair: Ints) -> Passes:
        """Every pass of every trip, in the order of trips."""
        n = self.first[pair + 1] - self.first[pair]
        trip = np.repeat(np.arange(len(pair)), n)
        at = np.arange(len(trip)) - np.repeat(np.cumsum(n) - n, n) + np.repeat(self.first[pair], n)
        return Passes(trip, self.camera[at], self.seconds[at])


def build(roads: Roads, anchors: Ints, camera_of_block: Ints) -> Routes:
    """Routes between all anchors; `camera_of_block` (n blocks) names the camera that looks at a block, -1: none does."""
    found = [_of_regime(roads, anchors, camera_of_block, regime) for regime in range(N_REGIMES)]
    n_pairs = len(anchors) ** 2
    pair = np.concatenate([regime * n_pairs + one[0] for regime, one in enumerate(found)])
    camera = np.concatenate([one[1] for one in found])
    seconds = np.concatenate([one[2] for one in found])
    order = np.lexsort((seconds, pair))
    first = np.searchsorted(pair[order], np.arange(N_REGIMES * n_pairs + 1))
    duration = np.concatenate([one[3] for one in found])
    return Routes(len(anchors), first.astype(np.int64), camera[order], seconds[order], duration)


def _of_regime(roads: Roads, anchors: Ints, camera_of_block: Ints, regime: int) -> tuple[Ints, Ints, Floats, Floats]:
    """Pair, camera and seconds of every pass, and each pair's duration: all ways are walked backwards at once."""
    seconds, before = roads.ways(anchors, regime)
    origin, destination = (part.ravel() for part in np.indices((len(anchors), len(anchors))))
    at = anchors[destination]
    number = np.arange(len(at))
    pairs, cameras, times = [], [], []
    while len(number):
        previous = before[origin[number], at]
        moving = previous >= 0  # at its origin, a way has nothing before it
        number, at, previous = number[moving], at[moving], previous[moving]
        camera = camera_of_block[roads.between(previous, at)]
        seen = camera >= 0
        pairs.append(number[seen])
        cameras.append(camera[seen])
        times.append((seconds[origin[number], previous] + seconds[origin[number], at])[seen] / 2)
        at = previous
    duration = seconds[:, anchors].ravel()
    return np.concatenate(pairs), np.concatenate(cameras), np.concatenate(times), duration
