"""One decision on a release: written down before what it changes, numbered after the one before. Not here: who may (`reviewing`)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, insert, select, update

from alpr_assets.access.record.entries import ResultId
from alpr_assets.errors import IllegalMoveError, NotFoundError
from alpr_assets.store.releases import release, release_decision

NOTHING: Final[Mapping[str, Any]] = {}


def decide(
    connection: Connection, release_id: int, kind: str, reason: str, *, by: int, at: datetime,
    changed: Mapping[str, Any] = NOTHING, **said: Any,
) -> list[ResultId]:  # fmt: skip
    """Write a decision down, then change the release.

    Parameters
    ----------
    by : id of who decides
    changed : columns of the release
    said : further columns of the decision
    """
    this = release.c.release_id == release_id
    seq = connection.execute(select(release.c.n_decisions).where(this).with_for_update()).scalar_one() + 1
    row = {
        "release_id": release_id,
        "seq": seq,
        "kind": kind,
        "decided_at": at,
        "member_id": by,
        "reason": reason,
        **said,
    }
    number: int = connection.execute(
        insert(release_decision).returning(release_decision.c.decision_id), row
    ).scalar_one()
    connection.execute(update(release).where(this).values(n_decisions=seq, **changed))
    return [ResultId("release", None, release_id), ResultId("release_decision", None, number)]


def standing(connection: Connection, release_id: int, *statuses: str, kinds: tuple[str, ...] = ()) -> Row[Any]:
    """A release in one of these states, and of these kinds, locked against other decisions. Raises NotFoundError; IllegalMoveError."""
    row = connection.execute(
        select(release).where(release.c.release_id == release_id).with_for_update()
    ).one_or_none()  # fmt: skip
    if row is None:
        raise NotFoundError(f"there is no release {release_id}")
    if row.status not in statuses or (kinds and row.kind not in kinds):
        raise IllegalMoveError(
            f"release {release_id} is {row.status}, and was asked for as {row.kind}", remedy="look at its page"
        )
    return row
