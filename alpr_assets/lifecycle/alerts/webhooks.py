"""A message to a webhook: signed as Standard Webhooks says, over verified TLS, to a checked address, within one time for all of it.

Here: one attempt. Not here: which hits, when again (`deliveries`), which addresses (`addresses`).
httpcore, which httpx stands on, since only there the connection is ours to make: to the address that was checked, and with one
deadline for every byte – a receiver that sends one byte a second would otherwise hold us for ever. It follows no redirect, asks no
proxy, and keeps no cookie. The answer's body is never read.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Final

import httpcore
from standardwebhooks import Webhook

from alpr_assets.lifecycle.alerts.addresses import UnsafeAddressError, resolved
from alpr_assets.lifecycle.alerts.messages import Alert, Failed

NAMES: Final[tuple[tuple[type[Exception], str], ...]] = (
    (httpcore.TimeoutException, "timeout"),
    (httpcore.ConnectError, "connect"),
    (httpcore.NetworkError, "connection_lost"),
    (httpcore.ProtocolError, "no_http"),
    (UnsafeAddressError, "unsafe_address"),
    (OSError, "unknown_host"),
)


def post(
    address: str,
    secret: str,
    alert: Alert,
    *,
    at: datetime,
    timeout_seconds: float,
    inside: Collection[str],
    trust: ssl.SSLContext,
) -> Failed | None:
    """Try once. None: the receiver said that it has it.

    secret : as Standard Webhooks writes it, `whsec_` and base64
    at : when it is signed; receivers refuse what is minutes old
    """
    body = alert.body()
    headers: dict[bytes | str, bytes | str] = {
        "content-type": "application/json",
        "user-agent": "alpr-alerts",
        "webhook-id": alert.delivery_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(alert.delivery_id, at.astimezone(UTC), body.decode()),
    }
    network = _Network(inside, time.monotonic() + timeout_seconds)
    try:
        with (
            httpcore.ConnectionPool(ssl_context=trust, network_backend=network) as pool,
            pool.stream("POST", address, headers=headers, content=body) as answer,
        ):
            return _judged(answer.status, dict(answer.headers), at)
    except tuple(kind for kind, _ in NAMES) as error:
        return Failed(_named(error))


def _judged(status: int, headers: dict[bytes, bytes], at: datetime) -> Failed | None:
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return None
    lower = {name.lower(): value for name, value in headers.items()}
    wanted = lower.get(b"retry-after", b"").decode("ascii", "replace").strip()
    return Failed(f"http_{status}", retry_after=_seconds(wanted, at), is_final=status == HTTPStatus.GONE)


def _seconds(wanted: str, at: datetime) -> float | None:
    """RFC 9110, 10.2.3: seconds, or a date."""
    if wanted.isascii() and wanted.isdigit():
        return float(wanted[:9])
    try:
        until = parsedate_to_datetime(wanted)
    except ValueError:
        return None
    return max(0.0, (until.replace(tzinfo=until.tzinfo or UTC) - at).total_seconds())


def _named(error: BaseException) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return "certificate"
        cause = cause.__cause__ or cause.__context__
    return next(name for kind, name in NAMES if isinstance(error, kind))


@dataclass(frozen=True, slots=True)
class _Network(httpcore.NetworkBackend):
    """Connects to checked addresses only, and lets nothing take longer than to the deadline (of the monotonic clock)."""

    inside: Collection[str]
    deadline: float

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - ours is the deadline
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        last: Exception = httpcore.ConnectError("no address")
        for address in resolved(host.strip("[]"), port, self.inside):
            try:
                stream = httpcore.SyncBackend().connect_tcp(
                    address, port, left(self.deadline), local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                last = error
            else:
                return _Stream(stream, self.deadline)
        raise last


@dataclass(frozen=True, slots=True)
class _Stream(httpcore.NetworkStream):
    """A connection that ends at the deadline."""

    stream: httpcore.NetworkStream
    deadline: float

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        return self.stream.read(max_bytes, left(self.deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        self.stream.write(buffer, left(self.deadline))

    def close(self) -> None:
        self.stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None  # noqa: ARG002
    ) -> httpcore.NetworkStream:  # fmt: skip
        return _Stream(self.stream.start_tls(ssl_context, server_hostname, left(self.deadline)), self.deadline)

    def get_extra_info(self, info: str) -> Any:
        return self.stream.get_extra_info(info)


def left(deadline: float) -> float:
    """Seconds left. Raises httpcore.ReadTimeout when there are none."""
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise httpcore.ReadTimeout("the time for this attempt is over")
    return seconds
