"""What happened around vehicles, through the data API: a canvass with its coverage, recorded whole."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from alpr_assets.access.roles import Action
from alpr_assets.console.api.formats import ARROW
from alpr_assets.search.canvass import coverage, gathering, vehicles
from tests.console.api.conftest import ask, program, receipt
from tests.live import ROUTE, STOLEN, Live
from tests.patrols import AT

HALF = timedelta(minutes=5)


def circle(number: int, radius_m: float = 200) -> dict[str, Any]:
    """Around one of the drive's places."""
    lat, lon = ROUTE[number]
    return {"type": "Point", "coordinates": [lon, lat], "radius_m": radius_m}


def window(number: int) -> dict[str, str]:
    """Five minutes around when the drive passed a place."""
    at = AT + timedelta(minutes=10 * number)
    return {"since": (at - HALF).isoformat(), "until": (at + HALF).isoformat()}


def incident(number: int, **more: Any) -> dict[str, Any]:
    return {"name": f"scene {number}", "areas": [circle(number)], "windows": [window(number)], **more}


def canvass(live: Live, *incidents: dict[str, Any], **more: Any) -> dict[str, Any]:
    response = ask(program(live), "canvass", incidents=list(incidents), **more)
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def plates(found: dict[str, Any]) -> list[str]:
    return [row["plate"] for row in found["vehicles"]["rows"]]


@pytest.mark.clause("422.4(c)")
def test_a_canvass_of_linked_incidents_tells_who_was_at_all_of_them(recorded: Live) -> None:
    client, before = program(recorded), recorded.n_recorded()
    said = [incident(0, at=AT.isoformat()), incident(1)]
    response = ask(client, "canvass", incidents=said)
    found = response.json()
    assert plates(found) == [STOLEN]
    assert found["n_seen"] == 3
    (row,) = found["vehicles"]["rows"]
    assert (row["incidents"], row["n_incidents"], row["n_reads"]) == (["scene 0", "scene 1"], 2, 2)
    assert any("2 of 2" in reason for reason in row["reasons"])
    assert [read["device_id"] for read in found["reads"]["rows"]] == ["cam-0", "cam-1"]
    for name, columns in (("vehicles", vehicles.COLUMNS), ("reads", gathering.COLUMNS)):
        assert [column["name"] for column in found[name]["columns"]] == list(columns)
    assert found["receipt"] == receipt(response)
    assert recorded.n_recorded() == before + 1
    assert sorted(plates(canvass(recorded, *said, at_least=1))) == [STOLEN, "8XYZ990", "8XYZ991"]


@pytest.mark.clause("422.4(c)")
def test_coverage_stands_beside_every_canvass(recorded: Live) -> None:
    covered = canvass(recorded, incident(2))["coverage"]
    (device,) = covered["devices"]["rows"]
    assert list(device) == list(coverage.COLUMNS)
    assert (device["device_id"], device["state"], device["n_captures"]) == ("cam-2", "here", 1)
    assert (covered["n_unread"], covered["n_quarantined"], covered["n_waiting"]) == (0, 0, None)
    elsewhere = {"type": "Point", "coordinates": [-120.0, 37.0], "radius_m": 100}
    nothing = canvass(recorded, incident(2, areas=[elsewhere]))
    assert plates(nothing) == []
    assert nothing["coverage"]["gaps"] == ["no reader looked there at all"]


def test_drops_that_wait_to_be_landed_are_told_where_their_folder_is_seen(recorded: Live) -> None:
    drops = recorded.console.services.settings.path("drops")
    drops.mkdir(parents=True)
    assert canvass(recorded, incident(2))["coverage"]["n_waiting"] == 0
    drops.rmdir()


def test_a_drawn_polygon_and_a_description_narrow_a_canvass(recorded: Live) -> None:
    box = [[-121.82, 38.0], [-121.80, 38.0], [-121.80, 38.02], [-121.82, 38.02], [-121.82, 38.0]]
    whole = {"since": AT.isoformat(), "until": (AT + timedelta(hours=1)).isoformat()}
    drawn = {"name": "A", "areas": [{"type": "Polygon", "coordinates": [box]}], "windows": [whole]}
    assert sorted(plates(canvass(recorded, drawn))) == [STOLEN, "8XYZ990", "8XYZ991", "8XYZ992"]
    assert plates(canvass(recorded, drawn, described={"partial": "7A?C*"}))[0] == STOLEN
    only = canvass(recorded, drawn, described={"devices": ["cam-1"]})
    assert sorted(plates(only)) == [STOLEN, "8XYZ991"]
    assert STOLEN not in plates(canvass(recorded, drawn, described={"state": "NV"}))


@pytest.mark.clause("422.6(a)")
def test_places_times_and_description_are_recorded_with_every_read_that_leaves(recorded: Live) -> None:
    recorded.console.recorder.entries.clear()
    said, described = [incident(0), incident(1)], {"partial": "7A*", "heading_deg": 90.0}
    found = canvass(recorded, *said, at_least=1, described=described)
    entry = recorded.console.recorder.entries[-1]
    assert entry.action == Action.CANVASS
    assert set(entry.elements) == {"incidents", "at_least", "described"}
    assert [one["areas"] for one in entry.elements["incidents"]] == [one["areas"] for one in said]
    assert [set(one["windows"][0]) for one in entry.elements["incidents"]] == [{"since", "until"}] * 2
    assert entry.elements["described"] == {**described, "devices": []}
    assert {one.id for one in entry.results} == {row["read_id"] for row in found["reads"]["rows"]}


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"incidents": [incident(0), incident(0)]}, "canvass"),
        ({"incidents": [incident(0, areas=[circle(0, 99_000)])]}, "canvass"),
        ({"incidents": [incident(0)], "at_least": 2}, "canvass"),
        ({"incidents": [incident(0, windows=[dict(zip(window(0), reversed(window(0).values()), strict=True))])]}, "window"),
        ({"incidents": [incident(0)], "described": {"partial": "[7"}}, "pattern_bracket"),
    ],
)  # fmt: skip
def test_more_than_the_policy_allows_at_once_is_refused_with_a_remedy_and_recorded(
    recorded: Live, said: dict[str, Any], code: str
) -> None:
    client, before = program(recorded), recorded.n_recorded()
    response = ask(client, "canvass", **said)
    assert response.status_code == 400, response.text
    assert response.json()["codes"] == [code]
    assert response.json()["remedy"]
    assert recorded.n_recorded() == before + 1


def test_several_tables_come_as_json_only(recorded: Live) -> None:
    assert ask(program(recorded), "canvass", incidents=[incident(0)], accept=ARROW).status_code == 406
