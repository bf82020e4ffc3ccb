"""Partial plates: what a witness remembered of a plate, as a pattern (422.4(c)).

Here: the language, parsing, how telling a pattern is, one plate against one pattern, and why it matched. Not here: many patterns
against many plates (`matching`), finding in the dictionary (`store.trigrams`).

    7?A*23      `?` exactly one unknown character, `*` any number of them, also none
    [08O]ABC1   one of the characters in brackets

Case, spaces and dashes do not count, in brackets neither. A pattern means its characters exactly: whoever is not sure of an O writes
`[0O]`. A pattern covers the whole plate: `ABC` is that plate and no other; `*ABC*` is every plate with ABC in it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from alpr_assets.errors import MalformedError
from alpr_assets.lifecycle.lookalikes import ALPHABET, fold, normalise
from alpr_assets.store.schema import MAX_PLATE

Difference = dict[str, int | str | bool]

GAP: Final = ""
"""The token of `*`; every other token is the characters that may stand in one place, in the order of ALPHABET."""

HELP: Final = "write it as 7?A*23: ? is one unknown character, * any number of them, [08O] one of these"
MAX_TYPED: Final = 200


@dataclass(frozen=True, slots=True)
class Pattern:
    """A parsed pattern; equal patterns mean the same plates written the same way.

    tokens : the characters that each place allows, or GAP; never two gaps in a row, and no place behind a gap that could stand
        before it: `*?` is kept as `?*`
    """

    tokens: tuple[str, ...]

    @property
    def text(self) -> str:
        """The pattern as it is kept and shown."""
        return "".join(map(_shown, self.tokens))

    @property
    def outline(self) -> str:
        """The pattern with a character a token, alternatives as `?`: fits where a plate fits."""
        return "".join(shown if len(shown := _shown(token)) == 1 else "?" for token in self.tokens)

    @property
    def is_partial(self) -> bool:
        return any(len(token) != 1 for token in self.tokens)

    @property
    def telling(self) -> float:
        """How much the pattern says, in known characters: a known one is 1, an unknown 0, one of two 0.81, one of six 0.5."""
        return sum(1 - math.log(len(token), len(ALPHABET)) for token in self.tokens if token)

    def matches(self, plate: str) -> bool:
        """Whether this is one of the plates meant. `plate` is normalised."""
        return _reaches(self.tokens, plate)[0][0]

    def explain(self, plate: str) -> list[Difference]:
        """What of a matching plate the pattern did not know, a dict a character, as `matching.explain` has them.

        position : 1-based, in the plate
        read, listed : the character, and what the pattern has for it: `?`, `*` or the alternatives
        alike : the alternatives are all look-alikes

        Where several readings fit, gaps are as short as they can be, from the left. Raises ValueError when it does not match.
        """
        reach = _reaches(self.tokens, plate)
        if not reach[0][0]:
            raise ValueError("the plate is none of the pattern's")
        found: list[Difference] = []
        at = 0
        for number, token in enumerate(self.tokens):
            if token == GAP:
                until = next(end for end in range(at, len(plate) + 1) if reach[number + 1][end])
                found += [_unknown(plate, position, token) for position in range(at, until)]
                at = until
            else:
                found += [_unknown(plate, at, token)] if len(token) > 1 else []
                at += 1
        return found

    def glob(self) -> str:
        """The pattern for SQLite's GLOB, which understands the same language."""
        return self.text

    def regex(self) -> str:
        """The pattern for PostgreSQL's `~`, and Python's."""
        return f"^{''.join(_regex(token) for token in self.tokens)}$"

    def runs(self) -> list[str]:
        """The known characters that stand side by side, longest first."""
        spelt = "".join(token if len(token) == 1 else " " for token in self.tokens)
        return sorted(spelt.split(), key=len, reverse=True)

    def prefix(self) -> str:
        """The known characters that the plate begins with."""
        spelt = "".join(token if len(token) == 1 else " " for token in self.tokens)
        return spelt.split(" ", maxsplit=1)[0]


def parse(typed: str, *, least_known: float = 0) -> Pattern:
    """A pattern as a person typed it.

    Parameters
    ----------
    typed : see the module
    least_known : known characters; a pattern that says less (`Pattern.telling`) is refused

    Raises
    ------
    MalformedError : `pattern_empty`, `pattern_character`, `pattern_bracket`, `pattern_long`, `pattern_wide`; the message names
        the position in what was typed, from 1, and none of its characters

    Source: 422.4(c)
    """
    if len(typed) > MAX_TYPED:
        raise _wrong("long", f"the pattern has {len(typed)} characters, {MAX_TYPED} at most")
    tokens: list[str] = []
    at = 0
    while at < len(typed):
        if typed[at] == "[":
            token, at = _alternatives(typed, at)
            tokens.append(token)
            continue
        tokens += {"?": [ALPHABET], "*": [GAP]}.get(typed[at]) or list(_character(typed, at))
        at += 1
    pattern = Pattern(_ordered(tokens))
    if not pattern.tokens:
        raise _wrong("empty", "there is no plate")
    if len(pattern.tokens) > MAX_PLATE:
        raise _wrong("long", f"the pattern has {len(pattern.tokens)} places, {MAX_PLATE} at most")
    if pattern.telling < least_known - 1e-9 and pattern.is_partial:
        raise MalformedError(
            "pattern_wide",
            f"the pattern says as much as {pattern.telling:.1f} known characters, {least_known:g} are needed: it would match too many",
            remedy="add what is known; a state, an area or a time does not make a pattern narrower",
        )
    return pattern


def _alternatives(typed: str, start: int) -> tuple[str, int]:
    """The characters of the bracket that begins at `start`, and where what follows it begins."""
    allowed: set[str] = set()
    for at in range(start + 1, len(typed)):
        if typed[at] == "]":
            if not allowed:
                raise _wrong("bracket", f"the bracket at position {start + 1} is empty")
            return "".join(character for character in ALPHABET if character in allowed), at + 1
        if typed[at] in "[?*":
            raise _wrong("bracket", f"position {at + 1}: brackets hold letters and digits only")
        allowed |= set(_character(typed, at))
    raise _wrong("bracket", f"the bracket at position {start + 1} is not closed")


def _character(typed: str, at: int) -> str:
    """One letter or digit in capitals; nothing for what only separates."""
    try:
        return normalise(typed[at])
    except MalformedError as error:
        if error.code == "plate_empty":
            return ""
        if typed[at] == "]":
            raise _wrong("bracket", f"position {at + 1}: a bracket is closed that was not opened") from None
        raise _wrong("character", f"position {at + 1}: neither A–Z nor 0–9 nor ?, * or a bracket") from None


def _ordered(tokens: list[str]) -> tuple[str, ...]:
    """Of unknown characters and gaps side by side: the characters first, then one gap."""
    ordered: list[str] = []
    for token in tokens:
        if ordered and ordered[-1] == GAP and token in (GAP, ALPHABET):
            if token == ALPHABET:
                ordered.insert(-1, token)
        else:
            ordered.append(token)
    return tuple(ordered)


def _reaches(tokens: tuple[str, ...], plate: str) -> list[list[bool]]:
    """[t][p]: whether the tokens from t on match the plate from p on."""
    ends = len(plate)
    reach = [[False] * ends + [True]]
    for token in reversed(tokens):
        behind = reach[0]
        if token == GAP:
            here = [any(behind[at:]) for at in range(ends + 1)]
        else:
            here = [plate[at] in token and behind[at + 1] for at in range(ends)] + [False]
        reach.insert(0, here)
    return reach


def _unknown(plate: str, at: int, token: str) -> Difference:
    alike = len({fold(character) for character in token}) == 1
    return {"position": at + 1, "read": plate[at], "listed": _shown(token).strip("[]"), "alike": alike}


def _shown(token: str) -> str:
    if token == GAP:
        return "*"
    if token == ALPHABET:
        return "?"
    return token if len(token) == 1 else f"[{token}]"


def _regex(token: str) -> str:
    return {GAP: ".*", ALPHABET: "."}.get(token) or _shown(token)


def _wrong(code: str, message: str) -> MalformedError:
    return MalformedError(f"pattern_{code}", message, remedy=HELP)
