"""One published figure, and the rule by which small ones are hidden.

Why no suppressed count can be worked out from what is published:
(1) an event is counted in exactly one cell of one month: no two sections count the same population, and a section's cells are disjoint
(2) nothing is published that adds cells up; a sum of figures that are shown would tell nothing more, and is left out as well
(3) a month is counted once and never again, so no two versions of a cell can be subtracted
So what is published about one cell says nothing about another: of a hidden count a reader knows 1 to small_cell − 1, whatever else
he reads, which is at least two possible values (small_cell ≥ 3).
(4) captures and destroyed captures do count the same pictures twice, and are therefore rounded down to a multiple of round_to: of what
was kept of them, their difference, a reader cannot know the number while it is not nought, since with it one more or one less fits too.
(5) a head tells how many entries the access record has, and each search is one: it is shown only where the record grew by more than
the searches that a reader must think possible (`publishing.tells_nothing`).

Cell suppression with secondary cells (NIST SP 800-188; Federal Committee on Statistical Methodology, Working Paper 22) is needed where
margins are published; leaving them out is the simpler rule, and one that can be proven. Property tests hold it against integer programming.
"""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel, ConfigDict, Field, model_validator

COUNT: Final = "as counted; null: hidden, and from 1 up to below fewer_than"


class Cell(BaseModel):
    """One figure as published. row, column: what it counts; reference: what it can be looked up by, such as a certificate's hash."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    row: str
    column: str = ""
    count: int | None = Field(ge=0, description=COUNT)
    fewer_than: int | None = Field(default=None, ge=3)
    rounded_to: int | None = Field(default=None, ge=10, description="rounded down to a multiple of it; null: exact")
    reference: str = ""

    @model_validator(mode="after")
    def _shown_or_hidden(self) -> Cell:
        if (self.count is None) != (self.fewer_than is not None):
            raise ValueError("a figure is shown, or hidden below a bound")
        return self


def exact(n: int, *, small: int) -> dict[str, int | None]:
    """A count of events: nought and what is not small as it is, else hidden."""
    return {"count": None, "fewer_than": small} if 0 < n < small else {"count": n}


def volume(n: int, *, base: int) -> dict[str, int | None]:
    """A count of pictures: rounded down, so that it cannot be held against another count of the same pictures."""
    if 0 < n < base:
        return {"count": None, "fewer_than": base, "rounded_to": base}
    return {"count": n // base * base, "rounded_to": base}
