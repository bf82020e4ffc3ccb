"""What the commands share: errors with their remedy, places and instants as arguments, the store."""

from __future__ import annotations

import getpass
import math
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from alpr_assets.access.record.entries import Actor
from alpr_assets.errors import AlprError
from alpr_assets.policy import policy
from alpr_assets.store.engine import Store, open_store
from alpr_assets.store.trouble import files_explained

console = Console(markup=False, emoji=False)
"""Shows what it is given as it is: in a case number `[a]` is no style, and in a fingerprint `:CD:` no picture of a disc."""


class Commands(click.Group):
    """Shows our errors, and what the file system refuses, with their remedy and without a trace."""

    def invoke(self, ctx: click.Context) -> Any:
        os.umask(0o077)  # whatever we write is its owner's only
        try:
            with files_explained():
                return super().invoke(ctx)
        except AlprError as error:
            click.echo(f"{click.style('alpr:', fg='red')} {error.diagnostics()}", err=True)
            ctx.exit(1)


class Existing(click.Path):
    """A path that is there; `~` is the home folder, also where no shell has replaced it (`make run CAPTURES=~/pictures`)."""

    def __init__(self, *, folder: bool | None) -> None:
        """A folder, a file, or (None) either."""
        super().__init__(exists=True, dir_okay=folder is not False, file_okay=folder is not True, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return super().convert(os.path.expanduser(value), param, ctx)  # noqa: PTH111 - Path's raises for unknown users


class Place(click.ParamType[Any]):
    name = "LAT,LON"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, float]:
        try:
            lat, lon = (float(part) for part in str(value).split(","))
        except ValueError:
            lat = lon = math.nan
        if not (abs(lat) <= 90 and abs(lon) <= 180):
            self.fail("give degrees as LAT,LON, such as 38.005,-121.806", param, ctx)
        return lat, lon


class Instant(click.ParamType[Any]):
    name = "TIME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        try:
            at = datetime.fromisoformat(str(value))
            return (at if at.tzinfo else at.replace(tzinfo=policy().zone)).astimezone(UTC)
        except (ValueError, OverflowError):  # the first and last hours of the calendar have no UTC
            self.fail("give an ISO 8601 time, such as 2026-06-15T04:00:00-07:00", param, ctx)


def opened_store() -> Store:
    """The store that the environment names."""
    return open_store()


def operator() -> Actor:
    """Whoever is signed in to this machine: for commands of its operator, which show no vehicle data."""
    return Actor(member_id=None, name=getpass.getuser(), agency="", title="", role="operator", address="this machine")
