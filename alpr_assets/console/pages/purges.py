"""Purges by page: what is due, plans asked for, both approvals, beginning, certificates (422.5, Gov. Code 34090.6).

Here: from forms to acts, the custodian's word on the clock among them. Not here: any rule (`lifecycle.purge`, `lifecycle.retention`),
drafting and destroying, which Dagster does once it was asked for, and once a purge has begun.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

import pandas as pd
from anyio.to_thread import run_sync
from sqlalchemy import Connection
from starlette.responses import Response
from starlette.routing import Route

from alpr_assets.access import register
from alpr_assets.access.gate import Found, Grant
from alpr_assets.access.roles import Action
from alpr_assets.console.pages.asking import Asked, Filled, Form, page
from alpr_assets.console.pages.searches import ask_of
from alpr_assets.errors import AccessRefusedError, AlprError, IllegalMoveError, MalformedError
from alpr_assets.lifecycle.purge import clocks, drafting, due, planning
from alpr_assets.lifecycle.purge.certificates import certificate
from alpr_assets.lifecycle.purge.clocks import ClockSeen
from alpr_assets.lifecycle.purge.completing import completion
from alpr_assets.lifecycle.purge.on_file import OnFile
from alpr_assets.lifecycle.retention.judging import judge_days
from alpr_assets.store.engine import reading
from alpr_assets.store.purges import MAX_REFERENCE

WHY: Final = ("purpose", "case_number")
SAID: Final = {
    "approve": "Approved.",
    "begin": "Begun: it is executed within a minute, day by day, and cannot be stopped any more.",
    "cancel": "Cancelled: it destroys nothing.",
}


@page
async def listed(asked: Asked) -> Response:
    await asked.require(Action.PLAN_PURGE, Action.APPROVE_PURGE)
    if asked.request.method == "GET":
        return await asked.page("purges.html", form=Filled(), rows=None, error=None, said="", **_may(asked))
    form = await asked.form()
    try:
        return await _list(asked, form)
    except AccessRefusedError as error:
        return await asked.page(
            "purges.html", status=403, form=_told(form), rows=None, error=error, said="", **_may(asked)
        )


@page
async def plan(asked: Asked) -> Response:
    """A plan of all that is due today and not held is asked for; a run drafts it."""
    await asked.require(Action.PLAN_PURGE)
    form, services = await asked.form(), asked.services

    def made() -> None:
        resolution, consent = _on_file(form, "resolution"), _on_file(form, "consent")
        ask = ask_of(form, Action.PLAN_PURGE, {"resolution": resolution.reference, "consent": consent.reference})
        deed = partial(drafting.ask, resolution=resolution, consent=consent, policy=services.policy)
        services.gate.act(asked.session, ask, services.store.engine, deed)

    try:
        await run_sync(made)
    except MalformedError as error:
        return await _list(asked, form, error=error)
    return await _list(asked, form, said="Asked for: it is planned within a minute or two, and then stands here.")


@page
async def decide(asked: Asked) -> Response:
    await asked.require(Action.PLAN_PURGE, Action.APPROVE_PURGE)
    form, services = await asked.form(), asked.services
    plan_id: int = asked.request.path_params["plan_id"]
    name = form.text("decision", limit=16)
    try:
        action, deed = await run_sync(_deed, asked, form, plan_id)
        ask = ask_of(form, action, {"purge": plan_id, "decision": name})
        await run_sync(services.gate.act, asked.session, ask, services.store.engine, deed)
    except (IllegalMoveError, MalformedError) as error:
        return await _list(asked, form, error=error)
    return await _list(asked, form, said=SAID[name])


@page
async def stated(asked: Asked) -> Response:
    """The custodian states that the clock is right."""
    await asked.require(Action.PLAN_PURGE)
    form, services = await asked.form(), asked.services
    reason = form.text("reason")

    def told() -> None:
        deed = partial(clocks.state, seen=_seen(asked), reason=reason, policy=services.policy)
        services.gate.act(
            asked.session, ask_of(form, Action.PLAN_PURGE, {"clock": "right"}), services.store.engine, deed
        )

    try:
        await run_sync(told)
    except (IllegalMoveError, MalformedError) as error:
        return await _list(asked, form, error=error)
    return await _list(asked, form, said="Stated: the clock is right.")


@page
async def certified(asked: Asked) -> Response:
    """A purge's certificate, as it was issued."""
    await asked.require(Action.PLAN_PURGE, Action.APPROVE_PURGE, Action.READ_RECORD)
    plan_id: int = asked.request.path_params["plan_id"]
    issued = await run_sync(certificate, asked.services.store.engine, plan_id)
    return _paper(f"purge-{plan_id}-certificate.json", issued.content, issued.sha256)


@page
async def completed(asked: Asked) -> Response:
    """That what a certificate says was removed is destroyed, as it was issued."""
    await asked.require(Action.PLAN_PURGE, Action.APPROVE_PURGE, Action.READ_RECORD)
    plan_id: int = asked.request.path_params["plan_id"]
    made = await run_sync(completion, asked.services.store.engine, plan_id)
    return _paper(f"purge-{plan_id}-completion.json", made.content, made.sha256)


def _paper(name: str, content: str, sha256: str) -> Response:
    headers = {"content-disposition": f'attachment; filename="{name}"', "ETag": f'"{sha256}"'}
    return Response(content, media_type="application/json", headers=headers)


def _deed(asked: Asked, form: Form, plan_id: int) -> tuple[Action, Callable[[Grant, Connection], Found[Any]]]:
    """What a form decides. Raises MalformedError."""
    key, reason, name = planning.key_of(asked.services.settings), form.text("reason"), form.text("decision", limit=16)
    if name == "approve":
        return Action.APPROVE_PURGE, partial(
            planning.approve, plan_id=plan_id, reason=reason, policy=asked.services.policy, key=key
        )
    if name == "begin":
        return Action.PLAN_PURGE, partial(
            planning.begin, plan_id=plan_id, key=key, seen=_seen(asked), policy=asked.services.policy
        )
    if name == "cancel":
        action = Action.PLAN_PURGE if asked.may(Action.PLAN_PURGE) else Action.APPROVE_PURGE
        return action, partial(planning.cancel, plan_id=plan_id, reason=reason)
    raise MalformedError("field", "there is no such decision", remedy="open the list again")


async def _list(asked: Asked, form: Form, *, said: str = "", error: AlprError | None = None) -> Response:
    services = asked.services
    action = Action.PLAN_PURGE if asked.may(Action.PLAN_PURGE) else Action.APPROVE_PURGE
    key = planning.key_of(services.settings)
    search = partial(planning.purges, engine=services.store.engine, at=asked.at, key=key)
    answer = await run_sync(services.gate.answer, asked.session, ask_of(form, action, {}), search)

    def looked() -> tuple[pd.DataFrame, dict[str, int], dict[str, int], list[Any]]:
        with reading(services.store.engine) as connection:
            unplanned = drafting.unplanned(connection)
            others = {due.TITLES[kind]: len(of(connection, services.policy, asked.on)) for kind, of in due.DUE.items()}
            late = due.overdue(connection, services.policy, asked.on)
            return judge_days(connection, policy=services.policy, on=asked.on), others, late, unplanned

    days, others, late, unplanned = await run_sync(looked)
    in_doubt = clocks.doubts(await run_sync(_seen, asked), asked.at, services.policy)
    status = 200 if error is None else 409 if isinstance(error, IllegalMoveError) else 400
    sums = {name: int(days[name].sum()) for name in ("n_captures", "n_young", "n_held", "n_eligible", "n_conflict")}
    return await asked.page(
        "purges.html", status=status, form=_told(form), rows=answer.rows, receipt=answer.receipt, error=error, said=said, sums=sums,
        in_doubt=in_doubt, now=asked.at, unplanned=unplanned, others=others, titles=due.TITLES,
        late=late, n_late=int(days.loc[days["is_overdue"], "n_eligible"].sum()),
        first=min((day for day, n in zip(days["day"], days["n_eligible"], strict=True) if n), default=None),
        names=await run_sync(register.names, services.store.engine), me=asked.session.member.member_id, **_may(asked),
    )  # fmt: skip


def _on_file(form: Form, name: str) -> OnFile:
    """A document's reference, date and last day. Raises MalformedError."""
    reference = form.text(name, limit=MAX_REFERENCE)
    return OnFile(reference, form.needed_day(f"{name}_on"), form.day(f"{name}_until"))


def _seen(asked: Asked) -> ClockSeen:
    services = asked.services
    return clocks.look(services.store.engine, services.settings, services.policy)


def _may(asked: Asked) -> dict[str, bool]:
    return {"may_plan": asked.may(Action.PLAN_PURGE), "may_approve": asked.may(Action.APPROVE_PURGE)}


def _told(form: Form) -> Filled:
    return Filled({name: form.text(name) for name in WHY})


ROUTES: Final = [
    Route("/purges", listed, methods=["GET", "POST"]),
    Route("/purges/plan", plan, methods=["POST"]),
    Route("/purges/clock", stated, methods=["POST"]),
    Route("/purges/{plan_id:int}/decide", decide, methods=["POST"]),
    Route("/purges/{plan_id:int}/certificate", certified),
    Route("/purges/{plan_id:int}/completion", completed),
]
