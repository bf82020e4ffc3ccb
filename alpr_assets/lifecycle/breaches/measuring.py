"""What of the data a breach reached: reads, pictures and hits that left, by the access record, or lay in a drop, by the store.

Here: ids and counts. Not here: keeping them (`deciding`). No plate leaves: distinct ones are counted where they lie.
An entry counts where it returned something; what it returned counts, whether or not somebody looked at it.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import Connection, select

from alpr_assets.access.record import reading
from alpr_assets.access.record.entries import ResultId
from alpr_assets.access.record.reading import Line
from alpr_assets.errors import NotFoundError
from alpr_assets.lifecycle.breaches.suspecting import Kind, Suspected
from alpr_assets.lifecycle.hits.entitlement import RESTRICTED_HIT
from alpr_assets.store import schema
from alpr_assets.store.conditions import among
from alpr_assets.store.sealed import sha256_hex

HITS: Final = frozenset({"hit", RESTRICTED_HIT})
VEHICLES: Final = frozenset({"read", "capture", *HITS})
"""Kinds of results that are about a vehicle; an entry also names moves, holds and the like."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """What a breach reached.

    items : of all that is affected, each once, in order
    n_plates : distinct plates of the reads and pictures that are in the store still
    n_gone : reads and pictures that are not
    """

    items: tuple[ResultId, ...]
    n_entries: int
    n_plates: int
    n_gone: int

    @property
    def days(self) -> list[date]:
        """UTC days of the affected captures, in order."""
        return sorted({one.day for one in self.items if one.day is not None})

    def count(self, *kinds: str) -> int:
        """How many of these kinds."""
        return sum(one.kind in kinds for one in self.items)

    def content(self) -> bytes:
        """All ids as JSON, in order: what is kept, and hashed."""
        return json.dumps([[one.kind, one.day and one.day.isoformat(), one.id] for one in self.items]).encode()

    def row(self) -> dict[str, Any]:
        """As `store.breaches.breach_measure` keeps it."""
        days, content = self.days, self.content()
        return {
            "n_entries": self.n_entries, "n_reads": self.count("read"), "n_captures": self.count("capture"),
            "n_hits": self.count(*HITS), "n_plates": self.n_plates, "n_gone": self.n_gone, "n_days": len(days),
            "first_day": days[0] if days else None, "last_day": days[-1] if days else None,
            "items": zlib.compress(content), "sha256": sha256_hex(content),
        }  # fmt: skip


def measure(connection: Connection, record: Connection, suspected: Suspected) -> Measure:
    """Find what is affected, as the record and the store are now.

    Parameters
    ----------
    connection, record : of the store, and of the access record

    Raises
    ------
    MalformedError : `breach`
    NotFoundError : there is no such export or drop
    """
    suspected = suspected.check()
    n_entries, found = 0, set[ResultId]()
    if suspected.kind is Kind.DROP:
        found = _of_drop(connection, suspected)
    for record_id in _entries(connection, record, suspected):
        results = {one for one in reading.results_of(record, record_id) if one.kind in VEHICLES}
        n_entries += bool(results)
        found |= results
    items = tuple(sorted(found, key=lambda one: (one.kind, one.day or date.min, one.id)))
    plates, n_there = _plates(connection, items)
    n_named = sum(one.kind not in HITS for one in items)
    return Measure(items=items, n_entries=n_entries, n_plates=len(plates), n_gone=n_named - n_there)


def items_of(row: Any) -> list[ResultId]:
    """The ids that a stored measurement kept."""
    said = json.loads(zlib.decompress(row.items))
    return [ResultId(kind, day and date.fromisoformat(day), number) for kind, day, number in said]


def _entries(connection: Connection, record: Connection, suspected: Suspected) -> Iterator[int]:
    if suspected.kind is Kind.EXPORT:
        export = schema.export.c
        record_id = connection.scalar(select(export.record_id).where(export.export_id == suspected.number))
        if record_id is None:
            raise NotFoundError(f"there is no export {suspected.number}")
        yield record_id
    elif suspected.kind is not Kind.DROP:
        yield from (line.record_id for line in _lines(record, suspected) if line.n_results)


def _lines(record: Connection, suspected: Suspected) -> Iterator[Line]:
    """The entries of an account, a session or a time, the newest first, a page at a time."""
    member_id = suspected.number if suspected.kind is Kind.ACCOUNT else None
    before: int | None = None
    while lines := reading.entries(
        record, since=suspected.since, until=suspected.until, member_id=member_id, before=before
    ):
        before = lines[-1].record_id
        for line in lines:
            if suspected.kind is not Kind.SESSION or line.actor.session_id == suspected.number:
                yield line


def _of_drop(connection: Connection, suspected: Suspected) -> set[ResultId]:
    """The pictures of a drop, and what was read in them."""
    drop, capture, read = schema.drop.c, schema.capture.c, schema.read.c
    if connection.scalar(select(drop.drop_id).where(drop.drop_id == suspected.number)) is None:
        raise NotFoundError(f"there is no drop {suspected.number}")
    mine = select(capture.day, capture.capture_id).where(capture.drop_id == suspected.number)
    pictures = {ResultId("capture", day, number) for day, number in connection.execute(mine).tuples()}
    reads = (
        select(read.day, read.read_id)
        .join(schema.capture, (capture.day == read.day) & (capture.capture_id == read.capture_id))
        .where(capture.drop_id == suspected.number)
    )
    return pictures | {ResultId("read", day, number) for day, number in connection.execute(reads).tuples()}


def _plates(connection: Connection, items: Sequence[ResultId]) -> tuple[set[str], int]:
    """The plates of these reads and pictures, and how many of these are in the store."""
    read, capture, dialect = schema.read.c, schema.capture.c, connection.dialect.name
    by_day: dict[tuple[date, str], list[int]] = {}
    for one in items:
        if one.kind not in HITS and one.day is not None:
            by_day.setdefault((one.day, one.kind), []).append(one.id)
    plates, n_there = set[str](), 0
    for (day, kind), numbers in by_day.items():
        column, own = (read.read_id, read.read_id) if kind == "read" else (capture.capture_id, read.capture_id)
        there = select(column).where(column.table.c.day == day, among(dialect, column, numbers))
        n_there += len(connection.scalars(there).all())
        plates |= set(connection.scalars(select(read.plate).where(read.day == day, among(dialect, own, numbers))))
    return plates, n_there
