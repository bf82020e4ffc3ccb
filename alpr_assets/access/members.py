"""Members and contractors of this department: proposed, approved, suspended, separated (422.3.1(a); CJIS Security Policy AC-2).

    proposed ──► active ◄──► suspended          each but proposed ──► separated, which is final
        └──────► separated (rejected)

Here: the acts. Not here: who approves what (`approvals`), a hundred at once (`batch`), reading (`register`). Rows are never
deleted, and a user name is never given to another. Somebody of another agency is no member: his ask is opened as a release
request (422.7).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import func, select, update

from alpr_assets.access import approvals, passwords, register, sessions
from alpr_assets.access.acting import Act, Office, acting, authorised, locked_member
from alpr_assets.access.approvals import Approved
from alpr_assets.access.people import SYSTEM, Member, Source, Status
from alpr_assets.access.record.entries import Actor
from alpr_assets.access.roles import MAY, Action
from alpr_assets.errors import AccessRefusedError, IllegalMoveError, MalformedError
from alpr_assets.store import people
from alpr_assets.store.engine import insert_new, one_writer

MAX_TEXT: Final = 128
MAX_REASON: Final = 32
"""Characters of the reason that the register keeps; the record keeps all."""
FEWEST_APPROVERS: Final = 2
"""With fewer, no privileged member could ever be approved again."""


def propose(
    office: Office,
    *,
    user_name: str,
    name: str,
    title: str,
    agency: str,
    is_contractor: bool = False,
    sources: Iterable[Source] = (),
    purpose: str = "",
    by: Actor,
    at: datetime,
) -> int:
    """Propose a member; he is none until enough approved. Returns the id of the proposal.

    agency : ORI of this department, for a contractor too
    purpose : what another agency's person asks for: kept with the release request that is opened instead

    Raises
    ------
    AccessRefusedError : may not propose; another agency's person, with the release request that is open now
    MalformedError : no such title (the remedy names those there are), or a name that is none or taken
    """
    ours = agency.strip().upper() == office.policy.policy.ori
    with acting(office, Action.PROPOSE_MEMBER, by, at=at) as act:
        authorised(act, Action.PROPOSE_MEMBER, office.policy)
        if not ours:
            _open_request(act, agency=agency, person=name, purpose=purpose)
        else:
            member_id, proposal_id = put(
                office, act, user_name=user_name, name=name, title=title, is_contractor=is_contractor, sources=sources
            )
            act.note(member_id=member_id, proposal_id=proposal_id)
    return proposal_id


def propose_title(office: Office, member_id: int, title: str, *, by: Actor, at: datetime) -> int:
    """Propose another job title, and the role that comes with it, for a member. Returns the id of the proposal.

    Raises AccessRefusedError; MalformedError for an unknown title; IllegalMoveError when he is not active.
    """
    with acting(office, "propose_title", by, at=at, details={"member_id": member_id}) as act:
        if authorised(act, Action.PROPOSE_MEMBER, office.policy).member_id == member_id:
            raise AccessRefusedError(("nobody proposes a title for himself",), codes=("own_account",))
        member = locked_member(act.connection, member_id)
        _require(member, {Status.ACTIVE}, "have another title")
        role = approvals.role_of(office.policy, title)
        known = approvals.title_of(office.policy, title, is_contractor=member.is_contractor)
        proposal_id = approvals.put(act, member_id, kind="title", title=known, role=role)
        act.note(proposal_id=proposal_id, title=known, role=role.value)
    return proposal_id


def approve(office: Office, proposal_id: int, *, by: Actor, at: datetime) -> Approved:
    """Approve a proposal; with the last approval that it needs it is carried out. See `approvals.approve`."""
    drawn = passwords.draw(office)
    with acting(office, Action.APPROVE_MEMBER, by, at=at, details={"proposal_id": proposal_id}) as act:
        approver = authorised(act, Action.APPROVE_MEMBER, office.policy)
        approved = approvals.approve(office, act, proposal_id, approver, drawn)
        if approved.took_rights:
            _require_approvers_left(office, act)
        act.note(member_id=approved.member.member_id, accepted=approved.accepted)
    return approved


def reject(office: Office, proposal_id: int, *, by: Actor, at: datetime) -> None:
    """Decide against a proposal; who was to become a member will be none, and keeps his user name for ever.

    Raises AccessRefusedError; IllegalMoveError when it was decided already.
    """
    with acting(office, "reject_member", by, at=at, details={"proposal_id": proposal_id}) as act:
        approver = authorised(act, Action.APPROVE_MEMBER, office.policy)
        member = locked_member(act.connection, approvals.proposal(act.connection, proposal_id).member_id)
        found = approvals.proposal(act.connection, proposal_id)
        if found.state != "open":
            raise IllegalMoveError(f"proposal {proposal_id} was {found.state} already")
        if member.member_id == approver.member_id:
            raise AccessRefusedError(("nobody decides on himself",), codes=("own_account",))
        approvals.close(act, proposal_id, "rejected")
        if found.kind == "join":
            _move(act, member, Status.SEPARATED, "rejected")
        act.note(member_id=member.member_id)


def suspend(office: Office, member_id: int, *, reason: str, by: Actor, at: datetime) -> None:
    """Keep a member out for a while: his sessions and tokens end now. `reason` is a line for the record and the register.

    Raises AccessRefusedError; MalformedError: no reason; IllegalMoveError unless he is active.
    """
    with acting(office, Action.SUSPEND_MEMBER, by, at=at, details={"member_id": member_id}) as act:
        member = _other(office, act, Action.SUSPEND_MEMBER, member_id)
        act.note(reason=_text(reason, "reason"))
        _require(member, {Status.ACTIVE}, "be suspended")
        _move(act, member, Status.SUSPENDED, act.entry.details["reason"])


def reactivate(office: Office, member_id: int, *, by: Actor, at: datetime) -> None:
    """Let a suspended member in again; the days without use count from now.

    Raises AccessRefusedError; IllegalMoveError unless he is suspended.
    """
    with acting(office, "reactivate_member", by, at=at, details={"member_id": member_id}) as act:
        member = _other(office, act, Action.SUSPEND_MEMBER, member_id)
        _require(member, {Status.SUSPENDED}, "be made active again")
        _move(act, member, Status.ACTIVE, "")


def separate(office: Office, member_id: int, *, by: Actor, at: datetime) -> None:
    """The member left: for ever, and at once. Sessions, tokens, password and second factor end with it.

    Raises AccessRefusedError; IllegalMoveError: he left already, was never one, or too few who approve would be left.
    """
    with acting(office, Action.SEPARATE_MEMBER, by, at=at, details={"member_id": member_id}) as act:
        member = _other(office, act, Action.SEPARATE_MEMBER, member_id)
        _require(member, {Status.ACTIVE, Status.SUSPENDED}, "be separated")
        _move(act, member, Status.SEPARATED, "separated")
        _require_approvers_left(office, act)
        for table in (people.member_password, people.member_second_factor):
            act.connection.execute(table.delete().where(table.c.member_id == member_id))
        for waiting in approvals.proposals(act.connection):
            if waiting.member_id == member_id:
                approvals.close(act, waiting.proposal_id, "rejected")


def rename(office: Office, member_id: int, name: str, *, by: Actor, at: datetime) -> None:
    """Another name of the same person; the record keeps both.

    Raises AccessRefusedError; MalformedError.
    """
    with acting(office, "rename_member", by, at=at, details={"member_id": member_id}) as act:
        member = _other(office, act, Action.PROPOSE_MEMBER, member_id)
        new = _text(name, "name")
        act.note(name_before=member.name, name_after=new)
        act.connection.execute(_this(member_id).values(name=new))


def suspend_inactive(office: Office, *, at: datetime) -> list[int]:
    """Suspend who did not use his account for the policy's days; their ids. For a schedule: sign-in judges by itself too.

    One entry for all of them, none where there is nobody.
    """
    days = office.policy.access.inactive_days
    used = func.coalesce(people.member.c.last_active_at, people.member.c.status_at)
    before = at - timedelta(days=days)
    idle = select(people.member.c.member_id).where(
        people.member.c.status == Status.ACTIVE.value, used <= before, people.member.c.status_at <= before
    )
    with register.connected(office.engine) as connection:
        if not connection.scalars(idle).first():
            return []
    with acting(office, "suspend_inactive", SYSTEM, at=at, details={"days": days}) as act:
        found = sorted(act.connection.scalars(idle.with_for_update()))
        for member_id in found:
            _move(act, register.member(act.connection, member_id), Status.SUSPENDED, "inactive")
        act.note(member_ids=found)
    return found


# ── parts of other acts ────────────────────────────────────────────────────────────────────────────────────────────


def put(
    office: Office,
    act: Act,
    *,
    user_name: str,
    name: str,
    title: str,
    is_contractor: bool,
    sources: Iterable[Source],
    batch_id: int | None = None,
) -> tuple[int, int]:
    """A proposed member of this department and his proposal: their ids. Raises MalformedError."""
    known = approvals.title_of(office.policy, title, is_contractor=is_contractor)
    role = approvals.role_of(office.policy, title)
    folded = register.folded(user_name)
    if not register.USER_NAME.fullmatch(folded):
        raise MalformedError(
            "user_name",
            "not a user name",
            remedy="2 to 64 of a–z, 0–9 and . _ @ -, a letter or digit first",
        )
    row = {
        "user_name": folded, "name": _text(name, "name"), "agency": office.policy.policy.ori, "title": known,
        "role": role.value, "is_contractor": is_contractor, "status": Status.PROPOSED.value, "status_at": act.at,
        "status_reason": "",
    }  # fmt: skip
    made = insert_new(act.connection, people.member, [row], returning=True)
    if not made:
        raise MalformedError("user_name", "this user name is or was another's", remedy="choose another")
    member_id = int(made[0].member_id)
    wanted = sorted({source.value for source in sources})
    more = {"sources": wanted, "batch_id": batch_id}
    return member_id, approvals.put(act, member_id, kind="join", title=known, role=role, **more)


def _open_request(act: Act, *, agency: str, person: str, purpose: str) -> None:
    """Another agency asks in writing: what was asked is kept, and the proposal refused."""
    values = {
        "state": "opened", "agency": _text(agency, "agency"), "person": _text(person, "name"),
        "purpose": "".join(filter(str.isprintable, " ".join(purpose.split())))[:1000],
        "opened_at": act.at, "opened_by": act.entry.actor.member_id,
    }  # fmt: skip
    table = people.release_request
    request_id = act.connection.execute(table.insert().returning(table.c.request_id), values).scalar_one()
    act.note(release_request=request_id, agency=values["agency"])
    act.refuse(
        AccessRefusedError(
            ("only members and contractors of this department use the system (422.3.1(a))",),
            codes=("other_agency",),
            remedy=f"another agency makes a written request for release (422.7): request {request_id} is open now",
        )
    )


def _other(office: Office, act: Act, action: Action, member_id: int) -> Member:
    """The member an act is on, locked; never who acts."""
    if authorised(act, action, office.policy).member_id == member_id:
        raise AccessRefusedError(("nobody decides on himself",), codes=("own_account",))
    return locked_member(act.connection, member_id)


def _require(member: Member, statuses: set[Status], what: str) -> None:
    if member.status not in statuses:
        raise IllegalMoveError(f"member {member.member_id} is {member.status} and cannot {what}")


def _move(act: Act, member: Member, status: Status, reason: str) -> None:
    act.connection.execute(
        _this(member.member_id).values(status=status.value, status_at=act.at, status_reason=reason[:MAX_REASON])
    )
    if status is not Status.ACTIVE:
        ended = sessions.of_member(act.connection, member.member_id)
        act.note(n_sessions=sessions.revoke_all(act, ended, reason=status.value, by=act.entry.actor.member_id))


def _require_approvers_left(office: Office, act: Act) -> None:
    """Nobody locks the department out of its own register. Raises IllegalMoveError; a suspension is always possible."""
    one_writer(act.connection, "count approvers")  # two who separate each other at once would both count two
    able = [role.value for role in MAY if Action.APPROVE_MEMBER in MAY[role]]
    table = people.member
    statement = select(func.count()).where(
        table.c.status.in_([Status.ACTIVE.value, Status.SUSPENDED.value]),
        table.c.role.in_(able),
        table.c.agency == office.policy.policy.ori,
    )
    if int(act.connection.scalar(statement) or 0) < FEWEST_APPROVERS:
        raise IllegalMoveError(
            "too few who approve members would be left",
            remedy="approve another first; until then, suspend the member, which keeps him out at once",
        )


def _this(member_id: int) -> Any:
    return update(people.member).where(people.member.c.member_id == member_id)


def _text(value: str, what: str) -> str:
    """A line of text for people. Raises MalformedError."""
    line = " ".join(value.split())
    if not line or len(line) > MAX_TEXT or not line.isprintable():
        raise MalformedError(what, f"the {what} is empty or longer than {MAX_TEXT} characters")
    return line
