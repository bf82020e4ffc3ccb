"""Coming and going of programs, and what a member may ask: sign-in for a token, sign-out, who am I, purposes.

Here: routes. Not here: passwords, codes, locks (`access.signing_in`), tokens (`access.tokens`), the rate of tries
(`console.rates`).
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from fastapi import APIRouter, Request

from alpr_assets.access import register, sessions, tokens
from alpr_assets.access.roles import MAY, QUESTIONS, Action
from alpr_assets.console import rates
from alpr_assets.console.api import answers, asks
from alpr_assets.console.api.sessions import Serving, SignedIn
from alpr_assets.console.wiring import Services

router: Final = APIRouter(tags=["member"])


@router.get("/sign-in")
def notice(services: Serving) -> answers.Notice:
    """How to sign in here, and the notice that whoever signs in has read. Answers everybody."""
    policy = services.policy
    return answers.Notice(
        agency=policy.policy.agency,
        notice=policy.access.notice,
        adopted=policy.policy.adopted,
        time_zone=policy.policy.time_zone,
        passwords=not services.office.issuer,
        token_minutes=policy.access.token_minutes,
    )


@router.post("/sign-in", status_code=HTTPStatus.CREATED)
def sign_in(ask: asks.SignIn, request: Request, services: Serving) -> answers.Token:
    """Name, password and second factor for a token. Counted, recorded and locked as any sign-in."""
    policy = services.policy.access
    opened = tokens.sign_in(
        services.office,
        ask.user,
        ask.password.get_secret_value(),
        ask.code.get_secret_value(),
        kind=ask.kind,
        label=ask.label,
        minutes=policy.token_minutes if ask.minutes is None else ask.minutes,
        actions=_least(services, ask.user) if ask.actions is None else ask.actions,
        acknowledged=ask.notice_acknowledged,
        address=rates.address(request.scope),
        at=services.clock(),
    )
    session = opened.session
    return answers.Token(token=opened.token, session_id=session.session_id, expires_at=session.expires_at)


@router.post("/sign-out", status_code=HTTPStatus.NO_CONTENT)
def sign_out(session: SignedIn, services: Serving) -> None:
    """End this session; its token is good for nothing from now on."""
    sessions.sign_out(services.office, session, at=services.clock())


@router.get("/me")
def me(session: SignedIn) -> answers.Me:
    """Who asks, as the register has him now."""
    member = session.member
    allowed = MAY[member.role] if session.actions is None else MAY[member.role] & session.actions
    return answers.Me(
        user=member.user_name,
        name=member.name,
        title=member.title,
        role=member.role,
        agency=member.agency,
        sources=sorted(member.sources),
        trained_until=member.trained_until,
        actions=sorted(allowed),
        kind=session.kind,
        label=session.label,
        opened_at=session.opened_at,
        expires_at=session.expires_at,
    )


@router.get("/purposes")
def purposes(_session: SignedIn, services: Serving) -> answers.Purposes:
    """What a question may be for (422.4(a))."""
    found = [answers.Purpose(code=one.code, title=one.title) for one in services.policy.purposes]
    return answers.Purposes(purposes=found, case_number=services.policy.access.case_number)


def _least(services: Services, user: str) -> frozenset[Action]:
    """What a token is for where nothing is said: questions about vehicles, as far as the role has them; no administration."""
    member = register.named(services.store.engine, user)
    return QUESTIONS if member is None else QUESTIONS & MAY[member.role]
