"""The past of a watch: what the dictionary and the index find is what looking at every read finds."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select

from alpr_assets.lifecycle.lookalikes import fold
from alpr_assets.lifecycle.matching import PlateIndex
from alpr_assets.lifecycle.watches.history import match_history, match_waiting
from alpr_assets.lifecycle.watches.raising import raise_watch_hits
from alpr_assets.policy import Policy
from alpr_assets.store import people, schema, verdicts
from alpr_assets.store.engine import Store, insert_new, reading, writing
from alpr_assets.store.watches import watch
from tests.lifecycle.watches.department import DAY, Department, wanted
from tests.lifecycle.watches.planted import Planted, plant
from tests.lifecycle.watches.spelling import oracle
from tests.people import NOW

PARTIALS = ["0?A*", "*8A*", "[0O]*A7", "??B", "*", "B*[8B]?A"]
SOME_PLATE = st.text("0O8B7A", min_size=3, max_size=7)


def hit_reads(store: Store) -> dict[int, str]:
    with reading(store.engine) as connection:
        return {hit.read_id: hit.match_kind for hit in connection.execute(select(schema.hit))}


@pytest.mark.clause("422.4(c)")
def test_a_new_watch_finds_the_past_and_says_how_far_it_is(department: Department) -> None:
    watch_id = department.place(department.member())
    ids = plant(department.store, *(Planted("7BA23", at=NOW - n * DAY) for n in (1, 40, 41)), Planted("XXX"))
    heard: list[tuple[int, int]] = []
    (found,) = match_waiting(
        department.store, policy=department.policy, now=NOW, progress=lambda done, of: heard.append((done, of))
    )
    assert heard == [(1, 3), (2, 3), (3, 3)]
    assert (found.watch_id, found.n_plates, found.n_reads, found.n_raised) == (watch_id, 1, 3, {"partial": 3})
    assert set(hit_reads(department.store)) == set(ids[:3])
    assert match_waiting(department.store, policy=department.policy, now=NOW) == []


def test_the_past_is_matched_once_however_often_it_is_asked_for(department: Department) -> None:
    watch_id = department.place(department.member())
    plant(department.store, Planted("7BA23"))
    raise_watch_hits(department.store, NOW.date(), policy=department.policy, now=NOW)
    for _ in range(2):
        found = match_history(department.store, watch_id, policy=department.policy, now=NOW)
        assert found is not None
        assert found.n_raised == {}
    assert len(hit_reads(department.store)) == 1


def test_a_watch_that_stopped_looks_at_no_past(department: Department) -> None:
    watch_id = department.place(department.member())
    plant(department.store, Planted("7BA23"))
    assert match_history(department.store, watch_id, policy=department.policy, now=NOW + DAY) is None
    assert match_waiting(department.store, policy=department.policy, now=NOW + DAY) == []
    assert hit_reads(department.store) == {}


def test_the_past_within_a_window_is_that_window(department: Department) -> None:
    window = wanted(since_at=NOW - 5 * DAY, until_at=NOW - 3 * DAY)
    department.place(department.member(), window)
    ids = plant(department.store, *(Planted("7BA23", at=NOW - n * DAY) for n in (2, 3, 4, 5, 6)))
    match_waiting(department.store, policy=department.policy, now=NOW)
    assert set(hit_reads(department.store)) == set(ids[2:4])


def test_a_corrected_read_is_found_as_corrected(department: Department) -> None:
    department.place(department.member())
    wrong, right = plant(department.store, Planted("7BA23"), Planted("1BA23"))
    for read_id, plate in ((wrong, "1BA23"), (right, "7CA23")):
        row = {"day": NOW.date(), "read_id": read_id, "plate": plate, "plate_folded": fold(plate), "reason": "misread"}
        with writing(department.store.engine) as connection:
            connection.execute(insert(verdicts.read_correction), {**row, "member_id": 1, "corrected_at": NOW})
    match_waiting(department.store, policy=department.policy, now=NOW)
    assert set(hit_reads(department.store)) == {right}


def placed(store: Store, pattern: str, *, is_partial: bool) -> None:
    """Straight into the table: these patterns are wider than anybody may place."""
    row = {
        "kind": "watch", "pattern": pattern, "is_partial": is_partial, "state": "", "purpose": "stolen_vehicle",
        "category": "stolen_vehicle", "case_number": "26-01234", "reason": "brute force", "owner_id": 1,
        "audience": "normal", "status": "approved", "n_decisions": 0, "placed_at": NOW, "approve_by_at": NOW,
        "expires_at": NOW + DAY,
    }  # fmt: skip
    owner = {
        "member_id": 1, "user_name": "owner", "name": "Pat Owner", "agency": "CA0000000", "title": "", "role": "analyst",
        "is_contractor": False, "status": "active", "status_at": NOW, "status_reason": "",
    }  # fmt: skip
    with writing(store.engine) as connection:
        insert_new(connection, people.member, [owner])
        connection.execute(insert(watch), row)


def emptied(store: Store) -> None:
    with writing(store.engine) as connection:
        for table in (schema.hit, watch, schema.sighting_read, schema.read, schema.capture, schema.plate):
            connection.execute(table.delete())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(pattern=st.sampled_from(PARTIALS), plates=st.lists(SOME_PLATE, min_size=1, max_size=15))
def test_a_partial_plate_finds_in_the_past_what_python_finds(
    store: Store, policy: Policy, pattern: str, plates: list[str]
) -> None:
    emptied(store)
    placed(store, pattern, is_partial=True)
    reads = [Planted(plate, at=NOW - timedelta(hours=7 * n)) for n, plate in enumerate(plates)]
    ids = plant(store, *reads)
    match_waiting(store, policy=policy, now=NOW)
    expected = {read_id for read_id, plate in zip(ids, plates, strict=True) if oracle(pattern, plate)}
    assert set(hit_reads(store)) == expected


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(listed=st.text("0O8B7A", min_size=3, max_size=7), plates=st.lists(SOME_PLATE, min_size=1, max_size=15))
def test_a_whole_plate_finds_in_the_past_what_the_index_of_the_lists_finds(
    store: Store, policy: Policy, listed: str, plates: list[str]
) -> None:
    emptied(store)
    placed(store, listed, is_partial=False)
    ids = plant(store, *map(Planted, plates))
    match_waiting(store, policy=policy, now=NOW)
    index = PlateIndex.build(
        pd.DataFrame({"entry_id": [1], "plate": [listed], "state": [""]}),
        edit1_min_length=policy.matching.edit1_min_length,
    )
    found = index.match(pd.DataFrame({"read_id": ids, "plate": plates, "region": None}))
    assert hit_reads(store) == dict(zip(found["read_id"], found["kind"], strict=True))
