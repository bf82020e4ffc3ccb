"""What a hold holds: captures, named or described; an empty description is refused. Not here: finding them (`covering`).

A case holds what was shown, opened, frozen or hit under its number (`cases`), and stands alone.
Descriptions narrow each other: a plate, an area and a time together hold what meets all three. A description also holds captures that
land later. What stands for a whole capture: its picture, all reads of all versions, sightings and hits.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from alpr_assets.access.gate import MAX_CASE_NUMBER
from alpr_assets.access.provisional import is_provisional
from alpr_assets.errors import MalformedError
from alpr_assets.lifecycle.watches.areas import Area
from alpr_assets.lifecycle.watches.patterns import parse
from alpr_assets.policy import Policy

Named = tuple[date, int]
"""UTC day and id, of a capture or a read."""

HELP = "name captures, reads or a hit; or a plate; or an area or a reader, with a time from and until; or a case"


class Ground(StrEnum):
    """Why data is kept (422.5)."""

    CRIMINAL = "criminal_evidence"
    CIVIL = "civil_evidence"
    DISCOVERY = "discovery_request"
    CLAIM = "claim_filed"
    OTHER = "other_lawful_action"
    ANTICIPATED = "anticipated"


TITLES: Mapping[Ground, str] = {
    Ground.CRIMINAL: "evidence in a criminal action",
    Ground.CIVIL: "evidence in a civil action",
    Ground.DISCOVERY: "discovery request",
    Ground.CLAIM: "claim filed against the department",
    Ground.OTHER: "other lawful action",
    Ground.ANTICIPATED: "may reasonably become evidence",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """What a hold holds: either named captures, reads and hits, or a description.

    case : number of a case, of which everything is held
    pattern : plate, which holds its look-alikes too, or partial plate
    since, until : aware instants of captures, `until` excluded
    """

    captures: tuple[Named, ...] = ()
    reads: tuple[Named, ...] = ()
    hits: tuple[int, ...] = ()
    case: str = ""
    pattern: str = ""
    area: Area | None = None
    device_id: str = ""
    since: datetime | None = None
    until: datetime | None = None

    @property
    def names(self) -> bool:
        """Whether captures are named one by one."""
        return bool(self.captures or self.reads or self.hits)

    def check(self, policy: Policy) -> Selector:
        """The same with its pattern in its written form.

        Raises
        ------
        MalformedError : `hold`: it holds nothing, or both names and describes; `case`, `pattern_…`, `window`: that part is wrong
        """
        described = bool(self.pattern or self.area or self.device_id or self.since or self.until)
        if self.case:
            if self.names or described:
                raise MalformedError("hold", "a case is held whole, by a hold of its own", remedy="place two holds")
            return self._check_case(policy)
        if self.names and described:
            raise MalformedError("hold", "a hold names captures or describes them, not both", remedy="place two holds")
        if self.names:
            return self
        if not self.pattern and not ((self.area or self.device_id) and self.since and self.until):
            raise MalformedError("hold", "a hold that says nothing would hold everything", remedy=HELP)
        for at in (self.since, self.until):
            if at is not None and at.utcoffset() is None:
                raise MalformedError("window", "a time without its zone", remedy="give the offset")
        if self.since and self.until and self.since >= self.until:
            raise MalformedError("window", "the window ends before it begins", remedy="swap the two times")
        if not self.pattern:
            return self
        written = parse(self.pattern, least_known=policy.watches.least_known).text
        return Selector(pattern=written, area=self.area, device_id=self.device_id, since=self.since, until=self.until)

    def _check_case(self, policy: Policy) -> Selector:
        is_short = len(self.case) <= MAX_CASE_NUMBER
        if is_short and (is_provisional(self.case) or re.fullmatch(policy.access.case_number, self.case)):
            return self
        raise MalformedError("case", "that is no case number of the department", remedy="write it as for a search")

    def said(self) -> dict[str, Any]:
        """As JSON has it, for the access record; what was left out is left out."""
        window = {"since": self.since, "until": self.until}
        told: dict[str, Any] = {
            "captures": [[day.isoformat(), number] for day, number in self.captures],
            "reads": [[day.isoformat(), number] for day, number in self.reads],
            "hits": list(self.hits), "case": self.case, "pattern": self.pattern, "area": self.area.geojson() if self.area else None,
            "device_id": self.device_id, **{name: at.isoformat() if at else None for name, at in window.items()},
        }  # fmt: skip
        return {name: value for name, value in told.items() if value}
