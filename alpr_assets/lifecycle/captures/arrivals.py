"""One arriving image: is it whole, when and where was it taken, and may that be true?

Here: the decision on a single file. Not here: reading drops (manifests.py), storing (landing.py).
A missing time or place is stated, not quarantined; an impossible one is quarantined, never guessed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from alpr_assets.errors import MalformedError
from alpr_assets.lifecycle.captures.devices import Device
from alpr_assets.lifecycle.captures.manifests import CaptureLine
from alpr_assets.lifecycle.captures.pictures import Picture
from alpr_assets.policy import Policy

UNKNOWN_DEVICE = "unknown_device"
ZONE_ASSUMED = "zone_assumed"
CLOCK_DISTRUSTED = "clock_distrusted"
UNENCRYPTED = "unencrypted"
SIMULATED = "simulated"  # never landed: there is no picture, and nobody drove there


@dataclass(frozen=True, slots=True)
class Arrival:
    """A capture that may land. `captured_at` UTC; `clock` and `place_source` say whose word it is; degrees WGS 84."""

    file: str
    sha256: str
    n_bytes: int
    media_type: str
    width_px: int
    height_px: int
    captured_at: datetime
    clock: str
    source_time: str | None
    place: tuple[float, float] | None
    place_source: str | None
    heading_deg: float | None
    device_id: str
    device_kind: str | None
    flags: tuple[str, ...]

    @property
    def day(self) -> date:
        """UTC day of the capture: its partition."""
        return self.captured_at.date()


@dataclass(frozen=True, slots=True)
class Rejected:
    """An item for quarantine; `sealed_sha256` names its bytes where there are any."""

    item: str
    code: str
    reason: str
    origin: str
    content: dict[str, Any] = field(default_factory=dict)
    sealed_sha256: str | None = None


def judge(
    *,
    file: str,
    sha256: str,
    n_bytes: int,
    picture: Picture,
    line: CaptureLine | None,
    default_device: str,
    in_clear: bool,
    devices: Mapping[str, Device],
    policy: Policy,
    now: datetime,
) -> Arrival:
    """Date and place one whole picture. `line` is its line of captures.jsonl, None where there is none.

    in_clear : it, or the list that names it, was not encrypted on its way; flagged of a mobile unit (422.6(a)), and landed:
        refused, it would lie in the watched folder in clear, and might be evidence

    Raises MalformedError with the codes in_the_future, too_old, before_installation, impossible_place, impossible_heading.
    """
    device_id = (line.device_id if line else None) or default_device
    device = devices.get(device_id)
    at, clock, source_time, flags = _time(line, picture, now)
    if clock != "receipt":
        require_plausible_time(at, device, policy, now)
    place, place_source = _place(line, picture, device)
    if place is not None:
        require_plausible_place(*place, policy)
    heading = line.heading_deg if line else None
    if heading is not None and not 0 <= heading <= 360:
        raise MalformedError("impossible_heading", f"heading {heading:g}° is not between 0 and 360")
    kind = (line.kind if line else None) or (device.kind if device else None)
    if device is None:
        flags = (*flags, UNKNOWN_DEVICE)
    if in_clear and kind == "mobile":
        flags = (*flags, UNENCRYPTED)
    return Arrival(
        file=file,
        sha256=sha256,
        n_bytes=n_bytes,
        media_type=picture.media_type,
        width_px=picture.width_px,
        height_px=picture.height_px,
        captured_at=at,
        clock=clock,
        source_time=source_time,
        place=place,
        place_source=place_source,
        heading_deg=heading,
        device_id=device_id,
        device_kind=kind,
        flags=flags,
    )


def _time(
    line: CaptureLine | None, picture: Picture, now: datetime
) -> tuple[datetime, str, str | None, tuple[str, ...]]:
    if line and line.captured_at:
        return line.captured_at.astimezone(UTC), "camera", line.source_time, ()
    if line and line.distrusts_clock:
        return now, "receipt", picture.time.source if picture.time else None, (CLOCK_DISTRUSTED,)
    if picture.time:
        flags = (ZONE_ASSUMED,) if picture.time.assumed_zone else ()
        return picture.time.at, picture.time.clock, picture.time.source, flags
    return now, "receipt", None, ()


def _place(
    line: CaptureLine | None, picture: Picture, device: Device | None
) -> tuple[tuple[float, float] | None, str | None]:
    if line and line.latitude_deg is not None and line.longitude_deg is not None:
        stated = (line.latitude_deg, line.longitude_deg)
        if stated != (0, 0):  # a receiver without a fix
            return stated, "manifest"
    if picture.place:
        return picture.place, "exif"
    if device and device.kind == "fixed" and device.place:
        return device.place, "device"
    return None, None


def require_plausible_time(at: datetime, device: Device | None, policy: Policy, now: datetime) -> None:
    """Raise MalformedError for an instant at which this device cannot have taken a picture."""
    if at > now + policy.captures.future_tolerance:
        raise MalformedError("in_the_future", f"captured {at.isoformat()}, received {now.isoformat()}")
    if at < policy.captures.oldest_at:
        raise MalformedError("too_old", f"captured {at.isoformat()}, before {policy.captures.oldest}")
    if device and device.installed_at and at < device.installed_at:
        raise MalformedError(
            "before_installation", f"captured {at.isoformat()}, device installed {device.installed_at.isoformat()}"
        )


def require_plausible_place(lat_deg: float, lon_deg: float, policy: Policy) -> None:
    """Raise MalformedError for a place that is none, or outside the area of the policy."""
    if not (math.isfinite(lat_deg) and math.isfinite(lon_deg)):
        raise MalformedError("impossible_place", "latitude or longitude is not a number")
    if not policy.captures.area.contains(lat_deg, lon_deg):
        raise MalformedError(
            "impossible_place",
            f"({lat_deg:g}, {lon_deg:g}) is outside the policy's area",
            remedy="captures.area of the policy file says where captures are taken",
        )
