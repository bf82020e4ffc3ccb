"""From words to places: addresses, crossings and landmarks of the department's own files.

Here: finding. Not here: importing. What is looked up is part of a question about vehicles: it is in no address and no log.

    1200 Main St          the address; else the nearest number of that street, and the label says which
    A St & 18th St        where they cross; also "A and 18th", "A / 18th"
    City Hall             a landmark by its name
Streets that are spelt nearly so are found too, after those that are spelt right.
"""

from __future__ import annotations

import difflib
import re
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from alpr_assets.places import addresses, files, streets
from alpr_assets.places.spelling import bare, spelt

NEARLY: Final = 0.6  # difflib's ratio
MAX_TEXT: Final = 100


@dataclass(frozen=True, slots=True)
class Place:
    """A place that words may mean. is_exact False: another number, or another spelling."""

    label: str
    latitude_deg: float
    longitude_deg: float
    is_exact: bool


def is_there(data: Path) -> bool:
    """Whether anything can be looked up."""
    return (data / addresses.FILE).exists() or (data / streets.FILE).exists()


def find(data: Path, text: str, *, limit: int = 8) -> list[Place]:
    """The places that words may mean, exact ones first; none where nothing was imported.

    Parameters
    ----------
    data : the data folder
    """
    words = text[:MAX_TEXT]
    crossed = re.split(r"\s*(?:&|/|@|\+|\band\b|\bat\b)\s*", words, maxsplit=1, flags=re.IGNORECASE)
    if len(crossed) == 2 and all(crossed):
        found = _crossings(data, spelt(crossed[0]), spelt(crossed[1]))
    else:
        numbered = re.match(r"\s*(\d{1,7})\s+(\S.*)", words)
        found = _addresses(data, int(numbered.group(1)), spelt(numbered.group(2))) if numbered else []
        found = found or _named(data, spelt(words))
    return sorted(found, key=lambda one: not one.is_exact)[:limit]


def _addresses(data: Path, number: int, street: str) -> list[Place]:
    connection = files.opened(data / addresses.FILE)
    if connection is None:
        return []
    try:
        found: list[Place] = []
        for name in _spelt_so(connection, street):
            rows = connection.execute(
                "SELECT label, latitude_deg, longitude_deg, number FROM address WHERE street = ? AND number IS NOT NULL "
                "ORDER BY abs(number - ?), number LIMIT 1",
                (name, number),
            )
            right = name == street or bare(name) == street
            found += [Place(label, lat, lon, right and known == number) for label, lat, lon, known in rows]
        return found
    finally:
        connection.close()


def _named(data: Path, name: str) -> list[Place]:
    """Landmarks whose name begins so, the shortest first; 8 at most."""
    connection = files.opened(data / addresses.FILE)
    found: list[Place] = []
    if connection is not None and name:
        try:
            rows = connection.execute(
                "SELECT label, latitude_deg, longitude_deg, street FROM address WHERE number IS NULL AND street LIKE ? || '%' "
                "ORDER BY length(street) LIMIT 8",
                (name,),
            )
            found = [Place(label, lat, lon, known == name) for label, lat, lon, known in rows]
        finally:
            connection.close()
    return found


def _crossings(data: Path, one: str, other: str) -> list[Place]:
    connection = files.opened(data / streets.FILE)
    if connection is None:
        return []
    try:
        names = [name for (name,) in connection.execute("SELECT DISTINCT one FROM crossing")]
        found: list[Place] = []
        for first in _nearly(one, names):
            crossed = [name for (name,) in connection.execute("SELECT other FROM crossing WHERE one = ?", (first,))]
            for second in _nearly(other, crossed):
                lat, lon = connection.execute(
                    "SELECT latitude_deg, longitude_deg FROM crossing WHERE one = ? AND other = ?", (first, second)
                ).fetchone()
                right = {one, other} <= {first, second, bare(first), bare(second)}
                found.append(Place(f"{first} & {second}", lat, lon, right))
        return found
    finally:
        connection.close()


def _spelt_so(connection: sqlite3.Connection, street: str) -> list[str]:
    exact = [
        name
        for (name,) in connection.execute("SELECT street FROM street WHERE street = ? OR bare = ?", (street, street))
    ]
    return exact or _nearly(street, [name for (name,) in connection.execute("SELECT street FROM street")])


def _nearly(wanted: str, known: list[str]) -> list[str]:
    """Names that are the wanted one, with or without its kind; else those spelt nearly so, the nearest first."""
    exact = [name for name in known if wanted in (name, bare(name))]
    if exact or not wanted:
        return exact
    near = difflib.get_close_matches(bare(wanted), {bare(name) for name in known}, n=4, cutoff=NEARLY)
    return [name for one in near for name in known if bare(name) == one]
