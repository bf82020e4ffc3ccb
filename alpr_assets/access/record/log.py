"""The access record being written: one process appends; whichever thread comes first commits everything that waits.

Here: who may append, group commit, what happens when the record cannot be written. Not here: what a batch consists of
(`batches`), other processes' entries (`serving`).
An entry counts when its transaction is on the disk (`synchronous=FULL`, `synchronous_commit=on`), and only then does
`append` return. Whatever goes wrong is RecordUnavailableError for everybody who waits, and an alarm; the next entry
reads the end of the record anew, so that the record recovers by itself once its storage is well.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock
from typing import Final, Self

import psycopg
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from alpr_assets.access.record import alarms
from alpr_assets.access.record.batches import begin, build
from alpr_assets.access.record.entries import Actor, Entry, Kind, Outcome, Receipt, RecordUnavailableError
from alpr_assets.access.record.heads import SigningKey, coming_key, settle
from alpr_assets.access.record.inserting import commit, insert
from alpr_assets.access.record.leaves import Prepared, prepare
from alpr_assets.access.record.places import Place, not_prepared
from alpr_assets.access.record.sealing import MonthKeys
from alpr_assets.access.record.tables import prepare as make_tables
from alpr_assets.access.record.tail import Tail, damaged, is_empty, read_tail
from alpr_assets.errors import AlprError, StorageError

MAX_BATCH: Final = 512
WAIT_SECONDS: Final = 120
ADVISORY: Final = "SELECT pg_try_advisory_lock(hashtext('alpr access record'))"
REMEDY: Final = "see to the record's storage; nothing leaves the system until it can be written again"


class RecordBusyError(RecordUnavailableError):
    """Another process appends."""


class _ClosedError(RecordUnavailableError):
    """Nobody writes any more; no alarm."""


@dataclass(slots=True)
class _Waiting:
    """An entry on its way. Only who has the turn looks at how it went, or says so: nothing else need be locked."""

    prepared: Prepared
    new_key: SigningKey | None
    receipt: Receipt | None = None
    error: RecordUnavailableError | None = None


def utc_now() -> datetime:
    return datetime.now(UTC)


class AccessRecord:
    """The only writer of a record; a Recorder, safe for threads. Close it, or use it as a context manager."""

    def __init__(self, place: Place, *, clock: Callable[[], datetime] = utc_now) -> None:
        """Take the record's lock, begin it if there is none, and check its end.

        Raises RecordUnavailableError (RecordBusyError: another process has it); nothing is held then.
        """
        self.place = place
        self.clock = clock
        self._database = place.database
        self.keys = MonthKeys(place.keys / "record_keys.sqlite")
        self._queue: deque[_Waiting] = deque()
        self._turn = Lock()  # who holds it writes, for everybody who waits
        self._is_closed = False
        self._is_alarmed = True  # by an earlier process, as far as we know
        self._connection: Connection | None = None
        self._file: tuple[int, int] | None = None
        self._known_size = 0  # as far as was ever acknowledged: the record never becomes shorter
        self._lock: int | None = None
        try:
            self._lock = self._locked()
            self._tail: Tail | None = self._reopen()
        except RecordBusyError:
            self._let_go()
            raise
        except Exception as error:
            self._let_go()
            raise self._failed(error) from error

    # ── for everybody ──────────────────────────────────────────────────────────────────────────────────────────────

    def append(self, entry: Entry) -> Receipt:
        """Keep one entry; returns when it is on the disk. Raises RecordUnavailableError, then nothing may leave."""
        return self._append(entry, None)

    def change_key(self, actor: Actor) -> Receipt:
        """Let a new signing key follow; the one in force signs for it. Raises RecordUnavailableError."""
        new = coming_key(self.place.keys)
        details = {"public_key": new.public.hex(), "key_id": new.id}
        entry = Entry(
            at=self.clock(), kind=Kind.RECORD, action="key_changed", outcome=Outcome.DONE, actor=actor, details=details
        )
        return self._append(entry, new)

    def close(self) -> None:
        """Let those who write finish, then let go of the record."""
        with self._turn:
            if self._is_closed:
                return
            self._is_closed = True
            self._let_go()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _append(self, entry: Entry, new_key: SigningKey | None) -> Receipt:
        try:
            waiting = _Waiting(prepare(entry, self.keys), new_key)
        except (TypeError, ValueError) as error:
            raise RecordUnavailableError(
                f"an entry that is not JSON cannot be recorded ({type(error).__name__})", remedy="ask with plain text"
            ) from error
        except Exception as error:
            raise self._failed(error) from error
        self._queue.append(waiting)
        if not self._turn.acquire(timeout=WAIT_SECONDS):
            raise self._failed(TimeoutError("it takes too long"))
        try:
            while waiting.receipt is None and waiting.error is None:
                # Nothing waits, and ours is not done: whoever had taken it was interrupted.
                self._write(self._taken() or [waiting])
        finally:
            self._turn.release()
        if waiting.receipt is None:
            assert waiting.error is not None
            raise waiting.error
        return waiting.receipt

    # ── whose turn it is ───────────────────────────────────────────────────────────────────────────────────────────

    def _write(self, batch: Sequence[_Waiting]) -> None:
        """Commit a batch, and tell everybody in it how it went."""
        try:
            if self._is_closed:
                raise _closed()  # noqa: TRY301 - told as every other failure is
            receipts = self._commit(batch)
        except BaseException as error:
            self._let_go_of_the_database()
            for waiting in batch:
                waiting.error = error if isinstance(error, _ClosedError) else self._failed(error)
            if not isinstance(error, Exception):
                raise
            return
        for waiting, receipt in zip(batch, receipts, strict=True):
            waiting.receipt = receipt

    def _taken(self) -> list[_Waiting]:
        """Everything that waits, up to a batch; a key's change ends one."""
        batch: list[_Waiting] = []
        while self._queue and len(batch) < MAX_BATCH:
            batch.append(self._queue.popleft())
            if batch[-1].new_key is not None:
                break
        return batch

    def _commit(self, batch: Sequence[_Waiting]) -> Iterable[Receipt]:
        """One transaction: entries, what lies beside them, nodes, one signed head. The receipts, once it is on the disk."""
        tail = self._tail or self._reopen()
        self._tail = None  # until the transaction is known to be on the disk, the record's end is not known
        new_key = batch[-1].new_key
        rows, new_tail, receipts = build(tail, (waiting.prepared for waiting in batch), self.clock(), new_key)
        assert self._connection is not None
        self._check_file()
        commit(self._connection, rows)
        self._check_file()
        if new_key is not None:
            settle(self.place.keys)
        self._is_well(new_tail)
        return receipts

    # ── the storage ────────────────────────────────────────────────────────────────────────────────────────────────

    def _locked(self) -> int:
        """The lock of this machine's appending process."""
        for folder in (self.place.data, self.place.folder):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = os.open(self.place.lock, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(file)
            raise _busy() from error
        return file

    def _reopen(self) -> Tail:
        """Connect, and read the record's end from the disk; begin the record if there never was one.

        (1) the file or the tables are there, or may be made
        (2) no other machine appends
        (3) the end holds, and is not shorter than what was acknowledged
        """
        self._let_go_of_the_database()
        self._make_database()
        connection = self._connection = self.place.engine.connect().execution_options(alpr_writes=True)
        if connection.dialect.name == "postgresql":
            # Held by the session, not by the transaction: it goes when the connection does.
            with connection.begin():
                if not connection.execute(text(ADVISORY)).scalar():
                    raise _busy()
        with connection.begin():
            tail = None if is_empty(connection) else read_tail(connection, self.place.keys)
            begins = tail is None and not self._known_size
            if begins:
                rows, tail = begin(self.place, self.keys, self.clock())
                insert(connection, rows)
        if tail is None or tail.size < self._known_size:
            raise damaged(f"of {self._known_size} entries that were written {tail.size if tail else 0} are there")
        self._check_file()
        if begins:
            settle(self.place.keys)
        self._is_well(tail)
        return tail

    def _make_database(self) -> None:
        if (database := self._database) is not None:
            if self._known_size and not database.exists():
                raise damaged(f"{database.name} is gone")
            # Made by us first, so that it and the files beside it are its owner's only.
            os.close(os.open(database, os.O_RDWR | os.O_CREAT, 0o600))
            status = database.stat()
            self._file = status.st_dev, status.st_ino
        try:
            make_tables(self.place.engine)
        except (SQLAlchemyError, StorageError) as error:
            if database is None:
                raise not_prepared(error) from error
            raise

    def _check_file(self) -> None:
        """What was written went to the file that is there: one that is deleted or replaced can still be written to."""
        if (database := self._database) is not None:
            status = os.stat(database)  # noqa: PTH116 - twice an append, and half the time
            if self._file != (status.st_dev, status.st_ino):
                raise damaged(f"{database.name} was replaced while it was written to")

    def _is_well(self, tail: Tail) -> None:
        self._tail, self._known_size = tail, tail.size
        if self._is_alarmed:
            alarms.end_alarm(self.place.data, alarms.RECORD)
            self._is_alarmed = False

    def _let_go_of_the_database(self) -> None:
        self._tail = None
        if self._connection is not None:
            with contextlib.suppress(Exception):  # it is given up because it failed
                self._connection.invalidate()
                self._connection.close()
            self._connection = None
        self.place.engine.dispose()

    def _let_go(self) -> None:
        self._let_go_of_the_database()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _failed(self, error: BaseException) -> RecordUnavailableError:
        """What everybody who waits is told; raises the alarm."""
        if isinstance(error, RecordUnavailableError):
            told = RecordUnavailableError(str(error), remedy=error.remedy)
        else:
            told = RecordUnavailableError(f"the access record cannot be written: {_reason(error)}", remedy=REMEDY)
        told.__cause__ = error
        self._is_alarmed = True
        alarms.raise_alarm(self.place.data, alarms.RECORD, str(told))
        return told


def _reason(error: BaseException) -> str:
    """Why, without anything that an entry said."""
    known = AlprError, OSError, sqlite3.Error, psycopg.Error
    original = getattr(error, "orig", None) or error
    if isinstance(original, known):
        return str(original).partition("\n")[0]
    return type(error).__name__


def _closed() -> _ClosedError:
    return _ClosedError("the access record was closed", remedy="do it again when the system is up")


def _busy() -> RecordBusyError:
    return RecordBusyError("another process appends to the access record", remedy="do it again when that one has ended")
