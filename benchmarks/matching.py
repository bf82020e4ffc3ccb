"""Hot-list matching: our index against what pandas and plain Python do, in one run.

    python -m benchmarks.matching [--reads 60000] [--entries 300000] [--repeats 3] [--seed 422]

One core. Baselines: `DataFrame.merge` for exact and folded keys; for edit distance 1 every read against every entry in
plain Python, run on a few reads and extrapolated (said so in the table). Results of the baselines are compared with
ours, so that a fast wrong answer fails. Writes bench-out/matching.json.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from alpr_assets.lifecycle.lookalikes import ALPHABET, fold, fold_many
from alpr_assets.lifecycle.matching import PlateIndex

OUT = Path("bench-out") / "matching.json"
FORMS = ("9AAA999", "9AAA999", "9A99999", "AAA9999", "999AAA", "AAA999", "AA9A9A9A")  # serial formats, CA twice
SAMPLE = 6  # reads of the brute-force baseline


def plates(n: int, rng: np.random.Generator) -> list[str]:
    letters, digits = np.array(list(ALPHABET[10:])), np.array(list(ALPHABET[:10]))
    form = rng.choice(FORMS, n)
    drawn = np.full((n, 8), "", dtype="U1")
    for column in range(8):
        kind = np.array([text[column] if column < len(text) else "" for text in form])
        drawn[:, column] = np.select([kind == "9", kind == "A"], [rng.choice(digits, n), rng.choice(letters, n)], "")
    return ["".join(row) for row in drawn]


def lists(n_reads: int, n_entries: int, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Reads and entries; one read in 200 is a listed plate, half of these with one misread character."""
    rng = np.random.default_rng(seed)
    listed, seen = plates(n_entries, rng), plates(n_reads, rng)
    for i in range(0, n_reads, 200):
        plate = list(listed[int(rng.integers(n_entries))])
        if i % 400:
            plate[int(rng.integers(len(plate)))] = ALPHABET[int(rng.integers(len(ALPHABET)))]
        seen[i] = "".join(plate)
    states = np.array(["CA", "CA", "CA", "NV", "OR", ""], dtype=object)
    entries = pd.DataFrame({"entry_id": np.arange(n_entries), "plate": listed, "state": rng.choice(states, n_entries)})
    entries["plate_folded"] = fold_many(entries["plate"])
    reads = pd.DataFrame({"read_id": np.arange(n_reads), "plate": seen, "region": rng.choice(states, n_reads)})
    return reads, entries


def timed(what: Callable[[], Any], repeats: int) -> tuple[Any, float, float]:
    """Result, and the best wall and CPU seconds."""
    best_wall = best_cpu = float("inf")
    result = None
    for _ in range(repeats):
        wall, cpu = perf_counter(), process_time()
        result = what()
        best_wall, best_cpu = min(best_wall, perf_counter() - wall), min(best_cpu, process_time() - cpu)
    return result, best_wall, best_cpu


def one_edit(a: str, b: str) -> bool:
    """Levenshtein distance 1 of two keys, without a table."""
    if abs(len(a) - len(b)) > 1 or a == b:
        return False
    i = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    return a[i + (len(a) >= len(b)) :] == b[i + (len(b) >= len(a)) :]


def brute_force(reads: pd.DataFrame, entries: pd.DataFrame) -> set[tuple[int, int]]:
    keys = entries["plate_folded"].tolist()
    found = set()
    for read_id, plate in zip(reads["read_id"], reads["plate"], strict=True):
        key = fold(plate)
        found |= {(read_id, entry) for entry, other in enumerate(keys) if one_edit(key, other)}
    return found


def merged(reads: pd.DataFrame, entries: pd.DataFrame) -> pd.DataFrame:
    keyed = reads.assign(plate_folded=fold_many(reads["plate"]))
    return keyed.merge(entries, on="plate_folded", suffixes=("", "_listed"))


def index_bytes(index: PlateIndex) -> int:
    spelling = index.spelling
    arrays = (spelling.raw, spelling.folded, spelling.lengths, index.whole.packed, index.near.packed, index.state)
    return sum(array.nbytes for array in arrays)


def pairs(matches: pd.DataFrame, *kinds: str) -> set[tuple[int, int]]:
    kept = matches[matches["kind"].isin(kinds)]
    return set(zip(kept["read_id"], kept["entry_id"], strict=True))


def run(n_reads: int, n_entries: int, repeats: int, seed: int) -> dict[str, Any]:
    reads, entries = lists(n_reads, n_entries, seed)
    index, built_wall, built_cpu = timed(lambda: PlateIndex.build(entries), repeats)
    matches, match_wall, match_cpu = timed(lambda: index.match(reads), repeats)
    one = reads.head(1)
    _, one_wall, one_cpu = timed(lambda: index.match(one), max(repeats, 20))
    exact, exact_wall, exact_cpu = timed(lambda: reads.merge(entries, on="plate"), repeats)
    folded, folded_wall, folded_cpu = timed(lambda: merged(reads, entries), repeats)

    # Without regions, so that the rule about states drops nothing that brute force finds.
    sample = reads.iloc[200 : 400 * SAMPLE : 400].assign(region="")  # planted misreads: brute force has what to find
    brute, brute_wall, brute_cpu = timed(lambda: brute_force(sample, entries), 1)
    scale = n_reads / len(sample)

    agrees = {
        "exact": pairs(matches, "exact") == set(zip(exact["read_id"], exact["entry_id"], strict=True)),
        "folded": pairs(matches, "exact", "folded") == set(zip(folded["read_id"], folded["entry_id"], strict=True)),
        "edit1 (sample)": pairs(index.match(sample), "edit1") == brute,
    }
    return {
        "reads": n_reads,
        "entries": n_entries,
        "seed": seed,
        "machine": {"cpus": os.cpu_count(), "load": os.getloadavg()[0], "python": platform.python_version(),
                    "numpy": np.__version__, "pandas": pd.__version__},
        "seconds": [
            ["ours: build the index", built_wall, built_cpu, ""],
            ["ours: match all kinds, states, differences", match_wall, match_cpu, ""],
            ["ours: both", built_wall + match_wall, built_cpu + match_cpu, ""],
            ["ours: one read on the standing index", one_wall, one_cpu, ""],
            ["pandas merge: exact only", exact_wall, exact_cpu, ""],
            ["pandas merge: folded, with folding the reads", folded_wall, folded_cpu, ""],
            ["plain Python, every pair: edit1", brute_wall * scale, brute_cpu * scale,
             f"extrapolated from {len(sample)} reads, {len(brute)} pairs"],
        ],
        "index_megabytes": index_bytes(index) / 1e6,
        "matches": {str(kind): int(n) for kind, n in matches["kind"].value_counts().items()},
        "agrees_with_baseline": agrees,
    }  # fmt: skip


def show(result: dict[str, Any]) -> None:
    table = Table(title=f"{result['reads']:,} reads against {result['entries']:,} entries")
    for column in ("what", "wall s", "CPU s", ""):
        table.add_column(column, justify="left" if column in {"what", ""} else "right")
    for what, wall, cpu, note in result["seconds"]:
        table.add_row(what, f"{wall:,.4f}", f"{cpu:,.4f}", note)
    console = Console()
    console.print(table)
    console.print(f"index {result['index_megabytes']:.0f} MB; matches {result['matches']}")
    console.print(f"agrees with the baselines: {result['agrees_with_baseline']}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reads", type=int, default=60_000)
    parser.add_argument("--entries", type=int, default=300_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seed", type=int, default=422)
    options = parser.parse_args()
    result = run(options.reads, options.entries, options.repeats, options.seed)
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    show(result)
    if not all(result["agrees_with_baseline"].values()):
        raise SystemExit("the results differ from a baseline's")


if __name__ == "__main__":
    main()
