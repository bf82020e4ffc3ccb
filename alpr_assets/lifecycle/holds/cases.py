"""What belongs to a case: what people were shown under its number, and what its watches and listed plates hit (422.5).

Here: numbers, passes, and ids of the access record. Not here: which captures those are (`covering`, `joining`).
A provisional number that became a case's belongs to the case (422.4(a)). What a frozen case file names was returned when it was frozen.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import ColumnElement, Connection, select

from alpr_assets.access.record.entries import ResultId
from alpr_assets.access.record.reading import returned_under
from alpr_assets.access.roles import Action
from alpr_assets.lifecycle.hits.entitlement import RESTRICTED_HIT
from alpr_assets.store import schema
from alpr_assets.store.conditions import among
from alpr_assets.store.holds import hold
from alpr_assets.store.incidents import provisional_number
from alpr_assets.store.watches import watch

KINDS: Final = ("read", "capture", "hit", RESTRICTED_HIT)
"""What of an answer stands for captures."""

Pass = tuple[date, int]
"""UTC day and id of a sighting."""


class Path(StrEnum):
    """How something came to belong to a case."""

    RETURNED = "returned"
    OPENED = "opened"
    FROZEN = "frozen"
    HIT = "hit"


@dataclass(frozen=True, slots=True)
class Shown:
    """Ids that people were shown under a case's numbers, from the access record."""

    by_path: Mapping[Path, Collection[ResultId]] = field(default_factory=dict)


def numbers_of(connection: Connection, cases: Collection[str]) -> set[str]:
    """Every number of these cases: their own, the real one of a provisional one, and provisional ones that became them."""
    column, dialect, known = provisional_number.c, connection.dialect.name, set(cases)
    real = select(column.case_number).where(among(dialect, column.number, sorted(known)))
    known |= {number for number in connection.scalars(real) if number is not None}
    return known | set(
        connection.scalars(select(column.number).where(among(dialect, column.case_number, sorted(known))))
    )


def held(connection: Connection, where: Sequence[ColumnElement[bool]]) -> list[str]:
    """Cases that standing holds hold."""
    statement = select(hold.c.of_case).where(hold.c.of_case.is_not(None), *where).distinct()
    return [case for case in connection.scalars(statement) if case is not None]


def passes_of(connection: Connection, numbers: Collection[str], on: date | None) -> list[Pass]:
    """Passes that a watch, or a plate of the department's own list, under these numbers hit.

    Parameters
    ----------
    on : those that may have captures of this UTC day only; a pass may begin on the day before
    """
    hit, entry, dialect, wanted = schema.hit.c, schema.hotlist_entry.c, connection.dialect.name, sorted(numbers)
    near = [] if on is None else [hit.day.between(on - timedelta(days=1), on + timedelta(days=1))]
    passes = select(hit.day, hit.sighting_id).where(*near)
    watched = passes.join(watch, watch.c.watch_id == hit.watch_id).where(among(dialect, watch.c.case_number, wanted))
    listed = passes.join(schema.hotlist_entry, entry.entry_id == hit.entry_id).where(
        entry.expires_on.is_not(None),  # in another's list a number is not ours
        entry.details["case_number"].as_string().in_(wanted),
    )
    return sorted({(day, number) for one in (watched, listed) for day, number in connection.execute(one)})


def shown(record: Connection, numbers: Collection[str]) -> Shown:
    """What the access record says that people were shown under these numbers; `record`: one state of it."""
    by_path: dict[Path, set[ResultId]] = {}
    for action, is_frozen, result in returned_under(record, numbers, KINDS):
        by_path.setdefault(_path(action, is_frozen), set()).add(result)
    return Shown(by_path)


def _path(action: str, is_frozen: bool) -> Path:
    if is_frozen:
        return Path.FROZEN
    return Path.OPENED if action == Action.OPEN_IMAGE else Path.RETURNED
