"""What drops leave behind: receipts with the hashes of destroyed pictures, and the folders that they came in.

Here: forgetting both. Not here: captures (`destroying`).
A receipt keeps its counts, its days and the hash of the whole receipt, so that a unit's own copy can still be held against it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, select, update

from alpr_assets.lifecycle.captures.manifests import CAPTURES, MANIFEST, RECEIPT
from alpr_assets.store import schema
from alpr_assets.store.conditions import among


def forget(connection: Connection, pictures: Mapping[int, set[str]]) -> None:
    """Take the hashes of destroyed pictures out of receipts.

    Parameters
    ----------
    pictures : by drop, the hashes of its destroyed captures' pictures
    """
    drop, receipt = schema.drop, schema.drop_receipt
    for table, key in ((drop, drop.c.drop_id), (receipt, receipt.c.receipt_id)):
        mine = select(key, table.c.drop_id, table.c.receipt)
        for number, drop_id, content in connection.execute(
            mine.where(among(connection.dialect.name, table.c.drop_id, sorted(pictures)))
        ).all():
            without = _without(content, pictures[drop_id])
            connection.execute(update(table).where(key == number).values(receipt=without))


def remove_folders(connection: Connection) -> int:
    """Remove what is left of the folders of drops of which captures were destroyed; returns how many went.

    Their papers name the pictures by their hashes; what landed is in the store. Only a folder that holds nothing but these: what else
    lies there is not ours to remove.
    """
    drop, n = schema.drop.c, 0
    n_left = select(func.count()).where(schema.capture.c.drop_id == drop.drop_id).scalar_subquery()
    for folder in connection.scalars(select(drop.folder).where(drop.n_landed > n_left)):
        path = Path(folder)
        papers = {MANIFEST, RECEIPT, CAPTURES, f"{CAPTURES}.age"}
        if not path.is_absolute() or not path.is_dir() or {one.name for one in path.iterdir()} - papers:
            continue
        for name in papers:
            (path / name).unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # somebody put something there just now
            path.rmdir()
            n += 1
    return n


def _without(content: dict[str, Any], gone: set[str]) -> dict[str, Any]:
    if "files" not in content:
        return content
    kept = {name: said for name, said in content["files"].items() if said[1] not in gone}
    n = content.get("n_destroyed", 0) + len(content["files"]) - len(kept)
    return {**content, "files": kept, "n_destroyed": n}
