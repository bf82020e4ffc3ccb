"""The table at the end of `alpr run`: what became of the captures that were fed. Plates are shown for the generated sample only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text
from sqlalchemy import Connection, func, select

from alpr_assets import accuracy
from alpr_assets.lifecycle.captures.arrivals import CLOCK_DISTRUSTED
from alpr_assets.lifecycle.hits.matched import STRENGTH
from alpr_assets.lifecycle.hotlists.imports import ImportReceipt
from alpr_assets.store import schema
from alpr_assets.store.engine import Store, reading


def show(
    console: Console,
    store: Store,
    *,
    drop_ids: list[int],
    lists: Sequence[str],
    labels: dict[str, list[str]],
    with_plates: bool,
) -> None:
    """Print counts over these drops and hot-list files; `labels`: plates known beforehand, by picture."""
    with reading(store.engine) as connection:
        console.print(_captures(connection, drop_ids, labels))
        if receipts := _receipts(connection, lists):
            console.print(_lists(receipts))
        console.print(_hits(connection, drop_ids))
        if with_plates:
            console.print(_sample_hits(connection, drop_ids))


def _captures(connection: Connection, drop_ids: list[int], labels: dict[str, list[str]]) -> Table:
    drop, capture, recognition, read = schema.drop.c, schema.capture.c, schema.recognition.c, schema.read.c
    arrived = connection.execute(
        select(
            func.sum(drop.n_declared), func.sum(drop.n_landed), func.sum(drop.n_duplicate),
            func.sum(drop.n_quarantined), func.sum(drop.n_missing),
        ).where(drop.drop_id.in_(drop_ids))
    ).one()  # fmt: skip
    declared, landed, duplicate, quarantined, missing = (int(n or 0) for n in arrived)
    flags = connection.execute(
        select(capture.flags).where(capture.drop_id.in_(drop_ids), capture.clock == "receipt")
    ).scalars()
    receipt_dated = list(flags)
    by_receipt, distrusted = len(receipt_dated), sum(CLOCK_DISTRUSTED in of_one for of_one in receipt_dated)
    current = (capture.day == recognition.day) & (capture.capture_id == recognition.capture_id)
    looked = connection.execute(
        select(func.count(), func.count(recognition.error), func.avg(recognition.duration_ms))
        .join(schema.capture, current & (capture.current_version == recognition.version_id))
        .where(capture.drop_id.in_(drop_ids))
    ).one()
    of_capture = (capture.day == read.day) & (capture.capture_id == read.capture_id)
    reads = connection.execute(
        select(
            func.count(), func.count(read.capture_id.distinct()), func.count(read.plate.distinct()),
            func.count().filter(~read.sure),
        )
        .join(schema.capture, of_capture & (capture.current_version == read.version_id))
        .where(capture.drop_id.in_(drop_ids))
    ).one()  # fmt: skip
    table = Table(title="Captures and reads", title_justify="left", show_header=False)
    table.add_column(min_width=34)
    table.add_column(justify="right", min_width=22)
    table.add_row("captures declared", f"{declared:,}")
    table.add_row("  landed", f"{landed:,}")
    table.add_row("    dated by their receipt", f"{by_receipt:,}")
    if distrusted:
        table.add_row("    own clock impossible, not used", f"{distrusted:,}")
    table.add_row("  known already", f"{duplicate:,}")
    table.add_row("  quarantined", f"{quarantined:,}")
    table.add_row("  missing", f"{missing:,}")
    table.add_row("pictures read", f"{looked[0]:,}")
    table.add_row("  with at least one plate", f"{reads[1]:,}")
    table.add_row("  not readable as pictures", f"{looked[1]:,}")
    table.add_row("plates read", f"{reads[0]:,}")
    table.add_row("  distinct", f"{reads[2]:,}")
    table.add_row("  unsure", f"{reads[3]:,}")
    if looked[2] is not None:
        table.add_row("time a picture, one process", f"{looked[2]:.0f} ms")
    if labels:
        measured = accuracy.measure(connection, drop_ids, labels)
        table.add_row("plates known beforehand", f"{measured.n_plates:,}")
        table.add_row("  read exactly", _share(measured.n_exact, measured.n_plates))
        table.add_row("  read, look-alikes as equal", _share(measured.n_folded, measured.n_plates))
    return table


def _share(n: int, of: int) -> str:
    return f"{n:,} ({n / of:.1%})" if of else "–"


def _receipts(connection: Connection, lists: Sequence[str]) -> list[ImportReceipt]:
    imported = schema.hotlist_import.c
    rows = connection.execute(
        select(imported.file_name, imported.receipt).where(imported.file_name.in_(lists)).order_by(imported.import_id)
    )
    newest = {row.file_name: ImportReceipt.from_content(row.receipt) for row in rows}
    return list(newest.values())


def _lists(receipts: list[ImportReceipt]) -> Table:
    table = Table(title="Hot lists", title_justify="left")
    for name in ("file", "list"):
        table.add_column(name)
    for name in ("entries", "quarantined"):
        table.add_column(name, justify="right")
    table.add_column("")
    for receipt in receipts:
        said = "in force" if receipt.accepted else Text.assemble(("refused", "red"), f": {receipt.reason}")
        table.add_row(
            receipt.file_name, receipt.list_name, f"{receipt.n_entries:,}", f"{receipt.n_quarantined:,}", said
        )
    return table


def _hits(connection: Connection, drop_ids: list[int]) -> Table:
    hit, read, capture = schema.hit.c, schema.read.c, schema.capture.c
    rows = connection.execute(
        select(hit.match_kind, func.count(), func.count().filter(~hit.sure))
        .join(schema.read, (read.day == hit.read_day) & (read.read_id == hit.read_id))
        .join(schema.capture, (capture.day == read.day) & (capture.capture_id == read.capture_id))
        .where(capture.drop_id.in_(drop_ids))
        .group_by(hit.match_kind)
    )
    counts = {row[0]: (row[1], row[2]) for row in rows}
    table = Table(title="Hits, to be verified by a person", title_justify="left", show_header=False)
    table.add_column(min_width=34)
    table.add_column(justify="right", min_width=22)
    for kind, meaning in (
        ("exact", "exact"),
        ("folded", "look-alike characters differ"),
        ("edit1", "one character differs: possible"),
    ):
        n, n_unsure = counts.get(kind, (0, 0))
        table.add_row(meaning, f"{n:,}" + (f" ({n_unsure:,} unsure)" if n_unsure else ""))
    return table


def _sample_hits(connection: Connection, drop_ids: list[int]) -> Table:
    hit, read, capture = schema.hit.c, schema.read.c, schema.capture.c
    rows = connection.execute(
        select(
            hit.plate.label("listed"), hit.state, hit.category, hit.match_kind, hit.differences, read.plate,
            read.confidence, hit.sure,
        )
        .join(schema.read, (read.day == hit.read_day) & (read.read_id == hit.read_id))
        .join(schema.capture, (capture.day == read.day) & (capture.capture_id == read.capture_id))
        .where(capture.drop_id.in_(drop_ids))
        .order_by(read.confidence.desc())
    )  # fmt: skip
    table = Table(title="Some of them (the sample's plates are generated)", title_justify="left")
    for name in ("listed", "read", "match", "listed as"):
        table.add_column(name)
    table.add_column("confidence", justify="right")
    for row in sorted(rows, key=lambda row: STRENGTH[row.match_kind])[:12]:
        table.add_row(
            f"{row.listed} {row.state}",
            _marked(row.plate, row.differences),
            row.match_kind,
            row.category.replace("_", " "),
            f"{row.confidence:.2f}" + ("" if row.sure else " unsure"),
        )
    return table


def _marked(plate: str, differences: list[dict[str, Any]]) -> Text:
    """The plate as read, its differing characters in red; where a listed character was not read, a red gap."""
    text = Text(plate)
    for difference in sorted(differences, key=lambda difference: -difference["position"]):
        at = difference["position"] - 1
        if difference["read"]:
            text.stylize("bold red", at, at + 1)
        else:
            text = Text.assemble(text[:at], ("_", "bold red"), text[at:])
    return text
