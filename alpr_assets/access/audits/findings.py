"""Findings of audits and of the weekly list: somebody sees to each by a date, until another closes it.

Here: opening, extending, closing. Not here: judging entries (`judging`), the weekly list (`reviewing`). What was found is never reworded. After
an audit is signed off nothing is found any more; what was found is followed up to its end.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, insert, select, update

from alpr_assets.access.audits import judging, planning
from alpr_assets.access.gate import Found, Grant
from alpr_assets.access.reasons import written
from alpr_assets.access.record.entries import ResultId
from alpr_assets.errors import AccessRefusedError, IllegalMoveError, MalformedError, NotFoundError
from alpr_assets.policy import Policy
from alpr_assets.store.audits import MAX_NOTE, finding, finding_move


def find(
    grant: Grant,
    connection: Connection,
    audit_id: int,
    *,
    record_id: int | None,
    text: str,
    owner_id: int,
    due_on: date | None,
    policy: Policy,
) -> Found[int]:
    """Write a finding of an audit down, of one entry or of the whole; its number.

    due_on : the department's date; None: the policy's days from now

    Raises
    ------
    AccessRefusedError : the grant is for another ask, or another judges that entry
    IllegalMoveError : the audit is not drawn, or signed off
    MalformedError : `reason`, `due` or `owner`
    """
    planning.require_reviewer(grant)
    row = planning.locked(connection, audit_id)
    if row.status != "drawn":
        raise IllegalMoveError(f"audit {audit_id} is {row.status}: nothing is found any more")
    subject_id = None if record_id is None else judging.item_of(connection, grant, audit_id, record_id)["member_id"]
    of = {"audit_id": audit_id, "record_id": record_id, "subject_id": subject_id}
    return open_one(grant, connection, of, text=text, owner_id=owner_id, due_on=due_on, policy=policy)


def move(
    grant: Grant, connection: Connection, finding_id: int, *, kind: str, note: str, due_on: date | None
) -> Found[None]:
    """Close a finding, or give it more time. Not by whom it is about; closing it, not by who sees to it.

    Raises AccessRefusedError; IllegalMoveError: it is closed; NotFoundError; MalformedError: `move`, `reason` or `due`.
    """
    planning.require_reviewer(grant)
    row = connection.execute(select(finding).where(finding.c.finding_id == finding_id).with_for_update()).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no finding {finding_id}")
    if kind not in {"closed", "extended"}:
        raise MalformedError("move", "there is no such move", remedy="open the page again")
    me = grant.member.member_id
    if me == row.subject_id or (kind == "closed" and me == row.owner_id):
        raise AccessRefusedError(
            ("nobody closes a finding about himself, or one that he saw to",), codes=("own_finding",)
        )
    if row.status != "open":
        raise IllegalMoveError(f"finding {finding_id} is closed")
    if kind == "extended" and (due_on is None or due_on <= row.due_on):
        raise MalformedError("due", "more time is a later date", remedy=f"after {row.due_on}")
    until = due_on if kind == "extended" and due_on else row.due_on
    return Found(None, _move(grant, connection, finding_id, row.n_moves + 1, kind=kind, note=note, due_on=until))


def open_one(
    grant: Grant,
    connection: Connection,
    of: dict[str, Any],
    *,
    text: str,
    owner_id: int,
    due_on: date | None,
    policy: Policy,
) -> Found[int]:
    """Write any finding down. of : its audit or review, its entry and whom it is about. Raises MalformedError: `owner`, `due`, `reason`."""
    on = grant.at.astimezone(policy.zone).date()
    due = due_on or on + timedelta(days=policy.audits.finding_days)
    if due < on:
        raise MalformedError("due", "a finding is due today or later")
    if owner_id == of["subject_id"] or not planning.is_active(connection, owner_id):
        raise MalformedError("owner", "an active member sees to a finding, not whom it is about", remedy="name another")
    row = {
        **of, "text": written(text, most=MAX_NOTE), "owner_id": owner_id, "opened_at": grant.at,
        "member_id": grant.member.member_id, "due_on": due, "status": "open", "n_moves": 0,
    }  # fmt: skip
    number = int(connection.execute(insert(finding).returning(finding.c.finding_id), row).scalar_one())
    return Found(number, _move(grant, connection, number, 1, kind="opened", note="opened", due_on=due))


def listed(
    connection: Connection, *, audit_id: int | None = None, review_ids: Sequence[int] = ()
) -> list[dict[str, Any]]:
    """Findings of an audit or of weekly lists, in order, each with its `moves`."""
    columns = finding.c
    of = columns.audit_id == audit_id if audit_id is not None else columns.review_id.in_(review_ids)
    found = [dict(row) for row in connection.execute(select(finding).where(of).order_by(columns.finding_id)).mappings()]
    numbers = [row["finding_id"] for row in found]
    moves = (
        select(finding_move)
        .where(finding_move.c.finding_id.in_(numbers))
        .order_by(finding_move.c.finding_id, finding_move.c.seq)
    )
    followed = [dict(row) for row in connection.execute(moves).mappings()]
    return [row | {"moves": [one for one in followed if one["finding_id"] == row["finding_id"]]} for row in found]


def _move(
    grant: Grant, connection: Connection, finding_id: int, seq: int, *, kind: str, note: str, due_on: date
) -> list[ResultId]:
    """Write a move down; what the record names."""
    values = {
        "finding_id": finding_id, "seq": seq, "kind": kind, "note": written(note, most=MAX_NOTE), "due_on": due_on,
        "member_id": grant.member.member_id, "decided_at": grant.at,
    }  # fmt: skip
    number = connection.execute(insert(finding_move).returning(finding_move.c.move_id), values).scalar_one()
    changed = {"n_moves": seq, "due_on": due_on, "status": "closed" if kind == "closed" else "open"}
    connection.execute(update(finding).where(finding.c.finding_id == finding_id).values(changed))
    return [ResultId("finding", None, finding_id), ResultId("finding_move", None, number)]
