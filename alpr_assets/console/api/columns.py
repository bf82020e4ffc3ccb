"""The columns that answers have: types and units beside what the searches say they mean. One schema for every format.

Here: the schema of an answer, and bringing a frame into it. Not here: where values come from and what they mean (`search`).
Invariant: a column without a type and a unit here cannot leave.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd
import pyarrow as pa

INSTANT: Final = pa.timestamp("us", tz="UTC")
DIFFERENCE: Final = pa.struct(
    [("position", pa.int32()), ("read", pa.string()), ("listed", pa.string()), ("alike", pa.bool_())]
)

TYPES: Final[Mapping[str, tuple[pa.DataType, str]]] = {
    "day": (pa.date32(), "UTC day"),
    "read_day": (pa.date32(), "UTC day"),
    "sighting_day": (pa.date32(), "UTC day"),
    "read_id": (pa.int64(), ""),
    "capture_id": (pa.int64(), ""),
    "sighting_id": (pa.int64(), ""),
    "hit_id": (pa.int64(), ""),
    "captured_at": (INSTANT, "UTC"),
    "raised_at": (INSTANT, "UTC"),
    "plate": (pa.string(), ""),
    "listed_plate": (pa.string(), ""),
    "listed_state": (pa.string(), ""),
    "region": (pa.string(), ""),
    "confidence": (pa.float64(), "0–1"),
    "sure": (pa.bool_(), ""),
    "restricted": (pa.bool_(), ""),
    "state_agrees": (pa.bool_(), ""),
    "device_id": (pa.string(), ""),
    "device": (pa.string(), ""),
    "latitude_deg": (pa.float64(), "degrees, WGS 84"),
    "longitude_deg": (pa.float64(), "degrees, WGS 84"),
    "heading_deg": (pa.float64(), "degrees, 0 north, 90 east"),
    "clock": (pa.string(), ""),
    "version_id": (pa.string(), ""),
    "category": (pa.string(), ""),
    "list_type": (pa.string(), ""),
    "source": (pa.string(), ""),
    "match_kind": (pa.string(), ""),
    "differences": (pa.list_(DIFFERENCE), ""),
    "status": (pa.string(), ""),
    "actionable_until": (INSTANT, "UTC"),
    "alerted": (pa.bool_(), ""),
    "corrected_plate": (pa.string(), ""),
    "corrected_region": (pa.string(), ""),
    "possible": (pa.bool_(), ""),
    "explained": (pa.float64(), "0–1"),
    "gap_s": (pa.float64(), "seconds"),
    "gap_m": (pa.float64(), "metres"),
    "least_kmh": (pa.float64(), "km/h"),
    "impossible": (pa.bool_(), ""),
    "why": (pa.string(), ""),
    "score": (pa.float64(), ""),
    "watch_id": (pa.int64(), ""),
    "standing": (pa.string(), ""),
    "runs": (pa.bool_(), ""),
    "kind": (pa.string(), ""),
    "pattern": (pa.string(), ""),
    "state": (pa.string(), ""),
    "area": (pa.string(), "GeoJSON, degrees, WGS 84; radius_m in metres"),
    "since_at": (INSTANT, "UTC"),
    "until_at": (INSTANT, "UTC"),
    "purpose": (pa.string(), ""),
    "case_number": (pa.string(), ""),
    "reason": (pa.string(), ""),
    "owner_id": (pa.int64(), ""),
    "audience": (pa.string(), ""),
    "supervisor_id": (pa.int64(), ""),
    "placed_at": (INSTANT, "UTC"),
    "approve_by_at": (INSTANT, "UTC"),
    "expires_at": (INSTANT, "UTC"),
    "history_at": (INSTANT, "UTC"),
    "n_hits": (pa.int64(), "hits"),
    "n_open": (pa.int64(), "hits"),
    "incident": (pa.string(), ""),
    "incidents": (pa.list_(pa.string()), ""),
    "vehicle": (pa.string(), ""),
    "distance_m": (pa.float64(), "metres"),
    "offset_s": (pa.float64(), "seconds"),
    "near": (pa.float64(), "0–1"),
    "rank": (pa.int64(), ""),
    "n_incidents": (pa.int64(), "incidents"),
    "n_possible": (pa.int64(), "incidents"),
    "nearest_m": (pa.float64(), "metres"),
    "nearest_at": (INSTANT, "UTC"),
    "nearest_s": (pa.float64(), "seconds"),
    "n_reads": (pa.int64(), "reads"),
    "weeks_here": (pa.int64(), "weeks"),
    "weeks": (pa.int64(), "weeks"),
    "reasons": (pa.list_(pa.string()), ""),
    "n_captures": (pa.int64(), "pictures"),
    "n_unread": (pa.int64(), "pictures"),
    "n_elsewhere": (pa.int64(), "pictures"),
    "hour": (pa.int64(), "hour of the day"),
    "weekday": (pa.int64(), ""),
    "direction": (pa.string(), ""),
    "suppressed": (pa.bool_(), ""),
    "n_found": (pa.int64(), "occasions"),
    "n_expected": (pa.float64(), "occasions"),
    "p_value": (pa.float64(), "0–1"),
    "q_value": (pa.float64(), "0–1"),
    "n_occasions": (pa.int64(), "occasions"),
    "n_places": (pa.int64(), "readers"),
    "may_be_same": (pa.bool_(), ""),
    "occasion": (pa.int64(), ""),
    "own_day": (pa.date32(), "UTC day"),
    "own_read_id": (pa.int64(), ""),
    "recogniser": (pa.string(), ""),
    "recognised_at": (INSTANT, "UTC"),
    "in_force": (pa.bool_(), ""),
    "raw": (pa.string(), ""),
    "characters": (pa.list_(pa.struct([("character", pa.string()), ("confidence", pa.float64())])), ""),
    "candidates": (pa.list_(pa.struct([("plate", pa.string()), ("confidence", pa.float64())])), ""),
    "region_confidence": (pa.float64(), "0–1"),
    "box": (pa.list_(pa.float64()), "pixels"),
    "change": (pa.string(), ""),
    "n_edits": (pa.int64(), "characters"),
    "old_version": (pa.string(), ""),
    "old_read_id": (pa.int64(), ""),
    "old_plate": (pa.string(), ""),
    "old_confidence": (pa.float64(), "0–1"),
    "new_version": (pa.string(), ""),
    "new_read_id": (pa.int64(), ""),
    "new_plate": (pa.string(), ""),
    "new_confidence": (pa.float64(), "0–1"),
    "place": (pa.int64(), ""),
    "n_visits": (pa.int64(), "visits"),
    "share": (pa.float64(), "0–1"),
    "share_low": (pa.float64(), "0–1"),
    "share_high": (pa.float64(), "0–1"),
    "n_days": (pa.int64(), "dates"),
    "peak_hour": (pa.int64(), "hour of the day"),
    "likelihood": (pa.float64(), "0–1"),
    "low": (pa.float64(), "0–1"),
    "high": (pa.float64(), "0–1"),
    "first_at": (INSTANT, "UTC"),
    "last_at": (INSTANT, "UTC"),
}
"""Name → type and unit. The same quantity has the same name in every answer."""


def schema_of(described: Mapping[str, str]) -> pa.Schema:
    """Arrow schema of an answer; each field's metadata holds `description` and `unit`.

    Parameters
    ----------
    described : a search's COLUMNS, name → meaning, in order
    """
    return pa.schema(
        [
            pa.field(name, TYPES[name][0], metadata={"description": meaning, "unit": TYPES[name][1]})
            for name, meaning in described.items()
        ]
    )


def documented(schema: pa.Schema) -> list[dict[str, str]]:
    """The columns in words: name, type, unit, description."""
    return [
        {
            "name": field.name,
            "type": str(field.type),
            "unit": field.metadata[b"unit"].decode(),
            "description": field.metadata[b"description"].decode(),
        }
        for field in schema
    ]


def table_of(frame: pd.DataFrame, schema: pa.Schema) -> pa.Table:
    """A frame as a table of exactly this schema.

    Raises
    ------
    ValueError : the frame has other columns, or another order
    """
    if list(frame.columns) != schema.names:
        raise ValueError(f"columns {list(frame.columns)}, documented are {schema.names}")
    return pa.Table.from_pandas(frame, schema=schema, preserve_index=False)


def plain(value: Any) -> Any:
    """A value as JSON has it: instants and days in ISO 8601."""
    return value.isoformat() if hasattr(value, "isoformat") else value
