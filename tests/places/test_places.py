"""Streets and addresses: read from what counties and the Census publish, found by what people type."""

from __future__ import annotations

import gzip
import json
import warnings
from datetime import UTC, datetime
from pathlib import Path

import geopandas as gpd
import pytest
from click.testing import CliRunner
from shapely.geometry import LineString, Point, Polygon

from alpr_assets.cli import main
from alpr_assets.errors import AlprError, MalformedError
from alpr_assets.places import addresses, gazetteer, spelling, streets
from alpr_assets.sample.places import sample_places
from alpr_assets.settings import settings

AT = datetime(2026, 6, 15, tzinfo=UTC)


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("city")
    sample_places(data, seed=422, at=AT)
    return data


@pytest.mark.parametrize(
    ("written", "one"),
    [
        ("North Main Street", "N MAIN ST"), ("n. main st", "N MAIN ST"), ("Martin Luther King Jr. Blvd", "MARTIN LUTHER KING JR BLVD"),
        ("third avenue", "3RD AVE"), ("O'Hara Ln", "OHARA LN"), ("", ""),
    ],
)  # fmt: skip
def test_one_street_has_one_spelling(written: str, one: str) -> None:
    assert spelling.spelt(written) == one
    assert spelling.spelt(one) == one


@pytest.mark.parametrize(
    ("text", "label", "exact"),
    [
        ("500 Oak Avenue", "500 Oak Ave", True),
        ("500 oak", "500 Oak Ave", True),
        ("511 Oak Ave", "510 Oak Ave", False),  # the nearest number
        ("500 Oke Ave", "500 Oak Ave", False),  # spelt nearly so
        ("Oak Ave & 3rd St", "OAK AVE & 3RD ST", True),
        ("3rd and oak", "3RD ST & OAK AVE", True),
        ("third street @ oakk", "3RD ST & OAK AVE", False),
        ("city hall", "City Hall", True),
    ],
)
def test_what_people_type_is_found(city: Path, text: str, label: str, exact: bool) -> None:
    (first, *_) = gazetteer.find(city, text)
    assert (first.label, first.is_exact) == (label, exact)
    assert 37.9 < first.latitude_deg < 38.1
    assert -122 < first.longitude_deg < -121.7


@pytest.mark.parametrize(
    "text", ["", " ", "1", "1 Nowhere Blvd", "& ", "zzz & qqq", "'; DROP TABLE address; --", "%", "x" * 5_000]
)
def test_what_is_nowhere_is_not_found(city: Path, text: str) -> None:
    assert gazetteer.find(city, text) == []


def test_without_an_import_nothing_is_there_and_nothing_breaks(tmp_path: Path) -> None:
    assert not gazetteer.is_there(tmp_path)
    assert gazetteer.find(tmp_path, "500 Oak Ave") == []
    assert gazetteer.find(tmp_path, "Oak & 3rd") == []
    assert streets.tile(tmp_path, 1, 1) is None
    assert streets.lines_in(tmp_path, 37, -122, 38, -121) == []


def roads(folder: Path, name: str, *, crs: str | None = "EPSG:4269") -> Path:
    """As TIGER/Line has them: MTFCC and FULLNAME, NAD83."""
    frame = gpd.GeoDataFrame(
        {"FULLNAME": ["A St", "18th St", "State Rte 4", None, "Marsh"], "MTFCC": ["S1400", "S1400", "S1100", "S1400", "H2030"]},
        geometry=[
            LineString([(-121.81, 38.0), (-121.80, 38.0), (-121.79, 38.0)]), LineString([(-121.80, 37.99), (-121.80, 38.0)]),
            LineString([(-121.9, 37.985), (-121.7, 37.985)]), None,
            Polygon([(-121.81, 38.01), (-121.80, 38.01), (-121.80, 38.02), (-121.81, 38.01)]),
        ],
        crs=crs,
    )  # fmt: skip
    path = folder / name
    if path.suffix == ".shp":  # holds one kind of geometry
        frame = frame[frame["FULLNAME"] != "Marsh"]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="'crs' was not provided")
        frame.to_file(path)
    return path


@pytest.mark.parametrize("name", ["roads.geojson", "roads.gpkg", "roads.shp"])
def test_streets_are_imported_with_their_kinds_crossings_and_a_receipt(tmp_path: Path, name: str) -> None:
    done = streets.import_streets(roads(tmp_path, name), tmp_path, at=AT)
    areas = not name.endswith(".shp")
    assert (done.source, done.n_features, done.n_left_out) == (name, 3 + areas, 1)
    lines = streets.lines_in(tmp_path, 37.97, -121.82, 38.02, -121.78)
    assert [(one.kind, one.name, one.is_area) for one in lines] == [
        *([("water", "Marsh", True)] if areas else []), ("street", "A St", False), ("street", "18th St", False),
        ("highway", "State Rte 4", False),
    ]  # fmt: skip
    assert lines[areas].places[0] == pytest.approx((38.0, -121.81), abs=2e-5)
    (crossing,) = gazetteer.find(tmp_path, "18th & A")
    assert (crossing.latitude_deg, crossing.longitude_deg) == pytest.approx((38.0, -121.80), abs=2e-5)
    body = streets.tile(tmp_path, 1899, -6090)
    assert body
    assert {one[2] for one in json.loads(gzip.decompress(body))} == {"18th St", "State Rte 4"}
    assert streets.tile(tmp_path, 0, 0) == b""
    assert streets.lines_in(tmp_path, -80, -180, 80, 180) == []  # too wide for a map of streets


def test_a_second_import_takes_the_place_of_the_first_and_a_failed_one_of_none(tmp_path: Path) -> None:
    path = roads(tmp_path, "roads.geojson")
    streets.import_streets(path, tmp_path, at=AT)
    points = gpd.GeoDataFrame({"name": ["x"]}, geometry=[Point(-121.8, 38.0)], crs="EPSG:4326")
    points.to_file(tmp_path / "points.geojson")
    with pytest.raises(MalformedError, match=r"points.geojson, feature 1: a Point is neither a line nor an area"):
        streets.import_streets(tmp_path / "points.geojson", tmp_path, at=AT)
    (tmp_path / "broken.geojson").write_text("{")
    with pytest.raises(MalformedError, match=r"broken.geojson: cannot be read"):
        streets.import_streets(tmp_path / "broken.geojson", tmp_path, at=AT)
    assert gazetteer.find(tmp_path, "A & 18th")
    one = gpd.GeoDataFrame(
        {"name": ["B St"]}, geometry=[LineString([(-121.8, 38.0), (-121.79, 38.0)])], crs="EPSG:4326"
    )
    one.to_file(tmp_path / "one.geojson")
    streets.import_streets(tmp_path / "one.geojson", tmp_path, kind="arterial", at=AT)
    assert [(line.kind, line.name) for line in streets.lines_in(tmp_path, 37.9, -121.9, 38.1, -121.7)] == [
        ("arterial", "B St")
    ]
    assert sorted(path.name for path in (tmp_path / "places").iterdir()) == ["streets.sqlite"]


def test_a_reference_system_is_asked_for_where_the_file_says_none(tmp_path: Path) -> None:
    path = roads(tmp_path, "roads.shp", crs=None)
    with pytest.raises(MalformedError, match="coordinate reference system"):
        streets.import_streets(path, tmp_path, at=AT)
    assert streets.import_streets(path, tmp_path, crs="EPSG:4326", at=AT).n_features == 3


@pytest.mark.parametrize(
    "content",
    [
        "LON,LAT,NUMBER,STREET,UNIT,CITY\n-121.80,38.0,1200,N Main St,,Antioch\n,,7,Nowhere St,,\n",  # OpenAddresses
        "Longitude,Latitude,Add_Number,StNam_Full,Post_City\n-121.80,38.0,1200.0,North Main Street,Antioch\nx,y,7,Nowhere,\n",  # NAD
    ],
)
def test_addresses_come_as_counties_publish_them(tmp_path: Path, content: str) -> None:
    (tmp_path / "county.csv").write_text(content)
    done = addresses.import_addresses(tmp_path / "county.csv", tmp_path, at=AT)
    assert (done.n_features, done.n_left_out) == (1, 1)
    (found,) = gazetteer.find(tmp_path, "1200 north main")
    assert found.is_exact
    assert found.label.endswith("Antioch")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a,b\n1,2\n", "latitude and longitude"),
        ("lat,lon\n38,-121\n", "neither number and street nor name"),
        ("lat,lon,name\nx,y,z\n", "no line of it is an address"),
        ("", "cannot be read as CSV"),
    ],
)
def test_what_is_no_list_of_addresses_says_why(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "x.csv").write_text(content)
    with pytest.raises(MalformedError, match=said):
        addresses.import_addresses(tmp_path / "x.csv", tmp_path, at=AT)


def test_a_damaged_file_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "places").mkdir()
    (tmp_path / streets.FILE).write_bytes(b"no database at all")
    with pytest.raises(AlprError, match="damaged"):
        streets.tile(tmp_path, 1, 1)


def test_the_commands_import_and_say_what(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALPR_DATA", str(tmp_path / "data"))
    settings.cache_clear()
    try:
        path = roads(tmp_path, "roads.geojson")
        said = CliRunner().invoke(main, ["places", "streets", str(path)])
        assert said.exit_code == 0, said.output
        assert "4 lines and areas of roads.geojson, 1 left out" in said.output
        (tmp_path / "a.csv").write_text("lat,lon,number,street\n38,-121.8,12,A St\n")
        assert (
            "1 addresses of a.csv" in CliRunner().invoke(main, ["places", "addresses", str(tmp_path / "a.csv")]).output
        )
        broken = CliRunner().invoke(main, ["places", "streets", str(tmp_path / "a.csv")])
        assert broken.exit_code == 1
    finally:
        settings.cache_clear()
