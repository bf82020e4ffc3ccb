"""Where a vehicle is usually seen, as the console answered, and the requests to be told so.

Here: value classes. Not here: asking (`asking`), who may approve: the console says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from alpr_assets.client.tables import frame_of

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class LocateRequest:
    """A request to locate a vehicle; which one, it does not say.

    asked_at, decided_at : UTC; None: it waits
    note : the supervisor's
    """

    request_id: int
    purpose: str
    case_number: str
    asked_at: datetime
    decided_at: datetime | None
    approved: bool | None
    note: str | None

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> LocateRequest:
        """What the console said."""
        at = {name: said[name] and datetime.fromisoformat(said[name]) for name in ("asked_at", "decided_at")}
        return cls(**{**said, **at})


@dataclass(frozen=True, slots=True)
class Located:
    """Where and when a plate is usually SEEN: where no reader looks it is never seen, however often it is there.

    places : a row a place, the most visited first; columns of `search.locator.PLACES`
    hours : a row an hour of the week and place; columns of `search.locator.HOURS`
    n_visits, n_reads : that it rests on
    """

    places: pd.DataFrame
    hours: pd.DataFrame
    n_visits: int
    n_reads: int

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Located:
        """What the console said."""
        return cls(frame_of(said["places"]), frame_of(said["hours"]), said["n_visits"], said["n_reads"])
