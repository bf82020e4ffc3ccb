"""Forms of watches: from what was typed to what is wanted, and what a pattern means in words.

Here: times of the department's clock, areas, patterns. Not here: any rule (`lifecycle.watches`), the pages (`watches`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from alpr_assets.console.pages.asking import Form, instant
from alpr_assets.errors import MalformedError
from alpr_assets.lifecycle.lookalikes import ALPHABET
from alpr_assets.lifecycle.watches.areas import HELP, Area, area_of
from alpr_assets.lifecycle.watches.patterns import GAP, MAX_TYPED, Pattern
from alpr_assets.lifecycle.watches.watches import Wanted
from alpr_assets.store.watches import MAX_REASON

FIELDS: Final = (
    "purpose", "case_number", "pattern", "state", "reason", "expires_on", "since_at", "until_at", "latitude_deg",
    "longitude_deg", "radius_m", "south_deg", "west_deg", "north_deg", "east_deg", "polygon", "kind", "covert", "supervisor_id",
)  # fmt: skip
CIRCLE: Final = ("latitude_deg", "longitude_deg", "radius_m")
BOX: Final = ("south_deg", "west_deg", "north_deg", "east_deg")
MAX_POLYGON: Final = 20_000  # characters


def wanted_of(form: Form, zone: ZoneInfo) -> Wanted:
    """What a form asks to watch for. Raises MalformedError for a field that is none; the rest is the domain's to refuse."""
    kind: Literal["watch", "entry"] = "entry" if form.flag("kind") else "watch"
    covert = form.flag("covert")
    audience: Literal["normal", "covert"] = "covert" if covert else "normal"
    expires_at = instant(form.day("expires_on"), zone, after=True)
    if expires_at is None:
        raise MalformedError("expiry", "a watch says until when", remedy="give its last day")
    return Wanted(
        pattern=form.text("pattern", limit=MAX_TYPED),
        reason=form.text("reason", limit=MAX_REASON),
        expires_at=expires_at,
        kind=kind,
        state=form.text("state", limit=2),
        area=area(form),
        since_at=wall(form, "since_at", zone, latest=False),
        until_at=wall(form, "until_at", zone, latest=True),
        audience=audience,
        supervisor_id=form.number("supervisor_id") if covert and form.text("supervisor_id") else None,
    )


def area(form: Form) -> Area | None:
    """The one area that the form gives: a circle, a box, or a polygon as GeoJSON; None: anywhere.

    Raises MalformedError : `area`: more than one, a part is missing, or it is none.
    """
    circle, box = [form.text(name, limit=24) for name in CIRCLE], [form.text(name, limit=24) for name in BOX]
    polygon = form.text("polygon", limit=MAX_POLYGON)
    if sum((any(circle), any(box), bool(polygon))) > 1:
        raise MalformedError("area", "more than one area", remedy="leave all but one of circle, box and polygon empty")
    if any(circle):
        latitude, longitude, radius_m = map(_number, circle)
        return area_of({"type": "Point", "coordinates": [longitude, latitude], "radius_m": radius_m})
    if any(box):
        south, west, north, east = map(_number, box)
        if not (south < north and west < east):
            raise MalformedError("area", "the box's south is not below its north, or its west not before its east")
        corners = [[west, south], [east, south], [east, north], [west, north], [west, south]]
        return area_of({"type": "Polygon", "coordinates": [corners]})
    return area_of(_geometry(polygon)) if polygon else None


def again(row: Mapping[str, Any], zone: ZoneInfo) -> dict[str, str]:
    """A listed watch as the fields of a form that would place it again, but for its expiry and who sees it."""
    fields = {name: str(row[name]) for name in ("purpose", "case_number", "pattern", "state", "reason") if row[name]}
    for name in ("since_at", "until_at"):
        if row[name] is not None:
            fields[name] = row[name].astimezone(zone).strftime("%Y-%m-%dT%H:%M:%S")
    where = row["area"]
    if where is not None and where["type"] == "Point":
        longitude, latitude = where["coordinates"]
        fields |= {"latitude_deg": f"{latitude}", "longitude_deg": f"{longitude}", "radius_m": f"{where['radius_m']}"}
    elif where is not None:
        fields["polygon"] = json.dumps(where)
    return fields | ({"kind": "1"} if row["kind"] == "entry" else {})


def in_words(pattern: Pattern) -> list[str]:
    """What a pattern means, a phrase a part: `7`, `any one`, `A`, `any number`, `23`."""
    words: list[str] = []
    spelt = ""
    for token in pattern.tokens:
        if token != GAP and len(token) == 1:
            spelt += token
            continue
        words += [spelt] if spelt else []
        spelt = ""
        words.append({GAP: "any number, also none", ALPHABET: "any one"}.get(token) or f"one of {', '.join(token)}")
    return words + ([spelt] if spelt else [])


def wall(form: Form, name: str, zone: ZoneInfo, *, latest: bool) -> datetime | None:
    """A time of the department's clock as an instant. Of an hour that comes twice the one that leaves the window wider.

    Raises MalformedError : `window`: no time, or one that the clock never showed.
    """
    text = form.text(name, limit=32)
    if not text:
        return None
    try:
        wall = datetime.fromisoformat(text)
    except ValueError as error:
        raise MalformedError("window", f"{name}: a time such as 2026-06-15T18:30") from error
    if wall.tzinfo is not None or not 1970 <= wall.year <= 9000:
        raise MalformedError("window", f"{name}: a time of the department's clock, from 1970 to 9000")
    at = wall.replace(tzinfo=zone, fold=int(latest))
    if datetime.fromtimestamp(at.timestamp(), zone).replace(tzinfo=None) != wall:
        raise MalformedError("window", f"{name}: that hour was skipped when summer time began")
    return datetime.fromtimestamp(at.timestamp(), tz=zone)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise MalformedError("area", "a part of the area is missing or no number", remedy=HELP) from error


def _geometry(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise MalformedError("area", "the polygon is no JSON", remedy=HELP) from error
    if isinstance(found, dict) and found.get("type") == "Feature":
        found = found.get("geometry")
    if not isinstance(found, dict) or found.get("type") != "Polygon":
        raise MalformedError("area", "a polygon is a GeoJSON Polygon, or a Feature of one", remedy=HELP)
    return found
