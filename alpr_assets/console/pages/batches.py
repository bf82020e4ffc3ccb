"""A hundred members at once: the file, and the approval of its lines together. Not here: any rule (`access.batch`)."""

from __future__ import annotations

from typing import Any, Final

from anyio.to_thread import run_sync
from sqlalchemy import Engine, Row, select
from starlette.responses import Response
from starlette.routing import Route

from alpr_assets.access import approvals, batch, register
from alpr_assets.access.roles import Action
from alpr_assets.console.pages.asking import Asked, back_to, page
from alpr_assets.errors import AccessRefusedError, AlprError, MalformedError
from alpr_assets.store import people
from alpr_assets.store.engine import reading


@page
async def show(asked: Asked) -> Response:
    error: AlprError | None = None
    if asked.request.method == "POST":
        form = await asked.form()
        try:
            name, content = await form.file("file")
            await run_sync(lambda: batch.propose(asked.services.office, name, content, by=asked.by, at=asked.at))
            return back_to("/members/batch")
        except (AccessRefusedError, MalformedError) as refused:
            error = refused
    else:
        await asked.require(Action.PROPOSE_MEMBER, Action.APPROVE_MEMBER)
    engine = asked.services.store.engine
    batches = await run_sync(_batches, engine)
    waiting = await run_sync(approvals.proposals, engine)
    members = {member.member_id: member for member in await run_sync(register.members, engine)}
    return await asked.page(
        "batch.html", status=400 if error else 200, error=error, batches=batches, waiting=waiting, members=members,
        columns=batch.COLUMNS, may_propose=asked.may(Action.PROPOSE_MEMBER), may_approve=asked.may(Action.APPROVE_MEMBER),
    )  # fmt: skip


def _batches(engine: Engine) -> list[Row[Any]]:
    with reading(engine) as connection:
        newest = select(people.member_batch).order_by(people.member_batch.c.batch_id.desc())
        return list(connection.execute(newest))


@page
async def approve(asked: Asked) -> Response:
    form = await asked.form()
    office = asked.services.office
    done = await run_sync(lambda: batch.approve(office, form.number("batch_id"), by=asked.by, at=asked.at))
    return await asked.page("one_time.html", one_times=done.one_time, left=[], member=None, batch=done)


ROUTES: Final = [
    Route("/members/batch", show, methods=["GET", "POST"]),
    Route("/members/batch/approve", approve, methods=["POST"]),
]
