"""The detector: its grid is decoded as it was written, doubles go, tiles cover, and drawn plates are found where they are."""

from __future__ import annotations

import math
from itertools import pairwise, product

import cv2
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from alpr_assets.errors import RecognitionError
from alpr_assets.lifecycle.recognition.detecting import (
    CELL,
    MAX_IOU,
    MIN_SCORE,
    OVERLAP,
    TILE,
    Found,
    PlateDetector,
    decoded,
    distinct,
    iou,
    tiles,
)
from alpr_assets.lifecycle.recognition.nets import Net, verified
from alpr_assets.lifecycle.recognition.plates import DETECTOR, READER
from alpr_assets.lifecycle.recognition.rectifying import upright

from .drawn import MODELS, close_up, street

ROWS, COLUMNS = 12, 20

whole_boxes = st.tuples(st.integers(0, 30), st.integers(0, 30), st.integers(1, 20), st.integers(1, 20)).map(
    lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3])
)


@pytest.fixture(scope="module")
def detector() -> PlateDetector:
    return PlateDetector(Net(verified(MODELS, DETECTOR)))


def gray(pixels: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY)


def found(score: float, box: tuple[float, float, float, float]) -> Found:
    return Found(score, box, upright(*box))


def bounds(quad: np.ndarray) -> tuple[float, float, float, float]:
    return (*quad.min(0).tolist(), *quad.max(0).tolist())


# ── the grid ───────────────────────────────────────────────────────────────────────────────────────────────────────


@st.composite
def written(draw: st.DrawFn) -> tuple[np.ndarray, list[Found]]:
    """A grid with plates in cells that do not touch, and the plates."""
    grid = np.zeros((13, ROWS, COLUMNS), np.float32)
    grid[0] = -9
    plates = []
    unit = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]])
    for row, column in draw(st.sets(st.tuples(st.integers(0, 5), st.integers(0, 9)), max_size=5)):
        score = draw(st.floats(MIN_SCORE + 0.01, 0.99))
        shift = np.array(draw(st.tuples(st.floats(-0.5, 0.5), st.floats(-0.5, 0.5))))
        size = np.array(draw(st.tuples(st.floats(8, 600), st.floats(8, 600))))
        offsets = np.array(
            draw(st.lists(st.tuples(st.floats(-0.3, 0.3), st.floats(-0.3, 0.3)), min_size=4, max_size=4))
        )
        cell = np.array([2 * column, 2 * row])
        middle = (cell + 0.5 + shift) * CELL
        grid[:, 2 * row, 2 * column] = [math.log(score / (1 - score)), *shift, *np.log(size / CELL), *offsets.ravel()]
        box = (*(middle - size / 2).tolist(), *(middle + size / 2).tolist())
        plates.append(Found(score, box, (middle + (unit + offsets) * size).astype(np.float32)))
    return grid, plates


@given(written())
def test_a_grid_is_decoded_as_it_was_written(given_):
    grid, plates = given_
    answer = sorted(decoded(grid), key=lambda one: one.box)
    expected = sorted(plates, key=lambda one: one.box)
    assert len(answer) == len(expected)
    for one, truth in zip(answer, expected, strict=True):
        assert one.score == pytest.approx(truth.score, abs=1e-4)
        assert one.box == pytest.approx(truth.box, abs=0.05)
        assert np.allclose(one.quad, truth.quad, atol=0.05)


@given(written())
def test_a_net_without_corners_gives_those_of_the_box(given_):
    for one in decoded(given_[0][:5]):
        assert np.allclose(one.quad, upright(*one.box), atol=0.01)


def test_only_the_peak_of_neighbouring_cells_is_a_plate_and_nothing_below_the_least_score():
    grid = np.full((5, ROWS, COLUMNS), -9, np.float32)
    grid[1:] = 0
    grid[0, 4, 5:9] = (1.0, 2.0, 1.5, -3.0)
    grid[0, 9, 15] = math.log(MIN_SCORE / (1 - MIN_SCORE)) - 0.01
    (one,) = decoded(grid)
    assert one.box == pytest.approx((48, 32, 56, 40))


def test_senseless_sizes_stay_finite():
    grid = np.full((5, ROWS, COLUMNS), -9, np.float32)
    grid[:, 3, 3] = (5, 0, 0, 900, -900)
    (one,) = decoded(grid)
    assert np.isfinite(one.box).all()
    assert one.width > 0 < one.height


# ── doubles ────────────────────────────────────────────────────────────────────────────────────────────────────────


@given(whole_boxes, whole_boxes)
def test_overlap_is_shared_pixels_over_all_pixels(one, other):
    both = np.zeros((2, 60, 60), bool)
    for plane, (left, top, right, bottom) in zip(both, (one, other), strict=True):
        plane[top:bottom, left:right] = True
    assert iou(one, other) == pytest.approx(both.all(0).sum() / both.any(0).sum())
    assert iou(one, other) == iou(other, one)
    assert iou(one, one) == 1


def test_boxes_without_area_overlap_nothing():
    assert iou((5, 5, 5, 5), (5, 5, 5, 5)) == 0
    assert iou((0, 0, 9, 9), (9, 0, 18, 9)) == 0


@given(st.lists(st.tuples(st.floats(0, 1), whole_boxes), max_size=12))
def test_of_plates_that_overlap_the_best_stays(listed):
    plates = [found(score, box) for score, box in listed]
    kept = distinct(plates)
    assert [one.score for one in kept] == sorted((one.score for one in kept), reverse=True)
    assert all(iou(a.box, b.box) < MAX_IOU for a, b in product(kept, kept) if a is not b)
    for one in plates:
        if not any(one is other for other in kept):
            assert any(iou(one.box, better.box) >= MAX_IOU and better.score >= one.score for better in kept)


# ── tiles ──────────────────────────────────────────────────────────────────────────────────────────────────────────

lengths = st.integers(1, 20_000)


@given(lengths, lengths)
@example(TILE[0], TILE[1])
@example(TILE[0] + 1, TILE[1] + 1)
@example(2 * TILE[0] - OVERLAP, 1)
@example(2 * TILE[0] - OVERLAP + 1, 1)
def test_tiles_lie_in_the_picture_and_cover_it(width, height):
    columns = sorted({(left, across) for left, _, across, _ in tiles(width, height)})
    rows = sorted({(top, down) for _, top, _, down in tiles(width, height)})
    assert len(list(tiles(width, height))) == len(columns) * len(rows)
    for spans, length, tile in ((columns, width, TILE[0]), (rows, height, TILE[1])):
        assert spans[0][0] == 0
        assert spans[-1][0] + spans[-1][1] == length
        assert all(size == min(tile, length) for _, size in spans)
        assert all(a + size - b >= OVERLAP for (a, size), (b, _) in pairwise(spans))


@given(st.integers(1, 9000), st.integers(1, 9000), st.data())
def test_a_plate_no_wider_than_the_overlap_is_whole_in_one_tile(width, height, data):
    across, down = data.draw(st.integers(1, min(OVERLAP, width))), data.draw(st.integers(1, min(OVERLAP, height)))
    x, y = data.draw(st.integers(0, width - across)), data.draw(st.integers(0, height - down))
    assert any(
        left <= x and top <= y and x + across <= left + w and y + down <= top + h
        for left, top, w, h in tiles(width, height)
    )


@given(lengths)
def test_there_are_no_more_tiles_than_the_overlap_asks_for(width):
    n = len(list(tiles(width, 1)))
    assert n == 1 if width <= TILE[0] else TILE[0] + (n - 2) * (TILE[0] - OVERLAP) < width


# ── drawn streets ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("seed", [1, 3, 5])
def test_a_drawn_plate_is_the_best_box_and_its_corners_are_those_drawn(detector, seed):
    scene = street(seed, "CA 8ABC123")
    best = detector.find(gray(scene.pixels))[0]
    truth = scene.quads["8ABC123"]
    assert best.score > 0.6
    assert iou(best.box, bounds(truth)) > 0.7
    assert np.abs(best.quad - truth).max() < 0.08 * np.ptp(truth[:, 0])


def test_answers_are_distinct_and_best_first(detector):
    answer = detector.find(gray(street(20, "CA 8ABC123", "AZ KLM4829").pixels))
    assert [one.score for one in answer] == sorted((one.score for one in answer), reverse=True)
    assert all(iou(a.box, b.box) < MAX_IOU for a, b in product(answer, answer) if a is not b)


@pytest.mark.parametrize("size", [(3840, 2160), (1920, 1080), (640, 360)])
def test_a_larger_picture_of_the_same_street_has_its_plate_at_the_same_place(detector, size):
    scene = street(3, "CA 8ABC123")
    scale = size[0] / 1280
    shown = cv2.resize(gray(scene.pixels), size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    assert iou(detector.find(shown)[0].box, bounds(scene.quads["8ABC123"] * scale)) > 0.6


@pytest.mark.parametrize(("x", "y"), [(0, 0), (1700, 900), (2560, 1440), (1180, 610)])
def test_a_plate_is_found_wherever_in_a_large_picture_it_lies(detector, x, y):
    """Also where a tile's edge cuts it: a neighbour shows it whole."""
    scene = street(1, "CA 8ABC123")
    large = np.full((2160, 3840), 110, np.uint8)
    large[y : y + 720, x : x + 1280] = gray(scene.pixels)
    best = detector.find(large)[0]
    assert iou(best.box, bounds(scene.quads["8ABC123"] + np.float32((x, y)))) > 0.7


def test_a_portrait_picture_is_looked_at_upright(detector):
    scene = street(1, "CA 8ABC123")
    portrait = np.full((1600, 720), 110, np.uint8)
    portrait[500:1220] = gray(scene.pixels)[:, 380:1100]
    best = detector.find(portrait)[0]
    assert iou(best.box, bounds(scene.quads["8ABC123"] + np.float32((-380, 500)))) > 0.7


@pytest.mark.parametrize("width", [100, 320, 900])
def test_a_plate_that_fills_the_picture_is_its_only_one_up_to_the_edges(detector, width):
    pixels = gray(close_up("CA 8ABC123", width))
    (only,) = detector.find(pixels)
    assert only.box == (0, 0, pixels.shape[1], pixels.shape[0])
    assert np.array_equal(only.quad, upright(*only.box))


@settings(max_examples=12)
@given(st.integers(1, 700), st.integers(1, 700), st.integers(0, 255))
@example(1, 1, 0)
@example(1, 5000, 128)
@example(5000, 1, 128)
def test_any_size_is_answered_with_real_boxes(detector, width, height, value):
    for one in detector.find(np.full((height, width), value, np.uint8)):
        assert MIN_SCORE <= one.score <= 1
        assert one.width > 0 < one.height
        assert np.isfinite(one.quad).all()


def test_a_net_that_is_no_detector_is_refused_with_a_remedy():
    with pytest.raises(RecognitionError, match="detector") as refused:
        PlateDetector(Net(verified(MODELS, READER)))
    assert refused.value.remedy
