"""Many watches against many reads (422.4(c)).

Here: partial plates, whole plates, and the conditions of a watch on a read. Not here: many patterns at once (`sieve`), raising hits
(`raising`), looking through the past (`history`).

A whole plate matches as a listed one does: exact, folded, edit1 (`lifecycle.matching`). A partial plate matches exactly, as kind
`partial`: it leaves enough open already. A read of another state, where that is sure, drops a partial match as it does an edit1 one.
A watch with an area takes no read whose place is unknown; one with a time window none outside it, its end excluded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import Connection, Row, select

from alpr_assets.lifecycle.matching import PlateIndex
from alpr_assets.lifecycle.watches.areas import area_of
from alpr_assets.lifecycle.watches.listing import in_force
from alpr_assets.lifecycle.watches.patterns import Pattern, parse
from alpr_assets.lifecycle.watches.sieve import match_patterns
from alpr_assets.policy import Policy
from alpr_assets.store.watches import watch

Ints = NDArray[np.int64]

PARTIAL: Final = "partial"


@dataclass(frozen=True, slots=True)
class WatchIndex:
    """Watches made ready for matching; immutable, so that threads may share it."""

    watches: dict[int, Row[Any]]
    partial_ids: Ints
    patterns: list[Pattern]
    whole: PlateIndex

    @classmethod
    def build(cls, watches: Sequence[Row[Any]], *, edit1_min_length: int) -> WatchIndex:
        """Index rows of the table `watch`."""
        partial = [row for row in watches if row.is_partial]
        whole = [(row.watch_id, row.pattern, row.state) for row in watches if not row.is_partial]
        entries = pd.DataFrame(whole, columns=["entry_id", "plate", "state"])
        return cls(
            {row.watch_id: row for row in watches},
            np.array([row.watch_id for row in partial], np.int64),
            [parse(row.pattern) for row in partial],
            PlateIndex.build(entries, edit1_min_length=edit1_min_length),
        )

    def match(self, reads: pd.DataFrame) -> pd.DataFrame:
        """Match reads against the watches and their conditions.

        Parameters
        ----------
        reads : DataFrame (n, ≥ 6): read_id, plate, region (as `PlateIndex.match` takes it), captured_at, latitude_deg,
            longitude_deg

        Returns
        -------
        DataFrame (m, 5), a row a (read, watch): read_id, watch_id, kind (exact | folded | edit1 | partial), state_agrees
        (boolean with NA), differences
        """
        whole = self.whole.match(reads).rename(columns={"entry_id": "watch_id"}).drop(columns="n_positions")
        found = pd.concat([whole, self._partial(reads)], ignore_index=True) if self.patterns else whole
        return found[self._meets_conditions(found, reads)].reset_index(drop=True)

    def _partial(self, reads: pd.DataFrame) -> pd.DataFrame:
        plate_of_row, uniques = pd.factorize(reads["plate"])
        distinct: list[str] = uniques.tolist()
        pattern, plate = match_patterns(self.patterns, distinct)
        rows = pd.DataFrame({"row": np.arange(len(reads)), "plate": plate_of_row})
        pairs = rows.merge(pd.DataFrame({"pattern": pattern, "plate": plate}), on="plate")
        ids = self.partial_ids[pairs["pattern"]]
        agrees = [
            _agrees(self.watches[watch_id].state, region)
            for watch_id, region in zip(ids.tolist(), reads["region"].to_numpy()[pairs["row"]], strict=True)
        ]
        why = [
            self.patterns[number].explain(distinct[one])
            for number, one in zip(pairs["pattern"], pairs["plate"], strict=True)
        ]
        frame = pd.DataFrame({
            "read_id": reads["read_id"].to_numpy()[pairs["row"]], "watch_id": ids, "kind": PARTIAL,
            "state_agrees": pd.array(agrees, dtype="boolean"), "differences": pd.Series(why, dtype=object),
        })  # fmt: skip
        return frame[frame["state_agrees"].fillna(value=True)]

    def _meets_conditions(self, found: pd.DataFrame, reads: pd.DataFrame) -> NDArray[np.bool_]:
        """(m,) whether each match lies within its watch's area and time window."""
        meets: NDArray[np.bool_] = np.ones(len(found), np.bool_)
        placed = reads.set_index("read_id")[["captured_at", "latitude_deg", "longitude_deg"]]
        for watch_id, group in found.groupby("watch_id"):
            row = self.watches[int(str(watch_id))]
            if not (row.area or row.since_at or row.until_at):
                continue
            seen = placed.loc[group["read_id"]]
            at = seen["captured_at"].tolist()
            kept = np.array([within(row.since_at, row.until_at, one) for one in at])
            if row.area:
                lat, lon = (
                    seen[name].to_numpy(np.float64, na_value=np.nan) for name in ("latitude_deg", "longitude_deg")
                )
                kept &= area_of(row.area).contains(lat, lon)
            meets[group.index] = kept
        return meets


def within(since_at: datetime | None, until_at: datetime | None, at: datetime) -> bool:
    """Whether an instant lies in a window, whose end is excluded; None: open."""
    return (since_at is None or at >= since_at) and (until_at is None or at < until_at)


def watches_in_force(connection: Connection, at: datetime, policy: Policy) -> WatchIndex:
    """The watches that match at this instant: approved ones, and those that still wait for approval."""
    rows = connection.execute(select(watch).where(in_force(at)).order_by(watch.c.watch_id)).all()
    return WatchIndex.build(rows, edit1_min_length=policy.matching.edit1_min_length)


def _agrees(state: str, region: str | None) -> bool | None:
    """Whether a read's sure region is the watch's state; None where either is unknown. `us` alone is a country."""
    if not state or not isinstance(region, str):
        return None
    read = region.strip().casefold().removeprefix("us-")
    return None if len(read) != 2 or read == "us" else read == state.casefold()
