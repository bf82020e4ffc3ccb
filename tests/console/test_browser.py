"""A real browser: first sign-in with enrolment, the Dagster UI, locked out and unlocked (422.6(a))."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pyotp
import pytest

from alpr_assets.access import initial
from alpr_assets.access.initial import First
from alpr_assets.access.roles import Role
from alpr_assets.policy import Policy
from tests.console.browsers import chromium, complaints, served
from tests.console.consoles import dagster_console
from tests.live import PASSWORD, Live

pytestmark = pytest.mark.browser

OWN = "quiet harbour lantern seven"


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory, policy: Policy) -> Iterator[Live]:
    """A console with Dagster, served, in the time of now; it stands still but for `code`."""
    with dagster_console(tmp_path_factory.mktemp("browser"), policy, with_pipeline=True) as console:
        console.clock.now = datetime.now(UTC)
        record = console.recorder.record
        assert record is not None
        with served(console) as url:
            yield Live(url, console, record, None)  # type: ignore[arg-type] - no patrol drove


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def page(browser: Any, live: Live) -> Iterator[Any]:
    context = browser.new_context(base_url=live.url, viewport={"width": 1280, "height": 800})
    context.set_default_timeout(30_000)
    yield context.new_page()
    context.close()


def sign_in(page: Any, live: Live, user: str, password: str = PASSWORD) -> None:
    page.goto("/sign-in")
    page.get_by_label("User name").fill(user)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Go on").click()
    if user in live.secrets and page.get_by_label("Six digits").count():
        page.get_by_label("Six digits").fill(live.code(user))
        page.get_by_role("button", name="Go on").click()
        page.get_by_role("button", name="I have read this").click()


def test_a_first_administrator_signs_in_step_by_step(page: Any, live: Live):
    first = [
        First(user_name="sortiz", name="Sam Ortiz", title="System Administrator"),
        First(user_name="aruiz", name="Ana Ruiz", title="Community Policing Bureau Commander"),
    ]
    one_time, _ = initial.begin(live.console.services.office, first, at=live.clock.now)
    sign_in(page, live, "sortiz", one_time.password)
    page.wait_for_url("**/sign-in/password")
    page.get_by_label("Present password").fill(one_time.password)
    page.get_by_label("New password", exact=False).first.fill(OWN)
    page.get_by_label("New password once more").fill(OWN)
    page.get_by_role("button", name="Change it").click()
    page.wait_for_url("**/sign-in/second-factor")
    page.get_by_role("button", name="Show the QR code").click()
    assert page.locator(".qr svg").bounding_box()["width"] > 100
    page.get_by_text("Type it in instead").click()
    secret = page.locator("details .mono").inner_text()
    page.get_by_label("Six digits").fill(pyotp.TOTP(secret).at(live.clock.now))
    page.get_by_role("button", name="Confirm").click()
    page.wait_for_url("**/sign-in/notice")
    page.get_by_role("button", name="I have read this").click()
    assert "Sam" in page.get_by_role("heading", level=1).inner_text()
    assert page.get_by_role("link", name="Members").count()
    assert not page.get_by_role("link", name="Plate history").count()
    (cookie,) = page.context.cookies()
    assert (cookie["name"], cookie["httpOnly"], cookie["sameSite"]) == ("alpr", True, "Strict")


def test_an_engineer_opens_the_asset_graph(page: Any, live: Live):
    """Dagster's pages work under our content policy; nothing leaves for another host."""
    asked_elsewhere: list[str] = []
    page.on(
        "request", lambda r: None if r.url.startswith((live.url, "data:", "blob:")) else asked_elsewhere.append(r.url)
    )
    sign_in(page, live, live.enrolled(Role.ENGINEER))
    told = complaints(page)
    page.get_by_role("link", name="Pipeline").first.click()
    page.wait_for_url("**/dagster/overview**")
    page.goto("/dagster/asset-groups")
    for group in ("captures", "recognition", "hotlists"):
        page.get_by_text(group, exact=True).first.wait_for()
    page.goto("/dagster/assets/plate_reads?view=lineage&lineageScope=neighbors")
    for asset in ("raw_captures", "plate_reads", "hotlist_matches"):
        page.locator("svg").get_by_text(asset, exact=True).first.wait_for()
    assert not asked_elsewhere
    assert not told, told


def test_an_auditor_finds_nothing_to_launch(page: Any, live: Live):
    sign_in(page, live, live.enrolled(Role.AUDITOR))
    page.goto("/dagster/assets/raw_captures")
    button = page.get_by_role("button", name=re.compile("Materialize")).first
    button.wait_for()
    assert button.is_disabled()


def test_five_failures_lock_and_an_administrator_unlocks(page: Any, live: Live, browser: Any):
    user = live.enrolled(Role.OFFICER)
    for _ in range(5):
        sign_in(page, live, user, "not the password")
        told = page.get_by_role("alert").inner_text()
    sign_in(page, live, user)
    assert page.get_by_role("alert").inner_text() == told, "a locked account is told apart by its words"

    administrator = browser.new_context(base_url=live.url).new_page()
    sign_in(administrator, live, live.enrolled(Role.ADMINISTRATOR))
    administrator.get_by_role("link", name="Members").first.click()
    row = administrator.locator("tr", has_text="locked")
    row.get_by_role("link").click()
    administrator.get_by_role("button", name="Unlock").click()
    assert not administrator.get_by_text("locked", exact=True).count()
    administrator.context.close()

    sign_in(page, live, user)
    assert page.get_by_role("link", name="Plate history").count()


def test_a_phone_shows_every_page_without_scrolling_sideways(page: Any, live: Live):
    """360 px: what a small phone or a split screen in a car has."""
    page.set_viewport_size({"width": 360, "height": 740})
    for role, paths in {
        Role.SUPERVISOR: [
            "/",
            "/search/plate",
            "/hits",
            "/hits/1",
            "/exports",
            "/members",
            "/members/batch",
            "/members/onboarding",
            "/members/reviews",
            "/search/lineage",
            "/sessions",
        ],
        Role.AUDITOR: ["/record"],
        Role.ADMINISTRATOR: ["/breaches"],
        Role.CUSTODIAN: ["/designee"],
        Role.TRAINING_COORDINATOR: ["/training"],
    }.items():
        page.context.clear_cookies()
        sign_in(page, live, live.enrolled(role))
        for path in [*paths, "/policy"]:
            page.goto(path)
            assert page.evaluate("document.documentElement.scrollWidth") <= 360, path


def test_without_javascript_a_search_still_works(browser: Any, live: Live):
    context = browser.new_context(base_url=live.url, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, live, live.enrolled(Role.ANALYST))
    page.get_by_role("link", name="Plate history").first.click()
    page.get_by_label("Purpose").select_option("stolen_vehicle")
    page.get_by_label("Case or incident number").fill("26-01234")
    page.get_by_label("Plate", exact=True).fill("7ABC123")
    page.get_by_role("button", name="Search").click()
    assert page.get_by_text("Nothing was found").count()
    assert "7ABC123" not in page.url
    context.close()
