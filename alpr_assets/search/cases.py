"""One hit as a case: the hit, its entry, every move so far, what is possible next (422.4(f)).

Here: what the page of one hit shows. Not here: the list (`hits`), moving it (`lifecycle.hits.verifying`), the pictures (`crops`).
The previous reads of the plate are another question, asked through the gate by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

import pandas as pd
from sqlalchemy import Connection, Engine, select

from alpr_assets.access.gate import Found, Grant
from alpr_assets.access.record.entries import ResultId
from alpr_assets.access.roles import Action
from alpr_assets.errors import NotFoundError
from alpr_assets.lifecycle.hits import ranking
from alpr_assets.lifecycle.hits.moves import TRANSITIONS, Kind, Status
from alpr_assets.lifecycle.hits.verifying import list_age
from alpr_assets.policy import Policy
from alpr_assets.search import hits
from alpr_assets.store import people, schema, verdicts
from alpr_assets.store.engine import reading

ANSWERS: Final = ("reason", "case_number", "owner", "approved_by", "expires_on")
BY_SYSTEM = frozenset({Kind.LAPSE, Kind.ENTRY_ENDED})


@dataclass(frozen=True, slots=True, kw_only=True)
class PastMove:
    """One move: who, when, what was seen, why. `member` None: the system; what was not asked is None."""

    seq: int
    kind: Kind
    to_status: Status
    moved_at: datetime
    member: str | None
    plate_agrees: bool | None
    state_agrees: bool | None
    vehicle_agrees: bool | None
    reason: str | None
    note: str | None
    clets_reference: str | None
    clets_operator: str | None
    clets_at: datetime | None
    clets_result: str | None
    duplicate_of: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HitCase:
    """One hit.

    hit : one row, columns as `hits.COLUMNS`
    characters : those read, each with whether it differs from the listed plate
    is_possible : the plate that was read is not the listed one: shown as possible, never as the plate itself
    listed_on, details : of the entry as its list has it; None and empty: a watch's
    is_answered : it is of the department's own list, and `details` begin with ANSWERS
    list_age : of the list in force; None: a watch's
    list_is_stale : older than the policy allows: nobody acts unconfirmed
    possible : moves that a person may make from here
    """

    hit: pd.Series[Any]
    characters: tuple[tuple[str, bool], ...]
    is_possible: bool
    status: Status
    listed_on: date | None
    details: dict[str, Any]
    is_answered: bool
    list_age: timedelta | None
    list_is_stale: bool
    moves: tuple[PastMove, ...]
    possible: frozenset[Kind]


def hit_case(grant: Grant, engine: Engine, hit_id: int, *, policy: Policy) -> Found[HitCase]:
    """One hit as a case.

    Raises
    ------
    NotFoundError : there is no such hit, or none that the member may see
    AccessRefusedError : the grant is for another ask than view_hits
    """
    grant.require(Action.VIEW_HITS)
    found = hits.hits(grant, engine, hit_ids=[hit_id])
    if found.rows.empty:
        raise NotFoundError(f"no hit {hit_id}")
    hit = found.rows.iloc[0]
    entry = schema.hotlist_entry.c
    with reading(engine) as connection:
        row = connection.execute(
            select(schema.hit.c.entry_id, entry.listed_on, entry.expires_on, entry.details)
            .outerjoin(schema.hotlist_entry, entry.entry_id == schema.hit.c.entry_id)
            .where(schema.hit.c.hit_id == hit_id)
        ).one()
        age = list_age(connection, row, grant.at)
        moves = _moves(connection, hit_id)
    status = Status(hit["status"])
    stale = age is not None and age > timedelta(hours=policy.hotlists.max_age_hours)
    closed = BY_SYSTEM | ({Kind.NOT_PRACTICABLE} if stale else frozenset())
    read = hit["corrected_plate"] if isinstance(hit["corrected_plate"], str) else hit["plate"]
    case = HitCase(
        hit=hit,
        characters=tuple(ranking.marked(read, hit["differences"])),
        is_possible=hit["match_kind"] in ranking.POSSIBLE,
        status=status,
        listed_on=row.listed_on,
        details=_details(row),
        is_answered=row.expires_on is not None,
        list_age=age,
        list_is_stale=stale,
        moves=tuple(moves),
        possible=frozenset(kind for start, _, kind in TRANSITIONS if start is status) - closed,
    )
    ids: list[ResultId] = list(found.ids)
    return Found(case, ids)


def _details(entry: Any) -> dict[str, Any]:
    """What the line says; of the department's own list first why, for how long, and who answers for it (422.4)."""
    said = dict(entry.details or {})
    if entry.expires_on is None:  # in another's list an owner may be the vehicle's
        return said
    said["expires_on"] = entry.expires_on.isoformat()
    return {name: said[name] for name in ANSWERS if name in said} | {
        name: value for name, value in said.items() if name not in ANSWERS
    }


def _moves(connection: Connection, hit_id: int) -> list[PastMove]:
    move, member = verdicts.hit_move.c, people.member.c
    names = [name for name in PastMove.__slots__ if name not in {"member", "kind", "to_status"}]
    rows = connection.execute(
        select(*(move[name] for name in names), move.kind, move.to_status, move.member_id, member.name)
        .outerjoin(people.member, member.member_id == move.member_id)
        .where(move.hit_id == hit_id)
        .order_by(move.seq)
    )
    return [
        PastMove(
            kind=Kind(row.kind),
            to_status=Status(row.to_status),
            member=None if row.member_id is None else row.name or f"member {row.member_id}",
            **{name: getattr(row, name) for name in names},
        )
        for row in rows
    ]
