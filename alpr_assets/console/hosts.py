"""Names that the console answers to: a request by any other is refused (DNS rebinding, poisoned links)."""

from __future__ import annotations

import ipaddress
from typing import Final
from urllib.parse import urlsplit

from alpr_assets.errors import ConfigurationError
from alpr_assets.settings import Settings

LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
ANY: Final = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 - compared with, not listened on


def known_hosts(configured: Settings) -> frozenset[str]:
    """Every name in ALPR_HOSTS, that of ALPR_CONSOLE_URL, and the address listened on; this machine's own where it is loopback.

    Raises ConfigurationError where it listens on every address and no name is given.
    """
    names = {name.strip().lower() for name in configured.hosts.split(",") if name.strip()}
    if host := urlsplit(configured.console_url).hostname:
        names.add(host)
    if is_loopback(configured.host):
        names |= LOOPBACK
    elif configured.host not in ANY:
        names.add(f"[{configured.host}]" if ":" in configured.host else configured.host.lower())
    if not names:
        raise ConfigurationError(
            "the console listens on every address and knows no name of its own", remedy="set ALPR_HOSTS to its names"
        )
    return frozenset(names)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches the address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
