"""Probes: many small looks at the index in one statement."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from alpr_assets.search.probes import Probe
from alpr_assets.store.cells import cell_of
from alpr_assets.store.engine import reading
from alpr_assets.store.types import to_microseconds
from tests.search.traffic import Pass, put

MIDNIGHT = datetime(2026, 7, 1, tzinfo=UTC)  # of a month, too: another partition
CLOSE = Probe("{number}, r.plate, {hour}", "AND r.plate <> :plate")


def probed(store, *probes):
    number, cell, since, until = (np.array(column, np.int64) for column in zip(*probes, strict=True))
    with reading(store.engine) as connection:
        return sorted(CLOSE.rows(connection, number, cell, since, until, plate="7XXX999"))


def us(minutes):
    return to_microseconds(MIDNIGHT + timedelta(minutes=minutes))


def test_each_probe_finds_what_is_in_its_cell_and_time_edges_included_over_midnight(store):
    put(store, [Pass(f"7AAA{m + 500}", MIDNIGHT + timedelta(minutes=m)) for m in (-61, -60, -1, 0, 1, 60)])
    put(
        store,
        [Pass("7XXX999", MIDNIGHT), Pass("8FAR888", MIDNIGHT, east_m=3000), Pass("9NON999", MIDNIGHT, placed=False)],
    )
    here, hour = cell_of(*Pass("7AAA111").place), us(0) // 3_600_000_000
    found = probed(store, (7, here, us(-60), us(0)), (8, here, us(1), us(59)), (9, here + 1, us(-99), us(99)))
    assert found == [(7, "7AAA440", hour - 1), (7, "7AAA499", hour - 1), (7, "7AAA500", hour), (8, "7AAA501", hour)]


def test_no_probes_find_nothing(store):
    put(store, [Pass("7AAA111")])
    nothing = np.zeros(0, np.int64)
    with reading(store.engine) as connection:
        assert CLOSE.rows(connection, nothing, nothing, nothing, nothing, plate="") == []


@pytest.mark.parametrize("n", [40_000])
def test_the_number_of_probes_is_not_limited_by_parameters(store, n):
    put(store, [Pass("7AAA111")])
    here, at = cell_of(*Pass("7AAA111").place), to_microseconds(Pass("7AAA111").at)
    assert len(probed(store, *((number, here + number, at, at) for number in range(n)))) == 1
