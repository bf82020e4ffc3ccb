"""Frozen answers are on the register of what was taken out: each is reviewed or gone by its day."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from alpr_assets.access import case_files
from alpr_assets.access.exports import FROZEN, Exports, overdue
from alpr_assets.access.record.entries import RecordUnavailableError
from alpr_assets.access.roles import Action, Role
from alpr_assets.access.secret_key import SecretKey
from alpr_assets.errors import MalformedError, NotFoundError
from alpr_assets.store import schema
from alpr_assets.store.engine import reading
from tests.people import NOW, MemoryRecorder, ask, gate_for, member, session

OFFICER = member(Role.OFFICER, member_id=1)
SUPERVISOR = member(Role.SUPERVISOR, member_id=2)
CUSTODIAN = member(Role.CUSTODIAN, member_id=3)
PLATE = "7ABC123"
BY = date(2031, 6, 15)
"""Five years, the class's maximum, after the department's date of NOW."""


@pytest.fixture
def recorder():
    return MemoryRecorder()


@pytest.fixture
def exports(store, policy, recorder, tmp_path):
    gate = gate_for(policy, OFFICER, SUPERVISOR, CUSTODIAN, recorder=recorder)
    return Exports(gate, store.engine, SecretKey(tmp_path / "keys" / "secret"))


def enter(exports, record_id=7):
    asked = ask(Action.PLATE_HISTORY, elements={"plate": PLATE})
    return case_files.enter(exports, session(OFFICER), asked, b"digests", record_id=record_id, n_rows=3)


def later(exports, **after):
    return replace(exports, gate=replace(exports.gate, clock=lambda: NOW + timedelta(**after)))


@pytest.mark.clause("422.5")
def test_a_frozen_answer_is_registered_with_its_day_and_no_plate(exports, store):
    file = enter(exports)
    assert (file.name, file.delete_by) == (f"frozen-7-review-by-{BY}.json", BY)
    (row,) = exports.register()
    assert (row.member_id, row.case_number, row.action, row.format) == (1, "26-01234", "plate_history", FROZEN)
    assert (row.record_id, row.n_rows, row.exported_at, row.delete_by) == (7, 3, NOW, BY)
    assert row.sha256 == hashlib.sha256(b"digests").hexdigest()
    with reading(store.engine) as connection:
        assert PLATE not in repr(connection.execute(select(schema.export)).all())
        assert not overdue(connection, BY)
        assert [late.export_id for late in overdue(connection, BY + timedelta(days=1))] == [row.export_id]


@pytest.mark.clause("422.5")
def test_a_case_that_still_needs_it_says_why_and_has_another_day(exports, recorder):
    enter(exports)
    (row,) = exports.register()
    late = later(exports, days=365 * 5 + 30)
    with pytest.raises(MalformedError):
        case_files.keep_on(late, session(OFFICER), row.export_id, reason="")
    with pytest.raises(NotFoundError):
        case_files.keep_on(late, session(SUPERVISOR), row.export_id, reason="the appeal is open")
    assert exports.register()[0].delete_by == BY
    assert case_files.keep_on(late, session(OFFICER), row.export_id, reason="the appeal is open") == date(2036, 7, 14)
    assert exports.register()[0].delete_by == date(2036, 7, 14)
    (entry,) = recorder.entries
    assert (entry.action, entry.details["note"]) == ("keep_case_file", "the appeal is open")
    exports.confirm_destroyed(session(OFFICER), row.export_id)
    assert not exports.register()
    with pytest.raises(NotFoundError):
        case_files.keep_on(late, session(OFFICER), row.export_id, reason="it is gone")


@pytest.mark.clause("422.5")
def test_the_custodian_answers_for_what_a_member_left_behind(exports):
    enter(exports)
    enter(exports, record_id=8)
    kept, gone = exports.register()
    case_files.keep_on(later(exports, days=365), session(CUSTODIAN), kept.export_id, reason="the case is open")
    exports.confirm_destroyed(session(CUSTODIAN), gone.export_id)
    (row,) = exports.register(member_id=1)
    assert (row.export_id, row.delete_by) == (kept.export_id, date(2032, 6, 15))


def test_a_downloaded_file_is_never_kept_on(exports):
    """Rows must be gone by their day: only a frozen answer, which holds none, can stay."""
    enter(exports)
    (row,) = exports.register()
    with exports.engine.begin() as connection:
        connection.execute(schema.export.update().values(format="csv"))
    with pytest.raises(NotFoundError):
        case_files.keep_on(exports, session(OFFICER), row.export_id, reason="wanted for longer")
    assert exports.register()[0].delete_by == BY


def test_what_cannot_be_recorded_keeps_its_day(exports, tmp_path, store, policy):
    enter(exports)
    (row,) = exports.register()
    broken = Exports(gate_for(policy, OFFICER, recorder=MemoryRecorder(broken=True)), store.engine, exports.key)
    with pytest.raises(RecordUnavailableError):
        case_files.keep_on(later(broken, days=365), session(OFFICER), row.export_id, reason="the case is open")
    assert exports.register()[0].delete_by == BY
