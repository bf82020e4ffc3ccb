"""An audit in a real browser, by three people, from its plan to the signature; nothing wider than a phone (422.6(c))."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from alpr_assets.access.audits import reviewing
from alpr_assets.access.roles import Role
from alpr_assets.lifecycle.plate_digests import source_of
from alpr_assets.policy import Policy
from tests.console.browsers import chromium, complaints, served
from tests.console.test_purge_pages import trained
from tests.console.test_watches_browser import fits
from tests.live import STOLEN, Live, recorded_console

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory, policy: Policy) -> Iterator[tuple[Live, str, Any]]:
    """A console nine days after an officer searched eight times, mostly with "test" as the case; served, and a browser."""
    with recorded_console(tmp_path_factory.mktemp("audits"), policy) as live:
        officer = trained(live, Role.OFFICER)
        for n in range(8):
            officer.send(
                "/search/plate", plate=STOLEN, purpose="stolen_vehicle", case_number="test" if n < 5 else f"26-0123{n}"
            )
        live.clock.move(days=9)
        with served(live.console) as url, chromium() as browser:
            yield live, url, browser


class Desk:
    """One member's browser window."""

    def __init__(self, searched: tuple[Live, str, Any], role: Role, width: int, shots: Path, name: str) -> None:
        self.live, url, browser = searched
        self.member_id = self.live.console.member(role, name=name)
        self.context = browser.new_context(base_url=url, viewport={"width": width, "height": 900})
        self.context.add_cookies([{"name": "alpr", "value": self.live.console.token(self.member_id), "url": url}])
        self.page = self.context.new_page()
        self.told = complaints(self.page)
        self.width, self.shots = width, shots

    def shoot(self, name: str) -> None:
        assert fits(self.page, self.width), name
        self.page.screenshot(path=self.shots / f"{name}-{self.width}.png", full_page=True)

    def close(self) -> None:
        assert self.told == []
        self.context.close()


def answer(page: Any, **answers: str) -> None:
    for name, value in {"purpose_plausible": "yes", "case_exists": "yes", "scope_fits": "yes", **answers}.items():
        page.locator(f'input[name="{name}"][value="{value}"]').check()


@pytest.mark.clause("422.6(c)")
@pytest.mark.parametrize("width", [360, pytest.param(1280, marks=pytest.mark.long)])
def test_an_audit_from_plan_to_signature(searched: tuple[Live, str, Any], width: int, tmp_path: Path) -> None:
    live = searched[0]
    names = {
        Role.COMMANDER: "Ana Ruiz",
        Role.AUDITOR: "Kim Abe",
        Role.CUSTODIAN: "Lee Chan",
        Role.SUPERVISOR: "Sam Ortiz",
    }
    desks = {role: Desk(searched, role, width, tmp_path, f"{name} {width}") for role, name in names.items()}
    commander, auditor, custodian = (desks[role] for role in (Role.COMMANDER, Role.AUDITOR, Role.CUSTODIAN))

    page, on = commander.page, live.clock.now.date()
    page.goto("/audits")
    page.get_by_label("From").fill(str(on - timedelta(days=30)))
    page.get_by_label("Until, included").fill(str(on - timedelta(days=1)))
    page.locator('select[name="auditor_id"]').select_option(str(auditor.member_id))
    page.locator('select[name="approver_id"]').select_option(str(custodian.member_id))
    page.get_by_label("Entries by chance").fill("1")
    page.get_by_label("Entries by signals").fill("1")
    commander.shoot("plan")
    page.get_by_role("button", name="Plan it").click()
    page.wait_for_url("**/audits/*")
    path = page.url.removeprefix(searched[1])

    custodian.page.goto(path)
    custodian.page.get_by_label("Why", exact=True).fill("as we do each quarter")
    custodian.page.get_by_role("button", name="Approve, and draw the sample").click()
    custodian.page.get_by_text("2 of 2 entries are to be judged").wait_for()

    page = auditor.page
    page.goto(path)
    page.get_by_role("button", name="Judge").first.click()
    page.get_by_role("heading", name="What was asked").wait_for()
    assert STOLEN in page.content()
    answer(page, case_exists="no")
    page.get_by_label("Why, where an answer is not yes").fill("the records system has no such case")
    auditor.shoot("entry")
    page.get_by_role("button", name="Judge it").click()
    page.get_by_role("button", name="Judge", exact=True).click()
    page.get_by_text("A finding on this entry").click()
    page.get_by_label("What is wrong").fill("searched under a case that is none")
    page.locator('select[name="owner_id"]').select_option(str(desks[Role.SUPERVISOR].member_id))
    page.get_by_role("button", name="Write it down").click()
    page.get_by_role("button", name="Judge", exact=True).click()
    answer(page)
    page.get_by_role("button", name="Judge it").click()
    page.get_by_text("the records system has no such case").wait_for()
    auditor.shoot("judged")

    custodian.page.reload()
    custodian.page.get_by_label("Why", exact=True).fill("read and agreed")
    custodian.page.get_by_role("button", name="Sign it off").click()
    custodian.page.get_by_text("Its report is issued within the hour").wait_for()
    custodian.shoot("signed")
    custodian.page.goto("/audits")
    custodian.shoot("list")
    for desk in desks.values():
        desk.close()


@pytest.mark.clause("422.6(c)")
@pytest.mark.parametrize("width", [360, pytest.param(1280, marks=pytest.mark.long)])
def test_the_weeks_signals_are_decided(searched: tuple[Live, str, Any], width: int, tmp_path: Path) -> None:
    live = searched[0]
    services = live.console.services
    week = reviewing.week_before(live.clock.now.date())
    reviewing.make(
        services.store.engine,
        source_of(services.settings, services.policy),
        week,
        policy=services.policy,
        at=live.clock.now,
    )
    desk = Desk(searched, Role.AUDITOR, width, tmp_path, f"Kim Abe {width}")
    page = desk.page
    page.goto("/reviews")
    page.get_by_text("gave 5 times a case number or reason that says nothing").wait_for()
    page.get_by_text("5 entries").click()
    if page.get_by_text("Decide", exact=True).count():  # once, by whoever comes first
        page.get_by_text("Decide", exact=True).click()
        desk.shoot("signals")
        page.get_by_label("What explains it").fill("a class on the system, with the instructor's car")
        page.get_by_role("button", name="It is explained").click()
    page.get_by_text("a class on the system").wait_for()
    desk.shoot("decided")
    desk.close()


@pytest.mark.parametrize("width", [360, pytest.param(1280, marks=pytest.mark.long)])
def test_own_plates_are_entered(searched: tuple[Live, str, Any], width: int, tmp_path: Path) -> None:
    desk = Desk(searched, Role.TRAINING_COORDINATOR, width, tmp_path, f"Pat Wells {width}")
    page = desk.page
    page.goto("/own-plates")
    page.locator('select[name="member_id"]').select_option(index=1)
    page.get_by_label("Plate").fill(f"8OWN{width % 1000:03}")
    page.get_by_role("button", name="Enter it").click()
    page.get_by_role("button", name="No longer his").first.wait_for()
    assert "8OWN" not in page.content()
    desk.shoot("own-plates")
    desk.close()
