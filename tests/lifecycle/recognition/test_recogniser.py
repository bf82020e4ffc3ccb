"""The value classes: what an id promises, and that everything travels between processes."""

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError

import pytest

from alpr_assets.lifecycle.recognition.recogniser import Box, Candidate, Character, PlateReading, RecogniserVersion

VERSION = RecogniserVersion("detector", "reader", {"limit_side": 960, "code": "ab"})


def test_version_id_is_sixteen_hex_digits_and_ignores_the_order_of_details():
    same = RecogniserVersion("detector", "reader", {"code": "ab", "limit_side": 960})
    assert same.version_id == VERSION.version_id
    assert len(VERSION.version_id) == 16
    assert int(VERSION.version_id, 16) >= 0


@pytest.mark.parametrize(
    "other",
    [
        RecogniserVersion("detector2", "reader", {"limit_side": 960, "code": "ab"}),
        RecogniserVersion("detector", "reader2", {"limit_side": 960, "code": "ab"}),
        RecogniserVersion("detector", "reader", {"limit_side": 1280, "code": "ab"}),
        RecogniserVersion("detector", "reader", {"limit_side": 960, "code": "ac"}),
        RecogniserVersion("detectorreader", "", {"limit_side": 960, "code": "ab"}),
    ],
)
def test_any_difference_is_another_version(other):
    assert other.version_id != VERSION.version_id


def test_a_figure_that_json_cannot_hold_is_refused():
    with pytest.raises(ValueError):
        RecogniserVersion("detector", "reader", {"threshold": float("nan")})


def test_readings_are_frozen_and_survive_pickling():
    reading = PlateReading(
        plate="7ABC123", raw="7ABC-123", confidence=0.9,
        characters=(Character("7", 0.9),), candidates=(Candidate("7ABC123", 0.9),),
        box=Box(1, 2, 3, 4), quad=((1, 2), (4, 2), (4, 6), (1, 6)),
    )  # fmt: skip
    assert pickle.loads(pickle.dumps(reading)) == reading
    assert pickle.loads(pickle.dumps(VERSION)) == VERSION
    with pytest.raises(FrozenInstanceError):
        reading.plate = "8ABC123"  # type: ignore[misc]
