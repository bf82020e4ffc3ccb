"""Coming in: the notice before the password, and a token where the department signs in elsewhere."""

from __future__ import annotations

from dataclasses import replace

import pytest

from alpr_assets.client import entering
from alpr_assets.client.entering import Person, enter
from alpr_assets.console.app import create_app
from alpr_assets.errors import AccessRefusedError
from tests.live import PASSWORD, Live, served


def test_the_notice_is_shown_before_anything_is_asked(live: Live, user: str) -> None:
    happened: list[str] = []

    def secret(question: str) -> str:
        happened.append(question)
        return PASSWORD if question.startswith("Password") else live.code(user)

    person = Person(happened.append, lambda question: happened.append(question) or user, secret)
    client, asked = enter(None, None, person, label="test")
    with client:
        assert asked
        assert client.me()["user"] == user
        client.sign_out()
    assert "prosecuted" in happened[0]
    assert [word.split()[0].strip(":") for word in happened[1:]] == ["User", "Password", "Six"]


def test_a_failed_sign_in_leaves_no_connection_open(user: str, monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[object] = []
    real = entering.Client.close
    monkeypatch.setattr(entering.Client, "close", lambda self: (closed.append(self), real(self)))
    with pytest.raises(AccessRefusedError):
        enter(None, user, Person(lambda _: None, input, lambda _: "000000"), label="test")
    assert len(closed) == 1


def test_where_members_sign_in_elsewhere_a_token_of_the_console_is_asked_for(live: Live, user: str) -> None:
    """The department's identity provider: no password passes through a notebook."""
    services = live.console.services
    elsewhere = replace(services, office=replace(services.office, issuer="https://id.example.gov"))
    questions: list[str] = []

    def secret(question: str) -> str:
        questions.append(question)
        return live.token()

    with served(create_app(elsewhere)) as address:
        client, asked = enter(f"http://{address}", user, Person(lambda _: None, input, secret), label="test")
        with client:
            assert client.me()["kind"] == "notebook"
    assert asked
    assert questions == ["Token: "]
