"""Proposals, and who approves them (422.3.1(a); CJIS Security Policy AC-2, AC-5).

Here: which role a title has, how many approve and who may, what happens when enough did. Not here: the acts (`members`, `batch`).
A privileged role is given, or taken by another title, by two people who may approve; any other by one supervisor or commander who
did not propose it. Nobody approves himself. An approval counts for as long as who gave it is a member who may.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import Connection, Engine, select

from alpr_assets.access import passwords, register, sessions, sources
from alpr_assets.access.acting import Act, Office, locked_member
from alpr_assets.access.passwords import Drawn, OneTime
from alpr_assets.access.people import Member, Source, Status
from alpr_assets.access.roles import PRIVILEGED, Action, Role, may
from alpr_assets.errors import AccessRefusedError, IllegalMoveError, MalformedError, NotFoundError
from alpr_assets.policy import Policy
from alpr_assets.store import people

LEADERS: Final = frozenset({Role.SUPERVISOR, Role.COMMANDER})

_proposal, _approval = people.member_proposal, people.proposal_approval


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """One that waits, or was decided.

    role : what the title makes of the member
    approved_by : ids of who approved so far
    """

    proposal_id: int
    member_id: int
    kind: Literal["join", "title"]
    title: str
    role: Role
    sources: frozenset[Source]
    batch_id: int | None
    proposed_at: datetime
    proposed_by: int | None
    state: Literal["open", "accepted", "rejected"]
    approved_by: frozenset[int]


@dataclass(frozen=True, slots=True)
class Approved:
    """What an approval led to.

    accepted : enough approved; the member is one, or has his other title
    one_time : his first password, shown once to who hands it over; None where there is none to show
    sources_left : asked for, and granted by none of the approvers since none may
    took_rights : the member could approve others, and no longer can
    """

    member: Member
    accepted: bool
    one_time: OneTime | None = None
    sources_left: frozenset[Source] = frozenset()
    took_rights: bool = False


def role_of(policy: Policy, title: str) -> Role:
    """The role of a job title. Raises MalformedError naming the titles that there are."""
    for known in policy.titles:
        if known.title.casefold() == title.strip().casefold():
            return Role(known.role)
    names = ", ".join(known.title for known in policy.titles)
    raise MalformedError("title", "the policy has no such job title", remedy=f"one of: {names}")


def title_of(policy: Policy, title: str, *, is_contractor: bool) -> str:
    """The title as the policy writes it. Raises MalformedError: none of its titles, or one that a contractor cannot hold (422.3.1(a))."""
    role_of(policy, title)
    found = next(known for known in policy.titles if known.title.casefold() == title.strip().casefold())
    if is_contractor and not found.contractors:
        names = ", ".join(known.title for known in policy.titles if known.contractors) or "none"
        raise MalformedError("title", "no independent contractor holds this title", remedy=f"one of: {names}")
    return found.title


def n_needed(proposal: Proposal, present: Role) -> int:
    """How many approve: two where the role that the member gets or has is privileged."""
    return 2 if {proposal.role, present} & PRIVILEGED else 1


def proposals(
    source: Connection | Engine, *, state: str | None = "open", batch_id: int | None = None
) -> list[Proposal]:
    """Proposals, oldest first."""
    statement = select(_proposal).order_by(_proposal.c.proposal_id)
    if state is not None:
        statement = statement.where(_proposal.c.state == state)
    if batch_id is not None:
        statement = statement.where(_proposal.c.batch_id == batch_id)
    with register.connected(source) as connection:
        rows = connection.execute(statement).all()
        approvals: dict[int, set[int]] = {}
        for proposal_id, approver_id in connection.execute(select(_approval.c.proposal_id, _approval.c.approver_id)):
            approvals.setdefault(proposal_id, set()).add(approver_id)
    return [_of_row(row, approvals.get(row.proposal_id, set())) for row in rows]


def proposal(connection: Connection, proposal_id: int) -> Proposal:
    """One proposal. Raises NotFoundError."""
    row = connection.execute(select(_proposal).where(_proposal.c.proposal_id == proposal_id)).one_or_none()
    if row is None:
        raise NotFoundError(f"no proposal {proposal_id}")
    given = connection.scalars(select(_approval.c.approver_id).where(_approval.c.proposal_id == proposal_id))
    return _of_row(row, set(given))


def put(act: Act, member_id: int, *, kind: str, title: str, role: Role, **more: Any) -> int:
    """Write a proposal down. Raises IllegalMoveError when one waits for this member already."""
    waiting = select(_proposal.c.proposal_id).where(_proposal.c.member_id == member_id, _proposal.c.state == "open")
    if act.connection.scalar(waiting) is not None:
        raise IllegalMoveError(f"a proposal for member {member_id} waits already", remedy="decide on that one first")
    values = {
        "member_id": member_id, "kind": kind, "title": title, "role": role.value, "proposed_at": act.at,
        "proposed_by": act.entry.actor.member_id, "state": "open", "sources": [], **more,
    }  # fmt: skip
    return int(act.connection.execute(_proposal.insert().returning(_proposal.c.proposal_id), values).scalar_one())


def refusal(found: Proposal, approver: Member, present: Role) -> AccessRefusedError | None:
    """Why somebody who has the action may not approve this one; None: he may."""
    if approver.member_id == found.member_id:
        return AccessRefusedError(("nobody approves himself",), codes=("own_account",))
    if approver.member_id in found.approved_by:
        return AccessRefusedError(("approved by this member already",), codes=("approved_already",))
    if n_needed(found, present) == 1:
        if approver.role not in LEADERS:
            return AccessRefusedError(("a supervisor or commander approves this",), codes=("role",))
        if approver.member_id == found.proposed_by:
            return AccessRefusedError(("who proposed does not approve",), codes=("own_proposal",))
    return None


def approve(office: Office, act: Act, proposal_id: int, approver: Member, drawn: Drawn | None) -> Approved:
    """Add an approval, and carry the proposal out when there are enough.

    Raises AccessRefusedError: this one may not; IllegalMoveError: it was decided already.
    """
    member = locked_member(act.connection, proposal(act.connection, proposal_id).member_id)
    found = proposal(act.connection, proposal_id)  # as it is now that nobody else decides
    if found.state != "open":
        raise IllegalMoveError(f"proposal {proposal_id} was {found.state} already")
    if error := refusal(found, approver, member.role):
        raise error
    row = {"proposal_id": proposal_id, "approver_id": approver.member_id, "approved_at": act.at}
    act.connection.execute(_approval.insert(), row)
    approvers = _counted(act.connection, office.policy, [*found.approved_by, approver.member_id])
    if len(approvers) < n_needed(found, member.role):
        return Approved(member, accepted=False)
    close(act, proposal_id, "accepted")
    _carry_out(act, found)
    left = _grant(act, found, approvers)
    one_time = passwords.issue(office, act, member, drawn) if drawn and found.kind == "join" else None
    now = register.member(act.connection, member.member_id)
    took = may(member.role, Action.APPROVE_MEMBER) and not may(now.role, Action.APPROVE_MEMBER)
    return Approved(
        now, accepted=True, one_time=one_time, sources_left=left, took_rights=took and found.kind == "title"
    )


def close(act: Act, proposal_id: int, state: str) -> None:
    """Write down how a proposal was decided."""
    this = _proposal.update().where(_proposal.c.proposal_id == proposal_id)
    act.connection.execute(this.values(state=state, decided_at=act.at))


def _carry_out(act: Act, found: Proposal) -> None:
    """The member becomes one, or changes his title; rights that changed need another sign-in."""
    values: dict[str, Any] = {"title": found.title, "role": found.role.value}
    if found.kind == "join":
        values |= {"status": Status.ACTIVE.value, "status_at": act.at, "status_reason": ""}
    this = people.member.update().where(people.member.c.member_id == found.member_id)
    act.connection.execute(this.values(values))
    sessions.revoke_all(act, sessions.of_member(act.connection, found.member_id), reason="title_changed", by=None)


def _grant(act: Act, found: Proposal, approvers: Sequence[Member]) -> frozenset[Source]:
    """Grant what was asked for with the proposal by an approver who may; what is left, where none may."""
    granting = [who for who in approvers if may(who.role, Action.GRANT_SOURCES)]
    if not granting:
        return found.sources
    for source in sorted(found.sources):
        sources.put(act, found.member_id, source, by=granting[-1].member_id)
    return frozenset()


def _counted(connection: Connection, policy: Policy, approver_ids: Sequence[int]) -> list[Member]:
    """Those of the approvers who may still approve: an approval is worth no more than who gave it."""
    found = [register.member(connection, approver_id) for approver_id in approver_ids]
    return [
        member
        for member in found
        if member.status is Status.ACTIVE
        and member.agency == policy.policy.ori
        and may(member.role, Action.APPROVE_MEMBER)
    ]


def _of_row(row: Any, approved_by: set[int]) -> Proposal:
    return Proposal(
        proposal_id=row.proposal_id,
        member_id=row.member_id,
        kind=row.kind,
        title=row.title,
        role=Role(row.role),
        sources=frozenset(Source(name) for name in row.sources),
        batch_id=row.batch_id,
        proposed_at=row.proposed_at,
        proposed_by=row.proposed_by,
        state=row.state,
        approved_by=frozenset(approved_by),
    )
