"""Standing agreements: a memorandum on file, from when to when, and which kinds of scope it covers (422.7).

Here: entering and ending one, and whether a request may rest on it. A standing agreement approves nothing: each request is reviewed.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from sqlalchemy import Connection, insert, select, update

from alpr_assets.access.gate import Found, Grant
from alpr_assets.access.reasons import line
from alpr_assets.access.record.entries import ResultId
from alpr_assets.access.roles import Action
from alpr_assets.errors import IllegalMoveError, MalformedError, NotFoundError
from alpr_assets.lifecycle.releases import agencies, letters
from alpr_assets.lifecycle.releases.letters import Letter
from alpr_assets.lifecycle.releases.scopes import KINDS, Scope
from alpr_assets.store.releases import MAX_NAME, agreement
from alpr_assets.store.sealed import SealedFolder


def enter(
    grant: Grant, connection: Connection, received: SealedFolder, agency_id: int, letter: Letter, *,
    title: str, from_on: date, to_on: date, scopes: Collection[str],
) -> Found[int]:  # fmt: skip
    """Put an agreement on file. Returns its id.

    Parameters
    ----------
    letter : the memorandum, as signed
    from_on, to_on : department dates, both count
    scopes : of `scopes.KINDS`

    Raises
    ------
    AccessRefusedError : the grant is for another ask; `outside_agency`
    IllegalMoveError : the agency is not verified
    MalformedError : `agreement`: dates or kinds; `letter`, `text`
    NotFoundError : there is no such agency
    """
    grant.require(Action.KEEP_AGENCIES)
    row = agencies.found(connection, agency_id)
    agencies.refuse_outside(row)
    if row.status != "verified":
        raise IllegalMoveError(f"agency {agency_id} is not verified", remedy="another person verifies it first")
    if to_on < from_on:
        raise MalformedError("agreement", "it would end before it begins", remedy="swap the dates")
    if not scopes or set(scopes) - set(KINDS):
        raise MalformedError("agreement", "it covers no kind of scope", remedy="tick what the memorandum says")
    values = {
        "agency_id": agency_id, "title": line(title, "title", MAX_NAME), "from_on": from_on, "to_on": to_on,
        "scopes": sorted(set(scopes)), "entered_at": grant.at, "member_id": grant.member.member_id,
        **letters.seal(received, letter, grant.at),
    }  # fmt: skip
    number: int = connection.execute(insert(agreement).returning(agreement.c.agreement_id), values).scalar_one()
    return Found(number, [ResultId("agency", None, agency_id), ResultId("agreement", None, number)])


def end(grant: Grant, connection: Connection, agreement_id: int, *, to_on: date) -> Found[None]:
    """Let it end earlier, on a last day. Raises NotFoundError; IllegalMoveError: it ends by then already, or had not begun."""
    grant.require(Action.KEEP_AGENCIES)
    this = agreement.c.agreement_id == agreement_id
    row = connection.execute(select(agreement).where(this).with_for_update()).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no agreement {agreement_id}")
    if not row.from_on <= to_on < row.to_on:
        raise IllegalMoveError(f"agreement {agreement_id} holds from {row.from_on} to {row.to_on}")
    connection.execute(update(agreement).where(this).values(to_on=to_on))
    return Found(None, [ResultId("agreement", None, agreement_id)])


def check(connection: Connection, agreement_id: int, *, agency_id: int, scope: Scope, on: date) -> None:
    """Raises IllegalMoveError: it is not of this agency, not in force on this department date, or does not cover such a scope."""
    this = agreement.c.agreement_id == agreement_id
    row = connection.execute(select(agreement).where(this)).one_or_none()
    if row is None or row.agency_id != agency_id:
        raise IllegalMoveError(f"agency {agency_id} has no agreement {agreement_id}", remedy="leave it out")
    if not row.from_on <= on <= row.to_on:
        raise IllegalMoveError(
            f"agreement {agreement_id} is not in force: {row.from_on} to {row.to_on}",
            remedy="renew it, or leave it out",
        )
    if scope.kind not in row.scopes:
        raise IllegalMoveError(
            f"agreement {agreement_id} does not cover {KINDS[scope.kind]}", remedy="ask for less, or leave it out"
        )
