"""Maps and timelines: what is on them, and that a map loads nothing and runs nothing of what a plate says."""

from __future__ import annotations

import io
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from PIL import Image
from playwright.sync_api import Page

from alpr_assets.client.located import Located
from alpr_assets.errors import AlprError
from alpr_assets.notebook import Incident, Session, circle
from alpr_assets.notebook.drawings import drawn_map, timeline
from alpr_assets.notebook.layers import COLOURS, OTHERS, WRONG, Layer, Point, by_vehicle, layers_of
from alpr_assets.notebook.maps import Map, embedded
from alpr_assets.sample.places import sample_places
from tests.console.browsers import chromium
from tests.live import ROUTE, STOLEN, Live

ZONE = ZoneInfo("America/Los_Angeles")
EVENING = [("2026-06-14T20:55", "2026-06-14T21:15")]
HOSTILE = "</script><script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">"


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with chromium() as browser:
        yield browser.new_context(viewport={"width": 900, "height": 500}).new_page()


def shown(page: Page, made: Map, tmp_path: Path) -> list[str]:
    """The map's page opened as a file; what it asked the network for beside itself, and what went wrong."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: asked.append(message.text))
    page.on("pageerror", lambda error: asked.append(str(error)))
    file = tmp_path / "map.html"
    file.write_text(made.page(), encoding="utf-8")
    page.goto(file.as_uri())
    page.wait_for_selector(".leaflet-control-scale-line")
    return [one for one in asked if one != file.as_uri() and not one.startswith("data:")]


def read(plate: str, minute: int, place: tuple[float, float] = ROUTE[0], **more: Any) -> dict[str, Any]:
    at = pd.Timestamp(2026, 6, 14, 21, minute, tz=ZONE)
    return {"plate": plate, "captured_at": at, "device": "cam", "confidence": 0.9, "sure": True,
            "latitude_deg": place[0], "longitude_deg": place[1], **more}  # fmt: skip


def test_a_history_a_path_and_a_canvass_are_drawn_with_their_source(
    session: Session, page: Page, tmp_path: Path
) -> None:
    history = session.plate_history(STOLEN)
    (layer,) = layers_of(history)
    assert (layer.name, layer.colour, len(layer.points)) == (STOLEN, COLOURS[0], 5)
    assert layer.points[0].words[1] == "2026-06-14 21:40:00 PDT"
    made = session.explore(history)
    assert f"access record {history.attrs['record_id']}, case" in made.told
    assert "no findings" in made.told
    assert shown(page, made, tmp_path) == []
    assert made.told in page.content()
    assert page.locator(".leaflet-control-layers-overlays label").count() == 1
    found = session.canvass([Incident("A", [circle(*ROUTE[0], 200)], EVENING)])
    standing = found.coverage.assign(latitude_deg=ROUTE[0][0], longitude_deg=ROUTE[0][1])
    incidents, readers, *vehicles = layers_of(replace(found, coverage=standing))
    assert (incidents.name, readers.name) == ("incidents", "readers: here")
    assert {layer.name for layer in vehicles} == set(found.vehicles["plate"])
    assert incidents.shapes[0].geometry["radius_m"] == 200
    assert readers.points[0].words[1].startswith("A: here")
    for drawing in (session.picture(found), session.picture(session.plate_path(STOLEN)), session.timeline(found)):
        picture = Image.open(io.BytesIO(drawing._repr_png_()))
        assert len(picture.convert("L").getcolors(256) or []) > 20


def test_what_a_plate_or_a_reader_says_is_never_markup(page: Page, tmp_path: Path) -> None:
    frame = pd.DataFrame([read(HOSTILE, 1, device=HOSTILE), read("7ABC123", 2, ROUTE[1])])
    made = Map(by_vehicle(frame, []), HOSTILE)
    assert shown(page, made, tmp_path) == []
    assert page.title() == "Map"
    assert page.locator("img, script:not([type]) ~ script ~ script").count() == 0
    page.set_content(f"<title>notebook</title>{made._repr_html_()}")
    page.frame_locator("iframe").locator(".leaflet-control-scale-line").first.wait_for()
    assert page.title() == "notebook"
    assert json.loads(embedded({"a": HOSTILE})) == {"a": HOSTILE}
    assert "</" not in embedded({"a": HOSTILE})


def test_the_frame_has_no_origin_and_may_load_nothing() -> None:
    html = Map([], "told")._repr_html_()
    assert 'sandbox="allow-scripts"' in html
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', Map([], "told").page())
    assert policy is not None
    assert policy.group(1).startswith("default-src 'none'; img-src data:; style-src 'sha256-")
    assert "unsafe" not in policy.group(1)


def test_a_way_that_cannot_have_been_driven_stands_out_and_none_leads_to_an_unknown_place() -> None:
    gaps = {"gap_m": 40_000.0, "gap_s": 120.0, "least_kmh": 900.0, "why": "cloned"}
    frame = pd.DataFrame([
        read("7ABC123", 1, impossible=False, gap_m=None, gap_s=None, least_kmh=None, why=""),
        read("7ABC123", 2, ROUTE[1], impossible=False, **{**gaps, "gap_m": 500.0}),
        read("7ABC123", 3, ROUTE[2], impossible=True, **gaps),
        read("7ABC123", 4, (float("nan"), float("nan")), impossible=False, **gaps),
        read("7ABC123", 5, ROUTE[3], impossible=False, **gaps),
    ])  # fmt: skip
    way, reads, wrong = layers_of(frame)
    assert [one.words for one in way.ways] == [("0.5 km in 2 min",)]
    assert (len(reads.points), wrong.ways[0].colour, wrong.ways[0].dashed) == (4, WRONG, True)
    assert "900 km/h" in wrong.ways[0].words[1]
    assert "cloned" in wrong.ways[0].words[1]


def test_the_first_vehicles_have_colours_of_their_own_and_possible_ones_are_hollow() -> None:
    plates = [f"7AB{number:04}" for number in range(10)]
    frame = pd.DataFrame([read(plate, number, possible=number == 0) for number, plate in enumerate(plates)])
    layers = by_vehicle(frame, plates)
    assert (layers[0].name, layers[0].colour, len(layers[0].points)) == ("others", OTHERS, 3)
    assert [layer.name for layer in layers[1:]] == plates[6::-1]
    assert layers[-1].points[0].hollow
    assert "possibly another plate, misread" in layers[-1].points[0].words


def test_a_located_plate_is_drawn_by_share_and_by_hour_of_the_week() -> None:
    places = pd.DataFrame([{"place": 0, "latitude_deg": 38.0, "longitude_deg": -121.8, "n_visits": 9, "share": 0.9,
                            "share_low": 0.6, "share_high": 0.98, "n_days": 5, "peak_hour": 8}])  # fmt: skip
    hours = pd.DataFrame([{"weekday": day, "hour": hour, "place": place, "likelihood": likelihood}
                          for day in range(7) for hour in range(24) for place, likelihood in ((0, 0.9), (-1, 0.1))])  # fmt: skip
    found = Located(places, hours, 9, 20)
    (layer,) = layers_of(found)
    assert layer.points[0].words[0] == "place 0: 90% of visits (60% to 98%)"
    axes = timeline(found, ZONE, "told").figure.axes[0]
    assert {text.get_text() for text in axes.texts} == {"0"}


def test_an_hour_that_comes_twice_stands_there_twice() -> None:
    """The clock of the zone goes back on 1 November 2026 at 2:00: 1:30 comes twice, an hour apart."""
    at = [pd.Timestamp(f"2026-11-01T0{hour}:30:00Z").tz_convert(ZONE) for hour in (8, 9)]
    frame = pd.DataFrame([{**read("7ABC123", 1), "captured_at": one} for one in at])
    assert [f"{one:%H:%M}" for one in frame["captured_at"]] == ["01:30", "01:30"]
    (line,) = timeline(frame, ZONE, "told").figure.axes[0].lines
    first, second = (float(one) for one in line.get_xdata(orig=False))
    assert second - first == pytest.approx(1 / 24)


def test_paper_keeps_metres_alike_in_both_directions() -> None:
    points = [Point((38.0, -121.8), "#000000", ()), Point((38.01, -121.79), "#000000", ())]
    axes = drawn_map([Layer("a", "#000000", points)], "told").figure.axes[0]
    assert axes.get_aspect() == pytest.approx(1.269, abs=0.01)  # 1 / cos 38°
    assert any(text.get_text() in {"200 m", "500 m"} for text in axes.texts)


def test_what_has_no_places_or_times_is_told(session: Session) -> None:
    with pytest.raises(AlprError, match="no places"):
        session.explore(session.watches())
    with pytest.raises(AlprError, match="no times"):
        session.timeline(session.watches())
    assert session.explore(replace(session.co_travel(STOLEN))).layers == []
    assert session.picture(session.plate_history("9ZZZ999")).png()
    assert session.timeline(session.plate_history("9ZZZ999")).png()


def test_a_map_lies_over_the_departments_streets_and_words_mean_places(
    session: Session, live: Live, page: Page, tmp_path: Path
) -> None:
    before = live.n_recorded()
    history = session.plate_history(STOLEN)
    assert session.explore(history).streets == []
    assert session.place("Oak & 3rd").empty
    sample_places(live.console.services.settings.path("data"), seed=422, at=live.clock.now)
    try:
        made = session.explore(history)
        assert {one.kind for one in made.streets} >= {"street", "arterial", "water"}
        assert shown(page, made, tmp_path) == []
        over, under = session.picture(history), Map(made.layers, made.told)
        assert len(over._repr_png_()) > 20_000
        assert len(under.page()) < len(made.page())
        found = session.place("oak and third")
        assert found["label"].tolist() == ["OAK AVE & 3RD ST"]
        assert live.n_recorded() == before + 1  # of streets nothing is recorded
    finally:
        shutil.rmtree(live.console.services.settings.path("data") / "places")
