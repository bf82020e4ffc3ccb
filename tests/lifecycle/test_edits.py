"""Edits between plates: the quick answer and the whole one agree with the definition."""

from __future__ import annotations

from functools import cache

from hypothesis import example, given
from hypothesis import strategies as st

from alpr_assets.lifecycle.edits import distance, within_one

plates = st.text("AB1", max_size=7)


@cache
def by_definition(one: str, other: str) -> int:
    if not one or not other:
        return len(one) + len(other)
    return min(
        by_definition(one[1:], other) + 1,
        by_definition(one, other[1:]) + 1,
        by_definition(one[1:], other[1:]) + (one[0] != other[0]),
    )


@given(plates, plates)
@example("", "")
@example("", "A")
@example("AAB", "ABA")
@example("7ABC123", "7ABC1234")
def test_the_distance_is_the_fewest_edits(one: str, other: str) -> None:
    assert distance(one, other) == distance(other, one) == by_definition(one, other)


@given(plates, plates)
@example("7ABC123", "ABC123")
@example("7ABC123", "7ABC12")
def test_within_one_says_whether_one_edit_is_enough(one: str, other: str) -> None:
    assert within_one(one, other) == (by_definition(one, other) <= 1)
