"""No message goes into the department's network, to this machine or to a cloud's metadata, unless the policy names the host."""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from alpr_assets.lifecycle.alerts.addresses import (
    UnsafeAddressError,
    is_of_the_department,
    is_public,
    resolved,
)
from alpr_assets.lifecycle.alerts.leases import Counts
from tests.lifecycle.alerts.desks import Desk, alerting
from tests.lifecycle.alerts.receivers import Receiver

PRIVATE = [
    "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "224.0.0.1",
    "255.255.255.255", "240.0.0.1", "192.0.2.1", "::1", "::", "fe80::1", "fc00::1", "fd12::1", "ff02::1", "2001:db8::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2002:a00:1::",
    "2001:0:1:2:3:4:80ff:fffe",
]  # fmt: skip
PUBLIC = ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"]


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_inside_is_not_public_however_it_is_written(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    ("address", "may"),
    [
        ("10.1.2.3", True), ("192.168.1.1", True), ("127.0.0.1", True), ("::1", True), ("fd12::1", True), ("8.8.8.8", True),
        ("169.254.169.254", False), ("fe80::1", False), ("0.0.0.0", False), ("224.0.0.1", False), ("::", False),
        ("::ffff:169.254.169.254", False), ("64:ff9b::a9fe:a9fe", False), ("255.255.255.255", False),
    ],
)  # fmt: skip
def test_a_host_of_the_department_may_be_private_but_no_clouds_metadata(address: str, may: bool) -> None:
    assert is_of_the_department(ipaddress.ip_address(address)) == may


@given(st.ip_addresses(v=4))
@example(ipaddress.IPv4Address("169.254.169.254"))
def test_hiding_an_address_in_a_longer_one_changes_nothing(address: ipaddress.IPv4Address) -> None:
    number = int(address)
    hidden = [
        ipaddress.IPv6Address((0xFFFF << 32) | number),
        ipaddress.IPv6Address((0x0064FF9B << 96) | number),
        ipaddress.IPv6Address((0x2002 << 112) | (number << 80)),
        ipaddress.IPv6Address((0x20010000 << 96) | (number ^ 0xFFFFFFFF)),
    ]
    for one in hidden:
        assert is_public(one) == is_public(address)
        assert is_of_the_department(one) == is_of_the_department(address)


def test_one_bad_address_among_good_ones_refuses_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    def both(host: str, port: int, **_: Any) -> list[Any]:
        return [(2, 1, 6, "", (address, port)) for address in ("8.8.8.8", "10.0.0.1")]

    monkeypatch.setattr(socket, "getaddrinfo", both)
    with pytest.raises(UnsafeAddressError) as refused:
        resolved("cad.example.gov", 443, ())
    assert "inside" in refused.value.remedy
    assert resolved("CAD.example.gov", 443, ("cad.example.gov",)) == ["8.8.8.8", "10.0.0.1"]


@pytest.mark.parametrize(
    "url", ["https://localhost:{port}/", "https://127.0.0.1:{port}/", "https://[::ffff:127.0.0.1]:{port}/"]
)
def test_a_host_that_the_policy_does_not_name_is_not_even_connected_to(alone: Desk, cad: Receiver, url: str) -> None:
    alone.policy = alerting(alone.policy, inside=("cad.example.gov",))
    alone.approved(url.format(port=cad.port))
    alone.hit()
    alone.fill()
    assert alone.deliver() == Counts(n_failed=1)
    assert alone.rows()[0].last_error == "unsafe_address"
    assert not cad.got


def test_what_was_checked_is_what_is_connected_to(alone: Desk, cad: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that leads elsewhere at the second look: there is no second look."""
    asked: list[str] = []
    really = socket.getaddrinfo

    def rebinding(host: str, port: int, *args: Any, **more: Any) -> Any:
        asked.append(host)
        return really("127.0.0.1", port, *args, **more)

    alone.approved(cad.url)
    alone.hit()
    alone.fill()
    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    assert alone.deliver() == Counts(n_delivered=1)
    assert [host for host in asked if host != "127.0.0.1"] == ["localhost"]


def test_a_certificate_that_nobody_vouches_for_gets_nothing(alone: Desk, cad: Receiver) -> None:
    alone.settings = alone.settings.model_copy(update={"receiver_ca_file": None})
    alone.approved(cad.url)
    alone.hit()
    alone.fill()
    assert alone.deliver() == Counts(n_failed=1)
    assert alone.rows()[0].last_error == "certificate"
    assert not cad.got


def test_a_certificate_of_another_host_gets_nothing(
    alone: Desk, cad: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda _host, port, *args, **more: really("127.0.0.1", port, *args, **more)
    )
    alone.policy = alerting(alone.policy, inside=("cad.example.gov",))
    alone.approved(f"https://cad.example.gov:{cad.port}/")
    alone.hit()
    alone.fill()
    assert alone.deliver() == Counts(n_failed=1)
    assert alone.rows()[0].last_error == "certificate"
    assert not cad.got
