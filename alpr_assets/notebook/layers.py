"""What a map shows of an answer: points, ways and areas in named layers, with words for each.

Here: from an answer to layers, the same for the interactive map (`maps`) and the one for paper (`drawings`). Not here: drawing.
Colours are Okabe and Ito's, told apart with any colour vision (https://jfly.uni-koeln.de/color/); the eighth vehicle and later are grey.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import pandas as pd

from alpr_assets.client.areas import geojson
from alpr_assets.client.incidents import Canvassed, CoTravel, Incident
from alpr_assets.client.located import Located
from alpr_assets.errors import AlprError

COLOURS: Final = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
OTHERS: Final = "#8a8f98"
WRONG: Final = "#c1121f"
QUIET: Final = "#5b6c7c"
STATES: Final = {"here": "#009e73", "elsewhere": "#e69f00", "silent": "#c1121f"}

Place = tuple[float, float]
"""Latitude and longitude in degrees, WGS 84."""


@dataclass(frozen=True, slots=True)
class Point:
    """A dot. words : what is said of it, a line each; size : its radius in pixels"""

    place: Place
    colour: str
    words: tuple[str, ...]
    size: float = 6
    hollow: bool = False


@dataclass(frozen=True, slots=True)
class Way:
    """A straight line between two places: it was driven somehow, not along this line."""

    ends: tuple[Place, Place]
    colour: str
    words: tuple[str, ...]
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Shape:
    """A GeoJSON Polygon, or a Point with `radius_m`."""

    geometry: Mapping[str, Any]
    colour: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Street:
    """A line beneath everything, or the edge of an area."""

    kind: str
    name: str
    places: Sequence[Place]
    is_area: bool


@dataclass(frozen=True, slots=True)
class Layer:
    """What is shown or hidden together; its colour stands in the legend."""

    name: str
    colour: str
    points: Sequence[Point] = field(default=())
    ways: Sequence[Way] = field(default=())
    shapes: Sequence[Shape] = field(default=())


def layers_of(found: Any) -> list[Layer]:
    """Layers of an answer, those beneath first.

    Parameters
    ----------
    found : of a history, path, partial, hits, canvass, co-travel or locator, or rows of one

    Raises
    ------
    AlprError : it has no places
    """
    if isinstance(found, Canvassed):
        return _canvassed(found)
    if isinstance(found, CoTravel):
        return by_vehicle(found.passes, found.companions["plate"].tolist())
    if isinstance(found, Located):
        return _located(found)
    if not isinstance(found, pd.DataFrame) or not {"latitude_deg", "longitude_deg"} <= set(found.columns):
        raise AlprError("that has no places to show", remedy="give an answer with latitude_deg and longitude_deg")
    if "impossible" in found:
        return _path(found)
    if "geometry" in found and "share" in found:
        return [_places(found)]
    return by_vehicle(found, [])


def box_of(layers: Sequence[Layer]) -> tuple[float, float, float, float] | None:
    """South, west, north and east in degrees of all that is on a map, with a fifth of it around; None: nothing."""
    places = [point.place for layer in layers for point in layer.points]
    places += [end for layer in layers for way in layer.ways for end in way.ends]
    for shape in (shape for layer in layers for shape in layer.shapes):
        places += _corners(shape.geometry)
    if not places:
        return None
    lats, lons = [lat for lat, _ in places], [lon for _, lon in places]
    up, across = (max(max(values) - min(values), 0.01) * 0.2 for values in (lats, lons))
    south, north = max(min(lats) - up, -90.0), min(max(lats) + up, 90.0)
    return south, max(min(lons) - across, -180.0), north, min(max(lons) + across, 180.0)


def _corners(geometry: Mapping[str, Any]) -> list[Place]:
    if geometry["type"] == "Point":
        lon, lat = geometry["coordinates"]
        reach = geometry["radius_m"] / 111_000
        return [(lat - reach, lon - reach), (lat + reach, lon + reach)]
    rings = (
        geometry["coordinates"]
        if geometry["type"] == "Polygon"
        else [ring for part in geometry["coordinates"] for ring in part]
    )
    return [(lat, lon) for ring in rings for lon, lat, *_ in ring]


def vehicle_of(frame: pd.DataFrame) -> pd.Series[Any]:
    """The plate by which a row's vehicle goes: as a person read it where one did, else the pass's, else the read's."""
    plate = frame["plate"]
    for name in ("vehicle", "corrected_plate"):
        if name in frame:
            plate = frame[name].fillna(plate)
    return plate


def coloured(vehicles: Sequence[str]) -> Callable[[str], str]:
    """A colour for each, the first ones their own."""
    known = dict(zip(vehicles, COLOURS, strict=False))
    return lambda vehicle: known.get(vehicle, OTHERS)


def words_of(row: Mapping[str, Any]) -> tuple[str, ...]:
    """What is said of a read: plate, when, which reader, how sure, what a person made of it."""
    said = [str(row["plate"])]
    at = row.get("captured_at", row.get("nearest_at"))
    if not _missing(at):
        said.append(f"{at:%Y-%m-%d %H:%M:%S %Z}")
    device = row.get("device") if not _missing(row.get("device")) else row.get("device_id")
    if not _missing(device):
        said.append(str(device))
    if not _missing(row.get("confidence")):
        said.append(f"read with {row['confidence']:.0%}" + ("" if row.get("sure", True) else ", not sure"))
    if not _missing(row.get("corrected_plate")):
        said.append(f"a person read {row['corrected_plate']}")
    if row.get("possible") is True:
        said.append("possibly another plate, misread")
    if not _missing(row.get("reasons")):
        said += [str(row["reasons"])] if isinstance(row["reasons"], str) else list(map(str, row["reasons"]))
    return tuple(said)


def by_vehicle(frame: pd.DataFrame, order: Sequence[str]) -> list[Layer]:
    """A layer a vehicle, the first ones of `order` (else the most seen) in colours of their own, all others in one."""
    placed = _placed(frame)
    vehicles = vehicle_of(placed)
    ranked = list(order) or vehicles.value_counts().index.tolist()
    colour = coloured(ranked)
    told = ranked[: len(COLOURS)]
    layers = [
        Layer(name, colour(name), [_dot(row, colour(name)) for row in _rows(placed[vehicles == name])])
        for name in reversed(told)
        if (vehicles == name).any()
    ]
    rest = placed[~vehicles.isin(told)]
    if len(rest):
        layers.insert(0, Layer("others", OTHERS, [_dot(row, OTHERS) for row in _rows(rest)]))
    return layers


def _canvassed(found: Canvassed) -> list[Layer]:
    scenes = [shape for incident in found.incidents for shape in _shapes(incident)]
    readers = _placed(found.coverage)
    beneath = [Layer("incidents", QUIET, shapes=scenes)] if scenes else []
    for state, colour in STATES.items():
        dots = [_reader(row, colour) for row in _rows(readers[readers["state"] == state])]
        beneath += [Layer(f"readers: {state}", colour, dots)] if dots else []
    return beneath + by_vehicle(found.reads, found.vehicles["plate"].tolist())


def _reader(row: Mapping[str, Any], colour: str) -> Point:
    words = str(row["device"] or row["device_id"]), f"{row['incident']}: {row['state']}, {row['n_captures']} pictures"
    return Point(_at(row), colour, words, size=4, hollow=True)


def _shapes(incident: Incident) -> list[Shape]:
    words = (incident.name, *(f"{since} to {until}" for since, until in incident.windows))
    return [Shape(geometry, QUIET, words) for area in incident.areas if (geometry := geojson(area)) is not None]


def _path(frame: pd.DataFrame) -> list[Layer]:
    """Dots from early to late, and the gaps between them; those that no vehicle can have driven stand out."""
    from matplotlib import colormaps, colors  # noqa: PLC0415 - 0.3 s

    placed = _placed(frame)
    shades = [colors.to_hex(shade) for shade in colormaps["viridis"].resampled(max(len(placed), 2))(range(len(placed)))]
    dots = [_dot(row, shade) for row, shade in zip(_rows(placed), shades, strict=True)]
    ways, wrong, before = [], [], None
    for row in _rows(frame):
        if _missing(row["latitude_deg"]):
            before = None
            continue
        if before is not None:
            gap = f"{row['gap_m'] / 1000:.1f} km in {row['gap_s'] / 60:.0f} min"
            if row["impossible"]:
                words = (gap, f"at least {row['least_kmh']:.0f} km/h: one of the two is another vehicle ({row['why']})")
                wrong.append(Way((before, _at(row)), WRONG, words, dashed=True))
            else:
                ways.append(Way((before, _at(row)), QUIET, (gap,)))
        before = _at(row)
    layers = [
        Layer("way", QUIET, ways=ways),
        Layer("reads, dark to light in time", shades[0] if shades else QUIET, dots),
    ]
    return [*layers, Layer("cannot have been driven", WRONG, ways=wrong)] if wrong else layers


def _located(found: Located) -> list[Layer]:
    return [_places(found.places)]


def _places(places: pd.DataFrame) -> Layer:
    dots = [
        Point(
            _at(row), COLOURS[0],
            (
                f"place {row['place']}: {row['share']:.0%} of visits ({row['share_low']:.0%} to {row['share_high']:.0%})",
                f"{row['n_visits']} visits on {row['n_days']} days, mostly about {row['peak_hour']}:00",
            ),
            size=5 + 20 * row["share"] ** 0.5,
        )
        for row in _rows(_placed(places))
    ]  # fmt: skip
    return Layer("places, by share of visits", COLOURS[0], dots)


def _dot(row: Mapping[str, Any], colour: str) -> Point:
    return Point(_at(row), colour, words_of(row), hollow=row.get("possible") is True or row.get("sure") is False)


def _at(row: Mapping[str, Any]) -> Place:
    return float(row["latitude_deg"]), float(row["longitude_deg"])


def _placed(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["latitude_deg"].notna() & frame["longitude_deg"].notna()]


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def _missing(value: Any) -> bool:
    return value is None or (pd.api.types.is_scalar(value) and pd.isna(value))
