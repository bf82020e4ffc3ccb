"""Who passed close to a vehicle: for each of its passes, the reads within metres and seconds, by the index of cells and times.

Here: the probes and their statement. Not here: counting, chance.
All probes go as one parameter, each walks the index once: a join by distance would look at every read.
"""

from __future__ import annotations

import json
import math
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import Connection, text

from alpr_assets.lifecycle.watches.areas import EARTH_M
from alpr_assets.search.distances import metres
from alpr_assets.store.cells import CELL_DEG
from alpr_assets.store.cells import COLUMNS as CELLS_AROUND

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_SQLITE: Final = text(
    "SELECT json_extract(p.value, '$[0]') AS n, r.read_id, r.plate, r.captured_at, r.latitude_deg, r.longitude_deg "
    "FROM json_each(:probes) AS p CROSS JOIN read AS r "
    "WHERE r.cell = json_extract(p.value, '$[1]') AND r.captured_at >= json_extract(p.value, '$[2]') "
    "AND r.captured_at <= json_extract(p.value, '$[3]') AND r.plate <> :plate"
)
# LATERAL, and the day beside the time: each probe then opens one month's index.
_POSTGRESQL: Final = text(
    "SELECT p.n, r.read_id, r.plate, r.captured_at, r.latitude_deg, r.longitude_deg "
    "FROM unnest(CAST(:n AS bigint[]), CAST(:cell AS bigint[]), CAST(:since AS bigint[]), CAST(:until AS bigint[])) "
    "AS p(n, cell, since, until) CROSS JOIN LATERAL (SELECT * FROM read AS r WHERE r.cell = p.cell "
    "AND r.captured_at BETWEEN p.since AND p.until "
    "AND r.day BETWEEN DATE '1970-01-01' + CAST(p.since / 86400000000 AS integer) "
    "AND DATE '1970-01-01' + CAST(p.until / 86400000000 AS integer) AND r.plate <> :plate) AS r"
)


def touched(lat_deg: Floats, lon_deg: Floats, reach_m: float) -> tuple[Ints, Ints]:
    """Cells within reach of each place: (m,) number of the place, (m,) its cell; 1 to 4 a place, below a cell's size of reach."""
    up = math.degrees(reach_m / EARTH_M)
    sideways = up / np.maximum(np.cos(np.radians(lat_deg)), 1e-6) * 1.001
    numbers, cells = [], []
    rows = [np.floor((lat_deg + side * up + 90) / CELL_DEG).astype(np.int64) for side in (-1, 1)]
    columns = [np.floor((lon_deg + side * sideways + 180) / CELL_DEG).astype(np.int64) for side in (-1, 1)]
    height, width = (int((b - a).max(initial=0)) + 1 for a, b in (rows, columns))
    for down in range(height):
        for right in range(width):
            here = (rows[0] + down <= rows[1]) & (columns[0] + right <= columns[1])
            numbers.append(np.flatnonzero(here))
            cells.append((rows[0] + down)[here] * CELLS_AROUND + (columns[0] + right)[here] % CELLS_AROUND)
    return np.concatenate(numbers), np.concatenate(cells)


def close_by(
    connection: Connection, passes: pd.DataFrame, plate: str, *, reach_m: float, seconds: float
) -> pd.DataFrame:
    """The reads of other plates close to a vehicle's passes.

    Parameters
    ----------
    passes : DataFrame (n, ≥ 3) of `plate`: at_us (microseconds since 1970), latitude_deg, longitude_deg; all known

    Returns
    -------
    DataFrame (m, 7), a row a (pass, read): number (row of the pass), read_id, plate, at_us, latitude_deg, longitude_deg, gap_m
    """
    at = passes["at_us"].to_numpy(np.int64)
    lat, lon = (passes[name].to_numpy(np.float64) for name in ("latitude_deg", "longitude_deg"))
    number, cell = touched(lat, lon, reach_m)
    wide = round(seconds * 1e6)
    probes = [number, cell, at[number] - wide, at[number] + wide]
    rows = connection.execute(*_asked(connection.dialect.name, probes, plate)).all()
    columns = ["number", "read_id", "plate", "at_us", "latitude_deg", "longitude_deg"]
    found = pd.DataFrame(list(map(tuple, rows)), columns=columns).astype({"number": "int64", "at_us": "int64"})
    own = found["number"].to_numpy(np.int64)
    their_lat, their_lon = (found[name].to_numpy(np.float64, na_value=np.nan) for name in columns[-2:])
    found["gap_m"] = metres(their_lat, their_lon, lat[own], lon[own])
    return found[found["gap_m"] <= reach_m].reset_index(drop=True)


def _asked(dialect: str, probes: list[Ints], plate: str) -> tuple[Any, dict[str, Any]]:
    listed = [one.tolist() for one in probes]
    if dialect == "sqlite":
        return _SQLITE, {"probes": json.dumps(list(zip(*listed, strict=True))), "plate": plate}
    return _POSTGRESQL, {**dict(zip(("n", "cell", "since", "until"), listed, strict=True)), "plate": plate}
