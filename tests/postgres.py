"""A migrated PostgreSQL database in which tests take turns: emptying one takes a tenth of copying its template's 800 files.

What a test leaves behind goes: rows, dead ones included, partitions, sequences' numbers, statistics. A database whose tables, columns, indexes,
constraints, triggers or rights are not the template's any more is thrown away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

from sqlalchemy import Connection, TextClause, text

from alpr_assets.store.engine import open_engine

_OTHERS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
_OWN = "n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'"
_RELATIONS = f"""
SELECT c.oid::regclass::text, c.relkind::text, c.relispartition FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE {_OWN} AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
"""
_SHAPE = f"""
WITH own AS (SELECT c.* FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE {_OWN})
SELECT md5(string_agg(said, E'\\n' ORDER BY said)) FROM (
    SELECT concat_ws(' ', 'class', own.oid::regclass, own.relkind, own.relacl, own.relrowsecurity) AS said FROM own
    UNION ALL SELECT concat_ws(' ', 'column', attrelid::regclass, attname, atttypid, attnotnull, atthasdef, attisdropped)
        FROM pg_attribute JOIN own ON own.oid = attrelid WHERE attnum > 0
    UNION ALL SELECT concat_ws(' ', 'index', indexrelid::regclass, indisvalid, indisunique) FROM pg_index JOIN own ON own.oid = indexrelid
    UNION ALL SELECT concat_ws(' ', 'constraint', conrelid::regclass, conname, contype, convalidated)
        FROM pg_constraint JOIN own ON own.oid = conrelid
    UNION ALL SELECT concat_ws(' ', 'trigger', tgrelid::regclass, tgname, tgenabled, tgfoid::regproc)
        FROM pg_trigger JOIN own ON own.oid = tgrelid WHERE NOT tgisinternal
    UNION ALL SELECT concat_ws(' ', 'function', p.oid::regprocedure, md5(p.prosrc))
        FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace WHERE {_OWN}
    UNION ALL SELECT concat_ws(' ', 'schema', n.nspname, n.nspacl) FROM pg_namespace AS n WHERE {_OWN}
) AS shape
"""
_SEQUENCES = "SELECT format('%I.%I', schemaname, sequencename) FROM pg_sequences WHERE last_value IS NOT NULL"


class Turns:
    """Hands out a database, and makes another where the one before is of no more use. Close it with the server."""

    def __init__(self, copied: Callable[[], AbstractContextManager[str]]) -> None:
        """copied : makes a copy of the template that lives as long as its block, and says where it is"""
        self._copied = copied
        self._made = ExitStack()
        self._free: _Database | None = None

    @contextmanager
    def turn(self) -> Iterator[str]:
        """The URL of a migrated, empty database that is this block's own."""
        mine, self._free = self._free or _Database(self._made.enter_context(self._copied())), None
        yield mine.url
        if mine.emptied():
            self._free = mine

    def close(self) -> None:
        self._made.close()


class _Database:
    def __init__(self, url: str) -> None:
        """Of a copy of the template that nothing was written to."""
        self.url = url
        with self._connected() as connection:
            relations = connection.execute(text(_RELATIONS)).all()
            tables = {name for name, kind, _ in relations if kind == "r"}
            seeded = set(connection.scalars(_filled(tables)))
            self._seeds = text(
                " UNION ALL ".join(f"SELECT '{name}', t::text FROM {name} AS t" for name in sorted(seeded))
            )
            self._fresh = self._looked(connection)
        self._known = {name for name, _, _ in relations}
        self._filled = _filled(tables - seeded)

    def emptied(self) -> bool:
        """Whether it is again what it was; if not, it is of no more use."""
        with self._connected() as connection:
            connection.execute(text(_OTHERS))
            new = [row for row in connection.execute(text(_RELATIONS)) if row[0] not in self._known]
            if not all(is_partition for _, _, is_partition in new):
                return False
            if new:
                connection.execute(text(f"DROP TABLE {', '.join(name for name, _, _ in new)}"))
            if self._looked(connection) != self._fresh:
                return False
            self._empty(connection)
        return True

    def _looked(self, connection: Connection) -> tuple[str, list[tuple[str, str]]]:
        """Its shape, and the rows that a migration put in."""
        return str(connection.scalar(text(_SHAPE))), sorted(
            (name, row) for name, row in connection.execute(self._seeds)
        )

    def _empty(self, connection: Connection) -> None:
        if filled := list(connection.scalars(self._filled)):
            deletes = [f"DELETE FROM {name}" for name in filled]
            # No trigger: the append-only tables' refuse it, and the foreign keys' would ask for an order.
            connection.execute(text("; ".join(["SET session_replication_role = replica", *deletes])))
            # The files become empty, so that rows lie in the order in which they come, as in a new database.
            connection.execute(text(f"VACUUM {', '.join(filled)}"))
        for sequence in connection.scalars(text(_SEQUENCES)).all():
            connection.execute(text(f"ALTER SEQUENCE {sequence} RESTART"))
        connection.execute(text("DELETE FROM pg_statistic WHERE starelid >= 16384"))

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        engine = open_engine(self.url).execution_options(isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            yield connection
        engine.dispose()


def _filled(tables: set[str]) -> TextClause:
    """Those of the tables that have rows."""
    return text(" UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT FROM {name})" for name in sorted(tables)))
