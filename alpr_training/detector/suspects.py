"""Boxes in the training frames that nobody labelled, though an earlier network took them for plates.

Here: how the file `suspects.csv` is made; `frames` reads it. Looked through by eye: from a score of 0.45 up most are plates that
the labels lack (kind `plate`); below, and some above, they are lamps, signs, lettering and empty recesses (`none`).
The first must not be taught as background, the second are the hardest background there is.
"""

import csv
from pathlib import Path

import cv2

from alpr_training.detector.finder import Finder
from alpr_training.detector.frames import Frame
from alpr_training.detector.grid import Floats

SCALES = (1.0, 0.5)
MIN_SCORE, PLATE_SCORE = 0.3, 0.45


def find_suspects(finder: Finder, frames: list[Frame]) -> list[tuple[str, Floats, str]]:
    """Image, box and first guess at the kind, of what the network sees where the labelled plates are painted out."""
    rows: list[tuple[str, Floats, str]] = []
    for frame in frames:
        grey = cv2.cvtColor(frame.empty, cv2.COLOR_BGR2GRAY)
        for scale in SCALES:
            found = finder.find(grey, round(grey.shape[1] * scale), round(grey.shape[0] * scale))
            rows += [
                (frame.name, one.box, "plate" if one.score >= PLATE_SCORE else "none")
                for one in found
                if one.score >= MIN_SCORE
            ]
    return rows


def write_suspects(path: Path, rows: list[tuple[str, Floats, str]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("image", "xmin", "ymin", "xmax", "ymax", "kind"))
        writer.writerows((name, *(f"{v:.0f}" for v in box), kind) for name, box, kind in rows)
