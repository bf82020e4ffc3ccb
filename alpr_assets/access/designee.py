"""The designee: whom the Chief designated to oversee the system, from when to when, with the designation itself (422.3.1(e)).

The designation is kept sealed among the received files, under its SHA-256. Two designees never hold the office on one day; without
one, what needs his approval waits.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import PurePath
from typing import Any, Final

from sqlalchemy import Connection, Engine, or_, select

from alpr_assets.access import register
from alpr_assets.access.acting import Act, Office, acting, authorised
from alpr_assets.access.reasons import line
from alpr_assets.access.record.entries import Actor
from alpr_assets.access.roles import Action
from alpr_assets.errors import IllegalMoveError, MalformedError, NotFoundError
from alpr_assets.store import people
from alpr_assets.store.engine import one_writer
from alpr_assets.store.sealed import SealedFolder

MAX_BYTES: Final = 10 * 1024 * 1024
MEDIA: Final = {b"%PDF-": "application/pdf", b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}
"""What a designation may be, by how the file begins."""

MAX_NAME: Final = 128
FIRST_YEAR: Final = 1970
LAST_YEAR: Final = 9000
"""Beyond these a year was mistyped; an office without an end has none."""

_designee = people.designee


@dataclass(frozen=True, slots=True, kw_only=True)
class Designee:
    """One person's time in the office; dates are the department's, `to_on` its last one or None: until another follows."""

    designee_id: int
    name: str
    title: str
    from_on: date
    to_on: date | None
    file_name: str
    sealed_day: date
    sealed_sha256: str
    recorded_at: datetime
    recorded_by: int


def designate(
    office: Office,
    received: SealedFolder,
    *,
    name: str,
    title: str,
    from_on: date,
    to_on: date | None,
    file_name: str,
    content: bytes,
    succeeds: int | None = None,
    by: Actor,
    at: datetime,
) -> int:
    """Put a designee into office, with the Chief's designation. Returns the id.

    content : the designation, PDF, PNG or JPEG
    succeeds : whose office ends the day before, in the same act; None: nobody's

    Raises AccessRefusedError; MalformedError: no name, no such file, dates the wrong way round; IllegalMoveError: another holds
    the office on one of the days, or who is succeeded would end before he began; NotFoundError: nobody is.
    """
    details = {"from_on": from_on.isoformat(), "to_on": to_on and to_on.isoformat()}
    with acting(office, Action.SET_DESIGNEE, by, at=at, details=details) as act:
        recorded_by = authorised(act, Action.SET_DESIGNEE, office.policy).member_id
        values = {
            "name": line(name, "name", MAX_NAME, least=1), "title": line(title, "title", MAX_NAME, least=1), "from_on": from_on, "to_on": to_on,
            "file_name": line(PurePath(file_name).name, "file name", MAX_NAME, least=1), "recorded_at": at, "recorded_by": recorded_by,
        }  # fmt: skip
        _check_dates(from_on, to_on)
        media_type(content)
        one_writer(act.connection, "designate")
        if succeeds is not None:
            _make_room(act, succeeds, from_on)
            act.note(succeeds=succeeds)
        if other := _overlapping(act.connection, from_on, to_on):
            raise IllegalMoveError(
                f"designee {other.designee_id} holds the office then", remedy="end that designation first"
            )
        day = at.astimezone(UTC).date()
        sha256 = received.seal(day, content)
        values |= {"sealed_day": day, "sealed_sha256": sha256}
        made = act.connection.execute(_designee.insert().returning(_designee.c.designee_id), values)
        designee_id = int(made.scalar_one())
        act.note(designee_id=designee_id, name=values["name"], designation_sha256=sha256)
    return designee_id


def end(office: Office, designee_id: int, to_on: date, *, by: Actor, at: datetime) -> None:
    """Let a designee's time end on a date, its last one; never later than it was to end.

    Raises AccessRefusedError; NotFoundError; IllegalMoveError: it ends by then already, or had not begun.
    """
    details = {"designee_id": designee_id, "to_on": to_on.isoformat()}
    with acting(office, "end_designee", by, at=at, details=details) as act:
        authorised(act, Action.SET_DESIGNEE, office.policy)
        _end(act, designee_id, to_on)


def current(source: Connection | Engine, on: date) -> Designee | None:
    """Who holds the office on a department date; None: nobody, and approvals that need one wait."""
    with register.connected(source) as connection:
        return _overlapping(connection, on, on)


def designees(source: Connection | Engine) -> list[Designee]:
    """All there were and will be, newest first."""
    with register.connected(source) as connection:
        rows = connection.execute(select(_designee).order_by(_designee.c.from_on.desc())).all()
    return [_of_row(row) for row in rows]


def next_gap(found: Iterable[Designee], on: date) -> date | None:
    """The first department date, from this one on, on which nobody holds the office; None: somebody does until further notice."""
    day = on
    for one in sorted(found, key=lambda each: each.from_on):
        if one.from_on > day:
            break
        if one.to_on is None or one.to_on.year > LAST_YEAR:
            return None
        day = max(day, one.to_on + timedelta(days=1))
    return day


def designation(received: SealedFolder, found: Designee) -> tuple[bytes, str]:
    """The Chief's designation and its media type. Raises VerificationError when it was altered or is missing."""
    content = received.open(found.sealed_day, found.sealed_sha256)
    return content, media_type(content)


def media_type(content: bytes, *, what: str = "designation") -> str:
    """What an attached file is. Raises MalformedError, named as `what`, when it is none that we keep."""
    for start, media in MEDIA.items():
        if content.startswith(start) and len(content) <= MAX_BYTES:
            return media
    raise MalformedError(
        what, f"the {what} is a PDF, PNG or JPEG of {MAX_BYTES // 1024**2} MiB at most", remedy="scan it"
    )


def _check_dates(from_on: date, to_on: date | None) -> None:
    if not all(FIRST_YEAR <= on.year <= LAST_YEAR for on in (from_on, to_on or from_on)):
        raise MalformedError("dates", f"an office lies between {FIRST_YEAR} and {LAST_YEAR}", remedy="look at the year")
    if to_on is not None and to_on < from_on:
        raise MalformedError("dates", f"the office would end on {to_on}, before it begins")


def _end(act: Act, designee_id: int, to_on: date) -> None:
    """Let an office end on a date. Raises NotFoundError, IllegalMoveError."""
    this = _designee.c.designee_id == designee_id
    row = act.connection.execute(select(_designee).where(this).with_for_update()).one_or_none()
    if row is None:
        raise NotFoundError(f"no designee {designee_id}")
    if to_on < row.from_on or (row.to_on is not None and row.to_on <= to_on):
        raise IllegalMoveError(
            f"designee {designee_id} holds the office from {row.from_on} to {row.to_on or 'further'}"
        )
    act.connection.execute(_designee.update().where(this).values(to_on=to_on))


def _make_room(act: Act, designee_id: int, from_on: date) -> None:
    """Let who is succeeded end the day before, where he would not have ended by then. Raises as `_end`."""
    last = from_on - timedelta(days=1)
    ends = select(_designee.c.designee_id).where(_designee.c.designee_id == designee_id, _designee.c.to_on <= last)
    if act.connection.scalar(ends) is None:
        _end(act, designee_id, last)


def _overlapping(connection: Connection, from_on: date, to_on: date | None) -> Designee | None:
    statement = select(_designee).where(or_(_designee.c.to_on.is_(None), _designee.c.to_on >= from_on))
    if to_on is not None:
        statement = statement.where(_designee.c.from_on <= to_on)
    row = connection.execute(statement.limit(1)).one_or_none()
    return None if row is None else _of_row(row)


def _of_row(row: Any) -> Designee:
    return Designee(**row._mapping)  # noqa: SLF001 - SQLAlchemy's own API
