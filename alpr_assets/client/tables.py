"""Answers of several tables, as frames with the types that their columns are documented with.

Here: a table's JSON → a frame as an Arrow answer gives it: ids stay whole, times are UTC. Not here: asking (`asking`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

DAY: Final = "date32[day]"
INSTANT: Final = "timestamp[us, tz=UTC]"


def frame_of(table: Mapping[str, Any]) -> pd.DataFrame:
    """A table of a JSON answer as a frame.

    Parameters
    ----------
    table : `columns`, each with name and type, and `rows`, an object each
    """
    import pyarrow as pa  # noqa: PLC0415 - 0.3 s

    arrays, names = [], []
    for column in table["columns"]:
        name, kind = column["name"], column["type"]
        values = [row[name] for row in table["rows"]]
        if kind == DAY:
            values = [value and date.fromisoformat(value) for value in values]
        elif kind == INSTANT:
            values = [value and datetime.fromisoformat(value) for value in values]
        arrays.append(pa.array(values, _types().get(kind)))
        names.append(name)
    return from_arrow(pa.table(arrays, names=names))


def from_arrow(table: pa.Table) -> pd.DataFrame:
    """An Arrow table as a frame. Missing numbers and truths stay missing: as floats, ids would lose digits."""
    import pandas as pd  # noqa: PLC0415 - 0.5 s, and most commands ask for no frame
    import pyarrow as pa  # noqa: PLC0415

    nullable = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}
    frame: pd.DataFrame = table.to_pandas(types_mapper=nullable.get)
    for column in table.schema:
        if pa.types.is_list(column.type):
            frame[column.name] = frame[column.name].map(list)
    return frame


def _types() -> dict[str, pa.DataType]:
    import pyarrow as pa  # noqa: PLC0415

    known = [
        pa.date32(),
        pa.timestamp("us", tz="UTC"),
        pa.int64(),
        pa.float64(),
        pa.bool_(),
        pa.string(),
        pa.list_(pa.string()),
    ]
    return {str(kind): kind for kind in known}
