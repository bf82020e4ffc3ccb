"""The department's own streets and addresses for programs: the layer beneath a notebook's map, and words to a place (422.4(c)).

Here: routes. They say nothing about vehicles, so they need a sign-in and no purpose. Words go by POST: an address is part of a question
about vehicles, and stands in no log.
"""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from alpr_assets.console.api.sessions import Serving, SignedIn
from alpr_assets.places import gazetteer, streets

router: Final = APIRouter(tags=["maps"])

Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False, description="degrees, WGS 84")]
Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False, description="degrees, WGS 84")]


class Box(BaseModel):
    """A part of the map."""

    model_config = ConfigDict(extra="forbid")

    south: Latitude
    west: Longitude
    north: Latitude
    east: Longitude


class Street(BaseModel):
    """A street, water or a park's edge."""

    kind: str = Field(description="water, park, boundary, street, arterial or highway")
    name: str = Field(description="empty: it has none")
    places: list[tuple[float, float]] = Field(description="latitude and longitude in degrees, along it")
    is_area: bool = Field(description="it closes")


class Streets(BaseModel):
    """What lies beneath a map: those beneath first. Empty where nothing was imported, or the box is too large."""

    lines: list[Street]


class Words(BaseModel):
    """What may be a place."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(max_length=gazetteer.MAX_TEXT, description="an address, two streets that cross, or a landmark")


class Known(BaseModel):
    """A place that the words may mean."""

    label: str
    latitude_deg: float = Field(description="WGS 84")
    longitude_deg: float = Field(description="WGS 84")
    is_exact: bool = Field(description="false: another number, or another spelling")


class Places(BaseModel):
    """The places that words may mean, exact ones first."""

    places: list[Known]


@router.post("/base-layer")
def base_layer(box: Box, _session: SignedIn, services: Serving) -> Streets:
    """The department's own streets in a part of the map."""
    found = streets.lines_in(services.settings.path("data"), box.south, box.west, box.north, box.east)
    return Streets(
        lines=[Street(kind=one.kind, name=one.name, places=list(one.places), is_area=one.is_area) for one in found]
    )


@router.post("/places")
def places(words: Words, _session: SignedIn, services: Serving) -> Places:
    """Places by words: `1200 Main St`, `A St & 18th St`, `City Hall`."""
    found = gazetteer.find(services.settings.path("data"), words.text)
    known = [
        Known(label=one.label, latitude_deg=one.latitude_deg, longitude_deg=one.longitude_deg, is_exact=one.is_exact)
        for one in found
    ]
    return Places(places=known)
