"""The entries of an audit, looked at and judged one by one (422.6(b), (c)).

Here: opening an entry of a sample, the three questions about it. Not here: which entries (`drawing`), findings (`findings`). An entry is opened
and judged by its reviewer only, and its opening is an entry of the record itself: what an auditor saw is as traceable as what an officer saw.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection, Engine, func, insert, select

from alpr_assets.access.audits import looks, planning
from alpr_assets.access.gate import Found, Grant
from alpr_assets.access.reasons import written
from alpr_assets.access.record import reading as record_reading
from alpr_assets.access.record.entries import ResultId
from alpr_assets.access.record.reading import Line
from alpr_assets.errors import AccessRefusedError, IllegalMoveError, MalformedError, NotFoundError
from alpr_assets.store.audits import MAX_NOTE, audit_item, audit_judgement
from alpr_assets.store.engine import reading


class Answer(StrEnum):
    """To a question about an entry."""

    YES = "yes"
    NO = "no"
    UNCLEAR = "unclear"


QUESTIONS: Final[Mapping[str, str]] = {
    "purpose_plausible": "Is the purpose plausible?",
    "case_exists": "Does the case exist?",
    "scope_fits": "Does what was asked fit the case?",
}


@dataclass(frozen=True, slots=True)
class Opened:
    """An entry of a sample. elements : what was asked; None: the month's key is destroyed, and nobody can open it."""

    line: Line
    results: list[ResultId]
    elements: dict[str, Any] | None
    item: Mapping[str, Any]
    judgements: list[Mapping[str, Any]]


def open_entry(grant: Grant, engine: Engine, audit_id: int, record_id: int, *, source: looks.Source) -> Found[Opened]:
    """One entry with what was asked, for its reviewer.

    Raises AccessRefusedError: another's, or the grant is for another ask; NotFoundError: it is not of this audit; VerificationError: what is
    sealed is not what was recorded.
    """
    planning.require_reviewer(grant)
    with reading(engine) as connection:
        item = item_of(connection, grant, audit_id, record_id)
        judged = _judgements(connection, audit_id, record_id)
    with source.open() as record:
        line = record_reading.entry(record, record_id)
        if line is None:
            raise NotFoundError(
                f"there is no entry {record_id}", remedy="verify the record: it was there when the sample was drawn"
            )
        results = record_reading.results_of(record, record_id)
        can_open = line.elements_month is None or line.elements_month in source.keys.months()
        elements = record_reading.elements(record, source.keys, record_id) if can_open else None
    return Found(Opened(line, results, elements, item, judged), [ResultId("entry", None, record_id)])


def judge(
    grant: Grant, connection: Connection, audit_id: int, record_id: int, *, answers: Mapping[str, Answer], note: str
) -> Found[None]:
    """Answer the three questions of an entry; again: the newest answers count, and the others stay.

    Raises AccessRefusedError: another's; IllegalMoveError: it is not drawn, or signed off; NotFoundError; MalformedError: `reason`: an answer
    that is not yes says why.
    """
    planning.require_reviewer(grant)
    row = planning.locked(connection, audit_id)
    item_of(connection, grant, audit_id, record_id)
    if row.status != "drawn":
        raise IllegalMoveError(f"audit {audit_id} is {row.status}: nothing is judged any more")
    if set(answers) != set(QUESTIONS):
        raise MalformedError("answers", "each of the three questions is answered")
    said = written(note, most=MAX_NOTE) if note or set(answers.values()) != {Answer.YES} else ""
    mine = (audit_judgement.c.audit_id == audit_id) & (audit_judgement.c.record_id == record_id)
    seq = int(connection.scalar(select(func.count()).where(mine)) or 0) + 1
    values = {
        "audit_id": audit_id, "record_id": record_id, "seq": seq, "note": said, "member_id": grant.member.member_id,
        "decided_at": grant.at, **{name: answer.value for name, answer in answers.items()},
    }  # fmt: skip
    made = connection.execute(insert(audit_judgement).returning(audit_judgement.c.judgement_id), values).scalar_one()
    return Found(None, [ResultId("audit", None, audit_id), ResultId("audit_judgement", None, made)])


def item_of(connection: Connection, grant: Grant, audit_id: int, record_id: int) -> Mapping[str, Any]:
    """An entry of a sample, for its reviewer; where he left, for the approver, unless it is his own.

    Raises AccessRefusedError; NotFoundError.
    """
    mine = (audit_item.c.audit_id == audit_id) & (audit_item.c.record_id == record_id)
    row = connection.execute(select(audit_item).where(mine)).mappings().one_or_none()
    if row is None:
        raise NotFoundError(f"entry {record_id} is not of audit {audit_id}")
    me = grant.member.member_id
    if row["reviewer_id"] != me:
        is_left = not planning.is_active(connection, row["reviewer_id"])
        if not is_left or me == row["member_id"] or me != planning.of_number(connection, audit_id).approver_id:
            raise AccessRefusedError(("another judges this entry",), codes=("reviewer",))
    return dict(row)


def _judgements(connection: Connection, audit_id: int, record_id: int) -> list[Mapping[str, Any]]:
    mine = (audit_judgement.c.audit_id == audit_id) & (audit_judgement.c.record_id == record_id)
    rows = connection.execute(select(audit_judgement).where(mine).order_by(audit_judgement.c.seq)).mappings()
    return [dict(row) for row in rows]
