"""One hit as a case, and the watches: what programs may see of what people decide on. Each goes through the gate.

Here: routes and the shape of their answers. Not here: verdicts, corrections, placing or deciding on a watch: a token asks only,
and these are a person's acts in the console.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import timedelta
from typing import Any, Final

from fastapi import APIRouter
from fastapi.responses import Response

from alpr_assets.access.gate import Found, Grant
from alpr_assets.access.roles import Action
from alpr_assets.access.spool import Spool
from alpr_assets.console.api import answers, asks
from alpr_assets.console.api.columns import plain, schema_of, table_of
from alpr_assets.console.api.formats import PLACELESS
from alpr_assets.console.api.searching import (
    HITS,
    RECEIPT,
    Accept,
    asked,
    spooled_answer,
    table_response,
    wanted_format,
)
from alpr_assets.console.api.sessions import Serving, SignedIn
from alpr_assets.lifecycle.watches import listing
from alpr_assets.search.cases import HitCase, hit_case

router: Final = APIRouter(tags=["cases"])

WATCHES: Final = schema_of(listing.COLUMNS)


@router.post("/hit", responses={200: {"headers": RECEIPT}})
def hit(ask: asks.HitAsk, session: SignedIn, services: Serving, response: Response) -> answers.HitCase:
    """One hit with its entry, every move so far and what is possible next (422.4(f)). Its picture is another question."""

    def search(grant: Grant) -> Found[HitCase]:
        return hit_case(grant, services.store.engine, ask.hit_id, policy=services.policy)

    answer = services.gate.answer(session, asked(Action.VIEW_HITS, ask), search)
    receipt = answers.Receipt.of(answer.receipt)
    response.headers.update(receipt.header())
    return _case(answer.rows, receipt)


@router.post("/watches", responses=table_response(WATCHES, geoparquet=False), response_model=None)
def watches(ask: asks.WatchesAsk, session: SignedIn, services: Serving, accept: Accept = None) -> Response:
    """Plates and partial plates that members look for, as far as you may see them, the newest first (422.4(c), 422.4(e))."""
    chosen = wanted_format(accept, PLACELESS)

    def search(grant: Grant, spool: Spool) -> Found[Spool]:
        found = listing.watches(grant, services.store.engine, running=ask.running)
        areas = found.rows["area"].map(lambda area: None if area is None else json.dumps(area), na_action=None)
        for content in chosen.of(WATCHES)(iter([found.rows.assign(area=areas.astype(object))])):
            spool.write(content)
        spool.finish()
        return Found(spool, found.ids)

    return spooled_answer(services, session, asked(Action.VIEW_HITS, ask), chosen, search)


def _case(case: HitCase, receipt: answers.Receipt) -> answers.HitCase:
    (row,) = table_of(case.hit.to_frame().T.astype({"state_agrees": "boolean"}), HITS).to_pylist()
    known = case.list_age is not None and case.list_age < timedelta.max
    return answers.HitCase(
        receipt=receipt,
        hit=_plain(row),
        characters=[answers.Character(character=one, differs=differs) for one, differs in case.characters],
        is_possible=case.is_possible,
        status=case.status.value,
        listed_on=case.listed_on,
        details=_plain(case.details),
        list_age_hours=case.list_age.total_seconds() / 3600 if known and case.list_age else None,
        list_is_stale=case.list_is_stale,
        moves=[answers.PastMove(**asdict(move)) for move in case.moves],
        possible=sorted(kind.value for kind in case.possible),
    )


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """As the rows of other answers have them: instants and days in ISO 8601."""
    found: dict[str, Any] = json.loads(json.dumps(values, default=plain))
    return found
