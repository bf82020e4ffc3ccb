"""What a supervisor is told of hits: that somebody is to act on one which CLETS did not confirm (422.4(f)).

Here: the notices, and that a supervisor saw one. Not here: what gives rise to one (`verifying`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Engine, Select, select

from alpr_assets.access.gate import Found, Grant
from alpr_assets.access.roles import Action, Role
from alpr_assets.errors import AccessRefusedError, IllegalMoveError, NotFoundError
from alpr_assets.lifecycle.hits.entitlement import named, visible
from alpr_assets.store import schema, verdicts
from alpr_assets.store.engine import reading

TOLD: Final = frozenset({Role.SUPERVISOR, Role.COMMANDER})

_notice, _move = verdicts.hit_notice, verdicts.hit_move


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One notice: who moved the hit, when and why. `seen_at` None: it waits."""

    notice_id: int
    hit_id: int
    kind: str
    noticed_at: datetime
    member_id: int
    reason: str
    seen_at: datetime | None
    seen_by: int | None


def notify(connection: Connection, hit_id: int, seq: int, kind: str, at: datetime) -> None:
    """Tell the supervisors of one move."""
    connection.execute(_notice.insert(), {"hit_id": hit_id, "seq": seq, "kind": kind, "noticed_at": at})


def notices(grant: Grant, engine: Engine, *, seen: bool = False) -> Found[list[Notice]]:
    """The notices that wait, oldest first, of hits that the supervisor may see; with `seen` all of them.

    Raises
    ------
    AccessRefusedError : the grant is for another ask than view_hits, or of no supervisor
    """
    _require_told(grant, Action.VIEW_HITS)
    hit = schema.hit.c
    statement = _statement().where(*visible(grant)).order_by(_notice.c.notice_id)
    if not seen:
        statement = statement.where(_notice.c.seen_at.is_(None))
    with reading(engine) as connection:
        rows = connection.execute(statement.add_columns(hit.read_day, hit.restricted)).all()
    found = [
        Notice(
            notice_id=row.notice_id, hit_id=row.hit_id, kind=row.kind, noticed_at=row.noticed_at, member_id=row.member_id,
            reason=row.reason, seen_at=row.seen_at, seen_by=row.seen_by,
        )
        for row in rows
    ]  # fmt: skip
    return Found(found, [named(row.hit_id, row.read_day, restricted=row.restricted) for row in rows])


def see(grant: Grant, connection: Connection, notice_id: int) -> Found[None]:
    """Say that a supervisor saw a notice. Nobody sees his own for the department.

    Raises NotFoundError; IllegalMoveError: seen already; AccessRefusedError: not a supervisor, or it is about his own move.
    """
    _require_told(grant, Action.VERIFY_HIT)
    statement = _statement().add_columns(schema.hit.c.read_day, schema.hit.c.restricted)
    row = connection.execute(statement.where(_notice.c.notice_id == notice_id, *visible(grant))).one_or_none()
    if row is None:
        raise NotFoundError(f"no notice {notice_id}")
    if row.member_id == grant.member.member_id:
        raise AccessRefusedError(("another supervisor sees to it",), codes=("own_move",))
    this = _notice.update().where(_notice.c.notice_id == notice_id, _notice.c.seen_at.is_(None))
    if not connection.execute(this.values(seen_at=grant.at, seen_by=grant.member.member_id)).rowcount:
        raise IllegalMoveError(f"notice {notice_id} was seen already")
    return Found(None, [named(row.hit_id, row.read_day, restricted=row.restricted)])


def _require_told(grant: Grant, action: Action) -> None:
    grant.require(action)
    if grant.member.role not in TOLD:
        raise AccessRefusedError(("supervisors and commanders are told",), codes=("role",))


def _statement() -> Select[Any]:
    return (
        select(
            _notice.c.notice_id, _notice.c.hit_id, _notice.c.kind, _notice.c.noticed_at, _notice.c.seen_at,
            _notice.c.seen_by, _move.c.member_id, _move.c.reason,
        )
        .join(_move, (_move.c.hit_id == _notice.c.hit_id) & (_move.c.seq == _notice.c.seq))
        .join(schema.hit, schema.hit.c.hit_id == _notice.c.hit_id)
    )  # fmt: skip
