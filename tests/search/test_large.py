"""A million rows leave in bounded memory: spooled a batch at a time, each named in the record."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from alpr_assets.sample.city.loading import load
from alpr_assets.sample.city.simulate import City, Size
from alpr_assets.settings import ROOT
from tests.conftest import make_store

ROWS = 1_000_000
MEGABYTES = (
    400  # beyond what the process has before: the ids of a million rows, which the record names, are 160 of them
)

CHILD = """
import json, resource, sys
from pathlib import Path
from alpr_assets.access.roles import Action
from alpr_assets.access.spool import Spool
from alpr_assets.console.api.columns import schema_of
from alpr_assets.console.api.formats import ARROW, FORMATS
from alpr_assets.policy import policy
from alpr_assets.search import partial, querying
from alpr_assets.store.engine import open_engine
from tests.people import MemoryRecorder, ask, gate_for, member, session

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

url, folder = sys.argv[1:]
engine, figures, recorder = open_engine(url), policy(), MemoryRecorder()
figures = figures.model_copy(update={"watches": figures.watches.model_copy(update={"least_known": 0.0})})
gate = gate_for(figures, member(), recorder=recorder)
before, n_bytes = peak(), 0
with Spool(Path(folder)) as spool:
    def search(grant):
        query = partial.partial_query(grant, engine, pattern="??*", policy=figures)
        return querying.spooled(engine, query, spool, FORMATS[ARROW].of(schema_of(partial.COLUMNS)))
    gate.answer(session(member()), ask(Action.PARTIAL_PLATE), search)
    for chunk in spool.chunks():
        n_bytes += len(chunk)
print(json.dumps({"rows": len(recorder.entries[0].results), "bytes": n_bytes, "megabytes": peak() - before}))
"""


@pytest.mark.long
def test_a_million_rows_are_streamed_in_bounded_memory(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    url = f"sqlite:///{tmp_path / 'data' / 'alpr.sqlite'}"
    store = make_store(url, tmp_path)
    city = City(
        Size(seed=422, first_day=date(2026, 1, 1), n_days=120, n_vehicles=40_000, n_fixed=80, n_mobile=8, n_series=0)
    )
    loaded = load(store.engine, city, sure_confidence=0.76, bulk=True, lean=True)
    store.engine.dispose()
    assert loaded.n_reads >= ROWS
    said = subprocess.run(
        [sys.executable, "-c", CHILD, url, str(tmp_path / "spool")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    told = json.loads(said.stdout.splitlines()[-1])
    assert told["rows"] == loaded.n_reads
    assert told["bytes"] > 100 * told["rows"]
    assert told["megabytes"] < MEGABYTES, told
