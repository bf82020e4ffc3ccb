"""The lineage of one read, as the console answered. Here: value classes. Not here: asking (`asking`), drawing it (`notebook`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that is so, or happened. at : UTC; None: it has no time. facts : by name; instants and days in ISO 8601"""

    what: str
    at: datetime | None
    by: str | None
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Section:
    """One part of it. empty : what it means that there is no step"""

    name: str
    title: str
    empty: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Lineage:
    """All that is known of one read, or of one picture with all its reads.

    read_id, capture_id : None: not asked for; of a read that is gone, not known any more
    told : what can be said of it as a whole
    """

    day: date
    read_id: int | None
    capture_id: int | None
    is_there: bool
    told: str
    sections: tuple[Section, ...]

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Lineage:
        """What the console said."""
        return cls(
            day=date.fromisoformat(said["day"]), read_id=said["read_id"], capture_id=said["capture_id"],
            is_there=said["is_there"], told=said["told"], sections=tuple(map(_section, said["sections"])),
        )  # fmt: skip

    @property
    def title(self) -> str:
        """What it is of."""
        what = f"Read {self.read_id}" if self.read_id is not None else f"Picture {self.capture_id}"
        return f"{what} of {self.day}"


def _section(said: Mapping[str, Any]) -> Section:
    steps = (
        Step(one["what"], one["at"] and datetime.fromisoformat(one["at"]), one["by"], one["facts"])
        for one in said["steps"]
    )
    return Section(said["name"], said["title"], said["empty"], tuple(steps))
