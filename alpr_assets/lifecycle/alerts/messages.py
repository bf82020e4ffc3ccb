"""What leaves the console: a hit's id, a link, and which attempt this is. Nothing else, ever (422.4(f)).

No plate, place, category or time of the hit: whoever opens the link signs in, and is shown what he may see, recorded.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from alpr_assets.settings import Settings

LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One attempt to tell of one hit.

    delivery_id : the same over all attempts, so that a receiver takes the hit once
    attempt : 1, 2, …; from the second on it may have arrived before
    """

    hit_id: int
    link: str
    delivery_id: str
    attempt: int

    @property
    def duplicate(self) -> bool:
        """Whether the receiver may have it already."""
        return self.attempt > 1

    def body(self) -> bytes:
        """The message as JSON, UTF-8."""
        told = {
            "hit_id": self.hit_id, "link": self.link, "delivery_id": self.delivery_id, "attempt": self.attempt,
            "duplicate": self.duplicate,
        }  # fmt: skip
        return json.dumps(told, separators=(",", ":")).encode()


@dataclass(frozen=True, slots=True)
class Failed:
    """Why an attempt did not arrive, as far as we know.

    code : short and stable, never what the other side wrote
    retry_after : seconds that the receiver asks for; None: it did not say
    is_final : it will never take it
    """

    code: str
    retry_after: float | None = None
    is_final: bool = False


def link_to(hit_id: int, configured: Settings) -> str:
    """Where a browser finds the hit: below ALPR_CONSOLE_URL, else below the console's first name."""
    return f"{_console(configured)}/hits/{hit_id}"


def _console(configured: Settings) -> str:
    if configured.console_url:
        return configured.console_url.rstrip("/")
    names = [name.strip() for name in configured.hosts.split(",") if name.strip()]
    name = names[0] if names else configured.host
    shown = f"[{name}]" if ":" in name and not name.startswith("[") else name
    if configured.proxies:  # browsers see the proxy, on its own port
        return f"https://{shown}"
    is_plain = configured.certfile is None and urlsplit(f"//{shown}").hostname in LOOPBACK
    return f"{'http' if is_plain else 'https'}://{shown}:{configured.port}"
