"""Who passed close to a vehicle: for each of its passes, the reads within metres and seconds, by the index of cells and times.

Here: which cells are looked at, and the exact distance. Not here: the statement (`search.probes`), counting, chance.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import Connection

from alpr_assets.lifecycle.watches.areas import EARTH_M
from alpr_assets.search.distances import metres
from alpr_assets.search.probes import Probe
from alpr_assets.store.cells import CELL_DEG
from alpr_assets.store.cells import COLUMNS as CELLS_AROUND

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_CLOSE: Final = Probe("{number}, r.read_id, r.plate, r.captured_at, r.latitude_deg, r.longitude_deg")


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


def close_by(connection: Connection, passes: pd.DataFrame, *, reach_m: float, seconds: float) -> pd.DataFrame:
    """All reads close to a vehicle's passes, its own among them.

    Parameters
    ----------
    passes : DataFrame (n, ≥ 3): at_us (microseconds since 1970), latitude_deg, longitude_deg; all known

    Returns
    -------
    DataFrame (m, 7), a row a (pass, read): number (row of the pass), read_id, plate, at_us, latitude_deg, longitude_deg, gap_m
    """
    at = passes["at_us"].to_numpy(np.int64)
    lat, lon = (passes[name].to_numpy(np.float64) for name in ("latitude_deg", "longitude_deg"))
    number, cell = touched(lat, lon, reach_m)
    wide = round(seconds * 1e6)
    rows = _CLOSE.rows(connection, number, cell, at[number] - wide, at[number] + wide)
    columns = ["number", "read_id", "plate", "at_us", "latitude_deg", "longitude_deg"]
    found = pd.DataFrame(rows, columns=columns).astype({"number": "int64", "at_us": "int64"})
    own = found["number"].to_numpy(np.int64)
    their_lat, their_lon = (found[name].to_numpy(np.float64, na_value=np.nan) for name in columns[-2:])
    found["gap_m"] = metres(their_lat, their_lon, lat[own], lon[own])
    return found[found["gap_m"] <= reach_m].reset_index(drop=True)
