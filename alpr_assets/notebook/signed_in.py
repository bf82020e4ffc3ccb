"""A signed-in notebook: who asks, for which case, what was recorded, and answers as frames in the department's time.

Here: what all questions of a session share. Not here: the questions (`searching`, `looking`, `keeping`), signing in (`session`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from html import escape
from typing import TYPE_CHECKING, Any, Self
from zoneinfo import ZoneInfo

import pandas as pd

from alpr_assets.access.record.entries import Receipt
from alpr_assets.access.roles import Action
from alpr_assets.client.asking import Client
from alpr_assets.client.connection import Served, Value, Why
from alpr_assets.errors import AlprError
from alpr_assets.notebook.waiting import waiting

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

Time = datetime | date | str | None
"""An instant, a day, or either in ISO 8601; without an offset it is the department's."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One answered question, as the access record has it."""

    receipt: Receipt
    what: Action
    why: Why
    n_rows: int


class SignedIn:
    """A signed-in notebook. Times of its frames are in the department's zone; places are EPSG:4326, missing where unknown."""

    def __init__(self, client: Client, why: Why, *, asked: bool = True) -> None:
        self._client = client
        client.waiting = waiting
        self._asked = asked
        self._answered: list[Asked] = []
        self.me: Mapping[str, Any] = client.me()
        self.purposes: Mapping[str, str] = client.purposes()
        notice = client.notice()
        self.zone = ZoneInfo(notice["time_zone"])
        self._is_sample = notice["adopted"] is None
        self._why = self._known(why)

    @contextmanager
    def case(self, *, purpose: str | None = None, case_number: str) -> Iterator[Self]:
        """Ask for another case meanwhile; the one before is back afterwards."""
        before = self._why
        self._why = self._known(Why(purpose or before.purpose, case_number))
        try:
            yield self
        finally:
            self._why = before

    # ── the record, and the end ────────────────────────────────────────────────────────────────────────────────────

    def recorded(self) -> pd.DataFrame:
        """What the access record holds of this session's questions: record_id, at, what, purpose, case_number, n_rows."""
        rows = [
            (one.receipt.record_id, one.receipt.at, one.what.value, one.why.purpose, one.why.case_number, one.n_rows)
            for one in self._answered
        ]
        frame = pd.DataFrame(rows, columns=["record_id", "at", "what", "purpose", "case_number", "n_rows"])
        frame["at"] = pd.to_datetime(frame["at"], utc=True).dt.tz_convert(self.zone)
        return frame

    def verify(self) -> int:
        """Have the console prove that every question of this session is in its record, under a head it cannot take back.

        Returns how many were proven. Raises VerificationError for the first that is not.
        """
        for one in self._answered:
            self._client.prove(one.receipt)
        return len(self._answered)

    def sign_out(self) -> None:
        """End the session here and in the console. One that came by ALPR_TOKEN stays good for others until it expires."""
        try:
            if self._asked:
                self._client.sign_out()
        finally:
            self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.sign_out()

    def __repr__(self) -> str:
        return f"<{self.me['name']}, {self.me['title']}: {self._why.purpose}, case {self._why.case_number}>"

    def _repr_html_(self) -> str:
        """For the notebook: who asks, what for, until when."""
        until = datetime.fromisoformat(self.me["expires_at"]).astimezone(self.zone)
        trained = self.me["trained_until"] or "not on record"
        rows = {
            "Signed in": f"{self.me['name']}, {self.me['title']} ({self.me['agency']})",
            "Purpose": self.purposes[self._why.purpose],
            "Case": self._why.case_number,
            "Training until": trained,
            "Session until": f"{until:%Y-%m-%d %H:%M %Z}",
            "Recorded so far": f"{len(self._answered)} questions",
            "Console": self._client.url + (" (sample: its policy is not adopted)" if self._is_sample else ""),
        }
        cells = "".join(
            f"<tr><th style='text-align:left'>{escape(name)}</th><td style='text-align:left'>{escape(str(value))}</td></tr>"
            for name, value in rows.items()
        )
        return f"<table>{cells}</table>"

    # ── parts ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def _known(self, why: Why) -> Why:
        """The console would refuse it too, and record that; a mistyped code need not become a refusal."""
        if why.purpose not in self.purposes:
            raise AlprError(
                f"the purpose is none of the policy's: {', '.join(sorted(self.purposes))}", remedy="give one of them"
            )
        return why

    def _instant(self, at: Time) -> datetime | None:
        if at is None:
            return None
        if isinstance(at, str):
            at = datetime.fromisoformat(at)
        if not isinstance(at, datetime):
            at = datetime(at.year, at.month, at.day)  # noqa: DTZ001 - its zone comes in the next line
        return (at if at.tzinfo else at.replace(tzinfo=self.zone)).astimezone(UTC)

    def _places(self, served: Served[pd.DataFrame], what: Action) -> GeoDataFrame:
        self._note(served, what, len(served.value))
        return self._located(served.value, self._recorded_as(served.receipt))

    def _located(self, frame: pd.DataFrame, told: Mapping[str, Any]) -> GeoDataFrame:
        """With its places as points, and what the record knows it by."""
        import geopandas as gpd  # noqa: PLC0415 - 1 s

        frame = self._localised(frame)
        lat, lon = (frame[name].astype("float64") for name in ("latitude_deg", "longitude_deg"))
        points = gpd.GeoSeries.from_xy(lon, lat, crs="EPSG:4326").where(lat.notna() & lon.notna())
        located = gpd.GeoDataFrame(frame, geometry=points)
        located.attrs.update(told)
        return located

    def _told(self, frame: pd.DataFrame, told: Mapping[str, Any]) -> pd.DataFrame:
        localised = self._localised(frame)
        localised.attrs.update(told)
        return localised

    def _localised(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Its instants in the department's zone."""
        for name in frame.select_dtypes("datetimetz").columns:
            frame[name] = frame[name].dt.tz_convert(self.zone)
        return frame

    def _recorded_as(self, receipt: Receipt) -> dict[str, Any]:
        return {
            "record_id": receipt.record_id, "purpose": self._why.purpose, "case_number": self._why.case_number
        }  # fmt: skip

    def _note(self, served: Served[Value], what: Action, n_rows: int) -> None:
        self._answered.append(Asked(served.receipt, what, self._why, n_rows))
