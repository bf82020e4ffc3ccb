"""Loading simulated days into a store: a day is one transaction, and what is there already is skipped.

Here: writing, in bulk, on both databases. Not here: what the rows hold (`rows`).
Killed at any moment and run again, it ends as if nothing had happened. Nothing re-sends a simulated capture, so none is entered in
`capture_identity`; its picture does not exist.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import psycopg.sql
from sqlalchemy import Connection, Engine, Table, select

from alpr_assets.errors import AlprError
from alpr_assets.lifecycle.captures import devices
from alpr_assets.lifecycle.captures.receipts import Receipt
from alpr_assets.sample.city import clock, rows
from alpr_assets.sample.city.pictures import DayOfReads
from alpr_assets.sample.city.simulate import FORMAT, City
from alpr_assets.store import schema
from alpr_assets.store.engine import insert_new, issue_numbers, lock_day, reading, writing
from alpr_assets.store.types import from_microseconds

Progress = Callable[[int, int], None]
"""Told after each day: days done, days to do."""

FOLDER: Final = "simulated"  # what the drops of simulated days are filed under
BULKY: Final = (schema.capture, schema.read, schema.sighting, schema.sighting_read)
CACHE_KB: Final = 200_000
_DAYS_INSTALLED: Final = 30  # before the first capture

_UPSERT: Final = (
    "ON CONFLICT (plate) DO UPDATE SET n_reads = plate.n_reads + excluded.n_reads, "
    "first_day = {least}(plate.first_day, excluded.first_day), last_day = {most}(plate.last_day, excluded.last_day)"
)


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a run did. `n_present`: days that were there already."""

    n_days: int
    n_present: int
    n_reads: int


def load(
    engine: Engine,
    city: City,
    days: Iterable[date] | None = None,
    *,
    sure_confidence: float,
    bulk: bool = False,
    lean: bool = False,
    progress: Progress | None = None,
) -> Loaded:
    """Write a city's days into a migrated store, as the pipeline would have left them: landed, read, grouped into sightings.

    Parameters
    ----------
    days : UTC days, by default all that are simulated
    sure_confidence : the policy's figure, 0–1
    bulk : drop the indexes of the big tables before, and make them anew at the end, sorted at once. Meanwhile searches are slow;
        after a kill they stay so until the same was run again, or `restore_indexes`
    lean : see `rows.of_day`; for benchmarks of a hundred million

    Raises
    ------
    AlprError : another city's readers are in this store
    """
    wanted = list(city.size.utc_days if days is None else days)
    with writing(engine) as connection:
        _enter_readers(connection, city)
        if bulk:
            for index in (index for table in BULKY for index in table.indexes):
                index.drop(connection, checkfirst=True)
    present = _present(engine, city, wanted)
    n_reads = 0
    for done, day in enumerate(wanted, start=1):
        if day not in present:
            n_reads += _load_day(engine, city, day, sure_confidence=sure_confidence, lean=lean)
        if progress is not None:
            progress(done, len(wanted))
    if bulk:
        restore_indexes(engine)
    return Loaded(len(wanted) - len(present), len(present), n_reads)


def restore_indexes(engine: Engine) -> None:
    """Make the indexes that a bulk load dropped, and tell PostgreSQL's planner what is there."""
    for index in (index for table in BULKY for index in table.indexes):
        with writing(engine) as connection:
            _give_room(connection)
            index.create(connection, checkfirst=True)
    if engine.dialect.name == "postgresql":
        with writing(engine) as connection:
            for table in BULKY:  # the planner's figures of partitioned tables: nobody else gathers them
                connection.exec_driver_sql(f"ANALYZE {table.name}")


def manifest_of(city: City, day: date) -> str:
    """What stands for the day's manifest in its drop: by it a day is known again."""
    return hashlib.sha256(f"{city.size.fingerprint()} {day.isoformat()}".encode()).hexdigest()


def _present(engine: Engine, city: City, days: list[date]) -> set[date]:
    with reading(engine) as connection:
        known = set(connection.scalars(select(schema.drop.c.manifest_sha256).where(schema.drop.c.unit == FOLDER)))
    return {day for day in days if manifest_of(city, day) in known}


def _enter_readers(connection: Connection, city: City) -> None:
    """The registry's entries of the city's readers, and the recogniser version that stands for the simulator."""
    registered = devices.registry(connection)
    first_at = from_microseconds(clock.midnight(city.size.first_day - timedelta(days=_DAYS_INSTALLED)))
    for number, device_id in enumerate(city.devices.ids):
        kind, place = city.devices.kind(number), None
        if number < city.devices.n_fixed:
            place = float(city.devices.latitude_deg[number]), float(city.devices.longitude_deg[number])
        known = registered.get(device_id)
        if known is None:
            name = f"Simulated {'camera' if place else 'patrol car'} {device_id.rsplit('-', 1)[1]}"
            devices.register(connection, device_id=device_id, kind=kind, name=name, place=place, at=first_at)
            devices.record_service(
                connection, device_id=device_id, kind="installed", done_at=first_at, done_by="simulator"
            )
        elif known.place != place:
            raise AlprError(
                f"reader {device_id} of this store stands elsewhere than the city's",
                remedy="load one city into one store",
            )
    version = {
        "version_id": rows.VERSION,
        "detector": "simulated",
        "reader": "simulated",
        "details": {"format": FORMAT},
        "first_used_at": first_at,
    }
    insert_new(connection, schema.recogniser_version, [version])


def _load_day(engine: Engine, city: City, day: date, *, sure_confidence: float, lean: bool) -> int:
    """Write one day, unless another process did meanwhile. Returns the reads written."""
    simulated = city.day(day)
    n = len(simulated.reads)
    manifest = manifest_of(city, day)
    with writing(engine) as connection:
        lock_day(connection, day)
        taken = select(schema.drop.c.drop_id).where(schema.drop.c.manifest_sha256 == manifest)
        if connection.scalar(taken) is not None:
            return 0
        drop_id = _file_drop(connection, manifest, simulated)
        if n:
            numbers = rows.Numbers(
                drop_id,
                issue_numbers(connection, day, "n_captures", n)[0],
                issue_numbers(connection, day, "n_reads", n)[0],
            )
            kinds = {device_id: city.devices.kind(number) for number, device_id in enumerate(city.devices.ids)}
            _write(connection, rows.of_day(simulated, numbers, kinds, sure_confidence=sure_confidence, lean=lean))
        landed_at = from_microseconds(clock.midnight(day) + clock.DAY + rows.LANDED_AFTER)
        done = {
            "landed_digest": manifest,
            "processed_digest": manifest,
            "last_landed_at": landed_at,
        }  # nothing of it waits for the pipeline
        connection.execute(schema.capture_day.update().where(schema.capture_day.c.day == day).values(done))
    return n


def _file_drop(connection: Connection, manifest: str, simulated: DayOfReads) -> int:
    n, day = len(simulated.reads), simulated.day
    landed_at = from_microseconds(clock.midnight(day) + clock.DAY + rows.LANDED_AFTER)
    receipt = Receipt(
        drop_id=0, unit=FOLDER, shift=day.isoformat(), manifest_sha256=manifest, landed_at=landed_at, n_declared=n, n_landed=n,
        n_duplicate=0, n_quarantined=0, n_missing=0, n_by_day={day: n}, files={}, quarantined=[], undeclared=[],
    )  # fmt: skip
    said = {"receipt": receipt.content(), "receipt_sha256": receipt.sha256()}
    row = {
        "manifest_sha256": manifest, "folder": f"{FOLDER}/{day.isoformat()}", "unit": FOLDER, "shift": day.isoformat(),
        "landed_at": landed_at, "n_declared": n, "n_landed": n, "n_duplicate": 0, "n_quarantined": 0, "n_missing": 0, **said,
    }  # fmt: skip
    drop_id: int = connection.execute(schema.drop.insert().values(row).returning(schema.drop.c.drop_id)).scalar_one()
    connection.execute(schema.drop_receipt.insert().values(drop_id=drop_id, issued_at=landed_at, **said))
    return drop_id


def _write(connection: Connection, of_day: dict[str, rows.Rows]) -> None:
    """Rows straight through the driver: SQLAlchemy would handle each value of each row."""
    write = _write_sqlite if connection.dialect.name == "sqlite" else _write_postgresql
    raw: Any = connection.connection.driver_connection
    _give_room(connection)
    for name, table in of_day.items():
        write(raw, schema.metadata.tables[name], table)


def _give_room(connection: Connection) -> None:
    """Memory for pages that are written again and again, and for sorting: SQLite's own 2 MB are none."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA cache_size = -{CACHE_KB}")


def _write_sqlite(raw: Any, table: Table, of: rows.Rows) -> None:
    columns = {name: value.isoformat() if isinstance(value, date) else value for name, value in of.columns.items()}
    places = ", ".join("?" * len(columns))
    # Names of our own tables and columns; every value is bound.
    statement = f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({places})"  # noqa: S608
    if table is schema.plate:
        statement += " " + _UPSERT.format(least="min", most="max")
    raw.executemany(statement, rows.Rows(of.n, columns))


def _write_postgresql(raw: psycopg.Connection[Any], table: Table, of: rows.Rows) -> None:
    """COPY; the dictionary by way of a table of the transaction's own."""
    columns = ", ".join(of.columns)
    target = table.name
    with raw.cursor() as cursor:
        if table is schema.plate:
            target = "counted"
            cursor.execute("CREATE TEMPORARY TABLE counted (LIKE plate) ON COMMIT DROP")
        names = psycopg.sql.SQL(", ").join(map(psycopg.sql.Identifier, of.columns))
        into = psycopg.sql.SQL("COPY {} ({}) FROM STDIN").format(psycopg.sql.Identifier(target), names)
        with cursor.copy(into) as copy:
            for row in of:
                copy.write_row(row)
        if table is schema.plate:
            upsert = _UPSERT.format(least="least", most="greatest")
            said = f"INSERT INTO plate ({columns}) SELECT {columns} FROM counted ORDER BY plate {upsert}"  # noqa: S608
            cursor.execute(said)
