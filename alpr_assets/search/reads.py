"""Reads in force with their reader, place and pass: what the searches by plate, area and time have in common.

Here: the statement, and conditions on it: a window, a state, an area. Not here: any question.
A read is in force when the recogniser version in force made it of its capture.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Row, Select, exists, func, select

from alpr_assets.access.record.entries import ResultId
from alpr_assets.errors import MalformedError
from alpr_assets.lifecycle.watches.areas import Area
from alpr_assets.store import schema, verdicts

COLUMNS: Final = {
    "day": "UTC day of the capture",
    "read_id": "id of the read",
    "capture_id": "id of the picture it was read from, within its day",
    "captured_at": "instant, UTC",
    "plate": "characters as read",
    "region": "state read on the plate, two letters in lower case; missing: unknown",
    "confidence": "probability 0–1 that every character is right",
    "sure": "whether it reached the policy's figure; an unsure read is a lead, not a finding",
    "device_id": "the reader",
    "device": "what people call it",
    "latitude_deg": "WGS 84 (EPSG:4326); missing: unknown",
    "longitude_deg": "WGS 84 (EPSG:4326)",
    "heading_deg": "0 north, 90 east; missing: unknown",
    "clock": "whose clock dated the capture: camera, gps, exif, receipt or redated",
    "version_id": "recogniser version",
}
"""Columns of reads in force, in order."""

EVIDENCE: Final = ("characters", "candidates")
"""What else the store keeps of a read: each character's confidence, and the other strings that it may be."""


@dataclass(frozen=True, slots=True)
class Window:
    """From an instant up to another that is excluded, both aware. Raises MalformedError : `window`."""

    since: datetime
    until: datetime

    def __post_init__(self) -> None:
        if self.since.utcoffset() is None or self.until.utcoffset() is None:
            raise MalformedError(
                "window", "a time without its zone", remedy="give the offset, as in 2026-06-15T04:00-07:00"
            )
        if not self.since < self.until:
            raise MalformedError("window", "the window ends before it begins", remedy="swap the two times")

    @property
    def hours(self) -> float:
        return (self.until - self.since).total_seconds() / 3600


def reads_in_force(*where: ColumnElement[bool], evidence: bool = False) -> Select[Any]:
    """Reads in force that meet these conditions, in no order; COLUMNS, and EVIDENCE where it is asked for."""
    read, capture, device = schema.read.c, schema.capture.c, schema.device.c
    more = [read[name] for name in EVIDENCE] if evidence else []
    return (
        select(
            read.day, read.read_id, read.capture_id, read.captured_at, read.plate, read.region, read.confidence, read.sure,
            read.device_id, device.name.label("device"), read.latitude_deg, read.longitude_deg, capture.heading_deg,
            capture.clock, read.version_id, *more,
        )
        .join(schema.capture, (capture.day == read.day) & (capture.capture_id == read.capture_id))
        .outerjoin(schema.device, device.device_id == read.device_id)
        .where(read.version_id == capture.current_version, *where)
    )  # fmt: skip


def between(since: datetime | None, until: datetime | None) -> list[ColumnElement[bool]]:
    """Conditions of a window, `until` excluded; None: open. The day goes along: PostgreSQL then opens its months only."""
    read = schema.read.c
    met: list[ColumnElement[bool]] = []
    if since is not None:
        met += [read.captured_at >= since, read.day >= since.astimezone(UTC).date()]
    if until is not None:
        met += [read.captured_at < until, read.day <= until.astimezone(UTC).date()]
    return met


def of_state(state: str | None, newest: Any) -> list[ColumnElement[bool]]:
    """Conditions of a state, two letters, of the newest correction where it has one: other states are left out, none is kept."""
    region = func.coalesce(newest.c.region, schema.read.c.region)
    return [] if state is None else [(region == state.lower()) | region.is_(None)]


def newest_corrections() -> Select[Any]:
    """Of each read that a person corrected, what he read last: day, read_id, plate, region."""
    correction, newer = verdicts.read_correction.c, verdicts.read_correction.alias("newer").c
    superseded = exists().where(
        newer.day == correction.day, newer.read_id == correction.read_id, newer.correction_id > correction.correction_id
    )
    return select(correction.day, correction.read_id, correction.plate, correction.region).where(~superseded)


def identify(row: Row[Any]) -> ResultId:
    """The id of one read."""
    return ResultId("read", row.day, row.read_id)


def ids_of(frame: pd.DataFrame) -> list[ResultId]:
    """The ids of a frame of reads."""
    return [ResultId("read", day, int(read_id)) for day, read_id in zip(frame["day"], frame["read_id"], strict=True)]


# ── areas ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def inside(frame: pd.DataFrame, area: Area) -> NDArray[np.bool_]:
    """(n,) which reads of a frame lie in an area; one whose place is unknown lies in none."""
    lat, lon = (frame[name].to_numpy(np.float64, na_value=np.nan) for name in ("latitude_deg", "longitude_deg"))
    return area.contains(lat, lon)
