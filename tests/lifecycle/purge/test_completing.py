"""PostgreSQL: what was removed is destroyed once its files were rewritten, and its certificate says which of the two it is."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from alpr_assets.access.record.entries import RecordUnavailableError
from alpr_assets.errors import NotFoundError, StorageError, VerificationError
from alpr_assets.lifecycle.holds.selectors import Selector
from alpr_assets.lifecycle.purge import certificates, completing
from alpr_assets.store import rewriting, schema
from alpr_assets.store.engine import reading, writing
from tests.conftest import make_store
from tests.lifecycle.purge.desks import DAY, NOON, Desk, numbered
from tests.search.traffic import Pass, correct

HELD = "9HELD99"
GONE = [f"8Q{n:03}ZK" for n in range(20)]


@pytest.fixture
def postgres_desk(migrated_postgres_url, policy, tmp_path):
    store = make_store(migrated_postgres_url, tmp_path)
    yield Desk(store, policy, tmp_path)
    store.engine.dispose()


def files_of(desk: Desk) -> Path:
    """Where the server keeps this database's heap and index files."""
    with desk.store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("CHECKPOINT"))
        folder, number = connection.execute(
            text("SELECT current_setting('data_directory'), oid FROM pg_database WHERE datname = current_database()")
        ).one()
    path = Path(folder) / "base" / str(number)
    if not path.is_dir():
        pytest.skip("the server's files are on another machine")
    return path


def found(desk: Desk, *texts: str) -> set[str]:
    content = b"".join(path.read_bytes() for path in sorted(files_of(desk).iterdir()) if path.is_file())
    return {one for one in texts if one.encode() in content}


def analyse(desk: Desk) -> None:
    """As autovacuum does: the statistics then name common plates and hashes."""
    with desk.store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))


def complete(desk: Desk) -> list[completing.Completion]:
    return completing.complete(desk.store, office=desk.office, clock=lambda: desk.now)


def listed(desk: Desk):
    """What the list says of the newest purge: removed only, and completed when."""
    row = desk.listed()[0]
    return row["is_removed"], row["completed_at"]


@pytest.mark.clause("422.5")
@pytest.mark.parametrize("is_held", [True, False], ids=["something is held", "nothing is left"])
def test_after_the_rewriting_no_byte_is_left_in_heap_index_or_statistics(postgres_desk, is_held):
    desk = postgres_desk
    seen = [*GONE, *GONE[:10]]
    passes = [Pass(plate, NOON + timedelta(seconds=20 * n)) for n, plate in enumerate(seen)]
    desk.put([*passes, *([Pass(HELD, NOON)] if is_held else [])])
    correct(desk.store, numbered(1), "8Q777ZK", day=DAY)
    if is_held:
        desk.hold(Selector(pattern=HELD))
    with reading(desk.store.engine) as connection:
        capture = schema.capture.c
        digests = list(
            connection.scalars(select(capture.image_sha256).where(capture.capture_id <= numbered(len(seen))))
        )
    wanted = [*GONE, "8Q777ZK", *digests]
    analyse(desk)
    plan_id = desk.begun()
    desk.execute(plan_id)
    with reading(desk.store.engine) as connection:
        assert completing.waiting(connection) == [plan_id]
    assert listed(desk) == (True, None)
    assert found(desk, *wanted), (
        "a deleted row's bytes lie there until the table is rewritten: else this test shows nothing"
    )
    assert json.loads(certificates.certificate(desk.store.engine, plan_id).content)["status"] == "removed"
    (done,) = complete(desk)
    assert found(desk, *wanted, HELD) == ({HELD} if is_held else set())
    said = json.loads(done.content)
    assert (said["status"], said["certificate_sha256"]) == (
        "destroyed", certificates.certificate(desk.store.engine, plan_id).sha256,
    )  # fmt: skip
    assert {"capture_2025_06", "read_2025_06", "plate", "capture_identity", "pg_catalog.pg_statistic"} <= set(
        said["rewritten"]
    )
    assert hashlib.sha256(done.content.encode()).hexdigest() == done.sha256
    (entry,) = [one for one in desk.office.recorder.entries if one.action == "purge_completed"]
    assert entry.details == {"purge": plan_id, "completion_sha256": done.sha256}
    assert completing.completion(desk.store.engine, plan_id) == done
    assert listed(desk) == (False, done.completed_at)
    assert complete(desk) == []
    desk.put([Pass("7ABC123", NOON)])  # the month still takes what comes
    for statement in ("UPDATE purge_completion SET content = 'x'", "DELETE FROM purge_completion"):
        with pytest.raises((DBAPIError, StorageError)), writing(desk.store.engine) as connection:
            connection.execute(text(statement))


def test_a_row_that_an_older_transaction_may_see_is_not_said_to_be_destroyed(postgres_desk):
    desk = postgres_desk
    desk.put([Pass("7ABC123", NOON), Pass(HELD, NOON)])
    desk.hold(Selector(pattern=HELD))
    plan_id = desk.begun()
    with desk.store.engine.connect().execution_options(isolation_level="REPEATABLE READ") as old:
        old.execute(text("SELECT 1 FROM alembic_version")).all()
        desk.execute(plan_id)
        with pytest.raises(StorageError, match="an older transaction may see"):
            complete(desk)
    with pytest.raises(NotFoundError):
        completing.completion(desk.store.engine, plan_id)
    assert [one.plan_id for one in complete(desk)] == [plan_id]


def test_a_table_that_the_server_does_not_rewrite_is_found_out(postgres_desk, monkeypatch):
    """It only warns a login that does not own a table."""
    desk = postgres_desk
    desk.put([Pass("7ABC123", NOON), Pass(HELD, NOON)])
    desk.hold(Selector(pattern=HELD))
    plan_id = desk.begun()
    desk.execute(plan_id)
    with writing(desk.store.engine) as connection:
        connection.execute(text("CREATE ROLE lodger"))
        connection.execute(text("ALTER TABLE capture_2025_06 OWNER TO lodger"))
        connection.execute(text("CREATE ROLE clerk LOGIN"))
        connection.execute(text("GRANT ALL ON ALL TABLES IN SCHEMA public TO clerk"))
    try:
        as_clerk = make_store(
            desk.store.engine.url.set(username="clerk").render_as_string(hide_password=False), Path("/nowhere")
        )
        with pytest.raises((VerificationError, StorageError)):
            rewriting.rewrite(as_clerk.engine, [DAY.replace(day=1)], ())
        as_clerk.engine.dispose()
    finally:
        with writing(desk.store.engine) as connection:
            connection.execute(text("ALTER TABLE capture_2025_06 OWNER TO CURRENT_USER"))
            connection.execute(text("DROP OWNED BY clerk"))
            connection.execute(text("DROP ROLE clerk"))
            connection.execute(text("DROP ROLE lodger"))
    assert [one.plan_id for one in complete(desk)] == [plan_id]


def test_what_could_not_be_recorded_is_not_completed_and_is_done_again(postgres_desk):
    desk = postgres_desk
    desk.put([Pass("7ABC123", NOON)])
    plan_id = desk.begun()
    desk.execute(plan_id)
    desk.office.recorder.down = True
    with pytest.raises(RecordUnavailableError):
        complete(desk)
    desk.office.recorder.down = False
    assert [one.plan_id for one in complete(desk)] == [plan_id]


def test_with_sqlite_what_is_removed_is_destroyed_at_once(sqlite_store, policy, tmp_path):
    desk = Desk(sqlite_store, policy, tmp_path)
    desk.put([Pass("7ABC123", NOON)])
    plan_id = desk.begun()
    desk.execute(plan_id)
    assert json.loads(certificates.certificate(desk.store.engine, plan_id).content)["status"] == "destroyed"
    assert complete(desk) == []
