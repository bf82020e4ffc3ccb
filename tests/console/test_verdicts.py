"""Verdicts by page: what a form means, who decides first, and what a supervisor is told (422.4(f))."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpr_assets.access.record.entries import Outcome
from alpr_assets.access.roles import Role
from alpr_assets.console.pages.verdicts import SAID, local_instant
from alpr_assets.errors import MalformedError
from alpr_assets.lifecycle.hits.moves import ENDS, Kind
from alpr_assets.policy import Policy
from alpr_assets.store import verdicts
from tests.console.hit_pages import PLATE, YES, HitPages, clets, decide, hit_pages, send
from tests.patrols import watch

ZONE = ZoneInfo("America/Los_Angeles")


@pytest.fixture
def pages(tmp_path: Path, policy: Policy) -> Iterator[HitPages]:
    with hit_pages(tmp_path, policy) as opened:
        yield opened


def status(pages: HitPages, hit_id: int) -> str:
    return next(hit.status for hit in pages.patrol.hits() if hit.hit_id == hit_id)


# ── the way ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("422.4(f)")
def test_three_answers_and_a_result_make_a_hit_actionable_and_each_is_recorded(pages: HitPages):
    (hit_id,) = pages.raised(PLATE)
    browser = pages.console.browser(Role.OFFICER)
    confirmed = decide(pages, browser, hit_id, swap=True, **YES, note="white sedan")
    assert "Next: ask CLETS" in confirmed.text
    assert "<html" not in confirmed.text, "an open page changes in place"
    actionable = decide(pages, browser, hit_id, swap=True, **clets(pages))
    assert "ACTIONABLE" in actionable.text
    assert 'data-seconds="1799"' in actionable.text
    assert status(pages, hit_id) == "actionable"
    told = [(entry.action, entry.outcome, entry.case_number) for entry in pages.console.recorder.entries]
    assert told == [
        ("verify_hit", Outcome.DONE, "26-01234"), ("view_hits", Outcome.ANSWERED, "26-01234"),
    ] * 2  # fmt: skip
    pages.console.clock.move(minutes=20)
    browser.get("/")
    pages.console.clock.move(minutes=11)
    lapsed = send(pages.console, browser, f"/hits/{hit_id}").text
    assert "LAPSED" in lapsed
    assert "ACTIONABLE" not in lapsed


@pytest.mark.parametrize(
    ("answers", "more", "ends"),
    [
        ({"state": "no"}, {"note": "Nevada"}, "wrong_state"),
        ({"plate": "no"}, {"reading_plate": "7abc 128", "reading_reason": "an 8 at the end"}, "misread"),
        ({"plate": "no", "state": "no"}, {"reading_plate": "1X", "reading_state": "nv", "reading_reason": "clear"}, "misread"),
        ({"vehicle": "no"}, {"vehicle_reason": "listed as a truck", "note": "a sedan"}, "dismissed"),
    ],
)  # fmt: skip
def test_what_the_picture_shows_decides_how_a_hit_ends(pages: HitPages, answers, more, ends: str):
    (hit_id,) = pages.raised(PLATE)
    browser = pages.console.browser(Role.OFFICER)
    answer = decide(pages, browser, hit_id, **{**YES, **answers, **more})
    assert answer.status_code == 200
    assert status(pages, hit_id) == ends
    assert "at an end" in answer.text
    assert "/verdict" not in answer.text
    assert len(pages.patrol.rows(verdicts.read_correction)) == (ends == "misread")
    (move,) = pages.patrol.rows(verdicts.hit_move)
    seen = {"plate": move.plate_agrees, "state": move.state_agrees, "vehicle": move.vehicle_agrees}
    assert seen == {question: answers.get(question) != "no" for question in seen}
    assert (move.note, move.reason) == (more.get("note"), more.get("vehicle_reason"))


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"plate": ""}, "question about the plate is not answered"), ({"vehicle": "maybe"}, "question about the vehicle"),
        ({"plate": "no"}, "letters and digits"), ({"plate": "no", "reading_plate": PLATE, "reading_reason": "same"}, "listed plate"),
        ({"plate": "no", "reading_plate": "1X"}, "reason has"), ({"vehicle": "no"}, "reason has"),
        ({"read_id": "1"}, "rests on another read"),
        ({"read_id": "1", "vehicle": "no", "vehicle_reason": "a truck"}, "rests on another read"),
        ({"verdict": "explode"}, "no such verdict"), ({"read_id": "x"}, "a number"),
    ],
)  # fmt: skip
def test_what_is_not_taken_says_why_and_keeps_what_was_typed(pages: HitPages, wrong, told: str):
    (hit_id,) = pages.raised(PLATE)
    browser = pages.console.browser(Role.OFFICER)
    answer = decide(pages, browser, hit_id, swap=True, **{**YES, "note": "grey roof", **wrong})
    assert answer.status_code in {400, 409}
    assert told in answer.text
    assert "grey roof" in answer.text
    assert status(pages, hit_id) == "raised"


def test_clets_before_the_picture_is_refused_unless_it_ends_the_hit(pages: HitPages):
    (hit_id,) = pages.raised(PLATE)
    browser = pages.console.browser(Role.OFFICER)
    refused = decide(pages, browser, hit_id, **clets(pages))
    assert refused.status_code == 409
    assert "three questions" in refused.text
    for wrong in (
        {"reference": "a b"},
        {"operator": "7"},
        {"clets_at": ""},
        {"clets_at": "2026-06-15T11:00:00Z"},
        {"result": ""},
    ):
        assert decide(pages, browser, hit_id, **clets(pages, **wrong)).status_code == 400
    assert decide(pages, browser, hit_id, **clets(pages, result="recovered")).status_code == 200
    assert status(pages, hit_id) == "recovered"


def test_a_duplicate_names_the_hit_that_is_acted_on(pages: HitPages):
    first, second = pages.raised(PLATE, raw=watch(f"{PLATE}/CA", f"{PLATE}/NV"))
    browser = pages.console.browser(Role.OFFICER)
    assert decide(pages, browser, first, verdict="duplicate", of_hit=first).status_code == 409
    assert decide(pages, browser, first, verdict="duplicate", of_hit=second).status_code == 200
    assert status(pages, first) == "duplicate"


def test_a_corrected_plate_that_is_listed_itself_is_offered(pages: HitPages):
    (hit_id,) = pages.raised(PLATE, "8XYZ999")
    browser = pages.console.browser(Role.OFFICER)
    told = {"plate": "no", "reading_plate": "8XYZ999", "reading_reason": "another car"}
    answer = decide(pages, browser, hit_id, swap=True, **{**YES, **told})
    raised = pages.patrol.hits()[-1].hit_id
    assert raised != hit_id
    assert f"Open hit {raised}" in answer.text


# ── two at once ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_second_of_two_is_told_and_sent_twice_is_done_once(pages: HitPages):
    (hit_id,) = pages.raised(PLATE)
    one, other = pages.console.browser(Role.OFFICER), pages.console.browser(Role.DISPATCHER)
    assert decide(pages, one, hit_id, **YES).status_code == 200
    for browser in (one, other):
        late = decide(pages, browser, hit_id, swap=True, **YES)
        assert late.status_code == 409
        assert f"hit {hit_id} is picture_confirmed" in late.text
        assert "Pat Officer" in late.text, "who was first"
        assert 'value="confirmed"' in late.text, "and what is next"
    assert len(pages.patrol.rows(verdicts.hit_move)) == 1


def test_of_many_at_the_same_time_one_decides(pages: HitPages):
    (hit_id,) = pages.raised(PLATE)
    browsers = [pages.console.browser(pages.console.member(Role.OFFICER)) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda browser: decide(pages, browser, hit_id, **YES).status_code, browsers))
    assert sorted(found) == [200, 409, 409, 409]


# ── what a supervisor is told ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("422.4(f)")
def test_acting_without_clets_waits_for_a_supervisor_who_says_that_he_saw_it(pages: HitPages):
    (hit_id,) = pages.raised(PLATE)
    officer, supervisor = pages.console.browser(Role.OFFICER), pages.console.browser(Role.SUPERVISOR)
    decide(pages, officer, hit_id, **YES)
    acted = decide(pages, officer, hit_id, verdict="not_practicable", reason="no radio in the tunnel")
    assert "NOT confirmed by CLETS:" in acted.text
    assert "no radio in the tunnel" not in send(pages.console, officer, "/hits").text
    assert send(pages.console, officer, "/hits/notices", notice_id="1").status_code == 403
    told = send(pages.console, supervisor, "/hits").text
    assert "no radio in the tunnel" in told
    assert "Pat Officer" in told
    assert "no radio in the tunnel" not in send(pages.console, supervisor, "/hits/notices", notice_id="1").text
    assert send(pages.console, supervisor, "/hits/notices", notice_id="1").status_code == 409
    assert send(pages.console, supervisor, "/hits/notices", notice_id="9").status_code == 404


def test_nobody_sees_to_his_own_notice(pages: HitPages):
    (hit_id,) = pages.raised(PLATE)
    supervisor = pages.console.browser(Role.SUPERVISOR)
    decide(pages, supervisor, hit_id, **YES)
    decide(pages, supervisor, hit_id, verdict="not_practicable", reason="no radio in the tunnel")
    assert "Another supervisor sees to it" in send(pages.console, supervisor, "/hits").text
    assert send(pages.console, supervisor, "/hits/notices", notice_id="1").status_code == 403


# ── times of a wall clock ──────────────────────────────────────────────────────────────────────────────────────────


@given(st.datetimes(datetime(2020, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - bounds
def test_what_the_wall_clock_shows_now_is_never_of_the_future_nor_an_hour_ago(at: datetime):
    """Also in the hour that comes twice."""
    at = at.replace(microsecond=0)
    said = local_instant(at.astimezone(ZONE).strftime("%Y-%m-%dT%H:%M:%S"), ZONE, at)
    assert said == at


def test_an_hour_that_summer_time_skips_is_no_time():
    now = datetime(2026, 3, 8, 12, tzinfo=UTC)
    with pytest.raises(MalformedError, match="skipped"):
        local_instant("2026-03-08T02:30", ZONE, now)
    assert local_instant("2026-03-08T03:30", ZONE, now) == now - timedelta(hours=1, minutes=30)


@given(st.text(max_size=30))
def test_what_is_no_time_is_refused_as_such(text: str):
    try:
        found = local_instant(text, ZONE, datetime(2026, 6, 15, tzinfo=UTC))
    except MalformedError:
        return
    assert found.utcoffset() == timedelta(0)


def test_every_end_of_a_persons_move_is_told_in_words():
    by_system = {Kind.LAPSE, Kind.ENTRY_ENDED}
    assert set(SAID) == {end for kind, end in ENDS.items() if kind not in by_system}
