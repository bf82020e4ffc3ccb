"""A misread frame joins its vehicle's pass by its track; two vehicles never share one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpr_assets.lifecycle.edits import within_one
from alpr_assets.lifecycle.recognition.passes import SURE, Look, Pass, Passes, continues, overlaps

AT = datetime(2026, 6, 15, 4, 0, tzinfo=UTC)
GAP = timedelta(seconds=10)
TRUE, MISREAD, OTHER = "7ABC123", "7ABC124", "7ABD124"  # one edit from the one before each


def look(plate: str, seconds: float = 0, *, x: int = 100, capture: int | None = None, **more: Any) -> Look:
    """A read in a picture of its own, 100 × 40 pixels at (x, 300)."""
    given_: dict[str, Any] = {
        "device_id": "front", "version_id": "v", "confidence": 0.95, "y": 300, "width": 100, "height": 40, **more
    }  # fmt: skip
    return Look(
        at=AT + timedelta(seconds=seconds),
        capture_id=round(seconds * 1000) if capture is None else capture,
        plate_folded=plate,
        x=x,
        **given_,
    )


def grouped(*looks: Look, gap: timedelta = GAP) -> list[list[Look]]:
    """Reads by pass, gathered in the order of time."""
    passes, members = Passes(gap), {}
    passes.apart(looks)
    for number, read in enumerate(sorted(looks, key=lambda one: one.at)):
        passed = passes.find(read) or Pass(AT.date(), number, read.at, read.at)
        passes.add(passed, read)
        members.setdefault(passed.sighting_id, []).append(read)
    return list(members.values())


def n_passes(*looks: Look) -> int:
    return len(grouped(*looks))


# ── the track ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_read_one_edit_off_joins_where_the_track_goes_on() -> None:
    assert n_passes(look(TRUE), look(MISREAD, 1, x=130), look(TRUE, 2, x=160)) == 1


@pytest.mark.parametrize("wrong", ["7ABC12", "ABC123", "7ABCL123", "7ABC173"])
def test_an_edit_may_lose_add_or_replace_a_character(wrong: str) -> None:
    assert n_passes(look(TRUE), look(wrong, 1)) == 1


@pytest.mark.parametrize(
    "other",
    [
        look(MISREAD, 1, x=400),
        look(MISREAD, 1, y=600),
        look(MISREAD, 4),
        look(MISREAD, 1, width=200, height=80),
        look(MISREAD, 1, width=50, height=20),
        look(MISREAD, 1, device_id="rear"),
        look(OTHER, 1),
        look("7ABC1", 1),
    ],
    ids=["aside", "below", "late", "much larger", "much smaller", "other device", "two edits", "two fewer"],
)
def test_a_read_off_the_track_or_too_different_is_a_pass_of_its_own(other: Look) -> None:
    assert n_passes(look(TRUE), other) == 2


def test_a_misread_first_frame_takes_in_the_true_ones() -> None:
    assert n_passes(look(MISREAD, confidence=0.6), look(TRUE, 1), look(TRUE, 2)) == 1


def test_a_frame_without_the_plate_does_not_end_the_track() -> None:
    assert n_passes(look(TRUE), look("8XYZ999", 1, x=600), look(MISREAD, 2)) == 2


def test_a_track_is_no_longer_than_the_policys_pass() -> None:
    assert len(grouped(look(TRUE), look(MISREAD, 2), gap=timedelta(seconds=1))) == 2


# ── two vehicles ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_two_cars_one_after_another_at_one_place_stay_two() -> None:
    assert n_passes(look(TRUE), look(TRUE, 0.5), look("8XYZ999", 2), look("8XYZ999", 2.5)) == 2


def test_a_misread_between_two_cars_does_not_join_them() -> None:
    """MISREAD is one edit from both; both are sure, and two edits apart."""
    passes = grouped(look(TRUE), look(MISREAD, 1, confidence=0.99), look(OTHER, 2))
    assert [{read.plate_folded for read in reads} for reads in passes] == [{TRUE, MISREAD}, {OTHER}]


def test_unsure_spellings_two_edits_apart_meet_around_the_one_between() -> None:
    one, other = look("7ABC124", 2, confidence=0.5), look("7ABD123", 3, confidence=0.5)
    assert n_passes(look(TRUE), look(TRUE, 1), one, other) == 1
    assert n_passes(look(TRUE), look(TRUE, 1), one, other._replace(confidence=SURE)) == 2


def test_a_spelling_that_turns_out_sure_leaves_the_unsure_company_it_was_in() -> None:
    one, other = look("7ABC124", 2, confidence=0.5), look("7ABD123", 3, confidence=0.5)
    assert n_passes(look(TRUE), look(TRUE, 1), one, other, look("7ABC124", 4)) == 2


def test_plates_sure_in_one_picture_are_two_vehicles_in_every_other_too() -> None:
    both = (look(TRUE, 2, capture=9), look(MISREAD, 2, x=600, capture=9))
    assert n_passes(look(TRUE), look(MISREAD, 1)) == 1
    assert n_passes(look(TRUE), look(MISREAD, 1), *both) == 2


def test_they_are_two_vehicles_around_an_unsure_spelling_between_them_too() -> None:
    """TRUE and OTHER are two edits apart: without that picture they would meet around MISREAD."""
    met = (look(MISREAD), look(TRUE, 1, confidence=0.4), look(OTHER, 2, confidence=0.4), look(MISREAD, 3))
    both = (look(TRUE, 9, capture=9), look(OTHER, 9, x=600, capture=9))
    assert {TRUE, OTHER} <= {read.plate_folded for read in grouped(*met)[0]}
    assert not any({TRUE, OTHER} <= {read.plate_folded for read in reads} for reads in grouped(*met, *both))


def test_an_unsure_second_reading_in_one_picture_is_no_proof_but_stays_apart() -> None:
    both = (look(TRUE, 1, capture=9), look(MISREAD, 1, x=110, capture=9, confidence=0.4))
    assert n_passes(look(TRUE), *both) == 2


def test_two_spellings_in_one_picture_are_never_one_pass_whatever_joined_before() -> None:
    both = (look(TRUE, 2, capture=9, confidence=0.5), look(MISREAD, 2, x=400, capture=9, confidence=0.5))
    passes = grouped(look(TRUE), look(MISREAD, 1, confidence=0.5), *both)
    assert [len(reads) for reads in passes] == [3, 1]


def test_another_vehicle_in_between_ends_the_track() -> None:
    assert n_passes(look(TRUE), look("8XYZ999", 1), look(MISREAD, 2)) == 3


def test_an_unsure_wild_misread_in_between_does_not() -> None:
    assert n_passes(look(TRUE), look("8XYZ999", 1, confidence=0.4), look(MISREAD, 2)) == 2


# ── what was grouped before ────────────────────────────────────────────────────────────────────────────────────────


def test_a_late_read_joins_by_the_track_on_either_side() -> None:
    passes, late = Passes(GAP), look(MISREAD, 5)
    known = Pass(AT.date(), 1, AT, AT + timedelta(seconds=6))
    for read in (look(TRUE), look(TRUE, 6)):
        passes.add(known, read)
    assert passes.find(late) is known


def test_a_newer_version_in_the_very_same_place_joins_though_the_old_read_is_not_searched() -> None:
    passes, known = Passes(GAP), Pass(AT.date(), 1, AT, AT)
    passes.add(known, look(TRUE, current=False))
    taller = {"version_id": "w", "height": 80, "y": 280}
    assert passes.find(look(MISREAD, **taller)) is known
    assert passes.find(look(MISREAD, x=250, **taller)) is None
    assert passes.find(look(OTHER, **taller)) is None


def test_superseded_reads_of_other_pictures_are_no_track() -> None:
    passes = Passes(GAP)
    passes.add(Pass(AT.date(), 1, AT, AT), look(TRUE, current=False))
    assert passes.find(look(MISREAD, 1, version_id="w")) is None


# ── properties ─────────────────────────────────────────────────────────────────────────────────────────────────────

reads = st.builds(
    look,
    st.sampled_from([TRUE, MISREAD, OTHER, "7ABC12", "8XYZ999"]),
    st.integers(0, 12),
    x=st.sampled_from([100, 140, 400]),
    confidence=st.sampled_from([0.4, 0.7, SURE, 0.99]),
    device_id=st.sampled_from(["front", "rear"]),
)


@given(st.lists(reads, max_size=14))
def test_a_pass_is_of_one_device_one_spelling_a_picture_and_no_sure_spelling_two_edits_from_another(
    looks: list[Look],
) -> None:
    # A capture is one device's: its id says so.
    looks = [read._replace(capture_id=read.capture_id * 2 + (read.device_id == "rear")) for read in looks]
    passes = grouped(*looks)
    assert sorted(read for members in passes for read in members) == sorted(looks)
    sure = [read for read in looks if read.confidence >= SURE]
    together = {
        (a.device_id, a.plate_folded, b.plate_folded)
        for a in sure
        for b in sure
        if a.capture_id == b.capture_id and a.plate_folded != b.plate_folded
    }
    for members in passes:
        assert len({read.device_id for read in members}) == 1
        for one, other in combinations(members, 2):
            if one.plate_folded == other.plate_folded:
                continue
            assert one.capture_id != other.capture_id
            assert (one.device_id, one.plate_folded, other.plate_folded) not in together
            assert within_one(one.plate_folded, other.plate_folded) or max(one.confidence, other.confidence) < SURE


@given(reads, reads)
def test_whether_two_boxes_go_together_does_not_depend_on_which_is_asked(one: Look, other: Look) -> None:
    assert continues(one, other) == continues(other, one)
    assert overlaps(one, other) == overlaps(other, one)
