"""Handing a canvass to a colleague, and taking one over: it is asked anew, as himself (422.6(a)).

Here: from forms to acts. Not here: any rule (`access.handovers`), the canvass itself (`canvass`).
"""

from __future__ import annotations

from functools import partial
from typing import Final

from anyio.to_thread import run_sync
from starlette.datastructures import FormData
from starlette.responses import Response
from starlette.routing import Route

from alpr_assets.access import handovers, register
from alpr_assets.access.roles import Action
from alpr_assets.console.pages import canvass
from alpr_assets.console.pages.asking import Asked, Form, page
from alpr_assets.console.pages.searches import ask_of
from alpr_assets.store.engine import writing


@page
async def hand_over(asked: Asked) -> Response:
    """The question of the page goes to a colleague; the page is answered again, and says so."""
    await asked.require(Action.HAND_OVER)
    form, services = await asked.form(), asked.services
    incident, described = canvass.incident_of(form, services.policy, asked.at)
    to_id = form.number("to_id")
    question = {name: form.text(name) for name in canvass.FIELDS}
    if not question["happened_at"]:  # the last minutes, counted from now: the colleague opens it later
        middle = incident.windows[0].since + (incident.windows[0].until - incident.windows[0].since) / 2
        question |= {
            "happened_at": middle.astimezone(services.policy.zone).strftime("%Y-%m-%dT%H:%M"),
            "minutes": str(max(1, round(incident.hours * 30))),
        }
    deed = partial(
        handovers.hand_over,
        to_id=to_id,
        action=Action.CANVASS,
        question=question,
        key=services.case_key,
        policy=services.policy,
    )
    elements = {**canvass.elements_of(incident, described), "to": to_id}
    await run_sync(
        services.gate.act, asked.session, ask_of(form, Action.HAND_OVER, elements), services.store.engine, deed
    )
    name = (await run_sync(register.member, services.store.engine, to_id)).name
    hours = services.policy.access.handover_hours
    return await canvass.answered(asked, form, said=f"Handed to {name}, who has {hours} hours to ask it anew.")


@page
async def take_over(asked: Asked) -> Response:
    """A question that was handed to me, asked now and as me."""
    await asked.require(Action.CANVASS)
    services, me = asked.services, asked.session.member.member_id
    number: int = asked.request.path_params["handover_id"]

    def opened() -> handovers.Question:
        with writing(services.store.engine) as connection:
            return handovers.opened(connection, number, me, key=services.case_key, at=asked.at)

    found = await run_sync(opened)
    return await canvass.answered(asked, Form(FormData(dict(found.question))))


ROUTES: Final = [
    Route("/search/canvass/hand-over", hand_over, methods=["POST"]),
    Route("/search/handed/{handover_id:int}", take_over, methods=["POST"]),
]
