"""Which addresses a message may be sent to: public ones, and those of hosts that the policy names as inside the department.

Against a destination's name that leads into the department's own network, to this machine or to a cloud's metadata service, and
against one that changes between the look and the connection (DNS rebinding): who connects connects to what was looked at here.
"""

from __future__ import annotations

import socket
from collections.abc import Collection
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

from alpr_assets.errors import AlprError, MalformedError

MAX_URL: Final = 500
NAT64: Final = IPv6Network("64:ff9b::/96")
Address = IPv4Address | IPv6Address


class UnsafeAddressError(AlprError):
    """A destination's name leads to an address that messages do not go to."""


def checked_url(address: str) -> SplitResult:
    """An address that a webhook may have. Raises MalformedError."""
    remedy = "write https://HOST/PATH, without user, password and #"
    if len(address) > MAX_URL or not address.isascii() or not address.isprintable() or " " in address:
        raise MalformedError("address", f"not an address of at most {MAX_URL} plain characters", remedy=remedy)
    try:
        parts = urlsplit(address)
        known = parts.scheme == "https" and bool(parts.hostname) and parts.port != 0
    except ValueError:
        known = False
    if not known or parts.username is not None or parts.password is not None or "#" in address or "\\" in address:
        raise MalformedError("address", "not an https address", remedy=remedy)
    return parts


def resolved(host: str, port: int, inside: Collection[str]) -> list[str]:
    """The addresses of a host to connect to, all of them checked.

    Raises UnsafeAddressError: one of them is not for it; OSError: the name is unknown.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:  # a label longer than names have
        raise OSError("no name of a host") from error
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    may = is_of_the_department if host.lower() in inside else is_public
    # One bad address among good ones is no accident: which one is connected to would be chance.
    if not addresses or not all(may(ip_address(address.partition("%")[0])) for address in addresses):
        raise UnsafeAddressError(
            "the destination's name leads to an address inside",
            remedy="name the host under alerts.inside of the policy file if it is the department's own",
        )
    return addresses


def is_public(address: Address) -> bool:
    """Whether it is of the internet at large: not this machine's, a private network's, or anybody's in particular."""
    plain = _unwrapped(address)
    return plain.is_global and not plain.is_multicast and not plain.is_reserved


def is_of_the_department(address: Address) -> bool:
    """Whether a host that the policy names may have it: any but link-local ones, where clouds keep their secrets."""
    plain = _unwrapped(address)
    # IPv6 counts its loopback among the reserved ones.
    return plain.is_loopback or not (
        plain.is_link_local or plain.is_multicast or plain.is_unspecified or plain.is_reserved
    )


def _unwrapped(address: Address) -> Address:
    """The IPv4 address inside an IPv6 one, by each of the ways to hide it there."""
    if isinstance(address, IPv4Address):
        return address
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None) or address
