"""The designee by page: who holds the office, another's designation, its end (422.3.1(e)). No rule is here."""

from __future__ import annotations

from typing import Final

from anyio.to_thread import run_sync
from starlette.responses import Response
from starlette.routing import Route

from alpr_assets.access import designee
from alpr_assets.access.roles import Action
from alpr_assets.console.pages.asking import Asked, back_to, page
from alpr_assets.errors import AlprError, NotFoundError


@page
async def show(asked: Asked) -> Response:
    await asked.require(Action.SET_DESIGNEE)
    return await _page(asked)


@page
async def designate(asked: Asked) -> Response:
    form = await asked.form()
    services = asked.services
    try:
        file_name, content = await form.file("file")
        await run_sync(
            lambda: designee.designate(
                services.office, services.store.received, name=form.text("name", limit=128),
                title=form.text("title", limit=128), from_on=form.needed_day("from_on"), to_on=form.day("to_on"),
                succeeds=form.number("succeeds") if form.text("succeeds") else None,
                file_name=file_name, content=content, by=asked.by, at=asked.at,
            )
        )  # fmt: skip
    except AlprError as error:
        return await _page(asked, error)
    return back_to("/designee")


@page
async def end(asked: Asked) -> Response:
    form = await asked.form()
    try:
        await run_sync(
            lambda: designee.end(
                asked.services.office, form.number("designee_id"), form.needed_day("to_on"), by=asked.by, at=asked.at
            )
        )
    except AlprError as error:
        return await _page(asked, error)
    return back_to("/designee")


@page
async def designation(asked: Asked) -> Response:
    """The Chief's designation, as a file: it is somebody's upload, and is never shown as a page of ours."""
    await asked.require(Action.SET_DESIGNEE)
    designee_id = asked.request.path_params["designee_id"]
    store = asked.services.store
    found = next((d for d in await run_sync(designee.designees, store.engine) if d.designee_id == designee_id), None)
    if found is None:
        raise NotFoundError(f"no designee {designee_id}")
    content, media_type = await run_sync(designee.designation, store.received, found)
    ending = media_type.rpartition("/")[2]
    disposition = f'attachment; filename="designation-{designee_id}.{ending}"'
    return Response(content, media_type=media_type, headers={"content-disposition": disposition})


async def _page(asked: Asked, error: AlprError | None = None) -> Response:
    found = await run_sync(designee.designees, asked.services.store.engine)
    gap = designee.next_gap(found, asked.on)
    return await asked.page(
        "designee.html", status=400 if error else 200, error=error, designees=found, on=asked.on, gap_on=gap
    )


ROUTES: Final = [
    Route("/designee", show),
    Route("/designee", designate, methods=["POST"]),
    Route("/designee/end", end, methods=["POST"]),
    Route("/designee/{designee_id:int}", designation),
]
