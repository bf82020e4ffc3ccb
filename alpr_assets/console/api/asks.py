"""What is sent to the data API: one model a request, described, bounded, and refusing what it does not know.

Every question about vehicles goes by POST, so that no plate reaches a URL, and so a log.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, SecretStr, StringConstraints

from alpr_assets.access.gate import MAX_CASE_NUMBER
from alpr_assets.access.people import SessionKind
from alpr_assets.access.roles import Action
from alpr_assets.lifecycle.watches.areas import MAX_CORNERS, MAX_RADIUS_M
from alpr_assets.lifecycle.watches.patterns import MAX_TYPED

LARGEST_ID = 2**63 - 1  # what a database can hold


class Strict(BaseModel):
    """Unknown keys are refused: a mistyped filter would otherwise widen what is searched."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _within_storage(at: datetime) -> datetime:
    """UTC. Raises ValueError for the calendar's first and last hours, which have none, and for what no database compares."""
    try:
        instant = at.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("not an instant of the calendar") from error
    if not 1970 <= instant.year <= 9000:
        raise ValueError("give a year from 1970 to 9000")
    return instant


def _within_days(day: date) -> date:
    if not 1970 <= day.year <= 9000:
        raise ValueError("give a year from 1970 to 9000")
    return day


Printable = r"^[^\x00-\x1f\x7f]*$"
Short = Annotated[str, StringConstraints(max_length=64, pattern=Printable)]
Instant = Annotated[AwareDatetime, AfterValidator(_within_storage)]
Day = Annotated[date, AfterValidator(_within_days)]
PlateText = Annotated[
    str,
    StringConstraints(min_length=1, max_length=32, pattern=Printable),
    Field(description="the whole plate; spaces, dashes and case do not matter", examples=["7ABC123"]),
]
State = Annotated[
    str, StringConstraints(pattern="^[A-Za-z]{2}$"), Field(description="two letters of a state", examples=["CA"])
]
PatternText = Annotated[
    str,
    StringConstraints(min_length=1, max_length=MAX_TYPED, pattern=Printable),
    Field(
        description="partial plate: ? is one unknown character, * any number of them, [08O] one of these",
        examples=["7?A*23"],
    ),
]
Degrees = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
Corner = Annotated[
    list[Degrees], Field(min_length=2, max_length=2, description="[longitude, latitude], degrees, WGS 84")
]


class CircleAsked(Strict):
    """A circle. GeoJSON has none: a Point, and our radius."""

    type: Literal["Point"]
    coordinates: Corner
    radius_m: float = Field(gt=0, le=MAX_RADIUS_M, allow_inf_nan=False, description="metres along the ground")


class PolygonAsked(Strict):
    """A drawn area: a GeoJSON Polygon. A second ring inside the first is a hole."""

    type: Literal["Polygon"]
    coordinates: Annotated[
        list[Annotated[list[Corner], Field(min_length=4, max_length=MAX_CORNERS)]], Field(min_length=1, max_length=20)
    ] = Field(description="closed rings: the last corner is the first again")


AreaAsked = Annotated[CircleAsked | PolygonAsked, Field(discriminator="type")]


class SignIn(Strict):
    """Name, password and second factor for a token. Counted, recorded and locked as any sign-in."""

    user: Annotated[str, StringConstraints(min_length=1, max_length=64)] = Field(description="user name")
    password: SecretStr = Field(min_length=1, max_length=128)
    code: SecretStr = Field(min_length=6, max_length=16, description="the second factor's six digits of now")
    notice_acknowledged: bool = Field(
        default=False, description="you have read the notice of GET /sign-in, and go on: must be true"
    )
    label: Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=Printable)] = Field(
        description="what the token is for, shown in the list of your sessions", examples=["notebook"]
    )
    kind: Literal[SessionKind.NOTEBOOK, SessionKind.DEVICE] = SessionKind.NOTEBOOK
    minutes: int | None = Field(default=None, ge=1, le=525_600, description="good for; the policy's longest by default")
    actions: Annotated[frozenset[Action], Field(max_length=32)] | None = Field(
        default=None, description="what the token is for; null: questions about vehicles, as far as your role has them"
    )


class Why(Strict):
    """What every question about vehicles states (422.4(a))."""

    purpose: Annotated[str, StringConstraints(min_length=1, max_length=64)] = Field(
        description="code of one of GET /purposes", examples=["stolen_vehicle"]
    )
    case_number: Annotated[str, StringConstraints(min_length=1, max_length=MAX_CASE_NUMBER)] = Field(
        description="case, incident or administrative number", examples=["26-01234"]
    )


class Window(Strict):
    """From `since` up to and without `until`; either may be left open."""

    since: Instant | None = Field(default=None, description="with its offset", examples=["2026-06-01T00:00:00-07:00"])
    until: Instant | None = Field(default=None, description="with its offset; excluded")


class PlateQuestion(Window):
    """All reads of one plate, exactly as spelt."""

    plate: PlateText
    state: State | None = Field(
        default=None, description="reads of another state are left out; those without one are kept"
    )


class HitsQuestion(Window):
    """Hot-list hits raised from captures of a time."""

    category: Short | None = Field(
        default=None, description="why the plate is listed, such as stolen_vehicle; null: any"
    )


class PlateHistoryAsk(Why, PlateQuestion):
    """All reads of one plate, with purpose and case number."""


class PossiblePlatesAsk(Why, PlateQuestion):
    """All reads of one plate, and of those that may be it, misread."""


class PlatePathAsk(Why, PlateQuestion):
    """The reads of one plate in the order of time, with the gaps between them."""


class PartialQuestion(Window):
    """All reads of the plates that a pattern means."""

    pattern: PatternText
    area: AreaAsked | None = Field(default=None, description="only reads inside; null: anywhere")
    state: State | None = Field(
        default=None, description="reads of another state are left out; those without one are kept"
    )
    tolerant: bool = Field(
        default=False,
        description="also plates that only look-alikes of the pattern's characters spell, marked possible",
    )


class PartialPlatesAsk(Why, PartialQuestion):
    """The same, with purpose and case number."""


class CoTravelQuestion(Window):
    """The vehicles that were repeatedly close to a given one."""

    plate: PlateText
    at_least: int = Field(default=2, ge=2, le=10_000, description="occasions; one is no repetition")


class CoTravelAsk(Why, CoTravelQuestion):
    """The same, with purpose and case number."""


class CountsQuestion(Window):
    """How many reads there were."""

    by: list[Literal["device", "hour", "weekday", "direction"]] = Field(
        default=["device", "hour", "direction"], min_length=1, max_length=4, description="each at most once"
    )
    area: AreaAsked | None = Field(default=None, description="only reads in the cells that it touches; null: anywhere")
    suppress: bool = Field(
        default=True, description="leave small counts out; false: for looking only, never for what is kept or passed on"
    )


class CountsAsk(Why, CountsQuestion):
    """The same, with purpose and case number."""


class HitsAsk(Why, HitsQuestion):
    """Hot-list hits of a time, with purpose and case number."""


class HitAsk(Why):
    """One hit as a case."""

    hit_id: int = Field(ge=0, le=LARGEST_ID)


class WatchesAsk(Why):
    """The watches that you may see."""

    running: bool | None = Field(
        default=None, description="true: those that match now, false: those that stopped, null: all"
    )


class ImageAsk(Why):
    """One capture's picture."""

    day: Day = Field(description="UTC day of the capture, as its row gives it")
    capture_id: int = Field(ge=0, le=LARGEST_ID)
    read_id: int | None = Field(
        default=None, ge=0, le=LARGEST_ID, description="a read of this capture: its plate only is cut out"
    )


class ReadVersionsAsk(Why):
    """All that was ever read in one picture."""

    day: Day = Field(description="UTC day of the capture, as its row gives it")
    capture_id: int = Field(ge=0, le=LARGEST_ID)


class LineageAsk(Why):
    """One read, or one picture with all its reads; of a read that is gone, both where both are known."""

    read_id: int | None = Field(default=None, ge=0, le=LARGEST_ID)
    capture_id: int | None = Field(default=None, ge=0, le=LARGEST_ID, description="of the picture, as rows give it")


class VersionDifferencesAsk(Why):
    """What two recogniser versions read otherwise."""

    since: Instant = Field(description="with its offset", examples=["2026-06-01T00:00:00-07:00"])
    until: Instant = Field(description="with its offset; excluded")
    old: Short | None = Field(default=None, description="null: of each picture the version before")
    new: Short | None = Field(default=None, description="null: of each picture the version in force")


class FileFormat(StrEnum):
    """Formats of an export."""

    CSV = "csv"
    GEOPARQUET = "geoparquet"
