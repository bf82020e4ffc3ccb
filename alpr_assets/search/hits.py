"""The hit list: which sightings were on a list, as far as the member may see that list.

Here: hits with where they stand, filtered by source in SQL, newest first or in the order to look. Not here: moving them
(`lifecycle.hits.verifying`).
A hit asks a person to look; it is never a fact about a vehicle.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final

import pandas as pd
from sqlalchemy import Engine, Row, case, select

from alpr_assets.access.gate import Found, Grant
from alpr_assets.access.record.entries import ResultId
from alpr_assets.access.roles import Action
from alpr_assets.lifecycle.hits import ranking
from alpr_assets.lifecycle.hits.entitlement import named, visible
from alpr_assets.lifecycle.hits.moves import Status
from alpr_assets.search import querying
from alpr_assets.store import schema, verdicts

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
    "status": "where the hit stands, from raised to actionable or an end; an actionable one whose time is over has lapsed",
    "actionable_until": "instant, UTC; missing: not actionable",
    "alerted": "whether people were alerted; false: held back, since too many were one character off",
    "corrected_plate": "characters as a person read them for this hit; missing: as read",
    "score": "order to look, the largest first: category, match, state, confidence, age",
}
"""Columns of `hits`, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrow:
    """Which hits. None, or nothing: any.

    since, until : aware instants of capture, `until` excluded
    category : of the list entry
    statuses : where the hit stands
    match_kinds : exact, folded, edit1, partial
    alerted : whether people were alerted
    sources : whose list or watch: department, state, federal
    hit_ids : only these
    """

    since: datetime | None = None
    until: datetime | None = None
    category: str | None = None
    statuses: Sequence[Status] = ()
    match_kinds: Sequence[str] = ()
    alerted: bool | None = None
    sources: Sequence[str] = ()
    hit_ids: Sequence[int] = ()


def hits(
    grant: Grant,
    engine: Engine,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    category: str | None = None,
    statuses: Sequence[Status] = (),
    match_kinds: Sequence[str] = (),
    alerted: bool | None = None,
    sources: Sequence[str] = (),
    hit_ids: Sequence[int] = (),
    ranked: bool = False,
    near: tuple[float, float] | None = None,
) -> Found[pd.DataFrame]:
    """The hits that the member may see, the newest first, or with `ranked` in the order to look at them.

    Parameters
    ----------
    since, until, category, statuses, match_kinds, alerted, sources, hit_ids : see Narrow
    near : latitude and longitude of the asker, degrees, WGS 84: nearer hits score higher

    Returns
    -------
    DataFrame (n, 28): see COLUMNS

    Raises
    ------
    AccessRefusedError : the grant is for another ask

    Source: 422.3, 422.4(e), 422.4(f)
    """
    narrow = Narrow(
        since=since, until=until, category=category, statuses=statuses, match_kinds=match_kinds, alerted=alerted,
        sources=sources, hit_ids=hit_ids,
    )  # fmt: skip
    found = querying.found(engine, _query(grant, narrow, near))
    if not ranked:
        return found
    return Found(ranking.ranked(found.rows, grant.at, near=near)[list(COLUMNS)], found.ids)


def hits_query(
    grant: Grant, *, since: datetime | None = None, until: datetime | None = None, category: str | None = None
) -> querying.Query:
    """The same, to be spooled or exported."""
    return _query(grant, Narrow(since=since, until=until, category=category), None)


def _query(grant: Grant, narrow: Narrow, near: tuple[float, float] | None) -> querying.Query:
    grant.require(Action.VIEW_HITS)
    hit, read, device = schema.hit.c, schema.read.c, schema.device.c
    correction = verdicts.read_correction.c
    # As `moves.status_at`: what has lapsed has, whether or not it was written down.
    over = (hit.status == Status.ACTIONABLE.value) & (hit.actionable_until <= grant.at)
    status = case((over, Status.LAPSED.value), else_=hit.status)
    statement = (
        select(
            hit.hit_id, hit.captured_at, hit.category, hit.list_type, hit.source, hit.restricted,
            hit.plate.label("listed_plate"), hit.state.label("listed_state"), read.plate, read.region, hit.match_kind,
            hit.state_agrees, hit.differences, hit.confidence, hit.sure, read.device_id, device.name.label("device"),
            read.latitude_deg, read.longitude_deg, hit.read_day, hit.read_id, read.capture_id, hit.raised_at,
            status.label("status"), case((~over, hit.actionable_until), else_=None).label("actionable_until"), hit.alerted,
            correction.plate.label("corrected_plate"),
        )
        .join(schema.read, (read.day == hit.read_day) & (read.read_id == hit.read_id))
        .outerjoin(schema.device, device.device_id == read.device_id)
        .outerjoin(verdicts.read_correction, correction.correction_id == hit.correction_id)
        .where(*visible(grant))
        .order_by(hit.captured_at.desc(), hit.hit_id.desc())
    )  # fmt: skip
    if narrow.since is not None:
        statement = statement.where(hit.captured_at >= narrow.since)
    if narrow.until is not None:
        statement = statement.where(hit.captured_at < narrow.until)
    if narrow.category is not None:
        statement = statement.where(hit.category == narrow.category)
    if narrow.statuses:
        statement = statement.where(status.in_([str(one) for one in narrow.statuses]))
    if narrow.match_kinds:
        statement = statement.where(hit.match_kind.in_(list(narrow.match_kinds)))
    if narrow.alerted is not None:
        statement = statement.where(hit.alerted == narrow.alerted)
    if narrow.sources:
        statement = statement.where(hit.source.in_(list(narrow.sources)))
    if narrow.hit_ids:
        statement = statement.where(hit.hit_id.in_(list(narrow.hit_ids)))
    return querying.Query(statement, _identify, partial(_finish, at=grant.at, near=near))


def _identify(row: Row[Any]) -> ResultId:
    return named(row.hit_id, row.read_day, restricted=row.restricted)


def _finish(frame: pd.DataFrame, *, at: datetime, near: tuple[float, float] | None) -> pd.DataFrame:
    frame = frame.assign(score=ranking.score(frame, at, near=near))
    return frame[list(COLUMNS)].astype({"state_agrees": "boolean"})
