"""Errors as the data API tells them: one shape (RFC 9457), with reasons, a remedy and the record of the refusal.

Here: the shape, and the handlers. Not here: which error is which status (`console.responding`). Nothing that was sent is sent
back or logged: it may be a plate or a password.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from alpr_assets.console.responding import broken, status_of
from alpr_assets.errors import AccessRefusedError, AlprError, MalformedError

PROBLEM: Final = "application/problem+json"


class Problem(BaseModel):
    """An error (RFC 9457)."""

    type: str = Field(default="about:blank", description="`about:blank`: the status says what it is")
    title: str = Field(description="the status in words")
    status: int
    detail: str = Field(description="what happened, for a person; never what was sent")
    reasons: list[str] = Field(default_factory=list, description="every reason of a refusal, a sentence each")
    codes: list[str] = Field(default_factory=list, description="the same, short and stable, as recorded")
    remedy: str = Field(default="", description="what to do about it")
    record_id: int | None = Field(default=None, description="of the refusal, in the access record")


def answered(problem: Problem, headers: dict[str, str] | None = None) -> Response:
    """A problem as a response."""
    return JSONResponse(problem.model_dump(), problem.status, headers, media_type=PROBLEM)


def problem_of(status: HTTPStatus | int, detail: str, **more: Any) -> Problem:
    """A problem of a status."""
    known = HTTPStatus(status)
    return Problem(title=known.phrase, status=known.value, detail=detail, **more)


def problem_of_error(error: AlprError) -> Problem:
    """One of our errors as a problem."""
    status, title = status_of(error)
    problem = Problem(title=title, status=status, detail=str(error), remedy=error.remedy)
    if isinstance(error, AccessRefusedError):
        more = {"reasons": list(error.reasons), "codes": list(error.codes), "record_id": error.record_id}
        return problem.model_copy(update=more)
    return problem.model_copy(update={"codes": [error.code]}) if isinstance(error, MalformedError) else problem


def handle_problems(api: FastAPI) -> None:
    """Let an application answer every error as a problem."""

    @api.exception_handler(AlprError)
    def ours(_request: Request, error: AlprError) -> Response:
        return answered(problem_of_error(error))

    @api.exception_handler(RequestValidationError)
    def malformed(_request: Request, error: RequestValidationError) -> Response:
        wrong = [f"{'.'.join(map(str, found['loc']))}: {_told(found)}" for found in error.errors()]
        detail = "the request is not what the description of this API asks for"
        return answered(
            problem_of(HTTPStatus.UNPROCESSABLE_ENTITY, detail, reasons=wrong, remedy="see /api/openapi.json")
        )

    @api.exception_handler(HTTPException)
    def http(_request: Request, error: HTTPException) -> Response:
        return answered(problem_of(error.status_code, str(error.detail)), dict(error.headers or {}))

    @api.exception_handler(Exception)
    def unforeseen(request: Request, error: Exception) -> Response:
        return broken(request.scope, error)


def _told(found: dict[str, Any]) -> str:
    """What is wrong with one value, without it: pydantic's messages name limits only, but for one that quotes what it found."""
    if found["type"] == "union_tag_invalid":
        return f"must be one of {found['ctx']['expected_tags']}"
    return str(found["msg"])
