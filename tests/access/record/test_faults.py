"""The record's storage full, locked, read-only, gone: nothing counts, an alarm is raised, and it recovers by itself."""

from __future__ import annotations

import json
import os
import resource
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from alpr_assets.access.record import alarms
from alpr_assets.access.record.entries import RecordUnavailableError
from alpr_assets.access.record.exporting import verify_database
from alpr_assets.access.record.log import AccessRecord
from alpr_assets.access.record.places import Place
from alpr_assets.store.engine import open_engine
from tests.access.record.records import BEGUN, an_entry, owning, place_in

pytestmark = pytest.mark.clause("422.6(a)")


def unavailable_then_well(record: AccessRecord, trouble: object) -> None:
    """Inside the trouble nothing is recorded and an alarm is open; behind it all is as if it had not been."""
    before = record.append(an_entry()).record_id
    place = record.place
    with trouble:  # type: ignore[attr-defined]
        for _ in range(2):
            with pytest.raises(RecordUnavailableError) as refused:
                record.append(an_entry())
            assert "7ABC123" not in str(refused.value) + refused.value.remedy
        assert [alarm.name for alarm in alarms.open_alarms(place.data)] == [alarms.RECORD]
    assert record.append(an_entry()).record_id == before + 1, "nothing half-written stands between"
    assert alarms.open_alarms(place.data) == []
    assert verify_database(place).ok


def test_locked(place: Place) -> None:
    with AccessRecord(place, clock=lambda: BEGUN) as record:
        unavailable_then_well(record, locking(place))


@contextmanager
def locking(place: Place) -> Iterator[None]:
    """Another process has the database and does not let go."""
    if place.database is not None:
        with closing(sqlite3.connect(place.database, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield
        return
    engine = open_engine(place.engine.url.render_as_string(hide_password=False))
    with engine.connect() as connection, connection.begin():
        connection.execute(text("LOCK TABLE access_record.access_record IN EXCLUSIVE MODE"))
        yield
    engine.dispose()


def test_full(sqlite_place: Place) -> None:
    """No file may grow: what the file system says to SQLite is what it says of a full disk."""
    with AccessRecord(sqlite_place, clock=lambda: BEGUN) as record:
        unavailable_then_well(record, full())


@contextmanager
def full() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_gone_and_restored(sqlite_place: Place) -> None:
    with AccessRecord(sqlite_place, clock=lambda: BEGUN) as record:
        unavailable_then_well(record, taken_away(sqlite_place))


@contextmanager
def taken_away(place: Place) -> Iterator[None]:
    away = place.folder.with_name("away")
    place.folder.rename(away)
    yield
    away.rename(place.folder)


def test_replaced_by_another_file(sqlite_place: Place) -> None:
    """An open file can be written to after it was replaced: what went there does not count."""
    with AccessRecord(sqlite_place, clock=lambda: BEGUN) as record:
        unavailable_then_well(record, replaced(sqlite_place))


@contextmanager
def replaced(place: Place) -> Iterator[None]:
    assert place.database is not None
    old = place.database.with_name("old.sqlite")
    with closing(sqlite3.connect(place.database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    place.database.rename(old)
    place.database.touch()
    yield
    for path in place.folder.glob("access.sqlite*"):
        path.unlink()
    old.rename(place.database)


def test_a_server_that_only_reads_and_then_was_restarted(place: Place) -> None:
    if place.database is not None:
        pytest.skip("a server is PostgreSQL's")
    with AccessRecord(place, clock=lambda: BEGUN) as record:
        unavailable_then_well(record, reading_only(place))


@contextmanager
def reading_only(place: Place) -> Iterator[None]:
    name = place.engine.url.database
    for state in ("on", "off"):
        with owning(place) as connection:
            connection.execute(text("SET TRANSACTION READ WRITE"))
            connection.execute(text(f'ALTER DATABASE "{name}" SET default_transaction_read_only = {state}'))
            sessions = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name AND pid <> pg_backend_pid()"
            connection.execute(text(sessions), {"name": name})
        if state == "on":
            yield


def test_a_folder_that_is_only_read(tmp_path: Path) -> None:
    """Root may write anywhere: he becomes somebody else for the while."""
    with tempfile.TemporaryDirectory() as name, nobody(Path(name)):
        place = place_in(Path(name))
        with AccessRecord(place, clock=lambda: BEGUN) as record:
            record.append(an_entry())
        files = [place.folder, *place.folder.iterdir()]
        for path in files:
            path.chmod(0o500 if path.is_dir() else 0o400)
        with pytest.raises(RecordUnavailableError):
            AccessRecord(place)
        assert [alarm.name for alarm in alarms.open_alarms(place.data)] == [alarms.RECORD]
        for path in files:
            path.chmod(0o700 if path.is_dir() else 0o600)
        with AccessRecord(place, clock=lambda: BEGUN) as record:
            assert record.append(an_entry()).record_id == 2
        assert alarms.open_alarms(place.data) == []
        place.engine.dispose()


@contextmanager
def nobody(folder: Path) -> Iterator[None]:
    if os.geteuid():
        yield
        return
    os.chown(folder, 65534, 65534)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_the_keys_of_the_elements_gone(sqlite_place: Place) -> None:
    """A query that cannot be sealed cannot be recorded; the key file is read anew where a month begins."""
    with AccessRecord(sqlite_place, clock=lambda: BEGUN) as record:
        path = record.keys.path
        path.write_bytes(b"no database at all, but long enough to be taken for one" * 20)
        with pytest.raises(RecordUnavailableError):
            record.append(an_entry())
        path.unlink()
        assert record.append(an_entry()).record_id == 1
    assert alarms.open_alarms(sqlite_place.data) == []


# ── alarms ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_alarm_is_raised_once_and_open_until_it_is_over(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(3):
        alarms.raise_alarm(tmp_path, "witness w", "not reached")
    alarms.raise_alarm(tmp_path, "record", "full")
    assert [alarm.name for alarm in alarms.open_alarms(tmp_path)] == ["witness w", "record"]
    assert len([record for record in caplog.records if record.levelname == "CRITICAL"]) == 2
    alarms.end_alarm(tmp_path, "witness w")
    alarms.end_alarm(tmp_path, "witness w")
    assert [alarm.name for alarm in alarms.open_alarms(tmp_path)] == ["record"]
    alarms.raise_alarm(tmp_path, "witness w", "again")
    assert [alarm.text for alarm in alarms.open_alarms(tmp_path)] == ["full", "again"]


def test_an_alarm_that_cannot_be_written_is_open_all_the_same(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    data = tmp_path / "data"
    data.write_text("a file where the folder should be")
    alarms.raise_alarm(data, "record", "full")
    assert [alarm.name for alarm in alarms.open_alarms(data)] == ["record"]
    assert "full" in caplog.text
    alarms.end_alarm(data, "record")
    assert alarms.open_alarms(data) == []


def test_a_line_cut_short_by_a_full_disk_hides_no_other(tmp_path: Path) -> None:
    alarms.raise_alarm(tmp_path, "one", "first")
    with (tmp_path / alarms.FILE).open("a") as file:
        file.write(json.dumps({"at": "2026", "alarm": "two"})[:12])
    alarms.raise_alarm(tmp_path, "three", "third")
    assert [alarm.name for alarm in alarms.open_alarms(tmp_path)] == ["one", "three"]
