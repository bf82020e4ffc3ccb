"""Audits as pages and reports show them: the list, and one with its people, entries, answers and findings; no plate.

Here: reading. Not here: any act (`planning`, `judging`, `findings`), what an entry asked (`judging.open_entry`).
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Engine, func, select

from alpr_assets.access.audits import findings, planning
from alpr_assets.access.gate import Found, Grant
from alpr_assets.access.record.entries import ResultId
from alpr_assets.access.roles import Action
from alpr_assets.policy import Policy
from alpr_assets.store.audits import audit, audit_decision, audit_item, audit_judgement, audit_report, finding
from alpr_assets.store.engine import reading

ACTIONS = (Action.PLAN_AUDIT, Action.CONDUCT_AUDIT, Action.APPROVE_AUDIT)
"""Under each of these audits are shown."""


def audits(grant: Grant, engine: Engine) -> Found[list[dict[str, Any]]]:
    """Every audit, the newest first: its row, `n_items`, `n_unjudged`, `n_findings`, `n_open`."""
    _require(grant)
    with reading(engine) as connection:
        rows = [dict(row) for row in connection.execute(select(audit).order_by(audit.c.audit_id.desc())).mappings()]
        n_items = _counted(connection, audit_item.c.audit_id)
        n_findings = _counted(connection, finding.c.audit_id)
        n_open = _counted(connection, finding.c.audit_id, finding.c.status == "open")
        for row in rows:
            number = row["audit_id"]
            row |= {
                "n_items": n_items.get(number, 0), "n_unjudged": planning.n_unjudged(connection, number),
                "n_findings": n_findings.get(number, 0), "n_open": n_open.get(number, 0),
            }  # fmt: skip
    return Found(rows, [ResultId("audit", None, row["audit_id"]) for row in rows])


def one(grant: Grant, engine: Engine, audit_id: int) -> Found[dict[str, Any]]:
    """One audit, see `told`; and whether it `has_report`. Raises NotFoundError."""
    _require(grant)
    with reading(engine) as connection:
        found = told(connection, audit_id)
        reported = connection.scalar(select(func.count()).where(audit_report.c.audit_id == audit_id))
    return Found(found | {"has_report": bool(reported)}, [ResultId("audit", None, audit_id)])


def told(connection: Connection, audit_id: int) -> dict[str, Any]:
    """One audit's row, its `decisions`, its `items` in their order, each with its newest `judgement` or None, and its `findings`.

    Raises NotFoundError.
    """
    row = dict(planning.of_number(connection, audit_id)._mapping)  # noqa: SLF001 - SQLAlchemy's own API
    decisions, items, judged = audit_decision.c, audit_item.c, audit_judgement.c
    by_entry = {
        one["record_id"]: dict(one)
        for one in connection.execute(
            select(audit_judgement).where(judged.audit_id == audit_id).order_by(judged.seq)
        ).mappings()
    }
    sample = connection.execute(select(audit_item).where(items.audit_id == audit_id).order_by(items.number)).mappings()
    decided = connection.execute(select(audit_decision).where(decisions.audit_id == audit_id).order_by(decisions.seq))
    return row | {
        "decisions": [dict(one) for one in decided.mappings()],
        "items": [dict(item) | {"judgement": by_entry.get(item["record_id"])} for item in sample],
        "findings": findings.listed(connection, audit_id=audit_id),
    }


def last_signed_at(connection: Connection) -> datetime | None:
    """When an audit was last signed off; None: none ever was."""
    signed = audit_decision.c.kind == "signed"
    found: datetime | None = connection.scalar(select(func.max(audit_decision.c.decided_at)).where(signed))
    return found


def is_due(connection: Connection, *, at: datetime, policy: Policy) -> bool:
    """Whether none was signed off within the policy's days."""
    last = last_signed_at(connection)
    return last is None or (at - last).days > policy.audits.frequency_days


def overdue(connection: Connection, on: date) -> list[int]:
    """Findings that are open after their date."""
    late = (finding.c.status == "open") & (finding.c.due_on < on)
    return list(connection.scalars(select(finding.c.finding_id).where(late).order_by(finding.c.finding_id)))


def _counted(connection: Connection, column: Any, *where: Any) -> dict[int, int]:
    rows = connection.execute(select(column, func.count()).where(*where).group_by(column))
    return {number: n for number, n in rows}  # noqa: C416 - rows are no pairs to mypy


def _require(grant: Grant) -> None:
    grant.require(grant.ask.action if grant.ask.action in ACTIONS else Action.CONDUCT_AUDIT)
