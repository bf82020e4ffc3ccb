"""Small cities for the tests, and a digest of what they hold."""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from alpr_assets.sample.city.pictures import DayOfReads
from alpr_assets.sample.city.simulate import City, Size

FIRST_DAY = date(2026, 2, 1)


def small(seed: int = 422, **changes: Any) -> City:
    usual: dict[str, Any] = {"first_day": FIRST_DAY, "n_days": 45, "n_vehicles": 4000}
    return City(Size(seed=seed, **{**usual, **changes}))


def digest(day: DayOfReads) -> str:
    said = "".join(frame.to_csv(index=False) for frame in (day.reads, day.truth))
    return hashlib.sha256(said.encode()).hexdigest()


def all_of(city: City) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Reads and truth of all days."""
    days = list(city.days())
    reads = pd.concat([day.reads for day in days], ignore_index=True)
    return reads, pd.concat([day.truth for day in days], ignore_index=True)


def metres(reads: pd.DataFrame, latitude_deg: float, longitude_deg: float) -> np.ndarray:
    """Distance of each read from a place."""
    north = (reads["latitude_deg"] - latitude_deg) * 111_320
    east = (reads["longitude_deg"] - longitude_deg) * 111_320 * np.cos(np.radians(38))
    return np.hypot(north, east).to_numpy()
