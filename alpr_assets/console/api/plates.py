"""Questions about plates that are not known for certain: partial ones. Each goes through the gate.

Here: routes that put an ask together and let the answer leave in the caller's format. Not here: any decision, any statement; a
plate as it is spelt (`searching`).
"""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from fastapi.responses import Response

from alpr_assets.access.gate import Grant
from alpr_assets.access.roles import Action
from alpr_assets.console.api import asks
from alpr_assets.console.api.columns import schema_of
from alpr_assets.console.api.searching import Accept, asked, rows_answer, table_response, wanted_format
from alpr_assets.console.api.sessions import Serving, SignedIn
from alpr_assets.lifecycle.watches.areas import Area, area_of
from alpr_assets.search import partial as partials
from alpr_assets.search import querying

router: Final = APIRouter(tags=["searches"])

PARTIAL_PLATES: Final = schema_of(partials.COLUMNS)


@router.post("/partial-plates", responses=table_response(PARTIAL_PLATES), response_model=None)
def partial_plates(ask: asks.PartialPlatesAsk, session: SignedIn, services: Serving, accept: Accept = None) -> Response:
    """All reads of the plates that a witness's pattern may mean, the newest first, with how well each explains it (422.4(c))."""

    def query(grant: Grant) -> querying.Query:
        return partials.partial_query(
            grant, services.store.engine, pattern=ask.pattern, policy=services.policy, since=ask.since, until=ask.until,
            area=area_asked(ask.area), state=ask.state, tolerant=ask.tolerant,
        )  # fmt: skip

    return rows_answer(
        services,
        session,
        asked(Action.PARTIAL_PLATE, ask),
        query=query,
        schema=PARTIAL_PLATES,
        chosen_format=wanted_format(accept),
    )


def area_asked(area: asks.AreaAsked | None) -> Area | None:
    """The area as the searches take it. Raises MalformedError: `area`; within the gate, so that it is recorded."""
    return None if area is None else area_of(area.model_dump())
