"""What recognisers and people read: which versions looked, each one's reads with candidates, corrections, the pass (422.4(f))."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, select

from alpr_assets.access.record.entries import ResultId
from alpr_assets.lifecycle.recognition.comparing import Spelled, paired
from alpr_assets.lifecycle.recognition.recogniser import Box
from alpr_assets.search.lineage.steps import Step, Traced, known
from alpr_assets.store import schema, verdicts
from alpr_assets.store.conditions import among

DIGITS: Final = 4


def reads_traced(connection: Connection, day: date, capture_id: int, read_id: int | None) -> tuple[int, ...]:
    """The read and what other versions read in its place; another car in the picture is no part of its lineage. None: all reads."""
    read = schema.read.c
    rows = connection.execute(
        select(
            read.read_id, read.version_id, read.plate, read.box_x, read.box_y, read.box_width, read.box_height
        )
        .where(read.day == day, read.capture_id == capture_id)
        .order_by(read.read_id)
    ).all()  # fmt: skip
    if read_id is None:
        return tuple(row.read_id for row in rows)
    by_version: dict[str, list[tuple[int, Spelled]]] = {}
    for number, version_id, plate, *box in rows:
        by_version.setdefault(version_id, []).append((number, Spelled(plate, Box(*box))))
    own = next(some for some in by_version.values() if any(number == read_id for number, _ in some))
    place = [number for number, _ in own].index(read_id)
    found = [read_id]
    for other in by_version.values():
        same = paired([one for _, one in own], [one for _, one in other])
        if other is not own and place in same:
            found.append(other[same[place]][0])
    return tuple(sorted(found))


def looks(traced: Traced) -> Iterator[Step]:
    """Each recogniser version that looked at the picture, whether or not it read anything."""
    looked, version, capture = schema.recognition.c, schema.recogniser_version.c, schema.capture.c
    rows = traced.connection.execute(
        select(schema.recognition, version.detector, version.reader, version.first_used_at, capture.current_version)
        .join(schema.capture, (capture.day == looked.day) & (capture.capture_id == looked.capture_id))
        .outerjoin(schema.recogniser_version, version.version_id == looked.version_id)
        .where(looked.day == traced.day, looked.capture_id == traced.capture_id)
        .order_by(looked.recognised_at, looked.version_id)
    )
    for row in rows:
        in_force = row.version_id == row.current_version
        yield Step(
            what=f"Version {row.version_id} looked" + (": it is in force" if in_force else ""),
            at=row.recognised_at,
            facts=known(
                version=row.version_id, detector=row.detector, reader=row.reader, first_used=row.first_used_at,
                plates_found=row.n_plates, took_ms=round(row.duration_ms, 1), error=row.error,
            ),
        )  # fmt: skip


def versions_read(traced: Traced) -> Iterator[Step]:
    """Every version's read, with what else it may be."""
    read, capture = schema.read.c, schema.capture.c
    rows = traced.connection.execute(
        select(schema.read, capture.current_version)
        .join(schema.capture, (capture.day == read.day) & (capture.capture_id == read.capture_id))
        .where(read.day == traced.day, _among(traced, read.read_id))
        .order_by(read.read_id)
    )
    for row in rows:
        force = "in force" if row.version_id == row.current_version else "superseded"
        mine = "this read, " if row.read_id == traced.read_id and len(traced.reads) > 1 else ""
        others = [f"{plate} {share:.{DIGITS}f}" for plate, share in row.candidates or () if plate != row.plate]
        yield Step(
            what=f"Read {row.read_id} by version {row.version_id}: {mine}{force}",
            facts=traced.told(plate=row.plate, state=row.region, as_seen=row.raw, candidates=others or None)
            | known(
                read_id=row.read_id, version=row.version_id, confidence=round(row.confidence, DIGITS), sure=row.sure,
                state_confidence=None if row.region_confidence is None else round(row.region_confidence, DIGITS),
                box_px=f"{row.box_x}, {row.box_y}, {row.box_width} × {row.box_height}",
            ),
            ids=(ResultId("read", row.day, row.read_id),),
        )  # fmt: skip


def corrections(traced: Traced) -> Iterator[Step]:
    """What people read instead, the oldest first; the newest counts."""
    made = verdicts.read_correction.c
    rows = traced.connection.execute(
        select(verdicts.read_correction)
        .where(made.day == traced.day, _among(traced, made.read_id))
        .order_by(made.correction_id)
    )
    for row in rows:
        yield Step(
            what=f"Correction {row.correction_id} of read {row.read_id}", at=row.corrected_at, by=traced.name(row.member_id),
            facts=traced.told(plate=row.plate, state=row.region, reason=row.reason),
            ids=(ResultId("correction", row.day, row.correction_id),),
        )  # fmt: skip


def passes_of(connection: Connection, day: date, reads: tuple[int, ...]) -> tuple[tuple[date, int], ...]:
    """Day and id of the passes that reads of a day belong to."""
    member = schema.sighting_read.c
    mine = among(connection.dialect.name, member.read_id, reads)
    statement = select(member.sighting_day, member.sighting_id).where(member.day == day, mine).distinct()
    return tuple(sorted(connection.execute(statement).tuples()))


def passes(traced: Traced) -> Iterator[Step]:
    """The passes, each with the vote of its reads."""
    sighting = schema.sighting.c
    for day, number in traced.passes:
        row = traced.connection.execute(
            select(schema.sighting).where(sighting.day == day, sighting.sighting_id == number)
        ).one()
        yield Step(
            what=f"One of {row.n_reads} reads of pass {number}" if row.n_reads > 1 else f"The only read of pass {number}",
            at=row.first_at,
            facts=traced.told(plate_voted=row.plate, state=row.region)
            | known(
                first_at=row.first_at, last_at=row.last_at, sure=row.sure, confidence=round(row.confidence, DIGITS),
                dated_by_receipt=row.dated_by_receipt or None,
            ),
        )  # fmt: skip


def _among(traced: Traced, column: Any) -> ColumnElement[bool]:
    return among(traced.connection.dialect.name, column, traced.reads)
