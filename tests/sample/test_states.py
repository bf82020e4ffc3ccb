"""Serials follow their state's format."""

from __future__ import annotations

import re

import numpy as np
import pytest

from alpr_assets.sample.states import STATES, draw_serial, draw_state

CLASSES = {"A": "[A-Z]", "9": "[0-9]"}


def pattern(form: str) -> str:
    return "".join(CLASSES.get(sign, re.escape(sign)) for sign in form)


@pytest.mark.parametrize("code", STATES)
def test_serials_follow_their_states_format(code):
    rng = np.random.default_rng(7)
    forms = [pattern(form) for form in STATES[code].formats]
    for _ in range(200):
        serial = draw_serial(rng, code)
        assert any(re.fullmatch(form, serial.shown) for form in forms)
        assert serial.plate == re.sub("[^A-Z0-9]", "", serial.shown)


def test_letters_taken_for_digits_are_not_issued_except_in_californias_middle():
    rng = np.random.default_rng(8)
    for code in STATES:
        serials = [draw_serial(rng, code).plate for _ in range(300)]
        if code == "CA":
            assert any(plate[2] in "IOQ" for plate in serials)
            serials = [plate[:2] + plate[3:] for plate in serials]
        assert not set("".join(serials)) & set("IOQ")


def test_most_plates_are_californian_and_every_state_is_met():
    rng = np.random.default_rng(9)
    drawn = [draw_state(rng) for _ in range(3000)]
    assert set(drawn) == set(STATES)
    assert 0.5 < drawn.count("CA") / len(drawn) < 0.7
    assert len(STATES) >= 10
