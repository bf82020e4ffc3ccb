"""Are a day's watch hits what they should be? For the pipeline's check; totals only (422.4(c), 422.4(f)).

Here: counting what is missing and what ought not to be there, by another way than raising took: one pattern and one read at a time.
Not here: hits of lists (`quality.matches`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import numpy as np
from sqlalchemy import Connection, Row, func, select

from alpr_assets.lifecycle.edits import within_one
from alpr_assets.lifecycle.hits.ending import GROUNDLESS
from alpr_assets.lifecycle.hits.moves import OPEN
from alpr_assets.lifecycle.lookalikes import fold
from alpr_assets.lifecycle.watches.areas import area_of
from alpr_assets.lifecycle.watches.listing import in_force, standing
from alpr_assets.lifecycle.watches.matching import WatchIndex, within
from alpr_assets.lifecycle.watches.patterns import parse
from alpr_assets.lifecycle.watches.raising import hit_rows, load_reads
from alpr_assets.policy import Policy
from alpr_assets.store import schema, verdicts
from alpr_assets.store.engine import Store, reading
from alpr_assets.store.watches import watch, watch_decision

STOPS: Final = ("declined", "ended")


@dataclass(frozen=True, slots=True)
class Soundness:
    """One UTC day of watch hits.

    n_hits : there are
    n_missing : passes that a watch in force looks for, its past matched, without a hit
    n_unfounded : hits whose read, as corrected where it was, is not what the watch looks for, or is gone
    n_outlived : hits raised before their watch was placed, or after it had stopped
    n_left_open : open hits of watches whose reason fell away
    """

    n_hits: int
    n_missing: int
    n_unfounded: int
    n_outlived: int
    n_left_open: int

    @property
    def holds(self) -> bool:
        return not (self.n_missing or self.n_unfounded or self.n_outlived or self.n_left_open)


def soundness(store: Store, day: date, *, policy: Policy, now: datetime) -> Soundness:
    """Judge the watch hits of a UTC day of sightings."""
    with reading(store.engine) as connection:
        hits = connection.execute(_hits(day)).all()
        stopped = _stopped(connection)
        unfounded = [hit for hit in hits if not _is_founded(hit, policy)]
        outlived = [hit for hit in hits if not _lived(hit, stopped)]
        return Soundness(
            len(hits),
            _n_missing(connection, day, policy, now),
            len(unfounded),
            len(outlived),
            _n_left(connection, day, now),
        )


def _n_missing(connection: Connection, day: date, policy: Policy, now: datetime) -> int:
    matched = select(watch).where(in_force(now), watch.c.history_at.is_not(None))
    index = WatchIndex.build(connection.execute(matched).all(), edit1_min_length=policy.matching.edit1_min_length)
    if not index.watches:
        return 0
    rows = hit_rows(index, load_reads(connection, schema.read.c.day == day), policy)
    hit = schema.hit.c
    days = sorted({row["day"] for row in rows})
    there = connection.execute(
        select(hit.day, hit.sighting_id, hit.watch_id).where(hit.day.in_(days), hit.watch_id.is_not(None))
    )
    return len({(row["day"], row["sighting_id"], row["watch_id"]) for row in rows} - {tuple(one) for one in there})


def _hits(day: date) -> Any:
    hit, read, correction = schema.hit.c, schema.read.c, verdicts.read_correction.c
    return (
        select(
            hit.hit_id, hit.raised_at, hit.match_kind, hit.captured_at, read.latitude_deg, read.longitude_deg,
            func.coalesce(correction.plate, read.plate).label("spelt"), watch.c.watch_id, watch.c.pattern,
            watch.c.is_partial, watch.c.area, watch.c.since_at, watch.c.until_at, watch.c.placed_at, watch.c.expires_at,
        )
        .select_from(schema.hit)
        .outerjoin(watch, watch.c.watch_id == hit.watch_id)
        .outerjoin(schema.read, (read.day == hit.read_day) & (read.read_id == hit.read_id))
        .outerjoin(verdicts.read_correction, correction.correction_id == hit.correction_id)
        .where(hit.day == day, hit.watch_id.is_not(None))
    )  # fmt: skip


def _is_founded(hit: Row[Any], policy: Policy) -> bool:
    """Whether the watch looks for this read: by its spelling, its time and its place."""
    if hit.pattern is None or hit.spelt is None:
        return False
    if not within(hit.since_at, hit.until_at, hit.captured_at):
        return False
    if hit.area is not None:
        place = [np.array([np.nan if one is None else one]) for one in (hit.latitude_deg, hit.longitude_deg)]
        if not area_of(hit.area).contains(*place)[0]:
            return False
    if hit.is_partial:
        return hit.match_kind == "partial" and parse(hit.pattern).matches(hit.spelt)
    one, other = fold(hit.spelt), fold(hit.pattern)
    is_long = min(len(one), len(other)) >= policy.matching.edit1_min_length
    fits = {"exact": hit.spelt == hit.pattern, "folded": one == other, "edit1": is_long and within_one(one, other)}
    founded: bool = fits.get(hit.match_kind, False)
    return founded


def _lived(hit: Row[Any], stopped: dict[int, datetime]) -> bool:
    """Whether the watch ran when it raised this."""
    if hit.placed_at is None:
        return False
    return bool(hit.placed_at <= hit.raised_at < hit.expires_at) and hit.raised_at <= stopped.get(
        hit.watch_id, hit.raised_at
    )


def _stopped(connection: Connection) -> dict[int, datetime]:
    """When each watch was declined or ended, or its time for approval was over."""
    decision = watch_decision.c
    decided = connection.execute(select(decision.watch_id, decision.decided_at).where(decision.kind.in_(STOPS)))
    found = {row.watch_id: row.decided_at for row in decided}
    waited = connection.execute(select(watch.c.watch_id, watch.c.approve_by_at).where(watch.c.status == "placed"))
    return {**{row.watch_id: row.approve_by_at for row in waited}, **found}


def _n_left(connection: Connection, day: date, now: datetime) -> int:
    hit = schema.hit.c
    stopped = select(watch.c.watch_id).where(standing(now).in_(GROUNDLESS))
    is_open = hit.status.in_([status.value for status in OPEN])
    return connection.scalar(select(func.count()).where(hit.day == day, is_open, hit.watch_id.in_(stopped))) or 0
