"""Reading a day's captures and keeping what was read: each capture once a recogniser version, never over an older read.

Here: which captures wait, running the pool over them, writing reads. Not here: how a picture is read.
A killed run leaves whole batches; the next one goes on with the captures that have no row for this version. Two may work on a day
at once, best from its two ends: each leaves out what the other has read meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from itertools import chain
from typing import Any, Protocol

from sqlalchemy import Connection, Row, bindparam, func, select
from sqlalchemy.dialects import postgresql, sqlite

from alpr_assets.errors import RecognitionError
from alpr_assets.lifecycle.lookalikes import fold
from alpr_assets.lifecycle.recognition.pool import Outcome, Pool, RecogniserDiedError, recognise_many
from alpr_assets.lifecycle.recognition.recogniser import PlateReading, Recogniser, RecogniserVersion
from alpr_assets.store import schema
from alpr_assets.store.engine import Store, insert_new, issue_numbers, lock_day, reading, writing

BATCH = 64  # captures a transaction: what a kill costs at most
BATCH_SECONDS = 2.0
LOOK = 8  # captures between two looks at what another has read meanwhile

Progress = Callable[[int, int], None]


class Factory(Protocol):
    """Makes recognisers; picklable. Its version is known without making one, and without loading a model."""

    @property
    def version(self) -> RecogniserVersion: ...

    def __call__(self) -> Recogniser: ...


@dataclass(frozen=True, slots=True)
class DayOfReads:
    """What a run did for one UTC day. `n_captures`: that it read; what another read meanwhile is not among them.

    n_unopened : stored pictures that could not be opened; they wait for the next run
    """

    day: date
    version_id: str
    n_captures: int
    n_plates: int
    n_empty: int
    n_unreadable: int
    n_unopened: int


def recognise_day(
    store: Store,
    day: date,
    pool: Pool,
    version: RecogniserVersion,
    *,
    sure_confidence: float,
    clock: Callable[[], datetime],
    progress: Progress | None = None,
    newest_first: bool = False,
    suspects: Collection[int] = (),
) -> DayOfReads:
    """Read every capture of a UTC day that this version has not looked at, as they came or the newest first.

    A picture that cannot be read is recorded with its error and is not tried again by the same version. One that cannot be
    opened (a disk that is away, a key that is missing) is not recorded: nothing has looked at it, and its day stays incomplete.
    Reads with less than `sure_confidence` are stored as unsure, and stay so when the policy's figure changes.
    `progress` is called with (captures read, captures waiting at the start).
    `suspects` (capture ids) were being read when a worker died. They come last and one by one: one on which a worker dies again is
    recorded as unreadable, and costs the others no second time.

    Raises RecognitionError when no recogniser could be made or a worker died; what was read until then is kept.
    """
    with writing(store.engine) as connection:
        _know(connection, version, clock())
        _make_current(connection, day, version.version_id)
    with reading(store.engine) as connection:
        waiting = list(connection.execute(pending(day, version.version_id)))
    if newest_first:
        waiting.reverse()
    n_plates = n_empty = n_unreadable = n_unopened = done = 0

    def pictures(rows: list[Row[Any]]) -> Iterator[tuple[Row[Any], Callable[[], bytes]]]:
        for row in _unread(store, rows, version.version_id):
            yield row, partial(store.images.picture, row.day, row.image_sha256)

    at_once = recognise_many(pool, pictures([row for row in waiting if row.capture_id not in suspects]))
    alone = _one_by_one(pool, pictures([row for row in waiting if row.capture_id in suspects]))
    for batch in _batches(chain(at_once, alone)):
        looked_at = [outcome for outcome in batch if outcome.loaded]
        with writing(store.engine) as connection:
            n_plates += record(
                connection, day, version.version_id, looked_at, sure_confidence=sure_confidence, at=clock()
            )
        n_unopened += len(batch) - len(looked_at)
        n_unreadable += sum(outcome.recognition is None for outcome in looked_at)
        n_empty += sum(outcome.recognition is not None and not outcome.recognition.plates for outcome in looked_at)
        done += len(batch)
        if progress:
            progress(done, len(waiting))
    return DayOfReads(day, version.version_id, done, n_plates, n_empty, n_unreadable, n_unopened)


def pending(day: date, version_id: str) -> Any:
    """SELECT of a day's captures that a version has not looked at, in the order of their ids."""
    capture, recognition = schema.capture.c, schema.recognition
    looked_at = (
        select(recognition.c.capture_id)
        .where(
            recognition.c.day == capture.day,
            recognition.c.capture_id == capture.capture_id,
            recognition.c.version_id == version_id,
        )
        .exists()
    )
    return select(schema.capture).where(capture.day == day, ~looked_at).order_by(capture.capture_id)


def _unread(store: Store, waiting: list[Row[Any]], version_id: str) -> Iterator[Row[Any]]:
    """Those that nobody has read since they were listed: a picture takes a recogniser as long as hundreds of such looks."""
    recognition = schema.recognition.c
    for start in range(0, len(waiting), LOOK):
        some = waiting[start : start + LOOK]
        ids = [row.capture_id for row in some]
        with reading(store.engine) as connection:
            of_version = (recognition.day == some[0].day) & (recognition.version_id == version_id)
            read = set(
                connection.scalars(select(recognition.capture_id).where(of_version, recognition.capture_id.in_(ids)))
            )
        yield from (row for row in some if row.capture_id not in read)


def _one_by_one(pool: Pool, pictures: Iterable[tuple[Row[Any], Callable[[], bytes]]]) -> Iterator[Outcome[Row[Any]]]:
    for row, load in pictures:
        try:
            yield from recognise_many(pool, [(row, load)])
        except RecogniserDiedError:
            yield Outcome(row, None, RecognitionError("the recogniser died on the picture"))
            raise


def record(
    connection: Connection,
    day: date,
    version_id: str,
    outcomes: Iterable[Outcome[Row[Any]]],
    *,
    sure_confidence: float,
    at: datetime,
) -> int:
    """Write one batch of a day's outcomes; those that another run wrote meanwhile are left alone. Returns reads written."""
    lock_day(connection, day)
    by_capture = {outcome.key.capture_id: outcome for outcome in outcomes}
    rows = [_recognition_row(day, version_id, outcome, at) for outcome in by_capture.values()]
    new = insert_new(connection, schema.recognition, rows, returning=True)
    fresh = [by_capture[key.capture_id] for key in new]
    pairs = [(outcome.key, plate) for outcome in fresh for plate in _plates(outcome)]
    numbers = issue_numbers(connection, day, "n_reads", len(pairs)) if pairs else []
    rows = [
        _read_row(number, c, plate, version_id) | {"sure": plate.confidence >= sure_confidence}
        for number, (c, plate) in zip(numbers, pairs, strict=True)
    ]
    if rows:
        connection.execute(schema.read.insert(), rows)
        _count_plates(connection, day, [row["plate"] for row in rows])
    if fresh:
        connection.execute(
            schema.capture.update()
            .where(schema.capture.c.day == day, schema.capture.c.capture_id == bindparam("id"))
            .values(current_version=version_id),
            [{"id": outcome.key.capture_id} for outcome in fresh],
        )
    return len(rows)


def _know(connection: Connection, version: RecogniserVersion, at: datetime) -> None:
    row = {
        "version_id": version.version_id,
        "detector": version.detector,
        "reader": version.reader,
        "details": version.details,
        "first_used_at": at,
    }
    insert_new(connection, schema.recogniser_version, [row])


def _make_current(connection: Connection, day: date, version_id: str) -> None:
    """Let searches see what this version read of the day before: going back to it reads nothing again."""
    capture, recognition = schema.capture.c, schema.recognition.c
    looked_at = select(recognition.capture_id).where(recognition.day == day, recognition.version_id == version_id)
    lock_day(connection, day)
    connection.execute(
        schema.capture.update()
        .where(capture.day == day, capture.capture_id.in_(looked_at), capture.current_version != version_id)
        .values(current_version=version_id)
    )


def _batches(outcomes: Iterator[Outcome[Row[Any]]]) -> Iterator[list[Outcome[Row[Any]]]]:
    """Outcomes in batches of at most BATCH pictures or BATCH_SECONDS, whichever is reached first.

    What was answered before the recogniser broke is a batch as well: else a picture that breaks it would cost its neighbours each time.
    """
    batch: list[Outcome[Row[Any]]] = []
    began = time.monotonic()
    try:
        for outcome in outcomes:
            batch.append(outcome)
            if len(batch) == BATCH or time.monotonic() - began > BATCH_SECONDS:
                yield batch
                batch, began = [], time.monotonic()
    except RecognitionError:
        if batch:
            yield batch
        raise
    if batch:
        yield batch


def _plates(outcome: Outcome[Row[Any]]) -> list[PlateReading]:
    """The picture's plates, one a box, that are short enough to be one."""
    if outcome.recognition is None:
        return []
    by_box = {plate.box: plate for plate in reversed(outcome.recognition.plates)}
    found = [plate for plate in by_box.values() if 0 < len(plate.plate) <= schema.MAX_PLATE]
    return sorted(found, key=lambda plate: plate.rank)


def _recognition_row(day: date, version_id: str, outcome: Outcome[Row[Any]], at: datetime) -> dict[str, Any]:
    return {
        "day": day,
        "capture_id": outcome.key.capture_id,
        "version_id": version_id,
        "recognised_at": at,
        "n_plates": len(_plates(outcome)),
        "duration_ms": outcome.recognition.ms if outcome.recognition else 0.0,
        "error": str(outcome.error) if outcome.error else None,
    }


def _read_row(read_id: int, capture: Row[Any], plate: PlateReading, version_id: str) -> dict[str, Any]:
    return {
        "day": capture.day,
        "read_id": read_id,
        "capture_id": capture.capture_id,
        "version_id": version_id,
        "box_x": plate.box.x,
        "box_y": plate.box.y,
        "box_width": plate.box.width,
        "box_height": plate.box.height,
        "quad": [[round(x, 1), round(y, 1)] for x, y in plate.quad],
        "rank": plate.rank,
        "raw": plate.raw,
        "plate": plate.plate,
        "plate_folded": fold(plate.plate),
        "confidence": plate.confidence,
        "characters": [[character.text, round(character.confidence, 4)] for character in plate.characters],
        "candidates": [[candidate.plate, round(candidate.confidence, 4)] for candidate in plate.candidates],
        "region": plate.region,
        "region_confidence": plate.region_confidence,
        "captured_at": capture.captured_at,
        "device_id": capture.device_id,
        "latitude_deg": capture.latitude_deg,
        "longitude_deg": capture.longitude_deg,
        "cell": capture.cell,
    }


def _count_plates(connection: Connection, day: date, plates: list[str]) -> None:
    """Keep the dictionary: one row a distinct plate, with its first and last day and its number of reads."""
    table = schema.plate
    counted = sorted({plate: plates.count(plate) for plate in plates}.items())  # in one order: no deadlocks
    rows = [
        {"plate": plate, "plate_folded": fold(plate), "first_day": day, "last_day": day, "n_reads": n}
        for plate, n in counted
    ]
    insert: Any = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement = insert(table)
    new = statement.excluded
    least, most = (func.min, func.max) if connection.dialect.name == "sqlite" else (func.least, func.greatest)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[table.c.plate],
            set_={
                "n_reads": table.c.n_reads + new.n_reads,
                "first_day": least(table.c.first_day, new.first_day),
                "last_day": most(table.c.last_day, new.last_day),
            },
        ),
        rows,
    )
