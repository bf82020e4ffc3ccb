"""The lineage of one read through the data API: sections of steps, as far as the member may see them. Through the gate.

Here: the route and the shape of its answer. Not here: any statement (`search.lineage`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Final

from fastapi import APIRouter
from fastapi.responses import Response

from alpr_assets.access.roles import Action
from alpr_assets.console.api import answers, asks
from alpr_assets.console.api.columns import plain
from alpr_assets.console.api.searching import RECEIPT, asked
from alpr_assets.console.api.sessions import Serving, SignedIn
from alpr_assets.console.tracing import trace
from alpr_assets.search.lineage.steps import Section

router: Final = APIRouter(tags=["cases"])


@router.post("/lineage", responses={200: {"headers": RECEIPT}})
def lineage(ask: asks.LineageAsk, session: SignedIn, services: Serving, response: Response) -> answers.Lineage:
    """One read from its picture to its end: versions, hits, verdicts, holds, who was shown it, its purge (422.5, 422.6(a))."""
    search = trace(services, read_id=ask.read_id, capture_id=ask.capture_id)
    answer = services.gate.answer(session, asked(Action.TRACE_READ, ask), search)
    receipt = answers.Receipt.of(answer.receipt)
    response.headers.update(receipt.header())
    found = answer.rows
    whole = {field.name: getattr(found, field.name) for field in fields(found) if field.name != "sections"}
    return answers.Lineage(receipt=receipt, sections=[_section(one) for one in found.sections], **whole)


def _section(section: Section) -> answers.Section:
    steps = [answers.Step(what=one.what, at=one.at, by=one.by, facts=_plain(one.facts)) for one in section.steps]
    return answers.Section(name=section.name, title=section.title, empty=section.empty, steps=steps)


def _plain(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Instants and days in ISO 8601."""
    found: dict[str, Any] = json.loads(json.dumps(dict(facts), default=plain))
    return found
