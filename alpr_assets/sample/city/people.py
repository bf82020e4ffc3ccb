"""Who drives: residents, commuters, vans, visitors, and the few that are planted; what each of them usually does.

Here: the population of a seed. Not here: what they do on a given day (`trips`), what is planted (`planted`).
The city is sized by all the vehicles that it meets in the time simulated: it has the more visitors the longer that is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from alpr_assets.sample.city import misreads, serials
from alpr_assets.sample.city.misreads import Spellings
from alpr_assets.sample.city.roads import STREET, Flags, Floats, Ints, Roads

RESIDENT, COMMUTER, VAN, VISITOR, OFFENDER, CLONE = range(6)
KINDS: Final = ("resident", "commuter", "van", "visitor", "offender", "clone")

N_HOMES, N_JOBS, N_ERRANDS = 90, 40, 60  # anchors of each kind
VISITORS_A_DAY: Final = 0.043  # a regular vehicle: in a year, sixteen visitors a regular
_SHARES: Final = (0.57, 0.40)  # of the regular vehicles: residents, commuters; the rest are vans
_WORKING: Final = 0.65
_OUT_OF_TOWN: Final = 0.45  # of the residents who work
_ON_STREET: Final = 0.45
_COMES_AGAIN: Final = 0.45  # a visitor, each time
_HOUR: Final = 3600.0


@dataclass(frozen=True, slots=True, eq=False)
class Anchors:
    """Where trips begin and end: corners, and the numbers of the anchors of each kind among them."""

    corner: Ints
    gates: Ints
    homes: Ints
    jobs: Ints
    errands: Ints


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """One row a vehicle, (n).

    plate, state, wrong : its serial, the number of its state in `serials.STATES`, and what it is misread as
    home, work : anchors; of a commuter, home is a gate
    block : where it stands in the street at home, or at work for a commuter; -1: never
    leaves_s, returns_s, jitter_s : seconds of the local day, and how much they vary
    works : whether it goes to work from Monday to Friday
    visit_on, visitor : a row a visit, by day: ordinal of the local date, and the vehicle
    """

    kind: Ints
    plate: Spellings
    state: Ints
    wrong: Spellings
    home: Ints
    work: Ints
    block: Ints
    leaves_s: Floats
    returns_s: Floats
    jitter_s: Floats
    works: Flags
    visit_on: Ints
    visitor: Ints

    def of(self, *kinds: int) -> Ints:
        """Numbers of the vehicles of these kinds."""
        return np.flatnonzero(np.isin(self.kind, kinds))


def anchors(seed: int, roads: Roads) -> Anchors:
    """Homes along streets, work and errands anywhere, and all gates."""
    rng = np.random.default_rng([seed, 2])
    quiet = np.setdiff1d(np.unique(roads.start[roads.kind == STREET]), roads.gates)
    busy = np.setdiff1d(np.unique(roads.start[roads.kind != STREET]), roads.gates)
    homes = rng.choice(quiet, N_HOMES, replace=False)
    others = rng.choice(np.setdiff1d(busy, homes), N_JOBS + N_ERRANDS, replace=False)
    ends = np.cumsum([len(roads.gates), N_HOMES, N_JOBS, N_ERRANDS])
    parts = np.split(np.arange(ends[-1]), ends[:-1])
    return Anchors(np.concatenate([roads.gates, homes, others]), *parts)


def populate(
    seed: int, roads: Roads, places: Anchors, *, n_vehicles: int, n_offenders: int, first_on: int, n_days: int
) -> People:
    """The vehicles of a seed: `n_vehicles`, then the offenders, then one clone, which has the plate of a commuter.

    Parameters
    ----------
    first_on, n_days : the local dates within which visitors come; the first as an ordinal
    """
    rng = np.random.default_rng([seed, 3])
    kind = _kinds(n_vehicles, n_offenders, n_days)
    n = len(kind)
    plate, state = serials.draw(rng, kind == VISITOR)
    doubled = int(rng.choice(np.flatnonzero(kind == COMMUTER)))
    plate[-1], state[-1] = plate[doubled], state[doubled]
    resident, inbound = kind == RESIDENT, kind == COMMUTER
    home = np.where(resident, rng.choice(places.homes, n), rng.choice(places.gates, n))
    out_of_town = resident & (rng.random(n) < _OUT_OF_TOWN)
    work = np.where(out_of_town, rng.choice(places.gates, n), rng.choice(places.jobs, n))
    on_street = (rng.random(n) < _ON_STREET) & (resident | inbound)
    block = _blocks_near(rng, roads, places.corner[np.where(resident, home, work)])
    visits = _visits(rng, np.flatnonzero(np.isin(kind, (VISITOR, OFFENDER))), first_on, n_days)
    return People(
        kind=kind,
        plate=plate,
        state=state,
        wrong=misreads.wrong_spellings(rng, plate),
        home=home,
        work=work,
        block=np.where(on_street, block, -1),
        leaves_s=np.clip(rng.normal(7.5, 1.0, n), 4.5, 11) * _HOUR,
        returns_s=np.clip(rng.normal(17.2, 1.2, n), 12.5, 21.5) * _HOUR,
        jitter_s=60.0 * (2 + rng.gamma(2.0, 3.0, n)),
        works=inbound | (resident & (rng.random(n) < _WORKING)),
        visit_on=visits[0],
        visitor=visits[1],
    )


def _kinds(n_vehicles: int, n_offenders: int, n_days: int) -> Ints:
    regular = max(20, round(n_vehicles / (1 + VISITORS_A_DAY * n_days)))
    residents, commuters = (round(regular * share) for share in _SHARES)
    vans = max(1, regular - residents - commuters)
    counts = (residents, commuters, vans, max(0, n_vehicles - residents - commuters - vans), n_offenders, 1)
    return np.repeat(np.arange(len(KINDS)), counts)


def _blocks_near(rng: np.random.Generator, roads: Roads, corner: Ints) -> Ints:
    """A street within a few blocks of each corner, drawn; where there is none, the nearest."""
    streets = np.flatnonzero(roads.kind == STREET)
    choices = np.empty((len(roads.east_m), 24), np.int64)
    east = (roads.east_m[roads.start[streets]] + roads.east_m[roads.end[streets]]) / 2
    north = (roads.north_m[roads.start[streets]] + roads.north_m[roads.end[streets]]) / 2
    for number in np.unique(corner):
        distance_m = np.hypot(east - roads.east_m[number], north - roads.north_m[number])
        choices[number] = streets[np.argpartition(distance_m, 24)[:24]]
    return choices[corner, rng.integers(0, 24, len(corner))]


def _visits(rng: np.random.Generator, visitors: Ints, first_on: int, n_days: int) -> tuple[Ints, Ints]:
    """Ordinals and visitors, by day: each comes once, and again with _COMES_AGAIN."""
    times = rng.geometric(1 - _COMES_AGAIN, len(visitors))
    visitor = np.repeat(visitors, times)
    on = rng.integers(first_on, first_on + n_days, len(visitor))
    order = np.argsort(on, kind="stable")
    return on[order], visitor[order]
