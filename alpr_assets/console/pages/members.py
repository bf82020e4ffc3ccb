"""Members by page: who there is, proposing, approving, suspending, separating, unlocking, sources, first passwords (422.3.1(a)).

Here: from a form to the act. Not here: any rule (`access.members`, `access.approvals`, `access.sources`); each act checks and
records itself, once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from anyio.to_thread import run_sync
from starlette.responses import Response
from starlette.routing import Route

from alpr_assets.access import (
    approvals,
    attempts,
    members,
    passwords,
    register,
    reminders,
    second_factor,
    sessions,
    sources,
)
from alpr_assets.access import training as trainings
from alpr_assets.access.people import Member, Source
from alpr_assets.access.roles import Action
from alpr_assets.console.pages.asking import Asked, Filled, Form, back_to, page
from alpr_assets.errors import AccessRefusedError, AlprError, MalformedError, NotFoundError

SEE: Final = (
    Action.PROPOSE_MEMBER, Action.APPROVE_MEMBER, Action.SUSPEND_MEMBER, Action.UNLOCK_MEMBER, Action.GRANT_SOURCES,
)  # fmt: skip
"""Who has one of these sees the register."""


@page
async def listed(asked: Asked) -> Response:
    await asked.require(*SEE)
    return await _register(asked)


@page
async def propose(asked: Asked) -> Response:
    form = await asked.form()
    wanted: dict[str, Any] = {
        "user_name": form.text("user_name", limit=64), "name": form.text("name", limit=128), "title": form.text("title"),
        "agency": form.text("agency", limit=16), "is_contractor": form.flag("is_contractor"),
        "sources": _sources(form), "purpose": form.text("purpose"),
    }  # fmt: skip
    try:
        await run_sync(lambda: members.propose(asked.services.office, **wanted, by=asked.by, at=asked.at))
    except (AccessRefusedError, MalformedError) as error:
        return await _register(asked, error, wanted)
    return back_to("/members")


@page
async def approve(asked: Asked) -> Response:
    form = await asked.form()
    office = asked.services.office
    done = await run_sync(lambda: members.approve(office, form.number("proposal_id"), by=asked.by, at=asked.at))
    if done.one_time is None and not done.sources_left:
        return back_to("/members")
    one_times = [done.one_time] if done.one_time else []
    return await asked.page("one_time.html", one_times=one_times, left=sorted(done.sources_left), member=done.member)


@page
async def reject(asked: Asked) -> Response:
    form = await asked.form()
    await run_sync(lambda: members.reject(asked.services.office, form.number("proposal_id"), by=asked.by, at=asked.at))
    return back_to("/members")


@page
async def one(asked: Asked) -> Response:
    await asked.require(*SEE)
    member_id = asked.request.path_params["member_id"]
    return await _member(asked, member_id)


@page
async def act(asked: Asked) -> Response:
    """One act on one member; which, the form says."""
    member_id: int = asked.request.path_params["member_id"]
    form = await asked.form()
    name = form.text("act")
    office, by, at = asked.services.office, asked.by, asked.at
    try:
        if name == "reset_password":
            one_time = await run_sync(lambda: passwords.reset(office, member_id, by=by, at=at))
            return await asked.page("one_time.html", one_times=[one_time], left=[], member=None)
        done = _acts(form, office, member_id, by, at).get(name)
        if done is None:
            raise NotFoundError("there is no such act")
        await run_sync(done)
    except AlprError as error:
        return await _member(asked, member_id, error)
    return back_to(f"/members/{member_id}")


def _acts(form: Form, office: Any, member_id: int, by: Any, at: Any) -> dict[str, Callable[[], object]]:
    """What can be done to a member from his page."""
    told: dict[str, Any] = {"by": by, "at": at}
    return {
        "suspend": lambda: members.suspend(office, member_id, reason=form.text("reason", limit=32), **told),
        "reactivate": lambda: members.reactivate(office, member_id, **told),
        "separate": lambda: members.separate(office, member_id, **told),
        "rename": lambda: members.rename(office, member_id, form.text("name", limit=128), **told),
        "propose_title": lambda: members.propose_title(office, member_id, form.text("title"), **told),
        "unlock": lambda: attempts.unlock(office, member_id, **told),
        "reset_second_factor": lambda: second_factor.reset(office, member_id, **told),
        "end_sessions": lambda: sessions.revoke_of_member(office, member_id, **told),
        "grant_source": lambda: sources.grant(office, member_id, _source(form.text("source")), **told),
        "revoke_source": lambda: sources.revoke(office, member_id, _source(form.text("source")), **told),
    }


async def _register(asked: Asked, error: AlprError | None = None, form: dict[str, Any] | None = None) -> Response:
    engine = asked.services.store.engine
    found = await run_sync(register.members, engine)
    waiting = await run_sync(approvals.proposals, engine)
    by_id = {member.member_id: member for member in found}
    rows = [(one, by_id[one.member_id], approvals.n_needed(one, by_id[one.member_id].role)) for one in waiting]
    idle = await run_sync(reminders.idle, engine, asked.services.policy, asked.at)
    return await asked.page(
        "members.html", idle={one.member.member_id: one.suspended_on for one in idle}, may_review=asked.may(Action.REVIEW_ACCOUNT),
        status=400 if error else 200, members=found, waiting=rows, error=error, form=Filled(form or {}),
        on=asked.on, me=asked.session.member.member_id, all_sources=list(Source),
        may_propose=asked.may(Action.PROPOSE_MEMBER), may_approve=asked.may(Action.APPROVE_MEMBER),
    )  # fmt: skip


async def _member(asked: Asked, member_id: int, error: AlprError | None = None) -> Response:
    engine, services = asked.services.store.engine, asked.services
    member: Member = await run_sync(register.member, engine, member_id)
    granted = await run_sync(sources.of_member, engine, member_id)
    completed = await run_sync(trainings.of_member, engine, member_id)
    open_sessions = await run_sync(lambda: sessions.listed(services.office, at=asked.at, member_id=member_id))
    names = await run_sync(register.names, engine)
    may = {action.value for action in Action if asked.may(action)}
    return await asked.page(
        "member.html", status=_status(error), member=member, granted=granted, completed=completed, names=names, may=may,
        sessions=open_sessions, error=error, on=asked.on, all_sources=list(Source),
        is_me=member_id == asked.session.member.member_id,
    )  # fmt: skip


def _status(error: AlprError | None) -> int:
    return 200 if error is None else 403 if isinstance(error, AccessRefusedError) else 400


def _sources(form: Form) -> list[Source]:
    return [_source(name) for name in form.several("sources")]


def _source(name: str) -> Source:
    try:
        return Source(name)
    except ValueError as error:
        raise MalformedError("source", "there is no such source", remedy="open the page again") from error


ROUTES: Final = [
    Route("/members", listed),
    Route("/members/propose", propose, methods=["POST"]),
    Route("/members/approve", approve, methods=["POST"]),
    Route("/members/reject", reject, methods=["POST"]),
    Route("/members/{member_id:int}", one),
    Route("/members/{member_id:int}", act, methods=["POST"]),
]
