"""What the sample says of its own pictures: one record a picture, and the truth file."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, slots=True)
class SampleCapture:
    """One drawn picture: file name, aware UTC instant, place in degrees (WGS 84), heading from north, its plates.

    `plates` holds (plate, state) of every plate in the picture, left to right; `condition` is one of
    `scenes.CONDITIONS`.
    """

    file: str
    captured_at: datetime
    latitude: float
    longitude: float
    heading_deg: float
    device_id: str
    device_kind: Literal["fixed", "mobile"]
    plates: tuple[tuple[str, str], ...]
    condition: str


def write_truth(path: Path, captures: Sequence[SampleCapture]) -> None:
    """Write CSV `file,plate,state,condition`: a row a plate; a picture without one has a row with both empty."""
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(("file", "plate", "state", "condition"))
        for capture in captures:
            for plate, state in capture.plates or (("", ""),):
                writer.writerow((capture.file, plate, state, capture.condition))
