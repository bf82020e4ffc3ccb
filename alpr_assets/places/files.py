"""Reading files of streets and addresses, and putting a new file in an old one's place.

Here: formats, reference systems, errors that say where and what to do. Not here: what is made of them.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alpr_assets.errors import AlprError, MalformedError

if TYPE_CHECKING:
    from geopandas import GeoDataFrame


@dataclass(frozen=True, slots=True)
class Imported:
    """A receipt: what was imported from which file. n_features: lines and areas, or addresses; n_left_out: without a place or a name."""

    source: str
    sha256: str
    at: datetime
    n_features: int
    n_left_out: int


def read_places(path: Path, *, crs: str | None = None) -> GeoDataFrame:
    """Features of a GeoJSON, GeoPackage or (zipped) Shapefile in degrees, WGS 84.

    Parameters
    ----------
    crs : its coordinate reference system, where the file says none, such as EPSG:2227

    Raises
    ------
    MalformedError : no such file, not one of these formats, empty, or without a reference system
    """
    import geopandas as gpd  # noqa: PLC0415 - 1 s

    try:
        frame = gpd.read_file(path)
    except (OSError, ValueError, RuntimeError) as error:
        raise MalformedError(
            "file",
            f"{path.name}: cannot be read as places ({error})",
            remedy="give GeoJSON, GeoPackage or a zipped Shapefile",
        ) from error
    if not isinstance(frame, gpd.GeoDataFrame) or frame.empty:
        raise MalformedError("file", f"{path.name}: holds no places", remedy="give a file with geometries")
    if frame.crs is None:
        if crs is None:
            raise MalformedError(
                "crs",
                f"{path.name}: does not say its coordinate reference system",
                remedy="give --crs, such as EPSG:2227",
            )
        frame = frame.set_crs(crs)
    frame = frame.to_crs("EPSG:4326")
    west, south, east, north = frame.total_bounds
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise MalformedError("crs", f"{path.name}: places beyond the earth", remedy="give the right --crs")
    return frame


def column(frame: Any, names: Sequence[str]) -> str | None:
    """The first of these columns that a frame has, whatever its case."""
    known = {str(name).lower(): str(name) for name in frame.columns}
    return next((known[name] for name in names if name in known), None)


def digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    with open(path, "rb") as file:  # noqa: PTH123 - file_digest wants one
        return hashlib.file_digest(file, "sha256").hexdigest()


def replaced(target: Path, write: Callable[[sqlite3.Connection], None], told: Mapping[str, str]) -> None:
    """Write a new SQLite file, whole, then put it in the old one's place: who reads meanwhile goes on with the old one."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    part.unlink(missing_ok=True)
    try:
        connection = sqlite3.connect(part)
        try:
            with connection:
                connection.execute("CREATE TABLE told (name TEXT PRIMARY KEY, value TEXT NOT NULL)")
                connection.executemany("INSERT INTO told VALUES (?, ?)", list(told.items()))
                write(connection)
        finally:
            connection.close()
        with open(part, "rb") as file:  # noqa: PTH123
            os.fsync(file.fileno())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def opened(path: Path) -> sqlite3.Connection | None:
    """A file of ours to read from; None: nothing was imported. Raises AlprError where it is none of ours."""
    if not path.exists():
        return None
    try:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, check_same_thread=False)
        connection.execute("SELECT value FROM told LIMIT 1")
    except sqlite3.DatabaseError as error:
        raise AlprError(
            f"{path} is damaged", remedy="import the streets or addresses again: alpr places --help"
        ) from error
    return connection
