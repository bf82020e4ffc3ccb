"""Answers as bytes: the same rows in every format, documented columns only, the format that the caller likes best."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpr_assets.console.api.columns import TYPES, documented, schema_of, table_of
from alpr_assets.console.api.formats import ARROW, FORMATS, JSON, OFFERED, PARQUET, chosen
from alpr_assets.search import history, hits
from tests.console.api.test_page import HEADINGS

HISTORY = schema_of(history.COLUMNS)
HITS = schema_of(hits.COLUMNS)
AT = datetime(2026, 6, 15, 4, 0, 0, 123456, tzinfo=UTC)


def read(**changes: Any) -> dict[str, Any]:
    return {
        "day": AT.date(), "read_id": (20_000 << 32) | 7, "capture_id": (20_000 << 32) | 3, "captured_at": AT,
        "plate": "7ABC123", "region": "ca", "confidence": 0.93, "sure": True, "device_id": "unit-12-front",
        "device": "Unit 12", "latitude_deg": 38.005, "longitude_deg": -121.806, "heading_deg": 90.0, "clock": "gps",
        "sighting_id": (20_000 << 32) | 7, "sighting_day": AT.date(), "version_id": "v1",
        "corrected_plate": "7ABC124", "corrected_region": "nv", **changes,
    }  # fmt: skip


UNKNOWN = read(
    region=None,
    device=None,
    latitude_deg=None,
    longitude_deg=None,
    heading_deg=None,
    sighting_id=None,
    sighting_day=None,
    corrected_plate=None,
    corrected_region=None,
)


def frame(*rows: dict[str, Any], columns: Sequence[str] = tuple(history.COLUMNS)) -> pd.DataFrame:
    """As a search makes it."""
    return pd.DataFrame([tuple(row[name] for name in columns) for row in rows], columns=list(columns))


def encoded(media_type: str, *frames: pd.DataFrame, schema: pa.Schema = HISTORY) -> bytes:
    return b"".join(FORMATS[media_type].of(schema)(iter(frames)))


def decoded(media_type: str, content: bytes) -> list[dict[str, Any]]:
    """Rows, whatever they came in."""
    if media_type == JSON:
        return json.loads(b"{" + content + b"}")["rows"]
    if media_type == ARROW:
        return pa.ipc.open_stream(content).read_all().to_pylist()
    import geopandas as gpd  # noqa: PLC0415
    from pyarrow import parquet  # noqa: PLC0415

    located = gpd.read_parquet(io.BytesIO(content))
    assert located.crs == "EPSG:4326"
    rows = parquet.read_table(io.BytesIO(content)).drop_columns("geometry").to_pylist()
    for row, point in zip(rows, located.geometry, strict=True):
        assert (
            (point.x, point.y) == (row["longitude_deg"], row["latitude_deg"]) if point else row["latitude_deg"] is None
        )
    return rows


@pytest.mark.parametrize("media_type", OFFERED)
def test_rows_come_out_as_they_went_in_whatever_the_batches(media_type: str) -> None:
    rows = decoded(media_type, encoded(media_type, frame(read(), UNKNOWN), frame(UNKNOWN), frame(read(plate="X1"))))
    expected = [read(), UNKNOWN, UNKNOWN, read(plate="X1")]
    if media_type == JSON:
        days = {"day": "2026-06-15", "captured_at": AT.isoformat()}
        expected = [{**row, **days, "sighting_day": row["sighting_day"] and "2026-06-15"} for row in expected]
    assert rows == expected


@pytest.mark.parametrize("media_type", OFFERED)
def test_an_answer_without_rows_has_its_columns_all_the_same(media_type: str) -> None:
    content = encoded(media_type, frame())
    assert decoded(media_type, content) == []
    for name in history.COLUMNS:
        assert name.encode() in content


@pytest.mark.parametrize("media_type", OFFERED)
def test_the_characters_that_differ_come_as_they_are(media_type: str) -> None:
    why = [{"position": 3, "read": "8", "listed": "B", "alike": True}]
    hit = {
        **read(), "hit_id": 1, "category": "stolen_vehicle", "list_type": "01", "source": "state", "restricted": False,
        "listed_plate": "7AB", "listed_state": "CA", "match_kind": "folded", "state_agrees": pd.NA, "differences": why,
        "read_day": AT.date(), "raised_at": AT + timedelta(minutes=1), "status": "raised", "actionable_until": pd.NaT, "alerted": True,
        "corrected_plate": None, "score": 61.5,
    }  # fmt: skip
    found = frame(hit, columns=tuple(hits.COLUMNS)).astype({"state_agrees": "boolean"})
    (row,) = decoded(media_type, encoded(media_type, found, schema=HITS))
    assert row["differences"] == why
    assert row["state_agrees"] is None


def test_every_column_has_a_type_a_unit_and_a_meaning() -> None:
    assert {name for described in HEADINGS.values() for name in described} == set(TYPES)
    for column in [one for described in HEADINGS.values() for one in documented(schema_of(described))]:
        assert column["description"]
        if column["name"].endswith("_deg"):
            assert "degrees" in column["unit"]
        if column["name"] == "day" or column["name"].endswith(("_at", "_day")):
            assert "UTC" in column["unit"]


def test_a_column_that_is_not_documented_does_not_leave() -> None:
    with pytest.raises(ValueError, match="owner"):
        table_of(frame(read()).assign(owner="J. Doe"), HISTORY)


def test_arrow_says_units_and_meanings_of_its_columns() -> None:
    schema = pa.ipc.open_stream(encoded(ARROW, frame(read()))).schema
    assert schema.field("heading_deg").metadata[b"unit"] == b"degrees, 0 north, 90 east"
    assert schema.field("captured_at").type == pa.timestamp("us", tz="UTC")


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        ("application/json", JSON),
        (f"{ARROW}, application/json;q=0.5", ARROW),
        (f"application/json;q=0.5,{PARQUET}", PARQUET),
        ("application/json;q=0, */*;q=0.1", ARROW),
        ("text/html", None),
        ("text/html, */*;q=0.1", JSON),
        ("application/json;q=0", None),
        ("application/json;q=much", None),
        ("", JSON),
    ],
)
def test_the_format_is_the_one_that_the_caller_likes_best(accept: str | None, expected: str | None) -> None:
    """RFC 9110, 12.5.1."""
    found = chosen(accept)
    assert (found.media_type if found else None) == expected


@given(st.text(st.characters(codec="latin-1"), max_size=200))
def test_no_accept_header_breaks_anything(accept: str) -> None:
    assert chosen(accept) is None or chosen(accept) in FORMATS.values()


@given(st.dates(date(1970, 1, 1), date(9000, 1, 1)), st.floats(-90, 90), st.floats(-180, 180))
def test_places_and_days_survive_every_format(day: date, lat: float, lon: float) -> None:
    row = read(day=day, latitude_deg=lat, longitude_deg=lon)
    for media_type in (JSON, ARROW):
        (found,) = decoded(media_type, encoded(media_type, frame(row)))
        assert (found["latitude_deg"], found["longitude_deg"]) == (lat, lon)
        assert str(found["day"]) == str(day)
