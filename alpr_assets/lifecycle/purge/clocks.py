"""The clock by which a purge counts the years: whether it may be believed (422.5, Gov. Code 34090.6).

Here: holding it against the access record's signed heads, what witnesses have, and the operating system; the custodian's statement that
it is right all the same. Not here: purging.

A clock that runs ahead makes everything old, and what is recorded meanwhile is dated by it. So not only now is looked at, but every head
since the custodian last stated that the clock is right: none may lie before the one before it, and none further after it than the policy
says. A department that recorded nothing for longer than that has its custodian look, too.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import BigInteger, Connection, Engine, func, insert, or_, select, type_coerce

from alpr_assets.access.gate import Found, Grant
from alpr_assets.access.reasons import written
from alpr_assets.access.record.entries import ResultId
from alpr_assets.access.record.places import Place, place_of
from alpr_assets.access.record.tables import access_head
from alpr_assets.access.record.tail import newest_head
from alpr_assets.access.record.witnesses import given
from alpr_assets.access.roles import Action
from alpr_assets.errors import IllegalMoveError
from alpr_assets.policy import Policy
from alpr_assets.settings import Settings
from alpr_assets.store.engine import reading
from alpr_assets.store.purges import MAX_REASON, clock_statement
from alpr_assets.store.types import MICROSECOND, from_microseconds, to_microseconds

TOLERANCE: Final = timedelta(minutes=2)
"""By which a head may lie before another: processes take the time before they queue, and clocks are set right by seconds."""

SHOWN: Final = 20
"""Jumps that are looked at; the rest is no better."""

TIME_ERROR: Final = 5
"""What adjtimex answers while nothing keeps the kernel's clock right (adjtimex(2))."""


@dataclass(frozen=True, slots=True)
class ClockSeen:
    """What there is to hold the clock against.

    size : entries that the newest head covers; 0: there is none
    since : the last instant known before now: of the newest head, or of a statement after it; None: nothing is known
    jumps : heads that lie before the one before them or too far after it, both instants, since the last statement
    stated_at : when a custodian last stated that the clock is right
    is_rewound : a witness was given a head that the record does not have any more
    is_synchronised : as the operating system says; None: it does not
    """

    size: int
    since: datetime | None
    jumps: tuple[tuple[datetime, datetime], ...] = ()
    stated_at: datetime | None = None
    is_rewound: bool = False
    is_synchronised: bool | None = None


def look(engine: Engine, configured: Settings, policy: Policy) -> ClockSeen:
    """What is known of the clock now; `engine`: of the store. Nothing is written."""
    with reading(engine) as connection:
        stated = connection.execute(select(clock_statement).order_by(clock_statement.c.statement_id.desc()).limit(1))
        row = stated.one_or_none()
    place = place_of(configured)
    try:
        return _look(place, row, timedelta(hours=policy.purge.clock_jump_hours))
    finally:
        place.engine.dispose()


def doubts(seen: ClockSeen, at: datetime, policy: Policy) -> tuple[str, ...]:
    """Why the clock, which says `at`, may not be believed; empty: it may."""
    most = timedelta(hours=policy.purge.clock_jump_hours)
    found = [_told(before, after, policy) for before, after in seen.jumps]
    if seen.since is None:
        found.append("there is no head of the access record to hold the clock against")
    elif is_jump(seen.since, at, most):
        found.append(_told(seen.since, at, policy))
    is_stated = seen.stated_at is not None and not is_jump(seen.stated_at, at, most)
    if seen.is_synchronised is False and not is_stated:
        found.append("the operating system says that its clock is not synchronised")
    if seen.is_rewound:
        found.append("a witness has a head that the access record does not have any more")
    return tuple(found)


def require_right(seen: ClockSeen, at: datetime, policy: Policy) -> None:
    """Raise IllegalMoveError where the clock may not be believed, with every reason."""
    if found := doubts(seen, at, policy):
        remedy = "the custodian looks at the clock, sets it right, and states that it is"
        if seen.is_rewound:
            remedy = "restore the access record, and run `alpr record verify`"
        raise IllegalMoveError(f"the clock may be wrong: {'; '.join(found)}", remedy=remedy)


def state(grant: Grant, connection: Connection, seen: ClockSeen, *, reason: str, policy: Policy) -> Found[int]:
    """State that the clock is right: it explains every head so far, and an unsynchronised clock for as long as a jump may be.

    Raises
    ------
    AccessRefusedError : the grant is for another ask
    IllegalMoveError : it is not in doubt, or the record was rewound, which nobody can explain away
    MalformedError : no reason
    """
    grant.require(Action.PLAN_PURGE)
    found = doubts(seen, grant.at, policy)
    if not found:
        raise IllegalMoveError("the clock is not in doubt")
    if seen.is_rewound:
        require_right(seen, grant.at, policy)
    row = {
        "stated_at": grant.at, "member_id": grant.member.member_id, "head_size": seen.size, "doubts": list(found),
        "reason": written(reason, most=MAX_REASON),
    }  # fmt: skip
    number: int = connection.execute(
        insert(clock_statement).returning(clock_statement.c.statement_id), row
    ).scalar_one()
    return Found(number, [ResultId("clock_statement", None, number)])


def is_synchronised() -> bool | None:
    """Whether something keeps the kernel's clock right, such as an NTP client; None: the system does not say.

    No shell and no daemon is asked: adjtimex(2) with nothing to adjust, which needs no right where it is not forbidden altogether.
    """
    try:
        state_of_clock: int = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(512))
    except (AttributeError, OSError):
        return None
    return None if state_of_clock < 0 else state_of_clock != TIME_ERROR


def is_jump(before: datetime, after: datetime, most: timedelta) -> bool:
    """Whether a clock that said `before` and then `after` was set back, or ran on further than anybody looked."""
    return after < before - TOLERANCE or after - before > most


def _look(place: Place, stated: Any, most: timedelta) -> ClockSeen:
    stated_at, size = (stated.stated_at, stated.head_size) if stated else (None, 0)
    synchronised = is_synchronised()
    if not place.is_begun():
        return ClockSeen(0, stated_at, (), stated_at, bool(given(place)), synchronised)
    with reading(place.engine) as connection:
        head = newest_head(connection)
        jumps = _jumps(connection, size, stated_at, most)
    assert head is not None
    is_rewound = any(known.log_id != head.log_id or known.size > head.size for known in given(place))
    since = head.at if stated_at is None or head.size > size else stated_at
    return ClockSeen(head.size, since, jumps, stated_at, is_rewound, synchronised)


def _jumps(
    connection: Connection, size: int, stated_at: datetime | None, most: timedelta
) -> tuple[tuple[datetime, datetime], ...]:
    """Of the heads after that of a size, those that jump from the one before; the first from the statement."""
    at = type_coerce(access_head.c.at, BigInteger)
    first = None if stated_at is None else to_microseconds(stated_at)
    before = func.coalesce(func.lag(at).over(order_by=access_head.c.size), first)
    pairs = select(at.label("at"), before.label("before")).where(access_head.c.size > size).subquery()
    back, ahead = (
        pairs.c.at < pairs.c.before - TOLERANCE // MICROSECOND,
        pairs.c.at - pairs.c.before > most // MICROSECOND,
    )
    rows = connection.execute(select(pairs.c.before, pairs.c.at).where(or_(back, ahead)).limit(SHOWN))
    return tuple((from_microseconds(row.before), from_microseconds(row.at)) for row in rows)


def _told(before: datetime, after: datetime, policy: Policy) -> str:
    first, second = (at.astimezone(policy.zone).strftime("%Y-%m-%d %H:%M") for at in (before, after))
    return f"it went from {first} to {second}"
