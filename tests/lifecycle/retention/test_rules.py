"""Rules of retention: a calendar year is a calendar year, the later date counts, and contradictions are nobody's to pick from."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpr_assets.lifecycle.retention.rules import (
    Held,
    Maximum,
    Minimum,
    ReceivedLimit,
    Schedule,
    Standing,
    Subject,
    years_after,
)
from alpr_assets.lifecycle.retention.schedule import schedule_of
from alpr_assets.policy import Policy

DATES = st.dates(date(2020, 1, 1), date(2060, 12, 31))
GOV = "Gov. Code 34090.6"


def subject(captured: date, landed: date | None = None, **more: object) -> Subject:
    usual = {"kind": "reads", "captured_on": captured, "landed_on": landed or captured}
    return Subject(**{**usual, **more})  # type: ignore[arg-type]


@pytest.fixture
def schedule(policy: Policy) -> Schedule:
    return schedule_of(policy)


@pytest.mark.parametrize(
    ("day", "years", "later"),
    [
        (date(2024, 2, 29), 1, date(2025, 3, 1)), (date(2024, 2, 28), 1, date(2025, 2, 28)), (date(2023, 3, 1), 1, date(2024, 3, 1)),
        (date(2024, 2, 29), 4, date(2028, 2, 29)), (date(2025, 12, 31), 1, date(2026, 12, 31)),
    ],
)  # fmt: skip
@pytest.mark.clause("422.5")
def test_a_calendar_year_over_leap_days(day: date, years: int, later: date) -> None:
    assert years_after(day, years) == later


@pytest.mark.clause("422.5")
@given(captured=DATES, lag=st.integers(0, 900), on=DATES)
def test_nothing_is_eligible_before_a_whole_year_after_the_later_date(captured: date, lag: int, on: date) -> None:
    schedule = Schedule((Minimum("reads", 1, GOV), Maximum("reads", 2, GOV)))
    landed = captured + timedelta(days=lag)
    said = schedule.judge(subject(captured, landed), on=on)
    if said.standing in {Standing.ELIGIBLE, Standing.OVERDUE}:
        assert (on - landed).days >= 366 or (on.month, on.day) > (landed.month, landed.day)
        assert (on - landed).days >= 365
    assert said.eligible_on == years_after(landed, 1) + timedelta(days=1)
    assert (on >= said.eligible_on) == (said.standing in {Standing.ELIGIBLE, Standing.OVERDUE})
    assert said.gone_by == years_after(landed, 2)


def test_the_attorneys_opinion_may_have_it_counted_from_capture_alone() -> None:
    captured, landed = date(2025, 1, 10), date(2025, 6, 1)
    from_capture = Schedule((Minimum("reads", 1, GOV, "opinion 25-3", from_capture=True),))
    assert from_capture.judge(subject(captured, landed), on=date(2026, 1, 11)).standing is Standing.ELIGIBLE
    assert (
        Schedule((Minimum("reads", 1, GOV),)).judge(subject(captured, landed), on=date(2026, 1, 11)).standing
        is Standing.RETAINED
    )
    assert "opinion 25-3" in from_capture.judge(subject(captured, landed), on=captured).reasons[0]


@pytest.mark.clause("422.5")
def test_no_rule_and_no_rule_of_this_class_let_nothing_go() -> None:
    for schedule in (Schedule(()), Schedule((Minimum("images", 1, GOV),)), Schedule((Maximum("reads", 1, GOV),))):
        said = schedule.judge(subject(date(2020, 1, 1)), on=date(2060, 1, 1))
        assert (said.standing, said.eligible_on) == (Standing.RETAINED, None)
        assert "no rule" in said.reasons[0]


@pytest.mark.clause("422.5")
def test_a_hold_beats_every_rule_and_says_so(schedule: Schedule) -> None:
    said = schedule.judge(subject(date(2020, 1, 1), holds=(7, 9)), on=date(2060, 1, 1))
    assert (said.standing, said.eligible_on) == (Standing.RETAINED, None)
    assert said.reasons == ("held as evidence by hold 7, 9 (422.5; Gov. Code 34090.6)",)
    assert schedule.judge(subject(date(2020, 1, 1)), on=date(2060, 1, 1)).standing is Standing.OVERDUE


def test_what_another_gives_for_less_than_the_law_has_it_kept_is_a_conflict_that_names_both() -> None:
    rules = (
        Minimum("reads", 1, GOV), Maximum("reads", 2, GOV),
        ReceivedLimit("countyx", frozenset({"reads"}), 60, "agreement 2026-04", "section 3"), Held(),
    )  # fmt: skip
    schedule = Schedule(rules)
    on = date(2026, 6, 1)
    said = schedule.judge(subject(date(2026, 1, 1), source="countyx"), on=on)
    assert (said.standing, said.eligible_on, said.gone_by) == (Standing.CONFLICT, None, date(2026, 3, 2))
    assert GOV in said.reasons[0]
    assert "agreement 2026-04; section 3" in said.reasons[1]
    assert schedule.judge(subject(date(2026, 1, 1)), on=on).standing is Standing.RETAINED  # our own
    held = schedule.judge(subject(date(2026, 1, 1), source="countyx", holds=(1,)), on=on)
    assert held.standing is Standing.RETAINED  # evidence stays; what is due when it is lifted, is told
    assert held.gone_by == date(2026, 3, 2)


@given(captured=DATES, on=DATES)
def test_standing_only_ever_moves_on(captured: date, on: date) -> None:
    schedule = Schedule((Minimum("reads", 1, GOV), Maximum("reads", 2, GOV)))
    order = [Standing.RETAINED, Standing.ELIGIBLE, Standing.OVERDUE]
    today, tomorrow = (
        order.index(schedule.judge(subject(captured), on=day).standing) for day in (on, on + timedelta(days=1))
    )
    assert today <= tomorrow <= today + 1
