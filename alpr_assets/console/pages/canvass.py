"""The canvass by page: who was near here, within so many minutes (422.4(c)). Made for a tablet in a patrol car at night.

Here: from a form with one place and one time to an incident, and the answer's page with its first pictures. Not here: several
incidents at once, polygons and devices (the data API and notebooks), any rule or statement (`search.canvass`).
"Not seen" is not "not there": what stands between the two is said above every answer. Position and plate are in no address.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from anyio.to_thread import run_sync
from starlette.datastructures import FormData
from starlette.responses import Response
from starlette.routing import Route

from alpr_assets.access import provisional, register
from alpr_assets.access.gate import Found, Grant
from alpr_assets.access.people import Member, Status
from alpr_assets.access.record.entries import ResultId
from alpr_assets.access.roles import Action, may
from alpr_assets.console.drops import n_waiting
from alpr_assets.console.pages.asking import Asked, Filled, Form, page
from alpr_assets.console.pages.hits import fixed_cameras
from alpr_assets.console.pages.searches import ask_of, data_uri, records
from alpr_assets.console.pages.watches_forms import wall
from alpr_assets.errors import AccessRefusedError, MalformedError, NotFoundError, RecognitionError, VerificationError
from alpr_assets.lifecycle.watches.areas import area_of
from alpr_assets.lifecycle.watches.patterns import MAX_TYPED
from alpr_assets.places import gazetteer
from alpr_assets.places.gazetteer import Place
from alpr_assets.policy import Policy
from alpr_assets.search import crops, reads
from alpr_assets.search.canvass.coverage import Coverage, coverage
from alpr_assets.search.canvass.incidents import Description, Incident
from alpr_assets.search.canvass.vehicles import Canvassed, canvass
from alpr_assets.search.reads import Window
from alpr_assets.store.engine import Store

ROWS: Final = 40
PICTURES: Final = 8
"""Of the first vehicles: opened with the answer, under an entry of their own in the record."""
FIELDS: Final = (
    "purpose",
    "case_number",
    "place",
    "radius_m",
    "minutes",
    "happened_at",
    "pattern",
    "state",
)
RADII_M: Final = (200, 500, 1000, 2000)
MINUTES: Final = (15, 30, 60, 120, 360)
USUAL: Final = {"radius_m": "500", "minutes": "30"}
PLACE: Final = re.compile(r"([+-]?\d{1,3}(?:\.\d+)?)\s*[,; ]\s*([+-]?\d{1,3}(?:\.\d+)?)")


@dataclass(frozen=True, slots=True)
class Shown:
    """What a page shows of a canvass.

    vehicles : the first ROWS, each with the row of its most telling read as `read`
    n_found : vehicles that were found at all
    """

    vehicles: list[dict[str, Any]]
    n_found: int
    covered: Coverage


@page
async def near(asked: Asked) -> Response:
    await asked.require(Action.CANVASS)
    if asked.request.method == "GET":
        return await show(asked, Filled(USUAL))
    return await answered(asked, await asked.form())


@page
async def number(asked: Asked) -> Response:
    """The same form with a provisional incident number in it: there is no other yet."""
    await asked.require(Action.CANVASS)
    form, office = await asked.form(), asked.services.office
    issued = await run_sync(lambda: provisional.issue(office, asked.session, at=asked.at))
    hours = office.policy.access.provisional_hours
    said = f"{issued} is yours for {hours} hours; give it its real number before that, on the page Incident numbers."
    return await show(asked, Filled({**_told(form), "case_number": issued}), said=said)


async def answered(asked: Asked, form: Form, *, said: str = "") -> Response:
    """What a form asks about, and its answer."""
    services, told = asked.services, _told(form)
    near_to, choices = await run_sync(_place_meant, asked, form)
    if choices:
        return await show(asked, told, choices=choices)
    if near_to is not None:
        told["place"] = f"{near_to.latitude_deg:.5f}, {near_to.longitude_deg:.5f}"
        form = Form(FormData({**told}))
        said = said or f"{near_to.label}: {told['place']}"
    try:
        incident, described = incident_of(form, services.policy, asked.at)
        ask = ask_of(form, Action.CANVASS, elements_of(incident, described))
        search = partial(
            _search, store=services.store, incident=incident, described=described, policy=services.policy,
            waiting=await run_sync(n_waiting, services),
        )  # fmt: skip
        answer = await run_sync(services.gate.answer, asked.session, ask, search)
    except (AccessRefusedError, MalformedError) as error:
        return await show(asked, told, status=403 if isinstance(error, AccessRefusedError) else 400, error=error)
    pictures = await _pictures(asked, form, answer.rows.vehicles)
    colleagues = await run_sync(_colleagues, asked) if asked.may(Action.HAND_OVER) else []
    return await show(
        asked, told, shown=answer.rows, receipt=answer.receipt, pictures=pictures, incident=incident, said=said,
        colleagues=colleagues,
    )  # fmt: skip


def _place_meant(asked: Asked, form: Form) -> tuple[Place | None, list[Place]]:
    """The place that an address, a crossing or a landmark means; else those it may mean. Nothing of coordinates."""
    text, data = form.text("place"), asked.services.settings.path("data")
    if not text or PLACE.fullmatch(text):
        return None, []
    found = gazetteer.find(data, text)
    exact = [one for one in found if one.is_exact]
    return (exact[0], []) if len(exact) == 1 else (None, found)


def _told(form: Form) -> Filled:
    return Filled({name: form.text(name) for name in FIELDS})


def _colleagues(asked: Asked) -> list[Member]:
    """To whom the question can be handed."""
    me = asked.session.member.member_id
    known = register.members(asked.services.store.engine)
    may_take = [one for one in known if one.status is Status.ACTIVE and may(one.role, Action.CANVASS)]
    return sorted((one for one in may_take if one.member_id != me), key=lambda one: one.name)


def incident_of(form: Form, policy: Policy, now: datetime) -> tuple[Incident, Description]:
    """What a form asks about: the last minutes, or the minutes around when it happened.

    Raises MalformedError : `area`, `window`, `field`; the policy's limits are the search's to tell.
    """
    found = PLACE.fullmatch(form.text("place"))
    if found is None:
        raise MalformedError(
            "area", "the place is none that is known here",
            remedy="write an address, two streets that cross, latitude and longitude as 38.00512, -121.80533, or tap the map",
        )  # fmt: skip
    latitude, longitude = map(float, found.groups())
    area = area_of({"type": "Point", "coordinates": [longitude, latitude], "radius_m": float(form.number("radius_m"))})
    assert area is not None
    happened_at = wall(form, "happened_at", policy.zone, latest=False)
    try:
        around = timedelta(minutes=form.number("minutes"))
        window = Window(happened_at - around, happened_at + around) if happened_at else Window(now - around, now)
    except OverflowError as error:
        raise MalformedError("window", "so many minutes reach beyond the calendar", remedy="give fewer") from error
    name = form.text("case_number", limit=64) or "here"
    described = Description(
        partial=form.text("pattern", limit=MAX_TYPED) or None, state=form.text("state", limit=2).upper() or None
    )
    return Incident(name=name, areas=(area,), windows=(window,), at=happened_at), described


def elements_of(incident: Incident, described: Description) -> dict[str, Any]:
    """What the record keeps of it, in the words of the data API."""
    windows = [{"since": one.since.isoformat(), "until": one.until.isoformat()} for one in incident.windows]
    asked = {"name": incident.name, "areas": [area.geojson() for area in incident.areas], "windows": windows}
    known = {"partial": described.partial, "state": described.state}
    return {
        "incidents": [asked | ({"at": incident.at.isoformat()} if incident.at else {})],
        "described": {name: value for name, value in known.items() if value is not None},
    }


def _search(
    grant: Grant, *, store: Store, incident: Incident, described: Description, policy: Policy, waiting: int | None
) -> Found[Shown]:
    """The first vehicles, and of the reads only theirs: what does not leave is not recorded as having left."""
    found = canvass(grant, store.engine, [incident], policy=policy, described=described).rows
    covered = coverage(grant, store.engine, [incident], policy=policy, n_waiting=waiting).rows
    vehicles, ids = _first(found)
    return Found(Shown(vehicles, len(found.vehicles), covered), ids)


def _first(found: Canvassed) -> tuple[list[dict[str, Any]], list[ResultId]]:
    """The first vehicles with their most telling reads, and the ids of these reads."""
    by_moment = {_moment(read, "captured_at"): read for read in reversed(records(found.reads))}
    shown, ids = [], []
    for vehicle in records(found.vehicles.head(ROWS)):
        read = by_moment[_moment(vehicle, "nearest_at")]
        own = found.reads[found.reads["vehicle"] == read["vehicle"]]
        ids += reads.ids_of(own)
        shown.append(vehicle | {"read": {name: read[name] for name in ("day", "capture_id", "read_id", "device")}})
    return shown, list(dict.fromkeys(ids))


def _moment(row: Mapping[str, Any], at: str) -> tuple[Any, ...]:
    """When and where: a vehicle's row and its read's have these in common."""
    return row[at], row["latitude_deg"], row["longitude_deg"]


async def _pictures(asked: Asked, form: Form, vehicles: list[dict[str, Any]]) -> dict[int, str]:
    """The plates cut out of the first pictures, by rank, as addresses inside the page; one that does not open is left out."""
    if not vehicles or not asked.may(Action.OPEN_IMAGE):
        return {}
    store, wanted = asked.services.store, vehicles[:PICTURES]

    def opened(grant: Grant) -> Found[dict[int, str]]:
        uris: dict[int, str] = {}
        ids: list[ResultId] = []
        for vehicle in wanted:
            read = vehicle["read"]
            try:
                part = crops.open_plate(
                    grant, store, day=read["day"], capture_id=int(read["capture_id"]), read_id=int(read["read_id"])
                )
            except (NotFoundError, RecognitionError, VerificationError):
                continue
            uris[vehicle["rank"]] = data_uri(part.rows)
            ids += part.ids
        return Found(uris, ids)

    named = [{"day": one["read"]["day"].isoformat(), "read_id": int(one["read"]["read_id"])} for one in wanted]
    ask = replace(ask_of(form, Action.OPEN_IMAGE, {"reads": named}), details={"of": "canvass"})
    try:
        found: dict[int, str] = (await run_sync(asked.services.gate.answer, asked.session, ask, opened)).rows
    except AccessRefusedError:
        return {}
    return found


async def show(asked: Asked, form: Filled, *, status: int = 200, **more: Any) -> Response:
    """The page."""
    shown: dict[str, Any] = {
        "error": None, "shown": None, "receipt": None, "pictures": {}, "incident": None, "said": "", "colleagues": [], "choices": [], **more,
    }  # fmt: skip
    cameras = await run_sync(fixed_cameras, asked.services.store.engine)
    return await asked.page(
        "canvass.html", status=status, form=form, fields=FIELDS, other_fields=[name for name in FIELDS if name != "place"], cameras=cameras, radii=RADII_M, minutes=MINUTES,
        may_open=asked.may(Action.OPEN_IMAGE), may_search=asked.may(Action.PLATE_HISTORY),
        may_watch=asked.may(Action.PLACE_WATCH), may_hold=asked.may(Action.PLACE_HOLD),
        knows_words=gazetteer.is_there(asked.services.settings.path("data")), **shown,
    )  # fmt: skip


ROUTES: Final = [
    Route("/search/canvass", near, methods=["GET", "POST"]),
    Route("/search/canvass/number", number, methods=["POST"]),
]
