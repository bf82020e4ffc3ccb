"""The simulator: a city from a seed, and its reads a UTC day at a time with the truth beside them.

Here: passes turned into reads. Not here: loading them into a store (`loading`).
Invariant: the same arguments give the same reads, whichever days are asked for and in whatever order: each local day has a seed
of its own. A UTC day is made of two local ones.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np

from alpr_assets.sample.city import clock, devices, people, planted, roads, routes, trips
from alpr_assets.sample.city.misreads import MISREAD
from alpr_assets.sample.city.pictures import DayOfReads, Seen, read_day
from alpr_assets.sample.city.trips import Parked, Trips

FORMAT = 1  # raised when the same arguments give other reads than before
_DELAY = 0.12  # how much trips differ in speed: the spread of the logarithm


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """What a city is made from.

    Parameters
    ----------
    seed : same arguments, same city
    first_day, n_days : UTC days of which there are reads
    n_vehicles : that the city meets in these days, visitors included
    n_fixed, n_mobile : cameras over the road and patrol cars
    misread : share 0–1 of the reads that are wrong; by default as measured
    n_series, n_incidents : offenders, and incidents of each
    n_convoys, n_together : pairs of vehicles, and how often each travels together
    """

    seed: int
    first_day: date
    n_days: int
    n_vehicles: int
    n_fixed: int = 12
    n_mobile: int = 3
    misread: float = MISREAD
    n_series: int = 1
    n_incidents: int = 5
    n_convoys: int = 1
    n_together: int = 6

    def __post_init__(self) -> None:
        """Refuse what would be no city. Raises ValueError."""
        if self.n_days < 1 or self.n_vehicles < 100 or self.n_fixed < 1:
            raise ValueError("a city has a day, 100 vehicles and a camera at least")
        if not 0 <= self.misread <= 1:
            raise ValueError(f"{self.misread:g} is no share of reads")

    def fingerprint(self) -> str:
        """SHA-256 over all of it: names the city in a store."""
        said = {**asdict(self), "first_day": self.first_day.isoformat(), "format": FORMAT}
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()

    @property
    def utc_days(self) -> list[date]:
        return [self.first_day + timedelta(days=number) for number in range(self.n_days)]


YEAR: Final = Size(seed=422, first_day=date(2025, 6, 15), n_days=366, n_vehicles=920_000)
"""About twenty million reads, what a city of a hundred thousand has in a year."""


class City:
    """A city of a given size; building it takes seconds for a million vehicles.

    people, devices, roads, places : see their modules; `planted` holds the incidents and convoys with their truth
    """

    def __init__(self, size: Size) -> None:
        """Build it. Raises ValueError when no incident could be seen by any camera."""
        self.size = size
        seed, first_on = size.seed, size.first_day.toordinal()
        self.roads = roads.build(seed)
        self.places = people.anchors(seed, self.roads)
        self.devices = devices.place(seed, self.roads, n_fixed=size.n_fixed, n_mobile=size.n_mobile)
        self._routes = routes.build(self.roads, self.places.corner, self.devices.of_block(len(self.roads.start)))
        self.people = people.populate(
            seed, self.roads, self.places, n_vehicles=size.n_vehicles, n_offenders=size.n_series, first_on=first_on,
            n_days=size.n_days,
        )  # fmt: skip
        ground = planted.Ground(self.roads, self.places, self.devices, self._routes, self.people)
        self.planted = planted.plant(
            seed,
            ground,
            # An evening of the last local date is the morning of a UTC day that is not simulated.
            dates=range(first_on, first_on + max(1, size.n_days - 1)),
            n_incidents=size.n_incidents,
            n_convoys=size.n_convoys,
            n_together=size.n_together,
        )
        self._newest: tuple[date, Seen] | None = None

    def plate_of(self, vehicle: int) -> str:
        """The plate on a vehicle."""
        return bytes(self.people.plate[vehicle]).rstrip(b"\0").decode("ascii")

    def clone(self) -> tuple[int, int]:
        """The vehicle whose plate was copied, and the one that has the copy."""
        copy = len(self.people.kind) - 1
        same = (self.people.plate == self.people.plate[copy]).all(axis=1)
        return int(np.flatnonzero(same)[0]), copy

    def day(self, day: date) -> DayOfReads:
        """The reads of one UTC day, whatever was asked for before. Raises ValueError for a day that is not simulated."""
        if not 0 <= (day - self.size.first_day).days < self.size.n_days:
            raise ValueError(f"{day} is none of the {self.size.n_days} days from {self.size.first_day}")
        seen = Seen.joined([self._local_day(day - timedelta(days=1)), self._local_day(day)])
        begins = clock.midnight(day)
        rng = np.random.default_rng([self.size.seed, 8, day.toordinal()])
        of_day = seen.within(begins, begins + clock.DAY)
        return read_day(rng, self.people, self.devices, of_day, day=day, misread=self.size.misread)

    def days(self, wanted: Iterable[date] | None = None) -> Iterator[DayOfReads]:
        """The reads of these UTC days, one at a time; by default of all."""
        for day in self.size.utc_days if wanted is None else wanted:
            yield self.day(day)

    def _local_day(self, on: date) -> Seen:
        """All passes of a local date; the newest is kept, for the next UTC day begins with its evening."""
        if self._newest is not None and self._newest[0] == on:
            return self._newest[1]
        rng = np.random.default_rng([self.size.seed, 7, on.toordinal()])
        ordinary, parked = trips.of_day(rng, self.people, self.places, on.toordinal())
        driven = Trips.joined([ordinary, self.planted.of_day(on.toordinal())])
        seen = Seen.joined([self._on_the_road(rng, on, driven), self._parked(rng, on, parked)])
        self._newest = on, seen
        return seen

    def _on_the_road(self, rng: np.random.Generator, on: date, driven: Trips) -> Seen:
        pair = self._routes.pair(driven.origin, driven.destination, driven.local_s)
        passes = self._routes.passes(pair)
        pace = np.where(np.isnan(driven.pace), np.exp(rng.normal(0, _DELAY, len(pair))), driven.pace)
        begins = clock.instants(rng, on, driven.local_s)
        after_s = passes.seconds * pace[passes.trip]
        seen = devices.seen_on_the_road(rng, driven.local_s[passes.trip] + after_s, driven.certain[passes.trip])
        camera, trip = passes.camera[seen], passes.trip[seen]
        return Seen(
            driven.vehicle[trip],
            camera,
            begins[trip] + (after_s[seen] * clock.SECOND).astype(np.int64),
            self.devices.latitude_deg[camera],
            self.devices.longitude_deg[camera],
            self.roads.heading_deg[self.devices.block[camera]],
        )

    def _parked(self, rng: np.random.Generator, on: date, parked: Parked) -> Seen:
        met = devices.patrol(rng, self.roads, self.devices.n_mobile, parked)
        latitude, longitude = self.roads.along(met.block, met.share)
        return Seen(
            met.vehicle,
            self.devices.n_fixed + met.unit,
            clock.instants(rng, on, met.local_s),
            latitude,
            longitude,
            self.roads.heading_deg[met.block],
        )


def simulate(size: Size) -> Iterator[DayOfReads]:
    """Build the city and yield its UTC days in order; `City` itself when its people and what is planted are wanted too."""
    yield from City(size).days()
