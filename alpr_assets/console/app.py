"""The console: one ASGI application of the pages, the data API and the Dagster UI, behind one sign-in.

Here: the layers, in their order, and the routes. From the outside in: the shield (names, sizes, headers, errors), the session
and default deny, rates, forms of other sites, the routes. Not here: any page.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from anyio.to_thread import run_sync
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from alpr_assets.access import sessions
from alpr_assets.access.people import Session
from alpr_assets.console.api import create_api
from alpr_assets.console.forgery import OwnForms
from alpr_assets.console.hosts import known_hosts
from alpr_assets.console.pages import routes
from alpr_assets.console.rates import Rates
from alpr_assets.console.responding import HERE, broken, refused
from alpr_assets.console.security import SignedIn
from alpr_assets.console.shield import Shield
from alpr_assets.console.wiring import Services
from alpr_assets.errors import AlprError, NotFoundError


def create_app(services: Services) -> ASGIApp:
    """The console over these services."""

    def find(token: str, *, touch: bool) -> Session | None:
        return sessions.find(services.office, token, at=services.clock(), touch=touch)

    app: ASGIApp = create_routes(services)
    app = OwnForms(app, secret=services.secret)
    app = Rates(app)
    app = SignedIn(app, find=find, watch_seconds=services.watch_seconds)
    return Shield(app, hosts=known_hosts(services.settings))


def create_routes(services: Services) -> Starlette:
    """Every route of the console, without the layers around it: what tests enumerate."""
    mounted: list[BaseRoute] = [
        Mount("/static", StaticFiles(directory=HERE / "static"), name="static"),
        Mount("/api", create_api(services), name="api"),
    ]
    if services.workspace is not None:
        from alpr_assets.console.dagster import PREFIX, dagster_app  # noqa: PLC0415 - 2 s
        from alpr_assets.console.door import Door  # noqa: PLC0415

        inner = dagster_app(services.workspace)
        mounted.append(Mount(PREFIX, Door(inner, services.gate, watch_seconds=services.watch_seconds), name="dagster"))
    app = Starlette(
        routes=[*routes(), *mounted],
        exception_handlers={AlprError: _refused, HTTPException: _unknown, Exception: _broken},
        lifespan=_lifespan(services),
    )
    app.state.services = services
    return app


def _lifespan(services: Services) -> Any:
    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            if services.workspace is not None:
                await run_sync(services.workspace.__enter__)
                stack.push_async_callback(run_sync, services.workspace.__exit__, None, None, None)
            yield

    return lifespan


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, AlprError)
    return await run_sync(refused, request.scope, error)


async def _unknown(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        return refused(request.scope, AlprError("this address does not take that"))
    return refused(request.scope, NotFoundError("there is nothing at this address"))


async def _broken(request: Request, error: Exception) -> Response:
    return broken(request.scope, error)
