"""What left under a release: exactly what was approved, encrypted to the agency's own key, while the approval is good (422.7(b)).

Here: whether it may leave, that it did, and whether anything left that was not approved. Not here: the bag (`lifecycle.evidence`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, select

from alpr_assets.access.gate import Found, Grant
from alpr_assets.access.record.entries import ResultId
from alpr_assets.access.roles import Action
from alpr_assets.errors import IllegalMoveError
from alpr_assets.lifecycle.releases import agencies
from alpr_assets.lifecycle.releases.deciding import decide, standing
from alpr_assets.lifecycle.releases.scopes import Scope
from alpr_assets.policy import Policy
from alpr_assets.store import schema
from alpr_assets.store.conditions import among
from alpr_assets.store.evidence import evidence_item, evidence_package
from alpr_assets.store.releases import release, release_decision


@dataclass(frozen=True, slots=True)
class Ready:
    """A release that may leave. approval: the decision; until_on: when the recipient has destroyed it, the department's date"""

    row: Row[Any]
    agency: Row[Any]
    approval: Row[Any]
    scope: Scope
    until_on: date


def ready(connection: Connection, release_id: int, *, at: datetime, policy: Policy) -> Ready:
    """A release, where it may leave now; it may leave again while its approval is good, such as after a broken download.

    Raises
    ------
    AccessRefusedError : `outside_agency`
    IllegalMoveError : not approved, the approval is too old, its letter is late, the agency is not verified or has no verified key
    NotFoundError : there is no such release
    """
    row = standing(connection, release_id, "approved", "fulfilled")
    if row.kind == "exigent" and row.completed_at is None and row.due_at < at:
        raise IllegalMoveError(
            f"release {release_id} is overdue in writing", remedy="complete it with the letter first"
        )
    decision = release_decision.c
    approval = connection.execute(
        select(release_decision).where(decision.release_id == release_id, decision.kind == "approved")
    ).one()
    if at > approval.decided_at + timedelta(days=policy.releases.fulfil_days):
        raise IllegalMoveError(
            f"the approval of release {release_id} is older than {policy.releases.fulfil_days} days",
            remedy="the agency asks anew",
        )
    agency = agencies.found(connection, row.agency_id)
    agencies.refuse_outside(agency)
    if agency.status != "verified":
        raise IllegalMoveError(f"agency {row.agency_id} is {agency.status}", remedy="verify it, or let it ask anew")
    if not agency.recipient:
        raise IllegalMoveError(
            f"agency {row.agency_id} has no verified age key",
            remedy="enter the agency's public key, and have another person verify it",
        )
    until_on = at.astimezone(policy.zone).date() + timedelta(days=policy.releases.keep_days)
    return Ready(row, agency, approval, Scope.of(row.approved_scope), until_on)


def note(
    connection: Connection, release_id: int, *, by: int, at: datetime, package_id: int, n_captures: int, n_reads: int, until_on: date
) -> list[ResultId]:  # fmt: skip
    """Write down that it left. Raises IllegalMoveError: it was never approved."""
    standing(connection, release_id, "approved", "fulfilled")
    return decide(
        connection, release_id, "fulfilled", f"package {package_id}", by=by, at=at, n_captures=n_captures, n_reads=n_reads,
        until_on=until_on, changed={"status": "fulfilled"},
    )  # fmt: skip


def nothing(grant: Grant, connection: Connection, release_id: int, *, policy: Policy) -> Found[None]:
    """Write down that nothing is there of what was approved: nothing left. Raises as `ready`; IllegalMoveError: something is there."""
    grant.require(Action.FULFIL_RELEASE)
    found = ready(connection, release_id, at=grant.at, policy=policy)
    if n := len(found.scope.captures(connection)):
        raise IllegalMoveError(f"{n} captures are there", remedy="pack them for the agency")
    ids = decide(
        connection, release_id, "fulfilled", "nothing is there", by=grant.member.member_id, at=grant.at, n_captures=0, n_reads=0,
        until_on=found.until_on, changed={"status": "fulfilled"},
    )  # fmt: skip
    return Found(None, ids)


def outside(connection: Connection) -> dict[int, int]:
    """Package → captures in it that its release's approved scope does not hold, counted anew; those that are right are left out.

    What a purge destroyed since cannot be looked at again and does not count.
    """
    package, item = evidence_package.c, evidence_item.c
    packed = connection.execute(
        select(package.package_id, release.c.approved_scope).join(release, release.c.release_id == package.release_id)
    ).all()
    wrong: dict[int, int] = {}
    for package_id, approved in packed:
        held = set(Scope.of(approved).captures(connection)) if approved else set()
        left: set[tuple[date, int]] = set(
            connection.execute(
                select(item.day, item.capture_id).where(item.package_id == package_id)
            ).tuples()
        )  # fmt: skip
        strange = left - held
        n = sum(_n_there(connection, day, [n for on, n in strange if on == day]) for day in {day for day, _ in strange})
        if n:
            wrong[package_id] = n
    return wrong


def _n_there(connection: Connection, day: date, ids: list[int]) -> int:
    capture = schema.capture.c
    there = select(func.count()).where(capture.day == day, among(connection.dialect.name, capture.capture_id, ids))
    return connection.scalar(there) or 0
