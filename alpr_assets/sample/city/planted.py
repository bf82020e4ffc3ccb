"""What is planted: series of incidents with their offender, pairs that travel together, a clone, and the drives of all these.

Here: the plan, with its truth. Not here: what the readers make of it, which is as for everybody.
An offender comes to look at the place on days before, and is there when it happens. His way to or from an incident passes a fixed
camera near it, and on these drives every camera sees him: whom no camera saw, no canvass can find. What they read may still be wrong.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from typing import Final

import numpy as np

from alpr_assets.sample.city import clock
from alpr_assets.sample.city.devices import Devices
from alpr_assets.sample.city.people import CLONE, OFFENDER, RESIDENT, Anchors, People
from alpr_assets.sample.city.roads import Floats, Ints, Roads, degrees
from alpr_assets.sample.city.routes import Routes
from alpr_assets.sample.city.trips import Trips
from alpr_assets.sample.city.witness import remembered
from alpr_assets.store.types import from_microseconds

NEAR_M, NEAR_S = 800.0, 900.0
"""An offender is seen within so many metres and seconds of each of his incidents."""

APART_M, ENTERED_S = 2500.0, 60.0  # what nobody drives in the time
TRIES: Final = 10_000
_TOO_FEW: Final = "what is planted would be seen by no camera: give the city more of them"
_ASIDE_M: Final = 40.0  # of the corner
N_SCOUTING: Final = 2  # drives past the place, on days before
N_CLONED: Final = 12  # days on which the clone drives
_STAYS_S: Final = (120.0, 420.0)
_BEHIND_S: Final = (2.0, 9.0)  # the follower of a convoy


@dataclass(frozen=True, slots=True)
class Incident:
    """One crime: `partial` is what a witness remembers of the plate, as `watches.patterns` writes it. Degrees WGS 84, UTC."""

    number: int
    series: int
    at: datetime
    latitude_deg: float
    longitude_deg: float
    vehicle: int
    partial: str


@dataclass(frozen=True, slots=True)
class Convoy:
    """Two vehicles that drove the same way together at these instants (UTC), `follower` some seconds behind."""

    leader: int
    follower: int
    at: tuple[datetime, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Planted:
    """The plan: what happened, and its drives with the local date (an ordinal) of each."""

    incidents: tuple[Incident, ...]
    convoys: tuple[Convoy, ...]
    on: Ints
    trips: Trips

    def of_day(self, on: int) -> Trips:
        mine = self.on == on
        return Trips(*(getattr(self.trips, column.name)[mine] for column in fields(Trips)))


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """What is planted in."""

    roads: Roads
    places: Anchors
    devices: Devices
    routes: Routes
    people: People


@dataclass(frozen=True, slots=True, eq=False)
class _Plan:
    """A plan being made. rows: drives as (ordinal, vehicle, origin, destination, local seconds, certain, pace)."""

    rng: np.random.Generator
    ground: Ground
    dates: range
    rows: list[tuple[int, int, int, int, float, bool, float]] = field(default_factory=list)

    def add(
        self,
        on: int,
        vehicle: int,
        way: tuple[int, int],
        local_s: float,
        *,
        certain: bool = False,
        pace: float = math.nan,
    ) -> None:
        self.rows.append((on, vehicle, way[0], way[1], local_s, certain, pace))

    def drives(self) -> tuple[Ints, Trips]:
        on, vehicle, origin, destination = (np.array([row[i] for row in self.rows], np.int64) for i in range(4))
        seconds, pace = (np.array([row[i] for row in self.rows], np.float64) for i in (4, 6))
        certain = np.array([row[5] for row in self.rows], bool)
        return on, Trips(vehicle, origin, destination, seconds, certain, pace)


def plant(seed: int, ground: Ground, *, dates: range, n_incidents: int, n_convoys: int, n_together: int) -> Planted:
    """`n_incidents` for every offender there is, `n_convoys` pairs of residents together `n_together` times each.

    Parameters
    ----------
    dates : ordinals of the local dates; where there are enough, the first ones are left to scouting

    Raises
    ------
    ValueError : no camera sees the way to any place
    """
    plan = _Plan(np.random.default_rng([seed, 5]), ground, dates)
    incidents: list[Incident] = []
    for series, offender in enumerate(ground.people.of(OFFENDER)):
        may = dates[min(4, len(dates) // 2) :]
        for on in np.sort(plan.rng.choice(may, n_incidents, replace=n_incidents > len(may))):
            incidents.append(_incident(plan, len(incidents), series, int(offender), int(on)))
    _clone(plan)
    residents = ground.people.of(RESIDENT)
    pairs = plan.rng.choice(residents, (min(n_convoys, len(residents) // 2), 2), replace=False)
    convoys = [_convoy(plan, int(leader), int(follower), n_together) for leader, follower in pairs]
    return Planted(tuple(incidents), tuple(convoys), *plan.drives())


def _incident(plan: _Plan, number: int, series: int, offender: int, on: int) -> Incident:
    """Plan one: a place whose way in or out is watched, the drives there and away, and those before it."""
    rng, ground = plan.rng, plan.ground
    gate, scene = _watched(rng, ground)
    local_s = float(np.clip(rng.normal(20, 3), 8, 23.4)) * 3600
    begins = np.array([local_s])
    duration_s = _duration(ground.routes, (gate, scene), local_s)
    plan.add(on, offender, (gate, scene), local_s - duration_s, certain=True, pace=1.0)
    plan.add(on, offender, (scene, gate), local_s + float(rng.uniform(*_STAYS_S)), certain=True, pace=1.0)
    for before in range(1, N_SCOUTING + 1):
        day = max(plan.dates[0], on - before - int(rng.integers(0, 2)))
        looks_s = local_s + float(rng.normal(0, 1800))
        plan.add(day, offender, (gate, scene), looks_s - duration_s)
        plan.add(day, offender, (scene, gate), looks_s + 60)
    corner = ground.places.corner[[scene]]
    east_m = ground.roads.east_m[corner] + rng.uniform(-_ASIDE_M, _ASIDE_M)
    latitude, longitude = degrees(east_m, ground.roads.north_m[corner])
    at = clock.instants(rng, date.fromordinal(on), begins)
    return Incident(
        number=number,
        series=series,
        at=from_microseconds(int(at[0])),
        latitude_deg=float(latitude[0]),
        longitude_deg=float(longitude[0]),
        vehicle=offender,
        partial=remembered(rng, bytes(ground.people.plate[offender]).rstrip(b"\0").decode("ascii")),
    )


def _duration(routes: Routes, way: tuple[int, int], arriving_s: float) -> float:
    """Seconds of a drive that is to end then. How long it takes depends on when it begins: found by trying twice."""
    duration_s = 0.0
    for _ in range(2):
        pair = routes.pair(np.array([way[0]]), np.array([way[1]]), np.array([arriving_s - duration_s]))
        duration_s = float(routes.duration_s[pair][0])
    return duration_s


def _watched(rng: np.random.Generator, ground: Ground) -> tuple[int, int]:
    """A gate and a place, such that a camera near the place sees who drives from the one to the other or back."""
    for _ in range(TRIES):
        gate, scene = int(rng.choice(ground.places.gates)), int(rng.choice(ground.places.errands))
        if any(_near(ground, way, scene) for way in ((gate, scene), (scene, gate))):
            return gate, scene
    raise ValueError(_TOO_FEW)


def _near(ground: Ground, way: tuple[int, int], scene: int) -> bool:
    """Whether, at every time of day, a camera near the scene lies on this way shortly before or after it."""
    for hour in (3.0, 12.0, 17.0):
        pair = ground.routes.pair(np.array([way[0]]), np.array([way[1]]), np.array([hour * 3600]))
        passes = ground.routes.passes(pair)
        apart_s = passes.seconds if way[0] == scene else ground.routes.duration_s[pair] - passes.seconds
        if not ((_distance_m(ground, passes.camera, scene) < NEAR_M - _ASIDE_M) & (apart_s < NEAR_S / 3)).any():
            return False
    return True


def _distance_m(ground: Ground, camera: Ints, anchor: int) -> Floats:
    block, corner = ground.devices.block[camera], ground.places.corner[anchor]
    east = (ground.roads.east_m[ground.roads.start[block]] + ground.roads.east_m[ground.roads.end[block]]) / 2
    north = (ground.roads.north_m[ground.roads.start[block]] + ground.roads.north_m[ground.roads.end[block]]) / 2
    distance_m: Floats = np.hypot(east - ground.roads.east_m[corner], north - ground.roads.north_m[corner])
    return distance_m


def _clone(plan: _Plan) -> None:
    """The copied plate comes in by one gate in the very minute in which its owner comes in by another, kilometres away."""
    rng, people = plan.rng, plan.ground.people
    copy = int(people.of(CLONE)[0])
    owner = int(np.flatnonzero((people.plate == people.plate[copy]).all(axis=1))[0])
    for on in np.sort(rng.choice(plan.dates, min(N_CLONED, len(plan.dates)), replace=False)):
        at_s = float(rng.uniform(21.5, 22.0)) * 3600  # whoever works here has left by then
        first = _entering(plan, at_s, away_from=None)
        for vehicle, way in ((owner, first), (copy, _entering(plan, at_s, away_from=first[0]))):
            plan.add(int(on), vehicle, way, at_s, certain=True)
            plan.add(int(on), vehicle, way[::-1], at_s + float(rng.uniform(0.3, 1.0)) * 3600)


def _entering(plan: _Plan, at_s: float, *, away_from: int | None) -> tuple[int, int]:
    """A gate, not near another one, and a place to which a camera at the gate sees one drive.

    Raises ValueError when there is none.
    """
    ground = plan.ground
    corner = ground.places.corner
    for _ in range(TRIES):
        way = int(plan.rng.choice(ground.places.gates)), int(plan.rng.choice(ground.places.errands))
        if away_from is not None:
            here, there = corner[way[0]], corner[away_from]
            east, north = (of[here] - of[there] for of in (ground.roads.east_m, ground.roads.north_m))
            if np.hypot(east, north) < APART_M:
                continue
        passes = ground.routes.passes(ground.routes.pair(np.array([way[0]]), np.array([way[1]]), np.array([at_s])))
        if (passes.seconds < ENTERED_S).any():
            return way
    raise ValueError(_TOO_FEW)


def _convoy(plan: _Plan, leader: int, follower: int, n_together: int) -> Convoy:
    """Plan one: together from a gate to some place, and back."""
    rng, times = plan.rng, []
    for on in np.sort(rng.choice(plan.dates, n_together)):
        out_s = float(rng.uniform(10, 21)) * 3600
        way = _entering(plan, out_s, away_from=None)
        back_s = out_s + float(rng.uniform(0.5, 2)) * 3600
        pace = float(rng.uniform(0.9, 1.2))  # of both
        for vehicle, behind_s in ((leader, 0.0), (follower, float(rng.uniform(*_BEHIND_S)))):
            plan.add(int(on), vehicle, way, out_s + behind_s, pace=pace)
            plan.add(int(on), vehicle, way[::-1], back_s + behind_s, pace=pace)
        at = clock.instants(rng, date.fromordinal(int(on)), np.array([out_s]))
        times.append(from_microseconds(int(at[0])))
    return Convoy(leader, follower, tuple(times))
