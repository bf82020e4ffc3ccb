"""Dagster's websocket: subscriptions only, each message read and written anew.

Not here: HTTP (`door`), that the session is one (`security`).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Final

from anyio.to_thread import run_sync
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from alpr_assets.console import graphql
from alpr_assets.console.dagster import PREFIX
from alpr_assets.console.graphql import UnreadableQueryError
from alpr_assets.console.watching import watched
from alpr_assets.errors import AlprError

PROTOCOL: Final = "graphql-ws"  # the one that Dagster speaks
STARTS: Final = frozenset({"start", "subscribe"})  # of both of GraphQL's protocols
PLAIN: Final = frozenset({"connection_init", "connection_terminate", "stop", "complete", "ping", "pong"})
FORBIDDEN: Final = 4403
NOT_UNDERSTOOD: Final = 4400
MAX_ID: Final = 64


class RefusedMessageError(AlprError):
    """A message that is not passed on. Where it names no operation that could be refused, the socket is closed."""

    def __init__(self, message: str, operation_id: str | None = None) -> None:
        super().__init__(message)
        self.operation_id = operation_id


async def subscribed(
    app: ASGIApp, scope: Scope, receive: Receive, send: Send, *, still_allowed: Callable[[], bool], seconds: float
) -> None:
    """Let a websocket through to Dagster, as long as its member may see the pipeline."""
    path = scope["path"].removeprefix(PREFIX)
    if path != "/graphql" or PROTOCOL not in scope.get("subprotocols", []) or not await run_sync(still_allowed):
        await send({"type": "websocket.close", "code": FORBIDDEN, "reason": "not part of your role"})
        return
    scope["state"]["may_operate"] = False  # nothing is changed through a websocket

    async def guarded() -> Message:
        while True:
            message = await receive()
            if message["type"] != "websocket.receive":
                return message
            try:
                return {"type": "websocket.receive", "text": understood(message.get("text"))}
            except RefusedMessageError as error:
                if error.operation_id is None:
                    await send({"type": "websocket.close", "code": NOT_UNDERSTOOD, "reason": str(error)})
                    return {"type": "websocket.disconnect", "code": NOT_UNDERSTOOD}
                told = {"type": "error", "id": error.operation_id, "payload": {"message": str(error)}}
                await send({"type": "websocket.send", "text": json.dumps(told)})

    await watched(app, scope, guarded, send, still_allowed=still_allowed, seconds=seconds)


def understood(text: object) -> str:
    """A message as Dagster gets it. Raises RefusedMessageError where it is none that may pass."""
    try:
        said = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError) as error:
        raise RefusedMessageError("not a message of GraphQL's") from error
    if not isinstance(said, dict):
        raise RefusedMessageError("not a message of GraphQL's")
    kind, operation_id = said.get("type"), said.get("id")
    if operation_id is not None and not (isinstance(operation_id, str) and len(operation_id) <= MAX_ID):
        raise RefusedMessageError("not an operation's id")
    if not isinstance(kind, str):
        raise RefusedMessageError("not a message of GraphQL's")
    if kind in PLAIN:
        return json.dumps({"type": kind, "id": operation_id})
    if kind not in STARTS or operation_id is None:
        raise RefusedMessageError("not a message of GraphQL's")
    try:
        operation = graphql.read_operation(said.get("payload"))
    except UnreadableQueryError as error:
        raise RefusedMessageError(str(error), operation_id) from error
    if not operation.is_subscription:
        raise RefusedMessageError("a websocket carries subscriptions only", operation_id)
    return json.dumps({"type": kind, "id": operation_id, "payload": operation.payload()})
