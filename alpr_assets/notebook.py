"""What a notebook imports: sign in to the console, ask under a purpose and a case number, get frames with places.

    from alpr_assets.notebook import sign_in
    session = sign_in(purpose="stolen_vehicle", case_number="26-01234")
    session.plate_history("7ABC123")

Here: a session as analysts use it. Not here: the connection (`client`), any decision (the console's gate), any database: a
kernel opens none. Each call is one question, recorded by name, date, time, purpose and case number before it is answered
(422.4(a), 422.6(a)).
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from html import escape
from typing import TYPE_CHECKING, Any, Literal, Self
from zoneinfo import ZoneInfo

import pandas as pd
from PIL import Image

from alpr_assets.access.record.entries import Receipt
from alpr_assets.access.roles import Action
from alpr_assets.client.areas import circle
from alpr_assets.client.asking import Client, ExportedFile
from alpr_assets.client.connection import Served, Value, Why
from alpr_assets.client.entering import Person, enter
from alpr_assets.client.incidents import Canvassed, CoTravel, Incident
from alpr_assets.errors import AlprError

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

__all__ = ["Canvassed", "CoTravel", "Incident", "Session", "Time", "circle", "sign_in"]

Time = datetime | date | str | None
"""An instant, a day, or either in ISO 8601; without an offset it is the department's."""


def sign_in(
    url: str | None = None, user: str | None = None, *, purpose: str, case_number: str, person: Person | None = None
) -> Session:
    """Sign in for questions of one case. Password and second factor are asked for, never written into a notebook.

    Parameters
    ----------
    url : of the console; None: ALPR_CONSOLE_URL, or the port on this machine
    user : name; None: it is asked for. With ALPR_TOKEN set, nothing is
    purpose : code of one of `Session.purposes`, such as stolen_vehicle
    case_number : case, incident or administrative number

    Raises
    ------
    AccessRefusedError : wrong, locked, or something is still owed in the console
    AlprError : no console answers; the purpose is none
    """
    client, asked = enter(url, user, person or Person(), label="notebook")
    try:
        return Session(client, Why(purpose, case_number), asked=asked)
    except BaseException:
        client.close()
        raise


@dataclass(frozen=True, slots=True)
class Asked:
    """One answered question, as the access record has it."""

    receipt: Receipt
    what: Action
    why: Why
    n_rows: int


class Session:
    """A signed-in notebook. Times of its frames are in the department's zone; places are EPSG:4326, missing where unknown."""

    def __init__(self, client: Client, why: Why, *, asked: bool = True) -> None:
        self._client = client
        self._asked = asked
        self._answered: list[Asked] = []
        self.me: Mapping[str, Any] = client.me()
        self.purposes: Mapping[str, str] = client.purposes()
        notice = client.notice()
        self.zone = ZoneInfo(notice["time_zone"])
        self._is_sample = notice["adopted"] is None
        self._why = self._known(why)

    # ── asking ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def plate_history(
        self, plate: str, *, since: Time = None, until: Time = None, state: str | None = None
    ) -> GeoDataFrame:
        """All reads of exactly these characters, as read or as a person corrected them, the newest first.

        Parameters
        ----------
        plate : as typed; spaces, dashes and case do not count
        since, until : `until` excluded; without an offset they are the department's time
        state : two letters; reads of another state are left out, reads without one are kept

        Returns
        -------
        GeoDataFrame (n, 20), EPSG:4326: the columns of `search.history.COLUMNS` and `geometry`; `captured_at` in the
        department's zone; `attrs["record_id"]` is the question's number in the access record

        Raises
        ------
        AccessRefusedError : with every reason
        VerificationError : the record is not the one known from before: nothing of the answer is shown
        """
        served = self._client.plate_history(
            plate, self._why, since=self._instant(since), until=self._instant(until), state=state
        )
        return self._places(served, Action.PLATE_HISTORY)

    def possible_plates(
        self, plate: str, *, since: Time = None, until: Time = None, state: str | None = None
    ) -> GeoDataFrame:
        """All reads of a plate, then of its look-alikes, then of plates one character off, each the newest first.

        A row that is `possible` is a lead, never the plate itself. Parameters and errors as `plate_history`.

        Returns
        -------
        GeoDataFrame (n, 19), EPSG:4326: the columns of `search.tolerant.COLUMNS` and `geometry`; times in the department's zone
        """
        served = self._client.possible_plates(
            plate, self._why, since=self._instant(since), until=self._instant(until), state=state
        )
        return self._places(served, Action.PLATE_HISTORY)

    def plate_path(
        self, plate: str, *, since: Time = None, until: Time = None, state: str | None = None
    ) -> GeoDataFrame:
        """The reads of a plate in the order of time, each with how far and how fast from the one before.

        Where `impossible`, one of the two reads is of another vehicle: misread, or a cloned plate; look at both pictures.
        Parameters and errors as `plate_history`.

        Returns
        -------
        GeoDataFrame (n, 25), EPSG:4326: the columns of `search.path.COLUMNS` and `geometry`; times in the department's zone
        """
        served = self._client.plate_path(
            plate, self._why, since=self._instant(since), until=self._instant(until), state=state
        )
        return self._places(served, Action.PLATE_HISTORY)

    def partial_plates(
        self,
        pattern: str,
        *,
        since: Time = None,
        until: Time = None,
        area: Any = None,
        state: str | None = None,
        tolerant: bool = False,
    ) -> GeoDataFrame:
        """All reads of the plates that a witness's pattern means, the best explained first. Each is a lead, no finding.

        Parameters
        ----------
        pattern : `?` one unknown character, `*` any number of them, `[08O]` one of these; without both an area and a window it
            must say enough
        since, until : `until` excluded; without an offset they are the department's time
        area : `circle(latitude, longitude, metres)`, a GeoJSON or shapely Polygon in degrees; None: anywhere
        state : two letters; reads of another state are left out, reads without one are kept
        tolerant : also plates that only look-alikes of the pattern's characters spell, marked possible

        Returns
        -------
        GeoDataFrame (n, 20), EPSG:4326: the columns of `search.partial.COLUMNS` and `geometry`; times in the department's zone

        Raises
        ------
        MalformedError : no pattern, or one that says too little
        AccessRefusedError, VerificationError : as `plate_history`
        """
        served = self._client.partial_plates(
            pattern, self._why, since=self._instant(since), until=self._instant(until), area=area, state=state,
            tolerant=tolerant,
        )  # fmt: skip
        return self._places(served, Action.PARTIAL_PLATE)

    def canvass(
        self,
        incidents: Sequence[Incident],
        *,
        at_least: int | None = None,
        partial: str | None = None,
        state: str | None = None,
        heading_deg: float | None = None,
        devices: Sequence[str] = (),
    ) -> Canvassed:
        """Vehicles that were seen at incidents, the most telling first, beside what could have been seen there at all.

        Parameters
        ----------
        incidents : each with name, places and times: `Incident("26-01234", [circle(38.0, -121.8, 400)], [("2026-06-14T21:00",
            "2026-06-14T22:00")], at="2026-06-14T21:30")`; without an offset times are the department's
        at_least : at how many of them a vehicle was seen; None: all
        partial : pattern of its plate, as `partial_plates`
        state : two letters
        heading_deg : 0 north, 90 east; reads that look elsewhere by more than 45° are left out
        devices : only these readers

        Returns
        -------
        Canvassed: `vehicles` and `reads`, GeoDataFrames (EPSG:4326) with the columns of `search.canvass.vehicles` and `gathering`
            and `geometry`; `coverage`, a DataFrame, and `gaps`, its sentences: what stands between "not seen" and "not there"

        Raises
        ------
        MalformedError : nothing to canvass, or more than the policy allows at once
        AccessRefusedError, VerificationError : as `plate_history`
        """
        served = self._client.canvass(
            [incident.timed(self._instant) for incident in incidents],
            self._why, at_least=at_least, partial=partial, state=state, heading_deg=heading_deg, devices=devices,
        )  # fmt: skip
        found = served.value
        self._note(served, Action.CANVASS, len(found.vehicles))
        told = self._recorded_as(served)
        return replace(
            found,
            vehicles=self._located(found.vehicles, told),
            reads=self._located(found.reads, told),
            coverage=self._told(found.coverage, told),
        )

    def co_travel(self, plate: str, *, since: Time = None, until: Time = None, at_least: int = 2) -> CoTravel:
        """Vehicles that were repeatedly within the policy's metres and seconds of a given one, beside what chance gives.

        Parameters
        ----------
        plate : as typed; spaces, dashes and case do not count
        since, until : `until` excluded; without an offset they are the department's time
        at_least : occasions, 2 or more

        Returns
        -------
        CoTravel: `companions`, a DataFrame, the least likely by chance first; `passes`, a GeoDataFrame (EPSG:4326) of the reads
            close by; columns of `search.convoy.companions` and times in the department's zone. Why vehicles met, no figure says

        Raises
        ------
        MalformedError : no plate, or less than two occasions
        AccessRefusedError, VerificationError : as `plate_history`
        """
        served = self._client.co_travel(
            plate, self._why, since=self._instant(since), until=self._instant(until), at_least=at_least
        )
        found = served.value
        self._note(served, Action.CO_TRAVEL, len(found.companions))
        told = self._recorded_as(served)
        return replace(found, companions=self._told(found.companions, told), passes=self._located(found.passes, told))

    def counts(
        self,
        *,
        by: Sequence[str] = ("device", "hour", "direction"),
        since: Time = None,
        until: Time = None,
        area: Any = None,
        suppress: bool = True,
    ) -> pd.DataFrame:
        """How many reads there were, by reader, hour of the day, weekday, direction.

        Parameters
        ----------
        by : of device, hour, weekday, direction; hours and weekdays are the department's
        since, until : `until` excluded; without an offset they are the department's time
        area : as `partial_plates`; only reads in the cells that it touches
        suppress : leave small counts out, and those that would give them away; False: for looking only, never for what is kept
            or passed on

        Returns
        -------
        DataFrame (n, len(by) + 2): the columns of `search.statistics.COLUMNS`; a count that is left out is missing

        Raises
        ------
        MalformedError : nothing to count by
        AccessRefusedError, VerificationError : as `plate_history`
        """
        served = self._client.counts(
            self._why, by=by, since=self._instant(since), until=self._instant(until), area=area, suppress=suppress
        )
        self._note(served, Action.COUNT_READS, len(served.value))
        return self._told(served.value, self._recorded_as(served))

    def hits(self, *, since: Time = None, until: Time = None, category: str | None = None) -> GeoDataFrame:
        """Hot-list hits of the sources that you may see, the newest first. A hit asks a person to look; it is no fact.

        Returns
        -------
        GeoDataFrame (n, 29), EPSG:4326: the columns of `search.hits.COLUMNS` and `geometry`; times in the department's zone

        Raises
        ------
        AccessRefusedError, VerificationError : as `plate_history`
        """
        served = self._client.hits(self._why, since=self._instant(since), until=self._instant(until), category=category)
        return self._places(served, Action.VIEW_HITS)

    def hit(self, hit_id: int) -> Mapping[str, Any]:
        """One hit as a case. Its verdict is a person's, in the console.

        Returns
        -------
        Mapping: `hit` (columns of `hits`), `characters`, `is_possible`, `status`, `listed_on`, `details`, `list_age_hours`,
            `list_is_stale`, `moves`, `possible`; instants and days in ISO 8601, UTC

        Raises
        ------
        NotFoundError : there is none that you may see
        AccessRefusedError, VerificationError : as `plate_history`
        """
        served = self._client.hit(hit_id, self._why)
        self._note(served, Action.VIEW_HITS, 1)
        return served.value

    def watches(self, *, running: bool | None = None) -> pd.DataFrame:
        """Plates and partial plates that members look for, as far as you may see them, the newest first.

        Parameters
        ----------
        running : only those that match now, or only those that stopped; None: all

        Returns
        -------
        DataFrame (n, 21): the columns of `lifecycle.watches.listing.COLUMNS`; `area` is GeoJSON text; times in the department's
            zone; `attrs["record_id"]` is the question's number in the access record

        Raises
        ------
        AccessRefusedError, VerificationError : as `plate_history`
        """
        served = self._client.watches(self._why, running=running)
        self._note(served, Action.VIEW_HITS, len(served.value))
        return self._told(served.value, self._recorded_as(served))

    def image(self, row: Any, *, plate_only: bool = False) -> Image.Image:
        """The picture that a row was read from. Each opening is a question of its own, and recorded as one.

        Parameters
        ----------
        row : of `plate_history` or `hits`: as `frame.iloc[0]`, or from `frame.itertuples()`
        plate_only : only the part around the plate

        Returns
        -------
        PIL image, sizes in pixels; turned upright only where `plate_only`
        """
        wanted = row._asdict() if hasattr(row, "_asdict") else dict(row)
        try:
            day = wanted["day"] if "day" in wanted else wanted["read_day"]
            capture_id, read_id = int(wanted["capture_id"]), int(wanted["read_id"])
        except (KeyError, TypeError, ValueError) as error:
            raise AlprError("that row names no picture", remedy="give a row of plate_history or hits") from error
        served = self._client.image(day, capture_id, self._why, read_id=read_id if plate_only else None)
        self._note(served, Action.OPEN_IMAGE, 1)
        picture = Image.open(io.BytesIO(served.value.content))
        picture.load()
        return picture

    def export(
        self,
        search: Literal["plate_history", "view_hits"],
        *,
        file_format: Literal["csv", "geoparquet"] = "csv",
        since: Time = None,
        until: Time = None,
        **elements: Any,
    ) -> ExportedFile:
        """Rows as a file to keep, which must be gone by its `delete_by`. Above the policy's number a supervisor approves first.

        elements : `plate`, `state` of a plate's history; `category` of hits
        """
        served = self._client.export(
            search,
            self._why,
            file_format=file_format,
            since=self._instant(since),
            until=self._instant(until),
            **elements,
        )
        self._note(served, Action.EXPORT, 1)
        return served.value

    @contextmanager
    def case(self, *, purpose: str | None = None, case_number: str) -> Iterator[Session]:
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
        return self._located(served.value, self._recorded_as(served))

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

    def _recorded_as(self, served: Served[Value]) -> dict[str, Any]:
        return {
            "record_id": served.receipt.record_id, "purpose": self._why.purpose, "case_number": self._why.case_number
        }  # fmt: skip

    def _note(self, served: Served[Value], what: Action, n_rows: int) -> None:
        self._answered.append(Asked(served.receipt, what, self._why, n_rows))
