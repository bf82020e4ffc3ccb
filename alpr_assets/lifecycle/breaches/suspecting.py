"""By what a breach's data is found: an account, a session or token, a time, an exported file, a stolen unit's drop.

Here: the value class, and its way to JSON and back. Not here: finding the data (`measuring`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from alpr_assets.errors import MalformedError


class Kind(StrEnum):
    """What somebody got hold of."""

    ACCOUNT = "account"
    SESSION = "session"
    TIME = "time"
    EXPORT = "export"
    DROP = "drop"


TITLES: Final[Mapping[Kind, str]] = {
    Kind.ACCOUNT: "a member's account",
    Kind.SESSION: "one session or token",
    Kind.TIME: "everything that was answered in a time",
    Kind.EXPORT: "an exported file",
    Kind.DROP: "a unit's drop, lost or stolen",
}

NAMED: Final = frozenset({Kind.ACCOUNT, Kind.SESSION, Kind.EXPORT, Kind.DROP})
"""Kinds that name one thing by its number."""

TIMED: Final = frozenset({Kind.ACCOUNT, Kind.SESSION, Kind.TIME})
"""Kinds of which a time is asked for: what was answered in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspected:
    """What is suspected.

    number : of the member, session, export or drop; None: of a time
    since, until : aware instants, `until` excluded; None: of a file or drop, which are what they are
    """

    kind: Kind
    number: int | None = None
    since: datetime | None = None
    until: datetime | None = None

    def check(self) -> Suspected:
        """The same. Raises MalformedError `breach`: something is missing, or the time ends before it begins."""
        if (self.kind in NAMED) != (self.number is not None):
            raise MalformedError("breach", f"{TITLES[self.kind]} is named by its number", remedy="give it")
        if self.kind not in TIMED:
            if self.since or self.until:
                raise MalformedError("breach", f"{TITLES[self.kind]} has no time", remedy="leave the times out")
            return self
        if self.since is None or self.until is None or not self.since < self.until:
            raise MalformedError("breach", "a time has its beginning and a later end", remedy="give both")
        return self

    def said(self) -> dict[str, Any]:
        """As JSON."""
        times = {name: at.astimezone(UTC).isoformat() for name in ("since", "until") if (at := getattr(self, name))}
        return {"kind": self.kind.value, "number": self.number, **times}

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Suspected:
        """From JSON."""
        times = {name: datetime.fromisoformat(said[name]) for name in ("since", "until") if name in said}
        return cls(kind=Kind(said["kind"]), number=said["number"], **times)
