"""What a notebook shows of an answer: a map to move about in, a map and a timeline for paper.

Here: these for a session. Not here: how they are drawn (`maps`, `drawings`). Nothing is asked for: an answer is shown that is there.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from alpr_assets.client.incidents import Canvassed, CoTravel
from alpr_assets.client.located import Located
from alpr_assets.notebook import drawings
from alpr_assets.notebook.layers import layers_of
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
        return Map(layers_of(found), self._source(found))

    def picture(self, found: Any, *, title: str = "") -> drawings.Drawing:
        """The same as a map for paper: north up, with a scale in metres. Parameters and errors as `explore`."""
        return drawings.drawn_map(layers_of(found), self._source(found), title=title)

    def timeline(self, found: Any, *, title: str = "") -> drawings.Drawing:
        """When which vehicle was seen, in the department's time; of `locate`, where in which hour of the week.

        Raises
        ------
        AlprError : it has no times
        """
        return drawings.timeline(found, self.zone, self._source(found), title=title)

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
