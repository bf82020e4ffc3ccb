"""Plates above lettering, stamps and phone numbers; halves joined; states read beside the plate."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpr_assets.lifecycle.recognition.ranking import (
    Text,
    is_stamp,
    joinable,
    overlap,
    points,
    ranked,
    region_beside,
    sides,
    worth_reading,
)


def at(x: float, y: float, width: float, height: float):
    return (x, y), (x + width, y), (x + width, y + height), (x, y + height)


def text(raw: str, quad=None, confidence: float = 0.95, contrast: float = 50.0) -> Text:
    """A text as read; without a quadrilateral, one shaped like a line of its characters, 30 px high."""
    plate = "".join(c for c in raw.upper() if c.isascii() and c.isalnum())
    return Text(quad or at(100, 100, 30 * 0.55 * max(len(plate), 2), 30), raw, 0.95, plate, confidence, contrast)


@pytest.mark.parametrize("raw", ["7ABC123", "ABC-1234", "7K12345", "ABC 123", "AB12CD", "1AB2345", "12345X", "LOVE123"])
def test_plate_outranks_what_stands_around_it(raw):
    around = [text(t, at(20, 400, 200, 28)) for t in ("FORD", "E150", "Plumbing", "376-8750", "ACME", "1056", "GS300")]
    assert ranked([*around, text(raw)])[0].raw == raw


@pytest.mark.parametrize(
    "raw",
    ["2014-05-09 07:08:50", "07:08:50", "2014-05-09", "3085 2014-05-09", "05/09/2014", "12:30", "(636) 257-2077",
     "314-845-5900", "1-800-555-1234", "800-FLOWERS", "55 MPH", "38.5816", "www.acme.com", "2014/05/09", "7:08PM"],
)  # fmt: skip
def test_stamp_is_never_a_plate(raw):
    assert is_stamp(raw)
    assert ranked([text(raw)]) == []


@pytest.mark.parametrize("raw", ["7ABC123", "ABC-1234", "7AB·123", "800 ABC", "1234567", "031-5771", "ABC.123"])
def test_plate_is_no_stamp(raw):
    assert not is_stamp(raw)


@pytest.mark.parametrize(
    "raw",
    [
        "CALIFORNIA",
        "Califomia",
        "New York",
        "POLICE",
        "SHERIFF",
        "TOYOTA",
        "TOY0TA"[:3] + "OTA",
        "dmv.ca.gov",
        "NJ",
        "7AB",
        "ABCDEF123",
    ],
)
def test_lettering_and_wrong_lengths_are_never_plates(raw):
    assert points(text(raw)) == -math.inf


def test_vanity_plate_alone_is_kept_and_a_second_word_is_not():
    assert [t.raw for t in ranked([text("ILUVNY")])] == ["ILUVNY"]
    assert [t.raw for t in ranked([text("7ABC123"), text("BAKERY", at(100, 300, 100, 30))])] == ["7ABC123"]


def test_two_cars_give_two_plates_the_nearer_first():
    far, near = text("7ABC123", at(500, 100, 58, 15)), text("8XYZ987", at(100, 300, 115, 30))
    assert ranked([far, near]) == [near, far]


def test_whole_plate_wins_over_its_half():
    whole, half = text("ABC1234", at(100, 100, 116, 30)), text("1234", at(150, 100, 66, 30))
    assert ranked([half, whole]) == [whole]


def test_doubts_cost_points():
    sure = points(text("7ABC123"))
    assert points(text("7ABC123", confidence=0.3)) < sure
    assert points(text("7ABC123", contrast=5)) < sure
    assert points(text("7abc123")) < sure
    assert points(text("7ABC123", at(0, 0, 400, 30))) < sure
    assert points(text("7 A B C123")) < sure


def test_neighbours_on_a_line_are_joined_from_left_to_right():
    left, right = text("ABC", at(100, 100, 50, 30)), text("1234", at(165, 102, 66, 30))
    assert joinable([right, left]) == [((100, 100), (231, 102), (231, 132), (100, 130))]


@pytest.mark.parametrize(
    "other",
    [
        text("1234", at(165, 140, 66, 30)),  # a line below
        text("1234", at(300, 100, 66, 30)),  # too far
        text("1234", at(165, 108, 30, 12)),  # much smaller
        text("123456", at(165, 100, 99, 30)),  # nine characters
        text("2014-05-09", at(165, 100, 66, 30)),
    ],
)
def test_what_is_not_one_line_is_not_joined(other):
    assert joinable([text("ABC", at(100, 100, 50, 30)), other]) == []


def test_state_is_read_above_or_below_the_plate_only():
    plate = at(100, 100, 116, 30)
    above, below = text("Califomia", at(110, 75, 90, 18)), text("NEW YORK", at(120, 138, 70, 14))
    beside, far = text("TEXAS", at(300, 100, 60, 20)), text("TEXAS", at(120, 300, 60, 20))
    region, confidence = region_beside(plate, [above, beside, far]) or ("", 0)
    assert region == "ca"
    assert 0.7 < confidence < 1
    assert (region_beside(plate, [below]) or ("",))[0] == "ny"
    assert region_beside(plate, [beside, far, text("HELLO", at(110, 75, 90, 18))]) is None


def test_plate_shaped_boxes_are_read_first_and_specks_never():
    plate, long, speck, upright = at(0, 0, 105, 30), at(0, 0, 250, 30), at(0, 0, 12, 4), at(0, 0, 20, 90)
    assert worth_reading([long, speck, upright, plate], 5) == [plate, long]
    assert worth_reading([long, plate], 1) == [plate]


boxes = st.builds(at, *[st.floats(0, 1000)] * 2, *[st.floats(0, 300)] * 2)
texts = st.builds(
    Text, boxes, st.text(max_size=12), st.floats(0, 1),
    st.text("ABC0123456789", max_size=9), st.floats(0, 1), st.floats(0, 127),
)  # fmt: skip


@given(st.lists(texts, max_size=8))
def test_ranking_chooses_among_what_it_got_without_overlaps(given_texts):
    kept = ranked(given_texts)
    assert all(any(t is g for g in given_texts) for t in kept)
    assert all(4 <= len(t.plate) <= 8 for t in kept)
    assert [points(t) for t in kept] == sorted((points(t) for t in kept), reverse=True)
    assert all(overlap(a.quad, b.quad) <= 0.5 for i, a in enumerate(kept) for b in kept[:i])
    joinable(given_texts)
    worth_reading([t.quad for t in given_texts], 4)


@given(boxes, boxes)
def test_overlap_is_symmetric_and_a_share(one, other):
    assert 0 <= overlap(one, other) <= 1 + 1e-9
    assert overlap(one, other) == pytest.approx(overlap(other, one))


def test_sides_of_a_tilted_box():
    assert sides(((0, 0), (30, 40), (22, 46), (-8, 6))) == pytest.approx((50, 10))
