"""The door to Dagster: what people open and change is allowed, recorded, and only then passed on.

Every GraphQL request is read here before Dagster sees it (`graphql`), batches one by one. Polls are not recorded and do not keep
a session alive. Not here: what Dagster's own permissions say (`dagster`), websockets (`subscriptions`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from anyio.to_thread import run_sync
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from alpr_assets.access.gate import Gate
from alpr_assets.access.people import Session
from alpr_assets.access.record.entries import Entry, Kind, Outcome
from alpr_assets.access.roles import Action
from alpr_assets.console import graphql, standing
from alpr_assets.console.dagster import PREFIX, tightened
from alpr_assets.console.graphql import Operation, UnreadableQueryError
from alpr_assets.console.responding import refused, wants_page
from alpr_assets.console.subscriptions import subscribed
from alpr_assets.errors import AccessRefusedError, AlprError

CLOSED: Final = ("/report_asset_", "/notebook", "/dagit/notebook")
"""Paths that answer nobody: they write history without a run, or render files of the server."""

DOWNLOADS: Final = ("/logs/", "/download_debug/")
"""Paths whose every opening is recorded."""

FILES: Final = ("/_next/", "/vendor/")

PAGES: Final = frozenset(
    {
        "asset-groups", "assets", "automation", "backfills", "catalog", "config", "deployment", "instance", "jobs",
        "locations", "overview", "runs", "timeline", "workspace",
    }
)  # fmt: skip
"""First parts of Dagster's pages; any other is recorded as `other`, since people can type anything into an address."""


class Door:
    """The only way to Dagster."""

    def __init__(self, app: ASGIApp, gate: Gate, *, watch_seconds: float) -> None:
        self.app = app
        self._gate = gate
        self._watch_seconds = watch_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            session = _session(scope)
            await subscribed(
                self.app,
                scope,
                receive,
                send,
                still_allowed=lambda: standing.allowed(self._gate, session, Action.VIEW_PIPELINE),
                seconds=self._watch_seconds,
            )
            return
        assert scope["type"] == "http"
        try:
            await self._http(scope, receive, send)
        except AlprError as error:
            await refused(scope, error)(scope, receive, send)

    # ── HTTP ───────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        session = _session(scope)
        path = scope["path"].removeprefix(PREFIX) or "/"
        if path.startswith(CLOSED):
            await run_sync(self._closed, session, path)
        if path == "/graphql":
            await self._enter(scope, session, recorded=False)
            response = await self._graphql(Request(scope, receive), session)
            await response(scope, receive, send)
            return
        if scope["method"] not in {"GET", "HEAD"}:
            raise AccessRefusedError(("Dagster's pages are only read",), codes=("method",))
        download = path.startswith(DOWNLOADS)
        opened = download or (wants_page(scope) and not path.startswith(FILES))
        await self._enter(scope, session, recorded=opened)
        if opened:
            await run_sync(self._opened, session, path)
        await self.app(scope, receive, tightened(send))

    async def _enter(self, scope: Scope, session: Session, *, recorded: bool) -> None:
        """Let in who may see the pipeline now. A refused page is recorded, a refused poll is not."""
        if recorded:
            await run_sync(self._gate.require, session, Action.VIEW_PIPELINE)
        elif found := await run_sync(standing.refusals, self._gate, session, Action.VIEW_PIPELINE):
            raise AccessRefusedError(tuple(f.text for f in found), codes=tuple(f.code for f in found))
        scope["state"]["may_operate"] = await run_sync(standing.allowed, self._gate, session, Action.OPERATE_PIPELINE)

    async def _graphql(self, request: Request, session: Session) -> Response:
        try:
            payload = await _payload(request)
            operations = [_operation(each, request.method) for each in graphql.read_batch(payload)]
        except UnreadableQueryError as error:
            return JSONResponse(graphql.refusal(str(error)), status_code=400)
        answers = [await self._execute(request.scope, session, operation) for operation in operations]
        if not isinstance(payload, list):
            return answers[0]
        return JSONResponse([json.loads(bytes(answer.body)) for answer in answers])

    async def _execute(self, scope: Scope, session: Session, operation: Operation) -> Response:
        if not operation.is_mutation:
            return await self._ask_dagster(scope, operation)
        try:
            await run_sync(self._may_mutate, scope, session, operation)
        except AccessRefusedError as error:
            return JSONResponse(graphql.refusal(str(error)), status_code=403)
        answer = await self._ask_dagster(scope, operation)
        if answer.status_code >= 400 or "errors" in json.loads(bytes(answer.body)):
            await run_sync(self._append, session, Action.OPERATE_PIPELINE, Outcome.FAILED, operation.fields)
        return answer

    def _may_mutate(self, scope: Scope, session: Session, operation: Operation) -> None:
        """Refused and recorded, or recorded and done: what cannot be recorded is not sent on."""
        fields = operation.fields
        self._gate.require(session, Action.OPERATE_PIPELINE, details={"mutations": _known(fields)})
        if forbidden := operation.forbidden():
            self._append(session, Action.OPERATE_PIPELINE, Outcome.REFUSED, fields, reasons=("forbidden_mutation",))
            raise AccessRefusedError(
                (f"nobody sends {', '.join(_known(forbidden))} here: history is made by runs and ended by a purge",),
                codes=("forbidden_mutation",),
            )
        self._append(session, Action.OPERATE_PIPELINE, Outcome.DONE, fields)
        scope["state"]["touch"]()  # a page that polls never sends one

    async def _ask_dagster(self, scope: Scope, operation: Operation) -> Response:
        """Send the request on as we understood it, and hold its answer."""
        body = json.dumps(operation.payload()).encode()
        asked = {
            **scope,
            "method": "POST",
            "query_string": b"",
            "headers": [
                (b"host", Headers(scope=scope).get("host", "").encode("latin-1")),
                (b"content-type", b"application/json"),
                (b"content-length", str(len(body)).encode()),
            ],
        }
        sent = False
        status, headers, chunks = 500, MutableHeaders(), []

        async def receive() -> Message:
            nonlocal sent
            if sent:
                return {"type": "http.disconnect"}
            sent = True
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            nonlocal status, headers
            if message["type"] == "http.response.start":
                status, headers = message["status"], MutableHeaders(raw=list(message["headers"]))
            elif message["type"] == "http.response.body":
                chunks.append(message.get("body", b""))

        await self.app(asked, receive, send)
        content = b"".join(chunks)
        if not headers.get("content-type", "").startswith("application/json"):  # Dagster's word on what it cannot read
            return JSONResponse(graphql.refusal("Dagster could not answer"), status_code=max(status, 400))
        return Response(content, status_code=status, media_type="application/json")

    # ── the record ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _closed(self, session: Session, path: str) -> None:
        self._append(session, Action.OPERATE_PIPELINE, Outcome.REFUSED, (), reasons=("closed_path",), path=path)
        raise AccessRefusedError(("nobody opens this path of Dagster",), codes=("closed_path",))

    def _opened(self, session: Session, path: str) -> None:
        self._append(session, Action.VIEW_PIPELINE, Outcome.ANSWERED, (), path=path)

    def _append(
        self,
        session: Session,
        action: Action,
        outcome: Outcome,
        fields: Sequence[str],
        *,
        reasons: tuple[str, ...] = (),
        path: str | None = None,
    ) -> None:
        details: dict[str, Any] = {"mutations": _known(fields)} if fields else {}
        if path is not None:
            details["page"] = _page(path)
        self._gate.recorder.append(
            Entry(
                at=self._gate.clock(),
                kind=Kind.PIPELINE,
                action=action.value,
                outcome=outcome,
                actor=session.actor(),
                reasons=reasons,
                elements={"path": path} if path is not None else {},  # sealed: anything may stand in an address
                details=details,
            )
        )


def _operation(payload: object, method: str) -> Operation:
    operation = graphql.read_operation(payload)
    if operation.is_subscription:
        raise UnreadableQueryError("a subscription needs a websocket")
    if operation.is_mutation and method == "GET":
        raise UnreadableQueryError("a GET changes nothing")
    return operation


async def _payload(request: Request) -> object:
    if request.method == "GET":
        return dict(request.query_params)
    if request.method != "POST":
        raise UnreadableQueryError("GraphQL is asked by POST")
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise UnreadableQueryError("GraphQL is asked in JSON")
    try:
        return json.loads(await request.body())
    except (ValueError, RecursionError) as error:
        raise UnreadableQueryError("the request is not JSON") from error


def _session(scope: Scope) -> Session:
    session = scope["state"]["session"]
    assert isinstance(session, Session)
    return session


def _known(fields: Sequence[str]) -> list[str]:
    """Names that may stand in the record: a field that Dagster has not may be any text."""
    return [field if field in graphql.OPERATE | graphql.REFUSED else "other" for field in fields]


def _page(path: str) -> str:
    first = path.strip("/").partition("/")[0]
    return first if first in PAGES or f"/{first}/" in DOWNLOADS else "other" if first else "overview"
