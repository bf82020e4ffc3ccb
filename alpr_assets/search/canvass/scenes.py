"""One incident with all that was read there, and how telling it is for each vehicle.

Here: reads → vehicles of one incident → their ratios. Not here: the formula (`weighing`), several incidents (`vehicles`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alpr_assets.lifecycle.matching import PlateIndex
from alpr_assets.policy import Policy
from alpr_assets.search.canvass import weighing
from alpr_assets.search.canvass.habits import Habits
from alpr_assets.search.canvass.incidents import Incident

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ABSENT: Final = -1


@dataclass(frozen=True, slots=True)
class Ratios:
    """One incident's say on vehicles, in their order.

    ratio : (n,) likelihood ratios
    passer : (n,) row in `Scene.passers` of the vehicle, or of the plate it may have been misread as; ABSENT: not seen
    possible : (n,) whether that is another plate
    weeks_here : (n,) weeks in which the vehicle passed here at such hours
    misread : (n,) probability-like weight of vehicles that pass here anyway being misread as this one
    """

    ratio: Floats
    passer: Ints
    possible: NDArray[np.bool_]
    weeks_here: Ints
    misread: Floats


@dataclass(frozen=True, slots=True)
class Scene:
    """One incident.

    passers : DataFrame, a row a vehicle: vehicle, confidence (its best), near (its nearest), nearest (row in `reads`), n_reads
    """

    incident: Incident
    reads: pd.DataFrame
    habits: Habits
    passers: pd.DataFrame

    @classmethod
    def of(cls, incident: Incident, reads: pd.DataFrame, habits: Habits) -> Scene:
        """Put the reads of each vehicle together."""
        looked = reads["corrected_plate"].notna()  # by a person: no misread any more
        by_near = reads.assign(nearest=np.arange(len(reads)), confidence=reads["confidence"].mask(looked, 1.0))
        by_near = by_near.sort_values("near", ascending=False, kind="stable")
        grouped = by_near.groupby("vehicle", sort=True)
        passers = grouped.agg(
            confidence=("confidence", "max"),
            near=("near", "first"),
            nearest=("nearest", "first"),
            n_reads=("day", "size"),
        )
        return cls(incident, reads, habits, passers.reset_index())

    def told(self) -> list[dict[str, Any]]:
        """Each passer with what is said of its nearest read: n_reads, distance_m, offset_s, captured_at, its place."""
        nearest = self.reads[["distance_m", "offset_s", "captured_at", "latitude_deg", "longitude_deg"]]
        of_each = nearest.iloc[self.passers["nearest"]].assign(n_reads=self.passers["n_reads"].to_numpy(np.int64))
        return [{str(name): value for name, value in row.items()} for row in of_each.to_dict("records")]

    def ratios(self, plates: list[str], policy: Policy, *, tolerant: bool) -> Ratios:
        """How telling this incident is for each of these vehicles; `tolerant`: near plates count as possible."""
        n_same, n_any = self.habits.counts(plates)
        chance = self.habits.chance(n_same, n_any)
        ratio = weighing.not_seen(chance, policy)
        passer = pd.Index(self.passers["vehicle"]).get_indexer(pd.Index(plates, dtype=object)).astype(np.int64)
        here = np.flatnonzero(passer != ABSENT)
        confused = self._confused(policy)[passer[here]]
        near, confidence = (self.passers[name].to_numpy(np.float64)[passer[here]] for name in ("near", "confidence"))
        ratio[here] = weighing.seen(chance[here], confused, near, confidence, policy)
        misread = np.zeros(len(plates))
        misread[here] = confused
        possible = np.zeros(len(plates), np.bool_)
        absent = np.flatnonzero(passer == ABSENT)
        if tolerant and len(absent) and len(self.passers):
            number, row, found = self._possible([plates[one] for one in absent], chance[absent], policy)
            number = absent[number]
            order = np.argsort(found, kind="stable")  # the most telling last: it stays
            ratio[number[order]], passer[number[order]], possible[number] = found[order], row[order], True
        return Ratios(ratio, passer, possible, n_same, misread)

    def _confused(self, policy: Policy) -> Floats:
        """(n passers,) Σ pₙ · μ over the vehicles that pass here anyway and are not the passer."""
        usual = self.habits.n_same > 0
        residents: list[str] = self.habits.plates[usual].tolist()
        confused = np.zeros(len(self.passers))
        if not residents or self.passers.empty:
            return confused
        chance = self.habits.chance(self.habits.n_same[usual], self.habits.n_any[usual])
        pairs = _near(residents, self.passers["vehicle"].tolist(), policy)
        confidence = self.passers["confidence"].to_numpy(np.float64)
        for row, resident, differences in zip(pairs["read_id"], pairs["entry_id"], pairs["differences"], strict=True):
            confused[row] += chance[resident] * weighing.misreading(differences, confidence[row], policy)
        return confused

    def _possible(self, plates: list[str], chance: Floats, policy: Policy) -> tuple[Ints, Ints, Floats]:
        """Passers that vehicles which were not seen may have been misread as: row in `plates`, in `passers`, and the ratio."""
        read: list[str] = self.passers["vehicle"].tolist()
        others = self.habits.chance(*self.habits.counts(read))
        pairs = _near(plates, read, policy)
        number, row = pairs["entry_id"].to_numpy(np.int64), pairs["read_id"].to_numpy(np.int64)
        confidence, near = (self.passers[name].to_numpy(np.float64)[row] for name in ("confidence", "near"))
        candidates = self.reads["candidates"].iloc[self.passers["nearest"]].tolist()
        misread = np.array([
            max(weighing.misreading(why, sure, policy), weighing.listed_as(plates[one], candidates[passer]))
            for one, passer, why, sure in zip(number, row, pairs["differences"], confidence, strict=True)
        ], dtype=np.float64)  # fmt: skip
        return number, row, weighing.seen_misread(chance[number], others[row], misread, near, policy)


def _near(listed: list[str], read: list[str], policy: Policy) -> pd.DataFrame:
    """Pairs of different plates that look alike or are one character apart: read_id and entry_id are rows of the two lists."""
    entries = pd.DataFrame({"entry_id": np.arange(len(listed)), "plate": listed, "state": ""})
    index = PlateIndex.build(entries, edit1_min_length=policy.matching.edit1_min_length)
    frame = pd.DataFrame({"read_id": np.arange(len(read)), "plate": read, "region": None})
    pairs = index.match(frame)
    return pairs[pairs["kind"] != "exact"]
