"""How the console is served: never in clear beyond this machine, no word on who asks but a configured proxy's, no log of addresses."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest
import uvicorn

from alpr_assets.console.__main__ import require_safe, server_config
from alpr_assets.errors import ConfigurationError
from alpr_assets.settings import ROOT, Settings
from tests.console.consoles import Console

PEM = Path("x.pem")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.8", "alpr.pd.example"])
def test_beyond_this_machine_there_is_tls_or_a_proxy_or_no_console(host: str):
    with pytest.raises(ConfigurationError, match="without TLS"):
        require_safe(Settings(host=host))
    require_safe(Settings(host=host, certfile=PEM, keyfile=PEM))
    require_safe(Settings(host=host, proxies="10.0.0.1"))


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.1.2.3"])
def test_on_loopback_it_may_be_plain(host: str):
    require_safe(Settings(host=host))


def test_a_certificate_without_its_key_is_told():
    for half in ({"certfile": PEM}, {"keyfile": PEM}):
        with pytest.raises(ConfigurationError, match="key"):
            require_safe(Settings(**half))


@pytest.mark.parametrize(("proxies", "believed"), [("", False), ("127.0.0.1", True), ("10.0.0.1", False)])
def test_only_a_configured_proxy_says_who_asks(console: Console, proxies: str, believed: bool):
    """Else anybody could name another address at each guess, and pass the rates."""
    seen = []

    async def app(scope, receive, send):
        if scope["type"] == "http":
            seen.append((scope["client"][0], scope["scheme"]))
            await console.app(scope, receive, send)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(server_config(Settings(proxies=proxies), app))
        server.config.lifespan = "off"
        port = listening.getsockname()[1]
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        told = {"x-forwarded-for": "203.0.113.9", "x-forwarded-proto": "https"}
        answer = httpx.get(f"http://127.0.0.1:{port}/policy", headers=told)
        server.should_exit = True
        thread.join()
    assert seen == [("203.0.113.9", "https") if believed else ("127.0.0.1", "http")]
    assert ("strict-transport-security" in answer.headers) == believed
    assert "server" not in answer.headers


def test_it_starts_as_a_program_and_ends_by_a_signal(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    (tmp_path / "workspace.yaml").write_text("load_from: []\n")
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("ALPR_")},
        "ALPR_DATA": str(tmp_path / "data"), "ALPR_KEYS": str(tmp_path / "keys"), "ALPR_PORT": str(port),
        "ALPR_CODE_SOCKET": str(tmp_path / "code.sock"), "DAGSTER_HOME": str(tmp_path),
    }  # fmt: skip
    (tmp_path / "dagster.yaml").write_text((ROOT / "dagster_home" / "dagster.yaml").read_text())
    with subprocess.Popen(
        [sys.executable, "-m", "alpr_assets.console"], cwd=ROOT, env=environment, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True,
    ) as process:  # fmt: skip
        answered = None
        for _ in range(300):
            try:
                answered = httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=5)
                break
            except httpx.TransportError:
                assert process.poll() is None, process.stdout and process.stdout.read()
                time.sleep(0.2)
        assert answered is not None
        assert answered.status_code == 204
        secret_page = httpx.get(f"http://127.0.0.1:{port}/dagster/graphql?query=7ABC123")
        process.terminate()
        out, _ = process.communicate(timeout=30)
    assert secret_page.status_code == 401
    assert "7ABC123" not in out
    assert process.returncode in {0, -15}
