"""Real road scenes: the labelled frames, each with a copy whose plates are painted out.

Here: reading `road_frames` (labels.csv: image, split, xmin, ymin, xmax, ymax). Not here: what is put into the scenes.
Only the `train` split may teach; `valid` chooses.
"""

import csv
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]

SUSPECTS = Path(__file__).with_name("suspects.csv")


def _no_boxes() -> NDArray[np.float32]:
    return np.zeros((0, 4), np.float32)


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame.

    name : the file's
    pixels, empty : (H, W, 3) uint8 BGR, as taken and with its plates painted out
    pixels_half, empty_half : the same at half the size, for warps that make smaller
    boxes : (n, 4) float32 x0, y0, x1, y1 in pixels
    unsure : (m, 4) boxes that are probably plates without a label; painted out of `empty` as well
    decoys : (k, 4) boxes that look like plates and are none
    """

    name: str
    pixels: Pixels
    empty: Pixels
    pixels_half: Pixels
    empty_half: Pixels
    boxes: NDArray[np.float32]
    unsure: NDArray[np.float32] = field(default_factory=_no_boxes)
    decoys: NDArray[np.float32] = field(default_factory=_no_boxes)


def read_labels(folder: Path, split: str) -> dict[str, NDArray[np.float32]]:
    """Boxes (n, 4) by file name, of one split."""
    rows: dict[str, list[list[float]]] = {}
    with (folder / "labels.csv").open(newline="") as lines:
        for row in csv.DictReader(lines):
            if row["split"] == split:
                box = [float(row[key]) for key in ("xmin", "ymin", "xmax", "ymax")]
                rows.setdefault(row["image"], []).append(box)
    return {name: np.array(boxes, np.float32) for name, boxes in rows.items()}


def read_suspects(path: Path = SUSPECTS) -> dict[str, dict[str, NDArray[np.float32]]]:
    """Boxes (n, 4) by file name and kind, `plate` or `none`; see `suspects`."""
    rows: dict[str, dict[str, list[list[float]]]] = {}
    with path.open(newline="") as lines:
        for row in csv.DictReader(lines):
            box = [float(row[key]) for key in ("xmin", "ymin", "xmax", "ymax")]
            rows.setdefault(row["image"], {"plate": [], "none": []})[row["kind"]].append(box)
    return {
        name: {kind: np.array(boxes, np.float32).reshape(-1, 4) for kind, boxes in kinds.items()}
        for name, kinds in rows.items()
    }


def read_frames(folder: Path, split: str, limit: int | None = None, step: slice = slice(None)) -> list[Frame]:
    """The frames of one split, at most `limit`, or those of one `step` through it; a frame takes some 7 MB of memory."""
    rng = np.random.default_rng(5)
    suspects = read_suspects()
    nothing = {"plate": _no_boxes(), "none": _no_boxes()}
    labels = sorted(read_labels(folder, split).items())[step][:limit]
    frames = []
    for name, boxes in labels:
        pixels = cv2.imread(str(folder / name))
        if pixels is None:
            raise FileNotFoundError(folder / name)
        kinds = suspects.get(name, nothing)
        empty = painted_out(pixels, np.concatenate([boxes, kinds["plate"]]), rng)
        halves = _half(pixels), _half(empty)
        frames.append(Frame(name, pixels, empty, *halves, boxes, kinds["plate"], kinds["none"]))
    return frames


def invented_frames(n: int, rng: np.random.Generator) -> list[Frame]:
    """Stand-ins of soft noise with one box each, for a trial run where the real frames are not at hand."""
    frames = []
    for i in range(n):
        noise = rng.integers(0, 256, (45, 80, 3), np.uint8)
        pixels = cv2.resize(noise, (1280, 720), interpolation=cv2.INTER_CUBIC)
        box = np.array([(600, 400, 700, 424)], np.float32)
        frames.append(Frame(f"invented {i}", pixels, pixels, _half(pixels), _half(pixels), box))
    return frames


def painted_out(pixels: Pixels, boxes: NDArray[np.float32], rng: np.random.Generator) -> Pixels:
    """A copy without the plates: surroundings drawn in, with the camera's noise so that no smooth patch tells."""
    empty = pixels.copy()
    height, width = pixels.shape[:2]
    for x0, y0, x1, y1 in boxes:
        margin_x, margin_y, rim = int((x1 - x0) * 0.06 + 3), int((y1 - y0) * 0.25 + 3), 8
        left, top = max(0, int(x0) - margin_x - rim), max(0, int(y0) - margin_y - rim)
        right, bottom = min(width, int(x1) + margin_x + rim), min(height, int(y1) + margin_y + rim)
        patch = empty[top:bottom, left:right]
        hole = np.zeros(patch.shape[:2], np.uint8)
        hole[rim:-rim, rim:-rim] = 255
        # At half the size: four times faster, and streaks come out softer.
        small_hole = cv2.resize(hole, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_NEAREST)
        small = cv2.resize(patch, small_hole.shape[::-1], interpolation=cv2.INTER_AREA)
        filled = cv2.resize(cv2.inpaint(small, small_hole, 3, cv2.INPAINT_TELEA), patch.shape[1::-1])
        noisy = filled.astype(np.int16) + rng.integers(-3, 4, filled.shape)
        patch[hole > 0] = np.clip(noisy, 0, 255).astype(np.uint8)[hole > 0]
    return empty


def _half(pixels: Pixels) -> Pixels:
    return cv2.resize(pixels, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
