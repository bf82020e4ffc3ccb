"""`alpr hotlist`: importing a file by hand, and which lists are in force."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click
from rich.table import Table

from alpr_assets.cli.common import Existing, console, opened_store
from alpr_assets.errors import ImportRefusedError
from alpr_assets.lifecycle.hotlists.imports import import_file
from alpr_assets.lifecycle.summaries import lists_of
from alpr_assets.policy import policy
from alpr_assets.store.engine import reading


@click.group()
def hotlist() -> None:
    """Hot lists in force and their imports.

    Example: alpr hotlist import svs.tbl
    """


@hotlist.command("import")
@click.argument("file", type=Existing(folder=False))
@click.option("--approved-by", help="Who takes responsibility for a list that shrank.")
def hotlist_import(file: Path, approved_by: str | None) -> None:
    """Import one file whole, or refuse it and leave the list in force. The file stays where it is.

    Example: alpr hotlist import svs.tbl
    """
    receipt = import_file(
        opened_store(), file.read_bytes(), file.name, policy=policy(), now=datetime.now(UTC), approved_by=approved_by
    )
    if not receipt.accepted:
        raise ImportRefusedError(
            receipt.code or "", f"{file.name} refused ({receipt.code}): {receipt.reason}", remedy=receipt.remedy or ""
        )
    skipped = ", ".join(f"{n} {kind}" for kind, n in sorted(receipt.skipped.items()))
    console.print(
        f"list {receipt.list_name}: {receipt.n_entries:,} entries in force ({receipt.n_added:,} new, "
        f"{receipt.n_removed:,} ended), {receipt.n_quarantined} lines quarantined; left out: {skipped or 'nothing'}",
        soft_wrap=True,
    )


@hotlist.command("list")
def hotlist_list() -> None:
    """List the hot lists in force: entries, source, age.

    Example: alpr hotlist list
    """
    table = Table("list", "source", "entries", "made", "imported")
    zone = policy().zone
    with reading(opened_store().engine) as connection:
        for row in lists_of(connection):
            made = f"{row.made_at.astimezone(zone):%Y-%m-%d %H:%M}" if row.made_at else "not said"
            imported = f"{row.imported_at.astimezone(zone):%Y-%m-%d %H:%M}"
            table.add_row(row.name, row.source, f"{row.n_entries:,}", made, imported)
    console.print(table)
