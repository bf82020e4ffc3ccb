"""What the commands share: errors with their remedy, places and instants as arguments, the store."""

from __future__ import annotations

import os
from datetime import datetime
from typing import Any

import click
from rich.console import Console

from alpr_assets.errors import AlprError
from alpr_assets.policy import policy
from alpr_assets.store.engine import Store, open_store

console = Console()


class Commands(click.Group):
    """Shows our errors with their remedy, without a trace."""

    def invoke(self, ctx: click.Context) -> Any:
        os.umask(0o077)  # whatever we write is its owner's only
        try:
            return super().invoke(ctx)
        except AlprError as error:
            click.echo(f"{click.style('alpr:', fg='red')} {error.diagnostics()}", err=True)
            ctx.exit(1)


class Place(click.ParamType[Any]):
    name = "LAT,LON"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, float]:
        try:
            lat, lon = (float(part) for part in str(value).split(","))
        except ValueError:
            self.fail("give degrees as LAT,LON, such as 38.005,-121.806", param, ctx)
        return lat, lon


class Instant(click.ParamType[Any]):
    name = "TIME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        try:
            at = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail("give an ISO 8601 time, such as 2026-06-15T04:00:00-07:00", param, ctx)
        return at if at.tzinfo else at.replace(tzinfo=policy().zone)


def opened_store() -> Store:
    """The store that the environment names."""
    return open_store()
