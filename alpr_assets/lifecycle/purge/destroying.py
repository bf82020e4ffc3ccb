"""Destroying a day's captures in one transaction: every row that stands for them, and nothing that a hold covers.

Here: which of the planned captures go, and their rows. Not here: plans (`planning`), pictures on the disk (`executing`).

(1) the day is locked; (2) in new statements, what is due is judged again, and holds are looked for again; (3) a pass goes whole or not at
all: where one of its captures is kept, the others are the same event; (4) the rows go, and the dictionary of plates forgets those that are
no longer read.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, bindparam, delete, func, select, update

from alpr_assets.lifecycle.purge import drops
from alpr_assets.lifecycle.purge.manifests import Manifest
from alpr_assets.lifecycle.retention.judging import eligible
from alpr_assets.policy import Policy
from alpr_assets.store import schema, verdicts
from alpr_assets.store.conditions import among
from alpr_assets.store.engine import lock_day
from alpr_assets.store.purges import purge_day

CACHE_KB: Final = 200_000


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
    if connection.dialect.name == "sqlite":  # its own 2 MB would be written out and read again for each index
        connection.exec_driver_sql(f"PRAGMA cache_size = -{CACHE_KB}")
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
    capture, read, member = schema.capture.c, schema.read.c, schema.sighting_read.c
    dialect = connection.dialect.name
    kept = set(connection.scalars(select(capture.capture_id).where(capture.day == day))) - chosen
    if not kept:
        return chosen
    joined = (read.day == member.day) & (read.read_id == member.read_id)
    passes = connection.execute(
        select(member.sighting_day, member.sighting_id)
        .join(schema.read, joined)
        .where(member.day == day, among(dialect, read.capture_id, sorted(kept)))
        .distinct()
    ).all()
    bound: set[int] = set()
    for on in {row.sighting_day for row in passes}:
        mine = among(dialect, member.sighting_id, [row.sighting_id for row in passes if row.sighting_day == on])
        of_pass = select(read.capture_id).join(schema.sighting_read, joined)
        bound |= set(connection.scalars(of_pass.where(member.day == day, member.sighting_day == on, mine)))
    return chosen - bound


def _destroy(connection: Connection, day: date, doomed: set[int]) -> None:
    if not doomed:
        return
    dialect = connection.dialect.name
    capture, read, member = schema.capture.c, schema.read.c, schema.sighting_read.c
    here = connection.execute(
        select(capture.capture_id, capture.drop_id, capture.image_sha256).where(capture.day == day)
    ).tuples().all()  # fmt: skip
    kept = {number for number, _, _ in here} - doomed
    pictures: dict[int, set[str]] = {}
    for number, drop_id, sha256 in here:
        if number in doomed:
            pictures.setdefault(drop_id, set()).add(sha256)
    reads = connection.execute(select(read.read_id, read.capture_id, read.plate).where(read.day == day)).tuples().all()
    gone_reads = {read_id for read_id, number, _ in reads if number in doomed}
    kept_reads = {read_id for read_id, _, _ in reads} - gone_reads
    of_passes = select(member.sighting_day).where(member.day == day).distinct()
    pass_days = sorted(connection.scalars(of_passes))
    for table, column, gone, stays in (
        (schema.sighting_read, member.read_id, gone_reads, kept_reads),
        (verdicts.read_correction, verdicts.read_correction.c.read_id, gone_reads, kept_reads),
        (schema.read, read.read_id, gone_reads, kept_reads),
        (schema.recognition, schema.recognition.c.capture_id, doomed, kept),
        (schema.capture_identity, schema.capture_identity.c.capture_id, doomed, kept),
        (schema.capture, capture.capture_id, doomed, kept),
    ):
        connection.execute(delete(table).where(table.c.day == day, _one_of(dialect, column, gone, stays)))
    for on in pass_days:
        _forget_passes(connection, on)
    drops.forget(connection, pictures)
    _forget_plates(connection, [plate for _, number, plate in reads if number in doomed])
    days = schema.capture_day
    connection.execute(update(days).where(days.c.day == day).values(n_destroyed=days.c.n_destroyed + len(doomed)))


def _one_of(dialect: str, column: Any, gone: set[int], kept: set[int]) -> ColumnElement[bool]:
    """One of those that go, of a day's: said by those that stay, where they are fewer."""
    return among(dialect, column, sorted(gone)) if len(gone) <= len(kept) else ~among(dialect, column, sorted(kept))


def _forget_passes(connection: Connection, day: date) -> None:
    """Passes of which no read is left, and the hits that they raised."""
    sighting, member, hit = schema.sighting.c, schema.sighting_read.c, schema.hit.c
    read = select(member.read_id).where(member.sighting_day == sighting.day, member.sighting_id == sighting.sighting_id)
    connection.execute(delete(schema.sighting).where(sighting.day == day, ~read.exists()))
    passed = select(sighting.sighting_id).where(sighting.day == hit.day, sighting.sighting_id == hit.sighting_id)
    connection.execute(delete(schema.hit).where(hit.day == day, ~passed.exists()))


def _forget_plates(connection: Connection, plates: list[str]) -> None:
    """The dictionary counts the reads there are, and forgets plates that are read nowhere any more. In the alphabet's order, as writers do.

    Of each plate only the ends of its index are looked at: one that is read every day has thousands of reads.
    """
    read, plate, dialect = schema.read.c, schema.plate.c, connection.dialect.name
    counts = Counter(plates)
    ends = [
        select(of(read.captured_at)).where(read.plate == plate.plate).scalar_subquery() for of in (func.min, func.max)
    ]
    known = among(dialect, plate.plate, sorted(counts))
    rows = connection.execute(select(plate.plate, *ends).where(known).order_by(plate.plate)).tuples().all()
    gone = [one for one, first, _ in rows if first is None]
    connection.execute(delete(schema.plate).where(among(dialect, plate.plate, gone)))
    again = [
        {"key": one, "n": counts[one], "first": first.astimezone(UTC).date(), "last": last.astimezone(UTC).date()}
        for one, first, last in rows
        if first is not None
    ]
    if again:
        values: dict[str, Any] = {
            "n_reads": plate.n_reads - bindparam("n"), "first_day": bindparam("first"), "last_day": bindparam("last"),
        }  # fmt: skip
        connection.execute(update(schema.plate).where(plate.plate == bindparam("key")).values(values), again)
