"""Watches listed for people, those that stopped too, with every decision on each.

Here: where a watch stands, and rows for who may see them, filtered in SQL. Not here: the watches that match (`matching`).

A watch whose owner is suspended or has left stops at once: somebody answers for looking, and a suspension may be for just such a
watch. It does not pass to who approved it, who vouched for grounds that another gave him: who will answer for it places it again,
which is a decision of his own, and what passed meanwhile is matched then. An owner who is let in again has his watches back.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import pandas as pd
from sqlalchemy import ColumnElement, Engine, Subquery, and_, case, exists, func, or_, select

from alpr_assets.access.gate import Found, Grant
from alpr_assets.access.people import Status
from alpr_assets.access.record.entries import ResultId
from alpr_assets.lifecycle.hits import moves
from alpr_assets.lifecycle.watches import audience
from alpr_assets.store import people, schema
from alpr_assets.store.engine import reading
from alpr_assets.store.watches import watch, watch_decision

COLUMNS: Final = {
    "watch_id": "id of the watch",
    "standing": "placed, approved, declined, ended, expired, unapproved: nobody approved it in time, or ownerless: its owner is suspended or has left",
    "runs": "whether it matches reads now",
    "kind": "watch, or entry of the department's own list",
    "pattern": "plate, or partial plate",
    "state": "two letters; empty: unknown",
    "area": "GeoJSON; missing: anywhere",
    "since_at": "captures from then on, UTC; missing: all",
    "until_at": "captures before then, UTC; missing: all",
    "purpose": "code of the policy's purpose",
    "case_number": "case, incident or administrative number",
    "reason": "why it was placed",
    "owner_id": "member who placed it",
    "audience": "normal, or covert",
    "supervisor_id": "member whom a covert watch names",
    "placed_at": "instant, UTC",
    "approve_by_at": "when it stops unless it was approved, UTC",
    "expires_at": "instant, UTC",
    "history_at": "when all past reads had been matched, UTC; missing: not yet",
    "n_hits": "hits that it raised so far, of those that you may see",
    "n_open": "of these, hits that somebody is to look at or may act on",
}
"""Columns of `watches`, in order."""

_OPEN: Final = tuple(status.value for status in moves.OPEN)
DECISION_COLUMNS: Final = ("seq", "kind", "decided_at", "member_id", "reason", "expires_at")


def in_force(at: datetime) -> ColumnElement[bool]:
    """Condition on `watch`: it matches reads at this instant."""
    w = watch.c
    waits = (w.status == "placed") & (w.approve_by_at > at)
    return and_(w.expires_at > at, or_(w.status == "approved", waits), owned())


def owned() -> ColumnElement[bool]:
    """Condition on `watch`: its owner is a member in good standing, who answers for it."""
    member = people.member.c
    return exists().where(member.member_id == watch.c.owner_id, member.status == Status.ACTIVE.value)


def standing(at: datetime) -> ColumnElement[str]:
    """Where a watch stands at this instant: its status, `expired`, `unapproved`, or `ownerless`."""
    w = watch.c
    return case(
        (w.status.in_(["declined", "ended"]), w.status),
        ((w.status == "placed") & (w.approve_by_at <= at) & (w.approve_by_at <= w.expires_at), "unapproved"),
        (w.expires_at <= at, "expired"),
        (~owned(), "ownerless"),
        else_=w.status,
    )


def watches(
    grant: Grant, engine: Engine, *, running: bool | None = None, watch_id: int | None = None
) -> Found[pd.DataFrame]:
    """The watches that the member may see, the newest first.

    Parameters
    ----------
    running : only those that match now, or only those that stopped; None: all
    watch_id : only this one

    Returns
    -------
    DataFrame (n, 21): see COLUMNS

    Raises
    ------
    AccessRefusedError : the grant is for another ask

    Source: 422.4(c), 422.4(e)
    """
    audience.require_listing(grant)
    runs = in_force(grant.at)
    known: dict[str, ColumnElement[Any]] = {**watch.c, "standing": standing(grant.at), "runs": runs}
    found = _tallies(grant)
    known |= {name: func.coalesce(found.c[name], 0) for name in ("n_hits", "n_open")}
    statement = (
        select(*(known[name].label(name) for name in COLUMNS))
        .outerjoin(found, found.c.watch_id == watch.c.watch_id)
        .where(audience.visible(grant), *([] if watch_id is None else [watch.c.watch_id == watch_id]))
        .order_by(watch.c.placed_at.desc(), watch.c.watch_id.desc())
    )
    if running is not None:
        statement = statement.where(runs if running else ~runs)
    with reading(engine) as connection:
        rows = connection.execute(statement).all()
    frame = pd.DataFrame(list(map(tuple, rows)), columns=list(COLUMNS))
    return Found(frame.astype({"runs": bool, "supervisor_id": "Int64"}), [audience.named(row) for row in rows])


def _tallies(grant: Grant) -> Subquery:
    """Hits of each watch that the member may see, all and open ones."""
    hit = schema.hit.c
    is_open = case((hit.status.in_(_OPEN), 1), else_=0)
    counted = select(hit.watch_id, func.count().label("n_hits"), func.sum(is_open).label("n_open"))
    shown = (hit.watch_id.is_not(None), hit.source.in_(sorted(grant.sources)), audience.hit_visible_to(grant.member))
    return counted.where(*shown).group_by(hit.watch_id).subquery("found")


def decisions(grant: Grant, engine: Engine, watch_id: int) -> Found[list[dict[str, Any]]]:
    """Every decision on one watch, the first one first; none where the member may not see it. Raises as `watches`."""
    audience.require_listing(grant)
    d = watch_decision.c
    statement = (
        select(d.decision_id, watch.c.watch_id, watch.c.placed_at, *(d[name] for name in DECISION_COLUMNS))
        .join(watch, watch.c.watch_id == d.watch_id)
        .where(d.watch_id == watch_id, audience.visible(grant))
        .order_by(d.seq)
    )
    with reading(engine) as connection:
        rows = connection.execute(statement).all()
    ids = [ResultId("watch_decision", row.decided_at.astimezone(UTC).date(), row.decision_id) for row in rows]
    return Found([{name: getattr(row, name) for name in DECISION_COLUMNS} for row in rows], ids)
