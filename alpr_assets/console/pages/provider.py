"""Signing in by the department's identity provider: sending the browser there, and its return. Not here: the protocol (`access.provider`)."""

from __future__ import annotations

from typing import Final

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from alpr_assets.access import provider
from alpr_assets.access.openid import Provider
from alpr_assets.console.pages.asking import Asked, page
from alpr_assets.console.pages.signing_in import next_step, set_token
from alpr_assets.console.security import is_secure
from alpr_assets.errors import NotFoundError

FLOW: Final = "alpr-flow"
BACK: Final = "/sign-in/provider/back"


@page
async def go(asked: Asked) -> Response:
    known, office = _provider(asked), asked.services.office
    begun = await run_sync(lambda: provider.begin(office, known, _redirect_uri(asked.request), at=asked.at))
    response = RedirectResponse(begun.url, status_code=303)
    # Lax, unlike the session's: the browser comes back from another site.
    response.set_cookie(
        FLOW, begun.flow, max_age=provider.FLOW_MINUTES * 60, secure=is_secure(asked.request.scope), httponly=True,
        samesite="lax", path=BACK,
    )  # fmt: skip
    return response


@page
async def back(asked: Asked) -> Response:
    known, office = _provider(asked), asked.services.office
    flow, returned = asked.request.cookies.get(FLOW, ""), dict(asked.request.query_params)
    opened = await run_sync(lambda: provider.finish(office, known, flow, returned, address=asked.address, at=asked.at))
    # A page, and not a redirect: the session's cookie is not sent along a way that began at another site.
    step = next_step(opened.session)
    response = await asked.page("provider.html", step=step)
    response.headers["refresh"] = f"0; url={step}"
    set_token(asked, response, opened.token)
    response.delete_cookie(FLOW, path=BACK)
    return response


def _provider(asked: Asked) -> Provider:
    known = provider.configured(asked.services.settings)
    if known is None:
        raise NotFoundError("there is no identity provider here", remedy="sign in by password")
    return known


def _redirect_uri(request: Request) -> str:
    """Where the provider sends the browser back to; the host was held against the known ones before."""
    return f"{request.url.scheme}://{request.headers['host']}{BACK}"


ROUTES: Final = [Route("/sign-in/provider", go), Route(BACK, back)]
