"""What a canvass asks: places, times, and what a witness said of the vehicle.

Here: value classes, checked against the policy's limits. Not here: any search.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from alpr_assets.errors import MalformedError
from alpr_assets.lifecycle.watches.areas import Area, Circle
from alpr_assets.policy import Policy
from alpr_assets.search.reads import Window

MAX_INCIDENTS: Final = 50
MAX_PARTS: Final = 20  # areas or windows of one incident
HEADING_TOLERANCE_DEG: Final = 45.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One incident: any of its places, at any of its times.

    name : what people call it, such as its number; shown in the reasons
    areas : circles or polygons with holes; a circle's centre is where it happened
    windows : when a vehicle of interest may have passed
    at : when it happened, aware, as far as known; the nearer in time, the more telling
    """

    name: str
    areas: tuple[Area, ...]
    windows: tuple[Window, ...]
    at: datetime | None = None

    @property
    def hours(self) -> float:
        """Length of the windows together."""
        return sum(window.hours for window in self.windows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What is known of the vehicle. None or nothing: anything.

    partial : pattern of its plate
    state : two letters; reads of another state are left out, reads without one are kept
    heading_deg : 0 north, 90 east; a read that looks elsewhere by more than 45° is left out, one without heading is kept
    devices : only these readers
    """

    partial: str | None = None
    state: str | None = None
    heading_deg: float | None = None
    devices: tuple[str, ...] = ()


def check(incidents: Sequence[Incident], policy: Policy) -> None:
    """Raises MalformedError : `canvass`: no incident, no place, no time, or more than the policy lets one ask at once."""
    if not 1 <= len(incidents) <= MAX_INCIDENTS:
        raise _wrong(f"a canvass has 1 to {MAX_INCIDENTS} incidents")
    if len({incident.name for incident in incidents}) < len(incidents):
        raise _wrong("two incidents have one name")
    limits = policy.search
    for number, incident in enumerate(incidents, start=1):
        if not (1 <= len(incident.areas) <= MAX_PARTS and 1 <= len(incident.windows) <= MAX_PARTS):
            raise _wrong(f"incident {number} has 1 to {MAX_PARTS} places and as many times")
        if any(isinstance(area, Circle) and area.radius_m > limits.max_radius_m for area in incident.areas):
            raise _wrong(f"incident {number}: a circle's radius is at most {limits.max_radius_m:g} m")
        if incident.hours > limits.max_hours:
            raise _wrong(f"incident {number}: its times are at most {limits.max_hours:g} hours together")
        if incident.at is not None and incident.at.utcoffset() is None:
            raise _wrong(f"incident {number}: a time without its zone")


def _wrong(message: str) -> MalformedError:
    return MalformedError("canvass", message, remedy="narrow the canvass, or ask in parts")
