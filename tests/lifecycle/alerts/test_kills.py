"""Whatever a receiver does and whenever the worker is killed: every hit arrives or is a dead letter, and none arrives twice unmarked."""

from __future__ import annotations

import multiprocessing
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from alpr_assets.access.record.places import place_of
from alpr_assets.access.record.tables import access_record
from alpr_assets.lifecycle.alerts import outbox
from alpr_assets.lifecycle.alerts.destinations import destinations
from alpr_assets.lifecycle.alerts.leases import Counts
from alpr_assets.store import schema
from alpr_assets.store.engine import reading, writing
from tests.lifecycle.alerts.desks import NOW, Desk, alerting
from tests.lifecycle.alerts.kill_child import deliver
from tests.lifecycle.alerts.receivers import Receiver

LEASE = 61.0  # seconds after which a killed worker's row is taken by another


@contextmanager
def worker(desk: Desk, *, after: float = 1) -> Iterator[Any]:
    """A worker in a process of its own."""
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=deliver, args=(desk.settings, desk.policy, NOW + timedelta(seconds=after)))
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join()


def until(condition: Callable[[], Any], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def recorded(desk: Desk) -> int:
    place = place_of(desk.settings)
    try:
        with reading(place.engine) as connection:
            return sum("deliver_alert" in leaf for leaf in connection.scalars(select(access_record.c.leaf)))
    finally:
        place.engine.dispose()


@pytest.mark.clause("422.4(f)")
def test_killed_between_the_record_and_the_message_the_next_worker_sends_it(alone: Desk, cad: Receiver) -> None:
    alone.policy = alerting(alone.policy, timeout_seconds=5)
    alone.approved(cad.url)
    alone.hit()
    alone.fill()
    reached: list[bool] = []
    cad.plan.append("silent")  # connected, and no TLS: recorded, and nothing sent
    cad.on_request = lambda: reached.append(True)
    with worker(alone) as process:
        until(lambda: reached)
        assert recorded(alone) == 1
        process.kill()
        process.join()
    assert not cad.got
    assert alone.states() == ["due"]
    assert alone.deliver(after=30) == Counts(), "whoever has the lease may still be alive"
    assert alone.deliver(after=LEASE + 10) == Counts(n_delivered=1)
    (got,) = cad.got
    assert (got.said["attempt"], got.said["duplicate"]) == (2, True), "nobody knows whether the first one arrived"


@pytest.mark.clause("422.4(f)")
def test_killed_between_the_message_and_its_mark_it_is_sent_again_and_marked(alone: Desk, cad: Receiver) -> None:
    alone.approved(cad.url)
    alone.hit()
    alone.fill()
    with worker(alone) as process, writing_held(alone) as hold:
        cad.on_request = hold  # before the answer: the worker cannot mark what it was answered
        until(lambda: cad.got)
        time.sleep(0.3)
        process.kill()
        process.join()
    cad.on_request = lambda: None
    assert alone.states() == ["due"], "it arrived, and nobody here knows"
    assert alone.deliver(after=LEASE + 10) == Counts(n_delivered=1)
    first, second = cad.got
    assert (first.said["attempt"], first.said["duplicate"]) == (1, False)
    assert (second.said["attempt"], second.said["duplicate"]) == (2, True)
    assert first.headers["webhook-id"] == second.headers["webhook-id"]


@contextmanager
def writing_held(desk: Desk) -> Iterator[Callable[[], None]]:
    """A function that takes the database's write lock until the block ends."""
    held: list[Any] = []

    def hold() -> None:
        held.append(writing(desk.store.engine))
        held[0].__enter__()

    yield hold
    for one in held:
        one.__exit__(None, None, None)


# ── any receiver ───────────────────────────────────────────────────────────────────────────────────────────────────

behaviours = st.lists(st.sampled_from(["ok", "fail", "hang", "lost", "busy", "gone", "moved"]), max_size=16)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plan=behaviours, n_hits=st.integers(1, 3), usual=st.sampled_from(["ok", "fail", "lost"]))
@example(plan=["lost"] * 3, n_hits=1, usual="ok")
@example(plan=["lost"] * 4, n_hits=1, usual="ok")
@example(plan=["gone", "hang"], n_hits=2, usual="lost")
def test_every_hit_arrives_or_is_dead_and_none_arrives_twice_unmarked(
    alone: Desk, cad: Receiver, plan: list[str], n_hits: int, usual: str
) -> None:
    alone.policy = alerting(alone.policy, timeout_seconds=0.15, attempts=4)
    for one in destinations(alone.store.engine, status="approved"):
        alone.withdraw(one.destination_id)
    alone.record.entries.clear()
    cad.plan.clear()
    cad.plan.extend(plan)
    cad.usual, cad.got[:] = usual, []
    destination_id = alone.approved(cad.url)
    with writing(alone.store.engine) as connection:
        connection.execute(delete(schema.hit))
    hits = [alone.hit() for _ in range(n_hits)]
    alone.fill()
    for number in range(4 * n_hits):  # a failure ends a destination's round
        alone.deliver(after=1 + 100 * number)
    taken = Counter(got.said["hit_id"] for got in cad.taken)
    rows = alone.rows()
    assert [(row.hit_id, row.destination_id) for row in rows] == [(hit_id, destination_id) for hit_id in hits]
    for row in rows:
        assert row.state in {"delivered", "dead"}
        assert row.state == "dead" or taken[row.hit_id] >= 1
        assert row.attempts <= 4
    recorded = [(entry.details["delivery_id"], entry.details["attempt"]) for entry in alone.sent()]
    made = [(row.delivery_id, attempt) for row in rows for attempt in range(1, row.attempts + 1)]
    assert sorted(recorded) == sorted(made), "each attempt is recorded, once"
    # On a busy machine an attempt may end before the receiver has read it, or be read when its example is long over.
    got = [one.said for one in cad.got if one.said["delivery_id"] in {row.delivery_id for row in rows}]
    received = [(said["delivery_id"], said["attempt"]) for said in got]
    assert len(set(received)) == len(received)
    assert set(received) <= set(recorded), "nothing arrives unrecorded"
    assert all(said["duplicate"] == (said["attempt"] > 1) for said in got)
    dead = {letter.hit_id for letter in outbox.dead_letters(alone.store.engine, alone.commander)}
    assert dead == {row.hit_id for row in rows if row.state == "dead"}
