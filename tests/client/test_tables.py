"""A table of a JSON answer is the frame that the same table would be as Arrow: no id loses a digit, no time its zone."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pandas as pd
import pyarrow as pa
from hypothesis import example, given
from hypothesis import strategies as st

from alpr_assets.client.tables import frame_of, from_arrow
from alpr_assets.console.api.columns import schema_of, table_of
from alpr_assets.console.api.tables import Table, inside

COLUMNS = dict.fromkeys(
    ("day", "read_id", "captured_at", "plate", "distance_m", "possible", "incidents"), "of every kind of column"
)
SCHEMA = schema_of(COLUMNS)
ROWS = st.lists(
    st.fixed_dictionaries({
        "day": st.none() | st.dates(date(1970, 1, 1), date(9000, 1, 1)),
        "read_id": st.none() | st.integers(0, 2**63 - 1),
        "captured_at": st.none() | st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
        "plate": st.none() | st.text("ABC123", max_size=8),
        "distance_m": st.none() | st.floats(allow_nan=False, allow_infinity=False),
        "possible": st.none() | st.booleans(),
        "incidents": st.lists(st.text('AB–"\\', max_size=3), max_size=3),
    }),
    max_size=4,
)  # fmt: skip


def frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    whole = pd.DataFrame(rows, columns=list(COLUMNS), dtype=object)
    return whole.astype({"read_id": "Int64"})


@given(rows=ROWS)
@example(rows=[])
@example(rows=[dict.fromkeys(COLUMNS) | {"incidents": []}])
def test_a_table_by_json_is_the_same_frame_as_by_arrow(rows: list[dict[str, Any]]) -> None:
    text = b"".join(inside({"n": 1, "told": {"table": Table(frame(rows), SCHEMA)}}))
    said = json.loads(b"{" + text + b"}")
    assert said["n"] == 1
    sent = pa.ipc.open_stream(_stream(table_of(frame(rows), SCHEMA))).read_all()
    pd.testing.assert_frame_equal(frame_of(said["told"]["table"]), from_arrow(sent))


def _stream(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    content: bytes = sink.getvalue().to_pybytes()
    return content
