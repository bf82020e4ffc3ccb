"""Searches by page: a plate's history, one picture; each states purpose and case number, and goes through the gate.

Here: from a form to an ask, and the answer's page. Not here: any decision (`access.gate`), any statement (`search`). Forms are
sent by POST and answered at once, so that no plate stands in an address, a log or a browser's history. A page shows the newest
ROWS rows, and only those are recorded as having left.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import Any, Final

import pandas as pd
from anyio.to_thread import run_sync
from starlette.responses import Response
from starlette.routing import Route

from alpr_assets.access.gate import Ask, Found, Grant
from alpr_assets.access.record.entries import Receipt
from alpr_assets.access.roles import Action
from alpr_assets.console.pages.asking import Asked, Filled, Form, instant, page
from alpr_assets.console.pages.hits_filters import Filters
from alpr_assets.errors import AccessRefusedError, MalformedError, NotFoundError
from alpr_assets.search import crops, history, hits, images

ROWS: Final = 500

Search = Callable[[Grant], Found[pd.DataFrame]]


@page
async def plate(asked: Asked) -> Response:
    if asked.request.method == "GET":
        return await _form(asked, "plate.html", Action.PLATE_HISTORY)
    form = await asked.form()
    return await _answered(asked, "plate.html", form, Action.PLATE_HISTORY)


@page
async def picture(asked: Asked) -> Response:
    """One picture with the plate cut out of it: one opening, one record."""
    form = await asked.form()
    day, capture_id, read_id = form.needed_day("day"), form.number("capture_id"), form.number("read_id")
    opened = await open_picture(asked, form, day, capture_id, read_id)
    told = Filled({name: form.text(name) for name in ("purpose", "case_number", "read_id")})
    return await asked.page(
        "picture.html",
        opened=opened,
        form=told,
        may_correct=asked.may(Action.CORRECT_READ),
        may_hold=asked.may(Action.PLACE_HOLD),
        may_trace=asked.may(Action.TRACE_READ),
    )


@dataclass(frozen=True, slots=True)
class Opened:
    """A picture and the plate cut out of it, each with its address for a page; and what let them leave."""

    whole: images.OpenedImage
    whole_uri: str
    part_uri: str
    ask: Ask
    receipt: Receipt


async def open_picture(asked: Asked, form: Form, day: date, capture_id: int, read_id: int) -> Opened:
    """One opening, one record. Raises as the gate and `images.open_image`."""
    store = asked.services.store

    def opened(grant: Grant) -> Found[tuple[images.OpenedImage, images.OpenedImage]]:
        part = crops.open_plate(grant, store, day=day, capture_id=capture_id, read_id=read_id)
        whole = images.open_image(grant, store, day=day, capture_id=capture_id)
        return Found((whole.rows, part.rows), whole.ids)

    ask = ask_of(form, Action.OPEN_IMAGE, {"day": day.isoformat(), "capture_id": capture_id, "read_id": read_id})
    answer = await run_sync(asked.services.gate.answer, asked.session, ask, opened)
    whole, part = answer.rows
    return Opened(whole, data_uri(whole), data_uri(part), ask, answer.receipt)


def searched(asked: Asked, form: Form, action: Action) -> tuple[Ask, Search]:
    """What a form asks for: the ask, and the search that answers it.

    Raises MalformedError for a field that is none, NotFoundError for a search that is none.
    """
    zone, engine = asked.services.policy.zone, asked.services.store.engine
    if action is Action.VIEW_HITS:
        chosen = Filters.of(form)
        return ask_of(form, action, chosen.told()), partial(hits.hits, engine=engine, **chosen.narrow(zone))
    since, until = instant(form.day("since"), zone), instant(form.day("until"), zone, after=True)
    window: dict[str, Any] = {"since": since, "until": until}
    if action is Action.PLATE_HISTORY:
        state = form.text("state", limit=2).upper() or None
        filters: dict[str, Any] = {"plate": form.text("plate", limit=32), "state": state}
        search = partial(history.plate_history, engine=engine, **window, **filters)
    else:
        raise NotFoundError("there is no such search")
    told = {name: value.isoformat() for name, value in window.items() if value is not None}
    elements = told | {name: value for name, value in filters.items() if value is not None}
    return ask_of(form, action, elements), search


async def _form(asked: Asked, name: str, action: Action, **known: str) -> Response:
    """The empty form, for who may ask; a refused one reads why before he types."""
    await asked.require(action)
    return await asked.page(name, form=Filled(known), error=None, rows=None)


async def _answered(asked: Asked, name: str, form: Form, action: Action) -> Response:
    told = Filled({field: form.text(field) for field in ("purpose", "case_number", "plate", "state", "since", "until")})
    try:
        ask, search = searched(asked, form, action)
        n_found: list[int] = []
        answer = await run_sync(asked.services.gate.answer, asked.session, ask, _newest(search, n_found))
    except (AccessRefusedError, MalformedError) as error:
        status = 403 if isinstance(error, AccessRefusedError) else 400
        return await asked.page(name, status=status, form=told, error=error, rows=None)
    return await asked.page(
        name, form=told, error=None, rows=records(answer.rows), n_found=n_found[0], receipt=answer.receipt, ask=ask,
        may_export=asked.may(Action.EXPORT), may_open=asked.may(Action.OPEN_IMAGE),
        may_correct=asked.may(Action.CORRECT_READ), may_hold=asked.may(Action.PLACE_HOLD),
        may_trace=asked.may(Action.TRACE_READ),
    )  # fmt: skip


def _newest(search: Search, n_found: list[int]) -> Search:
    """The search cut to what a page shows: ids that do not leave are not recorded as having left."""

    def cut(grant: Grant) -> Found[pd.DataFrame]:
        found = search(grant)
        n_found.append(len(found.rows))
        return replace(found, rows=found.rows.head(ROWS), ids=found.ids[:ROWS])

    return cut


def ask_of(form: Form, action: Action, elements: Mapping[str, Any]) -> Ask:
    """An ask under the purpose and number of a form."""
    return Ask(
        action=action, purpose=form.text("purpose", limit=64), case_number=form.text("case_number", limit=64),
        elements=elements,
    )  # fmt: skip


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows for a template, with None for what is missing."""
    return [
        {str(name): None if not isinstance(value, list) and pd.isna(value) else value for name, value in row.items()}
        for row in frame.to_dict("records")
    ]


def data_uri(image: images.OpenedImage) -> str:
    """The picture inside the page: it has no address that could be opened again without a record."""
    return f"data:{image.media_type};base64,{base64.b64encode(image.content).decode()}"


ROUTES: Final = [
    Route("/search/plate", plate, methods=["GET", "POST"]),
    Route("/search/picture", picture, methods=["POST"]),
]
