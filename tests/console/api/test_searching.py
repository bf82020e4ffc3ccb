"""Questions about vehicles through the data API: each recorded once, before anything leaves; refusals with their reasons."""

from __future__ import annotations

import csv
import io
import logging
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import geopandas as gpd
import pyarrow as pa
import pytest
from PIL import Image
from starlette.testclient import TestClient

from alpr_assets.access import sessions
from alpr_assets.access.acting import acting
from alpr_assets.access.people import SYSTEM, SessionKind
from alpr_assets.access.record import verifying
from alpr_assets.access.record.entries import RecordUnavailableError
from alpr_assets.access.roles import Role
from alpr_assets.console.api.formats import ARROW, PARQUET
from alpr_assets.console.app import create_app
from alpr_assets.search import history, hits
from alpr_assets.store import schema
from tests.console.api.conftest import ask, program, receipt
from tests.console.api.test_canvassing import incident
from tests.live import STOLEN, Live
from tests.patrols import AT, DAY


def history_of(client: TestClient, plate: str = STOLEN, **more: Any) -> list[dict[str, Any]]:
    response = ask(client, "plate-history", plate=plate, **more)
    assert response.status_code == 200, response.text
    return response.json()["rows"]


# ── what is answered ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("422.4(a)")
def test_a_plates_history_comes_newest_first_with_the_receipt_of_its_record(recorded: Live) -> None:
    client, before = program(recorded), recorded.n_recorded()
    response = ask(client, "plate-history", plate="7abc 123")
    body = response.json()
    assert [row["device_id"] for row in body["rows"]] == ["cam-4", "cam-3", "cam-2", "cam-1", "cam-0"]
    assert [column["name"] for column in body["columns"]] == list(history.COLUMNS)
    assert recorded.n_recorded() == before + 1
    assert body["receipt"] == receipt(response)
    assert body["receipt"]["record_id"] == before
    assert body["receipt"]["head"]["size"] == before + 1


def test_the_same_rows_come_as_json_arrow_and_geoparquet(recorded: Live) -> None:
    client = program(recorded)
    rows = history_of(client)
    arrow = ask(client, "plate-history", plate=STOLEN, accept=ARROW)
    parquet = ask(client, "plate-history", plate=STOLEN, accept=PARQUET)
    assert (arrow.headers["content-type"], parquet.headers["content-type"]) == (ARROW, PARQUET)
    assert pa.ipc.open_stream(arrow.content).read_all()["read_id"].to_pylist() == [row["read_id"] for row in rows]
    located = gpd.read_parquet(io.BytesIO(parquet.content))
    assert located.geometry.x.tolist() == [row["longitude_deg"] for row in rows]
    assert receipt(arrow)["record_id"] + 1 == receipt(parquet)["record_id"]


def test_what_no_caller_takes_is_neither_searched_nor_recorded(recorded: Live) -> None:
    client, before = program(recorded), recorded.n_recorded()
    response = ask(client, "plate-history", plate=STOLEN, accept="text/html")
    assert response.status_code == 406
    assert response.headers["content-type"] == "application/problem+json"
    assert recorded.n_recorded() == before


def test_times_narrow_a_history_and_the_end_is_excluded(recorded: Live) -> None:
    client = program(recorded)
    since, until = AT + timedelta(minutes=10), AT + timedelta(minutes=30)
    rows = history_of(client, since=since.isoformat(), until=until.isoformat())
    assert [row["device_id"] for row in rows] == ["cam-2", "cam-1"]
    assert history_of(client, state="NV") == []
    assert len(history_of(client, state="ca")) == 5
    assert history_of(client, "1UNSEEN") == []


@pytest.mark.clause("422.4(e)")
def test_hits_are_those_of_sources_that_the_member_may_see(recorded: Live) -> None:
    rows = ask(program(recorded), "hits").json()["rows"]
    assert {row["listed_plate"] for row in rows} == {STOLEN, "8XYZ991"}
    assert list(rows[0]) == list(hits.COLUMNS)
    assert ask(program(recorded), "hits", category="missing_person").json()["rows"] == []


def test_a_picture_opens_byte_for_byte_and_its_plate_alone_as_a_part(recorded: Live) -> None:
    client = program(recorded)
    row = history_of(client)[0]
    before = recorded.n_recorded()
    whole = ask(client, "images/open", day=row["day"], capture_id=row["capture_id"])
    part = ask(client, "images/open", day=row["day"], capture_id=row["capture_id"], read_id=row["read_id"])
    assert recorded.n_recorded() == before + 2
    assert whole.headers["content-type"] == "image/jpeg"
    (capture,) = [one for one in recorded.patrol.rows(schema.capture) if one.capture_id == row["capture_id"]]
    assert whole.content == recorded.patrol.store.images.picture(DAY, capture.image_sha256)
    assert part.headers["content-type"] == "image/png"
    with Image.open(io.BytesIO(part.content)) as plate:
        assert plate.size == (64, 44)  # the box of 40 × 20 with half its width around it, as far as the picture goes


def test_a_part_around_another_captures_read_is_not_given(recorded: Live) -> None:
    client = program(recorded)
    first, second = history_of(client)[:2]
    response = ask(client, "images/open", day=first["day"], capture_id=first["capture_id"], read_id=second["read_id"])
    assert response.status_code == 404
    assert ask(client, "images/open", day="2020-01-01", capture_id=1).status_code == 404


def test_an_export_is_a_file_with_a_day_by_which_it_must_be_gone(recorded: Live) -> None:
    client = program(recorded)
    response = ask(client, "exports", of={"search": "plate_history", "plate": STOLEN}, format="csv")
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(response.text)))
    assert [row["device_id"] for row in rows] == ["cam-4", "cam-3", "cam-2", "cam-1", "cam-0"]
    gone = date.fromisoformat(response.headers["ALPR-Delete-By"])
    assert gone.isoformat() in response.headers["Content-Disposition"]
    assert STOLEN not in response.headers["Content-Disposition"]
    (registered, *_) = recorded.console.services.exports.register()
    assert registered.record_id == receipt(response)["record_id"]
    located = ask(client, "exports", of={"search": "view_hits"}, format="geoparquet")
    assert gpd.read_parquet(io.BytesIO(located.content)).crs == "EPSG:4326"


def test_an_export_above_the_cap_waits_for_a_supervisor(recorded: Live) -> None:
    services = recorded.console.services
    access = services.policy.access.model_copy(update={"export_max_rows": 3})
    gate = replace(services.gate, policy=services.policy.model_copy(update={"access": access}))
    stricter = replace(services, gate=gate, exports=replace(services.exports, gate=gate))
    client = program(replace(recorded, console=replace(recorded.console, app=create_app(stricter))))
    response = ask(client, "exports", of={"search": "plate_history", "plate": STOLEN})
    problem = response.json()
    assert response.status_code == 403
    assert problem["codes"] == ["row_cap"]
    assert "supervisor" in problem["remedy"]
    assert len(services.exports.requests()) == 1


# ── what is refused ────────────────────────────────────────────────────────────────────────────────────────────────

ASKED: dict[str, dict[str, Any]] = {
    "plate-history": {"plate": STOLEN},
    "hits": {},
    "images/open": {"day": "2026-06-15", "capture_id": 1},
    "exports": {"of": {"search": "plate_history", "plate": STOLEN}},
    "partial-plates": {"pattern": f"{STOLEN[:5]}*"},
    "possible-plates": {"plate": STOLEN},
    "plate-path": {"plate": STOLEN},
    "canvass": {"incidents": [incident(0)]},
    "co-travel": {"plate": STOLEN},
    "counts": {},
}


@pytest.mark.clause("422.4(d)")
@pytest.mark.parametrize("path", ASKED)
def test_an_untrained_member_gets_nothing_on_any_path(recorded: Live, path: str) -> None:
    untrained = recorded.console.member(Role.ANALYST, trained_until=None)
    lapsed = recorded.console.member(Role.ANALYST, trained_until=date(2026, 6, 14))
    for member_id, code in ((untrained, "untrained"), (lapsed, "training_expired")):
        before = recorded.n_recorded()
        problem = ask(program(recorded, member_id), path, **ASKED[path]).json()
        assert problem["codes"] == [code]
        assert problem["record_id"] in {before, before + 1}  # the session was opened before


@pytest.mark.clause("422.4(a)")
@pytest.mark.parametrize("path", ASKED)
def test_every_reason_of_a_refusal_is_told_at_once_and_recorded(recorded: Live, path: str) -> None:
    client = program(recorded, Role.ADMINISTRATOR)
    why = {"purpose": "immigration", "case_number": "no"}
    before = recorded.n_recorded()
    response = client.post(f"/api/{path}", json={**ASKED[path], **why})
    problem = response.json()
    assert response.status_code == 403
    assert problem["codes"] == ["role", "refused_purpose", "no_case"]
    assert len(problem["reasons"]) == 3
    assert (problem["record_id"], recorded.n_recorded()) == (before, before + 1)
    assert STOLEN not in response.text


def test_a_token_made_for_less_does_less(recorded: Live) -> None:
    office, member_id = recorded.console.services.office, recorded.console.member(Role.ANALYST)
    with acting(office, "sign_in", SYSTEM, at=recorded.clock.now) as act:
        opened = sessions.open_session(
            office, act, member_id, kind=SessionKind.NOTEBOOK, minutes=60, address="", verified=True,
            acknowledged=True, actions=frozenset({"view_hits"}),
        )  # fmt: skip
    client = program(recorded, opened.token)
    assert ask(client, "hits").status_code == 200
    assert ask(client, "plate-history", plate=STOLEN).json()["codes"] == ["scope"]


@pytest.mark.parametrize("path", ASKED)
def test_nobody_without_a_token_is_answered(recorded: Live, path: str) -> None:
    for token in (None, "", "made up"):
        response = ask(program(recorded, token), path, **ASKED[path])
        assert response.status_code == 401
        assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.clause("422.6(a)")
@pytest.mark.parametrize("path", ASKED)
def test_what_cannot_be_recorded_is_not_answered(recorded: Live, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    client = program(recorded)
    row = history_of(client)[0]
    said = {**ASKED, "images/open": {"day": row["day"], "capture_id": row["capture_id"]}}[path]

    def full(_entry: object) -> None:
        raise RecordUnavailableError("the access record cannot be written", remedy="free some room on its disk")

    monkeypatch.setattr(recorded.record, "append", full)
    response = ask(client, path, **said)
    assert response.status_code == 503
    assert response.json()["remedy"]
    for word in (STOLEN, "cam-4", "JFIF", "ALPR-Receipt"):
        assert word not in response.text + str(response.headers)


@pytest.mark.parametrize(
    ("path", "said", "named"),
    [
        ("plate-history", {"plate": STOLEN, "colour": "red"}, "colour"),
        ("plate-history", {}, "plate"),
        ("plate-history", {"plate": "A" * 33}, "plate"),
        ("plate-history", {"plate": STOLEN, "since": "2026-06-15T00:00:00"}, "since"),
        ("plate-history", {"plate": STOLEN, "since": "0001-01-01T00:00:00+14:00"}, "since"),
        ("plate-history", {"plate": STOLEN, "state": "California"}, "state"),
        ("images/open", {"day": "15 June", "capture_id": 1}, "day"),
        ("images/open", {"day": "2026-06-15", "capture_id": 2**63}, "capture_id"),
        ("exports", {"of": {"search": "plate_history"}}, "plate"),
        ("exports", {"of": {"search": "open_image"}}, "of"),
        ("exports", {"of": {"search": STOLEN}}, "plate_history"),
        ("plate-history", {"plate": STOLEN, "purpose": [STOLEN]}, "purpose"),
        ("plate-history", {"plate": STOLEN, "until": STOLEN}, "until"),
        ("images/open", {"day": STOLEN, "capture_id": STOLEN}, "capture_id"),
        ("exports", {"of": {"search": "view_hits"}, "format": "xlsx"}, "format"),
    ],
)
def test_a_malformed_question_is_explained_without_repeating_it(
    recorded: Live, path: str, said: dict[str, Any], named: str
) -> None:
    before = recorded.n_recorded()
    client = program(recorded)
    response = ask(client, path, **said)
    problem = response.json()
    assert response.status_code == 422
    assert named in " ".join(problem["reasons"])
    assert STOLEN not in response.text
    assert recorded.n_recorded() == before + 1  # the session that asks


def test_a_plate_that_is_none_is_refused_and_recorded_as_failed(recorded: Live) -> None:
    response = ask(program(recorded), "plate-history", plate="9QX?777")
    assert response.status_code == 400
    assert response.json()["codes"] == ["plate"]
    assert "9QX" not in response.text


def test_no_plate_reaches_a_log(recorded: Live, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        client = program(recorded)
        history_of(client)
        ask(client, "plate-history", plate=STOLEN, since="never")
        ask(program(recorded, Role.ADMINISTRATOR), "plate-history", plate=STOLEN)
    assert STOLEN not in caplog.text


def test_what_was_served_is_proven_to_be_in_the_record(recorded: Live) -> None:
    """The receipt's leaf, under the newest head, by the console's proof and our own arithmetic."""
    client = program(recorded)
    served = [receipt(ask(client, "hits")) for _ in range(3)]
    for one in served:
        proof = client.get(f"/api/record/{one['record_id']}/inclusion").json()
        assert proof["leaf_hash"] == one["leaf_hash"]
        head, path = proof["head"], [bytes.fromhex(hash_) for hash_ in proof["hashes"]]
        leaf, root = bytes.fromhex(one["leaf_hash"]), bytes.fromhex(head["root"])
        assert verifying.inclusion_holds(leaf, one["record_id"], head["size"], path, root)


def test_an_answer_that_is_written_to_the_disk_is_not_readable_there(recorded: Live) -> None:
    """422.6(a): large and small ones alike pass through an encrypted spool without a name."""
    history_of(program(recorded))
    assert list((recorded.console.folder / "data" / "spool").iterdir()) == []
