"""Reads put straight into the tables, each a capture and a pass of its own: for tests of what comes after reading."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert

from alpr_assets.lifecycle.lookalikes import fold
from alpr_assets.store import schema
from alpr_assets.store.cells import cell_of
from alpr_assets.store.engine import Store, insert_new, issue_numbers, lock_day, writing
from tests.people import NOW

HERE = (38.005, -121.806)


@dataclass(frozen=True, slots=True)
class Planted:
    """One read. `at`: of the capture; `region`: as sure as it gets; `current`: of the version that searches see."""

    plate: str
    at: datetime = NOW - timedelta(hours=1)
    place: tuple[float, float] | None = HERE
    region: str | None = None
    sure: bool = True
    confidence: float = 0.9
    current: bool = True


def plant(store: Store, *reads: Planted, one_pass: bool = False) -> list[int]:
    """Their ids; `one_pass`: all of one sighting, founded by the first."""
    ids: list[int] = []
    with writing(store.engine) as connection:
        drop_id = _drop(connection)
        for read in reads:
            day = read.at.date()
            lock_day(connection, day)
            (read_id,) = issue_numbers(connection, day, "n_reads", 1)
            ids.append(read_id)
            connection.execute(insert(schema.capture), _capture(read, read_id, drop_id))
            connection.execute(insert(schema.read), _read(read, read_id))
            founder, first = (ids[0], reads[0].at.date()) if one_pass else (read_id, day)
            passed = {"day": day, "read_id": read_id, "sighting_day": first, "sighting_id": founder}
            connection.execute(insert(schema.sighting_read), passed)
        known = Counter(read.plate for read in reads)
        days = [read.at.date() for read in reads]
        insert_new(
            connection,
            schema.plate,
            [
                {
                    "plate": plate,
                    "plate_folded": fold(plate),
                    "first_day": min(days),
                    "last_day": max(days),
                    "n_reads": n,
                }
                for plate, n in known.items()
            ],
        )
    return ids


def _drop(connection: Any) -> int:
    row = {
        "manifest_sha256": "0", "folder": "planted", "unit": "unit-12", "shift": "night", "landed_at": NOW, "n_declared": 0,
        "n_landed": 0, "n_duplicate": 0, "n_quarantined": 0, "n_missing": 0, "receipt": {}, "receipt_sha256": "",
        "drop_id": 1,
    }  # fmt: skip
    insert_new(connection, schema.drop, [row])
    return 1


def _capture(read: Planted, capture_id: int, drop_id: int) -> dict[str, Any]:
    return {
        "day": read.at.date(), "capture_id": capture_id, "drop_id": drop_id, "device_id": "unit-12-front",
        "image_sha256": str(capture_id), "n_bytes": 1, "media_type": "image/jpeg", "width_px": 64, "height_px": 48,
        "captured_at": read.at, "clock": "gps", "landed_at": NOW, "flags": [],
        "current_version": "v1" if read.current else "v2",
    }  # fmt: skip


def _read(read: Planted, read_id: int) -> dict[str, Any]:
    latitude, longitude = read.place or (None, None)
    return {
        "day": read.at.date(), "read_id": read_id, "capture_id": read_id, "version_id": "v1", "box_x": 0, "box_y": 0,
        "box_width": 9, "box_height": 9, "quad": [], "rank": 0, "raw": read.plate, "plate": read.plate,
        "plate_folded": fold(read.plate), "confidence": read.confidence, "sure": read.sure, "characters": [],
        "candidates": [], "region": read.region, "region_confidence": 1.0 if read.region else None,
        "captured_at": read.at, "device_id": "unit-12-front", "latitude_deg": latitude, "longitude_deg": longitude,
        "cell": cell_of(latitude, longitude),
    }  # fmt: skip
