"""Whether hits came since a member last looked: a number, so that his page can say so (422.4(f)).

Here: marking where he stands, and counting from there. Not here: any hit; he asks for those through the gate.
Counted is only what he may see: hits of restricted files too, for who is entitled to these, since they concern violent people and
he must not come upon one unwarned. A number shows nothing of a file; opening the hit does, and is recorded as dissemination.
Not counted: held-back hits, which alert nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, func, select

from alpr_assets.access.people import Member
from alpr_assets.lifecycle.hits.entitlement import visible_to
from alpr_assets.store import schema

BEHIND: Final = 500
"""Ids below the newest one from which is counted: a transaction that took its ids earlier may commit later."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a member stands: of the hits with an id above `floor`, `n` were there."""

    floor: int
    n: int


def mark(connection: Connection, member: Member) -> Mark:
    """Where the member stands now."""
    newest = connection.scalar(select(func.max(schema.hit.c.hit_id)).where(*_counted(member))) or 0
    floor = max(0, newest - BEHIND)
    return Mark(floor, _count(connection, member, floor))


def n_since(connection: Connection, member: Member, since: Mark) -> int:
    """How many came since; never less than 0, although a purge takes old ones away."""
    return max(0, _count(connection, member, since.floor) - since.n)


def _count(connection: Connection, member: Member, floor: int) -> int:
    statement = select(func.count()).select_from(schema.hit).where(schema.hit.c.hit_id > floor, *_counted(member))
    return connection.scalar(statement) or 0


def _counted(member: Member) -> list[Any]:
    return [*visible_to(member), schema.hit.c.alerted]
