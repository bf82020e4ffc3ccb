"""The question how many reads there were: by reader, hour, weekday, direction. It goes through the gate.

Here: the route. Not here: counting, and which small counts are left out (`search.statistics`).
"""

from __future__ import annotations

from typing import Final

import pandas as pd
from fastapi import APIRouter
from fastapi.responses import Response

from alpr_assets.access.gate import Found, Grant
from alpr_assets.access.roles import Action
from alpr_assets.console.api import asks
from alpr_assets.console.api.columns import schema_of
from alpr_assets.console.api.formats import PLACELESS
from alpr_assets.console.api.plates import area_asked
from alpr_assets.console.api.searching import Accept, asked, framed_answer, table_response, wanted_format
from alpr_assets.console.api.sessions import Serving, SignedIn
from alpr_assets.search import statistics

router: Final = APIRouter(tags=["searches"])

COUNTS: Final = schema_of(statistics.COLUMNS)


@router.post("/counts", responses=table_response(COUNTS, geoparquet=False), response_model=None)
def counts(ask: asks.CountsAsk, session: SignedIn, services: Serving, accept: Accept = None) -> Response:
    """Reads by reader, hour, weekday and direction; small counts, and those that would give them away, are left out by default."""
    left_out = set(statistics.PROPERTIES) - set(ask.by)
    described = {name: meaning for name, meaning in statistics.COLUMNS.items() if name not in left_out}

    def search(grant: Grant) -> Found[pd.DataFrame]:
        found = statistics.count_reads(
            grant, services.store.engine, policy=services.policy, by=ask.by, since=ask.since, until=ask.until,
            area=area_asked(ask.area), suppress=ask.suppress,
        )  # fmt: skip
        return Found(found.rows[list(described)], found.ids)

    return framed_answer(
        services,
        session,
        asked(Action.COUNT_READS, ask),
        search=search,
        schema=schema_of(described),
        chosen_format=wanted_format(accept, PLACELESS),
    )
