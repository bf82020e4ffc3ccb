"""Who passes anyway: hours of the week by the department's clocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpr_assets.search.canvass.habits import HOUR_US, WEEK, counted, habits, local_hours, pairs
from alpr_assets.search.reads import Window
from alpr_assets.store.engine import reading
from alpr_assets.store.types import to_microseconds
from tests.search.canvass.conftest import incident, weekly
from tests.search.traffic import AT, Pass, put

ZONE = ZoneInfo("America/Los_Angeles")


@given(st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)))  # noqa: DTZ001 - given its zone below
def test_an_hour_of_the_week_is_the_departments(at):
    at = at.replace(tzinfo=UTC, minute=0, second=0, microsecond=0)
    (hour,) = local_hours(np.array([to_microseconds(at) // HOUR_US]), ZONE) % WEEK
    local = at.astimezone(ZONE)
    assert hour == local.weekday() * 24 + local.hour


def test_a_commuter_stays_one_through_a_change_of_the_clocks(store, policy):
    """8 o'clock is 15:00 UTC before 1 November 2026, 16:00 after; the incident is on the Monday after."""
    eight = datetime(2026, 11, 2, 8, 0, tzinfo=ZONE)
    mondays = [eight + timedelta(weeks=week) for week in range(-4, 5) if week]
    put(store, [Pass("5COM555", at.astimezone(UTC)) for at in mondays])
    asked = incident(at=eight, windows=(Window(eight, eight + timedelta(minutes=50)),))
    with reading(store.engine) as connection:
        found = habits(connection, asked, [], policy)
    assert found.counts(["5COM555", "9STR999"])[0].tolist() == [8, 0]
    assert found.weeks == 8


def test_an_incident_in_the_night_when_an_hour_comes_twice_counts_it_once(policy):
    """1 November 2026, 1:30 local, twice: 8:30 and 9:30 UTC are the same hour of the week."""
    at = datetime(2026, 11, 1, 8, 30, tzinfo=UTC)
    asked = incident(at=at, windows=(Window(at - timedelta(minutes=20), at + timedelta(hours=1, minutes=20)),))
    week_before = np.array([to_microseconds(at - timedelta(weeks=1) + timedelta(hours=n)) // HOUR_US for n in range(3)])
    found = counted(pairs([("7AAA111", hour) for hour in week_before]), pairs([]), asked, policy)
    assert found.counts(["7AAA111"])[0].tolist() == [1]
    assert found.span < 5


def test_the_incidents_own_hours_and_other_places_do_not_count(store, policy):
    put(store, [Pass("7AAA111", AT + timedelta(hours=h)) for h in (-1, 0, 1)] + weekly("7BBB222", [1, 2], east_m=3000))
    with reading(store.engine) as connection:
        found = habits(connection, incident(), ["7AAA111", "5COM555"], policy)
    assert found.counts(["7AAA111", "7BBB222"])[1].tolist() == [0, 0]
    assert (found.weeks, found.hours) == (0, 0)


def test_chances_are_probabilities_and_grow_with_what_was_seen(store, policy):
    put(
        store,
        weekly("1RES111", range(-5, 6)) + [Pass("5COM555", AT + timedelta(days=d, hours=9)) for d in range(1, 60)],
    )
    with reading(store.engine) as connection:
        found = habits(connection, incident(), ["7AAA111", "5COM555"], policy)
    chances = found.chance(*found.counts(["9STR999", "5COM555", "1RES111"]))
    assert 0 < chances[0] < chances[1] < chances[2] <= 1
    assert chances[2] > 0.8


@pytest.mark.parametrize("n", [0, 1])
def test_a_place_that_nobody_passed_before_has_strangers_only(n, policy):
    found = counted(pairs([]), pairs([]), incident(), policy)
    chances = found.chance(*found.counts(["7AAA111"] * n))
    assert len(chances) == n
    assert all(0 < chance < 0.02 for chance in chances)
