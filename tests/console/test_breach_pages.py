"""Breaches by page: from the report to the end, drafts, and what nobody may (Civ. Code 1798.29)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from alpr_assets.access.record.entries import Outcome
from alpr_assets.access.roles import Role
from alpr_assets.policy import Policy
from tests.console.test_incident_pages import Person
from tests.live import STOLEN, Live, recorded_console

WHY = {"purpose": "stolen_vehicle", "case_number": "26-01234"}
TOLD = {"what": "a password was found on a list that is sold", "discovered_at": "2026-06-15T11:00"}


@pytest.fixture
def drive(tmp_path: Any, policy: Policy) -> Iterator[Live]:
    with recorded_console(tmp_path, policy) as opened:
        yield opened


@pytest.mark.clause("422.6(a)")
def test_a_breach_is_reported_measured_ruled_on_told_and_closed(drive: Live) -> None:
    analyst, commander, attorney = (Person(drive, role) for role in (Role.ANALYST, Role.COMMANDER, Role.ATTORNEY))
    assert STOLEN in analyst.send("/search/plate", **WHY, plate=STOLEN).text
    times = {"since_at": "2026-06-15T10:00", "until_at": "2026-06-15T12:00"}
    made = commander.send("/breaches", **TOLD, **times, kind="account", number=str(analyst.member_id))
    assert (made.status_code, made.headers["location"]) == (303, "/breaches/1")
    assert commander.browser.get("/breaches/1/notice/individuals").status_code == 409
    drive.console.recorder.entries.clear()
    assert commander.send("/breaches/1/measure").status_code == 303
    (entry,) = drive.console.recorder.entries
    assert (entry.action, entry.outcome, entry.details["n_reads"]) == ("measure_breach", Outcome.DONE, 5)
    page = commander.get("/breaches/1")
    for part in (
        "<dt>Reads</dt><dd>5</dd>",
        "<dt>Distinct plates</dt><dd>1</dd>",
        "1 entry of the access record",
        "by 2026-07-15",
    ):
        assert part in page, part
    assert STOLEN not in page
    assert "Notice is owed" not in page.partition("<h2>Decide</h2>")[2]  # the attorney's
    early = commander.send("/breaches/1/decide", decision="closed", reason="all done")
    assert (early.status_code, "not at its end" in early.text) == (409, True)
    assert attorney.send("/breaches/1/decide", decision="notice_owed", reason="names were with it").status_code == 303
    sent = {"done_on": "2026-06-15", "n_notified": "1"}
    told = commander.send("/breaches/1/decide", decision="individuals_notified", reason="by letter", **sent)
    assert told.status_code == 303
    letter = commander.browser.get("/breaches/1/notice/individuals")
    assert letter.headers["content-disposition"] == 'attachment; filename="breach-1-individuals.txt"'
    assert "5 reads of license plates" in letter.text
    assert commander.send("/breaches/1/decide", decision="closed", reason="all done").status_code == 303
    assert '<span class="tag">closed</span>' in attorney.get("/breaches")


def test_an_overdue_one_is_told_at_home_to_who_can_do_something(drive: Live) -> None:
    commander, auditor = Person(drive, Role.COMMANDER), Person(drive, Role.AUDITOR)
    commander.send("/breaches", **TOLD, kind="drop", number="1")
    assert "breach is overdue" not in commander.get("/")
    drive.clock.move(days=31)
    later = drive.console.browser(commander.member_id)
    assert "1 breach is overdue" in later.get("/").text
    assert "overdue" in drive.console.browser(auditor.member_id).get("/breaches/1").text


def test_a_form_that_names_nothing_keeps_what_was_typed(drive: Live) -> None:
    commander = Person(drive, Role.COMMANDER)
    for wrong in ({"kind": "account", "number": "1"}, {"kind": "", "number": "1"}, {"kind": "export", "number": "x"}):
        page = commander.send("/breaches", **TOLD, **wrong)
        assert page.status_code == 400
        assert "sold" in page.text
    assert commander.browser.get("/breaches/7").status_code == 404
    for role in (Role.AUDITOR, Role.ANALYST, Role.ATTORNEY):
        assert Person(drive, role).send("/breaches", **TOLD, kind="drop", number="1").status_code == 403
