"""The dictionary of plates: which of them a pattern means. Not here: reads, patterns themselves (`patterns`)."""

from __future__ import annotations

from sqlalchemy import Connection

from alpr_assets.lifecycle.watches.patterns import Pattern
from alpr_assets.lifecycle.watches.sieve import match_patterns
from alpr_assets.store import trigrams


def plates_meant(connection: Connection, pattern: Pattern) -> list[str]:
    """The plates of the dictionary that a pattern means, in order."""
    near = trigrams.find(
        connection, glob=pattern.glob(), regex=pattern.regex(), runs=pattern.runs(), prefix=pattern.prefix()
    )
    found = sorted(near)
    _, right = match_patterns([pattern], found)
    return [found[number] for number in right]
