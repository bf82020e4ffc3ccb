"""What a database or the file system refuses, told so that a person can act: where, why, and what to do.

Here: refusals that come from the set-up: not there, not allowed, full, no database. Not here: our own mistakes, which keep their trace.
A message names places and reasons, and never a password, a statement, a parameter or a row's details: those hold plates.
"""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL
from sqlalchemy.engine import ExceptionContext

from alpr_assets.errors import StorageError

_ANOTHER = "or name another folder (ALPR_DATA, ALPR_KEYS, ALPR_DROPS, ALPR_HOTLISTS, DAGSTER_HOME)"
_ROOM = "make room on its disk, then do it again: nothing counts that was not finished"
_RIGHTS = f"give this user the right to read and write there, {_ANOTHER}"
_PATH = f"put the path right, {_ANOTHER}"
_OWNER = "make this user the owner of the database"
_CONNECT = "check ALPR_DATABASE_URL, and that the server runs and lets this user in"

FILES = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT), _ROOM),
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), _RIGHTS),
    **dict.fromkeys(
        (errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENAMETOOLONG, errno.ELOOP),
        _PATH,
    ),
}
"""Remedies by what the file system says; every other error of it keeps its trace."""

SQLITE = {
    **dict.fromkeys((sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR), _ROOM),
    **dict.fromkeys((sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM), _RIGHTS),
    **dict.fromkeys((sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT), f"restore it from a backup, {_ANOTHER}"),
    sqlite3.SQLITE_BUSY: "another process holds it: do it again when that one has ended",
}
"""Remedies by SQLite's primary result code."""

POSTGRESQL = {
    "08": _CONNECT,
    "28": _CONNECT,
    "3D": _CONNECT,
    "3F": _OWNER,
    "25006": "name the primary server in ALPR_DATABASE_URL: this one only reads",
    "42501": _OWNER,
    "55P03": "somebody reads it for long: do it again at a quieter hour",
    "53": "make room on the server, or raise its limits",
    "57P": "do it again when the server is up",
    "58": "look into the server's log",
}
"""Remedies by how an SQLSTATE begins."""


@contextmanager
def files_explained() -> Iterator[None]:
    """Raise StorageError for what the file system refuses inside the block."""
    try:
        yield
    except shutil.Error as error:  # of copytree: all that went wrong, one by one
        _, target, why = error.args[0][0]
        raise StorageError(f"{target}: {why}", remedy=_PATH) from error
    except OSError as error:
        remedy = FILES.get(error.errno or 0)
        if remedy is None:
            raise
        where = error.filename2 or error.filename  # of a copy, the copy
        said = "a file lies where a folder must be" if error.errno == errno.EEXIST else os.strerror(error.errno or 0)
        raise StorageError(f"{os.fsdecode(where)}: {said}" if where else said, remedy=remedy) from error


@contextmanager
def sqlite_explained(path: Path) -> Iterator[None]:
    """Raise StorageError for what the SQLite file at `path` refuses inside the block."""
    try:
        yield
    except sqlite3.Error as error:
        if (told := _of_sqlite(error, str(path))) is None:
            raise
        raise told from error


def database_explained(context: ExceptionContext) -> StorageError | None:
    """What SQLAlchemy raises instead of a driver's error (its event `handle_error`); None: the error itself."""
    error, engine = context.original_exception, context.engine
    if engine is None:
        return None
    if isinstance(error, sqlite3.Error):
        return _of_sqlite(error, str(engine.url.database))
    state = getattr(error, "sqlstate", None) or ""
    remedy = next((text for start, text in POSTGRESQL.items() if state.startswith(start)), None)
    if context.connection is None or context.is_disconnect:
        remedy = remedy or _CONNECT
    return None if remedy is None else StorageError(f"{_server(engine.url)}: {_reason(error)}", remedy=remedy)


def _of_sqlite(error: sqlite3.Error, path: str) -> StorageError | None:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the extended code holds the primary one
    remedy = SQLITE.get(code)
    return None if remedy is None else StorageError(f"database {path}: {error}", remedy=remedy)


def _server(url: URL) -> str:
    host = url.host or url.query.get("host") or "this machine"
    return f"PostgreSQL on {host}{f':{url.port}' if url.port else ''}, database {url.database or 'of the user'}"


def _reason(error: BaseException) -> str:
    """The driver's first line without its preamble; the lines after it may quote rows."""
    first = str(error).partition("\n")[0].rpartition(" failed: ")[2]
    return first.removeprefix("FATAL:").strip() or type(error).__name__
