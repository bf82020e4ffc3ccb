"""How many real pictures are read exactly: halves of two public sets of US plates, which are not part of this repository.

Nothing is ever tuned on them. The label 0 stands for the letter O throughout many labels of the close-ups, so they are
scored with O = 0. What is reached is in models/plate_reader/README.md; the limits here lie a margin below it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from alpr_assets.lifecycle.recognition.paddle import PaddleFactory
from alpr_assets.lifecycle.recognition.plates import PlateFactory
from alpr_assets.lifecycle.recognition.recogniser import Recogniser
from benchmarks.recognition import sets
from benchmarks.recognition.measuring import Answer
from benchmarks.recognition.scoring import Row, regions, scored
from tests.conftest import missing

from .drawn import MODELS


def measured(make: Callable[[], Recogniser], name: str, every: int = 1) -> list[Row]:
    """Every so manieth picture of a set, each with the labels of its plate."""
    if not (sets.DATA / name / "labels.csv").is_file():
        missing(f"the set of real pictures, ../shared/data/{name}")
    recogniser = make()
    rows = []
    for labelled in sorted(sets.load(name, sets.DATA, None), key=lambda one: one.path)[::every]:
        answer = recogniser.recognise(labelled.path.read_bytes())
        rows.append(scored("ours", labelled, Answer(answer.plates, None, answer.ms, answer.ms), {}))
    return rows


def n_true(rows: list[Row], name: str) -> int:
    return sum(bool(getattr(row, name)) for row in rows)


ours = PlateFactory(models=MODELS)


def test_nearly_every_ninth_frame_is_read_exactly():
    rows = measured(ours, "us_frames", 9)
    assert len(rows) == 12
    assert n_true(rows, "exact") >= 9, "few pictures: a wide margin below the 94 % of all"
    assert n_true(rows, "found") >= 11


def test_nearly_every_twelfth_close_up_is_read_and_its_state_is_right():
    rows = measured(ours, "us_plates", 12)
    assert n_true(rows, "o_is_0") >= 0.9 * len(rows)
    states = regions(rows)
    assert states is not None
    assert states.right.value >= 0.9


@pytest.mark.long
def test_of_all_frames_101_are_read_exactly_and_107_plates_are_found():
    rows = measured(ours, "us_frames")
    assert len(rows) == 108
    assert n_true(rows, "exact") >= 101
    assert n_true(rows, "o_is_0") >= 103
    assert n_true(rows, "found") >= 107


@pytest.mark.long
def test_of_all_close_ups_97_percent_are_read_and_their_states_where_they_are_named():
    rows = measured(ours, "us_plates")
    assert n_true(rows, "o_is_0") >= 0.97 * len(rows)
    states = regions(rows)
    assert states is not None
    assert states.right.value >= 0.9, "of those answered"
    assert states.answered.value >= 0.6, "of all"


@pytest.mark.long
def test_the_older_recogniser_still_reads_most_of_every_ninth_frame(tmp_path: Path):
    """PaddleOCR's, which ALPR_RECOGNISER may name: 70 % of all frames when it was the one in use."""
    rows = measured(PaddleFactory(tmp_path), "us_frames", 9)
    assert n_true(rows, "exact") >= 0.6 * len(rows)
