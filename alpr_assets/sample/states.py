"""The states whose plates are drawn: serial formats, colours and wording.

Here: facts and the drawing of lots. Not here: pixels. In a format, `A` is a letter and `9` a digit; anything else is
shown but not part of the plate. `~` is the place of an emblem.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from alpr_assets.sample import lettering

Colour = tuple[int, int, int]  # blue, green, red; 0 to 255

# No state here issues I, O or Q where they could be taken for digits; California does in its middle letter.
LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"
MIDDLE_LETTERS = LETTERS + "OIQ"


def rgb(code: str) -> Colour:
    """`"1f2a63"` as blue, green, red."""
    red, green, blue = bytes.fromhex(code)
    return blue, green, red


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """How one state's standard passenger plate looks."""

    code: str
    name: str
    formats: tuple[str, ...]
    scenery: str
    ink: Colour
    paper: Colour = (240, 240, 240)
    name_ink: Colour | None = None
    slogan: str = ""
    slogan_ink: Colour | None = None
    face: str = lettering.BOLD
    name_below: bool = False
    first: str = "123456789"  # what the first digit of a serial is drawn from


STATES: dict[str, State] = {
    state.code: state
    for state in (
        State(
            code="CA", name="California", formats=("9AAA999",), first="56788999", scenery="plain", ink=rgb("1c2a5a"),
            name_ink=rgb("c0272d"), slogan="dmv.ca.gov", slogan_ink=rgb("1c2a5a"), face=lettering.SCRIPT,
        ),
        State(
            code="NV", name="NEVADA", formats=("999~A99", "99A~999"), scenery="ranges", ink=rgb("1d2c5e"),
            paper=rgb("e8ecf2"), slogan="HOME MEANS NEVADA", slogan_ink=rgb("f4f4f4"),
        ),
        State(
            code="OR", name="Oregon", formats=("999~AAA",), scenery="fir", ink=rgb("1b2450"), paper=rgb("e6e4ee"),
            face=lettering.SERIF,
        ),
        State(
            code="WA", name="WASHINGTON", formats=("AAA9999",), scenery="volcano", ink=rgb("17265c"),
            name_ink=rgb("b3202c"), slogan="EVERGREEN STATE", slogan_ink=rgb("b3202c"),
        ),
        State(
            code="AZ", name="ARIZONA", formats=("AAA9999",), scenery="desert", ink=rgb("1f4a38"), paper=rgb("f1ecdf"),
            name_ink=rgb("f5f2ea"), slogan="GRAND CANYON STATE", slogan_ink=rgb("5b3a78"),
        ),
        State(
            code="TX", name="TEXAS", formats=("AAA~9999",), scenery="star", ink=rgb("1c1c1e"),
            slogan="The Lone Star State", slogan_ink=rgb("1c1c1e"),
        ),
        State(
            code="NY", name="NEW YORK", formats=("AAA 9999",), scenery="bands", ink=rgb("1a2552"), paper=rgb("eeb23a"),
            name_ink=rgb("f2f2f2"), slogan="EMPIRE STATE", slogan_ink=rgb("1a2552"),
        ),
        State(
            code="FL", name="FLORIDA", formats=("AAA~A99",), scenery="oranges", ink=rgb("1d5b3c"),
            name_ink=rgb("1d5b3c"), slogan="SUNSHINE STATE", slogan_ink=rgb("1d5b3c"),
        ),
        State(
            code="UT", name="UTAH", formats=("A99 9AA",), scenery="arch", ink=rgb("22335f"), paper=rgb("dfe9f2"),
            slogan="LIFE ELEVATED", slogan_ink=rgb("22335f"),
        ),
        State(
            code="CO", name="COLORADO", formats=("AAA~A99",), scenery="rockies", ink=rgb("f2f3ee"),
            paper=rgb("eef0ec"), name_ink=rgb("f2f3ee"), name_below=True,
        ),
        State(
            code="NM", name="NEW MEXICO USA", formats=("999~AAA", "AAA~999"), scenery="zia", ink=rgb("b4232b"),
            paper=rgb("f0c433"), slogan="LAND OF ENCHANTMENT", slogan_ink=rgb("b4232b"),
        ),
        State(
            code="HI", name="HAWAII", formats=("AAA 999",), scenery="rainbow", ink=rgb("202024"),
            slogan="ALOHA STATE", slogan_ink=rgb("202024"),
        ),
    )
}  # fmt: skip

_SHARES = {"CA": 40, "NV": 4, "OR": 4, "WA": 3, "AZ": 3, "TX": 3, "NY": 2, "FL": 2, "UT": 2, "CO": 2, "NM": 2, "HI": 1}
_TICKETS = [code for code, share in _SHARES.items() for _ in range(share)]


@dataclass(frozen=True, slots=True)
class Serial:
    """One plate's serial: `shown` with its gaps and emblem, `plate` as it is read."""

    state: str
    shown: str

    @property
    def plate(self) -> str:
        return "".join(char for char in self.shown if char.isalnum())


def draw_state(rng: np.random.Generator) -> str:
    """A state as often as it is met in California."""
    return _TICKETS[int(rng.integers(len(_TICKETS)))]


def draw_serial(rng: np.random.Generator, code: str) -> Serial:
    """A serial in one of the state's formats."""
    state = STATES[code]
    form = _one_of(rng, state.formats)
    shown = ""
    for position, sign in enumerate(form):
        if sign == "9":
            shown += _one_of(rng, state.first if position == 0 else "0123456789")
        elif sign == "A":
            middle = code == "CA" and form[position - 1] == form[position + 1] == "A"
            shown += _one_of(rng, MIDDLE_LETTERS if middle else LETTERS)
        else:
            shown += sign
    return Serial(code, shown)


def _one_of(rng: np.random.Generator, choices: Sequence[str]) -> str:
    return choices[int(rng.integers(len(choices)))]
