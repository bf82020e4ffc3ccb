"""The state from the plate's own words: the strips above and below the serial, read by PP-OCRv6's reader.

Here: cutting the strips out, running the reader, weighing names and slogans. Not here: which words are whose (`regions`).
The weights are the `rapidocr` wheel's, run directly: PaddleOCR itself would take seconds to import.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alpr_assets.lifecycle.recognition import weights
from alpr_assets.lifecycle.recognition.nets import Net
from alpr_assets.lifecycle.recognition.rectifying import Corners, Pixels, part, rectified
from alpr_assets.lifecycle.recognition.regions import WORDS
from alpr_assets.lifecycle.recognition.spotting import LETTERS, Spotter

MIN_WIDTH = 90  # pixels of a plate in the picture; below, its words are under 6 pixels high
SIZE = (192, 48)  # of a strip
# Shares of the plate's width and height. Left and right of the upper one are stickers.
Strip = tuple[tuple[float, float], tuple[float, float]]
STRIPS: tuple[Strip, Strip] = (((0.12, 0.88), (0.0, 0.27)), ((0.1, 0.9), (0.76, 1.0)))
ENOUGH = 0.9  # probability from the upper strip alone with which the lower one is not read
# Fitted on 832 drawn plates of 85 pixels and more. A letter of a phrase is worth PER_LETTER when it is read without doubt;
# what the best phrase's state is worth, and its lead over the next state, make the probability that it is the one.
PER_LETTER = 1.6
INTERCEPT, PER_POINT, PER_LEAD = -2.36, 0.115, 0.626
MAX_POINTS, MAX_LEAD = 12.0, 8.0
LEAST = 0.5  # less probable than not: no answer


class StateReader:
    """Reads states. Raises RecognitionError where the wheel's weights are missing or altered."""

    def __init__(self) -> None:
        path = weights.locate(weights.READER)
        weights.verify(path, weights.READER.sha256)
        self._net = Net(path.read_bytes())
        # A class a character, after blank; the reader's last class is the space.
        characters = self._net.metadata["character"].split("\n")
        self._columns = np.array([[characters.index(c) + 1, characters.index(c.lower()) + 1] for c in LETTERS])
        self._spotter = Spotter(tuple(WORDS))
        self._codes = tuple(sorted(set(WORDS.values())))
        self._members = [np.array([state == code for state in WORDS.values()]) for code in self._codes]

    def states(self, pixels: Pixels, quads: Sequence[Corners]) -> list[tuple[str, float] | None]:
        """The state named on each plate with the probability that it is the one; None where none is read.

        Most plates name it above the serial: only where that leaves a doubt is the strip below read as well.
        """
        points = self._points(pixels, quads, STRIPS[0])
        answers = [self._answer(of_plate) for of_plate in points]
        doubtful = [i for i, answer in enumerate(answers) if answer is None or answer[1] < ENOUGH]
        below = self._points(pixels, [quads[i] for i in doubtful], STRIPS[1])
        for i, of_plate in zip(doubtful, below, strict=True):
            answers[i] = self._answer(np.maximum(points[i], of_plate))
        return answers

    def _points(self, pixels: Pixels, quads: Sequence[Corners], strip: Strip) -> NDArray[np.floating[Any]]:
        """(plates, phrases): what each phrase is worth in one strip of each plate."""
        if not quads:
            return np.zeros((0, len(self._spotter.phrases)))
        crops = [rectified(pixels, part(quad, *strip), SIZE) for quad in quads]
        x = np.stack(crops).transpose(0, 3, 1, 2).astype(np.float32) / 127.5 - 1
        letters = self._net(x)[:, :, self._columns].sum(axis=3)
        blank = np.maximum(1 - letters.sum(axis=2, keepdims=True), 0)
        scores = self._spotter.scores(np.concatenate([blank, letters], axis=2))
        return np.asarray(scores + PER_LETTER * self._spotter.lengths)

    def _answer(self, points: NDArray[np.floating[Any]]) -> tuple[str, float] | None:
        """The best state of one plate, from each phrase's points."""
        by_state = np.array([points[members].max() for members in self._members])
        first, second = np.argsort(-by_state)[:2]
        lead = float(by_state[first] - by_state[second])
        logit = INTERCEPT + PER_POINT * min(float(by_state[first]), MAX_POINTS) + PER_LEAD * min(lead, MAX_LEAD)
        probability = 1 / (1 + math.exp(-logit))
        return (self._codes[first], probability) if probability >= LEAST else None
