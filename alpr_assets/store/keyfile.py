"""Key databases: small SQLite files of keys, and what it takes that a destroyed key leaves no byte in them (NIST SP 800-88r2).

Deleted cells are overwritten in their pages (secure_delete). The rollback journal holds pages as they were before, and a deleted
journal would leave them in free blocks: it is kept, and overwritten once the transaction is over. Killed before that, the next
writer does it.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Literal

from alpr_assets.store.trouble import sqlite_explained

TIMEOUT_SECONDS = 60


@contextmanager
def reading(path: Path, table: str) -> Iterator[sqlite3.Connection]:
    """A key database, made where there is none, and one state of it: nobody's change is committed before the block ends."""
    with _opened(path, table, "DEFERRED") as connection:
        yield connection


@contextmanager
def writing(
    path: Path, table: str, lock: Literal["IMMEDIATE", "EXCLUSIVE"] = "IMMEDIATE"
) -> Iterator[sqlite3.Connection]:
    """A transaction on a key database: whole or not at all, on the disk when the block ends, and what it replaced is overwritten.

    table : the statement that makes the table where there is none
    """
    with _opened(path, table, lock) as connection:
        yield connection
        connection.execute("COMMIT")
        _overwrite_journal(connection, path)


@contextmanager
def _opened(path: Path, table: str, lock: str) -> Iterator[sqlite3.Connection]:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    connected = sqlite3.connect(path, timeout=TIMEOUT_SECONDS, isolation_level=None)
    with sqlite_explained(path), closing(connected) as connection:
        path.chmod(0o600)
        for pragma in ("journal_mode=PERSIST", "synchronous=FULL", "secure_delete=ON", "temp_store=MEMORY"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute(table)
        connection.execute(f"BEGIN {lock}")
        yield connection


def _overwrite_journal(connection: sqlite3.Connection, path: Path) -> None:
    journal = path.with_name(f"{path.name}-journal")
    if not _size(journal):
        return
    connection.execute("BEGIN EXCLUSIVE")  # or another's pages could be in it, that he needs
    if n := _size(journal):
        with journal.open("r+b") as file:
            file.write(bytes(n))
            file.flush()
            os.fsync(file.fileno())
            file.truncate(0)
    connection.execute("ROLLBACK")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
