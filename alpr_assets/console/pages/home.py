"""Home: what I can do, until when I am trained, whether the system is at work, which sessions are open in my name."""

from __future__ import annotations

from typing import Final

from anyio.to_thread import run_sync
from starlette.responses import Response
from starlette.routing import Route

from alpr_assets.access import register, sessions
from alpr_assets.console.pages.asking import Asked, page
from alpr_assets.console.pages.hits_banner import SECONDS, banner_for


@page
async def home(asked: Asked) -> Response:
    services = asked.services
    member = await run_sync(register.member, services.store.engine, asked.session.member.member_id)
    mine = await run_sync(lambda: sessions.listed(services.office, at=asked.at, member_id=member.member_id))
    banner = await banner_for(asked)
    return await asked.page("home.html", member=member, mine=mine, on=asked.on, banner=banner, seconds=SECONDS)


ROUTES: Final = [Route("/", home)]
