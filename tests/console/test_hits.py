"""The queue and one hit: what is shown to whom, recorded as what, and never to who may not (422.4(e), 422.4(f))."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from alpr_assets.access.record.entries import Outcome
from alpr_assets.access.roles import Role
from alpr_assets.lifecycle.worker_state import beat
from alpr_assets.policy import Policy
from alpr_assets.store import people, schema
from alpr_assets.store.engine import writing
from tests.builders import own_list
from tests.console.hit_pages import PLATE, WHY, YES, HitPages, clets, decide, hit_pages, listed, send
from tests.patrols import seen


@pytest.fixture
def pages(tmp_path: Path, policy: Policy) -> Iterator[HitPages]:
    with hit_pages(tmp_path, policy) as opened:
        yield opened


# ── the queue ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("422.4(a)")
def test_each_showing_is_one_record_with_what_left(pages: HitPages):
    (hit_id,) = pages.raised(PLATE)
    browser = pages.console.browser(Role.OFFICER)
    assert PLATE not in browser.get("/hits").text, "purpose and number come first"
    assert not pages.console.recorder.entries
    for path in ("/hits", "/hits/refresh"):
        assert listed(send(pages.console, browser, path, standing="raised").text) == [hit_id]
    for entry in pages.console.recorder.entries:
        assert (entry.action, entry.outcome, entry.case_number) == ("view_hits", Outcome.ANSWERED, "26-01234")
        assert [(one.kind, one.id) for one in entry.results] == [("hit", hit_id)]
        assert entry.elements == {"standing": "raised"}


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"purpose": ""}, "none of the policy"), ({"case_number": ""}, "number is needed"),
        ({"purpose": "immigration"}, "refuses this purpose"), ({"standing": "nowhere"}, "no such choice"),
        ({"since": "soon"}, "a date"), ({"source": "restricted"}, "no such choice"),
    ],
)  # fmt: skip
def test_a_showing_that_is_refused_says_why_and_shows_nothing(pages: HitPages, wrong: dict[str, str], told: str):
    pages.raised(PLATE)
    answer = send(pages.console, pages.console.browser(Role.OFFICER), "/hits", **wrong)
    assert answer.status_code in {400, 403}
    assert told in answer.text
    assert PLATE not in answer.text


def test_filters_narrow_the_queue_and_a_tolerant_match_is_possible_only(pages: HitPages):
    (exact,) = pages.raised(PLATE)
    (near,) = pages.raised("8XYZ991", read="8XYZ998", name="other.csv")
    browser = pages.console.browser(Role.OFFICER)

    def shown(**fields: str) -> list[int]:
        return listed(send(pages.console, browser, "/hits", **fields).text)

    assert shown() == [exact, near], "in the order to look"
    assert shown(match_kind="edit1") == [near]
    assert shown(source="state") == shown(standing="ended") == shown(alerted="held_back") == []
    assert shown(category="stolen_property_recovery", alerted="alerted", standing="any") == [exact, near]
    assert shown(until="2026-06-13") == []
    text = send(pages.console, browser, "/hits", match_kind="edit1").text
    assert "<mark>8</mark>" in text
    assert re.search(r"possible</span>\s*<span class=\"plate\">8XYZ99<mark>8</mark></span>", text)


def test_the_queue_shows_no_more_than_its_rows_and_records_those_only(pages: HitPages, monkeypatch: pytest.MonkeyPatch):
    pages.raised(PLATE)
    (newest,) = pages.raised("8XYZ991", name="other.csv")
    monkeypatch.setattr("alpr_assets.console.pages.hits.ROWS", 1)
    answer = send(pages.console, pages.console.browser(Role.OFFICER), "/hits")
    assert "The first 1 of 2" in answer.text
    assert [one.id for one in pages.console.recorder.entries[-1].results] == listed(answer.text)
    assert newest


def test_what_is_over_is_shown_of_the_last_month_unless_a_date_is_given(pages: HitPages):
    (hit_id,) = pages.raised(PLATE)
    decide(pages, pages.console.browser(Role.OFFICER), hit_id, verdict="dismiss", reason="an exercise")
    pages.console.clock.move(days=40)
    browser = pages.console.browser(Role.OFFICER)
    answer = send(pages.console, browser, "/hits", standing="ended")
    assert listed(answer.text) == []
    assert 'name="since" type="date" value="2026-06-25"' in answer.text
    assert listed(send(pages.console, browser, "/hits", standing="ended", since="2026-06-01").text) == [hit_id]


def test_a_part_of_a_page_that_is_refused_is_a_problem_and_no_page(pages: HitPages):
    """An open page puts what it gets where a part was."""
    browser = pages.console.browser(Role.OFFICER)
    fields = {"form_token": pages.console.form_token(browser), "purpose": "stolen_vehicle"}
    headers = {"hx-target": "queue", "hx-request": "true", "sec-fetch-mode": "cors"}
    answer = browser.post("/hits/refresh", data=fields, headers=headers)
    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"


def test_what_a_page_asks_by_itself_and_is_refused_fills_no_record(pages: HitPages):
    browser = pages.console.browser(Role.ENGINEER)
    assert browser.get("/hits/banner").status_code == browser.get("/hits/stream?since=0-0").status_code == 403
    assert not pages.console.recorder.entries


def test_an_export_of_the_queue_is_what_it_shows(pages: HitPages):
    pages.raised(PLATE)
    pages.raised("8XYZ991", read="8XYZ998", name="other.csv")
    browser = pages.console.browser(Role.ANALYST)
    taken = send(pages.console, browser, "/exports/take", search="view_hits", format="csv", match_kind="exact")
    assert PLATE in taken.text
    assert "8XYZ99" not in taken.text


def test_precision_by_match_kind_is_of_verdicts(pages: HitPages):
    (hit_id,) = pages.raised(PLATE)
    browser = pages.console.browser(Role.OFFICER)
    assert "Right in the last" not in send(pages.console, browser, "/hits").text
    decide(pages, browser, hit_id, **YES)
    assert re.search(r"exact 100 % \(\d+–100 %, 1 verdict\)", send(pages.console, browser, "/hits").text)


# ── one hit ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_hit_opens_with_its_picture_and_each_is_a_record_of_its_own(pages: HitPages):
    (hit_id,) = pages.raised(PLATE)
    browser = pages.console.browser(Role.OFFICER)
    asked = browser.get(f"/hits/{hit_id}").text
    assert PLATE not in asked, "a link says nothing before a purpose is stated"
    assert not pages.console.recorder.entries
    opened = send(pages.console, browser, f"/hits/{hit_id}")
    assert opened.text.count("data:image/") == 2
    assert [(e.action, e.outcome) for e in pages.console.recorder.entries] == [
        ("view_hits", Outcome.ANSWERED), ("open_image", Outcome.ANSWERED),
    ]  # fmt: skip
    assert 'value="confirmed"' not in opened.text, "CLETS comes after the picture"
    assert "not_practicable" not in opened.text


@pytest.mark.clause("422.4(f)")
def test_a_stale_list_is_loud_and_acting_without_clets_is_explained_away(pages: HitPages):
    (hit_id,) = pages.raised(PLATE)
    browser = pages.console.browser(Role.OFFICER)
    decide(pages, browser, hit_id, **YES)
    fresh = send(pages.console, browser, f"/hits/{hit_id}").text
    assert 'value="not_practicable"' in fresh
    pages.console.clock.move(hours=25)
    browser = pages.console.browser(Role.OFFICER)
    stale = send(pages.console, browser, f"/hits/{hit_id}").text
    assert "The list is stale: 25 h old" in stale
    assert "Acting without CLETS is blocked" in stale
    assert 'value="not_practicable"' not in stale
    assert "STALE" in browser.get("/hits/banner").text
    refused = decide(pages, browser, hit_id, verdict="not_practicable", reason="radio is down")
    assert refused.status_code == 409
    assert "stale" in refused.text


def test_a_custodian_looks_and_does_not_decide(pages: HitPages):
    (hit_id,) = pages.raised(PLATE)
    browser = pages.console.browser(Role.CUSTODIAN)
    opened = send(pages.console, browser, f"/hits/{hit_id}").text
    assert "Your role does not decide on hits" in opened
    assert "/verdict" not in opened
    assert decide(pages, browser, hit_id, **YES).status_code == 403
    assert pages.patrol.hits()[0].status == "raised"


def test_the_banner_says_whether_the_system_is_at_work(pages: HitPages):
    browser = pages.console.browser(Role.OFFICER)
    told = browser.get("/hits/banner").text
    assert "no read yet" in told
    assert "no worker" in told
    assert "no hot list in force" in told
    pages.raised(PLATE)
    engine, clock = pages.console.services.store.engine, pages.console.clock
    with writing(engine) as connection:
        beat(connection, clock.now)
    told = browser.get("/").text
    assert "worker alive" in told
    assert "List stolen" in told
    clock.move(minutes=2)
    assert "Worker down since" in browser.get("/hits/banner").text
    member = pages.console.members[Role.OFFICER]
    pages.set(people.member_source, people.member_source.c.member_id == member, revoked_at=clock.now, revoked_by=member)
    assert "List stolen" not in browser.get("/hits/banner").text


def test_the_last_read_is_the_newest_picture_s_whatever_was_read_last(pages: HitPages):
    """A backlog is read from its newest end."""
    for seconds in (120, 60):
        pages.patrol.read(seen(PLATE, seconds=seconds))
    newest = max(row.captured_at for row in pages.patrol.rows(schema.read))
    shown = newest.astimezone(pages.console.services.policy.zone).strftime("%Y-%m-%d %H:%M:%S")
    assert f"Last read <strong>{shown}" in pages.console.browser(Role.OFFICER).get("/hits/banner").text


# ── who may not ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("422.4(e)")
@pytest.mark.parametrize("hidden", ["federal", "restricted", "covert"])
def test_a_hit_that_he_may_not_see_is_as_one_that_does_not_exist(pages: HitPages, hidden: str):
    if hidden == "covert":
        hit_id, _ = pages.covert_hit(PLATE)
    else:
        (hit_id,) = pages.raised(PLATE)
        changes = {"source": "federal"} if hidden == "federal" else {"restricted": True}
        pages.set(schema.hit, schema.hit.c.hit_id == hit_id, **changes)
    browser = pages.console.browser(Role.OFFICER)
    queue = send(pages.console, browser, "/hits", standing="any")
    assert listed(queue.text) == []
    assert "since=0-0" in queue.text, "not even a number tells of it"
    assert PLATE not in queue.text
    for path, fields in (("/hits/{}", {}), ("/hits/{}/verdict", {**YES, "read_id": "1"})):
        found = send(pages.console, browser, path.format(hit_id), **fields)
        unknown = send(pages.console, browser, path.format(999), **fields)
        assert (found.status_code, unknown.status_code) == (404, 404)
        assert found.text.replace(f"no hit {hit_id}", "") == unknown.text.replace("no hit 999", "")


@pytest.mark.clause("422.4(e)")
def test_a_covert_watchs_hit_is_shown_to_its_owner_its_supervisor_and_the_commander(pages: HitPages):
    hit_id, (owner, supervisor) = pages.covert_hit(PLATE)
    for who in (owner, supervisor, Role.COMMANDER):
        browser = pages.console.browser(who)
        assert listed(send(pages.console, browser, "/hits").text) == [hit_id]
        assert send(pages.console, browser, f"/hits/{hit_id}").status_code == 200
    assert listed(send(pages.console, pages.console.browser(Role.SUPERVISOR), "/hits").text) == []


@pytest.mark.parametrize("path", ["/hits", "/hits/refresh", "/hits/1", "/hits/1/verdict", "/hits/notices"])
def test_without_the_forms_token_nothing_is_shown_nor_done(pages: HitPages, path: str):
    pages.raised(PLATE)
    browser = pages.console.browser(Role.SUPERVISOR)
    answer = browser.post(path, data={**WHY, **YES, "read_id": "1", "notice_id": "1"})
    assert answer.status_code == 403
    assert PLATE not in answer.text
    assert not pages.console.recorder.entries


@pytest.mark.clause("422.4(d)")
def test_training_that_ends_meanwhile_ends_the_work(pages: HitPages):
    (hit_id,) = pages.raised(PLATE)
    browser = pages.console.browser(Role.OFFICER)
    assert send(pages.console, browser, f"/hits/{hit_id}").status_code == 200
    pages.console.withdraw_training(pages.console.members[Role.OFFICER])
    for path in ("/hits", "/hits/refresh", f"/hits/{hit_id}"):
        answer = send(pages.console, browser, path)
        assert answer.status_code == 403
        assert PLATE not in answer.text
    assert decide(pages, browser, hit_id, **YES).status_code == 403
    assert pages.patrol.hits()[0].status == "raised"


@pytest.mark.clause("422.4(e)")
def test_the_page_says_who_answers_for_an_entry_of_the_departments_list(pages: HitPages):
    (hit_id,) = pages.raised(PLATE)
    text = send(pages.console, pages.console.browser(Role.OFFICER), f"/hits/{hit_id}").text
    for label, said in (
        ("Reason", "stolen tools"), ("Case of the entry", "26-01234"), ("Answers for it", "A. Ruiz"),
        ("Approved by", "Lt. Okada"), ("In force to", "2026-06-29"),
    ):  # fmt: skip
        assert f"<dt>{label}</dt><dd>{said}</dd>" in text


EVIL = '"><img src=x onerror=alert(1)><script>alert(2)</script>'


def test_what_others_wrote_is_text_and_no_markup(pages: HitPages):
    """A list's details, a device's name, a note, a reason, an operator's words: none of them is ours."""
    quoted = EVIL.replace('"', '""')
    raw = own_list(f'{PLATE},"{quoted}",CA')
    (hit_id,) = pages.raised(PLATE, raw=raw)
    pages.set(schema.device, schema.device.c.device_id == "unit-12-front", name=EVIL)
    supervisor, officer = pages.console.browser(Role.SUPERVISOR), pages.console.browser(Role.OFFICER)
    decide(pages, officer, hit_id, **YES, note=EVIL)
    decide(pages, officer, hit_id, verdict="not_practicable", reason=EVIL)
    shown = send(pages.console, supervisor, f"/hits/{hit_id}").text
    assert html.escape(EVIL, quote=False).partition(">")[2].partition("=")[0] in shown.replace("&#34;", '"')
    for text in (
        shown,
        send(pages.console, supervisor, "/hits").text,
        decide(pages, officer, hit_id, verdict=EVIL).text,
    ):
        assert "<img src=x" not in text
        assert "<script>" not in text


def test_what_cannot_be_recorded_is_neither_shown_nor_done(pages: HitPages):
    (hit_id,) = pages.raised(PLATE)
    browser = pages.console.browser(Role.OFFICER)
    token = pages.console.form_token(browser)
    pages.console.recorder.broken = True
    for path in ("/hits", f"/hits/{hit_id}", f"/hits/{hit_id}/verdict"):
        fields = {"form_token": token, **WHY, **YES, "read_id": str(pages.patrol.hits()[0].read_id)}
        answer = browser.post(path, data=fields)
        assert answer.status_code == 503
        assert PLATE not in answer.text
    assert pages.patrol.hits()[0].status == "raised"


def test_the_whole_way_works_without_a_script(pages: HitPages):
    """Every step is a plain form whose answer is a whole page."""
    (hit_id,) = pages.raised(PLATE)
    browser = pages.console.browser(Role.OFFICER)
    confirmed = decide(pages, browser, hit_id, **YES)
    assert "<!doctype html>" in confirmed.text
    assert "Next: ask CLETS" in confirmed.text
    actionable = decide(pages, browser, hit_id, **clets(pages))
    assert "ACTIONABLE" in actionable.text
    assert confirmed.text.count("data:image/") == actionable.text.count("data:image/") == 2
