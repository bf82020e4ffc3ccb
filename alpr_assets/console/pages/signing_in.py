"""Signing in, step by step: password, code or enrolment, notice; changing the password; signing out.

What went wrong is told in the same words for a wrong, an unknown and a locked name; only who showed the right password learns that
his account is suspended or that a one-time password has expired. Not here: deciding any of it (`access.signing_in`).
"""

from __future__ import annotations

from typing import Final

from anyio.to_thread import run_sync
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from alpr_assets.access import passwords, second_factor, sessions, signing_in
from alpr_assets.access.people import Session
from alpr_assets.access.sessions import Opened
from alpr_assets.console.pages.asking import Asked, Form, back_to, page
from alpr_assets.console.returning import forget, way_of
from alpr_assets.console.security import cookie_name, is_secure
from alpr_assets.errors import AccessRefusedError, AlprError, MalformedError


@page
async def sign_in(asked: Asked) -> Response:
    session = asked.maybe_session
    if session is not None:
        return back_to(next_step(session))
    if asked.request.method == "GET":
        return await _password_page(asked)
    form = await asked.form()
    office = asked.services.office
    try:
        opened = await run_sync(
            lambda: signing_in.sign_in(
                office, form.secret("user"), form.secret("password"), address=asked.address, at=asked.at
            )
        )
    except AccessRefusedError as error:
        return await _password_page(asked, error)
    return entered(asked, opened)


@page
async def second_factor_step(asked: Asked) -> Response:
    session = asked.session
    if not (session.must_verify or session.must_enrol) or next_step(session) != asked.request.url.path:
        return back_to(next_step(session))
    if asked.request.method == "GET":
        return await _factor_page(asked)
    form = await asked.form()
    try:
        if session.must_enrol and form.flag("begin"):
            begun = await run_sync(lambda: second_factor.begin_enrolment(asked.services.office, session, at=asked.at))
            return await _factor_page(asked, enrolment=begun)
        return entered(asked, await (_verified if session.must_verify else _enrolled)(asked, form))
    except (AccessRefusedError, MalformedError) as error:
        if "session_ended" in getattr(error, "codes", ()):
            return back_to("/sign-in")
        return await _factor_page(asked, error)


@page
async def change_password(asked: Asked) -> Response:
    session, office = asked.session, asked.services.office
    if session.must_verify or office.issuer:
        return back_to(next_step(session))
    error: AlprError | None = None
    if asked.request.method == "POST":
        form = await asked.form()
        try:
            _require_same(form)
            opened = await run_sync(
                lambda: passwords.change(office, session, form.secret("present"), form.secret("new"), at=asked.at)
            )
            return entered(asked, opened)
        except (AccessRefusedError, MalformedError) as refused:
            error = refused
    return await asked.page("password.html", status=400 if error else 200, error=error, owes=session)


@page
async def notice(asked: Asked) -> Response:
    session = asked.session
    if session.must_verify or session.must_change_password or session.must_enrol or not session.must_acknowledge:
        return back_to(next_step(session))
    if asked.request.method == "POST":
        await run_sync(lambda: sessions.acknowledge(asked.services.office, session, at=asked.at))
        response = back_to(way_of(asked.request))
        forget(response)
        return response
    return await asked.page("notice.html")


@page
async def sign_out(asked: Asked) -> Response:
    await run_sync(lambda: sessions.sign_out(asked.services.office, asked.session, at=asked.at))
    response = back_to("/sign-in")
    response.delete_cookie(
        cookie_name(asked.request.scope), secure=is_secure(asked.request.scope), httponly=True, samesite="strict"
    )
    response.headers["clear-site-data"] = '"cache", "storage"'
    return response


def next_step(session: Session) -> str:
    """What the member still owes, in its order; home where it is nothing."""
    if session.must_verify:
        return "/sign-in/second-factor"
    if session.must_change_password:
        return "/sign-in/password"
    if session.must_enrol:
        return "/sign-in/second-factor"
    return "/sign-in/notice" if session.must_acknowledge else "/"


def entered(asked: Asked, opened: Opened) -> Response:
    """Hand over the session's new token, and go on to what is owed next."""
    response = RedirectResponse(next_step(opened.session), status_code=303)
    set_token(asked, response, opened.token)
    return response


def set_token(asked: Asked, response: Response, token: str) -> None:
    """The session's cookie: for this host only, unseen by scripts, gone with the browser, never sent from other sites."""
    scope = asked.request.scope
    response.set_cookie(cookie_name(scope), token, secure=is_secure(scope), httponly=True, samesite="strict", path="/")


async def _password_page(asked: Asked, error: AccessRefusedError | None = None) -> Response:
    return await asked.page(
        "sign_in.html", status=403 if error else 200, error=error, by_provider=bool(asked.services.office.issuer)
    )


async def _factor_page(
    asked: Asked, error: AlprError | None = None, enrolment: second_factor.Enrolment | None = None
) -> Response:
    status = 200 if error is None else 403 if isinstance(error, AccessRefusedError) else 400
    return await asked.page(
        "second_factor.html", status=status, error=error, enrolment=enrolment, owes=asked.session
    )  # fmt: skip


def _require_same(form: Form) -> None:
    if form.secret("new") != form.secret("again"):
        raise MalformedError("again", "the two new passwords differ", remedy="type the new one twice")


async def _verified(asked: Asked, form: Form) -> Opened:
    token, code = asked.request.state.token, form.text("code", limit=20)
    return await run_sync(lambda: signing_in.verify_code(asked.services.office, token, code, at=asked.at))


async def _enrolled(asked: Asked, form: Form) -> Opened:
    code = form.text("code", limit=20)
    return await run_sync(lambda: second_factor.confirm(asked.services.office, asked.session, code, at=asked.at))


ROUTES: Final = [
    Route("/sign-in", sign_in, methods=["GET", "POST"]),
    Route("/sign-in/second-factor", second_factor_step, methods=["GET", "POST"]),
    Route("/sign-in/password", change_password, methods=["GET", "POST"]),
    Route("/sign-in/notice", notice, methods=["GET", "POST"]),
    Route("/sign-out", sign_out, methods=["POST"]),
]
