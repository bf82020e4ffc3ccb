"""The recognition benchmark: labels corrected, plates scored as the tables say, honest intervals, sheets of failures only."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from alpr_assets.intervals import wilson
from alpr_assets.lifecycle.recognition.light import LightRecogniser, labelled
from alpr_assets.lifecycle.recognition.recogniser import Box
from alpr_assets.policy import policy
from benchmarks.recognition.__main__ import asked, run, write
from benchmarks.recognition.conditions import CONTRAST, conditions, order, step
from benchmarks.recognition.measuring import Answer
from benchmarks.recognition.recognisers import OURS, PADDLE_960, PADDLE_1280
from benchmarks.recognition.scoring import (
    Row,
    Share,
    acceptance,
    iou,
    regions,
    reliability,
    scored,
    share,
)
from benchmarks.recognition.sets import Labelled, load
from tests.builders import jpeg

LIGHT = "alpr_assets.lifecycle.recognition.light:LightFactory"


def answer(*plates: str | dict) -> Answer:
    """As the light recogniser answers, in 64 × 48 pixels."""
    entries = [{"plate": plate} if isinstance(plate, str) else plate for plate in plates]
    return Answer(LightRecogniser().recognise(labelled(jpeg(), entries)).plates, None, 5.0, 5.0)


def row(read: str | dict | None, label: str | None, box=(10, 10, 20, 10), region: str | None = None) -> Row:
    given = answer(read) if read else answer()
    return scored("r", Labelled("set", Path("a.jpg"), box, label, region), given, {})


def frames(folder: Path, *plates: tuple[str, str]) -> Path:
    """A set of pictures, each (label, what the light recogniser will read) with the label's box."""
    folder.mkdir(parents=True)
    lines = ["image,x,y,width,height,plate"]
    for i, (label, read) in enumerate(plates):
        entry = {"plate": read, "box": [10, 10, 20, 10], "region": "ca"}
        (folder / f"{i}.jpg").write_bytes(labelled(jpeg(i), [entry] if read else []))
        lines.append(f"{i}.jpg,10,10,20,10,{label}")
    (folder / "labels.csv").write_text("\n".join(lines) + "\n")
    return folder.parent


# ── sets and conditions ────────────────────────────────────────────────────────────────────────────────────────────


def test_labels_are_corrected_by_the_errata(tmp_path: Path) -> None:
    data = frames(tmp_path / "us_frames", ("7ABC124", ""), ("8XYZ999", ""))
    (tmp_path / "us_frames" / "errata.csv").write_text("image,label,plate\n0.jpg,7ABC124,7ABC123\n")
    assert [plate.plate for plate in load("us_frames", data, None)] == ["7ABC123", "8XYZ999"]


def test_only_the_valid_split_of_places_counts_and_a_picture_may_have_several(tmp_path: Path) -> None:
    (tmp_path / "road_frames").mkdir()
    (tmp_path / "road_frames" / "labels.csv").write_text(
        "image,split,xmin,ymin,xmax,ymax\na.jpg,valid,1,2,11,7\na.jpg,valid,20,2,30,7\nb.jpg,train,1,2,11,7\n"
    )
    found = load("road_frames", tmp_path, None)
    assert [plate.box for plate in found] == [(1.0, 2.0, 10.0, 5.0), (20.0, 2.0, 10.0, 5.0)]
    assert {plate.plate for plate in found} == {None}


def test_a_limit_takes_pictures_from_all_over_the_set(tmp_path: Path) -> None:
    data = frames(tmp_path / "us_frames", *[(f"7ABC12{i}", "") for i in range(9)])
    assert [plate.path.name for plate in load("us_frames", data, 3)] == ["0.jpg", "3.jpg", "6.jpg"]


def test_a_set_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="us_plates"):
        load("us_plates", tmp_path, None)


def test_classes_follow_their_limits_and_sort_by_size() -> None:
    assert [step(value, (70, 100)) for value in (69.9, 70, 99.9, 100)] == ["< 70", "70–100", "70–100", "≥ 100"]
    assert order({"≥ 150", "100–150", "< 70", "70–100"}) == ["< 70", "70–100", "100–150", "≥ 150"]


def test_conditions_are_those_of_the_plate_and_a_close_up_has_no_light(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg(1))
    scene = conditions(Labelled("s", tmp_path / "a.jpg", (10, 10, 20, 10)))
    assert scene["plate width, px"] == "< 70"
    assert scene["light"] == "day"
    assert scene["plate contrast"] in {f"< {CONTRAST[0]}", "30–50", "≥ 50"}
    assert "light" not in conditions(Labelled("s", tmp_path / "a.jpg", None))


# ── scores ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_overlap_of_boxes() -> None:
    assert iou(Box(10, 10, 20, 10), (10, 10, 20, 10)) == 1
    assert iou(Box(0, 0, 10, 10), (5, 0, 10, 10)) == pytest.approx(1 / 3)
    assert iou(Box(0, 0, 10, 10), (10, 0, 10, 10)) == 0
    assert iou(Box(0, 0, 1, 1), (5, 5, 1, 1)) == 0


@pytest.mark.parametrize(
    ("read", "label", "right"),
    [
        ("7ABC123", "7ABC123", (True, True, True)),
        ("7ABO123", "7AB0123", (False, True, True)),
        ("7A8C123", "7ABC123", (False, False, True)),
        ("7ABC124", "7ABC123", (False, False, False)),
        (None, "7ABC123", (False, False, False)),
    ],
)
def test_a_plate_is_right_exactly_with_o_as_0_or_with_look_alikes(read, label, right) -> None:
    scores = row(read, label)
    assert (scores.exact, scores.o_is_0, scores.folded) == right


def test_only_the_first_plate_is_read_but_any_box_finds() -> None:
    given = answer({"plate": "HONDA1", "box": [40, 30, 9, 9]}, {"plate": "7ABC123", "box": [10, 10, 20, 9]})
    scores = scored("r", Labelled("set", Path("a.jpg"), (10, 10, 20, 10), "7ABC123"), given, {})
    assert (scores.found, scores.found_first, scores.exact) == (True, False, False)


def test_a_label_among_the_candidates_is_counted_apart() -> None:
    scores = row({"plate": "7A8C123", "candidates": [["7ABC123", 0.2]]}, "7ABC123")
    assert (scores.exact, scores.in_candidates) == (False, True)


def test_what_the_labels_do_not_say_is_not_scored() -> None:
    assert row("7ABC123", None).exact is None
    assert row("7ABC123", "7ABC123", box=None).found is None
    assert share([row("7ABC123", None)], "exact") is None


@pytest.mark.parametrize(
    ("n_right", "n", "interval"),
    [(0, 10, (0.0, 0.2775)), (10, 10, (0.7225, 1.0)), (50, 100, (0.4038, 0.5962)), (1, 300, (0.0006, 0.0186))],
)
def test_the_wilson_interval_is_that_of_the_tables(n_right, n, interval) -> None:
    assert wilson(n_right, n) == pytest.approx(interval, abs=1e-4)


def test_nothing_measured_is_nothing_known() -> None:
    assert wilson(0, 0) == (0.0, 1.0)


def test_acceptance_counts_what_is_sure_enough_and_what_of_it_is_wrong() -> None:
    rows = [
        row({"plate": "7ABC123", "confidence": 0.95}, "7ABC123"),
        row({"plate": "7ABC124", "confidence": 0.9}, "7ABC123"),
        row({"plate": "7ABC123", "confidence": 0.89}, "7ABC123"),
        row(None, "7ABC123"),
    ]
    found = acceptance(rows, 0.9)
    assert found
    assert (found.accepted, found.wrong) == (Share(2, 4), Share(1, 2))


def test_reliability_bins_hold_every_read_once() -> None:
    confidences = (0.0, 0.49, 0.5, 0.7, 0.99, 1.0)
    bins = reliability([row({"plate": "7ABC123", "confidence": c}, "7ABC123") for c in confidences])
    assert [(b.low, b.kept.n) for b in bins] == [(0.0, 2), (0.5, 1), (0.7, 1), (0.99, 2)]
    assert bins[0].promised == pytest.approx(0.245)


def test_states_are_right_of_the_answered_only() -> None:
    rows = [
        row({"plate": "A", "region": "ca", "region_confidence": 0.9}, "A", region="ca"),
        row({"plate": "A", "region": "us-nv", "region_confidence": 0.6}, "A", region="nv"),
        row({"plate": "A", "region": "or", "region_confidence": 0.6}, "A", region="ca"),
        row("A", "A", region="ca"),
    ]
    found, sure = regions(rows), regions(rows, 0.8)
    assert found
    assert sure
    assert (found.answered, found.right) == (Share(3, 4), Share(2, 3))
    assert (sure.answered, sure.right) == (Share(1, 4), Share(1, 1))


# ── the whole ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_by_default_ours_and_the_baselines_are_measured_at_the_policys_threshold() -> None:
    options = asked([])
    assert {OURS, PADDLE_960, PADDLE_1280} <= set(options.recognisers)
    assert options.threshold == policy().recognition.sure_confidence
    assert asked(["--threshold", "0.5"]).threshold == 0.5


def test_a_run_writes_its_figures_and_a_sheet_of_the_failures(tmp_path: Path) -> None:
    data = frames(tmp_path / "data" / "us_frames", ("7ABC123", "7ABC123"), ("8XYZ999", "8XYZ99"), ("6TRJ244", ""))
    result = run([load("us_frames", data, None)], [LIGHT], threshold=0.9)
    write(result, tmp_path / "out")
    kept = json.loads((tmp_path / "out" / "recognition.json").read_text())
    light = kept["recognisers"][LIGHT]
    assert light["version"] == LightRecogniser.version.version_id
    assert light["sets"]["us_frames"]["exact"] == {"n_right": 1, "n": 3, "interval": list(wilson(1, 3))}
    assert light["sets"]["us_frames"]["found"]["n_right"] == 2
    assert light["peak_megabytes"] > 10
    assert set(light["pictures_per_second"]) == {"1", "2"}
    assert len(kept["plates"]) == 3
    assert "us_frames" in (tmp_path / "out" / "recognition.txt").read_text()
    assert [path.name for path in (tmp_path / "out").glob("*.png")] == [
        "recognition-failures-us_frames-light-LightFactory.png"
    ]
