"""`python -m alpr_assets.console`: serve the console until a signal ends it. `alpr up` starts it."""

from __future__ import annotations

import sys

import uvicorn

from alpr_assets.console.app import create_app
from alpr_assets.console.hosts import is_loopback
from alpr_assets.console.opening import opened
from alpr_assets.console.shield import MIB
from alpr_assets.errors import AlprError, ConfigurationError
from alpr_assets.policy import policy
from alpr_assets.settings import Settings, settings


def serve() -> None:
    """Serve by the settings. Raises AlprError where they do not allow it."""
    configured = settings()
    require_safe(configured)
    with opened(configured, policy()) as services:
        uvicorn.Server(server_config(configured, create_app(services))).run()


def server_config(configured: Settings, app: object) -> uvicorn.Config:
    """How the server runs: no log of addresses, no name of its own, and nobody's word on who asks but a configured proxy's."""
    return uvicorn.Config(
        app,  # type: ignore[arg-type]
        host=configured.host,
        port=configured.port,
        ssl_certfile=configured.certfile and str(configured.path("certfile")),
        ssl_keyfile=configured.keyfile and str(configured.path("keyfile")),
        proxy_headers=bool(configured.proxies),
        forwarded_allow_ips=configured.proxies or "",
        access_log=False,
        log_level="warning",
        server_header=False,
        ws_max_size=MIB,
        h11_max_incomplete_event_size=64 * 1024,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=5,
        limit_concurrency=512,
    )


def require_safe(configured: Settings) -> None:
    """Raises ConfigurationError where passwords would cross a network in clear, or a certificate lacks its key."""
    if bool(configured.certfile) != bool(configured.keyfile):
        raise ConfigurationError(
            "a certificate needs its key, and a key its certificate",
            remedy="set ALPR_CERTFILE and ALPR_KEYFILE, or neither",
        )
    if not (configured.certfile or configured.proxies or is_loopback(configured.host)):
        raise ConfigurationError(
            f"the console would listen on {configured.host} without TLS",
            remedy="set ALPR_CERTFILE and ALPR_KEYFILE; or listen on loopback behind a proxy that has them",
        )


if __name__ == "__main__":
    try:
        serve()
    except AlprError as error:
        sys.stderr.write(f"{error.diagnostics()}\n")
        sys.exit(1)
