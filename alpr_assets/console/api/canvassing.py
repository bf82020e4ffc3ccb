"""Questions about vehicles that others lead to: who was near an incident, who travelled with a vehicle. Through the gate.

Here: routes, and how what was found becomes one answer. Not here: any decision, any statement (`search`).
"""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from fastapi.responses import Response

from alpr_assets.access.gate import Found, Grant
from alpr_assets.access.roles import Action
from alpr_assets.console.api import answers, asks, named
from alpr_assets.console.api.columns import schema_of
from alpr_assets.console.api.incidents import CanvassAsk
from alpr_assets.console.api.searching import Accept, asked
from alpr_assets.console.api.sessions import Serving, SignedIn
from alpr_assets.console.api.tables import Content, Table, tables_answer, tables_response
from alpr_assets.console.drops import n_waiting
from alpr_assets.search.canvass import coverage, gathering, vehicles
from alpr_assets.search.convoy import companions

router: Final = APIRouter(tags=["searches"])

VEHICLES: Final = schema_of(vehicles.COLUMNS)
READS: Final = schema_of(gathering.COLUMNS)
COVERAGE: Final = schema_of(coverage.COLUMNS)
COMPANIONS: Final = schema_of(companions.COLUMNS)
PASSES: Final = schema_of(companions.PASSES)


@router.post(
    "/canvass",
    responses=tables_response(answers.Canvassed, {"vehicles": VEHICLES, "reads": READS, "coverage.devices": COVERAGE}),
    response_model=None,
)
def canvass(ask: CanvassAsk, session: SignedIn, services: Serving, accept: Accept = None) -> Response:
    """Vehicles that were seen at incidents, the most telling first, beside what could have been seen there at all (422.4(c))."""

    def search(grant: Grant) -> Found[Content]:
        found = named.canvass(services, ask)(grant)
        covered = coverage.coverage(
            grant, services.store.engine, [one.incident() for one in ask.incidents], policy=services.policy,
            n_waiting=n_waiting(services),
        ).rows  # fmt: skip
        content: Content = {
            "n_seen": found.rows.n_seen,
            "vehicles": Table(found.rows.vehicles, VEHICLES),
            "reads": Table(found.rows.reads, READS),
            "coverage": _covered(covered),
        }
        return Found(content, found.ids)

    return tables_answer(services, session, asked(Action.CANVASS, ask), accept, search)


@router.post(
    "/co-travel",
    responses=tables_response(answers.CoTravel, {"companions": COMPANIONS, "passes": PASSES}),
    response_model=None,
)
def co_travel(ask: asks.CoTravelAsk, session: SignedIn, services: Serving, accept: Accept = None) -> Response:
    """Vehicles that were repeatedly within metres and seconds of a given one, beside what chance gives (422.4(c))."""

    def search(grant: Grant) -> Found[Content]:
        found = named.co_travel(services, ask)(grant)
        content: Content = {
            "n_own": found.rows.n_own,
            "n_tests": found.rows.n_tests,
            "companions": Table(found.rows.companions, COMPANIONS),
            "passes": Table(found.rows.passes, PASSES),
        }
        return Found(content, found.ids)

    return tables_answer(services, session, asked(Action.CO_TRAVEL, ask), accept, search)


def _covered(found: coverage.Coverage) -> Content:
    return {
        "n_unread": found.n_unread,
        "n_quarantined": found.n_quarantined,
        "n_refused_drops": found.n_refused_drops,
        "n_missing": found.n_missing,
        "n_undated": found.n_undated,
        "n_waiting": found.n_waiting,
        "gaps": list(found.gaps),
        "devices": Table(found.devices, COVERAGE),
    }
