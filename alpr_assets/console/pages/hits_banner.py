"""Is the system at work? The last read, the worker, the age of each list: on every page of hits (422.4(f)).

Here: reading that, and the fragment which an open page fetches again by itself. Not here: any hit. Nothing of it is of a vehicle, so
nothing is recorded.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from anyio.to_thread import run_sync
from sqlalchemy import Connection, func, select
from starlette.responses import Response
from starlette.routing import Route

from alpr_assets.access.people import Source
from alpr_assets.access.roles import Action
from alpr_assets.console import standing
from alpr_assets.console.pages.asking import Asked, page
from alpr_assets.console.wiring import Services
from alpr_assets.lifecycle.hotlists.ages import ListAge, list_ages
from alpr_assets.lifecycle.worker_state import WorkerState, worker_alive
from alpr_assets.store import schema
from alpr_assets.store.engine import reading

SECONDS: Final = 30  # between two looks of an open page


@dataclass(frozen=True, slots=True)
class Banner:
    """What the banner says.

    last_read_at : when the newest read was captured, aware UTC; None: nothing was read yet
    worker : its newest sign, and whether that is young enough
    lists : in force, of the sources that the member may see, the oldest first
    """

    last_read_at: datetime | None
    worker: WorkerState
    lists: list[ListAge]


def banner(services: Services, sources: frozenset[Source], at: datetime) -> Banner:
    """The banner for who may see these sources."""
    with reading(services.store.engine) as connection:
        ages = list_ages(connection, at, policy=services.policy)
        mine = [one for one in ages if one.source in sources]
        return Banner(_last_read_at(connection), worker_alive(connection, at), mine)


def _last_read_at(connection: Connection) -> datetime | None:
    """Of the newest day, by the primary key. Not the read with the largest number: a backlog is read from its newest end."""
    read = schema.read.c
    newest = select(func.max(read.day)).scalar_subquery()
    found: datetime | None = connection.scalar(select(func.max(read.captured_at)).where(read.day == newest))
    return found


async def banner_for(asked: Asked) -> Banner | None:
    """The banner of who asks for a page; None for who may not view hits."""
    if not await run_sync(asked.may, Action.VIEW_HITS):
        return None
    gate = asked.services.gate
    member = await run_sync(gate.member, asked.session.member.member_id)
    return await run_sync(banner, asked.services, member.sources, asked.at)


@page
async def fragment(asked: Asked) -> Response:
    await run_sync(standing.require_quietly, asked.services.gate, asked.session, Action.VIEW_HITS)
    return await asked.page("hits_banner.html", banner=await banner_for(asked), seconds=SECONDS)


ROUTES: Final = [Route("/hits/banner", fragment)]
