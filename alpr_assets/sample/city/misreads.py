"""Misreads: how a plate is misread, how often, and how sure the reader says it was.

Here: each plate's own few wrong spellings, the draw of what one picture says, and confidences. Not here: which pictures are taken.
A dirty, bent or framed plate is misread in the same way again and again, so a plate has its own wrong spellings.

Source: the 483 American plates of the recognition benchmark as the recogniser that is shipped read them. 445 exactly; of the 38
others 31 with look-alikes only, O for 0 foremost, the rest with one other character or a cut one. Confidences by its quantiles.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from alpr_assets.lifecycle.lookalikes import ALPHABET, GROUPS
from alpr_assets.sample.city.roads import Flags, Floats, Ints

Spellings: TypeAlias = NDArray[np.uint8]
"""(…, WIDTH) ASCII codes, zeros behind the last character."""

WIDTH: Final = 8
MISREAD: Final = 38 / 483
N_WRONG: Final = 4
_WRONG_SHARES: Final = np.array([0.55, 0.25, 0.12, 0.08])  # how often each of a plate's wrong spellings is the one
_LOOK_ALIKE, _OTHER, _FIRST_CUT = 0.80, 0.95, 0.975  # cumulative; the rest loses its last character
TRUTH_IS_CANDIDATE: Final = 10 / 12  # of the misread ones that are no O for a 0, those whose candidates hold the truth
FRAME_LIKE_PASS: Final = 0.6  # share of a pass's pictures that fare as the pass does: light and angle are the same

_RIGHT = np.array([0.234, 0.796, 0.923, 0.962, 0.979, 0.987, 0.992, 0.995, 0.997, 0.998, 0.999])
_WRONG = np.array([0.204, 0.386, 0.490, 0.555, 0.679, 0.719, 0.771, 0.792, 0.855, 0.892, 0.902])
_FINE = 4096  # steps of the quantile tables: looked up, not interpolated a read
_RIGHT_TABLE: Final = np.interp(np.arange(_FINE) / (_FINE - 1), np.linspace(0, 1, len(_RIGHT)), _RIGHT).round(4)
_WRONG_TABLE: Final = np.interp(np.arange(_FINE) / (_FINE - 1), np.linspace(0, 1, len(_WRONG)), _WRONG).round(4)

_CODES: Final = np.frombuffer(ALPHABET.encode(), np.uint8)
_SEEN_AS: Final = {
    "E": "BF",
    "A": "4R",
    "J": "I",
    "W": "HM",
    "M": "HN",
    "V": "Y",
    "7": "T",
    "C": "G",
    "P": "R",
    "K": "X",
    "U": "V",
}


def _tables() -> tuple[Spellings, Spellings]:
    """By ASCII code, ten equally likely characters that it is taken for: look-alikes (zeros: it has none), and others."""
    alike, other = np.zeros((128, 10), np.uint8), np.zeros((128, 10), np.uint8)
    for group in GROUPS:
        for character in group:
            # O for 0 and 0 for O are four fifths of what is confused in their group.
            twin = {"0": "O", "O": "0"}.get(character, "")
            rest = [one for one in group if one not in (character, twin)]
            choices = ([twin] * 8 if twin else []) + rest * 10
            alike[ord(character)] = np.frombuffer("".join(choices)[:10].encode(), np.uint8)
    for number, character in enumerate(ALPHABET):
        known = _SEEN_AS.get(character, "")
        group = next((group for group in GROUPS if character in group), character)
        strangers = [ALPHABET[(number + 7 * step) % len(ALPHABET)] for step in range(1, 36)]
        choices = list(known) * (3 if len(known) > 1 else 6) + [one for one in strangers if one not in known + group]
        other[ord(character)] = np.frombuffer("".join(choices)[:10].encode(), np.uint8)
    return alike, other


_ALIKE, _STRANGER = _tables()


def wrong_spellings(rng: np.random.Generator, plates: Spellings) -> Spellings:
    """The spellings that each plate is misread as, (n, N_WRONG, WIDTH): the commonest first, none of them the plate."""
    found = np.repeat(plates[:, None, :], N_WRONG, axis=1)
    for number in range(N_WRONG):
        kind = rng.random(len(plates))
        found[:, number] = _spelt_wrong(rng, plates, kind)
    return found


def _spelt_wrong(rng: np.random.Generator, plates: Spellings, kind: Floats) -> Spellings:
    lengths = (plates > 0).sum(axis=1)
    alike = _ALIKE[plates][:, :, 0] > 0
    by_look = (kind < _LOOK_ALIKE) & alike.any(axis=1)
    candidates = np.where(by_look[:, None], alike, plates > 0)
    at = np.argmax(rng.random(plates.shape) * candidates, axis=1)
    rows = np.arange(len(plates))
    lot = rng.integers(0, 10, len(plates))
    character = plates[rows, at]
    wrong = plates.copy()
    wrong[rows, at] = np.where(by_look, _ALIKE[character, lot], _STRANGER[character, lot])
    long = lengths > 3  # what is cut off a shorter plate leaves no plate
    first = long & (kind >= _OTHER) & (kind < _FIRST_CUT)
    wrong[first] = np.concatenate([plates[first, 1:], np.zeros((int(first.sum()), 1), np.uint8)], axis=1)
    last = long & (kind >= _FIRST_CUT)
    wrong[last] = plates[last]
    wrong[rows[last], lengths[last] - 1] = 0
    return wrong


def draw_misread(rng: np.random.Generator, pass_of_read: Ints, n_passes: int, rate: float) -> Ints:
    """Which wrong spelling each picture shows, 0 to N_WRONG - 1; -1: it is read right. Pictures of one pass fare alike."""
    n = len(pass_of_read)
    lot = np.where(rng.random(n) < FRAME_LIKE_PASS, rng.random(n_passes)[pass_of_read], rng.random(n))
    # Below the rate the lot is uniform again once it is scaled: the same one says which spelling.
    which = np.searchsorted(np.cumsum(_WRONG_SHARES[:-1]), np.minimum(lot / max(rate, 1e-12), 1.0))
    return np.where(lot < rate, which, -1).astype(np.int64)


def draw_confidence(rng: np.random.Generator, right: Flags) -> Floats:
    """The reader's own figure, 0–1, by the quantiles that were measured where it was right and where it was wrong."""
    lot = rng.integers(0, _FINE, len(right))
    return np.where(right, _RIGHT_TABLE[lot], _WRONG_TABLE[lot])


def text(spellings: Spellings) -> NDArray[np.bytes_]:
    """(n, WIDTH) codes as (n) byte strings."""
    found: NDArray[np.bytes_] = np.ascontiguousarray(spellings).view(f"S{WIDTH}").reshape(spellings.shape[:-1])
    return found


def codes(plates: list[str]) -> Spellings:
    """Plates of at most WIDTH characters as (n, WIDTH) codes."""
    return np.array(plates, dtype=f"S{WIDTH}").view(np.uint8).reshape(len(plates), WIDTH)
