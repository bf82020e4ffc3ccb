"""One line of text that a member types, as it is stored: a reason for a decision, a name, a title, a reference.

Here: the line, checked. Not here: what a decision needs besides.
"""

from __future__ import annotations

from alpr_assets.errors import MalformedError

LEAST: int = 3
"""Characters below which nothing was said."""


def written(text: str, *, most: int) -> str:
    """A reason on one line, of `LEAST` to `most` printable characters. Raises MalformedError `reason` for any other."""
    found = one_line(text, most=most)
    if found is None:
        raise MalformedError("reason", f"a reason of {LEAST} to {most} characters is needed")
    return found


def line(text: str, what: str, most: int, *, least: int = LEAST, code: str = "text") -> str:
    """What a field holds, on one line of `least` to `most` printable characters. Raises MalformedError `code` naming the field, `what`."""
    found = one_line(text, most=most, least=least)
    if found is None:
        raise MalformedError(code, f"{what}: {least} to {most} characters are needed", remedy="fill it in")
    return found


def one_line(text: str, *, most: int, least: int = LEAST) -> str | None:
    """Text with its white space made single blanks; None where it is too short, too long or not printable."""
    found = " ".join(text.split())
    return found if least <= len(found) <= most and found.isprintable() else None
