"""How many real frames are read exactly: half of a public set of US cars, which is not part of this repository."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from alpr_assets.lifecycle.recognition.paddle import PaddleFactory
from alpr_assets.lifecycle.recognition.pool import executor, recognise_many
from tests.conftest import missing

FRAMES = Path(__file__).parents[4] / "shared" / "data" / "us_frames"


def labels() -> dict[str, str]:
    """Image name → plate, with the labels corrected that their picture plainly contradicts."""
    if not (FRAMES / "labels.csv").is_file():
        missing("the set of real frames, ../shared/data/us_frames")
    plates = {}
    for name in ("labels.csv", "errata.csv"):
        with (FRAMES / name).open(encoding="utf-8", newline="") as file:
            plates |= {
                r["image"]: r["plate"] for r in csv.DictReader(file) if name == "labels.csv" or r["image"] in plates
            }
    return plates


def exact_share(plates: dict[str, str], workers: int, cache: Path) -> float:
    """The share of pictures whose best plate is the labelled one, every character."""
    pictures = [(image, (FRAMES / image).read_bytes) for image in plates]
    with executor(workers, None, PaddleFactory(cache)) as pool:
        outcomes = list(recognise_many(pool, pictures))
    assert not [o.key for o in outcomes if o.error]
    right = sum(bool(o.recognition and o.recognition.plates[:1]) and _top(o) == plates[o.key] for o in outcomes)
    return right / len(plates)


def _top(outcome) -> str:
    return outcome.recognition.plates[0].plate


def test_most_of_every_ninth_frame_is_read_exactly(tmp_path):
    plates = labels()
    every_ninth = {image: plates[image] for image in sorted(plates)[::9]}
    assert exact_share(every_ninth, 1, tmp_path) >= 0.6, "few pictures: a wide margin below the 0.7 of all"


@pytest.mark.long
def test_seventy_percent_of_all_frames_are_read_exactly(tmp_path):
    assert exact_share(labels(), 2, tmp_path) >= 0.70
