"""Plates that a member has no business to search for: his own and his household's, kept as keyed digests (422.4(a)).

Here: the list. Not here: who typed them on which page, finding searches for them (`rules.OwnPlate`). A plate that was entered cannot be read
again by anybody, only recognised when it is searched for.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Engine, insert, or_, select, update

from alpr_assets.access import register
from alpr_assets.access.acting import Office, acting, authorised
from alpr_assets.access.record.entries import Actor
from alpr_assets.access.roles import Action
from alpr_assets.errors import IllegalMoveError, MalformedError, NotFoundError
from alpr_assets.store.audits import own_plate


class Relation(StrEnum):
    """Whose plate it is."""

    OWN = "own"
    HOUSEHOLD = "household"


def add(
    office: Office,
    member_id: int,
    plate: str,
    relation: Relation,
    *,
    digest: Callable[[str], str],
    by: Actor,
    at: datetime,
) -> int:
    """Enter a plate for a member; its number on the list.

    digest : see `lifecycle.plate_digests`

    Raises AccessRefusedError; MalformedError: `plate`; IllegalMoveError: it is listed for him.
    """
    details = {"member_id": member_id, "relation": relation.value}
    with acting(office, Action.LIST_OWN_PLATES, by, at=at, details=details) as act:
        added_by = authorised(act, Action.LIST_OWN_PLATES, office.policy).member_id
        register.member(act.connection, member_id)
        known = digest(plate)
        if not known:
            raise MalformedError("plate", "that is no whole plate", remedy="letters and digits, without wildcards")
        if (member_id, known) in listed(act.connection, at=at):
            raise IllegalMoveError("this plate is listed for this member already")
        row = {
            "member_id": member_id, "relation": relation.value, "digest": known, "added_at": at, "added_by": added_by,
        }  # fmt: skip
        made = act.connection.execute(insert(own_plate).returning(own_plate.c.own_plate_id), row)
        number = int(made.scalar_one())
        act.note(own_plate_id=number)
    return number


def end(office: Office, own_plate_id: int, *, by: Actor, at: datetime) -> None:
    """It is not his any more; searches before now still count. Raises AccessRefusedError; NotFoundError: it is not listed."""
    with acting(office, "end_own_plate", by, at=at, details={"own_plate_id": own_plate_id}) as act:
        ended_by = authorised(act, Action.LIST_OWN_PLATES, office.policy).member_id
        open_ = (own_plate.c.own_plate_id == own_plate_id) & own_plate.c.ended_at.is_(None)
        ended = act.connection.execute(update(own_plate).where(open_).values(ended_at=at, ended_by=ended_by))
        if not ended.rowcount:
            raise NotFoundError(f"there is no plate {own_plate_id} on the list")


def listed(connection: Connection, *, at: datetime) -> set[tuple[int, str]]:
    """(member, digest) of what was listed and not ended by an instant, or is listed since."""
    columns = own_plate.c
    standing = or_(columns.ended_at.is_(None), columns.ended_at > at)
    return {(row.member_id, row.digest) for row in connection.execute(select(own_plate).where(standing))}


def standing(engine: Engine) -> list[dict[str, Any]]:
    """The list, without the digests: number, member, relation, since when."""
    columns = own_plate.c
    shown = (columns.own_plate_id, columns.member_id, columns.relation, columns.added_at)
    with register.connected(engine) as connection:
        rows = connection.execute(select(*shown).where(columns.ended_at.is_(None)).order_by(*shown[1:3], shown[0]))
        return [dict(row) for row in rows.mappings()]
