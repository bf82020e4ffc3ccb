"""How much a watch would match, before it is placed: whoever sees a number writes a narrower pattern (422.4(c)).

Here: counting by the dictionary of plates and the index of their reads. Not here: area, window and state of a watch, which leave less;
the reads themselves, which are another question.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from types import SimpleNamespace
from typing import Final

from sqlalchemy import Engine, func, select

from alpr_assets.access.gate import Found, Grant
from alpr_assets.access.roles import Action
from alpr_assets.lifecycle.watches.history import plates_of
from alpr_assets.lifecycle.watches.patterns import parse
from alpr_assets.policy import Policy
from alpr_assets.store import schema
from alpr_assets.store.engine import reading

DAYS: Final = 30
_CHUNK: Final = 500  # plates in one statement


@dataclass(frozen=True, slots=True)
class Preview:
    """What a pattern would match of the last `days`.

    n_plates : distinct plates ever read that it means, or that a whole plate may match
    n_reads : reads of them in these days
    telling : how much the pattern says, in known characters
    """

    n_plates: int
    n_reads: int
    days: int
    telling: float


def preview(grant: Grant, engine: Engine, typed: str, *, policy: Policy, days: int = DAYS) -> Found[Preview]:
    """Count what a watch for this pattern would match. No read leaves, so no id does.

    Raises
    ------
    AccessRefusedError : the grant is for another ask than place_watch
    MalformedError : `pattern_…`, as placing it would
    """
    grant.require(Action.PLACE_WATCH)
    pattern = parse(typed, least_known=policy.watches.least_known)
    read, since = schema.read.c, grant.at - timedelta(days=days)
    with reading(engine) as connection:
        plates = plates_of(connection, SimpleNamespace(pattern=pattern.text, is_partial=pattern.is_partial), policy)
        n_reads = 0
        for start in range(0, len(plates), _CHUNK):
            of_some = read.plate.in_(plates[start : start + _CHUNK]) & (read.captured_at >= since)
            n_reads += connection.scalar(select(func.count()).select_from(schema.read).where(of_some)) or 0
    return Found(Preview(len(plates), n_reads, days, pattern.telling), [])
