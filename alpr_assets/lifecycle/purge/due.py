"""What of other classes than captures is due: which items of each may go now (422.5, Gov. Code 34090).

Here: the rule of each class, and how much of it is past its maximum. Not here: a lot, and its destruction (`lots`).
Quarantine, but for a picture that a standing hold may mean. Raw hot-list files, but for one that is in force or that a hit was raised with;
its receipt stays. Entries that left their hot list, but for one that a hit was raised from, whose plate has a hit that is at no end, or
that a standing hold may mean. Watches that ended, but for one that a hit came of. What settled holds described.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final, Protocol

from sqlalchemy import Connection, and_, false, func, or_, select

from alpr_assets.lifecycle.hits.moves import ANYWHERE
from alpr_assets.lifecycle.holds.listed import may_mean
from alpr_assets.lifecycle.holds.quarantined import held_items
from alpr_assets.lifecycle.retention.rules import Schedule, Standing, Subject
from alpr_assets.lifecycle.retention.schedule import schedule_of
from alpr_assets.policy import Policy
from alpr_assets.store import schema
from alpr_assets.store.conditions import among
from alpr_assets.store.holds import hold
from alpr_assets.store.watches import watch, watch_decision

QUARANTINE: Final = "quarantine"
HOTLIST_FILES: Final = "hotlist_files"
HOTLIST_ENTRIES: Final = "hotlist_entries"
WATCHES: Final = "watches"
HOLDS: Final = "holds"
TITLES: Final = {
    QUARANTINE: "quarantined items",
    HOTLIST_FILES: "raw hot-list files",
    HOTLIST_ENTRIES: "ended hot-list entries",
    WATCHES: "ended watches",
    HOLDS: "descriptions of settled holds",
}


def due_quarantine(connection: Connection, policy: Policy, on: date, *, late: bool = False) -> set[int]:
    """Ids of quarantined items that may be destroyed: past their minimum, and no hold may mean them."""
    item, schedule = schema.quarantine.c, schedule_of(policy)
    columns = (item.quarantine_id, item.kind, item.code, item.content, item.opened_at)
    rows: list[Any] = [
        row
        for row in connection.execute(select(*columns))
        if _is_due(schedule, QUARANTINE, row.opened_at, policy, on, late=late)
    ]
    return {row.quarantine_id for row in rows} - held_items(connection, rows, policy=policy)


def due_hotlist_files(connection: Connection, policy: Policy, on: date, *, late: bool = False) -> set[int]:
    """Ids of imports whose raw file may be destroyed: past its minimum, not in force, and no hit was raised with it."""
    made, listed, schedule = schema.hotlist_import.c, schema.hotlist.c, schedule_of(policy)
    in_force = (made.import_id == listed.current_import_id) | (made.import_id == listed.rematched_import_id)
    raised = select(schema.hit.c.hit_id).where(schema.hit.c.import_id == made.import_id).exists()
    rows = connection.execute(
        select(made.import_id, made.imported_at, listed.source)
        .join(schema.hotlist, listed.list_id == made.list_id)
        .where(made.file_destroyed_at.is_(None), ~func.coalesce(in_force, False), ~raised)
    )
    return {
        row.import_id
        for row in rows
        if _is_due(schedule, HOTLIST_FILES, row.imported_at, policy, on, source=row.source, late=late)
    }


def due_hotlist_entries(connection: Connection, policy: Policy, on: date, *, late: bool = False) -> set[int]:
    """Ids of entries that may be forgotten: past their minimum since a version of their list came without them.

    Kept is one that a hit was raised from; one of a plate of which a hit is at no end, since the lines that left last say whether it ends
    with them; and one that a standing hold may mean.
    """
    entry, hit = schema.hotlist_entry.c, schema.hit.c
    raised = select(hit.hit_id).where(hit.entry_id == entry.entry_id).exists()
    at_no_end = select(hit.plate).where(hit.status.in_([status.value for status in ANYWHERE]))
    ended = [
        and_(entry.list_id == list_id, among(connection.dialect.name, entry.to_import_id, imports))
        for list_id, imports in _left_long_ago(connection, policy, on, late=late).items()
    ]
    if not ended:
        return set()
    wanted = select(entry.entry_id).where(or_(*ended), ~raised, entry.plate.not_in(at_no_end))
    held = may_mean(connection)
    return set(connection.scalars(wanted if held is None else wanted.where(~func.coalesce(held, false()))))


def _left_long_ago(connection: Connection, policy: Policy, on: date, *, late: bool) -> dict[int, list[int]]:
    """By list the imports with which entries ended that are past their minimum: the schedule is asked once an import."""
    made, listed, schedule = schema.hotlist_import.c, schema.hotlist.c, schedule_of(policy)
    rows = connection.execute(
        select(made.list_id, made.import_id, made.imported_at, listed.source)
        .join(schema.hotlist, listed.list_id == made.list_id)
        .where(made.accepted)
    )
    found: dict[int, list[int]] = {}
    for row in rows:
        if _is_due(schedule, HOTLIST_ENTRIES, row.imported_at, policy, on, source=row.source, late=late):
            found.setdefault(row.list_id, []).append(row.import_id)
    return found


def due_watches(connection: Connection, policy: Policy, on: date, *, late: bool = False) -> set[int]:
    """Ids of watches that may be forgotten: past their minimum since they ended and were last decided on, and no hit came of them."""
    decided, schedule = watch_decision.c, schedule_of(policy)
    raised = select(schema.hit.c.hit_id).where(schema.hit.c.watch_id == watch.c.watch_id).exists()
    rows = connection.execute(
        select(watch.c.watch_id, watch.c.expires_at, func.max(decided.decided_at).label("decided_at"))
        .outerjoin(watch_decision, decided.watch_id == watch.c.watch_id)
        .where(~raised)
        .group_by(watch.c.watch_id, watch.c.expires_at)
    )
    return {
        row.watch_id
        for row in rows
        if _is_due(schedule, WATCHES, max(row.expires_at, row.decided_at or row.expires_at), policy, on, late=late)
    }


def due_holds(connection: Connection, policy: Policy, on: date, *, late: bool = False) -> set[int]:
    """Ids of holds whose description may be forgotten: past their minimum since they were lifted and settled."""
    one, schedule = hold.c, schedule_of(policy)
    rows = connection.execute(
        select(one.hold_id, one.settled_at).where(
            one.status == "lifted", one.settled_at.is_not(None), one.forgotten_at.is_(None)
        )
    )
    return {row.hold_id for row in rows if _is_due(schedule, HOLDS, row.settled_at, policy, on, late=late)}


class Due(Protocol):
    """A class's rule: ids of its items that may be destroyed on the department's date; late: those past their maximum instead."""

    def __call__(self, connection: Connection, policy: Policy, on: date, *, late: bool = False) -> set[int]: ...


DUE: Final[dict[str, Due]] = {
    QUARANTINE: due_quarantine,
    HOTLIST_FILES: due_hotlist_files,
    HOTLIST_ENTRIES: due_hotlist_entries,
    WATCHES: due_watches,
    HOLDS: due_holds,
}
"""By class, in the order of a certificate: what may be destroyed."""


def overdue(connection: Connection, policy: Policy, on: date) -> dict[str, int]:
    """By class, how many items should be gone by now, but for what is kept as evidence or with its hit; classes without any are left out.

    Counted too is what rules in conflict keep past the earlier day: nobody may destroy it, and people decide.
    """
    found = {kind: len(of(connection, policy, on, late=True)) for kind, of in DUE.items()}
    return {kind: n for kind, n in found.items() if n}


def _is_due(
    schedule: Schedule,
    kind: str,
    came_at: datetime,
    policy: Policy,
    on: date,
    *,
    source: str = "department",
    late: bool,
) -> bool:
    came_on = came_at.astimezone(policy.zone).date()
    said = schedule.judge(Subject(kind=kind, captured_on=came_on, landed_on=came_on, source=source), on=on)
    if late:
        return said.standing in {Standing.OVERDUE, Standing.CONFLICT} and said.gone_by is not None and on > said.gone_by
    return said.standing in {Standing.ELIGIBLE, Standing.OVERDUE}
