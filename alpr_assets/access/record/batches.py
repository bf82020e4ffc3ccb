"""One batch of the record: numbering, times, leaves, nodes, one signed head.

Here: what a batch consists of. Not here: inserting it (`inserting`), who waits for it (`log`).
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from alpr_assets.access.people import SYSTEM
from alpr_assets.access.record.entries import Entry, Head, Kind, Outcome, Receipt, ResultId
from alpr_assets.access.record.heads import SigningKey, begin_key
from alpr_assets.access.record.leaves import Prepared, leaf_text, parts_of, prepare
from alpr_assets.access.record.places import Place
from alpr_assets.access.record.sealing import MonthKeys
from alpr_assets.access.record.tail import Tail
from alpr_assets.access.record.verifying import Frontier, Node, leaf_hash
from alpr_assets.policy import load
from alpr_assets.store.types import to_microseconds

CLOCK_TOLERANCE: Final = timedelta(seconds=1)

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows by table, in the tables' order of columns; the results still as they came."""

    records: list[Row] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)
    elements: list[Row] = field(default_factory=list)
    results: list[tuple[int, Sequence[ResultId]]] = field(default_factory=list)
    heads: list[Row] = field(default_factory=list)
    keys: list[Row] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Numbered:
    """An entry with its number and time."""

    record_id: int
    at: datetime
    leaf_hash: bytes
    results_root: bytes

    def receipt(self, head: Head) -> Receipt:
        return Receipt(self.record_id, self.at, self.leaf_hash, self.results_root, head)


def build(
    tail: Tail, waiting: Iterable[Prepared], now: datetime, new_key: SigningKey | None = None
) -> tuple[Batch, Tail, list[Receipt]]:
    """Put entries behind the record's end, and sign. With `new_key` the last entry is the one about it, and it signs the head.

    now : the recorder's own time, of the head
    """
    batch, tree, at, numbered = Batch(), tail.tree.copy(), tail.at, []
    entries = list(waiting)
    if new_key is not None:
        signature = tail.key.follow(new_key, tail.log_id, tree.size + len(entries) - 1)
        entries[-1] = _with_details(entries[-1], {"signature": signature.hex()})
    for prepared in entries:
        at, clock_set_back = recorded_at(prepared, at)
        text = leaf_text(prepared, tree.size, at, clock_set_back)
        numbered.append(_add(batch, tree, prepared, text, at))
    if new_key is not None:
        batch.keys.append((tree.size - 1,))
    key = new_key or tail.key
    head = _sign(batch, key, tail.log_id, tree, now)
    return batch, Tail(tail.log_id, tree, at, key, head), [entry.receipt(head) for entry in numbered]


def begin(place: Place, keys: MonthKeys, now: datetime) -> tuple[Batch, Tail]:
    """The first entry of a record: its name, whose it is, and its key.

    Raises RecordUnavailableError when a key is there whose record is missing.
    """
    policy = load(place.policy)
    key, log_id = begin_key(place.keys), secrets.token_hex(16)
    details = {
        "log_id": log_id,
        "public_key": key.public.hex(),
        "key_id": key.id,
        "agency": policy.policy.agency,
        "ori": policy.policy.ori,
    }
    entry = Entry(at=now, kind=Kind.RECORD, action="begun", outcome=Outcome.DONE, actor=SYSTEM, details=details)
    batch, tree = Batch(), Frontier()
    prepared = prepare(entry, keys)
    _add(batch, tree, prepared, leaf_text(prepared, 0, now), now)
    batch.keys.append((0,))
    return batch, Tail(log_id, tree, now, key, _sign(batch, key, log_id, tree, now))


def recorded_at(prepared: Prepared, last_at: datetime) -> tuple[datetime, float | None]:
    """The time that an entry is recorded with, and by how many seconds the clock was set back before it.

    Entries of several threads overtake one another, and large ones take time to get here: within that the later time counts.
    """
    at = prepared.entry.at
    if at >= last_at:
        return at, None
    behind = last_at - at
    waited = timedelta(seconds=time.monotonic() - prepared.arrived)
    return (last_at, None) if behind <= CLOCK_TOLERANCE + waited else (at, behind.total_seconds())


def _add(batch: Batch, tree: Frontier, prepared: Prepared, text: str, at: datetime) -> Numbered:
    record_id, hash_ = tree.size, leaf_hash(text)
    batch.records.append((record_id, to_microseconds(at), text, hash_))
    batch.nodes.extend(tree.append(hash_))
    if prepared.sealed:
        batch.elements.append((record_id, prepared.sealed.month, prepared.sealed.blob))
    if prepared.entry.results:
        batch.results.append((record_id, prepared.entry.results))
    return Numbered(record_id, at, hash_, prepared.results_root)


def _sign(batch: Batch, key: SigningKey, log_id: str, tree: Frontier, now: datetime) -> Head:
    head = key.head(log_id, tree.size, tree.root(), now)
    batch.heads.append((head.size, head.root, to_microseconds(now), head.key_id, head.signature))
    return head


def _with_details(prepared: Prepared, details: dict[str, Any]) -> Prepared:
    body = {**prepared.body, "details": {**prepared.body["details"], **details}}
    return replace(prepared, body=body, parts=parts_of(body))
