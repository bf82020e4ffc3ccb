"""What members asked in a period, as one table: what signals and samples are made from.

Here: from entries of the access record to a row a look. Not here: any judgement (`signals`, `drawing`). Plates become keyed digests while
they are read, and are nowhere afterwards; what was asked under a month's key that is destroyed stays a row without them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import pandas as pd
from sqlalchemy import BigInteger, Connection, func, select, type_coerce

from alpr_assets.access.record import reading
from alpr_assets.access.record.entries import Kind, RecordUnavailableError
from alpr_assets.access.record.exporting import snapshot
from alpr_assets.access.record.places import Place
from alpr_assets.access.record.sealing import MonthKeys, unseal
from alpr_assets.access.record.tables import access_elements, access_record, access_result
from alpr_assets.store.types import to_microseconds

AUDITED: Final = frozenset({Kind.QUERY.value, Kind.IMAGE.value, Kind.EXPORT.value, Kind.RELEASE.value})
"""Kinds of entries that are about vehicles: what a member asked, opened or took out, refused or not."""

DAY_MICROSECONDS: Final = 86_400_000_000
TEXTS: Final = ("reason", "name", "note")
"""Elements in which members write words."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where looks are read from.

    digest : from a plate as typed to its keyed digest, see `lifecycle.plate_digests`
    zone : the department's
    """

    place: Place
    digest: Callable[[str], str]
    zone: ZoneInfo

    @contextmanager
    def open(self) -> Iterator[Connection]:
        """The record at one moment. Raises RecordUnavailableError where there is none."""
        if not self.place.is_begun():
            raise RecordUnavailableError("there is no access record yet", remedy="make it by `alpr init`")
        try:
            with snapshot(self.place.engine) as connection:
                yield connection
        finally:
            self.place.engine.dispose()

    @property
    def keys(self) -> MonthKeys:
        return MonthKeys(self.place.keys / "record_keys.sqlite")


def looks(
    connection: Connection, source: Source, *, since: datetime, until: datetime, below: int | None = None
) -> pd.DataFrame:
    """The members' looks of a period.

    Parameters
    ----------
    since, until : UTC instants, end excluded
    below : entries with a smaller number only; None: all

    Returns
    -------
    DataFrame (n, 15), a row an entry, by number: record_id, at (UTC), on and hour (of the department), member_id, role, title, case_number,
    case_at (UTC, when the number was first used), plate (digest; empty: none, or not to be opened), asked_from (UTC, the oldest that was
    asked for; NaT: no limit), reason (as written, else empty), words (all that was written, lower case), refused_purpose (bool), opened
    (bool, whether the elements could be)

    Raises
    ------
    VerificationError : elements are not what was recorded
    """
    columns, sealed = access_record.c, access_elements.c
    statement = (
        select(columns.record_id, columns.at, columns.leaf, sealed.month, sealed.sealed)
        .outerjoin(access_elements, sealed.record_id == columns.record_id)
        .where(columns.at >= since, columns.at < until)
        .order_by(columns.record_id)
    )
    if below is not None:
        statement = statement.where(columns.record_id < below)
    opener = _Opener(source)
    found = [row for stored in connection.execute(statement) if (row := _look(stored, opener)) is not None]
    frame = pd.DataFrame(found, columns=list(_DTYPES)).astype(_DTYPES)
    frame["asked_from"] = pd.to_datetime(frame["asked_from"], utc=True, format="ISO8601", errors="coerce")
    local = frame["at"].dt.tz_convert(source.zone)
    begins = _begins(connection, frame, until)
    return frame.assign(
        on=local.dt.date, hour=local.dt.hour, case_at=pd.to_datetime(frame["case_number"].map(begins), utc=True)
    )


_DTYPES: Final = {
    "record_id": "int64", "at": "datetime64[us, UTC]", "member_id": "int64", "role": "object", "title": "object",
    "case_number": "object", "plate": "object", "asked_from": "object", "reason": "object", "words": "object",
    "refused_purpose": "bool", "opened": "bool",
}  # fmt: skip


class _Opener:
    """Opens elements; each month's key is looked for once, each plate is digested once."""

    def __init__(self, source: Source) -> None:
        self._keys = source.keys
        self._there = set(self._keys.months())
        self._known: dict[str, bytes] = {}
        self._digest = source.digest
        self._digests: dict[str, str] = {}

    def elements(self, stored: Any, committed: Mapping[str, str]) -> dict[str, Any] | None:
        """None: the month's key is destroyed."""
        month = committed["month"]
        if month not in self._there:
            return None
        if month not in self._known:
            self._known[month] = self._keys.existing(month)
        return unseal(stored.sealed or b"", month, self._known[month], committed["commitment"])

    def digest(self, typed: str) -> str:
        if typed not in self._digests:
            self._digests[typed] = self._digest(typed)
        return self._digests[typed]


def _look(stored: Any, opener: _Opener) -> dict[str, Any] | None:
    """One row; None for what is no member's look."""
    body = json.loads(stored.leaf)
    actor = body["actor"]
    if body["kind"] not in AUDITED or actor["member_id"] is None:
        return None
    committed = body["elements"]
    elements = opener.elements(stored, committed) if committed else {}
    said = elements or {}
    typed = _text(said, "plate") or _text(said, "pattern")
    return {
        "record_id": stored.record_id, "at": stored.at, "member_id": actor["member_id"], "role": actor["role"],
        "title": actor["title"], "case_number": body["case_number"], "plate": opener.digest(typed) if typed else "",
        "asked_from": _asked_from(said), "reason": _text(said, "reason"),
        "words": " ".join([body["purpose"], body["case_number"], *(_text(said, name) for name in TEXTS)]).lower(),
        "refused_purpose": "refused_purpose" in body["reasons"], "opened": elements is not None,
    }  # fmt: skip


def _text(said: Mapping[str, Any], name: str) -> str:
    value = said.get(name)
    return value if isinstance(value, str) else ""


def _asked_from(said: Mapping[str, Any]) -> str | None:
    """The oldest time that was named; None: none was. A canvass names a window for each of its places."""
    if isinstance(incidents := said.get("incidents"), list):
        begins = [window["since"] for incident in incidents for window in incident.get("windows", ())]
        return min(begins, default=None)
    return _text(said, "since") or _text(said, "until") or None


def _begins(connection: Connection, frame: pd.DataFrame, until: datetime) -> dict[str, datetime]:
    """When the case numbers began; the whole record is read for it only where somebody named a time."""
    if not frame["asked_from"].notna().any():
        return {}
    return reading.case_begins(connection, until=until)


def ages(connection: Connection, *, since: datetime, until: datetime) -> dict[int, int]:
    """How old the reads were that were looked at in a period: whole days from the day they were taken to the day of the look → how many.

    A read that was returned twice counts twice: it was looked at twice. Both days are UTC.
    """
    record, result = access_record.c, access_result.c
    day_of_look = type_coerce(record.at, BigInteger) // DAY_MICROSECONDS
    statement = (
        select(day_of_look, result.day, func.count())
        .join(access_result, result.record_id == record.record_id)
        .where(record.at >= since, record.at < until, result.kind == "read", result.day.is_not(None))
        .group_by(day_of_look, result.day)
    )
    counted: dict[int, int] = {}
    for looked, day, n in connection.execute(statement):
        taken = to_microseconds(datetime.fromisoformat(f"{day}T00:00:00+00:00")) // DAY_MICROSECONDS
        age = max(0, int(looked) - taken)
        counted[age] = counted.get(age, 0) + n
    return counted


def months(days: Mapping[int, int]) -> list[int]:
    """Ages in days as counts by months of 30.4 days, from 0 on; a year's at least."""
    by_month: dict[int, int] = {}
    for age, n in days.items():
        month = int(age * 12 // 365.25)
        by_month[month] = by_month.get(month, 0) + n
    return [by_month.get(month, 0) for month in range(max([11, *by_month]) + 1)]
