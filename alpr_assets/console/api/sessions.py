"""Who asks: the session that the console's middleware found, and what the routes work with.

Not here: finding a session, CSRF, limits (`console.security`): by the time a route runs, all that has passed. A route that it
did not pass answers nobody.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPBearer
from starlette.exceptions import HTTPException

from alpr_assets.access.people import Session
from alpr_assets.console.wiring import Services

bearer = HTTPBearer(auto_error=False, description="a token of POST /sign-in, or one made in the console")


def services_of(request: Request) -> Services:
    """What this application was made with."""
    services: Services = request.app.state.services
    return services


def session_of(request: Request) -> Session:
    """The complete session of a request. Raises HTTPException (401) where there is none."""
    session = request.scope.get("state", {}).get("session")
    if isinstance(session, Session) and session.is_complete:
        return session
    raise HTTPException(HTTPStatus.UNAUTHORIZED, "sign in first", {"WWW-Authenticate": "Bearer"})


Serving = Annotated[Services, Depends(services_of)]
SignedIn = Annotated[Session, Depends(session_of)]
