"""The lineage of one read by page: a picture of its steps that a person reads on a tablet, and prints for a court (422.5, 422.6(a)).

Here: from the form to the ask, and the answer's page. Not here: what is found (`search.lineage`), any decision (`access.gate`).
"""

from __future__ import annotations

from typing import Final

from anyio.to_thread import run_sync
from starlette.responses import Response
from starlette.routing import Route

from alpr_assets.access.roles import Action
from alpr_assets.console.pages.asking import Asked, Filled, Form, page
from alpr_assets.console.pages.searches import ask_of
from alpr_assets.console.responding import status_of
from alpr_assets.console.tracing import trace
from alpr_assets.errors import AccessRefusedError, MalformedError, NotFoundError

FIELDS: Final = ("purpose", "case_number", "read_id", "capture_id")
MARKED: Final = (
    "sha256",
    "manifest_sha256",
    "receipt_sha256",
    "certificate_sha256",
    "file_sha256",
    "plate",
    "listed_plate",
)
"""Facts whose characters are compared one by one."""


@page
async def show(asked: Asked) -> Response:
    if asked.request.method == "GET":
        await asked.require(Action.TRACE_READ)
        return await asked.page("lineage.html", form=Filled(), found=None, error=None)
    form = await asked.form()
    told = Filled({name: form.text(name) for name in FIELDS})
    try:
        return await _answered(asked, form, told)
    except (AccessRefusedError, MalformedError, NotFoundError) as error:
        return await asked.page("lineage.html", status=status_of(error)[0], form=told, found=None, error=error)


async def _answered(asked: Asked, form: Form, told: Filled) -> Response:
    numbers = {name: form.number(name) if form.text(name) else None for name in ("read_id", "capture_id")}
    ask = ask_of(form, Action.TRACE_READ, {name: value for name, value in numbers.items() if value is not None})
    answer = await run_sync(asked.services.gate.answer, asked.session, ask, trace(asked.services, **numbers))
    return await asked.page(
        "lineage.html", form=told, found=answer.rows, receipt=answer.receipt, error=None, marked=MARKED,
        sees_plates=asked.may(Action.PLATE_HISTORY),
        may_certificate=asked.may(Action.PLAN_PURGE, Action.APPROVE_PURGE, Action.READ_RECORD),
    )  # fmt: skip


ROUTES: Final = [Route("/search/lineage", show, methods=["GET", "POST"])]
