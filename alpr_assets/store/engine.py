"""Opening the system of record: SQLite (WAL) by default, PostgreSQL by URL, the same code on both.

Transactions are opened by `reading` and `writing` only. On SQLite a writing transaction is BEGIN IMMEDIATE: deferred ones
fail with BUSY in the middle or, against a purge, lose holds. On PostgreSQL it is READ COMMITTED, and writers of a day take
the lock of its `capture_day` row (`lock_day`).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.sql.dml import Insert

from alpr_assets.errors import ConfigurationError, StorageError
from alpr_assets.settings import Settings, settings
from alpr_assets.store import (  # noqa: F401 - their tables complete schema.metadata
    alerts,
    audits,
    beats,
    breaches,
    evidence,
    holds,
    incidents,
    people,
    policies,
    purges,
    releases,
    schema,
    verdicts,
    watches,
)
from alpr_assets.store.day_keys import DayKeys, is_in_clear
from alpr_assets.store.images import ImageStore
from alpr_assets.store.kms import keys_at_service
from alpr_assets.store.masters import MASTER_FILE, Masters
from alpr_assets.store.sealed import SealedFolder
from alpr_assets.store.trouble import database_explained

BUSY_TIMEOUT_MS = 60_000
CONNECT_SECONDS = 10  # a server that does not answer: libpq by itself waits for minutes
DRIVERS = ("sqlite", "sqlite+pysqlite", "postgresql", "postgresql+psycopg")


@dataclass(frozen=True, slots=True)
class Store:
    """All that is kept: rows, sealed images and sealed received files (hot lists, quarantined pictures)."""

    engine: Engine
    images: ImageStore
    received: SealedFolder


def open_engine(url: str) -> Engine:
    """Engine for a SQLAlchemy URL. Statement parameters never reach a log or an error text: they hold plates.

    Raises ConfigurationError when the URL is none, or of a database that we do not know. What the database refuses later, for
    reasons of its set-up, is raised as StorageError.
    """
    engine = _engine(_database_url(url))
    event.listen(engine, "handle_error", database_explained, retval=True)
    return engine


def _database_url(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        parsed = None
    # An @ in the host was one in the password: what stands after it would be taken for the server, and printed.
    if parsed is None or parsed.drivername not in DRIVERS or "@" in (parsed.host or ""):
        raise ConfigurationError(  # not from the error above: it quotes the URL, and the URL holds a password
            "ALPR_DATABASE_URL is not the URL of a PostgreSQL database",
            remedy="write postgresql://USER:PASSWORD@HOST:PORT/DATABASE, an @ in the password as %40; or leave it unset",
        )
    return parsed


def _engine(parsed: URL) -> Engine:
    if parsed.get_backend_name() == "sqlite":
        engine = create_engine(parsed, hide_parameters=True, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000})
        event.listen(engine, "connect", _sqlite_connected)
        event.listen(engine, "begin", _sqlite_begin)
        return engine
    # A prepared statement's generic plan took over 8 s for a partial plate at its 11th execution.
    arguments: dict[str, Any] = {"prepare_threshold": None}
    if "connect_timeout" not in parsed.query:
        arguments["connect_timeout"] = CONNECT_SECONDS
    return create_engine(parsed, hide_parameters=True, isolation_level="READ COMMITTED", connect_args=arguments)


def _sqlite_connected(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver would begin deferred transactions by itself
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "secure_delete=ON",
        f"busy_timeout={BUSY_TIMEOUT_MS}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _sqlite_begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("alpr_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One consistent reading transaction."""
    with engine.connect() as connection, connection.begin():
        yield connection


_BY_INDEX = text(
    "SELECT set_config(name, 'off', true) "
    "FROM unnest(ARRAY['enable_seqscan', 'enable_hashjoin', 'enable_mergejoin', 'jit']) AS setting(name)"
)


@contextmanager
def searching(engine: Engine) -> Iterator[Connection]:
    """A reading transaction whose statements go from index to index, as a search for few of many rows must.

    PostgreSQL's planner takes a month's hash join of all captures for the shorter way, the more so before it knows its tables: of 21
    million reads a partial plate took 3.6 s instead of 54 ms, and a plate's history minutes. Not for what counts all rows.
    """
    with reading(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(_BY_INDEX)
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One writing transaction: all of it commits, or none."""
    with engine.connect().execution_options(alpr_writes=True) as connection, connection.begin():
        yield connection


def insert_new(connection: Connection, table: Any, rows: list[dict[str, Any]], *, returning: bool = False) -> list[Any]:
    """Insert rows, leaving those alone whose key is there already; with `returning`, the rows that were new."""
    if not rows:
        return []
    insert: Any = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement: Insert = insert(table).on_conflict_do_nothing()
    if not returning:
        connection.execute(statement, rows)
        return []
    key = list(table.primary_key.columns)
    return list(connection.execute(statement.returning(*key), rows))


def lock_day(connection: Connection, day: date) -> None:
    """Make sure that the day has its row and month partitions, and lock it against other writers of the day.

    On SQLite the writing transaction is the lock. Call before anything is read that the write depends on.
    """
    if connection.dialect.name == "postgresql":
        ensure_month(connection, day)
    insert_new(connection, schema.capture_day, [{"day": day, "n_captures": 0, "n_reads": 0}])
    connection.execute(select(schema.capture_day.c.day).where(schema.capture_day.c.day == day).with_for_update()).one()


def issue_numbers(connection: Connection, day: date, counter: str, n: int) -> list[int]:
    """`n` new ids of a locked day; `counter` is `n_captures` or `n_reads`. Numbers are never reused, not after a purge."""
    column = schema.capture_day.c[counter]
    statement = (
        schema.capture_day.update()
        .where(schema.capture_day.c.day == day)
        .values({column: column + n})
        .returning(column)
    )
    last: int = connection.execute(statement).scalar_one()
    return [schema.numbered(day, number) for number in range(last - n + 1, last + 1)]


def one_writer(connection: Connection, task: str) -> None:
    """Let one transaction at a time do `task`, to its end. On SQLite the writing transaction does so already."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:task))"), {"task": f"alpr {task}"})


def ensure_month(connection: Connection, day: date) -> None:
    """PostgreSQL: the month's partition of every partitioned table.

    Made apart and attached: CREATE TABLE … PARTITION OF locks out readers, and deadlocked with one that reads two tables.
    """
    first = day.replace(day=1)
    name = part_name("capture", first)
    if is_table(connection, name):
        return
    one_writer(connection, "open a month")
    if is_table(connection, name):
        return  # another process opened it meanwhile
    for table in schema.PARTITIONED:
        open_part(connection, table, first)


def part_name(table: str, first: date) -> str:
    """PostgreSQL: the partition of a table for the month that begins on a day."""
    return f"{table}_{first:%Y_%m}"


def open_part(connection: Connection, table: str, first: date) -> None:
    """PostgreSQL: make a month's partition of a table, and attach it."""
    following, name = (first + timedelta(days=32)).replace(day=1), part_name(table, first)
    # Names and dates are ours, and DDL takes no parameters.
    connection.exec_driver_sql(f"CREATE TABLE {name} (LIKE {table} INCLUDING ALL)")
    connection.exec_driver_sql(
        f"ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ('{first}') TO ('{following}')"
    )


MIGRATIONS = Path(__file__).parent / "migrations"


def is_current(engine: Engine) -> bool:
    """Whether the schema is at the newest revision; asks without locking anything."""
    newest = max(path.name[:4] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))
    with reading(engine) as connection:
        if not inspect(connection).has_table("alembic_version"):
            return False
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == newest


def is_table(connection: Connection, name: str) -> bool:
    """PostgreSQL: whether there is such a table."""
    # Asked of the catalogue: to_regclass answered from a cache that did not know another's commit while we waited.
    found = text("SELECT count(*) FROM pg_class WHERE relname = :name AND pg_table_is_visible(oid)")
    return bool(connection.execute(found, {"name": name}).scalar_one())


def migrate(engine: Engine) -> None:
    """Bring the schema to the newest revision; safe to call by several processes at once, and cheap when it is there.

    Raises StorageError when the schema is of a revision that this version does not know.
    """
    if is_current(engine):
        return
    from alembic import command  # noqa: PLC0415 - most commands only read
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with writing(engine) as connection:
        one_writer(connection, "migrate")
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise StorageError(
                f"the database's schema is not one that this version knows: {error}",
                remedy="use the version that made it, or a newer one",
            ) from error


def _parted(keys: Path) -> None:
    """Stores from before pictures had a key file of their own: theirs begins as a copy of the one that all files had.

    That was before keys were wrapped; a wrapped one is bound to its file.
    """
    before, own = keys / "day_keys.sqlite", keys / "image_keys.sqlite"
    if not own.exists() and is_in_clear(before):
        part = own.with_name(f".{own.name}.{os.getpid()}")
        shutil.copy2(before, part)
        part.replace(own)


def open_store(configured: Settings | None = None, *, migrated: bool = True) -> Store:
    """The store that the environment names; its schema is brought up to date unless `migrated` is False."""
    configured = configured or settings()
    data = configured.path("data")
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = open_engine(configured.url)
    if migrated:
        migrate(engine)
    images, received = open_keys(configured)
    return Store(engine, ImageStore(data / "images", images), SealedFolder(data / "received", received))


def open_keys(configured: Settings) -> tuple[DayKeys, DayKeys]:
    """The keys of pictures, of their own because a purge destroys them by the day, and those of received files."""
    keys = configured.path("keys")
    _parted(keys)
    masters = Masters(
        configured.path("master_key_file") if configured.master_key_file else keys / MASTER_FILE,
        environment=configured.master_key.get_secret_value(),
        services=keys_at_service(configured),
    )
    return DayKeys(keys / "image_keys.sqlite", masters), DayKeys(keys / "day_keys.sqlite", masters)
