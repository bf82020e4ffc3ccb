"""The commander puts the policy at work in force by page; anybody sees which one is, its text, and the figures (422.3.1(f), (g))."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from alpr_assets.access import governing
from alpr_assets.access.record.alarms import open_alarms
from alpr_assets.access.roles import Role
from alpr_assets.console.app import create_app
from alpr_assets.policy import Policy
from tests.console.consoles import Browser, Console, open_console
from tests.policies import adopted

POSTED = {"posted_on": "2026-06-01", "posted_where": "https://www.police.example/alpr"}


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Console]:
    """A department whose policy is adopted, and was not put in force yet."""
    opened = open_console(tmp_path, adopted(tmp_path))
    yield opened
    opened.close()


def send(console: Console, browser: Browser, **fields: str) -> Any:
    return browser.post("/policy/in-force", data={"form_token": console.form_token(browser), **fields})


def working_by(console: Console, policy: Policy) -> Console:
    """The same console, started with another policy file."""
    services = console.services
    gate = replace(services.gate, policy=policy, governed=partial(governing.standing, services.store.engine, policy))
    changed = replace(services, policy=policy, gate=gate, office=replace(services.office, policy=policy))
    return replace(console, services=changed, app=create_app(changed), members={})


@pytest.mark.clause("422.3.1(g)")
def test_the_public_page_shows_the_version_in_force_and_its_text(console: Console) -> None:
    commander = console.browser(Role.COMMANDER)
    assert "No version was put on record yet" in console.browser().get("/policy").text
    assert send(console, commander, **POSTED).status_code == 303
    page = console.browser().get("/policy").text
    assert "In force since 2026-06-15. Posted on 2026-06-01: https://www.police.example/alpr." in page
    assert "City Council, regular meeting (Resolution 2026-041)" in page
    text = console.browser().get("/policy/text?version=1")
    assert (text.text, text.headers["content-type"]) == (console.services.policy.text, "text/plain; charset=utf-8")
    assert console.services.policy.sha256 in page
    for wrong in ("", "0", "x", "2", "9" * 12):
        assert console.browser().get(f"/policy/text?version={wrong}").status_code == 404


@pytest.mark.clause("422.3.1(f)")
@pytest.mark.clause("422.3.1(a)")
def test_what_the_page_says_is_what_the_system_works_by(console: Console, tmp_path: Path) -> None:
    """Purposes, titles, training and retention have no text of their own: another figure is another sentence."""
    page = console.browser().get("/policy").text
    policy = console.services.policy
    for said in (
        *(f"<li>{purpose.title}</li>" for purpose in policy.purposes),
        *(f"<li>{title.title}: " for title in policy.titles),
        "Crime Analyst: searches and looks at data, may be an independent contractor",
        "Police Officer: searches and looks at data, operates readers",
        "System Administrator: no access to data about vehicles, may be an independent contractor",
        "Auditor: audits what others searched",
        "renewed every 12 months",
        "Custodian of Records. Responsible for implementing",
        policy.document.correction[:60],
    ):
        assert said in page, said
    rows = re.findall(r'<th scope="row">([^<]+)</th><td>(\d+) years?</td><td>(\d+) years</td>', page)
    assert [(int(low), int(high)) for _, low, high in rows] == [
        (one.minimum_years, one.maximum_years) for one in policy.retention.values()
    ]
    changed = working_by(console, adopted(tmp_path, training__valid_months=6))
    assert "renewed every 6 months" in changed.browser().get("/policy").text


@pytest.mark.clause("422.2")
def test_another_file_than_the_one_in_force_is_told_to_everybody_and_searches_are_refused(
    console: Console, tmp_path: Path
) -> None:
    assert send(console, console.browser(Role.COMMANDER), **POSTED).status_code == 303
    other = working_by(console, adopted(tmp_path, training__valid_months=6))
    page = other.browser().get("/policy").text
    assert "No policy is in force" in page
    assert "renewed every 12 months" in page, "what is posted is the version on record"
    analyst = other.browser(Role.ANALYST)
    assert analyst.get("/search/plate").status_code == 403
    assert other.recorder.entries[-1].reasons == ("no_policy",)
    commander = other.browser(Role.COMMANDER)
    assert "Captures land sealed" in commander.get("/policy/in-force").text
    again = send(other, commander, **POSTED)
    assert (again.status_code, "another text was in force as version 1" in again.text) == (400, True)
    second = working_by(console, adopted(tmp_path, training__valid_months=6, policy__version="2"))
    assert send(second, second.browser(Role.COMMANDER), **POSTED).status_code == 303
    assert second.browser(Role.ANALYST).get("/search/plate").status_code == 200
    assert second.browser().get("/policy").text.count("of policy 422</a>") == 2


def test_ending_the_version_in_force_raises_the_alarm_at_once_and_a_new_one_ends_it(console: Console) -> None:
    commander = console.browser(Role.COMMANDER)
    data = console.services.settings.path("data")
    assert send(console, commander, act="end", reason="none").status_code == 400
    assert send(console, commander, **POSTED).status_code == 303
    assert send(console, commander, act="end", reason="order of the court").status_code == 303
    assert [alarm.name for alarm in open_alarms(data)] == ["policy"]
    assert send(console, commander, **POSTED).status_code == 303
    assert open_alarms(data) == []


def test_the_figures_are_public_as_a_page_and_as_data_with_its_schema(console: Console) -> None:
    nobody = console.browser()
    assert "No month is published yet" in nobody.get("/transparency").text
    report, schema = nobody.get("/transparency.json").json(), nobody.get("/transparency.schema.json").json()
    jsonschema.validate(report, schema)
    assert (report["ori"], report["months"]) == ("CA0000000", [])
