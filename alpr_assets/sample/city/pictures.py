"""Pictures: what the readers make of the vehicles that pass them on one UTC day, as columns.

Here: pictures a pass, right and wrong plates, candidates, confidences, boxes. Not here: who passes (`simulate`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from alpr_assets.sample.city import clock, misreads
from alpr_assets.sample.city.devices import Devices
from alpr_assets.sample.city.misreads import N_WRONG, TRUTH_IS_CANDIDATE, Spellings, draw_confidence, draw_misread
from alpr_assets.sample.city.people import KINDS, People
from alpr_assets.sample.city.roads import Floats, Ints
from alpr_assets.sample.city.serials import STATES
from alpr_assets.store.cells import CELL_DEG, COLUMNS

PICTURES_A_PASS: Final = (0.50, 0.35, 0.15)  # one, two, three
BETWEEN: Final = 320_000  # microseconds
REGION_UNREAD: Final = 0.25  # no state's name in the picture, or not one that can be read

READ_COLUMNS: Final = {
    "captured_at": "instant, UTC",
    "device_id": "the reader",
    "latitude_deg": "WGS 84",
    "longitude_deg": "WGS 84",
    "cell": "of the place, see store.cells",
    "heading_deg": "of the traffic that the reader looks at, 0 north, 90 east",
    "plate": "characters as read",
    "confidence": "the reader's own figure, 0–1",
    "region": "state read on the plate, lower case; missing: none was",
    "region_confidence": "0–1; missing as region",
    "second": "the next candidate",
    "second_confidence": "0–1",
    "third": "the candidate after it; empty: there is none",
    "third_confidence": "0–1",
    "pass_number": "reads of one vehicle going by one reader have the same, within the day",
    "box_x": "pixels of a picture of 1280 by 720",
    "box_y": "pixels",
    "box_width": "pixels",
    "box_height": "pixels",
}
TRUTH_COLUMNS: Final = {
    "vehicle": "number of the vehicle that was there",
    "plate": "the plate on it",
    "state": "the state that issued it, lower case",
    "kind": "resident, commuter, van, visitor, offender or clone",
    "misread": "whether the read says another plate",
}


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """One row a pass that gave a picture, (n). instant: microseconds since 1970 UTC of the first one; device: its number."""

    vehicle: Ints
    device: Ints
    instant: Ints
    latitude_deg: Floats
    longitude_deg: Floats
    heading_deg: Floats

    @classmethod
    def joined(cls, parts: list[Seen]) -> Seen:
        """All of them, by time."""
        whole = [np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(cls)]
        order = np.argsort(whole[2], kind="stable")
        return cls(*(column[order] for column in whole))

    def within(self, first: int, end: int) -> Seen:
        """Those of an interval of instants, its end excluded. `self` is by time."""
        begin, stop = np.searchsorted(self.instant, [first, end])
        return Seen(*(getattr(self, field.name)[begin:stop] for field in fields(self)))


@dataclass(frozen=True, slots=True, eq=False)
class DayOfReads:
    """A UTC day: `reads` (n, READ_COLUMNS) by time, and `truth` (n, TRUTH_COLUMNS) of the same rows."""

    day: date
    reads: pd.DataFrame
    truth: pd.DataFrame


def read_day(
    rng: np.random.Generator, people: People, readers: Devices, seen: Seen, *, day: date, misread: float
) -> DayOfReads:
    """Every picture of the passes of a UTC day. A pass that midnight would cut has no picture on the next day."""
    passed, at, frame = _pictures(rng, seen, day)
    vehicle = seen.vehicle[passed]
    which = draw_misread(rng, passed, len(seen.instant), misread)
    is_wrong = which >= 0
    plate, second, third = _spellings(rng, people, vehicle, which)
    confidence = draw_confidence(rng, ~is_wrong)
    second_confidence = (1 - confidence) * rng.uniform(0.3, 0.9, len(vehicle))
    third_confidence = (1 - confidence - second_confidence) * 0.5
    state = people.state[vehicle]
    has_region = rng.random(len(vehicle)) >= REGION_UNREAD
    latitude, longitude = seen.latitude_deg[passed], seen.longitude_deg[passed]
    reads = {
        "captured_at": at.view("M8[us]"),
        "device_id": _labels(seen.device[passed], readers.ids),
        "latitude_deg": latitude,
        "longitude_deg": longitude,
        "cell": cells(latitude, longitude),
        "heading_deg": seen.heading_deg[passed],
        "plate": _strings(plate),
        "confidence": confidence,
        "region": _labels(np.where(has_region, state, -1), [code.lower() for code in STATES]),
        "region_confidence": np.where(has_region, (0.8 + 0.2 * rng.random(len(vehicle))).round(3), np.nan),
        "second": _strings(second),
        "second_confidence": second_confidence.round(4),
        "third": _strings(third),
        "third_confidence": third_confidence.round(4),
        "pass_number": passed,
        **_boxes(rng, passed, frame, len(seen.instant)),
    }
    truth = {
        "vehicle": vehicle,
        "plate": _strings(misreads.text(people.plate[vehicle])),
        "state": _labels(state, [code.lower() for code in STATES]),
        "kind": _labels(people.kind[vehicle], KINDS),
        "misread": is_wrong,
    }
    frame_of_reads = pd.DataFrame(reads, copy=False)
    frame_of_reads["captured_at"] = frame_of_reads["captured_at"].dt.tz_localize("UTC")
    return DayOfReads(day, frame_of_reads, pd.DataFrame(truth, copy=False))


def _pictures(rng: np.random.Generator, seen: Seen, day: date) -> tuple[Ints, Ints, Ints]:
    """Pass, instant and number within its pass of every picture, by time."""
    n = 1 + np.searchsorted(np.cumsum(PICTURES_A_PASS[:-1]), rng.random(len(seen.instant)))
    passed = np.repeat(np.arange(len(n)), n)
    frame = np.arange(len(passed)) - np.repeat(np.cumsum(n) - n, n)
    at = seen.instant[passed] + frame * BETWEEN
    kept = np.flatnonzero(at < clock.midnight(day) + clock.DAY)
    order = kept[np.argsort(at[kept], kind="stable")]
    return passed[order], at[order], frame[order]


def _spellings(
    rng: np.random.Generator, people: People, vehicle: Ints, which: Ints
) -> tuple[NDArray[np.bytes_], NDArray[np.bytes_], NDArray[np.bytes_]]:
    """What is read, and the two candidates after it; a candidate that would repeat one before it is empty."""
    truth: Spellings = people.plate[vehicle]
    wrong = np.flatnonzero(which >= 0)
    lot = rng.integers(0, N_WRONG, len(vehicle))
    read = truth.copy()
    read[wrong] = people.wrong[vehicle[wrong], which[wrong]]
    second: Spellings = people.wrong[vehicle, lot]
    knows = wrong[rng.random(len(wrong)) < TRUTH_IS_CANDIDATE]
    second[knows] = truth[knows]
    third: Spellings = people.wrong[vehicle, (lot + 1) % N_WRONG]
    texts = misreads.text(read), misreads.text(second), misreads.text(third)
    texts[1][texts[1] == texts[0]] = b""
    texts[2][(texts[2] == texts[0]) | (texts[2] == texts[1])] = b""
    return texts


def _boxes(rng: np.random.Generator, passed: Ints, frame: Ints, n_passes: int) -> dict[str, Any]:
    """Where the plate was in each picture: it goes on and grows a little from one to the next."""
    width = rng.integers(70, 150, n_passes)[passed] + 4 * frame
    return {
        "box_x": rng.integers(100, 1000, n_passes)[passed] + 9 * frame,
        "box_y": rng.integers(200, 560, n_passes)[passed] + 5 * frame,
        "box_width": width,
        "box_height": width // 2,
    }


def cells(latitude_deg: Floats, longitude_deg: Floats) -> Ints:
    """`store.cells.cell_of` of columns."""
    row = np.floor((latitude_deg + 90) / CELL_DEG).astype(np.int64)
    return row * COLUMNS + np.floor((longitude_deg + 180) / CELL_DEG).astype(np.int64) % COLUMNS


def _labels(code: Ints, names: Sequence[str]) -> Any:
    return pd.Categorical.from_codes(code, categories=pd.Index(names))


def _strings(texts: NDArray[np.bytes_]) -> Any:
    return pd.array(pa.array(texts).cast(pa.large_string()), dtype="str")
