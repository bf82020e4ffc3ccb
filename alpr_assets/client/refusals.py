"""What the console refuses, as our own errors: the same a person sees in its pages, with the remedy.

Not here: connections that fail (`places`).
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

import httpx

from alpr_assets.access.record.entries import RecordUnavailableError
from alpr_assets.errors import AccessRefusedError, AlprError, IllegalMoveError, MalformedError, NotFoundError

PLAIN: Final[dict[int, type[AlprError]]] = {
    HTTPStatus.NOT_FOUND: NotFoundError,
    HTTPStatus.CONFLICT: IllegalMoveError,
    HTTPStatus.SERVICE_UNAVAILABLE: RecordUnavailableError,
}


def error_of(response: httpx.Response) -> AlprError:
    """The error that a response tells of; whatever is not in our shape (RFC 9457) is told by its status."""
    problem = _problem(response)
    status = response.status_code
    detail, remedy = str(problem.get("detail") or response.reason_phrase), str(problem.get("remedy") or "")
    reasons, codes = tuple(problem.get("reasons") or ()), tuple(problem.get("codes") or ())
    if status == HTTPStatus.UNAUTHORIZED:
        remedy = "sign in again: the session ended or was revoked"
        return AccessRefusedError((detail,), codes=("not_signed_in",), remedy=remedy)
    if status == HTTPStatus.FORBIDDEN:
        return AccessRefusedError(
            reasons or (detail,), record_id=problem.get("record_id"), codes=codes, remedy=remedy
        )  # fmt: skip
    if status in {HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY} and problem:
        said = f"{detail}: {'; '.join(reasons)}" if reasons and reasons != (detail,) else detail
        return MalformedError(codes[0] if codes else "malformed", said, remedy=remedy)
    if status in PLAIN and problem:
        return PLAIN[status](detail, remedy=remedy)
    return AlprError(f"the console answered {status}: {detail}", remedy=remedy)


def _problem(response: httpx.Response) -> dict[str, Any]:
    try:
        problem = response.json()
    except ValueError:
        return {}
    return problem if isinstance(problem, dict) else {}
