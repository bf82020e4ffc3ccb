"""Proofs of the access record for whoever was served: its newest head, an entry's inclusion, one head's consistency with another.

They hold hashes only, so every signed-in member may have them, and nothing is recorded. Not here: reading entries (auditors, in
the console), the whole verification (`access.record.verifying`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query
from sqlalchemy import Connection, select

from alpr_assets.access.record import merkle, tail
from alpr_assets.access.record.entries import Head, RecordUnavailableError
from alpr_assets.access.record.places import place_of
from alpr_assets.access.record.tables import access_record
from alpr_assets.console.api import answers
from alpr_assets.console.api.asks import LARGEST_ID
from alpr_assets.console.api.sessions import Serving, SignedIn
from alpr_assets.console.wiring import Services
from alpr_assets.errors import NotFoundError
from alpr_assets.store.engine import reading

router: Final = APIRouter(prefix="/record", tags=["record"])

Size = Annotated[int, Query(ge=0, le=LARGEST_ID, description="entries that a head covers")]
RecordId = Annotated[int, Path(ge=0, le=LARGEST_ID)]


@router.get("/head")
def newest_head(_session: SignedIn, services: Serving) -> answers.NewestHead:
    """The newest signed head, and the keys that signed this record."""
    with _record(services) as connection:
        return answers.NewestHead(head=answers.Head.of(_head(connection)), keys=_keys(connection))


@router.get("/consistency")
def consistency(old: Size, new: Size, _session: SignedIn, services: Serving) -> answers.Consistency:
    """That the record of `new` entries begins with the record of `old` ones (RFC 9162, 2.1.4)."""
    with _record(services) as connection:
        size = _head(connection).size
        if not old <= new <= size:
            raise NotFoundError(
                f"the record has {size} entries", remedy="ask for sizes of heads that it was shown with"
            )
        hashes = merkle.prove(merkle.consistency_plan(old, new), lambda wanted: tail.nodes(connection, wanted))
    return answers.Consistency(old=old, new=new, hashes=[one.hex() for one in hashes])


@router.get("/{record_id}/inclusion")
def inclusion(record_id: RecordId, _session: SignedIn, services: Serving) -> answers.Inclusion:
    """That an entry is in the record under its newest head (RFC 9162, 2.1.3)."""
    with _record(services) as connection:
        head = _head(connection)
        if record_id >= head.size:
            raise NotFoundError(f"the record has {head.size} entries")
        leaf = tail.nodes(connection, [(0, record_id)])[0, record_id]
        plan = merkle.inclusion_plan(record_id, head.size)
        hashes = merkle.prove(plan, lambda wanted: tail.nodes(connection, wanted))
    return answers.Inclusion(
        record_id=record_id, leaf_hash=leaf.hex(), hashes=[one.hex() for one in hashes], head=answers.Head.of(head)
    )


@contextmanager
def _record(services: Services) -> Iterator[Connection]:
    place = place_of(services.settings)
    if place.database is not None and not place.database.exists():
        raise RecordUnavailableError("there is no access record yet", remedy="make it by `alpr init`")
    try:
        with reading(place.engine) as connection:
            yield connection
    finally:
        place.engine.dispose()


def _head(connection: Connection) -> Head:
    head = tail.newest_head(connection)
    if head is None:
        raise RecordUnavailableError("the access record has not begun", remedy="make it by `alpr init`")
    return head


def _keys(connection: Connection) -> list[answers.SigningKey]:
    """From the entries about them: that of the beginning, then each that followed another."""
    record = access_record.c
    about = (record.record_id == 0) | record.leaf.contains('"action":"key_changed"', autoescape=True)
    keys = []
    for record_id, leaf in connection.execute(
        select(record.record_id, record.leaf).where(about).order_by(record.record_id)
    ):
        body = json.loads(leaf)
        if body["kind"] == "record" and body["action"] in {"begun", "key_changed"}:
            details = body["details"]
            keys.append(
                answers.SigningKey(
                    public_key=details["public_key"], first=record_id, signature=details.get("signature", "")
                )
            )
    return keys
