"""The labelled pictures: where they lie, what is labelled in each, labels corrected by the sets' errata.

The sets are not part of this repository, and neither they nor pictures made from them may become so (their licences).
"""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from alpr_assets.accuracy import read_labels
from alpr_assets.settings import ROOT

DATA = ROOT.parent / "shared" / "data"

Rect = tuple[float, float, float, float]  # x, y, width, height in pixels


@dataclass(frozen=True, slots=True)
class Labelled:
    """One labelled plate. `box` is None where the plate fills the picture, `plate` where only its place is labelled."""

    set_name: str
    path: Path
    box: Rect | None
    plate: str | None = None
    region: str | None = None


def frames(folder: Path) -> list[Labelled]:
    """Whole scenes with one plate labelled in each: columns image, x, y, width, height, plate."""
    corrected = read_labels(folder)
    found = []
    for row in _rows(folder):
        (plate,) = corrected[row["image"]]
        box = (float(row["x"]), float(row["y"]), float(row["width"]), float(row["height"]))
        found.append(Labelled(folder.name, folder / row["image"], box, plate))
    return found


def close_ups(folder: Path) -> list[Labelled]:
    """One plate filling each picture: columns image, region, plate."""
    corrected = read_labels(folder)
    found = []
    for row in _rows(folder):
        (plate,) = corrected[row["image"]]
        found.append(Labelled(folder.name, folder / row["image"], None, plate, row["region"]))
    return found


def places(folder: Path) -> list[Labelled]:
    """Whole scenes with their plates' places: columns image, split, xmin, ymin, xmax, ymax. The `valid` split only."""
    found = []
    for row in _rows(folder):
        left, top, right, bottom = (float(row[name]) for name in ("xmin", "ymin", "xmax", "ymax"))
        if row["split"] == "valid":
            found.append(Labelled(folder.name, folder / row["image"], (left, top, right - left, bottom - top)))
    return found


SETS = {"us_frames": frames, "us_plates": close_ups, "road_frames": places}


def load(name: str, data: Path, limit: int | None) -> list[Labelled]:
    """A set's plates; with `limit`, those of as many pictures, spread evenly over the set.

    Raises FileNotFoundError where the set is not there: what cannot be measured must not pass unnoticed.
    """
    if not (data / name / "labels.csv").is_file():
        raise FileNotFoundError(f"{data / name} holds no labels.csv: give --data, or leave the set out with --sets")
    by_picture: defaultdict[Path, list[Labelled]] = defaultdict(list)
    for labelled in SETS[name](data / name):
        by_picture[labelled.path].append(labelled)
    paths = sorted(by_picture)
    if limit is not None and limit < len(paths):
        paths = [paths[i * len(paths) // limit] for i in range(limit)]
    return [labelled for path in paths for labelled in by_picture[path]]


def _rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "labels.csv").open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))
