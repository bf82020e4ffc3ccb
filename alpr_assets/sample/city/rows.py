"""A simulated day as rows of the store: captures, recognitions, reads, sightings with their vote, and the day's plates counted.

Here: what each column holds, a day at once. Not here: writing it (`loading`).
A column is a list, or one value for all rows; times are microseconds since 1970 UTC, as they are stored.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import repeat
from typing import Any, Final

import numpy as np
import pandas as pd

from alpr_assets.lifecycle.captures.arrivals import SIMULATED
from alpr_assets.lifecycle.lookalikes import fold_many
from alpr_assets.sample.city import clock
from alpr_assets.sample.city.pictures import DayOfReads
from alpr_assets.sample.city.roads import Flags, Ints

VERSION: Final = "simulated-1"
FLAGS: Final = f'["{SIMULATED}"]'
WIDTH_PX, HEIGHT_PX = 1280, 720
_BYTES: Final = (60_000, 240_000)  # of a picture
_READ_MS: Final = 30.0  # what a picture takes the recogniser that is shipped
LANDED_AFTER: Final = 3600 * clock.SECOND  # after the end of the day


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one table: `n` of them, by column."""

    n: int
    columns: Mapping[str, Any]

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        """Row by row."""
        columns: Iterable[Any] = (
            column if isinstance(column, list) else repeat(column, self.n) for column in self.columns.values()
        )
        return zip(*columns, strict=True)


@dataclass(frozen=True, slots=True)
class Numbers:
    """What the store gave this day: the drop, and its first capture's and read's ids."""

    drop_id: int
    capture_id: int
    read_id: int


def of_day(
    of: DayOfReads, numbers: Numbers, kinds: Mapping[str, str], *, sure_confidence: float, lean: bool
) -> dict[str, Rows]:
    """Rows by table, of a day that has reads.

    Parameters
    ----------
    kinds : fixed or mobile, by device
    lean : without what no search reads: recognitions, digests of pictures, corners and single characters
    """
    reads = of.reads
    n = len(reads)
    captures = list(range(numbers.capture_id, numbers.capture_id + n))
    ids = list(range(numbers.read_id, numbers.read_id + n))
    at = reads["captured_at"].astype("int64").to_numpy().tolist()
    device = reads["device_id"].tolist()
    place = {
        "latitude_deg": reads["latitude_deg"].tolist(),
        "longitude_deg": reads["longitude_deg"].tolist(),
        "cell": reads["cell"].tolist(),
    }
    landed_at = clock.midnight(of.day) + clock.DAY + LANDED_AFTER
    fixed = [kinds[name] == "fixed" for name in device]
    rng = np.random.default_rng(of.day.toordinal())
    images = rng.bytes(32 * n).hex()  # no picture has these: there is none
    capture = {
        "day": of.day, "capture_id": captures, "drop_id": numbers.drop_id, "device_id": device,
        "device_kind": [kinds[name] for name in device], "image_sha256": [images[i : i + 64] for i in range(0, 64 * n, 64)],
        "n_bytes": rng.integers(*_BYTES, n).tolist(), "media_type": "image/jpeg", "width_px": WIDTH_PX, "height_px": HEIGHT_PX,
        "captured_at": at, "clock": "camera", "place_source": ["device" if one else "manifest" for one in fixed],
        "heading_deg": reads["heading_deg"].tolist(), "landed_at": landed_at, "flags": FLAGS, "current_version": VERSION, **place,
    }  # fmt: skip
    recognition = {
        "day": of.day, "capture_id": captures, "version_id": VERSION, "recognised_at": landed_at, "n_plates": 1,
        "duration_ms": _READ_MS,
    }  # fmt: skip
    sure = reads["confidence"].to_numpy() >= sure_confidence
    if lean:
        capture["image_sha256"] = ""
    read = {
        "day": of.day, "read_id": ids, "capture_id": captures, "version_id": VERSION, "rank": 0, "captured_at": at,
        "device_id": device, "sure": sure.tolist(), **_said(reads, lean=lean), **place,
    }  # fmt: skip
    sighting, member = _sightings(of, numbers.read_id, sure)
    return {
        "capture": Rows(n, capture),
        **({} if lean else {"recognition": Rows(n, recognition)}),
        "read": Rows(n, read),
        "sighting": sighting,
        "sighting_read": member,
        "plate": _counted(of),
    }


def _said(reads: pd.DataFrame, *, lean: bool) -> dict[str, Any]:
    """What the recogniser said of each picture, in the words in which it is kept."""
    plate = reads["plate"].tolist()
    boxes = [reads[name].tolist() for name in ("box_x", "box_y", "box_width", "box_height")]
    spelt = zip(plate, reads["confidence"].tolist(), strict=True)
    candidates = zip(
        plate,
        *(reads[name].tolist() for name in ("confidence", "second", "second_confidence", "third", "third_confidence")),
        strict=True,
    )
    region = reads["region"].astype(object)
    certainty = reads["region_confidence"].astype(object)
    return {
        "box_x": boxes[0], "box_y": boxes[1], "box_width": boxes[2], "box_height": boxes[3],
        "quad": "[]" if lean else [f"[[{x}, {y}], [{x + w}, {y}], [{x + w}, {y + h}], [{x}, {y + h}]]" for x, y, w, h in zip(*boxes, strict=True)],
        "raw": plate, "plate": plate, "plate_folded": fold_many(reads["plate"]).tolist(), "confidence": reads["confidence"].tolist(),
        "characters": "[]" if lean else [_characters(one, confidence) for one, confidence in spelt],
        "candidates": [_candidates(row) for row in candidates],
        "region": region.where(region.notna(), None).tolist(),
        "region_confidence": certainty.where(certainty.notna(), None).tolist(),
    }  # fmt: skip


def _characters(plate: str, confidence: float) -> str:
    """JSON: each character with its share of the confidence."""
    each = f'", {confidence ** (1 / len(plate)):.4f}]'
    return '[["' + f'{each}, ["'.join(plate) + each + "]"


def _candidates(row: tuple[str, float, str, float, str, float]) -> str:
    """JSON: the plate and what else it may be, best first."""
    plate, sure, second, next_sure, third, last_sure = row
    others = f', ["{second}", {next_sure}]' if second else ""
    others += f', ["{third}", {last_sure}]' if third else ""
    return f'[["{plate}", {sure}]{others}]'


def _sightings(of: DayOfReads, first_id: int, sure: Flags) -> tuple[Rows, Rows]:
    """Each pass's reads as one sighting, under the id of the first of them, and their vote."""
    reads = of.reads
    passed = reads["pass_number"].to_numpy()
    order = np.argsort(passed, kind="stable")  # within a pass, by time
    _, first, n = np.unique(passed[order], return_index=True, return_counts=True)
    founder, last = order[first], order[first + n - 1]
    founder_of = np.empty(len(order), np.int64)
    founder_of[order] = np.repeat(founder, n)
    at = reads["captured_at"].astype("int64").to_numpy()
    elected, is_sure, confidence = _votes(reads, order, first, n, sure)
    known = reads["region"].cat.codes.to_numpy()[order].astype(np.int64)
    region = np.maximum.reduceat(known, first)
    names = [*reads["region"].cat.categories, None]
    sighting = {
        "day": of.day,
        "sighting_id": (first_id + founder).tolist(),
        "device_id": reads["device_id"].iloc[founder].tolist(),
        "plate": elected,
        "plate_folded": fold_many(np.array(elected, dtype=object)).tolist(),
        "region": [names[code] for code in region.tolist()],
        "confidence": confidence,
        "sure": is_sure,
        "dated_by_receipt": False,
        "first_at": at[founder].tolist(),
        "last_at": at[last].tolist(),
        "n_reads": n.tolist(),
    }
    member = {
        "day": of.day,
        "read_id": list(range(first_id, first_id + len(reads))),
        "sighting_day": of.day,
        "sighting_id": (first_id + founder_of).tolist(),
    }
    return Rows(len(founder), sighting), Rows(len(reads), member)


def _votes(
    reads: pd.DataFrame, order: Ints, first: Ints, n: Ints, sure: Flags
) -> tuple[list[str], list[bool], list[float]]:
    """Plate, whether it is sure, and confidence of each pass: as `recognition.sightings` has it, all at once where reads agree."""
    plate, confidence = reads["plate"].to_numpy(dtype=object)[order], reads["confidence"].to_numpy()[order]
    is_sure = sure[order]
    elected = plate[first]
    agreed = np.logical_and.reduceat(plate == np.repeat(elected, n), first)
    any_sure = np.logical_or.reduceat(is_sure, first)
    most = np.maximum.reduceat(confidence, first)
    second, second_confidence = (
        reads["second"].to_numpy(dtype=object)[order],
        reads["second_confidence"].to_numpy()[order],
    )
    third, third_confidence = reads["third"].to_numpy(dtype=object)[order], reads["third_confidence"].to_numpy()[order]
    for number in np.flatnonzero(~agreed):
        mine = range(first[number], first[number] + n[number])
        weight: defaultdict[str, float] = defaultdict(float)
        for i in mine:
            for spelling, votes in (
                (plate[i], confidence[i]),
                (second[i], second_confidence[i]),
                (third[i], third_confidence[i]),
            ):
                weight[spelling] += votes
        winner = min({plate[i] for i in mine}, key=lambda one: (-weight[one], one))
        elected[number] = winner
        any_sure[number] = {plate[i] for i in mine if is_sure[i]} == {winner}
        most[number] = max(confidence[i] for i in mine if plate[i] == winner)
    return elected.tolist(), any_sure.tolist(), most.tolist()


def _counted(of: DayOfReads) -> Rows:
    """The day's plates, in the alphabet's order: every writer takes them in the same one, and none waits for another in a ring."""
    counts = of.reads["plate"].value_counts().sort_index()
    plates = counts.index.to_series()
    columns = {
        "plate": plates.tolist(),
        "plate_folded": fold_many(plates).tolist(),
        "first_day": of.day,
        "last_day": of.day,
        "n_reads": counts.tolist(),
    }
    return Rows(len(counts), columns)
