"""Fill a database of its own with a simulated city: `python -m alpr_assets.sample.city --database sqlite:///city.sqlite`.

Interrupted and run again with the same options, it goes on where it was.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy import Engine, select

from alpr_assets.errors import AlprError
from alpr_assets.policy import policy
from alpr_assets.sample.city.loading import FOLDER, load
from alpr_assets.sample.city.simulate import YEAR, City, Size
from alpr_assets.store import schema
from alpr_assets.store.engine import migrate, open_engine, reading


@click.command(help=__doc__)
@click.option("--database", required=True, help="SQLAlchemy URL. Never the department's: nothing else may be in it.")
@click.option("--seed", default=YEAR.seed, show_default=True)
@click.option(
    "--first-day", type=click.DateTime(["%Y-%m-%d"]), default=YEAR.first_day.isoformat(), show_default=True, help="UTC"
)
@click.option("--days", default=YEAR.n_days, show_default=True)
@click.option("--vehicles", default=YEAR.n_vehicles, show_default=True, help="met in these days, visitors included")
@click.option("--cameras", default=YEAR.n_fixed, show_default=True, help="over the road")
@click.option("--patrols", default=YEAR.n_mobile, show_default=True, help="cars that read what is parked")
@click.option("--misread", default=YEAR.misread, show_default=True, help="share of the reads that are wrong")
@click.option("--series", default=YEAR.n_series, show_default=True, help="offenders")
@click.option("--incidents", default=YEAR.n_incidents, show_default=True, help="of each offender")
@click.option("--convoys", default=YEAR.n_convoys, show_default=True, help="pairs that travel together")
@click.option("--bulk/--no-bulk", default=True, show_default=True, help="make the indexes at the end")
@click.option("--lean", is_flag=True, help="leave out what no search reads: two thirds of the bytes")
@click.option("--planted", type=click.Path(dir_okay=False, path_type=Path), help="write what was planted here, as JSON")
def main(database: str, first_day: datetime, planted: Path | None, **given: Any) -> None:
    size = {"days": "n_days", "vehicles": "n_vehicles", "cameras": "n_fixed", "patrols": "n_mobile", "series": "n_series",
            "incidents": "n_incidents", "convoys": "n_convoys", "seed": "seed", "misread": "misread"}  # fmt: skip
    try:
        city = City(Size(first_day=first_day.date(), **{size[name]: given[name] for name in size}))
        engine = open_engine(database)
        migrate(engine)
        _require_ours(engine)
        with Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
        ) as progress:
            task = progress.add_task("days", total=city.size.n_days)
            loaded = load(
                engine, city, sure_confidence=policy().recognition.sure_confidence, bulk=given["bulk"], lean=given["lean"],
                progress=lambda done, _: progress.update(task, completed=done),
            )  # fmt: skip
        engine.dispose()
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    except AlprError as error:
        sys.exit(error.diagnostics())
    if planted is not None:
        planted.write_text(json.dumps(told(city), indent=1) + "\n", encoding="utf-8")
    click.echo(f"{loaded.n_reads:,} reads of {loaded.n_days} days; {loaded.n_present} days were there already")


def told(city: City) -> dict[str, Any]:
    """What was planted, as JSON: times in UTC, places in degrees (WGS 84).

    The truth of each single read is `City(size).day(day).truth`, in the order of the day's read ids.
    """
    owner, copy = city.clone()
    said = {
        "incidents": [asdict(one) | {"plate": city.plate_of(one.vehicle)} for one in city.planted.incidents],
        "convoys": [
            asdict(one) | {"plates": [city.plate_of(one.leader), city.plate_of(one.follower)]}
            for one in city.planted.convoys
        ],
        "clone": {"owner": owner, "copy": copy, "plate": city.plate_of(owner)},
    }
    found: dict[str, Any] = json.loads(json.dumps(said, default=_said))
    return found


def _said(value: Any) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no words")


def _require_ours(engine: Engine) -> None:
    """Refuse a database in which anything landed that is not simulated."""
    with reading(engine) as connection:
        other = connection.scalar(select(schema.drop.c.drop_id).where(schema.drop.c.unit != FOLDER).limit(1))
    if other is not None:
        raise AlprError(
            "this database holds captures that are not simulated",
            remedy="name a database of its own, such as sqlite:///city.sqlite",
        )


if __name__ == "__main__":
    main()
