"""Confidence: features that stay in bounds, a map that is read or refused, and one that grows with trust."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpr_assets.errors import RecognitionError
from alpr_assets.lifecycle.recognition.calibration import UNFITTED, Calibration, Features, parse

NAMES = [field.name for field in fields(Features)]
SURE: dict[str, Any] = {
    "probability": 0.98, "looks": [0.98], "characters": [0.99] * 7, "grammar": 2.0, "state": 0.9,
    "score": 0.9, "size_px": (100.0, 50.0), "n_edges": 0, "margins": (0.1, 0.1),
}  # fmt: skip


def features(**changed: Any) -> Features:
    return Features.of(**SURE | changed)


def fitted(**weights: float) -> bytes:
    return json.dumps({"intercept": -1.0, "weights": weights, "fitted_on": "nothing"}).encode()


shares = st.floats(0, 1)


@given(
    probability=shares,
    looks=st.lists(shares, min_size=1, max_size=2),
    characters=st.lists(shares, min_size=1, max_size=16),
    score=shares,
    size_px=st.tuples(st.floats(-1, 5000), st.floats(-1, 5000)),
    n_edges=st.integers(0, 4),
    margins=st.tuples(shares, shares),
)
def test_no_reading_has_a_feature_that_runs_away(**reading: Any) -> None:
    """A box without a height, a probability of 1, no character on its best path: all of them arrive."""
    values = asdict(features(**reading))
    assert all(math.isfinite(value) and abs(value) <= 12 for value in values.values()), values


@pytest.mark.parametrize(
    ("name", "weaker"),
    [
        ("probability", {"probability": 0.5}),
        ("look", {"looks": [0.98, 0.2]}),
        ("character", {"characters": [0.99] * 5 + [0.6, 0.6]}),
        ("grammar", {"grammar": -2.0}),
        ("state", {"state": 0.0}),
        ("detection", {"score": 0.3}),
        ("height", {"size_px": (40.0, 20.0)}),
        ("whole", {"n_edges": 1}),
        ("room", {"margins": (0.1, 0.0)}),
    ],
)
def test_what_makes_a_reading_weaker_lowers_its_feature(name: str, weaker: dict[str, Any]) -> None:
    assert getattr(features(**weaker), name) < getattr(features(), name)


@pytest.mark.parametrize(
    ("name", "odd"),
    [
        ("short", {"characters": [0.9] * 3}),
        ("shape", {"size_px": (300.0, 30.0)}),
    ],
)
def test_what_is_odd_about_a_plate_raises_its_feature(name: str, odd: dict[str, Any]) -> None:
    assert getattr(features(), name) < getattr(features(**odd), name)


def test_one_character_alone_is_the_least_confident() -> None:
    assert features(characters=[0.7]).character == features(characters=[0.7, 0.9, 0.7]).character


def test_a_plate_that_fills_its_picture_was_not_cut_by_it() -> None:
    """A close-up touches all four edges, and a picture of one plate's upper half three: only one or two say that it was cut."""
    assert [features(n_edges=n).whole for n in range(5)] == [1, 0, 0, 1, 1]


# ── the map ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_without_a_fit_the_confidence_is_the_readers_own() -> None:
    assert UNFITTED.confidence(features(probability=0.73)) == pytest.approx(0.73)


@pytest.mark.parametrize("name", NAMES)
def test_every_feature_can_be_weighed(name: str) -> None:
    weight, value = 0.5, getattr(features(), name)
    plain, weighed = parse(fitted(**{name: 0.0})), parse(fitted(**{name: weight}))
    odds = [math.log(c / (1 - c)) for c in (plain.confidence(features()), weighed.confidence(features()))]
    assert odds[1] - odds[0] == pytest.approx(weight * value, abs=1e-9)


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_a_confidence_is_a_probability_whatever_the_weights(intercept: float, weight: float) -> None:
    assert 0 <= Calibration(intercept, dict.fromkeys(NAMES, weight)).confidence(features()) <= 1


@pytest.mark.parametrize(
    "content",
    [
        b"", b"[]", b"\xff", b"{}", b'{"weights": {}}', b'{"weights": [], "intercept": 0}',
        b'{"weights": {"probability": "much"}, "intercept": 0}', b'{"weights": {"probability": NaN}, "intercept": 0}',
        b'{"weights": {}, "intercept": Infinity}', b'{"weights": {"luck": 1}, "intercept": 0}',
    ],
)  # fmt: skip
def test_what_is_no_calibration_is_refused_with_a_remedy(content: bytes) -> None:
    with pytest.raises(RecognitionError, match=r"calibration\.json") as caught:
        parse(content)
    assert caught.value.remedy


def test_a_feature_that_is_none_is_named() -> None:
    with pytest.raises(RecognitionError, match="luck, zeal"):
        parse(fitted(zeal=1, luck=1))
