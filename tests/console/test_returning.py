"""Who follows an alert's link comes to its hit, by the sign-in, and never to another site."""

from __future__ import annotations

import re

import pytest

from alpr_assets.access.roles import Role
from tests.console.consoles import Console

BACK = "alpr-back"


def test_a_link_from_a_mail_leads_to_its_hit_by_the_sign_in(console: Console):
    away = console.browser().get("/hits/12")
    assert (away.status_code, away.headers["location"]) == (303, "/sign-in")
    cookie = away.headers["set-cookie"]
    assert cookie.replace('"', "").startswith(f"{BACK}=/hits/12;")
    assert {"httponly", "samesite=strict", "path=/sign-in"} <= set(cookie.lower().replace(" ", "").split(";"))


@pytest.mark.parametrize(
    ("kept", "way"),
    [
        ("/hits/12", "/hits/12"), ("", "/"), ("//evil.example", "/"), ("https://evil.example/", "/"),
        ("/\\evil.example", "/"), ("/hits/12?x=1", "/"), ("/hits/../..", "/"), ("hits", "/"),
    ],
)  # fmt: skip
def test_the_last_step_leads_to_where_he_wanted_to_go_and_to_nothing_else(console: Console, kept: str, way: str):
    token = console.token(console.member(Role.OFFICER), acknowledged=False)
    browser = console.browser()
    browser.headers["cookie"] = f"alpr={token}; {BACK}={kept}"
    done = browser.post("/sign-in/notice", data={"form_token": console.form_token(browser, "/sign-in/notice")})
    assert (done.status_code, done.headers["location"]) == (303, way)
    assert f'{BACK}=""' in done.headers["set-cookie"]


def test_a_click_on_another_site_shows_the_page_to_who_is_signed_in(console: Console):
    """The session's cookie does not come with that click: our own page asks once more."""
    clicked = console.browser().get("/hits/12", headers={"sec-fetch-site": "cross-site"})
    assert clicked.status_code == 200
    assert re.search(r'http-equiv="refresh" content="0;url=/hits/12"', clicked.text)
    assert "Pat" not in clicked.text
    assert console.browser(Role.OFFICER).get("/hits/12").status_code == 200


@pytest.mark.parametrize("path", ["//evil.example/x", "/hits/12?next=//evil.example", "/%2f%2fevil.example", "/HITS"])
def test_no_address_leads_to_another_site(console: Console, path: str):
    answer = console.browser().get(path, headers={"sec-fetch-site": "cross-site"})
    assert "evil" not in answer.text
    assert "evil" not in answer.headers.get("set-cookie", "")
    assert answer.headers.get("location", "/sign-in") == "/sign-in"
