"""The keys that files are sealed with: one 256-bit key per UTC day, wrapped by a master key, in a database outside data backups.

Here: making, opening, changing, destroying, wrapping anew. Not here: master keys (`masters`), how nothing is left (`keyfile`).
Each wrapped key is bound to its database and day. A key is remembered for REMEMBERED_S seconds by the process that read it: after a
day was destroyed, no process has its key longer.
"""

from __future__ import annotations

import secrets
import sqlite3
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack, closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from threading import Lock
from typing import Final

from alpr_assets.errors import ConfigurationError, NotFoundError, VerificationError
from alpr_assets.store import keyfile
from alpr_assets.store.masters import KEY_BYTES, MasterKey, Masters
from alpr_assets.store.trouble import sqlite_explained

REMEMBERED_S: Final = 600
_AT_ONCE: Final = 50  # wrapped anew in one transaction: others wait for its lock, and a key service takes its time
_TABLE: Final = (
    "CREATE TABLE IF NOT EXISTS wrapped_key "
    "(day TEXT, is_coming INTEGER, master TEXT NOT NULL, wrapped BLOB NOT NULL, PRIMARY KEY (day, is_coming))"
)
CLEAR: Final = "in clear"
_BEFORE: Final = {"day_key": False, "coming_key": True}
"""Tables of keys as they were kept before they were wrapped, and `is_coming` of theirs."""


class DayKeys:
    """A key database. Safe for several processes and threads.

    While a day's key is being changed it has two: what is sealed takes the coming one, what is opened tries both.
    """

    def __init__(self, path: Path, masters: Masters) -> None:
        self.path = path
        self.masters = masters
        self._known: dict[date, tuple[float, tuple[bytes, ...]]] = {}
        self._lock = Lock()
        self._is_taken_over = False

    def key(self, day: date) -> bytes:
        """The key that the day's files are sealed with; made, and on the disk, before it is first used. Raises MasterKeyError."""
        return (self._keys(day) or self._made(day, is_coming=False))[0]

    def existing(self, day: date, *, fresh: bool = False) -> tuple[bytes, ...]:
        """The keys that the day's files may be sealed with, the newest first, never making one.

        Parameters
        ----------
        fresh : look into the file, whatever is remembered

        Raises VerificationError when there is none: the day cannot be opened. MasterKeyError: its master key is not here.
        """
        found = self._keys(day, fresh=fresh)
        if not found:
            raise VerificationError(
                f"no key for {day}", remedy=f"restore {self.path} from its own backup, unless the day was destroyed"
            )
        return found

    def begin_change(self, day: date) -> bytes:
        """The day's coming key; made where no change is under way. The one in force stays until `end_change`."""
        return self._made(day, is_coming=True)[0]

    def end_change(self, day: date) -> None:
        """Let the coming key be the only one: what was sealed with the one before can be opened by nobody."""
        with self._lock, self._writing() as connection:
            coming = connection.execute("SELECT 1 FROM wrapped_key WHERE day = ? AND is_coming", _named(day)).fetchone()
            if coming is not None:
                connection.execute("DELETE FROM wrapped_key WHERE day = ? AND NOT is_coming", _named(day))
                connection.execute("UPDATE wrapped_key SET is_coming = 0 WHERE day = ?", _named(day))
            self._known.pop(day, None)

    def destroy(self, day: date) -> None:
        """Destroy the day's keys: what was sealed with them, backups of it included, can be opened by nobody (NIST SP 800-88r2).

        Needs no master key. No byte of the wrapped keys is left in the database or its journal.
        """
        with self._lock, self._writing() as connection:
            connection.execute("DELETE FROM wrapped_key WHERE day = ?", _named(day))
            self._known.pop(day, None)

    def n_by_master(self) -> dict[str, int]:
        """How many keys each master key has wrapped, by its id; CLEAR for those that are not yet. Makes and changes nothing."""
        return _n_by_master(self.path)

    def wrap_anew(self) -> int:
        """Wrap what another master key has wrapped by the current one; returns how many. Killed and asked again, it goes on."""
        n = 0
        while True:
            with self._lock, self._writing() as connection:
                current = self.masters.current().key_id
                rows = connection.execute(
                    "SELECT day, is_coming, master, wrapped FROM wrapped_key WHERE master <> ? LIMIT ?",
                    (current, _AT_ONCE),
                ).fetchall()
                for day, is_coming, master, wrapped in rows:
                    key = self.masters.unwrap(master, wrapped, context=self._context(day))
                    anew = self.masters.wrap(key, context=self._context(day))
                    connection.execute(
                        "UPDATE wrapped_key SET master = ?, wrapped = ? WHERE day = ? AND is_coming = ?",
                        (*anew, day, is_coming),
                    )
            n += len(rows)
            if len(rows) < _AT_ONCE:
                return n

    def _keys(self, day: date, *, fresh: bool = False) -> tuple[bytes, ...]:
        with self._lock:
            at, known = self._known.get(day, (0.0, ()))
            if fresh or not known or time.monotonic() - at > REMEMBERED_S:
                self._take_over()
                with keyfile.reading(self.path, _TABLE) as connection:  # no master key is dropped before this ends
                    known = self._unwrapped(connection, day)
                self._known[day] = time.monotonic(), known
            return known

    def _unwrapped(self, connection: sqlite3.Connection, day: date) -> tuple[bytes, ...]:
        rows = connection.execute(
            "SELECT master, wrapped FROM wrapped_key WHERE day = ? ORDER BY is_coming DESC", _named(day)
        ).fetchall()
        return tuple(self.masters.unwrap(*row, context=self._context(day.isoformat())) for row in rows)

    def _made(self, day: date, *, is_coming: bool) -> tuple[bytes, ...]:
        """The day's keys, one made where there is none."""
        with self._lock, self._writing() as connection:
            there = connection.execute(
                "SELECT 1 FROM wrapped_key WHERE day = ? AND is_coming = ?", (day.isoformat(), is_coming)
            ).fetchone()
            if there is None:
                self._insert(connection, day.isoformat(), is_coming, secrets.token_bytes(KEY_BYTES))
            self._known[day] = time.monotonic(), self._unwrapped(connection, day)
            return self._known[day][1]

    def _insert(self, connection: sqlite3.Connection, day: str, is_coming: bool, key: bytes) -> None:
        """Wrap a key by the current master key; the first one of all makes it.

        Raises MasterKeyError when a master key that has wrapped is not here: the current one may be a wrong one.
        """
        wrapped_by = {row[0] for row in connection.execute("SELECT DISTINCT master FROM wrapped_key")}
        for master in wrapped_by:
            self.masters.named(master)
        make = not wrapped_by and not any(_n_by_master(path) for path in self._siblings())
        wrapped = self.masters.wrap(key, context=self._context(day), make=make)
        connection.execute("INSERT INTO wrapped_key VALUES (?, ?, ?, ?)", (day, is_coming, *wrapped))

    def _take_over(self) -> None:
        """Wrap the keys of a database from before they were wrapped, all in one transaction; once a process."""
        if self._is_taken_over:
            return
        with keyfile.writing(self.path, _TABLE) as connection:
            rows = _in_clear(connection)
            for day, is_coming, key in rows:
                self._insert(connection, day, is_coming, key)
            for table in _BEFORE:
                connection.execute(f"DROP TABLE IF EXISTS {table}")
        self._is_taken_over = True

    def _writing(self) -> AbstractContextManager[sqlite3.Connection]:
        self._take_over()
        return keyfile.writing(self.path, _TABLE)

    def _siblings(self) -> list[Path]:
        return [path for path in self.path.parent.glob("*_keys.sqlite") if path != self.path]

    def _context(self, day: str) -> bytes:
        return f"{self.path.stem} {day}".encode()


def _named(day: date) -> tuple[str]:
    return (day.isoformat(),)


def is_in_clear(path: Path) -> bool:
    """Whether a key database is there and is from before keys were wrapped."""
    return CLEAR in _n_by_master(path)


def _n_by_master(path: Path) -> dict[str, int]:
    if not path.exists():
        return {}
    with sqlite_explained(path), closing(sqlite3.connect(path, timeout=keyfile.TIMEOUT_SECONDS)) as connection:
        found: dict[str, int] = {}
        if "wrapped_key" in _tables(connection):
            found = dict(connection.execute("SELECT master, count(*) FROM wrapped_key GROUP BY master"))
        n_clear = len(_in_clear(connection))
    return found | ({CLEAR: n_clear} if n_clear else {})


def _in_clear(connection: sqlite3.Connection) -> list[tuple[str, bool, bytes]]:
    there = _tables(connection)
    return [
        (day, is_coming, key)
        for table, is_coming in _BEFORE.items()
        if table in there
        for day, key in connection.execute(f"SELECT day, key FROM {table}").fetchall()  # noqa: S608 - our own names
    ]


def _tables(connection: sqlite3.Connection) -> set[str]:
    return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


@dataclass(frozen=True, slots=True)
class Rotated:
    """What became of the master key.

    n_wrapped : day keys that it wraps anew
    needless : master keys that nothing needs any more, and that are not ours to take away
    """

    key_id: str
    n_wrapped: int
    needless: tuple[MasterKey, ...]


def rotate(databases: Sequence[DayKeys], masters: Masters) -> Rotated:
    """Wrap all day keys by another master key: a new one where it lies in the file, else the first one that is given.

    Killed and asked again, it goes on; day keys can be made and used meanwhile.

    Raises
    ------
    MasterKeyError : one that has wrapped is not here; then nothing is lost
    ConfigurationError : the master key is not in the file, and no other one is given
    """
    if not any(keys.n_by_master() for keys in databases):
        raise NotFoundError("there are no day keys yet", remedy="the first picture makes the master key and its own")
    n = sum(
        keys.wrap_anew() for keys in databases
    )  # what another place's key has wrapped, or a rotation that was killed left
    if not n and not masters.older_in_file():
        _begin(databases[0], masters)
        n = sum(keys.wrap_anew() for keys in databases)
    current = masters.current()
    with ExitStack() as locked:
        for keys in databases:
            locked.enter_context(keyfile.writing(keys.path, _TABLE, "EXCLUSIVE"))
        if masters.older_in_file():
            masters.drop_older()
    return Rotated(current.key_id, n, masters.here()[1:])


def _begin(keys: DayKeys, masters: Masters) -> None:
    if not masters.is_ours_to_replace():
        current = masters.current()
        raise ConfigurationError(
            f"every day key is wrapped by master key {current.key_id} in {current.where}, and no new one is given",
            remedy="put a new one before it in ALPR_MASTER_KEY or ALPR_KMS_KEYS, with a comma between; `openssl rand -hex 32` makes one",
        )
    with keyfile.writing(keys.path, _TABLE, "EXCLUSIVE"):  # two at once would lose one of theirs
        masters.add()
