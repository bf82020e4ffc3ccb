"""Provisional incident numbers by page: issued, and given their real ones (422.4(a)). Not here: any rule (`access.provisional`)."""

from __future__ import annotations

from typing import Any, Final

from anyio.to_thread import run_sync
from starlette.responses import Response
from starlette.routing import Route

from alpr_assets.access import provisional, register
from alpr_assets.access.roles import Action
from alpr_assets.console.pages.asking import Asked, back_to, page
from alpr_assets.errors import AlprError, IllegalMoveError, MalformedError
from alpr_assets.store.engine import reading


@page
async def listed(asked: Asked) -> Response:
    await asked.require(Action.CANVASS)
    return await _page(asked)


@page
async def issue(asked: Asked) -> Response:
    await asked.require(Action.CANVASS)
    await run_sync(lambda: provisional.issue(asked.services.office, asked.session, at=asked.at))
    return back_to("/incidents")


@page
async def reconcile(asked: Asked) -> Response:
    await asked.require(Action.CANVASS)
    form = await asked.form()
    number, case_number = form.text("number", limit=32), form.text("case_number", limit=32)
    try:
        await run_sync(
            lambda: provisional.reconcile(asked.services.office, asked.session, number, case_number, at=asked.at)
        )
    except (IllegalMoveError, MalformedError) as error:
        return await _page(asked, status=409 if isinstance(error, IllegalMoveError) else 400, error=error)
    return back_to("/incidents")


async def _page(asked: Asked, *, status: int = 200, error: AlprError | None = None) -> Response:
    engine, leads = asked.services.store.engine, asked.may(Action.APPROVE_WATCH)
    me = asked.session.member.member_id

    def numbers() -> list[Any]:
        with reading(engine) as connection:
            return provisional.open_numbers(connection, member_id=None if leads else me)

    return await asked.page(
        "incidents.html", status=status, error=error, numbers=await run_sync(numbers), leads=leads, me=me,
        names=await run_sync(register.names, engine), at=asked.at,
    )  # fmt: skip


ROUTES: Final = [
    Route("/incidents", listed),
    Route("/incidents/issue", issue, methods=["POST"]),
    Route("/incidents/reconcile", reconcile, methods=["POST"]),
]
