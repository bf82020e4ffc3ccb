"""Partial plates: what a pattern means is what Python's `re` says; what is wrong with one is said by position."""

from __future__ import annotations

import re
import sqlite3

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from alpr_assets.errors import MalformedError
from alpr_assets.lifecycle.lookalikes import ALPHABET
from alpr_assets.lifecycle.watches.patterns import GAP, Pattern, parse
from tests.lifecycle.watches.spelling import oracle, patterns, plates


@pytest.mark.clause("422.4(c)")
def test_a_witness_pattern_finds_its_plates_and_no_others() -> None:
    pattern = parse("7?A*23")
    assert all(map(pattern.matches, ["7BA23", "7BAX23", "70AXYZ23"]))
    assert not any(map(pattern.matches, ["7A23", "7BA2", "7BA234", "X7BA23", ""]))
    assert parse("[08O]ABC").matches("8ABC")
    assert not parse("[08O]ABC").matches("QABC")


@given(patterns, plates)
@example("*A*A*", "AA")
@example("[0O]*[0O]", "0")
def test_a_pattern_means_what_python_would(typed: str, plate: str) -> None:
    pattern = parse(typed)
    assert pattern.matches(plate) == oracle(typed, plate)
    assert bool(re.match(pattern.regex(), plate)) == oracle(typed, plate)


@given(patterns, plates)
def test_sqlite_globs_as_we_do(typed: str, plate: str) -> None:
    (found,) = sqlite3.connect(":memory:").execute("SELECT ? GLOB ?", (plate, parse(typed).glob())).fetchone()
    assert bool(found) == oracle(typed, plate)


@given(patterns)
def test_a_pattern_survives_being_written_down(typed: str) -> None:
    pattern = parse(typed)
    assert parse(pattern.text) == pattern
    assert len(pattern.outline) == len(pattern.tokens)
    assert "**" not in pattern.text
    assert "*?" not in pattern.text


@given(patterns, plates)
def test_the_explanation_names_just_the_characters_that_were_not_known(typed: str, plate: str) -> None:
    pattern = parse(typed)
    if not pattern.matches(plate):
        with pytest.raises(ValueError, match="none of the pattern"):
            pattern.explain(plate)
        return
    found = pattern.explain(plate)
    positions = [difference["position"] for difference in found]
    assert positions == sorted(set(positions))
    assert all(plate[int(difference["position"]) - 1] == difference["read"] for difference in found)
    known = "".join(character for position, character in enumerate(plate, 1) if position not in positions)
    assert known == "".join(token for token in pattern.tokens if len(token) == 1)


def test_an_explanation_shows_what_stood_for_each_character() -> None:
    assert parse("7?A*2[0O]").explain("7BAXY2O") == [
        {"position": 2, "read": "B", "listed": "?", "alike": False},
        {"position": 4, "read": "X", "listed": "*", "alike": False},
        {"position": 5, "read": "Y", "listed": "*", "alike": False},
        {"position": 7, "read": "O", "listed": "0O", "alike": True},
    ]


def test_case_spaces_and_dashes_do_not_count() -> None:
    assert parse(" 7?a - *2–3 [o 0]") == parse("7?A*23[0O]")
    assert parse("[a]bc") == parse("ABC")
    assert not parse("[a]bc").is_partial


@pytest.mark.parametrize(
    ("typed", "code", "said"),
    [
        ("", "pattern_empty", "no plate"),
        (" - ", "pattern_empty", "no plate"),
        ("7A_B", "pattern_character", "position 3"),
        ("7ÄB", "pattern_character", "position 2"),
        ("7[0O", "pattern_bracket", "position 2 is not closed"),
        ("7[]A", "pattern_bracket", "position 2 is empty"),
        ("7[- ]A", "pattern_bracket", "position 2 is empty"),
        ("7[0?]A", "pattern_bracket", "position 4"),
        ("7[0[O]]", "pattern_bracket", "position 4"),
        ("7A]B", "pattern_bracket", "position 3"),
        ("ABCDEFGH12345678Z", "pattern_long", "17 places"),
        ("?" * 201, "pattern_long", "201 characters"),
    ],
)
def test_what_is_wrong_is_said_by_its_position(typed: str, code: str, said: str) -> None:
    with pytest.raises(MalformedError, match=re.escape(said)) as caught:
        parse(typed)
    assert caught.value.code == code
    assert caught.value.remedy


@given(st.text(max_size=20))
def test_anything_typed_is_a_pattern_or_is_refused_with_a_remedy(typed: str) -> None:
    try:
        tokens = parse(typed).tokens
    except MalformedError as refused:
        tokens = refused.remedy and re.match("pattern_", refused.code)
    assert tokens


@pytest.mark.parametrize("typed", ["*", "7*", "??????", "7A*", "[0123456789]*[ABCDEFGHIJ]7"])
def test_a_pattern_that_would_match_too_many_is_refused_with_the_reason(typed: str) -> None:
    with pytest.raises(MalformedError, match="known characters, 3 are needed") as caught:
        parse(typed, least_known=3)
    assert caught.value.code == "pattern_wide"


def test_a_pattern_that_says_enough_is_taken_and_a_short_whole_plate_is_too() -> None:
    assert parse("*XKR*", least_known=3).runs() == ["XKR"]
    assert parse("7[0O]*A[8B]", least_known=3).telling == pytest.approx(3.61, abs=0.01)
    assert parse("ME", least_known=3) == Pattern(("M", "E"))


def test_what_the_database_is_asked_first() -> None:
    pattern = parse("7AB?XKRT*1")
    assert pattern.prefix() == "7AB"
    assert pattern.runs() == ["XKRT", "7AB", "1"]
    assert parse("*1").prefix() == ""
    assert pattern.tokens[3] == ALPHABET
    assert pattern.tokens[8] == GAP
