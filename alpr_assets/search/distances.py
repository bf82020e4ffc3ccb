"""Distances over ground, many at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alpr_assets.lifecycle.watches.areas import EARTH_M

Floats = NDArray[np.float64]


def metres(lat_deg: Floats, lon_deg: Floats, lat0_deg: Floats | float, lon0_deg: Floats | float) -> Floats:
    """Great-circle distances in metres between places in degrees, WGS 84; NaN where a place is unknown.

    On a sphere of the mean radius: off by up to 0.6 % of what it is on the ellipsoid.
    """
    lat, lat0 = np.radians(lat_deg), np.radians(lat0_deg)
    half = np.sin((lat - lat0) / 2) ** 2
    half = half + np.cos(lat) * np.cos(lat0) * np.sin(np.radians(np.subtract(lon_deg, lon0_deg)) / 2) ** 2
    away: Floats = 2 * EARTH_M * np.arcsin(np.sqrt(np.minimum(half, 1)))
    return away
