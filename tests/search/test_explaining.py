"""The probability that a read's plate is one that a pattern means, against sums over every string."""

from __future__ import annotations

import itertools
import math

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alpr_assets.lifecycle.lookalikes import ALPHABET
from alpr_assets.lifecycle.watches.patterns import parse
from alpr_assets.search.explaining import Explainer, _others


def read(plate, confidence=0.9, characters=None, **candidates):
    each = characters or [confidence ** (1 / len(plate))] * len(plate)
    return {
        "plate": plate, "confidence": confidence, "characters": [list(pair) for pair in zip(plate, each, strict=True)],
        "candidates": [[plate, confidence], *map(list, candidates.items())],
    }  # fmt: skip


def explained(pattern, *reads, alike=0.64, lost=0.0):
    return Explainer(parse(pattern), alike, lost).probability(pd.DataFrame(reads)).tolist()


@settings(max_examples=40)  # 36³ strings each
@given(
    st.text("08OX?*", min_size=1, max_size=4).filter(lambda text: text.strip("*?")),
    st.text("08OX", min_size=1, max_size=3),
    st.floats(0.05, 0.95),
)
def test_the_probability_is_the_sum_over_every_string(pattern, plate, confidence):
    """Exact for `*` too, however many ways there are to read it: strings are counted, not readings."""
    machine = Explainer(parse(pattern), 0.64, 0.0)
    characters = [confidence**0.5 if n % 2 else confidence for n in range(len(plate))]
    table = _others(0.64)
    spread = [
        {c: (own if c == a else (1 - own) * table[ALPHABET.index(a), n]) for n, c in enumerate(ALPHABET)}
        for a, own in zip(plate, characters, strict=True)
    ]
    total = sum(
        math.prod(spread[place][c] for place, c in enumerate(text))
        for text in itertools.product(ALPHABET, repeat=len(plate))
        if machine.pattern.matches("".join(text))
    )
    own = math.prod(characters)
    rest = (total - own * machine.pattern.matches(plate)) / (1 - own)
    expected = own * machine.pattern.matches(plate) + (1 - own) * rest
    (found,) = machine.probability(pd.DataFrame([read(plate, own, characters)]))
    assert found == pytest.approx(expected, abs=1e-9)


def test_of_the_strings_that_may_stand_there_those_that_match_count():
    sure, other, listed = explained(
        "7ABC12?", read("7ABC123", 0.95), read("8XYZ999", 0.95), read("7ABD123", 0.6, **{"7ABC123": 0.3})
    )
    assert sure > 0.95
    assert other < 1e-4
    assert 0.3 < listed < 0.5


def test_a_look_alike_is_likelier_than_another_character():
    alike, other = explained("7ABC123", read("7A8C123", 0.7), read("7AXC123", 0.7))
    assert alike > 10 * other


def test_an_unsure_character_is_likelier_wrong_than_a_sure_one():
    unsure = [0.99, 0.99, 0.5, 0.99, 0.99, 0.99, 0.99]
    here, elsewhere = explained("7ABC123", read("7AXC123", 0.48, unsure), read("7ABX123", 0.48, unsure))
    assert here > 5 * elsewhere


def test_a_plate_cut_at_its_edge_may_be_the_one():
    assert explained("7ABC123", read("7ABC12", 0.95)) == [0.0]
    (cut,) = explained("7ABC123", read("7ABC12", 0.95), lost=0.02)
    (edge,) = explained("7ABC12*", read("7ABC12", 0.95), lost=0.02)
    assert 0 < cut < 0.001
    assert edge > 0.93


def test_characters_that_do_not_spell_the_plate_are_left_out():
    odd = {**read("7ABC123"), "characters": [["X", 0.1]]}
    assert explained("7A*", odd) == pytest.approx(explained("7A*", read("7ABC123")))


def test_confidences_of_nought_and_one_and_no_candidates_stay_probabilities():
    rows = [{**read("7ABC123", p), "candidates": []} for p in (0.0, 1.0)]
    assert all(0 <= p <= 1 for p in explained("7AB*", *rows))


def test_a_pattern_of_many_unknowns_stays_small():
    """Its machine has as many states as there are ways, bounded by what can still match."""
    assert explained("*A??????*B*", read("1A234567B8", 0.9))[0] > 0.8


def test_no_reads_have_no_probabilities():
    assert (
        Explainer(parse("7A*"), 0.64, 0.02)
        .probability(pd.DataFrame(columns=["plate", "confidence", "characters", "candidates"]))
        .tolist()
        == []
    )
