"""Reads put into the store directly, as many as a search needs; what landing and recognising would have written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import insert

from alpr_assets.lifecycle.lookalikes import fold
from alpr_assets.store import schema, verdicts
from alpr_assets.store.cells import cell_of
from alpr_assets.store.engine import Store, lock_day, writing

AT = datetime(2026, 6, 15, 4, 0, tzinfo=UTC)
CENTRE = (38.005, -121.806)
DAY = AT.date()
VERSION = "light-1"
_digest = count(1)


@dataclass(frozen=True, slots=True)
class Pass:
    """One read; east_m and north_m from CENTRE; `place` None: unknown."""

    plate: str
    at: datetime = AT
    east_m: float = 0.0
    north_m: float = 0.0
    device: str = "corner-1"
    heading: float | None = 90.0
    region: str | None = "ca"
    confidence: float = 0.9
    candidates: Mapping[str, float] = field(default_factory=dict)
    characters: tuple[float, ...] | None = None
    clock: str = "gps"
    placed: bool = True
    version: str = VERSION
    kind: str = "mobile"

    @property
    def place(self) -> tuple[float, float] | tuple[None, None]:
        return place(self.east_m, self.north_m) if self.placed else (None, None)


def place(east_m: float, north_m: float) -> tuple[float, float]:
    """Degrees of a place near CENTRE."""
    return CENTRE[0] + north_m / 111_195, CENTRE[1] + east_m / (111_195 * 0.78795)


def put(store: Store, passes: Iterable[Pass], *, current: str | None = VERSION) -> None:
    """Write captures, reads, sightings, devices and the dictionary."""
    by_day: dict[date, list[Pass]] = {}
    for one in passes:
        by_day.setdefault(one.at.astimezone(UTC).date(), []).append(one)
    with writing(store.engine) as connection:
        number = next(_digest)
        drop_id = connection.execute(
            insert(schema.drop).returning(schema.drop.c.drop_id),
            {
                "manifest_sha256": f"{number:064}", "folder": f"drop-{number}", "unit": "unit-12", "shift": "night",
                "landed_at": AT, "n_declared": 1, "n_landed": 1, "n_duplicate": 0, "n_quarantined": 0, "n_missing": 0,
                "receipt": {}, "receipt_sha256": "0" * 64,
            },
        ).scalar_one()  # fmt: skip
        known = set(connection.scalars(schema.device.select().with_only_columns(schema.device.c.device_id)))
        for device in {one.device for some in by_day.values() for one in some} - known:
            connection.execute(
                insert(schema.device),
                {"device_id": device, "kind": "mobile", "name": device.title(), "registered_at": AT},
            )
        for day, some in sorted(by_day.items()):
            lock_day(connection, day)
            first = connection.execute(
                schema.capture_day.select().where(schema.capture_day.c.day == day)
            ).one().n_reads  # fmt: skip
            rows = [_rows(drop_id, day, first + n, one, current) for n, one in enumerate(some, start=1)]
            for table, index in (
                (schema.capture, 0),
                (schema.read, 1),
                (schema.sighting, 2),
                (schema.sighting_read, 3),
            ):
                connection.execute(insert(table), [row[index] for row in rows])
            connection.execute(
                schema.capture_day.update()
                .where(schema.capture_day.c.day == day)
                .values(n_reads=first + len(some), n_captures=first + len(some))
            )
            _count(connection, day, Counter(one.plate for one in some))


def _rows(drop_id: int, day: date, n: int, one: Pass, current: str | None) -> tuple[dict[str, Any], ...]:
    number = schema.numbered(day, n)
    lat, lon = one.place
    shared = {
        "day": day, "capture_id": number, "device_id": one.device, "captured_at": one.at, "latitude_deg": lat,
        "longitude_deg": lon, "cell": cell_of(lat, lon),
    }  # fmt: skip
    capture = {
        **shared, "device_kind": one.kind, "drop_id": drop_id, "image_sha256": f"{number:064x}", "n_bytes": 1, "media_type": "image/jpeg",
        "width_px": 64, "height_px": 48, "clock": one.clock, "heading_deg": one.heading, "landed_at": one.at,
        "flags": [], "current_version": current,
    }  # fmt: skip
    each = one.characters or tuple(one.confidence ** (1 / len(one.plate)) for _ in one.plate)
    read = {
        **shared, "read_id": number, "version_id": one.version, "box_x": 0, "box_y": 0, "box_width": 60, "box_height": 20,
        "quad": [[0, 0], [60, 0], [60, 20], [0, 20]], "rank": 0, "raw": one.plate, "plate": one.plate,
        "plate_folded": fold(one.plate), "confidence": one.confidence, "sure": one.confidence >= 0.8,
        "characters": [[c, p] for c, p in zip(one.plate, each, strict=True)],
        "candidates": [[one.plate, one.confidence], *map(list, one.candidates.items())], "region": one.region,
        "region_confidence": 0.9 if one.region else None,
    }  # fmt: skip
    sighting = {
        "day": day, "sighting_id": number, "device_id": one.device, "plate_folded": fold(one.plate), "plate": one.plate,
        "region": one.region, "confidence": one.confidence, "sure": True, "dated_by_receipt": one.clock == "receipt",
        "first_at": one.at, "last_at": one.at, "n_reads": 1,
    }  # fmt: skip
    return capture, read, sighting, {"day": day, "read_id": number, "sighting_day": day, "sighting_id": number}


def _count(connection: Any, day: date, plates: Counter[str]) -> None:
    table = schema.plate.c
    for plate, n in plates.items():
        changed = connection.execute(
            schema.plate.update().where(table.plate == plate).values(n_reads=table.n_reads + n, last_day=day)
        )
        if not changed.rowcount:
            row = {"plate": plate, "plate_folded": fold(plate), "first_day": day, "last_day": day, "n_reads": n}
            connection.execute(insert(schema.plate), row)


def after(seconds: float) -> datetime:
    return AT + timedelta(seconds=seconds)


def correct(store: Store, read_id: int, plate: str, *, region: str | None = None, day: date = DAY) -> None:
    """What a person read in the picture instead."""
    row = {
        "day": day, "read_id": read_id, "plate": plate, "plate_folded": fold(plate), "region": region, "reason": "as in the picture",
        "member_id": 7, "corrected_at": AT,
    }  # fmt: skip
    with writing(store.engine) as connection:
        connection.execute(insert(verdicts.read_correction), row)
