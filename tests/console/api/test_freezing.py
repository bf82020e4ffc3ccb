"""Case files through the data API: the same again, or what became of it; nothing in the file says what was asked."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from starlette.testclient import TestClient

from alpr_assets.access.exports import Exports
from alpr_assets.access.record import reading
from alpr_assets.access.record.entries import RecordUnavailableError
from alpr_assets.access.record.exporting import snapshot
from alpr_assets.access.roles import Role
from alpr_assets.store import schema
from alpr_assets.store.engine import writing
from tests.console.api.conftest import ask, program, receipt
from tests.console.api.test_canvassing import incident
from tests.live import STOLEN, Live

NAMED: list[dict[str, Any]] = [
    {"search": "plate_history", "plate": STOLEN},
    {"search": "possible_plates", "plate": STOLEN},
    {"search": "plate_path", "plate": STOLEN},
    {"search": "partial_plates", "pattern": "7ABC*"},
    {"search": "canvass", "incidents": [incident(0)]},
    {"search": "co_travel", "plate": STOLEN},
    {"search": "counts", "by": ["device"]},
    {"search": "view_hits"},
]


def frozen(client: TestClient, of: dict[str, Any]) -> str:
    response = ask(client, "freeze", of=of)
    assert response.status_code == 200, response.text
    assert response.headers["content-disposition"].startswith("attachment")
    assert receipt(response)["record_id"] == json.loads(response.text)["record_id"]
    return response.text


@pytest.mark.parametrize("of", NAMED, ids=lambda of: of["search"])
def test_every_named_search_freezes_and_reproduces(recorded: Live, of: dict[str, Any]) -> None:
    client, before = program(recorded), recorded.n_recorded()
    file = frozen(client, of)
    assert STOLEN not in file
    again = ask(client, "reproduce", file=file)
    assert again.status_code == 200, again.text
    body = again.json()
    assert body["same"]
    assert body["search"] == of["search"]
    assert body["n_then"] == body["n_now"] == len(body["found"]["rows"])
    assert recorded.n_recorded() == before + 2


def test_what_a_person_reproduces_says_which_answer_it_was(recorded: Live) -> None:
    client = program(recorded)
    file = frozen(client, NAMED[2])
    again = receipt(ask(client, "reproduce", file=file))
    with snapshot(recorded.record.place.engine) as connection:
        then = reading.entry(connection, json.loads(file)["record_id"])
        now = reading.entry(connection, again["record_id"])
        assert then is not None
        assert now is not None
        assert then.details["frozen"] is True
        assert now.details["reproduces"] == then.record_id
        for line in (then, now):
            assert line.action == "plate_history"


def test_a_correction_since_then_is_told(recorded: Live) -> None:
    client = program(recorded)
    file = frozen(client, NAMED[0])
    read = recorded.patrol.rows(schema.read)[0]
    with writing(recorded.console.services.store.engine) as connection:
        where = (schema.read.c.day == read.day) & (schema.read.c.read_id == read.read_id)
        connection.execute(schema.read.update().where(where).values(confidence=read.confidence / 2))
    try:
        body = ask(client, "reproduce", file=file).json()
        assert not body["same"]
        assert body["changed"]["rows"] == [{"day": read.day.isoformat(), "read_id": read.read_id}]
        assert body["purged"]["rows"] == body["added"]["rows"] == []
    finally:
        with writing(recorded.console.services.store.engine) as connection:
            connection.execute(schema.read.update().where(where).values(confidence=read.confidence))


def test_an_altered_file_is_refused_with_what_to_do(recorded: Live) -> None:
    client = program(recorded)
    content = json.loads(frozen(client, NAMED[0]))
    content["rows"] = content["rows"][1:]
    for bad in (json.dumps(content), "{}", "[]", "no file"):
        response = ask(client, "reproduce", file=bad)
        assert response.status_code == 400
        assert response.json()["codes"] == ["file"]
        assert response.json()["remedy"]


def test_who_may_not_ask_may_not_ask_it_again(recorded: Live) -> None:
    """A frozen file is no right: an officer has no co-travel, whoever froze it."""
    file = frozen(program(recorded), {"search": "co_travel", "plate": STOLEN})
    response = ask(program(recorded, Role.OFFICER), "reproduce", file=file)
    assert response.status_code == 403
    assert STOLEN not in response.text
    assert ask(program(recorded, None), "reproduce", file=file).status_code == 401


@pytest.mark.clause("422.5")
def test_a_frozen_answer_is_on_the_register_before_it_leaves(recorded: Live) -> None:
    exports = recorded.console.services.exports
    before = {row.export_id for row in exports.register()}
    response = ask(program(recorded), "freeze", of=NAMED[0])
    (row,) = [row for row in exports.register() if row.export_id not in before]
    assert row.record_id == receipt(response)["record_id"]
    assert (row.format, row.action, row.sha256) == (
        "frozen",
        "plate_history",
        hashlib.sha256(response.content).hexdigest(),
    )
    assert response.headers["alpr-review-by"] == row.delete_by.isoformat()
    assert row.file_name in response.headers["content-disposition"]
    assert STOLEN not in repr(row)


@pytest.mark.clause("422.5")
def test_what_is_not_registered_does_not_leave(recorded: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise RecordUnavailableError("the disk is full")

    monkeypatch.setattr(Exports, "enter", full)
    response = ask(program(recorded), "freeze", of=NAMED[0])
    assert response.status_code == 503
    assert "digest" not in response.text


# ── the same searches as files to keep ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("of", NAMED, ids=lambda of: of["search"])
def test_every_named_search_is_exported_as_csv(recorded: Live, of: dict[str, Any]) -> None:
    response = ask(program(recorded), "exports", of=of)
    assert response.status_code == 200, response.text
    assert response.headers["alpr-delete-by"]
    header, *rows = response.text.splitlines()
    assert header.split(",")[0] in {"hit_id", "day", "plate", "rank", "device"}
    assert rows or of["search"] == "co_travel", "nobody travelled with the sample's vehicle"


@pytest.mark.parametrize(("of", "status"), [(NAMED[3], 200), (NAMED[4], 200), (NAMED[5], 400), (NAMED[6], 400)])
def test_what_has_places_is_exported_as_geoparquet(recorded: Live, of: dict[str, Any], status: int) -> None:
    response = ask(program(recorded), "exports", of=of, format="geoparquet")
    assert response.status_code == status
    assert (response.content[:4] == b"PAR1") is (status == 200)


def test_exported_counts_are_never_small(recorded: Live) -> None:
    client = program(recorded)
    assert ask(client, "exports", of={"search": "counts", "suppress": False}).status_code == 422
    rows = ask(client, "exports", of={"search": "counts"}).text.splitlines()[1:]
    least = recorded.console.services.policy.search.small_cell
    for row in rows:
        *_, n_reads, suppressed = row.split(",")
        assert suppressed == "True" if n_reads == "" else int(n_reads) >= least
