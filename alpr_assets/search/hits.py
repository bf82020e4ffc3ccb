"""The hit list: which sightings were on a list, as far as the member may see that list.

Here: hits as raised, filtered by source in SQL. Not here: confirming them (422.4(f)).
A hit asks a person to look; it is never a fact about a vehicle.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import pandas as pd
from sqlalchemy import Engine, Row, select

from alpr_assets.access.gate import Found, Grant
from alpr_assets.access.people import Source
from alpr_assets.access.record.entries import ResultId
from alpr_assets.access.roles import Action
from alpr_assets.search import querying
from alpr_assets.store import schema

COLUMNS: Final = {
    "hit_id": "id of the hit",
    "captured_at": "instant, UTC",
    "category": "why the plate is listed",
    "list_type": "the list's own code",
    "source": "whose list: department, state or federal",
    "restricted": "NCIC file whose every viewing is dissemination",
    "listed_plate": "characters as listed",
    "listed_state": "state as listed, two letters; empty: unknown",
    "plate": "characters as read",
    "region": "state as read, two letters in lower case; missing: unknown",
    "match_kind": "exact, folded (look-alikes) or edit1 (one character differs)",
    "state_agrees": "whether the states agree; missing: one is unknown",
    "differences": "the characters that differ",
    "confidence": "of the read, 0–1",
    "sure": "whether the read reached the policy's figure",
    "device_id": "the reader",
    "device": "what people call it",
    "latitude_deg": "WGS 84; missing: unknown",
    "longitude_deg": "WGS 84",
    "read_day": "UTC day of the read",
    "read_id": "id of the read it was raised from",
    "capture_id": "id of the picture, within its day",
    "raised_at": "instant, UTC",
}
"""Columns of `hits`, in order."""

RESTRICTED_HIT: Final = "restricted_hit"
"""How the record names a hit from a restricted NCIC file: each viewing is dissemination (CJIS 4.2.2)."""


def hits(
    grant: Grant,
    engine: Engine,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    category: str | None = None,
) -> Found[pd.DataFrame]:
    """The hits that the member may see, the newest first.

    Parameters
    ----------
    since, until : aware instants of capture, `until` excluded; None: no limit
    category : of the list entry; None: any

    Returns
    -------
    DataFrame (n, 23): see COLUMNS

    Raises
    ------
    AccessRefusedError : the grant is for another ask

    Source: 422.3, 422.4(e)
    """
    return querying.found(engine, hits_query(grant, since=since, until=until, category=category))


def hits_query(
    grant: Grant, *, since: datetime | None = None, until: datetime | None = None, category: str | None = None
) -> querying.Query:
    """The same, to be spooled or exported."""
    grant.require(Action.VIEW_HITS)
    hit, read, device = schema.hit.c, schema.read.c, schema.device.c
    statement = (
        select(
            hit.hit_id, hit.captured_at, hit.category, hit.list_type, hit.source, hit.restricted,
            hit.plate.label("listed_plate"), hit.state.label("listed_state"), read.plate, read.region, hit.match_kind,
            hit.state_agrees, hit.differences, hit.confidence, hit.sure, read.device_id, device.name.label("device"),
            read.latitude_deg, read.longitude_deg, hit.read_day, hit.read_id, read.capture_id, hit.raised_at,
        )
        .join(schema.read, (read.day == hit.read_day) & (read.read_id == hit.read_id))
        .outerjoin(schema.device, device.device_id == read.device_id)
        .where(hit.source.in_(sorted(grant.sources)))
        .order_by(hit.captured_at.desc(), hit.hit_id.desc())
    )  # fmt: skip
    if Source.RESTRICTED not in grant.sources:
        statement = statement.where(~hit.restricted)
    if since is not None:
        statement = statement.where(hit.captured_at >= since)
    if until is not None:
        statement = statement.where(hit.captured_at < until)
    if category is not None:
        statement = statement.where(hit.category == category)
    return querying.Query(statement, _identify, _finish)


def _identify(row: Row[Any]) -> ResultId:
    return ResultId(RESTRICTED_HIT if row.restricted else "hit", row.read_day, row.hit_id)


def _finish(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[list(COLUMNS)].astype({"state_agrees": "boolean"})
