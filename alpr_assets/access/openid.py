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
from urllib.parse import quote_plus, urlsplit

import httpx
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
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


def sending(provider: Provider, flow: Mapping[str, Any]) -> str:
    """Where to send the browser, with the challenge of the flow's proof (RFC 7636). Raises ProviderError."""
    url = prepare_grant_uri(
        discovered(provider)["authorization_endpoint"],
        provider.client_id,
        "code",
        redirect_uri=flow["redirect_uri"],
        scope="openid profile",
        state=flow["state"],
        nonce=flow["nonce"],
        code_challenge=create_s256_code_challenge(flow["verifier"]),
        code_challenge_method="S256",
    )
    return str(url)


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
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": flow["redirect_uri"],
        "code_verifier": flow["verifier"],
    }
    secret: tuple[str, str] | None = None
    if provider.client_secret:
        secret = quote_plus(provider.client_id), quote_plus(provider.client_secret)  # RFC 6749, 2.3.1
    else:
        form["client_id"] = provider.client_id
    try:
        with httpx.Client(timeout=TIMEOUT_SECONDS, transport=provider.transport, auth=secret) as asking:
            response = asking.post(metadata["token_endpoint"], data=form)
        answer = response.json()
    except (httpx.HTTPError, ValueError) as error:
        raise _silent(provider) from error
    if response.status_code == httpx.codes.BAD_REQUEST:  # a code that was used, of another browser, too late
        raise refusal("code", "the identity provider does not take this code")
    if not response.is_success or not isinstance(answer, dict):
        raise _silent(provider)
    if not isinstance(answer.get("id_token"), str):
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


def require_safe(url: str) -> None:
    """TLS, or this machine itself. Raises ConfigurationError."""
    try:
        scheme, host = urlsplit(url).scheme, urlsplit(url).hostname or ""
    except ValueError:  # brackets that hold no address
        scheme, host = "", ""
    if not host or not (scheme == "https" or (scheme == "http" and _is_this_machine(host))):
        raise ConfigurationError("the identity provider is not reached by TLS", remedy="give its https:// address")


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _silent(provider: Provider) -> ProviderError:
    host = urlsplit(provider.issuer).hostname
    return ProviderError(
        f"the identity provider on {host} does not answer as one", remedy="try again; else tell the administrator"
    )


def refusal(code: str, text: str) -> AccessRefusedError:
    return AccessRefusedError((text,), codes=(code,), remedy="sign in again; else ask an administrator")
