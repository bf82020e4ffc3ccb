"""What a database or a folder refuses is told with its place and a remedy, never with a password or a plate."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from datetime import date, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from alpr_assets.errors import AlprError, ConfigurationError, StorageError
from alpr_assets.lifecycle.captures import devices
from alpr_assets.store import schema
from alpr_assets.store.day_keys import DayKeys
from alpr_assets.store.engine import Store, migrate, open_engine, reading, writing
from alpr_assets.store.masters import Masters
from alpr_assets.store.sealed import write_durably
from alpr_assets.store.trouble import files_explained

SECRET = "s3cret-word"
PLATE = "7ABC123"
DAY = date(2026, 6, 15)


def refusal(error: AlprError) -> str:
    """The one message, with its remedy."""
    assert error.remedy
    said = error.diagnostics()
    assert SECRET not in said
    assert PLATE not in said
    assert len(said.splitlines()) == 2
    return said


def refused_by(engine: Engine) -> str:
    with pytest.raises(StorageError) as caught, reading(engine) as connection:
        connection.execute(select(schema.drop))
    return refusal(caught.value)


# ── folders and files ──────────────────────────────────────────────────────────────────────────────────────────────


def test_a_path_below_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError) as caught, files_explained():
        (tmp_path / "file" / "below").mkdir()
    assert str(tmp_path / "file" / "below") in refusal(caught.value)


def test_a_file_in_the_place_of_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    with pytest.raises(StorageError, match="file lies where a folder") as caught, files_explained():
        (tmp_path / "data").mkdir(exist_ok=True)
    assert str(tmp_path / "data") in refusal(caught.value)


def test_of_a_copy_that_found_no_room_the_copy_is_named(tmp_path: Path) -> None:
    with pytest.raises(StorageError) as caught, files_explained():
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "from.jpg", None, "to.jpg")
    assert refusal(caught.value).startswith("to.jpg: No space left on device\n")


def test_of_a_tree_that_could_not_be_copied_one_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "drop").mkdir()
    (tmp_path / "drop" / "0.jpg").symlink_to(tmp_path / "gone.jpg")
    with pytest.raises(StorageError) as caught, files_explained():
        shutil.copytree(tmp_path / "drop", tmp_path / "copy")
    assert "0.jpg" in refusal(caught.value)


def test_a_sealed_file_that_finds_no_room_is_named_and_leaves_nothing(tmp_path: Path) -> None:
    child = (  # a limit on the size of files stands in for a full disk: it too fails while writing
        "import resource, signal, sys; from pathlib import Path\n"
        "from alpr_assets.store.sealed import write_durably\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try: write_durably(Path(sys.argv[1]), bytes(5000))\n"
        "except OSError as error: print(error.filename)"
    )
    target = tmp_path / "images" / "1"
    ran = subprocess.run([sys.executable, "-c", child, target], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == str(target)
    assert list(target.parent.iterdir()) == []
    write_durably(target, bytes(5000))
    assert target.stat().st_size == 5000


@pytest.mark.parametrize("error", [BrokenPipeError(errno.EPIPE, "x"), OSError("no number"), ValueError("a mistake")])
def test_what_is_not_of_the_set_up_keeps_its_trace(error: Exception) -> None:
    with pytest.raises(type(error)) as caught, files_explained():
        raise error
    assert caught.value is error


# ── SQLite ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_database_in_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = tmp_path / "none" / "alpr.sqlite"
    assert str(path) in refused_by(open_engine(f"sqlite:///{path}"))


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "alpr.sqlite"
    path.write_bytes(b"junk" * 1000)
    assert "not a database" in refused_by(open_engine(f"sqlite:///{path}"))


def test_a_key_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "day_keys.sqlite"
    path.write_bytes(b"junk" * 1000)
    with pytest.raises(StorageError) as caught:
        DayKeys(path, Masters(tmp_path / "master.key")).key(DAY)
    assert str(path) in refusal(caught.value)


def test_a_full_database_names_no_plate_and_takes_nothing(sqlite_store: Store) -> None:
    row = {"plate_folded": PLATE, "first_day": DAY, "last_day": DAY, "n_reads": 1}
    rows = [{"plate": f"{PLATE}{n}", **row} for n in range(9999)]
    with reading(sqlite_store.engine) as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1")  # of the pooled connection; no less than what is in use
    with pytest.raises(StorageError) as caught, writing(sqlite_store.engine) as connection:
        connection.execute(insert(schema.plate), rows)
    assert "full" in refusal(caught.value)
    with reading(sqlite_store.engine) as connection:
        assert connection.execute(select(schema.plate)).all() == []


# ── PostgreSQL ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_server_that_is_not_there_is_named_without_the_password() -> None:
    said = refused_by(open_engine(f"postgresql://nobody:{SECRET}@127.0.0.1:1/x"))
    assert "127.0.0.1:1" in said
    assert "refused" in said
    assert "ALPR_DATABASE_URL" in said


def test_a_database_that_is_not_there_is_named(postgres_url: str) -> None:
    assert '"nowhere" does not exist' in refused_by(open_engine(_renamed(postgres_url, "nowhere")))


@pytest.mark.parametrize("right", ["CREATE", "ALL"])
def test_a_user_without_rights_is_told_what_to_do(postgres_url: str, right: str) -> None:
    owner, stranger = open_engine(postgres_url), f"stranger_{os.getpid()}"
    with owner.begin() as connection:
        connection.execute(text(f"REVOKE {right} ON SCHEMA public FROM PUBLIC"))
        connection.execute(text(f"CREATE ROLE {stranger}"))
    engine = open_engine(f"{postgres_url}{'&' if '?' in postgres_url else '?'}options=-crole%3D{stranger}")
    try:
        with pytest.raises(StorageError) as caught:
            migrate(engine)
        assert "owner" in refusal(caught.value)
    finally:
        engine.dispose()
        with owner.begin() as connection:
            connection.execute(text(f"DROP ROLE {stranger}"))
        owner.dispose()


def test_a_server_that_goes_away_is_told(postgres_url: str) -> None:
    engine = open_engine(postgres_url)
    with pytest.raises(StorageError) as caught, reading(engine) as connection:
        connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    refusal(caught.value)
    engine.dispose()


def _renamed(url: str, database: str) -> str:
    engine = open_engine(url)
    return engine.url.set(database=database).render_as_string(hide_password=False)


# ── both ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_our_own_mistakes_keep_their_trace(store: Store, now: datetime) -> None:
    twice = [{"device_id": "d", "kind": "fixed", "name": "d", "registered_at": now}] * 2
    with pytest.raises(IntegrityError), writing(store.engine) as connection:
        connection.execute(insert(schema.device), twice)
    with pytest.raises(DBAPIError, match="nowhere"), reading(store.engine) as connection:
        connection.execute(text("SELECT * FROM nowhere"))


def test_a_schema_of_a_later_version_is_not_touched(store: Store) -> None:
    with writing(store.engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StorageError, match="9999") as caught:
        migrate(store.engine)
    refusal(caught.value)
    with reading(store.engine) as connection:
        assert devices.registry(connection) == {}


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        SECRET,
        f"postgresql://u:{SECRET}@host:port/x",
        f"postgresql://u:p@{SECRET}@127.0.0.1/x",
        f"postgresql://u:p@{SECRET}:word@127.0.0.1/x",
        f"postgres://u:{SECRET}@host/x",
        f"mysql://u:{SECRET}@host/x",
        f"postgresql+psycopg2://u:{SECRET}@host/x",
    ],
)
def test_a_url_that_is_none_is_refused_without_being_quoted(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        open_engine(url)
    assert "ALPR_DATABASE_URL" in refusal(caught.value)
    assert caught.value.__context__ is None  # nor by the error before it
