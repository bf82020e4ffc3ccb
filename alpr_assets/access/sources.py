"""Whose data a member may see: granted and taken back per source, never deleted (422.4(e); CJIS Security Policy 4.2.2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, select

from alpr_assets.access import register
from alpr_assets.access.acting import Act, Office, acting, authorised, locked_member
from alpr_assets.access.people import Source, Status
from alpr_assets.access.record.entries import Actor
from alpr_assets.access.roles import Action
from alpr_assets.errors import AccessRefusedError, IllegalMoveError
from alpr_assets.store import people

_granted = people.member_source


@dataclass(frozen=True, slots=True)
class Granted:
    """One source of one member, by whom and from when to when. `revoked_at` None: he has it."""

    source: Source
    granted_at: datetime
    granted_by: int
    revoked_at: datetime | None
    revoked_by: int | None


def grant(office: Office, member_id: int, source: Source, *, by: Actor, at: datetime) -> None:
    """Let a member see a source. Nobody grants his own.

    Raises AccessRefusedError; IllegalMoveError when the member has it, or left.
    """
    details = {"member_id": member_id, "source": source.value}
    with acting(office, Action.GRANT_SOURCES, by, at=at, details=details) as act:
        _require_another(office, act, member_id)
        member = locked_member(act.connection, member_id)
        if member.status is Status.SEPARATED:
            raise IllegalMoveError(f"member {member_id} left the department")
        if source in member.sources:
            raise IllegalMoveError(f"member {member_id} sees {source} data already")
        put(act, member_id, source, by=by.member_id)


def revoke(office: Office, member_id: int, source: Source, *, by: Actor, at: datetime) -> None:
    """Take a source back; it counts from the member's next search on.

    Raises AccessRefusedError; IllegalMoveError when the member does not have it.
    """
    details = {"member_id": member_id, "source": source.value}
    with acting(office, "revoke_sources", by, at=at, details=details) as act:
        _require_another(office, act, member_id)
        locked_member(act.connection, member_id)
        this = (
            _granted.c.member_id == member_id, _granted.c.source == source.value, _granted.c.revoked_at.is_(None),
        )  # fmt: skip
        values = {"revoked_at": at, "revoked_by": by.member_id}
        if not act.connection.execute(_granted.update().where(*this).values(values)).rowcount:
            raise IllegalMoveError(f"member {member_id} does not see {source} data")


def of_member(source: Connection | Engine, member_id: int) -> list[Granted]:
    """All that a member was ever granted, oldest first."""
    statement = select(_granted).where(_granted.c.member_id == member_id).order_by(_granted.c.grant_id)
    with register.connected(source) as connection:
        return [
            Granted(Source(row.source), row.granted_at, row.granted_by, row.revoked_at, row.revoked_by)
            for row in connection.execute(statement)
        ]


def put(act: Act, member_id: int, source: Source, *, by: int | None) -> None:
    """Write a grant down; part of other acts too."""
    values = {"member_id": member_id, "source": source.value, "granted_at": act.at, "granted_by": by}
    act.connection.execute(_granted.insert(), values)


def _require_another(office: Office, act: Act, member_id: int) -> None:
    if authorised(act, Action.GRANT_SOURCES, office.policy).member_id == member_id:
        raise AccessRefusedError(("nobody decides on his own sources",), codes=("own_account",))
