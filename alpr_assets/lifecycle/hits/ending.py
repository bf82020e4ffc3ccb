"""The system's own moves: an actionable hit lapses, and a hit whose entry left its list ends (422.4(f)).

Here: writing a move down, whoever makes it. Not here: a person's moves (`verifying`).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, exists, select

from alpr_assets.lifecycle.hits.moves import ENDS, OPEN, BySystem, Kind, Move, Status, require_legal
from alpr_assets.store import schema, verdicts

CHUNK: Final = 400
_OPEN: Final = tuple(status.value for status in OPEN)


def put(
    connection: Connection, hit: Any, move: Move, *, at: datetime, member_id: int | None, until: datetime | None = None
) -> int:
    """Write one move down; the database moves the hit with it. Returns the move's id.

    Parameters
    ----------
    hit : hit_id, status and n_moves as the database has them, of a locked row
    until : of a move to actionable: when it lapses

    Raises
    ------
    IllegalMoveError : the hit cannot go that way from where it stands
    """
    require_legal(hit.hit_id, Status(hit.status), move.kind)
    row = {
        "hit_id": hit.hit_id, "seq": hit.n_moves + 1, "from_status": hit.status, "to_status": ENDS[move.kind].value,
        "kind": move.kind.value, "moved_at": at, "member_id": member_id, "actionable_until": until, **move.columns(),
    }  # fmt: skip
    move_id: int = connection.execute(
        verdicts.hit_move.insert().returning(verdicts.hit_move.c.move_id), row
    ).scalar_one()
    return move_id


def lapse(connection: Connection, now: datetime) -> int:
    """Write down that actionable hits have lapsed. Returns how many did; readers judge by the time themselves."""
    hit = schema.hit.c
    over = (hit.status == Status.ACTIONABLE.value) & (hit.actionable_until <= now)
    return _move_all(connection, over, BySystem(Kind.LAPSE), now)


def end_withdrawn(connection: Connection, now: datetime) -> int:
    """End the open hits whose entry left its list. Returns how many ended.

    A line that only changed is not withdrawn: the same plate, state and type stand in force under the same source.
    """
    hit, entry = schema.hit.c, schema.hotlist_entry.c
    left = exists().where(entry.entry_id == hit.entry_id, entry.to_import_id.is_not(None))
    rows = connection.execute(
        select(hit.hit_id, hit.source, hit.plate, hit.state, hit.list_type).where(hit.status.in_(_OPEN), left)
    ).all()
    stands = _in_force(connection, sorted({row.plate for row in rows}))
    ended = [row.hit_id for row in rows if (row.source, row.plate, row.state, row.list_type) not in stands]
    return sum(
        _move_all(connection, hit.hit_id.in_(some) & hit.status.in_(_OPEN), BySystem(Kind.ENTRY_ENDED), now)
        for some in _chunks(ended)
    )


def _in_force(connection: Connection, plates: list[str]) -> set[tuple[str, str, str, str]]:
    """(source, plate, state, type) of the entries in force of these plates; the lists are read once for many of them."""
    entry, hotlist = schema.hotlist_entry.c, schema.hotlist.c
    statement = (
        select(hotlist.source, entry.plate, entry.state, entry.list_type)
        .join(schema.hotlist, hotlist.list_id == entry.list_id)
        .where(entry.to_import_id.is_(None))
    )
    return {
        tuple(row) for some in _chunks(plates) for row in connection.execute(statement.where(entry.plate.in_(some)))
    }


def _chunks(values: list[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(values), CHUNK):
        yield values[start : start + CHUNK]


def _move_all(connection: Connection, which: Any, move: BySystem, now: datetime) -> int:
    hit = schema.hit.c
    statement = select(hit.hit_id, hit.status, hit.n_moves).where(which).order_by(hit.hit_id).with_for_update()
    rows = connection.execute(statement).all()
    for row in rows:
        put(connection, row, move, at=now, member_id=None)
    return len(rows)
