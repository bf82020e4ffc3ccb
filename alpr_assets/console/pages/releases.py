"""Releases by page: the file, one release with all decisions, what is decided, what leaves, who got what (422.7).

Here: from forms to acts. Not here: any rule (`lifecycle.releases`), entering (`releases_entering`). Whoever gets data has no account here:
the custodian takes the package, which opens with the agency's key only, and hands it over.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from functools import partial
from typing import Any, Final

from anyio.to_thread import run_sync
from sqlalchemy import Connection
from starlette.responses import Response
from starlette.routing import Route

from alpr_assets.access import designee, register
from alpr_assets.access.exports import MEDIA_TYPES, as_csv
from alpr_assets.access.gate import Ask, Found, Grant
from alpr_assets.access.roles import Action
from alpr_assets.console.pages.asking import Asked, Filled, Form, back_to, page
from alpr_assets.console.pages.evidence import sent_as_file
from alpr_assets.console.pages.holds import selector_of
from alpr_assets.console.pages.searches import ask_of
from alpr_assets.console.responding import status_of
from alpr_assets.errors import AlprError, MalformedError
from alpr_assets.lifecycle.releases import fulfilling, letters, listing, points, reviewing
from alpr_assets.lifecycle.releases.agencies import KINDS as AGENCY_KINDS
from alpr_assets.lifecycle.releases.points import Point
from alpr_assets.lifecycle.releases.scopes import KINDS, Scope
from alpr_assets.store.releases import MAX_REASON

STATUSES: Final = ("asked", "approved", "denied", "fulfilled", "routed", "closed")
LOOKS: Final = {
    "asked": ("soon", "waits"), "approved": ("good", "approved"), "denied": ("bad", "denied"), "fulfilled": ("", "fulfilled"),
    "routed": ("soon", "records process"), "closed": ("", "closed"),
}  # fmt: skip


@page
async def listed(asked: Asked) -> Response:
    await asked.require(Action.VIEW_RELEASES)
    form = await asked.form() if asked.request.method == "POST" else Form(await asked.request.form())
    text, status = form.text("text", limit=120), form.text("status", limit=9)
    search = partial(
        listing.releases, engine=asked.services.store.engine, at=asked.at, text=text, status=status if status in STATUSES else ""
    )  # fmt: skip
    answer = await run_sync(
        asked.services.gate.answer, asked.session, plain(Action.VIEW_RELEASES, {"text": text, "status": status}), search
    )
    return await asked.page(
        "releases.html", rows=answer.rows, receipt=answer.receipt, form=Filled({"text": text, "status": status}), most=listing.ROWS,
        statuses=STATUSES, **_words(asked), **_may(asked),
    )  # fmt: skip


@page
async def one(asked: Asked) -> Response:
    await asked.require(Action.VIEW_RELEASES)
    return await shown(asked, asked.request.path_params["release_id"])


@page
async def decide(asked: Asked) -> Response:
    """What a person decides on a release; the page again, with what is wrong where something is."""
    form, release_id = await asked.form(), asked.request.path_params["release_id"]
    name = form.text("decision", limit=16)
    try:
        action, deed = await _deed(asked, form, release_id, name)
        elements = {"release_id": release_id, "decision": name}
        stated = action in {Action.REVIEW_RELEASE, Action.FULFIL_RELEASE}
        ask = ask_of(form, action, elements) if stated else plain(action, elements)
        await run_sync(asked.services.gate.act, asked.session, ask, asked.services.store.engine, deed)
    except AlprError as error:
        return await shown(asked, release_id, error=error)
    return back_to(f"/releases/{release_id}")


@page
async def fulfil(asked: Asked) -> Response:
    """The package leaves, for the custodian to hand over; it opens with the agency's key only."""
    await asked.require(Action.FULFIL_RELEASE)
    release_id: int = asked.request.path_params["release_id"]
    try:
        packed = (await run_sync(asked.services.packer.release, asked.session, release_id)).rows
    except AlprError as error:
        return await shown(asked, release_id, error=error)
    return sent_as_file(packed)


@page
async def letter(asked: Asked) -> Response:
    """A letter as it came: somebody's upload, never shown as a page of ours."""
    await asked.require(Action.VIEW_RELEASES)
    services, params = asked.services, asked.request.path_params
    search = partial(letters.opened, engine=services.store.engine, received=services.store.received, **params)
    answer = await run_sync(services.gate.answer, asked.session, plain(Action.VIEW_RELEASES, dict(params)), search)
    return attached(answer.rows, f"release-{params['release_id']}-letter-{params['letter_id']}")


@page
async def recipients(asked: Asked) -> Response:
    """Who was given what in a quarter, as a page or as CSV."""
    await asked.require(Action.VIEW_RELEASES)
    services, params = asked.services, asked.request.query_params
    quarter = _quarter(params.get("quarter") or _name_of(asked.on))
    zone = services.policy.zone
    since, until = (datetime.combine(day, time(), zone).astimezone(UTC) for day in quarter)
    search = partial(listing.recipients, engine=services.store.engine, since=since, until=until)
    name = _name_of(quarter[0])
    answer = await run_sync(services.gate.answer, asked.session, plain(Action.VIEW_RELEASES, {"quarter": name}), search)
    if params.get("as") == "csv":
        headers = {"content-disposition": f'attachment; filename="alpr-recipients-{name}.csv"'}
        return Response(as_csv(answer.rows), media_type=MEDIA_TYPES["csv"], headers=headers)
    return await asked.page(
        "recipients.html", rows=answer.rows.to_dict("records"), receipt=answer.receipt, quarter=name, quarters=_quarters(asked.on), **_words(asked)
    )  # fmt: skip


async def shown(asked: Asked, release_id: int, *, error: AlprError | None = None) -> Response:
    """One release's page. Raises NotFoundError."""
    services = asked.services
    search = partial(listing.release_of, engine=services.store.engine, release_id=release_id, at=asked.at)
    ask = plain(Action.VIEW_RELEASES, {"release_id": release_id})
    answer = await run_sync(services.gate.answer, asked.session, ask, search)
    holder = await run_sync(designee.current, services.store.engine, asked.on)
    return await asked.page(
        "release.html", status=status_of(error)[0] if error else 200, error=error, row=answer.rows, receipt=answer.receipt,
        names=await run_sync(register.names, services.store.engine), questions=points.QUESTIONS, on=asked.on, me=asked.session.member,
        asked_scope=scope_fields(answer.rows["scope"], asked), designee=holder, **_words(asked), **_may(asked),
    )  # fmt: skip


def scope_of(form: Form, asked: Asked) -> Scope:
    """The scope that a form describes. Raises MalformedError for a field that is none; the rest is the domain's to refuse."""
    return Scope(
        selector=selector_of(form, asked), with_pictures=form.flag("with_pictures"), with_hits=form.flag("with_hits")
    )


def scope_fields(scope: Scope, asked: Asked) -> Filled:
    """A scope as the fields of a form that describes it."""
    one, zone = scope.selector, asked.services.policy.zone
    told = {"pattern": one.pattern, "device_id": one.device_id}
    for name, at in (("since_at", one.since), ("until_at", one.until)):
        told[name] = at.astimezone(zone).strftime("%Y-%m-%dT%H:%M:%S") if at else ""
    area = one.area.geojson() if one.area else {}
    if area.get("type") == "Point":
        longitude, latitude = area["coordinates"]
        told |= {"latitude_deg": f"{latitude}", "longitude_deg": f"{longitude}", "radius_m": f"{area['radius_m']}"}
    elif area:
        told["polygon"] = json.dumps(area)
    flags = {"with_pictures": scope.with_pictures, "with_hits": scope.with_hits}
    return Filled(told | {name: "1" for name, is_set in flags.items() if is_set})


def plain(action: Action, elements: dict[str, Any]) -> Ask:
    """An act about a request, not about vehicles: no purpose, no case of its own."""
    return Ask(action=action, purpose="", case_number="", elements=elements)


def attached(opened: letters.Opened, name: str) -> Response:
    """A letter or memorandum as a file."""
    headers = {"content-disposition": f'attachment; filename="{name}.{opened.ending}"'}
    return Response(opened.content, media_type=opened.media_type, headers=headers)


# ── parts ──────────────────────────────────────────────────────────────────────────────────────────────────────────


async def _deed(
    asked: Asked, form: Form, release_id: int, name: str
) -> tuple[Action, Callable[[Grant, Connection], Found[Any]]]:
    """What a form decides. Raises MalformedError; AccessRefusedError for a role that has none of it."""
    reason, policy = form.text("reason", limit=MAX_REASON), asked.services.policy
    said: dict[str, Any] = {"release_id": release_id, "reason": reason}
    if name in {"approve", "approve_less"}:
        await asked.require(Action.REVIEW_RELEASE)
        scope = scope_of(form, asked) if name == "approve_less" else None
        answers = {point.value: form.text(f"answer_{point.value}", limit=MAX_REASON) for point in Point}
        return Action.REVIEW_RELEASE, partial(reviewing.approve, **said, scope=scope, answers=answers, policy=policy)
    deeds: dict[str, tuple[Action, Callable[..., Found[Any]]]] = {
        "deny": (Action.REVIEW_RELEASE, partial(reviewing.deny, policy=policy)),
        "give_effect": (Action.ORDER_RELEASE, partial(reviewing.give_effect, policy=policy)),
        "set_aside": (Action.ORDER_RELEASE, partial(reviewing.set_aside, policy=policy)),
        "close": (Action.CLOSE_RELEASE, reviewing.close),
        "destroyed": (Action.CLOSE_RELEASE, reviewing.destroyed),
    }
    if name == "nothing":
        await asked.require(Action.FULFIL_RELEASE)
        return Action.FULFIL_RELEASE, partial(fulfilling.nothing, release_id=release_id, policy=policy)
    if name not in deeds:
        raise MalformedError("field", "there is no such decision", remedy="open the page again")
    action, deed = deeds[name]
    await asked.require(action)
    return action, partial(deed, **said)


def _words(asked: Asked) -> dict[str, Any]:
    return {"looks": LOOKS, "scope_kinds": KINDS, "agency_kinds": AGENCY_KINDS, "at": asked.at}


def _may(asked: Asked) -> dict[str, bool]:
    wanted = {
        "enter": Action.ENTER_RELEASE, "review": Action.REVIEW_RELEASE, "order": Action.ORDER_RELEASE, "fulfil": Action.FULFIL_RELEASE,
        "close": Action.CLOSE_RELEASE,
    }  # fmt: skip
    return {f"may_{name}": asked.may(action) for name, action in wanted.items()}


def _name_of(day: date) -> str:
    return f"{day.year}-Q{(day.month + 2) // 3}"


def _quarter(name: str) -> tuple[date, date]:
    """The first day of a quarter, and of the following one. Raises MalformedError."""
    year, _, number = name.partition("-Q")
    if not (year.isdigit() and number in {"1", "2", "3", "4"} and 2000 <= int(year) <= 9000):
        raise MalformedError("field", "a quarter such as 2026-Q2", remedy="choose one of the list")
    first = date(int(year), 3 * int(number) - 2, 1)
    following = date(first.year + (first.month == 10), (first.month + 2) % 12 + 1, 1)
    return first, following


def _quarters(on: date) -> list[str]:
    """The last eight, the newest first."""
    index = on.year * 4 + (on.month - 1) // 3
    return [f"{one // 4}-Q{one % 4 + 1}" for one in range(index, index - 8, -1)]


ROUTES: Final = [
    Route("/releases", listed, methods=["GET", "POST"]),
    Route("/releases/recipients", recipients),
    Route("/releases/{release_id:int}", one),
    Route("/releases/{release_id:int}/decide", decide, methods=["POST"]),
    Route("/releases/{release_id:int}/fulfil", fulfil, methods=["POST"]),
    Route("/releases/{release_id:int}/letters/{letter_id:int}", letter),
]
