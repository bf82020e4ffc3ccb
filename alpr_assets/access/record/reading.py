"""Reading the record: what was asked, by whom, and which searches returned a read.

Here: entries with what they hold in clear, the ids of results, opening sealed elements. Not here: who may (`gate`).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, Text, and_, cast, false, func, or_, select
from sqlalchemy.dialects.postgresql import JSONB

from alpr_assets.access.record.entries import Actor, Kind, Outcome, ResultId
from alpr_assets.access.record.sealing import MonthKeys, unseal
from alpr_assets.access.record.tables import access_elements, access_record, access_result
from alpr_assets.errors import VerificationError

PAGE: Final = 100


@dataclass(frozen=True, slots=True)
class Line:
    """One entry as recorded, without its elements. `elements_month`: the month whose key opens them; None: it has none."""

    record_id: int
    at: datetime
    kind: Kind
    action: str
    outcome: Outcome
    actor: Actor
    purpose: str
    case_number: str
    reasons: tuple[str, ...]
    details: Mapping[str, Any]
    n_results: int
    elements_month: str | None
    leaf_hash: bytes


def entries(
    connection: Connection,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    member_id: int | None = None,
    kind: Kind | None = None,
    action: str | None = None,
    outcome: Outcome | None = None,
    purpose: str | None = None,
    case_number: str | None = None,
    before: int | None = None,
    limit: int = PAGE,
) -> list[Line]:
    """Entries, newest first.

    Parameters
    ----------
    since, until : UTC instants, end excluded
    before : entries with a smaller number only: the last one's of the page before
    """
    told = {
        ("actor", "member_id"): None if member_id is None else str(member_id),
        ("kind",): kind,
        ("action",): action,
        ("outcome",): outcome,
        ("purpose",): purpose,
        ("case_number",): case_number,
    }
    where = [_field(connection, *path) == str(value) for path, value in told.items() if value is not None]
    columns = access_record.c
    where += [columns.at >= since] if since else []
    where += [columns.at < until] if until else []
    where += [columns.record_id < before] if before is not None else []
    statement = select(access_record).where(*where).order_by(columns.record_id.desc()).limit(limit)
    return [_line(row) for row in connection.execute(statement)]


def entry(connection: Connection, record_id: int) -> Line | None:
    """One entry by its number."""
    row = connection.execute(select(access_record).where(access_record.c.record_id == record_id)).one_or_none()
    return None if row is None else _line(row)


def counted(
    connection: Connection, *, kind: Kind, since: datetime, until: datetime
) -> list[tuple[str, Outcome, str, int]]:
    """How many entries of a kind there are between two UTC instants, the end excluded: (action, outcome, purpose, number)."""
    columns = access_record.c
    fields = [_field(connection, name).label(name) for name in ("action", "outcome", "purpose")]
    where = (columns.at >= since, columns.at < until, _field(connection, "kind") == kind.value)
    statement = select(*fields, func.count().label("n")).where(*where).group_by(*fields)
    return [(row.action, Outcome(row.outcome), row.purpose, row.n) for row in connection.execute(statement)]


def results_of(connection: Connection, record_id: int) -> list[ResultId]:
    """What an entry returned, in order."""
    columns = access_result.c
    statement = select(columns.kind, columns.day, columns.id).where(columns.record_id == record_id)
    return [ResultId(*row) for row in connection.execute(statement.order_by(columns.position))]


def searches_that_returned(connection: Connection, *results: ResultId, limit: int | None = None) -> list[Line]:
    """The entries that returned one of these rows, newest first: who has seen this read.

    limit : the newest so many; None: all
    """
    columns = access_record.c
    statement = select(access_record).where(columns.record_id.in_(_that_returned(results)))
    return [_line(row) for row in connection.execute(statement.order_by(columns.record_id.desc()).limit(limit))]


def counted_that_returned(connection: Connection, *results: ResultId) -> tuple[int, datetime | None, datetime | None]:
    """How many entries returned one of these rows, and when the first and the last did; None: none did."""
    columns = access_record.c
    counted = select(func.count(), func.min(columns.at), func.max(columns.at))
    row = connection.execute(counted.where(columns.record_id.in_(_that_returned(results)))).one()
    return row[0], row[1], row[2]


def returned_under(
    connection: Connection, case_numbers: Collection[str], kinds: Collection[str]
) -> list[tuple[str, bool, ResultId]]:
    """What was shown to people under any of these case numbers: action, whether the answer was frozen, and the id; each once.

    Reads through all entries.
    """
    columns, shown = access_result.c, {Outcome.ANSWERED.value, Outcome.DONE.value}
    action, frozen = _field(connection, "action"), _field(connection, "details", "frozen")
    statement = (
        select(action, frozen, columns.kind, columns.day, columns.id)
        .join(access_record, access_record.c.record_id == columns.record_id)
        .where(
            _field(connection, "case_number").in_(sorted(case_numbers)),
            _field(connection, "outcome").in_(sorted(shown)),
            columns.kind.in_(sorted(kinds)),
        )
        .distinct()
    )
    return [(act, told in {"1", "true"}, ResultId(*key)) for act, told, *key in connection.execute(statement)]


def elements(connection: Connection, keys: MonthKeys, record_id: int) -> dict[str, Any]:
    """The query of one entry, opened and checked against its commitment; empty where it had none.

    Raises VerificationError when there is no such entry, its month has expired, or what is sealed is not what was recorded.
    """
    leaf = connection.execute(select(access_record.c.leaf).where(access_record.c.record_id == record_id)).scalar()
    committed = json.loads(leaf)["elements"] if leaf else None
    if committed is None:
        if leaf:
            return {}
        raise VerificationError(f"there is no entry {record_id}", remedy="look its number up in the record")
    blob = connection.execute(select(access_elements.c.sealed).where(access_elements.c.record_id == record_id)).scalar()
    return unseal(blob or b"", committed["month"], keys.existing(committed["month"]), committed["commitment"])


def case_begins(connection: Connection, *, until: datetime) -> dict[str, datetime]:
    """When each case number was first used, of entries before `until` (UTC): reads the whole record until then."""
    case = _field(connection, "case_number")
    columns = access_record.c
    statement = select(case, func.min(columns.at)).where(columns.at < until).group_by(case)
    return {number: at for number, at in connection.execute(statement) if number}


def sealed_by_month(connection: Connection, months: Sequence[str]) -> dict[str, int]:
    """How many entries' elements each month's key seals."""
    month = access_elements.c.month
    counted = select(month, func.count()).where(month.in_(months)).group_by(month)
    found = {name: n for name, n in connection.execute(counted)}  # noqa: C416 - rows are no pairs to mypy
    return {name: found.get(name, 0) for name in months}


def _that_returned(results: Sequence[ResultId]) -> Select[Any]:
    """Numbers of the entries that returned one of these rows, by the index of results."""
    columns = access_result.c
    each = [
        and_(columns.id == one.id, columns.kind == one.kind, columns.day.is_not_distinct_from(one.day))
        for one in results
    ]
    return select(columns.record_id).where(or_(false(), *each))


def _field(connection: Connection, *path: str) -> ColumnElement[Any]:
    """A value inside the leaf, as text."""
    if connection.dialect.name == "postgresql":
        found: ColumnElement[Any] = cast(access_record.c.leaf, JSONB)[path].astext
        return found
    return cast(func.json_extract(access_record.c.leaf, "$." + ".".join(path)), Text)


def _line(row: Any) -> Line:
    body = json.loads(row.leaf)
    return Line(
        record_id=row.record_id,
        at=row.at,
        kind=Kind(body["kind"]),
        action=body["action"],
        outcome=Outcome(body["outcome"]),
        actor=Actor(**body["actor"]),
        purpose=body["purpose"],
        case_number=body["case_number"],
        reasons=tuple(body["reasons"]),
        details=body["details"],
        n_results=body["n_results"],
        elements_month=(body["elements"] or {}).get("month"),
        leaf_hash=row.leaf_hash,
    )
