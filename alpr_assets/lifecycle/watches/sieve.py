"""Many patterns against many plates at once, in numpy.

Here: which of the distinct plates are whose pattern's. Not here: conditions of a watch (`matching`), one plate (`patterns`).

Method: for each place from the front, each from the back, and each pair of neighbours, one bit a plate says whether the plate has
this character there. A pattern is an AND over what it knows, some kilobytes each; what is left is checked character by character,
all pairs at once, by a machine of one bit a token (Shift-And). Measured by benchmarks/watches.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from alpr_assets.lifecycle.lookalikes import ALPHABET
from alpr_assets.lifecycle.watches.patterns import GAP, Pattern
from alpr_assets.store.schema import MAX_PLATE

Bits = NDArray[np.uint8]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
States = NDArray[np.uint32]

_KNOWN: Final = {character: number for number, character in enumerate(ALPHABET)}
_CHUNK: Final = 50_000  # distinct plates at once: bounds the memory


def match_patterns(patterns: Sequence[Pattern], plates: Sequence[str]) -> tuple[Ints, Ints]:
    """Pairs (pattern number, plate number) where the plate is one of the pattern's, by pattern and then plate.

    Parameters
    ----------
    plates : normalised and distinct; one longer than a plate can be matches nothing
    """
    machine = _Machine.of(patterns)
    found = []
    for first in range(0, len(plates), _CHUNK):
        codes = _codes(plates[first : first + _CHUNK])
        known = _Known(codes)
        kept = [np.flatnonzero(np.unpackbits(known.may_match(p), count=len(codes.lengths))) for p in patterns]
        pattern = np.repeat(np.arange(len(patterns)), [len(some) for some in kept])
        plate = np.concatenate([*kept, np.zeros(0, np.int64)])
        right = machine.accepts(pattern, codes.numbers[plate], codes.lengths[plate])
        found.append((pattern[right], plate[right] + first))
    pattern = np.concatenate([one for one, _ in found] or [np.zeros(0, np.int64)])
    plate = np.concatenate([other for _, other in found] or [np.zeros(0, np.int64)])
    order = np.lexsort((plate, pattern))
    return pattern[order].astype(np.int64), plate[order].astype(np.int64)


@dataclass(frozen=True, slots=True)
class _Codes:
    """Plates as rows of numbers in ALPHABET; -1 behind their end."""

    numbers: NDArray[np.int8]  # (n, MAX_PLATE)
    lengths: Ints  # (n,)


def _codes(plates: Sequence[str]) -> _Codes:
    table = np.full(256, -1, np.int8)
    table[np.frombuffer(ALPHABET.encode(), np.uint8)] = np.arange(len(ALPHABET))
    # A plate that is too long, or holds what no plate does, is made one that no pattern means.
    spelt = [plate if len(plate) <= MAX_PLATE and plate.isascii() else "" for plate in plates]
    raw = np.array(spelt, dtype=f"S{MAX_PLATE}").view(np.uint8).reshape(len(spelt), MAX_PLATE)
    return _Codes(table[raw], np.fromiter(map(len, spelt), np.int64, len(spelt)))


class _Known:
    """Which plates have which character where, a bit a plate; made when first asked for."""

    def __init__(self, codes: _Codes) -> None:
        self._lengths = codes.lengths
        self._made: dict[tuple[str, int, str], Bits] = {}
        back = np.full_like(codes.numbers, -1)
        rows, columns = np.nonzero(codes.numbers >= 0)
        back[rows, codes.lengths[rows] - 1 - columns] = codes.numbers[rows, columns]
        self._sides = {"front": np.ascontiguousarray(codes.numbers.T), "back": np.ascontiguousarray(back.T)}
        rows, columns = np.nonzero(codes.numbers[:, 1:] >= 0)
        pairs = codes.numbers[rows, columns].astype(np.int64) * len(ALPHABET) + codes.numbers[rows, columns + 1]
        order = np.argsort(pairs, kind="stable")
        self._pairs, self._pair_rows = pairs[order], rows[order]

    def may_match(self, pattern: Pattern) -> Bits:
        """Bits of the plates that have what the pattern knows: all that match, and perhaps more."""
        tokens = pattern.tokens
        if GAP not in tokens:
            return self._all("length", len(tokens), self._anchored("front", tokens))
        first, last = tokens.index(GAP), len(tokens) - 1 - tokens[::-1].index(GAP)
        parts = [*self._anchored("front", tokens[:first]), *self._anchored("back", tokens[:last:-1])]
        parts += [
            self._any("pair", 0, (a + b for a in one for b in other))
            for one, other in pairwise(tokens[first + 1 : last])
            if one and other and len(one) * len(other) <= len(ALPHABET)
        ]
        return self._all("least", max(sum(token != GAP for token in tokens), 1), parts)

    def _all(self, where: str, length: int, parts: list[Bits]) -> Bits:
        kept = self._bits(where, length, "").copy()
        for part in parts:
            kept &= part
        return kept

    def _anchored(self, side: str, tokens: Sequence[str]) -> list[Bits]:
        return [self._any(side, at, token) for at, token in enumerate(tokens) if token != ALPHABET]

    def _any(self, where: str, at: int, alternatives: Iterable[str]) -> Bits:
        bits: Bits = np.bitwise_or.reduce([self._bits(where, at, one) for one in alternatives])
        return bits

    def _bits(self, where: str, at: int, what: str) -> Bits:
        key = (where, at, what)
        if key not in self._made:
            self._made[key] = np.packbits(self._has(where, at, what))
        return self._made[key]

    def _has(self, where: str, at: int, what: str) -> Bools:
        has: Bools
        if where == "length":
            has = self._lengths == at
        elif where == "least":
            has = self._lengths >= at
        elif where == "pair":
            wanted = _KNOWN[what[0]] * len(ALPHABET) + _KNOWN[what[1]]
            first, end = np.searchsorted(self._pairs, [wanted, wanted + 1])
            has = np.zeros(len(self._lengths), np.bool_)
            has[self._pair_rows[first:end]] = True
        else:
            has = self._sides[where][at] == _KNOWN[what]
        return has


@dataclass(frozen=True, slots=True)
class _Machine:
    """Patterns as machines of one bit a token: bit t is set while the first t characters' tokens have matched."""

    moves: States  # (n, 36): bit t + 1 where the t-th place allows the character
    stays: States  # (n,): bit t where a gap stands before the t-th place
    ends: States  # (n,): the bit of a whole match

    @classmethod
    def of(cls, patterns: Sequence[Pattern]) -> _Machine:
        moves = np.zeros((len(patterns), len(ALPHABET)), np.uint32)
        stays, ends = np.zeros(len(patterns), np.uint32), np.zeros(len(patterns), np.uint32)
        for number, pattern in enumerate(patterns):
            place = 0
            for token in pattern.tokens:
                if token == GAP:
                    stays[number] |= np.uint32(1 << place)
                    continue
                place += 1
                moves[number, [_KNOWN[character] for character in token]] |= np.uint32(1 << place)
            ends[number] = np.uint32(1 << place)
        return cls(moves, stays, ends)

    def accepts(self, pattern: Ints, numbers: NDArray[np.int8], lengths: Ints) -> Bools:
        """(n,) whether the plate of each pair is one of its pattern's."""
        state = np.ones(len(pattern), np.uint32)
        for column in range(int(lengths.max(initial=0))):
            character = numbers[:, column]
            after = ((state << np.uint32(1)) & self.moves[pattern, character]) | (state & self.stays[pattern])
            state = np.where(column < lengths, np.where(character >= 0, after, 0), state).astype(np.uint32)
        accepted: Bools = (state & self.ends[pattern]) != 0
        return accepted & (lengths > 0)
