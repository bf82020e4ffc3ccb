"""What a witness remembers of a plate: part of it, and now and then one character of which he is not sure.

Here: the draw. Not here: what a partial plate means (`watches.patterns`).
Four characters or more are remembered of a plate of six, and one in doubt among them at most: what the policy asks of a watch.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from alpr_assets.lifecycle.lookalikes import GROUPS

_IN_DOUBT: Final = 0.6  # of the witnesses
_KNOWN: Final = 4  # characters of which one may be in doubt


def remembered(rng: np.random.Generator, plate: str) -> str:
    """A pattern that matches the plate: its beginning, a stretch of it, or all but two characters."""
    kind = int(rng.integers(0, 3))
    first = int(rng.integers(0, len(plate) - _KNOWN + 1)) if kind == 1 else 0
    if kind < 2:
        known = list(range(first, first + _KNOWN))
    else:
        known = sorted(rng.choice(len(plate), len(plate) - 2, replace=False).tolist())
    doubted = int(rng.choice(known)) if len(known) >= _KNOWN and rng.random() < _IN_DOUBT else -1
    said = [_said(plate[at], doubted=at == doubted) if at in known else "?" for at in range(len(plate))]
    if kind == 2:
        return "".join(said)
    return ("*" if kind == 1 else "") + "".join(said[at] for at in known) + "*"


def _said(character: str, *, doubted: bool) -> str:
    """The character, or in doubt the look-alikes that it may have been."""
    group = next((group for group in GROUPS if character in group), character)
    return f"[{group}]" if doubted and len(group) > 1 else character
