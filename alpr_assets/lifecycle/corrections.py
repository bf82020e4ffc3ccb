"""Corrections: what a person read in the picture, beside what the recogniser read, never over it (Civ. Code 1798.90.51).

Any read may be corrected, by whoever may correct reads, with a reason; the newest correction counts, the older ones stay. The
corrected plate is matched with the lists and the watches at once. Not here: the verdict that a hit is a misread (`hits.verifying`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, select

from alpr_assets.access.gate import Found, Grant
from alpr_assets.access.record.entries import ResultId
from alpr_assets.access.roles import Action
from alpr_assets.errors import IllegalMoveError, MalformedError, NotFoundError
from alpr_assets.lifecycle.hits.entitlement import named, visible
from alpr_assets.lifecycle.hits.moves import LEAST, text
from alpr_assets.lifecycle.hits.raising import raise_corrected
from alpr_assets.lifecycle.lookalikes import fold
from alpr_assets.lifecycle.watches.raising import raise_corrected as raise_for_watches
from alpr_assets.policy import Policy
from alpr_assets.store import schema, verdicts


@dataclass(frozen=True, slots=True)
class Reading:
    """What a person read. `region`: two letters in either case; None: the state cannot be told.

    Raises MalformedError : `plate`, `region`, `reason`
    """

    plate: str
    reason: str
    region: str | None = None

    def __post_init__(self) -> None:
        if not re.fullmatch(rf"[A-Z0-9]{{1,{schema.MAX_PLATE}}}", self.plate):
            raise MalformedError("plate", f"a plate is 1–{schema.MAX_PLATE} capitals and digits")
        if self.region is not None and not re.fullmatch(r"[A-Za-z]{2}", self.region):
            raise MalformedError("region", "a state is two letters")
        text("reason", self.reason, least=LEAST)


@dataclass(frozen=True, slots=True)
class Corrected:
    """The correction's id, and the ids of the hits that its plate raised, as far as the member may see them (422.4(e))."""

    correction_id: int
    hit_ids: tuple[int, ...]


def correct_read(
    grant: Grant, connection: Connection, day: date, read_id: int, reading: Reading, *, policy: Policy
) -> Found[Corrected]:
    """Put a reading beside a read, and match it.

    Parameters
    ----------
    day : UTC day of the read

    Raises
    ------
    NotFoundError : there is no such read
    IllegalMoveError : it says what the read, or its newest correction, says already
    AccessRefusedError : the grant is for another ask
    """
    grant.require(Action.CORRECT_READ)
    return put(grant, connection, day, read_id, reading, policy=policy)


def put(
    grant: Grant, connection: Connection, day: date, read_id: int, reading: Reading, *, policy: Policy
) -> Found[Corrected]:
    """Write a correction down and match its plate; part of a misread verdict too."""
    said = _said(connection, day, read_id)
    region = reading.region and reading.region.lower()
    if (reading.plate, region or said.region) == (said.plate, said.region):
        raise IllegalMoveError(f"read {read_id} says so already")
    table = verdicts.read_correction
    row = {
        "day": day, "read_id": read_id, "plate": reading.plate, "plate_folded": fold(reading.plate), "region": region,
        "reason": text("reason", reading.reason, least=LEAST), "member_id": grant.member.member_id, "corrected_at": grant.at,
    }  # fmt: skip
    correction_id: int = connection.execute(table.insert().returning(table.c.correction_id), row).scalar_one()
    raised = raise_corrected(connection, day, read_id, policy=policy, now=grant.at)
    raised += raise_for_watches(connection, day, read_id, policy=policy, now=grant.at)
    hit = schema.hit.c
    statement = select(hit.hit_id, hit.read_day, hit.restricted).where(hit.hit_id.in_(raised), *visible(grant))
    seen = connection.execute(statement.order_by(hit.hit_id)).all()
    ids = [ResultId("read", day, read_id), ResultId("correction", day, correction_id)]
    ids += [named(row.hit_id, row.read_day, restricted=row.restricted) for row in seen]
    return Found(Corrected(correction_id, tuple(row.hit_id for row in seen)), ids)


def _said(connection: Connection, day: date, read_id: int) -> Any:
    """Plate and region of a read as its newest correction has them, else as it was read."""
    read, correction = schema.read.c, verdicts.read_correction.c
    found = connection.execute(
        select(read.plate, read.region).where(read.day == day, read.read_id == read_id)
    ).one_or_none()
    if found is None:
        raise NotFoundError(f"no read {read_id} on {day}")
    newest = (
        select(correction.plate, correction.region)
        .where(correction.day == day, correction.read_id == read_id)
        .order_by(correction.correction_id.desc())
        .limit(1)
    )
    return connection.execute(newest).one_or_none() or found
