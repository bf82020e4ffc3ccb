"""The register, read: who is a member now, what he may see, until when he is trained.

Not here: any change (`members`, `sources`, `training`). Read fresh each time: a member suspended a second ago is one who asks
no more.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Engine, Select, func, select

from alpr_assets.access.people import Member, Source, Status
from alpr_assets.access.roles import Role
from alpr_assets.errors import AccessRefusedError
from alpr_assets.store import people
from alpr_assets.store.engine import reading

USER_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._@-]{1,63}")

_TRAINED_UNTIL: Final = (
    select(func.max(people.member_training.c.expires_on))
    .where(
        people.member_training.c.member_id == people.member.c.member_id,
        people.member_training.c.approved_at.is_not(None),
        people.member_training.c.withdrawn_at.is_(None),
    )
    .scalar_subquery()
)


def member(source: Connection | Engine, member_id: int | None) -> Member:
    """One member as he is now. Raises AccessRefusedError when there is none with this id."""
    found = _members(source, _SELECTED.where(people.member.c.member_id == member_id))
    if not found:
        raise AccessRefusedError((f"no member {member_id}",), codes=("unknown_member",))
    return found[0]


def named(source: Connection | Engine, user_name: str) -> Member | None:
    """The member who signs in by this name, however it is written; None: nobody does."""
    name = folded(user_name)
    if not USER_NAME.fullmatch(name):
        return None
    found = _members(source, _SELECTED.where(people.member.c.user_name == name))
    return found[0] if found else None


def members(source: Connection | Engine, *, status: Status | None = None) -> list[Member]:
    """All members, by name; those who left too, unless a status is asked for."""
    statement = _SELECTED.order_by(people.member.c.name, people.member.c.member_id)
    return _members(source, statement if status is None else statement.where(people.member.c.status == status.value))


def names(source: Connection | Engine) -> dict[int, str]:
    """What members are called, by id; those who left too, since what they did is shown still."""
    return {member.member_id: member.name for member in members(source)}


def folded(user_name: str) -> str:
    """A user name as it is stored: what differs in case or by compatible characters only is the same name."""
    return unicodedata.normalize("NFKC", user_name).strip().casefold()[:256]


def used_at(connection: Connection, member_id: int) -> datetime:
    """When the account was last used; from being made active on, where it has not been since."""
    return last_uses(connection, people.member.c.member_id == member_id)[member_id]


def last_uses(connection: Connection, *where: ColumnElement[bool]) -> dict[int, datetime]:
    """The same of every member, or of those who meet conditions, by id."""
    member = people.member.c
    rows = connection.execute(select(member.member_id, member.last_active_at, member.status_at).where(*where))
    return {row.member_id: max(row.last_active_at or row.status_at, row.status_at) for row in rows}


@contextmanager
def connected(source: Connection | Engine) -> Iterator[Connection]:
    """The connection given, or a reading transaction of its own."""
    if isinstance(source, Connection):
        yield source
    else:
        with reading(source) as connection:
            yield connection


_SELECTED: Final[Select[Any]] = select(people.member, _TRAINED_UNTIL.label("trained_until"))


def _members(source: Connection | Engine, statement: Select[Any]) -> list[Member]:
    granted = people.member_source
    with connected(source) as connection:
        rows = connection.execute(statement).all()
        wanted = select(granted.c.member_id, granted.c.source).where(granted.c.revoked_at.is_(None))
        if len(rows) == 1:
            wanted = wanted.where(granted.c.member_id == rows[0].member_id)
        sources: dict[int, set[Source]] = {}
        for member_id, source_name in connection.execute(wanted) if rows else ():
            sources.setdefault(member_id, set()).add(Source(source_name))
    return [_member(row, frozenset(sources.get(row.member_id, ()))) for row in rows]


def _member(row: Any, sources: frozenset[Source]) -> Member:
    return Member(
        member_id=row.member_id,
        user_name=row.user_name,
        name=row.name,
        agency=row.agency,
        title=row.title,
        role=Role(row.role),
        is_contractor=row.is_contractor,
        status=Status(row.status),
        sources=sources,
        trained_until=row.trained_until,
        locked_at=row.locked_at,
        last_active_at=row.last_active_at,
    )
