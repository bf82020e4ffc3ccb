"""The formula of a canvass: what makes a vehicle more telling, and what less."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpr_assets.lifecycle.matching import explain
from alpr_assets.search.canvass import weighing

share = st.floats(0, 1)
chances = st.floats(1e-6, 0.98)


def seen(policy, chance, *, confused=0.0, near=1.0, confidence=1.0):
    return float(weighing.seen(*(np.array([value]) for value in (chance, confused, near, confidence)), policy)[0])


def absent(policy, chance):
    return float(weighing.not_seen(np.array([chance]), policy)[0])


@given(chances, chances, st.floats(0.5, 1))
def test_the_rarer_here_the_more_telling(policy, one, other, confidence):
    rare, usual = sorted((one, other))
    assert seen(policy, rare, confidence=confidence) >= seen(policy, usual, confidence=confidence) - 1e-9


@given(chances)
def test_who_passes_by_habit_is_never_telling_and_not_seeing_him_less(policy, chance):
    assert absent(policy, chance) <= 1
    assert seen(policy, 0.98, near=0.9) < 1 < seen(policy, 0.01, near=0.25)


@given(chances, st.floats(0.25, 1), st.floats(0.25, 1))
def test_the_nearer_the_more_telling(policy, chance, one, other):
    far, near = sorted((one, other))
    assert seen(policy, chance, near=near) >= seen(policy, chance, near=far)


@given(chances, share, st.floats(0, 1))
def test_what_may_be_a_misread_resident_is_never_more_telling(policy, chance, confused, confidence):
    assert (
        seen(policy, chance, confused=confused, confidence=confidence)
        <= seen(policy, chance, confidence=confidence) + 1e-9
    )


@given(chances)
def test_a_read_that_is_surely_wrong_says_what_no_read_says(policy, chance):
    assert seen(policy, chance, confidence=0.0) == pytest.approx(absent(policy, chance))


@given(chances, chances, share, st.floats(0.25, 1))
def test_a_possible_misread_is_no_worse_than_not_seen_and_no_better_than_seen(policy, chance, other, misread, near):
    arrays = (np.array([value]) for value in (chance, other, misread, near))
    possible = float(weighing.seen_misread(*arrays, policy)[0])
    best = seen(policy, chance)
    assert absent(policy, chance) <= possible <= max(best, absent(policy, chance)) * (1 + 1e-9)


@pytest.mark.parametrize(
    ("likelier", "less"), [("7A8C123", "7AXC123"), ("7A8C123", "7A8C12B"), ("7A8C123", "7ABC12")]
)  # fmt: skip
def test_a_look_alike_is_the_likeliest_misread(policy, likelier, less):
    one, other = (weighing.misreading(explain(read, "7ABC123"), 0.8, policy) for read in (likelier, less))
    assert 0 < other < one < 1


def test_a_sure_read_is_no_misread_and_a_candidate_counts_as_it_says(policy):
    assert weighing.misreading(explain("7A8C123", "7ABC123"), 1.0, policy) == 0
    assert weighing.listed_as("7ABC123", [["7A8C123", 0.7], ["7ABC123", 0.2]]) == 0.2
    assert weighing.listed_as("7ABC123", None) == 0
