"""Watches: a day's reads against lists and watches, and a partial plate over a year of reads, beside a full scan in the same run.

    python -m benchmarks.watches [--reads 60000] [--entries 300000] [--watches 2000] [--history 20000000] [--repeats 3] [--seed 422]

The history is an SQLite store of the real schema with its indexes, built once in bench-out/watches-N.sqlite (minutes; about 0.6 GB
a million reads) and kept. A twenty-fourth as many plates as reads, some read a thousand times as often as others. The full scan asks the
`read` table itself with the same GLOB and must find the same reads. Writes bench-out/watches.json.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import sqlite3
from datetime import date
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from alpr_assets.lifecycle.lookalikes import fold
from alpr_assets.lifecycle.matching import PlateIndex
from alpr_assets.lifecycle.watches.history import past_reads, plates_of
from alpr_assets.lifecycle.watches.matching import WatchIndex
from alpr_assets.lifecycle.watches.patterns import Pattern, parse
from alpr_assets.policy import Policy, load
from alpr_assets.settings import ROOT
from alpr_assets.store.engine import migrate, open_engine, reading
from benchmarks.matching import SAMPLE, lists, plates, timed

OUT = Path("bench-out") / "watches.json"
FIRST_DAY = date(2025, 6, 15)
N_DAYS = 366
READS_A_PLATE = 24
VERSION = "bench"

# Everything about the n-th read is a function of n: the history is the same wherever it is built.
_SOURCE = """
WITH RECURSIVE number(n) AS (SELECT :first UNION ALL SELECT n + 1 FROM number WHERE n + 1 < :end),
seen AS (
  SELECT n, ((n * 2654435761) % 4294967296) / 4294967296.0 AS u,
    date(:day) AS day, (:epoch_day << 32) | (n - :first + 1) AS id,
    :epoch_day * 86400000000 + (n - :first) * 86400000000 / (:end - :first) AS captured_at,
    37.96 + ((n * 40503) % 997) * 0.0001 AS latitude, -121.85 + ((n * 30011) % 1009) * 0.0001 AS longitude
  FROM number
)
"""
_READ = f"""
INSERT INTO read (day, read_id, capture_id, version_id, box_x, box_y, box_width, box_height, quad, rank, raw, plate, plate_folded,
  confidence, sure, characters, candidates, region, region_confidence, captured_at, device_id, latitude_deg, longitude_deg, cell)
{_SOURCE}
SELECT day, id, id, '{VERSION}', 0, 0, 90, 45, '[]', 0, p.plate, p.plate, p.plate_folded, 0.95, 1, '[]', '[]', NULL, NULL, captured_at,
  'unit-' || (n % 40), latitude, longitude,
  CAST((latitude + 90) / 0.005 AS INTEGER) * 72000 + CAST((longitude + 180) / 0.005 AS INTEGER)
FROM seen JOIN known AS p ON p.number = CAST(u * u * :n_plates AS INTEGER)
"""
_CAPTURE = """
INSERT INTO capture (day, capture_id, drop_id, device_id, image_sha256, n_bytes, media_type, width_px, height_px, captured_at, clock,
  latitude_deg, longitude_deg, cell, landed_at, flags, current_version)
SELECT day, capture_id, 1, device_id, '', 1, 'image/jpeg', 640, 480, captured_at, 'gps', latitude_deg, longitude_deg, cell, captured_at,
  '[]', version_id FROM read WHERE day = date(:day)
"""
_SIGHTING = """
INSERT INTO sighting_read (day, read_id, sighting_day, sighting_id) SELECT day, read_id, day, read_id FROM read WHERE day = date(:day)
"""
_DROP = """
INSERT INTO capture_drop (drop_id, manifest_sha256, folder, unit, shift, landed_at, n_declared, n_landed, n_duplicate, n_quarantined,
  n_missing, receipt, receipt_sha256) VALUES (1, '', '', '', '', 0, 0, 0, 0, 0, 0, '{}', '')
"""


def history(n_reads: int, seed: int) -> Path:
    """The store with so many reads, built where it is not there yet."""
    path = OUT.parent / f"watches-{n_reads}.sqlite"
    if path.exists():
        return path
    OUT.parent.mkdir(exist_ok=True)
    raw = path.with_suffix(".part")
    for old in raw.parent.glob(f"{raw.name}*"):
        old.unlink()
    engine = open_engine(f"sqlite:///{raw}")
    migrate(engine)
    engine.dispose()
    connection = sqlite3.connect(raw, isolation_level=None)
    connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -1000000")
    _fill(connection, n_reads, seed)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    raw.rename(path)
    return path


def _fill(connection: sqlite3.Connection, n_reads: int, seed: int) -> None:
    indexes = connection.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN ('read', 'capture')"
    ).fetchall()
    for name, _ in indexes:  # made at the end: sorted once instead of kept in order
        connection.execute(f"DROP INDEX {name}")
    known = list(dict.fromkeys(plates(n_reads // READS_A_PLATE, np.random.default_rng(seed))))
    connection.execute("CREATE TABLE known (number INTEGER PRIMARY KEY, plate TEXT, plate_folded TEXT)")
    connection.executemany("INSERT INTO known VALUES (?, ?, ?)", ((i, p, fold(p)) for i, p in enumerate(known)))
    connection.execute(_DROP)
    bounds = [n_reads * day // N_DAYS for day in range(N_DAYS + 1)]
    for number, (first, end) in enumerate(pairwise(bounds)):
        epoch_day = (FIRST_DAY - date(1970, 1, 1)).days + number
        day = date.fromordinal(FIRST_DAY.toordinal() + number).isoformat()
        given = {"first": first, "end": end, "day": day, "epoch_day": epoch_day, "n_plates": len(known)}
        connection.execute("BEGIN")
        connection.execute(_READ, given)
        connection.execute(_CAPTURE, {"day": day})
        connection.execute(_SIGHTING, {"day": day})
        connection.execute(
            "INSERT INTO capture_day (day, n_captures, n_reads) VALUES (?, ?, ?)", (day, end - first, end - first)
        )
        connection.execute("COMMIT")
    for _, sql in indexes:
        connection.execute(sql)
    connection.execute(
        "INSERT INTO plate (plate, plate_folded, first_day, last_day, n_reads) "
        "SELECT plate, max(plate_folded), min(day), max(day), count(*) FROM read GROUP BY plate"
    )
    connection.execute("DROP TABLE known")


# ── a day's reads against lists and watches ────────────────────────────────────────────────────────────────────────


def partials(n: int, rng: np.random.Generator) -> list[Pattern]:
    """Plates of which a witness lost some: a character, two, a stretch, all but three in the middle, one in doubt."""
    found = []
    for number, plate in enumerate(plates(n, rng)):
        known = list(plate)
        at = int(rng.integers(1, len(known) - 2))
        kind = number % 5
        if kind == 0:
            known[at] = "?"
        elif kind == 1:
            known[at], known[-1] = "?", "?"
        elif kind == 2:
            known[at : at + 2] = ["*"]
        elif kind == 3:
            known = ["*", *known[2:5], "*"]
        else:
            known[at] = f"[{known[at]}0O8B]"
        found.append(parse("".join(known), least_known=3))
    return found


def day_of_matching(n_reads: int, n_entries: int, n_watches: int, repeats: int, seed: int) -> dict[str, Any]:
    """Seconds for the lists' index, the watches, and both; and for `re` on every pair, extrapolated from a few patterns."""
    reads, entries = lists(n_reads, n_entries, seed)
    rng = np.random.default_rng(seed + 1)
    index = PlateIndex.build(entries)
    patterns = partials(n_watches, rng)
    reads = reads.assign(
        captured_at=pd.Timestamp("2026-06-15", tz="UTC"), latitude_deg=38.0, longitude_deg=-121.8, region=None
    )
    watching = WatchIndex.build(
        [_watch(number, pattern) for number, pattern in enumerate(patterns)], edit1_min_length=5
    )
    listed, listed_s, _ = timed(lambda: index.match(reads), repeats)
    watched, watched_s, _ = timed(lambda: watching.match(reads), repeats)
    sample = patterns[: SAMPLE * 5]
    all_reads = list(zip(reads["read_id"], reads["plate"], strict=True))

    def one_by_one() -> set[tuple[int, int]]:
        tried = [(number, re.compile(pattern.regex())) for number, pattern in enumerate(sample)]
        return {(read_id, number) for number, tests in tried for read_id, plate in all_reads if tests.match(plate)}

    brute, brute_s, _ = timed(one_by_one, 1)
    ours = set(zip(watched["read_id"], watched["watch_id"], strict=True))
    return {
        "reads": n_reads, "entries": n_entries, "watches": n_watches, "list_matches": len(listed), "watch_matches": len(watched),
        "lists_s": listed_s, "watches_s": watched_s, "both_s": listed_s + watched_s,
        "re_s": brute_s * n_watches / len(sample), "re_patterns": len(sample),
        "agrees": {pair for pair in ours if pair[1] < len(sample)} == brute,
    }  # fmt: skip


def _watch(number: int, pattern: Pattern) -> Any:
    return SimpleNamespace(
        watch_id=number,
        pattern=pattern.text,
        is_partial=pattern.is_partial,
        state="",
        area=None,
        since_at=None,
        until_at=None,
    )


# ── a partial plate over the past ──────────────────────────────────────────────────────────────────────────────────

PAST = ("7AB?1*", "7?A*23", "*XKR*", "??B12??", "8[08O]?2*4")


def past(path: Path, pattern: Pattern, repeats: int, policy: Policy) -> dict[str, Any]:
    """Seconds to find all past reads of a pattern, and those of a full scan, in turns. `cold_s`: the first of all."""
    engine = open_engine(f"sqlite:///{path}")
    row = _watch(1, pattern)

    def found() -> tuple[list[str], pd.DataFrame]:
        with reading(engine) as connection:
            known = plates_of(connection, row, policy)
            return known, past_reads(connection, row, known)

    _, cold_s, _ = timed(found, 1)
    (known, reads), ours_s, _ = timed(found, repeats)
    scan = "SELECT count(*), COALESCE(sum(read_id), 0) FROM read NOT INDEXED WHERE plate GLOB :glob"
    with reading(engine) as connection:
        scanned, scan_s, _ = timed(lambda: connection.exec_driver_sql(scan, {"glob": pattern.glob()}).one(), 1)
    engine.dispose()
    total = sum(reads["read_id"].tolist()) if len(reads) else 0
    return {
        "pattern": pattern.text, "plates": len(known), "reads": len(reads), "cold_s": cold_s, "ours_s": ours_s, "scan_s": scan_s,
        "ratio": scan_s / ours_s, "agrees": tuple(scanned) == (len(reads), total),
    }  # fmt: skip


def show(result: dict[str, Any]) -> None:
    day = result["day"]
    console = Console()
    console.print(
        f"{day['reads']:,} reads: {day['entries']:,} entries {day['lists_s']:.3f} s, {day['watches']:,} watches "
        f"{day['watches_s']:.3f} s, both {day['both_s']:.3f} s; re on every pair {day['re_s']:,.0f} s "
        f"(extrapolated from {day['re_patterns']} patterns); agrees {day['agrees']}"
    )
    table = Table(title=f"a partial plate over {result['history']:,} reads")
    for column in ("pattern", "plates", "reads", "first s", "s", "full scan s", "times", "agrees"):
        table.add_column(column, justify="left" if column == "pattern" else "right")
    for one in result["past"]:
        seconds = (f"{one[name]:,.3f}" for name in ("cold_s", "ours_s", "scan_s"))
        table.add_row(
            one["pattern"],
            f"{one['plates']:,}",
            f"{one['reads']:,}",
            *seconds,
            f"{one['ratio']:,.0f}",
            str(one["agrees"]),
        )
    console.print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reads", type=int, default=60_000)
    parser.add_argument("--entries", type=int, default=300_000)
    parser.add_argument("--watches", type=int, default=2_000)
    parser.add_argument("--history", type=int, default=20_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seed", type=int, default=422)
    options = parser.parse_args()
    path = history(options.history, options.seed)
    result = {
        "seed": options.seed,
        "history": options.history,
        "machine": {"cpus": os.cpu_count(), "load": os.getloadavg()[0], "python": platform.python_version(),
                    "sqlite": sqlite3.sqlite_version, "numpy": np.__version__},
        "day": day_of_matching(options.reads, options.entries, options.watches, options.repeats, options.seed),
        "past": [past(path, parse(typed), options.repeats, load(ROOT / "policy" / "422.yaml")) for typed in PAST],
    }  # fmt: skip
    OUT.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    show(result)
    if not all(one["agrees"] for one in (result["day"], *result["past"])):
        raise SystemExit("the results differ from a baseline's")


if __name__ == "__main__":
    main()
