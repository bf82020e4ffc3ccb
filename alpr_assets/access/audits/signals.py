"""Signals of misuse: rules over what members asked, each with its reason in words, counts and entries.

Here: what a signal is, and all rules together. Not here: the rules (`rules`), the table of looks (`looks`), who decides on them
(`reviewing`). A signal is a reason to look, never a finding: whoever is listed may have had the best of reasons.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Protocol

import pandas as pd

NAMED: Final = 50
"""Entries that a stored signal names: the newest ones; how many there are stands beside."""


@dataclass(frozen=True, slots=True)
class Signal:
    """What one rule says of one member.

    rule : of policy.SIGNALS; why : a sentence with counts, never a plate; strength : 0–1, how far beyond the rule's figure
    record_ids : all entries, by number
    """

    rule: str
    member_id: int
    why: str
    strength: float
    record_ids: tuple[int, ...]

    def points(self, weights: dict[str, float]) -> float:
        return weights[self.rule] * self.strength

    def told(self, weights: dict[str, float]) -> dict[str, Any]:
        """As it is stored and shown: JSON values."""
        told = asdict(self)
        del told["member_id"], told["strength"]
        newest = self.record_ids[-NAMED:]
        return told | {"points": round(self.points(weights), 3), "n": len(self.record_ids), "record_ids": list(newest)}


class Rule(Protocol):
    """One question to all looks."""

    @property
    def name(self) -> str: ...

    def find(self, looked: pd.DataFrame) -> list[Signal]:
        """Signals, at most one for a member and a thing that he did; `looked` as of `looks.looks`."""
        ...


@dataclass(frozen=True, slots=True)
class Suspect:
    """A member with his signals, the weightiest first. points : of each rule the strongest signal's, added up."""

    member_id: int
    points: float
    signals: tuple[Signal, ...]


def find(looked: pd.DataFrame, rules: Iterable[Rule], *, areas: Collection[str] | None = None) -> list[Signal]:
    """Every rule's signals, or those of some rules."""
    return [signal for rule in rules if areas is None or rule.name in areas for signal in rule.find(looked)]


def ranked(signals: Iterable[Signal], weights: dict[str, float]) -> list[Suspect]:
    """Members by their points, the most first; of equal ones the lower number. Rules without weight are left out."""
    of: dict[int, list[Signal]] = {}
    for signal in signals:
        if weights[signal.rule]:
            of.setdefault(signal.member_id, []).append(signal)
    suspects = [_suspect(member_id, mine, weights) for member_id, mine in of.items()]
    return sorted(suspects, key=lambda one: (-one.points, one.member_id))


def _suspect(member_id: int, mine: Sequence[Signal], weights: dict[str, float]) -> Suspect:
    best: dict[str, float] = {}
    for signal in mine:
        best[signal.rule] = max(best.get(signal.rule, 0.0), signal.points(weights))
    ordered = sorted(mine, key=lambda one: (-one.points(weights), one.rule, one.record_ids))
    return Suspect(member_id, round(sum(best.values()), 6), tuple(ordered))
