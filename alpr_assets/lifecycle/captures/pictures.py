"""What an image file says of itself: format, size, and EXIF time and place.

EXIF (CIPA DC-008): places are three rationals and a reference letter, GPS time stamps are UTC, DateTimeOriginal is local
time with a zone only where OffsetTimeOriginal is there. 0/0 rationals and the place (0, 0) mean missing.
"""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from PIL import Image, UnidentifiedImageError
from PIL.ExifTags import GPS, IFD, Base

from alpr_assets.errors import MalformedError

MEDIA = {"JPEG": "image/jpeg", "PNG": "image/png"}
MAX_PIXELS = 100_000_000
JPEG_SCAN, JPEG_END = b"\xff\xda", b"\xff\xd9"


@dataclass(frozen=True, slots=True)
class PictureTime:
    """An instant with the clock it came from and the source's own words; `assumed_zone`: the file named none."""

    at: datetime
    clock: Literal["gps", "exif"]
    source: str
    assumed_zone: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """Width and height in pixels as stored (EXIF rotation not applied); place in degrees, WGS 84."""

    media_type: str
    width_px: int
    height_px: int
    time: PictureTime | None
    place: tuple[float, float] | None


def inspect(content: bytes, zone: ZoneInfo) -> Picture:
    """Look at an image's bytes. `zone` is assumed for an EXIF time that names none.

    Raises MalformedError: `broken_image` (not a picture, or cut short), `unsupported_format`, `too_large`.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's, about sizes below our limit and damaged EXIF
        return _inspected(content, zone)


def _inspected(content: bytes, zone: ZoneInfo) -> Picture:
    try:
        image = Image.open(io.BytesIO(content))
    except Image.DecompressionBombError as error:
        raise MalformedError("too_large", f"a picture of more than {MAX_PIXELS:,} pixels") from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise MalformedError("broken_image", f"not a readable picture of {len(content)} bytes") from error
    if image.format not in MEDIA:
        raise MalformedError("unsupported_format", f"{image.format} pictures are not taken; send JPEG or PNG")
    if image.width * image.height > MAX_PIXELS:
        raise MalformedError("too_large", f"{image.width}×{image.height} pixels, more than {MAX_PIXELS:,}")
    _require_whole(image, content)
    exif, gps = _exif(image)
    return Picture(MEDIA[image.format], image.width, image.height, _time(exif, gps, zone), _place(gps))


def _require_whole(image: Image.Image, content: bytes) -> None:
    """A JPEG with an end marker behind its last scan is taken as whole; any other picture is decoded to see.

    An end marker alone says nothing: a thumbnail has one, and some cameras pad the file behind it.
    """
    if image.format == "JPEG" and content.rfind(JPEG_END) > content.rfind(JPEG_SCAN):
        return
    try:
        image.load()
    except (OSError, SyntaxError, ValueError) as error:
        raise MalformedError("broken_image", f"the picture is cut short or damaged ({error})") from error


def _exif(image: Image.Image) -> tuple[Mapping[int, Any], Mapping[int, Any]]:
    try:
        exif = image.getexif()
        return {**exif, **exif.get_ifd(IFD.Exif)}, exif.get_ifd(IFD.GPSInfo)
    except Exception:  # noqa: BLE001 - Pillow raises many kinds on damaged EXIF; the picture itself is good
        return {}, {}


def _time(exif: Mapping[int, Any], gps: Mapping[int, Any], zone: ZoneInfo) -> PictureTime | None:
    return _gps_time(gps) or _camera_time(exif, zone)


def _gps_time(gps: Mapping[int, Any]) -> PictureTime | None:
    day, clock = gps.get(GPS.GPSDateStamp), _rationals(gps.get(GPS.GPSTimeStamp))
    if not isinstance(day, str) or clock is None:
        return None
    day = day.strip("\0 ")
    hours, minutes, seconds = clock
    if not (0 <= hours < 24 and 0 <= minutes < 60 and 0 <= seconds <= 60):
        return None
    try:
        midnight = datetime.strptime(day, "%Y:%m:%d").replace(tzinfo=UTC)
        at = midnight + timedelta(hours=hours, minutes=minutes, seconds=seconds)
    except (ValueError, OverflowError):
        return None
    return PictureTime(at, "gps", f"{day} {hours:g}:{minutes:g}:{seconds:g} UTC")


def _camera_time(exif: Mapping[int, Any], zone: ZoneInfo) -> PictureTime | None:
    written = exif.get(Base.DateTimeOriginal)
    if not isinstance(written, str):
        return None
    offset = str(exif.get(Base.OffsetTimeOriginal, "")).strip("\0 ")
    text = written.strip("\0 ")
    try:
        local = datetime.strptime(text, "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007 - its zone follows
    except ValueError:
        return None
    fraction = str(exif.get(Base.SubsecTimeOriginal, "")).strip("\0 ")
    if fraction.isascii() and fraction.isdigit():
        local = local.replace(microsecond=int(fraction[:6].ljust(6, "0")))
    at = _with_offset(local, offset)
    try:
        instant = (at or local.replace(tzinfo=zone)).astimezone(UTC)
    except OverflowError:  # a year 1 or 9999 that leaves the calendar in UTC
        return None
    return PictureTime(instant, "exif", f"{text}{offset}" if at else text, assumed_zone=at is None)


def _with_offset(local: datetime, offset: str) -> datetime | None:
    """The time with the offset that the file gives; None where it gives none that is one."""
    try:
        at = datetime.fromisoformat(f"{local.isoformat()}{offset}")
    except ValueError:
        return None
    return at if at.utcoffset() is not None else None


def _place(gps: Mapping[int, Any]) -> tuple[float, float] | None:
    latitude, longitude = _rationals(gps.get(GPS.GPSLatitude)), _rationals(gps.get(GPS.GPSLongitude))
    if latitude is None or longitude is None:
        return None
    lat = _degrees(latitude, gps.get(GPS.GPSLatitudeRef), negative="S", positive="N")
    lon = _degrees(longitude, gps.get(GPS.GPSLongitudeRef), negative="W", positive="E")
    if lat is None or lon is None or (lat == 0 and lon == 0):
        return None
    return lat, lon


def _degrees(parts: tuple[float, float, float], reference: Any, *, negative: str, positive: str) -> float | None:
    """Signed degrees; without its reference letter a place is unknown: W left out puts Antioch, California in China."""
    letter = str(reference or "").strip("\0 ").upper()[:1]
    if letter not in (negative, positive):
        return None
    degrees, minutes, seconds = parts
    value = degrees + minutes / 60 + seconds / 3600
    return -value if letter == negative else value


def _rationals(value: Any) -> tuple[float, float, float] | None:
    try:
        first, second, third = (float(part) for part in value)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return (first, second, third) if all(map(math.isfinite, (first, second, third))) else None
