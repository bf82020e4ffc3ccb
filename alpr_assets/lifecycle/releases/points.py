"""The legal test of a release, point by point, and the wording that no request is taken with (422.7).

Here: what is asked and whether all of it is answered. Not here: who answers (`reviewing`).
Sources: Civ. Code 1798.90.55(b); Attorney General's bulletin 2023-DLE-06; Gov. Code 7284.6 (SB 54); Penal Code 13778.2 (AB 1242).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from alpr_assets.access.reasons import LEAST, one_line
from alpr_assets.errors import AccessRefusedError, MalformedError
from alpr_assets.policy import Policy
from alpr_assets.store.releases import MAX_REASON


class Point(StrEnum):
    """One point of the test; each must be answered yes, with the line that says why."""

    CALIFORNIA = "california"
    PERMITTED = "permitted"
    PURPOSE = "purpose"
    NEED = "need"
    SCOPE = "scope"
    IMMIGRATION = "immigration"
    CARE = "care"


QUESTIONS: Final[Mapping[Point, str]] = {
    Point.CALIFORNIA: "It is a California public agency (Civ. Code 1798.90.55)",
    Point.PERMITTED: "It is a law enforcement or prosecutorial agency, or the law permits it otherwise: which",
    Point.PURPOSE: "It is for an official law enforcement purpose",
    Point.NEED: "Who asks has a right to know it and needs to know it",
    Point.SCOPE: "The scope is no wider than the purpose",
    Point.IMMIGRATION: "It is not for immigration enforcement (Gov. Code 7284.6)",
    Point.CARE: "It is not about reproductive or gender-affirming care (Penal Code 13778.2)",
}


def answered(answers: Mapping[str, str]) -> dict[str, str]:
    """The answers, each on one line. Raises MalformedError `point` naming every point that is not answered yes with a line."""
    lines = {point: one_line(answers.get(point, ""), most=MAX_REASON) for point in Point}
    missing = [point.value for point, line in lines.items() if line is None]
    if missing or set(answers) - set(Point):
        raise MalformedError(
            "point", f"not answered: {', '.join(missing) or 'unknown points'}",
            remedy=f"answer each point with a line of {LEAST} to {MAX_REASON} characters, or deny the request",
        )  # fmt: skip
    return {point.value: line for point, line in lines.items() if line is not None}


def check_wording(policy: Policy, *said: str) -> None:
    """Raises AccessRefusedError `refused_purpose`: what the request says speaks of what the policy refuses; nobody can override it."""
    words = " " + " ".join(re.split(r"[^a-z]+", " ".join(said).lower())) + " "
    refused = (*policy.refused_purposes, *policy.releases.refused_words)
    if any(f" {' '.join(one.lower().split())}" in words for one in refused):
        raise AccessRefusedError(
            ("no data is released for this purpose (Gov. Code 7284.6; Penal Code 13778.2)",), codes=("refused_purpose",)
        )
