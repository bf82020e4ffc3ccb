"""PostgreSQL: tables rewritten, so that no byte of a deleted row is left in their files (422.5, NIST SP 800-88r2).

Here: rewriting, and the proof that it was done. Not here: which tables (`lifecycle.purge.completing`). SQLite overwrites what it deletes
(secure_delete), and needs none of this.

VACUUM FULL writes a table and its indexes anew and drops the old files. Three things that it does not do by itself are done here: a row
that an older transaction may still see is copied along, so that is looked for and refused; a table that may not be vacuumed is only warned
about, so the file's number must have changed; and the statistics of a table that is empty now keep its most common values, plates among
them, so they are forgotten, and the catalogue that held them is rewritten last.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any, Final

from sqlalchemy import Connection, Engine, bindparam, text

from alpr_assets.errors import StorageError, VerificationError
from alpr_assets.store import schema
from alpr_assets.store.engine import is_table, open_part, part_name, writing

LOCK_SECONDS: Final = 60
"""How long readers are waited for, and made to wait behind it; then it is given up, to be done at a quieter hour."""

STATISTICS: Final = "pg_catalog.pg_statistic"

_EMPTY = "SELECT NOT EXISTS (SELECT 1 FROM {})"
_FILE = text("SELECT pg_relation_filenode(CAST(:name AS regclass))")
_LEFT = text(
    "SELECT attname, format_type(a.atttypid, a.atttypmod) AS type, c.collname AS collation FROM pg_stats AS s "
    "JOIN pg_attribute AS a USING (attname) JOIN pg_type AS t ON t.oid = a.atttypid "
    "LEFT JOIN pg_collation AS c ON c.oid = a.attcollation AND c.collname <> 'default' "
    "WHERE s.schemaname = current_schema() AND s.tablename = :name AND a.attrelid = CAST(:name AS regclass) "
    "AND (s.most_common_vals IS NOT NULL OR s.histogram_bounds IS NOT NULL) AND (t.typcategory = 'S' OR a.attname NOT IN :keys)"
).bindparams(bindparam("keys", expanding=True))


def months_of(days: Iterable[date]) -> list[date]:
    """The first days of the months that UTC days lie in, in order."""
    return sorted({day.replace(day=1) for day in days})


def rewrite(engine: Engine, months: Sequence[date], tables: Sequence[str]) -> list[str]:
    """Rewrite the partitions of these months, these tables, and the statistics of all; returns their names. PostgreSQL.

    Done again it does it again. Each table is locked while it is written; nothing else is.

    Raises
    ------
    StorageError : somebody reads a table for too long, or has a transaction open that is older than what was deleted
    VerificationError : a table's file is still the one it was
    """
    done: list[str] = []
    with _alone(engine) as (connection, kept):
        for table in schema.PARTITIONED:
            there = [first for first in months if is_table(connection, part_name(table, first))]
            for first in there:
                if not _opened_anew(engine, table, first):
                    _rewritten(connection, part_name(table, first), kept)
                done.append(part_name(table, first))
            if there:
                connection.exec_driver_sql(f"ANALYZE {table}")
                _forget_statistics(connection, table)
        for name in tables:
            _rewritten(connection, name, kept)
            _forget_statistics(connection, name)
            done.append(name)
        _rewritten(connection, STATISTICS, kept)
    return [*done, STATISTICS]


@contextmanager
def _alone(engine: Engine) -> Iterator[tuple[Connection, list[int]]]:
    """A connection whose statements are each their own transaction, and how many rows each of its VACUUMs could not leave out."""
    kept: list[int] = []

    def noticed(diagnostic: Any) -> None:
        # The text is in the server's language; the number of dead rows stands first in its detail.
        if found := re.match(r"(\d+) ", diagnostic.message_detail or ""):
            kept.append(int(found[1]))

    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        driver: Any = connection.connection.driver_connection
        driver.add_notice_handler(noticed)
        try:
            connection.exec_driver_sql(f"SET lock_timeout = '{LOCK_SECONDS}s'")
            yield connection, kept
        finally:
            connection.exec_driver_sql("RESET lock_timeout")
            driver.remove_notice_handler(noticed)


def _rewritten(connection: Connection, name: str, kept: list[int]) -> None:
    before = connection.scalar(_FILE, {"name": name})
    kept.clear()
    # Names are the schema's and the catalogue's own, and VACUUM takes no parameters.
    connection.exec_driver_sql(f"VACUUM (FULL, VERBOSE, ANALYZE) {name}")
    if connection.scalar(_FILE, {"name": name}) == before:
        raise VerificationError(
            f"{name} was not rewritten: its file is the one it was",
            remedy="let the service's login own the database and its tables, then rewrite again",
        )
    if not kept or any(kept):
        raise StorageError(
            f"{name} still holds {sum(kept)} deleted rows that an older transaction may see",
            remedy="end the transactions and replication slots that are that old (pg_stat_activity), then rewrite again",
        )


def _opened_anew(engine: Engine, table: str, first: date) -> bool:
    """Drop a month's partition that is empty and open it again, since its statistics would stay; whether it was empty."""
    name = part_name(table, first)
    with writing(engine) as connection:
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
        for locked in (f"ONLY {table}", name):
            connection.exec_driver_sql(f"LOCK TABLE {locked} IN ACCESS EXCLUSIVE MODE")
        if not connection.exec_driver_sql(_EMPTY.format(name)).scalar():
            return False
        connection.exec_driver_sql(f"DROP TABLE {name}")
        open_part(connection, table, first)
        return True


def _forget_statistics(connection: Connection, name: str) -> None:
    """Of a table that is empty: ANALYZE keeps what it knew. A type given anew, though the same, has a column's statistics forgotten."""
    if not connection.exec_driver_sql(_EMPTY.format(name)).scalar():
        return
    keys = [column.name for column in schema.metadata.tables[name].primary_key]
    for row in connection.execute(_LEFT, {"name": name, "keys": keys}).all():
        collation = f' COLLATE "{row.collation}"' if row.collation else ""
        connection.exec_driver_sql(f'ALTER TABLE {name} ALTER COLUMN "{row.attname}" TYPE {row.type}{collation}')
