"""The clock: each question asked once of the system and once of its baselines, warm and cold.

Here: timing, medians, whether both found as much, the limits. Not here: what is asked.
Warm: each probe was answered once before, and is timed the second time. Cold: before each probe the pages of the database, or of the
day files, are taken out of the system's memory and the connections are closed; PostgreSQL keeps its own buffers, so its cold times are
left out. What differs from one probe to the next is part of what is measured: medians are over different probes.
"""

from __future__ import annotations

import os
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, Final

from sqlalchemy import Engine

from benchmarks.search.baselines import PostGIS, Scans
from benchmarks.search.questions import Asker, Drawn

N_COLD: Final = 5  # probes, the first ones
PARTIAL, CANVASS, CO_TRAVEL = "partial ", "canvass, 500 m ± 30 min", "co-travel, heavy plate"
SHARES: Final = {"plate's year": 1 / 50, PARTIAL: 1 / 50, CANVASS: 1 / 20}
"""At most this share of the scan, by how a question's name begins."""
LIMITS_MS: Final = {CO_TRAVEL: 200.0}

Ask = Callable[[Any, Drawn], int]


@dataclass(frozen=True, slots=True)
class Question:
    """A question, its probes and who answers it. `same`: ours and the scan count the same things."""

    name: str
    probes: Sequence[Any]
    ours: Ask
    scan: Ask
    postgis: Ask | None = None
    same: bool = True


def questions(drawn: Drawn, asker: Asker, scans: Scans, postgis: PostGIS | None) -> list[Question]:
    plates = [
        Question(f"plate's year, {name}", probes, asker.history, scans.history) for name, probes in drawn.plates.items()
    ]
    partials = [
        Question(f"{PARTIAL}{name}", probes, asker.partial, scans.partial) for name, probes in drawn.patterns.items()
    ]
    plain = postgis.canvass if postgis else None
    return [
        *plates,
        *partials,
        Question(CANVASS, drawn.incidents, asker.canvass, scans.canvass, plain),
        Question(CO_TRAVEL, drawn.plates["heavy"], asker.co_travel, scans.co_travel, same=False),
    ]


def milliseconds(ask: Ask, probes: Sequence[Any], drawn: Drawn) -> tuple[list[float], list[int]]:
    """Of each probe: how long its second answer took, and how much was found."""
    times, found = [], []
    for probe in probes:
        ask(probe, drawn)
        began = perf_counter()
        found.append(ask(probe, drawn))
        times.append((perf_counter() - began) * 1e3)
    return times, found


def cold(ask: Ask, probes: Sequence[Any], drawn: Drawn, engine: Engine, paths: Sequence[Path]) -> list[float]:
    """Milliseconds of each answer after its files left the memory."""
    times = []
    for probe in probes:
        engine.dispose()
        for path in paths:
            forget(path)
        began = perf_counter()
        ask(probe, drawn)
        times.append((perf_counter() - began) * 1e3)
    return times


def forget(path: Path) -> None:
    """Take a file's clean pages out of the system's memory."""
    file = os.open(path, os.O_RDONLY)
    try:
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(file)


def figures(times: list[float], prefix: str) -> dict[str, float]:
    ranked = sorted(times)
    return {
        f"{prefix} median ms": statistics.median(ranked),
        f"{prefix} p95 ms": ranked[min(int(len(ranked) * 0.95), len(ranked) - 1)],
    }


def measured(
    question: Question, drawn: Drawn, engine: Engine, *, database: Path | None, days: Sequence[Path], n_scans: int
) -> dict[str, Any]:
    """One question's row. `n_scans`: probes that the scan is asked, the first ones."""
    times, found = milliseconds(question.ours, question.probes, drawn)
    scanned, by_scan = milliseconds(question.scan, question.probes[:n_scans], drawn)
    row: dict[str, Any] = {"what": question.name, "probes": len(times), "found median": statistics.median(found)}
    row |= figures(times, "ours") | figures(scanned, "scan")
    if question.postgis is not None:
        row |= figures(milliseconds(question.postgis, question.probes[:n_scans], drawn)[0], "PostGIS")
    if database is not None:
        row |= figures(cold(question.ours, question.probes[:N_COLD], drawn, engine, [database]), "cold ours")
        row |= figures(cold(question.scan, question.probes[:N_COLD], drawn, engine, days), "cold scan")
    if question.same:
        row["found as much"] = found[: len(by_scan)] == by_scan
    # Of the same probes: a median over more of them would be of other plates.
    row["scan ÷ ours"] = statistics.median(scanned) / statistics.median(times[: len(scanned)])
    row["kept"] = is_kept(row)
    return row


def is_kept(row: dict[str, Any]) -> bool:
    """Whether a row keeps its limit."""
    limits = [limit for name, limit in LIMITS_MS.items() if row["what"] == name]
    shares = [share for name, share in SHARES.items() if row["what"].startswith(name)]
    return all(row["ours median ms"] < limit for limit in limits) and all(
        row["scan ÷ ours"] >= 1 / share for share in shares
    )
