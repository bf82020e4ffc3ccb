"""Builders: a place for a record, entries, and an attacker who owns the database, the keys, or both."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, select, text

from alpr_assets.access.record import verifying
from alpr_assets.access.record.entries import Actor, Entry, Kind, Outcome, ResultId
from alpr_assets.access.record.exporting import export_record, snapshot
from alpr_assets.access.record.heads import SigningKey, key_in_force
from alpr_assets.access.record.log import AccessRecord
from alpr_assets.access.record.places import Place, record_engine
from alpr_assets.access.record.sealing import canonical
from alpr_assets.access.record.tables import access_record
from alpr_assets.access.record.tail import newest_head
from alpr_assets.access.record.verifying import Claim, Frontier, leaf_hash
from alpr_assets.access.record.witnesses import head_file
from alpr_assets.settings import ROOT
from alpr_assets.store.engine import open_engine, writing

BEGUN = datetime(2026, 6, 15, 18, 0, tzinfo=UTC)
DAY = date(2026, 6, 14)
ANN = Actor(
    member_id=7,
    name="Ann Ito",
    agency="CA0070100",
    title="Detective",
    role="analyst",
    session_id=3,
    address="192.0.2.7",
)


def place_in(folder: Path, url: str = "") -> Place:
    record = folder / "data" / "record"
    engine = record_engine(url or f"sqlite:///{record / 'access.sqlite'}")
    return Place(engine, record, folder / "keys", folder / "data", ROOT / "policy" / "422.yaml")


def ticking(start: datetime = BEGUN, step: timedelta = timedelta(seconds=1)) -> Callable[[], datetime]:
    """A clock that goes on by itself, one step a look."""
    ticks = count()
    return lambda: start + next(ticks) * step


def an_entry(at: datetime = BEGUN, **more: Any) -> Entry:
    """One answered search for a plate, with three reads."""
    values: dict[str, Any] = {
        "kind": Kind.QUERY,
        "action": "plate_history",
        "outcome": Outcome.ANSWERED,
        "actor": ANN,
        "purpose": "stolen_vehicle",
        "case_number": "26-0417",
        "elements": {"plate": "7ABC123", "state": "CA"},
        "results": [ResultId("read", DAY, 900 + n) for n in range(3)],
    }
    return Entry(at=at, **{**values, **more})


def grown(place: Place, n: int, start: datetime = BEGUN) -> None:
    """A record of at least one entry, with `n` more: each in a batch of its own."""
    clock = ticking(start)
    with AccessRecord(place, clock=clock) as record:
        for _ in range(n):
            record.append(an_entry(clock()))


def witnessed(place: Place, path: Path, *, first: int = 0, bare: bool = False) -> Path:
    """What a witness keeps of the record as it is now; `bare`: the head without hashes, as on paper."""
    with snapshot(place.engine) as connection:
        head = newest_head(connection)
        assert head is not None
        kept = head_file(connection, head, first=first)
    if bare:
        kept = {name: value for name, value in kept.items() if name not in {"first", "frontier", "leaf_hashes"}}
    path.write_text(json.dumps(kept), encoding="utf-8")
    return path


def claims(*paths: Path) -> list[Claim]:
    return [verifying.read_claim(path) for path in paths]


def alone(place: Place, folder: Path, *arguments: str | Path) -> dict[str, Any]:
    """What the stand-alone verifier says of an export, run as an outsider would: without us, without our environment."""
    export, program = folder / "export.jsonl", folder / "verify_record.py"
    export_record(place, export, sealed=True)
    program.write_text(Path(verifying.__file__).read_text(encoding="utf-8"), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-I", program, export, "--json", *arguments],
        cwd=folder, env={}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode in {0, 1}, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    assert report["ok"] == (done.returncode == 0)
    return report


@contextmanager
def owning(place: Place) -> Iterator[Connection]:
    """A connection of whoever owns the database: rights and triggers do not stop him."""
    engine = open_engine(place.engine.url.render_as_string(hide_password=False))
    with writing(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET search_path TO access_record"))
        else:
            for name in list(connection.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'"))):
                connection.execute(text(f"DROP TRIGGER {name}"))
        yield connection
    engine.dispose()


def leaves(connection: Connection) -> list[str]:
    return list(connection.scalars(select(access_record.c.leaf).order_by(access_record.c.record_id)))


def cut(connection: Connection, size: int) -> None:
    """Make the record what it was at an earlier size, or what a backup restores."""
    for table in ("access_record", "access_result", "access_elements"):
        connection.execute(text(f"DELETE FROM {table} WHERE record_id >= :size"), {"size": size})
    connection.execute(text("DELETE FROM access_key WHERE record_id >= :size"), {"size": size})
    connection.execute(text("DELETE FROM access_head WHERE size > :size"), {"size": size})
    connection.execute(text("DELETE FROM access_node WHERE (number + 1) * (1 << level) > :size"), {"size": size})


def forge(
    connection: Connection,
    place: Place,
    texts: Sequence[str],
    key: SigningKey | None = None,
    order: Sequence[int] | None = None,
) -> None:
    """Write a whole record anew, hashed and signed as if it had always been so: the administrator has the key.

    order : which entry's results and elements each one has now
    """
    log_id = json.loads(texts[0])["details"]["log_id"]
    newest = connection.execute(text("SELECT key_id FROM access_head ORDER BY size DESC LIMIT 1")).scalar_one()
    key = key or key_in_force(place.keys, newest)
    for table in ("access_head", "access_node", "access_record"):
        connection.execute(text(f"DELETE FROM {table}"))
    tree, clock = Frontier(), ticking()
    for number, leaf in enumerate(texts):
        row = {
            "id": number,
            "at": _micro(datetime.fromisoformat(json.loads(leaf)["at"])),
            "leaf": leaf,
            "hash": leaf_hash(leaf),
        }
        connection.execute(text("INSERT INTO access_record VALUES (:id, :at, :leaf, :hash)"), row)
        for node in tree.append(leaf_hash(leaf)):
            connection.execute(text("INSERT INTO access_node VALUES (:level, :number, :hash)"), node._asdict())
        head = key.head(log_id, tree.size, tree.root(), clock())
        row = {
            "size": head.size,
            "root": head.root,
            "at": _micro(head.at),
            "key": head.key_id,
            "signature": head.signature,
        }
        connection.execute(text("INSERT INTO access_head VALUES (:size, :root, :at, :key, :signature)"), row)
    for table in ("access_result", "access_elements"):
        rows = [dict(row._mapping) for row in connection.execute(text(f"SELECT * FROM {table}"))]
        connection.execute(text(f"DELETE FROM {table}"))
        for number, old in enumerate(order or range(len(texts))):
            for row in rows:
                if row["record_id"] == old:
                    values = ", ".join(f":{name}" for name in row)
                    connection.execute(text(f"INSERT INTO {table} VALUES ({values})"), {**row, "record_id": number})


def _micro(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def changed(leaf: str, **values: Any) -> str:
    """An entry with other values, in the same form."""
    return canonical({**json.loads(leaf), **values})


def another_key() -> SigningKey:
    return SigningKey.of(Ed25519PrivateKey.generate())
