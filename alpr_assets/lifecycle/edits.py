"""Edits between two plates: characters replaced, left out or added.

Here: comparing two strings. Not here: look-alikes (fold first), searching a list (`matching`).
"""

from __future__ import annotations


def within_one(one: str, other: str) -> bool:
    """Whether at most one edit makes one string the other; without a table, for the many pairs of a day.

    >>> within_one("7ABC123", "7ABC12"), within_one("7ABC123", "7ABD124")
    (True, False)
    """
    if one == other:
        return True
    short, long = (one, other) if len(one) < len(other) else (other, one)
    if len(long) - len(short) > 1:
        return False
    start = next((i for i, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    return long[start + 1 :] == short[start + (len(short) == len(long)) :]


def distance(one: str, other: str) -> int:
    """The smallest number of edits that makes one string the other (Levenshtein)."""
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, start=1):
        diagonal, row[0] = row[0], i
        for j, b in enumerate(other, start=1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (a != b))
    return row[-1]
