"""Decisions on requests: reviewed by the commander or the current designee, given effect to by custodian and attorney, completed, closed (422.7(b)).

Here: members' acts, each a deed for `Gate.act`. Not here: entering (`entering`), what leaves (`fulfilling`).
Nobody reviews what he entered or asked for himself. Without a designee in office, reviews wait (422.3.1(e)).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

from sqlalchemy import Connection, Row, select

from alpr_assets.access import designee
from alpr_assets.access.gate import Found, Grant
from alpr_assets.access.reasons import written
from alpr_assets.access.roles import Action, Role
from alpr_assets.errors import AccessRefusedError, IllegalMoveError, MalformedError
from alpr_assets.lifecycle.releases import agencies, agreements, letters, points
from alpr_assets.lifecycle.releases.deciding import decide, standing
from alpr_assets.lifecycle.releases.letters import Letter
from alpr_assets.lifecycle.releases.scopes import Scope
from alpr_assets.policy import Policy
from alpr_assets.store.releases import MAX_REASON, release_decision
from alpr_assets.store.sealed import SealedFolder

ORDERING: Final = {Role.CUSTODIAN: "custodian", Role.ATTORNEY: "attorney"}
"""In which capacity each role gives effect to an order."""


def approve(
    grant: Grant,
    connection: Connection,
    release_id: int,
    scope: Scope | None,
    *,
    answers: Mapping[str, str],
    reason: str,
    policy: Policy,
) -> Found[None]:
    """Approve a written request, in whole or in part.

    Parameters
    ----------
    scope : what may go: less than was asked for; None: all of it
    answers : the line that answers each point of the legal test

    Raises
    ------
    AccessRefusedError : the grant is for another ask; `not_reviewer`, `no_designee`, `own_request`, `outside_agency`
    IllegalMoveError : it is decided already, is none to review, the agency is not verified any more, the agreement not in force
    MalformedError : `point`: not all are answered; `scope`: wider than what was asked for; `reason`, `pattern_…`, `window`
    NotFoundError : there is no such release
    """
    capacity, row = _reviewed(grant, connection, release_id, policy)
    agency = agencies.found(connection, row.agency_id)
    agencies.refuse_outside(agency)
    if agency.status != "verified":
        raise IllegalMoveError(f"agency {row.agency_id} is {agency.status}", remedy="deny the request")
    lines = points.answered(answers)
    points.check_wording(policy, row.asked_for, lines[points.Point.PURPOSE])
    whole = Scope.of(row.scope)
    wanted = (scope or whole).check(policy, at=grant.at)
    if not wanted.is_within(whole):
        raise MalformedError("scope", "that is more than what was asked for", remedy="approve the same or less")
    if row.agreement_id is not None:
        on = grant.at.astimezone(policy.zone).date()
        agreements.check(connection, row.agreement_id, agency_id=row.agency_id, scope=wanted, on=on)
    ids = decide(
        connection, release_id, "approved", written(reason, most=MAX_REASON), by=grant.member.member_id, at=grant.at, capacity=capacity,
        answers=lines, changed={"status": "approved", "approved_scope": wanted.said()},
    )  # fmt: skip
    return Found(None, ids)


def deny(grant: Grant, connection: Connection, release_id: int, *, reason: str, policy: Policy) -> Found[None]:
    """Deny a written request. Raises as `approve`."""
    capacity, _ = _reviewed(grant, connection, release_id, policy)
    return _ended(grant, connection, release_id, "denied", reason, status="denied", capacity=capacity)


def give_effect(grant: Grant, connection: Connection, release_id: int, *, reason: str, policy: Policy) -> Found[None]:
    """As the other one of custodian and city attorney: the order is good, and is followed.

    Raises
    ------
    AccessRefusedError : the grant is for another ask; `capacity`: in the same capacity, or the same person
    IllegalMoveError : it is no order, or decided already
    """
    capacity = _other_capacity(grant, connection, release_id, policy)
    line = written(reason, most=MAX_REASON)
    row = standing(connection, release_id, "asked", kinds=("order",))
    ids = decide(
        connection, release_id, "approved", line, by=grant.member.member_id, at=grant.at, capacity=capacity,
        answers={points.Point.PERMITTED.value: f"by the order attached: {line}"[:MAX_REASON]},
        changed={"status": "approved", "approved_scope": row.scope},
    )  # fmt: skip
    return Found(None, ids)


def set_aside(grant: Grant, connection: Connection, release_id: int, *, reason: str, policy: Policy) -> Found[None]:
    """As the other one: the order is not followed, such as one that was quashed. Raises as `give_effect`."""
    capacity = _other_capacity(grant, connection, release_id, policy)
    return _ended(grant, connection, release_id, "denied", reason, status="denied", capacity=capacity)


def complete(
    grant: Grant, connection: Connection, received: SealedFolder, release_id: int, letter: Letter, *, reason: str
) -> Found[None]:
    """Complete an exigent request in writing, late or not.

    Raises
    ------
    AccessRefusedError : the grant is for another ask
    IllegalMoveError : it is none, or is completed already
    MalformedError : `letter`, `reason`
    """
    grant.require(Action.ENTER_RELEASE)
    row = standing(connection, release_id, "approved", "fulfilled", kinds=("exigent",))
    if row.completed_at is not None:
        raise IllegalMoveError(f"release {release_id} is completed already")
    attached = letters.attach(grant, connection, received, release_id, letter, kind="completion")
    done = _ended(grant, connection, release_id, "completed", reason, completed_at=grant.at)
    return Found(None, [*done.ids, attached])


def close(grant: Grant, connection: Connection, release_id: int, *, reason: str) -> Found[None]:
    """Say what became of a request in the records process. Raises AccessRefusedError, IllegalMoveError, MalformedError `reason`."""
    grant.require(Action.CLOSE_RELEASE)
    standing(connection, release_id, "routed")
    return _ended(grant, connection, release_id, "closed", reason, status="closed")


def destroyed(grant: Grant, connection: Connection, release_id: int, *, reason: str) -> Found[None]:
    """Keep the recipient's word that he destroyed what he got, or why he may keep it. Raises as `close`."""
    grant.require(Action.CLOSE_RELEASE)
    standing(connection, release_id, "fulfilled")
    return _ended(grant, connection, release_id, "destroyed", reason)


def capacity_of(connection: Connection, grant: Grant, policy: Policy, what: Literal["review", "order"]) -> str:
    """In which capacity this member decides.

    Raises
    ------
    AccessRefusedError : `not_reviewer`, `capacity`: in none; `no_designee`: nobody holds the office, and reviews wait (422.3.1(e))
    """
    if what == "order":
        capacity = ORDERING.get(grant.member.role)
        if capacity is None:
            raise AccessRefusedError(("custodian and city attorney give effect to an order",), codes=("capacity",))
        return capacity
    current = designee.current(connection, grant.at.astimezone(policy.zone).date())
    if current is None:
        raise AccessRefusedError(
            ("nobody holds the designee's office, so reviews wait (422.3.1(e))",), codes=("no_designee",),
            remedy="the custodian records the Chief's designation",
        )  # fmt: skip
    if grant.member.role is Role.COMMANDER:
        return "commander"
    if _same(grant.member.name, current.name) and _same(grant.member.title, current.title):
        return "designee"
    raise AccessRefusedError(
        ("the bureau commander or the current designee reviews requests (422.7(b))",), codes=("not_reviewer",)
    )


# ── parts ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _reviewed(grant: Grant, connection: Connection, release_id: int, policy: Policy) -> tuple[str, Row[Any]]:
    """In which capacity, and what: a written request that somebody else entered and asked for."""
    grant.require(Action.REVIEW_RELEASE)
    capacity = capacity_of(connection, grant, policy, "review")
    row = standing(connection, release_id, "asked", kinds=("written",))
    if row.member_id == grant.member.member_id or _same(row.person, grant.member.name):
        raise AccessRefusedError(("nobody reviews what he entered or asked for himself",), codes=("own_request",))
    return capacity, row


def _other_capacity(grant: Grant, connection: Connection, release_id: int, policy: Policy) -> str:
    grant.require(Action.ORDER_RELEASE)
    capacity = capacity_of(connection, grant, policy, "order")
    row = standing(connection, release_id, "asked", kinds=("order",))
    first = connection.execute(
        select(release_decision.c.capacity).where(
            release_decision.c.release_id == release_id, release_decision.c.kind == "ordered"
        )
    ).scalar_one()
    if row.member_id == grant.member.member_id or first == capacity:
        raise AccessRefusedError(("the other one of custodian and city attorney decides",), codes=("capacity",))
    return capacity


def _ended(
    grant: Grant, connection: Connection, release_id: int, kind: str, reason: str, *, capacity: str | None = None, **changed: Any
) -> Found[None]:  # fmt: skip
    line = written(reason, most=MAX_REASON)
    ids = decide(
        connection, release_id, kind, line, by=grant.member.member_id, at=grant.at, capacity=capacity, changed=changed
    )  # fmt: skip
    return Found(None, ids)


def _same(one: str, other: str) -> bool:
    return one.split() != [] and [part.casefold() for part in one.split()] == [
        part.casefold() for part in other.split()
    ]
