"""Holds by page: what must not be destroyed, placed, looked at again, lifted (422.5).

Here: from forms to acts. Not here: any rule (`lifecycle.holds`). Purpose and number are stated on the way to the list and travel in
each form from there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial
from typing import Any, Final, TypeVar

from anyio.to_thread import run_sync
from sqlalchemy import Connection
from starlette.responses import Response
from starlette.routing import Route

from alpr_assets.access import register
from alpr_assets.access.gate import MAX_CASE_NUMBER, Found, Grant
from alpr_assets.access.record.places import place_of
from alpr_assets.access.roles import Action
from alpr_assets.console.pages import canvass
from alpr_assets.console.pages.asking import Asked, Filled, Form, page
from alpr_assets.console.pages.searches import ask_of
from alpr_assets.console.pages.watches_forms import area, wall
from alpr_assets.errors import AccessRefusedError, AlprError, IllegalMoveError, MalformedError, NotFoundError
from alpr_assets.lifecycle.holds import joining, listing, placing
from alpr_assets.lifecycle.holds.cases import Path, Shown
from alpr_assets.lifecycle.holds.covering import Impact
from alpr_assets.lifecycle.holds.placing import Disposition
from alpr_assets.lifecycle.holds.selectors import TITLES, Ground, Selector
from alpr_assets.lifecycle.watches.patterns import MAX_TYPED
from alpr_assets.policy import Policy
from alpr_assets.store.engine import reading
from alpr_assets.store.holds import MAX_REASON

Choice = TypeVar("Choice", Ground, Disposition)

WHY: Final = ("purpose", "case_number")
FIELDS: Final = (
    *WHY, "ground", "reason", "review_on", "pattern", "device_id", "since_at", "until_at", "latitude_deg", "longitude_deg",
    "radius_m", "day", "read_id", "hit_id", "of_case",
)  # fmt: skip
DISPOSITIONS: Final[Mapping[Disposition, str]] = {
    Disposition.BOOKED: "booked into evidence",
    Disposition.CASE_CLOSED: "the case is closed",
    Disposition.NOT_EVIDENCE: "it is no evidence after all",
    Disposition.COURT_RELEASED: "a court released it",
    Disposition.PLACED_IN_ERROR: "the hold was placed in error",
}
PATHS: Final[Mapping[Path, str]] = {
    Path.RETURNED: "returned by a search",
    Path.OPENED: "by an opened picture",
    Path.FROZEN: "in a frozen case file",
    Path.HIT: "hit by its watches and listed plates",
}
SOON: Final = timedelta(days=30)
"""When a hold that was placed with one tap is looked at."""


@page
async def listed(asked: Asked) -> Response:
    await asked.require(Action.PLACE_HOLD)
    if asked.request.method == "GET":
        return await asked.page("holds.html", form=Filled(), rows=None, error=None, said="")
    form = await asked.form()
    try:
        return await _list(asked, form)
    except AccessRefusedError as error:
        return await asked.page("holds.html", status=403, form=_told(form), rows=None, error=error, said="")


@page
async def new(asked: Asked) -> Response:
    """The form; sent with `look`, what the hold would cover; else placed."""
    await asked.require(Action.PLACE_HOLD)
    usual = (asked.on + timedelta(days=asked.services.policy.holds.review_days)).isoformat()
    if asked.request.method == "GET":
        return await _form(asked, Filled({"review_on": usual, "ground": Ground.CRIMINAL.value}))
    form, services = await asked.form(), asked.services
    told = Filled({name: form.text(name) for name in FIELDS} | {"review_on": form.text("review_on") or usual})
    if form.flag("begin"):  # from another page, with what is to be held
        return await _form(asked, told)
    try:
        wanted = selector_of(form, asked)
        ask = ask_of(form, Action.PLACE_HOLD, wanted.said())
        if form.flag("look"):
            ask = replace(ask, details={"preview": True})
            looked = partial(_looked, wanted=wanted, asked=asked, shown=await _shown(asked, wanted))
            found = await run_sync(services.gate.answer, asked.session, ask, looked)
            return await _form(asked, told, impact=found.rows)
        why = Why(
            _one_of(Ground, form.text("ground", limit=24)),
            form.text("reason", limit=MAX_REASON),
            form.needed_day("review_on"),
        )
        return await _place(asked, form, wanted, why)
    except (AccessRefusedError, MalformedError, NotFoundError) as error:
        return await _form(asked, told, status=403 if isinstance(error, AccessRefusedError) else 400, error=error)


@page
async def here(asked: Asked) -> Response:
    """One tap on a canvass: its area and time are held, and looked at soon."""
    await asked.require(Action.PLACE_HOLD)
    form = await asked.form()
    incident, _ = canvass.incident_of(form, asked.services.policy, asked.at)
    window = incident.windows[0]
    wanted = Selector(area=incident.areas[0], since=window.since, until=window.until)
    reason = f"area and time of the canvass for {form.text('case_number', limit=32)}"
    return await _place(asked, form, wanted, Why(Ground.ANTICIPATED, reason, asked.on + SOON))


@page
async def decide(asked: Asked) -> Response:
    """Extended or lifted; what is not possible any more is told together with the list."""
    await asked.require(Action.PLACE_HOLD, Action.LIFT_HOLD)
    form, services = await asked.form(), asked.services
    hold_id: int = asked.request.path_params["hold_id"]
    name = form.text("decision", limit=16)
    try:
        if name == "look":
            return await _list(asked, form, said=await _freed(asked, form, hold_id))
        action, deed = _deed(form, hold_id, services.policy)
        ask = ask_of(form, action, {"hold_id": hold_id, "decision": name})
        done = await run_sync(services.gate.act, asked.session, ask, services.store.engine, deed)
    except (IllegalMoveError, MalformedError) as error:
        return await _list(asked, form, error=error)
    if name == "extend":
        return await _list(asked, form, said=f"Hold {hold_id} is looked at again on {form.text('review_on')}.")
    lifted: placing.Lifted = done.rows
    return await _list(asked, form, said=lifted_in_words(hold_id, lifted))


async def _freed(asked: Asked, form: Form, hold_id: int) -> str:
    """What lifting a hold would free, in a sentence."""

    def looked(grant: Grant) -> Found[Impact]:
        with reading(asked.services.store.engine) as connection:
            return placing.preview_lift(grant, connection, hold_id)

    ask = replace(ask_of(form, Action.LIFT_HOLD, {"hold_id": hold_id}), details={"preview": True})
    impact: Impact = (await run_sync(asked.services.gate.answer, asked.session, ask, looked)).rows
    freed, most = impact.n_captures - impact.n_held, asked.services.policy.holds.second_approver_captures
    two = f" More than {most:,}: that takes two people." if freed > most else ""
    return f"Hold {hold_id} covers {impact.n_captures:,} captures; lifting it leaves {freed:,} of them held by no other hold.{two}"


def _deed(form: Form, hold_id: int, policy: Policy) -> tuple[Action, Callable[[Grant, Connection], Found[Any]]]:
    """What a form decides. Raises MalformedError."""
    name, reason = form.text("decision", limit=16), form.text("reason", limit=MAX_REASON)
    if name == "extend":
        on = form.needed_day("review_on")
        return Action.PLACE_HOLD, lambda g, c: placing.extend(g, c, hold_id, review_on=on, reason=reason, policy=policy)
    if name != "lift":
        raise MalformedError("field", "there is no such decision", remedy="open the list again")
    became = _one_of(Disposition, form.text("disposition", limit=24))
    return Action.LIFT_HOLD, lambda g, c: placing.lift(g, c, hold_id, disposition=became, reason=reason, policy=policy)


def selector_of(form: Form, asked: Asked) -> Selector:
    """What a form asks to hold. Raises MalformedError for a field that is none; the rest is the domain's to refuse."""
    zone = asked.services.policy.zone
    day = form.day("day")
    reads = ((day, form.number("read_id")),) if day and form.text("read_id") else ()
    hits = (form.number("hit_id"),) if form.text("hit_id") else ()
    return Selector(
        reads=reads, hits=hits, case=form.text("of_case", limit=MAX_CASE_NUMBER), pattern=form.text("pattern", limit=MAX_TYPED), device_id=form.text("device_id", limit=64), area=area(form),
        since=wall(form, "since_at", zone, latest=False), until=wall(form, "until_at", zone, latest=True),
    )  # fmt: skip


def _one_of(kind: type[Choice], value: str) -> Choice:
    try:
        return kind(value)
    except ValueError as error:
        raise MalformedError("field", "choose one of the list", remedy="open the page again") from error


@dataclass(frozen=True, slots=True)
class Why:
    """Why a hold is placed, and when somebody looks again."""

    ground: Ground
    reason: str
    review_on: date


def _looked(grant: Grant, *, wanted: Selector, asked: Asked, shown: Shown) -> Found[Impact]:
    with reading(asked.services.store.engine) as connection:
        return placing.preview(grant, connection, wanted, policy=asked.services.policy, shown=shown)


async def _shown(asked: Asked, wanted: Selector) -> Shown:
    """What the access record has of a case: read before the hold's transaction begins."""
    if not wanted.case:
        return placing.NOTHING
    services = asked.services
    return await run_sync(joining.shown_under, services.store.engine, place_of(services.settings), wanted.case)


async def _place(asked: Asked, form: Form, wanted: Selector, why: Why) -> Response:
    services = asked.services
    deed = partial(
        placing.place,
        wanted=wanted,
        ground=why.ground,
        reason=why.reason,
        review_on=why.review_on,
        policy=services.policy,
        shown=await _shown(asked, wanted),
    )
    ask = ask_of(form, Action.PLACE_HOLD, {**wanted.said(), "ground": why.ground.value})
    placed: placing.Placed = (await run_sync(services.gate.act, asked.session, ask, services.store.engine, deed)).rows
    return await _list(asked, form, said=f"Hold {placed.hold_id} stands. {in_words(placed.impact)}")


def in_words(impact: Impact) -> str:
    """What a hold covers now, in a sentence."""
    if impact.n_captures == 0:
        return "It covers nothing yet; what comes later is covered as it lands."
    days = "1 day" if impact.n_days == 1 else f"{impact.n_days} days, {impact.first_on} to {impact.last_on}"
    others = f" {impact.n_held:,} of them are held already." if impact.n_held else ""
    one = impact.n_captures == 1
    parts = ", ".join(f"{n:,} {PATHS[path]}" for path, n in impact.by_path.items())
    ways = f" Of the case: {parts}." if parts else ""
    return f"It covers {impact.n_captures:,} {'capture' if one else 'captures'} of {days}.{others}{ways}"


def lifted_in_words(hold_id: int, lifted: placing.Lifted) -> str:
    """What became of an ask to lift."""
    freed = lifted.impact.n_captures - lifted.impact.n_held
    if not lifted.is_lifted:
        return f"Proposed: {freed:,} captures would be held by no other, so another person lifts hold {hold_id}."
    said = f"Hold {hold_id} is lifted: {freed:,} captures are held by no other."
    if lifted.is_settled:
        return said
    return f"{said} They stay until they are booked, or custodian and city attorney have said why they need not be."


async def _list(asked: Asked, form: Form, *, said: str = "", error: AlprError | None = None) -> Response:
    services = asked.services
    search = partial(listing.holds, engine=services.store.engine, on=asked.on)
    answer = await run_sync(services.gate.answer, asked.session, ask_of(form, Action.PLACE_HOLD, {}), search)
    status = 200 if error is None else 409 if isinstance(error, IllegalMoveError) else 400
    return await asked.page(
        "holds.html", status=status, form=_told(form), rows=answer.rows, most=listing.ROWS, receipt=answer.receipt, error=error, said=said,
        names=await run_sync(register.names, services.store.engine), grounds=TITLES, dispositions=DISPOSITIONS,
        may_lift=asked.may(Action.LIFT_HOLD), may_pack=asked.may(Action.PACK_EVIDENCE), usual=(asked.on + timedelta(days=services.policy.holds.review_days)).isoformat(),
    )  # fmt: skip


async def _form(
    asked: Asked, form: Filled, *, status: int = 200, impact: Impact | None = None, error: AlprError | None = None
) -> Response:
    return await asked.page(
        "hold_new.html", status=status, form=form, error=error, grounds=TITLES, words=in_words(impact) if impact else "",
    )  # fmt: skip


def _told(form: Form) -> Filled:
    return Filled({name: form.text(name) for name in WHY})


ROUTES: Final = [
    Route("/holds", listed, methods=["GET", "POST"]),
    Route("/holds/new", new, methods=["GET", "POST"]),
    Route("/holds/here", here, methods=["POST"]),
    Route("/holds/{hold_id:int}/decide", decide, methods=["POST"]),
]
