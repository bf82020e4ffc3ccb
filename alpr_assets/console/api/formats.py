"""Answers as bytes: JSON, Arrow stream, GeoParquet. Written batch by batch, so that a large one never lies in memory.

Here: which format a caller takes, and the encoders: frames → bytes. Not here: columns, spooling, the record, files to keep (`access.exports`).
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from alpr_assets.console.api.columns import documented, plain, table_of

if TYPE_CHECKING:
    import pyarrow as pa

Encode = Callable[[Iterator[pd.DataFrame]], Iterator[bytes]]

JSON: Final = "application/json"
ARROW: Final = "application/vnd.apache.arrow.stream"
PARQUET: Final = "application/vnd.apache.parquet"
OFFERED: Final = (JSON, ARROW, PARQUET)
PLACELESS: Final = (JSON, ARROW)
"""Of rows that are no places: GeoParquet needs some."""


class _Drain(io.RawIOBase):
    """A file whose content is taken away while it is written."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []
        self._position = 0

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        taken = bytes(content)
        self._parts.append(taken)
        self._position += len(taken)
        return len(taken)

    def tell(self) -> int:
        return self._position

    def take(self) -> bytes:
        taken = b"".join(self._parts)
        self._parts.clear()
        return taken


@dataclass(frozen=True, slots=True)
class Format:
    """One media type and how frames become it."""

    media_type: str
    encode: Callable[[Iterator[pd.DataFrame], pa.Schema], Iterator[bytes]]

    def of(self, schema: pa.Schema) -> Encode:
        """The encoder of answers of this schema."""
        return lambda frames: self.encode(frames, schema)


def chosen(accept: str | None, offers: tuple[str, ...] = OFFERED) -> Format | None:
    """The offered format that an Accept header likes best; None where it likes none. Without a header: JSON."""
    likes = [_like(part) for part in (accept or "*/*").lower().split(",")]
    best, best_weight = None, 0.0
    for offered in offers:
        # The most exact of the header's words on it counts (RFC 9110, 12.5.1).
        words = [(exactness, q) for pattern, q in likes if (exactness := _fits(pattern, offered))]
        weight = max(words)[1] if words else 0.0
        if weight > best_weight:
            best, best_weight = offered, weight
    return FORMATS[best] if best else None


def _like(part: str) -> tuple[str, float]:
    pattern, *parameters = (word.strip() for word in part.split(";"))
    weights = [word[2:] for word in parameters if word.startswith("q=")]
    try:
        return pattern, min(max(float(weights[0]), 0.0), 1.0) if weights else 1.0
    except ValueError:
        return pattern, 0.0


def _fits(pattern: str, offered: str) -> int:
    """0: not at all; 3: the very type."""
    if pattern == offered:
        return 3
    if pattern == f"{offered.partition('/')[0]}/*":
        return 2
    return int(pattern == "*/*")


def _json(frames: Iterator[pd.DataFrame], schema: pa.Schema) -> Iterator[bytes]:
    """The inside of an object: `"columns": […], "rows": [{…}, …]`; who answers puts the receipt before it."""
    yield b'"columns":' + json.dumps(documented(schema), ensure_ascii=False).encode() + b',"rows":['
    first = True
    for frame in frames:
        rows = table_of(frame, schema).to_pylist()
        text = ",".join(json.dumps(row, ensure_ascii=False, default=plain, allow_nan=False) for row in rows)
        if text:
            yield (text if first else f",{text}").encode()
            first = False
    yield b"]"


def _arrow(frames: Iterator[pd.DataFrame], schema: pa.Schema) -> Iterator[bytes]:
    import pyarrow as pa  # noqa: PLC0415 - 0.3 s

    drain = _Drain()
    with pa.ipc.new_stream(drain, schema) as writer:
        for frame in frames:
            writer.write_table(table_of(frame, schema))
            yield drain.take()
    yield drain.take()


def _geoparquet(frames: Iterator[pd.DataFrame], schema: pa.Schema) -> Iterator[bytes]:
    """GeoParquet 1.1: places as WKB points in `geometry`, missing where unknown.

    Source: https://geoparquet.org/releases/v1.1.0/
    """
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import parquet  # noqa: PLC0415

    meaning = {"description": "place of the reader at the capture", "unit": "EPSG:4326, longitude before latitude"}
    wider = schema.append(pa.field("geometry", pa.binary(), metadata=meaning)).with_metadata({"geo": _geo()})
    drain = _Drain()
    with parquet.ParquetWriter(pa.PythonFile(drain, mode="w"), wider, compression="zstd") as writer:
        for frame in frames:
            table = table_of(frame, schema)
            points = pa.array(_points(frame), pa.binary())
            writer.write_table(table.append_column(wider.field("geometry"), points).cast(wider))
            yield drain.take()
    yield drain.take()


def _points(frame: pd.DataFrame) -> list[bytes | None]:
    """Little-endian WKB; written out, for GEOS would take its import's second for 21 bytes."""
    lon = frame["longitude_deg"].to_numpy(np.float64, na_value=np.nan)
    lat = frame["latitude_deg"].to_numpy(np.float64, na_value=np.nan)
    packed = np.zeros(len(frame), dtype=[("order", "u1"), ("kind", "<u4"), ("x", "<f8"), ("y", "<f8")])
    packed["order"], packed["kind"], packed["x"], packed["y"] = 1, 1, lon, lat
    known = ~(np.isnan(lon) | np.isnan(lat))
    return [point.tobytes() if is_known else None for point, is_known in zip(packed, known, strict=True)]


@cache
def _geo() -> str:
    from pyproj import CRS  # noqa: PLC0415 - 0.2 s

    column = {"encoding": "WKB", "geometry_types": ["Point"], "crs": CRS.from_epsg(4326).to_json_dict()}
    return json.dumps({"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}})


FORMATS: Final = {
    JSON: Format(JSON, _json),
    ARROW: Format(ARROW, _arrow),
    PARQUET: Format(PARQUET, _geoparquet),
}
