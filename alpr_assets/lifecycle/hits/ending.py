"""The system's own moves: an actionable hit lapses; a hit whose entry left its list, or whose watch stopped, ends (422.4(f)).

Here: writing a move down, whoever makes it. Not here: a person's moves (`verifying`).

Which hits end with their watch
declined, ended, not approved in time, owner gone    every open one, as with a cancelled entry: the reason to look fell away
expired                                              those whose picture nobody confirmed, a shift later

An expiry says nothing against the reason: what was raised in time is still looked at by the shift that it fell to, and a
confirmed hit goes on to its end.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, exists, select

from alpr_assets.lifecycle.hits.moves import ENDS, OPEN, BySystem, Kind, Move, Status, require_legal
from alpr_assets.lifecycle.watches.listing import standing
from alpr_assets.policy import Policy
from alpr_assets.store import schema, verdicts
from alpr_assets.store.watches import watch

CHUNK: Final = 400
_OPEN: Final = tuple(status.value for status in OPEN)
GROUNDLESS: Final = ("declined", "ended", "unapproved", "ownerless")
"""Where a watch stands (`watches.listing.standing`) when nobody answers for its reason any more."""
_ENDED: Final = BySystem(Kind.ENTRY_ENDED)


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
        _move_all(connection, hit.hit_id.in_(some) & hit.status.in_(_OPEN), _ENDED, now) for some in _chunks(ended)
    )


def end_stopped(connection: Connection, now: datetime, *, policy: Policy) -> int:
    """End the open hits of watches that stopped. Returns how many ended. For a schedule: `end_of_watch` ends a decided one's at once."""
    hit, w = schema.hit.c, watch.c
    groundless = select(w.watch_id).where(standing(now).in_(GROUNDLESS))
    expired = select(w.watch_id).where(
        standing(now) == "expired", w.expires_at <= now - timedelta(hours=policy.hits.unverified_hours)
    )
    n_ended = _move_all(connection, hit.watch_id.in_(groundless) & hit.status.in_(_OPEN), _ENDED, now)
    unseen = hit.status == Status.RAISED.value
    return n_ended + _move_all(connection, hit.watch_id.in_(expired) & unseen, _ENDED, now)


def end_of_watch(connection: Connection, watch_id: int, now: datetime) -> list[Any]:
    """End every open hit of one watch that was declined or ended; part of that decision. Returns hit_id and read_day of each."""
    hit = schema.hit.c
    its = (hit.watch_id == watch_id) & hit.status.in_(_OPEN)
    found = list(connection.execute(select(hit.hit_id, hit.read_day).where(its).order_by(hit.hit_id)).all())
    _move_all(connection, its, _ENDED, now)
    return found


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
