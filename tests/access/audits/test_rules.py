"""Signals: planted misuse is at the head of the week's list among 50,000 honest searches; each rule by what it must and must not tell."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpr_assets.access.audits.reviewing import growing
from alpr_assets.access.audits.rules import (
    OffShift,
    OlderThanCase,
    OneCaseManyPlates,
    OwnPlate,
    RefusedWording,
    RepeatedPlate,
    ReusedReason,
    VagueReason,
    Volume,
    robust_z,
    rules_of,
)
from alpr_assets.access.audits.signals import Signal, find, ranked
from alpr_assets.access.audits.wording import says_nothing, speaks_of
from alpr_assets.policy import Policy, Shift
from tests.access.audits.searching import COLLECTOR, END, EX, TESTER, Searches, honest, misuse, table

WORDS = ("test", "asdf", "none", "case", "n-a")


@pytest.fixture(scope="module")
def quarter() -> pd.DataFrame:
    """50,000 honest searches of 200 members in 91 days, and the misuse."""
    made = honest(50_000)
    misuse(made)
    return table(made)


@pytest.mark.clause("422.6(c)")
@pytest.mark.clause("422.3.1(c)")
def test_planted_misuse_is_on_the_first_page_among_50_000_honest_searches(
    quarter: pd.DataFrame, policy: Policy
) -> None:
    begun = perf_counter()
    signals = find(quarter, rules_of(policy, set()))
    listed = ranked(growing(signals, quarter, END - timedelta(days=7)), policy.audits.weights)
    took = perf_counter() - begun
    first = [one.member_id for one in listed[: policy.audits.review_page]]
    assert {EX, TESTER, COLLECTOR} <= set(first[:6])
    said = {one.member_id: one.signals[0] for one in listed}
    assert "asked 69 times for one plate" in said[EX].why
    assert len(said[EX].record_ids) == 69
    assert (said[TESTER].rule, "7 times" in said[TESTER].why) == ("vague_reason", True)
    assert "200 plates under one case number" in said[COLLECTOR].why
    assert took < 20, "seconds, also on a busy machine"


def test_no_signal_names_a_plate(quarter: pd.DataFrame, policy: Policy) -> None:
    told = " ".join(str(one.told(policy.audits.weights)) for one in find(quarter, rules_of(policy, set())))
    plates = set(quarter.loc[quarter["member_id"] == EX, "plate"])
    assert not any(plate in told for plate in plates)


def made(*looks: dict[str, Any]) -> pd.DataFrame:
    """A table of looks by one officer, an hour apart, unless they say otherwise."""
    searches = Searches(np.random.default_rng(1))
    for n, look in enumerate(looks):
        usual = {"member_id": 1, "day": n // 24, "hour": n % 24, "case": f"26-{n:05}", "plate": f"7ABC{n:03}"}
        searches.look(**{**usual, **look})
    return table(searches)


def numbers(signals: list[Signal]) -> list[int]:
    return [len(one.record_ids) for one in signals]


@pytest.mark.clause("422.4(a)")
def test_a_plate_of_ones_own_household_is_told_at_once_and_anothers_is_not() -> None:
    looked = made({"plate": "8OWN111"}, {}, {"plate": "8OWN222"}, {"plate": ""})
    found = OwnPlate({(1, "8OWN111"), (2, "8OWN222")}).find(looked)
    assert numbers(found) == [1]
    assert found[0].strength > 0.75
    assert OwnPlate(set()).find(looked) == []


def test_a_burst_for_a_case_is_no_repetition_and_weeks_for_one_plate_are() -> None:
    rule = RepeatedPlate(12, 10)
    burst = made(*({"plate": "8CAR111", "day": 3, "hour": n / 2} for n in range(30)))
    weeks = made(*({"plate": "8CAR111", "day": n, "hour": 9} for n in range(30)))
    shared = made(*({"plate": "8CAR111", "day": n // 3, "hour": 9, "member_id": 1 + n % 3} for n in range(90)))
    assert numbers(rule.find(burst)) == []
    assert numbers(rule.find(weeks)) == [30]
    assert numbers(rule.find(shared)) == []
    unknown = made(*({"plate": "", "day": n, "hour": 9} for n in range(30)))
    assert rule.find(unknown) == []


def test_many_plates_under_one_number_or_one_reason_are_told() -> None:
    looked = made(*({"case": "26-00001", "reason": "tip of an informant"} for _ in range(20)), {"case": "26-00002"})
    assert numbers(OneCaseManyPlates(20).find(looked)) == [20]
    assert OneCaseManyPlates(21).find(looked) == []
    assert numbers(ReusedReason(20).find(looked)) == [20]
    once = made(*({"case": "26-00001", "plate": "7ABC123", "reason": "same car"} for _ in range(20)))
    assert OneCaseManyPlates(2).find(once) == ReusedReason(2).find(once) == []


@pytest.mark.parametrize(
    "text",
    ["test", "TEST", " asdf ", "aaaa", "0000", "12345", "qwer", "n-a", "zz", "xxxx-xxxx", "STAKEOUT", "test case"],
)
def test_a_case_number_that_says_nothing_is_known(text: str) -> None:
    assert says_nothing(text, WORDS, is_number=True)


@pytest.mark.parametrize("text", ["26-01234", "ADM-2027-004", "P-260615-001", "2026-0001", "C19-77", ""])
def test_a_real_case_number_says_something(text: str) -> None:
    assert not says_nothing(text, WORDS, is_number=True)


def test_a_reason_needs_no_digit_but_words() -> None:
    assert not says_nothing("seen near the second shooting", WORDS, is_number=False)
    assert says_nothing("test test", WORDS, is_number=False)
    assert says_nothing("...", WORDS, is_number=False)


@given(st.text(max_size=64))
def test_any_text_can_be_asked(text: str) -> None:
    assert says_nothing(text, WORDS, is_number=True) in {True, False}
    assert speaks_of(text, ("immigra*", "ice")) in {True, False}


def test_vague_numbers_are_told_from_the_figure_on() -> None:
    looked = made({"case": "test"}, {"case": "test"}, {}, {"case": "none", "member_id": 2})
    assert [(one.member_id, len(one.record_ids)) for one in VagueReason(2, WORDS).find(looked)] == [(1, 2)]


@pytest.mark.parametrize("case", ["ICE-2026-1", "deportation-1", "26-immigration", "x-UNDOCUMENTED-1"])
def test_refused_wording_under_another_purpose_is_told(case: str, policy: Policy) -> None:
    (rule,) = (one for one in rules_of(policy, set()) if one.name == "refused_wording")
    assert numbers(rule.find(made({"case": case}, {}))) == [1]


@pytest.mark.parametrize("case", ["26-01234", "POLICE-26-1", "JUSTICE-7", "26-HERO"])
def test_a_word_that_only_holds_another_is_not_refused(case: str, policy: Policy) -> None:
    (rule,) = (one for one in rules_of(policy, set()) if one.name == "refused_wording")
    assert rule.find(made({"case": case}, {})) == []


def test_what_the_gate_refused_for_its_wording_counts_too() -> None:
    looked = made({}, {}).assign(refused_purpose=[True, False])
    assert numbers(RefusedWording(("immigra*",)).find(looked)) == [1]


def test_data_much_older_than_its_case_is_told() -> None:
    old = datetime(2025, 6, 1, tzinfo=UTC)
    looked = made({"asked_from": old}, {"asked_from": datetime(2026, 3, 1, tzinfo=UTC)}, {})
    assert numbers(OlderThanCase(180).find(looked)) == [1]
    begun_long_ago = looked.assign(case_at=pd.Timestamp(old))
    assert OlderThanCase(180).find(begun_long_ago) == []


def test_a_shift_that_is_configured_counts_and_else_the_usual_hours() -> None:
    night = [{"hour": 23, "day": n} for n in range(9)]
    day = [{"hour": 10 + n % 3, "day": n % 80} for n in range(300)]
    shift = Shift(title="Police Officer", from_hour=7, to_hour=19)
    over_midnight = Shift(title="Police Officer", from_hour=19, to_hour=7)
    assert numbers(OffShift(8, 60, (shift,)).find(made(*night, *day))) == [9]
    assert numbers(OffShift(8, 60, (over_midnight,)).find(made(*night, *day))) == [300]
    assert numbers(OffShift(8, 60, ()).find(made(*night[:8], *day))) == [8]
    assert OffShift(8, 60, ()).find(made(*night)) == []  # nobody knows his usual hours


def test_volume_is_held_against_the_same_role_and_needs_peers() -> None:
    quiet = [{"member_id": member_id} for member_id in range(1, 20) for _ in range(9 + member_id % 3)]
    loud = [{"member_id": 42} for _ in range(300)]
    assert [one.member_id for one in Volume(3.5, 8).find(made(*quiet, *loud))] == [42]
    dispatchers = [{"member_id": 120} for _ in range(300)]
    assert Volume(3.5, 8).find(made(*quiet, *dispatchers)) == []


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=50))
def test_a_robust_score_is_always_a_number_and_zero_at_the_median(values: list[float]) -> None:
    scores = robust_z(np.array(values))
    assert np.isfinite(scores).all()
    assert abs(float(np.median(scores))) < 1e-6


def test_rules_say_nothing_of_nothing(policy: Policy) -> None:
    assert find(made({}).iloc[:0], rules_of(policy, {(1, "x")})) == []


def test_a_member_has_each_rules_strongest_signal_once() -> None:
    weights = {"repeated_plate": 5.0, "vague_reason": 4.0}
    signals = [
        Signal("repeated_plate", 1, "a", 0.9, (1,)), Signal("repeated_plate", 1, "b", 0.8, (2,)), Signal("vague_reason", 2, "c", 1.0, (3,)),
    ]  # fmt: skip
    first, second = ranked(signals, weights)
    assert (first.member_id, first.points, [one.why for one in first.signals]) == (1, 4.5, ["a", "b"])
    assert (second.member_id, second.points) == (2, 4.0)
    assert ranked(signals, {"repeated_plate": 0.0, "vague_reason": 0.0}) == []


def test_a_signal_is_listed_in_the_week_in_which_it_grew() -> None:
    looked = made({"day": 1}, {"day": 2}, {"day": 9})
    old, new = Signal("volume", 1, "", 1, (0, 1)), Signal("volume", 1, "", 1, (0, 2))
    week = looked["at"].min() + timedelta(days=6)
    assert growing([old, new], looked, week) == [new]
