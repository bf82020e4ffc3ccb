"""Fitting the confidence: what was drawn is known, what was read of it is judged, and the fit keeps its promise."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alpr_assets import policy
from alpr_assets.lifecycle.recognition.calibration import Calibration, Features, parse
from alpr_assets.lifecycle.recognition.recogniser import Box
from alpr_assets.settings import ROOT
from alpr_training.calibration import fitting, observing
from alpr_training.calibration.__main__ import PRECISION, as_json, fitted
from alpr_training.calibration.diagram import reliability_diagram
from alpr_training.calibration.observing import Observation, Plan, matched, observe
from alpr_training.calibration.pictures import HIDDEN, Drawn, Thing, draw_picture
from alpr_training.detector.frames import invented_frames

MODELS = ROOT / "models"


@pytest.fixture(scope="module")
def drawn() -> list[Drawn]:
    rng = np.random.default_rng(3)
    frames = invented_frames(2, rng)
    return [draw_picture(rng, frames) for _ in range(60)]


# ── pictures ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_same_seed_draws_the_same_picture() -> None:
    frames = invented_frames(1, np.random.default_rng(1))
    one, other = (draw_picture(np.random.default_rng(5), frames) for _ in range(2))
    assert one.jpeg == other.jpeg
    assert [asdict(thing) for thing in one.things] == [asdict(thing) for thing in other.things]


def test_whole_plates_lie_in_their_picture_and_apart_from_all_else(drawn: list[Drawn]) -> None:
    for picture in drawn:
        height, width = cv2.imdecode(np.frombuffer(picture.jpeg, np.uint8), cv2.IMREAD_COLOR).shape[:2]
        plates = [thing for thing in picture.things if thing.kind in {"whole", "cut"}]
        for thing in plates:
            assert thing.plate
            left, top, right, bottom = thing.box
            if thing.kind == "whole":
                assert min(left, top) >= 0
                assert right <= width
                assert bottom <= height
            for other in picture.things:
                a, b, c, d = other.box
                assert other is thing or right <= a or c <= left or bottom <= b or d <= top


def test_whole_plates_half_plates_and_what_is_none_are_drawn(drawn: list[Drawn]) -> None:
    kinds = Counter(thing.kind for picture in drawn for thing in picture.things)
    assert kinds["whole"] > 30
    assert min(kinds["cut"], kinds["clutter"]) >= 3
    assert any(not picture.things for picture in drawn)


def test_what_is_hidden_of_a_half_plate_holds_a_character() -> None:
    """A serial begins within 11 % of its sheet's edge: with less hidden, a right reading would be called wrong."""
    assert HIDDEN[0] > 0.11


# ── observing ──────────────────────────────────────────────────────────────────────────────────────────────────────

PLATE = Thing("whole", (100, 100, 200, 150), "7ABC120")
FEATURES = Features(**dict.fromkeys(fitting.NAMES, 0.5))


def seen(*read: tuple[Box, str], things: tuple[Thing, ...] = (PLATE,)) -> list[Observation]:
    return list(matched(Drawn(b"", things), list(read), [FEATURES] * len(read), held_out=False))


@pytest.mark.parametrize(
    ("plate", "right", "right_o_is_0"),
    [("7ABC120", True, True), ("7ABC12O", False, True), ("7ABC12", False, False), ("7A8C120", False, False)],
)
def test_a_reading_is_right_when_it_says_exactly_what_was_drawn(plate: str, right: bool, right_o_is_0: bool) -> None:
    (one,) = seen((Box(102, 98, 96, 55), plate))
    assert (one.kind, one.right, one.right_o_is_0, one.width_px) == ("whole", right, right_o_is_0, 100)
    assert one.features == asdict(FEATURES)


@pytest.mark.parametrize("kind", ["cut", "clutter", "unlike"])
def test_of_what_is_no_whole_plate_nothing_is_right(kind: str) -> None:
    (one,) = seen((Box(100, 100, 100, 50), "7ABC120"), things=(replace(PLATE, kind=kind),))
    assert (one.kind, one.right, one.right_o_is_0) == (kind, False, False)


def test_a_reading_of_what_nobody_drew_is_left_out_and_a_plate_that_was_not_read_is_counted() -> None:
    (missed,) = seen((Box(400, 400, 90, 40), "9XYZ999"))
    assert (missed.kind, missed.features, missed.right) == ("whole", None, False)


def test_a_part_of_a_plate_is_a_reading_of_it() -> None:
    (one,) = seen((Box(110, 110, 30, 30), "7AB"))
    assert (one.kind, one.right) == ("whole", False)


def test_two_readings_of_two_plates_are_each_judged_by_their_own() -> None:
    other = Thing("whole", (300, 100, 400, 150), "8XYZ999")
    found = seen((Box(300, 100, 100, 50), "8XYZ999"), (Box(100, 100, 100, 50), "8XYZ999"), things=(PLATE, other))
    assert [one.right for one in found] == [True, False]


def test_a_fit_that_was_stopped_goes_on_with_the_chunks_that_are_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = Plan(tmp_path / "no frames", MODELS, tmp_path / "kept", 7, n_chunks=2, n_pictures=4, smoke=True)
    first = observe(plan)
    assert {one.held_out for one in first} == {False, True}
    (folder,) = plan.cache.iterdir()
    (folder / "001.json").unlink()
    begun: list[int] = []
    chunk = observing._chunk
    monkeypatch.setattr(observing, "_chunk", lambda plan, n, *rest: begun.append(n) or chunk(plan, n, *rest))
    assert observe(plan) == first
    assert begun == [1]
    assert not list(folder.glob("*.part"))


def test_observations_of_another_recogniser_are_none_of_this_one(tmp_path: Path) -> None:
    for name in ("plate_detector/detector_int8.onnx", "plate_reader/inference.onnx"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(name.encode())
    plan = Plan(tmp_path, tmp_path, tmp_path, 7, 2, 4)
    before = observing._identity(plan)
    (tmp_path / "plate_reader" / "inference.onnx").write_bytes(b"another")
    assert observing._identity(plan) != before
    assert observing._identity(replace(plan, seed=8)) != observing._identity(plan)
    before = observing._identity(plan)
    (tmp_path / "labels.csv").write_text("image,split\n")
    assert observing._identity(plan) != before


# ── fitting ────────────────────────────────────────────────────────────────────────────────────────────────────────

TRUE = Calibration(-0.8, {"probability": 0.9, "grammar": 0.4, "whole": 1.5})


def invented(n: int, seed: int = 1, true: Calibration = TRUE) -> list[Observation]:
    """Readings that are right as often as `true` says; every second one is held out."""
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(n):
        values = dict(zip(fitting.NAMES, rng.normal(0, 2, len(fitting.NAMES)).tolist(), strict=True))
        values["whole"] = float(rng.random() < 0.7)
        right = bool(rng.random() < true.confidence(Features(**values)))
        rows.append(Observation("whole", values, right, right, 90.0, held_out=i % 2 == 1))
    return rows


def test_the_fit_finds_what_the_readings_were_drawn_by() -> None:
    found = fitting.fit(invented(12_000))
    for name in fitting.NAMES:
        assert found.weights[name] == pytest.approx(TRUE.weights.get(name, 0.0), abs=0.12)
    assert found.intercept == pytest.approx(TRUE.intercept, abs=0.15)


def test_the_confidence_keeps_its_promise_in_every_range() -> None:
    rows = invented(12_000)
    kept = fitting.kept(fitting.fit(rows[::2]), rows[1::2])
    assert sum(one.n for one in kept.bins) == kept.n == 6000
    assert sum(one.n_right for one in kept.bins) == kept.n_right
    for one in kept.bins:
        assert one.n_right / one.n == pytest.approx(one.promised, abs=4 * np.sqrt(0.25 / one.n))
    assert kept.log_loss < 0.75 * kept.log_loss_of_none


@pytest.mark.parametrize("right", [True, False])
def test_nothing_is_learned_where_all_are_right_or_all_wrong(right: bool) -> None:
    rows = [replace(one, right=right) for one in invented(40)]
    with pytest.raises(ValueError, match="there must be both"):
        fitting.fit(rows)


def test_a_feature_that_never_differs_does_no_harm() -> None:
    rows = [replace(one, features={**(one.features or {}), "short": 0.0}) for one in invented(400)]
    assert np.isfinite(list(fitting.fit(rows).weights.values())).all()


@given(st.integers(0, 50), st.sampled_from([0.9, 0.97, 0.99]))
@settings(max_examples=25)
def test_from_the_threshold_on_every_threshold_keeps_the_precision(seed: int, precision: float) -> None:
    rows = invented(300, seed)
    threshold = fitting.threshold_for(TRUE, rows, precision)
    for hundredths in range(round(threshold * 100), 99 if threshold < 0.99 else 0):
        found = fitting.accepted(TRUE, rows, hundredths / 100)
        assert found.n_wrong <= (1 - precision) * found.n_accepted


def test_a_plate_that_was_not_read_is_neither_right_nor_wrong() -> None:
    rows = [*invented(60), Observation("whole", None, right=False, right_o_is_0=False, width_px=50, held_out=True)]
    assert fitting.kept(TRUE, rows).n == fitting.accepted(TRUE, rows, 0.5).n == 60


def test_a_misread_o_is_wrong_and_counted_apart() -> None:
    rows = [replace(one, right=False, right_o_is_0=i > 0) for i, one in enumerate(invented(3))]
    found = fitting.accepted(Calibration(9.0, {}), rows, 0.5)
    assert (found.n_accepted, found.n_wrong, found.n_wrong_o_is_0) == (3, 3, 1)


# ── what is written ────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_a_fit_writes_is_what_the_recogniser_reads(tmp_path: Path) -> None:
    rows = invented(600)
    fit = fitted(rows)
    read = parse(json.dumps(as_json(fit, rows, 1)).encode())
    example = Features(**(rows[0].features or {}))
    assert read.confidence(example) == pytest.approx(fit.calibration.confidence(example), abs=1e-4)
    for name in ("one.png", "other.png"):
        reliability_diagram(fit.held_out, fit.sure_confidence, tmp_path / name)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "other.png").read_bytes()


def test_the_committed_calibration_keeps_the_precision_it_states_and_the_sample_policy_uses_its_threshold() -> None:
    content = json.loads((MODELS / "plate_reader" / "calibration.json").read_bytes())
    assert parse(json.dumps(content).encode()).weights
    found = content["held_out"]["accepted"]
    assert content["precision_asked"] == PRECISION
    assert found["n_wrong"] <= (1 - PRECISION) * found["n_accepted"]
    assert found["n_accepted"] >= 1000
    sample = policy.load(ROOT / "policy" / "422.yaml")
    assert sample.recognition.sure_confidence == content["sure_confidence"] == found["threshold"]
