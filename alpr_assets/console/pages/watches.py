"""Watches by page: listed, decided on, and one with its decisions and hits (422.4(c), 422.4(e)).

Here: from forms to asks and acts. Not here: placing one (`watches_placing`), any rule (`lifecycle.watches`). Purpose and number are
stated on the way to the list and travel in each form from there.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, Final

from anyio.to_thread import run_sync
from sqlalchemy import Connection, Engine, select
from starlette.responses import Response
from starlette.routing import Route

from alpr_assets.access import register
from alpr_assets.access.gate import Ask, Found, Grant
from alpr_assets.access.record.entries import ResultId
from alpr_assets.access.roles import Action
from alpr_assets.console.pages.asking import Asked, Filled, Form, instant, page
from alpr_assets.console.pages.searches import ask_of, records
from alpr_assets.console.pages.watches_forms import again, in_words
from alpr_assets.console.wiring import Services
from alpr_assets.errors import AccessRefusedError, AlprError, IllegalMoveError, MalformedError, NotFoundError
from alpr_assets.lifecycle.hits import ranking
from alpr_assets.lifecycle.watches import listing, watches
from alpr_assets.lifecycle.watches.patterns import parse
from alpr_assets.search import hits
from alpr_assets.store import schema
from alpr_assets.store.engine import reading

log = logging.getLogger(__name__)

SEE: Final = (Action.VIEW_HITS, Action.READ_RECORD)
"""Under which watches are shown, the first that the member has: the auditor has the second only."""

ROWS: Final = 500  # watches on one page
HITS: Final = 100  # of one watch
WHY: Final = ("purpose", "case_number")

PAST: Final[dict[int, tuple[int, int]]] = {}
"""Watches whose past this console is matching now: days done, days to do."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One watch: its row, every decision, and its newest hits as far as the member may see them."""

    watch: dict[str, Any]
    decisions: list[dict[str, Any]]
    hits: list[dict[str, Any]]


@page
async def listed(asked: Asked) -> Response:
    """The watches that the member may see; what he may decide on comes first."""
    await asked.require(*SEE)
    if asked.request.method == "GET":
        return await asked.page("watches.html", form=Filled(), rows=None, error=None, **_may(asked))
    return await _list(asked, await asked.form())


@page
async def one(asked: Asked) -> Response:
    """One watch. Its address alone asks for purpose and number first."""
    await asked.require(*SEE)
    watch_id: int = asked.request.path_params["watch_id"]
    if asked.request.method == "GET":
        return await asked.page("watch_why.html", watch_id=watch_id, form=Filled(), error=None, **_may(asked))
    form = await asked.form()
    try:
        return await show_watch(asked, form, watch_id)
    except AccessRefusedError as error:
        told = Filled({name: form.text(name) for name in WHY})
        return await asked.page("watch_why.html", status=403, watch_id=watch_id, form=told, error=error, **_may(asked))


@page
async def decide(asked: Asked) -> Response:
    """One decision on one watch. What is not possible any more is told together with where the watch stands now."""
    await asked.require(Action.PLACE_WATCH, Action.APPROVE_WATCH)
    form, watch_id = await asked.form(), asked.request.path_params["watch_id"]
    services = asked.services
    name = form.text("decision", limit=16)
    action = Action.PLACE_WATCH if name == "end_own" else Action.APPROVE_WATCH
    try:
        deed = _deed(form, watch_id, services)
        ask = ask_of(form, action, {"watch_id": watch_id, "decision": name})
        await run_sync(services.gate.act, asked.session, ask, services.store.engine, deed)
    except (IllegalMoveError, MalformedError) as error:
        return await show_watch(asked, form, watch_id, error=error)
    return await show_watch(asked, form, watch_id, said=SAID[name])


SAID: Final[Mapping[str, str]] = {
    "approve": "Approved: it runs until its expiry.",
    "decline": "Declined: it has stopped, and its open hits ended with it.",
    "extend": "Extended.",
    "end": "Ended: it has stopped, and its open hits ended with it.",
    "end_own": "Ended: it has stopped, and its open hits ended with it.",
}

Deed = Callable[[Grant, Connection], Found[None]]


def _deed(form: Form, watch_id: int, services: Services) -> Deed:
    """What a form decides. Raises MalformedError."""
    name, reason = form.text("decision", limit=16), form.text("reason")
    if name == "extend":
        until = instant(form.day("expires_on"), services.policy.zone, after=True)
        if until is None:
            raise MalformedError("expiry", "an extension says until when", remedy="give its last day")
        return lambda g, c: watches.extend(g, c, watch_id, expires_at=until, reason=reason, policy=services.policy)
    known = {"approve": watches.approve, "decline": watches.decline, "end": watches.end, "end_own": watches.end}
    if name not in known:
        raise MalformedError("field", "there is no such decision", remedy="open the watch again")
    return lambda g, c: known[name](g, c, watch_id, reason=reason)


# ── showing ────────────────────────────────────────────────────────────────────────────────────────────────────────


async def _list(asked: Asked, form: Form) -> Response:
    services, told = asked.services, Filled({name: form.text(name) for name in WHY})
    n_found: list[int] = []

    def search(grant: Grant) -> Found[list[dict[str, Any]]]:
        found = listing.watches(grant, services.store.engine)
        n_found.append(len(found.rows))
        return Found(records(found.rows.head(ROWS)), found.ids[:ROWS])

    try:
        answer = await run_sync(services.gate.answer, asked.session, _ask(asked, form, {}), search)
    except AccessRefusedError as error:
        return await asked.page("watches.html", status=403, form=told, rows=None, error=error, **_may(asked))
    me, may_decide = asked.session.member.member_id, asked.may(Action.APPROVE_WATCH)
    groups: dict[str, list[dict[str, Any]]] = {"decide": [], "mine": [], "running": [], "stopped": []}
    for row in answer.rows:
        waits = may_decide and row["standing"] == "placed" and row["owner_id"] != me
        mine = "mine" if row["owner_id"] == me else "running"
        groups["stopped" if not row["runs"] else "decide" if waits else mine].append(row)
    return await asked.page(
        "watches.html", form=told, rows=answer.rows, groups=groups, n_found=n_found[0], receipt=answer.receipt, error=None,
        names=await run_sync(register.names, services.store.engine), me=me, **_may(asked),
    )  # fmt: skip


async def show_watch(
    asked: Asked, form: Form, watch_id: int, *, said: str = "", error: AlprError | None = None,
    ) -> Response:  # fmt: skip
    """One watch as it stands.

    Parameters
    ----------
    said : what was just done
    error : why a decision was not taken
    """
    services, engine = asked.services, asked.services.store.engine
    search = partial(_shown, engine=engine, watch_id=watch_id)
    answer = await run_sync(services.gate.answer, asked.session, _ask(asked, form, {"watch_id": watch_id}), search)
    shown: Shown = answer.rows
    watch, me = shown.watch, asked.session.member.member_id
    others = asked.may(Action.APPROVE_WATCH) and watch["owner_id"] != me
    stands = watch["standing"]
    return await asked.page(
        "watch.html", status=200 if error is None else 409 if isinstance(error, IllegalMoveError) else 400,
        shown=shown, watch=watch, words=in_words(parse(watch["pattern"])), why=Filled({name: form.text(name) for name in WHY}),
        said=said, error=error, receipt=answer.receipt, names=await run_sync(register.names, engine), me=me, past=PAST.get(watch_id),
        may_judge=others and stands == "placed", may_extend=others and stands == "approved",
        may_end=(others or (watch["owner_id"] == me and asked.may(Action.PLACE_WATCH)))
        and stands in {"placed", "approved", "ownerless"},
        latest_on=latest_on(asked), again=again(watch, services.policy.zone), **_may(asked),
    )  # fmt: skip


def _shown(grant: Grant, *, engine: Engine, watch_id: int) -> Found[Shown]:
    """One watch as far as the member may see it. Raises NotFoundError."""
    found = listing.watches(grant, engine, watch_id=watch_id)
    if found.rows.empty:
        raise NotFoundError(f"there is no watch {watch_id}")
    decided = listing.decisions(grant, engine, watch_id)
    ids: list[ResultId] = [*found.ids, *decided.ids]
    rows: list[dict[str, Any]] = []
    if grant.ask.action is Action.VIEW_HITS:
        hit = schema.hit.c
        newest = select(hit.hit_id).where(hit.watch_id == watch_id).order_by(hit.captured_at.desc()).limit(HITS)
        with reading(engine) as connection:
            wanted = list(connection.scalars(newest))
        if wanted:
            raised = hits.hits(grant, engine, hit_ids=wanted)
            rows, ids = records(raised.rows), [*ids, *raised.ids]
    for row in rows:
        row["characters"] = ranking.marked(row["corrected_plate"] or row["plate"], row["differences"])
    return Found(Shown(records(found.rows)[0], decided.rows, rows), ids)


def _ask(asked: Asked, form: Form, elements: Mapping[str, Any]) -> Ask:
    """To see watches: by who views hits; else by who reads the record, which needs no case."""
    if asked.may(Action.VIEW_HITS) or not asked.may(Action.READ_RECORD):
        return ask_of(form, Action.VIEW_HITS, elements)
    return Ask(action=Action.READ_RECORD, purpose="", case_number="", elements=elements)


def latest_on(asked: Asked) -> date:
    """The last day that a watch may be given now, whole."""
    latest: datetime = asked.at + timedelta(days=asked.services.policy.watches.max_days)
    return latest.astimezone(asked.services.policy.zone).date() - timedelta(days=1)


def _may(asked: Asked) -> dict[str, bool]:
    return {"may_place": asked.may(Action.PLACE_WATCH), "may_view_hits": asked.may(Action.VIEW_HITS)}


ROUTES: Final = [
    Route("/watches", listed, methods=["GET", "POST"]),
    Route("/watches/{watch_id:int}", one, methods=["GET", "POST"]),
    Route("/watches/{watch_id:int}/decide", decide, methods=["POST"]),
]
