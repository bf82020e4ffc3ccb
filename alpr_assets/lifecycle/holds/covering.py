"""Which captures holds cover, as they are in the store now. Not here: placing, destroying.

A whole plate covers every capture that any recogniser version, or a person, read so or as a look-alike; a partial plate what it means.
A case covers what is named in its hold's items, and what its watches hit.
A capture whose place is unknown is covered by an area when it lies in its time: it may have been there.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Connection, Row, Select, Table, and_, select, union

from alpr_assets.lifecycle.holds import cases
from alpr_assets.lifecycle.holds.cases import Path
from alpr_assets.lifecycle.holds.selectors import Named, Selector
from alpr_assets.lifecycle.lookalikes import fold
from alpr_assets.lifecycle.watches import areas
from alpr_assets.lifecycle.watches.dictionary import plates_meant
from alpr_assets.lifecycle.watches.patterns import parse
from alpr_assets.store import schema, verdicts
from alpr_assets.store.conditions import among
from alpr_assets.store.holds import hold, hold_item


@dataclass(frozen=True, slots=True)
class Impact:
    """What a hold covers now.

    first_on, last_on : UTC days, None where it covers nothing yet
    n_held : those that another holds too
    by_path : of a case, captures by how they came to belong to it; one may be in several
    """

    n_captures: int
    n_days: int
    first_on: date | None
    last_on: date | None
    n_held: int
    by_path: Mapping[Path, int] = field(default_factory=dict)


def selector_of(row: Row[Any]) -> Selector:
    """What a hold's row describes; nothing of one that names its captures, or a case, or whose description was destroyed."""
    return Selector(
        pattern=row.pattern or "", area=areas.area_of(row.area) if row.area else None, device_id=row.device_id or "",
        since=row.since_at, until=row.until_at,
    )  # fmt: skip


def covered(
    connection: Connection, wanted: Selector, *, on: date | None = None, capture_id: int | None = None
) -> list[Named]:
    """Day and id of the captures that a description covers, in order.

    on : of one UTC day only
    capture_id : only whether this one of that day is among them
    """
    capture, dialect = schema.capture.c, connection.dialect.name
    where: list[ColumnElement[bool]] = [] if on is None else [capture.day == on]
    if capture_id is not None:
        where.append(capture.capture_id == capture_id)
    if wanted.since:
        where += [capture.captured_at >= wanted.since, capture.day >= wanted.since.astimezone(UTC).date()]
    if wanted.until:
        where += [capture.captured_at < wanted.until, capture.day <= wanted.until.astimezone(UTC).date()]
    if wanted.device_id:
        where.append(capture.device_id == wanted.device_id)
    if wanted.area:
        where.append(among(dialect, capture.cell, areas.cells_of(wanted.area)) | capture.cell.is_(None))
    statement = select(capture.day, capture.capture_id, capture.latitude_deg, capture.longitude_deg).where(*where)
    if wanted.pattern:
        bearing = _bearing(connection, wanted, on).subquery("bearing")
        statement = statement.join(
            bearing, (bearing.c.day == capture.day) & (bearing.c.capture_id == capture.capture_id)
        )
    rows = connection.execute(statement.order_by(capture.day, capture.capture_id)).all()
    if wanted.area is None:
        return [(row.day, row.capture_id) for row in rows]
    place = np.array([(row.latitude_deg, row.longitude_deg) for row in rows], np.float64).reshape(-1, 2)
    kept = wanted.area.contains(place[:, 0], place[:, 1]) | np.isnan(place).any(axis=1)
    return [(row.day, row.capture_id) for row, inside in zip(rows, kept, strict=True) if inside]


def of_hold(connection: Connection, row: Row[Any]) -> list[Named]:
    """Day and id of the captures that a hold covers, in order: what it describes, or names, or what belongs to its case. None where that was destroyed."""
    if row.forgotten_at is not None:
        return []
    if not row.n_items and not row.of_case:
        return covered(connection, selector_of(row))
    item = hold_item.c
    named_ones = connection.execute(select(item.day, item.capture_id).where(item.hold_id == row.hold_id)).tuples()
    found: set[Named] = {(day, number) for day, number in named_ones}
    if row.of_case:
        passes = cases.passes_of(connection, cases.numbers_of(connection, [row.of_case]), None)
        found = found.union(*captures_of(connection, passes).values())
    return sorted(found)


def named(connection: Connection, wanted: Selector) -> tuple[list[Named], list[str]]:
    """Captures that a selector names, itself or by reads and hits, in order; and what of it is not in the store."""
    missing: list[str] = []
    found: set[Named] = set()
    for what, table, keys in (("capture", schema.capture, wanted.captures), ("read", schema.read, wanted.reads)):
        known = _known(connection, table, f"{what}_id", keys)
        missing += [f"{what} {number} of {day}" for day, number in keys if (day, number) not in known]
        found |= set(known.values())
    return sorted(found | _of_hits(connection, wanted.hits, missing)), missing


def captures_of(connection: Connection, passes: Sequence[cases.Pass]) -> dict[cases.Pass, set[Named]]:
    """The captures of each of these passes that has any."""
    read, member, dialect = schema.read.c, schema.sighting_read.c, connection.dialect.name
    joined = (read.day == member.day) & (read.read_id == member.read_id)
    by_day: dict[date, list[int]] = {}
    for day, number in passes:
        by_day.setdefault(day, []).append(number)
    found: dict[cases.Pass, set[Named]] = {}
    for day, numbers in by_day.items():
        statement = select(member.sighting_id, read.day, read.capture_id).join(schema.read, joined)
        rows = connection.execute(
            statement.where(member.sighting_day == day, among(dialect, member.sighting_id, numbers))
        ).tuples()
        for number, on, capture_id in rows:
            found.setdefault((day, number), set()).add((on, capture_id))
    return found


def lock_days(connection: Connection, days: Collection[date]) -> None:
    """Wait for whoever destroys on these days, and let none begin until this transaction has ended; see `placing`."""
    if connection.dialect.name != "sqlite":
        day = schema.capture_day.c.day
        connection.execute(select(day).where(day.in_(sorted(days))).order_by(day).with_for_update(read=True)).all()


def held(
    connection: Connection, day: date, *, besides: int | None = None, only: Collection[int] | None = None
) -> set[int]:
    """The captures of a UTC day that any hold covers which stands, or is lifted and not settled yet. For a purge: in its transaction, with the day locked.

    Parameters
    ----------
    besides : a hold that does not count
    only : of these captures; None: of all
    """
    item = hold_item.c
    others = [hold.c.settled_at.is_(None), *([] if besides is None else [hold.c.hold_id != besides])]
    names = select(item.capture_id).join(hold, hold.c.hold_id == item.hold_id).where(item.day == day, *others)
    plates = _by_plate(day, others)
    if only is not None:
        wanted = sorted(only)
        names = names.where(among(connection.dialect.name, item.capture_id, wanted))
        plates = [one.where(among(connection.dialect.name, schema.read.c.capture_id, wanted)) for one in plates]
    ids = set(connection.scalars(names)) | set(connection.scalars(union(*plates))) | _of_cases(connection, day, others)
    for row in connection.execute(select(hold).where(*others, _described_otherwise(day))):
        ids |= {number for _, number in covered(connection, selector_of(row), on=day)}
    return ids if only is None else ids & set(only)


def holds_covering(connection: Connection, day: date, capture_id: int) -> list[int]:
    """Ids of the holds, lifted ones too, that cover one capture as it is read now, in order."""
    item = hold_item.c
    ids = set(connection.scalars(select(item.hold_id).where(item.day == day, item.capture_id == capture_id)))
    for plates in _by_plate(day, []):
        mine = plates.add_columns(hold.c.hold_id).where(schema.read.c.capture_id == capture_id)
        ids |= {hold_id for _, hold_id in connection.execute(mine).tuples()}
    for row in connection.execute(select(hold).where(_described_otherwise(day))):
        if covered(connection, selector_of(row), on=day, capture_id=capture_id):
            ids.add(row.hold_id)
    return sorted(ids)


def impact(connection: Connection, captures: Sequence[Named], *, besides: int | None = None) -> Impact:
    """What it means to hold these captures; `besides`: a hold that does not count as another one."""
    by_day: dict[date, set[int]] = {}
    for day, number in captures:
        by_day.setdefault(day, set()).add(number)
    n_held = sum(len(held(connection, day, besides=besides, only=ids)) for day, ids in by_day.items())
    return Impact(len(captures), len(by_day), min(by_day, default=None), max(by_day, default=None), n_held)


# ── parts ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _by_plate(day: date, others: list[ColumnElement[bool]]) -> list[Select[Any]]:
    """Captures of a day that holds of one whole plate cover: all of them at once, since there may be thousands."""
    read, correction = schema.read.c, verdicts.read_correction.c
    simple = [*others, hold.c.plate_folded.is_not(None), hold.c.area.is_(None), hold.c.device_id.is_(None)]
    inside = [
        hold.c.since_at.is_(None) | (read.captured_at >= hold.c.since_at),
        hold.c.until_at.is_(None) | (read.captured_at < hold.c.until_at),
    ]
    as_read = select(read.capture_id).join(hold, hold.c.plate_folded == read.plate_folded)
    as_corrected = (
        select(read.capture_id)
        .join(verdicts.read_correction, (correction.day == read.day) & (correction.read_id == read.read_id))
        .join(hold, hold.c.plate_folded == correction.plate_folded)
    )
    return [one.where(read.day == day, *simple, *inside) for one in (as_read, as_corrected)]


def _described_otherwise(day: date) -> ColumnElement[bool]:
    """Holds that describe more than a plate, and may cover a capture of this day."""
    start = datetime.combine(day, datetime.min.time(), UTC)
    more = hold.c.plate_folded.is_(None) | hold.c.area.is_not(None) | hold.c.device_id.is_not(None)
    touches = [
        hold.c.since_at.is_(None) | (hold.c.since_at < start + timedelta(days=1)),
        hold.c.until_at.is_(None) | (hold.c.until_at > start),
    ]
    return and_(hold.c.n_items == 0, hold.c.forgotten_at.is_(None), more, *touches)


def _bearing(connection: Connection, wanted: Selector, on: date | None) -> Any:
    """Day and capture of every read of the plates that a pattern means, by a recogniser or a person."""
    read, correction, dialect = schema.read.c, verdicts.read_correction.c, connection.dialect.name
    pattern = parse(wanted.pattern)
    corrections = select(correction.day, correction.read_id, correction.plate, correction.plate_folded)
    if pattern.is_partial:
        plates = plates_meant(connection, pattern)
        spoken = [row for row in connection.execute(corrections) if pattern.matches(row.plate)]
    else:
        folded = fold(wanted.pattern)
        plates = list(connection.scalars(select(schema.plate.c.plate).where(schema.plate.c.plate_folded == folded)))
        spoken = list(connection.execute(corrections.where(correction.plate_folded == folded)))
    where = [] if on is None else [read.day == on]
    as_read = select(read.day, read.capture_id).where(among(dialect, read.plate, plates), *where)
    as_corrected = select(read.day, read.capture_id).where(
        read.day.in_(sorted({row.day for row in spoken})),
        among(dialect, read.read_id, [row.read_id for row in spoken]),
        *where,
    )
    return union(as_read, as_corrected)


def _known(connection: Connection, table: Table, key: str, wanted: Sequence[Named]) -> dict[Named, Named]:
    """Of these days and ids those that are in the store, each with its capture."""
    columns, dialect = table.c, connection.dialect.name
    if not wanted:
        return {}
    rows = connection.execute(
        select(columns.day, columns[key], columns.capture_id).where(
            columns.day.in_(sorted({day for day, _ in wanted})), among(dialect, columns[key], [n for _, n in wanted])
        )
    ).tuples()
    return {(day, number): (day, capture_id) for day, number, capture_id in rows}


def _of_hits(connection: Connection, hits: Sequence[int], missing: list[str]) -> set[Named]:
    """Every capture of the passes that these hits were raised from."""
    hit = schema.hit.c
    if not hits:
        return set()
    wanted = among(connection.dialect.name, hit.hit_id, list(hits))
    rows = connection.execute(select(hit.hit_id, hit.day, hit.sighting_id).where(wanted)).tuples()
    passes = {number: (day, sighting_id) for number, day, sighting_id in rows}
    missing += [f"hit {number}" for number in hits if number not in passes]
    found = captures_of(connection, sorted(set(passes.values())))
    missing += [f"the reads of hit {number}" for number, passed in passes.items() if passed not in found]
    return set[Named]().union(*found.values())


def _of_cases(connection: Connection, day: date, standing: list[ColumnElement[bool]]) -> set[int]:
    """The captures of a UTC day that watches and listed plates of held cases hit; what people were shown is in `hold_item`."""
    held_cases = cases.held(connection, standing)
    if not held_cases:
        return set()
    passes = cases.passes_of(connection, cases.numbers_of(connection, held_cases), day)
    captures = set[Named]().union(*captures_of(connection, passes).values())
    return {number for on, number in captures if on == day}
