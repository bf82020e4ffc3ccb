"""The search benchmark on a city of some thousand reads: it builds, goes on, asks, and finds as much as the scan does."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import pytest

from alpr_assets.store.engine import open_engine
from benchmarks.search import __main__ as program
from benchmarks.search import building
from benchmarks.search.measuring import CANVASS, CO_TRAVEL, is_kept

SMALL = replace(building.YEARS, first_day=date(2026, 3, 2), n_days=4, n_vehicles=900)


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    folder = tmp_path_factory.mktemp("search")
    url = f"sqlite:///{folder / 'small.sqlite'}"
    engine = open_engine(url)
    first = building.build(engine, 2 * building.A_DAY, lean=True, size=SMALL)
    loaded = building.build(engine, 4 * building.A_DAY, lean=True, size=SMALL)
    engine.dispose()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(program, "OUT", folder / "out")
        program.main([
            "--reads=0", f"--database={url}", f"--folder={folder}", "--name=small", "--repeats=2", "--scans=2",
        ])  # fmt: skip
    said = json.loads((folder / "out" / "search-small.json").read_text(encoding="utf-8"))
    return first, loaded, said, (folder / "out" / "search-small.txt").read_text(encoding="utf-8")


def test_a_stopped_build_goes_on_with_the_days_that_are_missing(result):
    first, loaded, said, _ = result
    assert (first.n_days, first.n_present) == (2, 0)
    assert (loaded.n_days, loaded.n_present) == (2, 2)
    assert said["reads"] == first.n_reads + loaded.n_reads


def test_every_question_has_its_figures_and_finds_as_much_as_the_scan(result):
    _, _, said, table = result
    names = [row["what"] for row in said["rows"]]
    assert {CANVASS, CO_TRAVEL} < set(names)
    assert len(names) == 8
    assert all(row["found as much"] for row in said["rows"] if row["what"] != CO_TRAVEL)
    assert all(row["ours median ms"] > 0 and row["cold scan median ms"] > 0 for row in said["rows"])
    assert "not on SQLite" in table


def test_a_limit_that_is_missed_is_said(result):
    _, _, said, _ = result
    row = said["rows"][0]
    assert not is_kept({**row, "scan ÷ ours": 49.0})
    assert is_kept({**row, "scan ÷ ours": 50.0})
    assert not is_kept({**row, "what": CO_TRAVEL, "ours median ms": 200.0})
