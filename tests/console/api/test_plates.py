"""More questions about plates through the data API: partial ones, with area and window; misread ones; one's path."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import timedelta
from typing import Any

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pytest

from alpr_assets.access.roles import Action
from alpr_assets.console.api.formats import ARROW, PARQUET
from alpr_assets.console.api.searching import batches
from alpr_assets.console.app import create_app
from alpr_assets.search import partial as partials
from alpr_assets.search import path, tolerant
from alpr_assets.search.querying import BATCH
from tests.console.api.conftest import ask, program, receipt
from tests.live import ROUTE, STOLEN, Live
from tests.patrols import AT

CIRCLE = {"type": "Point", "coordinates": [ROUTE[2][1], ROUTE[2][0]], "radius_m": 200}
BOX = {
    "type": "Polygon",
    "coordinates": [[[-121.82, 38.0], [-121.80, 38.0], [-121.80, 38.02], [-121.82, 38.02], [-121.82, 38.0]]],
}


def rows_of(live: Live, path: str, **said: Any) -> list[dict[str, Any]]:
    response = ask(program(live), path, **said)
    assert response.status_code == 200, response.text
    return response.json()["rows"]


@pytest.mark.clause("422.4(c)")
def test_a_partial_plate_finds_the_reads_that_it_may_mean_with_how_well_each_explains_it(recorded: Live) -> None:
    client, before = program(recorded), recorded.n_recorded()
    response = ask(client, "partial-plates", pattern="7a?c1*")
    body = response.json()
    assert [row["device_id"] for row in body["rows"]] == ["cam-4", "cam-3", "cam-2", "cam-1", "cam-0"]
    assert [column["name"] for column in body["columns"]] == list(partials.COLUMNS)
    assert {row["plate"] for row in body["rows"]} == {STOLEN}
    assert all(0.5 < row["explained"] <= 1 for row in body["rows"])
    assert [one["listed"] for one in body["rows"][0]["differences"]] == ["?", "*", "*"]
    assert recorded.n_recorded() == before + 1
    assert body["receipt"] == receipt(response)


@pytest.mark.clause("422.4(c)")
def test_area_window_and_state_narrow_a_partial_plate(recorded: Live) -> None:
    since, until = AT + timedelta(minutes=15), AT + timedelta(minutes=25)
    window = {"since": since.isoformat(), "until": until.isoformat()}
    found = rows_of(recorded, "partial-plates", pattern="8*", area=CIRCLE, **window)
    assert [row["plate"] for row in found] == ["8XYZ992"]
    assert ask(program(recorded), "partial-plates", pattern="8*", area=CIRCLE).json()["codes"] == ["pattern_wide"]
    assert [row["device_id"] for row in rows_of(recorded, "partial-plates", pattern="8XYZ*", area=BOX)] == [
        "cam-2", "cam-1", "cam-0"
    ]  # fmt: skip
    assert rows_of(recorded, "partial-plates", pattern="8XYZ*", state="NV", area=CIRCLE) != []  # no state was read
    assert rows_of(recorded, "partial-plates", pattern="7ABC*", state="NV") == []


@pytest.mark.clause("422.6(a)")
def test_all_that_narrows_a_question_is_in_its_record(recorded: Live) -> None:
    recorded.console.recorder.entries.clear()
    window = {"since": AT.isoformat(), "until": (AT + timedelta(hours=1)).isoformat()}
    rows = rows_of(recorded, "partial-plates", pattern="7ABC*", area=CIRCLE, state="CA", tolerant=True, **window)
    entry = recorded.console.recorder.entries[-1]
    assert entry.action == Action.PARTIAL_PLATE
    assert set(entry.elements) == {"pattern", "area", "state", "tolerant", "since", "until"}
    assert entry.elements["area"] == CIRCLE
    assert sorted(one.id for one in entry.results) == sorted(row["read_id"] for row in rows)


def test_look_alikes_come_only_when_asked_for_and_are_marked_possible(recorded: Live) -> None:
    assert rows_of(recorded, "partial-plates", pattern="7A8C1*") == []
    found = rows_of(recorded, "partial-plates", pattern="7A8C1*", tolerant=True)
    assert len(found) == 5
    assert all(row["possible"] for row in found)


def test_partial_plates_come_as_arrow_and_geoparquet_too_and_nothing_as_a_table_of_its_columns(recorded: Live) -> None:
    client = program(recorded)
    for pattern, n in (("7ABC*", 5), ("1NON?*", 0)):
        arrow = ask(client, "partial-plates", pattern=pattern, accept=ARROW)
        parquet = ask(client, "partial-plates", pattern=pattern, accept=PARQUET)
        table = pa.ipc.open_stream(arrow.content).read_all()
        assert (table.num_rows, table.column_names) == (n, list(partials.COLUMNS))
        located = gpd.read_parquet(io.BytesIO(parquet.content))
        assert (len(located), located.crs) == (n, "EPSG:4326")


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"pattern": "*"}, "pattern_wide"),
        ({"pattern": "7[AB"}, "pattern_bracket"),
        ({"pattern": "7ABC*", "area": {**BOX, "coordinates": [BOX["coordinates"][0][:4]]}}, "area"),
        ({"pattern": "7ABC*", "area": {**CIRCLE, "coordinates": [0.0, 120.0]}}, "area"),
    ],
)
def test_a_pattern_that_says_too_little_and_an_area_that_is_none_are_refused_and_recorded(
    recorded: Live, said: dict[str, Any], code: str
) -> None:
    client, before = program(recorded), recorded.n_recorded()
    response = ask(client, "partial-plates", **said)
    assert response.status_code == 400, response.text
    assert response.json()["codes"] == [code]
    assert response.json()["remedy"]
    assert recorded.n_recorded() == before + 1
    assert "7AB" not in response.text


@pytest.mark.parametrize(
    ("area", "named"),
    [
        ({"type": "Point", "coordinates": [0, 0]}, "radius_m"),
        ({"type": "Point", "coordinates": [0, 0], "radius_m": 1e9}, "radius_m"),
        ({"type": "MultiPoint", "coordinates": [[0, 0]]}, "Polygon"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [1, 1]]]}, "coordinates"),
        ({"type": "Point", "coordinates": [0, 0], "radius_m": 5, "radius": 9}, "radius"),
    ],
)
def test_a_malformed_area_is_explained(recorded: Live, area: dict[str, Any], named: str) -> None:
    response = ask(program(recorded), "partial-plates", pattern="7ABC*", area=area)
    assert response.status_code == 422
    assert named in " ".join(response.json()["reasons"])


# ── misread, and in time ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("422.4(a)")
def test_possible_plates_come_behind_the_plate_itself_and_are_never_it(recorded: Live) -> None:
    before = recorded.n_recorded()
    rows = rows_of(recorded, "possible-plates", plate="8xyz991")
    assert recorded.n_recorded() == before + 2  # and the session
    assert list(rows[0]) == list(tolerant.COLUMNS)
    assert (rows[0]["plate"], rows[0]["possible"], rows[0]["match_kind"]) == ("8XYZ991", False, "exact")
    assert {row["plate"] for row in rows[1:]} == {"8XYZ990", "8XYZ992", "8XYZ993", "8XYZ994"}
    assert all(row["possible"] and row["differences"] for row in rows[1:])
    assert rows_of(recorded, "possible-plates", plate="8XYZ991", state="NV") == rows  # no state was read
    assert rows_of(recorded, "possible-plates", plate="1UNSEEN") == []


@pytest.mark.clause("422.4(a)")
def test_a_path_goes_with_time_and_tells_each_gap(recorded: Live) -> None:
    rows = rows_of(recorded, "plate-path", plate=STOLEN)
    assert [row["device_id"] for row in rows] == ["cam-0", "cam-1", "cam-2", "cam-3", "cam-4"]
    assert list(rows[0]) == list(path.COLUMNS)
    assert (rows[0]["gap_s"], rows[0]["gap_m"], rows[0]["least_kmh"]) == (None, None, None)
    assert [row["gap_s"] for row in rows[1:]] == [600.0] * 4
    assert all(400 < row["gap_m"] < 1_500 for row in rows[1:])
    assert not any(row["impossible"] for row in rows)
    until = AT + timedelta(minutes=25)
    some = rows_of(recorded, "plate-path", plate=STOLEN, since=AT.isoformat(), until=until.isoformat())
    assert some == rows[:3]


@pytest.mark.clause("422.4(a)")
def test_a_gap_that_nobody_can_have_driven_is_flagged_with_why(recorded: Live) -> None:
    """By a policy whose vehicles are slow: the drive's own gaps are then impossible."""
    services = recorded.console.services
    search = services.policy.search.model_copy(update={"max_kmh": 1.0})
    slow = replace(services, policy=services.policy.model_copy(update={"search": search}))
    live = replace(recorded, console=replace(recorded.console, app=create_app(slow)))
    rows = rows_of(live, "plate-path", plate=STOLEN)
    assert [row["impossible"] for row in rows] == [False, True, True, True, True]
    assert {row["why"] for row in rows[1:]} == {"cloned"}


@pytest.mark.parametrize(("where", "columns"), [("possible-plates", tolerant.COLUMNS), ("plate-path", path.COLUMNS)])
def test_both_come_in_every_format_and_nothing_as_a_table_too(
    recorded: Live, where: str, columns: dict[str, str]
) -> None:
    client = program(recorded)
    for plate in (STOLEN, "1UNSEEN"):
        rows = ask(client, where, plate=plate).json()["rows"]
        table = pa.ipc.open_stream(ask(client, where, plate=plate, accept=ARROW).content).read_all()
        assert table.column_names == list(columns)
        assert table["read_id"].to_pylist() == [row["read_id"] for row in rows]
        assert len(gpd.read_parquet(io.BytesIO(ask(client, where, plate=plate, accept=PARQUET).content))) == len(rows)


@pytest.mark.clause("422.6(a)")
@pytest.mark.parametrize("where", ["possible-plates", "plate-path"])
def test_every_read_that_leaves_is_in_the_record_and_the_question_whole(recorded: Live, where: str) -> None:
    recorded.console.recorder.entries.clear()
    rows = rows_of(recorded, where, plate=STOLEN, since=AT.isoformat(), state="CA")
    entry = recorded.console.recorder.entries[-1]
    assert (entry.action, set(entry.elements)) == (Action.PLATE_HISTORY, {"plate", "since", "state"})
    assert [one.id for one in entry.results] == [row["read_id"] for row in rows]


def test_a_frame_leaves_in_parts_and_an_empty_one_in_one() -> None:
    frame = pd.DataFrame({"n": range(2 * BATCH + 1)})
    assert [len(part) for part in batches(frame)] == [BATCH, BATCH, 1]
    assert pd.concat(batches(frame), ignore_index=True).equals(frame)
    assert [len(part) for part in batches(frame.iloc[:0])] == [0]
