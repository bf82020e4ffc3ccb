"""The sample's case: weeks of a small simulated city, with two linked shootings, two cars that travel together and a copied plate.

Here: how large it is, loading it, and what is known of it at the start: what a detective would have been told. Not here: the simulator
(`sample.city`). There is no picture behind these reads; their readers say by their names that they are simulated.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
from sqlalchemy import Engine, select

from alpr_assets.lifecycle.lookalikes import fold
from alpr_assets.sample.city import rows
from alpr_assets.sample.city.loading import Progress, load
from alpr_assets.sample.city.simulate import FORMAT, City, Size
from alpr_assets.store import schema
from alpr_assets.store.engine import insert_new, issue_numbers, lock_day, writing

DAYS: Final = 45
SEED: Final = 422
FILE: Final = "case.json"
OLDER: Final = "simulated-0"
_MISSED, _MISREAD = 0.02, 0.06  # of the older version's reads, beside what the newer one misreads


def size(first_day: date, *, seed: int = SEED, n_vehicles: int = 3_000) -> Size:
    """The city: about a hundred thousand reads of 30 cameras and three patrol cars."""
    return Size(
        seed=seed, first_day=first_day, n_days=DAYS, n_vehicles=n_vehicles, n_fixed=30, n_mobile=3, n_series=1, n_incidents=2,
        n_convoys=1, n_together=8,
    )  # fmt: skip


def load_case(
    engine: Engine, of: Size, folder: Path, *, sure_confidence: float, progress: Progress | None = None
) -> int:
    """Load the city, and write what is known of the case into `FILE` in a folder, readable by its owner only. Returns the number of reads.

    Run again it leaves alone what is there.
    """
    city = City(of)
    loaded = load(engine, city, sure_confidence=sure_confidence, progress=progress)
    read_before(engine, city.planted.incidents[-1].at.astimezone(UTC).date())
    part = folder / f"{FILE}.part"
    part.touch(mode=0o600)
    part.write_text(json.dumps(told(city), indent=1) + "\n", encoding="utf-8")
    part.replace(folder / FILE)
    return loaded.n_reads


def told(city: City) -> dict[str, Any]:
    """What is known at the start: places and times of the shootings, what witnesses saw; a plate that an informant gave; one that is copied."""
    incidents = [
        {
            "number": f"26-{4501 + incident.number:05}", "at": incident.at.isoformat(), "latitude_deg": incident.latitude_deg,
            "longitude_deg": incident.longitude_deg, "partial": incident.partial,
        }
        for incident in city.planted.incidents
    ]  # fmt: skip
    return {
        "incidents": incidents,
        "informant": {"number": "26-04510", "plate": city.plate_of(city.planted.convoys[0].leader)},
        "copied": {"number": "26-04520", "plate": city.plate_of(city.clone()[0])},
    }


def read_before(engine: Engine, day: date) -> int:
    """Give a UTC day's captures the reads of an older recogniser too, which misread and missed more. Returns how many; run again: 0.

    They are not in force: the newer version's are. So two versions can be held side by side.
    """
    read, rng = schema.read, np.random.default_rng(day.toordinal())
    with writing(engine) as connection:
        lock_day(connection, day)
        known = select(schema.recognition.c.version_id).where(
            schema.recognition.c.day == day, schema.recognition.c.version_id == OLDER
        )
        if connection.scalar(known.limit(1)) is not None:
            return 0
        newer = connection.execute(select(read).where(read.c.day == day, read.c.version_id == rows.VERSION)).mappings()
        found = [dict(row) for row in newer.all()]
        at = datetime.combine(day + timedelta(days=1), datetime.min.time(), UTC) + timedelta(minutes=30)
        version = {
            "version_id": OLDER, "detector": "simulated", "reader": "simulated", "details": {"format": FORMAT}, "first_used_at": at,
        }  # fmt: skip
        insert_new(connection, schema.recogniser_version, [version])
        kept = [
            _older(row, rng.random())
            for row, missed in zip(found, rng.random(len(found)) < _MISSED, strict=True)
            if not missed
        ]
        first = issue_numbers(connection, day, "n_reads", len(kept))[0]
        insert_new(connection, read, [row | {"read_id": first + number} for number, row in enumerate(kept)])
        n_plates = dict.fromkeys((row["capture_id"] for row in found), 0) | dict.fromkeys(
            (row["capture_id"] for row in kept), 1
        )
        looked = [
            {"day": day, "capture_id": capture_id, "version_id": OLDER, "recognised_at": at, "n_plates": n, "duration_ms": 90.0}
            for capture_id, n in n_plates.items()
        ]  # fmt: skip
        insert_new(connection, schema.recognition, looked)
    return len(kept)


def _older(row: dict[str, Any], drawn: float) -> dict[str, Any]:
    """The read as the older version made it: now and then its second candidate."""
    told = row | {"version_id": OLDER}
    if drawn >= _MISREAD or len(row["candidates"]) < 2:
        return told
    (plate, sure), (other, less), *rest = row["candidates"]
    return told | {
        "raw": other, "plate": other, "plate_folded": fold(other), "confidence": less, "sure": False,
        "characters": [[character, less ** (1 / len(other))] for character in other],
        "candidates": [[other, less], [plate, min(sure, less)], *rest],
    }  # fmt: skip
