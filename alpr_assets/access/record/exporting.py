"""The record as it is stored, in the order in which it is verified; and as a file that an outsider verifies without us.

Here: reading it through, what only the database can have wrong, the export. Not here: the verification (`verifying`).
The file holds JSON Lines: a header, every entry verbatim with its stored hash, each signed head behind the last entry that it
covers, and an end. Elements are in it as commitments; sealed ones only when asked for, opened ones never.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import sqlite3
from base64 import b64encode
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, Final, Generic, Self, TypeVar

import psycopg
from sqlalchemy import Connection, Engine, Select, select
from sqlalchemy.exc import SQLAlchemyError

from alpr_assets.access.record.entries import Head, RecordUnavailableError
from alpr_assets.access.record.heads import claim
from alpr_assets.access.record.leaves import instant
from alpr_assets.access.record.places import Place, place_of
from alpr_assets.access.record.tables import (
    access_elements,
    access_head,
    access_node,
    access_record,
    access_result,
)
from alpr_assets.access.record.tail import log_id_of, newest_head, public_key_of
from alpr_assets.access.record.verifying import FORMAT, Claim, Leaf, Report, Verifier, key_id, node_hash
from alpr_assets.errors import StorageError
from alpr_assets.settings import Settings

Beside = TypeVar("Beside")

ROWS: Final = 5_000
"""How many are fetched at once: the record is read through, never into memory."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One entry with what lies beside it. `at`: of the column beside the leaf; `sealed` empty: none is kept."""

    leaf: Leaf
    at: str
    sealed: bytes


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """The record at one moment, while it is being written to."""
    # On SQLite every transaction is one; on PostgreSQL each statement would see another moment.
    options: dict[str, Any] = {"isolation_level": "REPEATABLE READ"} if engine.dialect.name == "postgresql" else {}
    with engine.connect().execution_options(**options) as connection, connection.begin():
        yield connection


@contextmanager
def opened(configured: Settings) -> Iterator[tuple[Place, Connection]]:
    """The record that the settings name, at one moment. Raises RecordUnavailableError where there is none."""
    place = place_of(configured)
    if place.database is not None and not place.database.exists():
        raise RecordUnavailableError("there is no access record yet", remedy="make it by `alpr init`")
    try:
        with snapshot(place.engine) as connection:
            yield place, connection
    finally:
        place.engine.dispose()


def verify_database(
    place: Place, claims: Iterable[Claim] = (), pinned: bytes | None = None, accepted: Iterable[int] = ()
) -> Report:
    """Verify the record where it lies, and besides what an export does not hold: the columns and nodes kept for speed.

    A database that cannot be read on is a finding, at the entry where it stops.
    """
    verifier = Verifier(claims, pinned, accepted)
    try:
        with snapshot(place.engine) as connection:
            for item in stored(connection, verifier):
                if isinstance(item, Claim):
                    verifier.head(item)
                    continue
                position = verifier.tree.size
                verifier.leaf(item.leaf)
                if item.at != verifier.at and verifier.is_in_place:
                    text = "the column beside the entry has another time"
                    verifier.find("beside", position, text=text, expected=verifier.at, found=item.at)
            _verify_nodes(connection, verifier)
            if verifier.is_in_place and (kept := public_key_of(connection)) != verifier.keys.in_force:
                text = "the list of entries about the key is not complete"
                expected = f"key {key_id(verifier.keys.in_force)}"
                verifier.find("beside", 0, text=text, expected=expected, found=f"key {key_id(kept)}")
    except (StorageError, SQLAlchemyError, sqlite3.Error, psycopg.Error, ValueError, OverflowError) as error:
        text = "the database cannot be read from here on"
        at = verifier.tree.size
        verifier.find("malformed", at, text=text, expected="a database", found=type(error).__name__)
    return verifier.finish()


def export_record(place: Place, target: Path, *, results: bool = True, sealed: bool = False) -> int:
    """Write the whole record to a file, which is there when it is whole; the number of entries in it."""
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    n = 0
    try:
        file = os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb", buffering=1 << 20)
        with snapshot(place.engine) as connection, file:
            for line in _lines(connection, results=results, sealed=sealed):
                n += file.write(line) and line.startswith(b'{"id"')
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return n


def stored(connection: Connection, verifier: Verifier | None = None) -> Iterator[Stored | Claim]:
    """Entries and heads in the order in which they were written. What belongs to no entry is told the verifier."""
    log_id = log_id_of(connection)
    with _Reading(connection) as reading:
        heads = (claim(Head(log_id, *row)) for row in reading(select(access_head).order_by(access_head.c.size)))
        results, elements = _results(reading), _elements(reading)
        head = next(heads, None)
        records = reading(select(access_record).order_by(access_record.c.record_id))
        for n, (record_id, at, text, hash_) in enumerate(records, start=1):
            sealed = elements.of(record_id)
            digest = hashlib.sha256(sealed).hexdigest() if sealed else ""
            yield Stored(Leaf(record_id, text, hash_, results.of(record_id), digest), instant(at), sealed)
            while head is not None and head.size <= n:
                yield head
                head = next(heads, None)
        if head is not None:
            yield head
        yield from heads
        strays = [("results", record_id) for record_id in results.strays()]
        strays += [("elements", record_id) for record_id in elements.strays()]
    for kind, record_id in strays if verifier else ():
        assert verifier is not None
        text = f"{kind} are kept for an entry that is not there"
        verifier.find(kind, record_id, text=text, expected="none", found="some")


def _results(reading: _Reading) -> _Beside[list[str]]:
    columns = access_result.c
    statement = select(columns.record_id, columns.kind, columns.day, columns.id)
    rows = reading(statement.order_by(columns.record_id, columns.position))
    groups = groupby(((row[0], f"{row[1]}:{row[2] or ''}:{row[3]}") for row in rows), itemgetter(0))
    return _Beside(((record_id, [text for _, text in group]) for record_id, group in groups), [])


def _elements(reading: _Reading) -> _Beside[bytes]:
    rows = reading(select(access_elements).order_by(access_elements.c.record_id))
    return _Beside(((row[0], row[2]) for row in rows), b"")


class _Beside(Generic[Beside]):
    """Rows beside the entries, read along with them; those of entries that are not there are remembered by number."""

    def __init__(self, groups: Iterator[tuple[int, Beside]], nothing: Beside) -> None:
        self._groups = groups
        self._nothing = nothing
        self._next = next(groups, None)
        self._strays: list[int] = []

    def of(self, record_id: int) -> Beside:
        while self._next is not None and self._next[0] < record_id:
            self._strays.append(self._next[0])
            self._next = next(self._groups, None)
        if self._next is None or self._next[0] != record_id:
            return self._nothing
        found = self._next[1]
        self._next = next(self._groups, None)
        return found

    def strays(self) -> list[int]:
        """Numbers of entries that are not there; to be asked at the end."""
        while self._next is not None:
            self._strays.append(self._next[0])
            self._next = next(self._groups, None)
        return self._strays


def _lines(connection: Connection, *, results: bool, sealed: bool) -> Iterator[bytes]:
    head = newest_head(connection)
    yield _line({"format": f"{FORMAT} export", "log_id": log_id_of(connection), "size": head.size if head else 0})
    for item in stored(connection):
        if isinstance(item, Claim):
            yield _line({"head": head_line(item)})
            continue
        line: dict[str, Any] = {"id": item.leaf.record_id, "leaf": item.leaf.text, "hash": item.leaf.hash.hex()}
        if results:
            line["results"] = item.leaf.results
        if sealed:
            line["sealed"] = b64encode(item.sealed).decode()
        yield _line(line)
    yield _line({"end": True})


def head_line(head: Claim) -> dict[str, Any]:
    """A head in an export."""
    return {
        "log_id": head.log_id,
        "size": head.size,
        "root": head.root.hex(),
        "at": head.at,
        "key_id": head.key_id,
        "signature": head.signature.hex(),
    }


def _line(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"


def _verify_nodes(connection: Connection, verifier: Verifier) -> None:
    """Every stored subtree's root is that of its two halves; the first one of each level that is not, is found."""
    if not verifier.is_in_place:
        return
    with _Reading(connection) as reading:
        below = reading(select(access_record.c.leaf_hash).order_by(access_record.c.record_id))
        for level in range(1, verifier.tree.size.bit_length()):
            nodes = select(access_node.c.hash).where(access_node.c.level == level).order_by(access_node.c.number)
            found = reading(nodes)
            for number in range(verifier.tree.size >> level):
                expected = node_hash(next(below)[0], next(below)[0])
                row = next(found, None)
                if row is None or row[0] != expected:
                    text = "a node that proofs are made of is not what its entries make it"
                    first, last = number << level, ((number + 1) << level) - 1
                    there = row[0].hex() if row else "none"
                    verifier.find("beside", first, last, text=text, expected=expected.hex(), found=there)
                    return  # those above are made of it
            below = reading(nodes)


class _Reading:
    """Statements whose rows are read through side by side, a few thousand at a time; all are closed at the end."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection.execution_options(yield_per=ROWS)
        self._open = ExitStack()

    def __call__(self, statement: Select[Any]) -> Iterator[Any]:
        return iter(self._open.enter_context(closing(self._connection.execute(statement))))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()
