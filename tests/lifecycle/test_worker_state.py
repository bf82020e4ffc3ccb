"""A worker is alive while it says so."""

from __future__ import annotations

from datetime import datetime, timedelta

from alpr_assets.lifecycle.worker_state import ALIVE, WorkerState, beat, worker_alive
from alpr_assets.store.engine import Store, reading, writing


def state(store: Store, at: datetime) -> WorkerState:
    with reading(store.engine) as connection:
        return worker_alive(connection, at)


def says(store: Store, at: datetime, host: str) -> None:
    with writing(store.engine) as connection:
        beat(connection, at, host=host)


def test_one_that_never_said_anything_is_not_alive(store: Store, now: datetime) -> None:
    assert state(store, now) == WorkerState(None, is_alive=False)


def test_it_is_alive_for_half_a_minute_after_each_sign(store: Store, now: datetime) -> None:
    says(store, now - timedelta(minutes=1), "a")
    says(store, now, "a")
    assert state(store, now + ALIVE) == WorkerState(now, is_alive=True)
    assert state(store, now + ALIVE + timedelta(seconds=1)) == WorkerState(now, is_alive=False)


def test_one_machine_of_several_is_enough(store: Store, now: datetime) -> None:
    says(store, now, "a")
    says(store, now - timedelta(days=1), "b")
    assert state(store, now).is_alive


def test_a_clock_that_is_ahead_keeps_nobody_alive(store: Store, now: datetime) -> None:
    says(store, now + timedelta(hours=1), "a")
    assert not state(store, now).is_alive
    says(store, now, "b")
    assert state(store, now).is_alive
