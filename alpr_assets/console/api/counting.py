"""The question how many reads there were: by reader, hour, weekday, direction. It goes through the gate.

Here: the route. Not here: counting, and which small counts are left out (`search.statistics`).
"""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from fastapi.responses import Response

from alpr_assets.access.roles import Action
from alpr_assets.console.api import asks, named
from alpr_assets.console.api.columns import schema_of
from alpr_assets.console.api.formats import PLACELESS
from alpr_assets.console.api.searching import Accept, asked, framed_answer, table_response, wanted_format
from alpr_assets.console.api.sessions import Serving, SignedIn
from alpr_assets.search import statistics

router: Final = APIRouter(tags=["searches"])

COUNTS: Final = schema_of(statistics.COLUMNS)


@router.post("/counts", responses=table_response(COUNTS, geoparquet=False), response_model=None)
def counts(ask: asks.CountsAsk, session: SignedIn, services: Serving, accept: Accept = None) -> Response:
    """Reads by reader, hour, weekday and direction; small counts, and those that would give them away, are left out by default."""
    return framed_answer(
        services,
        session,
        asked(Action.COUNT_READS, ask),
        search=named.counts(services, ask),
        schema=schema_of(named.count_columns(ask)),
        chosen_format=wanted_format(accept, PLACELESS),
    )
