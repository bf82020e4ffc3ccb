"""Addresses: what stands where, as the county publishes it. Here: importing. Not here: finding one (`gazetteer`)."""

from __future__ import annotations

import re
import sqlite3
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pandas as pd

from alpr_assets.errors import MalformedError
from alpr_assets.places import files
from alpr_assets.places.files import Imported
from alpr_assets.places.spelling import bare, spelt

FILE: Final = "places/addresses.sqlite"  # in the data folder
NUMBERS: Final = (
    "number",
    "add_number",
    "addnum",
    "addr_num",
    "house_number",
    "housenumber",
    "hse_nbr",
    "addr:housenumber",
)
STREETS: Final = (
    "street",
    "stnam_full",
    "fullname",
    "full_street",
    "street_name",
    "streetname",
    "st_name",
    "addr:street",
)
CITIES: Final = ("city", "post_city", "inc_muni", "postal_city", "addr:city")
NAMES: Final = ("name", "landmark", "landmkname", "facility")
LATITUDES: Final = ("latitude", "lat", "y", "latitude_deg")
LONGITUDES: Final = ("longitude", "lon", "long", "lng", "x", "longitude_deg")


def import_addresses(path: Path, data: Path, *, crs: str | None = None, at: datetime) -> Imported:
    """Put a file's addresses in place of those there are: CSV with coordinates in degrees, or points as `read_places` takes them.

    Columns by their usual names, those of OpenAddresses and the National Address Database among them. What has neither a number and a
    street nor a name, or no place, is left out and counted.

    Raises
    ------
    MalformedError : the file, which column is missing, and what to do
    """
    frame = _csv(path) if path.suffix.lower() in {".csv", ".txt"} else _points(path, crs)
    number, street, city, name = (files.column(frame, names) for names in (NUMBERS, STREETS, CITIES, NAMES))
    if name is None and (number is None or street is None):
        raise MalformedError(
            "columns", f"{path.name}: has neither number and street nor name",
            remedy=f"name columns {NUMBERS[0]} and {STREETS[0]}, or {NAMES[0]}",
        )  # fmt: skip
    rows = [
        row
        for one in frame.to_dict("records")
        if (row := _row(one, number=number, street=street, city=city, name=name)) is not None
    ]
    if not rows:
        raise MalformedError("file", f"{path.name}: no line of it is an address", remedy="look at its columns")
    sha256 = files.digest(path)
    put_addresses(data, rows, source=path.name, sha256=sha256, at=at)
    return Imported(path.name, sha256, at, len(rows), len(frame) - len(rows))


Row = tuple[str, str, int | None, str, float, float]
"""Street as spelt, the same without its kind, number, label, latitude and longitude in degrees."""


def row_of(number: int | None, street: str, city: str, place: tuple[float, float]) -> Row:
    """An address as it is kept; without a number: a landmark by its name."""
    label = f"{number} {street}" if number is not None else street
    written = spelt(street)
    return written, bare(written), number, f"{label}, {city}" if city else label, *place


def put_addresses(data: Path, rows: list[Row], *, source: str, sha256: str, at: datetime) -> None:
    """The same of addresses that are known already."""

    def write(connection: sqlite3.Connection) -> None:
        connection.execute(
            "CREATE TABLE address (street TEXT NOT NULL, bare TEXT NOT NULL, number INTEGER, label TEXT NOT NULL, "
            "latitude_deg REAL NOT NULL, longitude_deg REAL NOT NULL)"
        )
        connection.executemany("INSERT INTO address VALUES (?, ?, ?, ?, ?, ?)", rows)
        connection.execute("CREATE INDEX ix_address_street ON address (street, number)")
        connection.execute("CREATE INDEX ix_address_bare ON address (bare, number)")
        connection.execute("CREATE TABLE street AS SELECT DISTINCT street, bare FROM address")

    files.replaced(data / FILE, write, {"source": source, "sha256": sha256, "at": at.isoformat(), "n": str(len(rows))})


def _row(
    one: dict[Any, Any], *, number: str | None, street: str | None, city: str | None, name: str | None
) -> Row | None:
    latitude, longitude = one["latitude_deg"], one["longitude_deg"]
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):  # false for a missing one
        return None
    place = (round(float(latitude), 6), round(float(longitude), 6))
    town, road, known = _text(one, city), _text(one, street), _text(one, name)
    digits = re.match(r"\d{1,7}", _text(one, number))
    if digits and road:
        return row_of(int(digits.group()), road, town, place)
    return row_of(None, known, town, place) if known else None


def _text(one: dict[Any, Any], name: str | None) -> str:
    value = one.get(name) if name else None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None or value != value else str(value).strip()  # noqa: PLR0124 - NaN


def _csv(path: Path) -> pd.DataFrame:
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise MalformedError(
            "file", f"{path.name}: cannot be read as CSV ({error})", remedy="give a CSV with a header line"
        ) from error
    latitude, longitude = files.column(frame, LATITUDES), files.column(frame, LONGITUDES)
    if latitude is None or longitude is None:
        raise MalformedError(
            "columns",
            f"{path.name}: has no latitude and longitude",
            remedy=f"name columns {LATITUDES[0]} and {LONGITUDES[0]}",
        )
    return frame.assign(
        latitude_deg=pd.to_numeric(frame[latitude], errors="coerce"),
        longitude_deg=pd.to_numeric(frame[longitude], errors="coerce"),
    )


def _points(path: Path, crs: str | None) -> pd.DataFrame:
    frame = files.read_places(path, crs=crs)
    centre = frame.geometry.representative_point()
    return pd.DataFrame(frame.drop(columns="geometry")).assign(latitude_deg=centre.y, longitude_deg=centre.x)
