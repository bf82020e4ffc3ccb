"""Audits planned, approved and signed off (422.6(c)).

Here: members' acts on an audit as a whole. Each is a deed for `Gate.act`: it is done only where the record has it. Not here: its sample
(`sampling`), judging it (`judging`), findings (`findings`).

Three people at least: who audits, who approves, and whose searches they are. A plan is approved by another than planned it; from then on its
sample is fixed, and it is not taken back. The auditor's own entries are judged by the approver, and so are those of an auditor who left.
An audit is signed off when every entry is judged, by who may approve, is not the auditor and has no entry in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, insert, select, update

from alpr_assets.access import register
from alpr_assets.access.gate import Found, Grant
from alpr_assets.access.people import Status
from alpr_assets.access.reasons import written
from alpr_assets.access.record.entries import ResultId
from alpr_assets.access.roles import Action, may
from alpr_assets.errors import AccessRefusedError, IllegalMoveError, MalformedError, NotFoundError
from alpr_assets.policy import SIGNALS, Policy
from alpr_assets.store.audits import MAX_NOTE, audit, audit_decision, audit_item, audit_judgement

LONGEST_DAYS: Final = 800
MOST: Final = 2_000
"""Entries of one sample."""


class Frequency(StrEnum):
    """How often an audit of this kind is meant to be."""

    ONCE = "once"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    YEARLY = "yearly"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A plan as it is asked for.

    since_on, until_on : the department's dates, both included, over already
    n_random, n_risk : entries by chance, and by signals
    areas : signals that the second are drawn by, of policy.SIGNALS
    """

    frequency: Frequency
    auditor_id: int
    approver_id: int
    since_on: date
    until_on: date
    n_random: int
    n_risk: int
    areas: tuple[str, ...] = SIGNALS


def plan(grant: Grant, connection: Connection, wanted: Wanted, *, policy: Policy) -> Found[int]:
    """Write a plan down; its number.

    Raises
    ------
    AccessRefusedError : the grant is for another ask
    MalformedError : `period`, `sample`, `areas` or `people`: what of it is wrong
    """
    grant.require(Action.PLAN_AUDIT)
    _check(wanted, grant.at.astimezone(policy.zone).date())
    _check_people(connection, wanted, planner_id=grant.member.member_id)
    row = {
        "made_at": grant.at, "member_id": grant.member.member_id, "auditor_id": wanted.auditor_id,
        "approver_id": wanted.approver_id, "frequency": wanted.frequency.value, "since_on": wanted.since_on,
        "until_on": wanted.until_on, "since_at": _midnight(wanted.since_on, policy.zone),
        "until_at": _midnight(wanted.until_on + timedelta(days=1), policy.zone), "n_random": wanted.n_random,
        "n_risk": wanted.n_risk, "areas": [name for name in SIGNALS if name in wanted.areas], "status": "planned", "n_decisions": 0,
    }  # fmt: skip
    made = connection.execute(insert(audit).returning(audit), row).one()
    return Found(made.audit_id, decide(connection, grant, made, "planned", "planned"))


def approve(grant: Grant, connection: Connection, audit_id: int, *, reason: str) -> Found[None]:
    """Approve a plan: its sample is fixed by the head that covers this entry. Only the approver whom it names.

    Raises AccessRefusedError; IllegalMoveError: it is not only planned; NotFoundError; MalformedError: `reason`.
    """
    grant.require(Action.APPROVE_AUDIT)
    row = locked(connection, audit_id)
    if grant.member.member_id != row.approver_id:
        raise AccessRefusedError(("a plan is approved by the approver whom it names",), codes=("approver",))
    require_status(row, "planned")
    ids = decide(connection, grant, row, "approved", reason)
    change(connection, audit_id, status="approved")
    return Found(None, ids)


def cancel(grant: Grant, connection: Connection, audit_id: int, *, reason: str) -> Found[None]:
    """Give a plan up that nobody approved yet; afterwards its sample is fixed, and it is carried out. Raises as `approve`."""
    grant.require(grant.ask.action if grant.ask.action is Action.APPROVE_AUDIT else Action.PLAN_AUDIT)
    row = locked(connection, audit_id)
    require_status(row, "planned")
    ids = decide(connection, grant, row, "cancelled", reason)
    change(connection, audit_id, status="cancelled")
    return Found(None, ids)


def sign(grant: Grant, connection: Connection, audit_id: int, *, reason: str) -> Found[None]:
    """Sign an audit off: nothing is judged or found behind it. The approver; another who may approve where he left or is barred.

    Barred are the auditor, who judged for him, and whose entries were drawn.

    Raises AccessRefusedError; IllegalMoveError: entries are not judged; NotFoundError; MalformedError: `reason`.
    """
    grant.require(Action.APPROVE_AUDIT)
    row = locked(connection, audit_id)
    require_status(row, "drawn")
    me, barred = grant.member.member_id, _barred(connection, row)
    if me in barred:
        raise AccessRefusedError(("nobody signs off own work, or an audit of own searches",), codes=("own_audit",))
    if me != row.approver_id and row.approver_id not in barred and is_active(connection, row.approver_id):
        raise AccessRefusedError(("an audit is signed off by its approver",), codes=("approver",))
    if left := n_unjudged(connection, audit_id):
        raise IllegalMoveError(f"{left} entries of audit {audit_id} are not judged", remedy="judge them first")
    ids = decide(connection, grant, row, "signed", reason)
    change(connection, audit_id, status="signed")
    return Found(None, ids)


# ── parts of acts ──────────────────────────────────────────────────────────────────────────────────────────────────


def of_number(connection: Connection, audit_id: int) -> Any:
    """An audit's row. Raises NotFoundError."""
    row = connection.execute(select(audit).where(audit.c.audit_id == audit_id)).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no audit {audit_id}")
    return row


def locked(connection: Connection, audit_id: int) -> Any:
    """An audit's row, which nobody else changes until this transaction ends. Raises NotFoundError."""
    connection.execute(select(audit.c.audit_id).where(audit.c.audit_id == audit_id).with_for_update())
    return of_number(connection, audit_id)


def decide(connection: Connection, grant: Grant, row: Any, kind: str, reason: str) -> Sequence[ResultId]:
    """Write a decision down. Returns what the record names. Raises MalformedError: `reason`."""
    values = {
        "audit_id": row.audit_id, "seq": row.n_decisions + 1, "kind": kind, "decided_at": grant.at,
        "member_id": grant.member.member_id, "reason": written(reason, most=MAX_NOTE),
    }  # fmt: skip
    number = connection.execute(insert(audit_decision).returning(audit_decision.c.decision_id), values).scalar_one()
    change(connection, row.audit_id, n_decisions=row.n_decisions + 1)
    return [ResultId("audit", None, row.audit_id), ResultId("audit_decision", None, number)]


def n_unjudged(connection: Connection, audit_id: int) -> int:
    """Entries of a sample that nobody judged yet."""
    item, judged = audit_item.c, audit_judgement.c
    done = select(judged.record_id).where(judged.audit_id == audit_id)
    statement = select(func.count()).where(item.audit_id == audit_id, item.record_id.not_in(done))
    return int(connection.scalar(statement) or 0)


def require_reviewer(grant: Grant) -> None:
    """Entries, findings and signals are looked at by who audits, or who approves, each under his own action."""
    grant.require(grant.ask.action if grant.ask.action is Action.APPROVE_AUDIT else Action.CONDUCT_AUDIT)


def is_active(connection: Connection, member_id: int) -> bool:
    return register.member(connection, member_id).status is Status.ACTIVE


def _barred(connection: Connection, row: Any) -> set[int]:
    """Who cannot sign: see `sign`."""
    item, judged = audit_item.c, audit_judgement.c
    searched = connection.scalars(select(item.member_id).where(item.audit_id == row.audit_id))
    instead = (
        select(judged.member_id)
        .join(audit_item, (item.audit_id == judged.audit_id) & (item.record_id == judged.record_id))
        .where(judged.audit_id == row.audit_id, judged.member_id != item.reviewer_id)
    )
    return {row.auditor_id, *searched, *connection.scalars(instead)}


def change(connection: Connection, audit_id: int, **values: Any) -> None:
    """Change an audit's row; what was planned stays, by the database's triggers."""
    connection.execute(update(audit).where(audit.c.audit_id == audit_id).values(**values))


def require_status(row: Any, status: str) -> None:
    """Raise IllegalMoveError for an audit that stands elsewhere."""
    if row.status != status:
        raise IllegalMoveError(f"audit {row.audit_id} is {row.status}, not {status}", remedy="look at it again")


def _check(wanted: Wanted, on: date) -> None:
    days = (wanted.until_on - wanted.since_on).days + 1
    if wanted.until_on >= on or not 1 <= days <= LONGEST_DAYS:
        raise MalformedError(
            "period",
            "an audit is of days that are over",
            remedy=f"until yesterday at the latest, {LONGEST_DAYS} days at most",
        )
    if wanted.n_random < 0 or wanted.n_risk < 0 or not 1 <= wanted.n_random + wanted.n_risk <= MOST:
        raise MalformedError("sample", f"a sample has 1 to {MOST:,} entries")
    if unknown := set(wanted.areas) - set(SIGNALS):
        raise MalformedError(
            "areas", f"{len(unknown)} risk areas are none of the policy's", remedy="choose from the list"
        )


def _check_people(connection: Connection, wanted: Wanted, *, planner_id: int) -> None:
    if len({wanted.auditor_id, wanted.approver_id}) < 2 or wanted.approver_id == planner_id:
        raise MalformedError(
            "people", "who approves is neither the auditor nor who plans", remedy="name another approver"
        )
    for member_id, action in ((wanted.auditor_id, Action.CONDUCT_AUDIT), (wanted.approver_id, Action.APPROVE_AUDIT)):
        if not is_active(connection, member_id) or not may(register.member(connection, member_id).role, action):
            raise MalformedError(
                "people", f"member {member_id} cannot {action.replace('_', ' ')}", remedy="name another"
            )


def _midnight(on: date, zone: ZoneInfo) -> datetime:
    """The instant at which a department date begins, UTC."""
    return datetime.combine(on, time(), zone).astimezone(UTC)
