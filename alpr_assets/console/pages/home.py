"""Home: what I can do, until when I am trained, whether the system is at work, what waits for me, which sessions
are open in my name.
"""

from __future__ import annotations

from typing import Any, Final

from anyio.to_thread import run_sync
from starlette.responses import Response
from starlette.routing import Route

from alpr_assets.access import handovers, provisional, register, sessions
from alpr_assets.access.roles import Action
from alpr_assets.console.pages.asking import Asked, page
from alpr_assets.console.pages.due import told_at_home
from alpr_assets.console.pages.hits_banner import SECONDS, banner_for
from alpr_assets.lifecycle.evidence.booking import n_broken
from alpr_assets.lifecycle.holds.listing import overdue
from alpr_assets.lifecycle.holds.settling import n_waiting
from alpr_assets.lifecycle.releases.entering import n_overdue as n_unwritten
from alpr_assets.lifecycle.releases.listing import n_asked
from alpr_assets.store.engine import reading

NOTHING: Final[dict[str, Any]] = {"handed": [], "numbers": [], "n_overdue": 0, "escalated": [], "names": {}}
"""What waits for who asks no questions."""


@page
async def home(asked: Asked) -> Response:
    services = asked.services
    member = await run_sync(register.member, services.store.engine, asked.session.member.member_id)
    mine = await run_sync(lambda: sessions.listed(services.office, at=asked.at, member_id=member.member_id))
    banner = await banner_for(asked)
    waiting = await run_sync(_waiting, asked) if asked.may(Action.CANVASS) else NOTHING
    of_evidence = await run_sync(_of_evidence, asked)
    due = await run_sync(_due, asked)
    of_releases = await run_sync(_of_releases, asked)
    return await asked.page(
        "home.html",
        member=member,
        mine=mine,
        on=asked.on,
        banner=banner,
        seconds=SECONDS,
        at=asked.at,
        **waiting,
        **of_evidence,
        **due,
        **of_releases,
    )


def _due(asked: Asked) -> dict[str, Any]:
    with reading(asked.services.store.engine) as connection:
        return told_at_home(asked, connection)


def _waiting(asked: Asked) -> dict[str, Any]:
    """Questions that were handed to me, provisional numbers that wait for theirs, and holds whose review is overdue."""
    me, engine = asked.session.member.member_id, asked.services.store.engine
    leads, lifts = asked.may(Action.APPROVE_WATCH), asked.may(Action.LIFT_HOLD)
    answers, long = asked.may(Action.APPROVE_PURGE), asked.services.policy.holds.escalate_days
    with reading(engine) as connection:
        return {
            "handed": handovers.handed(connection, me, at=asked.at),
            "numbers": provisional.open_numbers(connection, member_id=None if leads else me),
            "n_overdue": len(overdue(connection, asked.on)) if lifts else 0,
            "escalated": overdue(connection, asked.on, days=long) if answers else [],
            "names": register.names(engine),
        }


def _of_evidence(asked: Asked) -> dict[str, int]:
    """Lifted holds that wait to be booked, told to who waives or packs; media that are not what left, to who leads."""
    waives, packs, leads = (
        asked.may(one) for one in (Action.WAIVE_BOOKING, Action.PACK_EVIDENCE, Action.LIFT_HOLD)
    )  # fmt: skip
    with reading(asked.services.store.engine) as connection:
        return {
            "n_unbooked": n_waiting(connection) if waives or packs else 0,
            "n_broken": n_broken(connection) if leads else 0,
        }


def _of_releases(asked: Asked) -> dict[str, int]:
    """Requests that wait for review, and those by phone whose letter is late: told to who reviews."""
    if not asked.may(Action.REVIEW_RELEASE):
        return {"n_asked": 0, "n_unwritten": 0}
    with reading(asked.services.store.engine) as connection:
        return {"n_asked": n_asked(connection), "n_unwritten": n_unwritten(connection, asked.at)}


ROUTES: Final = [Route("/", home)]
