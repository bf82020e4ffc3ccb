"""Training: course, completed on, counts until, recorded by, approved by (422.3.1(b), 422.4(d), 422.8; CJIS Security Policy AT).

Recorded by the training coordinator; what he records for himself counts once another coordinator or the commander approved it, as
does what came with a batch of members. A row is never deleted: one recorded in error is withdrawn, and stays.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Engine, Select, select

from alpr_assets.access import register
from alpr_assets.access.acting import Act, Office, acting, authorised, locked_member
from alpr_assets.access.people import Member, Status
from alpr_assets.access.record.entries import Actor
from alpr_assets.access.roles import Action, Role
from alpr_assets.errors import AccessRefusedError, IllegalMoveError, MalformedError
from alpr_assets.policy import Policy
from alpr_assets.store import people

_training = people.member_training


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """One course of one member. `expires_on`: the last department date on which it counts; dates of approval None: not yet."""

    training_id: int
    member_id: int
    course: str
    completed_on: date
    expires_on: date
    recorded_at: datetime
    recorded_by: int
    approved_at: datetime | None
    approved_by: int | None
    withdrawn_at: datetime | None
    withdrawn_by: int | None


def record(office: Office, member_id: int, completed_on: date, *, by: Actor, at: datetime) -> int:
    """Record that a member completed the policy's course. Returns the id.

    Raises AccessRefusedError: no training coordinator; MalformedError: a date to come; IllegalMoveError: the member left.
    """
    details = {"member_id": member_id, "completed_on": completed_on.isoformat()}
    with acting(office, Action.RECORD_TRAINING, by, at=at, details=details) as act:
        coordinator = authorised(act, Action.RECORD_TRAINING, office.policy)
        if locked_member(act.connection, member_id).status is Status.SEPARATED:
            raise IllegalMoveError(f"member {member_id} left the department")
        own = coordinator.member_id == member_id
        recorded_by = coordinator.member_id
        training_id = put(
            office, act, member_id, completed_on, recorded_by=recorded_by, approved_by=None if own else recorded_by
        )
        act.note(training_id=training_id, counts=not own)
    return training_id


def approve(office: Office, training_ids: Iterable[int], *, by: Actor, at: datetime) -> None:
    """Approve training that waits: by a coordinator or the commander, never the trainee.

    Raises AccessRefusedError; IllegalMoveError when one of them does not wait: then none is approved.
    """
    wanted = sorted(set(training_ids))
    with acting(office, "approve_training", by, at=at, details={"training_ids": wanted}) as act:
        approver = _approver(office, act)
        for row in _waiting_rows(act.connection, wanted):
            _require_may_approve(approver, row)
            _set_approved(act, row.training_id, approver.member_id)
            wanted.remove(row.training_id)
        if wanted:
            raise IllegalMoveError(f"no training waits under {', '.join(map(str, wanted))}")


def withdraw(office: Office, training_id: int, *, by: Actor, at: datetime) -> None:
    """Take back what was recorded in error: it no longer counts, and stays on file.

    Raises AccessRefusedError; IllegalMoveError when there is no such training, or it was withdrawn.
    """
    with acting(office, "withdraw_training", by, at=at, details={"training_id": training_id}) as act:
        coordinator = authorised(act, Action.RECORD_TRAINING, office.policy)
        this = (_training.c.training_id == training_id, _training.c.withdrawn_at.is_(None))
        row = act.connection.execute(select(_training).where(*this).with_for_update()).one_or_none()
        if row is None:
            raise IllegalMoveError(f"no training {training_id} counts")
        if row.member_id == coordinator.member_id:
            raise AccessRefusedError(("nobody decides on his own training",), codes=("own_account",))
        values = {"withdrawn_at": at, "withdrawn_by": coordinator.member_id}
        act.connection.execute(_training.update().where(*this).values(values))
        act.note(member_id=row.member_id)


# ── reading ────────────────────────────────────────────────────────────────────────────────────────────────────────


def of_member(source: Connection | Engine, member_id: int) -> list[Completed]:
    """All training of a member, newest first; withdrawn too."""
    return _read(source, select(_training).where(_training.c.member_id == member_id))


def completed(source: Connection | Engine) -> list[Completed]:
    """All training of everybody, by member, newest first; withdrawn too."""
    return sorted(_read(source, select(_training)), key=lambda one: one.member_id)


def held_on(source: Connection | Engine, member_id: int, on: date) -> bool:
    """Whether a member's training counted on a department date: completed by then, not ended, approved and not withdrawn."""
    training = _training.c
    counted = training.approved_at.is_not(None) & training.withdrawn_at.is_(None)
    covers = (training.completed_on <= on) & (on <= training.expires_on)
    return bool(_read(source, select(_training).where(training.member_id == member_id, counted, covers)))


def waiting(source: Connection | Engine) -> list[Completed]:
    """What does not count yet for want of an approval."""
    return _read(source, _WAITING)


def due_for_removal(source: Connection | Engine, policy: Policy, on: date) -> list[Completed]:
    """What was kept long enough: its last day lies more than the policy's years back. Nothing is removed here."""
    before = months_after(on, -12 * policy.training.record_kept_years)
    return _read(source, select(_training).where(_training.c.expires_on < before))


def months_after(day: date, months: int) -> date:
    """The same day so many calendar months later; the month's last where it has no such day (31 January → 28 February)."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


# ── parts of other acts ────────────────────────────────────────────────────────────────────────────────────────────


def put(
    office: Office, act: Act, member_id: int, completed_on: date, *, recorded_by: int, approved_by: int | None
) -> int:
    """Write a course down. Raises MalformedError for a date that is not yet."""
    if completed_on > office.on(act.at):
        raise MalformedError("completed_on", f"{completed_on} is not yet")
    policy = office.policy.training
    values = {
        "member_id": member_id, "course": policy.course, "completed_on": completed_on,
        "expires_on": months_after(completed_on, policy.valid_months), "recorded_at": act.at,
        "recorded_by": recorded_by, "approved_by": approved_by,
        "approved_at": None if approved_by is None else act.at,
    }  # fmt: skip
    return int(act.connection.execute(_training.insert().returning(_training.c.training_id), values).scalar_one())


def approve_with(act: Act, approver: Member, member_ids: Iterable[int]) -> int:
    """What waits for these members is approved with their batch, where its approver is the commander; how many."""
    if approver.role is not Role.COMMANDER:
        return 0
    rows = act.connection.execute(_WAITING.where(_training.c.member_id.in_(list(member_ids))).with_for_update()).all()
    mine = [row for row in rows if row.recorded_by != approver.member_id]
    for row in mine:
        _set_approved(act, row.training_id, approver.member_id)
    return len(mine)


_WAITING: Select[Any] = select(_training).where(_training.c.approved_at.is_(None), _training.c.withdrawn_at.is_(None))


def _approver(office: Office, act: Act) -> Member:
    who = register.member(act.connection, act.entry.actor.member_id)
    action = Action.APPROVE_MEMBER if who.role is Role.COMMANDER else Action.RECORD_TRAINING
    return authorised(act, action, office.policy)


def _require_may_approve(approver: Member, row: Any) -> None:
    if row.member_id == approver.member_id:
        raise AccessRefusedError(("nobody approves his own training",), codes=("own_account",))
    # A coordinator's word on others suffices; anybody else's needs a second person.
    if row.recorded_by == approver.member_id and approver.role is not Role.TRAINING_COORDINATOR:
        raise AccessRefusedError(("who recorded it does not approve it",), codes=("own_proposal",))


def _waiting_rows(connection: Connection, training_ids: list[int]) -> list[Any]:
    statement = _WAITING.where(_training.c.training_id.in_(training_ids)).order_by(_training.c.training_id)
    return list(connection.execute(statement.with_for_update()).all())


def _set_approved(act: Act, training_id: int, approver_id: int) -> None:
    this = _training.update().where(_training.c.training_id == training_id)
    act.connection.execute(this.values(approved_at=act.at, approved_by=approver_id))


def _read(source: Connection | Engine, statement: Select[Any]) -> list[Completed]:
    newest = statement.order_by(_training.c.completed_on.desc(), _training.c.training_id.desc())
    with register.connected(source) as connection:
        return [Completed(**row._mapping) for row in connection.execute(newest)]  # noqa: SLF001 - SQLAlchemy's own API
