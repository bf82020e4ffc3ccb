"""A person moves a hit: deeds for `Gate.act`, each under a Grant and recorded with what it did (422.4(f)).

Here: who may move which hit, and what must be true besides the table of legal moves (`moves`). Not here: the system's moves.
A hit that the member may not see is not found: that it exists is told to nobody who may not know (422.4(e)).

Before acting unconfirmed the list must be fresh; a stale one stops only this way. A live CLETS result later than the raise decides
over whatever the list says.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, select

from alpr_assets.access.gate import Found, Grant
from alpr_assets.access.record.entries import ResultId
from alpr_assets.access.roles import Action
from alpr_assets.errors import IllegalMoveError, MalformedError, NotFoundError
from alpr_assets.lifecycle import corrections
from alpr_assets.lifecycle.hits import ending, notices
from alpr_assets.lifecycle.hits.entitlement import named, visible
from alpr_assets.lifecycle.hits.moves import (
    ENDS,
    Answers,
    BySystem,
    Clets,
    Duplicate,
    Kind,
    Move,
    Reasoned,
    Result,
    Seen,
    Status,
    actionable_until,
    require_legal,
    status_at,
)
from alpr_assets.lifecycle.lookalikes import fold
from alpr_assets.policy import Policy
from alpr_assets.store import schema, verdicts


@dataclass(frozen=True, slots=True)
class Moved:
    """Where a hit stands now.

    move_id : what the access record names
    actionable_until : aware UTC instant; None: not actionable
    hit_ids : of a misread: hits that the corrected plate raised, as far as the member may see them
    """

    hit_id: int
    move_id: int
    status: Status
    actionable_until: datetime | None = None
    hit_ids: tuple[int, ...] = ()


def confirm_picture(
    grant: Grant,
    connection: Connection,
    hit_id: int,
    answers: Answers,
    *,
    policy: Policy,
    note: str = "",
    of_read: int | None = None,
) -> Found[Moved]:
    """Say that plate, state and vehicle in the picture are the listed ones.

    Parameters
    ----------
    policy : of the department, as for every move
    note : what was seen, 300 characters at most
    of_read : id of the read whose picture was looked at; refused where the hit rests on another by now. None: not checked

    Raises
    ------
    NotFoundError : there is no such hit, or none that the member may see
    IllegalMoveError : one of the answers is no, or the hit stands elsewhere
    AccessRefusedError : the grant is for another ask than verify_hit
    """
    return _moved(grant, connection, hit_id, Seen(Kind.CONFIRM_PICTURE, answers, note), policy=policy, of_read=of_read)


def report_wrong_state(
    grant: Grant,
    connection: Connection,
    hit_id: int,
    answers: Answers,
    *,
    policy: Policy,
    note: str = "",
    of_read: int | None = None,
) -> Found[Moved]:
    """End a hit whose plate is of another state. Raises as `confirm_picture`; also when the answer about the state is yes."""
    return _moved(grant, connection, hit_id, Seen(Kind.WRONG_STATE, answers, note), policy=policy, of_read=of_read)


def report_misread(
    grant: Grant,
    connection: Connection,
    hit_id: int,
    answers: Answers,
    reading: corrections.Reading,
    *,
    policy: Policy,
    note: str = "",
    of_read: int | None = None,
) -> Found[Moved]:
    """End a hit whose plate was misread, put the right reading beside the read, and match it.

    Raises as `confirm_picture`; IllegalMoveError also when the reading is the listed plate: then the match was right.
    """
    hit = _locked(grant, connection, hit_id)
    if fold(reading.plate) == fold(hit.plate):
        raise IllegalMoveError(
            f"hit {hit_id}: the reading is the listed plate",
            remedy="the match was right: answer the question about the plate with yes",
        )
    found = _moved(grant, connection, hit_id, Seen(Kind.MISREAD, answers, note), policy=policy, of_read=of_read)
    done = corrections.put(grant, connection, hit.read_day, hit.read_id, reading, policy=policy)
    moved = Moved(hit_id, found.rows.move_id, Status.MISREAD, None, done.rows.hit_ids)
    return Found(moved, [*found.ids, *done.ids])


def report_other_vehicle(
    grant: Grant,
    connection: Connection,
    hit_id: int,
    answers: Answers,
    reason: str,
    *,
    policy: Policy,
    note: str = "",
    of_read: int | None = None,
) -> Found[Moved]:
    """Dismiss a hit whose picture shows the listed plate on another vehicle than the list describes; `reason`: which.

    Raises as `confirm_picture`; IllegalMoveError also when the answers are not yes, yes, no; MalformedError (`reason`).
    """
    seen = Seen(Kind.DISMISS, answers, note, reason)
    return _moved(grant, connection, hit_id, seen, policy=policy, of_read=of_read)


def report_clets(grant: Grant, connection: Connection, hit_id: int, clets: Clets, *, policy: Policy) -> Found[Moved]:
    """Report what CLETS said: confirmed makes a hit with a confirmed picture actionable, anything else ends it.

    Raises as `confirm_picture`; MalformedError (`clets_at`): the result is earlier than the hit, in the future or, where it
    confirms, too old to be acted on.
    """
    hit = _locked(grant, connection, hit_id)
    if clets.at > grant.at:
        raise MalformedError("clets_at", "the result is of the future")
    if clets.at < hit.raised_at:
        raise MalformedError("clets_at", f"the result is earlier than hit {hit_id}", remedy="ask CLETS again")
    minutes = policy.hits.actionable_minutes
    if clets.result is Result.CONFIRMED and clets.at + timedelta(minutes=minutes) <= grant.at:
        raise MalformedError("clets_at", f"the result is more than {minutes} minutes old", remedy="ask CLETS again")
    return _moved(grant, connection, hit_id, clets, policy=policy)


def act_unconfirmed(grant: Grant, connection: Connection, hit_id: int, reason: str, *, policy: Policy) -> Found[Moved]:
    """Make a hit actionable without CLETS since it was not practicable; the supervisors are told.

    Raises as `confirm_picture`; IllegalMoveError also when the list in force is stale or no longer holds the entry.
    """
    hit = _locked(grant, connection, hit_id)
    require_legal(hit_id, status_at(hit.status, hit.actionable_until, grant.at), Kind.NOT_PRACTICABLE)
    age = list_age(connection, hit, grant.at)
    if age is not None and age > timedelta(hours=policy.hotlists.max_age_hours):
        raise IllegalMoveError(
            f"hit {hit_id}: the list in force is stale, {age.total_seconds() / 3600:.0f} h old",
            remedy="confirm with CLETS: a live result decides over the list",
        )
    if hit.entry_id is not None and not _stands(connection, hit):
        raise IllegalMoveError(f"hit {hit_id}: its entry left the list", remedy="confirm with CLETS")
    found = _moved(grant, connection, hit_id, Reasoned(Kind.NOT_PRACTICABLE, reason), policy=policy)
    seq = select(verdicts.hit_move.c.seq).where(verdicts.hit_move.c.move_id == found.rows.move_id)
    notices.notify(connection, hit_id, connection.execute(seq).scalar_one(), Kind.NOT_PRACTICABLE.value, grant.at)
    return found


def mark_duplicate(grant: Grant, connection: Connection, hit_id: int, of_hit: int, *, policy: Policy) -> Found[Moved]:
    """End a hit since another one of the same vehicle is acted on.

    Raises as `confirm_picture`; IllegalMoveError also when the other is the same hit, of another plate, or at an end itself.
    """
    both = {each: _locked(grant, connection, each) for each in sorted({hit_id, of_hit})}  # in one order: no deadlock
    hit, other = both[hit_id], both[of_hit]
    same = fold(hit.plate) == fold(other.plate) or (hit.day, hit.sighting_id) == (other.day, other.sighting_id)
    if hit_id == of_hit or not same:
        raise IllegalMoveError(f"hit {hit_id} is no duplicate of hit {of_hit}")
    if other.status in {Status.DUPLICATE, Status.MISREAD, Status.WRONG_STATE, Status.DISMISSED}:
        raise IllegalMoveError(f"hit {of_hit} is {other.status}", remedy="name the hit that is acted on")
    return _moved(grant, connection, hit_id, Duplicate(of_hit), policy=policy)


def dismiss(grant: Grant, connection: Connection, hit_id: int, reason: str, *, policy: Policy) -> Found[Moved]:
    """End a hit for another reason, which is given. Raises as `confirm_picture`; MalformedError (`reason`)."""
    return _moved(grant, connection, hit_id, Reasoned(Kind.DISMISS, reason), policy=policy)


def list_age(connection: Connection, hit: Any, at: datetime) -> timedelta | None:
    """How old the list in force is that holds a hit's entry: since it was made, else since it came. None: a watch's hit."""
    if hit.entry_id is None:
        return None
    entry, hotlist, version = schema.hotlist_entry.c, schema.hotlist.c, schema.hotlist_import.c
    made_at = connection.scalar(
        select(func.coalesce(version.made_at, version.imported_at, type_=version.imported_at.type))
        .join(schema.hotlist, hotlist.current_import_id == version.import_id)
        .join(schema.hotlist_entry, entry.list_id == hotlist.list_id)
        .where(entry.entry_id == hit.entry_id)
    )
    return timedelta.max if made_at is None else at - made_at


def _stands(connection: Connection, hit: Any) -> bool:
    """Whether the entry, or a line that says the same of the plate, is in force."""
    mine, entry = schema.hotlist_entry.alias("mine").c, schema.hotlist_entry.c
    statement = select(entry.entry_id).where(
        mine.entry_id == hit.entry_id,
        entry.list_id == mine.list_id,
        entry.to_import_id.is_(None),
        entry.plate == hit.plate,
        entry.state == hit.state,
        entry.list_type == hit.list_type,
    )
    return connection.execute(statement.limit(1)).first() is not None


def _locked(grant: Grant, connection: Connection, hit_id: int) -> Any:
    """The hit, locked against another's move. Raises NotFoundError; AccessRefusedError."""
    grant.require(Action.VERIFY_HIT)
    statement = select(schema.hit).where(schema.hit.c.hit_id == hit_id, *visible(grant)).with_for_update()
    hit = connection.execute(statement).one_or_none()
    if hit is None:
        raise NotFoundError(f"no hit {hit_id}")
    return hit


def _moved(
    grant: Grant, connection: Connection, hit_id: int, move: Move, *, policy: Policy, of_read: int | None = None
) -> Found[Moved]:
    hit = _locked(grant, connection, hit_id)
    if of_read is not None and of_read != hit.read_id:
        raise IllegalMoveError(
            f"hit {hit_id} rests on another read by now", remedy="a better picture came: look at it and answer again"
        )
    require_legal(hit_id, status_at(hit.status, hit.actionable_until, grant.at), move.kind)
    if status_at(hit.status, hit.actionable_until, grant.at) is not Status(hit.status):
        ending.put(connection, hit, BySystem(Kind.LAPSE), at=grant.at, member_id=None)
        hit = _locked(grant, connection, hit_id)
    until = actionable_until(move, grant.at, policy.hits.actionable_minutes)
    move_id = ending.put(connection, hit, move, at=grant.at, member_id=grant.member.member_id, until=until)
    moved = Moved(hit_id, move_id, ENDS[move.kind], until)
    return Found(moved, [named(hit_id, hit.read_day, restricted=hit.restricted), ResultId("hit_move", None, move_id)])
