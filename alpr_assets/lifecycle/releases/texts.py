"""Lines that a person types about a release. Here: one line, checked. Not here: reasons (`access.reasons`)."""

from __future__ import annotations

from alpr_assets.errors import MalformedError


def line(text: str, what: str, most: int, *, least: int = 1) -> str:
    """Text with its white space made single blanks. Raises MalformedError `text` naming what is missing, too long or not printable."""
    found = " ".join(text.split())
    if not least <= len(found) <= most or not found.isprintable():
        raise MalformedError("text", f"{what}: {least} to {most} characters are needed", remedy="fill it in")
    return found
