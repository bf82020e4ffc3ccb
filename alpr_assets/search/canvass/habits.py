"""Who passes a place anyway: how often each vehicle was seen there, at this hour of the week and at any.

Here: counting the weeks around an incident. Not here: what becomes of the counts (`weighing`).

Counted are hours in which a plate was read in the cells that the incident's places touch, `lookback_weeks` before and after, without
the hours of the incident itself and one more on either side. An hour of the week is the department's: through a change of the
clocks a commuter's eight o'clock stays eight o'clock. Hours without any read there do not count as hours in which nobody passed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import BigInteger, Connection, select, type_coerce

from alpr_assets.policy import Policy
from alpr_assets.search import reads
from alpr_assets.search.canvass.incidents import Incident
from alpr_assets.store import schema
from alpr_assets.store.types import to_microseconds

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

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
    n_any : hours in which each was seen
    weeks : weeks in which anything was read there at those hours
    hours : hours in which anything was read there
    span : hours of the week that count as the incident's
    """

    plates: NDArray[np.object_]
    n_same: Ints
    n_any: Ints
    weeks: int
    hours: int
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


def habits(connection: Connection, incident: Incident, policy: Policy) -> Habits:
    """Count what passes an incident's place in the weeks around it."""
    read = schema.read.c
    first = min(window.since for window in incident.windows)
    last = max(window.until for window in incident.windows)
    around = timedelta(weeks=policy.search.lookback_weeks)
    cells = sorted({cell for area in incident.areas for cell in reads.cells_of(area)})
    hour = (type_coerce(read.captured_at, BigInteger) // HOUR_US).label("hour")
    statement = (
        select(read.plate, hour)
        .where(reads.among(connection.dialect.name, read.cell, cells), *reads.between(first - around, last + around))
        .distinct()
    )
    rows = connection.execute(statement).all()
    plates = np.array([row[0] for row in rows], dtype=object)
    hours = np.fromiter((row[1] for row in rows), np.int64, len(rows))
    return counted(plates, hours, incident, policy.zone)


def counted(plates: NDArray[np.object_], hours: Ints, incident: Incident, zone: ZoneInfo) -> Habits:
    """The counts from (n,) plates and (n,) hours since 1970 UTC, each pair once."""
    own = _hours_of(incident)
    kept = ~np.isin(hours, own)
    plates, hours = plates[kept], hours[kept]
    local, wanted = local_hours(hours, zone), np.unique(local_hours(own, zone) % WEEK)
    same = np.isin(local % WEEK, wanted)
    codes, distinct = pd.factorize(plates, sort=True)
    weeks = local // WEEK
    pairs = (
        np.unique(np.stack([codes[same], weeks[same]], axis=1), axis=0) if same.any() else np.zeros((0, 2), np.int64)
    )
    return Habits(
        plates=np.asarray(distinct, dtype=object),
        n_same=np.bincount(pairs[:, 0], minlength=len(distinct)).astype(np.int64),
        n_any=np.bincount(codes, minlength=len(distinct)).astype(np.int64),
        weeks=len(np.unique(weeks[same])),
        hours=len(np.unique(hours)),
        span=len(wanted),
    )


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
