"""Requests by page: in writing, by phone, by order of a court; and completing in writing what came by phone (422.7(a)).

Here: from forms to acts. Not here: any rule (`lifecycle.releases.entering`).
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final, Literal

from anyio.to_thread import run_sync
from starlette.responses import Response
from starlette.routing import Route

from alpr_assets.access.roles import Action
from alpr_assets.console.pages.asking import Asked, Filled, Form, back_to, page
from alpr_assets.console.pages.releases import plain, scope_of, shown
from alpr_assets.console.pages.searches import ask_of
from alpr_assets.console.pages.watches_forms import wall
from alpr_assets.console.responding import status_of
from alpr_assets.errors import AlprError, MalformedError
from alpr_assets.lifecycle.releases import entering, listing, points, reviewing
from alpr_assets.lifecycle.releases.agencies import JURISDICTIONS
from alpr_assets.lifecycle.releases.entering import CAME, Came, Request
from alpr_assets.lifecycle.releases.letters import Letter
from alpr_assets.lifecycle.releases.points import Point
from alpr_assets.store.releases import MAX_NAME, MAX_REASON, MAX_STATUTE

Kind = Literal["written", "exigent", "order"]

ACTIONS: Final[dict[Kind, Action]] = {
    "written": Action.ENTER_RELEASE, "exigent": Action.REVIEW_RELEASE, "order": Action.ORDER_RELEASE,
}  # fmt: skip
FIELDS: Final = (
    "purpose", "case_number", "agency_id", "agreement_id", "person", "person_title", "asked_for", "statute", "came_by", "came_at",
    "pattern", "device_id", "since_at", "until_at", "latitude_deg", "longitude_deg", "radius_m", "with_pictures", "with_hits", "reason",
)  # fmt: skip


@page
async def new(asked: Asked) -> Response:
    return await _entered(asked, "written")


@page
async def exigent(asked: Asked) -> Response:
    return await _entered(asked, "exigent")


@page
async def order(asked: Asked) -> Response:
    return await _entered(asked, "order")


@page
async def complete(asked: Asked) -> Response:
    """The letter that follows an exigent request."""
    await asked.require(Action.ENTER_RELEASE)
    form = await asked.form()
    release_id = form.number("release_id")
    try:
        attached = Letter(*await form.file("letter"))
        deed = partial(
            reviewing.complete, received=asked.services.store.received, release_id=release_id, letter=attached,
            reason=form.text("reason", limit=MAX_REASON),
        )  # fmt: skip
        ask = ask_of(form, Action.ENTER_RELEASE, {"release_id": release_id, "decision": "complete"})
        await run_sync(asked.services.gate.act, asked.session, ask, asked.services.store.engine, deed)
    except AlprError as error:
        return await shown(asked, release_id, error=error)
    return back_to(f"/releases/{release_id}")


# ── parts ──────────────────────────────────────────────────────────────────────────────────────────────────────────


async def _entered(asked: Asked, kind: Kind) -> Response:
    """The form; sent, the request is on file."""
    await asked.require(ACTIONS[kind])
    if asked.request.method == "GET":
        return await _form(asked, kind, Filled())
    form, services = await asked.form(), asked.services
    told = Filled({name: form.text(name) for name in FIELDS})
    told |= {f"is_{point.value}": form.text(f"is_{point.value}") for point in Point}
    try:
        request = _request(form, asked)
        deed = await _deed(asked, form, kind, request)
        ask = ask_of(form, ACTIONS[kind], request.said())
        entered = (await run_sync(services.gate.act, asked.session, ask, services.store.engine, deed)).rows
    except AlprError as error:
        return await _form(asked, kind, told, error=error)
    return back_to(f"/releases/{entered.release_id}")


async def _deed(asked: Asked, form: Form, kind: Kind, request: Request) -> Any:
    store, policy = asked.services.store, asked.services.policy
    if kind == "exigent":
        confirmed = [point for point in Point if form.flag(f"is_{point.value}")]
        reason = form.text("reason", limit=MAX_REASON)
        return partial(entering.exigent, request=request, reason=reason, confirmed=confirmed, policy=policy)
    came_at = wall(form, "came_at", policy.zone, latest=False)
    if came_at is None:
        raise MalformedError("came", "when it came is missing", remedy="give the day and time on its stamp")
    letter = Letter(*await form.file("letter"))
    said: dict[str, Any] = {
        "received": store.received, "request": request, "letter": letter, "came_at": came_at, "policy": policy
    }  # fmt: skip
    if kind == "order":
        return partial(entering.order, **said)
    came_by = next((one for one in Came if one == form.text("came_by", limit=10)), None)
    if came_by is None:
        raise MalformedError("field", "came_by: choose one of the list", remedy="open the page again")
    return partial(entering.enter, **said, came_by=came_by)


def _request(form: Form, asked: Asked) -> Request:
    return Request(
        agency_id=form.number("agency_id"), person=form.text("person", limit=MAX_NAME), person_title=form.text("person_title", limit=MAX_NAME),
        asked_for=form.text("asked_for", limit=MAX_REASON), statute=form.text("statute", limit=MAX_STATUTE), scope=scope_of(form, asked),
        agreement_id=form.number("agreement_id") if form.text("agreement_id") else None,
    )  # fmt: skip


async def _form(asked: Asked, kind: Kind, form: Filled, *, error: AlprError | None = None) -> Response:
    services = asked.services
    registry = partial(listing.registry, engine=services.store.engine)
    answer = await run_sync(services.gate.answer, asked.session, plain(Action.VIEW_RELEASES, {}), registry)
    known = [row for row in answer.rows if row["status"] != "retired"]
    return await asked.page(
        "release_new.html", status=status_of(error)[0] if error else 200, kind=kind, form=form, error=error, agencies=known, came=CAME,
        questions=points.QUESTIONS, jurisdictions=JURISDICTIONS, on=asked.on,
    )  # fmt: skip


ROUTES: Final = [
    Route("/releases/new", new, methods=["GET", "POST"]),
    Route("/releases/exigent", exigent, methods=["GET", "POST"]),
    Route("/releases/order", order, methods=["GET", "POST"]),
    Route("/releases/complete", complete, methods=["POST"]),
]
