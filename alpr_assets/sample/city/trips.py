"""Trips: who drives from where to where, and who stands in which street, on one local day.

Here: the day's draw for all vehicles at once. Not here: what they are (`people`), whom a camera sees.
Times are seconds of the local day by the clock on the wall; they may run into the next one.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

import numpy as np

from alpr_assets.sample.city.people import COMMUTER, RESIDENT, VAN, Anchors, People
from alpr_assets.sample.city.roads import Flags, Floats, Ints

HOUR: Final = 3600.0
_GOES: Final = 0.92  # of those who work, on a working day
_ERRANDS: Final = (0.45, 0.9)  # a resident, on a working day and on one of the weekend
_STOPS: Final = (9, 22)  # of a van, on a day
_THROUGH: Final = 0.5  # of the visits: from one gate to another
SATURDAY, SUNDAY = 5, 6


@dataclass(frozen=True, slots=True, eq=False)
class Trips:
    """One row a trip, (n).

    certain : every camera sees it, see `planted`
    pace : how long it takes, 1 as the speeds of the roads have it; missing: drawn
    """

    vehicle: Ints
    origin: Ints
    destination: Ints
    local_s: Floats
    certain: Flags
    pace: Floats

    @classmethod
    def of(cls, vehicle: Ints, origin: Ints, destination: Ints, local_s: Floats) -> Trips:
        """Ordinary ones."""
        n = len(vehicle)
        return cls(vehicle, origin, destination, local_s, np.zeros(n, bool), np.full(n, np.nan))

    @classmethod
    def joined(cls, parts: list[Trips]) -> Trips:
        """All of them, without those that go nowhere."""
        whole = [np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(cls)]
        moves = whole[1] != whole[2]
        return cls(*(column[moves] for column in whole))


@dataclass(frozen=True, slots=True, eq=False)
class Parked:
    """One row a vehicle standing in a block between two times of the local day, (n)."""

    vehicle: Ints
    block: Ints
    since_s: Floats
    until_s: Floats


def of_day(rng: np.random.Generator, people: People, places: Anchors, on: int) -> tuple[Trips, Parked]:
    """Ordinary trips of a local date (an ordinal), and where vehicles stand meanwhile."""
    weekday = (on + 6) % 7
    working = weekday < SATURDAY
    workers, out_s, back_s = _workers(rng, people, working=working)
    there = Trips.of(workers, people.home[workers], people.work[workers], out_s)
    back = Trips.of(workers, people.work[workers], people.home[workers], back_s)
    trips = [
        there,
        back,
        *_errands(rng, people, places, workers, working=working),
        _deliveries(rng, people, places, weekday),
        *_visits(rng, people, places, on),
    ]
    return Trips.joined(trips), _parked(people, workers, out_s, back_s)


def _workers(rng: np.random.Generator, people: People, *, working: bool) -> tuple[Ints, Floats, Floats]:
    if not working:
        none: Floats = np.empty(0)
        return np.empty(0, np.int64), none, none
    may = np.flatnonzero(people.works)
    workers = may[rng.random(len(may)) < _GOES]
    out_s = people.leaves_s[workers] + rng.normal(0, people.jitter_s[workers])
    back_s = people.returns_s[workers] + rng.normal(0, 2 * people.jitter_s[workers])
    return workers, out_s, np.maximum(back_s, out_s + HOUR)


def _errands(rng: np.random.Generator, people: People, places: Anchors, workers: Ints, *, working: bool) -> list[Trips]:
    """Out and home again; whoever works that day goes in the evening."""
    residents = people.of(RESIDENT)
    who = np.repeat(residents, rng.poisson(_ERRANDS[0 if working else 1], len(residents)))
    busy = np.zeros(len(people.kind), bool)
    busy[workers] = True
    begins = np.where(busy[who], np.maximum(people.returns_s[who] + HOUR, 18 * HOUR), 9 * HOUR)
    out_s = begins + rng.random(len(who)) * (21.5 * HOUR - np.minimum(begins, 21 * HOUR))
    back_s = out_s + rng.uniform(0.3, 2.0, len(who)) * HOUR
    where = rng.choice(places.errands, len(who))
    return [Trips.of(who, people.home[who], where, out_s), Trips.of(who, where, people.home[who], back_s)]


def _deliveries(rng: np.random.Generator, people: People, places: Anchors, weekday: int) -> Trips:
    """From stop to stop all over the city, at no fixed times; not on Sundays."""
    vans = people.of(VAN) if weekday != SUNDAY else np.empty(0, np.int64)
    n_stops = rng.integers(*_STOPS, len(vans))
    who = np.repeat(vans, n_stops + 1)
    first = np.cumsum(n_stops + 1) - n_stops - 1
    stop = rng.choice(np.concatenate([places.homes, places.jobs, places.errands]), len(who))
    stop[first] = people.home[vans]
    begins = rng.uniform(6.5, 10, len(vans)) * HOUR
    pauses = rng.gamma(2.0, 900.0, len(who)) + 120
    elapsed = np.cumsum(pauses)
    local_s = elapsed - np.repeat(elapsed[first], n_stops + 1) + np.repeat(begins, n_stops + 1)
    legs = np.ones(len(who), bool)
    legs[first] = False
    return Trips.of(who[legs], np.roll(stop, 1)[legs], stop[legs], local_s[legs])


def _visits(rng: np.random.Generator, people: People, places: Anchors, on: int) -> list[Trips]:
    """In by a gate and, unless through at once, out again after a while; most by day."""
    begin, end = np.searchsorted(people.visit_on, [on, on + 1])
    who = people.visitor[begin:end]
    n = len(who)
    gate, other = rng.choice(places.gates, n), rng.choice(places.gates, n)
    through = rng.random(n) < _THROUGH
    goal = np.where(through, other, rng.choice(places.errands, n))
    in_s = np.clip(rng.normal(14, 4.5, n), 0, 23.9) * HOUR
    out_s = in_s + rng.gamma(2.0, HOUR, n) + 600
    stays = ~through
    return [Trips.of(who, gate, goal, in_s), Trips.of(who[stays], goal[stays], other[stays], out_s[stays])]


def _parked(people: People, workers: Ints, out_s: Floats, back_s: Floats) -> Parked:
    """Residents stand at home but for their working hours; who comes to work stands there in these."""
    since = np.zeros(len(people.kind))
    until = np.full(len(people.kind), 24 * HOUR)
    until[workers] = out_s
    at_home = np.flatnonzero((people.kind == RESIDENT) & (people.block >= 0))
    went = people.block[workers] >= 0
    again = went & (people.kind[workers] == RESIDENT)
    at_work = went & (people.kind[workers] == COMMUTER)
    vehicle = np.concatenate([at_home, workers[again], workers[at_work]])
    return Parked(
        vehicle,
        people.block[vehicle],
        np.concatenate([since[at_home], back_s[again], out_s[at_work] + 900]),
        np.concatenate([until[at_home], np.full(int(again.sum()), 24 * HOUR), back_s[at_work]]),
    )
