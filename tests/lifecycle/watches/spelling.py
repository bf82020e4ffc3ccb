"""Strategies for patterns and plates that often match one another; Python's `re` as the oracle."""

from __future__ import annotations

import re

from hypothesis import strategies as st

CHARACTERS = "0O8B7A"  # few, so that patterns match often
plates = st.text(CHARACTERS, min_size=1, max_size=9)
_tokens = st.one_of(
    st.sampled_from([*CHARACTERS, "?", "*", "*"]),
    st.lists(st.sampled_from(CHARACTERS), min_size=1, max_size=3).map(lambda some: f"[{''.join(some)}]"),
)
patterns = st.lists(_tokens, min_size=1, max_size=8).map("".join)


def oracle(pattern: str, plate: str) -> bool:
    """What the language promises, in Python's words: `[..]` is the same there."""
    return re.fullmatch(pattern.replace("?", ".").replace("*", ".*"), plate) is not None
