"""What witnesses remember may be asked for as it is: it matches, and says enough for a watch."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from alpr_assets.lifecycle.lookalikes import ALPHABET
from alpr_assets.lifecycle.watches.patterns import parse
from alpr_assets.sample.city.witness import remembered


@given(
    seed=st.integers(0, 2**32 - 1),
    plate=st.text("0OQD1I8B", min_size=5, max_size=8) | st.text(ALPHABET, min_size=5, max_size=8),
)
def test_what_is_remembered_is_a_partial_plate_that_the_policy_lets_a_member_watch(policy, seed, plate):
    pattern = parse(remembered(np.random.default_rng(seed), plate), least_known=policy.watches.least_known)
    assert pattern.matches(plate)
    assert pattern.is_partial


def test_witnesses_remember_in_different_ways_and_some_are_in_doubt():
    said = [remembered(np.random.default_rng(seed), "8ABC120") for seed in range(200)]
    assert {text[0] == "*" for text in said} == {True, False}
    assert 0.2 < np.mean(["[" in text for text in said]) < 0.7
    assert len(set(said)) > 20
