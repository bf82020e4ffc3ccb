"""Counts, and the small ones that do not leave."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpr_assets.access.roles import Action, Role
from alpr_assets.errors import AccessRefusedError, MalformedError
from alpr_assets.lifecycle.watches.areas import Circle
from alpr_assets.search import statistics
from tests.people import ask, member
from tests.search.traffic import CENTRE, Pass, after, put


@pytest.fixture
def count(through, store, policy):
    def run(*, action=Action.COUNT_READS, exported=None, who=None, **more):
        search = partial(statistics.count_reads, engine=store.engine, policy=policy, **more)
        return through(who or member(), ask(action, elements={}, exported=exported), search).rows

    return run


def test_reads_are_counted_by_reader_hour_and_direction(count, store):
    """4:00 UTC is 21:00 in summer there."""
    put(store, [
        *(Pass(f"7ABC{n:03}", after(n)) for n in range(6)), Pass("8XYZ999", after(3600), heading=350.0), Pass("8XYZ999", heading=None, device="corner-2"),
    ])  # fmt: skip
    frame = count()
    assert list(frame.columns) == ["device", "hour", "direction", "n_reads", "suppressed"]
    assert frame.to_numpy().tolist() == [
        ["corner-1", 21, "e", 6, False], ["corner-1", 22, "n", 1, False], ["corner-2", 21, "unknown", 1, False],
    ]  # fmt: skip


def test_what_is_exported_leaves_small_cells_out(count, store):
    put(store, [Pass(f"7ABC{n:03}", after(n % 3 * 3600)) for n in range(30)] + [Pass("8XYZ999", after(4 * 3600))])
    assert not count(by=("hour",))["suppressed"].any()
    frame = count(by=("hour",), action=Action.EXPORT, exported=Action.COUNT_READS)
    assert frame["n_reads"].isna().sum() == 2  # the one, and one of the tens: the total would give it away
    assert frame["suppressed"].tolist() == frame["n_reads"].isna().tolist()


def test_an_hour_is_the_departments_in_the_night_when_one_comes_twice(count, store):
    first = datetime(2026, 11, 1, 1, 30, fold=0, tzinfo=ZoneInfo("America/Los_Angeles"))
    put(
        store,
        [Pass("7AAA111", first), Pass("7BBB222", first.replace(fold=1)), Pass("7CCC333", first + timedelta(hours=2))],
    )
    frame = count(by=("weekday", "hour"))
    assert frame[["weekday", "hour", "n_reads"]].to_numpy().tolist() == [[6, 1, 2], [6, 3, 1]]


def test_a_window_and_an_area_narrow_and_nothing_is_an_empty_table(count, store):
    assert list(count(by=("device",), suppress=True).columns) == ["device", "n_reads", "suppressed"]
    put(store, [Pass("7AAA111"), Pass("7BBB222", after(60)), Pass("7CCC333", east_m=9000)])
    assert count(by=("device",), since=after(0), until=after(60))["n_reads"].tolist() == [2]
    assert count(by=("device",), area=Circle(*CENTRE, 300))["n_reads"].tolist() == [2]
    assert count(by=("device",), since=after(9999)).empty


@pytest.mark.parametrize("by", [(), ("plate",), ("hour", "hour")])
def test_what_cannot_be_counted_by_is_refused(count, store, by):
    with pytest.raises(MalformedError):
        count(by=by)


def test_counting_is_behind_its_grant(count, store):
    with pytest.raises(AccessRefusedError):
        count(action=Action.VIEW_HITS)
    with pytest.raises(AccessRefusedError):
        count(who=member(Role.OFFICER))


tables = st.dictionaries(
    st.tuples(st.sampled_from("abc"), st.integers(0, 3)), st.integers(1, 30), min_size=1, max_size=12
)


@given(tables)
def test_no_small_cell_can_be_computed_from_the_totals_of_its_lines(table):
    cells = pd.DataFrame([[*key, n] for key, n in table.items()], columns=["device", "hour", "n_reads"])
    out = statistics.suppressed(cells, ["device", "hour"], 5)
    shown = out[~out["suppressed"]]
    assert (shown["n_reads"] >= 5).all()
    assert set(out["n_reads"].dropna()) <= set(cells["n_reads"])
    for name, other in itertools.permutations(["device", "hour"]):
        assert other
        for _, line in out.groupby(name):
            hidden = line[line["suppressed"]]
            if len(hidden) and not line["suppressed"].all():
                assert len(hidden) > 1
                assert cells.loc[hidden.index, "n_reads"].sum() >= 5
