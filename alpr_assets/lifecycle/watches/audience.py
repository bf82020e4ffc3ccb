"""Who sees a watch and its hits: in SQL, in one place (422.4(e)).

A normal watch is shown to every member who may see hits. A covert one is shown to its owner, to the supervisor it names, and always to
the commander and the auditor: no watch is hidden from those who answer for all of them.
Invariant: what is filtered here reaches nobody, not as a row, not by its id, and not in a sum.
"""

from __future__ import annotations

from datetime import UTC
from typing import Any, Final

from sqlalchemy import ColumnElement, exists, or_, true

from alpr_assets.access.gate import Grant
from alpr_assets.access.people import Member
from alpr_assets.access.record.entries import ResultId
from alpr_assets.access.roles import Action, Role
from alpr_assets.errors import AccessRefusedError
from alpr_assets.store import schema
from alpr_assets.store.watches import watch

SEES_ALL: Final = frozenset({Role.COMMANDER, Role.AUDITOR})

LISTING: Final = frozenset({Action.VIEW_HITS, Action.PLACE_WATCH, Action.APPROVE_WATCH, Action.READ_RECORD})
"""Asks under which watches are listed; READ_RECORD is the auditor's, who has no ask for data about vehicles."""


def visible(grant: Grant) -> ColumnElement[bool]:
    """Condition on `watch` that leaves what the member may see."""
    return visible_to(grant.member)


def visible_to(member: Member) -> ColumnElement[bool]:
    """The same of a member who asked nothing."""
    if member.role in SEES_ALL:
        return true()
    me = member.member_id
    return or_(watch.c.audience == "normal", watch.c.owner_id == me, watch.c.supervisor_id == me)


def hit_visible_to(member: Member) -> ColumnElement[bool]:
    """Condition on `hit` that leaves out what a watch raised that the member may not see."""
    shown = exists().where(watch.c.watch_id == schema.hit.c.watch_id, visible_to(member))
    return or_(schema.hit.c.watch_id.is_(None), shown)


def require_listing(grant: Grant) -> None:
    """Raise AccessRefusedError when the grant is for none of LISTING."""
    if grant.ask.action not in LISTING:
        raise AccessRefusedError((f"the grant is for {grant.ask.action}, not for watches",))


def named(row: Any) -> ResultId:
    """How the record names a watch."""
    return ResultId("watch", row.placed_at.astimezone(UTC).date(), row.watch_id)
