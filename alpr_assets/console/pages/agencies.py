"""Agencies by page: the registry, verified by two people, with keys and standing agreements (422.7). No rule is here."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from anyio.to_thread import run_sync
from sqlalchemy import Connection
from starlette.responses import Response
from starlette.routing import Route

from alpr_assets.access import register
from alpr_assets.access.gate import Found, Grant
from alpr_assets.access.roles import Action
from alpr_assets.console.pages.asking import Asked, Filled, Form, back_to, page
from alpr_assets.console.pages.releases import attached, plain
from alpr_assets.console.responding import status_of
from alpr_assets.errors import AlprError, MalformedError
from alpr_assets.lifecycle.releases import agencies, agreements, letters, listing
from alpr_assets.lifecycle.releases.agencies import JURISDICTIONS, KINDS, AgencyKind, Described, Jurisdiction
from alpr_assets.lifecycle.releases.letters import Letter
from alpr_assets.lifecycle.releases.scopes import KINDS as SCOPES
from alpr_assets.store.releases import MAX_CONTACT, MAX_KEY, MAX_NAME, MAX_REASON

FIELDS: Final = ("name", "kind", "jurisdiction", "state", "ori", "contact", "recipient", "reason")


@page
async def listed(asked: Asked) -> Response:
    await asked.require(Action.VIEW_RELEASES)
    if asked.request.method == "GET":
        return await _page(asked)
    await asked.require(Action.KEEP_AGENCIES)
    form = await asked.form()
    try:
        described = _described(form)
        deed = partial(agencies.propose, described=described, reason=form.text("reason", limit=MAX_REASON))
        await _done(asked, deed, {"name": described.name, "jurisdiction": described.jurisdiction.value})
    except AlprError as error:
        return await _page(asked, error, Filled({name: form.text(name) for name in FIELDS}))
    return back_to("/agencies")


@page
async def decide(asked: Asked) -> Response:
    await asked.require(Action.KEEP_AGENCIES)
    form, agency_id = await asked.form(), asked.request.path_params["agency_id"]
    name, reason = form.text("decision", limit=16), form.text("reason", limit=MAX_REASON)
    deeds: dict[str, Callable[[Grant, Connection], Found[Any]]] = {
        "verify": partial(agencies.verify, agency_id=agency_id, reason=reason),
        "retire": partial(agencies.retire, agency_id=agency_id, reason=reason),
        "key": partial(
            agencies.propose_key, agency_id=agency_id, recipient=form.text("recipient", limit=MAX_KEY), reason=reason
        ),
    }
    try:
        if name not in deeds:
            raise MalformedError("field", "there is no such decision", remedy="open the page again")
        await _done(asked, deeds[name], {"agency_id": agency_id, "decision": name})
    except AlprError as error:
        return await _page(asked, error)
    return back_to("/agencies")


@page
async def agree(asked: Asked) -> Response:
    """A standing agreement, with its memorandum."""
    await asked.require(Action.KEEP_AGENCIES)
    form = await asked.form()
    try:
        agency_id = form.number("agency_id")
        deed = partial(
            agreements.enter, received=asked.services.store.received, agency_id=agency_id, letter=Letter(*await form.file("file")),
            title=form.text("title", limit=MAX_NAME), from_on=form.needed_day("from_on"), to_on=form.needed_day("to_on"),
            scopes=form.several("scopes"),
        )  # fmt: skip
        await _done(asked, deed, {"agency_id": agency_id})
    except AlprError as error:
        return await _page(asked, error)
    return back_to("/agencies")


@page
async def end(asked: Asked) -> Response:
    await asked.require(Action.KEEP_AGENCIES)
    form, agreement_id = await asked.form(), asked.request.path_params["agreement_id"]
    try:
        deed = partial(agreements.end, agreement_id=agreement_id, to_on=form.needed_day("to_on"))
        await _done(asked, deed, {"agreement_id": agreement_id})
    except AlprError as error:
        return await _page(asked, error)
    return back_to("/agencies")


@page
async def memorandum(asked: Asked) -> Response:
    await asked.require(Action.VIEW_RELEASES)
    services, agreement_id = asked.services, asked.request.path_params["agreement_id"]
    search = partial(
        letters.memorandum, engine=services.store.engine, received=services.store.received, agreement_id=agreement_id
    )
    ask = plain(Action.VIEW_RELEASES, {"agreement_id": agreement_id})
    answer = await run_sync(services.gate.answer, asked.session, ask, search)
    return attached(answer.rows, f"agreement-{agreement_id}")


async def _done(asked: Asked, deed: Callable[[Grant, Connection], Found[Any]], elements: dict[str, Any]) -> None:
    ask = plain(Action.KEEP_AGENCIES, elements)
    await run_sync(asked.services.gate.act, asked.session, ask, asked.services.store.engine, deed)


def _described(form: Form) -> Described:
    kind = next((one for one in AgencyKind if one == form.text("kind", limit=16)), None)
    jurisdiction = next((one for one in Jurisdiction if one == form.text("jurisdiction", limit=12)), None)
    if kind is None or jurisdiction is None:
        raise MalformedError("field", "choose what it is and whose", remedy="open the page again")
    return Described(
        name=form.text("name", limit=MAX_NAME), kind=kind, jurisdiction=jurisdiction, state=form.text("state", limit=2),
        ori=form.text("ori", limit=9), contact=form.text("contact", limit=MAX_CONTACT), recipient=form.text("recipient", limit=MAX_KEY),
    )  # fmt: skip


async def _page(asked: Asked, error: AlprError | None = None, form: Filled | None = None) -> Response:
    services = asked.services
    search = partial(listing.registry, engine=services.store.engine)
    answer = await run_sync(services.gate.answer, asked.session, plain(Action.VIEW_RELEASES, {}), search)
    return await asked.page(
        "agencies.html", status=status_of(error)[0] if error else 200, error=error, rows=answer.rows, form=form or Filled(), on=asked.on,
        names=await run_sync(register.names, services.store.engine), kinds=KINDS, jurisdictions=JURISDICTIONS, scopes=SCOPES,
        may_keep=asked.may(Action.KEEP_AGENCIES), me=asked.session.member.member_id,
    )  # fmt: skip


ROUTES: Final = [
    Route("/agencies", listed, methods=["GET", "POST"]),
    Route("/agencies/{agency_id:int}/decide", decide, methods=["POST"]),
    Route("/agencies/agreements", agree, methods=["POST"]),
    Route("/agencies/agreements/{agreement_id:int}", memorandum),
    Route("/agencies/agreements/{agreement_id:int}/end", end, methods=["POST"]),
]
