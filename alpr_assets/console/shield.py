"""The outermost layer: which names the console answers to, how much it takes, what every answer carries, and no trace.

Pure ASGI, so that websockets pass through it too. Not here: who is asking (`security`).
"""

from __future__ import annotations

import re
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from alpr_assets.console.responding import TooLargeError, broken, refused
from alpr_assets.errors import AlprError

MIB: Final = 1 << 20
BODY_BYTES: Final = MIB
UPLOAD_BYTES: Final = 11 * MIB  # a designation or letter of 10 and its form
UPLOADS: Final = (
    "/members/batch", "/designee", "/releases/new", "/releases/order", "/releases/complete", "/agencies/agreements", "/api/releases/enter",
)  # fmt: skip
"""Pages that take a file."""

CONTENT_POLICY: Final = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Our pages run files of `static/` only: nothing written into a page is ever run, nothing is fetched from elsewhere."""

WORKER_POLICY: Final = "default-src 'none'; script-src 'self'; connect-src 'self'; frame-ancestors 'none'"
"""Of Dagster's script files: one that runs as a worker lives by the policy that it comes with."""

ALWAYS: Final = {
    "x-content-type-options": "nosniff",
    # Not `no-referrer`: under it browsers send our own forms with the origin `null`, as another site's sandbox would.
    "referrer-policy": "same-origin",
    "permissions-policy": (
        "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), hid=(), microphone=(), midi=(), "
        "payment=(), serial=(), usb=()"
    ),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "x-frame-options": "DENY",
}

LOCATING: Final = ("/search/canvass",)
"""Pages that may ask the browser where the device is, once a person says so."""

STATIC: Final = ("/static/", "/dagster/_next/", "/dagster/vendor/")
"""Files of the software itself: a browser may keep them, nothing else."""

HSTS: Final = "max-age=31536000"


class Shield:
    """Host names, sizes, headers, and the last word on errors."""

    def __init__(self, app: ASGIApp, *, hosts: frozenset[str]) -> None:
        self.app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        scope.setdefault("state", {})
        started = False

        async def noting(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                _dress(message, scope)
            await send(message)

        try:
            if not self._knows(scope):
                await self._misdirected(scope, receive, noting)
                return
            taken = _limited(receive, _limit(scope["path"])) if scope["type"] == "http" else receive
            if scope["type"] == "http":
                _check_length(scope)
            await self.app(scope, taken, noting)
        except AlprError as error:
            await _end(scope, receive, noting, refused(scope, error), started=started)
        except Exception as error:  # noqa: BLE001 - nothing reaches the server's log with its text
            await _end(scope, receive, noting, broken(scope, error), started=started)

    def _knows(self, scope: Scope) -> bool:
        return host_name(Headers(scope=scope).get("host", "")) in self._hosts

    async def _misdirected(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 4400, "reason": "unknown host"})
            return
        error = AlprError("the console is not known by this name", remedy="name it in ALPR_HOSTS")
        await refused(scope, error)(scope, receive, send)


def host_name(header: str) -> str:
    """The name in a Host header, without its port, in lower case."""
    match = re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+)(?::\d{1,5})?", header)
    return match.group(1).lower().rstrip(".") if match else ""


def _limit(path: str) -> int:
    return UPLOAD_BYTES if path in UPLOADS else BODY_BYTES


def _check_length(scope: Scope) -> None:
    length = Headers(scope=scope).get("content-length", "0")
    if not length.isdigit() or int(length) > _limit(scope["path"]):
        raise _too_large(scope["path"])


def _limited(receive: Receive, limit: int) -> Receive:
    """Count what arrives: a length can be left out, or be a lie."""
    taken = 0

    async def counting() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b"")) if message["type"] == "http.request" else 0
        if taken > limit:
            raise TooLargeError(f"more than {limit // MIB} MiB", remedy="send less at a time")
        return message

    return counting


def _too_large(path: str) -> TooLargeError:
    return TooLargeError(f"more than {_limit(path) // MIB} MiB", remedy="send less at a time")


async def _end(scope: Scope, receive: Receive, send: Send, answer: ASGIApp, *, started: bool) -> None:
    """Answer an error where nothing was answered yet; else the connection just ends."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1011})
    elif not started:
        await answer(scope, receive, send)


def _dress(message: Message, scope: Scope) -> None:
    headers = MutableHeaders(scope=message)
    for name, value in ALWAYS.items():
        headers[name] = value
    if scope["path"] in LOCATING:
        headers["permissions-policy"] = ALWAYS["permissions-policy"].replace("geolocation=()", "geolocation=(self)")
    is_worker = scope["path"].startswith("/dagster/_next/")
    headers.setdefault("content-security-policy", WORKER_POLICY if is_worker else CONTENT_POLICY)
    is_file = scope["path"].startswith(STATIC) and message["status"] == 200
    headers["cache-control"] = "private, max-age=3600" if is_file else "no-store"
    if scope.get("scheme") == "https":
        headers["strict-transport-security"] = HSTS
    del headers["server"]
    del headers["x-dagster-call-counts"]
