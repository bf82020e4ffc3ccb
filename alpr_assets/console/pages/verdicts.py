"""Verdicts by page: the three questions, the CLETS result, the other ends of a hit, and a supervisor who saw a notice (422.4(f)).

Here: from a form to one deed through the gate. Not here: what is legal (`lifecycle.hits.verifying`), showing the hit (`hits`).
The three questions are one form: what it means follows from the answers, so that nobody chooses an end and answers to fit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final
from zoneinfo import ZoneInfo

from anyio.to_thread import run_sync
from sqlalchemy import Connection
from starlette.responses import Response
from starlette.routing import Route

from alpr_assets.access.gate import Found, Grant
from alpr_assets.access.roles import Action
from alpr_assets.console.pages.asking import Asked, Form, page
from alpr_assets.console.pages.hits import show_hit, show_queue
from alpr_assets.console.pages.searches import ask_of
from alpr_assets.errors import IllegalMoveError, MalformedError
from alpr_assets.lifecycle.corrections import Reading
from alpr_assets.lifecycle.hits import notices, verifying
from alpr_assets.lifecycle.hits.moves import Answers, Clets, Result, Status
from alpr_assets.lifecycle.hits.verifying import Moved
from alpr_assets.policy import Policy
from alpr_assets.search.plates import typed
from alpr_assets.store.verdicts import MAX_NOTE

Deed = Callable[[Grant, Connection], Found[Moved]]

SAID: Final[Mapping[Status, str]] = MappingProxyType(
    {
        Status.PICTURE_CONFIRMED: "The picture is confirmed. Next: ask CLETS.",
        Status.ACTIONABLE: "The hit is actionable.",
        Status.WRONG_STATE: "The hit has ended: the plate is of another state.",
        Status.MISREAD: "The hit has ended: the plate was misread. Your reading stands beside the read.",
        Status.RECOVERED: "The hit has ended: recovered.",
        Status.CANCELLED: "The hit has ended: the entry is cancelled.",
        Status.DUPLICATE: "The hit has ended as a duplicate.",
        Status.DISMISSED: "The hit has ended: dismissed.",
    }
)


@page
async def verdict(asked: Asked) -> Response:
    """One move of one hit. What is not possible any more is told together with where the hit stands now."""
    form, hit_id = await asked.form(), asked.request.path_params["hit_id"]
    services, engine = asked.services, asked.services.store.engine
    try:
        ask = ask_of(form, Action.VERIFY_HIT, {"hit_id": hit_id, "verdict": form.text("verdict", limit=20)})
        deed = _deed(form, hit_id, policy=services.policy, at=asked.at)
        done = await run_sync(services.gate.act, asked.session, ask, engine, deed)
    except (IllegalMoveError, MalformedError) as error:
        return await show_hit(asked, form, hit_id, error=error)
    return await show_hit(asked, form, hit_id, said=SAID[done.rows.status], raised=done.rows.hit_ids)


@page
async def see_notice(asked: Asked) -> Response:
    """A supervisor saw a notice; then the queue again."""
    form = await asked.form()
    notice_id = form.number("notice_id")
    ask = ask_of(form, Action.VERIFY_HIT, {"notice_id": notice_id})

    def seen(grant: Grant, connection: Connection) -> Found[None]:
        return notices.see(grant, connection, notice_id)

    await run_sync(asked.services.gate.act, asked.session, ask, asked.services.store.engine, seen)
    return await show_queue(asked, form)


def _deed(form: Form, hit_id: int, *, policy: Policy, at: datetime) -> Deed:
    """What a form asks to be done. Raises MalformedError, IllegalMoveError."""
    known = {
        "picture": _picture,
        "clets": _clets,
        "not_practicable": _reasoned,
        "dismiss": _reasoned,
        "duplicate": _duplicate,
    }
    verdict = form.text("verdict", limit=20)
    if verdict not in known:
        raise MalformedError("field", "there is no such verdict", remedy="open the hit again")
    do, what, more = known[verdict](form, policy.zone, at)

    def deed(grant: Grant, connection: Connection) -> Found[Moved]:
        moved: Found[Moved] = do(grant, connection, hit_id, *what, policy=policy, **more)
        return moved

    return deed


Done = tuple[Callable[..., Found[Moved]], tuple[Any, ...], dict[str, Any]]


def _picture(form: Form, _zone: ZoneInfo, _at: datetime) -> Done:
    """Three answers: all yes confirms; another plate is a misread; else another state; else another vehicle, with a reason."""
    answers = Answers(*(_answer(form, name) for name in ("plate", "state", "vehicle")))
    looked = {"note": form.text("note", limit=MAX_NOTE), "of_read": form.number("read_id")}
    if answers.plate and answers.state and answers.vehicle:
        return verifying.confirm_picture, (answers,), looked
    if not answers.plate:
        reading = Reading(
            plate=typed(form.text("reading_plate", limit=32)),
            region=form.text("reading_state", limit=2) or None,
            reason=form.text("reading_reason", limit=MAX_NOTE),
        )
        return verifying.report_misread, (answers, reading), looked
    if not answers.state:
        return verifying.report_wrong_state, (answers,), looked
    return verifying.report_other_vehicle, (answers, form.text("vehicle_reason", limit=MAX_NOTE)), looked


def _clets(form: Form, zone: ZoneInfo, at: datetime) -> Done:
    result = next((known for known in Result if known == form.text("result", limit=16)), None)
    if result is None:
        raise MalformedError("result", "what CLETS said is missing", remedy="choose one of the four results")
    said = Clets(
        result=result, at=local_instant(form.text("clets_at", limit=32), zone, at),
        operator=form.text("operator", limit=80), reference=form.text("reference", limit=80),
    )  # fmt: skip
    return verifying.report_clets, (said,), {}


def _reasoned(form: Form, _zone: ZoneInfo, _at: datetime) -> Done:
    do = verifying.dismiss if form.text("verdict") == "dismiss" else verifying.act_unconfirmed
    return do, (form.text("reason", limit=MAX_NOTE),), {}


def _duplicate(form: Form, _zone: ZoneInfo, _at: datetime) -> Done:
    return verifying.mark_duplicate, (form.number("of_hit"),), {}


def _answer(form: Form, name: str) -> bool:
    said = form.text(name)
    if said not in {"yes", "no"}:
        raise MalformedError(name, f"the question about the {name} is not answered", remedy="answer all three")
    return said == "yes"


def local_instant(text: str, zone: ZoneInfo, now: datetime) -> datetime:
    """What a clock on the department's wall said, as an instant; of an hour that comes twice, the later one that is not to come.

    Raises MalformedError : no time, or one that the wall clock never showed
    """
    try:
        wall = datetime.fromisoformat(text)
    except ValueError as error:
        raise MalformedError("clets_at", "the time is missing", remedy="write when CLETS answered") from error
    if wall.tzinfo is not None or not 1970 <= wall.year <= 9000:
        raise MalformedError("clets_at", "a time of the department's clock")
    both = [wall.replace(tzinfo=zone, fold=fold).astimezone(now.tzinfo) for fold in (1, 0)]
    shown = [one for one in both if one.astimezone(zone).replace(tzinfo=None) == wall]
    if not shown:
        raise MalformedError("clets_at", "that hour was skipped when summer time began")
    return next((one for one in shown if one <= now), shown[-1])


ROUTES: Final = [
    Route("/hits/{hit_id:int}/verdict", verdict, methods=["POST"]),
    Route("/hits/notices", see_notice, methods=["POST"]),
]
