"""Is a worker at work? It says so in the database every few seconds, so that a console on another machine sees it too.

Here: saying and asking. A worker that hangs says nothing: it is said from within the work, never by a thread beside it.
"""

from __future__ import annotations

import platform
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects import postgresql, sqlite

from alpr_assets.store.beats import worker_beat

BEAT_SECONDS: Final = 5.0  # between two signs
ALIVE: Final = timedelta(seconds=30)
DOWN: Final = "worker_down"  # the alarm that whoever started it raises when it ends by itself; a worker at work ends it


@dataclass(frozen=True, slots=True)
class WorkerState:
    """The newest sign of any machine's worker. `last_beat`: aware UTC; None: there never was one."""

    last_beat: datetime | None
    is_alive: bool


def beat(connection: Connection, at: datetime, *, host: str | None = None) -> None:
    """Say that the worker of this machine is at work."""
    insert: Any = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement = insert(worker_beat).values(host=(host or platform.node())[:253], beat_at=at)
    connection.execute(statement.on_conflict_do_update(index_elements=["host"], set_={"beat_at": at}))


def worker_alive(connection: Connection, now: datetime) -> WorkerState:
    """Whether a sign is younger than ALIVE. One from a machine whose clock is further ahead than that proves nothing."""
    at = worker_beat.c.beat_at
    last = connection.scalar(select(func.max(at)))
    alive = connection.scalar(select(func.max(at)).where(at.between(now - ALIVE, now + ALIVE)))
    return WorkerState(last, alive is not None)
