"""The sample's streets and addresses: those of the simulated city, named, for maps and for finding a corner by its name.

Here: names and numbers. Not here: the roads (`city.roads`), how they are kept (`places`).
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Final

import numpy as np

from alpr_assets.places import addresses, streets
from alpr_assets.places.addresses import Row, row_of
from alpr_assets.places.streets import Line
from alpr_assets.sample.city import roads

TREES: Final = (
    "Alder", "Aspen", "Bay", "Birch", "Buckeye", "Cedar", "Cherry", "Chestnut", "Cottonwood", "Cypress", "Dogwood", "Elder", "Elm",
    "Fig", "Fir", "Hazel", "Hickory", "Juniper", "Larch", "Laurel", "Linden", "Madrone", "Manzanita", "Maple", "Myrtle", "Oak", "Olive",
    "Pine", "Plum", "Redwood", "Spruce", "Walnut", "Willow",
)  # fmt: skip
NUMBERS_A_BLOCK: Final = 6
SOURCE: Final = "the simulated city"


def sample_places(data: Path, *, seed: int, at: datetime) -> None:
    """Write them into a data folder, unless streets are there already."""
    if (data / streets.FILE).exists():
        return
    made = roads.build(seed)
    lines, rows = [_river()], list[Row]()
    once = made.start < made.end  # a two-way road is two blocks
    for block in np.flatnonzero(once).tolist():
        start, end = int(made.start[block]), int(made.end[block])
        kind = ("street", "arterial", "arterial", "highway")[int(made.kind[block])]
        name, number = _named(start, end, kind)
        east, north = made.east_m[[start, end]], made.north_m[[start, end]]
        latitude, longitude = roads.degrees(east, north)
        ends = tuple(
            (round(lat, 5), round(lon, 5)) for lat, lon in zip(latitude.tolist(), longitude.tolist(), strict=True)
        )
        lines.append(Line(kind, name, ends))
        if kind != "highway" and number is not None:
            for step in range(NUMBERS_A_BLOCK):
                share = (step + 0.5) / NUMBERS_A_BLOCK
                lat, lon = (float(pair[0] * (1 - share) + pair[1] * share) for pair in (latitude, longitude))
                rows.append(row_of(number + 2 * step, name, "", (round(lat, 6), round(lon, 6))))
    rows.append(row_of(None, "City Hall", "", _place(roads.COLUMNS * roads.BLOCK_M / 2, 8 * roads.BLOCK_M)))
    streets.put_streets(data, lines, source=SOURCE, sha256="", at=at)
    addresses.put_addresses(data, rows, source=SOURCE, sha256="", at=at)


def _named(start: int, end: int, kind: str) -> tuple[str, int | None]:
    """A block's street, and its first house number; a highway has none."""
    grid = roads.COLUMNS * roads.ROWS
    if kind == "highway" or max(start, end) >= grid:
        return ("Highway 4", None) if kind == "highway" else ("Highway ramp", None)
    (row, column), (other_row, _) = divmod(start, roads.COLUMNS), divmod(end, roads.COLUMNS)
    if row == other_row:
        return f"{_ordinal(row + 1)} St", 100 * (column + 1)
    return f"{TREES[column]} Ave", 100 * (row + 1)


def _ordinal(number: int) -> str:
    ending = "th" if 10 <= number % 100 <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _river() -> Line:
    south, north = (roads.RIVER_ROW - 0.7) * roads.BLOCK_M, (roads.RIVER_ROW - 0.3) * roads.BLOCK_M
    east = (roads.COLUMNS + 5) * roads.BLOCK_M
    edge = ((-1_000.0, south), (east, south), (east, north), (-1_000.0, north), (-1_000.0, south))
    return Line("water", "River", tuple(_place(*corner) for corner in edge), is_area=True)


def _place(east_m: float, north_m: float) -> tuple[float, float]:
    latitude, longitude = roads.degrees(np.array([east_m]), np.array([north_m]))
    return round(float(latitude[0]), 5), round(float(longitude[0]), 5)
