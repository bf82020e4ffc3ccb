"""A patrol's captures through the pipeline with the light recogniser: for tests of what comes after landing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import Row, select

from alpr_assets.lifecycle.captures.landing import land_drop
from alpr_assets.lifecycle.captures.receipts import Receipt
from alpr_assets.lifecycle.hits.matched import lists_in_force
from alpr_assets.lifecycle.hits.raising import DayOfHits, raise_hits
from alpr_assets.lifecycle.hotlists.imports import ImportReceipt, import_file
from alpr_assets.lifecycle.recognition.light import LightRecogniser, labelled, light_recogniser
from alpr_assets.lifecycle.recognition.pool import Pool, executor
from alpr_assets.lifecycle.recognition.reads import DayOfReads, recognise_day
from alpr_assets.lifecycle.recognition.recogniser import RecogniserVersion, Recognition
from alpr_assets.lifecycle.recognition.sightings import group_day
from alpr_assets.policy import Policy
from alpr_assets.store import schema
from alpr_assets.store.engine import Store, reading
from tests.builders import drop, jpeg, line, own_list

AT = datetime(2026, 6, 15, 4, 0, tzinfo=UTC)
DAY = AT.date()
PASS_SECONDS = 10
SURE = 0.8  # of a policy: a label that gives no confidence is of 0.9


@dataclass(frozen=True, slots=True)
class Seen:
    """One capture: its plates (label entries, or plain plates), seconds after AT; `at` None: nothing says when."""

    plates: Sequence[str | Mapping[str, Any]]
    seconds: float = 0
    device: str = "unit-12-front"
    dated: bool = True


def seen(
    *plates: str | Mapping[str, Any], seconds: float = 0, device: str = "unit-12-front", dated: bool = True
) -> Seen:
    return Seen(plates, seconds, device, dated)


@dataclass(frozen=True, slots=True)
class Relabelled:
    """A newer recogniser: spells what the light one reads in its own way. Picklable factory and recogniser in one."""

    spelling: Mapping[str, Sequence[str]] = field(hash=False, compare=False)
    version = RecogniserVersion("label", "light", {"code": 2})

    def __call__(self) -> Relabelled:
        return self

    def recognise(self, picture: bytes) -> Recognition:
        """Every plate in its place by its new spellings, several of them one inside another; none where none are listed."""
        old = LightRecogniser().recognise(picture)
        entries = [
            {"plate": new, "box": [plate.box.x, plate.box.y, plate.box.width >> i, plate.box.height >> i]}
            for plate in old.plates
            for i, new in enumerate(self.spelling.get(plate.plate, [plate.plate]))
        ]
        return LightRecogniser().recognise(labelled(jpeg(), entries))


def _entry(plate: str | Mapping[str, Any], rank: int) -> dict[str, Any]:
    """A label entry; plates of one picture each have their box."""
    return {"plate": plate, "box": [0, rank, 60, 10]} if isinstance(plate, str) else dict(plate)


@dataclass(slots=True)
class Patrol:
    """One store at one time, driven step by step."""

    store: Store
    folder: Path
    policy: Policy
    now: datetime
    _number: Any = field(default_factory=count)

    def land(self, *captures: Seen, at: datetime = AT, when: datetime | None = None) -> Receipt:
        """Land these captures as one drop; every one is a picture of its own."""
        pictures: dict[str, bytes] = {}
        lines: list[dict[str, Any]] = []
        for capture in captures:
            number = next(self._number)
            name = f"{number:05}.jpg"
            label = [_entry(plate, rank) for rank, plate in enumerate(capture.plates)]
            pictures[name] = labelled(jpeg(number), label)
            dated = line(name, at + timedelta(seconds=capture.seconds), device_id=capture.device)
            lines.append(dated if capture.dated else {"file": name, "device_id": capture.device})
        target = drop(self.folder / f"drop-{next(self._number)}", pictures, lines)
        return land_drop(self.store, target, policy=self.policy, now=when or self.now)

    def recognise(self, day: date = DAY, *, newer: Relabelled | None = None) -> DayOfReads:
        with executor(1, None, newer or light_recogniser) as pool:
            return self.recognise_with(pool, day, newer.version if newer else LightRecogniser.version)

    def recognise_with(self, pool: Pool, day: date, version: RecogniserVersion) -> DayOfReads:
        return recognise_day(self.store, day, pool, version, sure_confidence=SURE, clock=lambda: self.now)

    def group(self, day: date = DAY) -> int:
        return group_day(self.store, day, pass_seconds=PASS_SECONDS)

    def read(self, *captures: Seen, day: date = DAY, at: datetime = AT) -> None:
        """Land, recognise and group."""
        if captures:
            self.land(*captures, at=at)
        self.recognise(day)
        self.group(day)

    def take(self, raw: bytes, name: str = "watch.csv", **more: Any) -> ImportReceipt:
        receipt = import_file(self.store, raw, name, policy=self.policy, now=self.now, **more)
        assert receipt.accepted, receipt
        return receipt

    def match(self, day: date = DAY) -> DayOfHits:
        lists = lists_in_force(self.store, self.policy)
        return raise_hits(self.store, day, lists, policy=self.policy, now=self.now)

    def rows(self, table: Any, *order: Any) -> list[Row[Any]]:
        with reading(self.store.engine) as connection:
            return list(connection.execute(select(table).order_by(*(order or table.primary_key.columns))))

    def reads(self) -> list[Row[Any]]:
        return self.rows(schema.read)

    def sightings(self) -> list[Row[Any]]:
        return self.rows(schema.sighting, schema.sighting.c.first_at, schema.sighting.c.sighting_id)

    def members(self) -> dict[int, list[int]]:
        """Reads of each sighting, by id."""
        grouped: dict[int, list[int]] = {}
        for row in self.rows(schema.sighting_read):
            grouped.setdefault(row.sighting_id, []).append(row.read_id)
        return grouped

    def hits(self) -> list[Row[Any]]:
        return self.rows(schema.hit)

    def day(self, day: date = DAY) -> Row[Any]:
        (row,) = [row for row in self.rows(schema.capture_day) if row.day == day]
        return row


def watch(*plates: str, on: date = DAY) -> bytes:
    """A department's own list, answered for from a day on; a plate may bring its state, `PLATE/NV`, and is of no state otherwise."""
    return own_list(*(f"{plate},watch,{state}" for plate, _, state in (text.partition("/") for text in plates)), on=on)
