"""What comes due, by page: newcomers, account reviews, notices at home, the coordinator's file, a successor (422.3.1)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from alpr_assets.access.record.entries import Outcome
from alpr_assets.access.record.sealing import MonthKeys
from alpr_assets.access.roles import Role
from alpr_assets.store import people
from alpr_assets.store.breaches import breach
from alpr_assets.store.engine import reading, writing
from tests.console.consoles import Console
from tests.console.hit_pages import send

LONG_AGO = timedelta(days=400)


def home(console: Console, who: Role | int) -> str:
    return console.browser(who).get("/").text


@pytest.mark.clause("422.3.1(a)")
def test_a_supervisor_confirms_the_accounts_that_he_may_and_is_told_of_none_then(console: Console) -> None:
    at = console.clock.now - LONG_AGO
    officer = console.member(Role.OFFICER, name="Olive Officer", status_at=at, last_active_at=console.clock.now)
    auditor = console.member(Role.AUDITOR, name="Abel Auditor", status_at=at, last_active_at=console.clock.now)
    assert "1 account should have been confirmed" in home(console, Role.SUPERVISOR)
    browser = console.browser(Role.SUPERVISOR)
    page = browser.get("/members/reviews").text
    assert ">overdue</span> since 2026-05-11" in page
    assert f'value="{officer}"' in page
    assert f'value="{auditor}"' not in page  # privileged: another's
    answer = send(console, browser, "/members/reviews", member_id=str(officer), note="asked his sergeant")
    assert (answer.status_code, answer.headers["location"]) == (303, "/members/reviews")
    assert "should have been confirmed" not in home(console, Role.SUPERVISOR)
    refused = send(console, browser, "/members/reviews", member_id=str(auditor))
    assert (refused.status_code, "confirms the account" in refused.text) == (403, True)
    with reading(console.services.store.engine) as connection:
        assert [row.member_id for row in connection.execute(people.account_review.select())] == [officer]


@pytest.mark.clause("422.8")
def test_training_that_ends_is_told_to_the_member_himself_and_to_the_coordinator(console: Console) -> None:
    on = console.clock.now.date()
    soon = console.member(Role.OFFICER, name="Olive Officer", trained_until=on + timedelta(days=30))
    console.member(Role.OFFICER, trained_until=on + timedelta(days=31))
    assert f"Your ALPR training ends on {on + timedelta(days=30)}" in home(console, soon)
    assert "training of 1 member has ended" in home(console, Role.TRAINING_COORDINATOR)
    page = console.browser(Role.TRAINING_COORDINATOR).get("/training").text
    assert "Olive Officer" in page.partition("Due again")[2].partition("</table>")[0]


def test_an_account_that_nobody_uses_is_named_before_it_is_suspended(console: Console) -> None:
    at = console.clock.now - timedelta(days=80)
    console.member(Role.OFFICER, name="Quiet Quinn", status_at=at, last_active_at=at)
    assert "1 account is about to be suspended" in home(console, Role.SUPERVISOR)
    assert "about to be suspended" not in home(console, Role.OFFICER)
    page = console.browser(Role.SUPERVISOR).get("/members").text
    assert re.search(r"Quiet Quinn.*?suspended on 2026-06-25 unless used", page, re.DOTALL)


@pytest.mark.clause("422.3.1(b)")
def test_a_newcomer_is_shown_with_what_he_lacks_to_the_coordinator_too(console: Console) -> None:
    console.member(Role.OFFICER, name="Nell New", trained_until=None)
    for role in (Role.SUPERVISOR, Role.TRAINING_COORDINATOR):
        page = console.browser(role).get("/members/onboarding").text
        card = page.partition("Nell New")[2].partition("</li>")[0]
        assert "Missing: training, first sign-in." in card


def test_the_coordinator_takes_the_records_out_and_nobody_else_does(console: Console) -> None:
    console.member(Role.OFFICER)
    browser = console.browser(Role.TRAINING_COORDINATOR)
    console.recorder.entries.clear()
    answer: Any = send(console, browser, "/training/export")
    assert answer.headers["content-disposition"].startswith('attachment; filename="alpr-training-2026-06-15.csv"')
    assert answer.text.startswith("training_id,member_id,user_name")
    (entry,) = console.recorder.entries
    assert (entry.action, entry.outcome) == ("export_training", Outcome.DONE)
    assert send(console, console.browser(Role.COMMANDER), "/training/export").status_code == 403


@pytest.mark.clause("422.3.1(e)")
def test_a_gap_in_the_designees_office_is_told_and_a_successor_closes_it(console: Console) -> None:
    assert "Nobody holds the designee" in home(console, Role.CUSTODIAN)
    browser = console.browser(Role.CUSTODIAN)
    token = console.form_token(browser, "/designee")
    pdf = {"file": ("chief.pdf", b"%PDF-1.7 designation", "application/pdf")}
    told = {
        "form_token": token,
        "name": "Lee Park",
        "title": "Lieutenant",
        "from_on": "2026-06-01",
        "to_on": "2026-07-01",
    }
    assert browser.post("/designee", data=told, files=pdf).status_code == 303
    assert "from 2026-07-02 on" in home(console, Role.CUSTODIAN)
    told |= {"name": "Kim Ray", "from_on": "2026-07-01", "to_on": "", "succeeds": "1"}
    assert browser.post("/designee", data=told, files=pdf).status_code == 303
    assert "2026-06-01 – 2026-06-30" in browser.get("/designee").text
    assert "Nobody holds the designee" not in home(console, Role.CUSTODIAN)


@pytest.mark.clause("422.5")
def test_months_of_questions_past_their_years_are_told_to_the_custodian(console: Console) -> None:
    keys, told = MonthKeys(console.services.settings.path("keys") / "record_keys.sqlite"), "What was searched for in"
    assert told not in home(console, Role.CUSTODIAN)
    keys.key("2024-06")
    assert told not in home(console, Role.CUSTODIAN)  # its last day is not two years old
    keys.key("2024-05")
    assert f"{told} 1 month is older than 2 years" in home(console, Role.CUSTODIAN)
    assert told not in home(console, Role.OFFICER)
    keys.destroy("2024-05")
    assert told not in home(console, Role.CUSTODIAN)


@pytest.mark.clause("422.5")
def test_papers_past_their_maximum_are_listed_for_the_custodian_by_number_and_date(console: Console) -> None:
    told = "past the maximum of"
    at = datetime(2019, 6, 15, 19, tzinfo=UTC)
    opened = {
        "breach_id": 4, "reported_at": at, "member_id": 1, "discovered_at": at, "what": "a lost laptop", "suspected": {}, "status": "open",
        "n_decisions": 0,
    }  # fmt: skip
    with writing(console.services.store.engine) as connection:
        connection.execute(breach.insert(), opened)
    assert told not in home(console, Role.CUSTODIAN)  # seven years, through 15 June 2026: today
    console.clock.now += timedelta(days=1)
    assert f"1 paper is {told} its class" in home(console, Role.CUSTODIAN)
    assert told not in home(console, Role.COMMANDER)
    page = console.browser(Role.CUSTODIAN).get("/due").text
    assert "Breach 4" in page
    assert "2019-06-15" in page
    assert "2026-06-15" in page
    assert "laptop" not in page
    assert console.browser(Role.COMMANDER).get("/due").status_code == 403
