"""422.5: killed at any moment and run again, or run by two at once, the work ends as if nothing had happened.

SIGKILL, not an exception: no handler runs. The moment is drawn over the measured duration of the stage, and drawn anew
(earlier) where the stage ended before it, so that every kill falls inside the work.
"""

from __future__ import annotations

import json
import multiprocessing
import random
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from alpr_assets.lifecycle.captures.ciphers import AGE, DropKeys
from alpr_assets.lifecycle.captures.manifests import CAPTURES, MANIFEST, RECEIPT
from alpr_assets.store import schema
from alpr_assets.store.engine import Store, reading
from tests.builders import drop, jpeg, line
from tests.conftest import make_store
from tests.kill_child import STAGES, work_when_told
from tests.patrols import watch

AT = datetime(2026, 6, 14, 23, 58, tzinfo=UTC)  # the shift spans midnight
N_DROPS, N_CAPTURES, N_ENTRIES = 4, 40, 2000
WATCHED = [f"7ABC{i:03}" for i in range(0, 160, 5)]


# ── the work ───────────────────────────────────────────────────────────────────────────────────────────────────────


def laid_out(folder: Path) -> Path:
    """Drops that overlap, with a gap, a broken picture and a bad line, every other one encrypted; and two hot lists."""
    recipient = DropKeys(folder / "keys").recipient()
    for number in range(N_DROPS):
        first = number * (N_CAPTURES - 10)  # ten captures are in the drop before as well
        plates = {f"{i:04}.jpg": f"7ABC{i:03}" for i in range(first, first + N_CAPTURES)}
        pictures = {name: jpeg(int(name[:4]), comment={"plates": [{"plate": plate}]}) for name, plate in plates.items()}
        lines = [line(name, AT + timedelta(seconds=2 * int(name[:4]))) for name in pictures]
        lines.append(line(f"broken-{number}.jpg", AT))
        lines.append({**line(f"future-{number}.jpg", AT), "captured_at": "2031-01-01T00:00:00+00:00"})
        pictures |= {f"broken-{number}.jpg": b"no picture", f"future-{number}.jpg": jpeg(900 + number)}
        encrypted = number % 2 == 1
        target = drop(
            folder / "drops" / f"unit-{number}",
            pictures,
            lines,
            shift=f"shift-{number}",
            recipient=recipient if encrypted else None,
        )
        (target / f"{first + 12:04}.jpg{AGE if encrypted else ''}").unlink()
    (folder / "hotlists").mkdir()
    for name in ("watch.csv", "bolo.csv"):
        (folder / "hotlists" / name).write_bytes(watch(*WATCHED, *(f"{name[0]}{i:06}" for i in range(N_ENTRIES))))
    (folder / "data").mkdir()
    return folder


def opened(folder: Path) -> Store:
    return make_store(sqlite_url(folder), folder)


def sqlite_url(folder: Path) -> str:
    return f"sqlite:///{folder / 'data' / 'alpr.sqlite'}"


def finish(store: Store, folder: Path) -> None:
    for stage in STAGES.values():
        stage(store, folder)


@dataclass(frozen=True)
class Work:
    """Each stage's starting point, how long it takes here, and what all of it comes to."""

    before: dict[str, Path]
    seconds: dict[str, float]
    portrait: dict[str, Any]


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Work:
    folder = laid_out(tmp_path_factory.mktemp("work") / "w")
    opened(folder).engine.dispose()
    before, seconds = {}, {}
    for stage in STAGES:
        before[stage] = Path(shutil.copytree(folder, folder.with_name(stage)))
        child = Child(work_when_told, stage, sqlite_url(folder), str(folder))
        began = time.monotonic()
        child.go()
        seconds[stage] = child.done() - began
    store = opened(folder)
    whole = portrait(store, folder)
    store.engine.dispose()
    assert whole["counts"]["captures"] == 130 - 4
    assert whole["counts"]["hits"] > 20
    return Work(before, seconds, whole)


# ── what it comes to ───────────────────────────────────────────────────────────────────────────────────────────────


def portrait(store: Store, folder: Path) -> dict[str, Any]:
    """All that must be the same however the work was done; checks on the way what must hold in itself."""
    with reading(store.engine) as connection:

        def rows(*columns: Any, of: Any) -> list[tuple[Any, ...]]:
            return sorted(tuple(row) for row in connection.execute(select(*columns).select_from(of)))

        def n(table: Any) -> int:
            return connection.scalar(select(func.count()).select_from(table)) or 0

        c, r, h, e = schema.capture.c, schema.read.c, schema.hit.c, schema.hotlist_entry.c
        captures = rows(c.day, c.image_sha256, c.device_id, c.captured_at, c.current_version, of=schema.capture)
        reads = rows(
            c.image_sha256, r.plate, r.version_id, r.box_x, r.box_y, r.captured_at,
            of=schema.read.join(schema.capture, (c.day == r.day) & (c.capture_id == r.capture_id)),
        )  # fmt: skip
        drops = list(connection.scalars(select(schema.drop.c.receipt)))
        imports = list(connection.scalars(select(schema.hotlist_import.c.receipt)))
        days = connection.execute(select(schema.capture_day)).all()
        counted = connection.scalar(select(func.sum(schema.plate.c.n_reads)))
        picture = {
            "captures": captures,
            "reads": reads,
            "plates": rows(schema.plate.c.plate, schema.plate.c.n_reads, schema.plate.c.first_day, of=schema.plate),
            "sightings": rows(schema.sighting.c.plate, schema.sighting.c.n_reads, of=schema.sighting),
            "hits": rows(h.day, h.source, h.plate, h.list_type, h.match_kind, h.captured_at, of=schema.hit),
            "entries": rows(e.list_id, e.plate, e.to_import_id, of=schema.hotlist_entry),
            "quarantine": rows(schema.quarantine.c.item, schema.quarantine.c.code, of=schema.quarantine),
            "counts": {
                "captures": n(schema.capture), "identities": n(schema.capture_identity), "reads": n(schema.read),
                "looked at": n(schema.recognition), "in passes": n(schema.sighting_read), "hits": n(schema.hit),
                "drops": n(schema.drop), "imports": n(schema.hotlist_import), "entries": n(schema.hotlist_entry),
            },
        }  # fmt: skip
    counts = picture["counts"]
    assert counts["captures"] == counts["identities"] == counts["looked at"] == len(set(captures))
    assert counts["reads"] == counts["in passes"] == counted == len(set(reads))
    assert len(set(picture["hits"])) == counts["hits"]
    assert all(day.processed_digest == day.landed_digest for day in days)
    assert {day.day: day.n_captures for day in days} == {
        day.day: sum(row[0] == day.day for row in captures) for day in days
    }
    for row in captures:
        assert store.images.picture(row[0], row[1])
    _require_true_receipts(drops, folder, counts["captures"])
    assert all(receipt["accepted"] for receipt in imports)
    picture["receipts"] = sorted((receipt["shift"], receipt["counts"]["missing"]) for receipt in drops)
    return picture


def _require_true_receipts(drops: list[dict[str, Any]], folder: Path, n_captures: int) -> None:
    """Every declared file is answered once, what landed is what is there, and each unit has its receipt and no copy left."""
    landed = [sha for receipt in drops for outcome, sha in receipt["files"].values() if outcome == "landed"]
    assert len(landed) == len(set(landed)) == n_captures
    by_manifest = {receipt["manifest_sha256"]: receipt for receipt in drops}
    for path in sorted((folder / "drops").iterdir()):
        written = json.loads((path / RECEIPT).read_text())
        written.pop("receipt_sha256")
        assert written == by_manifest[written["manifest_sha256"]]
        assert len(written["files"]) == written["counts"]["declared"]
        assert sum(written["counts"].values()) == 2 * written["counts"]["declared"]
        listing = f"{CAPTURES}{AGE}" if path.name in ("unit-1", "unit-3") else CAPTURES
        assert sorted(p.name for p in path.iterdir()) == [listing, MANIFEST, RECEIPT]


# ── killing ────────────────────────────────────────────────────────────────────────────────────────────────────────


FORKS = multiprocessing.get_context("forkserver")
# Imported once: each child then starts in milliseconds.
FORKS.set_forkserver_preload(["tests.kill_child", "tests.lifecycle.purge.kill_child"])


class Child:
    """A process that does one stage when told to."""

    def __init__(self, work: Callable[..., None], *told: str) -> None:
        """`work` takes the other end of a pipe and what it is told."""
        self.pipe, theirs = FORKS.Pipe()
        self.process = FORKS.Process(target=work, args=(theirs, *told))
        self.process.start()
        theirs.close()

    def go(self) -> None:
        """Once the child is ready, begin the work."""
        assert self.pipe.recv() == "ready"
        self.pipe.send("go")

    def done(self) -> float:
        """Wait for its end; the moment at which the work was done."""
        said, at = self.pipe.recv(), time.monotonic()
        self._close()
        assert (said, self.process.exitcode) == ("done", 0)
        return at

    def kill(self) -> bool:
        """SIGKILL; whether it fell inside the work."""
        self.process.kill()
        self.process.join()
        inside = True
        with suppress(EOFError):  # it said nothing more
            inside = self.pipe.recv() != "done"
        self._close()
        return inside

    def _close(self) -> None:
        self.process.join(timeout=60)
        self.pipe.close()


def kill_once(work: Work, stage: str, seed: int, folder: Path) -> None:
    """Start the stage, kill it inside its work, do all the work again to its end, and compare."""
    share = random.Random(seed).random()
    while True:
        shutil.copytree(work.before[stage], folder)
        child = Child(work_when_told, stage, sqlite_url(folder), str(folder))
        child.go()
        time.sleep(share * work.seconds[stage])
        if child.kill():
            break
        shutil.rmtree(folder)
        share *= 0.7
    store = opened(folder)
    finish(store, folder)
    assert portrait(store, folder) == work.portrait
    finish(store, folder)
    assert portrait(store, folder) == work.portrait
    store.engine.dispose()


KILLS = [("landing", 1), ("landing", 2), ("landing", 3), ("landing", 4), ("importing", 5), ("importing", 6),
         ("importing", 7), ("recognition", 8), ("recognition", 9), ("recognition", 10)]  # fmt: skip
MANY = [(stage, seed) for seed in range(100, 134) for stage in STAGES]


@pytest.mark.clause("422.5")
@pytest.mark.parametrize(("stage", "seed"), KILLS)
def test_a_kill_loses_nothing_and_doubles_nothing(work: Work, tmp_path: Path, stage: str, seed: int) -> None:
    kill_once(work, stage, seed, tmp_path / "killed")


@pytest.mark.long
@pytest.mark.clause("422.5")
@pytest.mark.parametrize(("stage", "seed"), MANY)
def test_a_hundred_kills_lose_nothing_and_double_nothing(work: Work, tmp_path: Path, stage: str, seed: int) -> None:
    kill_once(work, stage, seed, tmp_path / "killed")


# ── two at once ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def apart(store: Store, work: Work, tmp_path: Path) -> tuple[Store, Path]:
    """The work not begun, beside a store of either database."""
    for name in ("drops", "hotlists", "keys"):
        shutil.copytree(work.before["landing"] / name, tmp_path / name)
    return store, tmp_path


@pytest.mark.clause("422.5")
@pytest.mark.parametrize("stage", STAGES)
def test_two_processes_at_once_do_the_work_once(apart: tuple[Store, Path], work: Work, stage: str) -> None:
    store, folder = apart
    for earlier in takewhile(lambda name: name != stage, STAGES):
        STAGES[earlier](store, folder)
    store.engine.dispose()
    url = store.engine.url.render_as_string(hide_password=False)
    children = [Child(work_when_told, stage, url, str(folder)) for _ in range(2)]
    for child in children:
        child.go()
    for child in children:
        child.done()
    finish(store, folder)
    assert portrait(store, folder) == work.portrait
