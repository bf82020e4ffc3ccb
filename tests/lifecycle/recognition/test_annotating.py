"""Annotated copies: plates outlined where they are, whatever the picture's rotation and colours; written whole or not at all."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from alpr_assets.errors import RecognitionError
from alpr_assets.lifecycle.recognition.annotating import OUTLINE, annotated, remarks, upright, write_whole
from alpr_assets.lifecycle.recognition.light import LightRecogniser
from alpr_assets.lifecycle.recognition.pictures import ORIENTATION, Picture
from alpr_assets.lifecycle.recognition.recogniser import Box, PlateReading, Recognition
from tests.lifecycle.recognition.jpegs import encoded, pattern

SIZE = (400, 300)
BOX = Box(60, 180, 100, 40)  # of the stored picture


def found(box: Box = BOX, size: tuple[int, int] = SIZE, plate: str = "7ABC123") -> Recognition:
    x, y, right, bottom = box.x, box.y, box.x + box.width, box.y + box.height
    quad = ((x, y), (right, y), (right, bottom), (x, bottom))
    return Recognition((PlateReading(plate, plate, 0.93, (), (), box, quad, region="ca"),), *size, 1.0)


def outline(picture: Image.Image) -> np.ndarray:
    """Where the copy has the outline's colour, about."""
    pixels = np.asarray(picture.convert("RGB"), np.int16)
    return np.abs(pixels - np.array(OUTLINE)).max(axis=2) < 60


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


def gray(mode: str = "RGB") -> Image.Image:
    return Image.new("RGB", SIZE, (90, 95, 100)).convert(mode)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_outline_lies_on_the_plate_however_the_camera_was_held(orientation: int) -> None:
    """The stored picture is marked in its box: the copy's outline must surround the mark."""
    stored = gray()
    stored.paste((0, 0, 255), (BOX.x + 10, BOX.y + 10, BOX.x + BOX.width - 10, BOX.y + BOX.height - 10))
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    copy = opened(annotated(encoded(stored, exif=exif, quality=95), found()))
    pixels = np.asarray(copy, np.int16)
    mark = np.argwhere((pixels[:, :, 2] > 180) & (pixels[:, :, 0] < 90))
    (top, left), (bottom, right) = mark.min(axis=0), mark.max(axis=0)
    drawn = outline(copy)
    for row, column in ((top - 10, left), (bottom + 10, right), (top, left - 10), (bottom, right + 10)):
        assert drawn[max(row - 4, 0) : row + 5, max(column - 4, 0) : column + 5].any(), (orientation, row, column)
    assert copy.size == (SIZE if orientation < 5 else SIZE[::-1])


@given(st.integers(1, 8), st.tuples(st.integers(-5, 405), st.integers(-5, 305)))
def test_upright_points_lead_back_to_the_stored_ones(orientation: int, point: tuple[int, int]) -> None:
    picture = Picture(np.zeros((1, 1, 3), np.uint8), *SIZE, orientation)
    assert picture.stored(upright(picture, point)) == point
    assert upright(picture, picture.stored(point)) == point


@pytest.mark.parametrize("mode", ["CMYK", "L", "RGB"])
def test_any_colour_mode_gives_a_colour_copy(mode: str) -> None:
    copy = opened(annotated(encoded(gray(mode)), found()))
    assert (copy.mode, copy.size) == ("RGB", SIZE)
    assert outline(copy).sum() > 200


def test_sixteen_bits_give_a_copy_that_can_be_seen() -> None:
    wide = Image.fromarray((np.arange(SIZE[0] * SIZE[1]).reshape(SIZE[::-1]) % 4096).astype(np.uint16))
    copy = opened(annotated(encoded(wide, "PNG"), found()))
    assert np.asarray(copy.convert("L")).max() > 200


def test_a_plate_at_the_very_top_is_named_below() -> None:
    copy = np.asarray(opened(annotated(encoded(gray()), found(Box(0, 0, 60, 20)))).convert("L"), np.int16)
    assert (copy[30:50, 0:60] < 50).mean() > 0.3, "the name's dark paper"


@pytest.mark.parametrize("size", [(16, 16), (40, 30)])
def test_a_copy_too_small_for_the_name_is_still_made(size: tuple[int, int]) -> None:
    picture = encoded(pattern(*size))
    assert opened(annotated(picture, found(Box(1, 1, 10, 5), size, "A" * 16))).size == size


def test_a_picture_without_plates_is_copied_as_it_is() -> None:
    copy = opened(annotated(encoded(gray()), Recognition((), *SIZE, 1.0)))
    assert not outline(copy).any()


def test_no_metadata_of_the_picture_goes_with_the_copy() -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8825).update({1: "N", 2: (38.0, 0.0, 18.0)})
    exif[0x0132] = "2026:06:15 04:00:00"
    picture = encoded(gray(), exif=exif, comment=b"unit 12")
    copy = opened(annotated(picture, LightRecogniser().recognise(picture)))
    assert not copy.getexif()
    assert "comment" not in copy.info


def test_what_cannot_be_decoded_is_our_error() -> None:
    with pytest.raises(RecognitionError):
        annotated(encoded(pattern(400, 300))[:900], found())


def test_an_ordinary_picture_gives_no_remark() -> None:
    assert remarks(encoded(pattern())) == ()


def test_an_animation_and_a_cut_file_are_remarked_on() -> None:
    frames = encoded(pattern(), "GIF", save_all=True, append_images=[pattern().rotate(180)])
    assert "animation" in " ".join(remarks(frames))
    whole = encoded(pattern(400, 300))
    assert "cut off" in " ".join(remarks(whole[: len(whole) * 4 // 5]))


def test_a_write_that_fails_leaves_what_was_there_and_no_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.jpg").write_bytes(b"before")

    def full(_: Path, __: bytes) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        with pytest.raises(OSError, match="space"):
            write_whole(tmp_path / "a.jpg", b"after")
    assert [path.name for path in tmp_path.iterdir()] == ["a.jpg"]
    assert (tmp_path / "a.jpg").read_bytes() == b"before"
    write_whole(tmp_path / "a.jpg", b"after")
    assert (tmp_path / "a.jpg").read_bytes() == b"after"
