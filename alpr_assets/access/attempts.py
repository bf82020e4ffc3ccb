"""Attempts to sign in: counted per account, and locking it (422.6(a); CJIS Security Policy AC-7).

Here: beginning and settling an attempt, the lock and its end. Not here: what a password or a code is (`passwords`,
`second_factor`). An attempt is written before the password is looked at and counts as failed until it is known: parallel guesses
cannot exceed the limit. A locked account's password is not looked at, so that the lock tells nothing about it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Connection, func, select

from alpr_assets.access import register, sessions
from alpr_assets.access.acting import Act, Office, acting, authorised, locked_member
from alpr_assets.access.people import Member
from alpr_assets.access.record.entries import Actor
from alpr_assets.access.roles import Action
from alpr_assets.errors import AccessRefusedError, IllegalMoveError
from alpr_assets.policy import Policy
from alpr_assets.store import people
from alpr_assets.store.engine import writing

Factor = Literal["password", "code", "both", "provider"]

_attempt = people.sign_in_attempt


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt under way.

    member : whose name was given; None: nobody's
    refused : why nothing is looked at; None: go on
    """

    attempt_id: int
    member: Member | None
    refused: str | None


def refusal(policy: Policy) -> AccessRefusedError:
    """What is told of every sign-in that fails: the same words for a wrong, an unknown and a locked name."""
    access = policy.access
    return AccessRefusedError(
        ("that did not match, or the account is not open",),
        codes=("sign_in",),
        remedy=f"try again; after {access.failures} failures within {access.failure_minutes} minutes the account is locked "
        "until an administrator unlocks it",
    )


def begin(office: Office, user_name: str, factor: Factor, *, address: str, at: datetime) -> Attempt:
    """Write down that somebody tries; call before anything that he shows is looked at."""
    with writing(office.engine) as connection:
        named = register.named(connection, user_name)
        if named is None:
            return Attempt(_written(connection, None, factor, address=address, at=at), None, "unknown")
        return begun(office, connection, named.member_id, factor, address=address, at=at)


def begun(
    office: Office, connection: Connection, member_id: int, factor: Factor, *, address: str, at: datetime
) -> Attempt:
    """The same inside a transaction, for a member who is known."""
    member = locked_member(connection, member_id)
    refused = "locked" if member.locked_at else None
    if refused is None and _n_failed(office, connection, member_id, at, pending=True) >= office.policy.access.failures:
        refused = "too_many"
    return Attempt(_written(connection, member_id, factor, address=address, at=at), member, refused)


def settle(office: Office, act: Act, attempt: Attempt, *, succeeded: bool) -> None:
    """Write down how it ended; the failure that reaches the limit locks the account and ends its sessions."""
    row = _attempt.c.attempt_id == attempt.attempt_id
    act.connection.execute(_attempt.update().where(row).values(succeeded=succeeded))
    if attempt.member is None or succeeded:
        return
    member = locked_member(act.connection, attempt.member.member_id)
    failed = _n_failed(office, act.connection, member.member_id, act.at, pending=False)
    if member.locked_at is None and failed >= office.policy.access.failures:
        this = people.member.c.member_id == member.member_id
        act.connection.execute(people.member.update().where(this).values(locked_at=act.at))
        ended = sessions.of_member(act.connection, member.member_id)
        act.note(locked=True, n_sessions=sessions.revoke_all(act, ended, reason="locked", by=None))


def unlock(office: Office, member_id: int, *, by: Actor, at: datetime) -> None:
    """An administrator lets a locked member try again; never himself.

    Raises AccessRefusedError; IllegalMoveError when the account is not locked.
    """
    with acting(office, Action.UNLOCK_MEMBER, by, at=at, details={"member_id": member_id}) as act:
        administrator = authorised(act, Action.UNLOCK_MEMBER, office.policy)
        if administrator.member_id == member_id:
            raise AccessRefusedError(("nobody unlocks himself",), codes=("own_account",))
        if locked_member(act.connection, member_id).locked_at is None:
            raise IllegalMoveError(f"member {member_id} is not locked")
        this = people.member.c.member_id == member_id
        act.connection.execute(people.member.update().where(this).values(locked_at=None, unlocked_at=at))


def _n_failed(office: Office, connection: Connection, member_id: int, at: datetime, *, pending: bool) -> int:
    unlocked = select(people.member.c.unlocked_at).where(people.member.c.member_id == member_id)
    since = at - timedelta(minutes=office.policy.access.failure_minutes)
    since = max(since, connection.scalar(unlocked) or since)
    counted = _attempt.c.succeeded.is_not(True) if pending else _attempt.c.succeeded.is_(False)
    # What an identity provider let through, and we did not, is no guess.
    ours = _attempt.c.factor != "provider"
    statement = select(func.count()).where(_attempt.c.member_id == member_id, _attempt.c.at > since, counted, ours)
    return int(connection.scalar(statement) or 0)


def _written(connection: Connection, member_id: int | None, factor: Factor, *, address: str, at: datetime) -> int:
    values = {"at": at, "member_id": member_id, "factor": factor, "succeeded": None, "address": address[:64]}
    return int(connection.execute(_attempt.insert().returning(_attempt.c.attempt_id), values).scalar_one())
