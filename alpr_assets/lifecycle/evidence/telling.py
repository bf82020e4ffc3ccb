"""How a package says values to people outside: times in UTC and in the department's zone, members by their names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row

from alpr_assets.access import register

Record = dict[str, Any]
"""One row as plain JSON values."""


@dataclass(frozen=True, slots=True)
class Told:
    """What it takes: the department's zone, and names by member id."""

    zone: ZoneInfo
    names: dict[int, str]

    @classmethod
    def of(cls, connection: Connection, zone: ZoneInfo) -> Told:
        """With every member's name."""
        return cls(zone, register.names(connection))

    def row(self, row: Row[Any], *, drop: Sequence[str] = ()) -> Record:
        """A row, but for the columns in `drop`."""
        said: Record = {}
        for name, value in row._asdict().items():
            if name in drop:
                continue
            if isinstance(value, datetime):
                said[name] = value.isoformat()
                said[f"{name.removesuffix('_at')}_local"] = value.astimezone(self.zone).isoformat()
            else:
                said[name] = value.isoformat() if hasattr(value, "isoformat") else value
        return said

    def who(self, member_id: int | None) -> str:
        """A member's name."""
        return "the system" if member_id is None else self.names.get(member_id, f"member {member_id}")

    def local(self, at: datetime) -> str:
        """An instant as the department's clock showed it."""
        return at.astimezone(self.zone).strftime("%Y-%m-%d %H:%M:%S")
