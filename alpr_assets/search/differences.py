"""Two recogniser versions side by side, read by read: what one spelled otherwise, read more, or did not read.

Here: the reads themselves, which are plates, so behind the gate. Not here: counts for the pipeline, and which two reads are of the
same plate (`lifecycle.recognition.comparing`).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

import pandas as pd
from sqlalchemy import Connection, Engine, select

from alpr_assets.access.gate import Found, Grant
from alpr_assets.access.record.entries import ResultId
from alpr_assets.access.roles import Action
from alpr_assets.errors import MalformedError
from alpr_assets.lifecycle.edits import distance
from alpr_assets.lifecycle.recognition.comparing import Comparison, Spelled, compare, paired, versions_compared
from alpr_assets.lifecycle.recognition.recogniser import Box
from alpr_assets.search import reads
from alpr_assets.store import schema
from alpr_assets.store.engine import reading

COLUMNS: Final = {
    "day": "UTC day of the capture",
    "capture_id": "id of the picture, within its day",
    "captured_at": "instant, UTC",
    "device": "name of the reader",
    "change": "changed: both read it, otherwise; gained: only the newer; lost: only the older",
    "n_edits": "characters that differ; missing where only one read it",
    "old_version": "the older version of this picture",
    "old_read_id": "its read; missing: it read nothing there",
    "old_plate": "characters as it read them",
    "old_confidence": "its probability 0–1 that every character is right",
    "new_version": "the newer version of this picture",
    "new_read_id": "its read; missing: it read nothing there",
    "new_plate": "characters as it read them",
    "new_confidence": "its probability 0–1 that every character is right",
}
"""Columns of `Differences.reads`, in order."""

MAX_DAYS: Final = 31


@dataclass(frozen=True, slots=True)
class Differences:
    """What two versions read of the same pictures.

    counts : of all pictures that both looked at
    reads : DataFrame (n, 14), a row a read that is not the same in both, in the order of time, see COLUMNS
    """

    counts: Comparison
    reads: pd.DataFrame


def version_differences(
    grant: Grant,
    engine: Engine,
    *,
    since: datetime,
    until: datetime,
    old: str | None = None,
    new: str | None = None,
) -> Found[Differences]:
    """The reads that two recogniser versions do not have in common.

    Parameters
    ----------
    since, until : aware instants, `until` excluded; together at most MAX_DAYS
    old : a version; None: of each picture the one that looked at it last, besides `new`
    new : a version; None: of each picture the one in force

    Raises
    ------
    AccessRefusedError : the grant is for another ask
    MalformedError : no such window

    Source: 422.4(f): staff look at what a recogniser said before it is acted on, and so at what a newer one says
    """
    grant.require(Action.PLATE_HISTORY)
    if not since < until or (until - since).days > MAX_DAYS:
        raise MalformedError("window", f"versions are compared over at most {MAX_DAYS} days", remedy="give a window")
    with reading(engine) as connection:
        found = _found(connection, reads.Window(since, until), old, new)
    days, frame = found.reads["day"].tolist(), found.reads
    ids = [
        ResultId("read", day, int(read_id))
        for column in ("old_read_id", "new_read_id")
        for day, read_id in zip(days, frame[column].tolist(), strict=True)
        if read_id is not pd.NA
    ]
    return Found(found, ids)


def _found(connection: Connection, window: reads.Window, old: str | None, new: str | None) -> Differences:
    counts, rows = Comparison(), list[tuple[Any, ...]]()
    capture = schema.capture.c
    inside = (
        capture.captured_at >= window.since,
        capture.captured_at < window.until,
        capture.day.between(window.since.astimezone(UTC).date(), window.until.astimezone(UTC).date()),
    )
    days = connection.scalars(select(capture.day).where(*inside).distinct().order_by(capture.day)).all()
    names = dict(connection.execute(select(schema.device.c.device_id, schema.device.c.name)).tuples().all())
    for day in days:
        seen = {
            row.capture_id: row
            for row in connection.execute(
                select(capture.capture_id, capture.captured_at, capture.device_id).where(capture.day == day, *inside)
            )
        }
        pairs = {
            number: versions
            for number, versions in versions_compared(connection, day, old, new).items()
            if number in seen
        }
        read_of = _reads(connection, day, {version for pair in pairs.values() for version in pair})
        for number, (before, after) in sorted(pairs.items(), key=lambda pair: (seen[pair[0]].captured_at, pair[0])):
            one, other = read_of[number, before], read_of[number, after]
            counts += compare([read.spelled for read in one], [read.spelled for read in other])
            picture = (day, number, seen[number].captured_at, names.get(seen[number].device_id))
            rows.extend((*picture, *told) for told in _told(before, one, after, other))
    frame = pd.DataFrame(rows, columns=list(COLUMNS)).astype(
        {"captured_at": "datetime64[us, UTC]", "n_edits": "Int64", "old_read_id": "Int64", "new_read_id": "Int64",
         "old_confidence": "float64", "new_confidence": "float64"}
    )  # fmt: skip
    return Differences(counts, frame)


@dataclass(frozen=True, slots=True)
class _Read:
    read_id: int
    confidence: float
    spelled: Spelled


def _told(before: str, one: list[_Read], after: str, other: list[_Read]) -> list[tuple[Any, ...]]:
    """The rows of one picture, but for what they say of the picture."""
    same = paired([read.spelled for read in one], [read.spelled for read in other])
    both = [(one[i], other[j]) for i, j in same.items()]
    found: list[tuple[Any, ...]] = [
        ("changed", distance(old.spelled.plate, new.spelled.plate), before, *_parts(old), after, *_parts(new))
        for old, new in both
        if old.spelled.plate != new.spelled.plate
    ]
    gained = [read for j, read in enumerate(other) if j not in same.values()]
    lost = [read for i, read in enumerate(one) if i not in same]
    found += [("gained", None, before, None, None, None, after, *_parts(read)) for read in gained]
    found += [("lost", None, before, *_parts(read), after, None, None, None) for read in lost]
    return found


def _parts(read: _Read) -> tuple[int, str, float]:
    return read.read_id, read.spelled.plate, read.confidence


def _reads(connection: Connection, day: date, versions: set[str]) -> defaultdict[tuple[int, str], list[_Read]]:
    read = schema.read.c
    statement = select(
        read.capture_id, read.version_id, read.read_id, read.plate, read.confidence, read.box_x, read.box_y,
        read.box_width, read.box_height,
    ).where(read.day == day, read.version_id.in_(versions)).order_by(read.read_id)  # fmt: skip
    found: defaultdict[tuple[int, str], list[_Read]] = defaultdict(list)
    for capture_id, version_id, read_id, plate, confidence, *box in connection.execute(statement):
        found[capture_id, version_id].append(_Read(read_id, confidence, Spelled(plate, Box(*box))))
    return found
