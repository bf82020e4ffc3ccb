"""Crops: the part of a quadrilateral that was asked for, upright, without aliasing, and just as the reader was trained on."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from alpr_assets.lifecycle.recognition.rectifying import part, rectified, upright, widened
from alpr_training.plates import camera

coordinates = st.floats(-200, 400, width=32)
anything = st.lists(st.tuples(coordinates, coordinates), min_size=4, max_size=4).map(lambda p: np.array(p, np.float32))
shares = st.floats(-0.4, 0.6)


@st.composite
def parallelograms(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Corners, the vector along the upper side, the one down the left side."""
    corner, right, down = (np.array(draw(st.tuples(coordinates, coordinates)), np.float32) for _ in range(3))
    return np.array([corner, corner + right, corner + right + down, corner + down]), right, down


def textured(height: int = 90, width: int = 160) -> np.ndarray:
    noise = np.random.default_rng(5).integers(0, 255, (height, width, 3)).astype(np.uint8)
    return np.asarray(cv2.GaussianBlur(noise, (0, 0), 2), np.uint8)


def test_an_upright_rectangle_begins_at_the_upper_left_and_goes_clockwise():
    assert upright(1, 2, 5, 4).tolist() == [[1, 2], [5, 2], [5, 4], [1, 4]]


# ── parts ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@given(anything)
def test_the_whole_of_a_quadrilateral_is_itself(quad):
    assert np.allclose(part(quad, (0, 1), (0, 1)), quad, atol=1e-3)
    assert np.allclose(widened(quad, 0, 0), quad, atol=1e-3)


@given(parallelograms(), st.tuples(shares, shares), st.tuples(shares, shares))
def test_the_part_of_a_parallelogram_lies_at_its_shares(shape, across, down):
    quad, right, below = shape
    expected = [
        quad[0] + u * right + v * below
        for u, v in ((across[0], down[0]), (across[1], down[0]), (across[1], down[1]), (across[0], down[1]))
    ]
    assert np.allclose(part(quad, across, down), expected, atol=0.01)


@given(anything, shares, shares)
def test_growing_keeps_the_middle(quad, across, down):
    assert np.allclose(widened(quad, across, down).mean(0), quad.mean(0), atol=0.01)


@given(parallelograms(), shares, shares)
def test_growing_makes_each_side_longer_by_twice_the_share(shape, across, down):
    quad, right, below = shape
    grown = widened(quad, across, down)
    assert np.allclose(grown[1] - grown[0], (1 + 2 * across) * right, atol=0.01)
    assert np.allclose(grown[3] - grown[0], (1 + 2 * down) * below, atol=0.01)


# ── crops ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_rectangle_at_its_own_size_comes_out_pixel_by_pixel():
    pixels = textured()
    assert np.array_equal(rectified(pixels, upright(30, 20, 126, 68), (96, 48)), pixels[20:68, 30:126])


@settings(max_examples=30)
@given(st.floats(-0.6, 0.6), st.floats(-0.3, 0.3), st.floats(40, 110))
def test_a_turned_plate_comes_out_upright(angle, shear, width):
    """Four colours, one a quarter: each has to be in its own corner again."""
    drawn = np.zeros((80, 160, 3), np.uint8)
    colours = [(250, 0, 0), (0, 250, 0), (0, 0, 250), (250, 250, 0)]
    for i, colour in enumerate(colours):
        drawn[40 * (i // 2) : 40 * (i // 2 + 1), 80 * (i % 2) : 80 * (i % 2 + 1)] = colour
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) @ [[1, shear], [0, 1]]
    quad = ((upright(-1, -0.5, 1, 0.5) * width / 2) @ turn.T + 100).astype(np.float32)
    scene = cv2.warpPerspective(drawn, cv2.getPerspectiveTransform(upright(0, 0, 160, 80), quad), (200, 200))
    flat = rectified(scene, quad, (64, 32)).astype(int)
    for i, colour in enumerate(colours):
        middle = flat[16 * (i // 2) + 5 : 16 * (i // 2) + 11, 32 * (i % 2) + 8 : 32 * (i % 2) + 24]
        assert np.abs(middle - colour).mean() < 12


def test_fine_stripes_become_gray_where_they_are_shrunk():
    """Sampled without averaging, they would turn into false bars of full contrast."""
    stripes = np.zeros((192, 768, 3), np.uint8)
    stripes[:, ::2] = 255
    flat = rectified(stripes, upright(3, 3, 765, 189), (192, 48))
    assert flat.std() < 12
    assert 110 < flat.mean() < 145


def test_what_lies_outside_the_picture_repeats_its_edge():
    pixels = np.full((40, 60, 3), 40, np.uint8)
    pixels[:, -1] = 200
    flat = rectified(pixels, upright(50, 10, 90, 30), (80, 40))
    assert (flat[:, 24:] == 200).all()
    assert (flat[:, :14] == 40).all()


@settings(max_examples=60)
@given(anything, st.sampled_from([(192, 48), (160, 48), (1, 1)]))
@example(np.zeros((4, 2), np.float32), (192, 48))
@example(upright(-5000, -5000, 5000, 5000), (192, 48))
@example(np.array([[0, 0], [9, 9], [18, 18], [27, 27]], np.float32), (192, 48))
def test_any_four_corners_give_a_crop_of_the_size_that_was_asked_for(quad, size):
    """Corners come from a net: nothing keeps them from lying on one line or on one point."""
    flat = rectified(textured(), quad, size)
    assert flat.shape == (size[1], size[0], 3)
    assert flat.dtype == np.uint8


@settings(max_examples=40)
@given(parallelograms(), st.floats(-0.05, 0.15), st.floats(-0.05, 0.15))
def test_crops_are_those_that_the_reader_was_trained_on(shape, across, down):
    """The training draws its crops with code of its own; where the two part ways, the reader sees what it never learned."""
    quad, pixels = shape[0], textured()
    ours, theirs = widened(quad, across, down), camera.widened(quad, np.array([across, down]))
    assert np.allclose(ours, theirs, atol=0.01)
    assert np.array_equal(rectified(pixels, quad, (192, 48)), camera.rectified(pixels, quad, (192, 48)))


@pytest.mark.parametrize("width", [100, 192, 250, 400, 5000])
def test_a_plate_of_any_width_keeps_its_brightness(width):
    pixels = np.full((width // 2, width, 3), 77, np.uint8)
    assert (rectified(pixels, upright(0, 0, width, width // 2), (192, 48)) == 77).all()


@pytest.mark.parametrize("left", [-20, 0, 20_000, 39_850])
def test_a_crop_of_a_picture_too_wide_for_opencv_is_that_of_its_surroundings(left):
    huge = np.tile(textured(90, 160), (1, 250, 1))
    quad = (upright(3, 20, 120, 75) + np.float32([(0, 0), (4, 3), (2, 5), (-3, 2)]) + (left, 0)).astype(np.float32)
    begin = min(max(left - 160, 0), 40_000 - 480)
    near = rectified(
        np.ascontiguousarray(huge[:, begin : begin + 480]), (quad - (begin, 0)).astype(np.float32), (192, 48)
    )
    assert np.abs(rectified(huge, quad, (192, 48)).astype(int) - near).max() <= 2


def test_a_plate_as_wide_as_a_picture_too_wide_for_opencv_is_cut_out_too():
    huge = np.zeros((60, 70_000, 3), np.uint8)
    huge[:, 35_000:] = 200
    flat = rectified(huge, upright(0, 0, 70_000, 60), (192, 48))
    assert flat[:, :94].max() < 10
    assert flat[:, 98:].min() > 190
