"""Sessions and tokens by page: mine to see, end and make; all of them for who may end others'. No rule is here."""

from __future__ import annotations

from typing import Final

from anyio.to_thread import run_sync
from starlette.responses import Response
from starlette.routing import Route

from alpr_assets.access import sessions, tokens
from alpr_assets.access.people import SessionKind
from alpr_assets.access.roles import MAY, Action
from alpr_assets.access.sessions import Opened
from alpr_assets.console.pages.asking import Asked, back_to, page
from alpr_assets.errors import AccessRefusedError, AlprError, MalformedError


@page
async def show(asked: Asked) -> Response:
    return await _page(asked)


@page
async def revoke(asked: Asked) -> Response:
    form = await asked.form()
    session_id = form.number("session_id")
    await run_sync(lambda: sessions.revoke(asked.services.office, session_id, by=asked.by, at=asked.at))
    return back_to("/sign-in" if session_id == asked.session.session_id else "/sessions")


@page
async def make_token(asked: Asked) -> Response:
    form = await asked.form()
    kind = SessionKind.DEVICE if form.text("kind") == SessionKind.DEVICE else SessionKind.NOTEBOOK
    actions = [action for action in Action if action.value in form.several("actions")]
    try:
        made = await run_sync(
            lambda: tokens.make(
                asked.services.office, asked.session, kind=kind, label=form.text("label", limit=64), actions=actions,
                minutes=form.number("minutes"), at=asked.at,
            )
        )  # fmt: skip
    except (AccessRefusedError, MalformedError) as error:
        return await _page(asked, error=error)
    return await _page(asked, made=made)


async def _page(asked: Asked, *, error: AlprError | None = None, made: Opened | None = None) -> Response:
    office, me = asked.services.office, asked.session.member
    may_end = asked.may(Action.REVOKE_SESSION)
    found = await run_sync(lambda: sessions.listed(office, at=asked.at, member_id=None if may_end else me.member_id))
    return await asked.page(
        "sessions.html", status=400 if error else 200, error=error, made=made, may_end=may_end,
        mine=[one for one in found if one.member.member_id == me.member_id],
        others=[one for one in found if one.member.member_id != me.member_id],
        this=asked.session.session_id, actions=sorted(MAY[me.role]), longest=asked.services.policy.access.token_minutes,
        by_provider=bool(office.issuer),
    )  # fmt: skip


ROUTES: Final = [
    Route("/sessions", show),
    Route("/sessions/revoke", revoke, methods=["POST"]),
    Route("/sessions/token", make_token, methods=["POST"]),
]
