"""A question handed to a colleague, never its answer: he asks it anew, as himself (422.4(a), 422.6(a)).

Here: handing over, what was handed to whom, opening. Not here: pages, any search. The question is sealed: it may name a plate or a
place. It is the colleague's for the policy's hours, and then forgotten: that something was handed over stays.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from alpr_assets.access import register
from alpr_assets.access.gate import Found, Grant
from alpr_assets.access.people import Status
from alpr_assets.access.record.entries import ResultId
from alpr_assets.access.roles import Action, may
from alpr_assets.access.secret_key import SecretKey
from alpr_assets.errors import MalformedError, NotFoundError
from alpr_assets.policy import Policy
from alpr_assets.store.incidents import handover


@dataclass(frozen=True, slots=True)
class Question:
    """What was handed over. question : as the page that asks it has its fields"""

    handover_id: int
    action: Action
    purpose: str
    case_number: str
    question: Mapping[str, Any]


def hand_over(
    grant: Grant, connection: Connection, *, to_id: int, action: Action, question: Mapping[str, Any], key: SecretKey,
    policy: Policy,
    ) -> Found[int]:  # fmt: skip
    """Hand a question to a colleague. A deed for `Gate.act`; returns the handover's id.

    Raises
    ------
    AccessRefusedError : the grant is for another ask
    MalformedError : `colleague`: oneself, or one who may not ask it
    """
    grant.require(Action.HAND_OVER)
    if to_id == grant.member.member_id:
        raise MalformedError("colleague", "that is yourself", remedy="choose another")
    named = register.member(connection, to_id)
    if named.status is not Status.ACTIVE or not may(named.role, action):
        raise MalformedError("colleague", f"{named.name} does not ask such questions", remedy="choose another")
    sealed = key.seal(json.dumps(question).encode(), belongs_to=_owner(grant.member.member_id, to_id))
    row = {
        "from_id": grant.member.member_id, "to_id": to_id, "action": action.value, "purpose": grant.ask.purpose,
        "case_number": grant.ask.case_number, "question": sealed, "at": grant.at,
        "expires_at": grant.at + timedelta(hours=policy.access.handover_hours),
    }  # fmt: skip
    number: int = connection.execute(insert(handover).returning(handover.c.handover_id), row).scalar_one()
    return Found(number, [ResultId("handover", None, number)])


def handed(connection: Connection, member_id: int, *, at: datetime) -> list[Row[Any]]:
    """What was handed to a member and is still his, the newest first: handover_id, from_id, action, case_number, at, opened_at."""
    table = handover.c
    statement = select(
        table.handover_id, table.from_id, table.action, table.case_number, table.at, table.expires_at, table.opened_at
    ).where(table.to_id == member_id, table.expires_at > at)  # fmt: skip
    return list(connection.execute(statement.order_by(table.at.desc(), table.handover_id.desc())))


def opened(connection: Connection, handover_id: int, member_id: int, *, key: SecretKey, at: datetime) -> Question:
    """The question, for the colleague whom it was handed to, to be asked at once. Raises NotFoundError: not his, or no longer."""
    table = handover.c
    row = connection.execute(
        select(handover).where(table.handover_id == handover_id, table.to_id == member_id, table.expires_at > at)
    ).one_or_none()
    if row is None:
        raise NotFoundError("nothing of that number is handed to you, or it is too long ago")
    connection.execute(
        update(handover).where(table.handover_id == handover_id, table.opened_at.is_(None)).values(opened_at=at)
    )
    content = json.loads(key.open(row.question, belongs_to=_owner(row.from_id, row.to_id)))
    return Question(handover_id, Action(row.action), row.purpose, row.case_number, content)


def forget(connection: Connection, *, at: datetime) -> int:
    """Forget the questions that are no longer anybody's; returns how many. Done every morning, with the judging of what is due."""
    table = handover.c
    over = update(handover).where(table.expires_at <= at, func.length(table.question) > 0)
    return connection.execute(over.values(question=b"")).rowcount


def _owner(from_id: int, to_id: int) -> str:
    return f"handover from {from_id} to {to_id}"
