"""Which closed drops wait: decided from what was landed and refused, not from the listing of a folder alone.

A sensor asks this every few seconds: it reads folder entries, and the few files that changed.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from alpr_assets.errors import DropRefusedError
from alpr_assets.lifecycle.captures.ciphers import AGE, DropKeys
from alpr_assets.lifecycle.captures.copies import is_there
from alpr_assets.lifecycle.captures.manifests import CAPTURES, MANIFEST, list_manifests, read_manifest
from alpr_assets.lifecycle.captures.receipts import Receipt, answers
from alpr_assets.policy import Policy
from alpr_assets.store import schema
from alpr_assets.store.engine import Store, reading
from alpr_assets.store.sealed import file_sha256


@dataclass(frozen=True, slots=True)
class PendingDrop:
    """A drop that should be landed. `state` changes with what would be landed, and with the key for drops.

    The same state needs no second run; a drop that failed for want of its key is tried again when the key is there.
    """

    folder: Path
    state: str


def pending_drops(store: Store, drops: Path, *, policy: Policy) -> list[PendingDrop]:
    """Closed drops below `drops` that wait, oldest manifest first.

    They wait when they have neither landed nor been refused; when they landed without their receipt being written; or when
    files that were missing have arrived. A drop that is not whole is given `settle_seconds` after its last file: a
    transfer in the order of the alphabet brings the manifest before most pictures.
    """
    if not drops.is_dir():
        return []
    found = {path.parent: file_sha256(path) for path in list_manifests(drops)}
    with reading(store.engine) as connection:
        landed = set(connection.scalars(select(schema.drop.c.manifest_sha256)))
        refused = set(connection.scalars(select(schema.quarantine.c.origin).where(schema.quarantine.c.kind == "drop")))
        gaps = {
            row.manifest_sha256: Receipt.from_content(row.receipt)
            for row in connection.execute(
                select(schema.drop.c.manifest_sha256, schema.drop.c.receipt).where(
                    schema.drop.c.n_missing > 0, schema.drop.c.manifest_sha256.in_(set(found.values()))
                )
            )
        }
    keys = DropKeys.of(store)
    waiting = []
    for folder, sha256 in found.items():
        if sha256 in landed:
            state = _unfinished(folder, sha256, gaps)
        else:
            wait = refusal_origin(folder, keys) in refused or _in_transfer(folder, policy)
            state = None if wait else sha256
        if state is not None:
            waiting.append(PendingDrop(folder, f"{state} {keys.state()}"))
    return waiting


def _unfinished(folder: Path, sha256: str, gaps: Mapping[str, Receipt]) -> str | None:
    """State of a landed drop with something left to do, or None."""
    if (receipt := gaps.get(sha256)) and (arrived := [n for n in receipt.missing if is_there(folder, n)]):
        return f"{receipt.sha256()}+{len(arrived)}"
    return None if answers(folder, sha256) else f"{sha256} without receipt"


def _in_transfer(folder: Path, policy: Policy) -> bool:
    """Whether declared files are not there yet, and the folder has changed so lately that they may be on their way."""
    try:
        declared = read_manifest(folder / MANIFEST).files
    except DropRefusedError:
        return False  # landing says what is wrong with it
    except FileNotFoundError:
        return True
    if all(is_there(folder, name) for name in declared):
        return False
    changes = [entry.stat().st_ctime for entry in (folder, *folder.rglob("*")) if entry.exists()]
    # The files' own clock, which is this machine's.
    return time.time() - max(changes, default=0) < policy.captures.settle_seconds


def refusal_origin(folder: Path, keys: DropKeys) -> str:
    """What a refused drop is known by. Its two files: with either of them sent again and right, it is another.

    One whose list is encrypted is another with another key as well.
    """
    digest = hashlib.sha256()
    for path in (folder / MANIFEST, folder / CAPTURES):
        digest.update((file_sha256(path) if path.is_file() else "none").encode())
    if (encrypted := folder / f"{CAPTURES}{AGE}").is_file():
        digest.update(f"{file_sha256(encrypted)} {keys.state()}".encode())
    return digest.hexdigest()
