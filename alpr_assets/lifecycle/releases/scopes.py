"""What a release is of: a plate, part of one, an area or a reader, always within a time that is past.

Here: a scope checked, compared, and its captures as the store has them now. Not here: who approves it (`reviewing`).
A hold keeps what may have been there; a release passes on only what was: a capture whose place is unknown lies in no area.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import numpy as np
from sqlalchemy import Connection, select

from alpr_assets.errors import MalformedError
from alpr_assets.lifecycle.holds import covering
from alpr_assets.lifecycle.holds.selectors import Named, Selector
from alpr_assets.lifecycle.lookalikes import fold
from alpr_assets.lifecycle.watches.areas import EARTH_M, Area, Circle, area_of
from alpr_assets.lifecycle.watches.patterns import parse
from alpr_assets.policy import Policy
from alpr_assets.store import schema
from alpr_assets.store.conditions import among

KINDS: Final[Mapping[str, str]] = {
    "plate": "a plate", "partial_plate": "part of a plate", "area": "an area", "device": "a reader",
}  # fmt: skip
HELP: Final = "give a plate or part of one, an area or a reader; and the time from and until"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What is asked for, or may go. selector: described, with both times; with_hits: those on the department's own lists"""

    selector: Selector
    with_pictures: bool = False
    with_hits: bool = False

    @property
    def kind(self) -> str:
        """One of KINDS: what it goes by first."""
        one = self.selector
        if one.pattern:
            return "partial_plate" if parse(one.pattern).is_partial else "plate"
        return "area" if one.area else "device"

    def check(self, policy: Policy, *, at: datetime) -> Scope:
        """The same with its pattern in its written form.

        Raises
        ------
        MalformedError : `scope`: it describes nothing, has no time, or one that is not past; `pattern_…`, `window`: that part is wrong
        """
        one = self.selector
        if one.names or not (one.pattern or one.area or one.device_id):
            raise MalformedError("scope", "a scope describes what is released", remedy=HELP)
        if one.since is None or one.until is None:
            raise MalformedError("scope", "a scope has a time from and a time until", remedy=HELP)
        if one.since.microsecond or one.until.microsecond:
            raise MalformedError("scope", "times are given to the second", remedy=HELP)
        checked = replace(self, selector=one.check(policy))
        if one.until > at:
            raise MalformedError("scope", "a release is of what there is, not of what will be", remedy="end it by now")
        return checked

    def said(self) -> dict[str, Any]:
        """As JSON has it."""
        return self.selector.said() | {"with_pictures": self.with_pictures, "with_hits": self.with_hits}

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Scope:
        """The scope that `said` gave."""
        selector = Selector(
            pattern=said.get("pattern", ""), area=area_of(said["area"]) if said.get("area") else None, device_id=said.get("device_id", ""),
            since=datetime.fromisoformat(said["since"]), until=datetime.fromisoformat(said["until"]),
        )  # fmt: skip
        return cls(
            selector=selector,
            with_pictures=said.get("with_pictures", False),
            with_hits=said.get("with_hits", False),
        )

    def is_within(self, asked: Scope) -> bool:
        """Whether it holds nothing that the other one does not."""
        mine, theirs = self.selector, asked.selector
        return (
            _time_within(mine, theirs)
            and _plate_within(mine.pattern, theirs.pattern)
            and _area_within(mine.area, theirs.area)
            and theirs.device_id in ("", mine.device_id)
            and (asked.with_pictures or not self.with_pictures)
            and (asked.with_hits or not self.with_hits)
        )

    def captures(self, connection: Connection) -> list[Named]:
        """Day and id of its captures now, in order."""
        found = covering.covered(connection, self.selector)
        if self.selector.area is None:
            return found
        capture = schema.capture.c
        placed: set[Named] = set()
        for day in sorted({day for day, _ in found}):
            mine = among(connection.dialect.name, capture.capture_id, [number for on, number in found if on == day])
            where = capture.day == day, capture.latitude_deg.is_not(None), mine
            placed |= {(day, number) for number in connection.scalars(select(capture.capture_id).where(*where))}
        return [one for one in found if one in placed]

    def plates(self, reads: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
        """Of these reads the plates that it is about, by a recogniser or a person; nothing where it is not about plates."""
        if not self.selector.pattern:
            return ()
        pattern = parse(self.selector.pattern)
        if not pattern.is_partial:
            return (self.selector.pattern,)
        spelt = {plate for read in reads for plate in (read["plate"], *(one["plate"] for one in read["corrections"]))}
        return tuple(sorted(plate for plate in spelt if pattern.matches(plate)))


# ── parts ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _time_within(mine: Selector, theirs: Selector) -> bool:
    if mine.since is None or mine.until is None or theirs.since is None or theirs.until is None:
        return False
    return theirs.since <= mine.since and mine.until <= theirs.until


def _plate_within(mine: str, theirs: str) -> bool:
    if not theirs:
        return True
    if not mine:
        return False
    asked, wanted = parse(theirs), parse(mine)
    if asked.is_partial:
        return mine == theirs or (not wanted.is_partial and asked.matches(mine))
    return not wanted.is_partial and fold(mine) == fold(theirs)


def _area_within(mine: Area | None, theirs: Area | None) -> bool:
    if theirs is None or mine == theirs:
        return True
    if not (isinstance(mine, Circle) and isinstance(theirs, Circle)):
        return False
    centre = np.array([mine.latitude_deg]), np.array([mine.longitude_deg])
    room = replace(theirs, radius_m=theirs.radius_m - mine.radius_m)
    return mine.radius_m < theirs.radius_m <= EARTH_M and bool(room.contains(*centre)[0])
