"""Is one of these phrases in the text? Scores for known phrases straight from a text reader's probabilities.

Here: numpy only, no model. Not here: whose phrases they are (`regions`), where the probabilities come from.
A phrase may begin and end anywhere in the text. It is compared with the best text of the same steps: the score is the
logarithm of the phrase's best alignment over that, 0 where the phrase is exactly what is read, less for each doubt.
A blurred word that the reader spells wrongly may still be far likelier one phrase than any other.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
LEAST = 1e-6  # below, a letter is as good as absent

_NEVER = -1e9


class Spotter:
    """Known phrases, A–Z without spaces, ready for scoring."""

    def __init__(self, phrases: Sequence[str]) -> None:
        self.phrases = tuple(phrases)
        self.lengths = np.array([len(phrase) for phrase in phrases])
        # As in CTC: letters with a blank between each two, which may be skipped unless the two are the same.
        width = 2 * int(self.lengths.max()) - 1
        self._classes = np.zeros((len(phrases), width), np.int64)
        self._skip = np.full((len(phrases), width), _NEVER, np.float32)
        for row, phrase in enumerate(phrases):
            for i, letter in enumerate(phrase):
                self._classes[row, 2 * i] = LETTERS.index(letter) + 1
                if i and phrase[i - 1] != letter:
                    self._skip[row, 2 * i] = 0
        self._last = (np.arange(len(phrases)), 2 * self.lengths - 2)

    def scores(self, probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
        """Score every phrase in every text.

        Parameters
        ----------
        probabilities : (texts, steps, 27): blank (and whatever is no letter), then A–Z in either case

        Returns
        -------
        (texts, phrases), at most 0
        """
        logs = np.log(np.maximum(probabilities, LEAST))
        logs -= logs.max(axis=2, keepdims=True)
        n_texts, n_steps, _ = logs.shape
        state = np.full((n_texts, *self._classes.shape), _NEVER, np.float32)
        best = np.full((n_texts, len(self.phrases)), _NEVER, np.float32)
        for step in range(n_steps):
            reached = state.copy()
            np.maximum(reached[:, :, 1:], state[:, :, :-1], out=reached[:, :, 1:])
            np.maximum(reached[:, :, 2:], state[:, :, :-2] + self._skip[:, 2:], out=reached[:, :, 2:])
            np.maximum(reached[:, :, 0], 0, out=reached[:, :, 0])
            state = reached + logs[:, step][:, self._classes]
            np.maximum(best, state[:, *self._last], out=best)
        return best
