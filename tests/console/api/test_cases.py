"""Hits as cases and watches through the data API: as far as the member may see them, each ask recorded (422.4(e), 422.4(f))."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pyarrow as pa
import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from alpr_assets.access import people as who
from alpr_assets.access import sessions
from alpr_assets.access.gate import Ask
from alpr_assets.access.roles import MAY, Action, Role
from alpr_assets.console.api.formats import ARROW, PARQUET
from alpr_assets.lifecycle.hits.ending import put
from alpr_assets.lifecycle.hits.moves import Answers, Kind, Seen
from alpr_assets.lifecycle.watches import listing, watches
from alpr_assets.lifecycle.watches.areas import Circle
from alpr_assets.lifecycle.watches.history import match_history
from alpr_assets.lifecycle.watches.watches import Wanted, elements
from alpr_assets.store import schema
from alpr_assets.store.engine import writing
from tests.console.api.conftest import ask, program
from tests.live import CASE, PURPOSE, STOLEN, Live

YES = Answers(plate=True, state=True, vehicle=True)


def session_of(live: Live, member_id: int) -> who.Session:
    """A web session of a member, as the console finds it."""
    token = live.console.token(member_id)
    found = sessions.find(live.console.services.office, token, at=live.clock.now, touch=False)
    assert found is not None
    return found


def placed(live: Live, owner: int, **changes: Any) -> int:
    """A watch for the drive's cars that are not the stolen one, with its past matched."""
    services = live.console.services
    wanted = Wanted(
        **{"pattern": "8?YZ99*", "reason": "seen leaving", "expires_at": live.clock.now + timedelta(days=2), **changes}
    )
    asked = Ask(action=Action.PLACE_WATCH, purpose=PURPOSE, case_number=CASE, elements=elements(wanted))
    done = services.gate.act(
        session_of(live, owner), asked, services.store.engine,
        lambda g, c: watches.place(g, c, wanted, policy=services.policy),
    )  # fmt: skip
    match_history(services.store, done.rows, policy=services.policy, now=live.clock.now)
    return done.rows


def hit_of(live: Live, plate: str) -> Any:
    return next(hit for hit in live.patrol.hits() if hit.plate == plate)


def listed(client: TestClient, **said: Any) -> list[dict[str, Any]]:
    answer = ask(client, "watches", **said)
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json()["rows"]
    return rows


# ── a hit ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("422.4(f)")
def test_a_hit_is_answered_with_its_moves_and_what_is_possible_next(recorded: Live) -> None:
    member_id = recorded.console.member(Role.ANALYST)
    hit = hit_of(recorded, STOLEN)
    with writing(recorded.console.services.store.engine) as connection:
        row = connection.execute(select(schema.hit).where(schema.hit.c.hit_id == hit.hit_id)).one()
        put(connection, row, Seen(Kind.CONFIRM_PICTURE, YES, "all clear"), at=recorded.clock.now, member_id=member_id)
    client, before = program(recorded, member_id), recorded.n_recorded()
    answer = ask(client, "hit", hit_id=hit.hit_id)
    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert (said["hit"]["hit_id"], said["status"], said["is_possible"]) == (hit.hit_id, "picture_confirmed", False)
    assert "".join(one["character"] for one in said["characters"]) == STOLEN
    (move,) = said["moves"]
    assert (move["kind"], move["member"], move["note"], move["plate_agrees"]) == (
        "confirm_picture", "Pat Analyst", "all clear", True
    )  # fmt: skip
    assert {"clets_confirmed", "dismiss"} <= set(said["possible"])
    assert not {"lapse", "entry_ended"} & set(said["possible"])
    assert recorded.n_recorded() == before + 1
    assert answer.headers["alpr-receipt"]
    assert said["receipt"]["record_id"] == before


def test_a_hit_says_the_same_of_itself_alone_as_in_the_list(recorded: Live) -> None:
    client = program(recorded)
    for row in ask(client, "hits").json()["rows"]:
        alone = ask(client, "hit", hit_id=row["hit_id"]).json()["hit"]
        assert {**alone, "score": 0} == {**row, "score": 0}


def test_a_hit_that_is_not_there_is_not_found(recorded: Live) -> None:
    assert ask(program(recorded), "hit", hit_id=2**60).status_code == 404


# ── watches ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("422.4(c)")
def test_watches_come_with_what_they_found(recorded: Live) -> None:
    owner = recorded.console.member(Role.OFFICER)
    watch_id = placed(recorded, owner, area=Circle(38.005, -121.806, 500))
    client = program(recorded)
    answer = ask(client, "watches", running=True)
    assert [column["name"] for column in answer.json()["columns"]] == list(listing.COLUMNS)
    row = next(one for one in answer.json()["rows"] if one["watch_id"] == watch_id)
    assert (row["pattern"], row["standing"], row["runs"], row["n_hits"], row["n_open"]) == (
        "8?YZ99*",
        "placed",
        True,
        1,
        1,
    )
    assert row["area"] == '{"type": "Point", "coordinates": [-121.806, 38.005], "radius_m": 500}'
    assert watch_id not in {one["watch_id"] for one in listed(client, running=False)}
    table = pa.ipc.open_stream(ask(client, "watches", accept=ARROW).content).read_all()
    assert table["watch_id"].to_pylist() == [one["watch_id"] for one in listed(client)]


def test_watches_are_no_places(recorded: Live) -> None:
    client, before = program(recorded), recorded.n_recorded()
    assert ask(client, "watches", accept=PARQUET).status_code == 406
    assert recorded.n_recorded() == before


@pytest.mark.clause("422.4(e)")
@pytest.mark.parametrize("role", list(Role))
def test_a_covert_watch_reaches_nobody_whom_it_is_not_for(recorded: Live, role: Role) -> None:
    """Nor its hits: by row, by id, or by number."""
    owner, named = recorded.console.member(Role.ANALYST), recorded.console.member(Role.SUPERVISOR)
    watch_id = placed(recorded, owner, pattern="8?YZ9*", audience="covert", supervisor_id=named)
    hidden = {hit.hit_id for hit in recorded.patrol.hits() if hit.watch_id == watch_id}
    assert len(hidden) == 5
    for member_id in (owner, named):
        client = program(recorded, member_id)
        assert watch_id in {row["watch_id"] for row in listed(client)}
        assert hidden <= {row["hit_id"] for row in ask(client, "hits").json()["rows"]}
    client = program(recorded, role)
    if Action.VIEW_HITS not in MAY[role]:
        assert {ask(client, path, **said).status_code for path, said in
                (("watches", {}), ("hits", {}), ("hit", {"hit_id": min(hidden)}))} == {403}  # fmt: skip
        return
    sees = role is Role.COMMANDER
    assert (watch_id in {row["watch_id"] for row in listed(client)}) == sees
    assert bool(hidden & {row["hit_id"] for row in ask(client, "hits").json()["rows"]}) == sees
    assert ask(client, "hit", hit_id=min(hidden)).status_code == (200 if sees else 404)


@pytest.mark.parametrize("path", ["watches/1", "hits/1", "watches/new", "hit/verdict", "corrections"])
def test_no_program_decides(recorded: Live, path: str) -> None:
    """Verdicts, corrections and watches are a person's acts: there is no such route."""
    assert program(recorded).post(f"/api/{path}", json={}).status_code == 404
