"""The record's own tables, apart from the system of record: their own SQLite file, or their own schema and role on PostgreSQL.

Grain
-----
access_record    one entry: its canonical JSON, which is what is hashed
access_node      the root of one complete subtree above the leaves: proofs need no other
access_result    one row that was returned: which searches returned a read is asked of its index
access_elements  the sealed query of one entry; unreadable once its month's key is destroyed
access_head      one signed head a batch of entries
access_key       which entries are about the key: these are few, and proofs need the key at once

Rows are only ever added. Triggers (SQLite) and rights (PostgreSQL) keep honest programs from anything else; whoever owns
the database can take both away, and it is the log itself that shows what he did then.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Date,
    Engine,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    inspect,
    text,
)

from alpr_assets.store.engine import writing
from alpr_assets.store.types import BigId, UtcInstant

SCHEMA: Final = "access_record"
ROLE: Final = "alpr_recorder"

metadata = MetaData(naming_convention={"ix": "ix_%(table_name)s_%(column_0_N_name)s", "pk": "pk_%(table_name)s"})
_BARE: Final[dict[str, Any]] = {"sqlite_with_rowid": False}

access_record = Table(
    "access_record",
    metadata,
    Column("record_id", BigId, primary_key=True, autoincrement=False, comment="from 0, without gaps"),
    Column("at", UtcInstant, nullable=False, index=True, comment="the leaf's, for finding; the leaf is what counts"),
    Column("leaf", Text, nullable=False, comment="canonical JSON, hashed as it stands"),
    Column("leaf_hash", LargeBinary(32), nullable=False, comment="SHA-256(0x00, leaf)"),
)

access_node = Table(
    "access_node",
    metadata,
    Column("level", Integer, primary_key=True, comment="from 1; the leaves are in access_record"),
    Column("number", BigInteger, primary_key=True),
    Column("hash", LargeBinary(32), nullable=False, comment="SHA-256(0x01, left, right)"),
    **_BARE,
)

access_result = Table(
    "access_result",
    metadata,
    Column("record_id", BigInteger, primary_key=True),
    Column("position", Integer, primary_key=True, comment="from 0, as returned"),
    Column("kind", String(32), nullable=False),
    Column("day", Date, comment="UTC day of a read or capture"),
    Column("id", BigInteger, nullable=False),
    Index(None, "id", "kind", "day"),
    **_BARE,
)

access_elements = Table(
    "access_elements",
    metadata,
    Column("record_id", BigInteger, primary_key=True, autoincrement=False),
    Column("month", String(7), nullable=False, comment="UTC month whose key seals it"),
    Column("sealed", LargeBinary, nullable=False, comment="AES-256-GCM, nonce first"),
    **_BARE,
)

access_head = Table(
    "access_head",
    metadata,
    Column("size", BigId, primary_key=True, autoincrement=False),
    Column("root", LargeBinary(32), nullable=False),
    Column("at", UtcInstant, nullable=False),
    Column("key_id", String(16), nullable=False),
    Column("signature", LargeBinary(64), nullable=False),
)

access_key = Table(
    "access_key",
    metadata,
    Column("record_id", BigInteger, primary_key=True, autoincrement=False, comment="an entry begun or key_changed"),
    **_BARE,
)

TABLES: Final = (access_record, access_node, access_result, access_elements, access_head, access_key)


def is_prepared(engine: Engine) -> bool:
    """Whether the tables are there."""
    schema = SCHEMA if engine.dialect.name == "postgresql" else None
    with engine.connect() as connection:
        return bool(inspect(connection).has_table("access_key", schema=schema))


def prepare(engine: Engine) -> None:
    """Make the tables, and what keeps them append-only; does nothing where they are. Several processes may call it at once.

    On PostgreSQL the user needs the right to make a schema, and to make the role where it is not there yet.
    """
    if is_prepared(engine):
        return
    with writing(engine) as connection:
        _MAKERS[connection.dialect.name](connection)


def _make_sqlite(connection: Connection) -> None:
    metadata.create_all(connection)
    for table in TABLES:
        key = " AND ".join(f"{column.name} = NEW.{column.name}" for column in table.primary_key)
        # INSERT OR REPLACE deletes without asking the trigger on DELETE.
        there = f"WHEN EXISTS (SELECT 1 FROM {table.name} WHERE {key})"  # noqa: S608 - our own names
        for act, when in (("UPDATE", ""), ("DELETE", ""), ("INSERT", there)):
            connection.exec_driver_sql(
                f"CREATE TRIGGER IF NOT EXISTS {table.name}_no_{act.lower()} BEFORE {act} ON {table.name} {when} "
                f"BEGIN SELECT RAISE(ABORT, 'the access record is only ever added to'); END"
            )


def _make_postgresql(connection: Connection) -> None:
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('alpr access record tables'))"))
    # Roles are the cluster's, and another database's record may have made it this very moment.
    connection.exec_driver_sql(
        f"DO $$ BEGIN CREATE ROLE {ROLE} NOLOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
    )
    connection.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
    metadata.create_all(connection)
    connection.exec_driver_sql(f"REVOKE ALL ON SCHEMA {SCHEMA} FROM PUBLIC")
    connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA {SCHEMA} TO {ROLE}")
    connection.exec_driver_sql(f"GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA {SCHEMA} TO {ROLE}")


_MAKERS: Final[dict[str, Callable[[Connection], None]]] = {
    "sqlite": _make_sqlite,
    "postgresql": _make_postgresql,
}
