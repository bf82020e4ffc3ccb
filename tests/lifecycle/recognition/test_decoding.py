"""Masking, beam and characters against the plain definition of CTC."""

from __future__ import annotations

from itertools import groupby, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpr_assets.lifecycle.recognition.decoding import ALPHABET, BLANK, beam, margins, mask, spelled, text_of

CLASSES = ["blank", "-", *ALPHABET, *ALPHABET[10:].lower(), "🛄", " "]
FEW = [BLANK, 1, 2, 11]  # blank, "0", "1", "A"


def steps(*texts: str, p: float = 0.9) -> np.ndarray:
    """(T, C) of CLASSES: each step has probability `p` on the text named and the rest on blank."""
    out = np.zeros((len(texts), len(CLASSES)))
    for row, text in zip(out, texts, strict=True):
        row[CLASSES.index(text)] += p
        row[BLANK] += 1 - p
    return out


@st.composite
def few_masked(draw: st.DrawFn) -> np.ndarray:
    """(T ≤ 5, 37) over a few classes: small enough to sum all alignments."""
    weights = st.floats(0.02, 1.0)
    rows = draw(st.lists(st.tuples(*[weights] * len(FEW)), min_size=1, max_size=5))
    out = np.zeros((len(rows), 37))
    for row, values in zip(out, rows, strict=True):
        row[FEW] = np.array(values) / sum(values)
    return out


def collapsed(path: tuple[int, ...]) -> str:
    return "".join(ALPHABET[c - 1] for c, _ in groupby(path) if c != BLANK)


def by_definition(masked: np.ndarray) -> dict[str, float]:
    """Every string's probability, summed over every alignment."""
    out: dict[str, float] = {}
    for path in product(FEW, repeat=len(masked)):
        p = float(np.prod([row[c] for row, c in zip(masked, path, strict=True)]))
        out[collapsed(path)] = out.get(collapsed(path), 0.0) + p
    return out


def test_a_dash_becomes_blank_and_not_a_character():
    probabilities = steps("A", "-", "1")
    probabilities[1, CLASSES.index("J")] = 0.02  # what masking and rescaling would blow up to 1
    assert beam(mask(probabilities, CLASSES))[0].plate == "A1"


def test_dash_between_equal_characters_still_separates_them():
    assert beam(mask(steps("1", "-", "1"), CLASSES))[0].plate == "11"


@given(st.lists(st.lists(st.floats(0, 1), min_size=len(CLASSES), max_size=len(CLASSES)), min_size=1, max_size=4))
def test_masked_rows_sum_to_one_and_keep_what_was_kept(rows):
    raw = np.array(rows) + 1e-3
    raw /= raw.sum(axis=1, keepdims=True)
    masked = mask(raw.astype(np.float32), CLASSES)
    assert masked.shape == (len(rows), 37)
    assert np.allclose(masked.sum(axis=1), 1)
    assert masked.min() >= 0
    columns = [CLASSES.index(c) for c in ALPHABET]
    assert np.allclose(masked[:, 1:], raw[:, columns], atol=1e-5)


@given(few_masked())
def test_wide_beam_gives_the_exact_probabilities(masked):
    exact = by_definition(masked)
    found = beam(masked, width=10_000, n=10_000)
    assert {c.plate for c in found} == set(exact) - {""}
    for candidate in found:
        assert candidate.confidence == pytest.approx(exact[candidate.plate])
    assert [c.confidence for c in found] == sorted((c.confidence for c in found), reverse=True)


@given(few_masked(), st.integers(1, 6))
def test_narrow_beam_never_promises_more_than_the_exact_probability(masked, width):
    exact = by_definition(masked)
    for candidate in beam(masked, width=width):
        assert candidate.confidence <= exact[candidate.plate] + 1e-9


@given(few_masked())
def test_character_confidences_are_those_of_the_best_alignment(masked):
    paths = {
        path: np.prod([r[c] for r, c in zip(masked, path, strict=True)]) for path in product(FEW, repeat=len(masked))
    }
    for candidate in beam(masked):
        spelling = spelled(masked, candidate.plate)
        assert "".join(c.text for c in spelling) == candidate.plate
        top = max(p for path, p in paths.items() if collapsed(path) == candidate.plate)
        alike = [path for path, p in paths.items() if collapsed(path) == candidate.plate and p > top * (1 - 1e-9)]
        assert any(np.allclose([c.confidence for c in spelling], runs(masked, path)) for path in alike)


def runs(masked: np.ndarray, path: tuple[int, ...]) -> list[float]:
    """The highest probability within each run of one character along a path."""
    out, t = [], 0
    for c, run in groupby(path):
        n = len(list(run))
        if c != BLANK:
            out.append(max(masked[t : t + n, c]))
        t += n
    return out


def test_nothing_to_read_gives_no_candidate():
    assert beam(mask(steps("-", " ", p=1.0), CLASSES)) == ()


def test_too_few_steps_to_spell_is_an_error():
    with pytest.raises(ValueError):
        spelled(mask(steps("1", "1"), CLASSES), "11")


def test_raw_text_keeps_every_sign_and_its_mean_confidence():
    assert text_of(steps("A", "A", "-", "blank", "1", "1"), CLASSES) == ("A-1", pytest.approx(0.9))
    assert text_of(steps("blank"), CLASSES) == ("", 0.0)


@pytest.mark.parametrize(
    ("texts", "left", "right"),
    [("--A-B---", 2 / 8, 3 / 8), ("A------B", 0, 0), ("------A-", 6 / 8, 1 / 8), ("--------", 1, 1)],
)
def test_margins_are_what_is_left_of_the_steps_around_the_characters(texts: str, left: float, right: float) -> None:
    masked = mask(steps(*texts), CLASSES)
    assert margins(masked) == (left, right)
