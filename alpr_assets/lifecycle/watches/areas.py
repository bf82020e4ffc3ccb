"""Where a watch looks: a circle or a polygon, and which reads lie in it.

Here: areas as GeoJSON says them, checked, and many places at once against one. Not here: maps, canvassing.

    {"type": "Point", "coordinates": [lon, lat], "radius_m": 500}     a circle; radius_m is ours, GeoJSON has none
    {"type": "Polygon", "coordinates": [[[lon, lat], …], …]}          rings; a place is inside where an odd number of them holds it

Degrees, WGS 84. Nothing crosses the date line. A place that is unknown lies in no area.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from alpr_assets.errors import MalformedError
from alpr_assets.store.cells import CELL_DEG, cell_of
from alpr_assets.store.cells import COLUMNS as CELLS_AROUND

Degrees = NDArray[np.float64]
Inside = NDArray[np.bool_]

EARTH_M: Final = 6_371_008.8  # mean radius
MAX_RADIUS_M: Final = 100_000
MAX_CORNERS: Final = 2_000
MAX_CELLS: Final = 50_000  # of one area: about 12,000 km²
HELP: Final = "give a GeoJSON Point with radius_m, or a Polygon, in degrees, the longitude first"


@dataclass(frozen=True, slots=True)
class Circle:
    """Centre in degrees, radius in metres along the ground; its edge counts as inside."""

    latitude_deg: float
    longitude_deg: float
    radius_m: float

    def contains(self, latitude_deg: Degrees, longitude_deg: Degrees) -> Inside:
        """(n,) which places lie inside; NaN lies nowhere."""
        lat, lon = np.radians(latitude_deg), np.radians(longitude_deg)
        lat0, lon0 = math.radians(self.latitude_deg), math.radians(self.longitude_deg)
        half = np.sin((lat - lat0) / 2) ** 2 + np.cos(lat) * math.cos(lat0) * np.sin((lon - lon0) / 2) ** 2
        inside: Inside = 2 * EARTH_M * np.arcsin(np.sqrt(half)) <= self.radius_m
        return inside

    def geojson(self) -> dict[str, Any]:
        """What `area_of` takes."""
        centre = [self.longitude_deg, self.latitude_deg]
        return {"type": "Point", "coordinates": centre, "radius_m": self.radius_m}


@dataclass(frozen=True, slots=True)
class Polygon:
    """Closed rings of (longitude, latitude) in degrees; a second ring inside the first is a hole."""

    rings: tuple[tuple[tuple[float, float], ...], ...]

    def contains(self, latitude_deg: Degrees, longitude_deg: Degrees) -> Inside:
        """(n,) which places lie inside: a ray to the east crosses the edges an odd number of times. NaN crosses none."""
        inside: Inside = np.zeros(len(latitude_deg), np.bool_)
        for ring in self.rings:
            for (lon_a, lat_a), (lon_b, lat_b) in pairwise(ring):
                if lat_a == lat_b:
                    continue
                spans = (latitude_deg < lat_a) != (latitude_deg < lat_b)
                crossing = lon_a + (latitude_deg - lat_a) * (lon_b - lon_a) / (lat_b - lat_a)
                inside ^= spans & (longitude_deg < crossing)
        return inside

    def geojson(self) -> dict[str, Any]:
        """What `area_of` takes."""
        return {"type": "Polygon", "coordinates": [[list(corner) for corner in ring] for ring in self.rings]}


Area = Circle | Polygon


def area_of(geojson: Mapping[str, Any]) -> Area:
    """The area that a GeoJSON object says.

    Raises
    ------
    MalformedError : `area`; the message says what is wrong, and names no place
    """
    kind, coordinates = geojson.get("type"), geojson.get("coordinates")
    if kind == "Point":
        longitude, latitude = _place(coordinates)
        radius_m = _number(geojson.get("radius_m"), "radius_m")
        if not 0 < radius_m <= MAX_RADIUS_M:
            raise _wrong(f"radius_m is above 0 and at most {MAX_RADIUS_M}")
        return Circle(latitude, longitude, radius_m)
    if kind == "Polygon" and isinstance(coordinates, list) and coordinates:
        return Polygon(tuple(_ring(number, ring) for number, ring in enumerate(coordinates, start=1)))
    raise _wrong("an area is a Point or a Polygon with coordinates")


def _ring(number: int, ring: Any) -> tuple[tuple[float, float], ...]:
    if not isinstance(ring, list) or not 4 <= len(ring) <= MAX_CORNERS:
        raise _wrong(f"ring {number} has 4 to {MAX_CORNERS} corners, the first again at its end")
    corners = tuple(_place(corner) for corner in ring)
    if corners[0] != corners[-1]:
        raise _wrong(f"ring {number} does not end where it begins")
    return corners


def _place(coordinates: Any) -> tuple[float, float]:
    if not isinstance(coordinates, list) or len(coordinates) < 2:
        raise _wrong("a place is [longitude, latitude]")
    longitude, latitude = _number(coordinates[0], "a longitude"), _number(coordinates[1], "a latitude")
    if abs(longitude) > 180 or abs(latitude) > 90:
        raise _wrong("a longitude is within ±180°, a latitude within ±90°")
    return longitude, latitude


def _number(value: Any, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _wrong(f"{what} is no number")
    return float(value)


def _wrong(message: str) -> MalformedError:
    return MalformedError("area", message, remedy=HELP)


# ── cells ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def cells_of(area: Area) -> list[int]:
    """All cells that an area may touch: every place inside lies in one of them.

    Raises MalformedError : `area_large`
    """
    south, north, west, east = _box(area)
    rows = range(_row(south), _row(north) + 1)
    columns = range(_column(west), _column(east) + 1)
    if len(rows) * len(columns) > MAX_CELLS:
        raise MalformedError(
            "area_large", "the area is too large to be searched place by place", remedy="draw a smaller one"
        )
    return sorted({row * CELLS_AROUND + column % CELLS_AROUND for row in rows for column in columns})


def _box(area: Area) -> tuple[float, float, float, float]:
    """South, north, west, east in degrees, a little wider than the area."""
    if isinstance(area, Circle):
        reach = math.degrees(area.radius_m / EARTH_M) * (1 + 1e-9) + 1e-9
        south, north = area.latitude_deg - reach, area.latitude_deg + reach
        if max(abs(south), abs(north)) >= 90:
            return max(south, -90.0), min(north, 90.0), -180.0, 180.0 - 1e-9
        # The meridians that touch the circle: wider than at its centre's own latitude.
        slope = math.sin(math.radians(reach)) / math.cos(math.radians(area.latitude_deg))
        sideways = math.degrees(math.asin(min(slope, 1.0))) * (1 + 1e-9) + 1e-9
        return south, north, area.longitude_deg - sideways, area.longitude_deg + sideways
    corners = np.array([corner for ring in area.rings for corner in ring])
    (west, south), (east, north) = corners.min(axis=0), corners.max(axis=0)
    return float(south), float(north), float(west), float(east)


def _row(latitude_deg: float) -> int:
    cell = cell_of(min(max(latitude_deg, -90.0), 90.0), 0.0)
    assert cell is not None  # both are known
    return cell // CELLS_AROUND


def _column(longitude_deg: float) -> int:
    return math.floor((longitude_deg + 180) / CELL_DEG)
