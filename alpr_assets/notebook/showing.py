"""What a notebook shows of an answer: a map to move about in, a map and a timeline for paper.

Here: these for a session. Not here: how they are drawn (`maps`, `drawings`). Nothing about vehicles is asked for:
an answer is shown that is there, over the department's own streets.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from alpr_assets.client.incidents import Canvassed, CoTravel
from alpr_assets.client.located import Located
from alpr_assets.notebook import drawings
from alpr_assets.notebook.layers import Layer, Street, box_of, layers_of
from alpr_assets.notebook.maps import Map
from alpr_assets.notebook.signed_in import SignedIn


class Showing(SignedIn):
    """A session that shows what it was answered."""

    def explore(self, found: Any) -> Map:
        """A map to move about in: reads by vehicle or, of a path, by time; a canvass with its incidents and readers. It loads nothing.

        Parameters
        ----------
        found : answer of `plate_history`, `plate_path`, `partial_plates`, `hits`, `canvass`, `co_travel`, `locate`, or rows of one

        Raises
        ------
        AlprError : it has no places
        """
        layers = layers_of(found)
        return Map(layers, self._source(found), self._streets(layers))

    def picture(self, found: Any, *, title: str = "") -> drawings.Drawing:
        """The same as a map for paper: north up, with a scale in metres. Parameters and errors as `explore`."""
        layers = layers_of(found)
        return drawings.drawn_map(layers, self._source(found), title=title, streets=self._streets(layers))

    def timeline(self, found: Any, *, title: str = "") -> drawings.Drawing:
        """When which vehicle was seen, in the department's time; of `locate`, where in which hour of the week.

        Raises
        ------
        AlprError : it has no times
        """
        return drawings.timeline(found, self.zone, self._source(found), title=title)

    def place(self, words: str) -> pd.DataFrame:
        """Places that words may mean, such as an address, two streets that cross, or a landmark; exact ones first.

        Returns
        -------
        DataFrame (n, 4): label, latitude_deg and longitude_deg (WGS 84), is_exact (False: another number, or spelling). Empty where the
            department imported no streets or addresses: `alpr places --help`
        """
        columns = ["label", "latitude_deg", "longitude_deg", "is_exact"]
        return pd.DataFrame(self._client.places(words), columns=columns)

    def _streets(self, layers: Sequence[Layer]) -> list[Street]:
        """The department's own streets beneath these layers; none where there are none, or the map is too wide."""
        box = box_of(layers)
        if box is None:
            return []
        lines = self._client.base_layer(*box)
        return [
            Street(one["kind"], one["name"], [(lat, lon) for lat, lon in one["places"]], one["is_area"])
            for one in lines
        ]

    def _source(self, found: Any) -> str:
        """Whence it comes, and how it is to be taken."""
        frame = _table(found)
        record_id = frame.attrs.get("record_id") if frame is not None else None
        case_number = (
            frame.attrs.get("case_number", self._why.case_number) if frame is not None else self._why.case_number
        )
        known = f"access record {record_id}, " if record_id is not None else ""
        return f"{known}case {case_number}. Reads are a machine's opinion: leads, no findings."


def _table(found: Any) -> pd.DataFrame | None:
    """The table of an answer that knows its record."""
    match found:
        case Canvassed():
            return found.reads
        case CoTravel():
            return found.passes
        case Located():
            return found.places
        case pd.DataFrame():
            return found
    return None
