"""Signing in by the identity provider, as a browser goes: there, back, and on to what is still owed (422.6(a))."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from alpr_assets.access.roles import Role
from alpr_assets.console.app import create_app
from alpr_assets.policy import Policy
from tests.access.identity import CLIENT, SECRET, Identity, running
from tests.console.consoles import Console, open_console


@pytest.fixture
def identity(tmp_path: Path, policy: Policy) -> Iterator[tuple[Identity, Console]]:
    """A provider, and a console that knows no passwords but sends people there."""
    opened = open_console(tmp_path, policy)
    with running(Identity(opened.clock.now)) as provider:
        told = {"oidc_issuer": provider.issuer, "oidc_client_id": CLIENT, "oidc_client_secret": SecretStr(SECRET)}
        services = replace(
            opened.services,
            settings=opened.services.settings.model_copy(update=told),
            office=replace(opened.services.office, issuer=provider.issuer),
        )
        yield provider, replace(opened, services=services, app=create_app(services))
    opened.close()


def test_a_member_comes_back_signed_in(identity: tuple[Identity, Console]):
    provider, console = identity
    provider.claims = {"amr": ["mfa"]}
    console.member(Role.OFFICER, user_name="jdoe")
    browser = console.browser()
    assert "identity provider" in browser.get("/sign-in").text
    went = browser.get("/sign-in/provider")
    assert went.status_code == 303
    flow = went.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=lax"} <= set(flow.replace("; ", ";").split(";"))
    there = httpx.get(went.headers["location"])
    back = there.headers["location"].replace(f"http://{browser.base_url.netloc.decode()}", "")
    came = browser.get(back)
    assert came.status_code == 200, "not a redirect: the strict cookie would not go along with it"
    assert came.headers["refresh"] == "0; url=/sign-in/notice"
    assert browser.get("/sign-in/notice").status_code == 200
    assert browser.get("/").status_code == 303, "the notice is still owed"


def test_who_is_no_member_is_refused_and_told(identity: tuple[Identity, Console]):
    _, console = identity
    browser = console.browser()
    there = httpx.get(browser.get("/sign-in/provider").headers["location"])
    refused = browser.get(there.headers["location"].replace(f"http://{browser.base_url.netloc.decode()}", ""))
    assert refused.status_code == 403
    assert "Recorded as entry" in refused.text
    assert browser.get("/").status_code == 303


def test_a_return_without_its_cookie_is_refused(identity: tuple[Identity, Console]):
    """Somebody else's return, put under a member's browser."""
    _, console = identity
    console.member(Role.OFFICER, user_name="jdoe")
    there = httpx.get(console.browser().get("/sign-in/provider").headers["location"])
    other = console.browser()
    assert other.get(there.headers["location"].split("8422", 1)[1]).status_code == 403


def test_passwords_are_off(identity: tuple[Identity, Console]):
    _, console = identity
    assert console.browser().post("/sign-in", data={"user": "jdoe", "password": "x"}).status_code == 403


def test_without_a_provider_there_is_none_to_go_to(console: Console):
    assert console.browser().get("/sign-in/provider").status_code == 404
