"""Hits: a sighting whose plate is on a list in force, with the reason why it matched.

Here: raising them. Each carries the read, the recogniser version and the list version it came from. A hit's key is
(sighting, source, plate, state, type): a renewed list, a second read of the pass or a second run raises nothing twice.
A hit asks a person to look (422.4(f)); it is never a fact about a vehicle. One raised from an unsure read is unsure, until a
sure read of its pass matches as well. Where a person corrected a read, what he read is matched. Once a verdict was given on a
hit, what it was given on changes no more.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, bindparam, exists, func, select

from alpr_assets.lifecycle.hits.alerting import alerted, within_budget
from alpr_assets.lifecycle.hits.matched import (
    CHANGES,
    KEY,
    ListsInForce,
    best_matches,
    lists_of,
    reads_of,
    strength,
)
from alpr_assets.lifecycle.lookalikes import fold
from alpr_assets.policy import Policy
from alpr_assets.store import schema
from alpr_assets.store.engine import Store, insert_new, lock_day, reading, writing


@dataclass(frozen=True, slots=True)
class DayOfHits:
    """What matching one UTC day did; hits counted by match kind. `complete`: nothing of the day waits any more.

    n_unsure : standing hits whose read is unsure
    """

    day: date
    n_reads: int
    n_raised: dict[str, int]
    n_strengthened: int
    n_standing: dict[str, int]
    n_unsure: int
    complete: bool


def raise_hits(
    store: Store, day: date, lists: ListsInForce, *, policy: Policy, now: datetime, after: int | None = None
) -> DayOfHits:
    """Match the grouped, current reads of a UTC day with the lists and raise what is new. Idempotent.

    after : a read's id, or 0. Only reads with a larger one are matched, and the day stays open for whoever does all of it;
    then n_reads is of those alone, and the day is never `complete`

    A hit that stands is strengthened when a read of its pass by the same recogniser version matches better than the one it was
    raised from, or as well and is sure where that one is not. Reading a day again with a newer version changes no hit: it keeps the version it came from.
    """
    with reading(store.engine) as connection:
        reads = reads_of(connection, day, after=after)
        landed = connection.scalar(select(exists().where(schema.capture_day.c.day == day)))
    if not landed:
        return DayOfHits(day, 0, {}, 0, {}, 0, complete=True)
    found = best_matches(reads, lists, policy, now=now)
    with writing(store.engine) as connection:
        lock_day(connection, day)
        new, better, standing = _put(connection, found, {day}, policy=policy, now=now)
        complete = after is None and _close_day(connection, day, n_matched=len(reads))
    standing = {key: hit for key, hit in standing.items() if hit.entry_id is not None}  # not those of watches
    raised = Counter(hit.match_kind for hit in standing.values() if hit.hit_id in new)
    kinds = Counter(hit.match_kind for hit in standing.values())
    kinds.update(row["match_kind"] for _, row in better)
    kinds.subtract(hit.match_kind for hit, _ in better)
    unsure = {hit.hit_id for hit in standing.values() if not hit.sure} - {
        hit.hit_id for hit, row in better if row["sure"]
    }
    unsure |= {hit.hit_id for hit, row in better if not row["sure"]}
    return DayOfHits(day, len(reads), dict(raised), len(better), dict(+kinds), len(unsure), complete)


def raise_corrected(connection: Connection, day: date, read_id: int, *, policy: Policy, now: datetime) -> list[int]:
    """Match what a person read instead, and raise what is new; part of the transaction that corrects. Returns the new hits' ids.

    Exactly, or once look-alikes are merged: a person's reading is not taken for one character off.
    """
    reads = reads_of(connection, day, read_id)
    if reads.empty:
        return []
    lists = lists_of(connection, fold(reads["plate"].iloc[0]), policy)
    sighted = {row["sighting_day"] for row in reads.to_dict("records")}
    for each in sorted({day} | sighted):
        lock_day(connection, each)
    found = best_matches(reads, lists, policy, now=now)
    new, _, _ = _put(connection, found, {day}, policy=policy, now=now)
    return sorted(new)


def _put(
    connection: Connection, found: list[dict[str, Any]], days: set[date], *, policy: Policy, now: datetime
) -> tuple[set[int], list[tuple[Any, dict[str, Any]]], dict[tuple[Any, ...], Any]]:
    """Insert what is new and strengthen what stands: (ids of new hits, strengthened hits with their rows, all hits by key)."""
    days = {row["day"] for row in found} | days
    before = _standing(connection, days)
    rows = [{**row, "raised_at": now} for row in found if tuple(row[name] for name in KEY) not in before]
    rows = within_budget(connection, rows, policy=policy, now=now)
    new = {key.hit_id for key in insert_new(connection, schema.hit, rows, returning=True)}
    standing = _standing(connection, days)
    better = [
        (hit, row)
        for row in found
        if (hit := standing[tuple(row[name] for name in KEY)]).hit_id not in new
        and hit.n_moves == 0
        and hit.entry_id is not None
        and strength(row["match_kind"], sure=row["sure"]) < strength(hit.match_kind, sure=hit.sure)
        and row["version_id"] == hit.version_id  # another version's better match is beside the evidence, not instead
    ]
    _strengthen(connection, better, now)
    return new, better, standing


def _standing(connection: Connection, days: set[date]) -> dict[tuple[Any, ...], Any]:
    """All hits of these days, by key."""
    rows = connection.execute(select(schema.hit).where(schema.hit.c.day.in_(sorted(days))))
    return {tuple(getattr(row, name) for name in KEY): row for row in rows}


def _strengthen(connection: Connection, better: list[tuple[Any, dict[str, Any]]], now: datetime) -> None:
    if not better:
        return
    table = schema.hit
    connection.execute(
        table.update()
        .where(table.c.hit_id == bindparam("of_hit"), table.c.n_moves == 0)  # somebody may have judged it meanwhile
        .values(
            {name: bindparam(name) for name in CHANGES}
            | {"strengthened_at": bindparam("at"), "alerted": bindparam("loud")}
        ),
        [
            {
                "of_hit": hit.hit_id,
                "at": now,
                "loud": hit.alerted or alerted(row["match_kind"]),
                **{name: row[name] for name in CHANGES},
            }
            for hit, row in better
        ],
    )


def _close_day(connection: Connection, day: date, *, n_matched: int) -> bool:
    """Say that the locked day is processed up to what has landed, if nothing of it waits: unread, ungrouped or unmatched."""
    capture, of_day = schema.capture.c, schema.capture_day.c.day == day
    unread = connection.scalar(select(exists().where(capture.day == day, capture.current_version.is_(None))))
    current = (
        select(func.count())
        .select_from(schema.read)
        .join(schema.capture, (capture.day == schema.read.c.day) & (capture.capture_id == schema.read.c.capture_id))
    )
    n_current = connection.scalar(
        current.where(schema.read.c.day == day, capture.day == day, schema.read.c.version_id == capture.current_version)
    )
    complete = not unread and n_current == n_matched
    if complete:
        connection.execute(
            schema.capture_day.update().where(of_day).values(processed_digest=schema.capture_day.c.landed_digest)
        )
    return complete
