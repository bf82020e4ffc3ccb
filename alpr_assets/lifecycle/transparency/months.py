"""Months as the public counts them: the department's, in its zone. Here: their ends in UTC, and which are due to be published."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Self
from zoneinfo import ZoneInfo

BACK: Final = 11
"""How many months back one is still counted that was not published: what is older may have been destroyed in part."""


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month. first: its first date"""

    first: date

    @classmethod
    def of(cls, on: date) -> Self:
        return cls(on.replace(day=1))

    @property
    def name(self) -> str:
        """Such as 2026-06."""
        return f"{self.first:%Y-%m}"

    @property
    def next(self) -> Month:
        return Month.of(self.first + timedelta(days=31))

    @property
    def before(self) -> Month:
        return Month.of(self.first - timedelta(days=1))

    def since(self, zone: ZoneInfo) -> datetime:
        """Its first moment, UTC."""
        return datetime.combine(self.first, time(), zone).astimezone(UTC)

    def until(self, zone: ZoneInfo) -> datetime:
        """The first moment that is no longer of it, UTC."""
        return self.next.since(zone)


def due(begun_on: date, on: date, *, after_days: int) -> Iterator[Month]:
    """Months that can be counted on a date, the oldest first: at an end for so many days, not before the system began, not too old."""
    month = Month.of(on).before
    oldest = month
    for _ in range(BACK):
        oldest = oldest.before
    found: list[Month] = []
    while month >= max(oldest, Month.of(begun_on)):
        if on >= month.next.first + timedelta(days=after_days):
            found.append(month)
        month = month.before
    return reversed(found)
