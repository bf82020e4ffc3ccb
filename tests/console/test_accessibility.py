"""Every page can be used by everybody: axe-core finds nothing against WCAG 2.2 AA, on the public's pages and the members' (422.2)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from alpr_assets.access.record.exporting import snapshot
from alpr_assets.access.record.places import place_of
from alpr_assets.access.roles import Role
from alpr_assets.lifecycle.transparency import pages, publishing
from alpr_assets.lifecycle.transparency.months import Month
from alpr_assets.policy import Policy
from tests.console.browsers import chromium, complaints, served
from tests.live import CASE, PURPOSE, STOLEN, Live, recorded_console
from tests.policies import adopted

pytestmark = pytest.mark.browser

LATER = datetime(2026, 7, 12, 12, tzinfo=UTC)
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PUBLIC = ("/policy", "/transparency", "/sign-in")
PAGES = {
    Role.COMMANDER: (
        "/", "/hits", "/hits/1", "/watches", "/watches/new", "/search/plate", "/search/canvass", "/incidents", "/holds",
        "/holds/new", "/purges", "/exports", "/destinations", "/members", "/members/1", "/members/batch", "/policy/in-force",
        "/sessions", "/releases", "/releases/new", "/releases/exigent", "/releases/recipients", "/agencies",
    ),
    Role.CUSTODIAN: ("/designee", "/releases/order", "/due"),
    Role.TRAINING_COORDINATOR: ("/training",),
    Role.AUDITOR: ("/record",),
}  # fmt: skip


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory, policy: Policy) -> Iterator[Live]:
    """The recorded drive, a month published, an adopted policy put in force, served."""
    folder = tmp_path_factory.mktemp("accessible")
    own = adopted(folder)
    with recorded_console(folder, own) as opened:
        services = opened.console.services
        opened.clock.now = LATER
        place = place_of(services.settings)
        with snapshot(place.engine) as recorded:
            publishing.publish(services.office, recorded, Month.of(LATER.date()).before, at=LATER)
        place.engine.dispose()
        with served(opened.console) as url:
            opened.url = url
            yield opened


@pytest.fixture(scope="module")
def page(live: Live) -> Iterator[Page]:
    with chromium() as browser:
        context = browser.new_context(base_url=live.url, viewport={"width": 1280, "height": 900})
        context.set_default_timeout(30_000)
        yield context.new_page()
        context.close()


def enter(page: Page, live: Live, role: Role) -> None:
    """A session as if he had signed in: the steps themselves are looked at elsewhere."""
    token = live.console.token(live.console.member(role))
    page.context.clear_cookies()
    page.context.add_cookies([{"name": "alpr", "value": token, "url": live.url}])


def faults(page: Page) -> list[str]:
    """What axe-core finds: rule, how bad, and where."""
    found = Axe().run(page, options={"runOnly": WCAG}).response["violations"]
    return [
        f"{one['id']} ({one['impact']}): {node['target']} {node['html'][:120]}"
        for one in found
        for node in one["nodes"]
    ]


@pytest.mark.clause("422.3.1(g)")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_publics_pages_have_no_fault_by_day_and_night(page: Page, live: Live, scheme: Any) -> None:
    page.context.clear_cookies()
    page.emulate_media(color_scheme=scheme)
    told = complaints(page)
    for path in PUBLIC:
        page.goto(path)
        assert faults(page) == [], path
    page.emulate_media(color_scheme="light")
    assert not told


def test_the_public_files_have_none_either(page: Page, live: Live, tmp_path: Path) -> None:
    services = live.console.services
    pages.write(tmp_path, pages.files(services.store.engine, services.policy, LATER))
    for name in ("index.html", "policy.html"):
        page.goto((tmp_path / name).as_uri())
        assert faults(page) == [], name
        page.set_viewport_size({"width": 360, "height": 740})
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, name
        page.set_viewport_size({"width": 1280, "height": 900})


@pytest.mark.parametrize("role", list(PAGES))
def test_the_members_pages_have_none(page: Page, live: Live, role: Role) -> None:
    enter(page, live, role)
    for path in PAGES[role]:
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == 200, path
        assert faults(page) == [], path


@pytest.mark.parametrize("path", ["/hits", "/hits/1", "/search/plate", "/holds", "/purges"])
def test_what_a_page_shows_once_it_is_told_why_has_none(page: Page, live: Live, path: str) -> None:
    enter(page, live, Role.COMMANDER)
    page.goto(path)
    page.get_by_label("Purpose").first.select_option(PURPOSE)
    if path == "/search/plate":
        page.get_by_label("Plate", exact=True).fill(STOLEN)
    page.get_by_label("Case or incident number").first.fill(CASE)
    page.get_by_label("Case or incident number").first.press("Enter")
    page.locator("main").get_by_text(re.compile(f"case {CASE}|{STOLEN}|entry \\d")).first.wait_for()
    assert faults(page) == [], path
