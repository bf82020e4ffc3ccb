"""Provisional incident numbers: at two in the morning there is none yet, and the car is still near (422.4(a)).

Here: issuing one, what the gate makes of one, reconciling it. Not here: pages.
Such a number is its owner's, and theirs to whom he handed a question under it. It becomes a real number within the policy's hours, by
an act that the record keeps with both; from then on, or once the hours are over, nothing more is asked under it. Entries of the
record keep the number that they were made under.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, func, insert, or_, select, text, update

from alpr_assets.access.acting import Office, acting, authorised
from alpr_assets.access.people import Session
from alpr_assets.access.roles import Action, may
from alpr_assets.errors import AccessRefusedError, IllegalMoveError, MalformedError, NotFoundError
from alpr_assets.policy import Policy
from alpr_assets.store.engine import reading
from alpr_assets.store.incidents import handover, provisional_number

FORM: Final = re.compile(r"P-(\d{6})-(\d{3,})")
"""P, the department's date of its issue, a number of that day."""


@dataclass(frozen=True, slots=True)
class Provisional:
    """A number as the gate needs it. case_number: the real one, None: not reconciled yet."""

    number: str
    owners: frozenset[int]
    due_at: datetime
    case_number: str | None


def is_provisional(case_number: str) -> bool:
    return FORM.fullmatch(case_number) is not None


def known(engine: Engine, number: str) -> Provisional | None:
    """The number, with its owner and whom questions under it were handed to; None: there is none."""
    with reading(engine) as connection:
        row = connection.execute(select(provisional_number).where(provisional_number.c.number == number)).one_or_none()
        if row is None:
            return None
        handed = connection.scalars(select(handover.c.to_id).where(handover.c.case_number == number)).all()
    return Provisional(number, frozenset({row.member_id, *handed}), row.due_at, row.case_number)


def issue(office: Office, session: Session, *, at: datetime) -> str:
    """A new number for who asks. Raises AccessRefusedError for a role that asks no questions about vehicles."""
    table = provisional_number
    with acting(office, "issue_provisional_number", session.actor(), at=at) as act:
        authorised(act, Action.CANVASS, office.policy)
        on = office.on(at)
        if (
            act.connection.dialect.name == "postgresql"
        ):  # two at once are not both the next; SQLite has one writer anyway
            act.connection.execute(text("LOCK TABLE provisional_number IN EXCLUSIVE MODE"))
        newest = act.connection.scalar(select(func.max(table.c.n_of_day)).where(table.c.day == on)) or 0
        number = f"P-{on:%y%m%d}-{newest + 1:03}"
        row = {
            "number": number, "day": on, "n_of_day": newest + 1, "member_id": session.member.member_id, "issued_at": at,
            "due_at": at + timedelta(hours=office.policy.access.provisional_hours),
        }  # fmt: skip
        act.connection.execute(insert(table), row)
        act.note(number=number)
    return number


def reconcile(office: Office, session: Session, number: str, case_number: str, *, at: datetime) -> None:
    """Give a number its real one: its owner, or who approves others' watches and exports, late or not.

    Raises
    ------
    AccessRefusedError : another's number
    IllegalMoveError : it was reconciled already
    MalformedError : `case_number`: no real number of the department's form
    NotFoundError : there is none
    """
    _check_real(case_number, office.policy)
    table = provisional_number
    details = {"number": number, "case_number": case_number}
    with acting(office, "reconcile_number", session.actor(), at=at, details=details) as act:
        row = _locked(act.connection, number)
        who = authorised(act, Action.CANVASS, office.policy)
        if row.member_id != who.member_id and not may(who.role, Action.APPROVE_WATCH):
            raise AccessRefusedError(("another's number is reconciled by a supervisor",), codes=("other_number",))
        if row.case_number is not None:
            raise IllegalMoveError(f"{number} is {row.case_number} already")
        values = {"case_number": case_number, "reconciled_at": at, "reconciled_by": who.member_id}
        act.connection.execute(update(table).where(table.c.number == number).values(values))


def open_numbers(connection: Connection, *, member_id: int | None) -> list[Row[Any]]:
    """Numbers that wait for their real one, those due first: a member's own and those handed to him; None: everybody's."""
    table = provisional_number
    mine = [] if member_id is None else [
        or_(
            table.c.member_id == member_id,
            table.c.number.in_(select(handover.c.case_number).where(handover.c.to_id == member_id)),
        )
    ]  # fmt: skip
    return list(connection.execute(select(table).where(table.c.case_number.is_(None), *mine).order_by(table.c.due_at)))


def _locked(connection: Connection, number: str) -> Any:
    statement = select(provisional_number).where(provisional_number.c.number == number).with_for_update()
    row = connection.execute(statement).one_or_none()
    if row is None:
        raise NotFoundError("there is no such provisional number")
    return row


def _check_real(case_number: str, policy: Policy) -> None:
    if is_provisional(case_number) or not re.fullmatch(policy.access.case_number, case_number):
        raise MalformedError("case_number", "that is no case or incident number", remedy="give the department's own")
