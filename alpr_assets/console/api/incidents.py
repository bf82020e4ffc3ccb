"""What is sent to canvass: incidents with their places and times, and what a witness said of the vehicle.

Here: the models, and the same as the search takes it. Not here: what the policy allows at once (`search.canvass.incidents`).
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from alpr_assets.console.api.asks import AreaAsked, Instant, PatternText, Printable, Short, State, Strict, Why
from alpr_assets.lifecycle.watches.areas import area_of
from alpr_assets.search.canvass.incidents import MAX_INCIDENTS, MAX_PARTS, Description, Incident
from alpr_assets.search.reads import Window

MAX_DEVICES = 200


class WindowAsked(Strict):
    """From `since` up to and without `until`."""

    since: Instant = Field(description="with its offset", examples=["2026-06-14T21:00:00-07:00"])
    until: Instant = Field(description="with its offset; excluded")


class IncidentAsked(Strict):
    """One incident: any of its places, at any of its times."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=Printable)] = Field(
        description="what people call it, such as its number; shown in the reasons", examples=["26-01234"]
    )
    areas: list[AreaAsked] = Field(
        min_length=1, max_length=MAX_PARTS, description="a circle's centre is where it happened"
    )
    windows: list[WindowAsked] = Field(
        min_length=1, max_length=MAX_PARTS, description="when a vehicle of interest may have passed"
    )
    at: Instant | None = Field(default=None, description="when it happened; the nearer in time, the more telling")

    def incident(self) -> Incident:
        """As the search takes it. Raises MalformedError: `area`, `window`."""
        return Incident(
            name=self.name,
            areas=tuple(area_of(area.model_dump()) for area in self.areas),
            windows=tuple(Window(window.since, window.until) for window in self.windows),
            at=self.at,
        )


class DescribedAsked(Strict):
    """What is known of the vehicle; null or nothing: anything."""

    partial: PatternText | None = None
    state: State | None = Field(
        default=None, description="reads of another state are left out; those without one are kept"
    )
    heading_deg: float | None = Field(
        default=None, ge=0, lt=360, allow_inf_nan=False,
        description="0 north, 90 east; reads that look elsewhere by more than 45° are left out",
    )  # fmt: skip
    devices: list[Short] = Field(default_factory=list, max_length=MAX_DEVICES, description="only these readers")

    def description(self) -> Description:
        """As the search takes it."""
        return Description(
            partial=self.partial, state=self.state, heading_deg=self.heading_deg, devices=tuple(self.devices)
        )


class CanvassQuestion(Strict):
    """Which vehicles were near incidents."""

    incidents: list[IncidentAsked] = Field(min_length=1, max_length=MAX_INCIDENTS)
    at_least: int | None = Field(
        default=None, ge=1, le=MAX_INCIDENTS, description="at how many of them a vehicle was seen; null: all"
    )
    described: DescribedAsked = Field(default_factory=DescribedAsked)


class CanvassAsk(Why, CanvassQuestion):
    """The same, with purpose and case number."""
