"""The past of a watch: every read there is, matched once when the watch was placed (422.4(c)).

Here: finding the reads by the dictionary of plates and then their index, and raising hits day by day. Not here: new reads (`raising`).
Runs in the background; asked for again it goes on where nothing was raised yet, because raising is idempotent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, Final

import pandas as pd
from sqlalchemy import ColumnElement, Connection, select, update

from alpr_assets.lifecycle.lookalikes import fold
from alpr_assets.lifecycle.watches.dictionary import plates_meant
from alpr_assets.lifecycle.watches.listing import in_force
from alpr_assets.lifecycle.watches.matching import WatchIndex
from alpr_assets.lifecycle.watches.patterns import parse
from alpr_assets.lifecycle.watches.raising import hit_rows, load_reads, put
from alpr_assets.policy import Policy
from alpr_assets.store import schema, trigrams, verdicts
from alpr_assets.store.engine import Store, reading, writing
from alpr_assets.store.watches import watch

Progress = Callable[[int, int], None]
"""Told after each day: days done, days to do."""

_CHUNK: Final = 500  # plates in one statement


@dataclass(frozen=True, slots=True)
class HistoryOfWatch:
    """What the past held for one watch. n_raised : new hits by match kind."""

    watch_id: int
    n_plates: int
    n_reads: int
    n_raised: dict[str, int]


def match_waiting(
    store: Store, *, policy: Policy, now: datetime, progress: Progress | None = None
) -> list[HistoryOfWatch]:
    """Match the past of every watch in force whose past was not matched yet; what a worker calls."""
    with reading(store.engine) as connection:
        waiting = select(watch.c.watch_id).where(in_force(now), watch.c.history_at.is_(None)).order_by(watch.c.watch_id)
        ids = connection.scalars(waiting).all()
    found = [match_history(store, watch_id, policy=policy, now=now, progress=progress) for watch_id in ids]
    return [one for one in found if one is not None]


def match_history(
    store: Store, watch_id: int, *, policy: Policy, now: datetime, progress: Progress | None = None
) -> HistoryOfWatch | None:
    """Match one watch with all past reads and raise what is new. None where it is not in force."""
    with reading(store.engine) as connection:
        row = connection.execute(select(watch).where(watch.c.watch_id == watch_id, in_force(now))).one_or_none()
        if row is None:
            return None
        index = WatchIndex.build([row], edit1_min_length=policy.matching.edit1_min_length)
        plates = plates_of(connection, row, policy)
        reads = past_reads(connection, row, plates)
    rows = sorted(hit_rows(index, reads, policy), key=lambda one: (one["day"], one["sighting_id"]))
    raised: Counter[str] = Counter()
    by_day = [list(group) for _, group in groupby(rows, key=lambda one: one["day"])]
    for n_done, of_day in enumerate(by_day, start=1):
        with writing(store.engine) as connection:  # a day each: nobody waits long for its lock
            new, _ = put(connection, of_day, now)
        raised.update(new.values())
        if progress is not None:
            progress(n_done, len(by_day))
    with writing(store.engine) as connection:
        connection.execute(update(watch).where(watch.c.watch_id == watch_id).values(history_at=now))
    return HistoryOfWatch(watch_id, len(plates), len(reads), dict(raised))


def plates_of(connection: Connection, row: Any, policy: Policy) -> list[str]:
    """The plates of the dictionary that a watch may match; of a partial one, exactly those that it matches."""
    pattern = parse(row.pattern)
    if not row.is_partial:
        return sorted(trigrams.find_folded(connection, _near(fold(row.pattern), policy.matching.edit1_min_length)))
    return plates_meant(connection, pattern)


def past_reads(connection: Connection, row: Any, plates: list[str]) -> pd.DataFrame:
    """Current reads of these plates within the watch's window, and those that a person corrected, whatever he read."""
    read, correction = schema.read.c, verdicts.read_correction
    window: list[ColumnElement[bool]] = []
    if row.since_at is not None:
        window.append(read.captured_at >= row.since_at)
    if row.until_at is not None:
        window.append(read.captured_at < row.until_at)
    chunks = [plates[start : start + _CHUNK] for start in range(0, len(plates), _CHUNK)]
    frames = [load_reads(connection, read.plate.in_(chunk), *window) for chunk in chunks]
    corrected = connection.execute(select(correction.c.day, correction.c.read_id).distinct()).all()
    frames += [
        load_reads(connection, read.day == day, read.read_id.in_([one.read_id for one in group]), *window)
        for day, group in groupby(sorted(corrected), key=lambda one: one.day)
    ]
    frames = [frame for frame in frames if not frame.empty]
    return pd.concat(frames, ignore_index=True).drop_duplicates("read_id") if frames else pd.DataFrame()


def _near(key: str, edit1_min_length: int) -> list[str]:
    """The folded keys that a listed plate of this key may match: itself, and one character off where both are long enough."""
    places = range(len(key))
    near = [key]
    if len(key) >= edit1_min_length:
        near += [f"{key[:at]}?{key[at + 1 :]}" for at in places]
        near += [f"{key[:at]}?{key[at:]}" for at in range(len(key) + 1)]
        near += [f"{key[:at]}{key[at + 1 :]}" for at in places if len(key) > edit1_min_length]
    return sorted(set(near))
