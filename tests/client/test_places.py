"""Where the console is: TLS to everywhere but this machine, by no name that could mean another."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpr_assets.client.places import connected, console_url, is_loopback
from alpr_assets.errors import ConfigurationError
from alpr_assets.settings import settings


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("ALPR_CONSOLE_URL", "ALPR_CA_FILE", "ALPR_PORT"):
        monkeypatch.delenv(name, raising=False)
    settings.cache_clear()
    yield
    settings.cache_clear()


def test_without_a_word_it_is_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    assert console_url() == "http://127.0.0.1:8422"
    monkeypatch.setenv("ALPR_CONSOLE_URL", "https://alpr.example.gov/")
    settings.cache_clear()
    assert console_url() == "https://alpr.example.gov"
    assert console_url("https://Other.example.gov:8422") == "https://other.example.gov:8422"


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8422", "http://localhost:1", "http://[::1]:8422", "http://127.9.9.9"]
)
def test_plain_http_is_taken_on_this_machine(url: str) -> None:
    assert console_url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "http://alpr.example.gov", "http://10.0.0.1:8422", "http://127.0.0.1.example.gov", "http://localhost.example.gov",
        "http://0.0.0.0", "http://127.0.0.1@example.gov", "http://2130706433", "HTTP://EXAMPLE.GOV",
    ],
)  # fmt: skip
def test_plain_http_to_another_machine_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        console_url(url)
    assert "https" in caught.value.remedy


@pytest.mark.parametrize(
    "url",
    ["alpr.example.gov", "ftp://x", "https://", "https://user:word@x", "https://x?a=b", "https://[", "https://x:port"],
)
def test_what_is_no_address_is_told_without_repeating_it(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        console_url(url)
    assert "word" not in caught.value.diagnostics()


@given(st.text(max_size=40))
def test_nothing_but_loopback_is_ever_spoken_to_in_plain(text: str) -> None:
    try:
        url = console_url(f"http://{text}")
    except ConfigurationError:
        return
    host = url.removeprefix("http://").rsplit(":", 1)[0] if not url.endswith("]") else url.removeprefix("http://")
    assert is_loopback(host.strip("[]").split("/")[0].split("]")[0])


def test_a_file_that_holds_no_certificate_is_named(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    for name in ("ca.pem", "missing.pem"):
        with pytest.raises(ConfigurationError, match=name) as caught:
            connected("https://alpr.example.gov", ca_file=tmp_path / name)
        assert "ALPR_CA_FILE" in caught.value.remedy


def test_no_proxy_of_the_environment_sees_what_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://proxy.example.com:3128")
    with connected("http://127.0.0.1:8422") as client:
        assert not client.trust_env
        assert not client.follow_redirects
        assert not [mount for mount in client._mounts.values() if mount is not None]
