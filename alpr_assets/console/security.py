"""Who is asking: nothing but the public pages answers somebody who is not signed in.

Here: finding the session, default deny, what counts as use of a session. Pure ASGI, so that websockets are covered too.
Not here: forms of other sites (`forgery`), rates (`rates`), what a role may (`access.gate`).
"""

from __future__ import annotations

import hashlib
from typing import Final, Protocol

from anyio.to_thread import run_sync
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from alpr_assets.access.people import Session, SessionKind
from alpr_assets.console.responding import NotSignedInError, refused, wants_page
from alpr_assets.console.returning import turned_away
from alpr_assets.console.watching import SESSION_ENDED, watched

PUBLIC: Final = (
    "/favicon.ico",
    "/healthz",
    "/policy",
    "/policy/text",
    "/transparency",
    "/transparency.json",
    "/transparency.schema.json",
    "/sign-in",
    "/sign-in/provider",
    "/sign-in/provider/back",
    "/api/sign-in",
)
"""Addresses that answer anybody; with everything below PUBLIC_FILES nothing else. Pinned by a test."""

PUBLIC_FILES: Final = "/static/"

STEPS: Final = ("/sign-in/password", "/sign-in/second-factor", "/sign-in/notice", "/sign-out")
"""Addresses that answer a session which still owes a step."""

BY_ITSELF: Final = ("/hits/banner", "/hits/refresh", "/hits/stream")
"""Addresses that an open page asks by itself: no use of a session. Pinned by a test."""

COOKIE: Final = "alpr"
SECURE_COOKIE: Final = "__Host-alpr"  # browsers take it over TLS only, for this host only


class Find(Protocol):
    """Finds the open session of a token. `touch` says that a person used it: only that postpones its idle end."""

    def __call__(self, token: str, *, touch: bool) -> Session | None: ...


class SignedIn:
    """Lets nobody pass to what is not public, and tells the rest whose session it is.

    Sets in the scope's state: `session`, `form_key` (bytes that differ for each session), `by_cookie`, `touch` and `lives`.
    """

    def __init__(self, app: ASGIApp, *, find: Find, watch_seconds: float) -> None:
        self.app = app
        self._find = find
        self._watch_seconds = watch_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        token, by_cookie = _token(scope)
        session = await run_sync(self._session, scope, token, by_cookie) if token else None
        state = scope["state"]
        state.update(
            session=session,
            token=token,
            by_cookie=by_cookie,
            form_key=hashlib.sha256(token.encode()).digest(),
            touch=lambda: None,
            lives=lambda: self._lives(token),
        )
        if session is not None:
            state["touch"] = lambda: self._find(token, touch=True)
        if not is_open(scope["path"], session):
            await _turn_away(scope, receive, send)
        elif scope["type"] == "websocket":
            await watched(
                self.app, scope, receive, send, still_allowed=lambda: self._lives(token), seconds=self._watch_seconds
            )
        else:
            await self.app(scope, receive, send)

    def _session(self, scope: Scope, token: str, by_cookie: bool) -> Session | None:
        session = self._find(token, touch=is_use(scope))
        # A browser's session is no token for programs, nor the other way round.
        return session if session and (session.kind is SessionKind.WEB) == by_cookie else None

    def _lives(self, token: str) -> bool:
        session = self._find(token, touch=False)
        return session is not None and session.is_complete


def still_open(scope: Scope) -> bool:
    """Whether the session that asked is open now; looking is no use of it."""
    lives: bool = scope["state"]["lives"]()
    return lives


def is_open(path: str, session: Session | None) -> bool:
    """Whether an address answers this session, or nobody."""
    if path in PUBLIC or path.startswith(PUBLIC_FILES):
        return True
    if session is None:
        return False
    return session.is_complete or path in STEPS


def is_use(scope: Scope) -> bool:
    """Whether a person is at work: pages opened and forms sent; never what an open page fetches by itself."""
    if scope["type"] != "http" or scope["path"].startswith(PUBLIC_FILES) or scope["path"] in BY_ITSELF:
        return False
    if scope["path"].startswith("/dagster"):
        return wants_page(scope) and scope["path"] != "/dagster/graphql"
    return True


def cookie_name(scope: Scope) -> str:
    """The session's cookie on this connection."""
    return SECURE_COOKIE if is_secure(scope) else COOKIE


def is_secure(scope: Scope) -> bool:
    return scope.get("scheme") in {"https", "wss"}


def _token(scope: Scope) -> tuple[str, bool]:
    """The token shown, and whether by cookie. A program's token counts for the data API only."""
    headers = Headers(scope=scope)
    authorization = headers.get("authorization", "")
    if scope["path"].startswith("/api/") and authorization:
        kind, _, token = authorization.partition(" ")
        return (token.strip(), False) if kind.lower() == "bearer" else ("", False)
    values = []
    for part in headers.get("cookie", "").split(";"):
        name, _, value = part.strip().partition("=")
        if name == cookie_name(scope):
            values.append(value)
    return (values[0], True) if len(values) == 1 else ("", True)


async def _turn_away(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": SESSION_ENDED, "reason": "sign in first"})
        return
    if wants_page(scope):
        await turned_away(scope)(scope, receive, send)
        return
    error = NotSignedInError("this answers members who are signed in", remedy="sign in")
    await refused(scope, error)(scope, receive, send)
