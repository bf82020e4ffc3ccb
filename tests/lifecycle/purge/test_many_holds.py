"""Judging a day costs by what is of that day, however many captures of other days are held (422.5)."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from sqlalchemy import Connection

from alpr_assets.lifecycle.holds import covering
from alpr_assets.lifecycle.holds.selectors import Selector
from alpr_assets.policy import Policy
from alpr_assets.store.engine import Store, reading
from tests.lifecycle.purge.desks import DAY, NOON, Desk, numbered
from tests.search.traffic import Pass

N = 120


def steps(connection: Connection) -> int:
    """Hundreds of steps of SQLite's machine that judging the first day takes."""
    counted: list[int] = []
    raw = connection.connection.driver_connection
    assert raw is not None
    raw.set_progress_handler(lambda: counted.append(1), 100)
    assert covering.held(connection, DAY) == set()
    raw.set_progress_handler(None, 0)
    return len(counted)


def test_what_is_held_of_another_day_makes_a_day_no_dearer(sqlite_store: Store, policy: Policy, tmp_path: Path) -> None:
    desk = Desk(sqlite_store, policy, tmp_path)
    later = DAY + timedelta(days=1)
    desk.put(Pass(f"8R{n:03}ZK", NOON + timedelta(days=day, seconds=n)) for day in (0, 1) for n in range(N))
    with reading(sqlite_store.engine) as connection:
        before = steps(connection)
    for n in range(1, N + 1):
        desk.hold(Selector(captures=((later, numbered(n, later)),)))
    with reading(sqlite_store.engine) as connection:
        assert len(covering.held(connection, later)) == N
        assert steps(connection) < before + N, "each read of the day was held against each hold"
