"""Many patterns against many plates is each pattern against each plate."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from alpr_assets.lifecycle.watches.patterns import parse
from alpr_assets.lifecycle.watches.sieve import match_patterns
from tests.lifecycle.watches.spelling import oracle, patterns, plates


@given(st.lists(patterns, max_size=8), st.lists(plates, max_size=30, unique=True))
@example(["*0*"], ["0"])
@example(["*"], ["A"])
@example(["A*A"], ["A"])
@example(["*08*A*"], ["80A", "08A", "A08", "7708B7A7"])
def test_all_pairs_at_once_are_those_found_one_by_one(typed: list[str], listed: list[str]) -> None:
    pattern, plate = match_patterns([parse(one) for one in typed], listed)
    expected = [
        (i, j) for i, one in enumerate(typed) for j, other in enumerate(listed) if oracle(one, other)
    ]  # in this order
    assert list(zip(pattern.tolist(), plate.tolist(), strict=True)) == expected


def test_what_is_no_plate_matches_nothing() -> None:
    _, plate = match_patterns([parse("*"), parse("?*")], ["", "7ÄB", "A" * 17, "7a", "7A"])
    assert plate.tolist() == [4, 4]


def test_plates_beyond_one_batch_keep_their_numbers() -> None:
    many = [f"{number:06}" for number in range(120_000)]
    pattern, plate = match_patterns([parse("119??9"), parse("0[02]0?00")], many)
    assert (pattern == 0).sum() == 100
    assert plate[pattern == 0].tolist() == list(range(119_009, 120_000, 10))
    assert (pattern == 1).sum() == 20
