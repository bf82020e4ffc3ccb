"""From a closed drop to the hit, and to the webhook of who is told: the worker, beside Dagster's runs alone, in the same system.

    python -m benchmarks.alerts [--drops 30] [--baseline 2] [--entries 300000] [--seed 422]

All servers of `alpr up` run in a data folder of their own. Drops are of three drawn pictures, read by the recogniser in use; on the
list is what it reads in them, among 300,000 other plates: the question is time, not accuracy. Measured is from the manifest's rename
to the commit of the drop's first hit, as another process sees it, and to the request at a receiver on this machine. Dagster's sensor
and runs are at work all the while. Baseline: the worker is ended, and its drops wait for Dagster.
Writes bench-out/alerts.json.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import socket
import ssl
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from sqlalchemy import func, select

from alpr_assets import firstrun, services
from alpr_assets.access import initial, register
from alpr_assets.access.acting import open_office
from alpr_assets.access.initial import First
from alpr_assets.access.people import Source, actor_of
from alpr_assets.access.record.serving import recorder
from alpr_assets.access.roles import Role
from alpr_assets.certificates import Certificate, self_signed
from alpr_assets.lifecycle.alerts import destinations
from alpr_assets.lifecycle.alerts.wanted import Wanted
from alpr_assets.lifecycle.captures.manifests import write_drop
from alpr_assets.lifecycle.hotlists.formats.answers import HEADER
from alpr_assets.lifecycle.hotlists.imports import import_file, mark_rematched, versions_in_force
from alpr_assets.lifecycle.recognition.configured import recogniser_factory
from alpr_assets.lifecycle.worker_state import worker_alive
from alpr_assets.policy import policy
from alpr_assets.sample.drive import draw_drive
from alpr_assets.settings import ROOT, Settings, settings
from alpr_assets.store import schema
from alpr_assets.store.engine import Store, reading, writing
from benchmarks.landing import numbered
from benchmarks.matching import plates

OUT = Path("bench-out") / "alerts.json"
TARGET_SECONDS = 5.0
PICTURES = 3
AT_ONCE = 3
LOOK_SECONDS = 0.02
PATIENCE_SECONDS = 300


@dataclass
class Receiver:
    """Takes every message, and knows when; `at` by hit id, seconds of this machine's monotonic clock."""

    port: int
    at: dict[int, float] = field(default_factory=dict)


@contextmanager
def receiver(certificate: Certificate) -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            said = json.loads(self.rfile.read(int(self.headers["content-length"])))
            opened.at.setdefault(said["hit_id"], time.monotonic())
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.certfile, certificate.keyfile)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    opened = Receiver(server.server_address[1])
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield opened
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def system(root: Path, ca_file: Path) -> Iterator[Settings]:
    """Settings of a data folder of our own; the receiver is inside the department."""
    text = (ROOT / "policy" / "422.yaml").read_text(encoding="utf-8")
    (root / "policy.yaml").write_text(text.replace("inside: []", "inside: [localhost]"), encoding="utf-8")
    own = {f"ALPR_{name.upper()}": str(root / name) for name in ("data", "keys", "drops", "hotlists", "record")}
    own |= {
        "ALPR_DATABASE_URL": "", "ALPR_RECORD_URL": "", "ALPR_WITNESSES": "", "ALPR_POLICY": str(root / "policy.yaml"),
        "ALPR_PORT": str(free_port()), "ALPR_RECEIVER_CA_FILE": str(ca_file), "DAGSTER_HOME": str(root / "dagster_home"),
    }  # fmt: skip
    before = dict(os.environ)
    os.environ.update(own)
    for cached in (settings, policy):
        cached.cache_clear()
    try:
        yield settings()
    finally:
        os.environ.clear()
        os.environ.update(before)
        for cached in (settings, policy):
            cached.cache_clear()


def approve_receiver(store: Store, configured: Settings, port: int) -> None:
    """A supervisor proposes it, the commander approves it."""
    now = datetime.now(UTC)
    trained_on = now.astimezone(policy().zone).date()
    titles = {title.role: title.title for title in reversed(policy().titles)}
    first = [
        First(
            user_name=role, name=f"Sample {role}", title=titles[role], sources=frozenset(Source), trained_on=trained_on
        )
        for role in ("administrator", "supervisor", "commander", "training_coordinator")
    ]
    with recorder(configured) as kept:
        office = open_office(store.engine, kept, policy(), configured)
        initial.begin(office, first, at=now, done_by="benchmark")
        members = {member.role: actor_of(member) for member in register.members(store.engine)}
        wanted = Wanted(
            name="CAD", kind="webhook", address=f"https://localhost:{port}/hits",
            sources=frozenset({Source.DEPARTMENT.value}),
            categories=frozenset(purpose.code for purpose in policy().purposes),
        )  # fmt: skip
        key = destinations.secret_key(configured)
        proposed = destinations.propose(office, key, wanted, by=members[Role.SUPERVISOR], at=now)
        destinations.approve(office, proposed.destination_id, by=members[Role.COMMANDER], at=now)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


# ── pictures and drops ─────────────────────────────────────────────────────────────────────────────────────────────


def drawn(folder: Path, n_drops: int, seed: int) -> tuple[list[list[bytes]], list[str], float]:
    """(pictures of each drop, what is read in them, median seconds that reading one takes): only drops in which something is read."""
    n_pictures = n_drops * PICTURES + PICTURES * max(2, n_drops // 4)
    captures = draw_drive(folder, seed=seed, n_captures=n_pictures, started_at=datetime.now(UTC) - timedelta(hours=2))
    recogniser = recogniser_factory()()
    sets: list[list[bytes]] = []
    read: list[str] = []
    seconds: list[float] = []
    for start in range(0, len(captures) - PICTURES + 1, PICTURES):
        pictures = [(folder / capture.file).read_bytes() for capture in captures[start : start + PICTURES]]
        found = []
        for picture in pictures:
            began = time.perf_counter()
            found += [plate.plate for plate in recogniser.recognise(picture).plates]
            seconds.append(time.perf_counter() - began)
        if found and len(sets) < n_drops:
            sets.append(pictures)
            read += found
    return sets, read, float(np.median(seconds))


class Unit:
    """Brings drops: each of pictures that differ from all others in a comment, a minute after the one before."""

    def __init__(self, drops: Path, sets: list[list[bytes]]) -> None:
        self.drops, self.sets, self.n = drops, sets, 0
        self.began_at = datetime.now(UTC) - timedelta(hours=12)

    def close(self) -> str:
        """Close the next drop; the manifest's name appears last. Returns its shift."""
        pictures, shift = self.sets[self.n % len(self.sets)], f"shift-{self.n}"
        self.n += 1
        folder = self.drops / shift
        folder.mkdir(parents=True)
        lines = []
        for number, picture in enumerate(pictures):
            name = f"{number}.jpg"
            (folder / name).write_bytes(numbered(picture, self.n * PICTURES + number))
            at = self.began_at + timedelta(minutes=self.n, milliseconds=320 * number)
            lines.append({
                "file": name, "captured_at": at.isoformat(), "latitude": 38.005, "longitude": -121.806, "heading": 90.0,
                "device_id": "cam-somersville-1", "kind": "fixed",
            })  # fmt: skip
        write_drop(folder, unit="unit-12", shift=shift, captures=lines)
        return shift


def first_hits(store: Store) -> dict[str, int]:
    """The first hit of each drop's shift."""
    hit, capture, read, drop = schema.hit.c, schema.capture.c, schema.read.c, schema.drop.c
    statement = (
        select(drop.shift, func.min(hit.hit_id))
        .select_from(schema.hit)
        .join(schema.read, (read.day == hit.read_day) & (read.read_id == hit.read_id))
        .join(schema.capture, (capture.day == read.day) & (capture.capture_id == read.capture_id))
        .join(schema.drop, drop.drop_id == capture.drop_id)
        .group_by(drop.shift)
    )
    with reading(store.engine) as connection:
        return {shift: hit_id for shift, hit_id in connection.execute(statement)}  # noqa: C416 - rows are no pairs to mypy


@dataclass(frozen=True)
class Times:
    """Seconds from a drop's end to its first hit, and to that hit's message."""

    hit: list[float]
    told: list[float]

    def summary(self) -> dict[str, Any]:
        return {
            "drops": len(self.hit),
            **{name: percentiles(values) for name, values in (("hit_seconds", self.hit), ("told_seconds", self.told))},
        }


def percentiles(seconds: list[float]) -> dict[str, float]:
    p50, p95 = np.percentile(seconds, [50, 95])
    return {"p50": round(float(p50), 3), "p95": round(float(p95), 3), "max": round(max(seconds), 3)}


def timed(store: Store, told: Receiver | None, unit: Unit, *, n: int, at_once: int = 1) -> Times:
    """Close `n` drops, so many at a time; the next ones come when these have their hits."""
    rng = random.Random(n)
    hits: list[float] = []
    messages: list[float] = []
    while len(hits) < n:
        closed = {unit.close(): time.monotonic() for _ in range(min(at_once, n - len(hits)))}
        seen: dict[str, int] = {}
        while missing := closed.keys() - seen.keys():
            now_seen, at = first_hits(store), time.monotonic()
            for shift in missing & now_seen.keys():
                seen[shift] = now_seen[shift]
                hits.append(at - closed[shift])
            if at - min(closed.values()) > PATIENCE_SECONDS:
                raise TimeoutError(f"no hit of {len(missing)} drops within {PATIENCE_SECONDS} s")
            time.sleep(LOOK_SECONDS)
        if told is not None:
            deadline = time.monotonic() + PATIENCE_SECONDS
            while not set(seen.values()) <= told.at.keys() and time.monotonic() < deadline:
                time.sleep(LOOK_SECONDS)
            messages += [told.at[hit_id] - closed[shift] for shift, hit_id in seen.items()]
        time.sleep(0.5 + rng.random())  # in no step with what polls
    return Times(hits, messages)


# ── memory ─────────────────────────────────────────────────────────────────────────────────────────────────────────


class Memory:
    """The most that each server's session held, with all processes in it, in MB; shared pages counted once (PSS)."""

    def __init__(self, names: dict[int, str]) -> None:
        self.names, self.most = names, Counter[str]()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> dict[str, int]:
        self._ending.set()
        self._thread.join()
        return dict(sorted(self.most.items()))

    def _watch(self) -> None:
        while not self._ending.wait(1.0):
            now = Counter[str]()
            for folder in Path("/proc").iterdir():
                if folder.name.isdigit():
                    try:
                        session = int((folder / "stat").read_text().rpartition(")")[2].split()[3])
                        if session in self.names:
                            rollup = (folder / "smaps_rollup").read_text()
                            now[self.names[session]] += int(rollup.split("Pss:")[1].split()[0]) // 1024
                    except (OSError, IndexError):
                        continue  # it ended meanwhile
            self.most |= now


# ── the run ────────────────────────────────────────────────────────────────────────────────────────────────────────


def run(n: int, n_baseline: int, n_entries: int, seed: int) -> dict[str, Any]:
    console = Console(stderr=True)
    with ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="alpr-bench-")))
        certificate = self_signed(root / "tls", "localhost", now=datetime.now(UTC))
        told = stack.enter_context(receiver(certificate))
        configured = stack.enter_context(system(root, certificate.certfile))
        console.print("drawing and reading pictures …")
        sets, read, read_seconds = drawn(root / "drawn", n, seed)
        store = firstrun.open_fed_store()
        others = plates(n_entries, np.random.default_rng(seed))
        answers = f"A. Ruiz,26-01234,bench,{datetime.now(UTC) + timedelta(days=14):%Y-%m-%d},Lt. Okada"
        rows = [f"{plate},watch,,{answers}" for plate in dict.fromkeys([*read, *others])]
        text = "\n".join([HEADER, *rows, ""])
        receipt = import_file(store, text.encode(), "watch.csv", policy=policy(), now=datetime.now(UTC))
        with writing(store.engine) as connection:
            mark_rematched(connection, versions_in_force(connection))  # there is no past
        approve_receiver(store, configured, told.port)
        stack.enter_context(services.reserved(configured))
        console.print("starting the servers …")
        servers = stack.enter_context(services.running(configured))
        memory = Memory({s.process.pid: s.name for s in servers.services} | {servers.worker.process.pid: "worker"})
        until_alive(store)
        unit = Unit(configured.path("drops"), sets)
        console.print(f"{n} drops one at a time, {n} by {AT_ONCE} …")
        one, many = timed(store, told, unit, n=n), timed(store, told, unit, n=n, at_once=AT_ONCE)
        held = memory.stop()
        console.print(f"{n_baseline} drops without the worker …")
        servers.worker.process.terminate()
        servers.worker.process.wait(20)
        baseline = timed(store, None, unit, n=n_baseline)
        log = (configured.socket.parent / "worker.log").read_text()
        assert read[0] not in log
    return {
        "pictures_a_drop": PICTURES,
        "entries": receipt.n_entries,
        "recogniser": recogniser_factory().version.version_id,
        "read_seconds_a_picture": round(read_seconds, 3),
        "target_seconds": TARGET_SECONDS,
        "machine": {"cpus": os.cpu_count(), "load": os.getloadavg()[0], "python": platform.python_version()},
        "one_at_a_time": one.summary(),
        f"{AT_ONCE}_at_once": many.summary(),
        "dagster_alone": {"drops": n_baseline, "hit_seconds": percentiles(baseline.hit)},
        "memory_mb": held,
        "within_target": max(*one.hit, *one.told, *many.hit, *many.told) < TARGET_SECONDS,
    }


def until_alive(store: Store) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        with reading(store.engine) as connection:
            if worker_alive(connection, datetime.now(UTC)).is_alive:
                return
        time.sleep(0.2)
    raise TimeoutError("the worker gave no sign of life")


def show(result: dict[str, Any]) -> None:
    table = Table(title=f"drops of {PICTURES} pictures, {result['entries']:,} entries on the list")
    for column in ("from the closed drop", "drops", "p50 s", "p95 s", "max s"):
        table.add_column(column, justify="left" if column == "from the closed drop" else "right")
    for what, key, name in (
        ("to the hit, one at a time", "one_at_a_time", "hit_seconds"),
        ("to the webhook, one at a time", "one_at_a_time", "told_seconds"),
        (f"to the hit, {AT_ONCE} at once", f"{AT_ONCE}_at_once", "hit_seconds"),
        (f"to the webhook, {AT_ONCE} at once", f"{AT_ONCE}_at_once", "told_seconds"),
        ("to the hit, by Dagster alone", "dagster_alone", "hit_seconds"),
    ):
        figures = result[key][name]
        table.add_row(what, str(result[key]["drops"]), *(f"{figures[p]:.2f}" for p in ("p50", "p95", "max")))
    console = Console()
    console.print(table)
    console.print("at most, MB: " + ", ".join(f"{name} {mb:,}" for name, mb in result["memory_mb"].items()))
    console.print(f"target {TARGET_SECONDS:g} s: {'met' if result['within_target'] else 'MISSED'}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--drops", type=int, default=30)
    parser.add_argument("--baseline", type=int, default=2)
    parser.add_argument("--entries", type=int, default=300_000)
    parser.add_argument("--seed", type=int, default=422)
    options = parser.parse_args()
    result = run(options.drops, options.baseline, options.entries, options.seed)
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    show(result)


if __name__ == "__main__":
    main()
