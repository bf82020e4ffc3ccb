"""Purges planned, approved and cancelled by members (422.5, Gov. Code 34090.6).

Here: a member's acts. Each is a deed for `Gate.act`: it is done only where the record has it. Not here: destroying (`executing`).

A plan is the exact list of what is due and not held, with the council's resolution and the attorney's written consent on file. It is
approved by the commander and the custodian, two people; it goes stale, and is then made anew. Hits that people acted on may become
evidence: while one is touched that no hold covers, nobody can approve: it is held, or somebody says why it is no evidence.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Engine, func, insert, select, update

from alpr_assets.access.gate import Found, Grant
from alpr_assets.access.reasons import LEAST, one_line, written
from alpr_assets.access.record.entries import ResultId
from alpr_assets.access.roles import Action, Role
from alpr_assets.access.secret_key import SecretKey
from alpr_assets.errors import AccessRefusedError, IllegalMoveError, MalformedError, NotFoundError
from alpr_assets.lifecycle.purge.manifests import Manifest, digest_of
from alpr_assets.lifecycle.retention.judging import eligible
from alpr_assets.policy import Policy
from alpr_assets.settings import Settings
from alpr_assets.store import schema
from alpr_assets.store.conditions import among
from alpr_assets.store.engine import reading
from alpr_assets.store.purges import MAX_REASON, MAX_REFERENCE, purge_day, purge_decision, purge_plan

Progress = Callable[[int, int], None]
"""Told after each day: days done, days to do."""

CAPACITIES: Final = {Role.COMMANDER: "commander", Role.CUSTODIAN: "custodian"}
"""In which capacity each role approves."""

ACTED_ON: Final = ("picture_confirmed", "actionable", "recovered")
"""Where a hit stands that may become evidence."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan. touched: hits that people acted on among what would be destroyed."""

    plan_id: int
    n_captures: int
    n_days: int
    touched: tuple[int, ...]


def manifests(
    engine: Engine, days: Sequence[date], *, policy: Policy, on: date, key: SecretKey, progress: Progress | None = None
) -> list[Manifest]:
    """What is due and not held on the department's date, a day at a time; days without any are left out. Nothing is written."""
    found = []
    for done, day in enumerate(days, start=1):
        with reading(engine) as connection:
            ids = eligible(connection, day, policy=policy, on=on)
        if ids:
            found.append(Manifest.of(day, ids, key))
        if progress is not None:
            progress(done, len(days))
    return found


def plan(
    grant: Grant,
    connection: Connection,
    of: Sequence[Manifest],
    *,
    resolution: str,
    consent: str,
    policy: Policy,
    key: SecretKey,
) -> Found[Planned]:
    """Write a plan down.

    Parameters
    ----------
    of : see `manifests`, just made
    resolution, consent : references of the legislative body's resolution and the city attorney's written consent

    Raises
    ------
    AccessRefusedError : the grant is for another ask
    MalformedError : `purge`: nothing is due; `reference`: one is missing
    """
    grant.require(Action.PLAN_PURGE)
    if not of:
        raise MalformedError(
            "purge", "nothing is due that is not held", remedy="look at the calendar of what comes due"
        )
    row = {
        "made_at": grant.at, "member_id": grant.member.member_id, "judged_on": grant.at.astimezone(policy.zone).date(),
        "stale_at": grant.at + timedelta(days=policy.purge.stale_days), "digest": digest_of(of, key),
        "n_captures": sum(one.n for one in of), "resolution": _reference(resolution, "the council's resolution"),
        "consent": _reference(consent, "the attorney's consent"), "status": "planned", "n_decisions": 0,
    }  # fmt: skip
    made = connection.execute(insert(purge_plan).returning(purge_plan), row).one()
    days = [
        {"plan_id": made.plan_id, "day": one.day, "n_planned": one.n, "manifest": one.content, "digest": one.digest}
        for one in of
    ]
    connection.execute(insert(purge_day), days)
    ids = _decide(connection, grant, made, "planned", "planned")
    touched = hits_touched(connection, made.plan_id, key)
    return Found(Planned(made.plan_id, made.n_captures, len(of), touched), ids)


def approve(grant: Grant, connection: Connection, plan_id: int, *, reason: str, key: SecretKey) -> Found[bool]:
    """Approve a plan in one's capacity; with both approvals it may be executed. Returns whether it may.

    Raises
    ------
    AccessRefusedError : the grant is for another ask, or one's role has no capacity
    IllegalMoveError : it is stale, decided already in this capacity or by this person, or touches hits that may become evidence
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


def begin(grant: Grant, connection: Connection, plan_id: int, *, key: SecretKey) -> Found[None]:
    """Let an approved plan be executed; from here on it goes to its end. Raises as `approve`."""
    grant.require(Action.PLAN_PURGE)
    row = locked(connection, plan_id)
    require_fresh(row, grant.at)
    if row.status != "approved":
        raise IllegalMoveError(
            f"purge {plan_id} is {row.status}", remedy="the commander and the custodian approve it first"
        )
    if digest_of(manifests_of(connection, plan_id), key) != row.digest:
        raise IllegalMoveError(f"purge {plan_id} is not what was approved", remedy="cancel it, and plan anew")
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


def purges(grant: Grant, engine: Engine, *, at: datetime) -> Found[list[dict[str, Any]]]:
    """Every purge, the newest first: its plan, `is_stale`, `decisions`, and the sums `n_days`, `n_destroyed`, `n_kept`; no capture."""
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
        decided = [dict(row) for row in connection.execute(select(purge_decision).order_by(decisions.seq)).mappings()]
    for row in plans:
        mine = of[row["plan_id"]]
        row |= {"n_days": mine.n_days, "n_destroyed": mine.n_destroyed or 0, "n_kept": mine.n_kept or 0}
        row |= {"decisions": [one for one in decided if one["plan_id"] == row["plan_id"]]}
        row |= {"is_stale": row["status"] in {"planned", "approved"} and at >= row["stale_at"]}
    return Found(plans, [ResultId("purge", None, row["plan_id"]) for row in plans])


def manifests_of(connection: Connection, plan_id: int) -> list[Manifest]:
    """A plan's manifests, in the order of days."""
    columns = purge_day.c
    rows = connection.execute(select(purge_day).where(columns.plan_id == plan_id).order_by(columns.day))
    return [Manifest(row.day, row.n_planned, row.manifest, row.digest) for row in rows]


def hits_touched(connection: Connection, plan_id: int, key: SecretKey) -> tuple[int, ...]:
    """Hits that people acted on whose capture the plan would destroy: each may become evidence."""
    hit, read = schema.hit.c, schema.read.c
    found: list[int] = []
    for one in manifests_of(connection, plan_id):
        rows = connection.execute(
            select(hit.hit_id)
            .join(schema.read, (read.day == hit.read_day) & (read.read_id == hit.read_id))
            .where(
                hit.read_day == one.day, hit.status.in_(ACTED_ON),
                among(connection.dialect.name, read.capture_id, sorted(one.captures(key))),
            )
        )  # fmt: skip
        found += [row.hit_id for row in rows]
    return tuple(sorted(found))


def locked(connection: Connection, plan_id: int) -> Any:
    """The plan, locked against other decisions. Raises NotFoundError."""
    row = connection.execute(select(purge_plan).where(purge_plan.c.plan_id == plan_id).with_for_update()).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no purge {plan_id}")
    return row


def require_fresh(row: Any, at: datetime) -> None:
    """Raise IllegalMoveError for a plan that is too old to be acted on."""
    if at >= row.stale_at:
        raise IllegalMoveError(f"purge {row.plan_id} is stale", remedy="cancel it, and plan anew")


def _decide(
    connection: Connection, grant: Grant, row: Any, kind: str, reason: str, *, capacity: str | None = None
) -> list[ResultId]:
    line = written(reason, most=MAX_REASON)
    number: int = connection.execute(
        insert(purge_decision).returning(purge_decision.c.decision_id),
        {
            "plan_id": row.plan_id, "seq": row.n_decisions + 1, "kind": kind, "capacity": capacity, "decided_at": grant.at,
            "member_id": grant.member.member_id, "reason": line,
        },
    ).scalar_one()  # fmt: skip
    connection.execute(
        update(purge_plan).where(purge_plan.c.plan_id == row.plan_id).values(n_decisions=row.n_decisions + 1)
    )
    return [ResultId("purge", None, row.plan_id), ResultId("purge_decision", None, number)]


def _reference(text: str, what: str) -> str:
    line = one_line(text, most=MAX_REFERENCE)
    if line is None:
        raise MalformedError(
            "reference", f"{what} is named by its reference on file", remedy=f"{LEAST} to {MAX_REFERENCE} characters"
        )
    return line
