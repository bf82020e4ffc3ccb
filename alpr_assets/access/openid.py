"""OpenID Connect with one provider: what it says of itself, the exchange of a code, what an ID token is worth.

Here: the protocol (OpenID Connect Core 1.0, RFC 7636, RFC 9207). Not here: members and sessions (`provider`).
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_address
from typing import Any, Final, cast
from urllib.parse import urlsplit

import httpx
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, KeySetSerialization

from alpr_assets.errors import AccessRefusedError, AlprError, ConfigurationError

ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures by the provider's private key only: never `none`, never one by the secret that we know too."""

LEEWAY_SECONDS: Final = 60
TIMEOUT_SECONDS: Final = 10


class ProviderError(AlprError):
    """The identity provider does not answer, or not as one does."""


@dataclass(frozen=True, slots=True)
class Provider:
    """Where members sign in, and as what we are known there. `transport` is for what stands between, such as a proxy."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False, default="")
    transport: httpx.BaseTransport | None = None


def claims(provider: Provider, flow: Mapping[str, Any], returned: Mapping[str, str], at: datetime) -> dict[str, Any]:
    """What the provider vouches for. Raises AccessRefusedError, ProviderError."""
    if not hmac.compare_digest(str(returned.get("state", "")).encode(errors="replace"), str(flow["state"]).encode()):
        raise refusal("state", "the sign-in did not begin in this browser")
    metadata = discovered(provider)
    says_who = bool(metadata.get("authorization_response_iss_parameter_supported"))
    if returned.get("iss", "" if says_who else provider.issuer) != provider.issuer:
        raise refusal("issuer", "another provider answered")
    if "code" not in returned:
        raise refusal("provider_refused", "the identity provider did not let this person in")
    token = _exchanged(provider, metadata, flow, returned["code"])
    published = cast("KeySetSerialization", _fetched(provider, metadata["jwks_uri"]))  # each time: keys are changed
    try:
        keys = KeySet.import_key_set(published)
        decoded = jwt.decode(token, keys, algorithms=list(ALGORITHMS))
        jwt.JWTClaimsRegistry(
            now=int(at.timestamp()),
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": provider.issuer},
            aud={"essential": True, "value": provider.client_id},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": flow["nonce"]},
        ).validate(decoded.claims)
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise refusal("id_token", "the identity provider's word does not hold") from error
    several = isinstance(decoded.claims["aud"], list) and len(decoded.claims["aud"]) > 1
    if decoded.claims.get("azp", "" if several else provider.client_id) != provider.client_id:
        raise refusal("id_token", "the identity provider's word is for another system")
    return dict(decoded.claims)


def _exchanged(provider: Provider, metadata: Mapping[str, Any], flow: Mapping[str, Any], code: str) -> str:
    """The ID token for a code."""
    try:
        with client(provider, flow["redirect_uri"]) as asking:
            answer = asking.fetch_token(metadata["token_endpoint"], code=code, code_verifier=flow["verifier"])
    except OAuthError as error:  # a code that was used, of another browser, too late
        raise refusal("code", "the identity provider does not take this code") from error
    except (httpx.HTTPError, ValueError) as error:
        raise _silent(provider) from error
    if not isinstance(answer, dict) or not isinstance(answer.get("id_token"), str):
        raise refusal("id_token", "the identity provider gave no ID token")
    return str(answer["id_token"])


def discovered(provider: Provider) -> dict[str, Any]:
    """The provider's own description (OpenID Connect Discovery 1.0). Raises ProviderError when it is of another issuer."""
    metadata = _fetched(provider, f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration")
    if metadata.get("issuer") != provider.issuer:
        raise ProviderError(
            "the identity provider names another issuer",
            remedy="set ALPR_OIDC_ISSUER exactly as the provider writes it",
        )
    for endpoint in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        if not isinstance(metadata.get(endpoint), str):
            raise ProviderError(f"the identity provider names no {endpoint}")
        require_safe(metadata[endpoint])
    return metadata


def _fetched(provider: Provider, url: str) -> dict[str, Any]:
    try:
        with httpx.Client(timeout=TIMEOUT_SECONDS, transport=provider.transport) as asking:
            answer = asking.get(url).raise_for_status().json()
    except (httpx.HTTPError, ValueError) as error:
        raise _silent(provider) from error
    if not isinstance(answer, dict):
        raise _silent(provider)
    return answer


def client(provider: Provider, redirect_uri: str) -> OAuth2Client:
    """What speaks with the provider, as ourselves and with PKCE."""
    return OAuth2Client(
        client_id=provider.client_id,
        client_secret=provider.client_secret or None,
        token_endpoint_auth_method="client_secret_basic" if provider.client_secret else "none",
        redirect_uri=redirect_uri,
        scope="openid profile",
        code_challenge_method="S256",
        timeout=TIMEOUT_SECONDS,
        transport=provider.transport,
    )


def require_safe(url: str) -> None:
    """TLS, or this machine itself. Raises ConfigurationError."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        loopback = ip_address(host).is_loopback
    except ValueError:
        loopback = host == "localhost"
    if not host or not (parts.scheme == "https" or (parts.scheme == "http" and loopback)):
        raise ConfigurationError("the identity provider is not reached by TLS", remedy="give its https:// address")


def _silent(provider: Provider) -> ProviderError:
    host = urlsplit(provider.issuer).hostname
    return ProviderError(
        f"the identity provider on {host} does not answer as one", remedy="try again; else tell the administrator"
    )


def refusal(code: str, text: str) -> AccessRefusedError:
    return AccessRefusedError((text,), codes=(code,), remedy="sign in again; else ask an administrator")
