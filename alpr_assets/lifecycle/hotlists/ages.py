"""How old the lists in force are: the banner, the check, and whether somebody may act unconfirmed (422.4(f))."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from alpr_assets.access.people import Source
from alpr_assets.policy import Policy
from alpr_assets.store import schema


@dataclass(frozen=True, slots=True)
class ListAge:
    """One list in force. `since`: when its source says that it was made, else when it came."""

    name: str
    source: Source
    since: datetime
    age: timedelta
    is_stale: bool


def list_ages(connection: Connection, now: datetime, *, policy: Policy) -> list[ListAge]:
    """Every list in force, the oldest first; stale is one older than the policy's `max_age_hours`."""
    hotlist, version = schema.hotlist.c, schema.hotlist_import.c
    since = func.coalesce(version.made_at, version.imported_at)
    rows = connection.execute(
        select(hotlist.name, hotlist.source, since.label("since"))
        .join(schema.hotlist_import, version.import_id == hotlist.current_import_id)
        .order_by(since, hotlist.name)
    )
    limit = timedelta(hours=policy.hotlists.max_age_hours)
    return [
        ListAge(row.name, Source(row.source), row.since, now - row.since, is_stale=now - row.since > limit)
        for row in rows
    ]
