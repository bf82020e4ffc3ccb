"""Signals of misuse by page: the weekly list, what becomes of each and of findings, and the list of members' own plates (422.6(c)).

Here: from forms to acts. Not here: making the list (Dagster, `misuse_signals`), any rule (`access.audits.reviewing`,
`findings`, `own_plates`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any, Final

from anyio.to_thread import run_sync
from starlette.responses import Response
from starlette.routing import Route

from alpr_assets.access import register
from alpr_assets.access.audits import findings, own_plates, reviewing
from alpr_assets.access.audits.own_plates import Relation
from alpr_assets.access.gate import Ask
from alpr_assets.access.people import Status
from alpr_assets.access.roles import Action
from alpr_assets.console.pages.asking import Asked, Form, back_to, page
from alpr_assets.console.pages.audit_entries import REVIEWERS
from alpr_assets.console.pages.audits import Deed, acted, active, conducts, show
from alpr_assets.console.responding import status_of
from alpr_assets.errors import AlprError, IllegalMoveError, MalformedError, NotFoundError
from alpr_assets.lifecycle.plate_digests import digester
from alpr_assets.store.engine import reading


@page
async def reviews(asked: Asked) -> Response:
    """The newest week's list, or another's."""
    await asked.require(*REVIEWERS)
    asked_for = asked.request.query_params.get("week", "")
    try:
        week = date.fromisoformat(asked_for) if asked_for else None
    except ValueError as error:
        raise NotFoundError("there is no such week") from error
    return await _week(asked, week)


@page
async def decide(asked: Asked) -> Response:
    await asked.require(*REVIEWERS)
    form = await asked.form()
    review_id: int = asked.request.path_params["review_id"]
    week = form.needed_day("week_on")
    try:
        await acted(asked, conducts(asked), _deed(asked, form, review_id), review=review_id)
    except (IllegalMoveError, MalformedError) as error:
        return await _week(asked, week, error)
    return back_to(f"/reviews?week={week}")


@page
async def follow(asked: Asked) -> Response:
    """Close a finding, or give it more time; then back to where it is shown: the week, or the audit."""
    await asked.require(*REVIEWERS)
    form = await asked.form()
    finding_id: int = asked.request.path_params["finding_id"]
    audit_id, week = form.number("audit_id") if form.text("audit_id") else None, form.day("week_on")
    try:
        deed = partial(
            findings.move, finding_id=finding_id, kind=form.text("move", limit=16), note=form.text("note"),
            due_on=form.day("due_on"),
        )  # fmt: skip
        await acted(asked, conducts(asked), deed, finding=finding_id)
    except (IllegalMoveError, MalformedError) as error:
        return await (_week(asked, week, error) if audit_id is None else show(asked, audit_id, error))
    return back_to(f"/reviews?week={week}" if week else "/audits" if audit_id is None else f"/audits/{audit_id}")


@page
async def plates(asked: Asked) -> Response:
    await asked.require(Action.LIST_OWN_PLATES)
    return await _plates(asked)


@page
async def change_plates(asked: Asked) -> Response:
    """Enter a plate, or end one; by whom and for whom is recorded, the plate nowhere."""
    await asked.require(Action.LIST_OWN_PLATES)
    form, services = await asked.form(), asked.services
    act = form.text("act", limit=16)
    done: Callable[[], object]
    try:
        if act == "add":
            digest = digester(services.settings)
            relation = Relation.HOUSEHOLD if form.text("relation", limit=16) == "household" else Relation.OWN
            member_id, typed = form.number("member_id"), form.text("plate", limit=32)
            done = partial(
                own_plates.add, services.office, member_id, typed, relation, digest=digest, by=asked.by, at=asked.at
            )
        elif act == "end":
            done = partial(own_plates.end, services.office, form.number("own_plate_id"), by=asked.by, at=asked.at)
        else:
            raise MalformedError("field", "there is no such act", remedy="open the page again")  # noqa: TRY301 - told on the page
        await run_sync(done)
    except (IllegalMoveError, MalformedError, NotFoundError) as error:
        return await _plates(asked, error)
    return back_to("/own-plates")


def _deed(asked: Asked, form: Form, review_id: int) -> Deed:
    kind, note = form.text("decision", limit=16), form.text("note")
    if kind == "explain":
        return partial(reviewing.explain, review_id=review_id, note=note)
    if kind == "refer":
        return partial(
            reviewing.refer, review_id=review_id, text=note, owner_id=form.number("owner_id"), due_on=form.day("due_on"),
            policy=asked.services.policy,
        )  # fmt: skip
    raise MalformedError("field", "there is no such decision", remedy="open the page again")


async def _week(asked: Asked, week: date | None, error: AlprError | None = None) -> Response:
    services, engine = asked.services, asked.services.store.engine

    def known() -> list[dict[str, Any]]:
        with reading(engine) as connection:
            return reviewing.weeks(connection)

    weeks = await run_sync(known)
    week = week or next((one["week_on"] for one in weeks), reviewing.week_before(asked.on))
    ask = Ask(action=conducts(asked), purpose="", case_number="", details={"week": week.isoformat()})
    answer = await run_sync(
        services.gate.answer, asked.session, ask, partial(reviewing.one_week, engine=engine, week_on=week)
    )
    return await asked.page(
        "reviews.html", status=status_of(error)[0] if error else 200, error=error, week=week, weeks=weeks, rows=answer.rows,
        receipt=answer.receipt, names=await run_sync(register.names, engine), owners=await run_sync(active, asked),
        may_read=asked.may(Action.READ_RECORD), me=asked.session.member.member_id,
    )  # fmt: skip


async def _plates(asked: Asked, error: AlprError | None = None) -> Response:
    engine = asked.services.store.engine
    members = [one for one in await run_sync(register.members, engine) if one.status is not Status.SEPARATED]
    return await asked.page(
        "own_plates.html", status=status_of(error)[0] if error else 200, error=error, rows=await run_sync(own_plates.standing, engine),
        members=members, names=await run_sync(register.names, engine),
    )  # fmt: skip


ROUTES: Final = [
    Route("/reviews", reviews),
    Route("/reviews/{review_id:int}/decide", decide, methods=["POST"]),
    Route("/findings/{finding_id:int}/move", follow, methods=["POST"]),
    Route("/own-plates", plates),
    Route("/own-plates", change_plates, methods=["POST"]),
]
