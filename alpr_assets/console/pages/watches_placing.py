"""Placing a watch by page: the form, what its pattern means, how much it would match, and the watch (422.4(c)).

Here: from the form to preview and deed, and matching the past once the page was sent. Not here: any rule (`lifecycle.watches`), what
fields mean (`watches_forms`). A new watch states its own purpose and number, which become the watch's.
The worker matches the past too: what one of them did the other leaves.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any, Final

from anyio.to_thread import run_sync
from sqlalchemy import Engine
from starlette.background import BackgroundTask
from starlette.responses import Response
from starlette.routing import Route

from alpr_assets.access import register
from alpr_assets.access.people import Status
from alpr_assets.access.record.entries import Receipt
from alpr_assets.access.roles import Action, may
from alpr_assets.console.pages.asking import Asked, Filled, Form, page
from alpr_assets.console.pages.searches import ask_of
from alpr_assets.console.pages.watches import PAST, latest_on, show_watch
from alpr_assets.console.pages.watches_forms import FIELDS, MAX_POLYGON, in_words, wanted_of
from alpr_assets.console.wiring import Services
from alpr_assets.errors import AccessRefusedError, AlprError, MalformedError
from alpr_assets.lifecycle.watches import watches
from alpr_assets.lifecycle.watches.history import match_history
from alpr_assets.lifecycle.watches.patterns import MAX_TYPED, parse
from alpr_assets.lifecycle.watches.preview import preview

log = logging.getLogger(__name__)

DAYS: Final = 7  # that a form proposes


@page
async def new(asked: Asked) -> Response:
    """The form; with `preview` how much it would match; with `place` the watch."""
    await asked.require(Action.PLACE_WATCH)
    if asked.request.method == "GET":
        return await _form(asked, Filled())
    form = await asked.form()
    if form.flag("preview"):
        return await _previewed(asked, form)
    if form.flag("place"):
        return await _placed(asked, form)
    return await _form(asked, _told(form))


@page
async def meaning(asked: Asked) -> Response:
    """What the pattern means so far, for an open form: nothing is searched."""
    await asked.require(Action.PLACE_WATCH)
    typed = (await asked.form()).text("pattern", limit=MAX_TYPED)
    return await asked.page("watch_meaning.html", **_meaning(typed, asked.services.policy.watches.least_known))


async def _form(
    asked: Asked, form: Filled, *, error: AlprError | None = None, counted: Any = None, receipt: Receipt | None = None
) -> Response:
    services = asked.services
    status = 200 if error is None else 403 if isinstance(error, AccessRefusedError) else 400
    meant = _meaning(form["pattern"], services.policy.watches.least_known)
    return await asked.page(
        "watch_new.html", status=status, form=form, error=error, counted=counted, receipt=receipt, today=asked.on,
        usual_on=asked.on + timedelta(days=min(DAYS, services.policy.watches.max_days - 1)), latest_on=latest_on(asked),
        approvers=await run_sync(_approvers, services.store.engine, asked.session.member.member_id), **meant,
    )  # fmt: skip


async def _previewed(asked: Asked, form: Form) -> Response:
    services, told = asked.services, _told(form)
    typed = form.text("pattern", limit=MAX_TYPED)
    search = partial(preview, engine=services.store.engine, typed=typed, policy=services.policy)
    ask = replace(ask_of(form, Action.PLACE_WATCH, {"pattern": typed}), details={"preview": True})
    try:
        answer = await run_sync(services.gate.answer, asked.session, ask, search)
    except (AccessRefusedError, MalformedError) as error:
        return await _form(asked, told, error=error)
    return await _form(asked, told, counted=answer.rows, receipt=answer.receipt)


async def _placed(asked: Asked, form: Form) -> Response:
    services = asked.services
    try:
        wanted = wanted_of(form, services.policy.zone)
        ask = ask_of(form, Action.PLACE_WATCH, watches.elements(wanted))
        deed = partial(watches.place, wanted=wanted, policy=services.policy)
        done = await run_sync(services.gate.act, asked.session, ask, services.store.engine, deed)
    except (AccessRefusedError, MalformedError) as error:
        return await _form(asked, _told(form), error=error)
    watch_id = done.rows
    said = f"Placed, and it runs. It stops in {services.policy.watches.approve_within_hours:g} hours unless a supervisor approves it."
    response = await show_watch(asked, form, watch_id, said=said)
    response.background = BackgroundTask(_match_past, services, watch_id)
    return response


def _match_past(services: Services, watch_id: int) -> None:
    """Match the past of a new watch, telling how far it is. What fails here the worker finds undone."""
    PAST[watch_id] = (0, 0)

    def progress(done: int, days: int) -> None:
        PAST[watch_id] = (done, days)

    try:
        match_history(services.store, watch_id, policy=services.policy, now=services.clock(), progress=progress)
    except Exception as error:  # noqa: BLE001 - nobody waits for it; by its class, since its text may hold a plate
        log.warning("the past of watch %d was not matched: %s", watch_id, type(error).__name__)
    finally:
        PAST.pop(watch_id, None)


def _meaning(typed: str, least_known: float) -> dict[str, Any]:
    """What was typed, in words, and whether it says enough; what is wrong with it; nothing of nothing."""
    found: dict[str, Any] = {
        "typed": typed.strip(),
        "wrong": None,
        "words": [],
        "telling": 0.0,
        "least_known": least_known,
    }
    if not found["typed"]:
        return found
    try:
        pattern = parse(typed)
    except MalformedError as error:
        return {**found, "wrong": error}
    enough = pattern.telling >= least_known - 1e-9
    telling = {"telling": pattern.telling, "enough": enough, "is_partial": pattern.is_partial}
    return {**found, **telling, "words": in_words(pattern)}


def _told(form: Form) -> Filled:
    return Filled({name: form.text(name, limit=MAX_POLYGON) for name in FIELDS})


def _approvers(engine: Engine, me: int) -> dict[int, str]:
    """Who can be named as the supervisor of a covert watch."""
    return {
        member.member_id: f"{member.name}, {member.title}"
        for member in register.members(engine)
        if member.status is Status.ACTIVE and may(member.role, Action.APPROVE_WATCH) and member.member_id != me
    }


ROUTES: Final = [
    Route("/watches/new", new, methods=["GET", "POST"]),
    Route("/watches/meaning", meaning, methods=["POST"]),
]
