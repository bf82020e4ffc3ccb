"""Releases by page: from a letter to a package that opens with the agency's key only; and every kind of agency that gets nothing."""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyrage
import pytest

from alpr_assets.access.record.entries import Outcome
from alpr_assets.access.roles import Role
from alpr_assets.lifecycle.evidence import verifying
from alpr_assets.lifecycle.releases.points import Point
from alpr_assets.policy import Policy
from alpr_assets.store import people
from alpr_assets.store.engine import writing
from alpr_assets.store.releases import release
from tests.console.test_incident_pages import Person, rows
from tests.lifecycle.releases.desks import KEY, OUTSIDE
from tests.live import STOLEN, Live, recorded_console

WHY = {"purpose": "stolen_vehicle", "case_number": "26-01234"}
WHAT = {"pattern": STOLEN, "since_at": "2026-06-14T20:00", "until_at": "2026-06-15T02:00"}
ASKED = {
    **WHY, **WHAT, "person": "Dana Cole", "person_title": "Detective", "asked_for": "robbery of 14 June", "statute": "Penal Code 211",
    "came_by": "e_mail", "came_at": "2026-06-15T08:00", "with_pictures": "1",
}  # fmt: skip
YES = {f"answer_{point.value}": "yes, it is so" for point in Point}
SHERIFF = {
    "name": "Contra Costa Sheriff", "kind": "law_enforcement", "jurisdiction": "california", "state": "CA", "ori": "CA0070000",
    "contact": "desk@example.gov", "reason": "their letterhead",
}  # fmt: skip
PDF = ("letter.pdf", b"%PDF-1.7 to the records desk", "application/pdf")


@pytest.fixture
def desk(tmp_path: Any, policy: Policy) -> Iterator[Live]:
    with recorded_console(tmp_path, policy) as opened:
        designate(opened)
        yield opened


def designate(live: Live) -> None:
    row = {
        "name": "Lt. Day", "title": "Lieutenant", "from_on": date(2026, 1, 1), "to_on": None, "file_name": "d.pdf",
        "sealed_day": date(2026, 1, 1), "sealed_sha256": "0" * 64, "recorded_at": live.clock.now,
        "recorded_by": live.console.member(Role.CUSTODIAN),
    }  # fmt: skip
    with writing(live.console.services.store.engine) as connection:
        connection.execute(people.designee.insert(), row)


def uploaded(who: Person, path: str, *, field: str = "letter", **fields: Any) -> Any:
    """A form with a file, sent; where it led, the page there."""
    token = who.live.console.form_token(who.browser)
    answer = who.browser.post(path, data={**fields, "form_token": token}, files={field: PDF})
    return who.browser.get(answer.headers["location"]) if answer.status_code == 303 else answer


def sent(who: Person, path: str, **fields: str) -> Any:
    answer = who.send(path, **fields)
    return who.browser.get(answer.headers["location"]) if answer.status_code == 303 else answer


def known(live: Live, **changes: str) -> str:
    """An agency that two people entered and verified; its id."""
    custodian, commander = Person(live, Role.CUSTODIAN), Person(live, Role.COMMANDER)
    page = sent(custodian, "/agencies", **{**SHERIFF, "recipient": str(KEY.to_public()), **changes}).text
    number = max(re.findall(r"/agencies/(\d+)/decide", page), key=int)
    assert "is not possible" not in page
    sent(commander, f"/agencies/{number}/decide", decision="verify", reason="called back")
    return str(number)


@pytest.mark.clause("422.7")
def test_from_a_letter_to_a_package_that_only_the_agency_opens(desk: Live, tmp_path: Path) -> None:
    officer, commander, custodian = Person(desk), Person(desk, Role.COMMANDER), Person(desk, Role.CUSTODIAN)
    number = known(desk)
    entered = uploaded(officer, "/releases/new", **ASKED, agency_id=number)
    assert "Release 1" in entered.text
    assert "letter.pdf" in entered.text
    assert "1 request of other agencies waits for review" in commander.get("/")
    assert "Take the package" not in custodian.get("/releases/1")
    early = custodian.send("/releases/1/fulfil")
    assert (early.status_code, "no approved release" in early.text) == (404, True)
    unanswered = commander.send(
        "/releases/1/decide", **WHY, **{**YES, "answer_need": ""}, decision="approve", reason="needed"
    )
    assert (unanswered.status_code, "not answered: need" in unanswered.text) == (400, True)
    wider = commander.send(
        "/releases/1/decide", **WHY, **{**WHAT, "until_at": "2026-06-15T03:00"}, **YES, decision="approve_less", reason="needed"
    )  # fmt: skip
    assert (wider.status_code, "more than what was asked for" in wider.text) == (400, True)
    less = {**WHAT, "until_at": "2026-06-14T21:25", "with_pictures": "1"}
    approved = sent(
        commander, "/releases/1/decide", **WHY, **less, **YES, decision="approve_less", reason="two of them do"
    )
    assert "It is a California public agency (Civ. Code 1798.90.55): yes, it is so" in approved.text
    assert commander.send("/releases/1/decide", **WHY, **YES, decision="approve", reason="again").status_code == 409
    packed = custodian.send("/releases/1/fulfil")
    assert packed.status_code == 200, packed.text
    assert STOLEN.encode() not in packed.content
    with tarfile.open(fileobj=io.BytesIO(pyrage.decrypt(packed.content, [KEY]))) as tar:
        tar.extractall(tmp_path / "there", filter="data")
    (bag,) = (tmp_path / "there").iterdir()
    assert verifying.verify(bag).status == 0
    assert len(list((bag / "data" / "covered").iterdir())) == 3  # of five: those until 21:25
    page = custodian.get("/releases/1")
    assert "3 captures, 3 reads; to be destroyed by 2027-06-15" in page
    done = sent(custodian, "/releases/1/decide", decision="destroyed", reason="their letter of 2 July")
    assert "their letter of 2 July" in done.text
    for who in (Person(desk, Role.AUDITOR), Person(desk, Role.ATTORNEY)):
        listed = who.get("/releases")
        assert "Contra Costa Sheriff" in listed
        assert STOLEN not in listed
        assert "Penal Code 211" in who.get("/releases/recipients?quarter=2026-Q2")
        csv = who.browser.get("/releases/recipients?quarter=2026-Q2&as=csv")
        assert csv.headers["content-type"].startswith("text/csv")
        assert "Contra Costa Sheriff,law_enforcement,Dana Cole" in csv.text
        assert STOLEN not in csv.text
    letter = commander.browser.get("/releases/1/letters/1")
    assert (letter.content, letter.headers["content-type"]) == (PDF[1], "application/pdf")
    assert "attachment" in letter.headers["content-disposition"]
    assert "None." in Person(desk).get("/releases")  # an officer sees what he entered


@pytest.mark.clause("422.7")
@pytest.mark.parametrize(("name", "kind", "jurisdiction", "state"), OUTSIDE)
def test_whoever_is_no_california_public_agency_gets_nothing_by_page(
    desk: Live, name: str, kind: str, jurisdiction: str, state: str
) -> None:
    number = known(desk, name=name, kind=kind, jurisdiction=jurisdiction, state=state, ori="")
    officer, commander, custodian = Person(desk), Person(desk, Role.COMMANDER), Person(desk, Role.CUSTODIAN)
    phone = {f"is_{point.value}": "1" for point in Point}
    for refused in (
        uploaded(officer, "/releases/new", **ASKED, agency_id=number),
        officer.send("/releases/exigent", **ASKED, **phone, agency_id=number, reason="now"),
        commander.send("/releases/exigent", **ASKED, **phone, agency_id=number, reason="now"),
        uploaded(custodian, "/releases/order", **ASKED, agency_id=number),
        uploaded(custodian, "/agencies/agreements", field="file", agency_id=number, title="Memorandum", from_on="2026-01-01", to_on="2026-12-31", scopes="plate"),
    ):  # fmt: skip
        assert refused.status_code == 403
    assert "California public agencies only" in refused.text
    last = [one for one in desk.console.recorder.entries if one.outcome is Outcome.REFUSED][-1]
    assert last.reasons == ("outside_agency", jurisdiction)
    assert rows(desk, release) == []
    assert "gets nothing" in custodian.get("/agencies")


@pytest.mark.clause("422.7")
def test_a_request_by_phone_goes_at_once_and_is_completed_in_writing(desk: Live) -> None:
    commander, custodian = Person(desk, Role.COMMANDER), Person(desk, Role.CUSTODIAN)
    number = known(desk)
    phone = {f"is_{point.value}": "1" for point in Point}
    partly = commander.send(
        "/releases/exigent", **ASKED, **{**phone, "is_need": ""}, agency_id=number, reason="a child was taken"
    )
    assert (partly.status_code, "not every point" in partly.text) == (400, True)
    assert 'value="Dana Cole"' in partly.text  # what was typed is still there
    taken = sent(commander, "/releases/exigent", **ASKED, **phone, agency_id=number, reason="a child was taken")
    assert "in writing by 2026-06-1" in taken.text
    assert custodian.send("/releases/1/fulfil").status_code == 200
    desk.clock.now += timedelta(hours=73)
    commander.browser = desk.console.browser(commander.member_id)
    assert "overdue since" in commander.get("/releases")
    assert "1 request by phone should be there in writing" in commander.get("/")
    late = commander.send("/releases/exigent", **ASKED, **phone, agency_id=number, reason="another")
    assert (late.status_code, "overdue in writing: 1" in late.text) == (409, True)
    done = uploaded(commander, "/releases/complete", **WHY, release_id="1", reason="as they said on the phone")
    assert "as they said on the phone" in done.text
    assert "(completion)" in done.text


@pytest.mark.clause("422.7")
def test_an_order_and_the_records_process_by_page(desk: Live) -> None:
    custodian, attorney = Person(desk, Role.CUSTODIAN), Person(desk, Role.ATTORNEY)
    court = known(desk, name="Superior Court", kind="court", ori="")
    ordered = uploaded(attorney, "/releases/order", **ASKED, agency_id=court)
    assert "the other one of custodian and city attorney decides" in ordered.text
    assert attorney.send("/releases/1/decide", decision="give_effect", reason="mine").status_code == 403
    assert (
        "served, and good"
        in sent(custodian, "/releases/1/decide", decision="give_effect", reason="served, and good").text
    )
    assert custodian.send("/releases/1/fulfil").status_code == 200
    library = known(desk, name="City Library", kind="other_public", ori="")
    routed = uploaded(Person(desk), "/releases/new", **ASKED, agency_id=library)
    assert "records process" in routed.text
    assert "answered by 2026-06-25" in routed.text
    closed = sent(custodian, "/releases/2/decide", decision="close", reason="denied under 7923.600")
    assert "denied under 7923.600" in closed.text


def test_who_has_none_of_it_gets_no_page(desk: Live) -> None:
    for role in (Role.ENGINEER, Role.ADMINISTRATOR, Role.TRAINING_COORDINATOR):
        who = Person(desk, role)
        for path in (
            "/releases",
            "/releases/new",
            "/releases/exigent",
            "/releases/order",
            "/releases/recipients",
            "/agencies",
        ):
            assert who.browser.get(path).status_code == 403, path
    custodian = Person(desk, Role.CUSTODIAN)
    assert custodian.browser.get("/releases/9").status_code == 404
    assert custodian.browser.get("/releases/recipients?quarter=2026-Q5").status_code == 400
    assert custodian.send("/releases/9/decide", decision="whatever", reason="none").status_code == 404
