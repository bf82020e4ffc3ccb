"""Exports by page: taking a file, what I took and must delete, case files that are reviewed, and what a supervisor decides.

Not here: any rule (`access.exports`, `access.case_files`). Whose file is past its day is named to who approves exports, and to the custodian,
who answers for what a member left behind.
"""

from __future__ import annotations

from typing import Any, Final, get_args

from anyio.to_thread import run_sync
from starlette.responses import Response
from starlette.routing import Route

from alpr_assets.access import case_files, register
from alpr_assets.access.exports import FROZEN, Format, overdue
from alpr_assets.access.roles import Action
from alpr_assets.console.pages.asking import Asked, back_to, page
from alpr_assets.console.pages.searches import searched
from alpr_assets.console.responding import status_of
from alpr_assets.errors import AlprError, MalformedError
from alpr_assets.store.engine import reading

OVERSEE: Final = (Action.APPROVE_EXPORT, Action.PLAN_PURGE)
"""Who is told whose files are past their day."""


SEE: Final = (Action.EXPORT, Action.APPROVE_EXPORT, Action.PLATE_HISTORY)


@page
async def listed(asked: Asked) -> Response:
    await asked.require(*SEE)
    return await _list(asked)


async def _list(asked: Asked, error: AlprError | None = None) -> Response:
    may_decide = asked.may(Action.APPROVE_EXPORT)
    exports, me = asked.services.exports, asked.session.member.member_id
    mine = await run_sync(lambda: exports.register(member_id=me))
    late = await run_sync(_late, asked) if asked.may(*OVERSEE) else []
    requests = await run_sync(exports.requests) if may_decide else []
    names = {m.member_id: m.name for m in await run_sync(register.members, asked.services.store.engine)}
    return await asked.page(
        "exports.html", mine=mine, requests=requests, names=names, me=me, on=asked.on, may_decide=may_decide, frozen=FROZEN,
        late=late, may_answer=asked.may(Action.PLAN_PURGE), error=error, status=status_of(error)[0] if error else 200,
    )  # fmt: skip


def _late(asked: Asked) -> list[Any]:
    with reading(asked.services.store.engine) as connection:
        return overdue(connection, asked.on)


@page
async def take(asked: Asked) -> Response:
    """The file of a search that was just shown, asked again as an export."""
    form = await asked.form()
    file_format = next((known for known in get_args(Format) if known == form.text("format")), None)
    action = next((known for known in Action if known == form.text("search")), None)
    if file_format is None or action is None:
        raise MalformedError("field", "no such format or search", remedy="open the page again")
    ask, search = searched(asked, form, action)
    answer = await run_sync(lambda: asked.services.exports.take(asked.session, ask, search, file_format))
    file = answer.rows
    disposition = f'attachment; filename="{file.name}"'
    return Response(file.content, media_type=file.media_type, headers={"content-disposition": disposition})


@page
async def decide(asked: Asked) -> Response:
    await asked.require(Action.APPROVE_EXPORT)
    form = await asked.form()
    note = form.text("note")
    if not note:
        return await _list(asked, MalformedError("note", "a decision says why", remedy="write a note"))
    await run_sync(
        lambda: asked.services.exports.decide(
            asked.session, form.number("request_id"), approve=form.flag("approve"), note=note
        )
    )
    return back_to("/exports")


@page
async def destroyed(asked: Asked) -> Response:
    form = await asked.form()
    await run_sync(asked.services.exports.confirm_destroyed, asked.session, form.number("export_id"))
    return back_to("/exports")


@page
async def kept(asked: Asked) -> Response:
    """A case file that its case still needs."""
    await asked.require(*SEE)
    form = await asked.form()
    export_id, reason = form.number("export_id"), form.text("reason", limit=300)
    try:
        await run_sync(lambda: case_files.keep_on(asked.services.exports, asked.session, export_id, reason=reason))
    except MalformedError as error:
        return await _list(asked, error)
    return back_to("/exports")


ROUTES: Final = [
    Route("/exports", listed),
    Route("/exports/take", take, methods=["POST"]),
    Route("/exports/decide", decide, methods=["POST"]),
    Route("/exports/destroyed", destroyed, methods=["POST"]),
    Route("/exports/kept", kept, methods=["POST"]),
]
