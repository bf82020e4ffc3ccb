"""Back to the page that somebody came for, once he has signed in: an alert's link leads to its hit (422.4(f)).

Here: keeping the way through the sign-in, and pages opened by a link on another site. The way is an address of our own without a
query, in a cookie that says nothing about who came; addresses hold no plate. Not here: whether he may see that page.
"""

from __future__ import annotations

import re
from typing import Final

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import Scope

from alpr_assets.console.responding import render

COOKIE: Final = "alpr-back"
KEPT_SECONDS: Final = 15 * 60
OWN: Final = re.compile(r"/[a-z][a-z-]*(/[a-z0-9-]+){0,4}")
"""Never `//` or a scheme, which would lead to another site."""


def turned_away(scope: Scope) -> Response:
    """What a browser is answered that asks for a page and shows no session.

    Our cookie does not come with a click on another site's link (`SameSite=Strict`). There the answer leads to the same address
    once more, now from ourselves, so that who is signed in need not do it again.
    """
    way = scope["path"] if scope.get("method") == "GET" and OWN.fullmatch(scope["path"]) else None
    if way and Headers(scope=scope).get("sec-fetch-site") == "cross-site":
        return render("again.html", way=way)
    response = RedirectResponse("/sign-in", status_code=303)
    if way:
        response.set_cookie(
            COOKIE, way, max_age=KEPT_SECONDS, secure=scope.get("scheme") == "https", httponly=True, samesite="strict",
            path="/sign-in",
        )  # fmt: skip
    return response


def way_of(request: Request) -> str:
    """Where somebody wanted to go before he signed in; home where that is not known."""
    way = request.cookies.get(COOKIE, "")
    return way if OWN.fullmatch(way) else "/"


def forget(response: Response) -> None:
    """The way was gone."""
    response.delete_cookie(COOKIE, path="/sign-in", httponly=True, samesite="strict")
