"""The city's clock: seconds of a local day as instants, nights of daylight saving included.

Here: local seconds → UTC. Not here: anything that is kept, which is in UTC.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from alpr_assets.sample.city.roads import Floats, Ints
from alpr_assets.store.types import to_microseconds

ZONE: Final = ZoneInfo("America/Los_Angeles")
SECOND: Final = 1_000_000  # microseconds
DAY: Final = 86_400 * SECOND
_HOURS: Final = 49  # a local day and the next one: trips run past midnight


def midnight(day: date) -> int:
    """The beginning of a UTC day, in microseconds since 1970 UTC."""
    return (day.toordinal() - date(1970, 1, 1).toordinal()) * DAY


def instants(rng: np.random.Generator, on: date, local_s: Floats) -> Ints:
    """Microseconds since 1970 UTC of seconds on the wall clock of a local date.

    An hour that the clock shows twice is the first or the second by lot; one that it skips is the hour after.
    """
    wall = (local_s * SECOND).astype(np.int64)
    hour = np.minimum(wall // (3600 * SECOND), _HOURS - 1)
    fold = rng.integers(0, 2, len(wall))
    found: Ints = wall + _beginnings(on)[hour, fold]
    return found


def _beginnings(on: date) -> Ints:
    """(hours, fold): what added to the wall clock's microseconds of that hour gives the instant."""
    naive = datetime.combine(on, time())
    table = np.empty((_HOURS, 2), np.int64)
    for hour in range(_HOURS):
        wall = naive + timedelta(hours=hour)
        for fold in (0, 1):
            aware = wall.replace(tzinfo=ZONE, fold=0 if _is_skipped(wall) else fold)
            table[hour, fold] = to_microseconds(aware) - hour * 3600 * SECOND
    return table


def _is_skipped(wall: datetime) -> bool:
    first, second = (wall.replace(tzinfo=ZONE, fold=fold).utcoffset() for fold in (0, 1))
    return first is not None and second is not None and first < second
