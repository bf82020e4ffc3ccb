"""Sightings: the reads of one plate in one pass before one device, and their vote.

Reads group when the device is the same, the plates are equal or look alike (422.4(f): both spellings stay on their reads),
and they are at most the policy's `pass_seconds` apart. Captures dated by their receipt never group: when they were
taken is not known. A sighting keeps the id of the read that founded it, so that hits raised on it stay where they are when
late reads join; a pass over midnight UTC stays one sighting, on the day it was founded.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, tuple_

from alpr_assets.store import schema
from alpr_assets.store.engine import Store, insert_new, lock_day, writing

CHUNK = 400


@dataclass(slots=True)
class _Pass:
    """A sighting while its reads are gathered."""

    day: date
    sighting_id: int
    first_at: datetime
    last_at: datetime

    def takes(self, at: datetime, gap: timedelta) -> bool:
        return self.first_at - gap <= at <= self.last_at + gap

    def join(self, at: datetime) -> None:
        self.first_at, self.last_at = min(self.first_at, at), max(self.last_at, at)


def group_day(store: Store, day: date, *, pass_seconds: float) -> int:
    """Put every current read of a UTC day into its sighting. Returns the number of sightings that changed or are new.

    Idempotent: reads that have their sighting keep it.
    """
    gap = timedelta(seconds=pass_seconds)
    with writing(store.engine) as connection:
        lock_day(connection, day)
        loose = list(connection.execute(_loose_reads(day)))
        if not loose:
            return 0
        known = _known_passes(connection, loose, gap)
        members: list[dict[str, Any]] = []
        founded: dict[tuple[date, int], Row[Any]] = {}
        n_joined: Counter[tuple[date, int]] = Counter()
        for row in loose:
            passed = _find(known, row, gap)
            if passed is None:
                passed = _Pass(row.day, row.read_id, row.captured_at, row.captured_at)
                founded[passed.day, passed.sighting_id] = row
                if row.clock != "receipt":
                    known[row.device_id, row.plate_folded].append(passed)
            passed.join(row.captured_at)
            n_joined[passed.day, passed.sighting_id] += 1
            members.append(
                {
                    "day": row.day,
                    "read_id": row.read_id,
                    "sighting_day": passed.day,
                    "sighting_id": passed.sighting_id,
                }
            )
        insert_new(connection, schema.sighting_read, members)
        insert_new(connection, schema.sighting, [_founded_row(key, row) for key, row in founded.items()])
        _vote(connection, sorted(key for key, n in n_joined.items() if n > 1 or key not in founded))
    return len(n_joined)


def _loose_reads(day: date) -> Any:
    read, capture, member = schema.read.c, schema.capture.c, schema.sighting_read.c
    grouped = select(member.read_id).where(member.day == read.day, member.read_id == read.read_id).exists()
    return (
        select(
            read.day, read.read_id, read.device_id, read.plate, read.plate_folded, read.region, read.confidence,
            read.captured_at, capture.clock,
        )
        .join(schema.capture, (capture.day == read.day) & (capture.capture_id == read.capture_id))
        .where(read.day == day, capture.day == day, read.version_id == capture.current_version, ~grouped)
        .order_by(read.captured_at, read.read_id)
    )  # fmt: skip


def _known_passes(
    connection: Connection, loose: list[Row[Any]], gap: timedelta
) -> defaultdict[tuple[str, str], list[_Pass]]:
    """Sightings that these reads may belong to, by device and folded plate.

    Of the day and its neighbours only: else a camera's whole history would be searched for a handful of late reads.
    """
    sighting = schema.sighting.c
    known: defaultdict[tuple[str, str], list[_Pass]] = defaultdict(list)
    first, last = loose[0].captured_at, loose[-1].captured_at
    rows = connection.execute(
        select(
            sighting.day, sighting.sighting_id, sighting.device_id, sighting.plate_folded, sighting.first_at,
            sighting.last_at,
        )
        .where(
            sighting.day.between(first.date() - timedelta(days=1), last.date() + timedelta(days=1)),
            sighting.first_at <= last + gap,
            sighting.last_at >= first - gap,
            ~sighting.dated_by_receipt,
        )
        .order_by(sighting.first_at, sighting.sighting_id)
    )  # fmt: skip
    for row in rows:
        known[row.device_id, row.plate_folded].append(_Pass(row.day, row.sighting_id, row.first_at, row.last_at))
    return known


def _find(known: dict[tuple[str, str], list[_Pass]], row: Row[Any], gap: timedelta) -> _Pass | None:
    if row.clock == "receipt":
        return None
    # The latest first: reads come in the order of time.
    passes = reversed(known.get((row.device_id, row.plate_folded), []))
    return next((passed for passed in passes if passed.takes(row.captured_at, gap)), None)


def _founded_row(key: tuple[date, int], row: Row[Any]) -> dict[str, Any]:
    return {
        "day": key[0],
        "sighting_id": key[1],
        "device_id": row.device_id,
        "plate_folded": row.plate_folded,
        "plate": row.plate,
        "region": row.region,
        "confidence": row.confidence,
        "dated_by_receipt": row.clock == "receipt",
        "first_at": row.captured_at,
        "last_at": row.captured_at,
        "n_reads": 1,
    }


def _vote(connection: Connection, sightings: list[tuple[date, int]]) -> None:
    """Let the current reads of each sighting say its plate and state; every spelling stays on its read."""
    read, capture, member = schema.read.c, schema.capture.c, schema.sighting_read.c
    by_sighting: defaultdict[tuple[date, int], list[Any]] = defaultdict(list)
    for start in range(0, len(sightings), CHUNK):
        rows = connection.execute(
            select(
                member.sighting_day, member.sighting_id, read.plate, read.region, read.region_confidence,
                read.confidence, read.captured_at,
            )
            .select_from(schema.sighting_read)
            .join(schema.read, (read.day == member.day) & (read.read_id == member.read_id))
            .join(schema.capture, (capture.day == read.day) & (capture.capture_id == read.capture_id))
            .where(
                tuple_(member.sighting_day, member.sighting_id).in_(sightings[start : start + CHUNK]),
                read.version_id == capture.current_version,
            )
        )  # fmt: skip
        for row in rows:
            by_sighting[row.sighting_day, row.sighting_id].append(row)
    votes = [{"of_day": day, "of_id": key, **_outcome(reads)} for (day, key), reads in sorted(by_sighting.items())]
    if votes:
        table = schema.sighting
        connection.execute(
            table.update()
            .where(table.c.day == bindparam("of_day"), table.c.sighting_id == bindparam("of_id"))
            .values({name: bindparam(name) for name in votes[0] if not name.startswith("of_")}),
            votes,
        )


def _outcome(reads: list[Any]) -> dict[str, Any]:
    plate = _heaviest([(row.plate, row.confidence) for row in reads])
    regions = [(row.region, row.region_confidence or 0.0) for row in reads if row.region]
    return {
        "plate": plate,
        "region": _heaviest(regions) if regions else None,
        "confidence": max(row.confidence for row in reads if row.plate == plate),
        "first_at": min(row.captured_at for row in reads),
        "last_at": max(row.captured_at for row in reads),
        "n_reads": len(reads),
    }


def _heaviest(votes: list[tuple[str, float]]) -> str:
    """The value with the largest sum of confidences; among equals the first in the alphabet."""
    weight: defaultdict[str, float] = defaultdict(float)
    for value, confidence in votes:
        weight[value] += confidence
    return min(weight, key=lambda value: (-weight[value], value))
