"""Asking the console: histories and paths, partial plates, canvasses, companions, locating, counts, hits, watches, pictures, versions.

Here: each question of a member, its answer as frames. Not here: the connection and the receipt that comes with each (`connection`),
files (`keeping`), what a notebook makes of it (`notebook`). No plate is part of a URL or of an error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from alpr_assets.client.areas import geojson
from alpr_assets.client.connection import Served, Why
from alpr_assets.client.evidence import Evidence
from alpr_assets.client.incidents import Canvassed, CoTravel, Incident
from alpr_assets.client.keeping import Keeping
from alpr_assets.client.lineage import Lineage
from alpr_assets.client.located import Located, LocateRequest
from alpr_assets.client.questions import question, said
from alpr_assets.client.releases import Releases
from alpr_assets.client.versions import Differences

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture's bytes as they came."""

    content: bytes = field(repr=False)
    media_type: str


class Client(Keeping, Evidence, Releases):
    """A connection with all that may be asked through it."""

    def plate_history(
        self,
        plate: str,
        why: Why,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        state: str | None = None,
    ) -> Served[pd.DataFrame]:
        """All reads of exactly these characters, the newest first; columns as `search.history.COLUMNS`, times in UTC."""
        asked = {"plate": plate, "since": said(since), "until": said(until), "state": state}
        return self._frame("/api/plate-history", why, asked)

    def possible_plates(
        self,
        plate: str,
        why: Why,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        state: str | None = None,
    ) -> Served[pd.DataFrame]:
        """Reads of a plate, then of those that may be it, misread; columns as `search.tolerant.COLUMNS`, times in UTC."""
        asked = {"plate": plate, "since": said(since), "until": said(until), "state": state}
        return self._frame("/api/possible-plates", why, asked)

    def plate_path(
        self,
        plate: str,
        why: Why,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        state: str | None = None,
    ) -> Served[pd.DataFrame]:
        """Reads of a plate in the order of time, with their gaps; columns as `search.path.COLUMNS`, times in UTC."""
        asked = {"plate": plate, "since": said(since), "until": said(until), "state": state}
        return self._frame("/api/plate-path", why, asked)

    def partial_plates(
        self,
        pattern: str,
        why: Why,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        area: Any = None,
        state: str | None = None,
        tolerant: bool = False,
    ) -> Served[pd.DataFrame]:
        """All reads of the plates that a pattern means, the best explained first; columns as `search.partial.COLUMNS`.

        area : see `client.areas.geojson`; None: anywhere
        tolerant : also plates that only look-alikes of the pattern's characters spell, marked possible
        """
        asked = {
            "pattern": pattern, "since": said(since), "until": said(until), "area": geojson(area), "state": state,
            "tolerant": tolerant,
        }  # fmt: skip
        served = self._frame("/api/partial-plates", why, asked)
        # The console sends the newest first, for it does not wait for the last one to be ranked.
        ranked = served.value.sort_values(["explained", "captured_at"], ascending=False, kind="stable")
        return Served(ranked.reset_index(drop=True), served.receipt)

    def canvass(
        self,
        incidents: Sequence[Incident],
        why: Why,
        *,
        at_least: int | None = None,
        partial: str | None = None,
        state: str | None = None,
        heading_deg: float | None = None,
        devices: Sequence[str] = (),
    ) -> Served[Canvassed]:
        """Vehicles that were seen at incidents, the most telling first, beside what could have been seen there at all.

        at_least : at how many of the incidents; None: all
        partial, state, heading_deg, devices : what is known of the vehicle, see `search.canvass.incidents.Description`
        """
        known = {"partial": partial, "state": state, "heading_deg": heading_deg, "devices": devices}
        asked = question("canvass", {"incidents": incidents, "at_least": at_least, **known})
        del asked["search"]  # the address says it
        response = self._recorded("/api/canvass", why, asked, accept="application/json")
        return Served(Canvassed.of(response.value.json(), incidents), response.receipt)

    def co_travel(
        self,
        plate: str,
        why: Why,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        at_least: int = 2,
    ) -> Served[CoTravel]:
        """Vehicles that were on at least so many occasions close to a given one, beside what chance gives."""
        asked = {"plate": plate, "since": said(since), "until": said(until), "at_least": at_least}
        response = self._recorded("/api/co-travel", why, asked, accept="application/json")
        return Served(CoTravel.of(response.value.json()), response.receipt)

    def request_locate(self, plate: str, why: Why) -> Served[int]:
        """Ask a supervisor to let you locate a plate, for a felony or a missing person. Returns the request's number."""
        response = self._recorded("/api/locate/requests", why, {"plate": plate}, accept="application/json")
        return Served(int(response.value.json()["request_id"]), response.receipt)

    def locate_requests(self) -> list[LocateRequest]:
        """Your requests and what became of them, the newest first; no data about vehicles."""
        return [LocateRequest.of(one) for one in self._json("GET", "/api/locate/requests")["requests"]]

    def locate(
        self, plate: str, why: Why, *, since: datetime | None = None, until: datetime | None = None
    ) -> Served[Located]:
        """Where and when a plate is usually seen. Raises AccessRefusedError: no supervisor approved it for this case."""
        asked = {"plate": plate, "since": said(since), "until": said(until)}
        response = self._recorded("/api/locate", why, asked, accept="application/json")
        return Served(Located.of(response.value.json()), response.receipt)

    def counts(
        self,
        why: Why,
        *,
        by: Sequence[str] = ("device", "hour", "direction"),
        since: datetime | None = None,
        until: datetime | None = None,
        area: Any = None,
        suppress: bool = True,
    ) -> Served[pd.DataFrame]:
        """How many reads there were; columns as `search.statistics.COLUMNS`, of the properties those asked for.

        suppress : leave small counts out; False: for looking only, never for what is kept or passed on
        """
        asked = {
            "by": list(by), "since": said(since), "until": said(until), "area": geojson(area), "suppress": suppress,
        }  # fmt: skip
        return self._frame("/api/counts", why, asked)

    def hits(
        self, why: Why, *, since: datetime | None = None, until: datetime | None = None, category: str | None = None
    ) -> Served[pd.DataFrame]:
        """Hot-list hits that the member may see, the newest first; columns as `search.hits.COLUMNS`, times in UTC."""
        return self._frame("/api/hits", why, {"since": said(since), "until": said(until), "category": category})

    def hit(self, hit_id: int, why: Why) -> Served[dict[str, Any]]:
        """One hit as a case: its row, the characters that differ, every move so far, what is possible next."""
        response = self._recorded("/api/hit", why, {"hit_id": int(hit_id)}, accept="application/json")
        said: dict[str, Any] = response.value.json()
        return Served({name: value for name, value in said.items() if name != "receipt"}, response.receipt)

    def watches(self, why: Why, *, running: bool | None = None) -> Served[pd.DataFrame]:
        """Watches that the member may see, the newest first; columns as `watches.listing.COLUMNS`, times in UTC."""
        return self._frame("/api/watches", why, {"running": running})

    def image(self, day: date, capture_id: int, why: Why, *, read_id: int | None = None) -> Served[Picture]:
        """One capture's picture as taken, or the part of it around one read."""
        asked = {"day": day.isoformat(), "capture_id": int(capture_id), "read_id": read_id}
        response = self._recorded("/api/images/open", why, asked)
        return Served(Picture(response.value.content, response.value.headers["Content-Type"]), response.receipt)

    def read_versions(self, day: date, capture_id: int, why: Why) -> Served[pd.DataFrame]:
        """All that any recogniser version read in one picture; columns as `search.versions.COLUMNS`, times in UTC."""
        return self._frame("/api/read-versions", why, {"day": day.isoformat(), "capture_id": int(capture_id)})

    def lineage(self, why: Why, *, read_id: int | None = None, capture_id: int | None = None) -> Served[Lineage]:
        """One read from its picture to its end, or one picture with all its reads."""
        asked = {"read_id": read_id, "capture_id": capture_id}
        response = self._recorded("/api/lineage", why, asked, accept="application/json")
        return Served(Lineage.of(response.value.json()), response.receipt)

    def version_differences(
        self, why: Why, *, since: datetime, until: datetime, old: str | None = None, new: str | None = None
    ) -> Served[Differences]:
        """Where two recogniser versions differ on the same pictures; None: the version before, and the one in force."""
        asked = {"since": said(since), "until": said(until), "old": old, "new": new}
        response = self._recorded("/api/version-differences", why, asked, accept="application/json")
        return Served(Differences.of(response.value.json()), response.receipt)
