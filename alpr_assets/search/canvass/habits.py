"""Who passes a place anyway: how often each vehicle was seen there, at this hour of the week and at any.

Here: counting the weeks around an incident. Not here: what becomes of the counts (`weighing`).

Counted are hours in which a plate was read in the cells that the incident's places touch, `lookback_weeks` before and after, without
the hours of the incident itself and one more on either side. An hour of the week is the department's: through a change of the
clocks a commuter's eight o'clock stays eight o'clock. Hours without any read there do not count as hours in which nobody passed: of
all hours, as large a share is taken to have been watched as of those at the incident's hours of the week.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import BigInteger, Connection, select, type_coerce

from alpr_assets.lifecycle.watches import areas
from alpr_assets.policy import Policy
from alpr_assets.search import reads
from alpr_assets.search.canvass.incidents import Incident
from alpr_assets.search.probes import Probe, rows_of
from alpr_assets.store import schema
from alpr_assets.store.conditions import among
from alpr_assets.store.types import to_microseconds

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_SAME: Final = Probe("r.plate, {hour}")
HOUR_US: Final = 3_600_000_000
WEEK: Final = 168  # hours
STRANGER: Final = 0.5
"""Hours of one watched week in which any vehicle is taken to have been there, before anything was counted."""
PRIOR_WEEKS: Final = 2.0
"""Weeks that a vehicle's rate at any hour weighs against its weeks at this very hour."""


@dataclass(frozen=True, slots=True)
class Habits:
    """How often plates pass an incident's place, as counted around it.

    plates : those seen there at all, in order
    n_same : weeks in which each was seen at the incident's hours of the week
    n_any : hours in which each was seen; of one that is not at the incident, those at such hours only
    weeks : weeks in which anything was read there at those hours
    hours : hours in which readers are taken to have looked there
    span : hours of the week that count as the incident's
    """

    plates: NDArray[np.object_]
    n_same: Ints
    n_any: Ints
    weeks: int
    hours: float
    span: int

    def counts(self, plates: list[str]) -> tuple[Ints, Ints]:
        """(n,) weeks at these hours and (n,) hours at any, of these plates."""
        known = pd.Index(self.plates).get_indexer(pd.Index(plates, dtype=object))
        seen = known >= 0
        same, some = np.zeros(len(plates), np.int64), np.zeros(len(plates), np.int64)
        same[seen], some[seen] = self.n_same[known[seen]], self.n_any[known[seen]]
        return same, some

    def chance(self, n_same: Ints, n_any: Ints) -> Floats:
        """(n,) the probability that a vehicle so often seen passes in a window like the incident's, connected with it or not.

        p = (c · min(1, r · span) + n_same) / (c + weeks), r = (n_any + STRANGER) / (hours + WEEK), c = PRIOR_WEEKS
        """
        rate = (n_any + STRANGER) / (self.hours + WEEK)
        chance: Floats = (PRIOR_WEEKS * np.minimum(1, rate * self.span) + n_same) / (PRIOR_WEEKS + self.weeks)
        return np.minimum(chance, 1)


def habits(connection: Connection, incident: Incident, vehicles: list[str], policy: Policy) -> Habits:
    """Count what passes an incident's place in the weeks around it.

    Parameters
    ----------
    vehicles : those seen there, whose other hours count as well; of all others only those at such hours of the week are looked at
    """
    first = min(window.since for window in incident.windows)
    last = max(window.until for window in incident.windows)
    around = timedelta(weeks=policy.search.lookback_weeks)
    same = _SAME.rows(connection, *probes(incident, policy.search.lookback_weeks))
    read, dialect = schema.read.c, connection.dialect.name
    hour = type_coerce(read.captured_at, BigInteger) // HOUR_US
    statement = (
        select(read.plate, hour.label("hour"))
        .where(
            among(dialect, read.plate, vehicles),
            # As a sum it is no condition for an index: the few plates are the shorter way to these reads.
            among(dialect, read.cell + 0, cells_of(incident)),
            read.captured_at >= first - around,
            read.captured_at < last + around,
            # Opens PostgreSQL's months; SQLite has the time in its index, but not the day.
            *(reads.between(first - around, last + around) if dialect == "postgresql" else []),
        )
        .distinct()
    )
    own = rows_of(connection, statement)
    return counted(pairs(same), pairs(own), incident, policy)


def counted(same: pd.DataFrame, own: pd.DataFrame, incident: Incident, policy: Policy) -> Habits:
    """The counts from pairs of plate and hour: `same` holds all plates at such hours, `own` some plates at any.

    Parameters
    ----------
    same, own : DataFrame (n, 2): plate, hour (since 1970 UTC)
    """
    there = _hours_of(incident)
    wanted = np.unique(local_hours(there, policy.zone) % WEEK)
    local = local_hours(same["hour"].to_numpy(np.int64), policy.zone)
    kept = np.isin(local % WEEK, wanted) & ~np.isin(same["hour"], there)
    same = same[kept].assign(week=local[kept] // WEEK)
    any_hour = pd.concat([same[["plate", "hour"]], own[~np.isin(own["hour"], there)]]).drop_duplicates()
    n_any = any_hour.groupby("plate").size()
    n_same = same.drop_duplicates(["plate", "week"]).groupby("plate").size().reindex(n_any.index, fill_value=0)
    looked, weeks = same["hour"].nunique(), 2 * policy.search.lookback_weeks
    return Habits(
        plates=n_any.index.to_numpy(dtype=object),
        n_same=np.asarray(n_same, dtype=np.int64),
        n_any=np.asarray(n_any, dtype=np.int64),
        weeks=same["week"].nunique(),
        hours=min(looked / (len(wanted) * weeks), 1) * WEEK * weeks,
        span=len(wanted),
    )


def pairs(rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    """Rows of plate and hour, each pair once."""
    return pd.DataFrame(rows, columns=["plate", "hour"]).astype({"hour": "int64"}).drop_duplicates(ignore_index=True)


def cells_of(incident: Incident) -> list[int]:
    """The cells that the incident's places touch."""
    return sorted({cell for area in incident.areas for cell in areas.cells_of(area)})


def probes(incident: Incident, weeks: int) -> tuple[Ints, Ints, Ints, Ints]:
    """Number, cell, first and last microsecond of a look at each of an incident's cells in each of the weeks around.

    At the incident's hours and one more on either side: the clocks may have changed.
    """
    cells = np.array(cells_of(incident), np.int64)
    hours = np.unique(_hours_of(incident)[:, None] + np.array([-1, 0, 1]))
    breaks = np.flatnonzero(np.diff(hours) > 1)
    since, until = hours[np.r_[0, breaks + 1]], hours[np.r_[breaks, len(hours) - 1]] + 1
    shift = np.array([week for week in range(-weeks, weeks + 1) if week], np.int64) * WEEK
    since, until = ((edge[:, None] + shift).ravel() * HOUR_US for edge in (since, until))
    number = np.repeat(np.arange(len(since)), len(cells))
    return number, np.tile(cells, len(since)), since[number], until[number] - 1


def local_hours(hours: Ints, zone: ZoneInfo) -> Ints:
    """(n,) hours since 1970 as the department's clocks count them, from those of UTC. Monday 0 o'clock is a multiple of WEEK.

    In an autumn night two hours have one number; in a spring night one is left out.
    """
    clock = pd.DatetimeIndex(hours.astype("datetime64[h]").astype("datetime64[s]"), tz="UTC").tz_convert(zone)
    local: Ints = clock.tz_localize(None).to_numpy().astype("datetime64[h]").astype(np.int64)
    return local + 72  # 1970 began on a Thursday


def _hours_of(incident: Incident) -> Ints:
    """Hours since 1970 UTC that the incident's windows touch, and one more on either side."""
    spans = [
        np.arange(to_microseconds(w.since) // HOUR_US - 1, (to_microseconds(w.until) - 1) // HOUR_US + 2)
        for w in incident.windows
    ]
    return np.unique(np.concatenate(spans))
