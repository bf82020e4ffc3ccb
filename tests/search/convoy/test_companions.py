"""Co-travel: who was repeatedly close, beside what chance gives."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pandas as pd
import pytest

from alpr_assets.access.roles import Action, Role
from alpr_assets.errors import AccessRefusedError, MalformedError
from alpr_assets.search.convoy import companions
from tests.people import ask, member
from tests.search.traffic import AT, Pass, after, put

DAY_S = 86_400


@pytest.fixture
def run(through, store, policy):
    def searched(plate="7ABC123", *, action=Action.CO_TRAVEL, who=None, **more):
        search = partial(companions.co_travel, engine=store.engine, plate=plate, policy=policy, **more)
        return through(who or member(), ask(action, elements={}), search).rows

    return searched


def trips(plate, days, *, behind_s=0.0, **more):
    """One pass a day at a camera that differs from day to day."""
    usual = {"kind": "fixed", "region": "ca", **more}
    return [
        Pass(
            plate,
            after(n * DAY_S + 3600 * (n * 7 % 11) + behind_s),
            east_m=900 * (n % 5),
            device=f"pole-{n % 5}",
            **usual,
        )
        for n in days
    ]


@pytest.mark.clause("422.4(c)")
def test_who_follows_on_several_days_is_found_with_what_chance_gives(run, store, recorder):
    put(store, [
        *trips("7ABC123", range(60)), *trips("9FOL111", (3, 17, 31, 44), behind_s=5), *trips("9FOL111", range(70, 90)),
        *trips("8ONE888", (9,), behind_s=3),
    ])  # fmt: skip
    found = run()
    frame = found.companions
    assert list(frame.columns) == list(companions.COLUMNS)
    assert list(found.passes.columns) == list(companions.PASSES)
    assert frame["plate"].tolist() == ["9FOL111"]
    row = frame.iloc[0]
    assert (row["n_found"], row["n_occasions"], row["n_places"], row["may_be_same"]) == (4, 24, 4, False)
    assert row["n_expected"] < 0.05
    assert row["p_value"] < 1e-6
    assert row["p_value"] <= row["q_value"]
    assert found.passes["gap_s"].tolist() == [5.0] * 4
    assert (found.n_own, found.n_tests) == (60, 3)
    (entry,) = recorder.entries
    named = {result.id for result in entry.results}
    assert named == set(found.passes["read_id"]) | set(found.passes["own_read_id"])


def test_who_passes_the_same_camera_at_the_same_hour_every_day_is_no_company(run, store):
    daily = [Pass("7ABC123", after(n * DAY_S), kind="fixed") for n in range(60)]
    other = [Pass("9COM555", after(n * DAY_S + (-1) ** n * (n * 53 % 600)), kind="fixed") for n in range(60)]
    put(store, daily + other)
    frame = run().companions
    assert all(frame["p_value"] > 0.01)
    assert all(frame["n_expected"] > 0.3)


def test_one_long_trip_is_one_occasion(run, store):
    """Behind each other past six cameras in twenty minutes, once."""
    road = [Pass("7ABC123", after(200 * n), east_m=900 * n, device=f"pole-{n}", kind="fixed") for n in range(6)]
    behind = [Pass("9FOL111", after(200 * n + 4), east_m=900 * n, device=f"pole-{n}", kind="fixed") for n in range(6)]
    put(store, road + behind)
    assert run().companions.empty


def test_the_vehicle_itself_read_otherwise_is_marked_and_comes_last(run, store):
    put(store, [*trips("7ABC123", range(9)), *trips("7A8C123", range(4)), *trips("9FOL111", (1, 4, 6), behind_s=2)])
    frame = run().companions
    assert frame["plate"].tolist() == ["9FOL111", "7A8C123"]
    assert frame["may_be_same"].tolist() == [False, True]


def test_too_far_too_late_undated_unplaced_and_superseded_reads_do_not_meet(run, store):
    put(store, [
        *trips("7ABC123", range(6)), *trips("8AAA111", range(6), behind_s=16), *trips("8BBB222", range(6), north_m=120),
        *trips("8CCC333", range(6), clock="receipt"), *trips("8DDD444", range(6), placed=False),
    ])  # fmt: skip
    put(store, trips("8EEE555", range(6)), current="newer")
    assert run().companions.empty


def test_a_window_and_a_number_of_occasions_narrow(run, store):
    put(store, [*trips("7ABC123", range(30)), *trips("9FOL111", (1, 3, 20), behind_s=2)])
    assert run(at_least=3).companions["n_found"].tolist() == [3]
    assert run(at_least=4).companions.empty
    assert run(until=AT + timedelta(days=10)).companions["n_found"].tolist() == [2]
    assert run(since=AT + timedelta(days=10)).companions.empty


def test_a_meeting_over_midnight_utc_counts(run, store):
    midnight = DAY_S - 4 * 3600
    put(store, [
        Pass(plate, after(midnight + n * 3 * DAY_S + s), kind="fixed")
        for n in range(3) for plate, s in (("7ABC123", -3), ("9FOL111", 3))
    ])  # fmt: skip
    assert run().companions["n_found"].tolist() == [3]


def test_nothing_found_has_all_columns(run, store):
    found = run()
    assert found.companions.empty
    assert list(found.companions.columns) == list(companions.COLUMNS)
    assert list(found.passes.columns) == list(companions.PASSES)
    assert isinstance(found.companions["first_at"].dtype, pd.DatetimeTZDtype)


def test_one_occasion_is_no_repetition_and_a_patrol_officer_does_not_ask(run, store):
    with pytest.raises(MalformedError):
        run(at_least=1)
    with pytest.raises(AccessRefusedError):
        run(action=Action.PLATE_HISTORY)
    with pytest.raises(AccessRefusedError):
        run(who=member(Role.OFFICER))
