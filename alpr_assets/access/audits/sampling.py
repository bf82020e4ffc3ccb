"""An approved audit's sample: read from the access record, and stored with who judges each entry.

Here: from the approval's entry to the stored sample. Not here: the order of chance (`drawing`), any other act (`planning`). What the sample is
was decided by the approval; whoever draws it, whenever, draws the same.
"""

from __future__ import annotations

from sqlalchemy import Connection, insert, select

from alpr_assets.access.audits import looks, own_plates, planning
from alpr_assets.access.audits.drawing import Sample, draw
from alpr_assets.access.audits.rules import rules_of
from alpr_assets.access.audits.signals import find
from alpr_assets.access.gate import Found, Grant
from alpr_assets.access.record import reading, tail
from alpr_assets.access.record.entries import Outcome, RecordUnavailableError, ResultId
from alpr_assets.policy import Policy
from alpr_assets.store.audits import audit_decision, audit_item


def sampled(connection: Connection, audit_id: int, source: looks.Source, *, policy: Policy) -> Sample:
    """What an approved audit's sample is: read from the record, nothing is written and nobody is told.

    Raises
    ------
    IllegalMoveError : it is not approved
    RecordUnavailableError : the record does not have the approval, or no head covers it
    """
    row = planning.of_number(connection, audit_id)
    planning.require_status(row, "approved")
    own = own_plates.listed(connection, at=row.until_at)
    approval = connection.scalar(
        select(audit_decision.c.decision_id).where(
            audit_decision.c.audit_id == audit_id, audit_decision.c.kind == "approved"
        )
    )
    with source.open() as record:
        about = reading.searches_that_returned(record, ResultId("audit_decision", None, int(approval or 0)))
        entry = next((one for one in about if one.outcome is Outcome.DONE), None)
        head = tail.head_over(record, entry.record_id) if entry else None
        if head is None:
            raise RecordUnavailableError(
                f"the record has no signed approval of audit {audit_id}", remedy="verify the record"
            )
        looked = looks.looks(record, source, since=row.since_at, until=row.until_at, below=head.size)
        months = looks.months(looks.ages(record, since=row.since_at, until=row.until_at))
    signals = find(looked, rules_of(policy, own), areas=row.areas)
    return draw(
        head,
        audit_id,
        looked,
        signals,
        weights=policy.audits.weights,
        n_random=row.n_random,
        n_risk=row.n_risk,
        ages=months,
    )


def keep_sample(grant: Grant, connection: Connection, audit_id: int, sample: Sample) -> Found[int]:
    """Store an approved audit's sample, see `sampled`; how many entries it has. Each has its reviewer: never whose entry it is.

    Raises AccessRefusedError; IllegalMoveError: it is drawn already, or not approved; NotFoundError.
    """
    planning.require_reviewer(grant)
    row = planning.locked(connection, audit_id)
    planning.require_status(row, "approved")
    items = [
        {
            "audit_id": audit_id, "record_id": one.record_id, "number": number, "chosen": one.chosen, "member_id": one.member_id,
            "reviewer_id": row.approver_id if one.member_id == row.auditor_id else row.auditor_id, "signals": list(one.signals),
        }
        for number, one in enumerate(sample.drawn, start=1)
    ]  # fmt: skip
    if items:
        connection.execute(insert(audit_item), items)
    ids = planning.decide(connection, grant, row, "drawn", f"{len(items)} of {sample.n_entries} entries")
    planning.change(
        connection, audit_id, status="drawn", head_size=sample.head_size, seed=sample.seed, n_entries=sample.n_entries,
        entries_sha256=sample.entries_sha256, ages=list(sample.ages),
    )  # fmt: skip
    return Found(len(items), ids)
