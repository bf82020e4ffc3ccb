"""Areas as an analyst has them, as the data API takes them.

Here: GeoJSON objects and geometries (shapely's, a row's of GeoPandas) → the API's JSON; a circle. Not here: whether an area makes
sense: the console says. Degrees, WGS 84 (EPSG:4326), the longitude first, as GeoJSON has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alpr_assets.errors import AlprError

HELP = "give circle(latitude, longitude, metres), a GeoJSON Polygon, or a shapely Polygon in degrees"


def circle(latitude_deg: float, longitude_deg: float, radius_m: float) -> dict[str, Any]:
    """A circle around a place: degrees (WGS 84), and metres along the ground."""
    return {"type": "Point", "coordinates": [float(longitude_deg), float(latitude_deg)], "radius_m": float(radius_m)}


def geojson(area: Any) -> dict[str, Any] | None:
    """An area as the API takes it; None stays None.

    Parameters
    ----------
    area : `circle(…)`, a GeoJSON Polygon or Point with `radius_m`, or what has a `__geo_interface__`; heights are dropped

    Raises
    ------
    AlprError : it is none of these
    """
    if area is None:
        return None
    said = area if isinstance(area, Mapping) else getattr(area, "__geo_interface__", None)
    if not isinstance(said, Mapping) or said.get("type") not in {"Point", "Polygon"} or "coordinates" not in said:
        raise AlprError("that is no area", remedy=HELP)
    if said["type"] == "Point":
        if "radius_m" not in said:
            raise AlprError("a point is no area without a radius", remedy=HELP)
        return {"type": "Point", "coordinates": _place(said["coordinates"]), "radius_m": float(said["radius_m"])}
    return {"type": "Polygon", "coordinates": [[_place(corner) for corner in ring] for ring in said["coordinates"]]}


def _place(coordinates: Any) -> list[float]:
    longitude_deg, latitude_deg, *_ = coordinates
    return [float(longitude_deg), float(latitude_deg)]
