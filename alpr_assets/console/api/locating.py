"""Where and when a plate is usually seen: asking a supervisor first, then the question itself. Both through the gate.

Here: routes. Not here: which purposes a vehicle is located for, what is estimated (`search.locator`), deciding (a person's, in the
console).
"""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy import Connection

from alpr_assets.access.gate import Found, Grant
from alpr_assets.access.roles import Action
from alpr_assets.console.api import answers, asks
from alpr_assets.console.api.columns import schema_of
from alpr_assets.console.api.searching import RECEIPT, Accept, asked
from alpr_assets.console.api.sessions import Serving, SignedIn
from alpr_assets.console.api.tables import Content, Table, tables_answer, tables_response
from alpr_assets.search import locator
from alpr_assets.store.engine import reading

router: Final = APIRouter(tags=["searches"])

PLACES: Final = schema_of(locator.PLACES)
HOURS: Final = schema_of(locator.HOURS)


class LocateRequestAsk(asks.Why):
    """A plate that is to be located, for a supervisor to approve. The request keeps no plate."""

    plate: asks.PlateText


class LocateAsk(asks.Why, asks.Window):
    """Where and when a plate is usually seen."""

    plate: asks.PlateText


@router.post("/locate/requests", responses={200: {"headers": RECEIPT}})
def request_locate(
    ask: LocateRequestAsk, session: SignedIn, services: Serving, response: Response
) -> answers.LocateRequested:
    """Ask a supervisor to let you locate a vehicle, for a felony or a missing person (422.4(c)). Asked again, it stays one request."""

    def deed(grant: Grant, connection: Connection) -> Found[int]:
        return locator.request(
            grant, connection, plate=ask.plate, policy=services.policy, key=services.exports.key
        )  # fmt: skip

    answer = services.gate.act(session, asked(Action.LOCATE, ask), services.store.engine, deed)
    receipt = answers.Receipt.of(answer.receipt)
    response.headers.update(receipt.header())
    return answers.LocateRequested(receipt=receipt, request_id=answer.rows)


@router.get("/locate/requests")
def locate_requests(session: SignedIn, services: Serving) -> answers.LocateRequests:
    """Your requests and what became of them, the newest first. No plate is in any: these are no data about vehicles."""
    with reading(services.store.engine) as connection:
        found = locator.requests_of(connection, session.member.member_id)
    return answers.LocateRequests(
        requests=[answers.LocateRequest.model_validate(row, from_attributes=True) for row in found]
    )


@router.post(
    "/locate",
    responses=tables_response(answers.Located, {"places": PLACES, "hours": HOURS}),
    response_model=None,
)
def locate(ask: LocateAsk, session: SignedIn, services: Serving, accept: Accept = None) -> Response:
    """Where and when a plate is usually seen, with how sure that is; without a supervisor's approval of just this: 403, `approval`."""

    def search(grant: Grant) -> Found[Content]:
        found = locator.locate(
            grant, services.store.engine, plate=ask.plate, policy=services.policy, key=services.exports.key,
            since=ask.since, until=ask.until,
        )  # fmt: skip
        content: Content = {
            "n_visits": found.rows.n_visits,
            "n_reads": found.rows.n_reads,
            "places": Table(found.rows.places.reset_index(drop=True), PLACES),
            "hours": Table(found.rows.hours, HOURS),
        }
        return Found(content, found.ids)

    return tables_answer(services, session, asked(Action.LOCATE, ask), accept, search)
