"""The yearly review of accounts: somebody else confirms that each is still needed, with its title and sources (CJIS Security Policy AC-2).

Here: what is due, and confirming. Not here: what follows where an account is needed no more: it is suspended or separated (`members`).
A supervisor confirms accounts of ordinary roles, the commander those of all, an administrator those of privileged ones; nobody his own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import Connection, Engine, func, select

from alpr_assets.access import register
from alpr_assets.access.acting import Office, acting, authorised, locked_member
from alpr_assets.access.people import Member, Status
from alpr_assets.access.record.entries import Actor
from alpr_assets.access.roles import PRIVILEGED, Action, Role
from alpr_assets.access.training import months_after
from alpr_assets.errors import AccessRefusedError, IllegalMoveError, MalformedError
from alpr_assets.policy import Policy
from alpr_assets.store import people

REVIEWED: Final = frozenset({Status.ACTIVE, Status.SUSPENDED})
"""Whose accounts there are to be confirmed: a proposed one is about to be approved, a separated one is none."""

MAX_NOTE: Final = 300  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """One account and its review. since_at: when it was last confirmed, or approved; due_on: the department's date"""

    member: Member
    since_at: datetime
    was_reviewed: bool
    due_on: date
    is_overdue: bool


def due(source: Connection | Engine, policy: Policy, on: date) -> list[Due]:
    """Every account that there is, the one that waits longest first."""
    with register.connected(source) as connection:
        members = [one for one in register.members(connection) if one.status in REVIEWED]
        reviewed, joined = _last_reviews(connection), _joined(connection)
    found = []
    for member in members:
        since = reviewed.get(member.member_id, joined[member.member_id])
        due_on = months_after(since.astimezone(policy.zone).date(), policy.access.review_months)
        found.append(
            Due(
                member=member, since_at=since, was_reviewed=member.member_id in reviewed, due_on=due_on,
                is_overdue=due_on < on,
            )
        )  # fmt: skip
    return sorted(found, key=lambda one: (one.due_on, one.member.name))


def may_review(reviewer: Member, of: Member) -> bool:
    """Whether this one may confirm that account, having the action."""
    if reviewer.member_id == of.member_id:
        return False
    allowed = {Role.SUPERVISOR: of.role not in PRIVILEGED, Role.ADMINISTRATOR: of.role in PRIVILEGED}
    return allowed.get(reviewer.role, reviewer.role is Role.COMMANDER)


def confirm(office: Office, member_ids: Iterable[int], *, note: str, by: Actor, at: datetime) -> None:
    """Confirm accounts as they are now, with title, role and sources: all of these or none.

    Parameters
    ----------
    note : how it was looked at, one line; may be empty

    Raises
    ------
    AccessRefusedError : may not, or his own
    IllegalMoveError : there is no such account any more
    MalformedError : none, or a note that is too long
    """
    wanted = sorted(set(member_ids))
    line = " ".join(note.split())
    with acting(office, Action.REVIEW_ACCOUNT, by, at=at, details={"member_ids": wanted}) as act:
        reviewer = authorised(act, Action.REVIEW_ACCOUNT, office.policy)
        if not wanted or len(line) > MAX_NOTE or not line.isprintable():
            raise MalformedError("review", f"choose an account; a note has {MAX_NOTE} characters at most")
        for member_id in wanted:
            member = locked_member(act.connection, member_id)
            _require(reviewer, member)
            row = {
                "member_id": member_id, "reviewer_id": reviewer.member_id, "reviewed_at": at, "title": member.title,
                "role": member.role.value, "sources": sorted(member.sources), "note": line,
            }  # fmt: skip
            act.connection.execute(people.account_review.insert(), row)


def _require(reviewer: Member, member: Member) -> None:
    if member.status not in REVIEWED:
        raise IllegalMoveError(f"member {member.member_id} is {member.status}: there is no account to confirm")
    if reviewer.member_id == member.member_id:
        raise AccessRefusedError(("nobody confirms his own account",), codes=("own_account",))
    if not may_review(reviewer, member):
        who = "the commander or an administrator" if member.role in PRIVILEGED else "a supervisor or the commander"
        raise AccessRefusedError((f"{who} confirms the account of member {member.member_id}",), codes=("role",))


def _last_reviews(connection: Connection) -> dict[int, datetime]:
    review = people.account_review.c
    newest = select(review.member_id, func.max(review.reviewed_at)).group_by(review.member_id)
    return dict(connection.execute(newest).tuples().all())


def _joined(connection: Connection) -> dict[int, datetime]:
    """When each member was approved as one; of who came another way, since when he has his standing."""
    member, proposal = people.member.c, people.member_proposal.c
    found = dict(connection.execute(select(member.member_id, member.status_at)).tuples().all())
    accepted = select(proposal.member_id, proposal.decided_at).where(
        proposal.kind == "join", proposal.state == "accepted", proposal.decided_at.is_not(None)
    )
    return found | dict(connection.execute(accepted).tuples().all())
