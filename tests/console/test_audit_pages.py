"""Audits by page: from plan to signature and report, the weekly list, members' own plates; who sees what, and what of it is recorded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from alpr_assets.access.audits import report, reviewing
from alpr_assets.access.roles import Role
from alpr_assets.lifecycle.plate_digests import source_of
from alpr_assets.policy import Policy
from tests.console.test_incident_pages import Person
from tests.console.test_purge_pages import trained
from tests.live import STOLEN, Live, recorded_console

ALL_YES = {"purpose_plausible": "yes", "case_exists": "yes", "scope_fits": "yes"}


@pytest.fixture
def officer(tmp_path: Any, policy: Policy) -> Iterator[Person]:
    """Searched for a plate of the recorded drive eight times, five of them with "test" as the case; that is nine days ago."""
    with recorded_console(tmp_path, policy) as opened:
        person = trained(opened, Role.OFFICER)
        for n in range(8):
            case = {"purpose": "stolen_vehicle", "case_number": "test" if n < 5 else f"26-0123{n}"}
            assert person.send("/search/plate", plate=STOLEN, **case).status_code == 200
        opened.clock.move(days=9)
        yield person


@pytest.fixture
def after(officer: Person) -> Live:
    return officer.live


def wanted(live: Live, auditor: Any, approver: Any, **changes: str) -> dict[str, str]:
    on = live.clock.now.date()
    usual = {
        "frequency": "quarterly", "since_on": str(on - timedelta(days=30)), "until_on": str(on - timedelta(days=1)), "n_random": "2",
        "n_risk": "2", "auditor_id": str(auditor.member_id), "approver_id": str(approver.member_id),
        "areas": "vague_reason",
    }  # fmt: skip
    return {**usual, **changes}


@pytest.mark.clause("422.6(c)")
def test_an_audit_goes_from_plan_to_report(after: Live) -> None:
    commander, auditor, custodian = (trained(after, role) for role in (Role.COMMANDER, Role.AUDITOR, Role.CUSTODIAN))
    planned = commander.send("/audits/plan", **wanted(after, auditor, custodian))
    assert (planned.status_code, planned.headers["location"]) == (303, "/audits/1")
    assert commander.send("/audits/1/decide", decision="approve", reason="as planned").status_code == 403
    assert custodian.send("/audits/1/decide", decision="approve", reason="as planned").status_code == 303
    assert "seed" in auditor.get("/audits/1").lower()
    entries = re.findall(r'action="/audits/1/entries/(\d+)"', auditor.get("/audits/1"))
    assert len(entries) == 4
    assert STOLEN not in auditor.get("/audits/1")
    after.console.recorder.entries.clear()
    opened = auditor.send(f"/audits/1/entries/{entries[0]}")
    assert STOLEN in opened.text
    (looked,) = after.console.recorder.entries
    assert (looked.action, looked.details["record_id"], [one.id for one in looked.results]) == (
        "conduct_audit", int(entries[0]), [int(entries[0])],
    )  # fmt: skip
    unsaid = auditor.send(f"/audits/1/entries/{entries[0]}/judge", **{**ALL_YES, "case_exists": "no"})
    assert (unsaid.status_code, "reason" in unsaid.text) == (400, True)
    assert auditor.send(f"/audits/1/entries/{entries[0]}/judge", **{**ALL_YES, "case_exists": ""}).status_code == 400
    for number in entries[1:]:
        assert auditor.send(f"/audits/1/entries/{number}/judge", **ALL_YES).status_code == 303
    early = custodian.send("/audits/1/decide", decision="sign", reason="all is well")
    assert (early.status_code, "1 entries" in early.text) == (409, True)
    auditor.send(
        f"/audits/1/entries/{entries[0]}/judge", **{**ALL_YES, "case_exists": "no", "note": "there is no such case"}
    )
    owner = trained(after, Role.SUPERVISOR)
    found = auditor.send(
        "/audits/1/findings", text="no case behind it", record_id=entries[0], owner_id=str(owner.member_id)
    )
    assert found.status_code == 303
    assert custodian.send("/audits/1/decide", decision="sign", reason="read").status_code == 303
    assert auditor.send(f"/audits/1/entries/{entries[0]}/judge", **ALL_YES).status_code == 409
    assert auditor.browser.get("/audits/1/report.pdf").status_code == 404
    made = report.issue(after.console.services.office, 1, at=after.clock.now)
    taken = auditor.browser.get("/audits/1/report.pdf")
    assert (taken.content, taken.headers["etag"]) == (made.pdf, f'"{made.pdf_sha256}"')
    assert STOLEN not in auditor.browser.get("/audits/1/report.html").text
    assert custodian.send("/findings/1/move", move="closed", note="talked to him", audit_id="1").status_code == 303
    assert "closed" in auditor.get("/audits/1")


def test_a_plan_that_cannot_be_is_told_and_what_was_typed_stays(after: Live) -> None:
    commander, auditor = trained(after, Role.COMMANDER), trained(after, Role.AUDITOR)
    refused = commander.send("/audits/plan", **wanted(after, auditor, commander, n_random="17"))
    assert (refused.status_code, "name another approver" in refused.text, 'value="17"' in refused.text) == (
        400,
        True,
        True,
    )
    assert commander.send("/audits/plan", **wanted(after, auditor, auditor, since_on="")).status_code == 400
    assert commander.browser.get("/audits/7").status_code == 404
    assert commander.send("/audits/7/decide", decision="approve", reason="why not").status_code == 404
    assert commander.send("/audits/7/decide", decision="burn", reason="why not").status_code == 404


@pytest.mark.parametrize("role", [Role.OFFICER, Role.SUPERVISOR, Role.ENGINEER, Role.ADMINISTRATOR])
def test_others_see_nothing_of_audits(after: Live, role: Role) -> None:
    other = trained(after, role)
    for path in ("/audits", "/audits/1", "/audits/1/report.pdf", "/reviews", "/own-plates"):
        assert other.browser.get(path).status_code == 403, path
    for path in ("/audits/plan", "/audits/1/decide", "/audits/1/entries/3", "/audits/1/entries/3/judge", "/audits/1/findings",
                 "/findings/1/move", "/reviews/1/decide", "/own-plates"):  # fmt: skip
        assert other.send(path, decision="approve", act="add").status_code == 403, path


@pytest.mark.clause("422.6(c)")
def test_the_weekly_list_is_decided_and_nobody_sees_his_own(after: Live, officer: Person) -> None:
    services = after.console.services
    week = reviewing.week_before(after.clock.now.date())
    made = reviewing.make(
        services.store.engine,
        source_of(services.settings, services.policy),
        week,
        policy=services.policy,
        at=after.clock.now,
    )
    assert (made.n_looks, made.n_listed, made.signals) == (8, 1, {"vague_reason": 1})
    assert sum(made.ages) > 0
    auditor = trained(after, Role.AUDITOR)
    page = auditor.get("/reviews")
    assert "gave 5 times a case number or reason that says nothing" in page
    assert STOLEN not in page
    late = after.clock.now + timedelta(days=15)
    with services.store.engine.connect() as connection:
        assert reviewing.late(connection, at=late, policy=services.policy) == [1]
    owner = trained(after, Role.SUPERVISOR)
    told = {"week_on": str(week), "note": "find out what these five were for"}
    own = auditor.send("/reviews/1/decide", decision="refer", owner_id=str(officer.member_id), **told)
    assert (own.status_code, "not whom it is about" in own.text) == (400, True)
    assert auditor.send("/reviews/1/decide", decision="refer", owner_id=str(owner.member_id), **told).status_code == 303
    assert auditor.send("/reviews/1/decide", decision="explain", **told).status_code == 409
    page = auditor.get(f"/reviews?week={week}")
    assert "a finding" in page
    assert "find out what these five were for" in page
    with services.store.engine.connect() as connection:
        assert reviewing.late(connection, at=late, policy=services.policy) == []
    again = reviewing.make(
        services.store.engine, source_of(services.settings, services.policy), week, policy=services.policy, at=late
    )
    assert again.n_listed == 1
    assert auditor.get("/reviews").count('<li class="card">') == 2  # he and his finding
    assert auditor.browser.get("/reviews?week=soon").status_code == 404


def test_a_members_own_plate_is_listed_unreadably_and_found_when_searched(after: Live, officer: Person) -> None:
    coordinator, services = trained(after, Role.TRAINING_COORDINATOR), after.console.services
    fields = {"act": "add", "member_id": str(officer.member_id), "relation": "household"}
    partial = coordinator.send("/own-plates", **fields, plate="7A?C*")
    assert (partial.status_code, "no whole plate" in partial.text) == (400, True)
    assert coordinator.send("/own-plates", **fields, plate=f"{STOLEN[:3]} {STOLEN[3:].lower()}").status_code == 303
    assert coordinator.send("/own-plates", **fields, plate=STOLEN).status_code == 409
    page = coordinator.get("/own-plates")
    assert ("of his household" in page, STOLEN in page) == (True, False)
    assert STOLEN not in str([one.details for one in after.console.recorder.entries])
    week = reviewing.week_before(after.clock.now.date())
    made = reviewing.make(
        services.store.engine,
        source_of(services.settings, services.policy),
        week,
        policy=services.policy,
        at=after.clock.now,
    )
    assert made.signals == {"own_plate": 1, "vague_reason": 1}
    assert coordinator.send("/own-plates", act="end", own_plate_id="1").status_code == 303
    assert coordinator.send("/own-plates", act="end", own_plate_id="1").status_code == 404
    assert coordinator.send("/own-plates", act="sell").status_code == 400
