"""Which hits are told to which destinations: each once, and some never (422.4(e), (f))."""

from __future__ import annotations

from datetime import timedelta
from threading import Thread
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from alpr_assets.lifecycle.alerts import outbox
from alpr_assets.store import schema
from alpr_assets.store.engine import reading, writing
from tests.lifecycle.alerts.desks import NOW, Desk

URL = "https://cad.example.gov/alerts"


@pytest.mark.clause("422.4(f)")
def test_a_hit_enters_once_however_often_it_is_swept(desk: Desk) -> None:
    desk.approved(URL)
    desk.approved("dispatch@pd.example")
    desk.hit()
    assert desk.fill() == 2
    assert desk.fill() == 0
    rows = desk.rows()
    assert len({row.delivery_id for row in rows}) == 2
    assert {row.hit_id for row in rows} == {1}


def test_sweeps_at_once_put_it_in_once(desk: Desk) -> None:
    desk.approved(URL)
    for _ in range(20):
        desk.hit()
    found: list[int] = []
    sweeps = [Thread(target=lambda: found.append(desk.fill())) for _ in range(4)]
    for sweep in sweeps:
        sweep.start()
    for sweep in sweeps:
        sweep.join()
    assert sum(found) == len(desk.rows()) == 20


def test_what_is_more_than_one_sweep_takes_several_and_loses_nothing(
    alone: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Days of hits after an outage: a sweep looks from a day before the newest hit that is in the outbox."""
    monkeypatch.setattr(outbox, "AT_ONCE", 3)
    alone.approved(URL)
    hits = [alone.hit(raised_at=NOW + timedelta(hours=7 * number + 1)) for number in range(10, 0, -1)]
    swept = []
    while found := alone.fill(after=100 * 3600):
        swept.append(found)
    assert swept == [3, 3, 3, 1]
    assert {row.hit_id for row in alone.rows()} == set(hits)


def test_a_hit_that_is_committed_late_or_after_a_clock_that_was_ahead_is_told(desk: Desk) -> None:
    desk.approved(URL)
    desk.hit(raised_at=NOW + timedelta(days=900))
    desk.hit(raised_at=NOW + timedelta(days=5))
    assert desk.fill(after=5 * 86400 + 1) == 2
    desk.hit(raised_at=NOW + timedelta(days=4, hours=3))
    desk.hit(raised_at=NOW + timedelta(days=5, seconds=1))
    assert desk.fill(after=5 * 86400 + 2) == 2


def test_a_held_back_hit_is_told_when_a_better_match_makes_it_alert(desk: Desk) -> None:
    desk.approved(URL)
    held = desk.hit(match_kind="edit1", alerted=False)
    desk.hit(raised_at=NOW + timedelta(days=9))
    assert desk.fill(after=9 * 86400) == 1
    with writing(desk.store.engine) as connection:
        better = {"match_kind": "exact", "alerted": True, "strengthened_at": NOW + timedelta(days=9, seconds=1)}
        connection.execute(schema.hit.update().where(schema.hit.c.hit_id == held).values(better))
    assert desk.fill(after=9 * 86400 + 2) == 1


def _named(value: object) -> str:
    """Without instants: tests have the same names in every process."""
    return ",".join(value) if isinstance(value, dict) else str(value)


@pytest.mark.clause("422.4(e)")
@pytest.mark.parametrize(
    ("changes", "is_told"),
    [
        ({}, True),
        ({"source": "state"}, True),
        ({"source": "federal"}, False),
        ({"category": "missing_person"}, False),
        ({"restricted": True}, False),
        ({"alerted": False}, False),
        ({"match_kind": "folded"}, True),
        ({"match_kind": "edit1"}, False),
        ({"match_kind": "partial"}, False),
        ({"raised_at": NOW}, False),
        ({"raised_at": NOW - timedelta(days=1)}, False),
    ],
    ids=_named,
)
def test_only_what_was_approved_is_told(desk: Desk, changes: dict[str, Any], is_told: bool) -> None:
    desk.approved(URL)
    desk.hit(**changes)
    assert desk.fill() == is_told


def test_possible_matches_are_told_where_that_was_approved(desk: Desk) -> None:
    desk.approved(URL, tolerant=True)
    desk.hit(match_kind="edit1")
    desk.hit(match_kind="edit1", alerted=False)
    assert desk.fill() == 1, "what alerts nobody in the console is told to nobody outside"


def test_a_covert_watchs_hits_are_told_to_nobody(desk: Desk) -> None:
    desk.approved(URL, tolerant=True)
    desk.watch_hit("covert")
    shown = desk.watch_hit("normal")
    assert desk.fill() == 1
    assert [row.hit_id for row in desk.rows()] == [shown]


def test_a_purge_takes_the_outbox_with_the_hit(desk: Desk) -> None:
    desk.approved(URL)
    desk.hit()
    desk.fill()
    with writing(desk.store.engine) as connection:
        connection.execute(delete(schema.hit))
    assert desk.rows() == []


def test_who_runs_the_system_sees_how_many_wait(desk: Desk) -> None:
    desk.approved(URL)
    desk.hit()
    desk.hit()
    desk.fill()
    with reading(desk.store.engine) as connection:
        assert outbox.counts(connection) == {"due": 2}


hits = st.fixed_dictionaries(
    {
        "source": st.sampled_from(["department", "state", "federal"]),
        "category": st.sampled_from(["stolen_vehicle", "stolen_plate", "missing_person"]),
        "restricted": st.booleans(),
        "alerted": st.booleans(),
        "match_kind": st.sampled_from(["exact", "folded", "edit1"]),
        "raised_at": st.integers(-5, 5).map(lambda seconds: NOW + timedelta(seconds=seconds)),
    }
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(found=st.lists(hits, max_size=6), tolerant=st.booleans())
def test_the_outbox_holds_just_what_a_plain_rule_allows(
    alone: Desk, found: list[dict[str, Any]], tolerant: bool
) -> None:
    for one in outbox.destinations(alone.store.engine, status="approved"):
        alone.withdraw(one.destination_id)
    destination_id = alone.approved(URL, tolerant=tolerant)
    expected = {
        alone.hit(**hit): hit["source"] in {"department", "state"} and hit["category"] == "stolen_vehicle"
        and not hit["restricted"] and hit["alerted"] and hit["raised_at"] > NOW and (tolerant or hit["match_kind"] != "edit1")
        for hit in found
    }  # fmt: skip
    alone.fill()
    told = {row.hit_id for row in alone.rows() if row.destination_id == destination_id}
    assert told & set(expected) == {hit_id for hit_id, is_told in expected.items() if is_told}
