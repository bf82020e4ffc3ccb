"""What is appended is numbered, on the disk before the receipt, and whole; nothing is lost between threads; nothing is changed."""

from __future__ import annotations

import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from alpr_assets.access.people import SYSTEM
from alpr_assets.access.record import reading
from alpr_assets.access.record.entries import Kind, Outcome, RecordUnavailableError, ResultId
from alpr_assets.access.record.exporting import snapshot, verify_database
from alpr_assets.access.record.heads import COMING, FILE, claim
from alpr_assets.access.record.leaves import result_text
from alpr_assets.access.record.log import AccessRecord, RecordBusyError
from alpr_assets.access.record.places import Place
from alpr_assets.access.record.tables import ROLE, TABLES, access_head, access_result, prepare
from alpr_assets.access.record.tail import newest_head
from alpr_assets.access.record.verifying import root_of
from alpr_assets.policy import load
from alpr_assets.store.engine import writing
from tests.access.record.records import ANN, BEGUN, DAY, an_entry, changed, cut, grown, leaves, owning, place_in

pytestmark = pytest.mark.clause("422.6(a)")


def test_an_entry_says_who_asked_what_when_and_why(place: Place) -> None:
    with AccessRecord(place, clock=lambda: BEGUN) as record:
        receipt = record.append(an_entry(BEGUN + timedelta(microseconds=1)))
    with snapshot(place.engine) as connection:
        (line,) = reading.entries(connection, kind=Kind.QUERY)
        kept = json.loads(leaves_of(place)[1])
    assert (line.record_id, line.at, line.actor) == (1, BEGUN + timedelta(microseconds=1), ANN)
    assert (line.action, line.outcome) == ("plate_history", Outcome.ANSWERED)
    assert (line.purpose, line.case_number, line.n_results) == ("stolen_vehicle", "26-0417", 3)
    assert receipt.results_root == root_of(result_text(ResultId("read", DAY, 900 + n)) for n in range(3))
    assert kept["results_root"] == receipt.results_root.hex()
    assert "7ABC123" not in json.dumps(kept), "the query is sealed"


def leaves_of(place: Place) -> list[str]:
    with snapshot(place.engine) as connection:
        return leaves(connection)


def test_a_record_begins_by_saying_whose_it_is_and_what_key_signs_it(place: Place) -> None:
    with AccessRecord(place, clock=lambda: BEGUN) as record:
        receipt = record.append(an_entry())
    begun = json.loads(leaves_of(place)[0])
    assert (begun["action"], begun["actor"]["name"], begun["details"]["ori"]) == (
        "begun",
        SYSTEM.name,
        load(place.policy).policy.ori,
    )
    assert begun["details"]["log_id"] == receipt.head.log_id
    assert claim(receipt.head).is_signed_by(bytes.fromhex(begun["details"]["public_key"]))


def test_the_receipts_head_covers_the_entry(place: Place) -> None:
    with AccessRecord(place, clock=lambda: BEGUN) as record:
        receipts = [record.append(an_entry()) for _ in range(5)]
    assert [(receipt.record_id, receipt.head.size) for receipt in receipts] == [(n, n + 1) for n in range(1, 6)]
    with snapshot(place.engine) as connection:
        assert newest_head(connection) == receipts[-1].head


def test_a_record_is_gone_on_with_where_it_ended(place: Place) -> None:
    for n in (3, 300, 5):
        grown(place, n)
    report = verify_database(place, accepted=range(400))
    assert (report.ok, report.size) == (True, 309)


def test_nothing_is_lost_between_threads_and_they_share_commits(place: Place) -> None:
    with AccessRecord(place, clock=lambda: BEGUN) as record, ThreadPoolExecutor(8) as threads:
        receipts = list(threads.map(lambda n: record.append(an_entry(case_number=f"26-{n:04}")), range(200)))
    assert sorted(receipt.record_id for receipt in receipts) == list(range(1, 201))
    by_id = {receipt.record_id: n for n, receipt in enumerate(receipts)}
    for record_id, leaf in enumerate(leaves_of(place)[1:], start=1):
        assert json.loads(leaf)["case_number"] == f"26-{by_id[record_id]:04}"
    with snapshot(place.engine) as connection:
        n_heads = connection.scalar(select(func.count()).select_from(access_head))
        n_results = connection.scalar(select(func.count()).select_from(access_result))
    assert n_heads is not None
    assert n_heads < 201, "a head a batch, not an entry"
    assert n_results == 600
    assert verify_database(place).ok


def test_a_hundred_thousand_results_are_kept_in_seconds(place: Place) -> None:
    """Wide enough for a slow machine; a row at a time takes minutes on PostgreSQL."""
    results = [ResultId("read", DAY if n % 2 else None, n) for n in range(100_000)]
    with AccessRecord(place, clock=lambda: BEGUN) as record:
        began = datetime.now()  # noqa: DTZ005 - a duration
        receipt = record.append(an_entry(results=results))
        assert datetime.now() - began < timedelta(seconds=30)  # noqa: DTZ005
    with snapshot(place.engine) as connection:
        assert reading.results_of(connection, receipt.record_id) == results
    assert verify_database(place).ok


@pytest.mark.parametrize("n_results", [0, 1, 8, 9, 999, 1_000], ids="{} results".format)
def test_an_entry_of_any_shape_comes_back_as_it_was_given(place: Place, n_results: int) -> None:
    """Small ones, larger ones and very large ones go different ways into PostgreSQL."""
    odd = 'O\'Neil "7" \\ {a,b} \x00 NULL \n naïve 車'
    results = [ResultId("read", DAY if n % 2 else None, -n) for n in range(n_results)]
    with AccessRecord(place, clock=lambda: BEGUN) as record:
        for elements in ({}, {"plate": odd}):
            receipt = record.append(an_entry(elements=elements, reasons=(odd,), results=results))
            with snapshot(place.engine) as connection:
                line = reading.entry(connection, receipt.record_id)
                assert line is not None
                assert line.reasons == (odd,)
                assert reading.results_of(connection, receipt.record_id) == results
                assert reading.elements(connection, record.keys, receipt.record_id) == elements
    assert verify_database(place).ok


@pytest.mark.parametrize(
    "bad",
    [
        {"elements": {"plate": {1, 2}}},
        {"details": {"at": BEGUN}},
        {"elements": {"plate": "\ud800"}},
        {"details": {"n": float("nan")}},
        {"at": BEGUN.replace(tzinfo=None)},
        {"results": [ResultId("Read:1", DAY, 1)]},
    ],
    ids=["no JSON", "a time", "half a character", "no number", "naive", "no kind"],
)
def test_what_cannot_be_written_as_json_is_refused_and_harms_nobody(
    sqlite_place: Place, bad: dict[str, object]
) -> None:
    with AccessRecord(sqlite_place, clock=lambda: BEGUN) as record:
        with pytest.raises(RecordUnavailableError, match="not JSON") as refused:
            record.append(an_entry(**{"at": BEGUN, **bad}))  # type: ignore[arg-type]
        assert "ABC" not in str(refused.value)
        assert record.append(an_entry()).record_id == 1


def test_two_processes_cannot_append(place: Place, tmp_path: Path) -> None:
    with AccessRecord(place, clock=lambda: BEGUN):
        with pytest.raises(RecordBusyError):
            AccessRecord(place)
        if place.database is None:
            other = place_in(tmp_path / "another machine", place.engine.url.render_as_string(hide_password=False))
            with pytest.raises(RecordBusyError):
                AccessRecord(other)
            other.engine.dispose()
    AccessRecord(place).close()


def test_a_closed_record_takes_nothing(sqlite_place: Place) -> None:
    record = AccessRecord(sqlite_place)
    record.close()
    record.close()
    with pytest.raises(RecordUnavailableError, match="closed"):
        record.append(an_entry())


def test_files_are_their_owners_only(sqlite_place: Place) -> None:
    old = os.umask(0)
    try:
        with AccessRecord(sqlite_place) as record:
            record.append(an_entry())
            files = [path for folder in (sqlite_place.folder, sqlite_place.keys) for path in folder.rglob("*")]
            assert len(files) >= 5
            assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
            folders = (sqlite_place.data, sqlite_place.folder, sqlite_place.keys)
            assert {stat.S_IMODE(folder.stat().st_mode) for folder in folders} == {0o700}
    finally:
        os.umask(old)


# ── what must not be gone on with ──────────────────────────────────────────────────────────────────────────────────


def test_a_damaged_end_is_not_signed_over(place: Place) -> None:
    grown(place, 10)
    with owning(place) as connection:
        leaf = changed(leaves(connection)[8], purpose="other")
        connection.execute(text("UPDATE access_record SET leaf = :leaf WHERE record_id = 8"), {"leaf": leaf})
    with pytest.raises(RecordUnavailableError, match="damaged") as refused:
        AccessRecord(place)
    assert "alpr record verify" in refused.value.remedy


def test_a_lost_last_row_is_not_written_over(place: Place) -> None:
    grown(place, 10)
    with owning(place) as connection:
        connection.execute(text("DELETE FROM access_record WHERE record_id = 10"))
    with pytest.raises(RecordUnavailableError, match="damaged"):
        AccessRecord(place)


def test_a_record_cut_short_while_it_is_written_is_noticed(place: Place) -> None:
    """By a process that knows how much there was; another one needs a witness for that."""
    with AccessRecord(place, clock=lambda: BEGUN) as record:
        for _ in range(10):
            record.append(an_entry())
        with owning(place) as connection:
            cut(connection, 5)
        record._tail = None  # as after any failure
        with pytest.raises(RecordUnavailableError, match="of 11 entries that were written 5"):
            record.append(an_entry())


def test_without_its_key_a_record_is_not_gone_on_with(place: Place) -> None:
    grown(place, 2)
    (place.keys / FILE).rename(place.keys / "away.pem")
    with pytest.raises(RecordUnavailableError, match=r"the key \w+ that signs"):
        AccessRecord(place)
    assert not (place.keys / FILE).exists(), "no other key was made"
    (place.keys / "away.pem").rename(place.keys / FILE)
    AccessRecord(place).close()


def test_a_record_that_is_gone_is_not_begun_anew_in_silence(sqlite_place: Place) -> None:
    grown(sqlite_place, 2)
    sqlite_place.engine.dispose()
    assert sqlite_place.database is not None
    sqlite_place.database.unlink()
    with pytest.raises(RecordUnavailableError, match="a record was removed"):
        AccessRecord(sqlite_place)


def test_a_beginning_cut_short_begins_again(sqlite_place: Place) -> None:
    """The key of a record that never began is not in force yet, and hides nothing."""
    sqlite_place.keys.mkdir(parents=True)
    (sqlite_place.keys / COMING).write_bytes(b"of the first try")
    grown(sqlite_place, 1)
    assert verify_database(sqlite_place).ok
    assert not (sqlite_place.keys / COMING).exists()


# ── keys that follow ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_new_key_is_signed_for_by_the_old_one(place: Place) -> None:
    with AccessRecord(place, clock=lambda: BEGUN) as record:
        old = record.append(an_entry()).head.key_id
        new = record.change_key(SYSTEM).head.key_id
        assert record.append(an_entry()).head.key_id == new
    report = verify_database(place)
    assert (report.ok, report.keys) == (True, [old, new])
    grown(place, 1)


def test_a_change_of_key_that_a_crash_cut_short_is_finished(sqlite_place: Place) -> None:
    with AccessRecord(sqlite_place, clock=lambda: BEGUN) as record:
        old = (sqlite_place.keys / FILE).read_bytes()
        record.change_key(SYSTEM)
    (sqlite_place.keys / FILE).rename(sqlite_place.keys / COMING)
    (sqlite_place.keys / FILE).write_bytes(old)
    grown(sqlite_place, 1)
    assert verify_database(sqlite_place).ok


# ── rows are only added ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("table", [table.name for table in TABLES])
def test_rows_can_be_neither_changed_nor_deleted(place: Place, table: str) -> None:
    """By an honest program: triggers on SQLite, rights on PostgreSQL. TRUNCATE is a right of its own."""
    grown(place, 4)
    is_postgresql = place.engine.dialect.name == "postgresql"
    name = f"access_record.{table}" if is_postgresql else table
    column = next(column.name for column in TABLES if column.name == table for column in column.columns)
    acts = [f"UPDATE {name} SET {column} = {column}", f"DELETE FROM {name}"]
    acts += [f"TRUNCATE {name}"] if is_postgresql else [f"INSERT OR REPLACE INTO {name} SELECT * FROM {name}"]
    for act in acts:
        with (
            pytest.raises(Exception, match=r"only ever added to|permission denied"),
            writing(place.engine) as connection,
        ):
            connection.execute(text(act))
    assert verify_database(place).ok


def test_the_recorders_role_can_make_and_drop_nothing(place: Place) -> None:
    if place.engine.dialect.name != "postgresql":
        pytest.skip("SQLite has no roles: its file is its owner's only")
    grown(place, 1)
    with snapshot(place.engine) as connection:
        assert connection.scalar(text("SELECT current_user")) == ROLE
    for act in ("DROP TABLE access_record.access_head", "CREATE TABLE access_record.more (id int)"):
        with (
            pytest.raises((DBAPIError, Exception), match=r"must be owner|permission denied"),
            writing(place.engine) as c,
        ):
            c.execute(text(act))


def test_a_login_without_rights_is_told_what_the_owner_does(place: Place) -> None:
    if place.engine.dialect.name != "postgresql":
        pytest.skip("rights are PostgreSQL's")
    with owning(place) as connection:
        connection.execute(
            text("DO $$ BEGIN CREATE ROLE alpr_clerk LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
        )
    url = place.engine.url.set(username="alpr_clerk").render_as_string(hide_password=False)
    clerk = place_in(place.data.parent, url)
    with pytest.raises(RecordUnavailableError, match="could not be made") as refused:
        AccessRecord(clerk)
    assert "alpr record prepare" in refused.value.remedy
    clerk.engine.dispose()
    prepare(place.engine)
    prepare(place.engine)
    with owning(place) as connection:
        connection.execute(text(f"GRANT {ROLE} TO alpr_clerk"))
    grown(clerk, 2)
    assert verify_database(clerk).ok
    clerk.engine.dispose()
    with owning(place) as connection:
        connection.execute(text("DROP ROLE alpr_clerk"))
