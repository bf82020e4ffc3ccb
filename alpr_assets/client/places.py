"""Where the console is, and how much of it is believed: TLS everywhere but on this machine itself.

Here: the console's address, checked, and an HTTP connection to it. Not here: what is asked, who asks.
Plates and passwords go over this connection: it follows no redirect and no proxy of the environment.
"""

from __future__ import annotations

import ipaddress
import os
import ssl
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx

from alpr_assets.errors import AlprError, ConfigurationError
from alpr_assets.settings import settings

SECONDS: Final = httpx.Timeout(10, read=120)  # a large answer is searched and spooled before its first byte


def console_url(url: str | None = None) -> str:
    """The console's address without a slash at its end: the given one, ALPR_CONSOLE_URL, or the port on this machine.

    Raises
    ------
    ConfigurationError : not an address, or plain HTTP to another machine
    """
    given = url or settings().console_url or f"http://127.0.0.1:{settings().port}"
    try:
        parts = urlsplit(given)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in {"http", "https"} or "@" in parts.netloc or parts.query or parts.fragment:
        raise ConfigurationError(
            "that is not the address of a console", remedy="write it as https://alpr.example.gov:8422"
        )
    if parts.scheme == "http" and not is_loopback(host):
        raise ConfigurationError(
            f"plain HTTP to {host}: plates and passwords would cross the network readable",
            remedy="use https://, with the console's --certfile or a proxy that terminates TLS",
        )
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path.rstrip('/')}"


def is_loopback(host: str) -> bool:
    """Whether a host is this machine by its very name or number; no name is looked up."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def connected(url: str, *, ca_file: Path | None = None) -> httpx.Client:
    """A connection to a console; `ca_file` (or ALPR_CA_FILE) signs its certificate where no public authority does.

    Raises
    ------
    ConfigurationError : as `console_url`, or the file holds no certificate
    """
    checked = console_url(url)
    trusted = ca_file or settings().ca_file
    try:
        context = ssl.create_default_context(cafile=os.path.expanduser(trusted) if trusted else None)  # noqa: PTH111
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(
            f"{trusted} holds no certificate", remedy="set ALPR_CA_FILE to the PEM file of who signed the console's"
        ) from error
    return httpx.Client(
        base_url=checked, verify=context, timeout=SECONDS, trust_env=False, follow_redirects=False,
        headers={"User-Agent": "alpr"},
    )  # fmt: skip


def unreachable(url: str, error: httpx.TransportError) -> AlprError:
    """What a failed connection means, for a person."""
    if isinstance(error.__cause__, ssl.SSLError) or "certificate" in str(error).lower():
        return AlprError(
            f"the certificate of {url} is not one that is trusted here",
            remedy="set ALPR_CA_FILE to the certificate that the department gave you for it",
        )
    if isinstance(error, httpx.TimeoutException):
        return AlprError(f"the console at {url} took too long", remedy="ask for a shorter time, or ask again")
    return AlprError(
        f"no console answers at {url}", remedy="start it with `alpr up`, or set ALPR_CONSOLE_URL to where it is"
    )
