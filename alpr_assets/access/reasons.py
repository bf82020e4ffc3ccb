"""The reason that a member gives for a decision, as it is stored.

Here: one line of text, checked. Not here: what a decision needs besides.
"""

from __future__ import annotations

from alpr_assets.errors import MalformedError

LEAST: int = 3
"""Characters below which nothing was said."""


def written(text: str, *, most: int) -> str:
    """A reason on one line, of `LEAST` to `most` printable characters. Raises MalformedError `reason` for any other."""
    line = one_line(text, most=most)
    if line is None:
        raise MalformedError("reason", f"a reason of {LEAST} to {most} characters is needed")
    return line


def one_line(text: str, *, most: int) -> str | None:
    """Text with its white space made single blanks; None where it is too short, too long or not printable."""
    line = " ".join(text.split())
    return line if LEAST <= len(line) <= most and line.isprintable() else None
