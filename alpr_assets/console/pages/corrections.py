"""Corrections by page: a person reads a plate in its picture, and his reading stands beside the read (Civ. Code 1798.90.51).

Here: the form under the picture, and the deed. Not here: any rule (`lifecycle.corrections`). Who asked for it, where it was not the
member himself, is kept with the reason.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from anyio.to_thread import run_sync
from sqlalchemy import Connection
from starlette.responses import Response
from starlette.routing import Route

from alpr_assets.access.gate import Ask, Found, Grant
from alpr_assets.access.roles import Action
from alpr_assets.console.pages.asking import Asked, Filled, Form, page
from alpr_assets.console.pages.searches import ask_of, open_picture
from alpr_assets.errors import AlprError, IllegalMoveError, MalformedError
from alpr_assets.lifecycle.corrections import Corrected, Reading, correct_read
from alpr_assets.search.plates import typed
from alpr_assets.store.verdicts import MAX_NOTE

ASKED_BY: Final = 80  # characters of who asked
TOLD: Final = (
    "purpose",
    "case_number",
    "day",
    "capture_id",
    "read_id",
    "corrected_plate",
    "corrected_state",
    "reason",
    "asked_by",
)


@page
async def correct(asked: Asked) -> Response:
    """The form under the picture; with a plate in it, the correction."""
    form = await asked.form()
    await asked.require(Action.CORRECT_READ)
    day, read_id = form.needed_day("day"), form.number("read_id")
    if "corrected_plate" not in form.data:
        return await _form(asked, form, day, read_id)
    services = asked.services
    try:
        reading = _reading(form)

        def deed(grant: Grant, connection: Connection) -> Found[Corrected]:
            return correct_read(grant, connection, day, read_id, reading, policy=services.policy)

        ask = _ask(form, day, read_id, reading)
        done = await run_sync(services.gate.act, asked.session, ask, services.store.engine, deed)
    except (IllegalMoveError, MalformedError) as error:
        return await _form(asked, form, day, read_id, error)
    return await asked.page(
        "corrected.html", form=_told(form), reading=reading, done=done.rows, receipt=done.receipt, error=None,
        may_search=asked.may(Action.PLATE_HISTORY),
    )  # fmt: skip


async def _form(asked: Asked, form: Form, day: date, read_id: int, error: AlprError | None = None) -> Response:
    opened = await open_picture(asked, form, day, form.number("capture_id"), read_id)
    status = 200 if error is None else 409 if isinstance(error, IllegalMoveError) else 400
    return await asked.page(
        "correct.html", status=status, form=_told(form), opened=opened, error=error, longest=MAX_NOTE - ASKED_BY
    )


def _reading(form: Form) -> Reading:
    asked_by = " ".join(form.text("asked_by", limit=ASKED_BY).split())
    reason = form.text("reason", limit=MAX_NOTE)
    return Reading(
        plate=typed(form.text("corrected_plate", limit=32)),
        region=form.text("corrected_state", limit=2) or None,
        reason=f"{reason} (asked for by {asked_by})" if asked_by and len(reason) >= 3 else reason,
    )


def _ask(form: Form, day: date, read_id: int, reading: Reading) -> Ask:
    elements: dict[str, Any] = {
        "day": day.isoformat(), "read_id": read_id, "plate": reading.plate, "state": reading.region, "reason": reading.reason,
    }  # fmt: skip
    return ask_of(form, Action.CORRECT_READ, elements)


def _told(form: Form) -> Filled:
    return Filled({name: form.text(name) for name in TOLD})


ROUTES: Final = [Route("/search/correct", correct, methods=["POST"])]
