"""Which hits a member may see: in SQL, in one place, for the list, the verdicts and the counts (422.4(e)).

Invariant: what is filtered here reaches nobody, not as a row, not by its id, and not in a sum.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from sqlalchemy import ColumnElement

from alpr_assets.access.gate import Grant
from alpr_assets.access.people import Member, Source
from alpr_assets.access.record.entries import ResultId
from alpr_assets.lifecycle.watches import audience
from alpr_assets.store import schema

RESTRICTED_HIT: Final = "restricted_hit"
"""How the record names a hit from a restricted NCIC file: each viewing is dissemination (CJIS 4.2.2)."""


def visible(grant: Grant) -> list[ColumnElement[bool]]:
    """Conditions on `hit` that leave what the member may see."""
    return visible_to(grant.member)


def visible_to(member: Member) -> list[ColumnElement[bool]]:
    """The same where nothing was asked yet: for telling him that something came, never what."""
    hit = schema.hit.c
    conditions: list[ColumnElement[bool]] = [hit.source.in_(sorted(member.sources)), audience.hit_visible_to(member)]
    if Source.RESTRICTED not in member.sources:
        conditions.append(~hit.restricted)
    return conditions


def named(hit_id: int, read_day: date, *, restricted: bool) -> ResultId:
    """How the record names a hit."""
    return ResultId(RESTRICTED_HIT if restricted else "hit", read_day, hit_id)
