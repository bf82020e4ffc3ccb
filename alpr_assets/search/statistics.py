"""Counts of reads by reader, hour and direction, with small cells left out of what leaves the system.

Here: counting in the database, and suppression. Not here: rates of misreads (`quality`), one vehicle.
A small cell tells of few vehicles, and with its neighbours' total of one. So in an export a count from 1 up to below `small_cell` is
left out; and of a line of cells (all with the same other properties) of which exactly one would be left out, or whose left-out cells
together are small, the next smallest goes too: else it could be computed from the line's total. A cell of nobody is no cell.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import numpy as np
import pandas as pd
from sqlalchemy import BigInteger, ColumnElement, Engine, case, func, select, type_coerce

from alpr_assets.access.gate import Found, Grant
from alpr_assets.access.roles import Action
from alpr_assets.errors import MalformedError
from alpr_assets.lifecycle.watches import areas
from alpr_assets.lifecycle.watches.areas import Area
from alpr_assets.policy import Policy
from alpr_assets.search import reads
from alpr_assets.search.canvass.habits import HOUR_US, local_hours
from alpr_assets.store import schema
from alpr_assets.store.conditions import among
from alpr_assets.store.engine import reading

PROPERTIES: Final = ("device", "hour", "weekday", "direction")
SECTORS: Final = ("n", "ne", "e", "se", "s", "sw", "w", "nw")
UNKNOWN: Final = "unknown"

COLUMNS: Final = {
    "device": "id of the reader",
    "hour": "hour of the day, the department's, 0–23",
    "weekday": "0 Monday … 6 Sunday, the department's",
    "direction": "eighth of the compass that the reader looked to, n to nw; unknown: no heading",
    "n_reads": "reads in force; missing: left out",
    "suppressed": "whether the count was left out",
}
"""Columns of `count_reads`, in order; of the first four those that were asked for."""


def count_reads(
    grant: Grant,
    engine: Engine,
    *,
    policy: Policy,
    by: Sequence[str] = ("device", "hour", "direction"),
    since: datetime | None = None,
    until: datetime | None = None,
    area: Area | None = None,
    suppress: bool = False,
) -> Found[pd.DataFrame]:
    """Count reads; where the answer is to be exported, without small cells.

    Parameters
    ----------
    by : of PROPERTIES
    since, until : aware instants, `until` excluded; None: no limit
    area : only reads in the cells that it touches
    suppress : leave small cells out of what is only shown, too

    Returns
    -------
    DataFrame (n, len(by) + 2): see COLUMNS

    Raises
    ------
    AccessRefusedError : the grant is for another ask
    MalformedError : nothing to count by, or no such property
    """
    grant.require(Action.COUNT_READS)
    if not by or set(by) - set(PROPERTIES) or len(set(by)) < len(by):
        raise MalformedError("count", f"counts are by some of {', '.join(PROPERTIES)}", remedy="name each at most once")
    read, capture = schema.read.c, schema.capture.c
    wanted: dict[str, ColumnElement[Any]] = {}
    if "device" in by:
        wanted["device"] = read.device_id
    if {"hour", "weekday"} & set(by):
        wanted["at"] = type_coerce(read.captured_at, BigInteger) // HOUR_US
    if "direction" in by:
        wanted["direction"] = _sector(capture.heading_deg)
    conditions = reads.between(since, until)
    if area is not None:
        conditions.append(among(engine.dialect.name, read.cell, areas.cells_of(area)))
    statement = (
        select(*(column.label(name) for name, column in wanted.items()), func.count().label("n_reads"))
        .select_from(schema.read)
        .join(schema.capture, (capture.day == read.day) & (capture.capture_id == read.capture_id))
        .where(read.version_id == capture.current_version, *conditions)
        .group_by(*wanted.values())
    )
    with reading(engine) as connection:
        rows = list(map(tuple, connection.execute(statement)))
    cells = _cells(pd.DataFrame(rows, columns=[*wanted, "n_reads"]), list(by), policy)
    if suppress or grant.ask.exported is not None:
        cells = suppressed(cells, list(by), policy.search.small_cell)
    return Found(cells, [])


def suppressed(cells: pd.DataFrame, by: list[str], least: int) -> pd.DataFrame:
    """Cells without their small counts, and without those that would give the small ones away.

    Parameters
    ----------
    cells : DataFrame (n, ≥ len(by) + 1): the properties, and n_reads of at least 1; each combination once
    least : the smallest count that is shown
    """
    counts = cells["n_reads"].to_numpy(np.int64)
    left_out = counts < least
    lines = [_lines(cells, [other for other in by if other != name]) for name in by]
    changed = bool(left_out.any())
    while changed:
        changed = False
        for line in lines:
            for rows in line:
                out = rows[left_out[rows]]
                shown = rows[~left_out[rows]]
                if len(out) and len(shown) and (len(out) == 1 or counts[out].sum() < least):
                    left_out[shown[counts[shown].argmin()]] = True
                    changed = True
    n_reads = cells["n_reads"].astype("Int64").mask(left_out)
    return cells.assign(n_reads=n_reads, suppressed=left_out)


def _lines(cells: pd.DataFrame, same: list[str]) -> list[np.ndarray[Any, np.dtype[np.intp]]]:
    """Rows of cells that agree in these properties."""
    if not same:
        return [np.arange(len(cells))]
    return [np.asarray(rows) for rows in cells.groupby(same, dropna=False).indices.values()]


def _cells(found: pd.DataFrame, by: list[str], policy: Policy) -> pd.DataFrame:
    if "at" in found:
        local = local_hours(found["at"].to_numpy(np.int64), policy.zone)
        found = found.assign(hour=local % 24, weekday=local // 24 % 7)
    cells: pd.DataFrame = found.groupby(by, as_index=False, sort=True).agg(n_reads=("n_reads", "sum"))
    return cells.astype({"n_reads": "Int64"}).assign(suppressed=False)[[*by, "n_reads", "suppressed"]]


def _sector(heading: Any) -> ColumnElement[str]:
    """The eighth of the compass; a heading of 350° is north."""
    edges = [(heading < 45 * number + 22.5, name) for number, name in enumerate(SECTORS)]
    sector: ColumnElement[str] = case((heading.is_(None), UNKNOWN), *edges, else_=SECTORS[0])
    return sector
