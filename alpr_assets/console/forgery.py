"""Forms and scripts of other sites are not taken for a member's own (cross-site request forgery).

Two defences, each enough by itself: the browser's word on where a request comes from, and a token in each form that only our
pages know. Not here: cookies (`security`).
"""

from __future__ import annotations

import hmac
from typing import Final

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from alpr_assets.console.responding import CrossSiteError
from alpr_assets.console.security import is_secure

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
FIELD: Final = "form_token"
HEADER: Final = "x-form-token"


class OwnForms:
    """Refuses what another site makes a member's browser send.

    - every unsafe request that is not by a program's token, and every websocket: from our own origin
    - and of a signed-in browser: with the form's token, except what Dagster's pages send, which is JSON and no form
    """

    def __init__(self, app: ASGIApp, *, secret: bytes) -> None:
        self.app = app
        self._secret = secret

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            if not same_origin(scope):
                await send({"type": "websocket.close", "code": 4403, "reason": "of another origin"})
                return
        elif scope["type"] == "http" and scope["method"] not in SAFE and _by_browser(scope):
            if not same_origin(scope):
                raise CrossSiteError(
                    "sent by another site", remedy="open the console's own page and send it from there"
                )
            if scope["state"]["session"] is not None and not scope["path"].startswith("/dagster/"):
                receive = await self._checked(scope, receive)
        await self.app(scope, receive, send)

    async def _checked(self, scope: Scope, receive: Receive) -> Receive:
        """Read the form, hold it against its token, and give it on whole."""
        shown = Headers(scope=scope).get(HEADER)
        if shown is None:
            body = await Request(scope, receive).body()
            receive = replayed(body, receive)
            async with Request(scope, replayed(body, receive)).form(max_files=2, max_fields=200) as form:
                value = form.get(FIELD)
            shown = value if isinstance(value, str) else ""
        if not hmac.compare_digest(shown.encode(), form_token(self._secret, scope).encode()):
            raise CrossSiteError("the form has no valid token", remedy="open the page again and send it once more")
        return receive


def form_token(secret: bytes, scope: Scope) -> str:
    """What the forms of this session carry."""
    return hmac.new(secret, b"form\0" + scope["state"]["form_key"], "sha256").hexdigest()


def same_origin(scope: Scope) -> bool:
    """The browser says that our own page sent this. A browser that says nothing is not believed."""
    headers = Headers(scope=scope)
    if headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return False
    origin = headers.get("origin")
    if origin is None:
        return headers.get("sec-fetch-site") == "same-origin"
    return origin == f"{'https' if is_secure(scope) else 'http'}://{headers.get('host', '')}"


def replayed(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives the whole body again, then what follows it."""
    given = False

    async def replaying() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replaying


def _by_browser(scope: Scope) -> bool:
    """A request by a program's token carries nothing that a browser would add by itself. Signing in for one does not either."""
    if scope["path"] == "/api/sign-in":
        return "origin" in Headers(scope=scope)
    return bool(scope["state"]["by_cookie"])
