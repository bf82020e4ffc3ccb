"""Whole capture days against the schedule: how much of each may be destroyed on a date, how much is held, when the rest comes due.

Here: counts, a UTC day at a time. Not here: rules (`rules`), destroying.
People's dates decide, so a UTC day comes due in parts; a day whose captures all came in by then is counted by its own row, without
looking at them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

import pandas as pd
from sqlalchemy import Connection, select

from alpr_assets.lifecycle.holds import covering
from alpr_assets.lifecycle.retention.rules import Judgement, Schedule, Standing, Subject
from alpr_assets.lifecycle.retention.schedule import schedule_of
from alpr_assets.policy import Policy
from alpr_assets.store import schema

KIND: Final = "reads"
"""The class by which captures are judged; pictures go with their reads."""

COLUMNS: Final = {
    "day": "UTC day of the captures",
    "n_captures": "captures of the day that are in the store",
    "n_young": "of these, kept because they are not old enough",
    "n_held": "old enough, and kept because a hold covers them",
    "n_eligible": "may be destroyed, once a purge is approved",
    "n_conflict": "rules contradict each other: kept until people have decided",
    "is_overdue": "some of them should be gone by now",
    "eligible_on": "the department's date on which the last of the day comes due, but for holds; missing: conflict",
    "gone_by": "the department's date by which the first of the day must be gone; missing: no such rule",
    "reasons": "why what is kept is kept, with the authority",
}
"""Columns of `judge_days`, in order."""


def judge_days(connection: Connection, *, policy: Policy, on: date) -> pd.DataFrame:
    """Every capture day on the department's date.

    Returns
    -------
    DataFrame (n, 10), the oldest day first: see COLUMNS; n_captures = n_young + n_held + n_eligible + n_conflict
    """
    schedule, table = schedule_of(policy), schema.capture_day.c
    statement = select(table.day, table.n_captures, table.n_destroyed, table.last_landed_at)
    rows = connection.execute(statement.where(table.n_captures > table.n_destroyed).order_by(table.day)).all()
    judged = [_judged(connection, row, schedule, policy, on) for row in rows]
    frame = pd.DataFrame(judged, columns=list(COLUMNS))
    return frame.astype({name: "int64" for name in COLUMNS if name.startswith("n_")} | {"is_overdue": "bool"})


@dataclass(frozen=True, slots=True)
class Part:
    """Captures of a UTC day that have the same two dates. captured_on, landed_on: the department's."""

    captured_on: date
    landed_on: date
    ids: frozenset[int] | None
    n: int


def parts_of(connection: Connection, day: date, policy: Policy) -> list[Part]:
    """A day's captures by the department's dates of capture and landing, each with its ids."""
    capture = schema.capture.c
    rows = connection.execute(
        select(capture.capture_id, capture.captured_at, capture.landed_at).where(capture.day == day)
    )
    known: dict[tuple[date, date], set[int]] = {}
    for number, captured_at, landed_at in rows:
        dates = captured_at.astimezone(policy.zone).date(), landed_at.astimezone(policy.zone).date()
        known.setdefault(dates, set()).add(number)
    return [Part(*dates, frozenset(ids), len(ids)) for dates, ids in sorted(known.items())]


def eligible(connection: Connection, day: date, *, policy: Policy, on: date) -> set[int]:
    """The captures of a day that may be destroyed now: old enough, and not held. For a purge: in its transaction, with the day locked."""
    schedule, table = schedule_of(policy), schema.capture_day
    row = connection.execute(select(table).where(table.c.day == day)).one_or_none()
    whole = None if row is None else _summed(row, row.n_captures, schedule, policy, on)
    parts = parts_of(connection, day, policy) if whole is None else whole[-1:]
    due = [part for part in parts if _judge(schedule, part, on).standing in {Standing.ELIGIBLE, Standing.OVERDUE}]
    if due and whole is not None:
        old = set(connection.scalars(select(schema.capture.c.capture_id).where(schema.capture.c.day == day)))
    else:
        old = {number for part in due for number in part.ids or ()}
    return old - covering.held(connection, day, only=old) if old else old


def _judged(connection: Connection, row: Any, schedule: Schedule, policy: Policy, on: date) -> tuple[Any, ...]:
    n_captures = row.n_captures - row.n_destroyed
    parts = _summed(row, n_captures, schedule, policy, on) or parts_of(connection, row.day, policy)
    verdicts = [(part, _judge(schedule, part, on)) for part in parts]
    n_young = sum(part.n for part, said in verdicts if said.standing is Standing.RETAINED)
    n_conflict = sum(part.n for part, said in verdicts if said.standing is Standing.CONFLICT)
    old = [part for part, said in verdicts if said.standing in {Standing.ELIGIBLE, Standing.OVERDUE}]
    n_held = _n_held(connection, row.day, old) if old else 0
    kept = [said for _, said in verdicts if said.standing in {Standing.RETAINED, Standing.CONFLICT}]
    reasons = list(dict.fromkeys(reason for said in kept for reason in said.reasons))
    if n_held:
        reasons.append(f"{n_held:,} held as evidence (422.5)")
    dues = [said.eligible_on for _, said in verdicts]
    limits = [said.gone_by for _, said in verdicts if said.gone_by is not None]
    return (
        row.day, n_captures, n_young, n_held, sum(part.n for part in old) - n_held, n_conflict,
        any(said.standing is Standing.OVERDUE for _, said in verdicts),
        None if None in dues else max((due for due in dues if due is not None), default=None), min(limits, default=None), reasons,
    )  # fmt: skip


def _summed(row: Any, n_captures: int, schedule: Schedule, policy: Policy, on: date) -> list[Part] | None:
    """The day by its first and last moment, where its first and last capture are judged alike whenever they landed; else None: look at each."""
    if row.last_landed_at is None:
        return None
    first, last = _dates(row.day, policy)
    landed_on = row.last_landed_at.astimezone(policy.zone).date()
    earliest, latest = Part(first, first, None, 0), Part(last, max(landed_on, last), None, n_captures)
    if _judge(schedule, earliest, on).standing is not _judge(schedule, latest, on).standing:
        return None
    return [earliest, latest]


def _dates(day: date, policy: Policy) -> tuple[date, date]:
    """The department's dates that a UTC day touches."""
    start = datetime.combine(day, time(), UTC)
    end = start + timedelta(days=1) - timedelta(microseconds=1)
    return start.astimezone(policy.zone).date(), end.astimezone(policy.zone).date()


def _judge(schedule: Schedule, part: Part, on: date) -> Judgement:
    return schedule.judge(Subject(kind=KIND, captured_on=part.captured_on, landed_on=part.landed_on), on=on)


def _n_held(connection: Connection, day: date, old: list[Part]) -> int:
    if any(part.ids is None for part in old):
        return len(covering.held(connection, day))
    return len(covering.held(connection, day, only={number for part in old for number in part.ids or ()}))
