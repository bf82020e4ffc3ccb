"""Watches by page: placed, previewed, approved, declined, extended, ended; who sees which; each step recorded (422.4(c), 422.4(e))."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from alpr_assets.access.record.entries import Outcome
from alpr_assets.access.roles import MAY, Action, Role
from alpr_assets.policy import Policy
from alpr_assets.store import schema
from alpr_assets.store.engine import reading
from alpr_assets.store.watches import watch
from tests.console.consoles import Browser, Console, open_console
from tests.live import drive
from tests.patrols import AT, Patrol

WHY = {"purpose": "stolen_vehicle", "case_number": "26-01234"}
PARTIAL = {"pattern": "8?YZ99*", "reason": "seen leaving the scene", "expires_on": "2026-06-20", "place": "1"}


@pytest.fixture
def driven(tmp_path: Path, policy: Policy) -> Iterator[Console]:
    """A console over a drive: five cars, 8XYZ990 to 8XYZ994, and a stolen one."""
    opened = open_console(tmp_path, policy)
    drive(Patrol(opened.services.store, tmp_path / "drops", policy, AT + timedelta(hours=12)))
    yield opened
    opened.close()


def send(console: Console, browser: Browser, path: str, **fields: Any) -> Any:
    return browser.post(path, data={"form_token": console.form_token(browser), **WHY, **fields})


def placed(console: Console, browser: Browser, **changes: Any) -> int:
    """A watch placed by the form; its past is matched by then."""
    answer = send(console, browser, "/watches/new", **{**PARTIAL, **changes})
    assert answer.status_code == 200, re.findall(r'role="alert">.*?</div>', answer.text, re.DOTALL)
    (found,) = set(re.findall(r'action="/watches/(\d+)"', answer.text))
    return int(found)


def row(console: Console, watch_id: int) -> Any:
    with reading(console.services.store.engine) as connection:
        return connection.execute(select(watch).where(watch.c.watch_id == watch_id)).one()


def told(console: Console) -> list[tuple[str, Outcome]]:
    return [(entry.action, entry.outcome) for entry in console.recorder.entries]


# ── placing ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("422.4(c)")
def test_a_partial_plate_is_placed_runs_and_has_its_past_matched(driven: Console):
    browser = driven.browser(Role.OFFICER)
    watch_id = placed(driven, browser, state="CA")
    assert told(driven) == [("place_watch", Outcome.DONE), ("view_hits", Outcome.ANSWERED)]
    act = driven.recorder.entries[0]
    assert (act.elements["pattern"], act.case_number) == ("8?YZ99*", "26-01234")
    kept = row(driven, watch_id)
    assert (kept.status, kept.state, kept.case_number, kept.purpose) == ("placed", "CA", "26-01234", "stolen_vehicle")
    shown = send(driven, browser, f"/watches/{watch_id}").text
    assert "any number, also none" in shown
    assert len(set(re.findall(r'action="/hits/(\d+)"', shown))) == 5
    assert {one.kind for one in driven.recorder.entries[-1].results} == {"watch", "watch_decision", "hit"}


def test_it_expires_at_the_end_of_the_day_that_was_given(driven: Console):
    kept = row(driven, placed(driven, driven.browser(Role.OFFICER)))
    assert kept.expires_at.astimezone(driven.services.policy.zone).isoformat() == "2026-06-21T00:00:00-07:00"


@pytest.mark.parametrize(
    ("where", "n_found"),
    [
        ({}, 5), ({"latitude_deg": "38.005", "longitude_deg": "-121.806", "radius_m": "100"}, 1),
        ({"south_deg": "38.0", "west_deg": "-121.82", "north_deg": "38.02", "east_deg": "-121.80"}, 3),
        ({"polygon": '{"type": "Polygon", "coordinates": [[[-122, 38.006], [-121, 38.006], [-121, 39], [-122, 39], [-122, 38.006]]]}'}, 2),
        ({"since_at": "2026-06-14T21:10", "until_at": "2026-06-14T21:30"}, 2),
    ],
    ids=["anywhere", "circle", "box", "polygon", "time"],
)  # fmt: skip
def test_a_watch_looks_where_and_when_its_form_says(driven: Console, where: dict[str, str], n_found: int):
    """Times are the department's: the drive began at 21:00 there."""
    watch_id = placed(driven, driven.browser(Role.OFFICER), **where)
    with reading(driven.services.store.engine) as connection:
        hits = connection.execute(select(schema.hit.c.hit_id).where(schema.hit.c.watch_id == watch_id)).all()
    assert len(hits) == n_found


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"pattern": "*9*"}, "would match too many"), ({"pattern": "8[X"}, "not closed"), ({"reason": ""}, "reason"),
        ({"expires_on": ""}, "until when"), ({"expires_on": "2027-06-20"}, "within 30 days"), ({"state": "C"}, "two letters"),
        ({"since_at": "2026-06-14T21:10", "until_at": "2026-06-14T21:00"}, "ends before it begins"),
        ({"since_at": "2026-03-08T02:30"}, "was skipped"), ({"since_at": "soon"}, "a time such as"),
        ({"latitude_deg": "38"}, "missing or no number"), ({"polygon": "here"}, "no JSON"), ({"polygon": "[]"}, "GeoJSON Polygon"),
        ({"latitude_deg": "38", "south_deg": "37"}, "more than one area"),
        ({"south_deg": "38", "west_deg": "1", "north_deg": "37", "east_deg": "2"}, "south is not below"),
        ({"covert": "1"}, "names another as its supervisor"), ({"kind": "1"}, "whole plate"),
        ({"case_number": ""}, "number is needed"), ({"purpose": "immigration"}, "refuses this purpose"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_and_what_was_typed_stays(driven: Console, wrong: dict[str, str], said: str):
    answer = send(driven, driven.browser(Role.OFFICER), "/watches/new", **{**PARTIAL, **wrong})
    assert answer.status_code in {400, 403}
    assert said in answer.text
    if "reason" not in wrong:
        assert 'value="seen leaving the scene"' in answer.text
    with reading(driven.services.store.engine) as connection:
        assert connection.execute(select(watch)).all() == []


@pytest.mark.clause("422.4(c)")
def test_how_many_a_pattern_would_match_is_an_ask_of_its_own_and_places_nothing(driven: Console):
    browser = driven.browser(Role.OFFICER)
    answer = send(driven, browser, "/watches/new", pattern="8?YZ99*", preview="1")
    assert "<strong>5 reads</strong>; 5 plates ever read fit" in answer.text
    (entry,) = driven.recorder.entries
    assert (entry.action, entry.outcome, entry.elements) == ("place_watch", Outcome.ANSWERED, {"pattern": "8?YZ99*"})
    assert entry.details == {"preview": True}
    assert "would match too many" in send(driven, browser, "/watches/new", pattern="*9*", preview="1").text


def test_what_a_pattern_means_is_told_while_it_is_typed_and_searches_nothing(driven: Console):
    browser = driven.browser(Role.OFFICER)
    said = send(driven, browser, "/watches/meaning", pattern="7?A*[08O]3").text
    assert re.findall(r'class="part">([^<]*)<', said) == [
        "7",
        "any one",
        "A",
        "any number, also none",
        "one of 0, 8, O",
        "3",
    ]
    assert "says as much as 3.7 known characters" in said
    assert "are needed" in send(driven, browser, "/watches/meaning", pattern="7*").text
    assert "not closed" in send(driven, browser, "/watches/meaning", pattern="7[").text
    assert driven.recorder.entries == []


def test_an_empty_form_proposes_a_week_and_says_nothing_of_no_pattern(driven: Console):
    browser = driven.browser(Role.OFFICER)
    assert 'value="2026-06-22"' in browser.get("/watches/new").text
    assert not send(driven, browser, "/watches/meaning", pattern=" ").text.strip()


@pytest.mark.clause("422.4(c)")
def test_a_line_of_the_departments_list_is_placed_with_owner_case_reason_and_expiry(driven: Console):
    kept = row(driven, placed(driven, driven.browser(Role.OFFICER), pattern="8XYZ990", kind="1"))
    assert (kept.kind, kept.case_number, kept.reason) == ("entry", "26-01234", "seen leaving the scene")


# ── deciding ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("422.4(c)")
def test_a_supervisor_finds_what_waits_and_approves_extends_and_ends_it(driven: Console):
    watch_id = placed(driven, driven.browser(Role.OFFICER))
    supervisor = driven.browser(Role.SUPERVISOR)
    listed = send(driven, supervisor, "/watches").text
    assert "Yours to decide" in listed
    where = f"/watches/{watch_id}/decide"
    assert "Approved" in send(driven, supervisor, where, decision="approve", reason="grounds are given").text
    assert row(driven, watch_id).status == "approved"
    done = send(driven, supervisor, where, decision="extend", reason="still wanted", expires_on="2026-06-25")
    assert "Extended" in done.text
    assert row(driven, watch_id).expires_at.date().isoformat() == "2026-06-26"
    ended = send(driven, supervisor, where, decision="end", reason="the car was found").text
    assert "its open hits ended" in ended
    assert row(driven, watch_id).status == "ended"
    with reading(driven.services.store.engine) as connection:
        hit = schema.hit.c
        assert set(connection.scalars(select(hit.status).where(hit.watch_id == watch_id))) == {"cancelled"}
    assert [one for one in told(driven) if one[0] != "view_hits"] == [("approve_watch", Outcome.DONE)] * 3
    again = send(driven, supervisor, where, decision="approve", reason="once more")
    assert (again.status_code, "ended already" in again.text) == (409, True)


def test_a_declined_watch_stops_and_says_so(driven: Console):
    watch_id = placed(driven, driven.browser(Role.OFFICER))
    supervisor = driven.browser(Role.SUPERVISOR)
    send(driven, supervisor, f"/watches/{watch_id}/decide", decision="decline", reason="too few grounds")
    assert row(driven, watch_id).status == "declined"
    assert "too few grounds" in send(driven, driven.browser(Role.OFFICER), f"/watches/{watch_id}").text


@pytest.mark.parametrize(
    "where",
    [{}, {"latitude_deg": "38.005", "longitude_deg": "-121.806", "radius_m": "100"},
     {"south_deg": "38.0", "west_deg": "-121.82", "north_deg": "38.02", "east_deg": "-121.80", "since_at": "2026-06-14T21:00"}],
    ids=["anywhere", "circle", "box and time"],
)  # fmt: skip
def test_a_stopped_watch_is_placed_again_as_it_was(driven: Console, where: dict[str, str]):
    """By who will answer for it: the new watch is his."""
    first = placed(driven, driven.browser(Role.OFFICER), state="CA", **where)
    driven.clock.move(hours=24)
    other = driven.browser(driven.member(Role.ANALYST))
    shown = send(driven, other, f"/watches/{first}").text
    form = re.search(r'action="/watches/new">(.*?)</form>', shown, re.DOTALL)
    assert form
    fields = {name: unescape(value) for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', form.group(1))}
    page = other.post("/watches/new", data=fields).text
    assert 'value="seen leaving the scene"' in page
    second = placed(driven, other, **{**fields, "expires_on": "2026-06-20"})
    before, after = row(driven, first), row(driven, second)
    for name in ("pattern", "state", "area", "since_at", "until_at", "reason", "purpose", "case_number", "kind"):
        assert getattr(before, name) == getattr(after, name), name
    assert before.owner_id != after.owner_id


def test_nobody_is_offered_a_decision_on_his_own_watch_nor_can_take_one(driven: Console):
    supervisor = driven.browser(Role.SUPERVISOR)
    watch_id = placed(driven, supervisor)
    shown = send(driven, supervisor, f"/watches/{watch_id}").text
    assert 'value="approve"' not in shown
    assert 'value="end_own"' in shown
    refused = send(driven, supervisor, f"/watches/{watch_id}/decide", decision="approve", reason="it is mine")
    assert refused.status_code == 403
    assert "own_watch" in driven.recorder.entries[-1].reasons
    assert (
        "Ended" in send(driven, supervisor, f"/watches/{watch_id}/decide", decision="end_own", reason="found it").text
    )


def test_a_decision_that_is_none_is_told(driven: Console):
    watch_id = placed(driven, driven.browser(Role.OFFICER))
    supervisor = driven.browser(Role.SUPERVISOR)
    where = f"/watches/{watch_id}/decide"
    for wrong in ({"decision": "bless"}, {"decision": "approve"}, {"decision": "extend", "reason": "still wanted"}):
        assert send(driven, supervisor, where, **wrong).status_code in {400, 409}
    assert row(driven, watch_id).n_decisions == 1


# ── who sees which ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("422.4(e)")
@pytest.mark.parametrize("role", list(Role))
def test_a_covert_watch_its_hits_and_its_counts_are_shown_to_whom_it_is_for(driven: Console, role: Role):
    """On every page that shows watches or hits, by row, by number and by sum."""
    named = driven.member(Role.SUPERVISOR)
    watch_id = placed(driven, driven.browser(Role.ANALYST), covert="1", supervisor_id=named)
    placed(driven, driven.browser(Role.ANALYST), pattern="8XYZ990")
    browser = driven.browser(driven.member(role))
    listed, alone = send(driven, browser, "/watches"), send(driven, browser, f"/watches/{watch_id}")
    decided = send(driven, browser, f"/watches/{watch_id}/decide", decision="end", reason="to see what happens")
    if role in {Role.COMMANDER, Role.AUDITOR}:
        assert "8?YZ99*" in listed.text
        assert alone.status_code == 200
        return
    if not MAY[role] & {Action.VIEW_HITS, Action.READ_RECORD}:
        assert {listed.status_code, alone.status_code, decided.status_code} == {403}
        return
    assert "8?YZ99*" not in listed.text
    assert "1 watch, looked at" in listed.text
    assert alone.status_code == 404
    assert decided.status_code in {403, 404}
    queue = send(driven, browser, "/hits", standing="any").text
    assert "8?YZ99*" not in queue
    with reading(driven.services.store.engine) as connection:
        hit = schema.hit.c
        total = connection.execute(select(hit.hit_id, hit.watch_id)).all()
        hidden = {one.hit_id for one in total if one.watch_id == watch_id}
    seen = {one.id for entry in driven.recorder.entries for one in entry.results if one.kind == "hit"}
    assert len(hidden) == 5
    assert not seen & hidden
    assert len(seen) == len(total) - len(hidden)
    for hit_id in hidden:
        assert send(driven, browser, f"/hits/{hit_id}").status_code == 404


@pytest.mark.clause("422.4(e)")
@pytest.mark.parametrize("role", [Role.OFFICER, Role.ANALYST, Role.SUPERVISOR, Role.COMMANDER])
def test_who_a_covert_watch_names_sees_it_with_its_hits(driven: Console, role: Role):
    named = driven.member(Role.SUPERVISOR)
    owner = driven.browser(driven.member(role))
    watch_id = placed(driven, owner, covert="1", supervisor_id=named)
    for browser in (owner, driven.browser(named)):
        shown = send(driven, browser, f"/watches/{watch_id}")
        assert len(set(re.findall(r'action="/hits/(\d+)"', shown.text))) == 5


def test_the_auditor_sees_every_watch_without_a_case_and_no_hit(driven: Console):
    watch_id = placed(driven, driven.browser(Role.OFFICER))
    browser = driven.browser(Role.AUDITOR)
    token = driven.form_token(browser)
    assert 'name="case_number"' not in browser.get("/watches").text
    assert "8?YZ99*" in browser.post("/watches", data={"form_token": token}).text
    shown = browser.post(f"/watches/{watch_id}", data={"form_token": token}).text
    assert "/hits/" not in shown
    assert told(driven) == [("read_record", Outcome.ANSWERED)] * 2


@pytest.mark.parametrize("path", ["/watches", "/watches/1"])
def test_nothing_is_shown_before_why_is_stated(driven: Console, path: str):
    placed(driven, driven.browser(Role.OFFICER))
    browser = driven.browser(Role.OFFICER)
    assert "8?YZ99*" not in browser.get(path).text
    assert driven.recorder.entries == []
    refused = send(driven, browser, path, case_number="")
    assert (refused.status_code, "8?YZ99*" in refused.text) == (403, False)


@pytest.mark.parametrize("role", [Role.CUSTODIAN, Role.AUDITOR])
def test_who_places_none_is_offered_no_form(driven: Console, role: Role):
    browser = driven.browser(role)
    assert "/watches/new" not in browser.get("/watches").text
    assert browser.get("/watches/new").status_code == 403


def test_what_cannot_be_recorded_is_not_placed(driven: Console):
    browser = driven.browser(Role.OFFICER)
    token = driven.form_token(browser)
    driven.recorder.broken = True
    try:
        answer = browser.post("/watches/new", data={"form_token": token, **WHY, **PARTIAL})
    finally:
        driven.recorder.broken = False
    assert answer.status_code == 503
    with reading(driven.services.store.engine) as connection:
        assert connection.execute(select(watch)).all() == []
