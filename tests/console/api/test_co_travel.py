"""Who travelled with a vehicle, through the data API: found beside what chance gives, every read of both recorded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from alpr_assets.access.roles import Action, Role
from alpr_assets.policy import Policy
from alpr_assets.search.convoy import companions
from tests.console.api.conftest import ask, program, receipt
from tests.live import Live, recorded_console
from tests.search.traffic import AT, Pass, after, put

LED, FOLLOWS = "7LED123", "9FOL111"
DAY_S = 86_400


def trips(plate: str, days: Any, *, behind_s: float = 0.0) -> list[Pass]:
    """One pass a day at a camera that differs from day to day."""
    return [
        Pass(
            plate,
            after(n * DAY_S + 3600 * (n * 7 % 11) + behind_s),
            east_m=900 * (n % 5),
            device=f"pole-{n % 5}",
            kind="fixed",
        )
        for n in days
    ]


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory, policy: Policy) -> Iterator[Live]:
    """Sixty days of a vehicle, and one that follows on three of them."""
    folder: Path = tmp_path_factory.mktemp("followed")
    with recorded_console(folder, policy) as opened:
        put(opened.console.services.store, [
            *trips(LED, range(60)), *trips(FOLLOWS, (3, 17, 31), behind_s=5), *trips(FOLLOWS, range(70, 90)), *trips("8ONE888", (9,), behind_s=3),
        ])  # fmt: skip
        yield opened


@pytest.mark.clause("422.4(c)")
def test_who_follows_on_several_days_is_told_with_what_chance_gives(followed: Live) -> None:
    client, before = program(followed), followed.n_recorded()
    response = ask(client, "co-travel", plate="7led 123")
    found = response.json()
    (row,) = found["companions"]["rows"]
    assert list(row) == list(companions.COLUMNS)
    assert (row["plate"], row["n_found"], row["n_places"], row["may_be_same"]) == (FOLLOWS, 3, 3, False)
    assert 0 <= row["n_expected"] < 0.5
    assert row["p_value"] <= row["q_value"] <= 1
    assert [one["gap_s"] for one in found["passes"]["rows"]] == [5.0] * 3
    assert list(found["passes"]["rows"][0]) == list(companions.PASSES)
    assert found["n_own"] == 60
    assert found["receipt"] == receipt(response)
    assert followed.n_recorded() == before + 1


def test_window_and_number_of_occasions_narrow_it_and_nobody_is_an_answer_too(followed: Live) -> None:
    client = program(followed)
    for more in ({"at_least": 4}, {"until": after(10 * DAY_S).isoformat()}, {"plate": "1UNSEEN"}):
        found = ask(client, "co-travel", **{"plate": LED, **more}).json()
        assert found["companions"]["rows"] == found["passes"]["rows"] == []
        assert [column["name"] for column in found["companions"]["columns"]] == list(companions.COLUMNS)


@pytest.mark.clause("422.6(a)")
def test_every_read_on_either_side_is_in_the_record(followed: Live) -> None:
    followed.console.recorder.entries.clear()
    passes = ask(program(followed), "co-travel", plate=LED, since=AT.isoformat()).json()["passes"]["rows"]
    entry = followed.console.recorder.entries[-1]
    assert (entry.action, set(entry.elements)) == (Action.CO_TRAVEL, {"plate", "since", "at_least"})
    named = {one.id for one in entry.results}
    assert named == {row[name] for row in passes for name in ("read_id", "own_read_id")}


@pytest.mark.parametrize("role", [Role.OFFICER, Role.SUPERVISOR, Role.ENGINEER])
def test_only_who_analyses_may_ask(followed: Live, role: Role) -> None:
    problem = ask(program(followed, role), "co-travel", plate=LED).json()
    assert problem["codes"][0] == "role"


def test_one_occasion_is_no_repetition(followed: Live) -> None:
    assert ask(program(followed), "co-travel", plate=LED, at_least=1).status_code == 422
    assert ask(program(followed), "co-travel", plate="9QX?777").json()["codes"] == ["plate"]
