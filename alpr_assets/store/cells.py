"""Places as integers: the 0.005° grid that search indexes (about 556 m by 440 m at 38° N; measured faster than PostGIS here)."""

from __future__ import annotations

import math

CELL_DEG = 0.005
COLUMNS = 72_000  # 360° / CELL_DEG


def cell_of(lat_deg: float | None, lon_deg: float | None) -> int | None:
    """Cell of a WGS 84 place; None where the place is unknown."""
    if lat_deg is None or lon_deg is None:
        return None
    row = math.floor((lat_deg + 90) / CELL_DEG)
    column = math.floor((lon_deg + 180) / CELL_DEG) % COLUMNS
    return row * COLUMNS + column
