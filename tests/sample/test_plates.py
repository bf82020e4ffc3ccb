"""A plate's picture: size, colours, ink where the serial is."""

from __future__ import annotations

import numpy as np
import pytest

from alpr_assets.sample.lettering import die_glyph
from alpr_assets.sample.plates import HEIGHT, RIM, WIDTH, PlateLook, draw_look, draw_plate
from alpr_assets.sample.states import STATES, Serial, draw_serial

CLEAN = PlateLook(wear=0.0, frame_words=None, frame_chrome=False, has_stickers=False)


@pytest.mark.parametrize("code", STATES)
def test_every_state_is_drawn_at_the_stated_size(code):
    rng = np.random.default_rng(3)
    sheet = draw_plate(rng, draw_serial(rng, code), draw_look(rng))
    assert sheet.shape == (HEIGHT + 2 * RIM, WIDTH + 2 * RIM, 4)
    assert sheet[..., 3].min() >= 0
    assert sheet[..., 3].max() == 1
    assert np.isfinite(sheet).all()


def test_different_serials_differ_only_where_characters_stand():
    first = draw_plate(np.random.default_rng(1), Serial("CA", "8ABC123"), CLEAN)
    second = draw_plate(np.random.default_rng(1), Serial("CA", "8ABC124"), CLEAN)
    rows, columns = np.nonzero(np.abs(first - second).sum(axis=2) > 1)
    assert columns.min() > WIDTH * 0.8
    assert rows.min() > RIM + 50
    assert rows.max() < RIM + 190


@pytest.mark.parametrize(
    ("one", "other"), [("0", "8"), ("B", "8"), ("S", "5"), ("1", "I"), ("Z", "2"), ("G", "6"), ("O", "Q")]
)
def test_no_two_characters_look_the_same(one, other):
    first, second = die_glyph(one, 108, 53, 14), die_glyph(other, 108, 53, 14)
    assert np.mean(np.abs(first.astype(int) - second)) > 4
