"""The locator through the data API: a supervisor's approval in the console first, then places and hours."""

from __future__ import annotations

from typing import Any

import pytest

from alpr_assets.access.roles import Role
from tests.console.api.conftest import ask, program
from tests.console.hit_pages import send
from tests.live import STOLEN, Live

MISSING = {"purpose": "missing_person", "case_number": "26-00077"}


def decided(live: Live, number: int, *, approve: bool, by: Role = Role.SUPERVISOR) -> int:
    """As a supervisor does on the page of exports."""
    browser = live.console.browser(by)
    fields = {"request_id": number, "approve": "1" if approve else "", "note": "a child is missing"}
    return int(send(live.console, browser, "/exports/decide", **fields).status_code)


@pytest.mark.clause("422.4(c)")
def test_a_vehicle_is_located_once_a_supervisor_approved(recorded: Live) -> None:
    member = recorded.console.member(Role.ANALYST)
    client = program(recorded, member)
    refused = ask(client, "locate", plate=STOLEN, **MISSING)
    assert (refused.status_code, refused.json()["codes"]) == (403, ["approval"])
    asked = ask(client, "locate/requests", plate=STOLEN, **MISSING)
    assert asked.status_code == 200, asked.text
    number = asked.json()["request_id"]
    (mine,) = client.get("/api/locate/requests").json()["requests"]
    assert (mine["request_id"], mine["approved"], mine["case_number"]) == (number, None, "26-00077")
    page = recorded.console.browser(Role.SUPERVISOR).get("/exports").text
    assert "where a vehicle is usually seen" in page
    assert STOLEN not in page
    assert decided(recorded, number, approve=True) == 303
    (mine,) = client.get("/api/locate/requests").json()["requests"]
    assert (mine["approved"], mine["note"]) == (True, "a child is missing")
    body: dict[str, Any] = ask(client, "locate", plate=STOLEN, **MISSING).json()
    assert body["n_reads"] == 5
    assert len(body["places"]["rows"]) >= 1
    hours = {(row["weekday"], row["hour"]) for row in body["hours"]["rows"]}
    assert len(hours) == 168
    other = ask(client, "locate", plate="8XYZ999", **MISSING)
    assert other.status_code == 403


def test_nobody_sees_anothers_requests_and_nobody_approves_his_own(recorded: Live) -> None:
    client = program(recorded, recorded.console.member(Role.ANALYST))
    number = ask(client, "locate/requests", plate=STOLEN, **MISSING).json()["request_id"]
    other = program(recorded, recorded.console.member(Role.ANALYST))
    assert other.get("/api/locate/requests").json() == {"requests": []}
    assert decided(recorded, number, approve=False) == 303
    assert ask(client, "locate", plate=STOLEN, **MISSING).status_code == 403


def test_a_patrol_officer_locates_nobody(recorded: Live) -> None:
    client = program(recorded, Role.OFFICER)
    for path in ("locate", "locate/requests"):
        assert ask(client, path, plate=STOLEN, **MISSING).status_code == 403
    assert client.get("/api/locate/requests").json() == {"requests": []}
    assert program(recorded, None).get("/api/locate/requests").status_code == 401
