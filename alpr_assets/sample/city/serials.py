"""Serials by the hundred thousand: drawn in the series of the sample's states, no two alike.

Here: the draw, vectorised. Not here: the series themselves (`sample.states`).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from alpr_assets.sample import states
from alpr_assets.sample.city.misreads import WIDTH, Spellings, text
from alpr_assets.sample.city.roads import Ints

STATES: Final = tuple(states.STATES)
_OUT_OF_STATE: Final = 0.15  # at home; among visitors it is more
_VISITING: Final = 0.35


def draw(rng: np.random.Generator, visiting: np.ndarray) -> tuple[Spellings, Ints]:
    """Serials (n, WIDTH) and the number of each one's state in STATES; `visiting` (n): more of these are from elsewhere."""
    n = len(visiting)
    elsewhere = rng.random(n) < np.where(visiting, _VISITING, _OUT_OF_STATE)
    state = np.where(elsewhere, rng.integers(1, len(STATES), n), STATES.index("CA"))
    plates = _drawn(rng, state)
    while True:
        _, first = np.unique(text(plates), return_index=True)
        again = np.ones(n, bool)
        again[first] = False
        if not again.any():
            return plates, state
        plates[again] = _drawn(rng, state[again])


def _drawn(rng: np.random.Generator, state: Ints) -> Spellings:
    plates = np.zeros((len(state), WIDTH), np.uint8)
    for number, code in enumerate(STATES):
        mine = np.flatnonzero(state == number)
        forms = states.STATES[code].formats
        lot = rng.integers(0, len(forms), len(mine))
        for which, form in enumerate(forms):
            plates[mine[lot == which]] = _in_form(rng, int((lot == which).sum()), code, form)
    return plates


def _in_form(rng: np.random.Generator, n: int, code: str, form: str) -> Spellings:
    """`n` serials of one series, as `states.draw_serial` draws one."""
    signs = [sign for sign in form if sign in "A9"]
    plates = np.zeros((n, WIDTH), np.uint8)
    for at, sign in enumerate(signs):
        if sign == "9":
            choices = states.STATES[code].first if at == 0 else "0123456789"
        else:
            middle = code == "CA" and signs[at - 1] == signs[at + 1] == "A"
            choices = states.MIDDLE_LETTERS if middle else states.LETTERS
        letters = np.frombuffer(choices.encode(), np.uint8)
        plates[:, at] = letters[rng.integers(0, len(letters), n)]
    return plates
