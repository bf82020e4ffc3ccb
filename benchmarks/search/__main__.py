"""The searches on millions of simulated reads, beside a scan of day Parquet by DuckDB and, on PostgreSQL, beside plain PostGIS.

    python -m benchmarks.search [--reads 20000000] [--lean] [--database URL] [--repeats 20] [--beside OTHER.json]

Builds what is missing of the reads and of the day files, then asks; stopped and run again, it goes on where it was. --reads 0 builds
nothing and asks what is there. Needs about 1.1 kB of disk a read, lean 0.4 kB, and 50 bytes for the day files. PostGIS is left out,
and the table says so, where the server has none (Debian: postgresql-15-postgis-3). --beside adds how the medians grew since another
result. Writes bench-out/search-NAME.json and .txt. Figures hold for a machine that does nothing else: the load is written beside them.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sqlite3
from pathlib import Path
from time import perf_counter
from typing import Any

import duckdb
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from sqlalchemy import Engine, text

from alpr_assets.errors import AlprError
from alpr_assets.store.engine import open_engine, reading
from benchmarks.search import building
from benchmarks.search.baselines import PostGIS, Scans
from benchmarks.search.measuring import measured, questions
from benchmarks.search.questions import Asker, draw

OUT = Path("bench-out")


def machine(engine: Engine) -> dict[str, Any]:
    statement = "SELECT version()" if engine.dialect.name == "postgresql" else "SELECT sqlite_version()"
    with reading(engine) as connection:
        version = str(connection.scalar(text(statement))).split(" on ")[0]
    names = [line.split(":")[1].strip() for line in _cpu_lines() if line.startswith("model name")]
    return {
        "cpu": names[0] if names else platform.processor(), "cpus": os.cpu_count(), "load before": os.getloadavg()[0],
        "memory GB": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "python": platform.python_version(), "database": version, "sqlite": sqlite3.sqlite_version, "duckdb": duckdb.__version__,
    }  # fmt: skip


def _cpu_lines() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def run(options: argparse.Namespace) -> dict[str, Any]:
    options.folder.mkdir(parents=True, exist_ok=True)
    engine = open_engine(options.database or f"sqlite:///{options.folder / options.name}.sqlite")
    days = options.days or options.folder / f"{options.name}-days"
    result: dict[str, Any] = {"name": options.name, "seed": options.seed, "lean": options.lean}
    with Progress() as progress:
        if options.reads:
            task = progress.add_task("reads", total=None)
            loaded = building.build(
                engine, options.reads, lean=options.lean,
                progress=lambda done, total: progress.update(task, completed=done, total=total),
            )  # fmt: skip
            result["loaded now"] = loaded.n_reads
        task = progress.add_task("day files", total=None)
        files_bytes = building.export(
            engine, days, lambda done, total: progress.update(task, completed=done, total=total)
        )
    postgis, why = _postgis(engine)
    drawn = draw(engine, options.repeats, options.seed)
    database = Path(str(engine.url.database)) if engine.dialect.name == "sqlite" else None
    result |= {
        "reads": building.n_reads(engine), "bytes": building.n_bytes(engine), "day files bytes": files_bytes,
        "postgis": why, "first day asked": drawn.first_day.isoformat(), "last day asked": drawn.last_day.isoformat(),
        "machine": machine(engine), "rows": [],
    }  # fmt: skip
    paths = [Path(name) for name in building.files(days, drawn.first_day, drawn.last_day)]
    for question in questions(drawn, Asker(engine), Scans(days), postgis):
        began = perf_counter()
        row = measured(question, drawn, engine, database=database, days=paths, n_scans=options.scans)
        result["rows"].append(row)
        print(f"{row['what']}: {row['ours median ms']:.1f} ms; asked in {perf_counter() - began:.0f} s", flush=True)
    result["machine"]["load after"] = os.getloadavg()[0]
    engine.dispose()
    if options.beside:
        _grown(result, json.loads(options.beside.read_text(encoding="utf-8")))
    return result


def _postgis(engine: Engine) -> tuple[PostGIS | None, str]:
    if engine.dialect.name != "postgresql":
        return None, "not on SQLite"
    try:
        found = PostGIS(engine)
    except AlprError as error:
        return None, f"left out: {error}"
    with reading(engine) as connection:
        return found, str(connection.scalar(text("SELECT postgis_lib_version()")))


def _grown(result: dict[str, Any], before: dict[str, Any]) -> None:
    """By which factor each median grew since another result."""
    result["beside"] = {"name": before["name"], "reads": before["reads"]}
    medians = {row["what"]: row["ours median ms"] for row in before["rows"]}
    for row in result["rows"]:
        row["grew"] = row["ours median ms"] / medians[row["what"]]


def show(result: dict[str, Any], console: Console) -> None:
    table = Table(title=f"{result['name']}: {result['reads']:,} reads, {result['bytes'] / 1e9:.1f} GB; medians, ms")
    columns = {
        "what": "what", "found median": "found", "ours median ms": "ours", "ours p95 ms": "p95", "scan median ms": "scan",
        "scan ÷ ours": "scan ÷ ours", "PostGIS median ms": "PostGIS", "cold ours median ms": "cold", "cold scan median ms": "cold scan",
        "grew": "grew", "found as much": "as much", "kept": "limit kept",
    }  # fmt: skip
    shown = [key for key in columns if any(key in row for row in result["rows"])]
    for key in shown:
        table.add_column(columns[key], justify="left" if key == "what" else "right")
    for row in result["rows"]:
        table.add_row(*[_cell(row.get(key, "")) for key in shown])
    console.print(table)
    console.print(f"PostGIS: {result['postgis']}; {result['machine']}")


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "NO"
    return f"{value:,.1f}" if isinstance(value, float) else str(value)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reads", type=int, default=20_000_000)
    parser.add_argument("--lean", action="store_true", help="leave out what no search reads")
    parser.add_argument("--database", default="", help="SQLAlchemy URL; default: SQLite in the folder")
    parser.add_argument("--days", type=Path, help="folder of the day files")
    parser.add_argument("--folder", type=Path, default=OUT / "search")
    parser.add_argument("--name", default="sqlite")
    parser.add_argument("--repeats", type=int, default=20, help="probes of each question")
    parser.add_argument("--scans", type=int, default=20, help="of these, asked of the baselines too")
    parser.add_argument("--beside", type=Path, help="an earlier result, of fewer reads")
    parser.add_argument("--seed", type=int, default=422)
    options = parser.parse_args(arguments)
    result = run(options)
    OUT.mkdir(exist_ok=True)
    (OUT / f"search-{options.name}.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    with (OUT / f"search-{options.name}.txt").open("w", encoding="utf-8") as file:
        show(result, Console(file=file, width=160))
    show(result, Console(width=160))
    if wrong := [row["what"] for row in result["rows"] if row.get("found as much") is False]:
        raise SystemExit(f"not as much as the scan found: {', '.join(wrong)}")


if __name__ == "__main__":
    main()
