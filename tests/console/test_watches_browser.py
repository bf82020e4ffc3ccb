"""Watches in a real browser: what a pattern means is told while it is typed, and nothing is wider than a phone."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from alpr_assets.access.roles import Role
from alpr_assets.policy import Policy
from tests.console.browsers import chromium, complaints, served
from tests.console.consoles import Console, open_console
from tests.live import drive
from tests.patrols import AT, Patrol

pytestmark = pytest.mark.browser

PATTERN = "8?YZ[09]9*"


@pytest.fixture(scope="module")
def driven(tmp_path_factory: pytest.TempPathFactory, policy: Policy) -> Iterator[tuple[Console, str, Any]]:
    """A console over a drive, served, and a browser."""
    folder = tmp_path_factory.mktemp("watches")
    console = open_console(folder, policy)
    drive(Patrol(console.services.store, folder / "drops", policy, AT + timedelta(hours=12)))
    with served(console) as url, chromium() as browser:
        yield console, url, browser
    console.close()


def opened(driven: tuple[Console, str, Any], role: Role, width: int) -> Any:
    """A page of a role's member at this width, and what its console complains of."""
    console, url, browser = driven
    context = browser.new_context(base_url=url, viewport={"width": width, "height": 900})
    context.add_cookies([{"name": "alpr", "value": console.token(console.member(role)), "url": url}])
    return context.new_page()


def state_why(page: Any) -> None:
    page.get_by_label("Purpose").select_option("stolen_vehicle")
    page.get_by_label("Case or incident number").fill("26-01234")


def fits(page: Any, width: int) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth") <= width)


def look_again_until(page: Page, text: str) -> None:
    """What is past is matched behind the page: a person looks until it is done."""
    deadline = time.monotonic() + 60
    while not page.get_by_text(text).is_visible():
        assert time.monotonic() < deadline, page.locator("main").inner_text()
        with page.expect_navigation():
            page.get_by_role("button", name="Look again").click()


@pytest.mark.parametrize("width", [360, pytest.param(1280, marks=pytest.mark.long)])
def test_a_watch_is_placed_understood_and_approved(driven: tuple[Console, str, Any], width: int, tmp_path: Path):
    page = opened(driven, Role.OFFICER, width)
    told = complaints(page)
    page.goto("/watches")
    page.get_by_role("link", name="Place a watch").click()
    state_why(page)
    page.get_by_label("Plate, or what is known").press_sequentially(PATTERN)
    page.locator("#meaning").get_by_text("one of 0, 9").wait_for()
    page.get_by_label("Plate, or what is known").fill("8[")
    page.locator("#meaning").get_by_text("not closed").wait_for()
    page.get_by_label("Plate, or what is known").fill(PATTERN)
    page.get_by_role("button", name="How many would it match?").click()
    page.get_by_text("5 reads").wait_for()
    assert fits(page, width)
    page.get_by_label("Reason").fill("A witness saw it leave the scene")
    page.get_by_role("button", name="Place the watch").click()
    page.get_by_text("Placed, and it runs.").wait_for()
    look_again_until(page, "5 hits, 5 open")
    assert fits(page, width)

    supervisor = opened(driven, Role.SUPERVISOR, width)
    supervisor.goto("/watches")
    state_why(supervisor)
    supervisor.get_by_role("button", name="Show watches").click()
    supervisor.get_by_role("heading", name="Yours to decide").wait_for()
    assert fits(supervisor, width)
    supervisor.get_by_role("button", name="Open", exact=True).first.click()
    supervisor.get_by_label("Reason").first.fill("grounds are given")
    supervisor.get_by_role("button", name="Approve").click()
    supervisor.get_by_text("Approved: it runs until its expiry.").wait_for()
    supervisor.screenshot(path=tmp_path / "approved.png", full_page=True)
    assert not told, told


def test_what_is_typed_before_the_script_has_come_is_understood_too(driven: tuple[Console, str, Any]):
    page = opened(driven, Role.OFFICER, 1280)
    waiting: list[Any] = []
    page.route("**/htmx.min.js", lambda route: waiting.append(route))  # noqa: PLW0108 — playwright marks what it is given, and a built-in takes no mark
    page.goto("/watches/new", wait_until="commit")
    page.get_by_label("Plate, or what is known").press_sequentially(PATTERN)
    assert page.locator("#meaning").inner_text() == ""
    for route in waiting:
        route.continue_()
    page.locator("#meaning").get_by_text("one of 0, 9").wait_for()


@pytest.mark.parametrize("width", [360, pytest.param(1280, marks=pytest.mark.long)])
def test_a_read_is_corrected_beside_its_picture(driven: tuple[Console, str, Any], width: int):
    page = opened(driven, Role.ANALYST, width)
    told = complaints(page)
    page.goto("/search/plate")
    state_why(page)
    page.get_by_label("Plate", exact=True).fill("8XYZ992")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("button", name="Correct this read").first.click()
    assert page.get_by_alt_text("The plate, cut out of the picture").bounding_box()["width"] > 100
    assert fits(page, width)
    page.get_by_label("What do you read").fill(f"8XYZ{width}"[:7])
    page.get_by_label("How can you tell").fill("it is plain in the picture")
    page.get_by_role("button", name="Put this beside the read").click()
    page.get_by_role("button", name="Show its history").click()
    page.get_by_text("corrected:").first.wait_for()
    assert fits(page, width)
    assert not told, told
