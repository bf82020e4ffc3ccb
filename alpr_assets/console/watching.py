"""An open websocket lives only as long as what allowed it: its session, its member's training and role."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

import anyio
from anyio.to_thread import run_sync
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger(__name__)

SESSION_ENDED: Final = 4401


async def watched(
    app: ASGIApp, scope: Scope, receive: Receive, send: Send, *, still_allowed: Callable[[], bool], seconds: float
) -> None:
    """Run a websocket application; close it with 4401 within `seconds` after it is not allowed any more.

    A question that cannot be answered closes it too.
    """
    closed = False

    async def noting(message: Message) -> None:
        nonlocal closed
        closed = closed or message["type"] == "websocket.close"
        await send(message)

    async def watch() -> None:
        while True:
            await anyio.sleep(seconds)
            if not await run_sync(_safely, still_allowed):
                tasks.cancel_scope.cancel()
                return

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(watch)
        await app(scope, receive, noting)
        closed = True
        tasks.cancel_scope.cancel()
    if not closed:
        await send({"type": "websocket.close", "code": SESSION_ENDED, "reason": "the session has ended"})


def _safely(still_allowed: Callable[[], bool]) -> bool:
    try:
        return still_allowed()
    except Exception as error:  # noqa: BLE001 - whatever it was, it was not answered
        # By its class: the text of an error may hold what was asked.
        log.warning("%s: a websocket is closed whose session cannot be looked at", type(error).__name__)
        return False
