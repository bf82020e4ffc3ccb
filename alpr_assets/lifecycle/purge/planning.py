"""Purges approved, begun and cancelled by members (422.5, Gov. Code 34090.6).

Here: a member's acts. Each is a deed for `Gate.act`: it is done only where the record has it.
Not here: making a plan (`drafting`), destroying (`executing`).

A plan is the exact list of what is due and not held, with the council's resolution and the attorney's written consent on file and in
date. While the designee's office is held (422.3.1(e)), it is approved by the commander and the custodian, two people; it goes stale, and
is then made anew. Hits that people acted on may become evidence: while one is touched that no hold covers, nobody can approve: it is
held, or somebody says why it is no evidence.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Engine, func, insert, select, update

from alpr_assets.access import designee
from alpr_assets.access.gate import Found, Grant
from alpr_assets.access.reasons import written
from alpr_assets.access.record.entries import ResultId
from alpr_assets.access.roles import Action, Role
from alpr_assets.access.secret_key import SecretKey
from alpr_assets.errors import AccessRefusedError, IllegalMoveError, NotFoundError
from alpr_assets.lifecycle.purge.clocks import ClockSeen, require_right
from alpr_assets.lifecycle.purge.completing import waiting
from alpr_assets.lifecycle.purge.due import DUE
from alpr_assets.lifecycle.purge.manifests import Lot, Manifest, digest_of
from alpr_assets.lifecycle.purge.on_file import require_in_date
from alpr_assets.lifecycle.purge.packed import packed
from alpr_assets.policy import Policy
from alpr_assets.settings import Settings
from alpr_assets.store import schema
from alpr_assets.store.engine import reading
from alpr_assets.store.purges import (
    MAX_REASON,
    purge_completion,
    purge_day,
    purge_decision,
    purge_lot,
    purge_plan,
)

CAPACITIES: Final = {Role.COMMANDER: "commander", Role.CUSTODIAN: "custodian"}
"""In which capacity each role approves."""

ANEW: Final = "cancel it, and plan anew"

ACTED_ON: Final = ("picture_confirmed", "actionable", "recovered")
"""Where a hit stands that may become evidence."""


def approve(
    grant: Grant, connection: Connection, plan_id: int, *, reason: str, policy: Policy, key: SecretKey
) -> Found[bool]:
    """Approve a plan in one's capacity; with both approvals it may be executed. Returns whether it may.

    Raises
    ------
    AccessRefusedError : the grant is for another ask, or one's role has no capacity
    IllegalMoveError : it is stale, decided already in this capacity or by this person, or touches hits that may become evidence; nobody
        holds the designee's office (422.3.1(e)), or what the plan rests on is no longer in date
    NotFoundError : there is none
    """
    grant.require(Action.APPROVE_PURGE)
    capacity = CAPACITIES.get(grant.member.role)
    if capacity is None:
        raise AccessRefusedError(("a purge is approved by the commander and the custodian",), codes=("capacity",))
    row = locked(connection, plan_id)
    require_fresh(row, grant.at)
    if row.status != "planned":
        raise IllegalMoveError(f"purge {plan_id} is {row.status} already")
    _require_as_planned(connection, row, key)
    on = grant.at.astimezone(policy.zone).date()
    require_in_date(row, on, policy, remedy=ANEW)
    if designee.current(connection, on) is None:
        raise IllegalMoveError(
            "nobody is the current designee, so that no purge can be approved (422.3.1(e))",
            remedy="put the Chief's designation on file",
        )
    before = connection.execute(
        select(purge_decision).where(purge_decision.c.plan_id == plan_id, purge_decision.c.kind == "approved")
    ).all()
    if any(one.capacity == capacity or one.member_id == grant.member.member_id for one in before):
        raise IllegalMoveError(
            f"purge {plan_id} is approved so already", remedy="another person approves in the other capacity"
        )
    if touched := hits_touched(connection, plan_id, key):
        raise IllegalMoveError(
            f"purge {plan_id} would destroy {len(touched)} hits that people acted on",
            remedy="hold them, or end them, and plan anew",
        )
    ids = _decide(connection, grant, row, "approved", reason, capacity=capacity)
    if before:
        connection.execute(update(purge_plan).where(purge_plan.c.plan_id == plan_id).values(status="approved"))
    return Found(bool(before), ids)


def cancel(grant: Grant, connection: Connection, plan_id: int, *, reason: str) -> Found[None]:
    """Give a plan up that has not begun. Raises as `approve`."""
    grant.require(grant.ask.action if grant.ask.action is Action.APPROVE_PURGE else Action.PLAN_PURGE)
    row = locked(connection, plan_id)
    if row.status not in {"planned", "approved"}:
        raise IllegalMoveError(f"purge {plan_id} is {row.status} already")
    ids = _decide(connection, grant, row, "cancelled", reason)
    connection.execute(update(purge_plan).where(purge_plan.c.plan_id == plan_id).values(status="cancelled"))
    return Found(None, ids)


def begin(
    grant: Grant, connection: Connection, plan_id: int, *, key: SecretKey, seen: ClockSeen, policy: Policy
) -> Found[None]:
    """Let an approved plan be executed; from here on it goes to its end.

    seen : of the clock, just now

    Raises as `approve`; IllegalMoveError also where the clock may be wrong.
    """
    grant.require(Action.PLAN_PURGE)
    row = locked(connection, plan_id)
    require_fresh(row, grant.at)
    if row.status != "approved":
        raise IllegalMoveError(
            f"purge {plan_id} is {row.status}", remedy="the commander and the custodian approve it first"
        )
    _require_as_planned(connection, row, key)
    require_in_date(row, grant.at.astimezone(policy.zone).date(), policy, remedy=ANEW)
    require_right(seen, grant.at, policy)
    ids = _decide(connection, grant, row, "begun", "begun")
    connection.execute(update(purge_plan).where(purge_plan.c.plan_id == plan_id).values(status="executing"))
    return Found(None, ids)


def key_of(configured: Settings) -> SecretKey:
    """The key of manifests' digests."""
    return SecretKey(configured.path("keys") / "purges.key")


def begun(connection: Connection) -> list[int]:
    """Purges that have begun and are not done, the oldest first."""
    executing = purge_plan.c.status == "executing"
    return list(connection.scalars(select(purge_plan.c.plan_id).where(executing).order_by(purge_plan.c.plan_id)))


def purges(grant: Grant, engine: Engine, *, at: datetime, key: SecretKey) -> Found[list[dict[str, Any]]]:
    """Every purge, the newest first; no capture.

    Returns
    -------
    A dict a purge: its plan's columns, `is_stale`, `decisions`, `lots`, the sums `n_days`, `n_destroyed`, `n_kept`; `n_touched`: hits that
    people acted on, for which nobody can approve it; `packed`: packages that have captures of it, see `packed.PackedBefore`; `is_removed`: certified, and its bytes are not rewritten yet; `completed_at`: when
    they were, where that is a step of its own
    """
    grant.require(grant.ask.action if grant.ask.action is Action.APPROVE_PURGE else Action.PLAN_PURGE)
    days, decisions = purge_day.c, purge_decision.c
    sums = [
        func.count().label("n_days"),
        func.sum(days.n_destroyed).label("n_destroyed"),
        func.sum(days.n_kept).label("n_kept"),
    ]
    with reading(engine) as connection:
        plans = [
            dict(row) for row in connection.execute(select(purge_plan).order_by(purge_plan.c.plan_id.desc())).mappings()
        ]
        of = {row.plan_id: row for row in connection.execute(select(days.plan_id, *sums).group_by(days.plan_id))}
        taken = connection.execute(select(purge_lot).order_by(purge_lot.c.kind)).mappings().all()
        completed = {row.plan_id: row.completed_at for row in connection.execute(select(purge_completion))}
        unwritten = set(waiting(connection))
        touched = {
            row["plan_id"]: len(hits_touched(connection, row["plan_id"], key))
            for row in plans
            if row["status"] == "planned"
        }
        before = {
            row["plan_id"]: packed(connection, row["plan_id"], key) for row in plans if row["status"] == "planned"
        }
        decided = [dict(row) for row in connection.execute(select(purge_decision).order_by(decisions.seq)).mappings()]
    for row in plans:
        mine = of.get(row["plan_id"])
        row |= {
            "n_days": mine.n_days if mine else 0, "n_destroyed": (mine and mine.n_destroyed) or 0, "n_kept": (mine and mine.n_kept) or 0,
            "lots": [dict(one) for one in taken if one["plan_id"] == row["plan_id"]],
        }  # fmt: skip
        row |= {"decisions": [one for one in decided if one["plan_id"] == row["plan_id"]]}
        row |= {"n_touched": touched.get(row["plan_id"], 0), "packed": before.get(row["plan_id"], [])}
        row |= {"is_removed": row["plan_id"] in unwritten, "completed_at": completed.get(row["plan_id"])}
        row |= {"is_stale": row["status"] in {"planned", "approved"} and at >= row["stale_at"]}
    return Found(plans, [ResultId("purge", None, row["plan_id"]) for row in plans])


def manifests_of(connection: Connection, plan_id: int) -> list[Manifest]:
    """A plan's manifests, in the order of days."""
    columns = purge_day.c
    rows = connection.execute(select(purge_day).where(columns.plan_id == plan_id).order_by(columns.day))
    return [Manifest(row.day, row.n_planned, row.manifest, row.digest) for row in rows]


def lots_of(connection: Connection, plan_id: int) -> list[Lot]:
    """A plan's lots, in the order that they were planned in."""
    rows = {row.kind: row for row in connection.execute(select(purge_lot).where(purge_lot.c.plan_id == plan_id))}
    return [Lot(kind, rows[kind].n_planned, rows[kind].manifest, rows[kind].digest) for kind in DUE if kind in rows]


def hits_touched(connection: Connection, plan_id: int, key: SecretKey) -> tuple[int, ...]:
    """Hits that people acted on whose capture the plan would destroy: each may become evidence.

    From the hits to the days: they are few, and of a year's manifests only theirs are opened.
    """
    hit, read, days = schema.hit.c, schema.read.c, purge_day.c
    rows = connection.execute(
        select(hit.hit_id, hit.read_day, read.capture_id)
        .join(schema.read, (read.day == hit.read_day) & (read.read_id == hit.read_id))
        .join(purge_day, (days.plan_id == plan_id) & (days.day == hit.read_day))
        .where(hit.status.in_(ACTED_ON))
    ).all()
    of_days = {row.read_day for row in rows}
    doomed = {one.day: one.captures(key) for one in manifests_of(connection, plan_id) if one.day in of_days}
    return tuple(sorted(row.hit_id for row in rows if row.capture_id in doomed[row.read_day]))


def locked(connection: Connection, plan_id: int) -> Any:
    """The plan, locked against other decisions. Raises NotFoundError."""
    row = connection.execute(select(purge_plan).where(purge_plan.c.plan_id == plan_id).with_for_update()).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no purge {plan_id}")
    return row


def require_fresh(row: Any, at: datetime) -> None:
    """Raise IllegalMoveError for a plan that is too old to be acted on."""
    if at >= row.stale_at:
        raise IllegalMoveError(f"purge {row.plan_id} is stale", remedy=ANEW)


def decide(
    connection: Connection,
    row: Any,
    kind: str,
    reason: str,
    *,
    member_id: int,
    at: datetime,
    capacity: str | None = None,
) -> int:
    """Write a decision on a plan down; returns its id. `row`: the plan's, locked."""
    number: int = connection.execute(
        insert(purge_decision).returning(purge_decision.c.decision_id),
        {
            "plan_id": row.plan_id, "seq": row.n_decisions + 1, "kind": kind, "capacity": capacity, "decided_at": at,
            "member_id": member_id, "reason": written(reason, most=MAX_REASON),
        },
    ).scalar_one()  # fmt: skip
    connection.execute(
        update(purge_plan).where(purge_plan.c.plan_id == row.plan_id).values(n_decisions=row.n_decisions + 1)
    )
    return number


def _require_as_planned(connection: Connection, row: Any, key: SecretKey) -> None:
    """Raise VerificationError or IllegalMoveError where what would be destroyed is not what the plan's digest is of."""
    of, lots = manifests_of(connection, row.plan_id), lots_of(connection, row.plan_id)
    for one in of:
        one.require(key)
    for lot in lots:
        lot.require(key)
    if digest_of(of, lots, key) != row.digest:
        raise IllegalMoveError(f"purge {row.plan_id} is not what was planned", remedy=ANEW)


def _decide(
    connection: Connection, grant: Grant, row: Any, kind: str, reason: str, *, capacity: str | None = None
) -> list[ResultId]:
    by = grant.member.member_id
    number = decide(connection, row, kind, reason, member_id=by, at=grant.at, capacity=capacity)
    return [ResultId("purge", None, row.plan_id), ResultId("purge_decision", None, number)]
