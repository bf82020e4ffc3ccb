"""Sign-in by the department's identity provider (OpenID Connect Core 1.0, code flow with PKCE) in place of passwords.

Here: sending the browser, and whose session its return opens. Not here: the protocol (`openid`), routes and cookies.
The provider says who somebody is; who is a member the register says: none is ever made here. The first sign-in that comes in
binds the provider's subject to the member of that user name, and no other subject is taken for him afterwards. The provider's word
on the second factor is taken when it says so (`amr` or `acr`); otherwise ours is asked for.

One return
(1) it belongs to the browser that was sent: the sealed flow from its cookie holds the state
(2) it comes from the provider that was asked (RFC 9207)
(3) the code is exchanged, with the proof that we sent the browser (RFC 7636)
(4) the ID token: signature by the provider's keys, issuer, audience, time, nonce
(5) the member: bound subject, or first use by user name; active, not locked, not idle for too long
"""

from __future__ import annotations

import base64
import binascii
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select

from alpr_assets.access import openid, register, signing_in
from alpr_assets.access.acting import Act, Office, acting, locked_member
from alpr_assets.access.openid import Provider
from alpr_assets.access.people import Member, nobody
from alpr_assets.access.record.entries import Kind
from alpr_assets.access.sessions import Opened
from alpr_assets.errors import AccessRefusedError, ConfigurationError, VerificationError
from alpr_assets.settings import Settings
from alpr_assets.store import people

SECOND_FACTOR: Final = frozenset(
    {
        "mfa",  # RFC 8176
        "http://schemas.openid.net/pape/policies/2007/06/multi-factor",
        "https://refeds.org/profile/mfa",
    }
)
FLOW_MINUTES: Final = 10
_FLOW: Final = "sign-in by the identity provider"


@dataclass(frozen=True, slots=True)
class Started:
    """Where to send the browser, and the flow that it brings back: an HttpOnly cookie of FLOW_MINUTES, SameSite=Lax."""

    url: str
    flow: str = field(repr=False)


def configured(settings: Settings) -> Provider | None:
    """The provider that the environment names; None: passwords. Raises ConfigurationError."""
    issuer = settings.oidc_issuer.rstrip("/")
    if not issuer:
        return None
    if not settings.oidc_client_id:
        raise ConfigurationError(
            "ALPR_OIDC_CLIENT_ID is not set", remedy="set it to this system's name at the provider"
        )
    openid.require_safe(issuer)
    return Provider(settings.oidc_issuer, settings.oidc_client_id, settings.oidc_client_secret.get_secret_value())


def begin(office: Office, provider: Provider, redirect_uri: str, *, at: datetime) -> Started:
    """Send a browser to the provider. Raises ProviderError when that one does not answer."""
    flow: dict[str, Any] = {name: secrets.token_urlsafe(32) for name in ("state", "nonce", "verifier")}
    flow |= {"redirect_uri": redirect_uri, "at": at.timestamp()}
    url = openid.sending(provider, flow)
    sealed = office.key.seal(json.dumps(flow).encode(), belongs_to=_FLOW)
    return Started(url, base64.urlsafe_b64encode(sealed).decode())


def finish(
    office: Office, provider: Provider, flow: str, returned: Mapping[str, str], *, address: str, at: datetime
) -> Opened:
    """The browser came back: a session for the member that it is.

    flow : from the browser's cookie
    returned : the parameters of the return: code and state, or an error

    Raises
    ------
    AccessRefusedError : not the browser we sent, not a token for us, nobody we know, or a member who may not come in
    ProviderError : the provider does not answer
    """
    try:
        claims = openid.claims(provider, _opened_flow(office, flow, at), returned, at)
    except AccessRefusedError as refusal:
        with acting(office, "sign_in_provider", nobody(address), at=at, kind=Kind.SIGN_IN):
            raise refusal from None  # for its entry
    opened: Opened | None = None
    with acting(office, "sign_in_provider", nobody(address), at=at, kind=Kind.SIGN_IN) as act:
        member, is_bound = _member(act, provider.issuer, claims)
        act.note(member_id=member.member_id, user_name=member.user_name)
        error = signing_in.standing(office, act, member)
        row = {"at": at, "member_id": member.member_id, "factor": "provider", "address": address[:64]}
        act.connection.execute(people.sign_in_attempt.insert(), {**row, "succeeded": error is None})
        if error is not None:
            act.refuse(error)
        else:
            if not is_bound:
                _bind(act, member, provider.issuer, claims)
            verified = vouches_for_both(claims)
            act.note(second_factor="provider" if verified else "ours")
            opened = signing_in.open_web(office, act, member, address=address, verified=verified, by_provider=True)
    assert opened is not None  # a refusal was raised
    return opened


def vouches_for_both(claims: Mapping[str, Any]) -> bool:
    """Whether the provider says that it asked for a second factor."""
    methods = claims.get("amr")
    said = set(methods) if isinstance(methods, list) and all(isinstance(m, str) for m in methods) else set()
    context = claims.get("acr")
    return bool(SECOND_FACTOR & (said | ({context} if isinstance(context, str) else set())))


# ── the member ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _member(act: Act, issuer: str, claims: Mapping[str, Any]) -> tuple[Member, bool]:
    """The member of a subject, else of that user name and bound to none yet; whether he is bound. Raises AccessRefusedError."""
    table, subject = people.member, str(claims["sub"])
    if not (subject + str(claims.get("preferred_username"))).isprintable():
        raise openid.refusal("unknown_member", "no member of this department has this name")
    named = str(claims.get("preferred_username") or subject)
    ours = (table.c.provider_issuer == issuer) & (table.c.provider_subject == subject)
    # The one bound to the subject goes first: his user name at the provider may have changed, or be another's by now.
    member_id = act.connection.scalar(select(table.c.member_id).where(ours))
    if member_id is None:
        member_id = act.connection.scalar(select(table.c.member_id).where(table.c.user_name == register.folded(named)))
    if member_id is None:
        raise openid.refusal("unknown_member", "no member of this department has this name")
    member = locked_member(act.connection, member_id)
    this = table.c.member_id == member_id
    bound = act.connection.execute(select(table.c.provider_issuer, table.c.provider_subject).where(this)).one()
    if bound.provider_subject is not None and tuple(bound) != (issuer, subject):
        raise openid.refusal("another_subject", "the provider knew this member under another subject")
    return member, bound.provider_subject is not None


def _bind(act: Act, member: Member, issuer: str, claims: Mapping[str, Any]) -> None:
    """From now on this subject is the member, and no other."""
    this = people.member.update().where(people.member.c.member_id == member.member_id)
    act.connection.execute(this.values(provider_issuer=issuer, provider_subject=str(claims["sub"])))
    act.note(bound=True)


def _opened_flow(office: Office, flow: str, at: datetime) -> dict[str, Any]:
    try:
        sealed = base64.urlsafe_b64decode(flow.encode())
        opened: dict[str, Any] = json.loads(office.key.open(sealed, belongs_to=_FLOW))
    except (VerificationError, binascii.Error, ValueError) as error:
        raise openid.refusal("flow", "the sign-in did not begin in this browser") from error
    if not 0 <= at.timestamp() - opened["at"] < FLOW_MINUTES * 60:
        raise openid.refusal("flow_expired", "the sign-in took too long")
    return opened
