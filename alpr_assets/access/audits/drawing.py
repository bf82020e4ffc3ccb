"""The sample of an audit: which entries are looked at, by chance and by signals; nobody chooses them, and anybody can draw them again.

Here: the seed, the order of chance, the sample. Not here: reading and storing it (`sampling`), the signals (`signals`).

The seed is the SHA-256 of the record's name, the first signed head that covers the plan's approval, and the audit's number. Whoever plans or
approves knows none of it beforehand: each entry has a random salt of its own, and what is approved is not taken back. The order of chance is
by SHA-256 of seed and entry number: an outsider with an export of the record draws the same entries, and either database does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from alpr_assets.access.audits.signals import Signal
from alpr_assets.access.record.entries import Head

FORMAT: Final = "alpr audit sample 1"
RANDOM, RISK = "random", "risk"


@dataclass(frozen=True, slots=True)
class Drawn:
    """One entry of a sample. member_id : whose it is; signals : why, of those chosen by signals, JSON values."""

    record_id: int
    member_id: int
    chosen: str
    signals: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Sample:
    """What was drawn, and from what.

    head_size : of the head that the seed is made from
    n_entries, entries_sha256 : that could be drawn: how many, and the digest of their numbers in order
    ages : reads looked at in the period, by months from being taken to being looked at
    """

    head_size: int
    seed: str
    n_entries: int
    entries_sha256: str
    drawn: tuple[Drawn, ...]
    ages: tuple[int, ...] = ()


def seed_of(head: Head, audit_id: int) -> str:
    """SHA-256 in hexadecimal digits of five lines: format, record, size and root of the head, audit."""
    lines = (FORMAT, head.log_id, str(head.size), head.root.hex(), str(audit_id))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def by_chance(seed: str, record_ids: Iterable[int]) -> list[int]:
    """Entry numbers in the order of chance: by SHA-256 of the seed, a blank and the number in decimal digits."""
    return sorted(record_ids, key=lambda number: hashlib.sha256(f"{seed} {number}".encode()).digest())


def entries_sha256(record_ids: Sequence[int]) -> str:
    """Digest of the numbers of all entries that could be drawn: in decimal digits, ascending, a line each."""
    return hashlib.sha256("".join(f"{number}\n" for number in sorted(record_ids)).encode()).hexdigest()


def draw(
    head: Head,
    audit_id: int,
    looked: pd.DataFrame,
    signals: Iterable[Signal],
    *,
    weights: dict[str, float],
    n_random: int,
    n_risk: int,
    ages: Sequence[int] = (),
) -> Sample:
    """Draw.

    Parameters
    ----------
    looked : what can be drawn, as of `looks.looks`; signals : found in it
    ages : see Sample
    """
    seed = seed_of(head, audit_id)
    owners: Mapping[int, int] = dict(zip(looked["record_id"].tolist(), looked["member_id"].tolist(), strict=True))
    order = by_chance(seed, owners)
    random = [Drawn(number, owners[number], RANDOM) for number in order[:n_random]]
    risky = _by_signals(order[n_random:], signals, owners, weights, n_risk)
    return Sample(head.size, seed, len(owners), entries_sha256(list(owners)), (*random, *risky), tuple(ages))


def _by_signals(
    order: Sequence[int], signals: Iterable[Signal], owners: Mapping[int, int], weights: dict[str, float], n: int
) -> list[Drawn]:
    """In turn one entry of each signal, the weightiest signal first, so that one busy member does not fill the sample."""
    place = {number: position for position, number in enumerate(order)}
    weighty = [one for one in signals if weights[one.rule]]
    weighty.sort(key=lambda one: (-one.points(weights), one.rule, one.member_id, one.record_ids))
    queues = [
        sorted((number for number in one.record_ids if number in place), key=place.__getitem__) for one in weighty
    ]
    chosen: dict[int, list[Signal]] = {}
    for turn in range(max(map(len, queues), default=0)):
        for signal, queue in zip(weighty, queues, strict=True):
            if turn < len(queue) and (queue[turn] in chosen or len(chosen) < n):
                chosen.setdefault(queue[turn], []).append(signal)
    return [
        Drawn(number, owners[number], RISK, tuple({"rule": one.rule, "why": one.why} for one in why))
        for number, why in chosen.items()
    ]
