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
from typing import Any, Final

import pandas as pd
from sqlalchemy import Connection, bindparam, case, exists, func, select

from alpr_assets.lifecycle.hits.alerting import alerted, within_budget
from alpr_assets.lifecycle.matching import PlateIndex
from alpr_assets.policy import Policy
from alpr_assets.store import schema, verdicts
from alpr_assets.store.engine import Store, insert_new, lock_day, reading, writing

STRENGTH: Final = {"exact": 0, "folded": 1, "edit1": 2, "partial": 3}
"""Match kinds, the strongest first."""

CHANGES: Final = (
    "match_kind", "state_agrees", "differences", "confidence", "sure", "read_day", "read_id", "version_id",
    "entry_id", "import_id", "category", "restricted", "captured_at", "correction_id",
)  # fmt: skip
"""What says why a hit was raised: replaced together when a later read of the pass matches better."""

KEY: Final = ("day", "sighting_id", "source", "plate", "state", "list_type")


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


@dataclass(frozen=True, slots=True)
class ListsInForce:
    """All entries in force, indexed for matching; built once and used for many days."""

    index: PlateIndex
    entries: pd.DataFrame

    @property
    def n_entries(self) -> int:
        return len(self.entries)


def lists_in_force(store: Store, policy: Policy) -> ListsInForce:
    """The entries of every list in force.

    `entries` is indexed by entry_id with the columns plate, plate_folded, state, list_type, category, restricted, source,
    import_id (the version in force, whatever import first brought the line).
    """
    with reading(store.engine) as connection:
        entries = _frame(connection, _entries())
    index = PlateIndex.build(entries, edit1_min_length=policy.matching.edit1_min_length)
    return ListsInForce(index, entries.set_index("entry_id"))


def _entries() -> Any:
    entry, hotlist = schema.hotlist_entry.c, schema.hotlist.c
    return (
        select(
            entry.entry_id, entry.plate, entry.plate_folded, entry.state, entry.list_type, entry.category,
            entry.restricted, hotlist.source, hotlist.current_import_id.label("import_id"),
        )
        .join(schema.hotlist, hotlist.list_id == entry.list_id)
        .where(entry.to_import_id.is_(None))
        .order_by(entry.entry_id)
    )  # fmt: skip


def raise_hits(store: Store, day: date, lists: ListsInForce, *, policy: Policy, now: datetime) -> DayOfHits:
    """Match the grouped, current reads of a UTC day with the lists and raise what is new. Idempotent.

    A hit that stands is strengthened when a read of its pass by the same recogniser version matches better than the one it was
    raised from, or as well and is sure where that one is not. Reading a day again with a newer version changes no hit: it keeps the version it came from.
    """
    with reading(store.engine) as connection:
        reads = _frame(connection, _current_reads(day))
        landed = connection.scalar(select(exists().where(schema.capture_day.c.day == day)))
    if not landed:
        return DayOfHits(day, 0, {}, 0, {}, 0, complete=True)
    found = _best_per_key(_matches(reads, lists, policy), reads, lists)
    with writing(store.engine) as connection:
        lock_day(connection, day)
        new, better, standing = _put(connection, found, {day}, policy=policy, now=now)
        complete = _close_day(connection, day, n_matched=len(reads))
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
    reads = _frame(connection, _current_reads(day, read_id))
    if reads.empty:
        return []
    entry, correction = schema.hotlist_entry.c, verdicts.read_correction.c
    newest = select(func.max(correction.correction_id)).where(correction.day == day, correction.read_id == read_id)
    folded = select(correction.plate_folded).where(correction.correction_id == newest.scalar_subquery())
    entries = _frame(connection, _entries().where(entry.plate_folded == folded.scalar_subquery()))
    index = PlateIndex.build(entries, edit1_min_length=policy.matching.edit1_min_length)
    lists = ListsInForce(index, entries.set_index("entry_id"))
    sighted = {row["sighting_day"] for row in reads.to_dict("records")}
    for each in sorted({day} | sighted):
        lock_day(connection, each)
    found = _best_per_key(_matches(reads, lists, policy), reads, lists)
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
        and _strength(row["match_kind"], sure=row["sure"]) < _strength(hit.match_kind, sure=hit.sure)
        and row["version_id"] == hit.version_id  # another version's better match is beside the evidence, not instead
    ]
    _strengthen(connection, better, now)
    return new, better, standing


def _strength(kind: str, *, sure: bool) -> tuple[int, bool]:
    """Smaller is stronger. The kind comes first: a sure read of another spelling is no better reason for the listed plate."""
    return STRENGTH[kind], not sure


def _frame(connection: Connection, statement: Any) -> pd.DataFrame:
    result = connection.execute(statement)
    # Plain tuples: pandas asks every Row for attributes that it does not have, which takes longer than the query.
    return pd.DataFrame(list(map(tuple, result)), columns=list(result.keys()))


def _current_reads(day: date, read_id: int | None = None) -> Any:
    """A day's reads of the current version with their sightings, whose day may be the one before; or one read of any version.

    Where a person corrected a read, its newest correction says plate and state.
    """
    read, capture, member = schema.read.c, schema.capture.c, schema.sighting_read.c
    correction, newer = verdicts.read_correction.c, verdicts.read_correction.alias("newer").c
    superseded = exists().where(
        newer.day == correction.day, newer.read_id == correction.read_id, newer.correction_id > correction.correction_id
    )
    statement = (
        select(
            read.day, read.read_id, member.sighting_day, member.sighting_id,
            func.coalesce(correction.plate, read.plate).label("plate"),
            func.coalesce(correction.region, read.region).label("region"),
            case((correction.region.is_not(None), 1.0), else_=read.region_confidence).label("region_confidence"),
            read.confidence, read.sure, read.captured_at, read.version_id, correction.correction_id,
        )
        .join(schema.sighting_read, (member.day == read.day) & (member.read_id == read.read_id))
        .join(schema.capture, (capture.day == read.day) & (capture.capture_id == read.capture_id))
        .outerjoin(
            verdicts.read_correction,
            (correction.day == read.day) & (correction.read_id == read.read_id) & ~superseded,
        )
        .where(read.day == day, member.day == day, capture.day == day)
        .order_by(read.read_id)
    )  # fmt: skip
    if read_id is not None:
        return statement.where(read.read_id == read_id)
    return statement.where(read.version_id == capture.current_version)


def _matches(reads: pd.DataFrame, lists: ListsInForce, policy: Policy) -> pd.DataFrame:
    sure = reads["region_confidence"].astype("float64") >= policy.matching.region_confidence
    region = reads["region"].where(sure, None)
    return lists.index.match(reads[["read_id", "plate"]].assign(region=region))


def _best_per_key(matches: pd.DataFrame, reads: pd.DataFrame, lists: ListsInForce) -> list[dict[str, Any]]:
    """One row of `hit` per key: the strongest match, a sure read first, then an agreeing state, then the surest read."""
    pairs = matches.merge(
        reads[
            [
                "read_id",
                "day",
                "sighting_day",
                "sighting_id",
                "confidence",
                "sure",
                "version_id",
                "captured_at",
                "correction_id",
            ]
        ],
        on="read_id",
    ).rename(columns={"day": "read_day", "sighting_day": "day", "kind": "match_kind"})
    pairs = pairs.merge(lists.entries.drop(columns="plate_folded"), left_on="entry_id", right_index=True)
    agreement = pairs["state_agrees"].astype("Float64")
    order = pd.DataFrame(
        {
            "strength": pairs["match_kind"].map(STRENGTH),
            "unsure": ~pairs["sure"].astype(bool),
            "state": -agreement.fillna(0.5),
            "confidence": -pairs["confidence"],
            "read": pairs["read_id"],
            "entry": pairs["entry_id"],
        }
    ).sort_values(["strength", "unsure", "state", "confidence", "read", "entry"])
    best = pairs.loc[order.index].drop_duplicates(list(KEY)).astype(object)
    rows: list[dict[str, Any]] = best[[*KEY, *CHANGES]].to_dict("records")  # type: ignore[assignment]
    for row in rows:
        row["state_agrees"] = None if pd.isna(row["state_agrees"]) else bool(row["state_agrees"])
        row["restricted"], row["sure"] = bool(row["restricted"]), bool(row["sure"])
        row["correction_id"] = None if pd.isna(row["correction_id"]) else int(row["correction_id"])
    return rows


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
        .where(table.c.hit_id == bindparam("of_hit"))
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
