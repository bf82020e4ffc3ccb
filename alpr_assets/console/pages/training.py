"""Training by page: who is trained until when, recording a course, approving what waits (422.3.1(b), 422.8). No rule is here."""

from __future__ import annotations

from typing import Final

from anyio.to_thread import run_sync
from starlette.responses import Response
from starlette.routing import Route

from alpr_assets.access import register, reminders, training, training_file
from alpr_assets.access.people import Status
from alpr_assets.access.roles import Action, Role
from alpr_assets.console.pages.asking import Asked, back_to, page
from alpr_assets.errors import AlprError, NotFoundError


@page
async def show(asked: Asked) -> Response:
    await asked.require(Action.RECORD_TRAINING, Action.APPROVE_MEMBER)
    return await _page(asked)


@page
async def act(asked: Asked) -> Response:
    form = await asked.form()
    office, by, at = asked.services.office, asked.by, asked.at
    acts = {
        "record": lambda: training.record(
            office, form.number("member_id"), form.needed_day("completed_on"), by=by, at=at
        ),
        "approve": lambda: training.approve(office, [form.number("training_id")], by=by, at=at),
        "withdraw": lambda: training.withdraw(office, form.number("training_id"), by=by, at=at),
    }
    chosen = acts.get(form.text("act"))
    if chosen is None:
        raise NotFoundError("there is no such act")
    try:
        await run_sync(chosen)
    except AlprError as error:
        return await _page(asked, error)
    return back_to("/training")


@page
async def export(asked: Asked) -> Response:
    """All records as a file, for the training coordinator; recorded as an export."""
    content = await run_sync(lambda: training_file.taken_out(asked.services.office, by=asked.by, at=asked.at))
    disposition = f'attachment; filename="alpr-training-{asked.on}.csv"'
    return Response(content, media_type="text/csv; charset=utf-8", headers={"content-disposition": disposition})


async def _page(asked: Asked, error: AlprError | None = None) -> Response:
    engine = asked.services.store.engine
    members = [one for one in await run_sync(register.members, engine) if one.status is not Status.SEPARATED]
    waiting = await run_sync(training.waiting, engine)
    due = await run_sync(training.due_for_removal, engine, asked.services.policy, asked.on)
    expiring = await run_sync(reminders.expiring, engine, asked.services.policy, asked.on)
    return await asked.page(
        "training.html", expiring=expiring, status=400 if error else 200, error=error, members=members, waiting=waiting, due=due, on=asked.on,
        names={one.member_id: one.name for one in members}, may_record=asked.may(Action.RECORD_TRAINING), may_approve=asked.may(Action.RECORD_TRAINING) or _is_commander(asked),
    )  # fmt: skip


def _is_commander(asked: Asked) -> bool:
    """The commander approves a coordinator's own training."""
    return asked.session.member.role is Role.COMMANDER and asked.may(Action.APPROVE_MEMBER)


ROUTES: Final = [
    Route("/training", show),
    Route("/training", act, methods=["POST"]),
    Route("/training/export", export, methods=["POST"]),
]
