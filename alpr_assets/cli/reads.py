"""`alpr reads`: what the recogniser's versions read, as counts. Plates are shown behind the gate only."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import click
from rich.table import Table

from alpr_assets.cli.common import console, opened_store
from alpr_assets.lifecycle.recognition.comparing import EDITS, Comparison, compare_day
from alpr_assets.store.engine import reading

DAY = click.DateTime(["%Y-%m-%d"])


@click.group()
def reads() -> None:
    """What was read, by recogniser version.

    Example: alpr reads compare --from-day 2026-06-01 --to-day 2026-06-15
    """


@reads.command()
@click.option("--from-day", type=DAY, required=True, help="First UTC day.")
@click.option("--to-day", type=DAY, required=True, help="Last UTC day.")
@click.option("--old", help="A version; without it, of each capture the one that looked at it before.")
@click.option("--new", help="A version; without it, of each capture the current one.")
def compare(from_day: datetime, to_day: datetime, old: str | None, new: str | None) -> None:
    """Count what a newer recogniser version reads unchanged, otherwise, more or less than the one before.

    Days that were read by one version only are left out.

    Example: alpr reads compare --from-day 2026-06-01 --to-day 2026-06-15
    """
    first, last = from_day.date(), to_day.date()
    if last < first:
        raise click.BadParameter("it lies before --from-day", param_hint="--to-day")
    table = Table("day", "captures", "unchanged", "changed", *EDITS.values(), "gained", "lost")
    table.columns[0].no_wrap = True
    for column in table.columns[1:]:
        column.justify = "right"
    total = Comparison()
    store = opened_store()
    for day in _days(first, last):
        with reading(store.engine) as connection:
            counts = compare_day(connection, day, old=old, new=new)
        if counts.n_captures:
            table.add_row(day.isoformat(), *_cells(counts))
            total += counts
    if not table.row_count:
        console.print("no capture of these days was read by two versions")
        return
    table.add_section()
    table.add_row("all", *_cells(total))
    console.print(table)


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=i) for i in range((last - first).days + 1)]


def _cells(counts: Comparison) -> list[str]:
    by_edits = (counts.n_by_edits.get(n, 0) for n in EDITS)
    numbers = (counts.n_captures, counts.n_unchanged, counts.n_changed, *by_edits, counts.n_gained, counts.n_lost)
    return [str(number) for number in numbers]
