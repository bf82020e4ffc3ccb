"""Runs an exported detector over whole pictures, for evaluation and for hard negatives.

Not here: finding plates in operation, which has its own code and must agree with `grid.decode`.
"""

import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from alpr_training.detector.grid import Floats, decode

PAD = 110
MIN_SCORE, SAME_PLATE = 0.03, 0.3


@dataclass(frozen=True, slots=True)
class Found:
    """One plate: score 0 to 1, box (4,) and corners (4, 2) in the picture's pixels."""

    score: float
    box: Floats
    corners: Floats


class Finder:
    """One session on one thread; `seconds` adds up the forward passes, `n` counts them."""

    def __init__(self, path: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self.seconds: list[float] = []

    def find(self, grey: NDArray[np.uint8], width: int, height: int) -> list[Found]:
        """Plates in a picture (H, W), best first; it is fitted into `width` × `height` before."""
        scale = min(width / grey.shape[1], height / grey.shape[0])
        across, down = max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale))
        shrinks = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        canvas = np.full((-(-height // 32) * 32, -(-width // 32) * 32), PAD, np.uint8)
        canvas[:down, :across] = cv2.resize(grey, (across, down), interpolation=shrinks)
        x = ((canvas.astype(np.float32) - 110) / 60)[None, None]
        begun = time.perf_counter()
        answer = self.session.run(None, {"x": x})[0][0]
        self.seconds.append(time.perf_counter() - begun)
        score = 1 / (1 + np.exp(-answer[0]))
        peaks = np.argwhere((score >= cv2.dilate(score, np.ones((3, 3)))) & (score > MIN_SCORE))
        boxes, corners = decode(answer, peaks)
        found = [
            Found(float(score[row, column]), box / scale, quad / scale)
            for (row, column), box, quad in zip(peaks, boxes, corners, strict=True)
        ]
        return distinct(found)


def distinct(found: list[Found]) -> list[Found]:
    """Best first, without those that overlap a better one."""
    kept: list[Found] = []
    for one in sorted(found, key=lambda f: -f.score):
        if all(iou(one.box, other.box) < SAME_PLATE for other in kept):
            kept.append(one)
    return kept


def iou(a: Floats, b: Floats) -> float:
    """Intersection over union of two boxes."""
    overlap = np.clip(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0, None).prod()
    return float(overlap / ((a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod() - overlap + 1e-6))
