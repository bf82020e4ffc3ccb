"""Drawn plates say what they are said to say, and look the same for the same seed."""

import itertools
import string

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alpr_training.plates import camera, designs, dies, draw_plate, serials
from alpr_training.plates.drawing import DrawnPlate
from alpr_training.plates.faces import Faces

SEEDS = st.integers(0, 2**32 - 1)


@pytest.fixture(scope="module")
def faces():
    return Faces(np.random.default_rng(2), n_dies=12)


@settings(max_examples=20)
@given(seed=SEEDS)
def test_every_die_has_ink_to_the_edges_of_its_height(seed):
    die = dies.draw_die(np.random.default_rng(seed))
    for char in dies.CHARACTERS:
        ink = dies.glyph(die, char)
        assert ink.shape[0] == dies.HEIGHT_PX
        assert ink[:4].max() > 120, char
        assert ink[-4:].max() > 120, char
        assert (ink > 127).mean() > 0.04, char
        assert char == "I" or (ink > 127).mean() < 0.97, char


@settings(max_examples=20)
@given(seed=SEEDS)
def test_characters_of_one_die_differ_but_for_zero_and_o(seed):
    """Some states press 0 and O alike; no other two."""
    die = dies.draw_die(np.random.default_rng(seed))
    shapes = {c: cv2.resize(dies.glyph(die, c), (40, 80)).astype(np.float32) for c in dies.CHARACTERS if c != "O"}
    for (one, its), (other, theirs) in itertools.combinations(shapes.items(), 2):
        assert np.abs(its - theirs).mean() > 2, (one, other)


def test_every_state_has_a_look_a_name_and_serials():
    assert set(designs.REGIONS) == set(serials.FORMATS)
    assert len(designs.REGIONS) == 51
    for region in designs.REGIONS:
        assert designs.words_of(region)[0]
        for form in serials.FORMATS[region]:
            assert set(form) <= set("A9 -~"), form
            assert 3 <= sum(c in "A9" for c in form) <= 8


@settings(max_examples=60)
@given(seed=SEEDS)
def test_a_serial_is_what_is_shown_without_its_signs(seed):
    rng = np.random.default_rng(seed)
    for serial in (serials.draw_us(rng, "ca"), serials.draw_europe(rng), serials.draw_brazil(rng)):
        assert set(serial.plate) <= set(string.ascii_uppercase + string.digits)
        assert serial.plate == "".join(c for c in serial.shown if c not in " -~")
        assert 1 <= len(serial.plate) <= 9


@settings(max_examples=15)
@given(seed=SEEDS)
def test_the_same_seed_draws_the_same_plate(faces, seed):
    one, again = (draw_plate(np.random.default_rng(seed), faces) for _ in range(2))
    assert one.plate == again.plate
    assert (one.pixels == again.pixels).all()


@settings(max_examples=40)
@given(seed=SEEDS)
def test_corners_lie_on_the_drawing_and_in_the_photograph(faces, seed):
    rng = np.random.default_rng(seed)
    plate = draw_plate(rng, faces)
    height, width = plate.pixels.shape[:2]
    assert plate.pixels.dtype == np.uint8
    assert (plate.corners >= 0).all()
    assert (plate.corners <= (width, height)).all()
    shot = camera.photograph(rng, plate)
    assert (shot.corners >= 0).all()
    assert (shot.corners <= shot.pixels.shape[1::-1]).all()
    crop = camera.crop(rng, shot, (192, 48))
    assert crop.shape == (48, 192, 3)


def test_a_plate_seen_straight_on_comes_back_as_it_was_drawn():
    rng = np.random.default_rng(5)
    pixels = cv2.GaussianBlur(rng.integers(0, 255, (150, 300, 3)).astype(np.uint8), (0, 0), 6)
    corners = np.array([[20, 10], [280, 10], [280, 140], [20, 140]], np.float32)
    flat = camera.rectified(pixels, corners, (260, 130))
    assert np.abs(flat.astype(int) - pixels[10:140, 20:280]).mean() < 2


def test_a_turned_plate_comes_back_upright():
    drawn = np.zeros((100, 200, 3), np.uint8)
    drawn[:50, :100] = 255  # only the upper left quarter is light
    plate = DrawnPlate(drawn, np.array([[0, 0], [200, 0], [200, 100], [0, 100]], np.float32), "A", "ca")
    quad = np.array([[40, 60], [150, 30], [160, 100], [50, 130]], np.float32)
    turn = cv2.getPerspectiveTransform(plate.corners, quad)
    scene = cv2.warpPerspective(drawn, turn, (220, 160))
    flat = camera.rectified(scene, quad, (200, 100))
    assert flat[10:40, 10:90].mean() > 240
    assert flat[60:90, 110:190].mean() < 15


def test_a_margin_grows_a_quadrilateral_by_that_share_on_each_side():
    quad = np.array([[10, 10], [110, 10], [110, 60], [10, 60]], np.float32)
    grown = camera.widened(quad, np.array([0.1, 0.2]))
    assert grown.tolist() == [[0, 0], [120, 0], [120, 70], [0, 70]]
