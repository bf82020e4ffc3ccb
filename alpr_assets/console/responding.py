"""What leaves as a page or as a problem: templates, and the one table from errors to answers.

Not here: headers (`shield`). A refusal tells its reasons and a remedy; nothing tells a trace, and nothing a plate.
"""

from __future__ import annotations

import logging
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import Scope

from alpr_assets.access.record.entries import RecordUnavailableError
from alpr_assets.errors import (
    AccessRefusedError,
    AlprError,
    ConfigurationError,
    IllegalMoveError,
    MalformedError,
    NotFoundError,
    NotInForceError,
    StorageError,
    VerificationError,
)
from alpr_assets.lifecycle.transparency.pages import TEMPLATES

log = logging.getLogger(__name__)

HERE: Final = Path(__file__).parent


class NotSignedInError(AlprError):
    """Nobody, or somebody who still owes a step, asked for what only members see."""


class CrossSiteError(AlprError):
    """A form or a script of another site, or a page from before the console was started anew."""


class TooManyError(AlprError):
    """More requests than a person makes."""


class TooLargeError(AlprError):
    """More than this address takes."""


class UnforeseenError(AlprError):
    """What nobody foresaw: a fault of ours."""


# The first class that fits; a test holds the table against every error of ours.
STATUS: Final[tuple[tuple[type[AlprError], int, str], ...]] = (
    (NotSignedInError, 401, "Sign in first"),
    (CrossSiteError, 403, "This form cannot be accepted"),
    (AccessRefusedError, 403, "Refused"),
    (NotFoundError, 404, "Not found"),
    (IllegalMoveError, 409, "Not possible any more"),
    (NotInForceError, 409, "No policy is in force"),
    (TooLargeError, 413, "Too large"),
    (TooManyError, 429, "Too many requests"),
    (RecordUnavailableError, 503, "The access record cannot be written"),
    (StorageError, 503, "The storage cannot be used"),
    (UnforeseenError, 500, "Something went wrong"),
    (VerificationError, 500, "Stored data does not match its record"),
    (ConfigurationError, 500, "The set-up is wrong"),
    (MalformedError, 400, "Not understood"),
    (AlprError, 400, "Not done"),
)


def status_of(error: AlprError) -> tuple[int, str]:
    """HTTP status and heading of an error."""
    return next((status, title) for kind, status, title in STATUS if isinstance(error, kind))


@cache
def templates() -> Environment:
    """The pages' templates; an unknown name is an error, and everything is escaped."""
    return Environment(
        loader=FileSystemLoader([HERE / "templates", TEMPLATES]), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip


def render(name: str, *, status: int = 200, **context: Any) -> HTMLResponse:
    """One page from its template."""
    return HTMLResponse(templates().get_template(name).render(**context), status_code=status)


def refused(scope: Scope, error: AlprError) -> Response:
    """The answer to an error: a page for who navigates, a problem (RFC 9457) for programs."""
    status, title = status_of(error)
    reasons = list(error.reasons) if isinstance(error, AccessRefusedError) else [str(error)]
    record_id = error.record_id if isinstance(error, AccessRefusedError) else None
    if wants_page(scope):
        return render(
            "refused.html", status=status, title=title, reasons=reasons, remedy=error.remedy, record_id=record_id,
            signed_in=scope.get("state", {}).get("session") is not None,
        )  # fmt: skip
    problem: dict[str, Any] = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": str(error),
        "reasons": reasons,
    }
    if error.remedy:
        problem["remedy"] = error.remedy
    if isinstance(error, AccessRefusedError):
        problem |= {"codes": list(error.codes), "record_id": record_id}
    return JSONResponse(problem, status_code=status, media_type="application/problem+json")


def broken(scope: Scope, error: BaseException) -> Response:
    """The answer to an error that nobody foresaw. Logged once, by where it was raised: its text may hold what was asked."""
    if not scope["state"].get("is_told"):
        scope["state"]["is_told"] = True
        log.error("%s at %s", *_place_of(error))
    remedy = "tell the administrator what time it was"
    return refused(scope, UnforeseenError("something went wrong here; nothing was returned", remedy=remedy))


def _place_of(error: BaseException) -> tuple[str, str]:
    while isinstance(error, BaseExceptionGroup):  # of a websocket's tasks
        error = error.exceptions[0]
    place, trace = "", error.__traceback__
    while trace is not None:
        place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
        trace = trace.tb_next
    return type(error).__name__, place


def wants_page(scope: Scope) -> bool:
    """Whether a person in a browser waits for the answer."""
    if scope["path"].startswith("/api/"):
        return False
    headers = Headers(scope=scope)
    mode = headers.get("sec-fetch-mode")
    return mode == "navigate" if mode else "text/html" in headers.get("accept", "")
