"""Destinations of alerts by page: a supervisor proposes, the commander approves, and what did not arrive is sent again (422.4(f))."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from alpr_assets.access.record.entries import Outcome
from alpr_assets.access.roles import Role
from alpr_assets.lifecycle.alerts.destinations import destinations
from alpr_assets.store import alerts
from alpr_assets.store.engine import reading
from tests.console.consoles import Browser, Console
from tests.lifecycle.alerts.desks import Desk
from tests.lifecycle.alerts.receivers import receiver

URL = "https://cad.example.gov/alerts?key=7ABC123"
WHOLE = {
    "act": "propose", "name": "CAD", "kind": "webhook", "address": URL, "sources": ["department", "state"],
    "categories": ["stolen_vehicle"],
}  # fmt: skip


def send(console: Console, browser: Browser, **fields: Any) -> Any:
    return browser.post("/destinations", data={"form_token": console.form_token(browser), **fields})


@pytest.mark.clause("422.4(f)")
def test_from_the_proposal_to_the_approval_and_the_end(console: Console) -> None:
    supervisor, commander = console.browser(Role.SUPERVISOR), console.browser(Role.COMMANDER)
    answer = send(console, supervisor, **WHOLE)
    assert answer.status_code == 200
    assert len(re.findall(r"whsec_[A-Za-z0-9+/=]{40,}", answer.text)) == 1
    assert "whsec_" not in supervisor.get("/destinations").text, "shown once"
    assert "key=" not in commander.get("/destinations").text, "an address's query may be a password"
    assert send(console, supervisor, act="approve", destination_id="1").status_code == 400
    assert send(console, commander, act="approve", destination_id="1").status_code == 303
    assert [one.status for one in destinations(console.services.store.engine)] == ["approved"]
    assert "Withdraw at once" in supervisor.get("/destinations").text
    assert send(console, supervisor, act="withdraw", destination_id="1").status_code == 303
    assert "withdrawn" in commander.get("/destinations").text
    done = [entry.action for entry in console.recorder.entries if entry.outcome is Outcome.DONE]
    assert done == ["propose_destination", "approve_destination", "withdraw_destination"]
    assert all("key=" not in str(entry.details) for entry in console.recorder.entries)


def test_a_commander_approves_no_source_that_he_may_not_see(console: Console) -> None:
    supervisor, commander = console.browser(Role.SUPERVISOR), console.browser(Role.COMMANDER)
    send(console, supervisor, **{**WHOLE, "sources": ["federal"]})
    answer = send(console, commander, act="approve", destination_id="1")
    assert answer.status_code == 400
    assert "federal" in answer.text
    with reading(console.services.store.engine) as connection:
        assert connection.scalar(select(alerts.destination.c.status)) == "proposed"


@pytest.mark.parametrize(
    "wrong",
    [{"address": "http://cad.example.gov/"}, {"sources": []}, {"sources": ["restricted"]}, {"categories": ["x"]}, {"name": " "}],
)  # fmt: skip
def test_what_cannot_be_is_told_on_the_page(console: Console, wrong: dict[str, Any]) -> None:
    answer = send(console, console.browser(Role.SUPERVISOR), **{**WHOLE, **wrong})
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text
    assert ('value="CAD"' in answer.text) == ("name" not in wrong), "what was written is there to be put right"
    assert destinations(console.services.store.engine) == []


def test_what_did_not_arrive_is_sent_again_by_page(console: Console, tmp_path: Path) -> None:
    with receiver(tmp_path / "tls", usual="gone") as cad:
        desk = Desk.of(console.services.store, console.services.policy, tmp_path, ca_file=cad.certificate.certfile)
        desk.approved(cad.url)
        hit_id = desk.hit()
        desk.fill()
        desk.deliver()
        supervisor, commander = console.browser(Role.SUPERVISOR), console.browser(Role.COMMANDER)
        assert "alerts did not reach destination 1" in commander.get("/").text
        shown = supervisor.get("/destinations").text
        assert f'href="/hits/{hit_id}"' in shown
        assert "http_410" in shown
        assert send(console, supervisor, act="send_again", outbox_id="1").status_code == 303
        assert "Did not arrive" not in supervisor.get("/destinations").text
        cad.usual = "ok"
        desk.deliver(after=60)
        assert desk.states() == ["delivered"]
        assert "alerts did not reach" not in commander.get("/").text


def test_an_act_that_there_is_not_is_refused(console: Console) -> None:
    assert send(console, console.browser(Role.SUPERVISOR), act="publish").status_code == 400
    assert send(console, console.browser(Role.OFFICER), **WHOLE).status_code == 403
