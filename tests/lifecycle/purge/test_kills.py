"""422.5: a purge that is killed while it is planned, begun or executed, and done again, ends as if nothing had happened; its certificate is true.

SIGKILL, at a moment drawn over the measured duration of the stage; drawn anew, earlier, where the stage had ended before it.
"""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from alpr_assets.lifecycle.holds.selectors import Selector
from alpr_assets.lifecycle.purge import certificates, executing, planning
from alpr_assets.store import schema
from alpr_assets.store.engine import reading
from alpr_assets.store.purges import purge_day, purge_lot, purge_plan
from tests.lifecycle.purge.desks import CAME, NOON, Desk, quarantined
from tests.lifecycle.purge.kill_child import DAYS, STAGES, desk_in, purge_when_told
from tests.lifecycle.purge.test_lots import listed
from tests.search.traffic import Pass
from tests.test_kills import Child

HELD = "9HELD99"
IN_FORCE = "5NEW555"
N_A_DAY = 12
N_LISTED = 40


@dataclass(frozen=True)
class Work:
    """Each stage's starting point, how long it takes here, and what all of it comes to."""

    before: dict[str, Path]
    seconds: dict[str, float]
    portrait: dict[str, Any]


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Work:
    folder = laid_out(tmp_path_factory.mktemp("purge") / "w")
    before, seconds = {}, {}
    for stage in STAGES:
        before[stage] = Path(shutil.copytree(folder, folder.with_name(stage)))
        child = Child(purge_when_told, stage, str(folder))
        began = time.monotonic()
        child.go()
        seconds[stage] = child.done() - began
    desk = desk_in(folder)
    whole = portrait(desk)
    desk.store.engine.dispose()
    assert whole["left"] == len(DAYS)  # what is held of each day
    assert whole["listed"] == [IN_FORCE, HELD]
    return Work(before, seconds, whole)


def laid_out(folder: Path) -> Path:
    """Three days that are due, one capture of each held, quarantined pictures, and a hot list that was renewed."""
    (folder / "data").mkdir(parents=True)
    desk = desk_in(folder)
    desk.put(
        Pass(HELD if n == 0 else f"8Q{n:03}ZK", NOON + timedelta(days=day, minutes=n))
        for day in range(len(DAYS))
        for n in range(N_A_DAY)
    )
    quarantined(desk, folder, n=3)
    listed(desk, f"{HELD},x,CA", *(f"5L{n:03}ST,x,CA" for n in range(N_LISTED)), at=CAME)
    listed(desk, f"{IN_FORCE},x,CA", at=CAME + timedelta(days=1))
    desk.hold(Selector(pattern=HELD))
    desk.store.engine.dispose()
    return folder


def portrait(desk: Desk) -> dict[str, Any]:
    """What is left, and what the certificate says of it; what it says is held against what is there."""
    (plan,) = desk.rows(purge_plan)
    assert plan.status == "done"
    issued = certificates.certificate(desk.store.engine, plan.plan_id)
    assert hashlib.sha256(issued.content.encode()).hexdigest() == issued.sha256
    said = json.loads(issued.content)
    with reading(desk.store.engine) as connection:
        assert executing.n_left(connection, plan.plan_id, desk.key) == 0
        names = set(connection.scalars(select(schema.capture.c.image_sha256)))
        planned = sum(of.n for of in planning.manifests_of(connection, plan.plan_id))
        left = len(desk.rows(schema.capture))
    counts = said["captures"]
    assert planned == counts["planned"] == counts["destroyed"] + counts["kept"] + counts["gone_before"]
    assert left == len(DAYS) * N_A_DAY - counts["destroyed"]
    assert set(desk.pictures()) == names
    for row in desk.rows(schema.capture):
        assert desk.store.images.picture(row.day, row.image_sha256)
    assert len([path for path in desk.store.received.folder.rglob("*") if path.is_file()]) == 1  # the list in force
    assert all(row.verified_at and row.n_gone == 0 for row in (*desk.rows(purge_day), *desk.rows(purge_lot)))
    reads = sorted((row.plate, row.day) for row in desk.rows(schema.read))
    plates = {row.plate: row.n_reads for row in desk.rows(schema.plate)}
    decided = [one["what"] for one in said["decisions"]]
    return {
        "left": left,
        "reads": reads,
        "plates": plates,
        "decided": decided,
        "counts": counts,
        "lots": desk.rows(schema.quarantine),
        "listed": sorted(row.plate for row in desk.rows(schema.hotlist_entry)),
    }


def kill_once(work: Work, stage: str, seed: int, folder: Path) -> None:
    """Start the stage, kill it inside its work, do all the work again to its end, and compare."""
    share = random.Random(seed).random()
    while True:
        shutil.copytree(work.before[stage], folder)
        child = Child(purge_when_told, stage, str(folder))
        child.go()
        time.sleep(share * work.seconds[stage])
        if child.kill():
            break
        shutil.rmtree(folder)
        share *= 0.7
    desk = desk_in(folder)
    for again in STAGES.values():
        again(desk)
    assert portrait(desk) == work.portrait
    desk.store.engine.dispose()


KILLS = [
    ("planning", 1),
    ("planning", 2),
    ("beginning", 3),
    ("beginning", 4),
    *(("executing", seed) for seed in range(5, 11)),
]
MANY = [(stage, seed) for seed in range(100, 134) for stage in STAGES]


@pytest.mark.clause("422.5")
@pytest.mark.parametrize(("stage", "seed"), KILLS)
def test_a_purge_that_is_killed_ends_as_if_nothing_had_happened(
    work: Work, tmp_path: Path, stage: str, seed: int
) -> None:
    kill_once(work, stage, seed, tmp_path / "killed")


@pytest.mark.long
@pytest.mark.clause("422.5")
@pytest.mark.parametrize(("stage", "seed"), MANY)
def test_a_hundred_killed_purges_end_as_if_nothing_had_happened(
    work: Work, tmp_path: Path, stage: str, seed: int
) -> None:
    kill_once(work, stage, seed, tmp_path / "killed")
