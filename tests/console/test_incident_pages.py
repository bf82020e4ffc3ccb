"""From a canvass at night: a provisional number, a hold with one tap, a question handed to a colleague; and what nobody may."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from alpr_assets.access.record.entries import Outcome
from alpr_assets.access.roles import Role
from alpr_assets.policy import Policy
from alpr_assets.store.engine import reading
from alpr_assets.store.holds import hold
from alpr_assets.store.incidents import handover, provisional_number
from tests.console.consoles import Browser
from tests.console.hit_pages import send
from tests.live import ROUTE, STOLEN, Live, recorded_console

WHY = {"purpose": "stolen_vehicle", "case_number": "26-01234"}
HERE = f"{ROUTE[0][0]}, {ROUTE[0][1]}"
THEN = {**WHY, "place": HERE, "radius_m": "200", "minutes": "15", "happened_at": "2026-06-14T21:00"}
NUMBER = re.compile(r'value="(P-\d{6}-\d{3})"')


@pytest.fixture
def night(tmp_path: Any, policy: Policy) -> Iterator[Live]:
    with recorded_console(tmp_path, policy) as opened:
        yield opened


class Person:
    """A member at a page."""

    def __init__(self, live: Live, role: Role = Role.OFFICER) -> None:
        self.live = live
        self.member_id = live.console.member(role)
        self.browser: Browser = live.console.browser(self.member_id)

    def send(self, path: str, **fields: str) -> Any:
        return send(self.live.console, self.browser, path, **fields)

    def get(self, path: str) -> str:
        return self.browser.get(path).text

    def number(self) -> str:
        """A provisional number, taken from the canvass page with all else that was typed still there."""
        page = self.send("/search/canvass/number", **{**THEN, "case_number": "", "pattern": "7A?C*"}).text
        assert 'value="7A?C*"' in page
        found = NUMBER.search(page)
        assert found
        return found.group(1)


def rows(live: Live, table: Any) -> list[Any]:
    with reading(live.console.services.store.engine) as connection:
        return list(connection.execute(select(table)))


@pytest.mark.clause("422.4(a)")
def test_a_provisional_number_is_good_for_its_owner_until_it_is_due(night: Live) -> None:
    owner, other = Person(night), Person(night)
    number = owner.number()
    assert number == f"P-{night.clock.now.astimezone(night.console.services.policy.zone):%y%m%d}-001"
    assert STOLEN in owner.send("/search/canvass", **{**THEN, "case_number": number}).text
    refused = other.send("/search/canvass", **{**THEN, "case_number": number})
    assert (refused.status_code, STOLEN in refused.text) == (403, False)
    assert "is not yours" in refused.text
    assert owner.send("/search/canvass", **{**THEN, "case_number": "P-260101-001"}).status_code == 403  # none such
    assert number in owner.get("/")
    assert number not in other.get("/")
    assert Person(night).number().endswith("-002")
    night.clock.move(seconds=72 * 3600)
    later = night.console.browser(owner.member_id)
    late = send(night.console, later, "/search/canvass", **{**THEN, "case_number": number})
    assert (late.status_code, "overdue" in late.text) == (403, True)
    boss = Person(night, Role.SUPERVISOR)
    assert f"{number} of " in boss.get("/")
    assert "is overdue" in boss.get("/")


@pytest.mark.clause("422.4(a)")
def test_a_number_becomes_a_real_one_once_and_the_record_links_both(night: Live) -> None:
    owner, other, boss = Person(night), Person(night), Person(night, Role.SUPERVISOR)
    number = owner.number()
    night.console.recorder.entries.clear()
    for case_number in ("", "x", "P-260615-009"):
        assert owner.send("/incidents/reconcile", number=number, case_number=case_number).status_code == 400
    assert other.send("/incidents/reconcile", number=number, case_number="26-07777").status_code == 403
    assert owner.send("/incidents/reconcile", number="P-260101-001", case_number="26-07777").status_code == 404
    assert boss.send("/incidents/reconcile", number=number, case_number="26-07777").status_code == 303
    assert owner.send("/incidents/reconcile", number=number, case_number="26-08888").status_code == 409
    done = [entry for entry in night.console.recorder.entries if entry.outcome is Outcome.DONE]
    assert [(one.action, one.details["number"], one.details["case_number"]) for one in done] == [
        ("reconcile_number", number, "26-07777")
    ]
    told = owner.send("/search/canvass", **{**THEN, "case_number": number})
    assert (told.status_code, "is 26-07777 now" in told.text) == (403, True)
    (row,) = rows(night, provisional_number)
    assert (row.case_number, row.reconciled_by) == ("26-07777", boss.member_id)
    assert number not in owner.get("/incidents")


@pytest.mark.clause("422.6(a)")
def test_a_question_is_handed_over_sealed_and_asked_anew_by_whom_it_was_handed_to(night: Live) -> None:
    giver, taker, third = Person(night), Person(night, Role.DISPATCHER), Person(night)
    number = giver.number()
    asked = {**THEN, "case_number": number, "pattern": "7A?C*"}
    assert f'<option value="{taker.member_id}">' in giver.send("/search/canvass", **asked).text
    handed = giver.send("/search/canvass/hand-over", **asked, to_id=str(taker.member_id))
    assert "who has 24 hours" in handed.text
    (row,) = rows(night, handover)
    assert b"7A?C" not in row.question
    assert "handed you a canvass" in taker.get("/")
    assert "handed you a canvass" not in third.get("/")
    night.console.recorder.entries.clear()
    page = taker.send(f"/search/handed/{row.handover_id}")
    assert STOLEN in page.text
    (entry, *_) = night.console.recorder.entries
    assert (entry.action, entry.case_number, entry.actor.member_id) == ("canvass", number, taker.member_id)
    assert third.send(f"/search/handed/{row.handover_id}").status_code == 404
    night.clock.move(seconds=25 * 3600)
    again = night.console.browser(taker.member_id)
    assert send(night.console, again, f"/search/handed/{row.handover_id}").status_code == 404


def test_the_last_minutes_stay_those_when_they_are_handed_over(night: Live) -> None:
    giver, taker = Person(night), Person(night)
    zone = night.console.services.policy.zone
    now = night.clock.now
    giver.send("/search/canvass/hand-over", **{**THEN, "happened_at": "", "minutes": "60"}, to_id=str(taker.member_id))
    night.clock.move(seconds=600)
    night.console.recorder.entries.clear()
    (row,) = rows(night, handover)
    taker.send(f"/search/handed/{row.handover_id}")
    (window,) = night.console.recorder.entries[0].elements["incidents"][0]["windows"]
    since = (now - timedelta(minutes=60)).replace(second=0, microsecond=0)
    assert abs((since - datetime.fromisoformat(window["since"])).total_seconds()) <= 60
    assert abs((now - datetime.fromisoformat(window["until"])).total_seconds()) <= 60
    assert zone.key == "America/Los_Angeles"


def test_nobody_is_handed_what_he_may_not_ask(night: Live) -> None:
    giver = Person(night)
    for role in (Role.AUDITOR, Role.ENGINEER):
        other = night.console.member(role)
        refused = giver.send("/search/canvass/hand-over", **THEN, to_id=str(other))
        assert (refused.status_code, "does not ask such questions" in refused.text) == (400, True)
    assert giver.send("/search/canvass/hand-over", **THEN, to_id=str(giver.member_id)).status_code == 400
    assert rows(night, handover) == []
    untrained = night.console.member(Role.OFFICER, trained_until=None)
    giver.send("/search/canvass/hand-over", **THEN, to_id=str(untrained))
    (row,) = rows(night, handover)
    answer = send(night.console, night.console.browser(untrained), f"/search/handed/{row.handover_id}")
    assert (answer.status_code, STOLEN in answer.text, HERE in answer.text) == (403, False, False)


@pytest.mark.clause("422.5")
def test_area_and_time_are_held_with_one_tap_and_lifted_by_who_may(night: Live) -> None:
    officer, boss = Person(night), Person(night, Role.SUPERVISOR)
    assert "Hold this area and time" in officer.send("/search/canvass", **THEN).text
    page = officer.send("/holds/here", **THEN).text
    assert re.search(r"Hold 1 stands. It covers \d+ capture", page)
    (row,) = rows(night, hold)
    assert (row.ground, row.case_number, row.area["radius_m"]) == ("anticipated", "26-01234", 200.0)
    assert "Lift it" not in page
    assert (
        officer.send("/holds/1/decide", **WHY, decision="lift", disposition="booked", reason="booked").status_code
        == 403
    )
    late = boss.send("/holds/1/decide", **WHY, decision="extend", review_on="2027-06-01", reason="still needed")
    assert (late.status_code, "within 180 days" in late.text) == (400, True)
    kept = boss.send("/holds/1/decide", **WHY, decision="extend", review_on="2026-09-01", reason="still needed")
    assert "looked at again on 2026-09-01" in kept.text
    gone = boss.send("/holds/1/decide", **WHY, decision="lift", disposition="not_evidence", reason="solved otherwise")
    assert "Hold 1 is lifted" in gone.text
    assert "it is no evidence after all" in gone.text
    again = boss.send("/holds/1/decide", **WHY, decision="lift", disposition="booked", reason="again")
    assert (again.status_code, "lifted already" in again.text) == (409, True)


@pytest.mark.clause("422.5")
def test_a_hold_is_previewed_before_it_is_placed(night: Live) -> None:
    person = Person(night, Role.ANALYST)
    fields = {
        **WHY,
        "ground": "claim_filed",
        "reason": "claim of 12 June",
        "review_on": "2026-09-01",
        "pattern": STOLEN,
    }
    seen = person.send("/holds/new", **fields, look="1").text
    assert re.search(r"It covers [1-9]\d* captures of 1 day", seen)
    assert f'value="{STOLEN}"' in seen
    assert rows(night, hold) == []
    assert "Hold 1 stands" in person.send("/holds/new", **fields).text
    nothing = person.send("/holds/new", **{**fields, "pattern": ""})
    assert (nothing.status_code, "would hold everything" in nothing.text) == (400, True)
    assert person.send("/holds/new", **{**fields, "ground": "because"}).status_code == 400
    assert person.send("/holds/new", **{**fields, "case_number": ""}).status_code == 403
    assert "1 hold" in person.send("/holds", **WHY).text


@pytest.mark.clause("422.5")
def test_one_read_is_held_from_its_plates_history(night: Live) -> None:
    person = Person(night, Role.ANALYST)
    page = person.send("/search/plate", **WHY, plate=STOLEN).text
    found = re.search(
        r'name="day" value="([\d-]+)"><input type="hidden" name="read_id" value="(\d+)"><input type="hidden" name="begin"',
        page,
    )
    assert found
    read = {"day": found.group(1), "read_id": found.group(2)}
    form = person.send("/holds/new", **WHY, **read, begin="1").text
    assert "Holds the capture of one read" in form
    why = {"ground": "criminal_evidence", "reason": "the getaway", "review_on": "2026-09-01"}
    assert "It covers 1 capture of 1 day." in person.send("/holds/new", **WHY, **read, **why).text
    (row,) = rows(night, hold)
    assert (row.n_items, row.pattern) == (1, None)
    gone = person.send("/holds/new", **WHY, **{**read, "read_id": "1"}, **why)
    assert (gone.status_code, "not in the store" in gone.text) == (400, True)


@pytest.mark.clause("422.5")
def test_a_whole_case_is_held_and_what_lifting_would_free_is_told_before(night: Live) -> None:
    person, boss = Person(night, Role.ANALYST), Person(night, Role.SUPERVISOR)
    of = {
        **WHY,
        "of_case": "26-04242",
        "ground": "discovery_request",
        "reason": "motion of 12 June",
        "review_on": "2026-09-01",
    }
    nothing = person.send("/holds/new", **of)
    assert (nothing.status_code, "hit under that number" in nothing.text) == (400, True)
    person.send("/search/plate", purpose="stolen_vehicle", case_number="26-04242", plate=STOLEN)
    seen = person.send("/holds/new", **of, look="1").text
    assert re.search(r"It covers (\d+) captures of 1 day.* \1 returned by a search\.", seen)
    assert 'value="26-04242"' in seen
    assert rows(night, hold) == []
    listed = person.send("/holds/new", **of).text
    assert "everything of case 26-04242" in listed
    (row,) = rows(night, hold)
    assert (row.of_case, row.n_items > 0) == ("26-04242", True)
    told = boss.send("/holds/1/decide", **WHY, decision="look", reason="")
    assert f"lifting it leaves {row.n_items} of them held by no other hold" in told.text
    assert rows(night, hold)[0].status == "standing"
    assert person.send("/holds/1/decide", **WHY, decision="look").status_code == 403


@pytest.mark.clause("422.5")
def test_the_pass_of_a_hit_is_held_from_its_page(night: Live) -> None:
    person = Person(night)
    page = person.send("/hits/1", **WHY).text
    assert '<input type="hidden" name="hit_id" value="1">' in page
    assert "the pass that raised hit 1" in person.send("/holds/new", **WHY, hit_id="1", begin="1").text
    why = {"ground": "criminal_evidence", "reason": "the getaway", "review_on": "2026-09-01"}
    assert "Hold 1 stands. It covers" in person.send("/holds/new", **WHY, hit_id="1", **why).text
    gone = person.send("/holds/new", **WHY, hit_id="999", **why)
    assert (gone.status_code, "hit 999" in gone.text) == (400, True)
