"""`alpr plate`, `alpr hits`, `alpr image`, `alpr heads`: questions about vehicles, through the console as everybody's.

Here: signing in at the terminal and showing answers. Not here: the connection (`client`), any decision (the gate). No command
opens the database: what leaves is recorded first (422.6(a)).
"""

from __future__ import annotations

import getpass
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import click
from rich.table import Column, Table

from alpr_assets.access.roles import Action
from alpr_assets.cli.common import Instant, console
from alpr_assets.client import Client, HeadBook, Why
from alpr_assets.client.entering import Person, enter
from alpr_assets.client.places import console_url
from alpr_assets.policy import policy
from alpr_assets.store.sealed import write_durably

if TYPE_CHECKING:
    import pandas as pd

ROWS: Final = 50  # shown at once, unless more are asked for

Command = Callable[..., Any]


def why(command: Command) -> Command:
    """What every question states, and who asks it where."""
    options = (
        click.option("--purpose", required=True, help="What for: the code of one of the policy's purposes."),
        click.option("--case", "case_number", required=True, help="Case, incident or administrative number."),
        click.option("--user", help="User name; asked for by default."),
        click.option("--console", "url", help="Where the console is; ALPR_CONSOLE_URL, or this machine, by default."),
    )
    return reduce(lambda decorated, option: option(decorated), reversed(options), command)


def _window(command: Command) -> Command:
    options = (
        click.option("--since", type=Instant(), help="Captured from then on; without an offset the department's time."),
        click.option("--until", type=Instant(), help="Captured before then."),
        click.option("--rows", type=click.IntRange(min=1), default=ROWS, show_default=True, help="Rows shown at most."),
    )
    return reduce(lambda decorated, option: option(decorated), reversed(options), command)


@contextmanager
def signed_in(url: str | None, user: str | None, *, actions: frozenset[Action] | None = None) -> Iterator[Client]:
    """A client for one command; it signs out again, unless it came by a token of longer use. `actions`: None: questions."""
    person = Person(
        show=lambda text: console.print(text, highlight=False),
        ask=lambda question: console.input(question, markup=False, emoji=False),
        ask_secret=getpass.getpass,
    )
    client, asked = enter(url, user, person, label="alpr command", actions=actions)
    with client:
        try:
            yield client
        finally:
            if asked:
                client.sign_out()


PLATES = frozenset({"plate", "read", "listed"})


@click.command()
@click.argument("plate", required=False)
@why
@_window
@click.option("--state", help="Two letters: reads of another state are left out.")
def plate(
    plate: str | None,
    *,
    purpose: str,
    case_number: str,
    user: str | None,
    url: str | None,
    since: datetime | None,
    until: datetime | None,
    rows: int,
    state: str | None,
) -> None:
    """Show where and when a plate was read. Without PLATE it is asked for, and stays out of your shell's history.

    Example: alpr plate 7ABC123 --purpose stolen_vehicle --case 26-01234
    """
    with signed_in(url, user) as client:
        wanted = plate or console.input("Plate: ")
        served = client.plate_history(wanted, Why(purpose, case_number), since=since, until=until, state=state)
    zone = policy().zone
    table = _table("captured", "plate", "state", "sure", "reader", "place", "day", "capture")
    for row in _rows(served.value, rows):
        table.add_row(
            _when(row, zone), _read_as(row, "plate"), _read_as(row, "region").upper(),
            _sure(row), row["device"] or row["device_id"], _place(row),
            str(row["day"]), str(row["capture_id"]),
        )  # fmt: skip
    _show(table, served.value, rows, served.receipt.record_id, zone)


@click.command()
@why
@_window
@click.option("--category", help="Only plates listed for this, such as stolen_vehicle.")
def hits(
    *,
    purpose: str,
    case_number: str,
    user: str | None,
    url: str | None,
    since: datetime | None,
    until: datetime | None,
    rows: int,
    category: str | None,
) -> None:
    """Show hot-list hits of the sources that you may see. A hit asks a person to look; it is no fact.

    Example: alpr hits --purpose stolen_vehicle --case 26-01234 --since 2026-06-15
    """
    with signed_in(url, user) as client:
        served = client.hits(Why(purpose, case_number), since=since, until=until, category=category)
    zone = policy().zone
    table = _table("captured", "read", "listed", "match", "listed for", "source", "sure", "reader", "day", "capture")
    for row in _rows(served.value, rows):
        table.add_row(
            _when(row, zone), f"{row['plate']} {row['region'] or ''}".upper().strip(),
            f"{row['listed_plate']} {row['listed_state']}".strip(), row["match_kind"], row["category"], row["source"],
            _sure(row), row["device"] or row["device_id"],
            str(row["read_day"]), str(row["capture_id"]),
        )  # fmt: skip
    _show(table, served.value, rows, served.receipt.record_id, zone)


@click.command()
@click.argument("day", type=click.DateTime(["%Y-%m-%d"]))
@click.argument("capture", type=click.IntRange(0, 2**63 - 1))
@why
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="File to write.")
@click.option("--read", "read_id", type=click.IntRange(0, 2**63 - 1), help="Only the part around this read's plate.")
def image(
    day: datetime,
    capture: int,
    *,
    purpose: str,
    case_number: str,
    user: str | None,
    url: str | None,
    out: Path,
    read_id: int | None,
) -> None:
    """Open one capture's picture, by the day and number that `alpr plate` and `alpr hits` show. Each opening is recorded.

    Example: alpr image 2026-06-15 88549421187073 --out car.jpg --purpose stolen_vehicle --case 26-01234
    """
    if out.exists():
        raise click.BadParameter(f"{out} is there already", param_hint="--out")
    with signed_in(url, user) as client:
        served = client.image(day.date(), capture, Why(purpose, case_number), read_id=read_id)
    write_durably(out.absolute(), served.value.content)
    console.print(
        f"{out}: {len(served.value.content):,} bytes, {served.value.media_type}; access record {served.receipt.record_id}",
        soft_wrap=True,
    )


@click.group()
def heads() -> None:
    """The heads of the access record that consoles have shown you, each held against the one before.

    Example: alpr heads list
    """


@heads.command("list")
def heads_list() -> None:
    """List the newest head of each console.

    Example: alpr heads list
    """
    table = _table("console", "record", "entries", "root", "as of")
    for url, head in HeadBook.of_user().known().items():
        at = f"{head.at.astimezone(policy().zone):%Y-%m-%d %H:%M:%S}"
        table.add_row(url, head.log_id, f"{head.size:,}", f"{head.root.hex()[:16]}…", at)
    console.print(table if table.row_count else "no console has shown you its record yet")


@heads.command("forget")
@click.argument("url")
def heads_forget(url: str) -> None:
    """Follow a console's record anew: only where it was begun anew on purpose, as a sample is.

    Example: alpr heads forget http://127.0.0.1:8422
    """
    known = HeadBook.of_user().forget(console_url(url))
    console.print("forgotten" if known else "that console's record was not known")


def _show(table: Table, frame: pd.DataFrame, rows: int, record_id: int, zone: ZoneInfo) -> None:
    console.print(table if len(frame) else "nothing found")
    left = f", {len(frame) - rows:,} more not shown (--rows)" if len(frame) > rows else ""
    console.print(f"{len(frame):,} rows{left}; times of {zone.key}; access record {record_id}", soft_wrap=True)


def _rows(frame: pd.DataFrame, rows: int) -> list[dict[str, Any]]:
    """The first rows, missing values as None."""
    shown = frame.head(rows).astype(object)
    return [
        {str(name): value for name, value in row.items()} for row in shown.where(shown.notna(), None).to_dict("records")
    ]


def _when(row: dict[str, Any], zone: ZoneInfo) -> str:
    return f"{row['captured_at'].astimezone(zone):%Y-%m-%d %H:%M:%S}"


def _sure(row: dict[str, Any]) -> str:
    return f"{row['confidence']:.2f}" + ("" if row["sure"] else " unsure")


def _read_as(row: dict[str, Any], name: str) -> str:
    """What was read, and what a person read instead."""
    read, corrected = row[name] or "", row[f"corrected_{name}"] or ""
    return f"{read}, corrected {corrected}" if corrected else read


def _place(row: dict[str, Any]) -> str:
    if row["latitude_deg"] is None or row["longitude_deg"] is None:
        return ""
    return f"{row['latitude_deg']:.5f}, {row['longitude_deg']:.5f}"


def _table(*names: str) -> Table:
    """A table that breaks what is too wide for the terminal, and never cuts it: half a plate is another plate."""
    return Table(*(Column(name, overflow="fold", min_width=8 if name in PLATES else None) for name in names))
