"""Incidents as an analyst states them, and what a canvass of them, or a look for a vehicle's companions, answered.

Here: value classes. Not here: asking (`asking`), whether the policy allows as much at once: the console says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from alpr_assets.client.areas import geojson
from alpr_assets.client.tables import frame_of

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Incident:
    """One incident: any of its places, at any of its times.

    name : what people call it, such as its number; shown in the reasons
    areas : each `circle(latitude, longitude, metres)` or a GeoJSON or shapely Polygon; a circle's centre is where it happened
    windows : pairs of times, the second excluded, in which a vehicle of interest may have passed
    at : when it happened, as far as known; the nearer in time, the more telling
    """

    name: str
    areas: Sequence[Any]
    windows: Sequence[tuple[Any, Any]]
    at: Any = None

    def timed(self, instant: Callable[[Any], datetime | None]) -> Incident:
        """The same with its times read by `instant`, such as in the department's zone."""
        windows = [(instant(since), instant(until)) for since, until in self.windows]
        return replace(self, windows=windows, at=instant(self.at))

    def said(self, instant: Callable[[Any], str | None]) -> dict[str, Any]:
        """As the API takes it."""
        windows = [{"since": instant(since), "until": instant(until)} for since, until in self.windows]
        said = {"name": self.name, "areas": [geojson(area) for area in self.areas], "windows": windows}
        return {**said, "at": instant(self.at)} if self.at is not None else said


@dataclass(frozen=True, slots=True)
class Canvassed:
    """What a canvass found. A rank is a lead, no finding; "not seen" is not "not there".

    vehicles : a row a vehicle, the most telling first; columns of `search.canvass.vehicles.COLUMNS`
    reads : their reads at the incidents; columns of `search.canvass.gathering.COLUMNS`
    coverage : a row an incident and reader; columns of `search.canvass.coverage.COLUMNS`
    gaps : what stands between "not seen" and "not there", in sentences
    counts : the same in numbers, by name; None: not looked
    n_seen : vehicles that were seen at any of the incidents
    incidents : as they were asked about
    """

    vehicles: pd.DataFrame
    reads: pd.DataFrame
    coverage: pd.DataFrame
    gaps: tuple[str, ...]
    counts: Mapping[str, int | None]
    n_seen: int
    incidents: Sequence[Incident] = ()

    @classmethod
    def of(cls, said: Mapping[str, Any], incidents: Sequence[Incident] = ()) -> Canvassed:
        """What the console said."""
        covered = said["coverage"]
        counts = {name: value for name, value in covered.items() if name not in {"gaps", "devices"}}
        frames = (frame_of(said["vehicles"]), frame_of(said["reads"]), frame_of(covered["devices"]))
        return cls(
            *frames, gaps=tuple(covered["gaps"]), counts=counts, n_seen=said["n_seen"], incidents=tuple(incidents)
        )


@dataclass(frozen=True, slots=True)
class CoTravel:
    """Who travelled with a vehicle. A small q-value says that they did not meet by chance; why they met, it does not say.

    companions : a row a vehicle, the least likely by chance first; columns of `search.convoy.companions.COLUMNS`
    passes : a row a pair of reads close by; columns of `search.convoy.companions.PASSES`
    n_own : reads of the given vehicle that have a place and a time
    n_tests : plates that the q-values are held against
    """

    companions: pd.DataFrame
    passes: pd.DataFrame
    n_own: int
    n_tests: int

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> CoTravel:
        """What the console said."""
        return cls(frame_of(said["companions"]), frame_of(said["passes"]), said["n_own"], said["n_tests"])
