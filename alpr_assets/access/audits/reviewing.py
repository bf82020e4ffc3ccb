"""The weekly list: members whose looks gave signals that grew within the week, in the order of their weight; each is decided by a person.

Here: making the list, reading it, deciding. Not here: the rules (`rules`), audits with their samples (`planning`). The list looks back over the
policy's days, so that what is done slowly is found too; a signal is listed in the week in which it has a new entry. It is short: what is
beyond its length is counted and not listed. It names entries and members, and no plate.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pandas as pd
from sqlalchemy import Connection, Engine, func, insert, select, update

from alpr_assets.access.audits import findings, looks, own_plates, planning
from alpr_assets.access.audits.rules import rules_of
from alpr_assets.access.audits.signals import Signal, Suspect, find, ranked
from alpr_assets.access.gate import Found, Grant
from alpr_assets.access.reasons import written
from alpr_assets.access.record.entries import ResultId
from alpr_assets.errors import AccessRefusedError, IllegalMoveError, NotFoundError
from alpr_assets.policy import Policy
from alpr_assets.store.audits import MAX_NOTE, misuse_decision, misuse_review
from alpr_assets.store.engine import one_writer, reading, writing


@dataclass(frozen=True, slots=True)
class Week:
    """A week's list as it was made.

    on : its Monday; n_looks : that were gone through; n_unopened : of them, whose query can no longer be opened
    n_listed, n_beyond : members on the list, and behind its end
    signals : how many of each rule, of all that grew in the week
    ages : reads that were looked at within the days that the list looks back, by months from being taken to being looked at
    """

    on: date
    n_looks: int
    n_unopened: int
    n_listed: int
    n_beyond: int
    signals: dict[str, int]
    ages: list[int]


def week_before(on: date) -> date:
    """Monday of the newest week that is over on the department's date."""
    return on - timedelta(days=on.weekday() + 7)


def make(engine: Engine, source: looks.Source, week_on: date, *, policy: Policy, at: datetime) -> Week:
    """Make a week's list, once; made again, what is listed stays as it is.

    week_on : its Monday, in the department's dates

    Raises RecordUnavailableError; VerificationError: the record is not what was written.
    """
    begin, end = (
        datetime.combine(day, time(), policy.zone).astimezone(UTC) for day in (week_on, week_on + timedelta(days=7))
    )
    since = end - timedelta(days=policy.audits.lookback_days)
    with reading(engine) as connection:
        own = own_plates.listed(connection, at=end)
    with source.open() as record:
        looked = looks.looks(record, source, since=since, until=end)
        months = looks.months(looks.ages(record, since=since, until=end))
    grown = growing(find(looked, rules_of(policy, own)), looked, begin)
    suspects = ranked(grown, policy.audits.weights)
    first = suspects[: policy.audits.review_page]
    _store(engine, week_on, first, policy=policy, at=at)
    counted = pd.Series([one.rule for one in grown], dtype=object).value_counts()
    by_rule = {str(rule): int(n) for rule, n in counted.items()}
    n_unopened = int((~looked["opened"]).sum())
    return Week(week_on, len(looked), n_unopened, len(first), len(suspects) - len(first), by_rule, months)


def growing(signals: list[Signal], looked: pd.DataFrame, since: datetime) -> list[Signal]:
    """Signals with an entry from an instant on."""
    new = set(looked.loc[looked["at"] >= since, "record_id"])
    return [one for one in signals if not new.isdisjoint(one.record_ids)]


def _store(engine: Engine, week_on: date, suspects: list[Suspect], *, policy: Policy, at: datetime) -> None:
    weights = policy.audits.weights
    rows = [
        {
            "week_on": week_on, "rank": rank, "member_id": one.member_id, "points": one.points, "made_at": at, "status": "open",
            "signals": [signal.told(weights) for signal in one.signals],
        }
        for rank, one in enumerate(suspects, start=1)
    ]  # fmt: skip
    with writing(engine) as connection:
        one_writer(connection, "list misuse")
        is_made = connection.scalar(select(func.count()).where(misuse_review.c.week_on == week_on))
        if rows and not is_made:
            connection.execute(insert(misuse_review), rows)


def weeks(connection: Connection) -> list[dict[str, Any]]:
    """Weeks with a list, the newest first: week_on, n, n_open."""
    columns = misuse_review.c
    is_open = func.count().filter(columns.status == "open").label("n_open")
    statement = select(columns.week_on, func.count().label("n"), is_open).group_by(columns.week_on)
    return [dict(row) for row in connection.execute(statement.order_by(columns.week_on.desc())).mappings()]


def late(connection: Connection, *, at: datetime, policy: Policy) -> list[int]:
    """Numbers on weekly lists that nobody decided within the policy's days."""
    columns = misuse_review.c
    before = at - timedelta(days=policy.audits.review_days)
    return list(connection.scalars(select(columns.review_id).where(columns.status == "open", columns.made_at < before)))


def one_week(grant: Grant, engine: Engine, week_on: date) -> Found[list[dict[str, Any]]]:
    """A week's list in its order, each with its `decision` and `findings`. Whoever reads it does not see his own signals."""
    planning.require_reviewer(grant)
    mine = misuse_review.c.member_id == grant.member.member_id
    with reading(engine) as connection:
        statement = (
            select(misuse_review).where(misuse_review.c.week_on == week_on, ~mine).order_by(misuse_review.c.rank)
        )
        listed = [dict(row) for row in connection.execute(statement).mappings()]
        numbers = [row["review_id"] for row in listed]
        decided = select(misuse_decision).where(misuse_decision.c.review_id.in_(numbers))
        decisions = {row["review_id"]: dict(row) for row in connection.execute(decided).mappings()}
        found = findings.listed(connection, review_ids=numbers)
    for row in listed:
        number = row["review_id"]
        row |= {"decision": decisions.get(number), "findings": [one for one in found if one["review_id"] == number]}
    return Found(listed, [ResultId("misuse_review", None, number) for number in numbers])


def explain(grant: Grant, connection: Connection, review_id: int, *, note: str) -> Found[None]:
    """What gave the signals has a good reason, which is written down. Raises as `refer`."""
    ids = _decide(grant, connection, review_id, "explained", note).ids
    return Found(None, ids)


def refer(
    grant: Grant,
    connection: Connection,
    review_id: int,
    *,
    text: str,
    owner_id: int,
    due_on: date | None,
    policy: Policy,
) -> Found[int]:
    """Somebody sees to it: a finding about this member; its number.

    Raises AccessRefusedError: own signals; IllegalMoveError: decided already; NotFoundError; MalformedError: `reason`, `owner`, `due`.
    """
    subject = _decide(grant, connection, review_id, "referred", text)
    of = {"review_id": review_id, "record_id": None, "subject_id": subject.rows}
    made = findings.open_one(grant, connection, of, text=text, owner_id=owner_id, due_on=due_on, policy=policy)
    return Found(made.rows, [*subject.ids, *made.ids])


def _decide(grant: Grant, connection: Connection, review_id: int, kind: str, note: str) -> Found[int]:
    """Write a decision down; whom it is about."""
    planning.require_reviewer(grant)
    this = misuse_review.c.review_id == review_id
    row = connection.execute(select(misuse_review).where(this).with_for_update()).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no number {review_id} on a weekly list")
    if row.member_id == grant.member.member_id:
        raise AccessRefusedError(("nobody decides on his own signals",), codes=("own_signals",))
    if row.status != "open":
        raise IllegalMoveError(f"number {review_id} is {row.status} already")
    values = {
        "review_id": review_id, "kind": kind, "note": written(note, most=MAX_NOTE), "member_id": grant.member.member_id,
        "decided_at": grant.at,
    }  # fmt: skip
    number = connection.execute(insert(misuse_decision).returning(misuse_decision.c.decision_id), values).scalar_one()
    connection.execute(update(misuse_review).where(this).values(status=kind))
    ids = [ResultId("misuse_review", None, review_id), ResultId("misuse_decision", None, number)]
    return Found(int(row.member_id), ids)
