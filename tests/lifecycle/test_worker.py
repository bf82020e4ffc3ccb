"""The worker takes drops to hits by itself, goes on after a kill, and shares a day with Dagster's run without a second hit."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from alpr_assets.access.record import alarms
from alpr_assets.errors import RecognitionError
from alpr_assets.lifecycle.hits.matched import lists_in_force
from alpr_assets.lifecycle.hits.raising import raise_hits
from alpr_assets.lifecycle.patience import Patience
from alpr_assets.lifecycle.recognition import reads
from alpr_assets.lifecycle.recognition.light import LightFactory, LightRecogniser, labelled
from alpr_assets.lifecycle.recognition.pool import Pool, executor
from alpr_assets.lifecycle.worker import MODELS, Round, Worker
from alpr_assets.lifecycle.worker_state import WorkerState, worker_alive
from alpr_assets.policy import Policy
from alpr_assets.settings import ROOT
from alpr_assets.store import schema
from alpr_assets.store.engine import Store, reading, writing
from tests import policies
from tests.builders import drop, jpeg, line, today
from tests.conftest import NOW
from tests.lifecycle.alerts.desks import Desk
from tests.lifecycle.alerts.receivers import receiver
from tests.lifecycle.watches.department import Department
from tests.patrols import AT, DAY, Patrol, seen, watch

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


@pytest.mark.clause("422.2")
def test_without_a_policy_in_force_captures_land_sealed_and_are_read_when_there_is_one(
    patrol: Patrol, pool: Pool, tmp_path: Path
) -> None:
    ended = policies.adopted(
        tmp_path, in_force={"to_on": "2026-06-01"}, captures=patrol.policy.captures.model_dump(mode="json")
    )
    bring(tmp_path, "night", LISTED)
    sealed = worker_of(patrol.store, tmp_path, ended)
    assert sealed.round(pool, pool.factory) == Round(n_landed=1, n_refused=0, days=(), n_hits=0, n_failed=0)
    assert (patrol.hits(), patrol.day().processed_digest) == ([], None)
    assert worker_of(patrol.store, tmp_path, patrol.policy).round(pool, pool.factory).n_hits == 1


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


def test_only_what_is_new_is_matched_again(patrol: Patrol, pool: Pool, tmp_path: Path) -> None:
    """A day may hold 60,000 reads, also one that Dagster has closed meanwhile."""
    working = worker_of(patrol.store, tmp_path, patrol.policy)
    bring(tmp_path, "one", *(["6TRJ244"] * 5))
    working.round(pool, pool.factory)
    newest = max(read.read_id for read in patrol.reads())
    assert patrol.match().complete
    assert working.round(pool, pool.factory).days == ()
    bring(tmp_path, "two", LISTED, seed=20)
    assert working.round(pool, pool.factory).n_hits == 1
    assert [(hit.plate, hit.read_id) for hit in patrol.hits()] == [(LISTED, newest + 1)]
    lists = lists_in_force(patrol.store, patrol.policy)
    again = raise_hits(patrol.store, DAY, lists, policy=patrol.policy, now=NOW, after=newest)
    assert (again.n_reads, again.complete) == (1, False)


def test_a_list_of_another_version_is_matched_with_all_of_an_open_day(
    patrol: Patrol, pool: Pool, tmp_path: Path
) -> None:
    working = worker_of(patrol.store, tmp_path, patrol.policy)
    bring(tmp_path, "one", "9XYZ789")
    working.round(pool, pool.factory)
    patrol.take(watch("9XYZ789"), "bolo.csv")
    bring(tmp_path, "two", "6TRJ244", seed=20)
    assert working.round(pool, pool.factory).n_hits == 1


@pytest.mark.clause("422.4(c)")
def test_watches_raise_hits_of_what_arrives_and_of_what_was_there(
    sqlite_store: Store, policy: Policy, pool: Pool, tmp_path: Path
) -> None:
    patrol = Patrol(sqlite_store, tmp_path, policy, NOW)
    department = Department.of(sqlite_store, policy, tmp_path / "office")
    working = worker_of(sqlite_store, tmp_path, policy)
    bring(tmp_path, "one", "7XAB423")
    working.round(pool, pool.factory)
    department.place(department.member())
    bring(tmp_path, "two", "7YAB923", seed=20)
    assert working.round(pool, pool.factory).n_hits == 1
    working.match_past()
    assert len(patrol.hits()) == 2
    working.match_past()
    assert len(patrol.hits()) == 2


@dataclass(frozen=True, slots=True)
class Bringing(LightFactory):
    """Reads; while it reads its third picture, the patrol closes another drop."""

    def __call__(self) -> Any:
        read, folder = LightRecogniser(), self.model_cache
        assert folder is not None

        class Recogniser:
            n = 0

            def recognise(self, picture: bytes) -> Any:
                self.n += 1
                if self.n == 3:
                    bring(folder, "newer", LISTED, seed=90)
                return read.recognise(picture)

        return Recogniser()


@pytest.mark.clause("422.4(f)")
def test_a_drop_that_closes_meanwhile_does_not_wait_for_the_rest(
    patrol: Patrol, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reads, "BATCH", 1)  # pictures, in place of two seconds
    bring(tmp_path, "old", *(["6TRJ244"] * 30))
    working = worker_of(patrol.store, tmp_path, patrol.policy)
    factory = Bringing(tmp_path)
    with executor(1, None, factory) as pool:
        assert working.round(pool, factory).days == (), "it left off"
        assert working.round(pool, factory) == Round(n_landed=1, n_refused=0, days=(DAY,), n_hits=1, n_failed=0)
    assert [read.plate for read in patrol.reads()].index(LISTED) <= 4
    assert len(patrol.reads()) == 31


def test_a_picture_that_cannot_be_opened_is_tried_again(patrol: Patrol, pool: Pool, tmp_path: Path) -> None:
    seconds = 0.0
    working = worker_of(patrol.store, tmp_path, patrol.policy, patience=Patience(lambda: seconds))
    patrol.land(seen(LISTED))
    (row,) = patrol.rows(schema.capture)
    path = patrol.store.images.path(row.day, row.image_sha256)
    path.rename(path.with_suffix(".away"))
    assert working.round(pool, pool.factory).n_failed == 1
    path.with_suffix(".away").rename(path)
    assert working.round(pool, pool.factory).n_failed == 0, "not yet again"
    seconds = 2.0
    assert working.round(pool, pool.factory).n_hits == 1


@dataclass(frozen=True, slots=True)
class Deadly(LightFactory):
    """Its process dies on one plate, as a native library may on a damaged picture."""

    def __call__(self) -> Any:
        read = LightRecogniser()

        class Recogniser:
            def recognise(self, picture: bytes) -> Any:
                found = read.recognise(picture)
                if any(plate.plate == "9DIE999" for plate in found.plates):
                    os._exit(1)
                return found

        return Recogniser()


@pytest.mark.clause("422.4(f)")
def test_a_picture_that_kills_its_reader_keeps_no_other_from_being_read(
    sqlite_store: Store, policy: Policy, tmp_path: Path
) -> None:
    patrol, ending = Patrol(sqlite_store, tmp_path, policy, NOW), Event()
    patrol.take(watch(LISTED))
    working = worker_of(sqlite_store, tmp_path, policy, ending=ending)
    bring(tmp_path, "night", *([LISTED] * 5), "9DIE999", *([LISTED] * 5))
    serving = Thread(target=working.run, args=(2, None, Deadly(tmp_path)), kwargs={"data": tmp_path})
    serving.start()
    until(lambda: len(patrol.rows(schema.recognition)) == 11, 60)
    until(lambda: len(patrol.hits()) == 10)
    ending.set()
    serving.join(10)
    (lost,) = [row for row in patrol.rows(schema.recognition) if row.error]
    assert "died" in lost.error
    assert MODELS in (tmp_path / alarms.FILE).read_text()


def test_it_says_that_it_is_at_work(patrol: Patrol, pool: Pool, tmp_path: Path) -> None:
    worker_of(patrol.store, tmp_path, patrol.policy).round(pool, pool.factory)
    with reading(patrol.store.engine) as connection:
        assert worker_alive(connection, NOW) == WorkerState(NOW, is_alive=True)


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


@contextmanager
def started(folder: Path, policy_file: Path, **more: str) -> Iterator[subprocess.Popen[bytes]]:
    """`alpr worker`, killed at the end in any case."""
    own = {f"ALPR_{name.upper()}": str(folder / name) for name in ("data", "keys", "drops", "hotlists")}
    environment = {
        **os.environ, **own,
        "ALPR_DATABASE_URL": "", "ALPR_RECORD": str(folder / "record"),
        "ALPR_POLICY": str(policy_file),
        "ALPR_WORKERS": "1",
        "ALPR_RECOGNISER": "alpr_assets.lifecycle.recognition.light:LightFactory",
        **more,
    }  # fmt: skip
    command = [sys.executable, "-m", "alpr_assets.cli", "worker"]
    with subprocess.Popen(command, env=environment, cwd=ROOT, stderr=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.kill()


def kill_and_go_on(store: Store, folder: Path, policy: Policy, policy_file: Path, n_kills: int, n: int = 40) -> None:
    """SIGKILL at a moment drawn over the time from landing to hits, drawn anew where the work was done before it."""
    patrol, draw = Patrol(store, folder, policy, datetime.now(UTC)), random.Random(n_kills)
    patrol.take(watch(LISTED, on=today()))
    unfinished = kill = 0
    while kill < n_kills or (not unfinished and kill < 2 * n_kills + 10):
        bring(folder, f"night-{kill}", *([LISTED] * n), day=-kill, seed=100 * kill)
        with started(folder, policy_file):
            until(lambda of=n * kill: sum(day.n_captures for day in patrol.rows(schema.capture_day)) > of)  # type: ignore[misc]
            time.sleep(draw.random() * 0.3 if kill < n_kills else 0)
        kill += 1
        unfinished += len(patrol.hits()) < n * kill
    assert unfinished, "no kill fell inside the work"
    with started(folder, policy_file) as process:
        bring(folder, "last", *([LISTED] * n), day=-kill, seed=100 * kill)
        until(lambda: len(patrol.hits()) == (kill + 1) * n, 60)
        said = ended(process)
    assert LISTED not in said
    assert len({(hit.day, hit.sighting_id) for hit in patrol.hits()}) == (kill + 1) * n


def ended(process: subprocess.Popen[bytes]) -> str:
    """What it said, after SIGTERM, which it obeys within 5 seconds."""
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 0, said.decode()
    assert time.monotonic() - began < 5
    return said.decode()


@pytest.mark.clause("422.4(f)")
def test_killed_in_the_middle_of_a_drop_the_next_one_loses_no_hit(
    sqlite_store: Store, tmp_path: Path, policy: Policy, policy_file: Path
) -> None:
    kill_and_go_on(sqlite_store, tmp_path, policy, policy_file, 2)


@pytest.mark.long
@pytest.mark.clause("422.4(f)")
def test_killed_fifty_times_it_loses_no_hit(
    sqlite_store: Store, tmp_path: Path, policy: Policy, policy_file: Path
) -> None:
    kill_and_go_on(sqlite_store, tmp_path, policy, policy_file, 50)


def test_a_second_worker_on_the_same_data_is_refused(sqlite_store: Store, tmp_path: Path, policy_file: Path) -> None:
    with started(tmp_path, policy_file) as first:
        until(lambda: _beats(sqlite_store))
        with started(tmp_path, policy_file) as second:
            _, said = second.communicate(timeout=60)
        assert second.returncode == 1
        assert "a worker already runs" in said.decode()
        ended(first)


def _beats(store: Store) -> bool:
    with reading(store.engine) as connection:
        return worker_alive(connection, datetime.now(UTC)).is_alive


@pytest.mark.clause("422.4(f)")
def test_a_receiver_that_hangs_delays_no_hit_and_no_end(
    sqlite_store: Store, tmp_path: Path, policy: Policy, policy_file: Path
) -> None:
    """From the drop to the request at the receiver, with the real access record; then a drop while the receiver hangs."""
    other = "9XYZ789"  # the desk's own list is no real one
    inside = tmp_path / "policy.yaml"
    inside.write_text(policy_file.read_text().replace("inside: []", "inside: [localhost]"))
    patrol = Patrol(sqlite_store, tmp_path, policy, datetime.now(UTC))
    with receiver(tmp_path / "tls", usual="hang") as cad:
        desk = Desk.of(sqlite_store, policy, tmp_path, ca_file=cad.certificate.certfile)
        patrol.take(watch(other, on=today()), "bolo.csv")
        desk.approved(cad.url, categories=frozenset(row.category for row in patrol.rows(schema.hotlist_entry)))
        environment = {
            "ALPR_RECEIVER_CA_FILE": str(cad.certificate.certfile), "ALPR_CONSOLE_URL": "https://alpr.pd.example:8422",
        }  # fmt: skip
        with started(tmp_path, inside, **environment) as process:
            bring(tmp_path, "one", other)
            until(lambda: cad.got)
            (told,) = cad.got
            assert told.said["hit_id"] == patrol.hits()[0].hit_id
            assert other.encode() not in told.raw
            bring(tmp_path, "two", other, seed=20, day=-1)
            until(lambda: len(patrol.hits()) == 2, 4)
            ended(process)
