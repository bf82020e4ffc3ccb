"""Who was shown a read: the entries of the access record that returned it, its picture or its hits, and breaches (422.6(a), Civ. Code 1798.90.52).

What was searched for stays sealed: an entry is named, its query is not opened. Whoever may not verify the record is told how many
entries there are and when, not whose: one of his colleagues may be looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import func, select

from alpr_assets.access.record import reading
from alpr_assets.access.record.entries import ResultId
from alpr_assets.access.record.reading import Line
from alpr_assets.lifecycle.breaches.measuring import items_of
from alpr_assets.lifecycle.hits.entitlement import RESTRICTED_HIT, visible
from alpr_assets.search.lineage.steps import Step, Traced, known
from alpr_assets.store import schema
from alpr_assets.store.breaches import breach, breach_measure

ROWS: Final = 200
"""Entries that are named, the newest; of more than these the number is told."""


def searches(traced: Traced) -> Iterator[Step]:
    """The entries that returned it, the newest first."""
    results = _results(traced)
    n, first, last = reading.counted_that_returned(traced.record, *results)
    if not n:
        return
    if not traced.sees_searches or n > ROWS:
        shown = f": the newest {ROWS} follow" if traced.sees_searches else ""
        yield Step(
            what=f"Returned by {n:,} {'entry' if n == 1 else 'entries'} of the access record{shown}",
            facts=known(first_at=first, last_at=last),
        )
    if not traced.sees_searches:
        return
    lines = reading.searches_that_returned(traced.record, *results, limit=ROWS)
    files = _files(traced, [line.record_id for line in lines])
    for line in lines:
        yield _step(line, files.get(line.record_id))


def breaches(traced: Traced) -> Iterator[Step]:
    """The breaches whose newest measurement has it, the oldest first; for who is told of searches."""
    if not traced.sees_searches:
        return
    measured = breach_measure.c
    newest = select(func.max(measured.measure_id)).group_by(measured.breach_id)
    rows = traced.connection.execute(
        select(breach_measure, breach.c.discovered_at, breach.c.status)
        .join(breach, breach.c.breach_id == measured.breach_id)
        .where(measured.measure_id.in_(newest), measured.first_day <= traced.day, measured.last_day >= traced.day)
        .order_by(measured.breach_id)
    )
    mine = set(_results(traced))
    for row in rows:
        if reached := mine & set(items_of(row)):
            kinds = sorted({"hit" if one.kind == RESTRICTED_HIT else one.kind for one in reached})
            yield Step(
                what=f"Breach {row.breach_id} reached it: {row.status}", at=row.discovered_at,
                facts=known(breach=row.breach_id, reached=kinds, measured_at=row.measured_at),
                ids=(ResultId("breach", None, row.breach_id),),
            )  # fmt: skip


def _results(traced: Traced) -> list[ResultId]:
    """What the record may name it by: its reads, its picture, and those hits of it that the member may see."""
    reads = traced.reads or tuple(one for one in (traced.read_id,) if one is not None)
    found = [ResultId("read", traced.day, number) for number in reads]
    if traced.capture_id is not None:
        found.append(ResultId("capture", traced.day, traced.capture_id))
    hit = schema.hit.c
    for day, number in traced.passes:
        rows = traced.connection.execute(
            select(hit.hit_id, hit.read_day).where(hit.day == day, hit.sighting_id == number, *visible(traced.grant))
        )
        found += [ResultId(kind, row.read_day, row.hit_id) for row in rows for kind in ("hit", RESTRICTED_HIT)]
    return found


def _files(traced: Traced, record_ids: list[int]) -> dict[int, Any]:
    """The files that were taken out by these entries."""
    export = schema.export
    rows = traced.connection.execute(select(export).where(export.c.record_id.in_(record_ids)))
    return {row.record_id: row for row in rows}


def _step(line: Line, file: Any) -> Step:
    taken = {}
    if file is not None:
        gone = file.destroyed_at
        taken = known(file=file.file_name, file_sha256=file.sha256, to_be_gone_by=file.delete_by, gone_at=gone)
    return Step(
        what=f"Entry {line.record_id}: {line.action.replace('_', ' ')}", at=line.at, by=line.actor.name or "the system",
        facts=known(
            entry=line.record_id, member=line.actor.member_id, title=line.actor.title, purpose=line.purpose,
            case_number=line.case_number, results=line.n_results, outcome=line.outcome.value,
        ) | taken,
        ids=(ResultId("entry", None, line.record_id),),
    )  # fmt: skip
