"""Breaches by page: reported, measured, decided on, told, closed; for commander, administrator and city attorney (Civ. Code 1798.29).

Here: from forms to acts. Not here: any rule (`lifecycle.breaches`). No page of these shows a vehicle: ids are kept, counts are told.
"""

from __future__ import annotations

from typing import Any, Final

from anyio.to_thread import run_sync
from starlette.responses import Response
from starlette.routing import Route

from alpr_assets.access import register
from alpr_assets.access.record.exporting import opened
from alpr_assets.access.roles import Action
from alpr_assets.console.pages.asking import Asked, Filled, Form, back_to, page
from alpr_assets.console.pages.watches_forms import wall
from alpr_assets.console.responding import status_of
from alpr_assets.errors import AlprError, MalformedError, NotFoundError
from alpr_assets.lifecycle.breaches import deciding
from alpr_assets.lifecycle.breaches.deciding import WHO
from alpr_assets.lifecycle.breaches.measuring import Measure, measure
from alpr_assets.lifecycle.breaches.notices import NOTICES
from alpr_assets.lifecycle.breaches.suspecting import NAMED, TITLES, Kind, Suspected
from alpr_assets.store.breaches import MAX_TEXT
from alpr_assets.store.engine import reading

SEE: Final = (Action.REPORT_BREACH, Action.DECIDE_BREACH, Action.READ_RECORD)
FIELDS: Final = ("what", "discovered_at", "kind", "number", "since_at", "until_at")
SAYS: Final = {
    "reported": "reported",
    "notice_owed": "notice is owed",
    "notice_not_owed": "notice is not owed",
    "delayed": "delayed for law enforcement",
    "individuals_notified": "individuals notified",
    "attorney_general_notified": "Attorney General notified",
    "closed": "closed",
}
"""Decisions in words."""
ACTS: Final = {
    "notice_owed": "Notice is owed",
    "notice_not_owed": "Notice is not owed",
    "delayed": "Delay the notice",
    "individuals_notified": "Individuals were notified",
    "attorney_general_notified": "Attorney General was notified",
    "closed": "Close it",
}
"""What a button says that decides so."""


@page
async def listed(asked: Asked) -> Response:
    await asked.require(*SEE)
    return await _list(asked, Filled())


@page
async def report(asked: Asked) -> Response:
    await asked.require(Action.REPORT_BREACH)
    form, zone = await asked.form(), asked.services.policy.zone
    told = Filled({name: form.text(name, limit=MAX_TEXT) for name in FIELDS})
    try:
        discovered_at = wall(form, "discovered_at", zone, latest=False)
        if discovered_at is None:
            raise MalformedError("field", "discovered: a time is needed")
        breach_id = await run_sync(
            lambda: deciding.report(
                asked.services.office, what=told["what"], discovered_at=discovered_at, suspected=_suspected(form, asked),
                by=asked.by, at=asked.at,
            )
        )  # fmt: skip
    except AlprError as error:
        return await _list(asked, told, error)
    return back_to(f"/breaches/{breach_id}")


@page
async def one(asked: Asked) -> Response:
    await asked.require(*SEE)
    return await _one(asked)


@page
async def look(asked: Asked) -> Response:
    """Measure what it reached, by the record and the store as they are now."""
    await asked.require(Action.REPORT_BREACH)
    services, breach_id = asked.services, _breach_id(asked)

    def measured() -> Measure:
        suspected = deciding.one(services.store.engine, services.policy, breach_id).suspected
        with reading(services.store.engine) as connection, opened(services.settings) as (_, record):
            return measure(connection, record, suspected)

    try:
        found = await run_sync(measured)
        await run_sync(lambda: deciding.keep(services.office, breach_id, found, by=asked.by, at=asked.at))
    except AlprError as error:
        return await _one(asked, error)
    return back_to(f"/breaches/{breach_id}")


@page
async def decide(asked: Asked) -> Response:
    await asked.require(Action.DECIDE_BREACH)
    form, breach_id = await asked.form(), _breach_id(asked)
    try:
        parts: dict[str, Any] = {
            "until_on": form.day("until_on"), "done_on": form.day("done_on"),
            "n_notified": form.number("n_notified") if form.text("n_notified") else None,
        }  # fmt: skip
        kind, reason = form.text("decision", limit=32), form.text("reason", limit=MAX_TEXT)
        await run_sync(
            lambda: deciding.decide(
                asked.services.office, breach_id, kind, reason=reason, **parts, by=asked.by, at=asked.at
            )
        )  # fmt: skip
    except AlprError as error:
        return await _one(asked, error)
    return back_to(f"/breaches/{breach_id}")


@page
async def notice(asked: Asked) -> Response:
    """A draft of a notice, as text to be filled in."""
    await asked.require(Action.REPORT_BREACH, Action.DECIDE_BREACH)
    services, breach_id, name = asked.services, _breach_id(asked), asked.request.path_params["name"]
    if name not in NOTICES:
        raise NotFoundError("there is no such notice")
    found = await run_sync(deciding.one, services.store.engine, services.policy, breach_id)
    content = NOTICES[name](found, services.policy, asked.on)
    headers = {"content-disposition": f'attachment; filename="breach-{breach_id}-{name}.txt"'}
    return Response(content, media_type="text/plain; charset=utf-8", headers=headers)


def _suspected(form: Form, asked: Asked) -> Suspected:
    """What a form names; a number that its kind does not need is left out. Raises MalformedError."""
    zone = asked.services.policy.zone
    try:
        kind = Kind(form.text("kind", limit=16))
    except ValueError as error:
        raise MalformedError("field", "choose what somebody got hold of") from error
    return Suspected(
        kind=kind, number=form.number("number") if kind in NAMED else None,
        since=wall(form, "since_at", zone, latest=False), until=wall(form, "until_at", zone, latest=True),
    )  # fmt: skip


def _breach_id(asked: Asked) -> int:
    breach_id: int = asked.request.path_params["breach_id"]
    return breach_id


async def _list(asked: Asked, form: Filled, error: AlprError | None = None) -> Response:
    services = asked.services
    found = await run_sync(deciding.breaches, services.store.engine, services.policy)
    return await asked.page(
        "breaches.html", status=status_of(error)[0] if error else 200, error=error, form=form, breaches=found, kinds=TITLES, on=asked.on,
        may_report=asked.may(Action.REPORT_BREACH),
    )  # fmt: skip


async def _one(asked: Asked, error: AlprError | None = None) -> Response:
    services = asked.services
    found = await run_sync(deciding.one, services.store.engine, services.policy, _breach_id(asked))
    role = asked.session.member.role
    mine = [kind for kind, roles in WHO.items() if role in roles] if asked.may(Action.DECIDE_BREACH) else []
    return await asked.page(
        "breach.html", status=status_of(error)[0] if error else 200, error=error, breach=found, kinds=TITLES, says=SAYS, acts=ACTS, mine=mine, on=asked.on,
        names=await run_sync(register.names, services.store.engine), may_report=asked.may(Action.REPORT_BREACH),
        may_draft=asked.may(Action.REPORT_BREACH, Action.DECIDE_BREACH), notices=NOTICES,
    )  # fmt: skip


ROUTES: Final = [
    Route("/breaches", listed),
    Route("/breaches", report, methods=["POST"]),
    Route("/breaches/{breach_id:int}", one),
    Route("/breaches/{breach_id:int}/measure", look, methods=["POST"]),
    Route("/breaches/{breach_id:int}/decide", decide, methods=["POST"]),
    Route("/breaches/{breach_id:int}/notice/{name:str}", notice),
]
