"""Exports: capped, approved by another, registered, dated; nothing leaves that is not recorded."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import date, timedelta
from threading import Thread

import geopandas as gpd
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from alpr_assets.access.exports import Exports, as_csv, overdue
from alpr_assets.access.gate import Found
from alpr_assets.access.record.entries import Kind, Outcome, RecordUnavailableError, ResultId
from alpr_assets.access.roles import Role
from alpr_assets.access.secret_key import SecretKey
from alpr_assets.errors import AccessRefusedError, IllegalMoveError, NotFoundError
from alpr_assets.store import schema
from alpr_assets.store.engine import reading
from tests.people import NOW, MemoryRecorder, ask, gate_for, member, session

ANALYST = member(member_id=1)
SUPERVISOR = member(Role.SUPERVISOR, member_id=2)
OTHER = member(Role.SUPERVISOR, member_id=3)


def of(n_rows):
    """A search that finds so many reads."""
    frame = pd.DataFrame(
        {
            "read_id": range(n_rows),
            "plate": ["7ABC123"] * n_rows,
            "captured_at": pd.Timestamp(NOW),
            "latitude_deg": [38.0] * n_rows,
            "longitude_deg": [-121.8] * n_rows,
            "differences": [[{"at": 1}]] * n_rows,
        }
    )
    return lambda _grant: Found(frame, [ResultId("read", date(2026, 6, 15), i) for i in range(n_rows)])


@pytest.fixture
def recorder():
    return MemoryRecorder()


@pytest.fixture
def capped(policy):
    return policy.model_copy(update={"access": policy.access.model_copy(update={"export_max_rows": 10})})


@pytest.fixture
def exports(store, capped, recorder, tmp_path):
    return Exports(
        gate_for(capped, ANALYST, SUPERVISOR, OTHER, recorder=recorder),
        store.engine,
        SecretKey(tmp_path / "keys" / "secret"),
    )


def take(exports, n_rows, *, who=ANALYST, asked=None, file_format="csv"):
    return exports.take(session(who), asked or ask(), of(n_rows), file_format)


def test_an_export_is_recorded_registered_and_says_when_it_must_be_gone(exports, recorder):
    file = take(exports, 3).rows
    assert file.name.endswith("-delete-by-2026-07-15.csv")
    assert len(list(csv.reader(io.StringIO(file.content.decode())))) == 4
    (entry,) = recorder.entries
    assert (entry.kind, entry.action, entry.outcome) == (Kind.EXPORT, "export", Outcome.ANSWERED)
    assert entry.details == {"format": "csv", "exported": "plate_history"}
    assert len(entry.results) == 3
    (row,) = exports.register()
    assert (row.record_id, row.n_rows, row.sha256, row.member_id) == (0, 3, file.sha256, 1)


def test_above_the_cap_nothing_leaves_until_another_approves_just_this(exports, recorder):
    with pytest.raises(AccessRefusedError) as error:
        take(exports, 11)
    assert error.value.codes == ("row_cap",)
    assert not exports.register()
    (request,) = exports.requests()
    assert (request.n_rows, request.record_id) == (11, error.value.record_id)
    with pytest.raises(AccessRefusedError):
        take(exports, 11)
    assert len(exports.requests()) == 1, "asked twice, it waits once"
    exports.decide(session(SUPERVISOR), request.request_id, approve=True, note="canvass")
    with pytest.raises(AccessRefusedError):
        take(exports, 11, asked=ask(elements={"plate": "8XYZ999"}))
    with pytest.raises(AccessRefusedError):
        take(exports, 12)
    assert len(take(exports, 11).receipt.head.log_id)
    with pytest.raises(AccessRefusedError):
        take(exports, 11)
    assert [entry.action for entry in recorder.entries if entry.outcome is Outcome.DONE] == ["decide_export"]


def test_an_approval_that_is_not_used_in_time_is_none(exports, capped, store, recorder):
    with pytest.raises(AccessRefusedError):
        take(exports, 11)
    exports.decide(session(SUPERVISOR), exports.requests()[0].request_id, approve=True, note="")
    later = gate_for(capped, ANALYST, recorder=recorder, now=NOW + timedelta(hours=73))
    with pytest.raises(AccessRefusedError):
        take(replace(exports, gate=later), 11)


def test_a_declined_request_lets_nothing_out(exports):
    with pytest.raises(AccessRefusedError):
        take(exports, 11)
    exports.decide(session(SUPERVISOR), exports.requests()[0].request_id, approve=False, note="too wide")
    with pytest.raises(AccessRefusedError):
        take(exports, 11)


def test_nobody_decides_his_own_nor_twice_nor_without_the_role(exports):
    with pytest.raises(AccessRefusedError):
        take(exports, 11, who=SUPERVISOR)
    (request,) = exports.requests()
    with pytest.raises(AccessRefusedError) as error:
        exports.decide(session(SUPERVISOR), request.request_id, approve=True, note="")
    assert error.value.codes == ("own_request",)
    with pytest.raises(AccessRefusedError):
        exports.decide(session(ANALYST), request.request_id, approve=True, note="")
    exports.decide(session(OTHER), request.request_id, approve=True, note="")
    with pytest.raises(IllegalMoveError):
        exports.decide(session(OTHER), request.request_id, approve=False, note="")
    with pytest.raises(NotFoundError):
        exports.decide(session(OTHER), 999, approve=True, note="")


def test_of_two_takes_at_once_an_approval_lets_one_out(exports):
    with pytest.raises(AccessRefusedError):
        take(exports, 11)
    exports.decide(session(SUPERVISOR), exports.requests()[0].request_id, approve=True, note="")
    outcomes = []

    def one():
        try:
            outcomes.append(take(exports, 11).rows.n_rows)
        except AccessRefusedError as refused:
            outcomes.append(refused.codes)

    threads = [Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes, key=str) == [("row_cap",), ("row_cap",), ("row_cap",), 11]


def test_without_the_record_there_is_no_file_and_no_decision(store, capped, tmp_path):
    recorder = MemoryRecorder()
    exports = Exports(
        gate_for(capped, ANALYST, SUPERVISOR, recorder=recorder), store.engine, SecretKey(tmp_path / "keys" / "secret")
    )
    with pytest.raises(AccessRefusedError):
        take(exports, 11)
    recorder.broken = True
    with pytest.raises(RecordUnavailableError):
        take(exports, 3)
    with pytest.raises(RecordUnavailableError):
        exports.decide(session(SUPERVISOR), exports.requests()[0].request_id, approve=True, note="")
    assert not exports.register()
    assert exports.requests(), "it is not decided"


def test_the_register_holds_no_plate(exports, store):
    with pytest.raises(AccessRefusedError):
        take(exports, 11)
    take(exports, 3)
    with reading(store.engine) as connection:
        rows = [*connection.execute(select(schema.export)), *connection.execute(select(schema.export_request))]
    assert "7ABC123" not in repr(rows)


def test_a_member_says_that_his_file_is_gone_and_what_is_late_is_listed(exports, store):
    take(exports, 3)
    (row,) = exports.register(member_id=1)
    with reading(store.engine) as connection:
        assert not overdue(connection, row.delete_by)
        assert len(overdue(connection, row.delete_by + timedelta(days=1))) == 1
    with pytest.raises(NotFoundError):
        exports.confirm_destroyed(session(SUPERVISOR), row.export_id)
    exports.confirm_destroyed(session(ANALYST), row.export_id)
    assert not exports.register()
    with pytest.raises(NotFoundError):
        exports.confirm_destroyed(session(ANALYST), row.export_id)


def test_geoparquet_opens_where_others_read_it(exports):
    file = take(exports, 3, file_format="geoparquet").rows
    frame = gpd.read_parquet(io.BytesIO(file.content))
    assert frame.crs.to_epsg() == 4326
    assert frame.geometry.x.tolist() == [-121.8] * 3
    assert frame["differences"].tolist() == ['[{"at": 1}]'] * 3


@given(st.lists(st.text(max_size=20), min_size=1, max_size=5))
def test_no_cell_of_a_csv_is_run_by_a_spreadsheet(texts):
    """OWASP: CSV injection; a cell that begins with = + - @ or a control character is a formula."""
    content = as_csv(pd.DataFrame({"text": texts})).decode()
    _, *cells = csv.reader(io.StringIO(content, newline=""))
    assert [cell[0].removeprefix("'") if cell else "" for cell in cells] == [text.removeprefix("'") for text in texts]
    assert not [cell for cell in cells if cell and cell[0].startswith(("=", "+", "-", "@", "\t", "\r"))]
