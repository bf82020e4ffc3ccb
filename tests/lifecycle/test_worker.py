"""The worker takes drops to hits by itself, goes on after a kill, and shares a day with Dagster's run without a second hit."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from alpr_assets.access.record import alarms
from alpr_assets.errors import RecognitionError
from alpr_assets.lifecycle.hits.matched import lists_in_force
from alpr_assets.lifecycle.hits.raising import raise_hits
from alpr_assets.lifecycle.patience import Patience
from alpr_assets.lifecycle.recognition.light import LightFactory, labelled
from alpr_assets.lifecycle.recognition.pool import Pool, executor
from alpr_assets.lifecycle.worker import MODELS, Round, Worker
from alpr_assets.policy import Policy
from alpr_assets.settings import ROOT
from alpr_assets.store import schema
from alpr_assets.store.engine import Store, writing
from tests.builders import drop, jpeg, line
from tests.conftest import NOW
from tests.patrols import AT, DAY, Patrol, watch

LISTED = "7ABC123"


@pytest.fixture
def patrol(store: Store, tmp_path: Path, policy: Policy) -> Patrol:
    """Looks into the store; its own list is in force."""
    looking = Patrol(store, tmp_path, policy, NOW)
    looking.take(watch(LISTED))
    return looking


@pytest.fixture
def pool(tmp_path: Path) -> Iterator[Pool]:
    with executor(1, None, LightFactory(tmp_path)) as opened:
        yield opened


def worker_of(store: Store, folder: Path, policy: Policy, **more: Any) -> Worker:
    return Worker(store, folder / "drops", policy, lambda: NOW, **more)


def bring(folder: Path, name: str, *plates: str, day: int = 0, seed: int = 0) -> Path:
    """A closed drop with one picture a plate, two minutes apart."""
    pictures = {f"{i:03}.jpg": labelled(jpeg(seed + i), [{"plate": plate}]) for i, plate in enumerate(plates)}
    lines = [line(file, AT + timedelta(days=day, minutes=2 * i)) for i, file in enumerate(pictures)]
    return drop(folder / "drops" / name, pictures, lines, shift=name)


def until(condition: Callable[[], object], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)


def test_a_drop_becomes_a_hit_in_one_round(patrol: Patrol, pool: Pool, tmp_path: Path) -> None:
    working = worker_of(patrol.store, tmp_path, patrol.policy)
    bring(tmp_path, "night", LISTED, "6TRJ244")
    assert working.round(pool, pool.factory) == Round(n_landed=1, n_refused=0, days=(DAY,), n_hits=1, n_failed=0)
    assert [hit.plate for hit in patrol.hits()] == [LISTED]


def test_nothing_new_is_no_work(patrol: Patrol, pool: Pool, tmp_path: Path) -> None:
    working = worker_of(patrol.store, tmp_path, patrol.policy)
    bring(tmp_path, "night", LISTED)
    working.round(pool, pool.factory)
    assert working.round(pool, pool.factory) == Round(0, 0, (), 0, 0)


def test_a_matched_day_stays_open_for_the_run_that_checks_it(patrol: Patrol, pool: Pool, tmp_path: Path) -> None:
    bring(tmp_path, "night", LISTED)
    worker_of(patrol.store, tmp_path, patrol.policy).round(pool, pool.factory)
    assert patrol.day().processed_digest is None
    assert patrol.match().complete
    assert patrol.day().processed_digest == patrol.day().landed_digest
    assert len(patrol.hits()) == 1


def test_a_later_drop_of_the_same_day_is_matched_too(patrol: Patrol, pool: Pool, tmp_path: Path) -> None:
    working = worker_of(patrol.store, tmp_path, patrol.policy)
    bring(tmp_path, "night", "6TRJ244")
    working.round(pool, pool.factory)
    bring(tmp_path, "day", LISTED, seed=50)
    assert working.round(pool, pool.factory).n_hits == 1


def test_the_lists_are_indexed_anew_only_for_another_version(patrol: Patrol, pool: Pool, tmp_path: Path) -> None:
    working = worker_of(patrol.store, tmp_path, patrol.policy)
    bring(tmp_path, "one", "6TRJ244")
    working.round(pool, pool.factory)
    first = working._lists
    bring(tmp_path, "two", "8KLM456", seed=20)
    working.round(pool, pool.factory)
    assert working._lists is first
    patrol.take(watch("9XYZ789"), "bolo.csv")
    bring(tmp_path, "three", "9XYZ789", seed=40)
    assert working.round(pool, pool.factory).n_hits == 1


def test_a_refused_drop_keeps_no_other_waiting(patrol: Patrol, pool: Pool, tmp_path: Path) -> None:
    (bring(tmp_path, "a-broken", "6TRJ244") / "manifest.json").write_text("{}")
    bring(tmp_path, "b-whole", LISTED, seed=30)
    did = worker_of(patrol.store, tmp_path, patrol.policy).round(pool, pool.factory)
    assert (did.n_landed, did.n_refused, did.n_hits) == (1, 1, 1)


def test_a_day_that_fails_does_not_stop_another_and_is_tried_again(
    sqlite_store: Store, policy: Policy, pool: Pool, tmp_path: Path
) -> None:
    """The newest day comes first and fails, for the database refuses its sightings: what is older must not wait for it."""
    patrol, seconds = Patrol(sqlite_store, tmp_path, policy, NOW), 0.0
    patrol.take(watch(LISTED))
    working = worker_of(sqlite_store, tmp_path, policy, patience=Patience(lambda: seconds))
    bring(tmp_path, "night", LISTED)
    bring(tmp_path, "eve", LISTED, day=-1, seed=30)
    with writing(sqlite_store.engine) as connection:
        connection.exec_driver_sql(
            f"CREATE TRIGGER failing BEFORE INSERT ON sighting WHEN NEW.day = '{DAY}' BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
    did = working.round(pool, pool.factory)
    assert (did.days, did.n_failed) == ((DAY - timedelta(days=1),), 1)
    assert working.round(pool, pool.factory).n_failed == 0, "not yet again"
    with writing(sqlite_store.engine) as connection:
        connection.exec_driver_sql("DROP TRIGGER failing")
    seconds = 2.0
    assert working.round(pool, pool.factory).days == (DAY,)
    assert len(patrol.hits()) == 2


def test_what_fails_is_tried_more_seldom_each_time() -> None:
    seconds = 0.0
    patience = Patience(lambda: seconds)
    waits = []
    for _ in range(12):
        patience.failed("x")
        began = seconds
        while not patience.allows("x"):
            seconds += 0.5
        waits.append(seconds - began)
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]
    patience.failed("x")
    patience.done("x")
    assert patience.allows("x")


@pytest.mark.clause("422.4(f)")
def test_worker_and_run_at_the_same_day_raise_no_hit_twice(patrol: Patrol, tmp_path: Path) -> None:
    """What Dagster's run does, function by function, against the worker's round, many times at once."""
    bring(tmp_path, "night", *([LISTED, "6TRJ244"] * 6))
    bring(tmp_path, "day", *([LISTED] * 6), seed=50)

    def works(_: int) -> None:
        with executor(1, None, LightFactory(tmp_path)) as own:
            worker_of(patrol.store, tmp_path, patrol.policy).round(own, LightFactory(tmp_path))

    def runs(_: int) -> None:
        patrol.recognise()
        patrol.group()
        lists = lists_in_force(patrol.store, patrol.policy)
        raise_hits(patrol.store, DAY, lists, policy=patrol.policy, now=NOW)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda n: (works if n % 2 else runs)(n), range(8)))
    works(0)
    runs(0)
    hits, sightings = patrol.hits(), [one for one in patrol.sightings() if one.plate == LISTED]
    assert sorted(hit.sighting_id for hit in hits) == sorted(one.sighting_id for one in sightings)
    assert patrol.day().processed_digest == patrol.day().landed_digest


def test_it_serves_until_it_is_told_to_end(patrol: Patrol, tmp_path: Path) -> None:
    ending = Event()
    working = worker_of(patrol.store, tmp_path, patrol.policy, ending=ending)
    serving = Thread(target=working.run, args=(1, None, LightFactory(tmp_path)), kwargs={"data": tmp_path})
    serving.start()
    bring(tmp_path, "night", LISTED)
    until(patrol.hits)
    ending.set()
    serving.join(10)
    assert not serving.is_alive()


def test_without_a_recogniser_there_is_an_alarm_until_there_is_one(patrol: Patrol, tmp_path: Path) -> None:
    ending = Event()
    there = tmp_path / "there"

    class Factory(LightFactory):
        def __call__(self) -> Any:
            if not there.exists():
                raise RecognitionError("the weights are missing", remedy="bring them")
            return super().__call__()

    working = worker_of(patrol.store, tmp_path, patrol.policy, ending=ending)
    serving = Thread(target=working.run, args=(1, None, Factory(tmp_path)), kwargs={"data": tmp_path})
    serving.start()
    until(lambda: [alarm.name for alarm in alarms.open_alarms(tmp_path)] == [MODELS])
    there.touch()
    until(lambda: not alarms.open_alarms(tmp_path))
    bring(tmp_path, "night", LISTED)
    until(patrol.hits)
    ending.set()
    serving.join(10)
    assert not serving.is_alive()


# ── as a process ───────────────────────────────────────────────────────────────────────────────────────────────────


def started(folder: Path, policy_file: Path) -> subprocess.Popen[bytes]:
    own = {f"ALPR_{name.upper()}": str(folder / name) for name in ("data", "keys", "drops", "hotlists")}
    environment = {
        **os.environ, **own,
        "ALPR_DATABASE_URL": "",
        "ALPR_POLICY": str(policy_file),
        "ALPR_WORKERS": "1",
        "ALPR_RECOGNISER": "alpr_assets.lifecycle.recognition.light:LightFactory",
    }  # fmt: skip
    return subprocess.Popen(
        [sys.executable, "-m", "alpr_assets.cli", "worker"], env=environment, cwd=ROOT, stderr=subprocess.PIPE
    )


@pytest.mark.clause("422.4(f)")
def test_killed_in_the_middle_of_a_drop_the_next_one_loses_no_hit(
    sqlite_store: Store, tmp_path: Path, policy: Policy, policy_file: Path
) -> None:
    patrol = Patrol(sqlite_store, tmp_path, policy, NOW)
    patrol.take(watch(LISTED))
    n, unfinished = 40, 0
    for kill in range(3):
        bring(tmp_path, f"night-{kill}", *([LISTED] * n), day=-kill, seed=100 * kill)
        process = started(tmp_path, policy_file)
        until(lambda of=n * kill: sum(day.n_captures for day in patrol.rows(schema.capture_day)) > of)  # type: ignore[misc]
        time.sleep(0.05 * kill)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        unfinished += len(patrol.hits()) < n * (kill + 1)
    assert unfinished, "no kill fell inside the work"
    process = started(tmp_path, policy_file)
    bring(tmp_path, "night-3", *([LISTED] * n), day=-3, seed=300)
    until(lambda: len(patrol.hits()) == 4 * n)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 0
    assert LISTED not in said.decode()
    assert len({(hit.day, hit.sighting_id) for hit in patrol.hits()}) == 4 * n
