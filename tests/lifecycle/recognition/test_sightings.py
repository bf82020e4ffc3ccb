"""Reads of one pass before one device are one sighting, whenever they arrive; its plate is their vote."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alpr_assets.lifecycle.edits import within_one
from alpr_assets.policy import Policy
from alpr_assets.store import schema
from alpr_assets.store.engine import Store, writing
from tests.patrols import AT, DAY, Patrol, Relabelled, Seen, seen

MIDNIGHT = datetime(2026, 6, 15, tzinfo=UTC)


@pytest.fixture
def patrol(store: Store, tmp_path: Path, policy: Policy, now: datetime) -> Patrol:
    return Patrol(store, tmp_path, policy, now)


@pytest.fixture
def alone(sqlite_store: Store, tmp_path: Path, policy: Policy, now: datetime) -> Patrol:
    """On SQLite only."""
    return Patrol(sqlite_store, tmp_path, policy, now)


def passes(patrol: Patrol) -> list[tuple[str, int]]:
    """Plate and number of reads of each sighting, in the order of time."""
    return [(row.plate, row.n_reads) for row in patrol.sightings()]


def at_x(plate: str | dict, x: int, *, seconds: float = 0) -> Seen:
    """One plate in a box of 20 × 10 pixels that begins at x."""
    label = {"plate": plate} if isinstance(plate, str) else plate
    return seen({**label, "box": [x, 20, 20, 10]}, seconds=seconds)


# ── grouping ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("422.5")
def test_the_reads_of_a_pass_are_one_sighting(patrol: Patrol) -> None:
    patrol.read(seen("7ABC123"), seen("7ABC123", seconds=4), seen("7ABC123", seconds=8))
    (sighting,) = patrol.sightings()
    first = patrol.reads()[0]
    assert (sighting.day, sighting.sighting_id, sighting.n_reads) == (DAY, first.read_id, 3)
    assert (sighting.first_at, sighting.last_at) == (AT, AT + timedelta(seconds=8))
    assert (sighting.plate_folded, sighting.device_id, sighting.dated_by_receipt) == ("7A8C123", "unit-12-front", False)
    assert patrol.members() == {first.read_id: [row.read_id for row in patrol.reads()]}


def test_grouping_again_changes_nothing(patrol: Patrol) -> None:
    patrol.read(seen("7ABC123"), seen("7ABC123", seconds=4))
    before = patrol.sightings(), patrol.members()
    assert patrol.group() == 0
    assert (patrol.sightings(), patrol.members()) == before


def test_a_gap_longer_than_the_policys_begins_another_pass(alone: Patrol) -> None:
    alone.read(seen("7ABC123"), seen("7ABC123", seconds=10), seen("7ABC123", seconds=20.001))
    assert passes(alone) == [("7ABC123", 2), ("7ABC123", 1)]


def test_look_alikes_are_one_pass_and_both_spellings_stay(alone: Patrol) -> None:
    alone.read(seen("7ABC120"), seen("7A8CI2O", seconds=1))
    assert len(alone.sightings()) == 1
    assert [row.plate for row in alone.reads()] == ["7ABC120", "7A8CI2O"]


def test_plates_that_differ_by_two_are_two_passes(alone: Patrol) -> None:
    alone.read(seen("7ABC123"), seen("7ABD124", seconds=1))
    assert len(alone.sightings()) == 2


def test_a_plate_one_off_elsewhere_in_the_picture_is_another_pass(alone: Patrol) -> None:
    alone.read(at_x("7ABC123", 0), at_x("7ABC124", 40, seconds=1))
    assert len(alone.sightings()) == 2


@pytest.mark.clause("422.4(f)")
def test_the_frames_of_a_track_vote_and_stay_the_evidence(patrol: Patrol) -> None:
    patrol.read(
        at_x({"plate": "7ABC124", "confidence": 0.6}, 0),
        at_x({"plate": "7ABC123", "confidence": 0.8}, 2, seconds=1),
        at_x({"plate": "7ABC123", "confidence": 0.9}, 4, seconds=2),
    )
    (sighting,) = patrol.sightings()
    assert (sighting.plate, sighting.confidence, sighting.n_reads) == ("7ABC123", 0.9, 3)
    assert sighting.plate_folded == "7A8C123"
    frames = patrol.reads()
    assert [row.plate for row in frames] == ["7ABC124", "7ABC123", "7ABC123"]
    assert patrol.members() == {sighting.sighting_id: [row.read_id for row in frames]}


def test_two_cars_whose_plates_are_one_off_in_one_picture_are_two_passes(patrol: Patrol) -> None:
    two = [{"plate": "7ABC123", "box": [0, 0, 20, 10]}, {"plate": "7ABC124", "box": [30, 0, 20, 10]}]
    patrol.read(seen(*two), seen(two[1] | {"box": [0, 0, 20, 10]}, seconds=2), seen(*two, seconds=3))
    assert passes(patrol) == [("7ABC123", 2), ("7ABC124", 3)]


def test_two_devices_never_share_a_pass(alone: Patrol) -> None:
    alone.read(seen("7ABC123"), seen("7ABC123", seconds=1, device="unit-12-rear"))
    assert [row.device_id for row in alone.sightings()] == ["unit-12-front", "unit-12-rear"]


def test_captures_dated_by_their_receipt_never_group(alone: Patrol) -> None:
    alone.read(seen("7ABC123", dated=False), seen("7ABC123", dated=False), day=alone.now.date())
    rows = alone.sightings()
    assert [(row.n_reads, row.dated_by_receipt) for row in rows] == [(1, True), (1, True)]
    alone.read(seen("7ABC123"), at=alone.now, day=alone.now.date())
    assert len(alone.sightings()) == 3


# ── votes ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("422.4(f)")
def test_the_spelling_with_the_most_confidence_together_wins(patrol: Patrol) -> None:
    patrol.read(
        seen({"plate": "7A8C123", "confidence": 0.95}),
        seen({"plate": "7ABC123", "confidence": 0.6}, seconds=1),
        seen({"plate": "7ABC123", "confidence": 0.7}, seconds=2),
    )
    (sighting,) = patrol.sightings()
    assert (sighting.plate, sighting.confidence, sighting.n_reads) == ("7ABC123", 0.7, 3)


def test_a_tie_is_decided_the_same_way_whatever_came_first(alone: Patrol) -> None:
    alone.read(seen("7ABC123"), seen("7A8C123", seconds=1), seen("8XYZ990", seconds=2), seen("8XYZ99O", seconds=3))
    assert [row.plate for row in alone.sightings()] == ["7A8C123", "8XYZ990"]


def test_frames_vote_by_their_candidates_too(patrol: Patrol) -> None:
    patrol.read(
        seen({"plate": "7ABC124", "confidence": 0.6, "candidates": [["7ABC123", 0.35]]}),
        seen({"plate": "7ABC123", "confidence": 0.5, "candidates": [["7ABC124", 0.1]]}, seconds=1),
    )
    (sighting,) = patrol.sightings()
    assert (sighting.plate, sighting.confidence) == ("7ABC123", 0.5)


@pytest.mark.clause("422.4(f)")
@pytest.mark.parametrize(
    ("frames", "sure"),
    [
        ([("7ABC123", 0.99)], True),
        ([("7ABC123", 0.79)], False),
        ([("7ABC123", 0.79), ("7ABC123", 0.79)], False),
        ([("7ABC123", 0.79), ("7ABC123", 0.8)], True),
        ([("7ABC123", 0.95), ("7A8C123", 0.3)], True),
        ([("7ABC123", 0.95), ("7A8C123", 0.85)], False),
        ([("7ABC123", 0.6), ("7ABC123", 0.6), ("7A8C123", 0.9)], False),
    ],
)
def test_a_pass_is_sure_when_a_sure_read_says_its_plate_and_none_another(
    alone: Patrol, frames: list[tuple[str, float]], sure: bool
) -> None:
    alone.read(*(seen({"plate": p, "confidence": c}, seconds=number) for number, (p, c) in enumerate(frames)))
    (sighting,) = alone.sightings()
    assert (sighting.plate, sighting.sure) == ("7ABC123", sure)
    alone.group()
    assert alone.sightings() == [sighting]


def test_a_candidate_that_no_frame_read_is_not_elected(alone: Patrol) -> None:
    alone.read(
        seen({"plate": "7ABC12", "confidence": 0.5, "candidates": [["7ABC1234", 0.45]]}),
        seen({"plate": "7ABC123", "confidence": 0.5, "candidates": [["7ABC1234", 0.45]]}, seconds=1),
    )
    assert passes(alone) == [("7ABC12", 2)]


def test_the_state_is_a_vote_of_the_reads_that_have_one(alone: Patrol) -> None:
    alone.read(
        seen({"plate": "7ABC123", "region": "nv", "region_confidence": 0.5}),
        seen({"plate": "7ABC123", "region": "ca", "region_confidence": 0.4}, seconds=1),
        seen({"plate": "7ABC123", "region": "ca", "region_confidence": 0.4}, seconds=2),
        seen("7ABC123", seconds=3),
    )
    assert [row.region for row in alone.sightings()] == ["ca"]


# ── late reads ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("422.5")
def test_a_late_read_joins_its_pass_which_keeps_its_id(patrol: Patrol) -> None:
    patrol.read(seen("7ABC123"))
    (before,) = patrol.sightings()
    patrol.read(seen("7ABC123", seconds=-5), seen("7ABC123", seconds=9))
    (after,) = patrol.sightings()
    assert (after.day, after.sighting_id) == (before.day, before.sighting_id)
    assert (after.n_reads, after.first_at, after.last_at) == (3, AT - timedelta(seconds=5), AT + timedelta(seconds=9))


def test_a_late_read_between_two_passes_joins_one_and_moves_no_other(alone: Patrol) -> None:
    alone.read(seen("7ABC123"), seen("7ABC123", seconds=16))
    before = alone.members()
    alone.read(seen("7ABC123", seconds=8))
    after = alone.members()
    assert set(after) == set(before)
    assert all(set(before[key]) <= set(after[key]) for key in before)
    assert sorted(map(len, after.values())) == [1, 2]


@pytest.mark.clause("422.5")
def test_a_late_misread_joins_the_track_it_lies_on(patrol: Patrol) -> None:
    patrol.read(at_x("7ABC123", 0), at_x("7ABC123", 5, seconds=4), at_x("7ABC123", 0, seconds=60))
    before = patrol.sightings()
    patrol.read(at_x({"plate": "7ABC12", "confidence": 0.5}, 4, seconds=3))
    assert passes(patrol) == [("7ABC123", 3), ("7ABC123", 1)]
    assert [row.sighting_id for row in patrol.sightings()] == [row.sighting_id for row in before]
    assert patrol.group() == 0


def test_late_plates_seen_beside_a_stored_one_in_its_picture_do_not_join_it(alone: Patrol) -> None:
    two = [{"plate": "7ABC123", "box": [0, 0, 20, 10]}, {"plate": "7ABC124", "box": [30, 0, 20, 10]}]
    alone.read(seen(*two))
    alone.read(seen(two[0], seconds=9), seen(two[0], seconds=11), seen(two[1] | {"box": [0, 0, 20, 10]}, seconds=12))
    assert passes(alone) == [("7ABC123", 3), ("7ABC124", 1), ("7ABC124", 1)]


def test_a_misread_over_midnight_joins_its_track(alone: Patrol) -> None:
    yesterday = MIDNIGHT.date() - timedelta(days=1)
    alone.land(at_x("7ABC123", 0, seconds=-1), at_x({"plate": "7ABC12", "confidence": 0.5}, 5, seconds=1), at=MIDNIGHT)
    for day in (yesterday, DAY):
        alone.recognise(day)
        alone.group(day)
    (sighting,) = alone.sightings()
    assert (sighting.day, sighting.plate, sighting.n_reads) == (yesterday, "7ABC123", 2)


def test_a_pass_over_midnight_stays_one_on_the_day_it_was_founded(patrol: Patrol) -> None:
    yesterday = MIDNIGHT.date() - timedelta(days=1)
    patrol.land(seen("7ABC123", seconds=-3), seen("7ABC123", seconds=3), at=MIDNIGHT)
    for day in (yesterday, DAY):
        patrol.recognise(day)
        patrol.group(day)
    (sighting,) = patrol.sightings()
    assert (sighting.day, sighting.n_reads) == (yesterday, 2)
    assert {row.sighting_day for row in patrol.rows(schema.sighting_read)} == {yesterday}


def test_a_pass_over_midnight_stays_one_when_its_first_half_comes_late(alone: Patrol) -> None:
    alone.read(seen("7ABC123", seconds=3), at=MIDNIGHT)
    alone.read(seen("7ABC123", seconds=-3), at=MIDNIGHT, day=MIDNIGHT.date() - timedelta(days=1))
    (sighting,) = alone.sightings()
    assert (sighting.day, sighting.n_reads, sighting.first_at) == (DAY, 2, MIDNIGHT - timedelta(seconds=3))


def test_a_pass_of_another_day_is_left_alone(alone: Patrol) -> None:
    alone.read(seen("7ABC123"))
    before = alone.sightings()
    earlier = AT - timedelta(days=200)
    alone.read(seen("7ABC123"), at=earlier, day=earlier.date())
    assert alone.sightings()[1:] == before


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["7ABC123", "7ABC124", "7ABC12", "8XYZ999"]),
            st.integers(0, 90),
            st.sampled_from([0, 5, 40]),
            st.sampled_from([0.5, 0.9]),
        ),
        min_size=1,
        max_size=12,
    ),
    st.integers(0, 12),
)
def test_every_read_is_in_exactly_one_pass_however_the_day_arrived(
    alone: Patrol, captures: list[tuple[str, int, int, float]], cut: int
) -> None:
    """Counts and times of each pass are those of its reads, and no pass holds a gap when the day came at once."""
    for table in (schema.sighting_read, schema.sighting, schema.read, schema.recognition, schema.capture_identity):
        _empty(alone, table)
    _empty(alone, schema.capture)
    for part in (captures[:cut], captures[cut:]):
        if part:
            alone.read(*(at_x({"plate": p, "confidence": c}, x, seconds=seconds) for p, seconds, x, c in part))
            assert alone.group() == 0
    reads = {row.read_id: row for row in alone.reads()}
    members = alone.members()
    assert sorted(read for group in members.values() for read in group) == sorted(reads)
    for sighting in alone.sightings():
        times = sorted(reads[read].captured_at for read in members[sighting.sighting_id])
        assert sighting.sighting_id in members[sighting.sighting_id]
        assert (sighting.n_reads, sighting.first_at, sighting.last_at) == (len(times), times[0], times[-1])
        spellings = {reads[read].plate_folded for read in members[sighting.sighting_id]}
        assert sighting.plate_folded in spellings
        assert all(within_one(one, other) for one in spellings for other in spellings)
        assert all(b - a <= timedelta(seconds=10) for a, b in pairwise(times))


def _empty(patrol: Patrol, table: object) -> None:
    with writing(patrol.store.engine) as connection:
        connection.execute(table.delete())


# ── a newer recogniser ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("422.5")
def test_a_newer_recognisers_reads_join_the_pass_which_stays_and_votes_anew(patrol: Patrol) -> None:
    patrol.read(seen("7ABC123"), seen("7ABC123", seconds=2))
    (before,) = patrol.sightings()
    patrol.recognise(newer=Relabelled({"7ABC123": ["7A8C123"]}))
    patrol.group()
    (after,) = patrol.sightings()
    assert (after.day, after.sighting_id) == (before.day, before.sighting_id)
    assert (after.plate, after.n_reads) == ("7A8C123", 2)
    assert len(patrol.members()[after.sighting_id]) == 4


def test_a_newer_recognisers_correction_in_the_same_place_votes_in_its_pass(patrol: Patrol) -> None:
    patrol.read(seen("7ABC123"))
    (before,) = patrol.sightings()
    patrol.recognise(newer=Relabelled({"7ABC123": ["7ABC124"]}))
    patrol.group()
    (after,) = patrol.sightings()
    assert (after.sighting_id, after.plate, after.n_reads) == (before.sighting_id, "7ABC124", 1)
    assert len(patrol.members()[after.sighting_id]) == 2


def test_a_newer_recognisers_other_plate_is_a_pass_of_its_own(alone: Patrol) -> None:
    alone.read(seen("7ABC123"))
    alone.recognise(newer=Relabelled({"7ABC123": ["7ABD124"]}))
    alone.group()
    assert sorted(row.plate for row in alone.sightings()) == ["7ABC123", "7ABD124"]
