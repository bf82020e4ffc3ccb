"""What a picture says of itself: EXIF's traps, and pictures that are none."""

from __future__ import annotations

import io
import random
import struct
import zlib
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image
from PIL.ExifTags import GPS, IFD, Base
from PIL.TiffImagePlugin import IFDRational

from alpr_assets.errors import MalformedError
from alpr_assets.lifecycle.captures.pictures import MAX_PIXELS, Picture, inspect
from tests.builders import jpeg

ZONE = ZoneInfo("America/Los_Angeles")
ANTIOCH = {
    GPS.GPSLatitudeRef: "N", GPS.GPSLatitude: (38.0, 0.0, 18.0),
    GPS.GPSLongitudeRef: "W", GPS.GPSLongitude: (121.0, 48.0, 21.6),
}  # fmt: skip
GPS_TIME = {GPS.GPSDateStamp: "2026:06:15", GPS.GPSTimeStamp: (4.0, 30.0, 15.5)}


def exif(gps: dict[int, object] | None = None, **camera: object) -> Image.Exif:
    """EXIF with a GPS folder and, by name, tags of the camera's folder."""
    made = Image.Exif()
    made.get_ifd(IFD.GPSInfo).update(gps or {})
    made.get_ifd(IFD.Exif).update({Base[name]: value for name, value in camera.items()})
    return made


def seen(gps: dict[int, object] | None = None, **camera: object) -> Picture:
    return inspect(jpeg(exif=exif(gps, **camera)), ZONE)


def encoded(kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    Image.open(io.BytesIO(jpeg())).save(out, kind, **options)
    return out.getvalue()


def code(content: bytes) -> str:
    with pytest.raises(MalformedError) as caught:
        inspect(content, ZONE)
    return caught.value.code


# ── place ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_west_is_negative() -> None:
    assert seen(ANTIOCH).place == pytest.approx((38.005, -121.806))


def test_south_and_east_are_what_they_say() -> None:
    sydney = ANTIOCH | {GPS.GPSLatitudeRef: "S", GPS.GPSLongitudeRef: "E"}
    assert seen(sydney).place == pytest.approx((-38.005, 121.806))


@pytest.mark.parametrize("forgotten", [GPS.GPSLongitudeRef, GPS.GPSLatitudeRef, GPS.GPSLatitude, GPS.GPSLongitude])
def test_a_place_without_one_of_its_four_parts_is_unknown_not_china(forgotten: int) -> None:
    assert seen({tag: value for tag, value in ANTIOCH.items() if tag != forgotten}).place is None


@pytest.mark.parametrize(
    "changed",
    [
        {GPS.GPSLongitudeRef: ""},
        {GPS.GPSLongitudeRef: "N"},
        {GPS.GPSLatitude: (IFDRational(0, 0), IFDRational(0, 0), IFDRational(0, 0))},
        {GPS.GPSLatitude: (38.0, 0.0, IFDRational(0, 0))},
        {GPS.GPSLongitude: (121.0, 48.0)},
        {GPS.GPSLatitude: (0.0, 0.0, 0.0), GPS.GPSLongitude: (0.0, 0.0, 0.0)},
    ],
)
def test_a_receiver_without_a_fix_gives_no_place(changed: dict[int, object]) -> None:
    assert seen(ANTIOCH | changed).place is None


def test_a_lower_case_reference_is_taken() -> None:
    assert seen(ANTIOCH | {GPS.GPSLongitudeRef: "w"}).place == pytest.approx((38.005, -121.806))


# ── time ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_gps_time_is_utc_and_beats_the_cameras_clock() -> None:
    time = seen(GPS_TIME, DateTimeOriginal="2026:06:14 12:00:00").time
    assert time is not None
    assert (time.at, time.clock) == (datetime(2026, 6, 15, 4, 30, 15, 500_000, tzinfo=UTC), "gps")
    assert time.source == "2026:06:15 4:30:15.5 UTC"
    assert not time.assumed_zone


def test_the_cameras_time_without_a_zone_is_the_departments_and_says_so() -> None:
    time = seen(DateTimeOriginal="2026:06:14 21:00:00").time
    assert time is not None
    assert (time.at, time.clock, time.assumed_zone) == (datetime(2026, 6, 15, 4, tzinfo=UTC), "exif", True)


def test_the_cameras_own_offset_is_taken() -> None:
    time = seen(DateTimeOriginal="2026:06:14 21:00:00", OffsetTimeOriginal="-04:00").time
    assert time is not None
    assert (time.at, time.assumed_zone) == (datetime(2026, 6, 15, 1, tzinfo=UTC), False)
    assert time.source == "2026:06:14 21:00:00-04:00"


@pytest.mark.parametrize("offset", ["   :  ", "PDT", "+99:00", "\0\0"])
def test_an_offset_that_is_none_leaves_the_zone_assumed(offset: str) -> None:
    time = seen(DateTimeOriginal="2026:06:14 21:00:00", OffsetTimeOriginal=offset).time
    assert time is not None
    assert (time.at, time.assumed_zone) == (datetime(2026, 6, 15, 4, tzinfo=UTC), True)


def test_an_hour_that_occurs_twice_is_the_first_and_its_zone_is_assumed() -> None:
    time = seen(DateTimeOriginal="2026:11:01 01:30:00").time
    assert time is not None
    assert (time.at, time.assumed_zone) == (datetime(2026, 11, 1, 8, 30, tzinfo=UTC), True)


def test_an_hour_that_never_occurs_still_gives_an_instant() -> None:
    time = seen(DateTimeOriginal="2026:03:08 02:30:00").time
    assert time is not None
    assert time.at == datetime(2026, 3, 8, 10, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "microseconds"),
    [("5", 500_000), ("05", 50_000), ("123", 123_000), ("1234567", 123_456), ("", 0), ("x", 0)],
)
def test_subseconds_are_a_fraction(written: str, microseconds: int) -> None:
    time = seen(DateTimeOriginal="2026:06:14 21:00:00", SubsecTimeOriginal=written).time
    assert time is not None
    assert time.at.microsecond == microseconds


@pytest.mark.parametrize(
    "written",
    ["0000:00:00 00:00:00", "    :  :     :  :  ", "2026-06-14", "2026:02:30 00:00:00", "9999:12:31 23:59:59", "\0"],
)
def test_a_time_that_is_none_is_missing(written: str) -> None:
    assert seen(DateTimeOriginal=written).time is None


@pytest.mark.parametrize(
    "stamp",
    [
        {GPS.GPSTimeStamp: (4_294_967_295.0, 0.0, 0.0)},
        {GPS.GPSTimeStamp: (25.0, 0.0, 0.0)},
        {GPS.GPSTimeStamp: (IFDRational(0, 0), 0.0, 0.0)},
        {GPS.GPSTimeStamp: (4.0, 30.0)},
        {GPS.GPSDateStamp: "2026:13:15"},
        {GPS.GPSDateStamp: ""},
    ],
)
def test_a_gps_time_that_is_none_leaves_the_cameras_clock(stamp: dict[int, object]) -> None:
    time = seen(GPS_TIME | stamp, DateTimeOriginal="2026:06:14 21:00:00").time
    assert time is not None
    assert time.clock == "exif"


def test_padding_behind_a_date_is_not_kept() -> None:
    """A NUL in it would stop PostgreSQL from storing the whole drop."""
    time = seen(GPS_TIME | {GPS.GPSDateStamp: "2026:06:15\0\0"}).time
    assert time is not None
    assert "\0" not in time.source


# ── the picture ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_bare_picture_says_its_size_only() -> None:
    assert inspect(jpeg(width=64, height=48), ZONE) == Picture("image/jpeg", 64, 48, None, None)


def test_a_png_has_exif_too() -> None:
    picture = inspect(encoded("PNG", exif=exif(ANTIOCH | GPS_TIME).tobytes()), ZONE)
    assert (picture.media_type, picture.width_px, picture.height_px) == ("image/png", 64, 48)
    assert picture.place == pytest.approx((38.005, -121.806))
    assert picture.time is not None


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF", "WEBP"])
def test_other_formats_are_refused(kind: str) -> None:
    assert code(encoded(kind)) == "unsupported_format"


@pytest.mark.parametrize("content", [b"", b"\xff\xd8", b"not a picture", b"\x89PNG\r\n\x1a\n", b"%PDF-1.7"])
def test_what_is_no_picture_is_broken(content: bytes) -> None:
    assert code(content) == "broken_image"


def test_a_picture_cut_short_is_broken_wherever_it_was_cut() -> None:
    whole = jpeg(3, width=400, height=300)
    for end in range(100, len(whole) - 2, 7_001):
        assert code(whole[:end]) == "broken_image"
    assert code(encoded("PNG")[:-60]) == "broken_image"


def test_the_end_of_a_thumbnail_is_not_the_end_of_the_picture() -> None:
    whole, thumbnail = jpeg(3, width=400, height=300), jpeg(4)
    segment = b"Exif\0\0" + thumbnail
    held = whole[:2] + b"\xff\xe1" + (len(segment) + 2).to_bytes(2, "big") + segment + whole[2:]
    assert inspect(held, ZONE).width_px == 400
    assert code(held[: len(segment) + 1_500]) == "broken_image"


def test_padding_behind_the_end_marker_is_allowed() -> None:
    assert inspect(jpeg() + b"\0" * 20_000, ZONE).width_px == 64


@pytest.mark.parametrize("side", [11_000, 30_000])
def test_a_header_that_promises_too_many_pixels_is_refused_before_any_is_decoded(side: int) -> None:
    assert side * side > MAX_PIXELS

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    assert code(png) == "too_large"


def test_damaged_exif_costs_the_metadata_not_the_picture() -> None:
    content = bytearray(jpeg(exif=exif(ANTIOCH, DateTimeOriginal="2026:06:14 21:00:00")))
    begin = content.index(b"Exif\0\0") + 14
    content[begin : begin + 40] = b"\xff" * 40
    assert inspect(bytes(content), ZONE) == Picture("image/jpeg", 64, 48, None, None)


RICH = (
    jpeg(exif=exif(ANTIOCH | GPS_TIME, DateTimeOriginal="2026:06:14 21:00:00", SubsecTimeOriginal="5")),
    encoded("PNG", exif=exif(ANTIOCH, DateTimeOriginal="2026:06:14 21:00:00", OffsetTimeOriginal="-07:00").tobytes()),
)


@given(st.integers(0, 2**32))
@example(0)
def test_no_damage_raises_anything_but_its_reason(seed: int) -> None:
    """One strange file must not stop its drop."""
    chance = random.Random(seed)
    content = bytearray(chance.choice(RICH))
    for _ in range(chance.randint(1, 12)):
        content[chance.randrange(min(len(content), 600))] = chance.choice([0, 0xFF, chance.randrange(256)])
    with suppress(MalformedError):
        picture = inspect(bytes(content[: chance.choice([len(content), chance.randrange(len(content))])]), ZONE)
        assert picture.width_px > 0
        assert picture.time is None or picture.time.at.utcoffset() == timedelta(0)
