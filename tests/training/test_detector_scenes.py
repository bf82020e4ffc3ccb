"""The detector's scenes: what they say about their plates is true, and the same seed gives the same scene."""

import numpy as np
import pytest

from alpr_training.detector.frames import Frame, painted_out
from alpr_training.detector.paste import Cutout, paste, rectangle, through, view
from alpr_training.detector.scenes import CROP, SceneSampler

FEW = {"n_plates": 6, "n_clutter": 8, "n_vehicles": 2}


def a_frame() -> Frame:
    rng = np.random.default_rng(1)
    pixels = rng.integers(0, 256, (720, 1280, 3), np.uint8)
    half = pixels[::2, ::2].copy()
    boxes = np.array([(500, 400, 640, 432), (900, 300, 960, 316)], np.float32)
    unsure, decoys = np.array([(100, 600, 160, 630)], np.float32), np.array([(20, 30, 60, 50)], np.float32)
    return Frame("road.jpg", pixels, pixels, half, half, boxes, unsure, decoys)


@pytest.fixture(scope="module")
def scenes():
    sampler = SceneSampler([a_frame()], np.random.default_rng(2), **FEW)
    return [sampler.sample() for _ in range(60)]


def test_scenes_are_grey_pictures_of_one_size(scenes):
    assert {(scene.pixels.shape, str(scene.pixels.dtype)) for scene in scenes} == {(CROP, "uint8")}


def test_every_known_quad_lies_tightly_in_its_box_clockwise_from_the_upper_left(scenes):
    n_known = 0
    for scene in scenes:
        for box, quad in zip(scene.boxes, scene.corners, strict=True):
            if np.isnan(quad).any():
                continue
            n_known += 1
            assert np.allclose(np.concatenate([quad.min(0), quad.max(0)]), box, atol=0.01)
            x, y = (quad - np.roll(quad, 1, 0)).T
            turns = x * np.roll(y, -1) - y * np.roll(x, -1)
            assert (turns > 0).all()  # convex, clockwise as the y axis points down
            assert quad[0].sum() < quad[2].sum()
    assert n_known > 10


def test_most_boxes_have_their_centre_in_the_picture_and_some_pictures_are_empty(scenes):
    boxes = np.concatenate([scene.boxes for scene in scenes])
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    inside = ((centres > 0) & (centres < CROP[::-1])).all(1)
    assert inside.mean() > 0.6
    assert any(len(scene.boxes) == 0 for scene in scenes)


def test_labelled_plates_have_no_corners_and_rendered_ones_do(scenes):
    known = [not np.isnan(quad).any() for scene in scenes for quad in scene.corners]
    assert any(known)
    assert not all(known)


def test_the_same_seed_gives_the_same_scene():
    first, second = (SceneSampler([a_frame()], np.random.default_rng(7), **FEW).sample() for _ in range(2))
    assert (first.pixels == second.pixels).all()
    assert (first.boxes == second.boxes).all()


def test_a_pasted_picture_fills_its_quad_and_nothing_else():
    canvas = np.zeros((60, 80), np.float32)
    quad = rectangle(20, 10) + np.float32((30, 20))
    paste(canvas, Cutout(np.full((50, 100), 200, np.uint8)), quad.astype(np.float32))
    assert (canvas[21:29, 31:49] == 200).all()
    assert canvas.sum() == pytest.approx(200 * 20 * 10, rel=0.02)


def test_a_picture_pasted_outside_changes_nothing():
    canvas = np.zeros((60, 80), np.float32)
    paste(canvas, Cutout(np.full((5, 5), 200, np.uint8)), rectangle(20, 10) + np.float32(500))
    assert not canvas.any()


def test_corners_go_where_the_projection_puts_them():
    quad = view(np.random.default_rng(4), (50, 40), 30, 15)
    assert np.allclose(through(quad, (300, 150), rectangle(300, 150)), quad, atol=1e-3)
    assert np.linalg.norm(quad.mean(0) - (50, 40)) < 3


def test_painting_out_touches_the_plate_and_leaves_the_rest():
    frame = a_frame()
    empty = painted_out(frame.pixels, frame.boxes[:1], np.random.default_rng(1))
    changed = (empty != frame.pixels).any(2)
    assert changed[402:430, 502:638].mean() > 0.9
    changed[380:450, 470:670] = False
    assert not changed.any()
