"""The public page: the usage and privacy policy, in the order that Civil Code 1798.90.51(b) asks for."""

from __future__ import annotations

from typing import Final

from anyio.to_thread import run_sync
from starlette.responses import Response
from starlette.routing import Route

from alpr_assets.access import designee
from alpr_assets.access.roles import Role
from alpr_assets.console.pages.asking import Asked, page


@page
async def show(asked: Asked) -> Response:
    titles = asked.services.policy.titles
    custodian = next((title.title for title in titles if title.role == Role.CUSTODIAN), "not named")
    holder = await run_sync(designee.current, asked.services.store.engine, asked.on)
    return await asked.page("policy.html", custodian=custodian, designee=holder)


@page
async def healthy(_asked: Asked) -> Response:
    """Alive, and nothing else: for a supervisor process."""
    return Response(status_code=204)


ROUTES: Final = [Route("/policy", show), Route("/healthz", healthy)]
