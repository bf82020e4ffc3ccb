"""A receiver of webhooks on loopback, over TLS with a certificate of our own, that does what the test says, request by request."""

from __future__ import annotations

import json
import socket
import ssl
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread
from typing import Any

from alpr_assets.certificates import Certificate, self_signed

ANSWERS = {
    "ok": b"HTTP/1.1 204 No Content\r\n\r\n",
    "fail": b"HTTP/1.1 500 Oops\r\ncontent-length: 7\r\n\r\n7ABC123",
    "busy": b"HTTP/1.1 429 Later\r\nretry-after: 40\r\ncontent-length: 0\r\n\r\n",
    "gone": b"HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n",
    "moved": b"HTTP/1.1 307 Moved\r\nlocation: https://localhost:1/\r\ncontent-length: 0\r\n\r\n",
    "lost": b"",
}
"""`lost`: taken, and the answer never arrives. Besides: `hang`, `drip` a byte at a time, `silent` before TLS."""


@dataclass(frozen=True)
class Got:
    """One request, byte for byte, and what was done with it."""

    raw: bytes
    did: str

    @property
    def headers(self) -> dict[str, str]:
        lines = self.raw.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
        return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}

    @property
    def body(self) -> bytes:
        return self.raw.partition(b"\r\n\r\n")[2]

    @property
    def said(self) -> dict[str, Any]:
        return dict(json.loads(self.body))


@dataclass
class Receiver:
    """Does what `plan` says, then `usual`. `on_request` is called with each request before it is answered."""

    certificate: Certificate
    plan: deque[str] = field(default_factory=deque)
    usual: str = "ok"
    got: list[Got] = field(default_factory=list)
    on_request: Callable[[], None] = lambda: None
    port: int = 0
    _ending: Event = field(default_factory=Event)
    _listening: socket.socket | None = None

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}/hits"

    @property
    def taken(self) -> list[Got]:
        """Requests that the receiver took, whether or not the sender knows."""
        return [one for one in self.got if one.did in {"ok", "lost"}]

    def start(self) -> None:
        """Listen; after `stop`, on the same port."""
        self._ending.clear()
        self._listening = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listening.getsockname()[1]
        self._listening.settimeout(0.05)
        Thread(target=self._accept, args=(self._listening,), daemon=True).start()

    def stop(self) -> None:
        self._ending.set()
        if self._listening:
            self._listening.close()

    def _accept(self, listening: socket.socket) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate.certfile, self.certificate.keyfile)
        while not self._ending.is_set():
            try:
                line, _ = listening.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            Thread(target=self._talk, args=(line, context), daemon=True).start()

    def _talk(self, line: socket.socket, context: ssl.SSLContext) -> None:
        with line, suppress(OSError):
            line.settimeout(5)
            if self.plan and self.plan[0] == "silent":
                self.plan.popleft()
                self.on_request()
                self._ending.wait(5)
                return
            with context.wrap_socket(line, server_side=True) as tls:
                raw = self._request(tls)
                did = self.plan.popleft() if self.plan else self.usual
                self.got.append(Got(raw, did))
                self.on_request()
                if did == "hang":
                    self._ending.wait(5)
                elif did == "drip":
                    for _ in range(100):
                        tls.sendall(b"H")
                        time.sleep(0.05)
                else:
                    tls.sendall(ANSWERS[did])

    @staticmethod
    def _request(tls: ssl.SSLSocket) -> bytes:
        raw = b""
        while b"\r\n\r\n" not in raw:
            raw += tls.recv(65536) or b"\r\n\r\n"
        length = int(Got(raw, "").headers.get("content-length", "0"))
        while len(raw.partition(b"\r\n\r\n")[2]) < length:
            raw += tls.recv(65536)
        return raw


@contextmanager
def receiver(folder: Path, *plan: str, usual: str = "ok") -> Iterator[Receiver]:
    opened = Receiver(self_signed(folder, "localhost", now=datetime.now(UTC)), deque(plan), usual)
    opened.start()
    try:
        yield opened
    finally:
        opened.stop()
