from __future__ import annotations

from datetime import date, timedelta
from functools import partial

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from alpr_assets.lifecycle.lookalikes import fold
from alpr_assets.lifecycle.matching import PlateIndex
from alpr_assets.policy import Policy
from alpr_assets.quality.bridge import evaluate
from alpr_assets.quality.matches import kind_of
from alpr_assets.quality.suites import matches_frame, suite_matches
from alpr_assets.store import schema
from alpr_assets.store.engine import reading
from tests.conftest import NOW
from tests.quality.days import (
    DAY,
    Defect,
    assert_fails_exactly,
    expectations_of,
    first,
    framed,
    judge,
    planted,
    twice,
)

HIT, READ, ENTRY, IMPORT = schema.hit, schema.read, schema.hotlist_entry, schema.hotlist_import
WATCH_OLD, OTHER_IMPORT, WATCH = 1, 2, 3  # imports, in the order of `run_good_day`
frame_of = partial(matches_frame, day=DAY, fold=fold)


def hit(kind: str, **values: object) -> object:
    return HIT.update().where(HIT.c.match_kind == kind).values(values)


def entry(**values: object) -> object:
    """Of the edit1 hit alone."""
    return ENTRY.update().where(ENTRY.c.plate == "7XYZ999").values(values)


def member(**values: object) -> object:
    table = schema.sighting_read
    return table.update().where(table.c.read_id == schema.numbered(DAY, 1)).values(values)


EXPLAINED = [{"position": 1, "read": "7", "listed": "1", "alike": False}]
KEY = "row_day, sighting_id, source, plate, state, list_type"

DEFECTS = {
    ("compound_columns_to_be_unique", KEY): framed(twice, n_lost=-1),
    ("values_to_be_in_set", "category"): planted(hit("exact", category="immigration")),
    ("values_to_be_between", "raised_after_s"): planted(hit("exact", raised_at=NOW - timedelta(hours=15))),
    ("values_to_be_between", "strengthened_after_s"): planted(
        hit("exact", strengthened_at=NOW - timedelta(seconds=1))
    ),
    ("values_to_be_in_set", "match_kind"): planted(
        hit("edit1", match_kind="hunch"), also=("match_kind, kind_of_spelling",)
    ),
    ("pair_values_to_be_equal", "match_kind, kind_of_spelling"): planted(
        hit("edit1", match_kind="exact", differences=[])
    ),
    ("values_to_be_in_set", "is_explained"): planted(hit("exact", differences=EXPLAINED)),
    ("values_to_be_in_set", "state_of_edit1"): planted(hit("edit1", state_agrees=False)),
    ("values_to_not_be_null", "confidence"): framed(lambda frame: first(frame, confidence=float("nan"))),
    ("values_to_be_between", "confidence"): planted(
        hit("exact", confidence=1.1), READ.update().where(READ.c.read_id == schema.numbered(DAY, 1)).values(confidence=1.1)
    ),
    ("values_to_not_be_null", "read_plate"): planted(READ.delete().where(READ.c.read_id == schema.numbered(DAY, 1))),
    ("pair_values_to_be_equal", "confidence, read_confidence"): planted(hit("exact", confidence=0.2)),
    ("pair_values_to_be_equal", "sure, read_sure"): planted(hit("exact", sure=False)),
    ("pair_values_to_be_equal", "captured_at_us, read_captured_at_us"): planted(
        hit("exact", captured_at=NOW - timedelta(hours=1))
    ),
    ("pair_values_to_be_equal", "version_id, read_version_id"): planted(hit("exact", version_id="another")),
    ("pair_values_to_be_equal", "sighting_of_read, sighting_id"): planted(
        member(sighting_id=schema.numbered(DAY, 3))
    ),
    ("pair_values_to_be_equal", "id_day, row_day"): planted(
        hit("exact", sighting_id=schema.numbered(DAY + timedelta(days=1), 1)),
        member(sighting_id=schema.numbered(DAY + timedelta(days=1), 1)),
        schema.sighting.update()
        .where(schema.sighting.c.sighting_id == schema.numbered(DAY, 1))
        .values(sighting_id=schema.numbered(DAY + timedelta(days=1), 1)),
    ),
    ("values_to_not_be_null", "n_reads"): planted(
        schema.sighting.delete().where(schema.sighting.c.sighting_id == schema.numbered(DAY, 1))
    ),
    ("pair_values_to_be_equal", "plate, entry_plate"): planted(entry(plate="7XYZ990")),
    ("pair_values_to_be_equal", "state, entry_state"): planted(entry(state="NV")),
    ("pair_values_to_be_equal", "list_type, entry_list_type"): planted(entry(list_type="stolen_vehicle")),
    ("pair_values_to_be_equal", "restricted, entry_restricted"): planted(entry(restricted=True)),
    ("values_to_be_in_set", "import_accepted"): planted(
        IMPORT.update().where(IMPORT.c.import_id == WATCH).values(accepted=False)
    ),
    ("pair_values_to_be_equal", "import_list_id, entry_list_id"): planted(hit("exact", import_id=OTHER_IMPORT)),
    ("pair_values_to_be_equal", "list_source, source"): planted(hit("exact", source="federal")),
    ("pair_values_a_to_be_greater_than_b", "import_id, from_import_id"): planted(
        entry(from_import_id=WATCH), hit("edit1", import_id=WATCH_OLD)
    ),
    ("pair_values_a_to_be_greater_than_b", "to_import_id, import_id"): planted(entry(to_import_id=WATCH)),
}  # fmt: skip


@pytest.mark.parametrize("expectation", DEFECTS, ids="-".join)
def test_a_planted_defect_fails_its_expectation_and_no_other(
    expectation: tuple[str, str], good_day: Engine, policy: Policy
):
    defect: Defect = DEFECTS[expectation]
    assert_fails_exactly(judge(good_day, suite_matches(policy), frame_of, defect), expectation, defect)


def test_every_expectation_has_its_defect(policy: Policy):
    assert expectations_of(suite_matches(policy)) == set(DEFECTS)


def test_a_clock_that_is_ahead_within_the_tolerance_is_no_defect(good_day: Engine, policy: Policy):
    """The capture may be dated after the moment at which its hit was raised."""
    seen = NOW.replace(hour=4, minute=0)
    ahead = planted(hit("exact", raised_at=seen - timedelta(minutes=9)))
    assert judge(good_day, suite_matches(policy), frame_of, ahead).passed


@pytest.mark.parametrize("differences", [[], {"position": 1}], ids=["none", "no list"])
def test_a_match_that_is_not_exact_must_show_its_differences(differences, good_day: Engine, policy: Policy):
    verdict = judge(good_day, suite_matches(policy), frame_of, planted(hit("folded", differences=differences)))
    assert {failure.column for failure in verdict.failed} == {"is_explained"}


def test_a_day_without_hits_passes(good_day: Engine, policy: Policy):
    with reading(good_day) as connection:
        verdict = evaluate(suite_matches(policy), *matches_frame(connection, date(2026, 1, 1), fold=fold))
    assert verdict.passed
    assert verdict.n_rows == 0


plates = st.text("0OQ1IAB8", min_size=5, max_size=7)


@given(plates, st.data())
def test_kinds_agree_with_the_index_that_raises_hits(listed: str, data: st.DataObject):
    """Two ways to the same answer: hashes of deletions there, the plates side by side here."""
    at = data.draw(st.integers(0, len(listed)))
    near = [listed[:at] + listed[at + 1 :], listed[:at] + "1" + listed[at:], listed[:at] + "Q" + listed[at + 1 :]]
    read = data.draw(st.sampled_from([*near, listed, near[0] + "A"]) | plates)
    entries = pd.DataFrame({"entry_id": [1], "plate": [listed], "state": [""]})
    reads = pd.DataFrame({"read_id": [1], "plate": [read], "region": [None]})
    found = PlateIndex.build(entries, edit1_min_length=1).match(reads)["kind"].tolist()
    assert [kind_of(read, listed, fold)] == (found or ["none"])
