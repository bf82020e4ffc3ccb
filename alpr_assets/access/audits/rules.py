"""The rules by which looks become signals: one small class a question, with its figure and what it says.

Here: rules over the table of looks. Not here: their figures and weights (policy file, `audits`), reading (`looks`), wording (`wording`).
A rule that cannot tell says nothing: looks whose query can no longer be opened have no plate, and count for the other rules only.
Source: State Auditor 2019-118 on what misuse of ALPR data looks like; Iglewicz and Hoaglin (1993) for the robust z-score.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np
import pandas as pd

from alpr_assets.access.audits.signals import Rule, Signal
from alpr_assets.access.audits.wording import says_nothing, speaks_of
from alpr_assets.policy import Policy, Shift

MAD_TO_SIGMA: Final = 1.4826
MEAN_AD_TO_SIGMA: Final = 1.2533
"""From the median, and from the mean, of absolute deviations to a normal distribution's standard deviation."""
FEW: Final = 0.03
"""Share of a member's looks within an hour of an hour of the day, below which that hour is not one of his usual ones."""
MOSTLY: Final = 0.5
"""Share of all that was asked for a plate, from which it is one member's matter."""
AT_ONCE: Final = 0.25
"""Of what is never right: once weighs four fifths."""


@dataclass(frozen=True, slots=True)
class OwnPlate:
    """A plate of the member's own, or of his household. own : (member, keyed digest)"""

    own: Collection[tuple[int, str]]
    name: ClassVar[str] = "own_plate"

    def find(self, looked: pd.DataFrame) -> list[Signal]:
        known = looked[looked["plate"] != ""]
        pairs = pd.MultiIndex.from_arrays([known["member_id"], known["plate"]])
        mine = known[pairs.isin(list(self.own))] if self.own else known.iloc[:0]
        return _each(self.name, mine, lambda n: f"asked {_times(n)} for a plate of his own household", figure=AT_ONCE)


@dataclass(frozen=True, slots=True)
class RefusedWording:
    """Words about what the policy refuses, under another purpose; a look that the gate refused for it counts too (Gov. Code 7284.6)."""

    wording: tuple[str, ...]
    name: ClassVar[str] = "refused_wording"

    def find(self, looked: pd.DataFrame) -> list[Signal]:
        spoken = _told(looked["words"], lambda text: speaks_of(text, self.wording))
        mine = looked[spoken | looked["refused_purpose"]]
        why = "wrote {} of what the policy refuses as a purpose (Gov. Code 7284.6)"
        return _each(self.name, mine, lambda n: why.format(_times(n)), figure=AT_ONCE)


@dataclass(frozen=True, slots=True)
class RepeatedPlate:
    """One plate over and over, on many days, that few others ask for; the less, the more of his role do so.

    A case is searched for in a burst and by several, and detectives come back to its plates; a person is searched for alone, over weeks.
    """

    n: int
    n_days: int
    name: ClassVar[str] = "repeated_plate"

    def find(self, looked: pd.DataFrame) -> list[Signal]:
        known = looked[looked["plate"] != ""]
        groups = known.groupby(["member_id", "plate"], sort=True)
        counts = groups.agg(
            n=("record_id", "size"), days=("on", "nunique"), cases=("case_number", "nunique"), role=("role", "last")
        )
        counts["share"] = counts["n"] / counts.groupby(level="plate")["n"].transform("sum")
        most = counts.groupby(["role", "member_id"])["n"].max()
        often = counts[(counts["n"] >= self.n) & (counts["days"] >= self.n_days) & (counts["share"] >= MOSTLY)]
        return [self._signal(groups.get_group(row.Index), row, most.loc[str(row.role)]) for row in often.itertuples()]

    def _signal(self, entries: pd.DataFrame, row: Any, most: pd.Series[int]) -> Signal:
        """`most`: of each member of the role, how often he asked for the plate that he asked for most."""
        as_often, peers = int((most >= row.n).sum()) - 1, max(1, len(most) - 1)
        numbers = "one case number" if row.cases == 1 else f"{row.cases} case numbers"
        why = (
            f"asked {row.n} times for one plate, on {row.days} days and under {numbers}; {row.share:.0%} of all that was asked for it; "
            f"{as_often} of {peers} others in the role {row.role} ask as often for one"
        )
        strength = over(row.n, self.n) * over(row.days, self.n_days) * row.share * (1 - as_often / peers)
        return _signal(self.name, entries, why, strength)


@dataclass(frozen=True, slots=True)
class OneCaseManyPlates:
    """One case number for many plates."""

    n: int
    name: ClassVar[str] = "one_case_many_plates"

    def find(self, looked: pd.DataFrame) -> list[Signal]:
        known = looked[looked["plate"] != ""]
        return _many(self.name, known, "case_number", self.n, "asked for {} plates under one case number")


@dataclass(frozen=True, slots=True)
class ReusedReason:
    """One reason, word for word, for many plates."""

    n: int
    name: ClassVar[str] = "reused_reason"

    def find(self, looked: pd.DataFrame) -> list[Signal]:
        known = looked[(looked["plate"] != "") & (looked["reason"] != "")]
        return _many(self.name, known, "reason", self.n, "gave one reason, word for word, for {} plates")


@dataclass(frozen=True, slots=True)
class VagueReason:
    """A case number or reason that says nothing, such as "test"."""

    n: int
    words: tuple[str, ...]
    name: ClassVar[str] = "vague_reason"

    def find(self, looked: pd.DataFrame) -> list[Signal]:
        numbers = _told(looked["case_number"], lambda text: says_nothing(text, self.words, is_number=True))
        reasons = _told(looked["reason"], lambda text: says_nothing(text, self.words, is_number=False))
        why = "gave {} a case number or reason that says nothing"
        return _each(
            self.name, looked[numbers | reasons], lambda n: why.format(_times(n)), figure=self.n, at_least=self.n
        )


@dataclass(frozen=True, slots=True)
class OlderThanCase:
    """Data that is far older than the case it was asked for."""

    days: int
    name: ClassVar[str] = "older_than_case"

    def find(self, looked: pd.DataFrame) -> list[Signal]:
        age = looked["case_at"] - looked["asked_from"]
        why = f"asked {{}} for data more than {self.days} days older than its case"
        return _each(self.name, looked[age > pd.Timedelta(days=self.days)], lambda n: why.format(_times(n)), figure=1)


@dataclass(frozen=True, slots=True)
class Volume:
    """More looks than others of the same role: robust z-score of their logarithms, so that a few busy ones hide nobody."""

    z: float
    peers: int
    name: ClassVar[str] = "volume"

    def find(self, looked: pd.DataFrame) -> list[Signal]:
        counts = looked.groupby(["role", "member_id"], sort=True).size()
        found = []
        for role, theirs in counts.groupby(level="role", sort=True):
            if len(theirs) < self.peers:
                continue
            scores = robust_z(np.log1p(theirs.to_numpy(float)))
            for (_, member_id), n, z in zip(theirs.index, theirs, scores, strict=True):
                if z > self.z:
                    entries = looked[(looked["member_id"] == member_id) & (looked["role"] == role)]
                    why = f"{n:,} looks, where the middle one of {len(theirs)} in the role {role} has {theirs.median():,.0f}"
                    found.append(_signal(self.name, entries, why, over(z, self.z)))
        return found


@dataclass(frozen=True, slots=True)
class OffShift:
    """Outside of the shift of his job title; where none is configured, of the hours at which he usually looks."""

    n: int
    known_from: int
    shifts: tuple[Shift, ...]
    name: ClassVar[str] = "off_shift"

    def find(self, looked: pd.DataFrame) -> list[Signal]:
        off = self._unusual(looked) & ~looked["title"].isin([shift.title for shift in self.shifts])
        for shift in self.shifts:
            off |= (looked["title"] == shift.title) & ~_within(shift, looked["hour"])
        why = "looked {} outside of his shift or usual hours"
        return _each(self.name, looked[off], lambda n: why.format(_times(n)), figure=self.n, at_least=self.n)

    def _unusual(self, looked: pd.DataFrame) -> pd.Series[bool]:
        counts = pd.crosstab(looked["member_id"], looked["hour"]).reindex(columns=range(24), fill_value=0)
        at = counts.to_numpy(float)
        near = at + np.roll(at, 1, axis=1) + np.roll(at, -1, axis=1)
        n = at.sum(axis=1, keepdims=True)
        unusual = (near < FEW * n) & (n >= self.known_from)
        row = counts.index.get_indexer(pd.Index(looked["member_id"]))
        return pd.Series(unusual[row, looked["hour"].to_numpy(int)], index=looked.index, dtype=bool)


def rules_of(policy: Policy, own: Collection[tuple[int, str]]) -> tuple[Rule, ...]:
    """All rules with the policy's figures. `own`: member and keyed digest of the plates that he has no business to search for."""
    said = policy.audits
    return (
        OwnPlate(own),
        RefusedWording((*said.refused_wording, *(f"{purpose}*" for purpose in policy.refused_purposes))),
        RepeatedPlate(said.repeated_plate, said.repeated_plate_days),
        OneCaseManyPlates(said.one_case_plates),
        VagueReason(said.vague_reasons, said.vague_words),
        OlderThanCase(said.case_age_days),
        ReusedReason(said.reused_reason),
        Volume(said.volume_z, said.volume_peers),
        OffShift(said.off_shift, said.usual_hours, said.shifts),
    )


def over(n: float, figure: float) -> float:
    """How far beyond a figure: one half at it, towards one without end."""
    return n / (n + figure)


def robust_z(values: np.ndarray) -> np.ndarray:
    """Each value's distance from the median in robust standard deviations; 0 where all are the same.

    Where half of them are the same the median of the deviations says nothing, and their mean is taken.
    """
    away = values - np.median(values)
    mad = float(np.median(np.abs(away)))
    sigma = mad * MAD_TO_SIGMA if mad else float(np.mean(np.abs(away))) * MEAN_AD_TO_SIGMA
    return away / sigma if sigma else np.zeros_like(away)


# ── parts of rules ─────────────────────────────────────────────────────────────────────────────────────────────────


def _each(
    name: str, mine: pd.DataFrame, why: Callable[[int], str], *, figure: float, at_least: int = 1
) -> list[Signal]:
    """A signal for each member who has at least so many of these looks."""
    return [
        _signal(name, entries, why(len(entries)), over(len(entries), figure))
        for _, entries in mine.groupby("member_id", sort=True)
        if len(entries) >= at_least
    ]


def _many(name: str, known: pd.DataFrame, column: str, figure: int, why: str) -> list[Signal]:
    """A signal for each member and value under which he asked for at least so many plates."""
    groups = known.groupby(["member_id", column], sort=True)
    plates = groups["plate"].nunique()
    return [
        _signal(name, groups.get_group(key), why.format(int(n)), over(int(n), figure))
        for key, n in plates[plates >= figure].items()
    ]


def _signal(name: str, entries: pd.DataFrame, why: str, strength: float) -> Signal:
    """Of looks of one member."""
    numbers = tuple(sorted(int(number) for number in entries["record_id"]))
    return Signal(name, int(entries["member_id"].iloc[0]), why, float(strength), numbers)


def _told(texts: pd.Series[str], says: Callable[[str], bool]) -> pd.Series[bool]:
    """A question to each text, asked once of equal ones."""
    answers = {text: says(text) for text in texts.unique()}
    return texts.map(answers).astype(bool)


def _within(shift: Shift, hours: pd.Series[int]) -> pd.Series[bool]:
    if shift.from_hour < shift.to_hour:
        return (hours >= shift.from_hour) & (hours < shift.to_hour)
    return (hours >= shift.from_hour) | (hours < shift.to_hour)


def _times(n: int) -> str:
    return "once" if n == 1 else f"{n:,} times"
