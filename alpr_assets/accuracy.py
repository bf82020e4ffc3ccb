"""How many plates of known pictures were read exactly: the summary's answer where a labels.csv lies beside the captures."""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, select

from alpr_assets.errors import MalformedError
from alpr_assets.lifecycle.lookalikes import fold
from alpr_assets.store import schema


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Labelled plates, how many were read exactly, and how many with look-alikes counted as equal."""

    n_plates: int
    n_exact: int
    n_folded: int


def read_labels(folder: Path) -> dict[str, list[str]]:
    """Plates by picture from labels.csv (columns image, plate), corrected by errata.csv (image, label, plate).

    Empty where there is no labels.csv or it has other columns; a row with an empty cell says nothing.

    Raises MalformedError when one of them is no CSV in UTF-8.
    """
    labels: defaultdict[str, list[str]] = defaultdict(list)
    for row in _rows(folder / "labels.csv", {"image", "plate"}):
        labels[row["image"]].append(row["plate"])
    for row in _rows(folder / "errata.csv", {"image", "label", "plate"}):
        plates = labels.get(row["image"], [])
        if row["label"] in plates:
            plates[plates.index(row["label"])] = row["plate"]
    return dict(labels)


def _rows(path: Path, columns: set[str]) -> list[dict[str, str]]:
    if not path.is_file():
        return []
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            known = columns <= set(reader.fieldnames or ())
            return [row for row in reader if all(row[name] for name in columns)] if known else []
    except (UnicodeDecodeError, csv.Error) as error:
        raise MalformedError(
            "not_csv", f"{path} is no CSV in UTF-8", remedy="save it as such, or take it out of the folder"
        ) from error


def measure(connection: Connection, drop_ids: list[int], labels: dict[str, list[str]]) -> Accuracy:
    """Compare each labelled picture's best reads, as many as it has labels, with the labels.

    Pictures are found by the file names in the drops' receipts.
    """
    capture, read = schema.capture.c, schema.read.c
    n_exact = n_folded = 0
    for drop_id in drop_ids:
        receipt = connection.execute(select(schema.drop.c.receipt).where(schema.drop.c.drop_id == drop_id)).scalar_one()
        files = {name: sha256 for name, (_, sha256) in receipt["files"].items() if name in labels}
        rows = connection.execute(
            select(capture.image_sha256, read.plate, read.rank)
            .join(schema.read, (read.day == capture.day) & (read.capture_id == capture.capture_id))
            .where(capture.drop_id == drop_id, read.version_id == capture.current_version)
            .order_by(read.rank)
        )
        by_image: defaultdict[str, list[str]] = defaultdict(list)
        for row in rows:
            by_image[row.image_sha256].append(row.plate)
        for name, sha256 in files.items():
            best = by_image[sha256][: len(labels[name])]
            n_exact += sum(plate in best for plate in labels[name])
            folded = [fold(plate) for plate in best]
            n_folded += sum(fold(plate) in folded for plate in labels[name])
    return Accuracy(sum(map(len, labels.values())), n_exact, n_folded)
