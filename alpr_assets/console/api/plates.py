"""More questions about plates: partial ones, one that may have been misread, one's path. Each goes through the gate.

Here: routes that put an ask together and let the answer leave in the caller's format. Not here: any decision, any statement; a
plate's history as it is spelt (`searching`).
"""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from fastapi.responses import Response

from alpr_assets.access.gate import Grant
from alpr_assets.access.roles import Action
from alpr_assets.console.api import asks, named
from alpr_assets.console.api.columns import schema_of
from alpr_assets.console.api.searching import Accept, asked, framed_answer, rows_answer, table_response, wanted_format
from alpr_assets.console.api.sessions import Serving, SignedIn
from alpr_assets.search import partial as partials
from alpr_assets.search import path, querying, tolerant

router: Final = APIRouter(tags=["searches"])

PARTIAL_PLATES: Final = schema_of(partials.COLUMNS)
POSSIBLE_PLATES: Final = schema_of(tolerant.COLUMNS)
PLATE_PATH: Final = schema_of(path.COLUMNS)


@router.post("/partial-plates", responses=table_response(PARTIAL_PLATES), response_model=None)
def partial_plates(ask: asks.PartialPlatesAsk, session: SignedIn, services: Serving, accept: Accept = None) -> Response:
    """All reads of the plates that a witness's pattern may mean, the newest first, with how well each explains it (422.4(c))."""

    def query(grant: Grant) -> querying.Query:
        return partials.partial_query(
            grant, services.store.engine, pattern=ask.pattern, policy=services.policy, since=ask.since, until=ask.until,
            area=named.area_asked(ask.area), state=ask.state, tolerant=ask.tolerant,
        )  # fmt: skip

    return rows_answer(
        services,
        session,
        asked(Action.PARTIAL_PLATE, ask),
        query=query,
        schema=PARTIAL_PLATES,
        chosen_format=wanted_format(accept),
    )


@router.post("/possible-plates", responses=table_response(POSSIBLE_PLATES), response_model=None)
def possible_plates(
    ask: asks.PossiblePlatesAsk, session: SignedIn, services: Serving, accept: Accept = None
) -> Response:
    """All reads of a plate, then of look-alikes, then of plates one character off: possible, never the plate itself (422.4(a))."""
    return framed_answer(
        services,
        session,
        asked(Action.PLATE_HISTORY, ask),
        search=named.possible_plates(services, ask),
        schema=POSSIBLE_PLATES,
        chosen_format=wanted_format(accept),
    )


@router.post("/plate-path", responses=table_response(PLATE_PATH), response_model=None)
def plate_path(ask: asks.PlatePathAsk, session: SignedIn, services: Serving, accept: Accept = None) -> Response:
    """The reads of a plate in the order of time, each with its gap to the one before; impossible ones are flagged (422.4(a))."""
    return framed_answer(
        services,
        session,
        asked(Action.PLATE_HISTORY, ask),
        search=named.plate_path(services, ask),
        schema=PLATE_PATH,
        chosen_format=wanted_format(accept),
    )
