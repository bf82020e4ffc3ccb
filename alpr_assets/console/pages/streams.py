"""An open page is told that hits came: a number, over server-sent events (422.4(f)).

Here: the stream, how long it may go on, how many a session may hold. Not here: hits; the page asks for those through the gate.
A stream ends with the session, the training or the role that allowed it. It is never use of the session: a page left open ends.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import Final

import anyio
from anyio.to_thread import run_sync
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.responses import Response
from starlette.routing import Route

from alpr_assets.access.roles import Action
from alpr_assets.console import standing
from alpr_assets.console.pages.asking import Asked, page
from alpr_assets.console.responding import TooManyError, templates
from alpr_assets.console.security import still_open
from alpr_assets.errors import AlprError, MalformedError
from alpr_assets.lifecycle.hits import arriving
from alpr_assets.lifecycle.hits.arriving import Mark
from alpr_assets.store.engine import reading

LOOK_SECONDS: Final = 1.0  # a hit is to reach people within 5 s of its drop
HEARTBEAT_SECONDS: Final = 15
A_SESSION: Final = 4
"""Streams that one session may hold: a browser opens six connections to a host, and pages need some."""

MAX_DIGITS: Final = 18  # of a number that a database holds
NEW: Final = "hits"
ENDED: Final = "ended"


@dataclass(slots=True)
class Streams:
    """The open streams of this process, by session."""

    open: Counter[int] = field(default_factory=Counter)
    lock: Lock = field(default_factory=Lock)

    def require_room(self, session_id: int) -> None:
        """Raise TooManyError where the session holds all that it may."""
        if self.open[session_id] >= A_SESSION:
            raise TooManyError("this session has as many live pages as it may", remedy="close one")

    @contextmanager
    def one_of(self, session_id: int) -> Iterator[None]:
        """Hold one. Raises TooManyError."""
        with self.lock:
            self.require_room(session_id)
            self.open[session_id] += 1
        try:
            yield
        finally:
            with self.lock:
                self.open[session_id] -= 1
                self.open += Counter()  # forgets those that hold none


STREAMS: Final = Streams()


@page
async def stream(asked: Asked) -> Response:
    """Open a stream that counts from where the page stands."""
    await run_sync(standing.require_quietly, asked.services.gate, asked.session, Action.VIEW_HITS)
    since = _mark(asked.request.query_params.get("since", ""))
    STREAMS.require_room(asked.session.session_id)  # before the answer begins: a refusal has a status
    return EventSourceResponse(_held(asked, since), ping=HEARTBEAT_SECONDS)


async def _held(asked: Asked, since: Mark) -> AsyncIterator[ServerSentEvent]:
    with STREAMS.one_of(asked.session.session_id):
        async for event in _events(asked, since):
            yield event


async def _events(asked: Asked, since: Mark) -> AsyncIterator[ServerSentEvent]:
    services = asked.services
    told, look, checked = 0, min(LOOK_SECONDS, services.watch_seconds), anyio.current_time()
    count = _counting(asked, since)
    while True:
        if anyio.current_time() - checked >= services.watch_seconds:
            checked = anyio.current_time()
            if not await run_sync(_still_allowed, asked):
                yield ServerSentEvent(templates().get_template("hits_ended.html").render(), event=ENDED)
                return
        n = await run_sync(count)
        if n != told:
            told = n
            yield ServerSentEvent(templates().get_template("hits_new.html").render(n=n), event=NEW)
        await anyio.sleep(look)


def _counting(asked: Asked, since: Mark) -> Callable[[], int]:
    """Counts with the member as the register has him at each look: a source taken back counts at once."""
    services, member_id = asked.services, asked.session.member.member_id

    def count() -> int:
        member = services.gate.member(member_id)
        with reading(services.store.engine) as connection:
            return arriving.n_since(connection, member, since)

    return count


def _still_allowed(asked: Asked) -> bool:
    """A question that cannot be answered ends the stream too."""
    try:
        return still_open(asked.request.scope) and standing.allowed(
            asked.services.gate, asked.session, Action.VIEW_HITS
        )
    except AlprError:
        return False


def _mark(text: str) -> Mark:
    """`floor-n` as the page was given it. Raises MalformedError."""
    floor, dash, n = text.partition("-")
    if not (dash and all(part.isascii() and part.isdigit() and len(part) <= MAX_DIGITS for part in (floor, n))):
        raise MalformedError("field", "since: two numbers", remedy="open the page again")
    return Mark(int(floor), int(n))


ROUTES: Final = [Route("/hits/stream", stream)]
