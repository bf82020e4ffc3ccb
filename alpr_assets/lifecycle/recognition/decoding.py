"""Per-step probabilities → plate strings: masking, prefix beam, confidence of each character.

Here: numpy only, no model. Not here: where the probabilities come from, serial grammar.
Shapes: T steps (about 8 px of the crop each), C classes of the reader, 37 of ours: blank, 0–9, A–Z.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from alpr_assets.lifecycle.recognition.recogniser import Candidate, Character

if TYPE_CHECKING:
    from collections.abc import Sequence

Probabilities = np.ndarray[Any, np.dtype[np.floating[Any]]]

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
BLANK = 0  # class 0, in the reader's output and in ours
BEAM = 12  # prefixes kept a step
FLOOR = 1e-3  # a character below this at a step is not extended with
N_CANDIDATES = 5
LEAST = 1e-12  # stands for 0 under a logarithm


def text_of(probabilities: Probabilities, classes: Sequence[str]) -> tuple[str, float]:
    """The most probable text of (T, C) step by step, any character, with its characters' mean confidence 0–1."""
    best = probabilities.argmax(axis=1)
    first = np.flatnonzero((best != BLANK) & (best != np.concatenate([[BLANK], best[:-1]])))
    confidence = float(probabilities[first, best[first]].mean()) if len(first) else 0.0
    return "".join(classes[c] for c in best[first]), min(confidence, 1.0)


def mask(probabilities: Probabilities, classes: Sequence[str]) -> Probabilities:
    """Keep A–Z and 0–9; give the mass of all other characters to blank.

    Masking alone would turn dashes and emblems into characters: rescaled, what little mass A–Z has there grows to 1.

    Parameters
    ----------
    probabilities : (T, C), rows sum to 1
    classes : the C names of the reader's classes, blank first

    Returns
    -------
    (T, 37), rows sum to 1; column 0 is blank, column 1 + i is ALPHABET[i]
    """
    columns = [classes.index(character, 1) for character in ALPHABET]
    kept = np.clip(probabilities[:, columns].astype(np.float64), 0.0, 1.0)
    total = np.maximum(kept.sum(axis=1, keepdims=True), 1.0)  # float32 rows may sum to slightly above 1
    kept /= total
    return np.hstack([1.0 - kept.sum(axis=1, keepdims=True), kept])


def beam(masked: Probabilities, width: int = BEAM, n: int = N_CANDIDATES) -> tuple[Candidate, ...]:
    """The most probable strings of (T, 37), best first, by a CTC prefix beam search.

    A candidate's confidence is its probability summed over alignments: exact when `width` holds every prefix and
    nothing is below FLOOR, else a lower bound. The empty string is left out.
    """
    # prefix → (probability of ending in blank, of ending in the prefix's last character)
    prefixes: dict[tuple[int, ...], tuple[float, float]] = {(): (1.0, 0.0)}
    for step in masked:
        likely = [int(c) for c in np.flatnonzero(step[1:] >= FLOOR) + 1]
        grown: dict[tuple[int, ...], list[float]] = {}
        for prefix, (in_blank, in_last) in prefixes.items():
            stay = grown.setdefault(prefix, [0.0, 0.0])
            stay[0] += (in_blank + in_last) * float(step[BLANK])
            if prefix:
                stay[1] += in_last * float(step[prefix[-1]])
            for c in likely:
                # a repeated character is a new one only after a blank
                before = in_blank if prefix and prefix[-1] == c else in_blank + in_last
                if before > 0:
                    grown.setdefault((*prefix, c), [0.0, 0.0])[1] += before * float(step[c])
        best = sorted(grown.items(), key=lambda item: (-sum(item[1]), item[0]))[:width]
        prefixes = {prefix: (p[0], p[1]) for prefix, p in best}
    ranked = sorted(prefixes.items(), key=lambda item: (-sum(item[1]), item[0]))
    found = ((prefix, min(sum(p), 1.0)) for prefix, p in ranked if prefix)
    return tuple(Candidate("".join(ALPHABET[c - 1] for c in prefix), p) for prefix, p in found)[:n]


def log_probability(masked: Probabilities, plate: str) -> float:
    """Natural logarithm of the probability of `plate` in (T, 37), summed over alignments; -inf where T steps are too few."""
    states = [BLANK]
    for character in plate:
        states += [ALPHABET.index(character) + 1, BLANK]
    logs = np.log(np.maximum(masked[:, states], LEAST))
    skip = np.array([i >= 2 and states[i] not in {BLANK, states[i - 2]} for i in range(len(states))])
    score = np.full(len(states), -math.inf)
    score[:2] = logs[0, :2]
    for step in logs[1:]:
        reached = score.copy()
        reached[1:] = np.logaddexp(reached[1:], score[:-1])
        reached[2:] = np.where(skip[2:], np.logaddexp(reached[2:], score[:-2]), reached[2:])
        score = reached + step
    return float(np.logaddexp.reduce(score[-2:]))


def agreed(looks: Sequence[Probabilities], n: int = N_CANDIDATES) -> tuple[Candidate, ...]:
    """The most probable strings of several looks (T, 37) at one plate, best first: each string's mean probability.

    The mean over strings, not over steps: a character lies at another step in each look.
    """
    if len(looks) == 1:
        return beam(looks[0], n=n)
    plates = {candidate.plate for look in looks for candidate in beam(look)}
    means = ((plate, sum(math.exp(log_probability(look, plate)) for look in looks) / len(looks)) for plate in plates)
    return tuple(Candidate(plate, min(p, 1.0)) for plate, p in sorted(means, key=lambda item: (-item[1], item[0]))[:n])


def margins(masked: Probabilities) -> tuple[float, float]:
    """Shares 0–1 of the steps of (T, 37) before the first character and behind the last; all of them where none is read."""
    inked = np.flatnonzero(masked[:, BLANK] < 0.5)
    if not len(inked):
        return 1.0, 1.0
    return float(inked[0]) / len(masked), float(len(masked) - 1 - inked[-1]) / len(masked)


def spelled(masked: Probabilities, plate: str) -> tuple[Character, ...]:
    """The confidence of each character of `plate`: its highest probability on the best alignment with (T, 37).

    Raises
    ------
    ValueError : T steps are too few for `plate`, or a character is not in A–Z0–9
    """
    states = [BLANK]
    for character in plate:
        states += [ALPHABET.index(character) + 1, BLANK]
    logs = np.log(np.maximum(masked[:, states], LEAST))
    # A character may follow the one before without a blank between them, unless the two are the same.
    skip = [i >= 2 and states[i] != BLANK and states[i] != states[i - 2] for i in range(len(states))]
    score = np.full(len(states), -math.inf)
    score[:2] = logs[0, :2]
    back = np.zeros((len(masked), len(states)), np.int64)
    for t in range(1, len(masked)):
        options = np.full((3, len(states)), -math.inf)
        options[0] = score
        options[1, 1:] = score[:-1]
        options[2, 2:] = np.where(skip[2:], score[:-2], -math.inf)
        back[t] = options.argmax(axis=0)
        score = options.max(axis=0) + logs[t]
    state = len(states) - 1 if len(states) == 1 or score[-1] >= score[-2] else len(states) - 2
    if score[state] == -math.inf:
        raise ValueError(f"{len(masked)} steps cannot spell {len(plate)} characters")
    confidences = np.zeros(len(states))
    for t in range(len(masked) - 1, -1, -1):
        confidences[state] = max(confidences[state], float(masked[t, states[state]]))
        state -= int(back[t, state])
    return tuple(Character(c, float(confidences[2 * i + 1])) for i, c in enumerate(plate))
