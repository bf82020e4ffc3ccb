"""What is searched: simulated reads in a database, and the same reads as one Parquet file a day.

Here: making both, and going on where an earlier run was stopped. Not here: the simulator.
All sizes are the first days of one city of five years, so that a database of twenty million reads grows into one of a hundred.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import BigInteger, Engine, func, select, type_coerce

from alpr_assets.policy import policy
from alpr_assets.sample.city.loading import Loaded, Progress, load
from alpr_assets.sample.city.simulate import YEAR, City, Size
from alpr_assets.store import schema
from alpr_assets.store.engine import migrate, reading

YEARS: Final = replace(YEAR, n_days=5 * YEAR.n_days, n_vehicles=5 * YEAR.n_vehicles)
"""About a hundred million reads."""
A_DAY: Final = 55_000  # reads, on average over a year

KEPT: Final = (
    "day", "read_id", "capture_id", "captured_at", "plate", "region", "confidence", "device_id", "latitude_deg",
    "longitude_deg", "cell", "version_id",
)  # fmt: skip
"""Columns of a day's Parquet file: what an answer shows or a condition needs."""


def build(engine: Engine, n_reads: int, *, lean: bool, size: Size = YEARS, progress: Progress | None = None) -> Loaded:
    """Load about so many reads, whole days; days that are there already are left as they are.

    Parameters
    ----------
    lean : see `loading.load`
    """
    city = City(size)
    days = city.size.utc_days[: max(1, round(n_reads / A_DAY))]
    migrate(engine)
    sure = policy().recognition.sure_confidence
    return load(engine, city, days, sure_confidence=sure, bulk=True, lean=lean, progress=progress)


def days_of(engine: Engine) -> list[date]:
    """The UTC days that hold reads, in order."""
    day = schema.capture_day.c
    with reading(engine) as connection:
        return list(connection.scalars(select(day.day).where(day.n_reads > 0).order_by(day.day)))


def n_reads(engine: Engine) -> int:
    with reading(engine) as connection:
        return connection.scalar(select(func.sum(schema.capture_day.c.n_reads))) or 0


def n_bytes(engine: Engine) -> int:
    """Bytes of the whole database on the disk."""
    if engine.dialect.name == "sqlite":
        return Path(str(engine.url.database)).stat().st_size
    with reading(engine) as connection:
        return int(connection.scalar(select(func.pg_database_size(func.current_database()))) or 0)


def file_of(folder: Path, day: date) -> Path:
    return folder / f"{day.isoformat()}.parquet"


def export(engine: Engine, folder: Path, progress: Progress | None = None) -> int:
    """Write the day files that are missing, in the order of the read ids. Returns the bytes of all."""
    folder.mkdir(parents=True, exist_ok=True)
    days = days_of(engine)
    read = schema.read.c
    columns = [type_coerce(read[name], BigInteger) if name == "captured_at" else read[name] for name in KEPT]
    for done, day in enumerate(days, start=1):
        target = file_of(folder, day)
        if not target.exists():
            with reading(engine) as connection:
                rows = connection.execute(select(*columns).where(read.day == day).order_by(read.read_id)).all()
            table = pa.table(dict(zip(KEPT, map(list, zip(*rows, strict=True)), strict=True)))
            part = target.with_suffix(".part")
            pq.write_table(table, part, compression="zstd")
            part.rename(target)
        if progress is not None:
            progress(done, len(days))
    return sum(file_of(folder, day).stat().st_size for day in days)


def files(folder: Path, first: date, last: date) -> list[str]:
    """The day files from one UTC day to another, both included."""
    days = (first + timedelta(days=number) for number in range((last - first).days + 1))
    return [str(file_of(folder, day)) for day in days if file_of(folder, day).exists()]
