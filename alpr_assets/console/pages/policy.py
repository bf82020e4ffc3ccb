"""The public pages: the usage and privacy policy in force, in the order of Civil Code 1798.90.51(b), and the figures of each month.

With it the page on which the commander puts the policy at work in force, or ends it. No rule is here.
"""

from __future__ import annotations

from typing import Final

from anyio.to_thread import run_sync
from starlette.responses import Response
from starlette.routing import Route

from alpr_assets.access import governing
from alpr_assets.access.roles import Action
from alpr_assets.console.pages.asking import Asked, back_to, page
from alpr_assets.errors import AlprError, NotFoundError
from alpr_assets.lifecycle.transparency import pages


@page
async def show(asked: Asked) -> Response:
    return await _public(asked, "policy.html")


@page
async def figures(asked: Asked) -> Response:
    return await _public(asked, "transparency.html")


@page
async def figures_json(asked: Asked) -> Response:
    services = asked.services
    told = await run_sync(pages.shown, services.store.engine, services.policy, asked.at, pages.CONSOLE)
    return Response(pages.as_json(told["report"]), media_type="application/json")


@page
async def figures_schema(_asked: Asked) -> Response:
    return Response(pages.schema_json(), media_type="application/schema+json")


@page
async def text(asked: Asked) -> Response:
    """A version's file as it was put in force, for whoever compares its hash."""
    number = asked.request.query_params.get("version", "")
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        raise NotFoundError("there is no such version of the policy")
    content = await run_sync(governing.content, asked.services.store.engine, int(number))
    return Response(content, media_type="text/plain; charset=utf-8")


@page
async def governed(asked: Asked) -> Response:
    await asked.require(Action.PUT_POLICY_IN_FORCE)
    return await _governing(asked)


@page
async def govern(asked: Asked) -> Response:
    """Put the policy at work in force, or end the one that is."""
    form = await asked.form()
    office = asked.services.office
    try:
        if form.text("act") == "end":
            await run_sync(lambda: governing.end(office, form.text("reason"), by=asked.by, at=asked.at))
        else:
            await run_sync(
                lambda: governing.put_in_force(
                    office, posted_on=form.needed_day("posted_on"), posted_where=form.text("posted_where"), by=asked.by,
                    at=asked.at,
                )
            )  # fmt: skip
    except AlprError as error:
        return await _governing(asked, error)
    found = await run_sync(asked.services.gate.governed, asked.at)
    governing.tell(asked.services.settings.path("data"), found)
    return back_to("/policy/in-force")


async def _governing(asked: Asked, error: AlprError | None = None) -> Response:
    standing = await run_sync(asked.services.gate.governed, asked.at)
    return await asked.page(
        "policy_in_force.html", status=400 if error else 200, error=error, standing=standing, on=asked.on
    )


async def _public(asked: Asked, name: str) -> Response:
    services = asked.services
    told = await run_sync(pages.shown, services.store.engine, services.policy, asked.at, pages.CONSOLE)
    return await asked.page(name, **{name: value for name, value in told.items() if name != "local"})


@page
async def healthy(_asked: Asked) -> Response:
    """Alive, and nothing else: for a supervisor process."""
    return Response(status_code=204)


ROUTES: Final = [
    Route("/policy", show),
    Route("/policy/text", text),
    Route("/policy/in-force", governed),
    Route("/policy/in-force", govern, methods=["POST"]),
    Route("/transparency", figures),
    Route("/transparency.json", figures_json),
    Route("/transparency.schema.json", figures_schema),
    Route("/healthz", healthy),
]
