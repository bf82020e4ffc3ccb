"""Watches: placed, approved or declined, extended, ended (422.4(c)).

Here: a member's acts on watches. Each is a deed for `Gate.act`: it is done only where the record has it, with the pattern among the
ask's elements, which the caller puts there as typed. Not here: listing (`listing`), who sees one (`audience`), matching.

A watch runs at once, because a fleeing car does not wait, and stops after the policy's hours unless another, a supervisor or
commander, has approved it. It ends at its expiry; to go on is a new decision by one who may approve and is not its owner.
Declined or ended, its open hits end with it (`hits.ending`).
A line of the department's own list is a watch of kind `entry`: a whole plate for one of the categories of 422.3. So it has what
422.4 asks of such a line: owner, case number, reason, expiry and approver. A watch's purpose and case number are the ask's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import Connection, insert, select, update

from alpr_assets.access import register
from alpr_assets.access.gate import Found, Grant
from alpr_assets.access.people import Status
from alpr_assets.access.reasons import written
from alpr_assets.access.record.entries import ResultId
from alpr_assets.access.roles import Action, may
from alpr_assets.errors import AccessRefusedError, IllegalMoveError, MalformedError, NotFoundError
from alpr_assets.lifecycle.hits.ending import end_of_watch
from alpr_assets.lifecycle.hotlists.categories import Category
from alpr_assets.lifecycle.watches import audience
from alpr_assets.lifecycle.watches.areas import Area
from alpr_assets.lifecycle.watches.patterns import parse
from alpr_assets.policy import Policy
from alpr_assets.store.watches import MAX_REASON, watch, watch_decision

MAX_CATEGORY: Final = 32  # characters, as a hit keeps them


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a member looks for, as typed; purpose and case number come with the ask.

    pattern : plate or partial plate, see `patterns`
    expires_at, since_at, until_at : aware instants; the last two of captures, `until_at` excluded
    state : two letters; empty: unknown
    supervisor_id : of a covert watch, the member who is shown it and decides on it
    """

    pattern: str
    reason: str
    expires_at: datetime
    kind: Literal["watch", "entry"] = "watch"
    state: str = ""
    area: Area | None = None
    since_at: datetime | None = None
    until_at: datetime | None = None
    audience: Literal["normal", "covert"] = "normal"
    supervisor_id: int | None = None


def place(grant: Grant, connection: Connection, wanted: Wanted, *, policy: Policy) -> Found[int]:
    """Place a watch; it matches from now on. Returns its id.

    Raises
    ------
    AccessRefusedError : the grant is for another ask
    MalformedError : `pattern_…`, `area`, `reason`, `expiry`, `window`, `state`, `purpose`, `supervisor`: what of it is wrong
    """
    grant.require(Action.PLACE_WATCH)
    pattern = parse(wanted.pattern, least_known=policy.watches.least_known)
    _check(grant, wanted, is_partial=pattern.is_partial)
    _check_expiry(wanted.expires_at, grant.at, policy)
    row = {
        "kind": wanted.kind, "pattern": pattern.text, "is_partial": pattern.is_partial, "state": _state(wanted.state),
        "area": wanted.area.geojson() if wanted.area else None, "since_at": wanted.since_at, "until_at": wanted.until_at,
        "purpose": grant.ask.purpose, "category": grant.ask.purpose, "case_number": grant.ask.case_number,
        "reason": written(wanted.reason, most=MAX_REASON), "owner_id": grant.member.member_id, "audience": wanted.audience,
        "supervisor_id": _supervisor(connection, grant, wanted), "status": "placed", "n_decisions": 0,
        "placed_at": grant.at, "approve_by_at": grant.at + timedelta(hours=policy.watches.approve_within_hours),
        "expires_at": wanted.expires_at,
    }  # fmt: skip
    placed = connection.execute(insert(watch).returning(watch.c.watch_id, watch.c.placed_at), row).one()
    _decide(connection, grant, placed.watch_id, "placed", wanted.reason)
    return Found(placed.watch_id, [audience.named(placed)])


def approve(grant: Grant, connection: Connection, watch_id: int, *, reason: str) -> Found[None]:
    """Let a watch run until its expiry.

    Raises
    ------
    AccessRefusedError : the grant is for another ask, or it is the member's own watch
    IllegalMoveError : it was decided already, or the time for approval is over
    NotFoundError : there is none that the member may see
    """
    return _judge(grant, connection, watch_id, "approved", reason)


def decline(grant: Grant, connection: Connection, watch_id: int, *, reason: str) -> Found[None]:
    """Stop a watch that waits for approval. Raises as `approve`."""
    return _judge(grant, connection, watch_id, "declined", reason)


def end(grant: Grant, connection: Connection, watch_id: int, *, reason: str) -> Found[None]:
    """Stop a watch: its owner, or one who may approve it. Raises as `approve`; one's own is one's to end."""
    grant.require(grant.ask.action if grant.ask.action is Action.APPROVE_WATCH else Action.PLACE_WATCH)
    row = _locked(grant, connection, watch_id)
    # An ownerless one can be ended too: else it would run again with its owner.
    if grant.ask.action is Action.PLACE_WATCH and row.owner_id != grant.member.member_id:
        raise AccessRefusedError(("another's watch is ended by who may approve it",), codes=("other_watch",))
    _require_running(row, grant.at)
    return _decide(connection, grant, watch_id, "ended", reason, row=row)


def extend(
    grant: Grant, connection: Connection, watch_id: int, *, expires_at: datetime, reason: str, policy: Policy
) -> Found[None]:
    """Let an approved watch run on, until `expires_at`: at most the policy's days from now. Raises as `approve`.

    One that has expired is placed again instead: what came meanwhile is then matched with it.
    """
    grant.require(Action.APPROVE_WATCH)
    row = _others(grant, connection, watch_id)
    _require_running(row, grant.at)
    _require_owner(connection, row)
    if row.status != "approved":
        raise IllegalMoveError(f"watch {watch_id} is not approved", remedy="approve it first")
    if expires_at <= row.expires_at:
        raise MalformedError("expiry", "the new expiry is not later than the old one", remedy="end the watch instead")
    _check_expiry(expires_at, grant.at, policy)
    return _decide(connection, grant, watch_id, "extended", reason, row=row, expires_at=expires_at)


def _judge(grant: Grant, connection: Connection, watch_id: int, kind: str, reason: str) -> Found[None]:
    grant.require(Action.APPROVE_WATCH)
    row = _others(grant, connection, watch_id)
    _require_running(row, grant.at)
    _require_owner(connection, row)
    if row.status != "placed":
        raise IllegalMoveError(f"watch {watch_id} is {row.status} already")
    return _decide(connection, grant, watch_id, kind, reason, row=row)


def _decide(
    connection: Connection,
    grant: Grant,
    watch_id: int,
    kind: str,
    reason: str,
    *,
    row: Any = None,
    expires_at: datetime | None = None,
) -> Found[None]:
    """Write one decision down, and where the watch stands after it."""
    row = _locked(grant, connection, watch_id) if row is None else row
    until = expires_at or row.expires_at
    decision_id: int = connection.execute(
        insert(watch_decision).returning(watch_decision.c.decision_id),
        {
            "watch_id": watch_id, "seq": row.n_decisions + 1, "kind": kind, "decided_at": grant.at,
            "member_id": grant.member.member_id, "reason": written(reason, most=MAX_REASON), "expires_at": until,
        },
    ).scalar_one()  # fmt: skip
    status = "approved" if kind == "extended" else kind
    connection.execute(
        update(watch)
        .where(watch.c.watch_id == watch_id)
        .values(status=status, n_decisions=row.n_decisions + 1, expires_at=until)
    )
    ids = [audience.named(row), ResultId("watch_decision", None, decision_id)]
    if kind in {"declined", "ended"}:
        ids += [ResultId("hit", hit.read_day, hit.hit_id) for hit in end_of_watch(connection, watch_id, grant.at)]
    return Found(None, ids)


def _locked(grant: Grant, connection: Connection, watch_id: int) -> Any:
    """The watch, locked against other decisions. One that the member may not see is not there."""
    statement = select(watch).where(watch.c.watch_id == watch_id, audience.visible(grant)).with_for_update()
    row = connection.execute(statement).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no watch {watch_id}")
    return row


def _others(grant: Grant, connection: Connection, watch_id: int) -> Any:
    row = _locked(grant, connection, watch_id)
    if row.owner_id == grant.member.member_id:
        raise AccessRefusedError(("nobody decides on his own watch",), codes=("own_watch",))
    return row


def _require_running(row: Any, at: datetime) -> None:
    """Raise IllegalMoveError unless the watch still matches."""
    if row.status in {"declined", "ended"}:
        raise IllegalMoveError(f"watch {row.watch_id} is {row.status} already")
    if row.expires_at <= at or (row.status == "placed" and row.approve_by_at <= at):
        why = "has expired" if row.expires_at <= at else "was not approved in time"
        raise IllegalMoveError(f"watch {row.watch_id} {why}", remedy="place it again")


def _require_owner(connection: Connection, row: Any) -> None:
    """Raise IllegalMoveError where nobody answers for the watch any more."""
    if register.member(connection, row.owner_id).status is not Status.ACTIVE:
        raise IllegalMoveError(
            f"watch {row.watch_id} has no owner: he is suspended or has left",
            remedy="who will answer for it places it again",
        )


def _check(grant: Grant, wanted: Wanted, *, is_partial: bool) -> None:
    if len(grant.ask.purpose) > MAX_CATEGORY:
        raise MalformedError("purpose", f"a watch's purpose has at most {MAX_CATEGORY} characters in its code")
    if wanted.kind == "entry" and (is_partial or grant.ask.purpose not in set(Category)):
        raise MalformedError(
            "purpose",
            "an entry of the department's list is a whole plate, for one of the categories of 422.3",
            remedy="place it as a watch instead",
        )
    if wanted.since_at and wanted.until_at and wanted.since_at >= wanted.until_at:
        raise MalformedError("window", "the time window ends before it begins")


def _check_expiry(expires_at: datetime, at: datetime, policy: Policy) -> None:
    if not at < expires_at <= at + timedelta(days=policy.watches.max_days):
        raise MalformedError(
            "expiry",
            f"a watch expires after now and within {policy.watches.max_days} days",
            remedy="give another expiry",
        )


def _supervisor(connection: Connection, grant: Grant, wanted: Wanted) -> int | None:
    """Who is shown a covert watch: another active member who may approve it. None for a normal one."""
    if wanted.audience == "normal":
        return None
    if wanted.supervisor_id is None or wanted.supervisor_id == grant.member.member_id:
        raise MalformedError("supervisor", "a covert watch names another as its supervisor")
    named = register.member(connection, wanted.supervisor_id)
    if named.status is not Status.ACTIVE or not may(named.role, Action.APPROVE_WATCH):
        raise MalformedError("supervisor", f"member {named.member_id} does not approve watches")
    return named.member_id


def _state(state: str) -> str:
    state = state.strip().upper()
    if state and not (len(state) == 2 and state.isascii() and state.isalpha()):
        raise MalformedError("state", "a state is two letters, or left empty")
    return state


def elements(wanted: Wanted) -> Mapping[str, Any]:
    """What an ask to place says, for the access record: the pattern as typed, sealed there."""
    return {
        "pattern": wanted.pattern, "state": wanted.state, "kind": wanted.kind, "audience": wanted.audience,
        "area": wanted.area.geojson() if wanted.area else None,
        "since_at": wanted.since_at.isoformat() if wanted.since_at else None,
        "until_at": wanted.until_at.isoformat() if wanted.until_at else None,
        "expires_at": wanted.expires_at.isoformat(), "reason": wanted.reason,
    }  # fmt: skip
