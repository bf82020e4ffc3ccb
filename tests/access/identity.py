"""A small OpenID provider on loopback: discovery, authorisation code with PKCE, signed ID tokens. The tests break it as they like.

People are not asked for a password there: `person` is who sits before the browser. `at` is its clock.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlencode, urlsplit

import uvicorn
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT, SECRET = "alpr-console", "a secret that both know, and more than 32 bytes of it"


class Identity:
    """What the provider is and does; the attributes after `person` are for breaking it.

    claims : put over those of the ID token; None takes one away
    key : what signs instead of the published key; `alg` with which algorithm
    metadata : put over what discovery says
    down : answers nothing but errors
    """

    def __init__(self, at: datetime) -> None:
        self.at = at
        self.published = RSAKey.generate_key(2048, parameters={"kid": "2026-06"})
        self.person: dict[str, Any] = {"sub": "8f14e45f", "preferred_username": "jdoe"}
        self.claims: dict[str, Any] = {}
        self.key: Any = None
        self.alg = "RS256"
        self.metadata: dict[str, Any] = {}
        self.down = False
        self.issuer = ""
        self.codes: dict[str, dict[str, str]] = {}
        self.asked: list[dict[str, str]] = []

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self.discovery),
                Route("/authorize", self.authorize),
                Route("/token", self.token, methods=["POST"]),
                Route("/keys", self.keys),
            ]
        )

    async def discovery(self, _request: Request) -> Response:
        if self.down:
            return Response("maintenance", status_code=503)
        return JSONResponse(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
                "authorization_response_iss_parameter_supported": True,
                **self.metadata,
            }
        )

    async def authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        self.asked.append(asked)
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        back = urlencode({"code": code, "state": asked["state"], "iss": self.issuer})
        return RedirectResponse(f"{asked['redirect_uri']}?{back}")

    async def token(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        given = base64.b64decode(request.headers.get("authorization", "").removeprefix("Basic ")).decode()
        if unquote_plus(given) != f"{CLIENT}:{SECRET}":  # RFC 6749, 2.3.1: each part encoded as a form's
            return JSONResponse({"error": "invalid_client"}, status_code=401)
        asked = self.codes.pop(form.get("code", ""), None)  # each code once
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if (
            asked is None
            or form["redirect_uri"] != asked["redirect_uri"]
            or challenge.rstrip(b"=").decode() != asked["code_challenge"]
        ):
            return JSONResponse({"error": "invalid_grant"}, status_code=400)
        now = int(self.at.timestamp())
        claims = {
            "iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": asked["nonce"], **self.person,
            **self.claims,
        }  # fmt: skip
        claims = {name: value for name, value in claims.items() if value is not None}
        header = {"alg": self.alg, "kid": "2026-06"}
        key = self.key or self.published
        signed = unsigned(header, claims) if self.alg == "none" else jwt.encode(header, claims, key, ["RS256", "HS256"])
        return JSONResponse({"access_token": "a", "token_type": "Bearer", "id_token": signed})

    async def keys(self, _request: Request) -> Response:
        return JSONResponse(KeySet([self.published]).as_dict(private=False))


def unsigned(header: dict[str, Any], claims: dict[str, Any]) -> str:
    """A token that nobody signed, as RFC 7519 allows and nobody must take."""
    parts = (base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, claims))
    return f"{'.'.join(parts)}."


def shared_secret() -> Any:
    """The key of who signs with the client's secret, which is not the provider's own."""
    return OctKey.import_key(SECRET)


def returned(location: str) -> dict[str, str]:
    """The parameters with which the browser comes back."""
    return dict(parse_qsl(urlsplit(location).query))


@contextmanager
def running(identity: Identity) -> Iterator[Identity]:
    """The provider, answering on a free port of this machine."""
    listener = socket.create_server(("127.0.0.1", 0))
    identity.issuer = f"http://127.0.0.1:{listener.getsockname()[1]}"
    server = uvicorn.Server(uvicorn.Config(identity.app(), log_config=None, lifespan="off"))
    thread = Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    until = time.monotonic() + 20
    while not server.started:
        assert time.monotonic() < until
        time.sleep(0.01)
    yield identity
    server.should_exit = True
    thread.join(10)
    listener.close()
