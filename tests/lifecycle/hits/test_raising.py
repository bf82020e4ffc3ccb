"""Hits: raised once a key, explained, strengthened by better reads, and never raised by what is not in force."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import permutations
from pathlib import Path

import pytest
from sqlalchemy import select

from alpr_assets.policy import Policy
from alpr_assets.store import schema
from alpr_assets.store.engine import Store, reading
from tests.builders import own_list
from tests.patrols import AT, DAY, SURE, Patrol, Relabelled, seen, watch

OTHERS = ("1AAA111", "2BBB222", "3CCC333", "4DDD444")  # so that a list of one line more or less has not shrunk


@pytest.fixture
def patrol(store: Store, tmp_path: Path, policy: Policy, now: datetime) -> Patrol:
    return Patrol(store, tmp_path, policy, now)


@pytest.fixture
def alone(sqlite_store: Store, tmp_path: Path, policy: Policy, now: datetime) -> Patrol:
    """On SQLite only."""
    return Patrol(sqlite_store, tmp_path, policy, now)


def ncic(*records: tuple[str, str, str]) -> bytes:
    """An extract of (file letter, plate, state)."""
    lines = [
        f"{letter}123456789LA057020020260401{plate:<10}{state}2026PC2009TOYTCAM4DRED    "
        for letter, plate, state in records
    ]
    return "\n".join(["HEADER", *lines, ""]).encode()


# ── raising ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("422.3")
def test_a_hit_carries_what_it_came_from_and_why(patrol: Patrol) -> None:
    receipt = patrol.take(watch("7ABC123/CA"))
    patrol.read(seen({"plate": "7ABC123", "region": "ca", "region_confidence": 0.9, "confidence": 0.93}))
    done = patrol.match()
    assert (done.n_reads, done.n_raised, done.n_standing, done.complete) == (1, {"exact": 1}, {"exact": 1}, True)
    (hit,) = patrol.hits()
    (read,) = patrol.reads()
    assert (hit.day, hit.sighting_id, hit.read_day, hit.read_id) == (DAY, read.read_id, DAY, read.read_id)
    assert (hit.source, hit.plate, hit.state, hit.list_type) == ("department", "7ABC123", "CA", "watch")
    assert (hit.category, hit.match_kind, hit.state_agrees) == ("stolen_property_recovery", "exact", True)
    assert (hit.import_id, hit.version_id, hit.confidence) == (receipt.import_id, read.version_id, 0.93)
    assert (hit.captured_at, hit.raised_at, hit.strengthened_at) == (AT, patrol.now, None)
    assert (hit.restricted, hit.differences) == (False, [])


def test_nothing_is_raised_twice(patrol: Patrol) -> None:
    patrol.take(watch("7ABC123"))
    patrol.read(seen("7ABC123"), seen("7ABC123", seconds=4))
    assert patrol.match().n_raised == {"exact": 1}
    before = patrol.hits()
    again = patrol.match()
    assert (again.n_raised, again.n_strengthened, again.n_standing) == ({}, 0, {"exact": 1})
    assert patrol.hits() == before


@pytest.mark.clause("422.4(f)")
def test_a_look_alike_and_one_character_off_say_where_they_differ(alone: Patrol) -> None:
    alone.take(watch("7ABC120", "8XYZ998"))
    alone.read(seen("7A8C120"), seen("8XYZ99", seconds=60))
    alone.match()
    folded, edit1 = alone.hits()
    assert (folded.match_kind, folded.state_agrees) == ("folded", None)
    assert folded.differences == [{"position": 3, "read": "8", "listed": "B", "alike": True}]
    assert edit1.match_kind == "edit1"
    assert edit1.differences == [{"position": 7, "read": "", "listed": "8", "alike": False}]


def test_a_plate_that_is_on_no_list_raises_nothing(alone: Patrol) -> None:
    alone.take(watch("7ABC123"))
    alone.read(seen("9QQQ999"), seen(seconds=1))
    done = alone.match()
    assert (done.n_reads, done.n_raised, done.complete) == (1, {}, True)


def test_a_day_without_reads_and_a_department_without_lists_are_complete(patrol: Patrol) -> None:
    assert patrol.match().complete
    patrol.read(seen("7ABC123"))
    assert patrol.match().complete
    assert patrol.hits() == []


@pytest.mark.clause("422.4(f)")
def test_the_same_plate_in_two_states_is_two_hits_and_each_says_whether_the_state_agrees(patrol: Patrol) -> None:
    patrol.take(watch("7ABC123/CA", "7ABC123/NV"))
    patrol.read(seen({"plate": "7ABC123", "region": "ca", "region_confidence": 0.9}))
    patrol.match()
    assert sorted((hit.state, hit.state_agrees) for hit in patrol.hits()) == [("CA", True), ("NV", False)]


def test_a_state_that_is_not_sure_is_unknown(alone: Patrol) -> None:
    alone.take(watch("7ABC123/NV"))
    alone.read(seen({"plate": "7ABC123", "region": "ca", "region_confidence": 0.79}))
    alone.match()
    assert [hit.state_agrees for hit in alone.hits()] == [None]


@pytest.mark.clause("422.4(e)")
def test_a_restricted_file_marks_its_hits_and_sources_stay_apart(patrol: Patrol) -> None:
    patrol.take(ncic(("K", "7ABC123", "CA"), ("V", "8XYZ999", "CA")), "ncic.txt")
    patrol.take(watch("7ABC123/CA"))
    patrol.read(seen("7ABC123"), seen("8XYZ999", seconds=60))
    patrol.match()
    assert sorted((hit.source, hit.list_type, hit.restricted) for hit in patrol.hits()) == [
        ("department", "watch", False),
        ("federal", "protective_interest", True),
        ("federal", "stolen_vehicle", False),
    ]


# ── once a key ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("422.4(f)")
def test_a_renewed_list_raises_nothing_twice_even_where_the_line_changed(patrol: Patrol) -> None:
    patrol.take(watch("7ABC123", *OTHERS))
    patrol.read(seen("7ABC123"))
    patrol.match()
    before = patrol.hits()
    patrol.take(watch("7ABC123", *OTHERS).replace(b"7ABC123,watch", b"7ABC123,armed"))
    assert patrol.match().n_raised == {}
    assert patrol.hits() == before


def test_two_passes_of_one_vehicle_are_two_hits(alone: Patrol) -> None:
    alone.take(watch("7ABC123"))
    alone.read(seen("7ABC123"), seen("7ABC123", seconds=300))
    assert alone.match().n_raised == {"exact": 2}


def test_two_lines_of_one_plate_are_one_hit(alone: Patrol) -> None:
    alone.take(own_list("7ABC123,watch,", "7ABC123,watch,", "7ABC123,another case,"))
    alone.read(seen("7ABC123"))
    assert alone.match().n_raised == {"exact": 1}


@pytest.mark.clause("422.4(f)")
def test_a_misread_on_the_track_strengthens_to_exact_and_off_the_track_is_a_hit_of_its_own(alone: Patrol) -> None:
    """One pass is one hit; what is not known to be the same pass stands beside it and says why."""
    alone.take(watch("7ABC123"))
    alone.read(seen("7ABC12"))
    alone.match()
    (weak,) = alone.hits()
    alone.read(seen({"plate": "7ABC123", "box": [0, 30, 20, 10]}, seconds=1))
    assert alone.match().n_raised == {"exact": 1}
    assert [hit.match_kind for hit in alone.hits()] == ["edit1", "exact"]
    assert alone.hits()[0] == weak
    alone.read(seen("7ABC12", seconds=60), seen("7ABC123", seconds=61))
    assert alone.match().n_raised == {"exact": 1}


@pytest.mark.clause("422.4(f)")
def test_a_second_read_of_the_pass_strengthens_folded_to_exact(patrol: Patrol) -> None:
    patrol.take(watch("7ABC120"))
    patrol.read(seen({"plate": "7A8C12O", "confidence": 0.99}))
    patrol.match()
    (weak,) = patrol.hits()
    assert (weak.match_kind, len(weak.differences)) == ("folded", 2)
    patrol.now += timedelta(minutes=5)
    patrol.read(seen({"plate": "7ABC120", "confidence": 0.5}, seconds=1))
    done = patrol.match()
    assert (done.n_raised, done.n_strengthened, done.n_standing) == ({}, 1, {"exact": 1})
    (strong,) = patrol.hits()
    assert (strong.hit_id, strong.sighting_id, strong.raised_at) == (weak.hit_id, weak.sighting_id, weak.raised_at)
    assert (strong.match_kind, strong.differences, strong.confidence) == ("exact", [], 0.5)
    assert strong.strengthened_at == patrol.now
    assert strong.read_id == patrol.reads()[-1].read_id
    assert patrol.match().n_strengthened == 0


def test_a_weaker_read_weakens_nothing(alone: Patrol) -> None:
    alone.take(watch("7ABC120"))
    alone.read(seen({"plate": "7ABC120", "confidence": 0.5}))
    alone.match()
    before = alone.hits()
    alone.read(seen({"plate": "7A8C120", "confidence": 0.99}, seconds=1))
    assert alone.match().n_strengthened == 0
    assert alone.hits() == before


# ── unsure ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("422.4(f)")
def test_an_unsure_read_raises_an_unsure_hit_which_only_a_sure_read_makes_sure(patrol: Patrol) -> None:
    patrol.take(watch("7ABC120"))
    patrol.read(seen({"plate": "7ABC120", "confidence": SURE - 0.01}))
    done = patrol.match()
    assert (done.n_raised, done.n_unsure) == ({"exact": 1}, 1)
    (unsure,) = patrol.hits()
    assert not unsure.sure
    patrol.read(seen({"plate": "7ABC120", "confidence": SURE - 0.001}, seconds=1))
    assert (patrol.match().n_strengthened, patrol.hits()) == (0, [unsure])
    patrol.read(seen({"plate": "7ABC120", "confidence": SURE}, seconds=2))
    done = patrol.match()
    assert (done.n_raised, done.n_strengthened, done.n_standing, done.n_unsure) == ({}, 1, {"exact": 1}, 0)
    (hit,) = patrol.hits()
    assert (hit.hit_id, hit.sure, hit.confidence) == (unsure.hit_id, True, SURE)
    assert hit.read_id == patrol.reads()[-1].read_id
    assert patrol.match().n_strengthened == 0


def test_among_reads_of_one_kind_the_sure_one_raises_the_hit(alone: Patrol) -> None:
    alone.take(watch("7ABC120/CA"))
    of_the_state = {"plate": "7ABC120", "confidence": 0.3, "region": "ca", "region_confidence": 0.99}
    alone.read(seen(of_the_state), seen({"plate": "7ABC120", "confidence": 0.97}, seconds=1))
    assert alone.match().n_unsure == 0
    assert [(hit.sure, hit.confidence) for hit in alone.hits()] == [(True, 0.97)]


@pytest.mark.clause("422.4(f)")
def test_a_sure_read_of_another_spelling_makes_no_hit_sure(alone: Patrol) -> None:
    """What is surely something else is no better reason for the listed plate."""
    alone.take(watch("7ABC120"))
    alone.read(seen({"plate": "7ABC120", "confidence": 0.3}))
    alone.match()
    before = alone.hits()
    alone.read(seen({"plate": "7A8C12O", "confidence": 0.99}, seconds=1))
    assert (alone.match().n_strengthened, alone.hits()) == (0, before)


@pytest.mark.parametrize("order", permutations([("7ABC120", 0.3), ("7ABC120", 0.9), ("7A8C12O", 0.99)]), ids=str)
def test_the_order_in_which_reads_come_does_not_decide_what_a_hit_says(
    alone: Patrol, order: tuple[tuple[str, float], ...]
) -> None:
    alone.take(watch("7ABC120"))
    for number, (plate, confidence) in enumerate(order):
        alone.read(seen({"plate": plate, "confidence": confidence}, seconds=number))
        alone.match()
    assert [(hit.match_kind, hit.sure, hit.confidence) for hit in alone.hits()] == [("exact", True, 0.9)]


@pytest.mark.clause("422.5")
def test_reading_again_with_a_newer_recogniser_leaves_the_hit_with_the_version_it_came_from(patrol: Patrol) -> None:
    patrol.take(watch("7ABC120"))
    patrol.read(seen("7A8C120"))
    patrol.match()
    before = patrol.hits()
    patrol.recognise(newer=Relabelled({"7A8C120": ["7ABC120"]}))
    assert not patrol.match().complete
    patrol.group()
    done = patrol.match()
    assert (done.n_raised, done.n_strengthened, done.complete) == ({}, 0, True)
    assert patrol.hits() == before


def test_what_only_a_newer_recogniser_reads_is_a_hit_of_that_version(alone: Patrol) -> None:
    alone.take(watch("8XYZ999"))
    alone.read(seen("7ABC123"))
    newer = Relabelled({"7ABC123": ["8XYZ999"]})
    alone.recognise(newer=newer)
    alone.group()
    assert alone.match().n_raised == {"exact": 1}
    assert [hit.version_id for hit in alone.hits()] == [newer.version.version_id]


def test_a_hit_stays_when_a_newer_recogniser_loses_its_plate(alone: Patrol) -> None:
    alone.take(watch("7ABC123"))
    alone.read(seen("7ABC123"))
    alone.match()
    before = alone.hits()
    alone.recognise(newer=Relabelled({"7ABC123": []}))
    alone.group()
    alone.match()
    assert alone.hits() == before


def test_a_pass_over_midnight_is_one_hit_on_its_own_day(patrol: Patrol) -> None:
    midnight = AT.replace(hour=0)
    yesterday = DAY - timedelta(days=1)
    patrol.take(watch("7ABC123"))
    patrol.land(seen("7ABC123", seconds=-3), seen("7ABC123", seconds=3), at=midnight)
    for day in (yesterday, DAY):
        patrol.recognise(day)
        patrol.group(day)
    assert patrol.match(yesterday).n_raised == {"exact": 1}
    done = patrol.match(DAY)
    assert (done.n_raised, done.complete) == ({}, True)
    assert [hit.day for hit in patrol.hits()] == [yesterday]


# ── late, withdrawn, incomplete ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("422.5")
def test_a_drop_200_days_late_is_matched_in_its_own_day_and_touches_no_other(patrol: Patrol) -> None:
    patrol.take(watch("7ABC123"))
    patrol.read(seen("7ABC123"))
    patrol.match()
    before = patrol.day(), patrol.hits(), patrol.sightings()
    late = AT - timedelta(days=200)
    patrol.read(seen("7ABC123"), at=late, day=late.date())
    done = patrol.match(late.date())
    assert (done.n_raised, done.complete) == ({"exact": 1}, True)
    assert [hit.day for hit in patrol.hits()] == [DAY, late.date()]
    assert (patrol.day(), patrol.hits()[:1], patrol.sightings()[1:]) == before
    assert patrol.day(late.date()).processed_digest == patrol.day(late.date()).landed_digest


def test_a_withdrawn_entry_raises_nothing_new_and_ends_what_stood(patrol: Patrol) -> None:
    patrol.take(watch("7ABC123", *OTHERS))
    patrol.read(seen("7ABC123"))
    patrol.match()
    patrol.take(watch(*OTHERS))
    patrol.read(seen("7ABC123", seconds=300))
    done = patrol.match()
    assert (done.n_raised, done.n_standing) == ({}, {"exact": 1})
    assert [(hit.match_kind, hit.status) for hit in patrol.hits()] == [("exact", "cancelled")]


def test_an_entry_that_came_back_raises_for_new_passes_only(alone: Patrol) -> None:
    alone.take(watch("7ABC123", *OTHERS))
    alone.read(seen("7ABC123"))
    alone.match()
    alone.take(watch(*OTHERS))
    alone.read(seen("7ABC123", seconds=300))
    alone.match()
    alone.take(watch("7ABC123", *OTHERS))
    assert alone.match().n_raised == {"exact": 1}
    assert len(alone.hits()) == 2


@pytest.mark.clause("422.5")
def test_a_day_is_complete_only_when_nothing_of_it_waits(patrol: Patrol) -> None:
    patrol.take(watch("7ABC123"))
    patrol.land(seen("7ABC123"))
    assert not patrol.match().complete, "landed, not read"
    patrol.recognise()
    assert not patrol.match().complete, "read, not grouped"
    assert patrol.day().processed_digest is None
    patrol.group()
    assert patrol.match().complete
    assert patrol.day().processed_digest == patrol.day().landed_digest
    patrol.land(seen("7ABC124", seconds=60))
    assert patrol.day().processed_digest != patrol.day().landed_digest
    assert not patrol.match().complete


def test_a_hit_names_no_entry_that_is_not_stored(alone: Patrol) -> None:
    alone.take(watch("7ABC123", *OTHERS))
    alone.read(seen("7ABC123"))
    alone.match()
    alone.take(watch("7ABC123", *OTHERS[1:]))
    with reading(alone.store.engine) as connection:
        entry, hit = schema.hotlist_entry.c, schema.hit.c
        row = connection.execute(
            select(entry.plate, entry.to_import_id).join(schema.hit, hit.entry_id == entry.entry_id)
        ).one()
    assert (row.plate, row.to_import_id) == ("7ABC123", None)
