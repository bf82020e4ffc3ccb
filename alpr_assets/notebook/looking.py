"""What a notebook looks at: hits, watches, pictures, and what each recogniser version read in one.

Here: these questions with what they return. Not here: searches (`searching`); a verdict is a person's, in the console.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import pandas as pd
from PIL import Image

from alpr_assets.access.roles import Action
from alpr_assets.client.versions import Differences
from alpr_assets.errors import AlprError
from alpr_assets.notebook.lineage import TracedRead
from alpr_assets.notebook.signed_in import SignedIn, Time

if TYPE_CHECKING:
    from geopandas import GeoDataFrame


class Looking(SignedIn):
    """A session that looks at hits and pictures."""

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
        return self._told(served.value, self._recorded_as(served.receipt))

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
        day, capture_id, read_id = _picture_of(row)
        served = self._client.image(day, capture_id, self._why, read_id=read_id if plate_only else None)
        self._note(served, Action.OPEN_IMAGE, 1)
        picture = Image.open(io.BytesIO(served.value.content))
        picture.load()
        return picture

    def read_versions(self, row: Any) -> pd.DataFrame:
        """All that any recogniser version ever read in a row's picture, with its candidates: why a read says what it says.

        Parameters
        ----------
        row : as of `image`

        Returns
        -------
        DataFrame (n, 18): the columns of `search.versions.COLUMNS`; `characters` and `candidates` are lists of objects with
            `character` or `plate` and `confidence`; times in the department's zone

        Raises
        ------
        NotFoundError : there is no such picture
        AccessRefusedError, VerificationError : as `plate_history`
        """
        day, capture_id, _ = _picture_of(row)
        served = self._client.read_versions(day, capture_id, self._why)
        self._note(served, Action.PLATE_HISTORY, len(served.value))
        return self._told(served.value, self._recorded_as(served.receipt))

    def lineage(self, row: Any = None, *, read_id: int | None = None, capture_id: int | None = None) -> TracedRead:
        """Where a read came from and what became of it: receipt, versions, corrections, hits, holds, who was shown it, its purge.

        Parameters
        ----------
        row : as of `image`; None: by its numbers
        read_id, capture_id : of a read, of a picture; of a destroyed read both, where both are known

        Returns
        -------
        TracedRead: drawn where it ends a cell; `steps()` and `part(name)` are frames

        Raises
        ------
        NotFoundError : there never was such a read
        AccessRefusedError, VerificationError : as `plate_history`
        """
        if row is not None:
            _, _, read_id = _picture_of(row)
        served = self._client.lineage(self._why, read_id=read_id, capture_id=capture_id)
        self._note(served, Action.TRACE_READ, sum(len(one.steps) for one in served.value.sections))
        return TracedRead(served.value, self.zone)

    def compare_versions(
        self, *, since: Time, until: Time, old: str | None = None, new: str | None = None
    ) -> Differences:
        """Where two recogniser versions differ on the same pictures, read by read, of at most 31 days.

        Parameters
        ----------
        since, until : `until` excluded; without an offset they are the department's time
        old, new : version ids; None: of each picture the version before, and the one in force

        Returns
        -------
        Differences: counts, and `reads`, a DataFrame (n, 14) with the columns of `search.differences.COLUMNS`

        Raises
        ------
        MalformedError : too many days, or a version that there is not
        AccessRefusedError, VerificationError : as `plate_history`
        """
        first, last = self._instant(since), self._instant(until)
        if first is None or last is None:
            raise AlprError("versions are compared within a time", remedy="give since and until")
        served = self._client.version_differences(self._why, since=first, until=last, old=old, new=new)
        self._note(served, Action.PLATE_HISTORY, len(served.value.reads))
        return replace(served.value, reads=self._told(served.value.reads, self._recorded_as(served.receipt)))


def _picture_of(row: Any) -> tuple[date, int, int]:
    """UTC day, capture and read of a row. Raises AlprError: it names none."""
    wanted = row._asdict() if hasattr(row, "_asdict") else dict(row)
    try:
        day = wanted["day"] if "day" in wanted else wanted["read_day"]
        return day, int(wanted["capture_id"]), int(wanted["read_id"])
    except (KeyError, TypeError, ValueError) as error:
        raise AlprError("that row names no picture", remedy="give a row of plate_history or hits") from error
