"""How many reads there were, through the data API: small counts are left out unless somebody only looks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest

from alpr_assets.access.roles import Action, Role
from alpr_assets.console.api.formats import ARROW, PARQUET
from alpr_assets.policy import Policy
from alpr_assets.search import statistics
from tests.console.api.conftest import ask, program, receipt
from tests.live import Live, recorded_console
from tests.search.traffic import CENTRE, Pass, after, put

HERE = {"type": "Point", "coordinates": [CENTRE[1], CENTRE[0]], "radius_m": 50}
WHOLE = {"since": after(86_400).isoformat(), "until": after(2 * 86_400).isoformat()}


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory, policy: Policy) -> Iterator[Live]:
    """A day of one corner: ten reads at nine in the evening, twenty an hour later, one after that."""
    with recorded_console(tmp_path_factory.mktemp("counted"), policy) as opened:
        passes = [Pass(f"7ABC{n:03}", after(86_400 + n)) for n in range(10)]
        passes += [Pass(f"6DEF{n:03}", after(86_400 + 3600 + n)) for n in range(20)]
        put(opened.console.services.store, [*passes, Pass("8XYZ999", after(86_400 + 2 * 3600))])
        yield opened


def counts(live: Live, **said: Any) -> list[list[Any]]:
    response = ask(program(live), "counts", **{**WHOLE, **said})
    assert response.status_code == 200, response.text
    return [list(row.values()) for row in response.json()["rows"]]


def test_small_counts_and_those_that_would_give_them_away_are_left_out(counted: Live) -> None:
    assert counts(counted, by=["hour"]) == [[21, None, True], [22, 20, False], [23, None, True]]
    assert counts(counted, by=["hour"], suppress=False) == [[21, 10, False], [22, 20, False], [23, 1, False]]


def test_columns_are_those_asked_for_in_the_documented_order(counted: Live) -> None:
    client, before = program(counted), counted.n_recorded()
    response = ask(client, "counts", by=["direction", "device"], **WHOLE)
    body = response.json()
    assert [column["name"] for column in body["columns"]] == ["device", "direction", "n_reads", "suppressed"]
    assert [list(row.values()) for row in body["rows"]] == [["corner-1", "e", 31, False]]
    assert body["receipt"] == receipt(response)
    assert counted.n_recorded() == before + 1
    whole = ask(client, "counts", by=list(reversed(statistics.PROPERTIES)), **WHOLE).json()
    assert [column["name"] for column in whole["columns"]] == list(statistics.COLUMNS)


def test_an_area_narrows_counts_and_nothing_is_a_table_too(counted: Live) -> None:
    assert counts(counted, by=["device"], area=HERE) == [["corner-1", 31, False]]
    assert counts(counted, by=["device", "hour"], area={**HERE, "coordinates": [0.0, 0.0]}) == []


def test_counts_come_as_arrow_and_are_no_places(counted: Live) -> None:
    arrow = ask(program(counted), "counts", by=["hour"], accept=ARROW, **WHOLE)
    table = pa.ipc.open_stream(arrow.content).read_all()
    assert table["n_reads"].to_pylist() == [None, 20, None]
    assert ask(program(counted), "counts", accept=PARQUET).status_code == 406


@pytest.mark.clause("422.6(a)")
def test_what_was_counted_is_recorded_whole(counted: Live) -> None:
    counted.console.recorder.entries.clear()
    counts(counted, by=["hour"], area=HERE, suppress=False)
    entry = counted.console.recorder.entries[-1]
    assert entry.action == Action.COUNT_READS
    assert set(entry.elements) == {"by", "since", "until", "area", "suppress"}
    assert (entry.elements["area"], entry.elements["suppress"]) == (HERE, False)


def test_who_does_not_analyse_counts_nothing_and_a_property_counts_once(counted: Live) -> None:
    assert ask(program(counted, Role.OFFICER), "counts").json()["codes"] == ["role"]
    assert ask(program(counted), "counts", by=["hour", "hour"]).json()["codes"] == ["count"]
    for by in ([], ["plate"]):
        assert ask(program(counted), "counts", by=by).status_code == 422
