"""A read's lineage in a notebook: a picture of its steps, and each part of it as a frame.

Here: drawing and tabulating. Not here: asking (`looking`). The picture is plain HTML, and prints.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any, Final
from zoneinfo import ZoneInfo

import pandas as pd

from alpr_assets.client.lineage import Lineage, Section, Step
from alpr_assets.errors import AlprError

SECTION: Final = "border-left:3px solid #2f7fd1;margin:0 0 0 .6em;padding:.1em 0 .6em 1em;text-align:left"


@dataclass(frozen=True, slots=True)
class TracedRead:
    """What is known of one read. As the last line of a cell it is drawn.

    lineage : as the console answered
    zone : the department's, for what is shown
    """

    lineage: Lineage
    zone: ZoneInfo

    @property
    def told(self) -> str:
        """What can be said of it as a whole."""
        return self.lineage.told

    def steps(self) -> pd.DataFrame:
        """All steps in their order.

        Returns
        -------
        DataFrame (n, 4): section, at (the department's zone; missing: no time), what, by
        """
        rows = [(one.name, step.at, step.what, step.by) for one in self.lineage.sections for step in one.steps]
        frame = pd.DataFrame(rows, columns=["section", "at", "what", "by"])
        frame["at"] = pd.to_datetime(frame["at"], utc=True).dt.tz_convert(self.zone)
        return frame

    def part(self, name: str) -> pd.DataFrame:
        """One section's steps with their facts, a column each.

        Parameters
        ----------
        name : as in the column `section` of `steps`

        Raises
        ------
        AlprError : there is no such section
        """
        found = next((one for one in self.lineage.sections if one.name == name), None)
        if found is None:
            names = ", ".join(one.name for one in self.lineage.sections)
            raise AlprError(f"this lineage has no section {name}", remedy=f"one of: {names}")
        rows: list[Mapping[str, Any]] = [{"what": step.what, "by": step.by, **step.facts} for step in found.steps]
        return pd.DataFrame(rows)

    def _repr_html_(self) -> str:
        sections = "".join(map(self._drawn, self.lineage.sections))
        return f"<h3>{escape(self.lineage.title)}</h3><p>{escape(self.told)}</p>{sections}"

    def _drawn(self, section: Section) -> str:
        steps = "".join(map(self._step, section.steps))
        inside = (
            f"<ul style='margin:0'>{steps}</ul>"
            if steps
            else f"<p style='color:#777;margin:0'>{escape(section.empty)}</p>"
        )
        return f"<div style='{SECTION}'><b>{escape(section.title)}</b>{inside}</div>"

    def _step(self, step: Step) -> str:
        when = f"{step.at.astimezone(self.zone):%Y-%m-%d %H:%M:%S}" if step.at else ""
        about = " · ".join(escape(part) for part in (when, step.by or "") if part)
        facts = "; ".join(
            f"{escape(name.replace('_', ' '))}: {escape(_text(value))}" for name, value in step.facts.items()
        )
        return f"<li>{escape(step.what)} <small>{about}<br>{facts}</small></li>"


def _text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
