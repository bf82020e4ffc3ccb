"""Drafting: a plan of all that is due and not held, asked for by the custodian and written by a run, since a year of it takes a minute.

Here: asking, and answering with a plan. Not here: deciding on one (`planning`), what is due (`retention.judging`, `lots`).
An ask is answered once: with a plan, or with why there is none. Killed while it is drafted, nothing is written, and the next run drafts anew.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Engine, func, insert, select, update

from alpr_assets.access.acting import Office, acting
from alpr_assets.access.gate import Found, Grant
from alpr_assets.access.people import SYSTEM
from alpr_assets.access.record.entries import ResultId
from alpr_assets.access.roles import Action
from alpr_assets.access.secret_key import SecretKey
from alpr_assets.errors import NotFoundError
from alpr_assets.lifecycle.purge.lots import lots
from alpr_assets.lifecycle.purge.manifests import Lot, Manifest, digest_of
from alpr_assets.lifecycle.purge.on_file import OnFile, columns_of
from alpr_assets.lifecycle.purge.planning import decide, hits_touched
from alpr_assets.lifecycle.retention.judging import eligible, judge_days
from alpr_assets.policy import Policy
from alpr_assets.store.engine import Store, reading
from alpr_assets.store.purges import purge_day, purge_lot, purge_plan, purge_request

Progress = Callable[[int, int], None]
"""Told after each day: days done, days to do."""

NOTHING: Final = "nothing is due that is not held"


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan. n_items: of other classes; touched: hits that people acted on among what would be destroyed."""

    plan_id: int
    n_captures: int
    n_days: int
    n_items: int
    touched: tuple[int, ...]


def ask(grant: Grant, connection: Connection, *, resolution: OnFile, consent: OnFile, policy: Policy) -> Found[int]:
    """Ask for a plan of all that is due. Returns the ask's number.

    Raises
    ------
    AccessRefusedError : the grant is for another ask
    MalformedError : `reference`: a document is missing, of a day to come, or no longer good
    """
    grant.require(Action.PLAN_PURGE)
    on = grant.at.astimezone(policy.zone).date()
    row = {"asked_at": grant.at, "member_id": grant.member.member_id}
    row |= columns_of(resolution, consent, on=on, policy=policy)
    number: int = connection.execute(insert(purge_request).returning(purge_request.c.request_id), row).scalar_one()
    return Found(number, [ResultId("purge_request", None, number)])


def asked(connection: Connection) -> list[int]:
    """Asks that are not answered yet, the oldest first."""
    columns = purge_request.c
    return list(
        connection.scalars(select(columns.request_id).where(columns.answered_at.is_(None)).order_by(columns.request_id))
    )


def unplanned(connection: Connection) -> list[Any]:
    """Rows of asks without a plan that came after the newest with one: still to be drafted, or refused with the reason."""
    columns = purge_request.c
    newest = (
        select(func.coalesce(func.max(columns.request_id), 0)).where(columns.plan_id.is_not(None)).scalar_subquery()
    )
    return list(
        connection.execute(select(purge_request).where(columns.request_id > newest).order_by(columns.request_id.desc()))
    )


def draft(
    store: Store,
    request_id: int,
    *,
    policy: Policy,
    key: SecretKey,
    office: Office,
    clock: Callable[[], datetime],
    progress: Progress | None = None,
) -> Planned | None:
    """Answer an ask with a plan; None: nothing is due, or another process answered it.

    Raises
    ------
    NotFoundError : there is no such ask
    RecordUnavailableError : it could not be recorded; nothing was written
    """
    at = clock()
    on = at.astimezone(policy.zone).date()
    with reading(store.engine) as connection:
        due = judge_days(connection, policy=policy, on=on)
    days = due.loc[due["n_eligible"] > 0, "day"].tolist()
    of = manifests(store.engine, days, policy=policy, on=on, key=key, progress=progress)
    others = lots(store.engine, policy=policy, on=on, key=key)
    with acting(office, "purge_drafted", SYSTEM, at=at, details={"request": request_id}) as act:
        asks = purge_request.c
        row = act.connection.execute(
            select(purge_request).where(asks.request_id == request_id).with_for_update()
        ).one_or_none()
        if row is None:
            raise NotFoundError(f"there is no ask {request_id}")
        if row.answered_at is not None:
            act.note(answered="by another process")
            return None
        planned = _written(act.connection, row, of, others, policy=policy, key=key, at=at) if of or others else None
        answer = {"answered_at": at, "plan_id": planned and planned.plan_id, "refusal": None if planned else NOTHING}
        act.connection.execute(update(purge_request).where(asks.request_id == request_id).values(answer))
        if planned is None:
            act.note(refused=NOTHING)
        else:
            act.note(purge=planned.plan_id, captures=planned.n_captures, digest=digest_of(of, others, key))
    return planned


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


def _written(
    connection: Connection, asked_for: Any, of: Sequence[Manifest], lots: Sequence[Lot], *, policy: Policy, key: SecretKey,
    at: datetime,
) -> Planned:  # fmt: skip
    copied = ("member_id", "resolution", "resolution_on", "resolution_until", "consent", "consent_on", "consent_until")
    row = {
        "made_at": at, "judged_on": at.astimezone(policy.zone).date(), "stale_at": at + timedelta(days=policy.purge.stale_days),
        "digest": digest_of(of, lots, key), "n_captures": sum(one.n for one in of), "status": "planned", "n_decisions": 0,
        **{name: getattr(asked_for, name) for name in copied},
    }  # fmt: skip
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
    decide(connection, made, "planned", "planned", member_id=asked_for.member_id, at=at)
    touched = hits_touched(connection, made.plan_id, key)
    return Planned(made.plan_id, made.n_captures, len(of), sum(one.n for one in lots), touched)
