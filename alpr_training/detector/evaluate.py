"""How good an exported detector is on labelled pictures it has not learned from.

Here: found by the best one and the best three boxes, false boxes, corners against the box, milliseconds.
`python -m alpr_training.detector.evaluate MODEL --data FOLDER [--size 960x544]`. `us_frames` is for judging only: nothing
may be chosen by it, so it is asked for rarely and by name.
"""

import argparse
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from alpr_training.detector.finder import Finder, Found, distinct, iou
from alpr_training.detector.frames import read_labels
from alpr_training.detector.grid import Floats

FITS = (0.3, 0.5, 0.7)
TOPS = (1, 3, 10)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One labelled plate: the boxes in its picture, best first, the IoU of each with it, and with any plate there."""

    name: str
    found: list[Found]
    fits: list[float]
    any_fits: list[float]

    def best(self, top: int) -> float:
        return max(self.fits[:top], default=0.0)


def read_pictures(folder: Path, split: str) -> Iterator[tuple[str, list[Floats]]]:
    """Name and boxes of each picture; `us_frames` has one box a row and no splits."""
    with (folder / "labels.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    if "split" in rows[0]:
        yield from ((name, list(boxes)) for name, boxes in sorted(read_labels(folder, split).items()))
        return
    for row in rows:
        x, y, width, height = (float(row[key]) for key in ("x", "y", "width", "height"))
        yield row["image"], [np.array([x, y, x + width, y + height], np.float32)]


def judge(finder: Finder, folder: Path, split: str, sizes: list[tuple[int, int]]) -> list[Outcome]:
    """One outcome a labelled plate. In pictures with several, a box of another plate is not in the way."""
    outcomes = []
    for name, boxes in read_pictures(folder, split):
        grey = cv2.imread(str(folder / name), cv2.IMREAD_GRAYSCALE)
        found = distinct([one for size in sizes for one in finder.find(grey, *size)])
        fits = np.array([[iou(one.box, box) for one in found] for box in boxes]).reshape(len(boxes), len(found))
        for n in range(len(boxes)):
            other = np.delete(fits, n, 0).max(0, initial=0) >= FITS[0]
            mine = [i for i in range(len(found)) if not other[i]]
            outcomes.append(
                Outcome(name, [found[i] for i in mine], [fits[n, i] for i in mine], [fits[:, i].max() for i in mine])
            )
    return outcomes


def report(outcomes: list[Outcome]) -> list[str]:
    """Lines for people."""
    n = len(outcomes)
    lines = [
        f"top {top}: " + "  ".join(f"IoU {fit} {sum(o.best(top) >= fit for o in outcomes)}/{n}" for fit in FITS)
        for top in TOPS
    ]
    for score in (0.1, 0.2, 0.3, 0.4, 0.5):
        right = sum(
            any(f.score >= score and fit >= FITS[0] for f, fit in zip(o.found, o.fits, strict=True)) for o in outcomes
        )
        false = {
            (o.name, *f.box)
            for o in outcomes
            for f, fit in zip(o.found, o.any_fits, strict=True)
            if f.score >= score and fit < FITS[0]
        }
        n_pictures = len({o.name for o in outcomes})
        lines.append(f"score {score}: found {right}/{n}, false boxes a picture {len(false) / n_pictures:.2f}")
    hit = [(o.found[i], o.fits[i]) for o in outcomes if o.fits and o.fits[i := int(np.argmax(o.fits))] >= FITS[1]]
    if hit:
        hull = [iou(np.concatenate([f.corners.min(0), f.corners.max(0)]), f.box) for f, _ in hit]
        lines.append(f"IoU of a found box with its plate: median {np.median([fit for _, fit in hit]):.3f}")
        lines.append(f"IoU of the corners' upright box with it: median {np.median(hull):.3f}, least {min(hull):.3f}")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m alpr_training.detector.evaluate", description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/road_frames"))
    parser.add_argument("--split", default="valid")
    parser.add_argument("--size", action="append", help="WIDTHxHEIGHT the picture is fitted into; several are merged")
    parser.add_argument("--misses", action="store_true", help="name the pictures whose best box is wrong")
    asked = parser.parse_args()
    cv2.setNumThreads(1)
    finder = Finder(asked.model)
    sides = [size.split("x") for size in asked.size or ["960x544"]]
    sizes = [(int(width), int(height)) for width, height in sides]
    outcomes = judge(finder, asked.data, asked.split, sizes)
    print(f"{asked.model.name} on {asked.data.name}, {sizes}: {np.median(finder.seconds) * 1000:.1f} ms a pass")
    print("\n".join(report(outcomes)))
    if asked.misses:
        for outcome in outcomes:
            if outcome.best(1) < FITS[1]:
                print(
                    outcome.name, [f"{f:.2f}" for f in outcome.fits[:5]], [f"{o.score:.2f}" for o in outcome.found[:5]]
                )


if __name__ == "__main__":
    main()
