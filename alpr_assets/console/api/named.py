"""The searches by name, as exports and case files call them: what each is asked, what right it needs, how it runs.

Here: the one place that knows how a search runs from what was sent. Not here: the questions' fields (`asks`, `incidents`), any
statement (`search`), letting an answer leave (`searching`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, Any, Final, Literal

import pandas as pd
from pydantic import Field, TypeAdapter

from alpr_assets.access.gate import Found, Grant, Search
from alpr_assets.access.roles import Action
from alpr_assets.console.api import asks
from alpr_assets.console.api.incidents import CanvassQuestion
from alpr_assets.console.wiring import Services
from alpr_assets.lifecycle.watches.areas import Area, area_of
from alpr_assets.search import history, hits, path, statistics, tolerant
from alpr_assets.search import partial as partials
from alpr_assets.search.canvass import vehicles
from alpr_assets.search.convoy import companions


class PlateHistoryNamed(asks.PlateQuestion):
    """A plate's history."""

    search: Literal[Action.PLATE_HISTORY]


class PossiblePlatesNamed(asks.PlateQuestion):
    """The reads of a plate, and of those that may be it, misread."""

    search: Literal["possible_plates"]


class PlatePathNamed(asks.PlateQuestion):
    """The reads of a plate in the order of time, with the gaps between them."""

    search: Literal["plate_path"]


class PartialPlatesNamed(asks.PartialQuestion):
    """The reads of the plates that a pattern means, the newest first."""

    search: Literal["partial_plates"]


class CanvassNamed(CanvassQuestion):
    """The vehicles that were seen at incidents, without the single reads."""

    search: Literal[Action.CANVASS]


class CoTravelNamed(asks.CoTravelQuestion):
    """The vehicles that travelled with one, without the single reads."""

    search: Literal[Action.CO_TRAVEL]


class CountsNamed(asks.CountsQuestion):
    """How many reads there were: what is kept or passed on never shows small counts."""

    search: Literal["counts"]
    suppress: Literal[True] = True


class HitsNamed(asks.HitsQuestion):
    """Hot-list hits."""

    search: Literal[Action.VIEW_HITS]


NamedSearch = Annotated[
    PlateHistoryNamed
    | PossiblePlatesNamed
    | PlatePathNamed
    | PartialPlatesNamed
    | CanvassNamed
    | CoTravelNamed
    | CountsNamed
    | HitsNamed,
    Field(discriminator="search"),
]

ADAPTER: Final[TypeAdapter[Any]] = TypeAdapter(NamedSearch)


class ExportAsk(asks.Why):
    """Rows as a file to keep: registered, with an expiry, and counted against the policy's largest."""

    of: NamedSearch
    format: asks.FileFormat = asks.FileFormat.CSV


@dataclass(frozen=True, slots=True)
class Named:
    """One search.

    action : the right that it needs
    columns : of its rows, name → meaning, in order
    run : from the services and a question to what the gate is given
    """

    action: Action
    columns: Callable[[Any], Mapping[str, str]]
    run: Callable[[Services, Any], Search[pd.DataFrame]]


def area_asked(area: asks.AreaAsked | None) -> Area | None:
    """The area as the searches take it. Raises MalformedError: `area`; within the gate, so that it is recorded."""
    return None if area is None else area_of(area.model_dump())


def elements_of(of: Any) -> dict[str, Any]:
    """What the record keeps of a named search; its name where the right alone does not tell it."""
    said: dict[str, Any] = of.model_dump(mode="json", exclude_none=True)
    if said["search"] == NAMED[of.search].action.value:
        del said["search"]
    return said


# ── how each runs ──────────────────────────────────────────────────────────────────────────────────────────────────


def plate_history(services: Services, of: asks.PlateQuestion) -> Search[pd.DataFrame]:
    return partial(
        history.plate_history, engine=services.store.engine, plate=of.plate, since=of.since, until=of.until, state=of.state
    )  # fmt: skip


def possible_plates(services: Services, of: asks.PlateQuestion) -> Search[pd.DataFrame]:
    return partial(
        tolerant.tolerant_history, engine=services.store.engine, plate=of.plate, policy=services.policy, since=of.since,
        until=of.until, state=of.state,
    )  # fmt: skip


def plate_path(services: Services, of: asks.PlateQuestion) -> Search[pd.DataFrame]:
    return partial(
        path.plate_path, engine=services.store.engine, plate=of.plate, policy=services.policy, since=of.since,
        until=of.until, state=of.state,
    )  # fmt: skip


def partial_plates(services: Services, of: asks.PartialQuestion) -> Search[pd.DataFrame]:
    def search(grant: Grant) -> Found[pd.DataFrame]:
        return partials.partial_plates(
            grant, services.store.engine, pattern=of.pattern, policy=services.policy, since=of.since, until=of.until,
            area=area_asked(of.area), state=of.state, tolerant=of.tolerant,
        )  # fmt: skip

    return search


def canvass(services: Services, of: CanvassQuestion) -> Search[vehicles.Canvassed]:
    def search(grant: Grant) -> Found[vehicles.Canvassed]:
        incidents = [one.incident() for one in of.incidents]
        return vehicles.canvass(
            grant, services.store.engine, incidents, policy=services.policy, at_least=of.at_least,
            described=of.described.description(),
        )  # fmt: skip

    return search


def co_travel(services: Services, of: asks.CoTravelQuestion) -> Search[companions.CoTravel]:
    return partial(
        companions.co_travel, engine=services.store.engine, plate=of.plate, policy=services.policy, since=of.since,
        until=of.until, at_least=of.at_least,
    )  # fmt: skip


def counts(services: Services, of: asks.CountsQuestion) -> Search[pd.DataFrame]:
    def search(grant: Grant) -> Found[pd.DataFrame]:
        found = statistics.count_reads(
            grant, services.store.engine, policy=services.policy, by=of.by, since=of.since, until=of.until,
            area=area_asked(of.area), suppress=of.suppress,
        )  # fmt: skip
        return Found(found.rows[list(count_columns(of))], found.ids)

    return search


def count_columns(of: asks.CountsQuestion) -> dict[str, str]:
    """The columns of counts: of the properties those asked for."""
    left_out = set(statistics.PROPERTIES) - set(of.by)
    return {name: meaning for name, meaning in statistics.COLUMNS.items() if name not in left_out}


def hit_list(services: Services, of: asks.HitsQuestion) -> Search[pd.DataFrame]:
    return partial(hits.hits, engine=services.store.engine, since=of.since, until=of.until, category=of.category)


def _vehicles(services: Services, of: CanvassQuestion) -> Search[pd.DataFrame]:
    return _table(canvass(services, of), lambda found: found.vehicles)


def _companions(services: Services, of: asks.CoTravelQuestion) -> Search[pd.DataFrame]:
    return _table(co_travel(services, of), lambda found: found.companions)


def _table(search: Search[Any], table: Callable[[Any], pd.DataFrame]) -> Search[pd.DataFrame]:
    """The table of an answer that has several: all that it rests on is recorded as returned."""

    def one(grant: Grant) -> Found[pd.DataFrame]:
        found = search(grant)
        return replace(found, rows=table(found.rows))

    return one


def _always(columns: Mapping[str, str]) -> Callable[[Any], Mapping[str, str]]:
    return lambda _: columns


NAMED: Final[Mapping[str, Named]] = {
    "plate_history": Named(Action.PLATE_HISTORY, _always(history.COLUMNS), plate_history),
    "possible_plates": Named(Action.PLATE_HISTORY, _always(tolerant.COLUMNS), possible_plates),
    "plate_path": Named(Action.PLATE_HISTORY, _always(path.COLUMNS), plate_path),
    "partial_plates": Named(Action.PARTIAL_PLATE, _always(partials.COLUMNS), partial_plates),
    "canvass": Named(Action.CANVASS, _always(vehicles.COLUMNS), _vehicles),
    "co_travel": Named(Action.CO_TRAVEL, _always(companions.COLUMNS), _companions),
    "counts": Named(Action.COUNT_READS, count_columns, counts),
    "view_hits": Named(Action.VIEW_HITS, _always(hits.COLUMNS), hit_list),
}
