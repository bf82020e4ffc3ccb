"""Destroying a day's captures in one transaction: every row that stands for them, and nothing that a hold covers.

Here: which of the planned captures go, and their rows. Not here: plans (`planning`), pictures on the disk (`executing`).

(1) the day is locked; (2) in new statements, what is due is judged again, and holds are looked for again; (3) a pass goes whole or not at
all: where one of its captures is kept, the others are the same event; (4) the rows go, and the dictionary of plates forgets those that are
no longer read.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, select, update

from alpr_assets.lifecycle.purge import drops
from alpr_assets.lifecycle.purge.manifests import Manifest
from alpr_assets.lifecycle.retention.judging import eligible
from alpr_assets.policy import Policy
from alpr_assets.store import schema, verdicts
from alpr_assets.store.conditions import among
from alpr_assets.store.engine import lock_day
from alpr_assets.store.purges import purge_day


@dataclass(frozen=True, slots=True)
class Destroyed:
    """One day: captures destroyed, kept after all, and gone before."""

    day: date
    n_destroyed: int
    n_kept: int
    n_gone: int


def destroy_day(
    connection: Connection, plan_id: int, of: Manifest, planned: set[int], *, policy: Policy, on: date, at: datetime
) -> Destroyed:
    """Destroy what of a day's plan may still go; done before, it says so again and does nothing.

    Parameters
    ----------
    connection : a writing transaction of its own
    on : the department's date now
    """
    day = of.day
    lock_day(connection, day)
    done = connection.execute(
        select(purge_day).where(purge_day.c.plan_id == plan_id, purge_day.c.day == day)
    ).one()  # fmt: skip
    if done.destroyed_at is not None:
        return Destroyed(day, done.n_destroyed, done.n_kept, done.n_gone)
    there = _there(connection, day, planned)
    due = eligible(connection, day, policy=policy, on=on)
    doomed = _whole_passes(connection, day, there & due)
    _destroy(connection, day, doomed)
    said = Destroyed(day, len(doomed), len(there - doomed), len(planned - there))
    connection.execute(
        update(purge_day)
        .where(purge_day.c.plan_id == plan_id, purge_day.c.day == day)
        .values(destroyed_at=at, n_destroyed=said.n_destroyed, n_kept=said.n_kept, n_gone=said.n_gone)
    )
    return said


def _there(connection: Connection, day: date, planned: set[int]) -> set[int]:
    capture = schema.capture.c
    wanted = among(connection.dialect.name, capture.capture_id, sorted(planned))
    return set(connection.scalars(select(capture.capture_id).where(capture.day == day, wanted)))


def _whole_passes(connection: Connection, day: date, chosen: set[int]) -> set[int]:
    """The chosen captures without those of a pass of which another capture is kept. On the day itself; a pass over midnight is two."""
    read, member = schema.read.c, schema.sighting_read.c
    rows = connection.execute(
        select(member.sighting_day, member.sighting_id, read.capture_id)
        .join(schema.read, (read.day == member.day) & (read.read_id == member.read_id))
        .where(member.day == day)
    ).all()
    kept = {(row.sighting_day, row.sighting_id) for row in rows if row.capture_id not in chosen}
    bound = {row.capture_id for row in rows if (row.sighting_day, row.sighting_id) in kept}
    return chosen - bound


def _destroy(connection: Connection, day: date, doomed: set[int]) -> None:
    if not doomed:
        return
    dialect, ids = connection.dialect.name, sorted(doomed)
    capture, read, member, sighting = schema.capture.c, schema.read.c, schema.sighting_read.c, schema.sighting.c
    reads = connection.execute(
        select(read.read_id, read.plate).where(read.day == day, among(dialect, read.capture_id, ids))
    ).all()
    read_ids = [row.read_id for row in reads]
    pictures: dict[int, set[str]] = {}
    named = select(capture.drop_id, capture.image_sha256).where(
        capture.day == day, among(dialect, capture.capture_id, ids)
    )
    for drop_id, sha256 in connection.execute(named).tuples():
        pictures.setdefault(drop_id, set()).add(sha256)
    passes = connection.execute(
        select(member.sighting_day, member.sighting_id)
        .where(member.day == day, among(dialect, member.read_id, read_ids))
        .distinct()
    ).all()
    for table, column, keys in (
        (schema.sighting_read, member.read_id, read_ids),
        (verdicts.read_correction, verdicts.read_correction.c.read_id, read_ids),
        (schema.read, read.read_id, read_ids),
        (schema.recognition, schema.recognition.c.capture_id, ids),
        (schema.capture_identity, schema.capture_identity.c.capture_id, ids),
        (schema.capture, capture.capture_id, ids),
    ):
        connection.execute(delete(table).where(table.c.day == day, among(dialect, column, keys)))
    for on in sorted({row.sighting_day for row in passes}):
        numbers = [row.sighting_id for row in passes if row.sighting_day == on]
        left = select(member.sighting_id).where(member.sighting_day == on, among(dialect, member.sighting_id, numbers))
        gone = sorted(set(numbers) - set(connection.scalars(left)))
        connection.execute(
            delete(schema.hit).where(schema.hit.c.day == on, among(dialect, schema.hit.c.sighting_id, gone))
        )
        connection.execute(
            delete(schema.sighting).where(sighting.day == on, among(dialect, sighting.sighting_id, gone))
        )
    drops.forget(connection, pictures)
    _forget_plates(connection, [row.plate for row in reads])
    table = schema.capture_day
    connection.execute(update(table).where(table.c.day == day).values(n_destroyed=table.c.n_destroyed + len(doomed)))


def _forget_plates(connection: Connection, plates: list[str]) -> None:
    """The dictionary counts the reads there are, and forgets plates that are read nowhere any more. In the alphabet's order, as writers do."""
    read, plate, dialect = schema.read.c, schema.plate.c, connection.dialect.name
    known = sorted(set(plates))
    counted: Any = select(
        read.plate, func.count().label("n"), func.min(read.day).label("first"), func.max(read.day).label("last")
    )
    left = {
        row.plate: row
        for row in connection.execute(counted.where(among(dialect, read.plate, known)).group_by(read.plate))
    }
    gone = [one for one in known if one not in left]
    connection.execute(delete(schema.plate).where(among(dialect, plate.plate, gone)))
    again = [
        {"key": one, "n": left[one].n, "first": left[one].first, "last": left[one].last} for one in known if one in left
    ]
    if again:
        counts: dict[str, Any] = {
            "n_reads": bindparam("n"),
            "first_day": bindparam("first"),
            "last_day": bindparam("last"),
        }
        connection.execute(update(schema.plate).where(plate.plate == bindparam("key")).values(counts), again)
