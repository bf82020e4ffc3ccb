from __future__ import annotations

from datetime import date, timedelta
from functools import partial

import pytest
from sqlalchemy import Engine

from alpr_assets.lifecycle.lookalikes import fold
from alpr_assets.quality.bridge import evaluate
from alpr_assets.quality.suites import reads_frame, suite_reads
from alpr_assets.store import schema
from alpr_assets.store.engine import reading
from tests.quality.days import (
    AT,
    DAY,
    Defect,
    assert_fails_exactly,
    capture_id,
    expectations_of,
    first,
    framed,
    judge,
    planted,
    twice,
)

READ = schema.read
PLATE = schema.plate
FIRST = schema.numbered(DAY, 1)
frame_of = partial(reads_frame, day=DAY, fold=fold)


def changed(**values: object) -> object:
    return READ.update().where(READ.c.read_id == FIRST).values(values)


def of_first_capture(table, **values: object) -> object:
    return table.update().where(table.c.capture_id == capture_id(1)).values(values)


SPELLED = [[character, 0.9] for character in "7ABC123"]
NOT_A_PLATE = "7ABC-12"

DEFECTS = {
    ("values_to_be_unique", "read_id"): framed(lambda frame: first(twice(frame), box_x=5), n_lost=-1),
    ("pair_values_to_be_equal", "id_day, row_day"): planted(changed(read_id=FIRST + (1 << 32))),
    ("values_to_be_between", "number"): planted(changed(read_id=schema.numbered(DAY, 0))),
    ("pair_values_a_to_be_greater_than_b", "n_issued, number"): planted(schema.capture_day.update().values(n_reads=5)),
    ("compound_columns_to_be_unique", "capture_id, version_id, box_x, box_y, box_width, box_height"): framed(
        lambda frame: first(twice(frame), read_id=FIRST + 9), n_lost=-1
    ),
    ("pair_values_to_be_equal", "n_reads_of_picture, n_plates"): planted(
        of_first_capture(schema.recognition, n_plates=2), n_lost=1
    ),
    ("values_to_match_regex", "plate"): planted(
        changed(
            plate=NOT_A_PLATE,
            plate_folded=fold(NOT_A_PLATE),
            characters=[[character, 0.9] for character in NOT_A_PLATE],
            candidates=[[NOT_A_PLATE, 0.9]],
        ),
        PLATE.insert().values(
            plate=NOT_A_PLATE, plate_folded=fold(NOT_A_PLATE), first_day=DAY, last_day=DAY, n_reads=1
        ),
        also=("n_bad_candidates",),
    ),
    ("pair_values_to_be_equal", "plate_folded, fold_of_plate"): planted(
        READ.update().where(READ.c.plate == "7ABC123").values(plate_folded="7ABC123"),
        PLATE.update().where(PLATE.c.plate == "7ABC123").values(plate_folded="7ABC123"),
    ),
    ("pair_values_to_be_equal", "dictionary_folded, plate_folded"): planted(
        PLATE.delete().where(PLATE.c.plate == "7A8C123")
    ),
    ("values_to_be_in_set", "in_dictionary_days"): planted(PLATE.update().values(first_day=DAY + timedelta(days=1))),
    ("values_to_not_be_null", "confidence"): framed(lambda frame: first(frame, confidence=float("nan"))),
    ("values_to_be_between", "confidence"): planted(changed(confidence=1.5)),
    ("values_to_be_between", "confidence_if_sure"): planted(changed(confidence=0.49, sure=True)),
    ("pair_values_to_be_equal", "spelled, plate"): planted(changed(characters=SPELLED[:-1])),
    ("values_to_be_in_set", "n_bad_characters"): planted(changed(characters=[["7", 90], *SPELLED[1:]])),
    ("values_to_be_in_set", "n_bad_candidates"): planted(
        changed(candidates=[["7ABC123", 0.9], ["7ABC123\n", 0.1], ["7ABC128", -0.1]])
    ),
    ("values_to_be_in_set", "plate_is_candidate"): planted(changed(candidates=[["7ABC128", 0.9]])),
    ("values_to_match_regex", "region"): planted(changed(region="Calif")),
    ("values_to_be_between", "region_confidence"): planted(changed(region_confidence=-0.01)),
    ("values_to_not_be_null", "width_px"): planted(
        schema.capture.delete().where(schema.capture.c.capture_id == capture_id(1))
    ),
    ("values_to_be_between", "box_x"): planted(changed(box_x=-1)),
    ("values_to_be_between", "box_y"): planted(changed(box_y=-1)),
    ("values_to_be_between", "box_width"): planted(changed(box_width=0)),
    ("values_to_be_between", "box_height"): planted(changed(box_height=0)),
    ("pair_values_a_to_be_greater_than_b", "width_px, box_right"): planted(changed(box_width=61)),
    ("pair_values_a_to_be_greater_than_b", "height_px, box_bottom"): planted(changed(box_height=47)),
    ("values_to_be_in_set", "n_corners"): planted(changed(quad=[[0, 0], [1, 1]])),
    ("pair_values_to_be_equal", "captured_at_us, capture_captured_at_us"): planted(
        changed(captured_at=AT + timedelta(microseconds=1))
    ),
    ("pair_values_to_be_equal", "device_id, capture_device_id"): planted(changed(device_id="unit-99")),
    ("values_to_be_in_set", "same_place"): planted(changed(latitude_deg=None)),
    ("values_to_be_in_set", "capture_has_version"): planted(of_first_capture(schema.capture, current_version=None)),
}


@pytest.mark.parametrize("expectation", DEFECTS, ids="-".join)
def test_a_planted_defect_fails_its_expectation_and_no_other(expectation: tuple[str, str], good_day: Engine):
    defect: Defect = DEFECTS[expectation]
    assert_fails_exactly(judge(good_day, suite_reads(), frame_of, defect), expectation, defect)


def test_every_expectation_has_its_defect():
    assert expectations_of(suite_reads()) == set(DEFECTS)


def test_lost_reads_are_missed_even_if_none_of_the_picture_is_left(good_day: Engine):
    verdict = judge(good_day, suite_reads(), frame_of, planted(READ.delete().where(READ.c.read_id == FIRST)))
    assert not verdict.passed
    assert (verdict.failed, verdict.n_rows, verdict.n_expected_rows) == ((), 5, 6)


def test_a_box_may_touch_the_edges(good_day: Engine):
    touching = planted(changed(box_x=0, box_y=0, box_width=64, box_height=48))
    assert judge(good_day, suite_reads(), frame_of, touching).passed


def test_lists_that_are_none_fail_all_that_is_asked_of_them(good_day: Engine):
    verdict = judge(good_day, suite_reads(), frame_of, planted(changed(characters=[7], candidates={"a": 1}, quad=[])))
    asked = {"spelled, plate", "n_bad_characters", "n_bad_candidates", "plate_is_candidate", "n_corners"}
    assert {failure.column for failure in verdict.failed} == asked


def test_a_line_end_behind_a_plate_is_noticed(good_day: Engine):
    """`$` alone would let it pass, and no list would match the plate."""
    verdict = judge(good_day, suite_reads(), frame_of, planted(changed(plate="7ABC123\n")))
    assert "plate" in {failure.column for failure in verdict.failed}


def test_a_day_without_reads_passes(good_day: Engine):
    with reading(good_day) as connection:
        verdict = evaluate(suite_reads(), *reads_frame(connection, date(2026, 1, 1), fold=fold))
    assert verdict.passed
    assert verdict.n_rows == 0
