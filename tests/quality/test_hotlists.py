from __future__ import annotations

from functools import partial

import pytest
from sqlalchemy import Engine

from alpr_assets.lifecycle.lookalikes import fold
from alpr_assets.policy import Policy
from alpr_assets.quality.suites import hotlists_frame, suite_hotlists
from alpr_assets.store import schema
from tests.quality.days import Defect, assert_fails_exactly, expectations_of, judge, planted

ENTRY, IMPORT, LIST = schema.hotlist_entry, schema.hotlist_import, schema.hotlist
WATCH_OLD, OTHER_IMPORT, WATCH = 1, 2, 3  # imports, in the order of `run_good_day`; 4 was refused
frame_of = partial(hotlists_frame, fold=fold)


def entry(**values: object) -> object:
    return ENTRY.update().where(ENTRY.c.plate == "7ABC123").values(values)


def imported(import_id: int, **values: object) -> object:
    return IMPORT.update().where(IMPORT.c.import_id == import_id).values(values)


def listed(name: str, **values: object) -> object:
    return LIST.update().where(LIST.c.name == name).values(values)


NOT_A_PLATE = "7ABC-12"
NEW = {
    "plate": "8AAA888", "plate_folded": fold("8AAA888"), "state": "", "list_type": "x", "restricted": False,
    "category": "stolen_vehicle", "details": {}, "digest": "0" * 64, "list_id": 1, "from_import_id": WATCH,
}  # fmt: skip
RECEIPT = {"n_entries": 3, "n_quarantined": 0, "skipped": {"header": 1}}

DEFECTS = {
    ("values_to_not_be_null", "entry_id"): planted(
        ENTRY.delete().where(ENTRY.c.plate == "9OTH999"), also=("n_in_force, n_entries",)
    ),
    ("values_to_match_regex", "plate"): planted(entry(plate=NOT_A_PLATE, plate_folded=fold(NOT_A_PLATE))),
    ("pair_values_to_be_equal", "plate_folded, fold_of_plate"): planted(entry(plate_folded="7ABC123")),
    ("values_to_match_regex", "state"): planted(entry(state="ca")),
    ("values_to_be_in_set", "category"): planted(entry(category="immigration")),
    ("values_to_not_be_in_set", "list_type"): planted(entry(list_type="immigration_violator")),
    ("values_to_match_regex", "digest"): planted(entry(digest="none")),
    ("compound_columns_to_be_unique", "list_id, digest"): planted(
        ENTRY.update().where(ENTRY.c.list_id == 1, ENTRY.c.to_import_id.is_(None)).values(digest="0" * 64)
    ),
    ("values_to_not_be_null", "current_import_id"): planted(listed("other", current_import_id=None), n_lost=-1),
    ("values_to_be_in_set", "current_accepted"): planted(imported(WATCH, accepted=False), also=("from_accepted",)),
    ("pair_values_to_be_equal", "current_list_id, list_id"): planted(
        listed("watch", current_import_id=OTHER_IMPORT),
        imported(OTHER_IMPORT, n_entries=3, n_lines=4, receipt=RECEIPT),
        also=("n_in_force, n_entries", "current_import_id, from_import_id"),
        n_lost=2,
    ),
    ("values_to_be_in_set", "from_accepted"): planted(imported(WATCH_OLD, accepted=False)),
    ("pair_values_to_be_equal", "from_list_id, list_id"): planted(imported(WATCH_OLD, list_id=2)),
    ("pair_values_a_to_be_greater_than_b", "current_import_id, from_import_id"): planted(
        listed("watch", current_import_id=WATCH_OLD)
    ),
    ("pair_values_to_be_equal", "n_lines, n_accounted"): planted(imported(WATCH, n_lines=9)),
    ("pair_values_to_be_equal", "n_entries, n_receipted"): planted(
        imported(WATCH, receipt={**RECEIPT, "n_entries": 4}, n_lines=5)
    ),
    ("pair_values_to_be_equal", "n_in_force, n_entries"): planted(ENTRY.insert().values(NEW), n_lost=-1),
}


@pytest.mark.clause("422.4(f)")
@pytest.mark.parametrize("expectation", DEFECTS, ids="-".join)
def test_a_planted_defect_fails_its_expectation_and_no_other(
    expectation: tuple[str, str], good_day: Engine, policy: Policy
):
    defect: Defect = DEFECTS[expectation]
    assert_fails_exactly(judge(good_day, suite_hotlists(policy), frame_of, defect), expectation, defect)


def test_every_expectation_has_its_defect(policy: Policy):
    assert expectations_of(suite_hotlists(policy)) == set(DEFECTS)


def test_the_first_list_type_of_a_department_that_may_hold_immigration_entries(good_day: Engine, policy: Policy):
    """The policy decides, not the suite."""
    hotlists = policy.hotlists.model_copy(update={"import_immigration": True})
    suite = suite_hotlists(policy.model_copy(update={"hotlists": hotlists}))
    assert judge(good_day, suite, frame_of, planted(entry(list_type="immigration_violator"))).passed


def test_a_receipt_without_its_counts_does_not_balance(good_day: Engine, policy: Policy):
    verdict = judge(good_day, suite_hotlists(policy), frame_of, planted(imported(WATCH, receipt={})))
    assert {failure.column for failure in verdict.failed} == {"n_lines, n_accounted", "n_entries, n_receipted"}


def test_a_store_without_lists_passes(good_day: Engine, policy: Policy):
    nothing = planted(*(table.delete() for table in (schema.hit, ENTRY, IMPORT, LIST)))
    verdict = judge(good_day, suite_hotlists(policy), frame_of, nothing)
    assert verdict.passed
    assert verdict.n_rows == 0
