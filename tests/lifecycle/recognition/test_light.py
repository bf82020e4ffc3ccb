"""The rehearsal recogniser: it answers what the picture's label says."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from alpr_assets.errors import RecognitionError
from alpr_assets.lifecycle.recognition.light import labelled, light_recogniser
from alpr_assets.lifecycle.recognition.recogniser import Box, Candidate

from .jpegs import encoded, pattern

JPEG = encoded(pattern())


def test_label_in_the_comment_comes_back_as_plates_best_first():
    entries = [
        {
            "plate": "7ABC123",
            "confidence": 0.8,
            "box": [5, 6, 30, 12],
            "region": "ca",
            "candidates": [["7A8C123", 0.1]],
        },
        {"plate": "9XYZ999"},
    ]
    answer = light_recogniser().recognise(labelled(JPEG, entries))
    first, second = answer.plates
    assert (answer.width, answer.height) == (96, 64)
    assert (first.plate, first.box, first.region, first.rank) == ("7ABC123", Box(5, 6, 30, 12), "ca", 0)
    assert first.candidates == (Candidate("7ABC123", 0.8), Candidate("7A8C123", 0.1))
    assert [c.text for c in first.characters] == list("7ABC123")
    assert (second.plate, second.region, second.region_confidence, second.rank) == ("9XYZ999", None, None, 1)


def test_label_in_the_exif_user_comment_is_read_too():
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9286] = b'ASCII\0\0\0{"plates": [{"plate": "7ABC123"}]}'
    answer = light_recogniser().recognise(encoded(pattern(), exif=exif))
    assert [p.plate for p in answer.plates] == ["7ABC123"]


def test_labelling_leaves_the_pixels():
    picture = labelled(JPEG, [{"plate": "7ABC123"}])
    assert Image.open(io.BytesIO(picture)).tobytes() == Image.open(io.BytesIO(JPEG)).tobytes()


@pytest.mark.parametrize("picture", [JPEG, encoded(pattern(), comment=b"taken by unit 12")])
def test_picture_without_a_label_shows_no_plate(picture):
    assert light_recogniser().recognise(picture).plates == ()


@pytest.mark.parametrize(
    "label", [b'{"plates": [{}]}', b"{", b'{"plates": 7}', b'{"plates": [{"plate": "A", "box": [1]}]}']
)
def test_malformed_label_is_an_error(label):
    with pytest.raises(RecognitionError):
        light_recogniser().recognise(encoded(pattern(), comment=label))


def test_what_is_no_picture_is_an_error():
    with pytest.raises(RecognitionError):
        light_recogniser().recognise(b"")


def test_only_a_jpeg_can_be_labelled_and_only_so_long():
    with pytest.raises(ValueError):
        labelled(encoded(pattern(), "PNG"), [])
    with pytest.raises(ValueError):
        labelled(JPEG, [{"plate": "7ABC123"}] * 5000)
