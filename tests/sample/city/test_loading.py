"""Loaded days are what the pipeline would have left, on both databases; killed and run again, loading ends the same."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import delete, func, inspect, select

from alpr_assets.errors import AlprError
from alpr_assets.lifecycle.lookalikes import fold
from alpr_assets.lifecycle.recognition.sightings import group_day
from alpr_assets.lifecycle.summaries import totals
from alpr_assets.quality.bridge import evaluate
from alpr_assets.quality.suites import reads_frame, suite_reads
from alpr_assets.sample.city.__main__ import main
from alpr_assets.sample.city.loading import BULKY, Loaded, load, manifest_of
from alpr_assets.settings import ROOT
from alpr_assets.store import schema
from alpr_assets.store.engine import Store, open_engine, reading, writing
from tests.builders import drop, jpeg, line
from tests.conftest import make_store
from tests.sample.city.cities import small

SURE = 0.76
MONTHS_END = date(2026, 2, 28)
ROWS = (schema.capture, schema.recognition, schema.read, schema.sighting, schema.sighting_read, schema.plate, schema.capture_day,
        schema.drop, schema.drop_receipt, schema.device, schema.device_service, schema.recogniser_version)  # fmt: skip


@pytest.fixture(scope="module")
def city():
    return small(n_days=4, n_vehicles=800, first_day=MONTHS_END - timedelta(days=1))  # two months: two partitions


def portrait(store: Store) -> dict[str, str]:
    """A digest of every table's rows, but for what a database numbers by itself."""
    found = {}
    with reading(store.engine) as connection:
        for table in ROWS:
            columns = [column for column in table.c if column.name not in ("drop_id", "receipt_id", "service_id")]
            rows = sorted(map(repr, connection.execute(select(*columns))))
            found[table.name] = hashlib.sha256("\n".join(rows).encode()).hexdigest()
    return found


def count(store: Store, table: Any) -> int:
    with reading(store.engine) as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0


def indexes(store: Store) -> set[str | None]:
    described = inspect(store.engine)
    return {index["name"] for table in BULKY for index in described.get_indexes(table.name)}


def test_every_read_of_every_day_is_there_with_its_capture_and_its_pass(store, city):
    done = []
    loaded = load(store.engine, city, sure_confidence=SURE, progress=lambda *now: done.append(now))
    n = sum(len(day.reads) for day in city.days())
    assert loaded == Loaded(4, 0, n)
    assert done == [(1, 4), (2, 4), (3, 4), (4, 4)]
    for table in (schema.capture, schema.read, schema.recognition, schema.sighting_read):
        assert count(store, table) == n
    with reading(store.engine) as connection:
        said = totals(connection)
        assert (said.n_reads, said.n_captures, said.n_unread, said.days_waiting) == (n, n, 0, [])
        assert connection.scalar(select(func.sum(schema.plate.c.n_reads))) == n
        assert connection.scalar(select(func.sum(schema.sighting.c.n_reads))) == n


def test_what_is_stored_is_what_was_simulated_in_the_order_of_the_ids(store, city):
    load(store.engine, city, sure_confidence=SURE)
    read = schema.read.c
    for day in city.days():
        with reading(store.engine) as connection:
            rows = connection.execute(select(schema.read).where(read.day == day.day).order_by(read.read_id)).all()
        assert [row.read_id for row in rows] == [schema.numbered(day.day, 1 + i) for i in range(len(rows))]
        assert [row.plate for row in rows] == day.reads["plate"].tolist()
        assert [row.captured_at for row in rows] == [at.to_pydatetime() for at in day.reads["captured_at"]]
        assert [row.sure for row in rows] == (day.reads["confidence"] >= SURE).tolist()
        assert all("".join(character for character, _ in row.characters) == row.plate for row in rows)
        assert all(row.candidates[0] == [row.plate, row.confidence] for row in rows)
        others = zip(day.reads["second"], day.reads["third"], strict=True)
        assert [[plate for plate, _ in row.candidates[1:]] for row in rows] == [
            list(filter(None, two)) for two in others
        ]
        assert [row.region for row in rows] == [one if isinstance(one, str) else None for one in day.reads["region"]]


def test_the_pipelines_own_check_finds_the_reads_sound(store, city):
    load(store.engine, city, sure_confidence=SURE)
    with reading(store.engine) as connection:
        frame, n = reads_frame(connection, MONTHS_END, fold=fold)
    assert evaluate(suite_reads(), frame, n).passed


def test_passes_and_votes_are_those_that_the_pipeline_would_have_found(sqlite_store, city):
    """The rows come from the truth of who passed; the pipeline sees plates, times and boxes only."""
    load(sqlite_store.engine, city, sure_confidence=SURE)

    def passes() -> dict[int, tuple[Any, ...]]:
        with reading(sqlite_store.engine) as connection:
            return {row.sighting_id: tuple(row) for row in connection.execute(select(schema.sighting))}

    ours = passes()
    with writing(sqlite_store.engine) as connection:
        connection.execute(delete(schema.sighting_read))
        connection.execute(delete(schema.sighting))
    for day in city.size.utc_days:
        group_day(sqlite_store, day, pass_seconds=10)
    theirs = passes()
    same = sum(theirs.get(key) == row for key, row in ours.items())
    assert same > 0.97 * len(ours)
    assert len(theirs) == pytest.approx(len(ours), rel=0.03)


def test_a_second_run_changes_nothing_and_a_longer_one_adds_its_days(store, city):
    first = load(store.engine, city, city.size.utc_days[:2], sure_confidence=SURE)
    before = portrait(store)
    again = load(store.engine, city, city.size.utc_days[:2], sure_confidence=SURE)
    assert (again.n_days, again.n_present, again.n_reads) == (0, 2, 0)
    assert portrait(store) == before
    rest = load(store.engine, city, sure_confidence=SURE)
    assert (rest.n_days, rest.n_present) == (2, 2)
    assert count(store, schema.read) == first.n_reads + rest.n_reads


def test_a_bulk_load_ends_with_the_same_rows_and_all_indexes(store, city, tmp_path):
    before = indexes(store)
    load(store.engine, city, sure_confidence=SURE, bulk=True)
    assert indexes(store) == before
    (tmp_path / "other" / "data").mkdir(parents=True)
    plain = make_store(f"sqlite:///{tmp_path / 'other' / 'data' / 'alpr.sqlite'}", tmp_path / "other")
    load(plain.engine, city, sure_confidence=SURE)
    assert portrait(plain) == portrait(store)
    plain.engine.dispose()


def test_a_lean_load_has_the_same_plates_without_what_no_search_reads(sqlite_store, city):
    load(sqlite_store.engine, city, sure_confidence=SURE, lean=True)
    assert count(sqlite_store, schema.recognition) == 0
    with reading(sqlite_store.engine) as connection:
        row = connection.execute(select(schema.read).limit(1)).one()
        plates = list(connection.scalars(select(schema.read.c.plate).order_by(schema.read.c.read_id)))
    assert (row.quad, row.characters) == ([], [])
    assert row.candidates
    assert plates == [plate for day in city.days() for plate in day.reads["plate"]]


def test_a_day_that_has_captures_already_keeps_them(store, city):
    """The sample drive and the city may share a store: numbers go on."""
    with writing(store.engine) as connection:
        from alpr_assets.store.engine import issue_numbers, lock_day  # noqa: PLC0415 - what another writer does

        lock_day(connection, MONTHS_END)
        assert issue_numbers(connection, MONTHS_END, "n_reads", 7)[-1] == schema.numbered(MONTHS_END, 7)
    load(store.engine, city, [MONTHS_END], sure_confidence=SURE)
    with reading(store.engine) as connection:
        assert connection.scalar(select(func.min(schema.read.c.read_id))) == schema.numbered(MONTHS_END, 8)


def test_another_citys_readers_are_not_moved(sqlite_store, city):
    load(sqlite_store.engine, city, [], sure_confidence=SURE)
    with pytest.raises(AlprError, match="stands elsewhere"):
        load(sqlite_store.engine, small(seed=5, n_days=4, n_vehicles=800), sure_confidence=SURE)


def test_a_day_is_known_by_city_and_date(city):
    days = {manifest_of(city, day) for day in city.size.utc_days}
    other = small(seed=5, n_days=4, n_vehicles=800, first_day=city.size.first_day)
    assert len(days | {manifest_of(other, day) for day in city.size.utc_days}) == 8
    assert replace(city.size, misread=0.1).fingerprint() != city.size.fingerprint()


# ── the command ────────────────────────────────────────────────────────────────────────────────────────────────────

OPTIONS = ["--first-day", "2026-02-27", "--days", "14", "--vehicles", "1500", "--seed", "1"]


def command(url: str, *more: str) -> list[str]:
    return ["--database", url, *OPTIONS, *more]


def days_loaded(url: str) -> int:
    engine = open_engine(url)
    try:
        with reading(engine) as connection:
            return connection.scalar(select(func.count()).select_from(schema.drop)) or 0
    except Exception:  # noqa: BLE001 - not migrated yet
        return 0
    finally:
        engine.dispose()


@pytest.mark.parametrize("how", ["--bulk", pytest.param("--no-bulk", marks=pytest.mark.long)])
def test_killed_in_the_middle_and_run_again_it_ends_as_if_nothing_had_happened(store, tmp_path, how):
    """SIGKILL: no handler runs. Then the portrait is that of an undisturbed load."""
    url = store.engine.url.render_as_string(hide_password=False)
    before = indexes(store)
    child = subprocess.Popen(
        [sys.executable, "-m", "alpr_assets.sample.city", *command(url, how)],
        cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while days_loaded(url) < 3 and child.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(random.random() * 0.05)
    child.send_signal(signal.SIGKILL)
    child.wait()
    killed_at = days_loaded(url)
    assert 3 <= killed_at < 14
    assert CliRunner().invoke(main, command(url, how), catch_exceptions=False).exit_code == 0
    (tmp_path / "whole" / "data").mkdir(parents=True)
    whole = make_store(f"sqlite:///{tmp_path / 'whole' / 'data' / 'alpr.sqlite'}", tmp_path / "whole")
    load(whole.engine, small(seed=1, first_day=date(2026, 2, 27), n_days=14, n_vehicles=1500), sure_confidence=SURE)
    assert portrait(store) == portrait(whole)
    assert indexes(store) == before
    whole.engine.dispose()


def test_the_command_writes_what_was_planted(tmp_path):
    planted = tmp_path / "planted.json"
    url = f"sqlite:///{tmp_path / 'city.sqlite'}"
    said = CliRunner().invoke(main, ["--database", url, "--days", "3", "--vehicles", "300", "--planted", str(planted)])
    assert said.exit_code == 0, said.output
    assert "reads of 3 days" in said.output
    assert '"partial"' in planted.read_text()
    again = CliRunner().invoke(main, ["--database", url, "--days", "3", "--vehicles", "300"])
    assert "3 days were there already" in again.output


def test_the_command_refuses_a_database_with_real_captures(sqlite_store, policy, now, tmp_path):
    from alpr_assets.lifecycle.captures.landing import land_drop  # noqa: PLC0415 - only here

    at = now - timedelta(hours=1)
    land_drop(sqlite_store, drop(tmp_path / "d", {"a.jpg": jpeg()}, [line("a.jpg", at)]), policy=policy, now=now)
    said = CliRunner().invoke(main, command(sqlite_store.engine.url.render_as_string()))
    assert said.exit_code == 1
    assert "not simulated" in str(said.exception) or "not simulated" in said.output


def test_the_command_says_what_is_no_city(tmp_path):
    said = CliRunner().invoke(main, ["--database", f"sqlite:///{tmp_path / 'c.sqlite'}", "--days", "0"])
    assert said.exit_code == 2
    assert "a city has a day" in said.output
