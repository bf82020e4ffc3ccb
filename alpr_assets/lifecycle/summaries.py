"""Counts of what is there, by day and over all: for asset metadata, `alpr status` and summaries. Never a plate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, Integer, cast, func, select

from alpr_assets.store import schema

CAPTURE, READ, HIT = schema.capture.c, schema.read.c, schema.hit.c


@dataclass(frozen=True, slots=True)
class CaptureDay:
    """Captures of one UTC day. `by_hour`: 24 counts, UTC; `by_flag`: a capture may have several."""

    n: int
    by_clock: Mapping[str, int]
    by_device: Mapping[str, int]
    n_flagged: int
    by_flag: Mapping[str, int]
    n_without_place: int
    by_hour: list[int]


@dataclass(frozen=True, slots=True)
class ReadDay:
    """Current reads of one UTC day. `n_unsure`: below the policy's figure; `confidences`: ten counts, of 0–0.1, …"""

    n_captures: int
    n_without_plate: int
    n_unreadable: int
    n_reads: int
    n_unsure: int
    n_sightings: int
    n_plates: int
    ms_per_picture: float
    confidences: list[int]


@dataclass(frozen=True, slots=True)
class Totals:
    """Everything in the store."""

    n_drops: int
    n_captures: int
    n_unread: int
    n_reads: int
    n_sightings: int
    n_plates: int
    hits_by_kind: Mapping[str, int]
    quarantined_by_code: Mapping[str, int]
    n_days: int
    days_waiting: list[date]
    newest_capture_at: datetime | None
    newest_landing_at: datetime | None


@dataclass(frozen=True, slots=True)
class ListInForce:
    """One hot list's version in force; `made_at` None where its format does not say."""

    name: str
    source: str
    n_entries: int
    made_at: datetime | None
    imported_at: datetime


def lists_of(connection: Connection) -> list[ListInForce]:
    """Every list in force, by name."""
    hotlist, imported = schema.hotlist.c, schema.hotlist_import.c
    rows = connection.execute(
        select(hotlist.name, hotlist.source, imported.n_entries, imported.made_at, imported.imported_at)
        .join(schema.hotlist_import, imported.import_id == hotlist.current_import_id)
        .order_by(hotlist.name)
    )
    return [ListInForce(*row) for row in rows]


def captures_of(connection: Connection, day: date) -> CaptureDay:
    """Counts of a UTC day's captures."""
    rows = connection.execute(
        select(CAPTURE.clock, CAPTURE.device_id, CAPTURE.flags, CAPTURE.latitude_deg, CAPTURE.captured_at).where(
            CAPTURE.day == day
        )
    ).all()
    hours = Counter(row.captured_at.hour for row in rows)
    return CaptureDay(
        n=len(rows),
        by_clock=dict(Counter(row.clock for row in rows)),
        by_device=dict(Counter(row.device_id for row in rows)),
        n_flagged=sum(bool(row.flags) for row in rows),
        by_flag=dict(Counter(flag for row in rows for flag in row.flags)),
        n_without_place=sum(row.latitude_deg is None for row in rows),
        by_hour=[hours[hour] for hour in range(24)],
    )


def reads_of(connection: Connection, day: date) -> ReadDay:
    """Counts of a UTC day's current reads."""
    recognition = schema.recognition.c
    current = (CAPTURE.day == recognition.day) & (CAPTURE.capture_id == recognition.capture_id)
    looked = connection.execute(
        select(recognition.n_plates, recognition.duration_ms, recognition.error)
        .join(schema.capture, current & (CAPTURE.current_version == recognition.version_id))
        .where(recognition.day == day, CAPTURE.day == day)
    ).all()
    of_capture = (CAPTURE.day == READ.day) & (CAPTURE.capture_id == READ.capture_id)
    bin_ = func.least if connection.dialect.name == "postgresql" else func.min
    tenth = bin_(9, cast(READ.confidence * 10 - 0.5, Integer))
    by_tenth = connection.execute(
        select(tenth, func.count(), func.count().filter(~READ.sure))
        .join(schema.capture, of_capture & (CAPTURE.current_version == READ.version_id))
        .where(READ.day == day, CAPTURE.day == day)
        .group_by(tenth)
    ).all()
    tenths: dict[int, int] = {row[0]: row[1] for row in by_tenth}
    times = [row.duration_ms for row in looked if row.error is None]
    return ReadDay(
        n_captures=len(looked),
        n_without_plate=sum(row.n_plates == 0 and row.error is None for row in looked),
        n_unreadable=sum(row.error is not None for row in looked),
        n_reads=sum(tenths.values()),
        n_unsure=sum(row[2] for row in by_tenth),
        n_sightings=_count(connection, select(func.count()).where(schema.sighting.c.day == day)),
        n_plates=_count(connection, select(func.count(READ.plate.distinct())).where(READ.day == day)),
        ms_per_picture=sum(times) / len(times) if times else 0.0,
        confidences=[tenths.get(tenth, 0) for tenth in range(10)],
    )


def totals(connection: Connection) -> Totals:
    """Counts over the whole store."""
    day = schema.capture_day.c
    waiting = select(day.day).where(
        day.landed_digest.is_not(None), day.landed_digest.is_distinct_from(day.processed_digest)
    )
    quarantine = schema.quarantine.c
    open_items = select(quarantine.code, func.count()).where(quarantine.resolved_at.is_(None)).group_by(quarantine.code)
    return Totals(
        n_drops=_count(connection, select(func.count()).select_from(schema.drop)),
        n_captures=_count(connection, select(func.count()).select_from(schema.capture)),
        n_unread=_count(connection, select(func.count()).where(CAPTURE.current_version.is_(None))),
        n_reads=_count(connection, select(func.count()).select_from(schema.read)),
        n_sightings=_count(connection, select(func.count()).select_from(schema.sighting)),
        n_plates=_count(connection, select(func.count()).select_from(schema.plate)),
        hits_by_kind=_counts(connection, select(HIT.match_kind, func.count()).group_by(HIT.match_kind)),
        quarantined_by_code=_counts(connection, open_items),
        n_days=_count(connection, select(func.count()).where(day.landed_digest.is_not(None))),
        days_waiting=list(connection.scalars(waiting.order_by(day.day))),
        newest_capture_at=connection.scalar(select(func.max(CAPTURE.captured_at))),
        newest_landing_at=connection.scalar(select(func.max(schema.drop.c.landed_at))),
    )


def _count(connection: Connection, statement: object) -> int:
    return connection.execute(statement).scalar_one()  # type: ignore[call-overload, no-any-return]


def _counts(connection: Connection, statement: object) -> dict[str, int]:
    return dict(connection.execute(statement).tuples().all())  # type: ignore[call-overload]
