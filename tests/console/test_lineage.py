"""A read's lineage by page and by API: from where the read is shown, each as far as he may see it, and what is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from alpr_assets.access.record.entries import Outcome
from alpr_assets.access.roles import Role
from alpr_assets.policy import Policy
from tests.console.api.conftest import ask, program
from tests.console.hit_pages import send
from tests.console.test_incident_pages import Person
from tests.live import STOLEN, Live, recorded_console

WHY = {"purpose": "stolen_vehicle", "case_number": "26-01234"}


@pytest.fixture(scope="module")
def drive(tmp_path_factory: pytest.TempPathFactory, policy: Policy) -> Iterator[Live]:
    with recorded_console(tmp_path_factory.mktemp("lineage"), policy) as opened:
        yield opened


def stolen(live: Live) -> Any:
    return next(row for row in live.patrol.reads() if row.plate == STOLEN)


def test_from_a_plates_history_a_read_is_traced_to_who_was_shown_it(drive: Live) -> None:
    commander = Person(drive, Role.COMMANDER)
    found = commander.send("/search/plate", **WHY, plate=STOLEN).text
    (read_id, *_) = re.findall(r'action="/search/lineage">.*?name="read_id" value="(\d+)"', found, re.DOTALL)
    drive.console.recorder.entries.clear()
    page = commander.send("/search/lineage", **WHY, read_id=read_id)
    assert page.status_code == 200
    for part in ("It is in the store", "Captured by", "Landed with drop", "Hit ", "plate history", STOLEN):
        assert part in page.text, part
    (entry,) = drive.console.recorder.entries
    assert (entry.action, entry.outcome, entry.elements) == ("trace_read", Outcome.ANSWERED, {"read_id": int(read_id)})
    assert {one.kind for one in entry.results} >= {"read", "capture", "hit", "entry"}


def test_a_hit_and_a_picture_lead_to_the_lineage_of_their_read(drive: Live) -> None:
    analyst, read = Person(drive, Role.ANALYST), stolen(drive)
    (hit, *_) = drive.patrol.hits()
    assert 'action="/search/lineage"' in analyst.send(f"/hits/{hit.hit_id}", **WHY).text
    told = {**WHY, "day": str(read.day), "capture_id": str(read.capture_id), "read_id": str(read.read_id)}
    assert 'action="/search/lineage"' in analyst.send("/search/picture", **told).text
    assert 'action="/search/lineage"' not in Person(drive).send("/search/picture", **told).text


@pytest.mark.clause("422.6(a)")
def test_an_auditors_page_and_answer_hold_no_plate(drive: Live) -> None:
    auditor = Person(drive, Role.AUDITOR)
    page = auditor.send("/search/lineage", **WHY, read_id=str(stolen(drive).read_id)).text
    assert "You trace by numbers" in page
    said = ask(program(drive, auditor.member_id), "lineage", read_id=stolen(drive).read_id)
    assert said.json()["is_there"] is True
    for text in (page, said.text):
        assert STOLEN not in text
        assert "38.0050" not in text


def test_what_is_no_number_or_never_was_is_told_where_it_was_typed(drive: Live) -> None:
    analyst = Person(drive, Role.ANALYST)
    for typed, status, told in (("", 400, "named by its number"), ("7ABC", 400, "a number"), ("99", 404, "never was")):
        page = analyst.send("/search/lineage", **WHY, read_id=typed)
        assert (page.status_code, told in page.text) == (status, True), typed
        assert 'name="case_number" value="26-01234"' in page.text
    refused = analyst.send("/search/lineage", purpose="immigration", case_number="26-01234", read_id="99")
    assert refused.status_code == 403
    assert send(drive.console, Person(drive).browser, "/search/lineage", **WHY, read_id="99").status_code == 403


def test_the_api_answers_sections_of_steps_with_the_receipt(drive: Live) -> None:
    answer = ask(program(drive), "lineage", read_id=stolen(drive).read_id)
    said = answer.json()
    assert answer.headers["ALPR-Receipt"]
    names = [section["name"] for section in said["sections"]]
    assert names[:4] == ["picture", "drop", "recognition", "reads"]
    (read,) = next(section for section in said["sections"] if section["name"] == "reads")["steps"]
    assert read["facts"]["plate"] == STOLEN
    assert ask(program(drive), "lineage").status_code == 400
    assert ask(program(drive), "lineage", read_id=99).status_code == 404
