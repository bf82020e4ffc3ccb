"""Everything that arrives as a picture: modes, formats, rotations, damage, size."""

from __future__ import annotations

import struct
import zlib
from contextlib import suppress

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from alpr_assets.errors import RecognitionError
from alpr_assets.lifecycle.recognition.pictures import Picture, decode
from alpr_assets.lifecycle.recognition.recogniser import Box

from .jpegs import encoded, pattern

RGB = np.asarray(pattern())


def header_only(width: int, height: int) -> bytes:
    """A PNG that declares a size and holds no pixel."""
    ihdr = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + ihdr + struct.pack(">I", zlib.crc32(ihdr)) + b"\0\0\0\0IDAT"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "BMP", "WEBP", "JPEG2000", "PPM"])
def test_each_format_decodes_to_bgr(kind):
    picture = decode(encoded(pattern(), kind))
    assert picture.pixels.shape == (64, 96, 3)
    assert picture.pixels.dtype == np.uint8
    assert picture.pixels.flags.c_contiguous
    assert np.abs(picture.pixels[:, :, ::-1].astype(int) - RGB).mean() < 8


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK"])
def test_each_colour_mode_decodes_to_about_the_same_picture(mode):
    picture = decode(encoded(pattern().convert(mode), "JPEG" if mode == "CMYK" else "TIFF"))
    assert picture.pixels.shape == (64, 96, 3)
    assert abs(picture.pixels.mean() - RGB.mean()) < 20


@pytest.mark.parametrize("mode", ["I", "F"])
def test_wide_numbers_are_scaled_to_their_largest(mode):
    assert decode(encoded(pattern().convert(mode), "TIFF")).pixels.max() == 255


def test_sixteen_bits_are_scaled_to_what_is_used_of_them():
    gray = np.asarray(pattern().convert("L")).astype(np.uint16)
    twelve = decode(encoded(Image.fromarray(gray * 16), "PNG"))
    assert abs(twelve.pixels.mean() - gray.mean() * 255 / gray.max()) < 2
    colour = cv2.imencode(".png", RGB[:, :, ::-1].astype(np.uint16) * 257)[1].tobytes()
    assert np.array_equal(decode(colour).pixels[:, :, ::-1], RGB)


def test_first_frame_of_an_animation_is_read():
    frames = [pattern(), Image.new("RGB", (96, 64))]
    picture = decode(encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    assert abs(picture.pixels.mean() - RGB.mean()) < 10


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_rotated_picture_is_read_upright_and_points_lead_back(kind, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = decode(encoded(pattern(), kind, exif=exif))
    assert (picture.width, picture.height) == (96, 64)
    for x, y in [(3, 5), (40, 20), (60, 50)]:
        stored_x, stored_y = picture.stored((x + 0.5, y + 0.5))
        assert np.array_equal(picture.pixels[y, x, ::-1], RGB[int(stored_y), int(stored_x)])


@pytest.mark.parametrize("value", [0, 9, 65535])
def test_meaningless_rotation_is_ignored(value):
    exif = Image.Exif()
    exif[0x0112] = value
    assert decode(encoded(pattern(), exif=exif)).orientation == 1


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_file_that_lost_its_end_is_used(kind):
    whole = encoded(pattern(), kind)
    assert decode(whole[: len(whole) * 95 // 100]).pixels.shape == (64, 96, 3)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP", "WEBP"])
def test_file_cut_beyond_use_is_refused(kind):
    whole = encoded(Image.fromarray(np.random.default_rng(1).integers(0, 256, (64, 96, 3), np.uint8)), kind)
    with pytest.raises(RecognitionError):
        decode(whole[: len(whole) // 3])


@pytest.mark.parametrize(
    "junk", [b"", b"no picture", b"\xff\xd8", b"%PDF-1.7", b"%!PS-Adobe-3.0 EPSF-3.0\n", bytes(5000)]
)
def test_what_is_no_picture_is_refused_with_a_remedy(junk):
    with pytest.raises(RecognitionError) as refused:
        decode(junk)
    assert refused.value.remedy


@pytest.mark.parametrize(("width", "height"), [(10001, 10000), (20000, 20000), (2**31 - 1, 2**31 - 1)])
def test_huge_picture_is_refused_from_its_header(width, height):
    with pytest.raises(RecognitionError, match="100 megapixels"):
        decode(header_only(width, height))


def test_picture_of_a_few_pixels_is_refused():
    with pytest.raises(RecognitionError, match="8 × 64"):
        decode(encoded(pattern(8, 64)))


@given(st.binary(max_size=200), st.integers(0, 600), st.sampled_from(["JPEG", "PNG", "GIF", "TIFF", "BMP"]))
def test_damage_gives_a_picture_or_our_error_and_nothing_else(noise, at, kind):
    whole = encoded(pattern(), kind)
    with suppress(RecognitionError):
        assert decode(whole[:at] + noise + whole[at + len(noise) :]).pixels.ndim == 3


@given(st.lists(st.tuples(st.floats(-500, 500), st.floats(-500, 500)), min_size=1, max_size=4))
def test_box_lies_in_the_picture(points):
    box = Picture(np.zeros((64, 96, 3), np.uint8), 96, 64, 1).box(points)
    assert 0 <= box.x < box.x + box.width <= 96
    assert 0 <= box.y < box.y + box.height <= 64


def test_box_is_that_of_its_points():
    picture = Picture(np.zeros((64, 96, 3), np.uint8), 96, 64, 1)
    assert picture.box([(10.4, 5), (30, 6), (31, 17.6), (9.6, 16)]) == Box(10, 5, 21, 13)
