"""How telling it is that a vehicle was at an incident: a likelihood ratio, with nothing hidden in it.

Here: the formula. Not here: the counts it takes (`habits`), the reads (`gathering`), the search (`vehicles`).

For each incident, with s the share of passing vehicles that are seen at all (`seen_when_present`), or p where that is larger: who is
connected with the incident is there at least as surely as by habit:

    seen      L = c · s · g / p'  +  (1 − c) · (1 − s) / (1 − p)
    not seen  L = (1 − s) / (1 − p)

p   the probability that the vehicle passes in such a window anyway (`habits.Habits.chance`): a resident's daily car near 1
p'  p, and that a vehicle which passes there anyway was misread as this one: p + Σ pₙ · μ(n → this). A misread of a resident looks
    like a stranger; this is what keeps it from ranking as one
g   how near in place and time (`gathering`), from 1 at the very place and time to ¼ at the edges of both
c   the confidence of its best read there

A vehicle whose read there is only near to its plate, where a partial plate is given: L = s · g · μ / (μ · p + q), q the p of the
plate that was read; never below that of not seen.

μ(a → b), that a was read as b, from the differences of the two: a look-alike (1 − c) · alike_share / its other look-alikes; another
character (1 − c) · (1 − alike_share) / 35; one lost or added lost_character / 2; several are multiplied; at least what the read's own
candidates give.

The vehicle's ratio is the product over the incidents, times the probability that its plate is one that the partial plate means
(`search.explaining`). It compares "connected with all of these incidents" with "passed by chance"; it is no probability of guilt, and
a lead only: the reasons beside it say what it is made of.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alpr_assets.lifecycle.lookalikes import ALPHABET, GROUPS
from alpr_assets.policy import Policy

Floats = NDArray[np.float64]
Difference = dict[str, int | str | bool]


def not_seen(chance: Floats, policy: Policy) -> Floats:
    """(n,) the ratio where a vehicle was not seen; `chance` is p."""
    habitual = chance >= policy.search.seen_when_present
    ratio: Floats = np.where(habitual, 1.0, (1 - policy.search.seen_when_present) / (1 - np.where(habitual, 0, chance)))
    return ratio


def seen(chance: Floats, confused: Floats, near: Floats, confidence: Floats, policy: Policy) -> Floats:
    """(n,) the ratio where a vehicle was seen: p, Σ pₙ · μ, g and c of each."""
    here = _share(chance, policy) * near / np.minimum(chance + confused, 1)
    ratio: Floats = confidence * here + (1 - confidence) * not_seen(chance, policy)
    return ratio


def seen_misread(chance: Floats, other: Floats, misread: Floats, near: Floats, policy: Policy) -> Floats:
    """(n,) the ratio where only a near plate was read: p, q, μ and g of each."""
    here = _share(chance, policy) * near * misread / np.maximum(misread * chance + other, 1e-12)
    ratio: Floats = np.maximum(here, not_seen(chance, policy))
    return ratio


def _share(chance: Floats, policy: Policy) -> Floats:
    """(n,) s of each."""
    share: Floats = np.maximum(policy.search.seen_when_present, chance)
    return share


def misreading(differences: Sequence[Difference], confidence: float, policy: Policy) -> float:
    """μ of one pair whose characters differ so, the read one's confidence given."""
    figures, wrong, chance = policy.search, 1 - confidence, 1.0
    for difference in differences:
        one, other = str(difference["read"]), str(difference["listed"])
        if not one or not other:
            chance *= figures.lost_character / 2
        elif difference["alike"]:
            chance *= wrong * figures.alike_share / _n_alike(other)
        else:
            chance *= wrong * (1 - figures.alike_share) / (len(ALPHABET) - 1)
    return chance


def listed_as(plate: str, candidates: Any) -> float:
    """The confidence that a read's candidates give a plate; 0 where they do not name it."""
    return max((float(confidence) for text, confidence in candidates or () if text == plate), default=0.0)


def _n_alike(character: str) -> int:
    return next((len(group) - 1 for group in GROUPS if character in group), 1)
