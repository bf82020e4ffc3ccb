"""The beginning of the register, and the way back in when nobody is left who could let anybody in.

Here: the first members, whom nobody could approve; rescuing the last administrator. Both are done by who runs the machine, from its
command line, and the record says so. Not here: anything that the console does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select

from alpr_assets.access import (
    approvals,
    members,
    passwords,
    register,
    sessions,
    sources,
    training,
)
from alpr_assets.access.acting import Act, Office, acting, locked_member
from alpr_assets.access.passwords import OneTime
from alpr_assets.access.people import SYSTEM, Member, Source, Status
from alpr_assets.access.roles import Action, Role, may
from alpr_assets.errors import AccessRefusedError, IllegalMoveError, MalformedError
from alpr_assets.store import people
from alpr_assets.store.engine import one_writer


@dataclass(frozen=True, slots=True, kw_only=True)
class First:
    """One of the first members.

    trained_on : when he completed the course; None: not yet
    """

    user_name: str
    name: str
    title: str
    sources: frozenset[Source] = frozenset()
    trained_on: date | None = None


def begin(office: Office, first: Sequence[First], *, at: datetime, done_by: str = "") -> list[OneTime]:
    """Make the first members, active at once, each with a one-time password (none under an identity provider).

    first : an administrator, and a supervisor or commander with him: two people approve everybody after them
    done_by : account of the machine under which it is done

    Raises
    ------
    IllegalMoveError : there are members already
    MalformedError : no administrator, or nobody to approve with him; a name or title that is none
    """
    drawn = [passwords.draw(office) for _ in first]
    with acting(office, "begin_register", SYSTEM, at=at, details={"beginning": True, "done_by": done_by}) as act:
        one_writer(act.connection, "begin the register")
        if act.connection.scalar(select(func.count()).select_from(people.member)):
            raise IllegalMoveError(
                "there are members already", remedy="sign in to the console and propose others there"
            )
        roles = [approvals.role_of(office.policy, one.title) for one in first]
        if Role.ADMINISTRATOR not in roles or not set(roles) & approvals.LEADERS:
            raise MalformedError(
                "first",
                "the first members are an administrator and a commander",
                remedy="name both: two people approve",
            )
        made = [_made(office, act, one) for one in first]
        one_time = [
            passwords.issue(office, act, member, password)
            for member, password in zip(made, drawn, strict=True)
            if password is not None
        ]
        _entitle(office, act, first, made)
        act.note(member_ids=[member.member_id for member in made], roles=[role.value for role in roles])
    return one_time


def rescue(office: Office, user_name: str, *, at: datetime, done_by: str = "") -> OneTime | None:
    """Unlock an administrator and give him a one-time password, when no other could; want of use is forgiven.

    Whom somebody suspended stays so. His second factor stays: who runs the machine does not become him. Returns None under an identity provider.

    Raises AccessRefusedError: another administrator can do it, or this is none.
    """
    drawn = passwords.draw(office)
    with acting(office, "rescue_administrator", SYSTEM, at=at, details={"done_by": done_by}) as act:
        found = register.named(act.connection, user_name)
        if found is None or found.role is not Role.ADMINISTRATOR or found.status is Status.SEPARATED:
            raise AccessRefusedError(("this is no administrator",), codes=("role",))
        member = locked_member(act.connection, found.member_id)
        act.note(member_id=member.member_id)
        others = [
            one.member_id
            for one in register.members(act.connection, status=Status.ACTIVE)
            if one.member_id != member.member_id and may(one.role, Action.UNLOCK_MEMBER) and one.locked_at is None
        ]
        if others:
            raise AccessRefusedError(
                ("another administrator can unlock this one",),
                codes=("not_alone",),
                remedy="let him do it in the console",
            )
        this = people.member.c.member_id == member.member_id
        values: dict[str, Any] = {"locked_at": None, "unlocked_at": at}
        if member.status is Status.SUSPENDED:
            if act.connection.scalar(select(people.member.c.status_reason).where(this)) != "inactive":
                raise AccessRefusedError(
                    ("this administrator was suspended by somebody",),
                    codes=("suspended",),
                    remedy="a supervisor or commander makes him active again, or approves another",
                )
            values |= {"status": Status.ACTIVE.value, "status_at": at, "status_reason": ""}
        act.connection.execute(people.member.update().where(this).values(values))
        sessions.revoke_all(act, sessions.of_member(act.connection, member.member_id), reason="rescued", by=None)
        return None if drawn is None else passwords.issue(office, act, member, drawn)


def _made(office: Office, act: Act, one: First) -> Member:
    """A member whose proposal nobody made and nobody approved."""
    member_id, proposal_id = members.put(
        office, act, user_name=one.user_name, name=one.name, title=one.title, is_contractor=False, sources=one.sources
    )
    approvals.close(act, proposal_id, "accepted")
    this = people.member.c.member_id == member_id
    act.connection.execute(people.member.update().where(this).values(status=Status.ACTIVE.value, status_at=act.at))
    return register.member(act.connection, member_id)


def _entitle(office: Office, act: Act, first: Sequence[First], made: Sequence[Member]) -> None:
    """Sources and training, in the name of those of the first who may give them; nobody his own."""
    for one, member in zip(first, made, strict=True):
        for source in sorted(one.sources):
            granting = _other(made, member, Action.GRANT_SOURCES)
            sources.put(act, member.member_id, source, by=granting.member_id)
        if one.trained_on is not None:
            own = member.role is Role.TRAINING_COORDINATOR
            approver = _other(made, member, Action.APPROVE_MEMBER if own else Action.RECORD_TRAINING)
            recorded_by = member.member_id if own else approver.member_id
            training.put(
                office, act, member.member_id, one.trained_on, recorded_by=recorded_by, approved_by=approver.member_id
            )


def _other(made: Sequence[Member], member: Member, action: Action) -> Member:
    """The first who may do it and is somebody else; a commander before others. Raises MalformedError."""
    able = [one for one in made if one.member_id != member.member_id and may(one.role, action)]
    if not able:
        raise MalformedError("first", f"none of the first members has the action {action}", remedy="name one who has")
    return min(able, key=lambda one: one.role is not Role.COMMANDER)
