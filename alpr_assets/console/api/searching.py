"""Questions about vehicles: a plate's history, hits, one picture, a file to keep. Each goes through the gate.

Here: routes that put an ask together and let the answer leave in the caller's format. Not here: any decision, any statement.
An answer is encoded into a spool, recorded, and only then sent (422.6(a)).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any, Final

import pandas as pd
import pyarrow as pa
from fastapi import APIRouter, Header
from fastapi.responses import Response, StreamingResponse
from starlette.exceptions import HTTPException

from alpr_assets.access.gate import Ask, Found, Grant
from alpr_assets.access.people import Session
from alpr_assets.access.roles import Action
from alpr_assets.access.spool import Spool
from alpr_assets.console.api import asks
from alpr_assets.console.api.answers import RECEIPT_HEADER, Receipt, Rows
from alpr_assets.console.api.columns import schema_of
from alpr_assets.console.api.formats import ARROW, JSON, OFFERED, PARQUET, Format, chosen
from alpr_assets.console.api.sessions import Serving, SignedIn
from alpr_assets.console.wiring import Services
from alpr_assets.search import crops, history, hits, images, querying

router = APIRouter(tags=["searches"])

HISTORY: Final = schema_of(history.COLUMNS)
HITS: Final = schema_of(hits.COLUMNS)
WHY: Final = frozenset(asks.Why.model_fields)

Accept = Annotated[str | None, Header(description=f"one of {', '.join(OFFERED)}")]
RECEIPT: Final = {
    RECEIPT_HEADER: {"description": "the receipt, base64 of its JSON", "schema": {"type": "string"}, "required": True}
}
BINARY: Final = {"schema": {"type": "string", "format": "binary"}}


def table_response(schema: pa.Schema, *, geoparquet: bool = True) -> dict[int | str, dict[str, Any]]:
    """How OpenAPI describes a table: its formats, and each column with its unit."""
    return {
        200: {
            "model": Rows,
            "description": f"The rows.\n\n{columns_text(schema)}",
            "headers": RECEIPT,
            "content": {ARROW: BINARY, PARQUET: BINARY} if geoparquet else {ARROW: BINARY},
        }
    }


def columns_text(schema: pa.Schema) -> str:
    """A table's columns as Markdown."""
    columns = [
        f"| {f.name} | {f.type} | {f.metadata[b'unit'].decode()} | {f.metadata[b'description'].decode()} |"
        for f in schema
    ]
    return "\n".join(["| column | type | unit | meaning |", "|---|---|---|---|", *columns])


@router.post("/plate-history", responses=table_response(HISTORY), response_model=None)
def plate_history(ask: asks.PlateHistoryAsk, session: SignedIn, services: Serving, accept: Accept = None) -> Response:
    """All reads of exactly these characters, as read or as corrected, the newest first (422.4(a))."""
    query = partial(
        history.history_query, plate=ask.plate, since=ask.since, until=ask.until, state=ask.state
    )  # fmt: skip
    return rows_answer(
        services,
        session,
        asked(Action.PLATE_HISTORY, ask),
        query=query,
        schema=HISTORY,
        chosen_format=wanted_format(accept),
    )


@router.post("/hits", responses=table_response(HITS), response_model=None)
def hit_list(ask: asks.HitsAsk, session: SignedIn, services: Serving, accept: Accept = None) -> Response:
    """Hot-list hits of the sources that you may see, the newest first. A hit asks a person to look; it is no fact (422.4(e), (f))."""
    query = partial(hits.hits_query, since=ask.since, until=ask.until, category=ask.category)
    return rows_answer(
        services, session, asked(Action.VIEW_HITS, ask), query=query, schema=HITS, chosen_format=wanted_format(accept)
    )


@router.post(
    "/images/open",
    response_class=Response,
    responses={
        200: {"description": "The picture.", "headers": RECEIPT, "content": {"image/jpeg": BINARY, "image/png": BINARY}}
    },
)
def open_image(ask: asks.ImageAsk, session: SignedIn, services: Serving) -> Response:
    """One capture's picture as it was taken, or the part of it around one read. Each opening is recorded by itself."""

    def search(grant: Grant) -> Found[images.OpenedImage]:
        if ask.read_id is None:
            return images.open_image(grant, services.store, day=ask.day, capture_id=ask.capture_id)
        return crops.open_plate(
            grant, services.store, day=ask.day, capture_id=ask.capture_id, read_id=ask.read_id
        )  # fmt: skip

    answer = services.gate.answer(session, asked(Action.OPEN_IMAGE, ask), search)
    return Response(answer.rows.content, media_type=answer.rows.media_type, headers=Receipt.of(answer.receipt).header())


def asked(action: Action, ask: asks.Why) -> Ask:
    """A request as an ask: all but purpose and number are its elements."""
    return Ask(
        action=action,
        purpose=ask.purpose,
        case_number=ask.case_number,
        elements=ask.model_dump(mode="json", exclude=set(WHY), exclude_none=True),
    )


def wanted_format(accept: str | None, offers: tuple[str, ...] = OFFERED) -> Format:
    """Decided before the gate: what nobody takes is not searched. Raises HTTPException (406)."""
    found = chosen(accept, offers)
    if found is None:
        raise HTTPException(HTTPStatus.NOT_ACCEPTABLE, f"this answer comes as {', '.join(offers)}")
    return found


def rows_answer(
    services: Services,
    session: Session,
    ask: Ask,
    *,
    query: Callable[[Grant], querying.Query],
    schema: pa.Schema,
    chosen_format: Format,
) -> Response:
    """Let a statement's rows leave, a batch at a time."""
    return spooled_answer(
        services, session, ask, chosen_format,
        lambda grant, spool: querying.spooled(services.store.engine, query(grant), spool, chosen_format.of(schema)),
    )  # fmt: skip


def framed_answer(
    services: Services,
    session: Session,
    ask: Ask,
    *,
    search: Callable[[Grant], Found[pd.DataFrame]],
    schema: pa.Schema,
    chosen_format: Format,
) -> Response:
    """Let a search's frame leave: of what is ranked or compared as a whole, no row is known before the last."""

    def spooled(grant: Grant, spool: Spool) -> Found[Spool]:
        found = search(grant)
        for content in chosen_format.of(schema)(batches(found.rows)):
            spool.write(content)
        spool.finish()
        return Found(spool, found.ids)

    return spooled_answer(services, session, ask, chosen_format, spooled)


def batches(frame: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """A frame in parts, so that its text never lies in memory whole; one, empty, where there are no rows."""
    for first in range(0, max(len(frame), 1), querying.BATCH):
        yield frame.iloc[first : first + querying.BATCH].reset_index(drop=True)


def spooled_answer(
    services: Services,
    session: Session,
    ask: Ask,
    chosen_format: Format,
    search: Callable[[Grant, Spool], Found[Spool]],
) -> Response:
    """Let a search write its answer into a spool, have it recorded, and only then send it."""
    spool = Spool(services.settings.path("data") / "spool")
    try:
        answer = services.gate.answer(session, ask, lambda grant: search(grant, spool))
    except BaseException:
        spool.close()
        raise
    receipt = Receipt.of(answer.receipt)
    body = _with_receipt(spool, receipt) if chosen_format.media_type == JSON else spool.sent()
    return StreamingResponse(body, media_type=chosen_format.media_type, headers=receipt.header())


def _with_receipt(spool: Spool, receipt: Receipt) -> Iterator[bytes]:
    """A JSON answer: the receipt before the spool's content, and the brackets around both."""
    with spool:
        yield b'{"receipt":' + receipt.model_dump_json().encode() + b","
        yield from spool.chunks()
        yield b"}"
