"""How well a read explains a partial plate: the probability that the plate in the picture is one that the pattern means.

Here: the model, many reads at once. Not here: which reads, patterns themselves (`lifecycle.watches.patterns`).

Model, for a read with characters a₁…aₗ of confidences p₁…pₗ, and candidates of confidences q (the read's own string first):

    P = (1 − ε) · (Σ q over candidates that match + R · S) + ε · (F + L) / 2

R   what the candidates leave: 1 − Σ q, not below 0
S   the probability that a string other than the read one matches, its characters independent: the i-th is aᵢ with pᵢ, a look-alike
    of it with `alike_share` of the rest, in equal parts, and any other with what is left, in equal parts
F,L the same with one unknown character before, or behind: the plate's edge was cut off; ε is `lost_character`

The probability over all strings is exact, `*` included: the pattern becomes a deterministic machine, and what is summed is the
probability of ending in one of its accepting states.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alpr_assets.lifecycle.lookalikes import ALPHABET, GROUPS
from alpr_assets.lifecycle.watches.patterns import GAP, Pattern
from alpr_assets.policy import Policy

Floats = NDArray[np.float64]

_NUMBER: Final = {character: number for number, character in enumerate(ALPHABET)}
_LEAST: Final = 1e-6  # confidences of exactly 0 and 1 are rounded ones
_CHUNK: Final = 20_000  # reads at once: bounds the memory


@dataclass(frozen=True, slots=True)
class Explainer:
    """One pattern made ready for many reads."""

    pattern: Pattern
    alike_share: float
    lost_character: float
    _ways: dict[int, list[list[tuple[int, int, Floats]]]] = field(default_factory=dict)

    @classmethod
    def of(cls, pattern: Pattern, policy: Policy) -> Explainer:
        """With the policy's figures."""
        return cls(pattern, policy.search.alike_share, policy.search.lost_character)

    def probability(self, reads: pd.DataFrame) -> Floats:
        """(n,) probabilities, 0–1.

        Parameters
        ----------
        reads : DataFrame (n, ≥ 4): plate, confidence, characters ([[character, confidence], …]), candidates
            ([[plate, confidence], …]); where the characters do not spell the plate, each has the confidence's share
        """
        parts = [self._some(reads.iloc[first : first + _CHUNK]) for first in range(0, len(reads), _CHUNK)]
        return np.concatenate([*parts, np.zeros(0)])

    def _some(self, reads: pd.DataFrame) -> Floats:
        plates: list[str] = reads["plate"].tolist()
        matched, listed = self._candidates(plates, reads["confidence"].tolist(), reads["candidates"].tolist())
        substituted, cut = np.zeros(len(plates)), np.zeros(len(plates))
        lengths = np.fromiter(map(len, plates), np.int64, len(plates))
        confidences, characters = reads["confidence"].to_numpy(np.float64), reads["characters"].tolist()
        for length in np.unique(lengths[lengths > 0]).tolist():
            rows = np.flatnonzero(lengths == length)
            known = _confidences(plates, characters, confidences, rows, length)
            spread = self._spread([plates[row] for row in rows], known)
            own = known.prod(axis=1)
            itself = np.fromiter((self.pattern.matches(plates[row]) for row in rows), np.float64, len(rows))
            substituted[rows] = np.clip((self._accepted(spread) - itself * own) / (1 - own), 0, 1)
            unknown = np.full((len(rows), 1, len(ALPHABET)), 1 / len(ALPHABET))
            before, behind = np.concatenate([unknown, spread], axis=1), np.concatenate([spread, unknown], axis=1)
            cut[rows] = (self._accepted(before) + self._accepted(behind)) / 2
        whole = matched + np.clip(1 - listed, 0, 1) * substituted
        explained: Floats = np.clip((1 - self.lost_character) * whole + self.lost_character * cut, 0, 1)
        return explained

    def _candidates(self, plates: list[str], confidences: list[float], candidates: list[Any]) -> tuple[Floats, Floats]:
        """(n,) the confidence of the candidates that match, and of all; a read's own string counts once."""
        meant: dict[str, bool] = {}
        matched, listed = np.zeros(len(plates)), np.zeros(len(plates))
        for row, (plate, confidence, others) in enumerate(zip(plates, confidences, candidates, strict=True)):
            known = {plate: confidence} | {other: share for other, share in others or () if other != plate}
            for text, share in known.items():
                if text not in meant:
                    meant[text] = self.pattern.matches(text)
                listed[row] += share
                matched[row] += share * meant[text]
        over = np.maximum(listed, 1)  # rounded confidences may sum to a little above 1
        return matched / over, listed / over

    def _spread(self, plates: Sequence[str], known: Floats) -> Floats:
        """(n, length, 36) the probability of each character in each place."""
        numbers = np.array([[_NUMBER[character] for character in plate] for plate in plates])
        spread: Floats = (1 - known)[..., None] * _others(self.alike_share)[numbers]
        np.put_along_axis(spread, numbers[..., None], known[..., None], axis=2)
        return spread

    def _accepted(self, spread: Floats) -> Floats:
        """(n,) the probability that strings so distributed match."""
        n, length, _ = spread.shape
        if length not in self._ways:
            self._ways[length] = _ways(self.pattern, length)
        at = np.ones((n, 1))
        for place, edges in enumerate(self._ways[length]):
            if not edges:
                return np.zeros(n)
            reached = np.zeros((n, 1 + max(to for _, to, _ in edges)))
            chances = spread[:, place] @ np.stack([allowed for _, _, allowed in edges], axis=1)
            for number, (start, to, _) in enumerate(edges):
                reached[:, to] += at[:, start] * chances[:, number]
            at = reached
        accepted: Floats = at.sum(axis=1)
        return accepted


def _ways(pattern: Pattern, length: int) -> list[list[tuple[int, int, Floats]]]:
    """For each place of a string of this length: edges (state before, state after, (36,) 1 where the character leads there).

    States are sets of places in the pattern, numbered anew in each place; those from which nothing accepts any more are left out.
    """
    places = [token for token in pattern.tokens if token != GAP]
    stays, number = 0, 0
    for token in pattern.tokens:
        if token == GAP:
            stays |= 1 << number
        else:
            number += 1
    end = 1 << len(places)
    allowed = [
        sum(1 << (place + 1) for place, token in enumerate(places) if character in token) for character in ALPHABET
    ]
    whole = end if stays & end else 0  # behind the last gap anything may follow: one state stands for all
    layers: list[dict[int, dict[int, list[int]]]] = []
    states = {1}
    for _ in range(length):
        layer: dict[int, dict[int, list[int]]] = {}
        for state in states:
            for character, moves in enumerate(allowed):
                after = ((state << 1) & moves) | (state & stays)
                if after:
                    layer.setdefault(state, {}).setdefault(whole if after & whole else after, []).append(character)
        layers.append(layer)
        states = {after for edges in layer.values() for after in edges}
    alive = {state for state in states if state & end}
    ways: list[list[tuple[int, int, Floats]]] = []
    for layer in reversed(layers):
        numbers = {state: index for index, state in enumerate(sorted(alive))}
        before = sorted(state for state, edges in layer.items() if any(after in alive for after in edges))
        ways.append([
            (start, numbers[after], np.isin(np.arange(len(ALPHABET)), characters).astype(np.float64))
            for start, state in enumerate(before)
            for after, characters in layer[state].items()
            if after in alive
        ])  # fmt: skip
        alive = set(before)
    return ways[::-1]


def _confidences(plates: list[str], characters: list[Any], confidences: Floats, rows: Any, length: int) -> Floats:
    """(n, length) the confidence of each character of these rows."""
    known = np.repeat(np.clip(confidences[rows], 0, 1)[:, None] ** (1 / length), length, axis=1)
    for number, row in enumerate(rows):
        spelt = characters[row] or ()
        if "".join(character for character, _ in spelt) == plates[row]:
            known[number] = [confidence for _, confidence in spelt]
    return np.clip(known, _LEAST, 1 - _LEAST)


def _others(alike_share: float) -> Floats:
    """(36, 36) of a wrong character: which one is right instead, given the one that was read; rows sum to 1."""
    table = np.zeros((len(ALPHABET), len(ALPHABET)))
    for read, row in enumerate(table):
        group = next((group for group in GROUPS if ALPHABET[read] in group), ALPHABET[read])
        alike = [_NUMBER[other] for other in group if other != ALPHABET[read]]
        share = alike_share if alike else 0.0
        row[:] = (1 - share) / (len(ALPHABET) - 1 - len(alike))
        row[alike] = share / max(len(alike), 1)
        row[read] = 0
    return table
