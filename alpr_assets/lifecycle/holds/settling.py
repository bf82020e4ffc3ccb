"""What a lifted hold kept stays until it is booked into evidence, or two people say why it need not be (422.5).

Here: whether a lifted hold frees what it kept, and the two waivers. Not here: lifting (`placing`), booking (`evidence.booking`).
The custodian of records and the city attorney, two people, each in his own capacity, record why booking is not needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, insert, select, update

from alpr_assets.access.gate import Found, Grant
from alpr_assets.access.reasons import written
from alpr_assets.access.record.entries import ResultId
from alpr_assets.access.roles import Action, Role
from alpr_assets.errors import AccessRefusedError, IllegalMoveError, NotFoundError
from alpr_assets.lifecycle.holds import covering
from alpr_assets.lifecycle.holds.selectors import Named
from alpr_assets.store.engine import reading
from alpr_assets.store.evidence import MAX_REASON, booking_waiver, evidence_booking, evidence_item
from alpr_assets.store.holds import hold, hold_decision

CAPACITIES: Final = {Role.CUSTODIAN: "custodian", Role.ATTORNEY: "attorney"}
"""In which capacity each role waives a booking."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A lifted hold that still keeps what it kept. n_unbooked: captures in no booked package; no plate, no place."""

    hold_id: int
    ground: str
    case_number: str
    reason: str
    disposition: str
    lifted_at: datetime
    n_unbooked: int
    waived: dict[str, str]


def unbooked(connection: Connection, row: Row[Any]) -> list[Named]:
    """Captures that a hold covers now and that are in no booked package, in order."""
    covered = covering.of_hold(connection, row)
    item = evidence_item.c
    booked = select(evidence_booking.c.package_id)
    known: set[Named] = set()
    for day in sorted({day for day, _ in covered}):
        ids = connection.scalars(select(item.capture_id).where(item.day == day, item.package_id.in_(booked)))
        known |= {(day, number) for number in ids}
    return [one for one in covered if one not in known]


def settle(connection: Connection, hold_id: int, *, at: datetime) -> bool:
    """Let a lifted hold free what it kept, where all of it is booked or both have waived that. Returns whether it is settled."""
    row = connection.execute(select(hold).where(hold.c.hold_id == hold_id).with_for_update()).one()
    if row.settled_at is not None:
        return True
    if row.status != "lifted":
        return False
    waived = connection.execute(select(booking_waiver.c.member_id).where(booking_waiver.c.hold_id == hold_id)).all()
    if len(waived) < len(CAPACITIES) and unbooked(connection, row):
        return False
    connection.execute(update(hold).where(hold.c.hold_id == hold_id).values(settled_at=at))
    return True


def waive(grant: Grant, connection: Connection, hold_id: int, *, reason: str) -> Found[bool]:
    """Say in one's capacity why what a lifted hold kept need not be booked. Returns whether it is settled now.

    Raises
    ------
    AccessRefusedError : the grant is for another ask, or one's role has no capacity
    IllegalMoveError : the hold stands, is settled, or was waived in this capacity or by this person already
    MalformedError : `reason`
    NotFoundError : there is no such hold
    """
    grant.require(Action.WAIVE_BOOKING)
    capacity = CAPACITIES.get(grant.member.role)
    if capacity is None:
        raise AccessRefusedError(("a booking is waived by the custodian and the city attorney",), codes=("capacity",))
    line = written(reason, most=MAX_REASON)
    row = connection.execute(select(hold).where(hold.c.hold_id == hold_id).with_for_update()).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no hold {hold_id}")
    if row.status != "lifted" or row.settled_at is not None:
        raise IllegalMoveError(
            f"hold {hold_id} {'stands' if row.status != 'lifted' else 'is settled already'}",
            remedy="only what a lifted hold still keeps is waived",
        )
    before = connection.execute(select(booking_waiver).where(booking_waiver.c.hold_id == hold_id)).all()
    if any(one.capacity == capacity or one.member_id == grant.member.member_id for one in before):
        raise IllegalMoveError(
            f"hold {hold_id} is waived so already", remedy="another person does it in the other capacity"
        )
    number: int = connection.execute(
        insert(booking_waiver).returning(booking_waiver.c.waiver_id),
        {
            "hold_id": hold_id, "capacity": capacity, "decided_at": grant.at, "member_id": grant.member.member_id,
            "reason": line,
        },
    ).scalar_one()  # fmt: skip
    ids = [ResultId("hold", None, hold_id), ResultId("booking_waiver", None, number)]
    return Found(settle(connection, hold_id, at=grant.at), ids)


def waiting(grant: Grant, engine: Engine) -> Found[list[Waiting]]:
    """Lifted holds that are not settled, the earliest first: for who may waive, and sees no vehicle."""
    grant.require(Action.WAIVE_BOOKING)
    with reading(engine) as connection:
        rows = connection.execute(
            select(
                hold,
                hold_decision.c.disposition,
                hold_decision.c.decided_at,
                hold_decision.c.reason.label("lifted_for"),
            )
            .join(
                hold_decision,
                (hold_decision.c.hold_id == hold.c.hold_id) & (hold_decision.c.seq == hold.c.n_decisions),
            )
            .where(hold.c.status == "lifted", hold.c.settled_at.is_(None))
            .order_by(hold_decision.c.decided_at)
        ).all()
        waived: dict[int, dict[str, str]] = {row.hold_id: {} for row in rows}
        for one in connection.execute(select(booking_waiver).where(booking_waiver.c.hold_id.in_(list(waived)))):
            waived[one.hold_id][one.capacity] = one.reason
        found = [
            Waiting(
                row.hold_id, row.ground, row.case_number, row.lifted_for, row.disposition, row.decided_at,
                len(unbooked(connection, row)), waived[row.hold_id],
            )
            for row in rows
        ]  # fmt: skip
    return Found(found, [ResultId("hold", None, one.hold_id) for one in found])


def n_waiting(connection: Connection) -> int:
    """Lifted holds that are not settled: told to those who may waive or book."""
    open_ones = select(hold.c.hold_id).where(hold.c.status == "lifted", hold.c.settled_at.is_(None))
    return len(connection.execute(open_ones).all())
