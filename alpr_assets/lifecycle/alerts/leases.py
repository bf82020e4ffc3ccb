"""Rows of the outbox under a lease: one attempt at a time, whoever is killed during it (422.4(f)).

Here: which rows are due, taking one, giving it back. One conditional UPDATE decides between two processes, on both databases: the row
still as it was read, and under no lease that has not ended. Not here: what happens during the lease (`deliveries`).
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, or_, select, update

from alpr_assets.lifecycle.alerts.destinations import Destination, destinations
from alpr_assets.lifecycle.alerts.messages import Alert, link_to
from alpr_assets.lifecycle.alerts.outbox import told
from alpr_assets.settings import Settings
from alpr_assets.store import alerts, schema

_box = alerts.outbox


@dataclass(frozen=True, slots=True)
class Counts:
    """What a round did. n_failed : attempts that will be repeated; n_void : rows that may be told no more."""

    n_delivered: int = 0
    n_failed: int = 0
    n_dead: int = 0
    n_void: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))


@dataclass(frozen=True, slots=True)
class Taken:
    """A row under lease."""

    row: Any
    destination: Destination
    lease: str

    def alert(self, configured: Settings) -> Alert:
        link = link_to(self.row.hit_id, configured)
        return Alert(hit_id=self.row.hit_id, link=link, delivery_id=self.row.delivery_id, attempt=self.row.attempts + 1)


def _free(at: datetime) -> list[Any]:
    """Conditions of rows that are due, and under nobody's lease."""
    unleased = or_(_box.c.leased_until.is_(None), _box.c.leased_until <= at)
    return [_box.c.state == "due", _box.c.next_attempt_at <= at, unleased]


def due(connection: Connection, at: datetime) -> list[int]:
    """Destinations for which something is due."""
    statement = select(_box.c.destination_id).where(*_free(at)).distinct().order_by(_box.c.destination_id)
    return list(connection.scalars(statement))


def take(connection: Connection, destination_id: int, at: datetime, lease: timedelta) -> Taken | Counts | None:
    """The destination's longest due row under a lease; Counts where it became void, or another took it; None: nothing is due."""
    row = connection.execute(
        select(_box, schema.hit.c.read_day)
        .join(schema.hit, schema.hit.c.hit_id == _box.c.hit_id)
        .where(_box.c.destination_id == destination_id, *_free(at))
        .order_by(_box.c.next_attempt_at, _box.c.outbox_id)
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    as_read = (
        _box.c.outbox_id == row.outbox_id, _box.c.destination_id == destination_id, _box.c.attempts == row.attempts,
    )  # fmt: skip
    mine = update(_box).where(*as_read, *_free(at))
    found = {each.destination_id: each for each in destinations(connection, status="approved")}.get(destination_id)
    reason = "withdrawn" if found is None else None
    if found is not None:
        may = select(schema.hit.c.hit_id).where(schema.hit.c.hit_id == row.hit_id, *told(found))
        reason = None if connection.scalar(may) else "told_no_more"
    if found is None or reason:
        void = {"state": "void", "ended_at": at, "last_error": reason, "lease": None, "leased_until": None}
        return Counts(n_void=connection.execute(mine.values(void)).rowcount)
    token = str(uuid.uuid4())
    values = {"attempts": row.attempts + 1, "lease": token, "leased_until": at + lease}
    if not connection.execute(mine.values(values)).rowcount:
        return Counts()
    return Taken(row, found, token)


def held(taken: Taken) -> Any:
    """The row, as long as the lease is ours."""
    return update(_box).where(_box.c.outbox_id == taken.row.outbox_id, _box.c.lease == taken.lease)
