"""Publishing a month: counted once, kept as it was shown, with an entry of the access record that has its hash.

Here: which months are due, counting one, keeping it, reading what was published. Not here: sections, the pages (`pages`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from functools import cache

from sqlalchemy import Connection, Engine, func, select

from alpr_assets.access import register
from alpr_assets.access.acting import Office, acting
from alpr_assets.access.people import SYSTEM
from alpr_assets.access.record import reading as record
from alpr_assets.access.record import tail
from alpr_assets.access.record.heads import head_json
from alpr_assets.access.record.sealing import canonical
from alpr_assets.errors import IllegalMoveError
from alpr_assets.lifecycle.transparency import months
from alpr_assets.lifecycle.transparency.months import Month
from alpr_assets.lifecycle.transparency.report import Head, MonthFigures, Table
from alpr_assets.lifecycle.transparency.sections import RECORDED, SECTIONS, Sources
from alpr_assets.policy import Policy
from alpr_assets.store import schema
from alpr_assets.store.engine import insert_new, reading
from alpr_assets.store.policies import published_month
from alpr_assets.store.sealed import sha256_hex


def due(source: Connection | Engine, recorded: Connection, policy: Policy, at: datetime) -> list[Month]:
    """Months that are at an end, can still be counted and were not published, the oldest first. recorded: the access record's database"""
    on = at.astimezone(policy.zone).date()
    first = record.entry(recorded, 0)
    with register.connected(source) as connection:
        landed = connection.scalar(select(func.min(schema.capture_day.c.day)))
        known = set(connection.scalars(select(published_month.c.month)))
    begun = [day for day in (landed, first.at.astimezone(policy.zone).date() if first else None) if day]
    if not begun:
        return []
    waiting = months.due(min(begun), on, after_days=policy.transparency.after_days)
    return [month for month in waiting if month.name not in known]


def figures(connection: Connection, recorded: Connection, policy: Policy, month: Month, on: date) -> MonthFigures:
    """What is to be shown of a month, counted on a date; nothing of it names a vehicle or a person."""
    of = Sources(connection=connection, record=recorded, policy=policy, month=month, on=on)
    tables = tuple(Table(code=one.code, title=one.title, note=one.note, cells=tuple(one.count(of))) for one in SECTIONS)
    head = tail.head_before(recorded, month.until(policy.zone))
    shown = head is not None and tells_nothing(head.size, _most(tables), published(connection))
    return MonthFigures(
        month=month.name,
        counted_on=on,
        policy_version=policy.policy.version,
        is_sample=policy.policy.adopted is None,
        small_cell=policy.transparency.small_cell,
        round_to=policy.transparency.round_to,
        tables=tables,
        head=Head(**head_json(head, tail.public_key_of(recorded, head.size))) if head and shown else None,
    )


def tells_nothing(size: int, most: int, earlier: Sequence[MonthFigures]) -> bool:
    """Whether a head of this size can be shown: searches are entries, so how much the record grew must not bound what is hidden.

    It does not where it grew, since the last head that was shown, by more than the counted entries that a reader must think possible.

    Parameters
    ----------
    most : counted entries of the month that a reader must think possible, every hidden figure at its largest
    earlier : months published before, newest first
    """
    for month in earlier:
        if month.head is not None:
            return size - month.head.size > most
        most += _most(month.tables)
    return size > most


def _most(tables: Iterable[Table]) -> int:
    cells = [cell for table in tables if table.code in RECORDED for cell in table.cells]
    return sum((cell.count or 0) if cell.fewer_than is None else cell.fewer_than - 1 for cell in cells)


def publish(office: Office, recorded: Connection, month: Month, *, at: datetime) -> MonthFigures:
    """Count a month and keep it as published, once and for all. Raises IllegalMoveError: it was."""
    policy = office.policy
    with reading(office.engine) as connection:
        counted = figures(connection, recorded, policy, month, office.on(at))
    content = canonical(counted.model_dump(mode="json"))
    sha256 = sha256_hex(content.encode())
    values = {"month": month.name, "content": content, "sha256": sha256, "published_at": at}
    with acting(office, "publish_month", SYSTEM, at=at, details={"month": month.name, "sha256": sha256}) as act:
        if not insert_new(act.connection, published_month, [values], returning=True):
            raise IllegalMoveError(f"the month {month.name} was published, and is never counted again")
    return counted


def published(source: Connection | Engine) -> list[MonthFigures]:
    """Every month as it was published, newest first."""
    with register.connected(source) as connection:
        contents = connection.scalars(select(published_month.c.content).order_by(published_month.c.month.desc())).all()
    return [_as_published(content) for content in contents]


@cache
def _as_published(content: str) -> MonthFigures:
    """Parsed once a process: what was published never changes, and anybody may ask for it."""
    return MonthFigures.model_validate_json(content)
