"""How long hits wait for somebody to verify them (422.4(f)).

Here: counts over all sources, for the pipeline and the banner of who may see all. Not here: any hit.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from alpr_assets.lifecycle.hits.moves import UNVERIFIED
from alpr_assets.store import schema


@dataclass(frozen=True, slots=True)
class Waiting:
    """Hits that were raised, and alerted people, and stand unverified.

    n_late : of these, longer than the policy allows
    oldest_at : when the oldest of them was raised; None: none waits
    """

    n: int
    n_late: int
    oldest_at: datetime | None


def waiting(connection: Connection, now: datetime, *, hours: float) -> Waiting:
    """What waits at an instant. Held-back hits alerted nobody, and are not waited for."""
    hit = schema.hit.c
    unverified = (hit.status.in_([status.value for status in UNVERIFIED])) & hit.alerted
    late = hit.raised_at < now - timedelta(hours=hours)
    statement = select(
        func.count().label("n"), func.count().filter(late).label("n_late"), func.min(hit.raised_at).label("oldest_at")
    )
    row = connection.execute(statement.where(unverified)).one()
    return Waiting(row.n, row.n_late, row.oldest_at)
