"""Streets: the layer beneath maps in tiles, and where two streets cross.

Here: importing the department's lines and areas, and handing out tiles. Not here: drawing, words (`gazetteer`).
A tile is a square of TILE_DEG; a page loads those that it shows, from our own console, which so learns nothing it does not know.
"""

from __future__ import annotations

import gzip
import json
import math
import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from alpr_assets.errors import MalformedError
from alpr_assets.places import files
from alpr_assets.places.files import Imported
from alpr_assets.places.spelling import spelt

FILE: Final = "places/streets.sqlite"  # in the data folder
KINDS: Final = ("water", "park", "boundary", "street", "arterial", "highway")
"""What a layer has, those beneath first."""
TILE_DEG: Final = 0.02
OFFSET: Final = 10_000  # added to rows and columns in addresses, so that none is negative
MOST_TILES: Final = 400
SIMPLER_DEG: Final = 2e-5  # about 2 m
PLACES: Final = 5  # decimals kept: a metre

_NAMES: Final = ("fullname", "name", "street", "full_name", "st_name", "streetname", "stname")
_OSM: Final = {
    "motorway": "highway", "trunk": "highway", "motorway_link": "highway", "trunk_link": "highway", "primary": "arterial",
    "secondary": "arterial", "tertiary": "arterial",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """A street, or the edge of an area. places: (latitude, longitude) in degrees; is_area: it closes."""

    kind: str
    name: str
    places: tuple[tuple[float, float], ...]
    is_area: bool = False


def import_streets(path: Path, data: Path, *, kind: str = "street", crs: str | None = None, at: datetime) -> Imported:
    """Put a file's lines and areas in place of those there are. What each is, its MTFCC (Census) or highway tag (OpenStreetMap) says.

    Parameters
    ----------
    kind : one of KINDS, of what says nothing of itself

    Raises
    ------
    MalformedError : file and feature, what is wrong with it, and what to do
    """
    frame = files.read_places(path, crs=crs)
    name_of = files.column(frame, _NAMES)
    lines: list[Line] = []
    n_left_out = 0
    for number, (geometry, row) in enumerate(zip(frame.geometry, frame.to_dict("records"), strict=True), start=1):
        if geometry is None or geometry.is_empty:
            n_left_out += 1
            continue
        said = row.get(name_of) if name_of else None
        name = said.strip() if isinstance(said, str) else ""
        parts, where = getattr(geometry, "geoms", [geometry]), f"{path.name}, feature {number}"
        lines += [_line(part, _kind(row, kind), name, where=where) for part in parts]
    sha256 = files.digest(path)
    put_streets(data, lines, source=path.name, sha256=sha256, at=at)
    return Imported(path.name, sha256, at, len(lines), n_left_out)


def put_streets(data: Path, lines: Iterable[Line], *, source: str, sha256: str, at: datetime) -> None:
    """The same of lines that are known already."""
    known = list(lines)
    tiles: defaultdict[tuple[int, int], list[Any]] = defaultdict(list)
    for number, line in enumerate(map(_simpler, known)):
        for tile in _tiles(line):
            tiles[tile].append([number, line.kind, line.name, [list(place) for place in line.places], line.is_area])
    order = {kind: rank for rank, kind in enumerate(KINDS)}
    bodies = [
        (row, column, gzip.compress(json.dumps(sorted(said, key=lambda one: order[one[1]])).encode(), mtime=0))
        for (row, column), said in sorted(tiles.items())
    ]
    crossings = _crossings(known)

    def write(connection: sqlite3.Connection) -> None:
        connection.execute("CREATE TABLE tile (row INTEGER, col INTEGER, body BLOB NOT NULL, PRIMARY KEY (row, col))")
        connection.executemany("INSERT INTO tile VALUES (?, ?, ?)", bodies)
        connection.execute("CREATE TABLE crossing (one TEXT, other TEXT, latitude_deg REAL, longitude_deg REAL)")
        connection.executemany("INSERT INTO crossing VALUES (?, ?, ?, ?)", crossings)
        connection.execute("CREATE INDEX ix_crossing ON crossing (one, other)")

    files.replaced(data / FILE, write, {"source": source, "sha256": sha256, "at": at.isoformat(), "n": str(len(known))})


def tile(data: Path, row: int, column: int) -> bytes | None:
    """A tile as gzipped JSON: [[number, kind, name, [[latitude, longitude], …], is_area], …]; b"": nothing there; None: no layer."""
    connection = files.opened(data / FILE)
    if connection is None:
        return None
    try:
        found = connection.execute("SELECT body FROM tile WHERE row = ? AND col = ?", (row, column)).fetchone()
    finally:
        connection.close()
    return found[0] if found else b""


def lines_in(data: Path, south: float, west: float, north: float, east: float) -> list[Line]:
    """All lines of the tiles that a box touches, each once; nothing of more than MOST_TILES, or without a layer."""
    rows = range(math.floor(south / TILE_DEG), math.floor(north / TILE_DEG) + 1)
    columns = range(math.floor(west / TILE_DEG), math.floor(east / TILE_DEG) + 1)
    connection = files.opened(data / FILE)
    if connection is None or len(rows) * len(columns) > MOST_TILES:
        return []
    try:
        bodies = connection.execute(
            "SELECT body FROM tile WHERE row BETWEEN ? AND ? AND col BETWEEN ? AND ?",
            (rows[0], rows[-1], columns[0], columns[-1]),
        ).fetchall()
    finally:
        connection.close()
    known: dict[int, Line] = {}
    for (body,) in bodies:
        for number, kind, name, places, is_area in json.loads(gzip.decompress(body)):
            known[number] = Line(kind, name, tuple((lat, lon) for lat, lon in places), is_area)
    return [known[number] for number in sorted(known, key=lambda one: (KINDS.index(known[one].kind), one))]


def _kind(row: dict[Any, Any], otherwise: str) -> str:
    said = {str(name).lower(): value for name, value in row.items() if isinstance(value, str)}
    mtfcc, highway = said.get("mtfcc", ""), said.get("highway", "")
    if mtfcc.startswith("S"):
        return {"S1100": "highway", "S1200": "arterial"}.get(mtfcc, "street")
    if mtfcc.startswith("H") or said.get("natural") == "water" or "waterway" in said:
        return "water"
    if mtfcc.startswith("K") or said.get("leisure") == "park":
        return "park"
    if mtfcc.startswith(("G", "P")) or "boundary" in said:
        return "boundary"
    return _OSM.get(highway, "street") if highway else otherwise


def _line(geometry: Any, kind: str, name: str, *, where: str) -> Line:
    if geometry.geom_type == "LineString":
        return Line(kind, name, _rounded(geometry.coords))
    if geometry.geom_type == "Polygon":
        return Line(kind, name, _rounded(geometry.exterior.coords), is_area=True)
    raise MalformedError(
        "geometry", f"{where}: a {geometry.geom_type} is neither a line nor an area",
        remedy="give addresses to `alpr places addresses`, and lines here",
    )  # fmt: skip


def _simpler(line: Line) -> Line:
    """Without corners that nobody sees; where streets cross was looked up before: many of those are none."""
    if len(line.places) < 3:
        return line
    import shapely  # noqa: PLC0415 - geopandas comes with it

    return replace(line, places=tuple(map(tuple, shapely.LineString(line.places).simplify(SIMPLER_DEG).coords)))


def _rounded(coordinates: Iterable[Any]) -> tuple[tuple[float, float], ...]:
    return tuple((round(one[1], PLACES), round(one[0], PLACES)) for one in coordinates)


def _tiles(line: Line) -> Iterable[tuple[int, int]]:
    lats, lons = [lat for lat, _ in line.places], [lon for _, lon in line.places]
    rows = range(math.floor(min(lats) / TILE_DEG), math.floor(max(lats) / TILE_DEG) + 1)
    columns = range(math.floor(min(lons) / TILE_DEG), math.floor(max(lons) / TILE_DEG) + 1)
    return [(row, column) for row in rows for column in columns]


def _crossings(lines: list[Line]) -> list[tuple[str, str, float, float]]:
    """Where streets of two names have a corner in common, both ways round; one place a pair."""
    at: defaultdict[tuple[float, float], set[str]] = defaultdict(set)
    for line in lines:
        if line.name and not line.is_area:
            for place in line.places:
                at[place].add(spelt(line.name))
    known: dict[tuple[str, str], tuple[float, float]] = {}
    for place, names in at.items():
        for one in names:
            for other in names - {one}:
                known.setdefault((one, other), place)
    return [(one, other, *place) for (one, other), place in sorted(known.items())]
