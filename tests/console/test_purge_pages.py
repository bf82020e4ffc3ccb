"""Purges by page: what is due, both approvals by two people, beginning, the certificate; and what nobody may."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from alpr_assets.access.record.entries import Outcome
from alpr_assets.access.roles import Role
from alpr_assets.lifecycle.hotlists.imports import import_file
from alpr_assets.lifecycle.purge import drafting, planning
from alpr_assets.lifecycle.purge.clocks import look
from alpr_assets.lifecycle.purge.executing import execute
from alpr_assets.policy import Policy
from alpr_assets.store import schema
from alpr_assets.store.engine import reading
from tests.builders import own_list
from tests.console.test_incident_pages import Person, rows
from tests.live import STOLEN, Live, recorded_console
from tests.people import in_office

WHY = {"purpose": "department_action", "case_number": "ADM-2027-004"}
FILE = {
    "resolution": "resolution 2027-031", "resolution_on": "2027-05-20", "resolution_until": "", "consent": "memo 7",
    "consent_on": "2027-06-12", "consent_until": "2027-12-31",
}  # fmt: skip


@pytest.fixture
def later(tmp_path: Any, policy: Policy) -> Iterator[Live]:
    """The recorded drive, a year and some days after it landed."""
    with recorded_console(tmp_path, policy) as opened:
        with reading(opened.console.services.store.engine) as connection:
            landed: datetime = connection.scalar(
                select(schema.capture.c.landed_at).order_by(schema.capture.c.landed_at.desc())
            )
        opened.clock.now = landed + timedelta(days=380)
        yield opened


def trained(live: Live, role: Role) -> Person:
    person = Person.__new__(Person)
    person.live = live
    person.member_id = live.console.member(role, trained_until=live.clock.now.date() + timedelta(days=90))
    person.browser = live.console.browser(person.member_id)
    return person


def drafted(live: Live, request_id: int = 1) -> drafting.Planned:
    """What Dagster does with what was asked for."""
    services = live.console.services
    planned = drafting.draft(
        services.store, request_id, policy=services.policy, key=planning.key_of(services.settings), office=services.office,
        clock=live.clock,
    )  # fmt: skip
    assert planned
    return planned


@pytest.mark.clause("422.5")
def test_a_purge_goes_from_what_is_due_to_its_certificate(later: Live) -> None:
    custodian, commander = trained(later, Role.CUSTODIAN), trained(later, Role.COMMANDER)
    page = custodian.send("/purges", **WHY).text
    (n,) = re.findall(r"<dt>May be destroyed</dt><dd>(\d+) captures", page)
    assert int(n) == len(rows(later, schema.capture))
    asked = custodian.send("/purges/plan", **WHY, **FILE).text
    assert "Asked for" in asked
    assert "being drafted" in asked
    assert drafted(later).touched == ()
    planned = custodian.send("/purges", **WHY).text
    assert "being drafted" not in planned
    assert f"{n} captures of 1 day, due on" in planned
    early = custodian.send("/purges/1/decide", **WHY, decision="begin")
    assert (early.status_code, "is planned" in early.text) == (409, True)
    vacant = custodian.send("/purges/1/decide", **WHY, decision="approve", reason="as the schedule says")
    assert (vacant.status_code, "nobody is the current designee" in vacant.text) == (409, True)
    in_office(later.console.services.store.engine, date(2027, 1, 1))
    assert (
        "Approved." in custodian.send("/purges/1/decide", **WHY, decision="approve", reason="as the schedule says").text
    )
    twice = custodian.send("/purges/1/decide", **WHY, decision="approve", reason="once more")
    assert (twice.status_code, "approved so already" in twice.text) == (409, True)
    assert commander.send("/purges/1/decide", **WHY, decision="begin").status_code == 403
    assert (
        "Approved." in commander.send("/purges/1/decide", **WHY, decision="approve", reason="as the schedule says").text
    )
    jumped = custodian.send("/purges/1/decide", **WHY, decision="begin")
    assert (jumped.status_code, "the clock may be wrong" in jumped.text) == (409, True)  # over a year without an entry
    assert commander.send("/purges/clock", **WHY, reason="it looks right").status_code == 403
    assert custodian.send("/purges/clock", **WHY, reason="x").status_code == 400
    stated = custodian.send("/purges/clock", **WHY, reason="compared with the dispatch clock").text
    assert "Stated: the clock is right." in stated
    assert "Is the clock right?" not in stated
    assert "Begun" in custodian.send("/purges/1/decide", **WHY, decision="begin").text
    services = later.console.services
    execute(
        services.store, 1, policy=services.policy, key=planning.key_of(services.settings), office=services.office,
        clock=later.clock, seen=lambda: look(services.store.engine, services.settings, services.policy),
    )  # fmt: skip
    assert [one.action for one in later.console.recorder.entries if one.outcome is Outcome.DONE][-1] == "purge_done"
    assert rows(later, schema.capture) == []
    assert "0 captures" in custodian.send("/purges", **WHY).text
    issued = trained(later, Role.AUDITOR).browser.get("/purges/1/certificate")
    assert issued.json()["captures"]["destroyed"] == int(n)
    assert STOLEN not in issued.text
    assert ">destroyed</span>" in custodian.send("/purges", **WHY).text
    assert custodian.browser.get("/purges/1/completion").status_code == 404  # SQLite needs none


@pytest.mark.clause("422.5")
def test_what_should_be_gone_by_now_is_told_beside_what_is_due(later: Live) -> None:
    services = later.console.services
    for after, plate in ((0, "9LEFT99"), (1, "5NEW555")):
        at = later.clock.now + timedelta(days=after)
        raw = own_list(f"{plate},x,CA", on=at.date())
        assert import_file(services.store, raw, "left.csv", policy=services.policy, now=at).accepted
    assert "Past the maximum" not in trained(later, Role.CUSTODIAN).send("/purges", **WHY).text
    later.clock.now += timedelta(days=800)
    page = trained(later, Role.CUSTODIAN).send("/purges", **WHY).text
    n = len(rows(later, schema.capture))
    for told in (f"{n}</span> captures", "1</span> raw hot-list files", "1</span> ended hot-list entries"):
        assert f'<dt>Past the maximum</dt><dd><span class="tag bad">{told} should be gone by now' in page


@pytest.mark.clause("422.5")
def test_entries_that_left_their_list_are_listed_with_the_captures_and_in_the_certificate(later: Live) -> None:
    services, custodian = later.console.services, trained(later, Role.CUSTODIAN)
    commander = trained(later, Role.COMMANDER)
    in_office(services.store.engine, date(2027, 1, 1))
    now = later.clock.now
    for at, plate in ((now - timedelta(days=379), "9LEFT99"), (now - timedelta(days=370), "5NEW555")):
        raw = own_list(f"{plate},x,CA", on=at.date())
        assert import_file(services.store, raw, "left.csv", policy=services.policy, now=at).accepted
    assert "1 ended hot-list entries</dd>" in custodian.send("/purges", **WHY).text
    custodian.send("/purges/plan", **WHY, **FILE)
    assert drafted(later).n_items == 2  # with its file
    for who in (custodian, commander):
        who.send("/purges/1/decide", **WHY, decision="approve", reason="as the schedule says")
    custodian.send("/purges/clock", **WHY, reason="compared with the dispatch clock")
    assert "and 2 other items" in custodian.send("/purges", **WHY).text
    custodian.send("/purges/1/decide", **WHY, decision="begin")
    execute(
        services.store, 1, policy=services.policy, key=planning.key_of(services.settings), office=services.office,
        clock=later.clock, seen=lambda: look(services.store.engine, services.settings, services.policy),
    )  # fmt: skip
    assert "1 ended hot-list entries; 1 destroyed, 0 kept after all." in custodian.send("/purges", **WHY).text
    issued = trained(later, Role.AUDITOR).browser.get("/purges/1/certificate")
    assert {one["class"]: one["destroyed"] for one in issued.json()["lots"]} == {
        "hotlist_files": 1,
        "hotlist_entries": 1,
    }
    assert "9LEFT99" not in issued.text


def test_what_is_missing_or_another_role_is_refused_and_nothing_is_planned(later: Live) -> None:
    custodian, officer = trained(later, Role.CUSTODIAN), trained(later, Role.OFFICER)
    for wrong in ({**FILE, "consent": ""}, {**FILE, "resolution": "x"}):
        refused = custodian.send("/purges/plan", **WHY, **wrong)
        assert (refused.status_code, "reference" in refused.text) == (400, True)
    for wrong, says in (
        ({**FILE, "consent_on": ""}, "a date is needed"),
        ({**FILE, "consent_until": "2027-01-01"}, "good until"),
    ):
        refused = custodian.send("/purges/plan", **WHY, **wrong)
        assert (refused.status_code, says in refused.text) == (400, True)
    assert custodian.send("/purges", purpose="", case_number="").status_code == 403
    assert officer.send("/purges/plan", **WHY, **FILE).status_code == 403
    assert officer.browser.get("/purges").status_code == 403
    assert custodian.browser.get("/purges/1/certificate").status_code == 404
    custodian.send("/purges/plan", **WHY, **FILE)
    drafted(later)
    cancelled = custodian.send("/purges/1/decide", **WHY, decision="cancel", reason="the council wants to see it")
    assert "destroys nothing" in cancelled.text
    gone = custodian.send("/purges/1/decide", **WHY, decision="approve", reason="all the same")
    assert (gone.status_code, "cancelled already" in gone.text) == (409, True)
    assert custodian.send("/purges/1/decide", **WHY, decision="destroy").status_code == 400
