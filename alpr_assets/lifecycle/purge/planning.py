"""Purges planned, approved and cancelled by members (422.5, Gov. Code 34090.6).

Here: a member's acts. Each is a deed for `Gate.act`: it is done only where the record has it. Not here: destroying (`executing`).

A plan is the exact list of what is due and not held, with the council's resolution and the attorney's written consent on file and in
date. While the designee's office is held (422.3.1(e)), it is approved by the commander and the custodian, two people; it goes stale, and is then made anew. Hits that people acted on may become
evidence: while one is touched that no hold covers, nobody can approve: it is held, or somebody says why it is no evidence.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Engine, func, insert, select, update

from alpr_assets.access import designee
from alpr_assets.access.gate import Found, Grant
from alpr_assets.access.record.entries import ResultId
from alpr_assets.access.roles import Action, Role
from alpr_assets.access.secret_key import SecretKey
from alpr_assets.errors import AccessRefusedError, IllegalMoveError, MalformedError, NotFoundError
from alpr_assets.lifecycle.purge.clocks import ClockSeen, require_right
from alpr_assets.lifecycle.purge.completing import waiting
from alpr_assets.lifecycle.purge.lots import DUE
from alpr_assets.lifecycle.purge.manifests import Lot, Manifest, digest_of
from alpr_assets.lifecycle.reasons import LEAST, one_line, written
from alpr_assets.lifecycle.retention.judging import eligible
from alpr_assets.lifecycle.retention.rules import years_after
from alpr_assets.policy import Policy
from alpr_assets.settings import Settings
from alpr_assets.store import schema
from alpr_assets.store.conditions import among
from alpr_assets.store.engine import reading
from alpr_assets.store.purges import (
    MAX_REASON,
    MAX_REFERENCE,
    purge_completion,
    purge_day,
    purge_decision,
    purge_lot,
    purge_plan,
)

Progress = Callable[[int, int], None]
"""Told after each day: days done, days to do."""

CAPACITIES: Final = {Role.COMMANDER: "commander", Role.CUSTODIAN: "custodian"}
"""In which capacity each role approves."""

RESOLUTION: Final = "the council's resolution"
CONSENT: Final = "the city attorney's written consent"

ANEW: Final = "cancel it, and plan anew"

ACTED_ON: Final = ("picture_confirmed", "actionable", "recovered")
"""Where a hit stands that may become evidence."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan. n_items: of other classes; touched: hits that people acted on among what would be destroyed."""

    plan_id: int
    n_captures: int
    n_days: int
    n_items: int
    touched: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class OnFile:
    """A document that a purge rests on. until: the last day that it is good for; None: it does not say."""

    reference: str
    dated_on: date
    until: date | None = None


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
    lots: Sequence[Lot],
    *,
    resolution: OnFile,
    consent: OnFile,
    policy: Policy,
    key: SecretKey,
) -> Found[Planned]:
    """Write a plan down.

    Parameters
    ----------
    of, lots : see `manifests` and `lots.lots`, just made
    resolution, consent : the legislative body's resolution and the city attorney's written consent

    Raises
    ------
    AccessRefusedError : the grant is for another ask
    MalformedError : `purge`: nothing is due; `reference`: one is missing, of a day to come, or no longer good
    """
    grant.require(Action.PLAN_PURGE)
    if not of and not lots:
        raise MalformedError(
            "purge", "nothing is due that is not held", remedy="look at the calendar of what comes due"
        )
    on = grant.at.astimezone(policy.zone).date()
    row = {
        "made_at": grant.at, "member_id": grant.member.member_id, "judged_on": on,
        "stale_at": grant.at + timedelta(days=policy.purge.stale_days), "digest": digest_of(of, lots, key),
        "n_captures": sum(one.n for one in of), "status": "planned", "n_decisions": 0,
        "resolution": _reference(resolution, RESOLUTION), "resolution_on": resolution.dated_on, "resolution_until": resolution.until,
        "consent": _reference(consent, CONSENT), "consent_on": consent.dated_on, "consent_until": consent.until,
    }  # fmt: skip
    if wrong := [*_out_of_date(resolution, RESOLUTION, on, policy), *_out_of_date(consent, CONSENT, on, policy)]:
        raise MalformedError("reference", "; ".join(wrong), remedy="name one that is on file and in date")
    made = connection.execute(insert(purge_plan).returning(purge_plan), row).one()
    days = [
        {"plan_id": made.plan_id, "day": one.day, "n_planned": one.n, "manifest": one.content, "digest": one.digest}
        for one in of
    ]
    items = [
        {"plan_id": made.plan_id, "kind": one.kind, "n_planned": one.n, "manifest": one.content, "digest": one.digest}
        for one in lots
    ]
    for table, rows in ((purge_day, days), (purge_lot, items)):
        if rows:
            connection.execute(insert(table), rows)
    ids = _decide(connection, grant, made, "planned", "planned")
    touched = hits_touched(connection, made.plan_id, key)
    return Found(Planned(made.plan_id, made.n_captures, len(of), sum(one.n for one in lots), touched), ids)


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
    on = grant.at.astimezone(policy.zone).date()
    _require_in_date(row, on, policy)
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
    if digest_of(manifests_of(connection, plan_id), lots_of(connection, plan_id), key) != row.digest:
        raise IllegalMoveError(f"purge {plan_id} is not what was approved", remedy=ANEW)
    _require_in_date(row, grant.at.astimezone(policy.zone).date(), policy)
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


def purges(grant: Grant, engine: Engine, *, at: datetime) -> Found[list[dict[str, Any]]]:
    """Every purge, the newest first: its plan, `is_stale`, `is_removed`, `decisions`, `lots`, the sums `n_days`, `n_destroyed`, `n_kept`.

    No capture. is_removed: certified, and its bytes are not rewritten yet; completed_at: when they were, where that is a step of its own.
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
        decided = [dict(row) for row in connection.execute(select(purge_decision).order_by(decisions.seq)).mappings()]
    for row in plans:
        mine = of.get(row["plan_id"])
        row |= {
            "n_days": mine.n_days if mine else 0, "n_destroyed": (mine and mine.n_destroyed) or 0, "n_kept": (mine and mine.n_kept) or 0,
            "lots": [dict(one) for one in taken if one["plan_id"] == row["plan_id"]],
        }  # fmt: skip
        row |= {"decisions": [one for one in decided if one["plan_id"] == row["plan_id"]]}
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
        raise IllegalMoveError(f"purge {row.plan_id} is stale", remedy=ANEW)


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


def _reference(of: OnFile, what: str) -> str:
    line = one_line(of.reference, most=MAX_REFERENCE)
    if line is None:
        raise MalformedError(
            "reference", f"{what} is named by its reference on file", remedy=f"{LEAST} to {MAX_REFERENCE} characters"
        )
    return line


def _out_of_date(of: OnFile, what: str, on: date, policy: Policy) -> list[str]:
    """Why a document is not one to act on, on the department's date."""
    years = policy.purge.reference_years
    if of.dated_on > on:
        return [f"{what} is of {of.dated_on}, a day to come"]
    if of.until is not None and of.until < on:
        return [f"{what} was good until {of.until}"]
    if years is not None and years_after(of.dated_on, years) < on:
        return [f"{what} is of {of.dated_on}, more than {years} years ago"]
    return []


def _require_in_date(row: Any, on: date, policy: Policy) -> None:
    """Raise IllegalMoveError where what the plan rests on is not in date, or never said its date."""
    if row.resolution_on is None or row.consent_on is None:
        raise IllegalMoveError(f"purge {row.plan_id} does not say of when its resolution and consent are", remedy=ANEW)
    resolution = OnFile(row.resolution, row.resolution_on, row.resolution_until)
    consent = OnFile(row.consent, row.consent_on, row.consent_until)
    if wrong := [*_out_of_date(resolution, RESOLUTION, on, policy), *_out_of_date(consent, CONSENT, on, policy)]:
        raise IllegalMoveError(
            f"purge {row.plan_id} rests on what is out of date: {'; '.join(wrong)}",
            remedy=ANEW,
        )
