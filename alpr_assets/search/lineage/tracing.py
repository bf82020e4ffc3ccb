"""The lineage of one read, or of one picture: the question, and the list of its sections.

Here: who may ask, what is traced, which sections there are, in which order. Not here: what is in any of them.
A section more is one line in SECTIONS.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from sqlalchemy import Connection, Engine, select

from alpr_assets.access import register
from alpr_assets.access.gate import Found, Grant
from alpr_assets.access.roles import Action
from alpr_assets.access.secret_key import SecretKey
from alpr_assets.errors import MalformedError, NotFoundError
from alpr_assets.search.lineage import acting, arriving, destroying, packing, recognising, showing
from alpr_assets.search.lineage.steps import Lineage, Section, Step, Traced
from alpr_assets.store import schema
from alpr_assets.store.engine import reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One section to be found. outlives: it is asked for when the row is gone, too"""

    name: str
    title: str
    empty: str
    find: Callable[[Traced], Iterator[Step]]
    outlives: bool = False


SECTIONS: Final = (
    Part(name="picture", title="The picture", empty="", find=arriving.picture),
    Part(name="drop", title="How it arrived", empty="", find=arriving.drop),
    Part(name="recognition", title="Who looked at it", empty="No recogniser has looked at it yet.", find=recognising.looks),
    Part(name="reads", title="What was read", empty="No plate was read.", find=recognising.versions_read),
    Part(name="corrections", title="Corrections", empty="Nobody corrected it.", find=recognising.corrections),
    Part(name="passes", title="The pass", empty="It is grouped into no pass yet.", find=recognising.passes),
    Part(name="hits", title="Hits and verdicts", empty="No hit that you may see came of it.", find=acting.hits),
    Part(name="holds", title="Holds", empty="No hold covers it.", find=acting.holds),
    Part(name="evidence", title="Evidence", empty="It is in no package.", find=packing.packages, outlives=True),
    Part(name="searches", title="Who was shown it", empty="No search has returned it.", find=showing.searches, outlives=True),
    Part(name="breaches", title="Breaches", empty="No breach that you may see reached it.", find=showing.breaches, outlives=True),
    Part(name="purges", title="Destruction", empty="No purge has it on its list.", find=destroying.purges, outlives=True),
)  # fmt: skip
"""The sections, in their order."""

Record = Callable[[], AbstractContextManager[Connection]]


def lineage(
    grant: Grant,
    engine: Engine,
    record: Record,
    *,
    key: SecretKey,
    read_id: int | None = None,
    capture_id: int | None = None,
) -> Found[Lineage]:
    """All that is known of one read, from its picture to its end.

    Parameters
    ----------
    record : opens the access record for reading
    key : of the digests of purges' manifests, see `lifecycle.purge.planning.key_of`
    read_id : None: the whole picture with all its reads
    capture_id : None: the read's own. Of a read that is gone, the picture that somebody knows it was of

    Raises
    ------
    AccessRefusedError : the grant is for another ask
    MalformedError : `lineage`: no number, or numbers of two days
    NotFoundError : there never was such a read or picture, or the read is of another one
    VerificationError : a purge's manifest is not the one that was planned

    Source: 422.5, 422.6(a), Civ. Code 1798.90.51
    """
    grant.require(Action.TRACE_READ)
    day = _day(read_id, capture_id)
    with reading(engine) as connection, record() as opened:
        traced = Traced(
            grant=grant, connection=connection, record=opened, key=key, day=day, read_id=read_id, capture_id=capture_id,
            reads=(), passes=(), names=register.names(connection),
        )  # fmt: skip
        own = _capture(traced)
        if own is None:
            return _found(_gone(traced))
        reads = recognising.reads_traced(connection, day, own, read_id)
        traced = replace(
            traced, capture_id=own, reads=reads, passes=recognising.passes_of(connection, day, reads)
        )  # fmt: skip
        return _found(_lineage(traced, SECTIONS, told="It is in the store.", is_there=True))


def _day(read_id: int | None, capture_id: int | None) -> date:
    """The UTC day that an id names. Raises MalformedError, NotFoundError."""
    given = [number for number in (read_id, capture_id) if number is not None]
    if not given:
        raise MalformedError("lineage", "a read or a picture is named by its number", remedy="give one")
    try:
        days = {schema.day_of(number) for number in given}
    except OverflowError as error:
        raise NotFoundError("there never was such a number") from error
    if len(days) > 1:
        raise MalformedError("lineage", "read and picture are of two days", remedy="give numbers of one read")
    return days.pop()


def _capture(traced: Traced) -> int | None:
    """The picture in the store; None: it is not there. Raises NotFoundError where the read is of another one."""
    read, capture = schema.read.c, schema.capture.c
    if traced.read_id is None:
        there = select(capture.capture_id).where(capture.day == traced.day, capture.capture_id == traced.capture_id)
        return traced.connection.scalar(there)
    own = traced.connection.scalar(
        select(read.capture_id).where(read.day == traced.day, read.read_id == traced.read_id)
    )  # fmt: skip
    if own is not None and traced.capture_id not in {None, own}:
        raise NotFoundError(f"read {traced.read_id} is of another picture than {traced.capture_id}")
    return own


def _gone(traced: Traced) -> Lineage:
    """What is left of what is not in the store. Raises NotFoundError where it never was."""
    capture = schema.capture.c
    there = select(capture.capture_id).where(capture.day == traced.day, capture.capture_id == traced.capture_id)
    if traced.read_id is not None and traced.connection.scalar(there) is not None:
        raise NotFoundError(f"picture {traced.capture_id} has no read {traced.read_id}")
    told = destroying.told_of_gone(traced)
    return _lineage(traced, tuple(part for part in SECTIONS if part.outlives), told=told, is_there=False)


def _lineage(traced: Traced, parts: tuple[Part, ...], *, told: str, is_there: bool) -> Lineage:
    sections = tuple(
        Section(name=part.name, title=part.title, empty=part.empty, steps=tuple(part.find(traced))) for part in parts
    )
    return Lineage(
        day=traced.day, read_id=traced.read_id, capture_id=traced.capture_id, is_there=is_there, told=told,
        sections=sections,
    )  # fmt: skip


def _found(found: Lineage) -> Found[Lineage]:
    """With the ids of all that it names, each once. What is gone was not returned."""
    named = [one for section in found.sections for step in section.steps for one in step.ids]
    return Found(found, list(dict.fromkeys(named)))
