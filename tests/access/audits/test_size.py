"""A quarter of searches through the record itself: sealed, read, opened, listed (422.6(c))."""

from __future__ import annotations

from datetime import UTC, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
from sqlalchemy import select

from alpr_assets.access.audits import reviewing
from alpr_assets.access.record.batches import build
from alpr_assets.access.record.entries import Actor, Entry, Kind, Outcome
from alpr_assets.access.record.inserting import commit
from alpr_assets.access.record.leaves import prepare
from alpr_assets.policy import Policy
from alpr_assets.store.audits import misuse_review
from alpr_assets.store.engine import Store, reading
from tests.access.audits.acts import Department, department
from tests.access.audits.searching import BEGIN, COLLECTOR, END, EX, TESTER, honest, misuse

TOGETHER = 500
"""Entries of one batch: all of them have its time."""


def entry(row: dict[str, Any]) -> Entry:
    actor = Actor(member_id=row["member_id"], name="", agency="", title=row["title"], role=row["role"])
    return Entry(
        at=row["at"], kind=Kind.QUERY, action="plate_history", outcome=Outcome.ANSWERED, actor=actor, purpose=row["purpose"],
        case_number=row["case_number"], elements={"plate": row["plate"]},
    )  # fmt: skip


def keep(agency: Department, rows: list[dict[str, Any]]) -> None:
    """Append many at once, as fast as the record's own parts go."""
    record = agency.record
    tail = record._tail
    for first in range(0, len(rows), TOGETHER):
        prepared = [prepare(entry(row), record.keys) for row in rows[first : first + TOGETHER]]
        batch, tail, _ = build(tail, prepared, rows[first]["at"], None)
        commit(record._connection, batch)
    record.close()


@pytest.mark.long
def test_a_quarter_of_50_000_searches_is_listed_in_seconds_with_the_misuse_first(
    sqlite_store: Store, policy: Policy, tmp_path: Path
) -> None:
    agency = department(sqlite_store, tmp_path, policy)
    made = honest(50_000)
    misuse(made)
    keep(agency, sorted(made.rows, key=lambda row: row["at"]))
    week_on = (BEGIN + timedelta(days=84)).date()
    begun = perf_counter()
    week = reviewing.make(agency.engine, agency.source, week_on, policy=policy, at=END.astimezone(UTC))
    assert perf_counter() - begun < 60, "5 seconds where nothing else runs"
    assert (week.n_looks, week.n_listed) == (len(made.rows), 20)
    with reading(agency.engine) as connection:
        first = list(connection.scalars(select(misuse_review.c.member_id).order_by(misuse_review.c.rank)))
    assert {EX, TESTER, COLLECTOR} <= set(first[:6])
