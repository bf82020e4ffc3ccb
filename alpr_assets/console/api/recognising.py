"""What recognisers said of pictures: every version's reads of one, and where two versions differ. Through the gate.

Here: routes, and lists of pairs as objects with names. Not here: any statement (`search.versions`, `search.differences`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import pandas as pd
from fastapi import APIRouter
from fastapi.responses import Response

from alpr_assets.access.gate import Found, Grant
from alpr_assets.access.roles import Action
from alpr_assets.console.api import answers, asks
from alpr_assets.console.api.columns import schema_of
from alpr_assets.console.api.formats import PLACELESS
from alpr_assets.console.api.searching import Accept, asked, framed_answer, table_response, wanted_format
from alpr_assets.console.api.sessions import Serving, SignedIn
from alpr_assets.console.api.tables import Content, Table, tables_answer, tables_response
from alpr_assets.search import differences, versions

router: Final = APIRouter(tags=["searches"])

VERSIONS: Final = schema_of(versions.COLUMNS)
DIFFERENCES: Final = schema_of(differences.COLUMNS)


@router.post("/read-versions", responses=table_response(VERSIONS, geoparquet=False), response_model=None)
def read_versions(ask: asks.ReadVersionsAsk, session: SignedIn, services: Serving, accept: Accept = None) -> Response:
    """All that any recogniser version ever read in one picture, with candidates: why a read says what it says (422.4(f))."""

    def search(grant: Grant) -> Found[pd.DataFrame]:
        found = versions.read_versions(grant, services.store.engine, day=ask.day, capture_id=ask.capture_id)
        named = found.rows.assign(
            characters=_named(found.rows["characters"], "character"),
            candidates=_named(found.rows["candidates"], "plate"),
        )
        return replace(found, rows=named)

    return framed_answer(
        services,
        session,
        asked(Action.PLATE_HISTORY, ask),
        search=search,
        schema=VERSIONS,
        chosen_format=wanted_format(accept, PLACELESS),
    )


@router.post(
    "/version-differences", responses=tables_response(answers.Differences, {"reads": DIFFERENCES}), response_model=None
)
def version_differences(
    ask: asks.VersionDifferencesAsk, session: SignedIn, services: Serving, accept: Accept = None
) -> Response:
    """Where two recogniser versions differ on the same pictures: what one spelled otherwise, read more, or did not read."""

    def search(grant: Grant) -> Found[Content]:
        found = differences.version_differences(
            grant, services.store.engine, since=ask.since, until=ask.until, old=ask.old, new=ask.new
        )
        counts = found.rows.counts
        content: Content = {
            "n_captures": counts.n_captures,
            "n_unchanged": counts.n_unchanged,
            "n_changed": counts.n_changed,
            "n_gained": counts.n_gained,
            "n_lost": counts.n_lost,
            "reads": Table(found.rows.reads, DIFFERENCES),
        }
        return Found(content, found.ids)

    return tables_answer(services, session, asked(Action.PLATE_HISTORY, ask), accept, search)


def _named(column: pd.Series[Any], name: str) -> pd.Series[Any]:
    """[[text, confidence], …] as objects; None where nothing was kept."""
    told = [
        None if pairs is None else [{name: text, "confidence": confidence} for text, confidence in pairs]
        for pairs in column
    ]
    return pd.Series(told, dtype=object, index=column.index)
