"""Words of case numbers and reasons: which say nothing, and which speak of what the policy refuses.

Here: questions to one text. Not here: the words (policy file, `audits`), whose they are (`rules`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

ROWS: Final = ("qwertyuiop", "asdfghjkl", "zxcvbnm", "01234567890", "09876543210", "abcdefghijklmnopqrstuvwxyz")
"""What a hand types that thinks of nothing: rows of keys, counting up or down."""
LEAST: Final = 3
"""Characters, letters or digits, below which nothing was said."""


def says_nothing(text: str, words: Iterable[str], *, is_number: bool) -> bool:
    """Whether a case number or a reason says nothing; an empty one was not asked for.

    words : that say nothing, in lower case; of a reason, all of its words must be such
    is_number : a case number has a digit
    """
    folded = text.strip().lower()
    if not folded:
        return False
    vague = set(words)
    if folded in vague or all(word in vague for word in re.findall(r"[a-z]+|\d+", folded)):
        return True
    bare = re.sub(r"[\W_]", "", folded)
    if len(bare) < LEAST or len(set(bare)) == 1 or any(bare in row for row in ROWS):
        return True
    return is_number and not any(character.isdigit() for character in bare)


def speaks_of(text: str, wording: Iterable[str]) -> bool:
    """Whether one of these words stands in a text; `immigra*` is every word that begins so."""
    words = re.findall(r"[a-z0-9]+", text.lower())
    return any(
        word.startswith(wanted[:-1]) if wanted.endswith("*") else word == wanted
        for wanted in map(str.lower, wording)
        for word in words
    )
