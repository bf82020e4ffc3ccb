"""A plate's path in time, and the gaps in it that no vehicle can have driven.

Here: the plate's passes in order, with how far and how fast from one to the next. Not here: finding the reads (`history`), maps.

A gap is impossible when the great circle between the two places, which is shorter than any road, would have taken more than `max_kmh`
although both clocks were `clock_tolerance_seconds` apart in the vehicle's favour. Then one of the two is another vehicle: misread, or
with a cloned plate. Which, is judged by the reads: it is for a person to look at both pictures.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import Engine

from alpr_assets.access.gate import Found, Grant
from alpr_assets.policy import Policy
from alpr_assets.search import history, querying
from alpr_assets.search.distances import metres
from alpr_assets.search.plates import typed

COLUMNS: Final = {
    **history.COLUMNS,
    "gap_s": "seconds since the read before; missing: the first",
    "gap_m": "metres from the place before, along a great circle; missing: a place is unknown",
    "least_kmh": "speed that the gap takes at least, the clocks' tolerance given; missing: not judged",
    "impossible": "faster than the policy's figure: one of the two reads is of another vehicle",
    "why": "misread: a read is unsure; other_state: the states differ; cloned: both are sure; not_dated: no clock of its own; else empty",
}
"""Columns of `plate_path`, in order."""


def plate_path(
    grant: Grant,
    engine: Engine,
    *,
    plate: str,
    policy: Policy,
    since: datetime | None = None,
    until: datetime | None = None,
    state: str | None = None,
) -> Found[pd.DataFrame]:
    """The reads of a plate in the order of time, each with the gap to the one before.

    A read that a person corrected to another plate is left out. Parameters and errors as `history.plate_history`.

    Returns
    -------
    DataFrame (n, 24): see COLUMNS

    Source: 422.4(a)
    """
    query = history.history_query(grant, plate=plate, since=since, until=until, state=state)
    found = querying.found(engine, query)
    corrected = found.rows["corrected_plate"]
    own = (corrected.isna() | (corrected == typed(plate))).to_numpy(np.bool_)
    kept = found.rows[own].iloc[::-1].reset_index(drop=True)
    ids = [one for one, mine in zip(found.ids, own, strict=True) if mine][::-1]
    return Found(with_gaps(kept, policy), ids)


def with_gaps(reads: pd.DataFrame, policy: Policy) -> pd.DataFrame:
    """Reads of one plate in the order of time → the same with their gaps.

    A read without a place or dated by its receipt is passed over: gaps are from the last read before it that has both.
    """
    placed = reads["latitude_deg"].notna() & reads["longitude_deg"].notna() & (reads["clock"] != "receipt")
    rows = np.flatnonzero(placed.to_numpy(np.bool_))
    gap_m, gap_s, least_kmh = (np.full(len(reads), np.nan) for _ in range(3))
    at = reads["captured_at"].astype("datetime64[us, UTC]").astype("int64").to_numpy() / 1e6
    gap_s[1:] = np.diff(at)
    lat, lon = (reads[name].to_numpy(np.float64, na_value=np.nan)[rows] for name in ("latitude_deg", "longitude_deg"))
    before, here = rows[:-1], rows[1:]
    gap_m[here] = metres(lat[1:], lon[1:], lat[:-1], lon[:-1])
    gap_s[here] = at[here] - at[before]
    seconds = gap_s[here] + policy.search.clock_tolerance_seconds
    least_kmh[here] = gap_m[here] / np.maximum(seconds, 1e-3) * 3.6
    impossible = np.nan_to_num(least_kmh) > policy.search.max_kmh
    why = np.where(reads["clock"] == "receipt", "not_dated", "").astype(object)
    pairs = [(int(a), int(b)) for a, b in zip(before, here, strict=True) if impossible[b]]
    for one, other in pairs:
        why[other] = _why(reads.iloc[one], reads.iloc[other])
    frame = reads.assign(
        gap_s=gap_s, gap_m=gap_m, least_kmh=least_kmh, impossible=impossible, why=pd.Series(why, dtype=str)
    )
    return frame[list(COLUMNS)]


def impossible_pairs(path: pd.DataFrame) -> NDArray[np.int64]:
    """(m, 2) rows of a path before and behind each impossible gap: the two pictures to look at."""
    placed = np.flatnonzero((path["latitude_deg"].notna() & (path["clock"] != "receipt")).to_numpy(np.bool_))
    behind = np.flatnonzero(path["impossible"].to_numpy(np.bool_))
    before = placed[np.searchsorted(placed, behind) - 1]
    return np.stack([before, behind], axis=1)


def _why(one: pd.Series[Any], other: pd.Series[Any]) -> str:
    checked = [isinstance(read["corrected_plate"], str) for read in (one, other)]
    if not all(read["sure"] or seen for read, seen in zip((one, other), checked, strict=True)):
        return "misread"
    states = [
        read["corrected_region"] if isinstance(read["corrected_region"], str) else read["region"]
        for read in (one, other)
    ]
    if all(isinstance(state, str) for state in states) and states[0] != states[1]:
        return "other_state"
    return "cloned"
