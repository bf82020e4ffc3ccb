"""Programs come and go: signing in for a token as anybody signs in, what a token is for, and its end."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from httpx import Response

from alpr_assets.access import sessions
from alpr_assets.access.acting import acting
from alpr_assets.access.people import SYSTEM, SessionKind
from alpr_assets.access.roles import MAY, QUESTIONS, Action, Role
from tests.console.api.conftest import ask, program
from tests.live import PASSWORD, Live


def sign_in(live: Live, user: str, **said: Any) -> Response:
    usual = {"user": user, "password": PASSWORD, "notice_acknowledged": True, "label": "notebook"}
    if "code" not in said:
        said["code"] = live.code(user)
    return program(live, None).post("/api/sign-in", json={**usual, **said})


@pytest.mark.clause("422.6(a)")
def test_a_token_asks_until_its_program_signs_out(recorded: Live) -> None:
    user = recorded.enrolled()
    answer = sign_in(recorded, user)
    assert answer.status_code == 201, answer.text
    client = program(recorded, answer.json()["token"])
    me = client.get("/api/me").json()
    assert (me["user"], me["kind"], me["label"]) == (user, "notebook", "notebook")
    assert ask(client, "hits").status_code == 200
    assert client.post("/api/sign-out").status_code == 204
    assert client.get("/api/me").status_code == 401
    assert ask(client, "hits").status_code == 401


def test_a_token_is_for_questions_about_vehicles_unless_less_is_asked(recorded: Live) -> None:
    """A supervisor's notebook decides over nobody."""
    user = recorded.enrolled(Role.SUPERVISOR)
    client = program(recorded, sign_in(recorded, user).json()["token"])
    assert client.get("/api/me").json()["actions"] == sorted(QUESTIONS & MAY[Role.SUPERVISOR])
    assert not QUESTIONS & {Action.VERIFY_HIT, Action.CORRECT_READ, Action.PLACE_WATCH, Action.APPROVE_WATCH}
    less = program(recorded, sign_in(recorded, user, actions=["view_hits"]).json()["token"])
    assert less.get("/api/me").json()["actions"] == ["view_hits"]
    refused = sign_in(recorded, user, actions=["operate_pipeline"])
    assert refused.status_code == 403
    assert refused.json()["codes"] == ["scope"]
    assert sign_in(recorded, recorded.enrolled(Role.ADMINISTRATOR)).json()["codes"] == ["scope"]


def test_a_token_lives_as_long_as_it_was_asked_for_and_no_longer_than_the_policy_says(recorded: Live) -> None:
    user = recorded.enrolled()
    longest = recorded.console.services.policy.access.token_minutes
    until = datetime.fromisoformat(sign_in(recorded, user).json()["expires_at"])
    assert until == recorded.clock.now + timedelta(minutes=longest)
    assert sign_in(recorded, user, minutes=longest + 1).json()["codes"] == ["minutes"]
    token = sign_in(recorded, user, minutes=10).json()["token"]
    recorded.clock.move(minutes=9)
    assert program(recorded, token).get("/api/me").status_code == 200
    recorded.clock.move(minutes=2)
    assert program(recorded, token).get("/api/me").status_code == 401


def test_whatever_is_wrong_is_refused_in_the_same_words(recorded: Live) -> None:
    user = recorded.enrolled()
    answers = [
        sign_in(recorded, user, password="wrong horse battery"),
        sign_in(recorded, user, code="000000"),
        sign_in(recorded, "nobody-of-this-name", code="000000"),
    ]
    assert {answer.status_code for answer in answers} == {403}
    problems = [{**answer.json(), "record_id": None} for answer in answers]
    assert problems[0] == problems[1] == problems[2]


@pytest.mark.clause("422.6(a)")
def test_five_failures_lock_the_account_and_the_right_words_do_not_open_it(recorded: Live) -> None:
    user = recorded.enrolled()
    for _ in range(5):
        assert sign_in(recorded, user, password="wrong horse battery").status_code == 403
    assert sign_in(recorded, user).status_code == 403


def test_the_notice_is_acknowledged_first(recorded: Live) -> None:
    user = recorded.enrolled()
    notice = program(recorded, None).get("/api/sign-in").json()
    assert "recorded" in notice["notice"]
    assert notice["passwords"]
    refused = sign_in(recorded, user, notice_acknowledged=False)
    assert refused.status_code == 403
    assert refused.json()["codes"] == ["notice"]


def test_nothing_of_a_sign_in_is_told_back_or_kept_in_a_url(recorded: Live) -> None:
    malformed = sign_in(recorded, "kim", password=PASSWORD * 20, code="123456")
    assert malformed.status_code == 422
    assert PASSWORD not in malformed.text
    assert sign_in(recorded, "kim", code="12").status_code == 422


def test_a_browsers_session_is_no_token_and_a_token_no_browsers_session(recorded: Live) -> None:
    member_id = recorded.console.member(Role.ANALYST)
    web = recorded.console.token(member_id, kind=SessionKind.WEB)
    assert program(recorded, web).get("/api/me").status_code == 401
    notebook = recorded.console.token(member_id, kind=SessionKind.NOTEBOOK)
    by_cookie = program(recorded, None)
    by_cookie.headers["Cookie"] = f"alpr={notebook}"
    assert by_cookie.get("/api/me").status_code == 401


def test_a_session_that_still_owes_something_asks_nothing(recorded: Live) -> None:
    office, member_id = recorded.console.services.office, recorded.console.member(Role.ANALYST)
    with acting(office, "sign_in", SYSTEM, at=recorded.clock.now) as act:
        opened = sessions.open_session(
            office, act, member_id, kind=SessionKind.NOTEBOOK, minutes=60, address="", verified=True
        )  # the notice is not acknowledged
    client = program(recorded, opened.token)
    assert client.get("/api/me").status_code == 401
    assert ask(client, "hits").status_code == 401


def test_who_asks_is_told_what_he_may_ask_and_until_when_he_is_trained(recorded: Live) -> None:
    me = program(recorded, Role.ANALYST).get("/api/me").json()
    assert me["trained_until"] == "2027-01-31"
    assert me["sources"] == ["department", "state"]
    purposes = program(recorded).get("/api/purposes").json()
    assert {"code": "stolen_vehicle", "title": "Stolen vehicle"} in purposes["purposes"]
    assert purposes["case_number"]


def test_a_member_who_left_is_out_at_once(recorded: Live) -> None:
    member_id = recorded.console.member(Role.ANALYST)
    client = program(recorded, member_id)
    assert client.get("/api/me").status_code == 200
    recorded.console.revoke(member_id)
    assert client.get("/api/me").status_code == 401
