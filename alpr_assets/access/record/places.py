"""Where the record lies: its database, its folder, its keys, and where alarms go.

Here: opening its database with the least rights that do. Not here: making the tables (`tables`), appending (`log`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine, event

from alpr_assets.access.record.entries import RecordUnavailableError
from alpr_assets.access.record.tables import ROLE, SCHEMA, is_prepared
from alpr_assets.errors import ConfigurationError
from alpr_assets.settings import Settings
from alpr_assets.store.engine import open_engine

BUSY_MS: Final = 3_000
"""How long another process may hold the database before what is asked is refused rather than kept waiting."""


@dataclass(frozen=True, slots=True)
class Place:
    """All that the record consists of.

    folder : lock, database on SQLite, what waits to be sent
    keys : folder of the signing key and of the keys of the sealed elements, outside data backups
    data : folder of the alarms and of the recorder's socket
    policy : the department's policy file
    """

    engine: Engine
    folder: Path
    keys: Path
    data: Path
    policy: Path

    @property
    def database(self) -> Path | None:
        """The SQLite file; None on PostgreSQL."""
        return self.folder / "access.sqlite" if self.engine.dialect.name == "sqlite" else None

    def is_begun(self) -> bool:
        """Whether there is a record to read; asking makes none."""
        return (self.database is None or self.database.exists()) and is_prepared(self.engine)

    @property
    def lock(self) -> Path:
        return self.folder / "append.lock"

    @property
    def socket(self) -> Path:
        """Where a recorder process takes entries of other processes."""
        return self.data / "run" / "record.sock"


def place_of(configured: Settings) -> Place:
    """The record that the environment names; nothing is opened or made yet."""
    folder = configured.path("record")
    url = configured.record_url or f"sqlite:///{folder / 'access.sqlite'}"
    return Place(
        record_engine(url), folder, configured.path("keys"), configured.path("data"), configured.path("policy")
    )


def record_engine(url: str) -> Engine:
    """Engine of the record's database. On PostgreSQL its sessions take the role that can only read and add."""
    try:
        engine = open_engine(url)
    except ConfigurationError as error:
        raise ConfigurationError(
            "ALPR_RECORD_URL is not the URL of a PostgreSQL database", remedy=error.remedy
        ) from None  # the error quotes the other variable
    if engine.dialect.name == "postgresql":
        event.listen(engine, "connect", _postgresql_connected)
        return engine.execution_options(schema_translate_map={None: SCHEMA})
    event.listen(engine, "connect", _sqlite_connected)
    return engine


def _sqlite_connected(connection: Any, _record: Any) -> None:
    connection.execute(f"PRAGMA busy_timeout={BUSY_MS}")
    # A byte changed on the disk need not be UTF-8: it is to be found, not to stop the search.
    connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")


def _postgresql_connected(connection: Any, _record: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = on")
        cursor.execute(f"SET lock_timeout = {BUSY_MS}")
        cursor.execute(
            "SET plan_cache_mode = force_generic_plan"
        )  # what is prepared inserts arrays: planning it is the cost
        cursor.execute("SELECT pg_has_role(current_user, oid, 'MEMBER') FROM pg_roles WHERE rolname = %s", (ROLE,))
        found = cursor.fetchone()
        cursor.execute("SELECT to_regclass(%s) IS NOT NULL", (f"{SCHEMA}.access_head",))
        is_there = cursor.fetchone()
        if found and found[0] and is_there and is_there[0]:
            cursor.execute(f"SET ROLE {ROLE}")
    connection.commit()


def not_prepared(error: Exception) -> RecordUnavailableError:
    """What to tell when the tables are not there and cannot be made."""
    told = RecordUnavailableError(
        f"the access record's tables are not there and could not be made: {error}",
        remedy=f"as the owner of the database run `alpr record prepare` once, and give the login of ALPR_RECORD_URL the role {ROLE}",
    )
    told.__cause__ = error
    return told
