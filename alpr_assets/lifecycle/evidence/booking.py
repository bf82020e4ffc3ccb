"""Packages booked into evidence, and who had them since (422.5).

Here: members' acts on packages that left, each a deed for `Gate.act`. Not here: packing. A medium is checked each time, by a program that
needs nothing of ours (`verifying`), and what it counted is compared with the package that left: what is not whole is never booked, and a
check that fails later is kept like any other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, func, insert, select

from alpr_assets.access.gate import Found, Grant
from alpr_assets.access.reasons import line, written
from alpr_assets.access.record.entries import ResultId
from alpr_assets.access.roles import Action
from alpr_assets.errors import IllegalMoveError, MalformedError, NotFoundError
from alpr_assets.lifecycle.holds import settling
from alpr_assets.store.engine import reading
from alpr_assets.store.evidence import (
    MAX_NAME,
    MAX_NUMBER,
    MAX_REASON,
    evidence_booking,
    evidence_custody,
    evidence_package,
)
from alpr_assets.store.holds import hold

ROWS: Final = 200
"""Packages that are shown at once."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check of a medium found. sha256: of its tagmanifest-sha256.txt; is_whole: the check found nothing wrong"""

    sha256: str
    is_whole: bool


@dataclass(frozen=True, slots=True)
class Booked:
    """A booking. is_settled: the hold was lifted, and all of what it kept is booked now"""

    booking_id: int
    is_settled: bool


def book(
    grant: Grant, connection: Connection, package_id: int, *, item_number: str, media: str, media_serial: str, to_whom: str,
    checked: Checked,
) -> Found[Booked]:  # fmt: skip
    """Book a package on a medium.

    Parameters
    ----------
    item_number : of the property room
    media, media_serial : what it lies on, and that thing's number
    to_whom : who has it from now on
    checked : of the very medium, just now

    Raises
    ------
    AccessRefusedError : the grant is for another ask
    IllegalMoveError : the medium does not hold the package that left, whole; or the number is taken
    MalformedError : `item`, `media`, `serial`, `name`: missing or too long
    NotFoundError : there is no such package
    """
    grant.require(Action.BOOK_EVIDENCE)
    row = {
        "package_id": package_id, "item_number": line(item_number, "item", MAX_NUMBER, code="item"), "media": line(media, "media", MAX_NAME, code="media"),
        "media_serial": line(media_serial, "serial", MAX_NUMBER, code="serial"), "booked_at": grant.at, "member_id": grant.member.member_id,
    }  # fmt: skip
    package = _package(connection, package_id)
    if not _is_intact(package, checked):
        raise IllegalMoveError(
            f"the medium does not hold package {package_id} whole", remedy="write it anew, and check it with verify.py"
        )
    booking = evidence_booking.c
    taken = select(booking.booking_id).where(
        (booking.item_number == row["item_number"])
        | ((booking.package_id == package_id) & (booking.media_serial == row["media_serial"]))
    )
    if connection.scalar(taken) is not None:
        raise IllegalMoveError(
            "that item, or this package on that medium, is booked already", remedy="give its own number"
        )
    number: int = connection.execute(insert(evidence_booking).returning(booking.booking_id), row).scalar_one()
    ids = _follow(
        connection, grant, number, package, kind="booked", from_whom=grant.member.name, to_whom=to_whom, reason="booked",
        checked=checked,
    )  # fmt: skip
    settled = settling.settle(connection, package.hold_id, at=grant.at)
    return Found(Booked(number, settled), [ResultId("evidence_package", None, package_id), *ids])


def follow(
    grant: Grant, connection: Connection, booking_id: int, *, to_whom: str, reason: str, checked: Checked, from_whom: str = ""
) -> Found[bool]:  # fmt: skip
    """A booked package is handed over, or with nobody new only checked. Returns whether it is intact; kept in either case.

    Parameters
    ----------
    from_whom, to_whom : people by name; from_whom empty: who had it last
    checked : of the very medium, just now

    Raises
    ------
    AccessRefusedError : the grant is for another ask
    MalformedError : `name`, `reason`
    NotFoundError : there is no such booking
    """
    grant.require(Action.BOOK_EVIDENCE)
    booking = connection.execute(
        select(evidence_booking).where(evidence_booking.c.booking_id == booking_id).with_for_update()
    ).one_or_none()
    if booking is None:
        raise NotFoundError(f"there is no booking {booking_id}")
    package = _package(connection, booking.package_id)
    custody = evidence_custody.c
    last = connection.execute(
        select(custody.to_whom).where(custody.booking_id == booking_id).order_by(custody.seq.desc()).limit(1)
    ).scalar_one()
    ids = _follow(
        connection, grant, booking_id, package, kind="handed_over" if to_whom.strip() else "checked", from_whom=from_whom.strip() or last,
        to_whom=to_whom.strip() or last, reason=reason, checked=checked,
    )  # fmt: skip
    return Found(_is_intact(package, checked), [ResultId("evidence_package", None, package.package_id), *ids])


def packages(grant: Grant, engine: Engine, *, package_id: int | None = None) -> Found[list[dict[str, Any]]]:
    """Packages of holds, the newest first, the first `ROWS`.

    Returns
    -------
    A dict a package: its columns, `stamped`, `forgotten_by`: the purge that destroyed what its hold described, and `bookings`, each with
    its `custody`, the oldest first
    """
    grant.require(Action.BOOK_EVIDENCE)
    columns = [one for one in evidence_package.c if one.name not in {"stamp", "tagmanifest"}]
    of_holds = select(*columns, hold.c.forgotten_by).join(hold, hold.c.hold_id == evidence_package.c.hold_id)
    statement = of_holds.order_by(evidence_package.c.package_id.desc()).limit(ROWS)
    if package_id is not None:
        statement = statement.where(evidence_package.c.package_id == package_id)
    with reading(engine) as connection:
        rows = [dict(row) for row in connection.execute(statement).mappings()]
        of = [row["package_id"] for row in rows]
        bookings = _dicts(connection, evidence_booking, evidence_booking.c.package_id.in_(of))
        mine = [one["booking_id"] for one in bookings]
        custody = _dicts(connection, evidence_custody, evidence_custody.c.booking_id.in_(mine))
    for booking in bookings:
        booking["custody"] = [one for one in custody if one["booking_id"] == booking["booking_id"]]
    for row in rows:
        row["bookings"] = [one for one in bookings if one["package_id"] == row["package_id"]]
    return Found(rows, [ResultId("evidence_package", None, number) for number in of])


def n_unbooked(connection: Connection) -> int:
    """Packages of holds that left and are on no booked medium."""
    booked = select(evidence_booking.c.package_id)
    package = evidence_package.c
    open_ones = select(func.count()).where(package.hold_id.is_not(None), package.package_id.not_in(booked))
    return connection.scalar(open_ones) or 0


def n_broken(connection: Connection) -> int:
    """Booked packages whose newest check found them changed."""
    custody = evidence_custody.c
    newest = select(custody.booking_id, func.max(custody.seq).label("seq")).group_by(custody.booking_id).subquery()
    broken = (
        select(func.count())
        .select_from(evidence_custody)
        .join(newest, (newest.c.booking_id == custody.booking_id) & (newest.c.seq == custody.seq))
        .where(custody.is_intact.is_(False))
    )
    return connection.scalar(broken) or 0


# ── parts ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _package(connection: Connection, package_id: int) -> Row[Any]:
    package = evidence_package.c
    row = connection.execute(
        select(evidence_package).where(package.package_id == package_id, package.hold_id.is_not(None))
    ).one_or_none()  # fmt: skip
    if row is None:
        raise NotFoundError(f"there is no package {package_id} of a hold")
    return row


def _is_intact(package: Row[Any], checked: Checked) -> bool:
    return checked.is_whole and checked.sha256 == package.sha256


def _follow(
    connection: Connection, grant: Grant, booking_id: int, package: Row[Any], *, kind: str, from_whom: str, to_whom: str,
    reason: str, checked: Checked,
) -> list[ResultId]:  # fmt: skip
    custody = evidence_custody.c
    seq = connection.scalar(select(func.max(custody.seq)).where(custody.booking_id == booking_id)) or 0
    number: int = connection.execute(
        insert(evidence_custody).returning(custody.custody_id),
        {
            "booking_id": booking_id, "seq": seq + 1, "kind": kind, "at": grant.at, "from_whom": line(from_whom, "name", MAX_NAME, code="name"),
            "to_whom": line(to_whom, "name", MAX_NAME, code="name"), "reason": written(reason, most=MAX_REASON),
            "sha256": _digest(checked.sha256), "is_intact": _is_intact(package, checked), "member_id": grant.member.member_id,
        },
    ).scalar_one()  # fmt: skip
    return [ResultId("evidence_booking", None, booking_id), ResultId("evidence_custody", None, number)]


def _dicts(connection: Connection, table: Any, where: Any) -> list[dict[str, Any]]:
    key = list(table.primary_key.columns)
    return [dict(row) for row in connection.execute(select(table).where(where).order_by(*key)).mappings()]


def _digest(text: str) -> str:
    """The hash that a check counted; where there was nothing left to count, none."""
    if text and (len(text) != 64 or set(text) - set("0123456789abcdef")):
        raise MalformedError("sha256", "that is no SHA-256", remedy="give the line that verify.py prints")
    return text
