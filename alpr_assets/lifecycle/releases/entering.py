"""Requests as they are entered: in writing, by phone because life is in danger, or by order of a court (422.7(a)).

Here: members' acts that put a request on file, each a deed for `Gate.act`. Not here: deciding (`reviewing`).
Refused without override: an agency that is no California public agency, wording of what the policy refuses. Who is neither law enforcement
nor a prosecutor is on file for the records process, with the day by which it is answered, and gets nothing here.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Literal

from sqlalchemy import Connection, Row, func, insert, select

from alpr_assets.access.gate import Found, Grant
from alpr_assets.access.reasons import line, written
from alpr_assets.access.roles import Action
from alpr_assets.errors import AccessRefusedError, IllegalMoveError, MalformedError
from alpr_assets.lifecycle.releases import agencies, agreements, letters
from alpr_assets.lifecycle.releases.agencies import ENFORCING, AgencyKind
from alpr_assets.lifecycle.releases.deciding import decide
from alpr_assets.lifecycle.releases.letters import Letter
from alpr_assets.lifecycle.releases.points import Point, check_wording
from alpr_assets.lifecycle.releases.reviewing import capacity_of
from alpr_assets.lifecycle.releases.scopes import Scope
from alpr_assets.policy import Policy
from alpr_assets.store.releases import MAX_NAME, MAX_REASON, MAX_STATUTE, release
from alpr_assets.store.sealed import SealedFolder


class Came(StrEnum):
    """How a request came."""

    MAIL = "mail"
    E_MAIL = "e_mail"
    IN_PERSON = "in_person"
    PORTAL = "portal"
    SERVED = "served"


CAME: Final = {
    Came.MAIL: "by mail",
    Came.E_MAIL: "by e-mail",
    Came.IN_PERSON: "in person",
    Came.PORTAL: "through a portal",
    Came.SERVED: "served",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked, by whom.

    person, person_title : who asks
    asked_for : the intended purpose, in the request's words
    statute : what it rests on, as the request says
    agreement_id : the standing agreement that it cites; None: none
    """

    agency_id: int
    person: str
    person_title: str
    asked_for: str
    statute: str
    scope: Scope
    agreement_id: int | None = None

    def said(self) -> dict[str, Any]:
        """As JSON has it, for the access record."""
        return {
            "agency_id": self.agency_id,
            "person": self.person,
            "asked_for": self.asked_for,
            "scope": self.scope.said(),
        }


@dataclass(frozen=True, slots=True)
class Entered:
    """A request on file. is_routed: through the records process; due_at: by when it is answered, or completed in writing"""

    release_id: int
    is_routed: bool = False
    due_at: datetime | None = None


def enter(
    grant: Grant, connection: Connection, received: SealedFolder, request: Request, letter: Letter, *,
    came_by: Came, came_at: datetime, policy: Policy,
) -> Found[Entered]:  # fmt: skip
    """Put a written request on file.

    Parameters
    ----------
    letter : the request itself
    came_at : when it came, aware

    Raises
    ------
    AccessRefusedError : the grant is for another ask; `outside_agency`, `refused_purpose`
    IllegalMoveError : the agency is not verified, or its agreement does not cover this
    MalformedError : `scope`, `pattern_…`, `window`, `text`, `letter`, `came`: what of it is wrong
    NotFoundError : there is no such agency
    """
    grant.require(Action.ENTER_RELEASE)
    agency = _agency(connection, request, policy)
    is_routed = AgencyKind(agency.kind) not in ENFORCING
    due_at = came_at + timedelta(days=policy.releases.records_days) if is_routed else None
    row = _put(
        connection, grant, request, agency, policy, kind="written", came_by=came_by.value, came_at=came_at,
        status="routed" if is_routed else "asked", due_at=due_at,
    )  # fmt: skip
    ids = [letters.attach(grant, connection, received, row.release_id, letter, kind="request")]
    ids += decide(connection, row.release_id, "routed" if is_routed else "asked", "as the letter says", **_by(grant))
    return Found(Entered(row.release_id, is_routed, due_at), ids)


def order(
    grant: Grant, connection: Connection, received: SealedFolder, request: Request, letter: Letter, *,
    came_at: datetime, policy: Policy,
) -> Found[Entered]:  # fmt: skip
    """Put a court's order, a subpoena or a discovery request on file, as custodian or city attorney; the other one gives it effect.

    The data goes to the court, or to the agency that the order names, never to anybody else. Raises as `enter`.
    """
    grant.require(Action.ORDER_RELEASE)
    capacity = capacity_of(connection, grant, policy, "order")
    if not (_is_purpose(policy, grant.ask.purpose) and re.fullmatch(policy.access.case_number, grant.ask.case_number)):
        raise MalformedError("why", "a purpose and a case number are needed", remedy="the order names the case")
    agency = _agency(connection, request, policy)
    row = _put(
        connection, grant, request, agency, policy, kind="order", came_by=Came.SERVED.value, came_at=came_at, status="asked", due_at=None
    )  # fmt: skip
    ids = [letters.attach(grant, connection, received, row.release_id, letter, kind="order")]
    ids += decide(connection, row.release_id, "ordered", "as the order says", **_by(grant), capacity=capacity)
    return Found(Entered(row.release_id), ids)


def exigent(
    grant: Grant, connection: Connection, request: Request, *, reason: str, confirmed: Collection[Point], policy: Policy
) -> Found[Entered]:
    """Take and approve a request by phone, because it cannot wait; it is completed in writing within the policy's hours.

    Parameters
    ----------
    reason : why it cannot wait
    confirmed : points of the legal test that were asked on the phone and answered yes; all are needed

    Raises as `enter`, and
    AccessRefusedError : `not_reviewer`, `no_designee`; `agency_kind`: neither law enforcement nor a prosecutor
    IllegalMoveError : an earlier exigent request is overdue
    MalformedError : `point`, `reason`
    """
    grant.require(Action.REVIEW_RELEASE)
    capacity = capacity_of(connection, grant, policy, "review")
    agency = _agency(connection, request, policy)
    why = written(reason, most=MAX_REASON)
    if AgencyKind(agency.kind) not in ENFORCING:
        raise AccessRefusedError(
            ("only law enforcement and prosecutors are given data by phone",), codes=("agency_kind",)
        )
    if set(Point) - set(confirmed):
        raise MalformedError("point", "not every point was answered yes", remedy="ask each of them on the phone")
    if late := n_overdue(connection, grant.at):
        raise IllegalMoveError(
            f"exigent requests that are overdue in writing: {late}", remedy="complete those first: they are on the list"
        )
    due_at = grant.at + timedelta(hours=policy.releases.exigent_hours)
    row = _put(
        connection, grant, request, agency, policy, kind="exigent", came_by="phone", came_at=grant.at, status="asked", due_at=due_at
    )  # fmt: skip
    ids = decide(connection, row.release_id, "asked", why, **_by(grant))
    ids += decide(
        connection, row.release_id, "approved", why, **_by(grant), capacity=capacity, answers=dict.fromkeys(Point, "asked on the phone: yes"),
        changed={"status": "approved", "approved_scope": row.scope},
    )  # fmt: skip
    return Found(Entered(row.release_id, due_at=due_at), ids)


def n_overdue(connection: Connection, at: datetime) -> int:
    """Exigent requests that should have been completed in writing by now."""
    one = release.c
    late = select(func.count()).where(one.kind == "exigent", one.completed_at.is_(None), one.due_at < at)
    return connection.scalar(late) or 0


# ── parts ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _by(grant: Grant) -> dict[str, Any]:
    return {"by": grant.member.member_id, "at": grant.at}


def _is_purpose(policy: Policy, code: str) -> bool:
    return any(one.code == code for one in policy.purposes)


def _agency(connection: Connection, request: Request, policy: Policy) -> Row[Any]:
    """The agency, where it may ask at all."""
    row = agencies.found(connection, request.agency_id)
    agencies.refuse_outside(row)
    check_wording(policy, request.asked_for, request.statute, request.person_title)
    is_routed = AgencyKind(row.kind) not in ENFORCING
    if row.status == "retired" or (row.status != "verified" and not is_routed):
        raise IllegalMoveError(
            f"agency {row.agency_id} is {'retired' if row.status == 'retired' else 'not verified'}",
            remedy="the custodian enters it, another person verifies it",
        )
    return row


def _put(
    connection: Connection, grant: Grant, request: Request, agency: Row[Any], policy: Policy, *,
    kind: Literal["written", "exigent", "order"], came_by: str, came_at: datetime, status: str, due_at: datetime | None,
) -> Row[Any]:  # fmt: skip
    if came_at.utcoffset() is None or came_at > grant.at:
        raise MalformedError("came", "a request came before now", remedy="give the day and time on its stamp")
    scope = request.scope.check(policy, at=grant.at)
    if request.agreement_id is not None:
        on = grant.at.astimezone(policy.zone).date()
        agreements.check(connection, request.agreement_id, agency_id=agency.agency_id, scope=scope, on=on)
    values = {
        "kind": kind, "agency_id": agency.agency_id, "person": line(request.person, "who asks", MAX_NAME, least=1),
        "person_title": line(request.person_title, "title of who asks", MAX_NAME, least=1),
        "asked_for": line(request.asked_for, "intended purpose", MAX_REASON),
        "statute": line(request.statute, "statute", MAX_STATUTE), "agreement_id": request.agreement_id,
        "purpose": grant.ask.purpose, "case_number": grant.ask.case_number, "scope": scope.said(), "came_by": came_by,
        "came_at": came_at, "entered_at": grant.at, "member_id": grant.member.member_id, "due_at": due_at, "status": status,
        "n_decisions": 0,
    }  # fmt: skip
    return connection.execute(insert(release).returning(release), values).one()
