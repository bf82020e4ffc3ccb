"""Phrases against the plain definition: the best alignment of a phrase over every stretch of a text."""

from __future__ import annotations

from itertools import groupby, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alpr_assets.lifecycle.recognition.regions import WORDS
from alpr_assets.lifecycle.recognition.spotting import LEAST, LETTERS, Spotter

PHRASES = ("A", "B", "AB", "AA", "ABA", "BB", "AAB")
FEW = [0, 1, 2]  # blank, A, B


def text(letters: str, p: float = 0.9) -> np.ndarray:
    """(T, 27): each step has probability `p` on its letter, `_` for blank, and the rest on all others."""
    out = np.full((len(letters), 27), (1 - p) / 26, np.float32)
    for row, letter in zip(out, letters, strict=True):
        row[LETTERS.index(letter) + 1 if letter != "_" else 0] = p
    return out


@st.composite
def few_steps(draw: st.DrawFn) -> np.ndarray:
    """(T ≤ 5, 27) over three classes: small enough to try every alignment."""
    rows = draw(st.lists(st.tuples(*[st.floats(0, 1, width=32)] * len(FEW)), min_size=1, max_size=5))
    out = np.zeros((len(rows), 27), np.float32)
    out[:, FEW] = np.array(rows, np.float32) + np.float32(1e-3)
    return out / out.sum(axis=1, keepdims=True)


def by_definition(steps: np.ndarray, phrase: str) -> float:
    """The best logarithm of any alignment of the phrase with any stretch of steps, over that of the best text there."""
    logs = np.log(np.maximum(steps, LEAST))
    logs -= logs.max(axis=1, keepdims=True)
    best = -np.inf
    for begin in range(len(steps)):
        for end in range(begin + 1, len(steps) + 1):
            for path in product(FEW, repeat=end - begin):
                if "".join(LETTERS[c - 1] for c, _ in groupby(path) if c) == phrase:
                    best = max(best, float(sum(logs[begin + i, c] for i, c in enumerate(path))))
    return best


@settings(max_examples=60)
@given(few_steps())
def test_scores_are_those_of_the_best_alignment(steps):
    answer = Spotter(PHRASES).scores(steps[None])[0]
    for phrase, score in zip(PHRASES, answer, strict=True):
        exact = by_definition(steps, phrase)
        if np.isfinite(exact):
            assert score == pytest.approx(exact, abs=1e-3), phrase
        else:
            assert score < -1e6, "too few steps to spell it"


@given(few_steps(), few_steps())
def test_a_text_scores_the_same_alone_and_among_others(one, other):
    n = min(len(one), len(other))
    together = Spotter(PHRASES).scores(np.stack([one[:n], other[:n]]))
    assert np.array_equal(together[0], Spotter(PHRASES).scores(one[None, :n])[0])
    assert together.shape == (2, len(PHRASES))


@given(few_steps())
def test_no_score_is_above_zero(steps):
    assert (Spotter(PHRASES).scores(steps[None]) <= 0).all()


@pytest.mark.parametrize("read", ["OHIO", "__O_HHIO__", "OOHIIIO", "XXOHIOXX", "MYOHIO_Z"])
def test_a_phrase_that_is_read_scores_nothing_below_the_best_wherever_it_stands(read):
    ohio, iowa = Spotter(("OHIO", "IOWA")).scores(text(read)[None])[0]
    assert ohio == 0
    assert iowa < -4


def test_a_double_letter_needs_a_blank_between():
    assert Spotter(("TENNESSEE",)).scores(text("TEN_NES_SE_E")[None])[0, 0] == 0
    assert Spotter(("TENNESSEE",)).scores(text("TEEENNESSSEE")[None])[0, 0] < -2


def test_a_misspelt_word_is_likelier_the_phrase_than_any_other():
    steps = text("CAL_IFOMIA_", p=0.6)
    steps[7] = text("R", p=0.5)[0]  # rn and m: the reader doubts
    spotter = Spotter(tuple(WORDS))
    scores = dict(zip(spotter.phrases, spotter.scores(steps[None])[0] + 1.6 * spotter.lengths, strict=True))
    assert max(scores, key=scores.__getitem__) == "CALIFORNIA"


def test_a_letter_without_any_probability_costs_no_more_than_the_floor():
    steps = np.zeros((3, 27), np.float32)
    steps[:, 0] = 1
    assert Spotter(("A",)).scores(steps[None])[0, 0] == pytest.approx(np.log(LEAST))
