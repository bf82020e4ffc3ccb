"""What comes due, by page: who is on his way in and what he lacks; accounts to be confirmed (422.3.1(a), 422.4(d)); papers past their maximum.

Here: from forms to acts, and what a home page tells of it. No rule is here (`access.onboarding`, `access.reviews`, `access.reminders`).
"""

from __future__ import annotations

import re
from typing import Any, Final

from anyio.to_thread import run_sync
from sqlalchemy import Connection
from starlette.responses import Response
from starlette.routing import Route

from alpr_assets.access import designee, exports, onboarding, register, reminders, reviews
from alpr_assets.access.record.expiring import expired_months
from alpr_assets.access.roles import MAY, TRAINED, Action
from alpr_assets.console.pages.asking import Asked, back_to, page
from alpr_assets.console.pages.exports import OVERSEE
from alpr_assets.console.pages.members import SEE
from alpr_assets.console.responding import status_of
from alpr_assets.errors import AlprError
from alpr_assets.lifecycle.breaches import deciding
from alpr_assets.lifecycle.retention import papers
from alpr_assets.store.engine import reading


@page
async def newcomers(asked: Asked) -> Response:
    """Everybody who is on his way in, with what is missing."""
    await asked.require(*SEE, Action.RECORD_TRAINING)
    found = await run_sync(onboarding.newcomers, asked.services.store.engine)
    return await asked.page("onboarding.html", newcomers=found, may_see=asked.may(*SEE))


@page
async def review(asked: Asked) -> Response:
    await asked.require(Action.REVIEW_ACCOUNT)
    return await _review(asked)


@page
async def confirm(asked: Asked) -> Response:
    form = await asked.form()
    chosen = [int(value) for value in form.several("member_id") if re.fullmatch("[0-9]{1,18}", value)]
    try:
        await run_sync(
            lambda: reviews.confirm(
                asked.services.office, chosen, note=form.text("note"), by=asked.by, at=asked.at
            )
        )  # fmt: skip
    except AlprError as error:
        return await _review(asked, error)
    return back_to("/members/reviews")


@page
async def of_papers(asked: Asked) -> Response:
    """Papers past their class's maximum, by number and date, for the custodian."""
    await asked.require(Action.PLAN_PURGE)

    def found() -> list[papers.Paper]:
        with reading(asked.services.store.engine) as connection:
            return papers.past_maximum(connection, asked.services.policy, asked.on)

    return await asked.page("due.html", papers=await run_sync(found))


async def _review(asked: Asked, error: AlprError | None = None) -> Response:
    services = asked.services
    found = await run_sync(reviews.due, services.store.engine, services.policy, asked.on)
    me = await run_sync(register.member, services.store.engine, asked.session.member.member_id)
    rows = [(one, reviews.may_review(me, one.member)) for one in found]
    status = status_of(error)[0] if error else 200
    return await asked.page("account_reviews.html", status=status, error=error, rows=rows, on=asked.on)


def told_at_home(asked: Asked, connection: Connection) -> dict[str, Any]:
    """What a member's home page tells him of it; nothing, where he can do nothing about it."""
    policy, on = asked.services.policy, asked.on
    leads, trains = asked.may(Action.SUSPEND_MEMBER), asked.may(Action.RECORD_TRAINING)
    me = register.member(connection, asked.session.member.member_id)
    mine = me.trained_until if MAY[me.role] & TRAINED else None
    ends = mine if mine is not None and on <= mine and (mine - on).days <= policy.training.reminder_days else None
    overdue = reviews.due(connection, policy, on) if asked.may(Action.REVIEW_ACCOUNT) else []
    return {
        "training_ends": ends,
        "n_expiring": len(reminders.expiring(connection, policy, on)) if trains else 0,
        "n_idle": len(reminders.idle(connection, policy, asked.at)) if leads else 0,
        "n_reviews": sum(one.is_overdue and reviews.may_review(me, one.member) for one in overdue),
        "n_breaches": _breaches(asked, connection),
        "n_late_files": _late_files(asked, connection),
        "n_papers": len(papers.past_maximum(connection, policy, on)) if asked.may(Action.PLAN_PURGE) else 0,
        "n_months": len(_months(asked)) if asked.may(Action.PLAN_PURGE) else 0,
        "gap_on": _gap(asked, connection) if asked.may(Action.SET_DESIGNEE) else None,
    }


def _breaches(asked: Asked, connection: Connection) -> int:
    """Open breaches of which something is overdue, for who can do something about it."""
    if not asked.may(Action.REPORT_BREACH, Action.DECIDE_BREACH):
        return 0
    return sum(bool(one.n_overdue(asked.on)) for one in deciding.breaches(connection, asked.services.policy))


def _late_files(asked: Asked, connection: Connection) -> int:
    """Files that were taken out and are past their day: one's own, or everybody's for who is told whose they are."""
    late, all_of_them = exports.overdue(connection, asked.on), asked.may(*OVERSEE)
    return sum(all_of_them or one.member_id == asked.session.member.member_id for one in late)


def _months(asked: Asked) -> list[str]:
    """Months of the access record whose sealed questions should be gone; a person destroys their keys."""
    services = asked.services
    return expired_months(services.settings.path("keys"), asked.at, services.policy.record.elements_years)


def _gap(asked: Asked, connection: Connection) -> Any:
    """From when nobody holds the designee's office, where that is soon; None: later, or never."""
    gap = designee.next_gap(designee.designees(connection), asked.on)
    soon = asked.services.policy.access.designee_notice_days
    return gap if gap is not None and (gap - asked.on).days <= soon else None


ROUTES: Final = [
    Route("/due", of_papers),
    Route("/members/onboarding", newcomers),
    Route("/members/reviews", review),
    Route("/members/reviews", confirm, methods=["POST"]),
]
