"""The system's own moves: an actionable hit lapses; a hit whose entry left its list or expired, or whose watch stopped, ends.

Here: writing a move down, whoever makes it. Not here: a person's moves (`verifying`).

Which hits end with their watch or entry (422.4(f))
declined, ended, not approved in time, owner gone    every open one, as with a cancelled entry: the reason to look fell away
expired                                              those whose picture nobody confirmed, a shift later
an entry that leaves its list once it has expired    as expired: who tidies a list up has cancelled nothing

An expiry says nothing against the reason: what was raised in time is still looked at by the shift that it fell to, and a
confirmed hit goes on to its end.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

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


@dataclass(frozen=True, slots=True)
class Over:
    """Hits ended with their entry, ended with their watch or by an expiry, and lapsed."""

    n_withdrawn: int
    n_stopped: int
    n_lapsed: int


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


def end_what_is_over(connection: Connection, now: datetime, *, policy: Policy) -> Over:
    """Make every move of the system's own that is due, in one transaction: by Dagster's runs, and between them by the worker."""
    return Over(
        n_withdrawn=end_withdrawn(connection, now, policy=policy),
        n_stopped=end_stopped(connection, now, policy=policy),
        n_lapsed=lapse(connection, now),
    )


def lapse(connection: Connection, now: datetime) -> int:
    """Write down that actionable hits have lapsed. Returns how many did; readers judge by the time themselves."""
    hit = schema.hit.c
    over = (hit.status == Status.ACTIONABLE.value) & (hit.actionable_until <= now)
    return _move_all(connection, over, BySystem(Kind.LAPSE), now)


def end_withdrawn(connection: Connection, now: datetime, *, policy: Policy) -> int:
    """End the open hits whose entry left its list. Returns how many ended.

    A line that only changed is not withdrawn: the same plate, state and type stand in force under the same source. Nor is one
    that had expired before it left.
    """
    hit, entry = schema.hit.c, schema.hotlist_entry.c
    left = exists().where(entry.entry_id == hit.entry_id, entry.to_import_id.is_not(None))
    rows = connection.execute(
        select(hit.hit_id, hit.source, hit.plate, hit.state, hit.list_type).where(hit.status.in_(_OPEN), left)
    ).all()
    newest = _newest_lines(connection, sorted({row.plate for row in rows}))
    ended = [row.hit_id for row in rows if _is_withdrawn(newest.get(_key(row), []), policy.zone)]
    return sum(
        _move_all(connection, hit.hit_id.in_(some) & hit.status.in_(_OPEN), _ENDED, now) for some in _chunks(ended)
    )


def end_stopped(connection: Connection, now: datetime, *, policy: Policy) -> int:
    """End the open hits of watches that stopped and of entries that expired. Returns how many ended.

    For a schedule: `end_of_watch` ends a decided one's at once.
    """
    hit, w = schema.hit.c, watch.c
    groundless = select(w.watch_id).where(standing(now).in_(GROUNDLESS))
    expired = select(w.watch_id).where(
        standing(now) == "expired", w.expires_at <= now - timedelta(hours=policy.hits.unverified_hours)
    )
    n_ended = _move_all(connection, hit.watch_id.in_(groundless) & hit.status.in_(_OPEN), _ENDED, now)
    unseen = hit.status == Status.RAISED.value
    n_ended += _move_all(connection, hit.watch_id.in_(expired) & unseen, _ENDED, now)
    return n_ended + _end_expired(connection, now, policy=policy)


def end_of_watch(connection: Connection, watch_id: int, now: datetime) -> list[Any]:
    """End every open hit of one watch that was declined or ended; part of that decision. Returns hit_id and read_day of each."""
    hit = schema.hit.c
    its = (hit.watch_id == watch_id) & hit.status.in_(_OPEN)
    found = list(connection.execute(select(hit.hit_id, hit.read_day).where(its).order_by(hit.hit_id)).all())
    _move_all(connection, its, _ENDED, now)
    return found


def _end_expired(connection: Connection, now: datetime, *, policy: Policy) -> int:
    """End the hits that nobody looked at and whose entry, however its line changed, was over a shift ago."""
    hit, entry = schema.hit.c, schema.hotlist_entry.c
    on = (now - timedelta(hours=policy.hits.unverified_hours)).astimezone(policy.zone).date()
    unseen = hit.status == Status.RAISED.value
    over = exists().where(entry.entry_id == hit.entry_id, (entry.expires_on < on) | entry.to_import_id.is_not(None))
    rows = connection.execute(
        select(hit.hit_id, hit.source, hit.plate, hit.state, hit.list_type).where(unseen, over)
    ).all()
    newest = _newest_lines(connection, sorted({row.plate for row in rows}))
    ended = [row.hit_id for row in rows if _has_expired(newest.get(_key(row), []), on)]
    return sum(_move_all(connection, hit.hit_id.in_(some) & unseen, _ENDED, now) for some in _chunks(ended))


def _newest_lines(connection: Connection, plates: list[str]) -> dict[tuple[str, str, str, str], list[Any]]:
    """By source, plate, state and type the lines in force; where there is none, those that were the last to leave.

    Each with expires_on, to_import_id, and left_at (UTC): when it left its list.
    """
    entry, hotlist, left = schema.hotlist_entry.c, schema.hotlist.c, schema.hotlist_import.c
    statement = (
        select(
            hotlist.source, entry.plate, entry.state, entry.list_type, entry.expires_on, entry.to_import_id,
            left.imported_at.label("left_at"),
        )
        .join(schema.hotlist, hotlist.list_id == entry.list_id)
        .outerjoin(schema.hotlist_import, left.import_id == entry.to_import_id)
    )  # fmt: skip
    lines: dict[tuple[str, str, str, str], list[Any]] = {}
    for some in _chunks(plates):
        for row in connection.execute(statement.where(entry.plate.in_(some))):
            lines.setdefault(_key(row), []).append(row)
    return {key: _newest(found) for key, found in lines.items()}


def _newest(lines: list[Any]) -> list[Any]:
    newest = max(math.inf if line.to_import_id is None else line.to_import_id for line in lines)
    return [line for line in lines if (math.inf if line.to_import_id is None else line.to_import_id) == newest]


def _key(row: Any) -> tuple[str, str, str, str]:
    return row.source, row.plate, row.state, row.list_type


def _is_withdrawn(newest: list[Any], zone: ZoneInfo) -> bool:
    """Whether a list took its line back: none is in force, and one of those that left last had not expired."""
    return not newest or any(
        line.to_import_id is not None
        and (line.expires_on is None or line.left_at.astimezone(zone).date() <= line.expires_on)
        for line in newest
    )


def _has_expired(newest: list[Any], on: date) -> bool:
    """Whether all lines were over before this day of the department."""
    return bool(newest) and all(line.expires_on is not None and line.expires_on < on for line in newest)


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
