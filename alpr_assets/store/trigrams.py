"""Partial plates in the dictionary: found by the characters that are known, without looking at every plate.

Here: asking the dictionary for a pattern, and letting its index forget. Not here: what a pattern is (`lifecycle.watches`).

SQLite: a full-text index of three characters each (FTS5 trigram) beside `plate`, kept in step by triggers; plates of fewer than three
characters are not in it. PostgreSQL: pg_trgm where the server has it, which its regular expressions use by themselves; else they look
at each plate of the dictionary, which is a twentieth of the reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, text

TRIGRAM: Final = 3

_BY_TRIGRAM: Final = text("SELECT plate FROM plate_trigram WHERE plate_trigram MATCH :run AND plate GLOB :glob")
_BY_GLOB: Final = text("SELECT plate FROM plate WHERE plate GLOB :glob")
_FOLDED_GLOB: Final = text("SELECT plate FROM plate WHERE plate_folded GLOB :glob")
_BY_REGEX: Final = text("SELECT plate FROM plate WHERE plate ~ :regex")
_FOLDED_REGEX: Final = text("SELECT plate FROM plate WHERE plate_folded ~ :regex")


def find(connection: Connection, *, glob: str, regex: str, runs: Sequence[str] = (), prefix: str = "") -> set[str]:
    """The plates of the dictionary that a pattern means.

    Parameters
    ----------
    glob, regex : the pattern in either database's words
    runs : its known characters side by side, the longest first
    prefix : the known characters that it begins with; from two on, SQLite's GLOB walks the dictionary's own order
    """
    if connection.dialect.name != "sqlite":
        return set(connection.scalars(_BY_REGEX, {"regex": regex}))
    run = runs[0] if runs else ""
    if len(prefix) < TRIGRAM - 1 and len(run) >= TRIGRAM:
        return set(connection.scalars(_BY_TRIGRAM, {"run": f'"{run}"', "glob": glob}))
    return set(connection.scalars(_BY_GLOB, {"glob": glob}))


def find_folded(connection: Connection, keys: Sequence[str]) -> set[str]:
    """The plates whose folded key is one of `keys`, in which `?` is any one character."""
    if connection.dialect.name == "sqlite":
        # One statement a key: each walks the index as far as its beginning is known, where one OR would walk all of it.
        return {plate for key in keys for plate in connection.scalars(_FOLDED_GLOB, {"glob": key})}
    return set(connection.scalars(_FOLDED_REGEX, {"regex": f"^({'|'.join(keys)})$".replace("?", ".")}))


def forget(connection: Connection) -> None:
    """Rewrite the index so that no byte of a deleted plate is left in it: part of a purge, before the checkpoint.

    FTS5 only marks deletions, and secure_delete does not reach them. PostgreSQL's index is cleaned by its VACUUM.
    """
    if connection.dialect.name == "sqlite":
        connection.execute(text("INSERT INTO plate_trigram (plate_trigram) VALUES ('optimize')"))
