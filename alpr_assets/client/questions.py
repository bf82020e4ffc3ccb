"""A question's parts as the data API takes them: instants with their offsets, areas as GeoJSON, incidents, what is known of a vehicle.

Here: the searches that can be exported or frozen, by name, and how each is put. Not here: sending (`asking`, `keeping`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal

from alpr_assets.client.areas import geojson

Search = Literal[
    "plate_history", "possible_plates", "plate_path", "partial_plates", "canvass", "co_travel", "counts", "view_hits"
]

DESCRIBED: Final = ("partial", "state", "heading_deg", "devices")
"""What is known of the vehicle of a canvass: apart from its incidents."""


def said(at: datetime | None) -> str | None:
    """An instant with its offset. Raises ValueError for a naive one: whose hour it is would be a guess."""
    if at is not None and at.utcoffset() is None:
        raise ValueError(f"{at.isoformat()} has no time zone; write it with its offset")
    return at.isoformat() if at is not None else None


def question(search: Search, elements: Mapping[str, Any]) -> dict[str, Any]:
    """A search with its elements, as `Client`'s method of that search takes them; those that are None or empty are left out."""
    parts = {name: _part(name, value) for name, value in elements.items() if value is not None}
    if search == "canvass":
        known = {name: parts.pop(name) for name in DESCRIBED if name in parts}
        parts["described"] = {name: value for name, value in known.items() if value != []}
    return {"search": search, **parts}


def _part(name: str, value: Any) -> Any:
    if isinstance(value, datetime):
        return said(value)
    if name == "area":
        return geojson(value)
    if name == "incidents":
        return [incident.said(said) for incident in value]
    return list(value) if name in {"by", "devices"} else value
