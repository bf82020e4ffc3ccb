"""The rows of one batch of the record, put into the database in one transaction.

Here: the statements, handed to the driver as they are: this is on the way of every answer that leaves. Not here: what a
batch consists of (`batches`), who waits for it (`log`).
On PostgreSQL one entry, which is what nearly every batch is, goes as one prepared statement of its own shape straight
through libpq: the server's own part of it is as fast as its smallest commit, and the driver's cursor, its adaptation of
parameters and arrays for a handful of rows would take more than half of the whole (benchmarks.record).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from itertools import chain
from typing import Any, Final, NamedTuple

from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus, TransactionStatus
from sqlalchemy import Connection, LargeBinary, String
from sqlalchemy.engine import Dialect, make_url
from sqlalchemy.schema import Table

from alpr_assets.access.record.batches import Batch, Row
from alpr_assets.access.record.tables import (
    SCHEMA,
    TABLES,
    access_elements,
    access_head,
    access_key,
    access_node,
    access_record,
    access_result,
)
from alpr_assets.errors import StorageError

COPIED: Final = 1_000
"""From this many results on, PostgreSQL is sent them by COPY."""
SHAPED: Final = 8
"""Up to this many results, an entry has a statement of its own shape; there are a few hundred, none of them large."""
PREPARED: Final = "alpr_record_prepared"
"""Where a connection remembers which shapes its server knows."""


def insert(connection: Connection, batch: Batch) -> None:
    """Insert a batch's rows; the caller's transaction commits them all, or none."""
    raw: Any = connection.connection.driver_connection
    (_insert_sqlite if connection.dialect.name == "sqlite" else _insert_postgresql)(raw, batch)


def commit(connection: Connection, batch: Batch) -> None:
    """Insert a batch in a transaction of its own, at the driver: on the disk when this returns.

    What it raises may leave the connection in its transaction: it is to be given up.
    """
    raw: Any = connection.connection.driver_connection
    if connection.dialect.name == "sqlite":
        raw.execute("BEGIN IMMEDIATE")
        _insert_sqlite(raw, batch)
        raw.execute("COMMIT")
    elif len(batch.records) == 1 and sum(len(results) for _, results in batch.results) <= SHAPED:
        _commit_shaped(raw, batch, connection.info.setdefault(PREPARED, set()))
    elif any(len(results) >= COPIED for _, results in batch.results):
        _insert_postgresql(raw, batch)
        raw.commit()
    else:
        raw.prepare_threshold = 0  # it has one plan only
        raw.autocommit = True  # one statement is one transaction, there and back once
        _insert_postgresql(raw, batch)
        raw.autocommit = False


# ── SQLite ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _insert_sqlite(raw: Any, batch: Batch) -> None:
    for table, rows in _rows(batch).items():
        if rows:
            raw.executemany(_SQLITE[table.name], rows)
    for record_id, results in batch.results:
        named = ((record_id, n, kind, day and day.isoformat(), id_) for n, (kind, day, id_) in enumerate(results))
        raw.executemany(_SQLITE[access_result.name], named)


def _sqlite_statement(table: Table) -> str:
    values = ", ".join("?" for _ in table.columns)
    return f"INSERT INTO {table.name} ({_columns(table)}) VALUES ({values})"  # noqa: S608 - our own names


# ── PostgreSQL ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _commit_shaped(raw: Any, batch: Batch, prepared: set[bytes]) -> None:
    """One small entry by one statement outside any transaction: it is one itself.

    prepared : names of the statements that this connection's server has; the new one is added
    """
    rows = _rows(batch) | {access_result: _results(batch)}
    statement = _shaped(tuple(len(rows[table]) for table in TABLES))
    libpq = raw.pgconn
    if libpq.transaction_status != TransactionStatus.IDLE:
        raise StorageError("the record's connection is inside a transaction", remedy="this is a bug; please report it")
    if statement.name not in prepared:
        _check(libpq.prepare(statement.name, statement.text))
        prepared.add(statement.name)
    values = [_parameter(value) for table in TABLES for value in chain.from_iterable(rows[table])]
    _check(libpq.exec_prepared(statement.name, values, statement.formats))


def _check(result: Any) -> None:
    """Raises psycopg.Error as the driver would."""
    if result.status not in (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK):
        raise error_from_result(result)


def _parameter(value: Any) -> bytes | None:
    if value is None or isinstance(value, bytes):
        return value
    return (value.isoformat() if isinstance(value, date) else str(value)).encode()


class _Statement(NamedTuple):
    """An insert of one shape. formats: 1 for text and bytes, which go as they are; 0 for what the server reads, numbers and days."""

    name: bytes
    text: bytes
    formats: list[int]


@cache
def _shaped(shape: tuple[int, ...]) -> _Statement:
    """An insert of so many rows into each of the tables, numbered parameters in their order."""
    parts, formats = [], list[int]()
    for table, n_rows in zip(TABLES, shape, strict=True):
        of_row = [int(isinstance(column.type, (String, LargeBinary))) for column in table.columns]
        rows = []
        for _ in range(n_rows):
            rows.append(f"({', '.join(f'${len(formats) + i + 1}' for i in range(len(of_row)))})")
            formats += of_row
        if rows:
            parts.append(f"INSERT INTO {SCHEMA}.{table.name} ({_columns(table)}) VALUES {', '.join(rows)}")  # noqa: S608 - our own names
    name = "_".join(map(str, ("record", *shape)))
    return _Statement(name.encode(), _together(parts).encode(), formats)


def _insert_postgresql(raw: Any, batch: Batch) -> None:
    large = {record_id for record_id, results in batch.results if len(results) >= COPIED}
    for record_id, results in batch.results:
        if record_id in large:
            with raw.cursor() as cursor, cursor.copy(f"COPY {SCHEMA}.{access_result.name} FROM STDIN") as copy:
                for n, result in enumerate(results):
                    copy.write_row((record_id, n, *result))
    rows = _rows(batch) | {access_result: _results(batch, but=large)}
    columns: list[str] = []
    for table in TABLES:
        columns += map(_array, zip(*rows[table], strict=True)) if rows[table] else ["{}" for _ in table.columns]
    raw.execute(_ALL_AT_ONCE, columns, prepare=True)


def _array(values: Iterable[Any]) -> str:
    """PostgreSQL's text of an array. The driver's own looks at each element's type anew: a third of an append's time.

    Source: PostgreSQL manual, 8.15.6, Array Input and Output Syntax
    """
    return f"{{{','.join(map(_element, values))}}}"


def _element(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, bytes):
        return f'"\\\\x{value.hex()}"'
    escaped = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _arrays_statement() -> str:
    """All tables' rows in one statement, each column an array."""
    dialect: Dialect = make_url("postgresql+psycopg://").get_dialect()()
    parts = []
    for table in TABLES:
        arrays = ", ".join(f"%s::{column.type.compile(dialect)}[]" for column in table.columns)
        parts.append(f"INSERT INTO {SCHEMA}.{table.name} ({_columns(table)}) SELECT * FROM unnest({arrays})")  # noqa: S608 - our own names
    return _together(parts)


def _together(inserts: Sequence[str]) -> str:
    """Several inserts as one statement."""
    named = ", ".join(f"i{number} AS ({insert})" for number, insert in enumerate(inserts))
    return f"WITH {named} SELECT"


# ── both ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _rows(batch: Batch) -> dict[Table, Sequence[Row]]:
    """The rows by table, but for the results."""
    return {
        access_record: batch.records,
        access_node: batch.nodes,
        access_elements: batch.elements,
        access_head: batch.heads,
        access_key: batch.keys,
    }


def _results(batch: Batch, but: Iterable[int] = ()) -> list[Row]:
    """The rows of results, but for these entries'."""
    return [
        (record_id, n, *result)
        for record_id, results in batch.results
        if record_id not in but
        for n, result in enumerate(results)
    ]


def _columns(table: Table) -> str:
    return ", ".join(f'"{column.name}"' for column in table.columns)


_SQLITE: Final[Mapping[str, str]] = {table.name: _sqlite_statement(table) for table in TABLES}
_ALL_AT_ONCE: Final = _arrays_statement()
