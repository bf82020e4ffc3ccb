"""Holds of cases: which captures they are about, and how what is shown later under the number joins them (422.5).

Here: from ids of the access record to captures in the store, and the joining. Not here: what belongs to a case (`cases`).
What a case's watches and listed plates hit is held by itself, since a purge asks for it in its own transaction. The access record is
another database: what it has is joined once a day and right before a purge, so what is shown while a purge destroys its day is not kept.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime

from sqlalchemy import ColumnElement, Connection, Engine, select

from alpr_assets.access.record.entries import ResultId
from alpr_assets.access.record.exporting import snapshot
from alpr_assets.access.record.places import Place
from alpr_assets.lifecycle.holds import cases, covering
from alpr_assets.lifecycle.holds.cases import Path, Shown
from alpr_assets.lifecycle.holds.selectors import Named, Selector
from alpr_assets.store import schema
from alpr_assets.store.conditions import among
from alpr_assets.store.engine import insert_new, reading, writing
from alpr_assets.store.holds import hold, hold_item


def shown_under(engine: Engine, place: Place, case: str) -> Shown:
    """What people were shown under a case's numbers. Reads the whole access record: ask it before a transaction, not in one."""
    with reading(engine) as connection:
        numbers = cases.numbers_of(connection, [case])
    with _record(place) as record:
        return Shown() if record is None else cases.shown(record, numbers)


def captures_by_path(
    connection: Connection, case: str, shown: Shown, *, visible: Collection[ColumnElement[bool]] = ()
) -> dict[Path, set[Named]]:
    """Captures of a case that are in the store, by how they came to belong to it: destroyed ones are left out.

    Parameters
    ----------
    visible : conditions on `hit`; others are left out, as those who may not see them must not count them either
    """
    found = {path: _captures(connection, ids, visible=visible) for path, ids in shown.by_path.items()}
    passes = cases.passes_of(connection, cases.numbers_of(connection, [case]), None)
    if visible:
        hit = schema.hit.c
        seen = set(
            connection.execute(
                select(hit.day, hit.sighting_id).where(hit.day.in_({day for day, _ in passes}), *visible)
            ).tuples()
        )
        passes = [one for one in passes if one in seen]
    of_hits = set[Named]().union(*covering.captures_of(connection, passes).values())
    return {path: held for path, held in (found | {Path.HIT: of_hits}).items() if held}


def join(engine: Engine, place: Place, *, at: datetime) -> int:
    """Let what was shown since under the number of a held case join its hold; returns how many captures. Asked again, it joins none."""
    with reading(engine) as connection:
        held = cases.held(connection, [hold.c.status == "standing"])
        numbers = {case: cases.numbers_of(connection, [case]) for case in held}
    if not numbers:
        return 0
    with _record(place) as record:
        if record is None:
            return 0
        shown = {case: cases.shown(record, of) for case, of in numbers.items()}
    return sum(_join_one(engine, case, of, at) for case, of in sorted(shown.items()))


@contextmanager
def _record(place: Place) -> Iterator[Connection | None]:
    """The access record at one moment, and its engine let go; None: there is none yet, so nobody was shown anything."""
    try:
        if place.is_begun():
            with snapshot(place.engine) as connection:
                yield connection
        else:
            yield None
    finally:
        place.engine.dispose()


def _join_one(engine: Engine, case: str, shown: Shown, at: datetime) -> int:
    with writing(engine) as connection:
        ids = set[ResultId]().union(*shown.by_path.values())
        covering.lock_days(connection, {one.day for one in ids if one.day})
        captures = _captures(connection, ids)
        standing = select(hold.c.hold_id).where(hold.c.of_case == case, hold.c.status == "standing")
        n = 0
        for hold_id in connection.scalars(standing).all():
            item = hold_item.c
            known = set(connection.execute(select(item.day, item.capture_id).where(item.hold_id == hold_id)).tuples())
            new = [
                {"hold_id": hold_id, "day": day, "capture_id": number, "joined_at": at}
                for day, number in sorted(captures - known)
            ]
            insert_new(connection, hold_item, new)
            n += len(new)
    return n


def _captures(
    connection: Connection, ids: Iterable[ResultId], *, visible: Collection[ColumnElement[bool]] = ()
) -> set[Named]:
    by_kind: dict[str, set[tuple[date | None, int]]] = {}
    for kind, day, number in ids:
        by_kind.setdefault(kind if kind in {"read", "capture"} else "hit", set()).add((day, number))
    hits = sorted({number for _, number in by_kind.get("hit", ())})
    if visible and hits:
        hit = schema.hit.c.hit_id
        hits = list(connection.scalars(select(hit).where(among(connection.dialect.name, hit, hits), *visible)))
    named = {kind: tuple((day, number) for day, number in keys if day) for kind, keys in by_kind.items()}
    wanted = Selector(captures=named.get("capture", ()), reads=named.get("read", ()), hits=tuple(hits))
    return set(covering.named(connection, wanted)[0])
