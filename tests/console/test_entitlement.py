"""What a member may not see changes nothing that he is shown: no row, no id, no number, on any page or route (422.4(e))."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from alpr_assets.access.people import SessionKind
from alpr_assets.access.roles import MAY, Action, Role
from alpr_assets.lifecycle.hits.ending import put
from alpr_assets.lifecycle.hits.moves import Answers, Kind, Reasoned, Seen
from alpr_assets.lifecycle.hits.notices import notify
from alpr_assets.policy import Policy
from alpr_assets.store import people, schema
from alpr_assets.store.engine import insert_new, writing
from tests.console.api.test_canvassing import incident
from tests.console.consoles import HOST, Browser, Console, open_console
from tests.lifecycle.hits.test_raising import ncic
from tests.live import drive
from tests.patrols import AT, DAY, Patrol

WHY = {"purpose": "stolen_vehicle", "case_number": "26-01234"}
NO = Answers(plate=False, state=True, vehicle=True)
YES = Answers(plate=True, state=True, vehicle=True)
LOOK = [role for role in Role if Action.VIEW_HITS in MAY[role]]


@pytest.fixture
def driven(tmp_path: Path, policy: Policy) -> Iterator[tuple[Console, Patrol]]:
    """A console over a drive, with hits of the department's list."""
    opened = open_console(tmp_path, policy)
    patrol = Patrol(opened.services.store, tmp_path / "drops", policy, AT + timedelta(hours=12))
    drive(patrol)
    yield opened, patrol
    opened.close()


def send(console: Console, browser: Browser, path: str, **fields: Any) -> Any:
    return browser.post(path, data={"form_token": console.form_token(browser), **WHY, **fields})


def program(console: Console, member_id: int) -> TestClient:
    client = TestClient(console.app, base_url=f"http://{HOST}")
    client.headers["Authorization"] = f"Bearer {console.token(member_id, kind=SessionKind.NOTEBOOK)}"
    return client


def federal(console: Console, patrol: Patrol) -> list[Any]:
    """Hits of a federal list, of a stolen vehicle and of a restricted file, which the console's members may not see."""
    before = {hit.hit_id for hit in patrol.hits()}
    patrol.take(ncic(("V", "8XYZ993", "CA"), ("K", "8XYZ994", "CA")), "ncic.txt")
    patrol.match()
    return [hit for hit in patrol.hits() if hit.hit_id not in before]


def hide(console: Console, patrol: Patrol) -> set[int]:
    """Whatever must not show: federal and restricted hits, verdicts on them, a notice of one, a covert watch that found all five."""
    hidden = federal(console, patrol)
    with writing(console.services.store.engine) as connection:
        for number, hit in enumerate(hidden):
            first = Seen(Kind.CONFIRM_PICTURE, YES) if number else Seen(Kind.MISREAD, NO)
            put(connection, hit, first, at=console.clock.now, member_id=1)
            if number:
                row = connection.execute(select(schema.hit).where(schema.hit.c.hit_id == hit.hit_id)).one()
                until = console.clock.now + timedelta(minutes=30)
                put(
                    connection,
                    row,
                    Reasoned(Kind.NOT_PRACTICABLE, "radio down"),
                    at=console.clock.now,
                    member_id=1,
                    until=until,
                )
                notify(connection, hit.hit_id, 2, "not_practicable", console.clock.now)
    named = console.member(Role.SUPERVISOR)
    owner = console.browser(console.member(Role.ANALYST))
    answer = send(
        console, owner, "/watches/new", pattern="8?YZ99*", reason="seen leaving", expires_on="2026-06-20", place="1",
        covert="1", supervisor_id=named,
    )  # fmt: skip
    assert answer.status_code == 200
    found = {hit.hit_id for hit in patrol.hits() if hit.watch_id is not None}
    assert len(found) == 5
    assert {hit.source for hit in hidden} == {"federal"}
    assert any(hit.restricted for hit in hidden)
    return {hit.hit_id for hit in hidden} | found


def shown(console: Console, browser: Browser, client: TestClient) -> dict[str, str]:
    """All that a member is shown of hits, lists and watches, without the number of its record."""
    pages = {
        "home": browser.get("/"), "banner": browser.get("/hits/banner"), "new": browser.get("/watches/new"),
        **{f"hits {standing}": send(console, browser, "/hits", standing=standing) for standing in ("", "any", "ended")},
        "watches": send(console, browser, "/watches"),
        "of the plate": send(console, browser, "/search/plate", plate="8XYZ994"),
    }  # fmt: skip
    said = {name: re.sub(r"entry \d+", "entry", answer.text) for name, answer in pages.items()}
    for path, more in (("hits", {}), ("watches", {}), ("watches", {"running": True}), ("hit", {"hit_id": 1})):
        body = client.post(f"/api/{path}", json={**WHY, **more}).json()
        body.pop("receipt", None)
        body.pop("record_id", None)
        said[f"api {path} {more}"] = json.dumps(body)
    taken = send(console, browser, "/exports/take", search="view_hits", format="csv")
    said["export"] = taken.text if taken.status_code == 200 else str(taken.status_code)
    return said


@pytest.mark.clause("422.4(e)")
@pytest.mark.parametrize("role", LOOK)
def test_what_a_member_may_not_see_changes_nothing_that_he_is_shown(driven: tuple[Console, Patrol], role: Role):
    console, patrol = driven
    member_id = console.member(role)
    browser, client = console.browser(member_id), program(console, member_id)
    before = shown(console, browser, client)
    hidden = hide(console, patrol)
    if role is Role.COMMANDER:  # for whom a covert watch is: it is the lists that must not show
        with writing(console.services.store.engine) as connection:
            connection.execute(schema.hit.delete().where(schema.hit.c.watch_id.is_not(None)))
            connection.exec_driver_sql("DELETE FROM watch_decision")
            connection.exec_driver_sql("DELETE FROM watch")
    console.recorder.entries.clear()
    after = shown(console, browser, client)
    approvers = re.compile(r'<option value="\d+">[^<]*supervisor</option>')  # the fixture's new supervisor
    for name, text in before.items():
        assert approvers.sub("", after[name]) == approvers.sub("", text), name
    told = {one.id for entry in console.recorder.entries for one in entry.results if "hit" in one.kind}
    assert not told & hidden


@pytest.mark.clause("422.4(e)")
@pytest.mark.parametrize("role", LOOK)
def test_a_hidden_hit_answers_as_one_that_is_not_there(driven: tuple[Console, Patrol], role: Role):
    console, patrol = driven
    member_id = console.member(role)
    browser, client = console.browser(member_id), program(console, member_id)
    missing = 2**40
    for hit in federal(console, patrol):
        pairs = [
            (send(console, browser, f"/hits/{number}"), client.post("/api/hit", json={**WHY, "hit_id": number}),
             send(console, browser, f"/hits/{number}/verdict", verdict="dismiss", reason="not ours"))
            for number in (hit.hit_id, missing)
        ]  # fmt: skip
        for hidden, absent in zip(*pairs, strict=True):
            assert hidden.status_code == absent.status_code
            assert hidden.status_code in {403, 404}


@pytest.mark.parametrize("role", [role for role in Role if role not in LOOK])
def test_who_views_no_hits_is_shown_none_by_any_route(driven: tuple[Console, Patrol], role: Role):
    console, _ = driven
    member_id = console.member(role)
    browser, client = console.browser(member_id), program(console, member_id)
    for path in ("/hits", "/hits/1", "/hits/refresh", "/search/plate", "/search/correct", "/exports/take"):
        answer = send(
            console,
            browser,
            path,
            day="2026-06-15",
            capture_id="1",
            read_id="1",
            search="view_hits",
            format="csv",
            plate="8XYZ991",
        )
        assert answer.status_code == 403, path
    questions = {
        "hits": {}, "watches": {}, "hit": {"hit_id": 1}, "plate-history": {"plate": "8XYZ991"},
        "partial-plates": {"pattern": "8XYZ99*"}, "possible-plates": {"plate": "8XYZ991"}, "plate-path": {"plate": "8XYZ991"},
        "canvass": {"incidents": [incident(0)]},
        "co-travel": {"plate": "8XYZ991"},
    }  # fmt: skip
    for path, more in questions.items():
        assert client.post(f"/api/{path}", json={**WHY, **more}).status_code == 403, path


@pytest.mark.clause("422.4(e)")
def test_each_viewing_of_a_restricted_file_is_recorded_as_dissemination(driven: tuple[Console, Patrol]):
    """CJIS Security Policy 4.2.2: by the queue, the hit's page, its verdict, the data API and a file, to whom it was shown."""
    console, patrol = driven
    (restricted,) = [hit for hit in federal(console, patrol) if hit.restricted and hit.match_kind == "exact"]
    member_id = console.member(Role.SUPERVISOR)
    rows = [
        {"member_id": member_id, "source": source, "granted_at": AT, "granted_by": member_id}
        for source in ("federal", "restricted")
    ]
    with writing(console.services.store.engine) as connection:
        insert_new(connection, people.member_source, rows)
    browser, client = console.browser(member_id), program(console, member_id)
    of = {"search": "view_hits"}
    viewings = {
        "queue": lambda: send(console, browser, "/hits", standing="any"),
        "refreshed": lambda: send(console, browser, "/hits/refresh", standing="any"),
        "page": lambda: send(console, browser, f"/hits/{restricted.hit_id}"),
        "api list": lambda: client.post("/api/hits", json=WHY),
        "api case": lambda: client.post("/api/hit", json={**WHY, "hit_id": restricted.hit_id}),
        "api export": lambda: client.post("/api/exports", json={**WHY, "of": of, "format": "csv"}),
        "export": lambda: send(console, browser, "/exports/take", search="view_hits", format="csv", standing="any"),
        "verdict": lambda: send(console, browser, f"/hits/{restricted.hit_id}/verdict", verdict="dismiss", reason="another vehicle"),
    }  # fmt: skip
    for name, view in viewings.items():
        console.form_token(browser)
        console.recorder.entries.clear()
        answer = view()
        assert answer.status_code == 200, (name, answer.text)
        first = console.recorder.entries[0]
        told = {(one.kind, one.id) for one in first.results}
        assert ("restricted_hit", restricted.hit_id) in told, name
        assert ("hit", restricted.hit_id) not in told, name
        assert (first.actor.member_id, first.case_number) == (member_id, "26-01234")
    assert restricted.day == DAY
