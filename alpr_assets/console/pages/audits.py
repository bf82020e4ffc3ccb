"""Audits by page: the list, planning, one audit, approving, drawing, signing off, its report (422.3.1(c), 422.6(c)).

Here: from forms to acts. Not here: any rule (`access.audits`), the entries of a sample (`audit_entries`), the weekly list (`misuse`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from anyio.to_thread import run_sync
from sqlalchemy import Connection
from starlette.responses import Response
from starlette.routing import Route

from alpr_assets.access import register
from alpr_assets.access.audits import listing, planning, report, sampling
from alpr_assets.access.audits.judging import QUESTIONS
from alpr_assets.access.audits.planning import Frequency, Wanted
from alpr_assets.access.gate import Ask, Found, Grant
from alpr_assets.access.people import Member, Status
from alpr_assets.access.roles import Action, may
from alpr_assets.console.pages.asking import Asked, Filled, Form, back_to, page
from alpr_assets.console.responding import status_of
from alpr_assets.errors import AlprError, IllegalMoveError, MalformedError, NotFoundError
from alpr_assets.lifecycle.plate_digests import source_of
from alpr_assets.policy import SIGNALS
from alpr_assets.store.engine import reading

FIELDS: Final = ("frequency", "auditor_id", "approver_id", "since_on", "until_on", "n_random", "n_risk")
Deed = Callable[[Grant, Connection], Found[Any]]


@page
async def listed(asked: Asked) -> Response:
    await asked.require(*listing.ACTIONS)
    return await _list(asked, Filled())


@page
async def plan(asked: Asked) -> Response:
    await asked.require(Action.PLAN_AUDIT)
    form = await asked.form()
    try:
        deed = partial(planning.plan, wanted=_wanted(form), policy=asked.services.policy)
        audit_id = await acted(asked, Action.PLAN_AUDIT, deed)
    except MalformedError as error:
        return await _list(asked, Filled({name: form.text(name) for name in FIELDS}), error)
    return back_to(f"/audits/{audit_id}")


@page
async def one(asked: Asked) -> Response:
    await asked.require(*listing.ACTIONS)
    return await show(asked, asked.request.path_params["audit_id"])


@page
async def decide(asked: Asked) -> Response:
    await asked.require(*listing.ACTIONS)
    form = await asked.form()
    audit_id: int = asked.request.path_params["audit_id"]
    name = form.text("decision", limit=16)
    try:
        if name == "draw":
            await _draw(asked, audit_id, conducts(asked))
        else:
            action, deed = _deed(asked, form, name, audit_id)
            await acted(asked, action, deed, audit=audit_id, decision=name)
        if name == "approve":  # the sample is fixed by now; drawn by hand where this does not come to its end
            await _draw(asked, audit_id, Action.APPROVE_AUDIT)
    except (IllegalMoveError, MalformedError) as error:
        return await show(asked, audit_id, error)
    return back_to(f"/audits/{audit_id}")


@page
async def reported(asked: Asked) -> Response:
    """An audit's report, as it was issued."""
    await asked.require(*listing.ACTIONS)
    audit_id: int = asked.request.path_params["audit_id"]
    ending = asked.request.path_params["ending"]
    made = await run_sync(report.issued, asked.services.store.engine, audit_id)
    files = {
        "html": (made.html.encode(), "text/html; charset=utf-8", made.html_sha256),
        "pdf": (made.pdf, "application/pdf", made.pdf_sha256),
    }
    if ending not in files:
        raise NotFoundError("there is no such report")
    body, media_type, sha256 = files[ending]
    headers = {"content-disposition": f'attachment; filename="audit-{audit_id}.{ending}"', "ETag": f'"{sha256}"'}
    return Response(body, media_type=media_type, headers=headers)


# ── for the pages beside this one ──────────────────────────────────────────────────────────────────────────────────


async def acted(asked: Asked, action: Action, deed: Deed, **details: Any) -> Any:
    """Do it through the gate; what the deed says."""
    ask = Ask(action=action, purpose="", case_number="", details=details)
    return (await run_sync(asked.services.gate.act, asked.session, ask, asked.services.store.engine, deed)).rows


def conducts(asked: Asked) -> Action:
    """Under which action somebody looks at entries, findings and signals: the auditor's, or the approver's."""
    return Action.CONDUCT_AUDIT if asked.may(Action.CONDUCT_AUDIT) else Action.APPROVE_AUDIT


async def show(asked: Asked, audit_id: int, error: AlprError | None = None) -> Response:
    """One audit; looking at it is recorded."""
    engine = asked.services.store.engine
    ask = Ask(action=_looks(asked), purpose="", case_number="", details={"audit": audit_id})
    search = partial(listing.one, engine=engine, audit_id=audit_id)
    answer = await run_sync(asked.services.gate.answer, asked.session, ask, search)
    return await asked.page(
        "audit.html", status=status_of(error)[0] if error else 200, error=error, audit=answer.rows, receipt=answer.receipt,
        names=await run_sync(register.names, engine), owners=await run_sync(active, asked), me=asked.session.member.member_id,
        may_plan=asked.may(Action.PLAN_AUDIT), may_approve=asked.may(Action.APPROVE_AUDIT), may_conduct=asked.may(Action.CONDUCT_AUDIT),
        questions=QUESTIONS, on=asked.on,
    )  # fmt: skip


def active(asked: Asked) -> list[Member]:
    """Who can be given something to do."""
    return register.members(asked.services.store.engine, status=Status.ACTIVE)


# ── parts ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _looks(asked: Asked) -> Action:
    return next((action for action in listing.ACTIONS if asked.may(action)), Action.CONDUCT_AUDIT)


async def _list(asked: Asked, form: Filled, error: AlprError | None = None) -> Response:
    services, engine = asked.services, asked.services.store.engine
    ask = Ask(action=_looks(asked), purpose="", case_number="")
    answer = await run_sync(services.gate.answer, asked.session, ask, partial(listing.audits, engine=engine))

    def is_due() -> bool:
        with reading(engine) as connection:
            return listing.is_due(connection, at=asked.at, policy=services.policy)

    people = await run_sync(active, asked)
    me = asked.session.member.member_id
    return await asked.page(
        "audits.html", status=400 if error else 200, error=error, form=form, rows=answer.rows, receipt=answer.receipt,
        is_due=await run_sync(is_due), names=await run_sync(register.names, engine), frequencies=list(Frequency), signals=SIGNALS,
        auditors=[one for one in people if may(one.role, Action.CONDUCT_AUDIT)],
        approvers=[one for one in people if may(one.role, Action.APPROVE_AUDIT) and one.member_id != me],
        may_plan=asked.may(Action.PLAN_AUDIT), may_review=asked.may(Action.CONDUCT_AUDIT, Action.APPROVE_AUDIT),
    )  # fmt: skip


def _wanted(form: Form) -> Wanted:
    """A plan from its form. Raises MalformedError."""
    try:
        frequency = Frequency(form.text("frequency"))
    except ValueError as error:
        raise MalformedError("field", "how often: one of the list", remedy="open the page again") from error
    return Wanted(
        frequency=frequency,
        auditor_id=form.number("auditor_id"),
        approver_id=form.number("approver_id"),
        since_on=form.needed_day("since_on"),
        until_on=form.needed_day("until_on"),
        n_random=form.number("n_random"),
        n_risk=form.number("n_risk"),
        areas=tuple(form.several("areas")),
    )


def _deed(asked: Asked, form: Form, name: str, audit_id: int) -> tuple[Action, Deed]:
    reason = form.text("reason")
    if name == "approve":
        return Action.APPROVE_AUDIT, partial(planning.approve, audit_id=audit_id, reason=reason)
    if name == "sign":
        return Action.APPROVE_AUDIT, partial(planning.sign, audit_id=audit_id, reason=reason)
    if name == "cancel":
        action = Action.PLAN_AUDIT if asked.may(Action.PLAN_AUDIT) else Action.APPROVE_AUDIT
        return action, partial(planning.cancel, audit_id=audit_id, reason=reason)
    raise MalformedError("field", "there is no such decision", remedy="open the page again")


async def _draw(asked: Asked, audit_id: int, action: Action) -> None:
    """Draw an approved audit's sample, and keep it."""
    services = asked.services
    await asked.require(action)

    def sampled() -> Any:
        source = source_of(services.settings, services.policy)
        with reading(services.store.engine) as connection:
            return sampling.sampled(connection, audit_id, source, policy=services.policy)

    sample = await run_sync(sampled)
    await acted(
        asked, action, partial(sampling.keep_sample, audit_id=audit_id, sample=sample), audit=audit_id, decision="draw"
    )


ROUTES: Final = [
    Route("/audits", listed),
    Route("/audits/plan", plan, methods=["POST"]),
    Route("/audits/{audit_id:int}", one),
    Route("/audits/{audit_id:int}/decide", decide, methods=["POST"]),
    Route("/audits/{audit_id:int}/report.{ending:str}", reported),
]
