"""Areas: what lies inside agrees with shapely and with a ruler; what is no area is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import assume, given
from hypothesis import strategies as st

from alpr_assets.errors import MalformedError
from alpr_assets.lifecycle.watches.areas import area_of

LAT_38_M = 111_195  # metres a degree of latitude on the mean sphere
SQUARE = [[-121.8, 38.0], [-121.7, 38.0], [-121.7, 38.1], [-121.8, 38.1], [-121.8, 38.0]]


def test_a_circle_is_measured_along_the_ground() -> None:
    circle = area_of({"type": "Point", "coordinates": [-121.8, 38.0], "radius_m": 500})
    north = np.array([38.0, 38.0 + 499 / LAT_38_M, 38.0 + 501 / LAT_38_M, np.nan])
    assert circle.contains(north, np.full(4, -121.8)).tolist() == [True, True, False, False]
    east = -121.8 + np.array([499, 501]) / (LAT_38_M * np.cos(np.radians(38)))
    assert circle.contains(np.full(2, 38.0), east).tolist() == [True, False]


@given(
    corners=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=3, max_size=8),
    places=st.lists(st.tuples(st.floats(0, 9), st.floats(0, 9)), min_size=1, max_size=9),
)
def test_a_polygon_holds_what_shapely_says(corners: list[Any], places: list[Any]) -> None:
    ring = [[float(x), float(y)] for x, y in [*corners, corners[0]]]
    shape = shapely.Polygon(ring)
    assume(shape.is_valid)
    lon, lat = (np.array(column, float) for column in zip(*places, strict=True))
    clear = shapely.distance(shape.boundary, shapely.points(lon, lat)) > 1e-6  # on its edge either is right
    inside = area_of({"type": "Polygon", "coordinates": [ring]}).contains(lat, lon)
    assert inside[clear].tolist() == shapely.contains_xy(shape, lon, lat)[clear].tolist()


def test_a_hole_is_outside_and_an_unknown_place_is_nowhere() -> None:
    hole = [[-121.76, 38.04], [-121.74, 38.04], [-121.74, 38.06], [-121.76, 38.06], [-121.76, 38.04]]
    area = area_of({"type": "Polygon", "coordinates": [SQUARE, hole]})
    assert area.contains(np.array([38.05, 38.02, np.nan]), np.array([-121.75, -121.75, -121.75])).tolist() == [
        False, True, False,
    ]  # fmt: skip
    assert area_of(area.geojson()) == area


@pytest.mark.parametrize(
    "geojson",
    [
        {},
        {"type": "LineString", "coordinates": SQUARE},
        {"type": "Point", "coordinates": [-121.8, 38.0]},
        {"type": "Point", "coordinates": [-121.8, 38.0], "radius_m": 0},
        {"type": "Point", "coordinates": [-121.8, 38.0], "radius_m": 1e6},
        {"type": "Point", "coordinates": [-121.8, 38.0], "radius_m": float("nan")},
        {"type": "Point", "coordinates": [38.0, -121.8], "radius_m": 5},
        {"type": "Point", "coordinates": ["-121.8", 38.0], "radius_m": 5},
        {"type": "Point", "coordinates": [True, 38.0], "radius_m": 5},
        {"type": "Polygon", "coordinates": []},
        {"type": "Polygon", "coordinates": [SQUARE[:-1]]},
        {"type": "Polygon", "coordinates": [SQUARE[:3]]},
        {"type": "Polygon", "coordinates": [[*SQUARE[:2], None, *SQUARE[3:]]]},
    ],
)
def test_what_is_no_area_is_refused(geojson: dict[str, Any]) -> None:
    with pytest.raises(MalformedError) as caught:
        area_of(geojson)
    assert caught.value.code == "area"
    assert caught.value.remedy
