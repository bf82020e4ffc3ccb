"""Whole days: counts by the department's dates, with what is held, and without looking at captures where the day decides."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, insert, update

from alpr_assets.lifecycle.holds import covering
from alpr_assets.lifecycle.retention import judging
from alpr_assets.lifecycle.retention.judging import COLUMNS, eligible, judge_days
from alpr_assets.lifecycle.retention.rules import Standing
from alpr_assets.lifecycle.retention.schedule import schedule_of
from alpr_assets.policy import Policy
from alpr_assets.store import schema
from alpr_assets.store.engine import Store, reading, writing
from alpr_assets.store.holds import hold, hold_item
from tests.search.traffic import Pass, put

DAY = date(2025, 6, 15)
NOON = datetime(2025, 6, 15, 19, 0, tzinfo=UTC)  # 12:00 PDT


def landed(store: Store, day: date, at: datetime | None = None) -> None:
    """What landing writes beside the captures."""
    with writing(store.engine) as connection:
        if at is not None:
            connection.execute(update(schema.capture).where(schema.capture.c.day == day).values(landed_at=at))
        last = connection.scalar(
            schema.capture.select().with_only_columns(schema.capture.c.landed_at).where(schema.capture.c.day == day)
            .order_by(schema.capture.c.landed_at.desc())
        )  # fmt: skip
        connection.execute(
            update(schema.capture_day).where(schema.capture_day.c.day == day).values(last_landed_at=last)
        )


def held(store: Store, day: date, *numbers: int) -> None:
    with writing(store.engine) as connection:
        row = {
            "ground": "criminal_evidence", "purpose": "stolen_vehicle", "case_number": "26-1", "reason": "evidence", "member_id": 1,
            "placed_at": NOON, "n_items": len(numbers), "status": "standing", "review_on": date(2027, 1, 1), "n_decisions": 0,
        }  # fmt: skip
        number = connection.execute(insert(hold).returning(hold.c.hold_id), row).scalar_one()
        items = [{"hold_id": number, "day": day, "capture_id": schema.numbered(day, one)} for one in numbers]
        connection.execute(insert(hold_item), items)


def judged(store: Store, policy: Policy, on: date):
    with reading(store.engine) as connection:
        frame = judge_days(connection, policy=policy, on=on)
    assert list(frame.columns) == list(COLUMNS)
    parts = frame[["n_young", "n_held", "n_eligible", "n_conflict"]].sum(axis=1)
    assert (parts == frame["n_captures"]).all()
    return frame.set_index("day")


@pytest.mark.clause("422.5")
def test_a_day_comes_due_a_year_after_and_is_overdue_a_year_later(store: Store, policy: Policy) -> None:
    put(store, [Pass("7ABC123", NOON), Pass("8XYZ111", NOON)])
    landed(store, DAY)
    for on, counts, overdue in (
        (date(2026, 6, 15), (2, 2, 0, 0), False),
        (date(2026, 6, 16), (2, 0, 0, 2), False),
        (date(2027, 6, 15), (2, 0, 0, 2), False),
        (date(2027, 6, 16), (2, 0, 0, 2), True),
    ):
        row = judged(store, policy, on).loc[DAY]
        assert tuple(row[["n_captures", "n_young", "n_held", "n_eligible"]]) == counts, on
        assert row["is_overdue"] == overdue
        assert row["eligible_on"] == date(2026, 6, 16)
    assert "Gov. Code 34090.6" in judged(store, policy, date(2026, 6, 1)).loc[DAY, "reasons"][0]


@pytest.mark.clause("422.5")
def test_the_departments_dates_decide_so_a_utc_day_comes_due_in_parts(store: Store, policy: Policy) -> None:
    """03:00 UTC is 20:00 of the evening before; what landed late counts from there."""
    evening, late = datetime(2025, 6, 15, 3, 0, tzinfo=UTC), datetime(2025, 6, 15, 20, 0, tzinfo=UTC)
    put(store, [Pass("7ABC123", evening), Pass("8XYZ111", late)])
    landed(store, DAY)
    row = judged(store, policy, date(2026, 6, 15)).loc[DAY]
    assert (row["n_young"], row["n_eligible"], row["eligible_on"]) == (1, 1, date(2026, 6, 16))
    landed(store, DAY, datetime(2025, 7, 20, 12, 0, tzinfo=UTC))
    row = judged(store, policy, date(2026, 7, 20)).loc[DAY]
    assert (row["n_young"], row["n_eligible"], row["eligible_on"]) == (2, 0, date(2026, 7, 21))
    assert judged(store, policy, date(2026, 7, 21)).loc[DAY, "n_eligible"] == 2


@pytest.mark.clause("422.5")
def test_what_is_held_is_never_eligible(store: Store, policy: Policy) -> None:
    put(store, [Pass("7ABC123", NOON), Pass("8XYZ111", NOON), Pass("9STR999", NOON)])
    landed(store, DAY)
    held(store, DAY, 1, 3)
    on = date(2026, 7, 1)
    row = judged(store, policy, on).loc[DAY]
    assert (row["n_held"], row["n_eligible"]) == (2, 1)
    assert row["reasons"] == ["2 held as evidence (422.5)"]
    with reading(store.engine) as connection:
        assert eligible(connection, DAY, policy=policy, on=on) == {schema.numbered(DAY, 2)}
        assert eligible(connection, DAY, policy=policy, on=date(2026, 6, 1)) == set()


def test_a_leap_day_waits_for_the_first_of_march(store: Store, policy: Policy) -> None:
    day = date(2024, 2, 29)
    put(store, [Pass("7ABC123", datetime(2024, 2, 29, 20, 0, tzinfo=UTC))])
    landed(store, day)
    assert judged(store, policy, date(2025, 3, 1)).loc[day, "n_eligible"] == 0
    assert judged(store, policy, date(2025, 3, 2)).loc[day, "n_eligible"] == 1


def test_a_day_that_its_own_row_decides_is_judged_without_its_captures(store: Store, policy: Policy) -> None:
    put(store, [Pass("7ABC123", NOON)])
    landed(store, DAY)
    asked: list[str] = []
    event.listen(store.engine, "before_cursor_execute", lambda *said: asked.append(said[2]))
    judged(store, policy, date(2026, 3, 1))
    assert not [one for one in asked if "FROM capture \n" in one or "FROM capture\n" in one]
    judged(store, policy, date(2026, 6, 15))  # its evening before is due
    assert [one for one in asked if "FROM capture \n" in one or "FROM capture\n" in one]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    hours=st.lists(st.integers(0, 23), min_size=1, max_size=6),
    lag=st.integers(0, 40),
    on=st.integers(-3, 45),
    dark=st.booleans(),
)
def test_the_short_way_says_what_each_capture_says(
    sqlite_store: Store, policy: Policy, hours: list[int], lag: int, on: int, dark: bool
) -> None:
    day = date(2025, 11, 2) if dark else DAY  # a night of 25 hours
    start = datetime.combine(day, datetime.min.time(), UTC)
    with writing(sqlite_store.engine) as connection:
        for table in (schema.capture, schema.read, schema.sighting_read, schema.sighting, schema.capture_day):
            connection.execute(table.delete())
    put(sqlite_store, [Pass("7ABC123", start + timedelta(hours=one)) for one in hours])
    landed(sqlite_store, day, start + timedelta(days=lag, hours=5))
    today = date(day.year + 1, day.month, day.day) + timedelta(days=on)
    row = judged(sqlite_store, policy, today).loc[day]
    with reading(sqlite_store.engine) as connection:
        each = {
            number
            for part in judging.parts_of(connection, day, policy)
            if judging._judge(schedule_of(policy), part, today).standing in {Standing.ELIGIBLE, Standing.OVERDUE}
            for number in part.ids
        }
        assert eligible(connection, day, policy=policy, on=today) == each
        assert row["n_eligible"] == len(each)
        assert covering.held(connection, day) == set()
    assert judging.KIND == "reads"
