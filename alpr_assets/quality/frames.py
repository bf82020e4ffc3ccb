"""Loading what a suite looks at: rows of the store as a frame, instants and ids as numbers.

Here: what the stages' frames share. Frames hold plates; they are made for one evaluation and never leave it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import BigInteger, Connection, type_coerce

from alpr_assets.store import cells, schema

Fold = Callable[[str], str]
"""A plate's key under which look-alikes are equal. Given by the caller: quality knows no stage's code."""

SECOND = 1_000_000  # microseconds
# \Z and not $, which lets a line end follow.
PLATE = rf"\A[A-Z0-9]{{1,{schema.MAX_PLATE}}}\Z"
SHA256 = r"\A[0-9a-f]{64}\Z"


def load(connection: Connection, statement: Any) -> pd.DataFrame:
    """All rows of a statement, a column a label."""
    result = connection.execute(statement)
    return pd.DataFrame(result.all(), columns=list(result.keys()))


def microseconds(column: Any) -> Any:
    """An instant's column as stored: microseconds since 1970 UTC."""
    return type_coerce(column, BigInteger).label(f"{column.name}_us")


def epoch_day(day: date) -> int:
    """Days since 1970: the upper half of the ids of a day."""
    return (day - schema.EPOCH_DAY).days


def with_numbering(frame: pd.DataFrame, id_column: str, day: date) -> pd.DataFrame:
    """Add `id_day` and `number`, the halves of an id, and `row_day`, the day that the row says."""
    ids = frame[id_column].astype("int64")
    return frame.assign(id_day=ids.to_numpy() >> 32, number=ids.to_numpy() & 0xFFFF_FFFF, row_day=epoch_day(day))


def cell_of_place(frame: pd.DataFrame) -> pd.Series[float]:
    """(n,) `store.cells.cell_of` of latitude_deg and longitude_deg; NaN where one is missing or no number."""
    latitude, longitude = (frame[name].astype("float64") for name in ("latitude_deg", "longitude_deg"))
    with np.errstate(invalid="ignore"):  # infinite degrees
        column = np.floor((longitude + 180) / cells.CELL_DEG) % cells.COLUMNS
        cell: pd.Series[float] = np.floor((latitude + 90) / cells.CELL_DEG) * cells.COLUMNS + column
    return cell


def folded(plates: pd.Series[str], fold: Fold) -> pd.Series[Any]:
    """(n,) the key of each plate; each distinct plate is folded once."""
    keys = {plate: fold(plate) for plate in plates.dropna().unique()}
    return plates.map(keys)
