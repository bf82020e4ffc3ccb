"""Proofs for somebody who has a head and not the record: that an entry is in it, that it was only added to since.

Each is JSON that `verify_record.py --proof` checks. Not here: which nodes make a proof (`merkle`).
"""

from __future__ import annotations

from functools import partial
from typing import Any

from sqlalchemy import Connection, select

from alpr_assets.access.record.entries import Head
from alpr_assets.access.record.heads import head_json
from alpr_assets.access.record.merkle import Address, consistency_plan, inclusion_plan, prove
from alpr_assets.access.record.tables import access_record
from alpr_assets.access.record.tail import newest_head, nodes, public_key_of
from alpr_assets.access.record.verifying import Claim, check_proof
from alpr_assets.errors import VerificationError


def prove_inclusion(connection: Connection, record_id: int) -> dict[str, Any]:
    """That one entry is in the record, as its newest head has it.

    Raises VerificationError when there is no such entry, or when the stored nodes prove nothing.
    """
    head = _head(connection)
    leaf = connection.execute(select(access_record.c.leaf).where(access_record.c.record_id == record_id)).scalar()
    if leaf is None or not 0 <= record_id < head.size:
        raise VerificationError(
            f"there is no entry {record_id} among {head.size}", remedy=f"entries go from 0 to {head.size - 1}"
        )
    proof = {"format": "alpr access record proof 1", "record_id": record_id, "leaf": leaf}
    return _proven(connection, proof, head, inclusion_plan(record_id, head.size))


def prove_consistency(connection: Connection, kept: Claim) -> dict[str, Any]:
    """That the record begins with what a kept head signed, unchanged.

    Raises VerificationError when it does not, or is shorter: then the head is evidence.
    """
    head = _head(connection)
    if kept.size > head.size:
        raise VerificationError(
            f"the record has {head.size} entries, the head that was kept {kept.size}: entries are missing",
            remedy="run `alpr record verify --head` with it",
        )
    first = {
        "log_id": kept.log_id,
        "size": kept.size,
        "root": kept.root.hex(),
        "at": kept.at,
        "key_id": kept.key_id,
        "signature": kept.signature.hex(),
        "public_key": kept.public_key.hex(),
    }
    proof = {"format": "alpr access record proof 1", "first": first}
    return _proven(connection, proof, head, consistency_plan(kept.size, head.size))


def _proven(connection: Connection, proof: dict[str, Any], head: Head, plan: list[list[Address]]) -> dict[str, Any]:
    """Put the path in, and check it as the outsider will: nodes that were altered prove nothing."""
    try:
        path = prove(plan, partial(nodes, connection))
        whole = {**proof, "path": [hash_.hex() for hash_ in path], "head": head_json(head, public_key_of(connection))}
        check_proof(whole)
    except (KeyError, ValueError) as error:
        raise VerificationError(
            f"the record proves nothing here: {error}",
            remedy="run `alpr record verify`, which says where it is damaged",
        ) from error
    return whole


def _head(connection: Connection) -> Head:
    head = newest_head(connection)
    if head is None:
        raise VerificationError("there is no access record yet", remedy="it begins with the first act: run `alpr init`")
    return head
