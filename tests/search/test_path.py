"""A plate's path, and the gaps that no vehicle can have driven."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpr_assets.access.roles import Action
from alpr_assets.errors import AccessRefusedError
from alpr_assets.search import path as paths
from tests.people import ask, member
from tests.search.traffic import AT, Pass, after, put


@pytest.fixture
def walk(through, store, policy):
    def run(plate="7ABC123", *, action=Action.PLATE_HISTORY, **more):
        search = partial(paths.plate_path, engine=store.engine, plate=plate, policy=policy, **more)
        return through(member(), ask(action), search).rows

    return run


def test_a_path_goes_forward_in_time_with_gaps_and_speeds(walk, store, recorder):
    put(store, [Pass("7ABC123", after(600), east_m=5000), Pass("7ABC123"), Pass("7ABC123", after(1200), east_m=5000)])
    frame = walk()
    assert list(frame.columns) == list(paths.COLUMNS)
    assert frame["captured_at"].tolist() == [AT, after(600), after(1200)]
    assert frame["gap_s"].tolist()[1:] == [600, 600]
    assert frame["gap_m"].round(-1).tolist()[1:] == [5000, 0]
    assert frame["least_kmh"].round().tolist()[1:] == [25, 0]  # 5 km in 720 s
    assert not frame["impossible"].any()
    assert [result.id for result in recorder.entries[0].results] == frame["read_id"].tolist()


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        ({}, {}, "cloned"),
        ({"confidence": 0.5}, {}, "misread"),
        ({}, {"confidence": 0.5}, "misread"),
        ({}, {"region": "nv"}, "other_state"),
        ({}, {"region": None}, "cloned"),
    ],
)
def test_an_impossible_gap_says_why(walk, store, one, other, why):
    put(store, [Pass("7ABC123", **one), Pass("7ABC123", after(60), east_m=40_000, **other)])
    frame = walk()
    assert frame["impossible"].tolist() == [False, True]
    assert frame["why"].tolist() == ["", why]
    assert paths.impossible_pairs(frame).tolist() == [[0, 1]]


def test_the_clocks_tolerance_speaks_for_the_vehicle(walk, store, policy):
    """Duplicate instants a kilometre apart: two clocks, 120 s, 30 km/h."""
    put(store, [Pass("7ABC123"), Pass("7ABC123", east_m=1000, device="corner-2")])
    frame = walk()
    assert not frame["impossible"].any()
    assert frame["least_kmh"].tolist()[1] == pytest.approx(30, abs=0.1)


def test_reads_without_place_or_clock_are_passed_over_and_not_lost(walk, store):
    put(store, [
        Pass("7ABC123"), Pass("7ABC123", after(30), placed=False), Pass("7ABC123", after(40), east_m=90_000, clock="receipt"),
        Pass("7ABC123", after(60), east_m=40_000),
    ])  # fmt: skip
    frame = walk()
    assert frame["impossible"].tolist() == [False, False, False, True]
    assert frame["why"].tolist() == ["", "", "not_dated", "cloned"]
    assert frame["gap_s"].tolist()[3] == 60
    assert paths.impossible_pairs(frame).tolist() == [[0, 3]]


def test_in_the_night_when_an_hour_comes_twice_time_still_goes_forward(walk, store):
    """1:30 twice, local: an hour apart, not the same instant."""
    first = datetime(2026, 11, 1, 1, 30, fold=0, tzinfo=ZoneInfo("America/Los_Angeles"))
    put(store, [Pass("7ABC123", first), Pass("7ABC123", first.replace(fold=1), east_m=50_000)])
    frame = walk()
    assert frame["gap_s"].tolist()[1] == 3600
    assert not frame["impossible"].any()


def test_one_read_or_none_has_no_gap(walk, store):
    assert list(walk().columns) == list(paths.COLUMNS)
    put(store, [Pass("7ABC123")])
    frame = walk()
    assert np.isnan(frame["gap_s"][0])
    assert frame["impossible"].tolist() == [False]


@given(st.lists(st.tuples(st.floats(0, 86_400), st.floats(0, 300_000)), min_size=2, max_size=12))
def test_a_gap_is_impossible_exactly_when_no_speed_allowed_covers_it(policy, steps):
    steps.sort()
    rows = [
        dict.fromkeys(paths.COLUMNS) | {
            "captured_at": AT + timedelta(seconds=s), "latitude_deg": 38.0 + m / 111_194.9, "longitude_deg": -121.8,
            "clock": "gps", "sure": True,
        }
        for s, m in steps
    ]  # fmt: skip
    frame = paths.with_gaps(pd.DataFrame(rows), policy)
    for number in range(1, len(steps)):
        (s0, m0), (s1, m1) = steps[number - 1 : number + 1]
        reach = policy.search.max_kmh / 3.6 * (s1 - s0 + policy.search.clock_tolerance_seconds)
        if abs(abs(m1 - m0) - reach) > 1:
            assert frame["impossible"][number] == (abs(m1 - m0) > reach)


def test_a_grant_for_something_else_opens_nothing(walk, store):
    with pytest.raises(AccessRefusedError):
        walk(action=Action.CANVASS)
