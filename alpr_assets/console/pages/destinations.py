"""Destinations of alerts by page: proposing, deciding, withdrawing, and alerts that did not arrive (422.4(f)). No rule is here."""

from __future__ import annotations

from typing import Final

from anyio.to_thread import run_sync
from starlette.responses import Response
from starlette.routing import Route

from alpr_assets.access import register
from alpr_assets.access.roles import Action
from alpr_assets.console.pages.asking import Asked, Filled, Form, back_to, page
from alpr_assets.errors import AlprError, MalformedError
from alpr_assets.lifecycle.alerts import destinations, outbox
from alpr_assets.lifecycle.alerts.destinations import Proposed, secret_key
from alpr_assets.lifecycle.alerts.wanted import SOURCES, Wanted

DECIDE: Final = (Action.PROPOSE_DESTINATION, Action.APPROVE_DESTINATION)
ENDED: Final = 20
"""How many that came to an end are listed; the record has all."""


@page
async def show(asked: Asked) -> Response:
    await asked.require(*DECIDE)
    return await _page(asked)


@page
async def act(asked: Asked) -> Response:
    await asked.require(*DECIDE)
    form = await asked.form()
    office, by, at = asked.services.office, asked.by, asked.at
    acts = {
        "propose": lambda: _propose(asked, form),
        "approve": lambda: destinations.approve(office, form.number("destination_id"), by=by, at=at),
        "decline": lambda: destinations.decline(office, form.number("destination_id"), by=by, at=at),
        "withdraw": lambda: destinations.withdraw(office, form.number("destination_id"), by=by, at=at),
        "send_again": lambda: outbox.send_again(office, form.number("outbox_id"), by=by, at=at),
    }
    chosen = acts.get(form.text("act"))
    if chosen is None:
        raise MalformedError("field", "there is no such act", remedy="open the page again")
    try:
        done = await run_sync(chosen)
    except AlprError as error:
        return await _page(asked, error, form=_filled(form) if form.text("act") == "propose" else None)
    if isinstance(done, Proposed) and done.secret is not None:
        return await _page(asked, proposed=done)  # shown this once: no redirect could
    return back_to("/destinations")


def _propose(asked: Asked, form: Form) -> Proposed:
    wanted = Wanted(
        name=form.text("name"),
        kind=form.text("kind"),
        address=form.text("address"),
        sources=frozenset(form.several("sources")),
        categories=frozenset(form.several("categories")),
        tolerant=form.flag("tolerant"),
    )
    replaces = form.number("replaces") if form.text("replaces") else None
    key = secret_key(asked.services.settings)
    return destinations.propose(asked.services.office, key, wanted, replaces=replaces, by=asked.by, at=asked.at)


def _filled(form: Form) -> Filled:
    """What was written, to be put right."""
    one = {name: form.data.get(name, "") for name in ("name", "kind", "address", "replaces", "tolerant")}
    return Filled({**one, "sources": form.several("sources"), "categories": form.several("categories")})


async def _page(
    asked: Asked, error: AlprError | None = None, *, proposed: Proposed | None = None, form: Filled | None = None
) -> Response:
    engine, member = asked.services.store.engine, asked.session.member
    found = await run_sync(destinations.destinations, engine)
    dead = await run_sync(outbox.dead_letters, engine, member)
    names = await run_sync(register.names, engine)
    return await asked.page(
        "destinations.html", status=400 if error else 200, error=error, proposed=proposed, dead=dead, names=names,
        form=form or Filled(),
        waiting=[one for one in found if one.status == "proposed"],
        approved=[one for one in found if one.status == "approved"],
        ended=[one for one in reversed(found) if one.ended_at][:ENDED],
        by_id={one.destination_id: one for one in found}, me=member.member_id, all_sources=SOURCES,
        has_mail=bool(asked.services.settings.smtp_url.get_secret_value()),
        may_propose=asked.may(Action.PROPOSE_DESTINATION), may_approve=asked.may(Action.APPROVE_DESTINATION),
    )  # fmt: skip


ROUTES: Final = [Route("/destinations", show), Route("/destinations", act, methods=["POST"])]
