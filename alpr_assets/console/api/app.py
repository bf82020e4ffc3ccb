"""The data API as one application, mounted below /api by the console."""

from __future__ import annotations

from typing import Any, Final

from fastapi import Depends, FastAPI
from fastapi.telemetry import TelemetryConfig

from alpr_assets.console.api import (
    canvassing,
    cases,
    counting,
    evidence,
    exporting,
    freezing,
    lineage,
    locating,
    maps,
    members,
    plates,
    proofs,
    recognising,
    releases,
    searching,
)
from alpr_assets.console.api.problems import PROBLEM, Problem, handle_problems
from alpr_assets.console.api.sessions import bearer
from alpr_assets.console.wiring import Services

DESCRIPTION: Final = """
Licence-plate data of the department, for its trained members. **Every question states a purpose and a case number, and is
recorded before it is answered** (422.4(a), 422.6(a)); the receipt of that comes with the answer: keep its head, and hold a later
one against it.

Sign in for a token, then send it as `Authorization: Bearer …`. Times are instants with their offset; answers give them in UTC.
Questions go by POST: no plate is part of an address.
"""

UNWATCHED: Final[TelemetryConfig] = {
    "tracing": False, "metrics": False, "logs": False, "operation_spans": False, "auto_configure": False
}  # fmt: skip
"""Whatever the machine exports to (OpenTelemetry): FastAPI would put errors' texts and traces there, and they may hold plates."""

REFUSALS: Final[dict[int | str, dict[str, Any]]] = {
    "4XX": {"model": Problem, "description": "Refused, with reasons and a remedy.", "content": {PROBLEM: {}}},
    "5XX": {"model": Problem, "description": "Not done; nothing was returned.", "content": {PROBLEM: {}}},
}


def create_api(services: Services) -> FastAPI:
    """The data API over these services. Its pages of documentation are off: they load from elsewhere."""
    api = FastAPI(
        title="ALPR data API",
        version="1",
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        redirect_slashes=False,
        responses=REFUSALS,
        dependencies=[Depends(bearer)],
        telemetry=UNWATCHED,
    )
    api.state.services = services
    handle_problems(api)
    for router in (
        members.router,
        searching.router,
        plates.router,
        canvassing.router,
        counting.router,
        locating.router,
        recognising.router,
        exporting.router,
        evidence.router,
        releases.router,
        freezing.router,
        cases.router,
        lineage.router,
        maps.router,
        proofs.router,
    ):
        api.include_router(router)
    return api
