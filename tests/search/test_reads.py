"""Conditions on reads: areas by cells, windows, and long lists as one parameter."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import select

from alpr_assets.errors import MalformedError
from alpr_assets.lifecycle.watches import areas
from alpr_assets.lifecycle.watches.areas import Circle, Polygon, area_of
from alpr_assets.search import reads
from alpr_assets.store import schema
from alpr_assets.store.cells import cell_of
from alpr_assets.store.conditions import among
from alpr_assets.store.engine import reading
from tests.search.traffic import AT, Pass, put

latitudes = st.floats(-70, 70)
longitudes = st.floats(-179, 179)


@given(
    st.builds(Circle, latitudes, longitudes, st.floats(1, 10_000)),
    st.floats(0, 360),
    st.floats(0, 1),
)
@example(Circle(38.005, -121.806, 500.0), 45.0, 1.0)
@example(Circle(38.0, -121.8, 500.0), 0.0, 1.0)  # its centre is a cell's corner
def test_every_place_in_a_circle_lies_in_one_of_its_cells(circle, bearing, share):
    lat, lon = _away(circle, np.radians(bearing), share * circle.radius_m)
    if circle.contains(np.array([lat]), np.array([lon]))[0]:
        assert cell_of(lat, lon) in set(areas.cells_of(circle))


def _away(circle, bearing, metres):
    """Along a great circle."""
    angle, lat0, lon0 = metres / areas.EARTH_M, np.radians(circle.latitude_deg), np.radians(circle.longitude_deg)
    lat = np.arcsin(np.sin(lat0) * np.cos(angle) + np.cos(lat0) * np.sin(angle) * np.cos(bearing))
    lon = lon0 + np.arctan2(np.sin(bearing) * np.sin(angle) * np.cos(lat0), np.cos(angle) - np.sin(lat0) * np.sin(lat))
    return float(np.degrees(lat)), float((np.degrees(lon) + 180) % 360 - 180)


corners = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=3, max_size=7, unique=True)


@given(
    corners, corners, st.lists(st.tuples(st.floats(-0.001, 0.031), st.floats(-0.001, 0.031)), min_size=1, max_size=60)
)
def test_a_polygon_with_a_hole_holds_what_shapely_says_and_its_cells_hold_that(outer, hole, places):
    """Across cell borders; a place on an edge may fall either way."""
    rings = [[(-121.8 + x / 2000, 38.0 + y / 2000) for x, y in ring] for ring in (outer, hole)]
    shapes = [shapely.Polygon(ring) for ring in rings]
    if not all(shape.is_valid for shape in shapes):
        return
    area = area_of({"type": "Polygon", "coordinates": [[list(c) for c in (*ring, ring[0])] for ring in rings]})
    lon, lat = np.array(places).T + np.array([[-121.8], [38.0]])
    points = shapely.points(lon, lat)
    both = [shapely.contains(shape, points) for shape in shapes]
    clear = np.min([shapely.distance(shape.exterior, points) for shape in shapes], axis=0) > 1e-9
    inside = reads.inside(pd.DataFrame({"latitude_deg": lat, "longitude_deg": lon}), area)
    assert (inside == (both[0] ^ both[1]))[clear].all()
    cells = set(areas.cells_of(area))
    assert all(cell_of(a, o) in cells for a, o, here in zip(lat, lon, inside, strict=True) if here)


def test_an_unknown_place_lies_in_no_area():
    frame = pd.DataFrame({"latitude_deg": [None, 38.005], "longitude_deg": [None, -121.806]})
    assert reads.inside(frame, Circle(38.005, -121.806, 10)).tolist() == [False, True]


def test_an_area_of_half_a_continent_is_refused():
    ring = ((-124.0, 32.0), (-114.0, 32.0), (-114.0, 42.0), (-124.0, 32.0))
    with pytest.raises(MalformedError, match="too large"):
        areas.cells_of(Polygon((ring,)))


@pytest.mark.parametrize("hours", [-1, 0])
def test_a_window_has_zones_and_ends_after_its_begin(hours):
    with pytest.raises(MalformedError):
        reads.Window(AT, AT + timedelta(hours=hours))
    with pytest.raises(MalformedError):
        reads.Window(AT.replace(tzinfo=None), AT)


def test_a_window_over_midnight_utc_holds_both_days_in_any_zone(store):
    midnight = datetime(2026, 6, 16, tzinfo=UTC)
    put(store, [Pass("7ABC123", midnight + timedelta(minutes=m)) for m in (-30, -1, 0, 1, 30)])
    west = timezone(timedelta(hours=-7))
    window = reads.between(
        (midnight - timedelta(minutes=1)).astimezone(west), (midnight + timedelta(minutes=1)).astimezone(west)
    )
    with reading(store.engine) as connection:
        rows = connection.execute(reads.reads_in_force(*window)).all()
    assert sorted(row.captured_at for row in rows) == [midnight - timedelta(minutes=1), midnight]


def test_a_list_of_any_length_is_one_parameter(store):
    put(store, [Pass("7ABC123"), Pass("8XYZ999")])
    read = schema.read.c
    many = [f"{n:07}" for n in range(70_000)]
    with reading(store.engine) as connection:
        for column, values in (
            (read.plate, [*many, "7ABC123"]),
            (read.cell, [*range(70_000), cell_of(38.005, -121.806)]),
        ):
            found = connection.scalars(select(read.plate).where(among(store.engine.dialect.name, column, values)))
            assert "7ABC123" in found.all()
        none = among(store.engine.dialect.name, read.plate, [])
        assert connection.scalars(select(read.plate).where(none)).all() == []


def test_reads_of_a_superseded_version_are_not_in_force(store):
    put(store, [Pass("7ABC123")], current="newer")
    with reading(store.engine) as connection:
        assert connection.execute(reads.reads_in_force()).all() == []
