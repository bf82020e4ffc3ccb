"""`alpr places`: the department's own streets and addresses, for maps and for finding a place by its words."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from alpr_assets.cli.common import Existing, console
from alpr_assets.places import addresses, streets
from alpr_assets.places.files import Imported
from alpr_assets.settings import settings

CRS = click.option("--crs", help="Coordinate reference system, where the file says none, such as EPSG:2227.")


@click.group()
def places() -> None:
    """Streets and addresses: maps then load nothing from outside.

    Example: alpr places streets tl_2025_06013_roads.zip
    """


@places.command("streets")
@click.argument("file", type=Existing(folder=False))
@click.option(
    "--kind",
    type=click.Choice(streets.KINDS),
    default="street",
    show_default=True,
    help="Of what says nothing of itself.",
)
@CRS
def places_streets(file: Path, kind: str, crs: str | None) -> None:
    """Put a file's lines and areas beneath all maps, in place of those there are.

    GeoJSON, GeoPackage or a zipped Shapefile, such as the Census Bureau's TIGER/Line roads.

    Example: alpr places streets tl_2025_06013_roads.zip
    """
    _tell(
        streets.import_streets(file, settings().path("data"), kind=kind, crs=crs, at=datetime.now(UTC)),
        "lines and areas",
    )


@places.command("addresses")
@click.argument("file", type=Existing(folder=False))
@CRS
def places_addresses(file: Path, crs: str | None) -> None:
    """Make a file's addresses and landmarks known by their words, in place of those there are.

    CSV with latitude and longitude, GeoJSON, GeoPackage or a zipped Shapefile; OpenAddresses and the National Address Database as they are.

    Example: alpr places addresses contra_costa.csv
    """
    _tell(addresses.import_addresses(file, settings().path("data"), crs=crs, at=datetime.now(UTC)), "addresses")


def _tell(done: Imported, what: str) -> None:
    left_out = f", {done.n_left_out:,} left out: no place or no name" if done.n_left_out else ""
    console.print(f"{done.n_features:,} {what} of {done.source}{left_out}; SHA-256 {done.sha256}")
