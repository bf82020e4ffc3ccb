"""The end of the record: what an appending process starts from, and whether that may be gone on with.

Here: reading it, and the checks cheap enough for every start. Not here: the whole verification (`verifying`).
Going on behind damage would sign it: a record whose end does not hold is refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, and_, func, or_, select

from alpr_assets.access.record.entries import Head, RecordUnavailableError
from alpr_assets.access.record.heads import SigningKey, claim, key_in_force
from alpr_assets.access.record.leaves import instant_of
from alpr_assets.access.record.merkle import Address, covering
from alpr_assets.access.record.tables import access_head, access_key, access_node, access_record
from alpr_assets.access.record.verifying import Frontier, Keys, leaf_hash

CHECKED: Final = 256
"""How many of the last entries are hashed again at every start."""


@dataclass(frozen=True, slots=True)
class Tail:
    """State between two batches. `at`: time of the last entry."""

    log_id: str
    tree: Frontier
    at: datetime
    key: SigningKey
    head: Head

    @property
    def size(self) -> int:
        return self.tree.size


def is_empty(connection: Connection) -> bool:
    """Whether nothing was ever recorded here."""
    tables = (access_record, access_head, access_node)
    return not any(connection.execute(select(1).select_from(table).limit(1)).scalar() for table in tables)


def newest_head(connection: Connection) -> Head | None:
    """The newest signed head; None before the record has begun."""
    row = connection.execute(select(access_head).order_by(access_head.c.size.desc()).limit(1)).one_or_none()
    return None if row is None else Head(log_id_of(connection), row.size, row.root, row.at, row.key_id, row.signature)


def head_at(connection: Connection, size: int) -> Head | None:
    """The signed head of one size, where a batch ended there."""
    row = connection.execute(select(access_head).where(access_head.c.size == size)).one_or_none()
    return None if row is None else Head(log_id_of(connection), row.size, row.root, row.at, row.key_id, row.signature)


def head_over(connection: Connection, record_id: int) -> Head | None:
    """The first signed head that covers an entry; None: none does yet."""
    size = connection.scalar(select(func.min(access_head.c.size)).where(access_head.c.size > record_id))
    return None if size is None else head_at(connection, size)


def head_before(connection: Connection, at: datetime) -> Head | None:
    """The newest head that was signed before an instant; None: the record had not begun."""
    earlier = select(access_head.c.size).where(access_head.c.at < at).order_by(access_head.c.size.desc()).limit(1)
    size = connection.scalar(earlier)
    return None if size is None else head_at(connection, size)


def log_id_of(connection: Connection) -> str:
    """The record's name, from its first entry; empty where that cannot be read."""
    return str(_details(connection, 0).get("log_id", ""))


def public_key_of(connection: Connection, size: int | None = None) -> bytes:
    """The public key in force, from the entries about it; empty where they cannot be read. The key itself is not needed.

    size : of the head that it is to have signed; None: the newest
    """
    keys = Keys()
    about = select(access_key.c.record_id)
    if size is not None:
        about = about.where(access_key.c.record_id < size)
    changes = select(access_record.c.record_id, access_record.c.leaf).where(access_record.c.record_id.in_(about))
    for record_id, leaf in connection.execute(changes.order_by(access_record.c.record_id)):
        keys.follow(record_id, _parsed(leaf))
    return keys.in_force


def nodes(connection: Connection, addresses: Iterable[Address]) -> Mapping[Address, bytes]:
    """Roots of complete subtrees, leaves included, in two statements. Raises KeyError when looked up where one is missing."""
    wanted = set(addresses)
    leaves = [number for level, number in wanted if level == 0]
    inner = sorted(address for address in wanted if address[0])
    found: dict[Address, bytes] = {}
    if leaves:
        columns = access_record.c.record_id, access_record.c.leaf_hash
        rows = connection.execute(select(*columns).where(access_record.c.record_id.in_(leaves)))
        found.update(((0, number), hash_) for number, hash_ in rows)
    if inner:
        # Level by level: SQLite reads the whole table for pairs.
        of_level = [
            and_(access_node.c.level == level, access_node.c.number.in_([number for _, number in group]))
            for level, group in groupby(inner, itemgetter(0))
        ]
        rows = connection.execute(select(access_node).where(or_(*of_level)))
        found.update(((row.level, row.number), row.hash) for row in rows)
    return found


def read_tail(connection: Connection, keys: Path) -> Tail:
    """The end of a record that has begun.

    (1) the newest head covers exactly the entries that there are
    (2) the last entries, hashed again onto the stored nodes before them, have its root
    (3) the nodes that the next entry builds on are those that these entries make
    (4) the key in force signed it

    Raises RecordUnavailableError when one does not hold.
    """
    head = newest_head(connection)
    n, last = connection.execute(
        select(func.count(), func.max(access_record.c.record_id)).where(access_record.c.record_id >= _since(head))
    ).one()
    if head is None or last != head.size - 1 or n != head.size - _since(head):
        raise damaged(f"its newest head covers {head.size if head else 0} entries, its last one is {last}")
    first = _since(head)
    tree = _frontier(connection, first)
    rows = connection.execute(
        select(access_record).where(access_record.c.record_id >= first).order_by(access_record.c.record_id)
    ).all()
    for row in rows:
        tree.append(leaf_hash(row.leaf))
    if tree.root() != head.root or tree.hashes != _frontier(connection, head.size).hashes:
        raise damaged(f"its last {len(rows)} entries are not those that were signed")
    key = key_in_force(keys, head.key_id)
    if not claim(head).is_signed_by(key.public):
        raise damaged("its newest head is not signed by its key")
    at = instant_of(str(_parsed(rows[-1].leaf).get("at")))
    return Tail(head.log_id, tree, at, key, head)


def damaged(why: str) -> RecordUnavailableError:
    """The record's end does not hold."""
    return RecordUnavailableError(
        f"the access record is damaged: {why}",
        remedy="run `alpr record verify`, which says where; nothing is recorded until then",
    )


def _since(head: Head | None) -> int:
    return max(head.size - 1, 0) // CHECKED * CHECKED if head else 0


def _frontier(connection: Connection, size: int) -> Frontier:
    wanted = covering(0, size)
    found = nodes(connection, wanted)
    hashes: Sequence[bytes] = [found.get(address, b"") for address in wanted]
    return Frontier(size, hashes)


def _details(connection: Connection, record_id: int) -> Mapping[str, Any]:
    leaf = connection.execute(select(access_record.c.leaf).where(access_record.c.record_id == record_id)).scalar()
    details = _parsed(leaf).get("details")
    return details if isinstance(details, dict) else {}


def _parsed(leaf: str | None) -> Mapping[str, Any]:
    try:
        body = json.loads(leaf or "")
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
