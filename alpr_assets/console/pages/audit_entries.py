"""The entries of an audit by page: opening one, judging it, findings (422.6(b), (c)).

Here: from forms to acts. Not here: any rule (`access.audits.judging`, `findings`), following findings up (`misuse`).
An entry shows what was asked, which may be a plate: it is opened by POST through the gate, one entry of the record each time.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from anyio.to_thread import run_sync
from starlette.responses import Response
from starlette.routing import Route

from alpr_assets.access import register
from alpr_assets.access.audits import findings, judging
from alpr_assets.access.audits.judging import QUESTIONS, Answer
from alpr_assets.access.gate import Ask
from alpr_assets.access.roles import Action
from alpr_assets.console.pages.asking import Asked, Filled, Form, back_to, page
from alpr_assets.console.pages.audits import acted, active, conducts, show
from alpr_assets.console.responding import status_of
from alpr_assets.errors import AlprError, IllegalMoveError, MalformedError, NotFoundError
from alpr_assets.lifecycle.plate_digests import source_of

REVIEWERS: Final = (Action.CONDUCT_AUDIT, Action.APPROVE_AUDIT)


@page
async def opened(asked: Asked) -> Response:
    await asked.require(*REVIEWERS)
    return await _entry(asked, Filled())


@page
async def judge(asked: Asked) -> Response:
    await asked.require(*REVIEWERS)
    form = await asked.form()
    audit_id, record_id = asked.request.path_params["audit_id"], asked.request.path_params["record_id"]
    try:
        answers = {name: _answer(form, name) for name in QUESTIONS}
        deed = partial(judging.judge, audit_id=audit_id, record_id=record_id, answers=answers, note=form.text("note"))
        await acted(asked, conducts(asked), deed, audit=audit_id, record_id=record_id)
    except MalformedError as error:
        return await _entry(asked, Filled({name: form.text(name) for name in (*QUESTIONS, "note")}), error)
    except IllegalMoveError as error:
        return await show(asked, audit_id, error)
    return back_to(f"/audits/{audit_id}")


@page
async def find(asked: Asked) -> Response:
    await asked.require(*REVIEWERS)
    form = await asked.form()
    audit_id: int = asked.request.path_params["audit_id"]
    try:
        record_id = form.number("record_id") if form.text("record_id") else None
        deed = partial(
            findings.find, audit_id=audit_id, record_id=record_id, text=form.text("text"), owner_id=form.number("owner_id"),
            due_on=form.day("due_on"), policy=asked.services.policy,
        )  # fmt: skip
        await acted(asked, conducts(asked), deed, audit=audit_id)
    except (IllegalMoveError, MalformedError, NotFoundError) as error:
        return await show(asked, audit_id, error)
    return back_to(f"/audits/{audit_id}")


async def _entry(asked: Asked, form: Filled, error: AlprError | None = None) -> Response:
    services = asked.services
    audit_id, record_id = asked.request.path_params["audit_id"], asked.request.path_params["record_id"]
    details = {"audit": audit_id, "record_id": record_id, "elements_opened": True}
    ask = Ask(action=conducts(asked), purpose="", case_number="", details=details)
    source = source_of(services.settings, services.policy)
    search = partial(
        judging.open_entry, engine=services.store.engine, audit_id=audit_id, record_id=record_id, source=source
    )
    answer = await run_sync(services.gate.answer, asked.session, ask, search)
    return await asked.page(
        "audit_entry.html", status=status_of(error)[0] if error else 200, error=error, form=form, opened=answer.rows,
        receipt=answer.receipt, audit_id=audit_id, questions=QUESTIONS, answers=list(Answer), owners=await run_sync(active, asked),
        names=await run_sync(register.names, services.store.engine),
    )  # fmt: skip


def _answer(form: Form, name: str) -> Answer:
    try:
        return Answer(form.text(name, limit=16))
    except ValueError as error:
        raise MalformedError(
            "answers", "each of the three questions is answered", remedy="choose yes, no or unclear"
        ) from error


ROUTES: Final = [
    Route("/audits/{audit_id:int}/entries/{record_id:int}", opened, methods=["POST"]),
    Route("/audits/{audit_id:int}/entries/{record_id:int}/judge", judge, methods=["POST"]),
    Route("/audits/{audit_id:int}/findings", find, methods=["POST"]),
]
