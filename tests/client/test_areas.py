"""Areas as an analyst has them become what the data API takes, and what is none is told before anything is asked."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import MultiPolygon, Point, Polygon

from alpr_assets.client.areas import circle, geojson
from alpr_assets.errors import AlprError
from alpr_assets.lifecycle.watches.areas import Circle, area_of

SQUARE = [(-121.8, 38.0), (-121.7, 38.0), (-121.7, 38.1), (-121.8, 38.1), (-121.8, 38.0)]
HOLE = [(-121.76, 38.04), (-121.74, 38.04), (-121.74, 38.06), (-121.76, 38.06), (-121.76, 38.04)]


@given(lat=st.floats(-89, 89), lon=st.floats(-180, 180), radius_m=st.floats(1, 100_000))
def test_a_circle_is_the_one_that_the_console_searches(lat: float, lon: float, radius_m: float) -> None:
    assert area_of(geojson(circle(lat, lon, radius_m)) or {}) == Circle(lat, lon, radius_m)


def test_a_drawn_polygon_keeps_its_holes_and_loses_heights() -> None:
    drawn = Polygon([(*corner, 12.5) for corner in SQUARE], [[(*corner, 12.5) for corner in HOLE]])
    said = geojson(drawn)
    assert said == geojson({"type": "Polygon", "coordinates": [SQUARE, HOLE], "bbox": [0, 0, 1, 1]})
    assert said is not None
    assert len(said["coordinates"]) == 2
    assert area_of(said).geojson() == said


def test_no_area_stays_none() -> None:
    assert geojson(None) is None


@pytest.mark.parametrize(
    "area",
    ["downtown", 5, {}, {"type": "Polygon"}, Point(0, 0), MultiPolygon([Polygon(SQUARE)]), {"type": "Feature"}],
)
def test_what_is_no_area_is_told_with_what_one_is(area: Any) -> None:
    with pytest.raises(AlprError) as caught:
        geojson(area)
    assert "circle" in caught.value.remedy
