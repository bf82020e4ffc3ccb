"""The detector's targets and decoding: what goes in must come out again, and nothing outside the picture teaches."""

import numpy as np
import pytest

from alpr_training.detector.finder import iou
from alpr_training.detector.grid import SIGNS, STRIDE, Targets, decode, encode

SIZE = (256, 352)


def upright(box: tuple[float, float, float, float]) -> np.ndarray:
    x0, y0, x1, y1 = box
    return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], np.float32)


def encoded(box: tuple[float, float, float, float], corners: np.ndarray | None = None) -> Targets:
    quad = upright(box) if corners is None else corners
    return encode([np.array([box], np.float32)], [quad[None]], SIZE)


def perfect_answer(targets: Targets) -> np.ndarray:
    """What a network would say that has learned its targets by heart."""
    answer = np.zeros((13, SIZE[0] // STRIDE, SIZE[1] // STRIDE), np.float32)
    for (_, row, column), box, quad in zip(targets.cells, targets.boxes, targets.corners, strict=True):
        centre, size = (box[:2] + box[2:]) / 2, box[2:] - box[:2]
        answer[1:3, row, column] = centre / STRIDE - (column + 0.5, row + 0.5)
        answer[3:5, row, column] = np.log(size / STRIDE)
        answer[5:, row, column] = ((quad - centre) / size - SIGNS).ravel()
    return answer


@pytest.mark.parametrize("box", [(100, 80, 140, 100), (3, 5, 20, 13), (30, 20, 330, 180), (200.4, 101.7, 217.2, 118.9)])
def test_a_learned_box_and_its_corners_come_out_of_every_cell_that_learned_them(box):
    leaning = upright(box) + np.array([(0, 3), (-2, 0), (0, -3), (2, 0)], np.float32)
    targets = encoded(box, leaning)
    boxes, corners = decode(perfect_answer(targets), targets.cells[:, 1:])
    assert len(boxes) >= 1
    assert np.allclose(boxes, box, atol=0.01)
    assert np.allclose(corners, leaning, atol=0.01)


def test_without_offsets_the_corners_are_the_boxs_clockwise_from_the_upper_left():
    answer = np.zeros((13, 32, 44), np.float32)
    answer[3:5] = np.log(2)
    boxes, corners = decode(answer, np.array([(4, 6)]))
    assert boxes[0].tolist() == pytest.approx([44, 28, 60, 44])
    assert corners[0].ravel().tolist() == pytest.approx([44, 28, 60, 28, 60, 44, 44, 44])


def test_sizes_beyond_the_clamp_stay_finite():
    answer = np.full((13, 4, 4), 1000, np.float32)
    boxes, _ = decode(answer, np.array([(0, 0)]))
    assert boxes[0, 2] - boxes[0, 0] == pytest.approx(STRIDE * np.exp(5), rel=1e-3)


def test_the_heat_is_one_at_the_centre_and_falls_off():
    heat = encoded((100, 80, 140, 100)).heat[0]
    assert np.unravel_index(heat.argmax(), heat.shape) == (90 // STRIDE, 120 // STRIDE)
    assert heat.max() == 1
    assert heat[0, 0] < 1e-6


def test_each_plate_weighs_the_same_however_many_cells_learn_it():
    targets = encode(
        [np.array([(10, 10, 30, 20), (40, 40, 330, 190)], np.float32)], [np.full((2, 4, 2), np.nan, np.float32)], SIZE
    )
    large = targets.boxes[:, 2] > 100
    assert large.sum() > (~large).sum()
    assert targets.weights[large].sum() == pytest.approx(1)
    assert targets.weights[~large].sum() == pytest.approx(1)


@pytest.mark.parametrize(
    "box",
    [(100, 80, 110, 86), (100, 80, 140, 83), (-40, 80, 20, 110), (-90, 80, -30, 110), (340, 80, 400, 110)],
    ids=["narrow", "flat", "mostly outside", "outside", "centre outside"],
)
def test_plates_too_small_or_out_of_view_are_neither_plate_nor_background(box):
    targets = encoded(box)
    assert len(targets.cells) == 0
    assert not targets.heat.any()
    if box[2] > 0:
        assert targets.ignored.any()


def test_a_picture_without_plates_has_only_background():
    targets = encode([np.zeros((0, 4), np.float32)], [np.zeros((0, 4, 2), np.float32)], SIZE)
    assert targets.cells.shape == (0, 3)
    assert not targets.ignored.any()


def test_cells_under_an_unsure_box_teach_no_background():
    nothing, quads = np.zeros((0, 4), np.float32), np.zeros((0, 4, 2), np.float32)
    targets = encode([nothing], [quads], SIZE, [np.array([(80, 40, 120, 60)], np.float32)])
    assert targets.ignored[0, 5:8, 10:16].all()
    assert targets.ignored.sum() == 18


def test_iou_of_the_same_half_and_no_overlap():
    box = np.array([0, 0, 10, 10], np.float32)
    assert iou(box, box) == pytest.approx(1, abs=1e-4)
    assert iou(box, box + np.float32((5, 0, 5, 0))) == pytest.approx(1 / 3, abs=1e-4)
    assert iou(box, box + 20) == 0
