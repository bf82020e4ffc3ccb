"""In which order people look at hits: a documented score, the same for the same hits (422.4(f)).

score = category + match + state + confidence + nearness − age, each within its weight; larger is looked at first

    category    WEIGHTS[category], 0–40: a person in danger before a thing that was taken; an unknown one as the least
    match       0–30: exact 30, look-alikes 24, a partial plate 10, one character off 6; half of it where the read is unsure
    state       0–8: 8 where the states agree, 4 where one is unknown, 0 where they contradict each other
    confidence  0–10: ten times that of the read
    nearness    0–12: 12 at the asker's place, half at 2 km; 0 where a place is unknown or he gave none
    age         0–40: a half of what is left an hour of the capture's age; what was seen a day ago can wait

Equal scores: the newer capture, then the smaller id. The weights are ours: a proposal to be changed by what precision by match
kind shows. No hit is dropped for its score, and a score is no measure of anybody's guilt.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import numpy as np
import pandas as pd

CATEGORIES: Final = {
    "missing_person": 40, "wanted_person": 36, "homeland_security": 36, "active_warrant": 30, "suspect_interdiction": 28,
    "criminal_investigation": 24, "stolen_vehicle": 20, "electronic_surveillance": 16, "stolen_plate": 14,
    "stolen_property_recovery": 8, "department_action": 4,
}  # fmt: skip
MATCHES: Final = {"exact": 30.0, "folded": 24.0, "partial": 10.0, "edit1": 6.0}
STATE, CONFIDENCE, NEARNESS, AGE = 8.0, 10.0, 12.0, 40.0
HALF_AGE_S: Final = 3600.0
HALF_DISTANCE_M: Final = 2000.0
EARTH_M: Final = 6_371_008.8  # mean radius, IUGG
POSSIBLE: Final = frozenset({"edit1", "partial"})
"""Match kinds shown as possible: what was read is not the listed plate."""


def score(frame: pd.DataFrame, now: datetime, *, near: tuple[float, float] | None = None) -> pd.Series[float]:
    """The score of each hit, rounded to 0.001.

    Parameters
    ----------
    frame : hits (n, ≥ 8): category, match_kind, sure, state_agrees, confidence, captured_at (UTC), latitude_deg, longitude_deg
    now : aware UTC
    near : latitude and longitude of the asker, degrees, WGS 84; None: he gave no place
    """
    category = frame["category"].map(CATEGORIES).fillna(min(CATEGORIES.values())).astype("float64")
    match = frame["match_kind"].map(MATCHES).fillna(0.0).astype("float64")
    match = match.where(frame["sure"].astype(bool), match / 2)
    state = frame["state_agrees"].astype("boolean").astype("Float64").fillna(0.5).astype("float64") * STATE
    age_s = (now - pd.to_datetime(frame["captured_at"], utc=True)).dt.total_seconds().clip(lower=0)
    age = AGE * (1 - 0.5 ** (age_s / HALF_AGE_S))
    nearness = NEARNESS * 0.5 ** (distance_m(frame, near) / HALF_DISTANCE_M)
    total = category + match + state + CONFIDENCE * frame["confidence"].astype("float64") + nearness.fillna(0.0) - age
    return total.round(3)


def distance_m(frame: pd.DataFrame, near: tuple[float, float] | None) -> pd.Series[float]:
    """Great-circle distance of each hit to a place, metres; NaN where either is unknown."""
    if near is None:
        return pd.Series(np.nan, index=frame.index, dtype="float64")
    latitude, longitude = (np.radians(frame[name].astype("float64")) for name in ("latitude_deg", "longitude_deg"))
    north, east = np.radians(near[0]), np.radians(near[1])
    half = np.sin((latitude - north) / 2) ** 2 + np.cos(latitude) * np.cos(north) * np.sin((longitude - east) / 2) ** 2
    found: pd.Series[float] = 2 * EARTH_M * np.arcsin(np.sqrt(half.clip(0, 1)))
    return found


def ranked(frame: pd.DataFrame, now: datetime, *, near: tuple[float, float] | None = None) -> pd.DataFrame:
    """The hits with their `score`, what is to be looked at first on top.

    Parameters
    ----------
    frame : as of `score`, with hit_id
    """
    scored = frame.assign(score=score(frame, now, near=near))
    order = scored.sort_values(["score", "captured_at", "hit_id"], ascending=[False, False, True], kind="stable")
    return order.reset_index(drop=True)


def marked(plate: str, differences: list[dict[str, Any]]) -> list[tuple[str, bool]]:
    """The characters as read, each with whether it differs from the listed plate; a lost one is an empty text that differs.

    Parameters
    ----------
    differences : of the hit: position counts from 1
    """
    characters = [(character, False) for character in plate]
    for difference in sorted(differences, key=lambda one: (-int(one["position"]), one["read"] == "")):
        place = int(difference["position"]) - 1
        if difference["read"] == "":
            characters.insert(place, ("", True))
        elif place < len(characters):
            characters[place] = (characters[place][0], True)
    return characters
