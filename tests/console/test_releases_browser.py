"""A real browser, from a letter to the package: entered, reviewed point by point, handed over; wide and at 360 px (422.7)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from alpr_assets.access.roles import Role
from alpr_assets.lifecycle.releases.points import QUESTIONS
from tests.console.browsers import chromium, complaints, served
from tests.console.test_browser import sign_in
from tests.console.test_release_pages import SHERIFF, designate
from tests.lifecycle.releases.desks import KEY
from tests.live import STOLEN, Live, recorded_console
from tests.policies import adopted

pytestmark = pytest.mark.browser

SHOTS = os.environ.get("ALPR_SCREENSHOTS")  # a folder: pictures for a person to look at


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Live]:
    with recorded_console(tmp_path, adopted(tmp_path)) as opened:
        designate(opened)
        with served(opened.console) as url:
            opened.url = url
            yield opened


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as opened:
        yield opened


def at_desk(browser: Any, live: Live, role: Role) -> Any:
    page = browser.new_context(
        base_url=live.url, viewport={"width": 1280, "height": 900}, timezone_id="America/Los_Angeles"
    ).new_page()
    page.set_default_timeout(20_000)
    sign_in(page, live, live.enrolled(role))
    return page


def seen(page: Any, name: str) -> None:
    """Nothing scrolls sideways, wide or on a phone; and a picture of each, where somebody wants to look. Axe: `test_accessibility`."""
    for width in (1280, 360):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, (name, width)
        if SHOTS:
            page.screenshot(path=f"{SHOTS}/{name}-{width}.png", full_page=True)
    page.set_viewport_size({"width": 1280, "height": 900})


@pytest.mark.clause("422.7")
def test_from_a_letter_to_the_download(browser: Any, desk: Live, tmp_path: Path) -> None:
    letter = tmp_path / "letter.pdf"
    letter.write_bytes(b"%PDF-1.7 to the records desk")
    custodian, commander, officer = (
        at_desk(browser, desk, role) for role in (Role.CUSTODIAN, Role.COMMANDER, Role.OFFICER)
    )
    told = complaints(commander)

    custodian.get_by_role("link", name="Releases").first.click()
    custodian.get_by_role("link", name="Agencies").click()
    for label, value in {
        "Name": SHERIFF["name"], "ORI": SHERIFF["ori"], "State": "CA", "Contact": SHERIFF["contact"], "How it is known": SHERIFF["reason"],
        "age public key": str(KEY.to_public()),
    }.items():  # fmt: skip
        custodian.get_by_label(label).last.fill(value)
    custodian.get_by_label("What it is").select_option("law_enforcement")
    custodian.get_by_label("Whose").select_option("california")
    custodian.get_by_role("button", name="Enter it").click()
    commander.goto("/agencies")
    commander.get_by_text("Decide").click()
    commander.get_by_label("Verified by what").fill("called back under the directory's number")
    seen(commander, "agencies")
    commander.get_by_role("button", name="Verify").click()
    commander.get_by_text("verified", exact=True).wait_for()

    officer.goto("/releases/new")
    officer.get_by_label("Agency").select_option(label=SHERIFF["name"])
    for label, value in {
        "Who asks": "Dana Cole", "Title": "Detective", "What for": "robbery of 14 June", "Statute": "Penal Code 211",
        "Plate, or part of one": STOLEN, "From": "2026-06-14T20:00:00", "Until": "2026-06-15T02:00:00", "Case or incident": "26-01234",
        "On": "2026-06-15T08:00",
    }.items():  # fmt: skip
        officer.get_by_label(label, exact=label in {"Title", "From", "Until", "On"}).first.fill(value)
    officer.get_by_label("with pictures").check()
    officer.get_by_label("Purpose").select_option("stolen_vehicle")
    officer.get_by_label("The letter").set_input_files(letter)
    seen(officer, "entering")
    officer.get_by_role("button", name="Put on file").click()
    officer.get_by_role("heading", name="Release 1").wait_for()

    commander.goto("/releases/1")
    for text in QUESTIONS.values():
        commander.get_by_label(text).fill("yes: their letter and our case file say so")
    commander.get_by_label("Why, in all").fill("they look for the same car")
    seen(commander, "review")
    commander.get_by_role("button", name="Approve what was asked for").click()
    commander.get_by_text("Approved as commander").wait_for()

    custodian.goto("/releases/1")
    seen(custodian, "approved")
    with custodian.expect_download() as leaving:
        custodian.get_by_role("button", name="Take the package").click()
    assert leaving.value.suggested_filename.endswith(".tar.age")
    custodian.goto("/releases/1")
    custodian.get_by_text("5 captures, 5 reads").wait_for()
    seen(custodian, "fulfilled")
    custodian.goto("/releases")
    seen(custodian, "releases")
    custodian.goto("/releases/recipients?quarter=2026-Q2")
    seen(custodian, "recipients")
    commander.goto("/releases/exigent")
    seen(commander, "exigent")
    commander.goto("/releases")
    assert not told, told
    for page in (custodian, commander, officer):
        page.context.close()
