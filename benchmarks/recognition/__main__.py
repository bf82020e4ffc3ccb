"""Recognisers on labelled pictures, in one run on the same pictures.

    python -m benchmarks.recognition [--sets us_frames us_plates road_frames] [--recognisers module:attribute …]
                                     [--limit N] [--data ../shared/data] [--threshold FIGURE]

Each recogniser runs on one thread in a process of its own. By default the one in use (ALPR_RECOGNISER), ours and PP-OCRv6 at
960 and at 1280 pixels are measured; a read is accepted from the policy's recognition.sure_confidence on. Of road_frames the `valid` split counts, for finding only. Writes recognition.json,
recognition.txt (the tables) and a contact sheet of each recogniser's failures on each set to bench-out/. The sheets show
pictures that are not ours: they must not leave that git-ignored folder.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from alpr_assets.policy import policy
from alpr_assets.settings import settings
from benchmarks.recognition.conditions import conditions
from benchmarks.recognition.measuring import Measured, measure, throughput
from benchmarks.recognition.recognisers import OURS, PADDLE_960, PADDLE_1280
from benchmarks.recognition.scoring import scored
from benchmarks.recognition.sets import DATA, SETS, Labelled, load
from benchmarks.recognition.sheet import contact_sheet
from benchmarks.recognition.tables import Run, as_json, short, tables

OUT = Path("bench-out")
PROCESSES = (1, 2)
N_FOR_THROUGHPUT = 40  # pictures
WIDTH = 170  # characters, of the tables


def run(sets: list[list[Labelled]], recognisers: list[str], threshold: float) -> Run:
    """Measure every recogniser on every set."""
    plates = [labelled for labelled_set in sets for labelled in labelled_set]
    pictures = list(dict.fromkeys(labelled.path for labelled in plates))
    classes = {id(labelled): conditions(labelled) for labelled in plates}
    models = settings().path("data") / "models"
    measured: dict[str, Measured] = {}
    rates: dict[str, dict[int, float]] = {}
    rows = []
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        for name in recognisers:
            task = progress.add_task(short(name), total=len(pictures))
            found = measured[name] = measure(name, models, pictures, partial(progress.advance, task))
            answers = dict(zip(pictures, found.answers, strict=True))
            rows += [scored(name, labelled, answers[labelled.path], classes[id(labelled)]) for labelled in plates]
            some = list(dict.fromkeys(labelled.path for labelled in sets[0]))[:N_FOR_THROUGHPUT]
            for n in progress.track(PROCESSES, description=f"{short(name)}: processes"):
                rates.setdefault(name, {})[n] = throughput(name, models, some, n)
    return Run(rows, measured, rates, threshold, policy().matching.region_confidence)


def write(result: Run, out: Path) -> None:
    """Print the tables; keep them, the JSON and the sheets in `out`."""
    out.mkdir(exist_ok=True)
    machine = {"cpus": os.cpu_count(), "load": os.getloadavg()[0], "python": platform.python_version()}
    (out / "recognition.json").write_text(json.dumps({"machine": machine, **as_json(result)}, indent=1) + "\n", "utf-8")
    screen = Console(record=True, width=max(WIDTH, Console().width))
    for table in tables(result):
        if table.row_count:
            screen.print(table)
    screen.save_text(str(out / "recognition.txt"), clear=False)
    for set_name in result.sets:
        for name in result.measured:
            path = out / f"recognition-failures-{set_name}-{short(name).replace(':', '-')}.png"
            if n := contact_sheet(result.of(set_name, name), path):
                screen.print(f"{n} failures: {path}")


def asked(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line; in the same run ours and PP-OCRv6, unless it names others."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", nargs="+", choices=list(SETS), default=list(SETS))
    parser.add_argument("--recognisers", nargs="+", metavar="module:attribute",
                        default=[settings().recogniser, OURS, PADDLE_960, PADDLE_1280])  # fmt: skip
    parser.add_argument("--limit", type=int, help="pictures of each set, spread evenly")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--threshold", type=float, default=policy().recognition.sure_confidence,
                        help="confidence from which a read is accepted; the policy's where not given")  # fmt: skip
    return parser.parse_args(arguments)


def main() -> None:
    options = asked()
    try:
        sets = [load(name, options.data, options.limit) for name in options.sets]
    except FileNotFoundError as error:
        sys.exit(str(error))
    write(run(sets, list(dict.fromkeys(options.recognisers)), options.threshold), OUT)


if __name__ == "__main__":
    main()
