"""Hits of watches: a sighting whose plate is one that somebody looks for (422.4(c)).

Here: matching a day's reads with the watches in force, and writing hits down, from the present or from the past. Not here: hits of
lists (`hits.raising`), what people do with a hit.

A hit's key is (sighting, watch): a second read of the pass or a second run raises nothing twice, whatever it spells. A hit nobody has
moved yet is strengthened when a read of its pass by the same recogniser version matches better, or as well and is sure.
It is the department's own (`source`), of no restricted list, and always alerts: a person asked for it, and another approves.
Where a person corrected a read, what he read is matched.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import pandas as pd
from sqlalchemy import ColumnElement, Connection, Select, bindparam, case, exists, select

from alpr_assets.lifecycle.watches.matching import WatchIndex, watches_in_force
from alpr_assets.lifecycle.watches.patterns import parse
from alpr_assets.policy import Policy
from alpr_assets.store import schema, verdicts
from alpr_assets.store.engine import Store, insert_new, lock_day, reading, writing

STRENGTH: Final = {"exact": 0, "folded": 1, "edit1": 2, "partial": 0}
"""A watch is whole or partial: partial matches have no weaker kind beside them."""

CHANGES: Final = (
    "match_kind", "state_agrees", "differences", "confidence", "sure", "read_day", "read_id", "captured_at",
    "correction_id",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class DayOfWatchHits:
    """What matching one UTC day with the watches in force did; totals only.

    n_raised : new hits by match kind
    """

    day: date
    n_watches: int
    n_reads: int
    n_raised: dict[str, int]
    n_strengthened: int


def raise_watch_hits(store: Store, day: date, *, policy: Policy, now: datetime, after: int = 0) -> DayOfWatchHits:
    """Match the grouped, current reads of a UTC day, with ids above `after`, with the watches in force. Idempotent."""
    with reading(store.engine) as connection:
        index = watches_in_force(connection, now, policy)
        if not index.watches:
            return DayOfWatchHits(day, 0, 0, {}, 0)
        reads = load_reads(connection, schema.read.c.day == day, schema.read.c.read_id > after)
    rows = hit_rows(index, reads, policy)
    with writing(store.engine) as connection:
        new, n_strengthened = put(connection, rows, now)
    return DayOfWatchHits(day, len(index.watches), len(reads), dict(Counter(new.values())), n_strengthened)


def raise_corrected(connection: Connection, day: date, read_id: int, *, policy: Policy, now: datetime) -> list[int]:
    """Match what a person read instead with the watches in force; part of the transaction that corrects. Returns new hits' ids."""
    index = watches_in_force(connection, now, policy)
    reads = load_reads(connection, schema.read.c.day == day, schema.read.c.read_id == read_id)
    new, _ = put(connection, hit_rows(index, reads, policy), now)
    return sorted(new)


def load_reads(connection: Connection, *conditions: ColumnElement[bool]) -> pd.DataFrame:
    """Current reads with their sightings, places and newest corrections, as `hit_rows` takes them."""
    result = connection.execute(_current_reads().where(*conditions))
    # Plain tuples: pandas asks every Row for attributes that it does not have, which takes longer than the query.
    return pd.DataFrame(list(map(tuple, result)), columns=list(result.keys()))


def hit_rows(index: WatchIndex, reads: pd.DataFrame, policy: Policy) -> list[dict[str, Any]]:
    """Rows of `hit`, one a (sighting, watch): the strongest match, a sure read first, then the surest."""
    if reads.empty:
        return []
    known = reads["region_confidence"].astype("float64") >= policy.matching.region_confidence
    found = index.match(reads.assign(region=reads["region"].where(known, None)))
    kept = ["read_id", "day", "sighting_day", "sighting_id", "confidence", "sure", "version_id", "captured_at"]
    pairs = found.merge(reads[[*kept, "correction_id"]], on="read_id")
    pairs = pairs.assign(strength=pairs["kind"].map(STRENGTH), unsure=~pairs["sure"].astype(bool))
    pairs = pairs.sort_values(
        ["strength", "unsure", "confidence", "read_id"], ascending=[True, True, False, True], kind="stable"
    ).drop_duplicates(["sighting_day", "sighting_id", "watch_id"])
    return [_row(pair, index.watches[pair["watch_id"]]) for pair in pairs.astype(object).to_dict("records")]


def put(connection: Connection, rows: Sequence[dict[str, Any]], now: datetime) -> tuple[dict[int, str], int]:
    """Insert what is new and strengthen what stands: (match kinds of new hits by id, how many were strengthened)."""
    days = {row["day"] for row in rows} | {row["read_day"] for row in rows}
    for day in sorted(days):
        lock_day(connection, day)
    new = {
        key.hit_id
        for key in insert_new(connection, schema.hit, [{**row, "raised_at": now} for row in rows], returning=True)
    }
    hit = schema.hit.c
    standing = {
        (one.day, one.sighting_id, one.watch_id): one
        for one in connection.execute(select(schema.hit).where(hit.day.in_(sorted(days)), hit.watch_id.is_not(None)))
    }
    kinds = {one.hit_id: one.match_kind for one in standing.values() if one.hit_id in new}
    better = [
        (one.hit_id, row)
        for row in rows
        if (one := standing.get((row["day"], row["sighting_id"], row["watch_id"])))
        and one.hit_id not in new
        and one.n_moves == 0
        and row["version_id"] == one.version_id
        and (STRENGTH[row["match_kind"]], not row["sure"]) < (STRENGTH[one.match_kind], not one.sure)
    ]
    if better:
        changed: dict[str, Any] = {name: bindparam(f"new_{name}") for name in CHANGES}
        connection.execute(
            schema.hit.update().where(hit.hit_id == bindparam("of_hit")).values({**changed, "strengthened_at": now}),
            [{"of_hit": hit_id, **{f"new_{name}": row[name] for name in CHANGES}} for hit_id, row in better],
        )
    return kinds, len(better)


def _row(pair: dict[Any, Any], watch: Any) -> dict[str, Any]:
    return {
        "day": pair["sighting_day"], "sighting_id": int(pair["sighting_id"]), "source": "department",
        "plate": parse(watch.pattern).outline, "state": watch.state, "list_type": f"{watch.kind} {watch.watch_id}",
        "category": watch.category, "restricted": False, "match_kind": pair["kind"],
        "state_agrees": None if pd.isna(pair["state_agrees"]) else bool(pair["state_agrees"]),
        "differences": pair["differences"], "confidence": float(pair["confidence"]), "sure": bool(pair["sure"]),
        "read_day": pair["day"], "read_id": int(pair["read_id"]), "version_id": pair["version_id"],
        "watch_id": watch.watch_id, "captured_at": pd.Timestamp(pair["captured_at"]).to_pydatetime(),
        "correction_id": None if pd.isna(pair["correction_id"]) else int(pair["correction_id"]),
    }  # fmt: skip


def _current_reads() -> Select[Any]:
    read, capture, member = schema.read.c, schema.capture.c, schema.sighting_read.c
    correction, newer = verdicts.read_correction.c, verdicts.read_correction.alias("newer").c
    superseded = exists().where(
        newer.day == correction.day, newer.read_id == correction.read_id, newer.correction_id > correction.correction_id
    )
    return (
        select(
            read.day, read.read_id, member.sighting_day, member.sighting_id,
            case((correction.plate.is_not(None), correction.plate), else_=read.plate).label("plate"),
            case((correction.region.is_not(None), correction.region), else_=read.region).label("region"),
            case((correction.region.is_not(None), 1.0), else_=read.region_confidence).label("region_confidence"),
            read.confidence, read.sure, read.captured_at, read.version_id, read.latitude_deg, read.longitude_deg,
            correction.correction_id,
        )
        .join(schema.capture, (capture.day == read.day) & (capture.capture_id == read.capture_id))
        .join(schema.sighting_read, (member.day == read.day) & (member.read_id == read.read_id))
        .outerjoin(
            verdicts.read_correction,
            (correction.day == read.day) & (correction.read_id == read.read_id) & ~superseded,
        )
        .where(read.version_id == capture.current_version)
    )  # fmt: skip
