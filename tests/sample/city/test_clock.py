"""The city's clock against the standard library's, on ordinary days and in the nights of daylight saving."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from alpr_assets.sample.city import clock
from alpr_assets.store.types import from_microseconds, to_microseconds

SPRING, AUTUMN = date(2026, 3, 8), date(2026, 11, 1)


def instant(on: date, local_s: float, seed: int = 0) -> datetime:
    return from_microseconds(int(clock.instants(np.random.default_rng(seed), on, np.array([local_s]))[0]))


@given(on=st.dates(date(2020, 1, 1), date(2040, 1, 1)), second=st.integers(0, 2 * 86_400 - 1))
@example(on=SPRING, second=2 * 3600 + 1800)
@example(on=AUTUMN, second=3600 + 1800)
@example(on=date(2026, 3, 7), second=26 * 3600 + 1800)
def test_the_wall_clock_shows_what_was_asked_for(on, second):
    wanted = datetime.combine(on, time()) + timedelta(seconds=second)
    shown = instant(on, float(second)).astimezone(clock.ZONE).replace(tzinfo=None)
    skipped = wanted.replace(tzinfo=clock.ZONE).astimezone(UTC).astimezone(clock.ZONE).replace(tzinfo=None) != wanted
    assert shown == (wanted + timedelta(hours=1) if skipped else wanted)


def test_the_hour_that_autumn_shows_twice_is_met_both_times():
    at = clock.instants(np.random.default_rng(1), AUTUMN, np.full(200, 5400.0))
    assert {from_microseconds(int(one)).hour for one in at} == {8, 9}


@pytest.mark.parametrize("day", [SPRING, AUTUMN, date(2024, 2, 29)])
def test_a_utc_day_has_its_24_hours_whatever_the_wall_clock_does(day):
    assert clock.midnight(day) == to_microseconds(datetime.combine(day, time(), UTC))
