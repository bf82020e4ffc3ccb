"""How fast anybody may ask: token buckets in memory, by address at the sign-in, by session elsewhere.

Guessing is stopped by the account's lock; this stops it from being tried on many accounts, and a script from crowding out others.
"""

from __future__ import annotations

import ipaddress
import math
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from alpr_assets.console.responding import TooManyError, refused


@dataclass(frozen=True, slots=True)
class Rate:
    """`burst` at once, then one every `seconds`."""

    burst: int
    seconds: float


SIGN_IN: Final = Rate(burst=30, seconds=1)  # a shift that comes in behind one address of the department's
SESSION: Final = Rate(burst=600, seconds=1 / 50)  # one page of Dagster's fetches about 150 files

KEPT: Final = 10_000  # buckets


class Buckets:
    """One bucket a key. A bucket that has filled up again is forgotten."""

    def __init__(self, rate: Rate, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._clock = clock
        self._empty_until: dict[Hashable, float] = {}

    def wait(self, key: Hashable) -> float:
        """Take one; seconds to wait before there is one again, 0 where it was taken."""
        now = self._clock()
        # `at` is when the bucket would be full: burst × seconds ahead of now, it is empty.
        at = max(self._empty_until.pop(key, now), now) + self._rate.seconds
        if (over := at - now - self._rate.burst * self._rate.seconds) > 1e-9:
            self._empty_until[key] = at - self._rate.seconds
            return over
        self._empty_until[key] = at
        if len(self._empty_until) > KEPT:
            self._forget(now)
        return 0.0

    def _forget(self, now: float) -> None:
        self._empty_until = {key: at for key, at in self._empty_until.items() if at > now}
        while len(self._empty_until) > KEPT:
            del self._empty_until[next(iter(self._empty_until))]


class Rates:
    """Answers 429 to who asks faster. Needs the session, so it stands behind `security`."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        sign_in: Rate = SIGN_IN,
        session: Rate = SESSION,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.app = app
        self._sign_in = Buckets(sign_in, clock)
        self._session = Buckets(session, clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        wait = self._wait(scope) if scope["type"] in {"http", "websocket"} else 0.0
        if wait <= 0:
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 4429, "reason": "too many requests"})
        else:
            seconds = math.ceil(wait)
            answer = refused(scope, TooManyError("too many requests", remedy=f"try again in {seconds} s"))
            answer.headers["retry-after"] = str(seconds)
            await answer(scope, receive, send)

    def _wait(self, scope: Scope) -> float:
        if scope["type"] == "http" and scope["method"] == "POST" and _signs_in(scope["path"]):
            return self._sign_in.wait(network(scope))
        session = scope["state"]["session"]
        return self._session.wait(session.session_id) if session is not None else 0.0


def _signs_in(path: str) -> bool:
    """Where a name and a password are shown; what follows belongs to one account, which is locked."""
    return path in {"/sign-in", "/api/sign-in"}


def address(scope: Scope) -> str:
    """Whom the connection comes from; behind a configured proxy, whom that names."""
    client = scope.get("client")
    return str(client[0]) if client else ""


def network(scope: Scope) -> str:
    """What one asker can change his address within: an IPv6 network of 64 bits."""
    try:
        found = ipaddress.ip_address(address(scope).partition("%")[0])
    except ValueError:
        return address(scope)
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)
