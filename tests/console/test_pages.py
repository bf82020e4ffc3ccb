"""Pages by role: each answers who may see it, refuses the rest with a reason, and does what its form says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from alpr_assets.access.record.alarms import raise_alarm
from alpr_assets.access.record.entries import Outcome
from alpr_assets.access.roles import Role
from alpr_assets.policy import Policy
from alpr_assets.store import schema
from alpr_assets.store.engine import writing
from tests.console.consoles import Browser, Console, open_console
from tests.live import drive
from tests.patrols import AT, Patrol

PAGES = [
    "/", "/policy", "/search/plate", "/watches", "/hits", "/hits/1", "/exports", "/members", "/members/batch", "/training", "/designee",
    "/destinations",    "/sessions", "/sign-in/password", "/record",
]  # fmt: skip


@pytest.mark.parametrize("role", list(Role))
def test_every_page_answers_or_refuses_each_role(console: Console, role: Role):
    browser = console.browser(role)
    for path in PAGES:
        answer = browser.get(path)
        assert answer.status_code in {200, 403}, path
        if answer.status_code == 403:
            assert "Recorded as entry" in answer.text
    home = browser.get("/").text
    for path in re.findall(r'<a href="(/[^"]*)"', home):
        if not path.startswith("/dagster"):
            assert browser.get(path).status_code == 200, f"{role} is shown {path}, which refuses him"


@pytest.fixture(scope="module")
def driven(tmp_path_factory: pytest.TempPathFactory, policy: Policy) -> Iterator[Console]:
    """A console over a drive: one stolen car past five readers."""
    folder = tmp_path_factory.mktemp("driven")
    opened = open_console(folder, policy)
    drive(Patrol(opened.services.store, folder / "drops", policy, AT + timedelta(hours=12)))
    yield opened
    opened.close()


def send(console: Console, browser: Browser, path: str, **fields: Any) -> Any:
    """A form as the page would send it."""
    return browser.post(path, data={"form_token": console.form_token(browser), **fields})


WHY = {"purpose": "stolen_vehicle", "case_number": "26-01234"}


@pytest.mark.clause("422.4(a)")
def test_a_search_by_page_is_one_record_with_what_left(driven: Console):
    browser = driven.browser(Role.DISPATCHER)
    answer = send(driven, browser, "/search/plate", plate="7abc 123", **WHY)
    assert answer.text.count("7ABC123") >= 5
    (entry,) = driven.recorder.entries
    assert (entry.action, entry.outcome, entry.case_number) == ("plate_history", Outcome.ANSWERED, "26-01234")
    assert len(entry.results) == 5
    assert entry.elements == {"plate": "7abc 123"}
    assert "/exports/take" not in answer.text, "a dispatcher takes no files"


def test_a_page_shows_and_records_no_more_than_its_rows(driven: Console, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("alpr_assets.console.pages.searches.ROWS", 2)
    answer = send(driven, driven.browser(Role.ANALYST), "/search/plate", plate="7ABC123", **WHY)
    assert "The newest 2 of 5" in answer.text
    assert len(driven.recorder.entries[-1].results) == 2


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"purpose": ""}, "none of the policy"), ({"purpose": "immigration"}, "refuses this purpose"),
        ({"case_number": ""}, "number is needed"), ({"plate": "!"}, "letters and digits"), ({"since": "soon"}, "a date"),
        ({"since": "0001-01-01"}, "1970"), ({"plate": "7" * 40}, "at most"),
    ],
)  # fmt: skip
def test_a_search_that_is_refused_says_why_and_shows_nothing(driven: Console, wrong: dict[str, str], told: str):
    answer = send(driven, driven.browser(Role.ANALYST), "/search/plate", **{"plate": "7ABC123", **WHY, **wrong})
    assert answer.status_code in {400, 403}
    assert told in answer.text
    assert "cam-0" not in answer.text


def test_a_read_leads_to_its_picture_each_opening_recorded(driven: Console):
    browser = driven.browser(Role.OFFICER)
    reads = send(driven, browser, "/search/plate", plate="8XYZ991", **WHY)
    found = re.search(
        r'name="day" value="([\d-]+)".*?name="capture_id" value="(\d+)".*?name="read_id" value="(\d+)"',
        reads.text,
        re.DOTALL,
    )
    assert found
    day, capture_id, read_id = found.groups()
    picture = send(driven, browser, "/search/picture", day=day, capture_id=capture_id, read_id=read_id, **WHY)
    assert picture.text.count("data:image/") == 2
    assert [(e.action, e.outcome) for e in driven.recorder.entries] == [
        ("plate_history", Outcome.ANSWERED), ("open_image", Outcome.ANSWERED),
    ]  # fmt: skip
    assert send(driven, browser, "/search/picture", day=day, capture_id="1", read_id="1", **WHY).status_code == 404


def test_an_export_is_registered_and_its_owner_says_when_it_is_gone(driven: Console):
    browser = driven.browser(Role.ANALYST)
    taken = send(driven, browser, "/exports/take", search="plate_history", format="csv", plate="7ABC123", **WHY)
    assert taken.headers["content-disposition"].startswith('attachment; filename="alpr-plate_history-')
    assert taken.text.count("7ABC123") == 5
    page = browser.get("/exports").text
    (export_id,) = re.findall(r'name="export_id" value="(\d+)"', page)
    assert send(driven, browser, "/exports/destroyed", export_id=export_id).status_code == 303
    assert "export_id" not in browser.get("/exports").text


@pytest.mark.clause("422.5")
def test_a_late_case_file_is_named_and_kept_on_by_who_answers_for_it(driven: Console):
    """Its member sees and answers for his own; a supervisor is told whose it is; the custodian answers for what was left."""
    officer = driven.member(Role.OFFICER)
    member, late = driven.browser(officer), date(2026, 6, 1)
    with writing(driven.services.store.engine) as connection:
        values = {
            "member_id": officer, "action": "plate_history", "purpose": WHY["purpose"], "case_number": "26-04711", "format": "frozen",
            "n_rows": 1, "n_bytes": 1, "sha256": "0" * 64, "exported_at": AT, "delete_by": late,
        }  # fmt: skip
        for number in (901, 902):
            connection.execute(schema.export.insert().values(record_id=number, file_name=f"frozen-{number}", **values))
    own, told = member.get("/exports").text, driven.browser(Role.SUPERVISOR).get("/exports").text
    assert own.count("frozen-901") == 1
    assert "Past their day" not in own
    for role, n in ((officer, 2), (Role.SUPERVISOR, 2), (Role.CUSTODIAN, 2), (Role.DISPATCHER, 0)):
        assert (f"{n} files that were taken out are past their day" in driven.browser(role).get("/").text) is bool(n), (
            role
        )
    assert "frozen-901" in told
    assert "Keep it on" not in told
    custodian = driven.browser(Role.CUSTODIAN)
    first, second = re.findall(
        r'action="/exports/kept">.*?name="export_id" value="(\d+)"', custodian.get("/exports").text
    )
    assert send(driven, member, "/exports/kept", export_id=first, reason="").status_code == 400
    assert send(driven, member, "/exports/kept", export_id=first, reason="the appeal is open").status_code == 303
    assert "2031-06-15" in member.get("/exports").text
    supervisor = driven.browser(Role.SUPERVISOR)
    assert send(driven, supervisor, "/exports/kept", export_id=second, reason="I want it").status_code == 404
    assert send(driven, custodian, "/exports/destroyed", export_id=second).status_code == 303
    assert "Past their day" not in custodian.get("/exports").text


def test_what_cannot_be_recorded_is_not_shown(driven: Console):
    browser = driven.browser(Role.ANALYST)
    token = driven.form_token(browser)
    driven.recorder.broken = True
    try:
        answer = browser.post("/search/plate", data={"form_token": token, "plate": "7ABC123", **WHY})
    finally:
        driven.recorder.broken = False
    assert answer.status_code == 503
    assert "access record cannot be written" in answer.text
    assert "cam-0" not in answer.text


@pytest.mark.clause("422.3.1(c)")
def test_an_auditor_reads_the_record_and_that_is_recorded_too(driven: Console):
    send(driven, driven.browser(Role.DISPATCHER), "/search/plate", plate="7ABC123", **WHY)
    browser = driven.browser(Role.AUDITOR)
    found = send(driven, browser, "/record", case_number="26-01234", kind="query")
    assert "Pat Dispatcher" in found.text
    assert "7ABC123" not in found.text, "what was searched for is opened entry by entry"
    record_id = re.search(r'action="/record/(\d+)"', found.text).group(1)  # type: ignore[union-attr]
    closed = send(driven, browser, f"/record/{record_id}")
    assert "7ABC123" not in closed.text
    opened = send(driven, browser, f"/record/{record_id}", elements="1")
    assert "7ABC123" in opened.text
    told = [(e.action, dict(e.details).get("elements_opened")) for e in driven.recorder.entries]
    assert told == [("read_record", None), ("read_record", False), ("read_record", True)]
    assert all(e.results for e in driven.recorder.entries)


def test_the_record_is_verified_by_a_button(driven: Console):
    browser = driven.browser(Role.ATTORNEY)
    answer = send(driven, browser, "/record/verify")
    assert 'class="note good"' in answer.text
    (entry,) = driven.recorder.entries
    assert (entry.action, entry.outcome) == ("verify_record", Outcome.DONE)
    assert browser.get("/record/head.json").json()["size"] > 0
    assert browser.get("/record/head.html").headers["content-disposition"].startswith("attachment")
    assert browser.get("/record/head.exe").status_code == 404


@pytest.mark.clause("422.3.1(a)")
def test_a_member_is_proposed_by_one_and_approved_by_another(console: Console):
    proposer, approver = console.browser(Role.SUPERVISOR), console.browser(Role.COMMANDER)
    wanted = {"name": "Lee Chan", "user_name": "lchan", "title": "Detective", "agency": "CA0000000"}
    assert send(console, proposer, "/members/propose", sources=["department", "state"], **wanted).status_code == 303
    page = proposer.get("/members").text
    (proposal_id,) = set(re.findall(r'name="proposal_id" value="(\d+)"', page))
    assert send(console, proposer, "/members/approve", proposal_id=proposal_id).status_code == 403
    approved = send(console, approver, "/members/approve", proposal_id=proposal_id)
    first = re.search(r"([a-z2-9]{4}(?:-[a-z2-9]{4}){4})", approved.text)
    assert first
    assert first.group(1) not in approver.get("/members").text

    newcomer = console.browser()
    signed = newcomer.post("/sign-in", data={"user": "LChan", "password": first.group(1)})
    assert signed.headers["location"] == "/sign-in/password"


def test_another_agencys_person_is_told_where_to_ask(console: Console):
    browser = console.browser(Role.SUPERVISOR)
    wanted = {"name": "Kit Fox", "user_name": "kfox", "title": "Detective", "agency": "CA0999999"}
    answer = send(console, browser, "/members/propose", **wanted)
    assert answer.status_code == 400
    assert "422.7" in answer.text
    assert "Kit Fox" in answer.text, "the form keeps what was typed"


def test_a_file_of_members_is_approved_at_once(console: Console):
    browser, other = console.browser(Role.SUPERVISOR), console.browser(Role.COMMANDER)
    header = "user_name,name,title,agency,contractor,sources,training_completed_on\n"
    lines = "".join(f"user{i:03},Member {i},Police Officer,CA0000000,no,department,2026-06-01\n" for i in range(3))
    token = {"form_token": console.form_token(browser)}
    bad = browser.post("/members/batch", data=token, files={"file": ("a.csv", (header + "x,y,z\n").encode())})
    assert bad.status_code == 400
    assert "a.csv, line 2" in bad.text
    assert (
        browser.post("/members/batch", data=token, files={"file": ("a.csv", (header + lines).encode())}).status_code
        == 303
    )
    done = send(console, other, "/members/batch/approve", batch_id="1")
    assert "3 became members" in done.text


def test_acts_on_a_member_are_told_on_his_page(console: Console):
    who = console.member(Role.OFFICER)
    browser = console.browser(Role.SUPERVISOR)
    path = f"/members/{who}"
    assert send(console, browser, path, act="suspend", reason="leave").status_code == 303
    assert "suspended" in browser.get(path).text
    assert send(console, browser, path, act="suspend", reason="leave").status_code == 400
    assert send(console, browser, path, act="reactivate").status_code == 303
    assert send(console, browser, path, act="grant_source", source="federal").status_code == 303
    assert send(console, browser, path, act="grant_source", source="moon").status_code == 400
    assert send(console, browser, path, act="unlock").status_code == 403
    assert send(console, browser, path, act="explode").status_code == 400
    assert browser.get("/members/999").status_code == 403


@pytest.mark.clause("422.3.1(b)")
def test_training_is_recorded_by_the_coordinator(console: Console):
    who = console.member(Role.OFFICER, trained_until=None)
    browser = console.browser(Role.TRAINING_COORDINATOR)
    told = {"act": "record", "member_id": str(who)}
    assert send(console, browser, "/training", completed_on="2027-01-01", **told).status_code == 400
    assert send(console, browser, "/training", completed_on="2026-06-10", **told).status_code == 303
    assert "until 2027-06-10" in browser.get("/training").text


@pytest.mark.clause("422.3.1(e)")
def test_the_designee_stands_on_the_public_page(console: Console):
    browser = console.browser(Role.CUSTODIAN)
    told = {"form_token": console.form_token(browser), "name": "Ana Ruiz", "title": "Captain", "from_on": "2026-06-01"}
    paper = {"file": ("chief.pdf", b"%PDF-1.7 designated", "application/pdf")}
    assert browser.post("/designee", data=told, files=paper).status_code == 303
    assert "Designee: Ana Ruiz" in console.browser().get("/policy").text
    kept = browser.get("/designee/1")
    assert kept.content == b"%PDF-1.7 designated"
    assert kept.headers["content-disposition"].startswith("attachment")
    assert send(console, browser, "/designee/end", designee_id="1", to_on="2026-06-30").status_code == 303


def test_a_token_is_made_shown_once_and_ended(console: Console):
    browser = console.browser(Role.ANALYST)
    none = send(console, browser, "/sessions/token", label="desk", kind="notebook", minutes="60")
    assert none.status_code == 400
    made = send(
        console, browser, "/sessions/token", label="desk", kind="notebook", minutes="60", actions="plate_history"
    )
    token = re.search(r'<p class="mono">([\w-]{43})</p>', made.text).group(1)  # type: ignore[union-attr]
    program = Browser(console.app, navigates=False)
    program.headers["authorization"] = f"Bearer {token}"
    assert program.get("/api/me").status_code == 200
    page = browser.get("/sessions").text
    assert token not in page
    newest = max(map(int, re.findall(r'name="session_id" value="(\d+)"', page)))
    assert send(console, browser, "/sessions/revoke", session_id=str(newest)).status_code == 303
    assert program.get("/api/me").status_code == 401


def test_an_alarm_is_shown_to_who_answers_for_the_system(console: Console):
    raise_alarm(console.services.settings.path("data"), "record_unavailable", "the record's disk is full")
    assert "disk is full" in console.browser(Role.ADMINISTRATOR).get("/").text
    assert "disk is full" not in console.browser(Role.OFFICER).get("/").text
    assert "disk is full" not in console.browser().get("/sign-in").text


def test_the_public_page_says_that_the_sample_is_none_and_has_the_laws_seven_parts(console: Console):
    text = console.browser().get("/policy").text
    assert "sample – not adopted" in text
    assert re.findall(r"<h2>\((\w)\)", text) == list("ABCDEFG")


def test_the_same_words_for_a_wrong_an_unknown_and_a_locked_name(console: Console):
    locked = console.member(Role.OFFICER, user_name="locked", locked_at=console.clock.now)
    assert locked
    console.member(Role.OFFICER, user_name="known")
    browser = console.browser()
    told = {browser.post("/sign-in", data={"user": u, "password": "x"}).text for u in ("known", "nobody", "locked")}
    assert len(told) == 1
