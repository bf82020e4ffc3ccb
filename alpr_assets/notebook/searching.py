"""The searches of a notebook: one plate, partial plates, canvass, companions, locating, counts.

Here: each question with what it returns. Not here: hits and pictures (`looking`), files (`keeping`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields, replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from alpr_assets.access.roles import Action
from alpr_assets.client.incidents import Canvassed, CoTravel, Incident
from alpr_assets.client.located import Located, LocateRequest
from alpr_assets.notebook.signed_in import SignedIn, Time

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

REQUESTS = [field.name for field in fields(LocateRequest)]


class Searching(SignedIn):
    """A session that searches the reads."""

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
        told = self._recorded_as(served.receipt)
        return replace(
            found,
            vehicles=self._located(found.vehicles, told),
            reads=self._located(found.reads, told),
            coverage=self._told(found.coverage, told),
            incidents=tuple(incidents),
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
        told = self._recorded_as(served.receipt)
        return replace(found, companions=self._told(found.companions, told), passes=self._located(found.passes, told))

    def request_locate(self, plate: str) -> int:
        """Ask a supervisor to let you locate a vehicle, for a felony or a missing person (422.4(c)). Asked again, it stays one request.

        Returns the request's number. Raises AccessRefusedError: not for this purpose; VerificationError as `plate_history`.
        """
        served = self._client.request_locate(plate, self._why)
        self._note(served, Action.LOCATE, 0)
        return served.value

    def locate_requests(self) -> pd.DataFrame:
        """Your requests and what became of them, the newest first: request_id, purpose, case_number, asked_at, decided_at, approved, note."""
        frame = pd.DataFrame([asdict(one) for one in self._client.locate_requests()], columns=REQUESTS)
        for name in ("asked_at", "decided_at"):
            frame[name] = pd.to_datetime(frame[name], utc=True)
        return self._localised(frame.astype({"approved": "boolean"}))

    def locate(self, plate: str, *, since: Time = None, until: Time = None) -> Located:
        """Where and when a plate is usually SEEN, once a supervisor approved just this (`request_locate`).

        Where no reader looks it is never seen, however often it is there.

        Returns
        -------
        Located: `places`, a GeoDataFrame (EPSG:4326), and `hours`, a DataFrame, of `search.locator.PLACES` and `HOURS`; times in the
            department's zone

        Raises
        ------
        AccessRefusedError : nobody approved it, or not for this case; VerificationError : as `plate_history`
        """
        served = self._client.locate(plate, self._why, since=self._instant(since), until=self._instant(until))
        found, told = served.value, self._recorded_as(served.receipt)
        self._note(served, Action.LOCATE, len(found.places))
        return replace(found, places=self._located(found.places, told), hours=self._told(found.hours, told))

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
        return self._told(served.value, self._recorded_as(served.receipt))
