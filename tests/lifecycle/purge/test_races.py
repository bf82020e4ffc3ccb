"""422.5: two processes, one that holds and one that purges, at the same moment: what was acknowledged as held is there.

The purge itself, not a stand-in. The control looks before it locks, and does lose: so this race can be lost.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from alpr_assets.lifecycle.holds import covering
from alpr_assets.store import schema
from alpr_assets.store.engine import reading
from tests.lifecycle.purge.desks import DAY, Desk, numbered
from tests.lifecycle.purge.race_children import hold_days, purge_days
from tests.search.traffic import Pass, put
from tests.test_kills import FORKS


@contextmanager
def process(work: Callable[..., None], *told: str) -> Iterator[Any]:
    """The end of a pipe to a process that is ready; told None it ends."""
    pipe, theirs = FORKS.Pipe()
    child = FORKS.Process(target=work, args=(theirs, *told))
    child.start()
    theirs.close()
    assert pipe.recv() == "ready"
    try:
        yield pipe
        pipe.send(None)
        child.join(60)
        assert child.exitcode == 0
    finally:
        child.kill()
        child.join()


def race(desk: Desk, *, n_holds: int, per_day: int, longest: float, care: str = "careful") -> tuple[int, int]:
    """Days on which a purge begins within `longest` seconds of the first hold, until so many holds were acknowledged or one was lost.

    Returns how many were acknowledged, and of how many the capture is gone.
    """
    url, folder = desk.store.engine.url.render_as_string(hide_password=False), str(desk.store.images.folder.parents[1])
    acknowledged = lost = 0
    draw = random.Random(422)
    with process(hold_days, url, folder, str(per_day)) as holding, process(purge_days, url, folder, care) as purging:
        day = DAY
        while acknowledged < n_holds and not lost:
            day -= timedelta(days=1)
            first = datetime.combine(day, time(19), UTC)
            put(desk.store, [Pass(f"8R{n:04}", first + timedelta(seconds=n)) for n in range(per_day)])
            desk.landed_when_captured(day)
            plan_id = desk.begun()
            purging.send((plan_id, draw.random() * longest))
            holding.send(day)
            held, n_destroyed = holding.recv(), purging.recv()
            with reading(desk.store.engine) as connection:
                left = set(connection.scalars(select(schema.capture.c.capture_id).where(schema.capture.c.day == day)))
                assert covering.held(connection, day) <= left or care == "careless"
            acknowledged += held
            lost += len({numbered(n, day) for n in range(1, held + 1)} - left)
            assert n_destroyed == per_day - len(left)
    return acknowledged, lost


@pytest.mark.clause("422.5")
def test_holds_and_purges_at_the_same_moment_lose_nothing_that_was_promised(desk: Desk) -> None:
    acknowledged, lost = race(desk, n_holds=40, per_day=20, longest=0.1)
    assert lost == 0
    assert acknowledged >= 40


def test_a_careless_purge_does_lose_what_was_promised(desk: Desk) -> None:
    _, lost = race(desk, n_holds=5_000, per_day=20, longest=0.1, care="careless")
    assert lost


@pytest.mark.long
@pytest.mark.clause("422.5")
def test_a_hundred_thousand_holds_and_purges_lose_nothing_that_was_promised(desk: Desk) -> None:
    """5,000 on PostgreSQL. The more days there are, the longer each plan takes to judge them: few days, with many holds each."""
    is_sqlite = desk.store.engine.dialect.name == "sqlite"
    n_holds, per_day, longest = (100_000, 8_000, 40) if is_sqlite else (5_000, 400, 2)
    acknowledged, lost = race(desk, n_holds=n_holds, per_day=per_day, longest=longest)
    assert lost == 0
    assert acknowledged >= n_holds
