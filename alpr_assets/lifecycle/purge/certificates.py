"""Certificates: what a purge destroyed, by whose approval, how, and what is not said to be destroyed yet (422.5, NIST SP 800-88r2).

Here: writing one down. Not here: destroying. A certificate holds counts, numbers and digests, never a plate or the hash of a picture; its
own hash is an entry of the access record, so whoever holds a later head can tell whether it was changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Engine, insert, select

from alpr_assets.access import register
from alpr_assets.access.record.sealing import canonical
from alpr_assets.errors import NotFoundError
from alpr_assets.policy import Policy
from alpr_assets.store.engine import reading
from alpr_assets.store.purges import (
    clock_statement,
    purge_certificate,
    purge_day,
    purge_decision,
    purge_lot,
    purge_plan,
)
from alpr_assets.store.sealed import sha256_hex

FORMAT: Final = 2
METHOD: Final[Mapping[str, Any]] = {
    "standard": "NIST SP 800-88r2: Clear for rows that are overwritten, cryptographic erase for pictures",
    "pictures": "unlinked, and the key that their day was encrypted with destroyed (cryptographic erase); what is held was sealed anew first",
    "files": "of lots: unlinked, and the key of their day destroyed likewise; what stays of the day was sealed anew first",
    "backups": "hold rows until they expire; pictures in them open only with a backup of the keys, which expires by the date in backups_until",
}
ROWS: Final[Mapping[str, str]] = {
    "sqlite": "deleted and overwritten with zeros (secure_delete), the index of plates rewritten, the log truncated",
    "postgresql": "deleted; their bytes lie in the database's files until these are rewritten: then a completion of this certificate is issued",
}
STATUS: Final[Mapping[str, str]] = {"sqlite": "destroyed", "postgresql": "removed"}


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate as it stands. content: canonical JSON"""

    plan_id: int
    content: str
    sha256: str
    issued_at: datetime


def issue(connection: Connection, plan_id: int, *, policy: Policy, at: datetime) -> Certificate:
    """Write a finished purge's certificate, in the transaction that finishes it."""
    until = (at + timedelta(days=policy.purge.backup_days)).astimezone(policy.zone).date()
    content = canonical({**_said(connection, plan_id, at), "backups_until": until.isoformat()})
    issued = Certificate(plan_id, content, sha256_hex(content.encode()), at)
    connection.execute(insert(purge_certificate), asdict(issued))
    return issued


def certificate(engine: Engine, plan_id: int) -> Certificate:
    """A purge's certificate. Raises NotFoundError: it is not done."""
    with reading(engine) as connection:
        row = connection.execute(select(purge_certificate).where(purge_certificate.c.plan_id == plan_id)).one_or_none()
    if row is None:
        raise NotFoundError(f"purge {plan_id} has no certificate", remedy="it is issued when every day is verified")
    return Certificate(row.plan_id, row.content, row.sha256, row.issued_at)


def _said(connection: Connection, plan_id: int, at: datetime) -> dict[str, Any]:
    plan = connection.execute(select(purge_plan).where(purge_plan.c.plan_id == plan_id)).one()
    days = connection.execute(select(purge_day).where(purge_day.c.plan_id == plan_id).order_by(purge_day.c.day)).all()
    decisions = connection.execute(
        select(purge_decision).where(purge_decision.c.plan_id == plan_id).order_by(purge_decision.c.seq)
    ).all()
    lots = connection.execute(select(purge_lot).where(purge_lot.c.plan_id == plan_id).order_by(purge_lot.c.kind)).all()
    stated = clock_statement.c
    clock = connection.execute(
        select(clock_statement)
        .where(stated.stated_at >= plan.made_at, stated.stated_at <= at)
        .order_by(stated.statement_id)
    ).all()
    names, dialect = register.names(connection), connection.dialect.name
    return {
        "format": FORMAT,
        "purge": plan_id,
        "issued_at": at.isoformat(),
        "status": STATUS[dialect],
        "judged_on": plan.judged_on.isoformat(),
        "digest": plan.digest,
        "resolution": _on_file(plan.resolution, plan.resolution_on, plan.resolution_until),
        "consent": _on_file(plan.consent, plan.consent_on, plan.consent_until),
        "decisions": [
            {
                "what": one.kind, "capacity": one.capacity, "member_id": one.member_id, "name": names.get(one.member_id),
                "at": one.decided_at.isoformat(),
            }
            for one in decisions
        ],
        "days": [
            {
                "day": one.day.isoformat(), "digest": one.digest, "planned": one.n_planned, "destroyed": one.n_destroyed,
                "kept": one.n_kept, "gone_before": one.n_gone, "destroyed_at": one.destroyed_at.isoformat(),
                "verified_at": one.verified_at.isoformat(),
            }
            for one in days
        ],
        "clock": [
            {
                "stated_at": one.stated_at.isoformat(), "member_id": one.member_id, "name": names.get(one.member_id),
                "in_doubt": one.doubts, "reason": one.reason,
            }
            for one in clock
        ],
        "lots": [
            {
                "class": one.kind, "digest": one.digest, "planned": one.n_planned, "destroyed": one.n_destroyed, "kept": one.n_kept,
                "gone_before": one.n_gone, "destroyed_at": one.destroyed_at.isoformat(), "verified_at": one.verified_at.isoformat(),
            }
            for one in lots
        ],
        "captures": {
            "planned": sum(one.n_planned for one in days), "destroyed": sum(one.n_destroyed for one in days),
            "kept": sum(one.n_kept for one in days), "gone_before": sum(one.n_gone for one in days),
        },
        "method": {**METHOD, "rows": ROWS[dialect]},
    }  # fmt: skip


def _on_file(reference: str, dated_on: date | None, until: date | None) -> dict[str, str | None]:
    return {
        "reference": reference,
        "dated_on": dated_on.isoformat() if dated_on else None,
        "until": until.isoformat() if until else None,
    }
