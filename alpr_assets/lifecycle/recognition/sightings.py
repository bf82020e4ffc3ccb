"""Sightings: the reads of one plate in one pass before one device, and their vote.

Which reads are one pass is decided in `passes`; captures dated by their receipt never group: when they were taken is not
known. A sighting keeps the id of the read that founded it, so that hits raised on it stay where they are when late reads
join; a pass over midnight UTC stays one sighting, on the day it was founded. Every spelling stays on its read (422.4(f)),
and every frame of a pass stays its evidence.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from alpr_assets.lifecycle.lookalikes import fold
from alpr_assets.lifecycle.recognition.passes import Look, Pass, Passes
from alpr_assets.store import schema
from alpr_assets.store.engine import Store, insert_new, lock_day, writing

CHUNK = 400


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
        passes = _known_passes(connection, loose, gap)
        passes.apart(_look(row) for row in loose if row.clock != "receipt")
        joined: defaultdict[tuple[date, int], list[Row[Any]]] = defaultdict(list)
        founded = set()
        for row in loose:
            look, dated = _look(row), row.clock != "receipt"
            passed = passes.find(look) if dated else None
            if passed is None:
                passed = Pass(row.day, row.read_id, row.captured_at, row.captured_at)
                founded.add((passed.day, passed.sighting_id))
            if dated:
                passes.add(passed, look)
            joined[passed.day, passed.sighting_id].append(row)
        insert_new(
            connection, schema.sighting_read, [_member(key, row) for key, rows in joined.items() for row in rows]
        )
        insert_new(connection, schema.sighting, [_founded_row(key, joined[key]) for key in sorted(founded)])
        # Where all frames of a new pass agree, nothing that is stored could change its vote: most passes are so.
        _vote(connection, [key for key in sorted(joined) if key not in founded or not _agree(joined[key])])
    return len(joined)


def _loose_reads(day: date) -> Any:
    read, capture, member = schema.read.c, schema.capture.c, schema.sighting_read.c
    grouped = select(member.read_id).where(member.day == read.day, member.read_id == read.read_id).exists()
    return (
        select(
            read.day, read.read_id, read.device_id, read.plate, read.plate_folded, read.region, read.region_confidence,
            read.confidence, read.sure, read.captured_at, read.capture_id, read.version_id, read.box_x, read.box_y, read.box_width,
            read.box_height, capture.current_version, capture.clock,
        )
        .join(schema.capture, (capture.day == read.day) & (capture.capture_id == read.capture_id))
        .where(read.day == day, capture.day == day, read.version_id == capture.current_version, ~grouped)
        .order_by(read.captured_at, read.read_id)
    )  # fmt: skip


def _known_passes(connection: Connection, loose: list[Row[Any]], gap: timedelta) -> Passes:
    """The sightings that these reads may belong to, with all of their reads."""
    read, capture, member = schema.read.c, schema.capture.c, schema.sighting_read.c
    near = _near(connection, loose, gap)
    statement = (
        select(
            member.sighting_day, member.sighting_id, read.captured_at, read.device_id, read.capture_id,
            read.version_id, read.plate_folded, read.confidence, read.box_x, read.box_y, read.box_width,
            read.box_height, capture.current_version,
        )
        .select_from(schema.sighting_read)
        .join(schema.read, (read.day == member.day) & (read.read_id == member.read_id))
        .join(schema.capture, (capture.day == read.day) & (capture.capture_id == read.capture_id))
        .order_by(read.captured_at, read.read_id)
    )  # fmt: skip
    members: defaultdict[tuple[date, int], list[Look]] = defaultdict(list)
    for of_these in _chunks(list(near)):
        for row in connection.execute(statement.where(*of_these)):
            members[row.sighting_day, row.sighting_id].append(_look(row))
    passes = Passes(gap)
    for (day, sighting_id), (first_at, last_at) in near.items():
        passed = Pass(day, sighting_id, first_at, last_at)
        for look in members[day, sighting_id]:
            passes.add(passed, look)
    passes.apart(look for looks in members.values() for look in looks if look.current)
    return passes


def _near(
    connection: Connection, loose: list[Row[Any]], gap: timedelta
) -> dict[tuple[date, int], tuple[datetime, datetime]]:
    """First and last time of the sightings that are near one of these reads, in the order of time.

    Of the day and its neighbours only: else a camera's whole history would be searched for a handful of late reads.
    """
    sighting = schema.sighting.c
    first, last = loose[0].captured_at, loose[-1].captured_at
    times: defaultdict[str, list[datetime]] = defaultdict(list)
    for row in loose:
        times[row.device_id].append(row.captured_at)
    rows = connection.execute(
        select(sighting.day, sighting.sighting_id, sighting.device_id, sighting.first_at, sighting.last_at)
        .where(
            sighting.day.between(first.date() - timedelta(days=1), last.date() + timedelta(days=1)),
            sighting.first_at <= last + gap,
            sighting.last_at >= first - gap,
            ~sighting.dated_by_receipt,
        )
        .order_by(sighting.first_at, sighting.sighting_id)
    )
    return {
        (row.day, row.sighting_id): (row.first_at, row.last_at)
        for row in rows
        if bisect_left(times[row.device_id], row.first_at - gap) < bisect_right(times[row.device_id], row.last_at + gap)
    }


def _chunks(keys: list[tuple[date, int]]) -> Iterator[tuple[Any, ...]]:
    """Conditions on sighting_read for some of these sightings at a time.

    Day and id apart, for an id is of one day only: over pairs of them SQLite uses no index. A read is of its sighting's day
    or of a neighbour's, and saying so spares PostgreSQL all other months.
    """
    member = schema.sighting_read.c
    for start in range(0, len(keys), CHUNK):
        some = keys[start : start + CHUNK]
        days = {day for day, _ in some}
        yield (
            member.sighting_day.in_(days),
            member.sighting_id.in_([sighting_id for _, sighting_id in some]),
            member.day.between(min(days) - timedelta(days=1), max(days) + timedelta(days=1)),
        )


def _look(row: Any) -> Look:
    return Look(
        row.captured_at, row.device_id, row.capture_id, row.version_id, row.plate_folded, row.confidence,
        row.box_x, row.box_y, row.box_width, row.box_height, row.version_id == row.current_version,
    )  # fmt: skip


def _member(key: tuple[date, int], row: Row[Any]) -> dict[str, Any]:
    return {"day": row.day, "read_id": row.read_id, "sighting_day": key[0], "sighting_id": key[1]}


def _founded_row(key: tuple[date, int], rows: list[Row[Any]]) -> dict[str, Any]:
    return {
        "day": key[0],
        "sighting_id": key[1],
        "device_id": rows[0].device_id,
        "dated_by_receipt": rows[0].clock == "receipt",
        **_outcome(rows if _agree(rows) else rows[:1]),  # what they disagree on is voted with their candidates
    }


def _agree(rows: list[Row[Any]]) -> bool:
    return all(row.plate == rows[0].plate for row in rows)


def _vote(connection: Connection, sightings: list[tuple[date, int]]) -> None:
    """Let the current reads of each sighting say its plate and state."""
    read, capture, member = schema.read.c, schema.capture.c, schema.sighting_read.c
    by_sighting: defaultdict[tuple[date, int], list[Any]] = defaultdict(list)
    statement = (
        select(
            member.sighting_day, member.sighting_id, read.plate, read.region, read.region_confidence,
            read.confidence, read.sure, read.captured_at, read.candidates,
        )
        .select_from(schema.sighting_read)
        .join(schema.read, (read.day == member.day) & (read.read_id == member.read_id))
        .join(schema.capture, (capture.day == read.day) & (capture.capture_id == read.capture_id))
        .where(read.version_id == capture.current_version)
    )  # fmt: skip
    for of_these in _chunks(sightings):
        for row in connection.execute(statement.where(*of_these)):
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
    plate = _heaviest(_ballots(reads))
    regions = [(row.region, row.region_confidence or 0.0) for row in reads if row.region]
    return {
        "plate": plate,
        "plate_folded": fold(plate),
        "region": _heaviest(regions) if regions else None,
        "confidence": max(row.confidence for row in reads if row.plate == plate),
        # Two sure reads that contradict each other leave nothing sure.
        "sure": {row.plate for row in reads if row.sure} == {plate},
        "first_at": min(row.captured_at for row in reads),
        "last_at": max(row.captured_at for row in reads),
        "n_reads": len(reads),
    }


def _ballots(reads: list[Any]) -> list[tuple[str, float]]:
    """Each frame votes for every spelling that any frame read: its own by its confidence, the others as its candidates.

    A candidate that no frame read as its plate is not elected: there would be no frame to show for it.
    """
    spellings = {row.plate for row in reads}
    ballots = [(row.plate, row.confidence) for row in reads]
    if len(spellings) > 1:
        ballots += [
            (plate, confidence)
            for row in reads
            for plate, confidence in row.candidates
            if plate in spellings and plate != row.plate
        ]
    return ballots


def _heaviest(votes: list[tuple[str, float]]) -> str:
    """The value with the largest sum of confidences; among equals the first in the alphabet."""
    weight: defaultdict[str, float] = defaultdict(float)
    for value, confidence in votes:
        weight[value] += confidence
    return min(weight, key=lambda value: (-weight[value], value))
