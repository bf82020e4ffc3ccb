"""The canvass on a tablet: "Here", the last minutes, and the first pictures, with nothing wider than a phone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from alpr_assets.access.roles import Role
from alpr_assets.policy import Policy
from tests.console.browsers import chromium, complaints, served
from tests.console.test_watches_browser import fits, state_why
from tests.live import ROUTE, STOLEN, Live, recorded_console

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def driven(tmp_path_factory: pytest.TempPathFactory, policy: Policy) -> Iterator[tuple[Live, str, Any]]:
    """A console two minutes after the stolen car passed the second reader, served, and a browser."""
    with recorded_console(tmp_path_factory.mktemp("near"), policy) as live:
        live.clock.now = datetime(2026, 6, 15, 4, 12, tzinfo=UTC)
        with served(live.console) as url, chromium() as browser:
            yield live, url, browser


@pytest.mark.clause("422.4(c)")
@pytest.mark.parametrize("width", [360, 1280])
def test_here_and_the_last_minutes_give_the_first_pictures(
    driven: tuple[Live, str, Any], width: int, tmp_path: Path
) -> None:
    live, url, browser = driven
    context = browser.new_context(
        base_url=url, viewport={"width": width, "height": 900}, permissions=["geolocation"],
        geolocation={"latitude": ROUTE[1][0], "longitude": ROUTE[1][1], "accuracy": 12},
    )  # fmt: skip
    context.add_cookies([{"name": "alpr", "value": live.console.token(live.console.member(Role.OFFICER)), "url": url}])
    page = context.new_page()
    told = complaints(page)
    page.goto("/search/canvass")
    page.get_by_role("button", name="Here").click()
    page.get_by_text("You are here, within 12 m.").wait_for()
    assert page.get_by_label("Place").input_value() == f"{ROUTE[1][0]:.5f}, {ROUTE[1][1]:.5f}"
    page.get_by_label("Part of the plate").fill("7A?C*")
    state_why(page)
    page.get_by_role("button", name="Search").click()
    page.locator(".lead").first.wait_for()
    assert page.locator(".lead .plate").all_inner_texts() == [STOLEN]
    assert page.locator(".lead img").evaluate("img => img.complete && img.naturalWidth > 10")
    assert page.locator("#canvass-map .leaflet-interactive").count() >= 2  # the circle and the vehicle
    assert "?" not in page.url
    assert fits(page, width)
    page.screenshot(path=tmp_path / f"canvass-{width}.png", full_page=True)
    page.locator("#canvass-map").click(position={"x": 200, "y": 60})
    assert page.get_by_label("Place").input_value() != f"{ROUTE[1][0]:.5f}, {ROUTE[1][1]:.5f}"
    page.get_by_role("button", name="Watch for 7A?C*").click()
    assert page.get_by_label("Plate, or what is known").input_value() == "7A?C*"
    assert told == []
    context.close()


def test_a_device_that_does_not_say_where_it_is_is_told(driven: tuple[Live, str, Any]) -> None:
    live, url, browser = driven
    context = browser.new_context(base_url=url)
    context.add_cookies([{"name": "alpr", "value": live.console.token(live.console.member(Role.OFFICER)), "url": url}])
    page = context.new_page()
    page.goto("/search/canvass")
    page.get_by_role("button", name="Here").click()
    page.get_by_text("was not allowed to say where you are").wait_for()
    context.close()
