"""Hits by page: the queue in the order to look, and one hit on a screen (422.4(e), 422.4(f)).

Here: what is shown. Not here: deciding (`verdicts`), what tells an open page of new hits (`streams`), any rule.
Purpose and number are stated once, on the way to the queue; they travel in each form from there, and every showing, opening and
verdict is an ask of its own under them. A page asked for by its address alone shows nobody's data before both are stated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, Final

from anyio.to_thread import run_sync
from sqlalchemy import Engine, select
from starlette.responses import Response
from starlette.routing import Route

from alpr_assets.access import register
from alpr_assets.access.gate import Found, Grant
from alpr_assets.access.record.entries import ResultId
from alpr_assets.access.roles import Action
from alpr_assets.console.pages.asking import Asked, Filled, Form, page
from alpr_assets.console.pages.hits_banner import SECONDS, banner_for
from alpr_assets.console.pages.hits_filters import ALERTED, MATCHES, SOURCES, STANDING, Filters
from alpr_assets.console.pages.searches import Opened, ask_of, open_picture, records
from alpr_assets.console.responding import status_of
from alpr_assets.errors import (
    AccessRefusedError,
    AlprError,
    MalformedError,
    NotFoundError,
    RecognitionError,
    VerificationError,
)
from alpr_assets.lifecycle.hits import arriving, notices, ranking
from alpr_assets.lifecycle.hits.entitlement import named
from alpr_assets.lifecycle.hits.notices import Notice
from alpr_assets.lifecycle.hits.precision import Precision, precision_of
from alpr_assets.policy import Policy
from alpr_assets.search import cases, hits
from alpr_assets.store import schema
from alpr_assets.store.engine import reading

ROWS: Final = 100
PRECISION_DAYS: Final = 90
WHY: Final = ("purpose", "case_number")
CHOICES: Final[Mapping[str, Any]] = {"standings": STANDING, "matches": MATCHES, "alerts": ALERTED, "whose": SOURCES}


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """The hits of one showing.

    rows : the first ROWS in the order to look, each with its `characters` as read and whether it `is_possible` only
    precision : how often each match kind was right lately, of what the member may see
    mark : from where new ones are counted
    notices : that wait for a supervisor; empty for everybody else
    """

    rows: list[dict[str, Any]]
    n_found: int
    precision: dict[str, Precision]
    mark: arriving.Mark
    notices: list[Notice]


@dataclass(frozen=True, slots=True)
class Camera:
    """A fixed reader of the department. Degrees, WGS 84."""

    name: str
    latitude_deg: float
    longitude_deg: float


@page
async def queue(asked: Asked) -> Response:
    if asked.request.method == "GET":
        await asked.require(Action.VIEW_HITS)
        return await _start(asked, Filled())
    return await show_queue(asked, await asked.form())


@page
async def refresh(asked: Asked) -> Response:
    """The same, asked by the open page itself: recorded like any other showing, but no use of the session."""
    return await show_queue(asked, await asked.form())


@page
async def hit(asked: Asked) -> Response:
    """One hit. Its address alone, as from an e-mail, asks for purpose and number first."""
    hit_id = asked.request.path_params["hit_id"]
    if asked.request.method == "GET":
        await asked.require(Action.VIEW_HITS)
        return await asked.page("hit_why.html", hit_id=hit_id, form=Filled(), error=None)
    form = await asked.form()
    try:
        return await show_hit(asked, form, hit_id)
    except AccessRefusedError as error:
        told = Filled({name: form.text(name) for name in WHY})
        return await asked.page("hit_why.html", status=403, hit_id=hit_id, form=told, error=error)


async def show_queue(asked: Asked, form: Form) -> Response:
    """The queue under a form's purpose, number and filters: as a page, or the part of it that an open page asked for."""
    services = asked.services
    fragment = asked.request.headers.get("hx-target") == "queue"
    told = Filled({name: form.text(name) for name in (*WHY, *Filters.__slots__)})
    try:
        chosen = Filters.of(form).bounded(asked.on)
        ask = ask_of(form, Action.VIEW_HITS, chosen.told())
        search = partial(_queue, engine=services.store.engine, narrow=chosen.narrow(services.policy.zone))
        answer = await run_sync(services.gate.answer, asked.session, ask, search)
    except (AccessRefusedError, MalformedError) as error:
        if fragment:
            raise  # told as a problem: no whole page goes where a part was
        return await _start(asked, told, error)
    told |= chosen.told()
    waiting = answer.rows.notices
    names = await run_sync(register.names, services.store.engine) if waiting else {}
    return await asked.page(
        "hits_queue.html" if fragment else "hits.html", form=told, queue=answer.rows, receipt=answer.receipt, names=names,
        error=None, may_export=asked.may(Action.EXPORT), me=asked.session.member.member_id, precision_days=PRECISION_DAYS,
        **CHOICES, **({} if fragment else await _banner(asked)),
    )  # fmt: skip


async def show_hit(
    asked: Asked,
    form: Form,
    hit_id: int,
    *,
    said: str = "",
    raised: tuple[int, ...] = (),
    error: AlprError | None = None,
) -> Response:
    """One hit as it stands: as a page with its picture, or the part that a verdict changes.

    Parameters
    ----------
    said : what was just done; raised: hits that it raised
    error : why a verdict was not taken; what was typed stays
    """
    services, engine = asked.services, asked.services.store.engine
    search = partial(_case, engine=engine, hit_id=hit_id, policy=services.policy)
    ask = ask_of(form, Action.VIEW_HITS, {"hit_id": hit_id})
    answer = await run_sync(services.gate.answer, asked.session, ask, search)
    case, mark, cameras = answer.rows
    shown: dict[str, Any] = {
        "case": case, "hit": records(case.hit.to_frame().T)[0], "said": said, "raised": raised, "error": error,
        "form": Filled({name: value for name, value in form.data.items() if isinstance(value, str)} if error else {}),
        "why": Filled({name: form.text(name) for name in (*WHY, *Filters.__slots__)}), "at": asked.at,
        "may_hold": asked.may(Action.PLACE_HOLD), "may_trace": asked.may(Action.TRACE_READ), "may_verify": asked.may(Action.VERIFY_HIT), "may_search": asked.may(Action.PLATE_HISTORY),
        "receipt": answer.receipt, "me": asked.session.member,
    }  # fmt: skip
    status = 200 if error is None else status_of(error)[0]
    if asked.request.headers.get("hx-target") == "state":
        return await asked.page("hit_state.html", status=status, swapped=True, **shown)
    opened, not_opened = await _picture(asked, form, shown["hit"])
    return await asked.page(
        "hit.html", status=status, swapped=False, opened=opened, not_opened=not_opened, cameras=cameras, mark=mark,
        **shown, **await _banner(asked),
    )  # fmt: skip


async def _start(asked: Asked, form: Filled, error: AlprError | None = None) -> Response:
    status = 200 if error is None else status_of(error)[0]
    return await asked.page(
        "hits.html", status=status, form=form, error=error, queue=None, **CHOICES, **await _banner(asked)
    )


async def _banner(asked: Asked) -> dict[str, Any]:
    return {"banner": await banner_for(asked), "seconds": SECONDS}


async def _picture(asked: Asked, form: Form, row: dict[str, Any]) -> tuple[Opened | None, AlprError | None]:
    """The hit's picture, an opening of its own; or why it is not shown."""
    if not asked.may(Action.OPEN_IMAGE):
        return None, None
    try:
        return await open_picture(asked, form, row["read_day"], row["capture_id"], row["read_id"]), None
    except (AccessRefusedError, NotFoundError, RecognitionError, VerificationError) as error:
        return None, error


def _queue(grant: Grant, *, engine: Engine, narrow: dict[str, Any]) -> Found[Queue]:
    """The hits that a page shows; only their ids are recorded as having left."""
    found = hits.hits(grant, engine, ranked=True, **narrow)
    shown = found.rows.head(ROWS)
    rows = records(shown)
    ids = [named(row["hit_id"], row["read_day"], restricted=row["restricted"]) for row in rows]
    for row in rows:
        row["is_possible"] = row["match_kind"] in ranking.POSSIBLE
        row["characters"] = ranking.marked(row["corrected_plate"] or row["plate"], row["differences"])
    since = (grant.at - timedelta(days=PRECISION_DAYS)).date()
    precision = {one.match_kind: one for one in precision_of(grant, engine, since=since).rows}
    told = notices.notices(grant, engine) if grant.member.role in notices.TOLD else Found([], [])
    with reading(engine) as connection:
        mark = arriving.mark(connection, grant.member)
    ids += [one for one in told.ids if one not in set(ids)]
    return Found(Queue(rows=rows, n_found=len(found.rows), precision=precision, mark=mark, notices=told.rows), ids)


def _case(
    grant: Grant, *, engine: Engine, hit_id: int, policy: Policy
) -> Found[tuple[cases.HitCase, arriving.Mark, list[Camera]]]:
    found = cases.hit_case(grant, engine, hit_id, policy=policy)
    with reading(engine) as connection:
        mark = arriving.mark(connection, grant.member)
    ids: list[ResultId] = list(found.ids)
    return Found((found.rows, mark, fixed_cameras(engine)), ids)


def fixed_cameras(engine: Engine) -> list[Camera]:
    """The department's fixed readers whose place is known, in order."""
    device = schema.device.c
    fixed = select(device.name, device.latitude_deg, device.longitude_deg).where(
        device.kind == "fixed", device.latitude_deg.is_not(None), device.longitude_deg.is_not(None)
    )
    with reading(engine) as connection:
        return [Camera(*row) for row in connection.execute(fixed.order_by(device.device_id))]


ROUTES: Final = [
    Route("/hits", queue, methods=["GET", "POST"]),
    Route("/hits/refresh", refresh, methods=["POST"]),
    Route("/hits/{hit_id:int}", hit, methods=["GET", "POST"]),
]
