"""The canvass: vehicles seen at incidents, the most telling first, each with its reasons (422.4(c)).

Here: the search, from incidents to ranked vehicles. Not here: its parts (see the package).
"Not seen" is not "not there": `coverage` belongs beside every canvass.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import Engine

from alpr_assets.access.gate import Found, Grant
from alpr_assets.access.roles import Action
from alpr_assets.errors import MalformedError
from alpr_assets.lifecycle.watches.patterns import parse
from alpr_assets.policy import Policy
from alpr_assets.search import reads
from alpr_assets.search.canvass import gathering, reasons
from alpr_assets.search.canvass.habits import habits
from alpr_assets.search.canvass.incidents import Description, Incident, check
from alpr_assets.search.canvass.scenes import ABSENT, Ratios, Scene
from alpr_assets.search.explaining import Explainer
from alpr_assets.store.engine import searching

Floats = NDArray[np.float64]
Progress = Callable[[int, int], None]
"""Told after each incident: incidents done, incidents to do."""

COLUMNS: Final = {
    "rank": "1 is the most telling",
    "plate": "characters of the pass: as a person corrected one of its reads, else the vote of them",
    "region": "state of its surest read that shows one, two letters in lower case; missing: unknown",
    "n_incidents": "incidents at which it was seen, possible ones included",
    "n_possible": "of these, where only a plate one misread away was read: shown as possible, never as the plate itself",
    "incidents": "names of these incidents",
    "score": "logarithm to base 10 of the ratio: the order of the list",
    "explained": "probability 0–1 that its plate is one that the partial plate means; 1 without one",
    "nearest_m": "metres from a place where it happened; missing: inside a drawn area",
    "nearest_at": "instant of its most telling read, UTC",
    "nearest_s": "seconds from when it happened to that read, negative before; missing: not known when",
    "latitude_deg": "of that read, WGS 84 (EPSG:4326)",
    "longitude_deg": "of that read",
    "n_reads": "reads at these incidents",
    "weeks_here": "weeks in which it passed there at such hours of the week; of the incident where it does so most",
    "weeks": "weeks in which anything was read there at such hours",
    "reasons": "the same in sentences",
}
"""Columns of `Canvassed.vehicles`, in order. The ratio behind `score` is a lead, no finding: see `weighing`."""

LEAST_EXPLAINED: Final = 1e-5
"""A vehicle that a partial plate explains less is not returned: it is not what was asked for."""


@dataclass(frozen=True, slots=True)
class Canvassed:
    """What a canvass found.

    vehicles : DataFrame (n, 17), a row a vehicle, see COLUMNS
    reads : DataFrame (m, 21), a row a read at an incident of these vehicles, or of a plate that one may have been misread as;
        see `gathering.COLUMNS`
    n_seen : vehicles that were seen at any of the incidents, these included
    """

    vehicles: pd.DataFrame
    reads: pd.DataFrame
    n_seen: int


def canvass(
    grant: Grant,
    engine: Engine,
    incidents: Sequence[Incident],
    *,
    policy: Policy,
    at_least: int | None = None,
    described: Description | None = None,
    progress: Progress | None = None,
) -> Found[Canvassed]:
    """Vehicles that were seen at incidents, the most telling first.

    Parameters
    ----------
    at_least : at how many of them; None: all
    described : what is known of the vehicle. With a partial plate, a plate one misread away counts as possible

    Raises
    ------
    AccessRefusedError : the grant is for another ask
    MalformedError : nothing to canvass, more than the policy allows at once, or no pattern

    Source: 422.4(c)
    """
    grant.require(Action.CANVASS)
    described = described or Description()
    needed = len(incidents) if at_least is None else at_least
    check(incidents, policy)
    if not 1 <= needed <= len(incidents):
        raise MalformedError("canvass", "that many incidents are not canvassed", remedy="name at most all of them")
    scenes = _scenes(engine, incidents, described, policy, progress)
    everything = pd.concat([scene.reads for scene in scenes], ignore_index=True)
    explained = _explained(everything, described, policy)
    n_seen = len(explained)
    explained = explained[explained >= LEAST_EXPLAINED]
    plates: list[str] = explained.index.tolist()
    said = [scene.ratios(plates, policy, tolerant=described.partial is not None) for scene in scenes]
    score = np.sum([np.log10(one.ratio) for one in said], axis=0) + np.log10(explained.to_numpy(np.float64))
    n_incidents = np.sum([one.passer != ABSENT for one in said], axis=0)
    chosen = np.flatnonzero(n_incidents >= needed)
    chosen = chosen[np.lexsort((chosen, -score[chosen]))]
    vehicles = _table(scenes, said, chosen, explained.iloc[chosen], score[chosen])
    shown = everything.loc[_supporting(scenes, said, chosen), list(gathering.COLUMNS)].reset_index(drop=True)
    return Found(Canvassed(vehicles, shown, n_seen), reads.ids_of(shown.drop_duplicates(["day", "read_id"])))


def _scenes(
    engine: Engine, incidents: Sequence[Incident], described: Description, policy: Policy, progress: Progress | None
) -> list[Scene]:
    scenes = []
    with searching(engine) as connection:
        for number, incident in enumerate(incidents, start=1):
            found = gathering.reads_at(connection, incident, described)
            vehicles: list[str] = found["vehicle"].unique().tolist()
            scenes.append(Scene.of(incident, found, habits(connection, incident, vehicles, policy)))
            if progress is not None:
                progress(number, len(incidents))
    return scenes


def _explained(everything: pd.DataFrame, described: Description, policy: Policy) -> pd.Series[float]:
    """How well each vehicle's best read explains the partial plate, by plate; 1 without one."""
    if described.partial is None:
        return pd.Series(1.0, index=sorted(set(everything["vehicle"])), dtype="float64")
    pattern = parse(described.partial, least_known=1)
    explained = Explainer.of(pattern, policy).probability(everything)
    spoken = everything["corrected_plate"].notna().to_numpy(np.bool_)
    explained[spoken] = [pattern.matches(plate) for plate in everything.loc[spoken, "corrected_plate"]]
    each = pd.Series(explained, index=everything["vehicle"].astype(object))
    return each.groupby(level=0).max()


def _supporting(scenes: list[Scene], said: list[Ratios], chosen: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(m,) which reads of all scenes, one after another, are of these vehicles, or of plates they may have been misread as."""
    masks = []
    for scene, one in zip(scenes, said, strict=True):
        rows = one.passer[chosen]
        masks.append(
            scene.reads["vehicle"].isin(scene.passers["vehicle"].iloc[rows[rows != ABSENT]]).to_numpy(np.bool_)
        )
    return np.concatenate(masks)


def _table(
    scenes: list[Scene], said: list[Ratios], chosen: NDArray[np.int64], explained: pd.Series[float], score: Floats
) -> pd.DataFrame:
    regions, passers = _regions(scenes), [scene.told() for scene in scenes]
    rows: list[dict[str, Any]] = []
    for number, plate, share, value in zip(chosen, explained.index, explained, score, strict=True):
        at = [
            (scene, one, told[one.passer[number]])
            for scene, one, told in zip(scenes, said, passers, strict=True)
            if one.passer[number] != ABSENT
        ]
        _, _, nearest = max(at, key=lambda part: (not part[1].possible[number], part[1].ratio[number]))
        usual = max(at, key=lambda part: part[1].weeks_here[number] / max(part[0].habits.weeks, 1))
        rows.append({
            "rank": len(rows) + 1, "plate": plate, "region": regions.get(plate), "n_incidents": len(at),
            "n_possible": sum(bool(one.possible[number]) for _, one, _ in at),
            "incidents": [scene.incident.name for scene, _, _ in at], "score": float(value), "explained": float(share),
            "nearest_m": nearest["distance_m"], "nearest_at": nearest["captured_at"], "nearest_s": nearest["offset_s"],
            "latitude_deg": nearest["latitude_deg"], "longitude_deg": nearest["longitude_deg"],
            "n_reads": sum(int(passer["n_reads"]) for _, _, passer in at),
            "weeks_here": int(usual[1].weeks_here[number]), "weeks": usual[0].habits.weeks,
            "reasons": reasons.of(at, number, len(scenes), share),
        })  # fmt: skip
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    return frame.astype({"nearest_at": "datetime64[us, UTC]", "nearest_m": "float64", "nearest_s": "float64"})


def _regions(scenes: list[Scene]) -> dict[str, str]:
    known = pd.concat([scene.reads[["vehicle", "region", "confidence"]] for scene in scenes]).dropna(subset=["region"])
    known = known.sort_values("confidence")  # the surest last: it stays
    return dict(zip(known["vehicle"].tolist(), known["region"].tolist(), strict=True))
