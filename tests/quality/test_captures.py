from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import Engine

from alpr_assets.lifecycle.lookalikes import fold
from alpr_assets.policy import Policy
from alpr_assets.quality import suites
from alpr_assets.quality.bridge import evaluate
from alpr_assets.quality.suites import captures_frame, suite_captures
from alpr_assets.store import schema
from alpr_assets.store.cells import cell_of
from alpr_assets.store.engine import Store, reading
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
    run_good_day,
    twice,
)

CAPTURE = schema.capture
THIS = CAPTURE.c.capture_id == capture_id(1)


def changed(**values: object) -> object:
    return CAPTURE.update().where(THIS).values(values)


def renumbered(new_id: int) -> tuple[object, object]:
    """Another id for the first capture, known to its identity too."""
    identity = schema.capture_identity
    return changed(capture_id=new_id), identity.update().where(identity.c.capture_id == capture_id(1)).values(
        capture_id=new_id
    )


DEFECTS = {
    ("values_to_be_unique", "capture_id"): framed(twice, n_lost=-1),
    ("pair_values_to_be_equal", "id_day, row_day"): planted(*renumbered(capture_id(1) + (1 << 32))),
    ("values_to_be_between", "number"): planted(*renumbered(capture_id(0))),
    ("pair_values_a_to_be_greater_than_b", "n_issued, number"): planted(
        schema.capture_day.update().values(n_captures=5)
    ),
    ("pair_values_to_be_equal", "identity_capture_id, capture_id"): planted(
        schema.capture_identity.delete().where(schema.capture_identity.c.capture_id == capture_id(1))
    ),
    ("values_to_be_between", "into_day_s"): planted(changed(captured_at=AT - timedelta(hours=5))),
    ("values_to_be_between", "captured_s"): framed(lambda frame: first(frame, captured_s=0.0)),
    ("values_to_be_between", "landed_after_s"): planted(changed(landed_at=AT - timedelta(minutes=11))),
    ("values_to_be_in_set", "clock"): planted(changed(clock="guess")),
    ("values_to_match_regex", "image_sha256"): framed(lambda frame: first(frame, image_sha256="f" * 63 + "G")),
    ("values_to_be_between", "n_bytes"): planted(changed(n_bytes=0)),
    ("values_to_be_between", "width_px"): planted(changed(width_px=0)),
    ("values_to_be_between", "height_px"): planted(changed(height_px=-1)),
    ("values_to_match_regex", "media_type"): planted(changed(media_type="text/html")),
    ("values_to_be_in_set", "n_place_parts"): planted(changed(place_source=None)),
    ("values_to_be_between", "latitude_deg"): planted(changed(latitude_deg=51.5, cell=cell_of(51.5, -121.806))),
    ("values_to_be_between", "longitude_deg"): planted(changed(longitude_deg=float("inf"))),
    ("values_to_be_in_set", "place_source"): planted(changed(place_source="rumour")),
    ("pair_values_to_be_equal", "cell, cell_of_place"): planted(changed(cell=1)),
    ("values_to_be_between", "heading_deg"): planted(changed(heading_deg=360.5)),
}


@pytest.mark.parametrize("expectation", DEFECTS, ids="-".join)
def test_a_planted_defect_fails_its_expectation_and_no_other(
    expectation: tuple[str, str], good_day: Engine, policy: Policy
):
    defect: Defect = DEFECTS[expectation]
    verdict = judge(good_day, suite_captures(policy), lambda connection: captures_frame(connection, DAY), defect)
    assert_fails_exactly(verdict, expectation, defect)


def test_every_expectation_has_its_defect(policy: Policy):
    assert expectations_of(suite_captures(policy)) == set(DEFECTS)


def test_a_lost_capture_is_missed(good_day: Engine, policy: Policy):
    """Its identity is left, so that its image, sent again, would be taken for a duplicate."""
    lost = planted(CAPTURE.delete().where(THIS))
    verdict = judge(good_day, suite_captures(policy), lambda connection: captures_frame(connection, DAY), lost)
    assert not verdict.passed
    assert not verdict.failed
    assert (verdict.n_rows, verdict.n_expected_rows) == (5, 6)


def test_a_day_without_captures_passes(good_day: Engine, policy: Policy):
    with reading(good_day) as connection:
        verdict = evaluate(suite_captures(policy), *captures_frame(connection, date(2026, 1, 1)))
    assert verdict.passed
    assert verdict.n_rows == 0


def test_the_policy_says_what_is_inside_and_how_old_is_too_old(good_day: Engine, policy: Policy):
    area = policy.captures.area.model_copy(update={"north": 38.0})
    captures = policy.captures.model_copy(update={"area": area, "oldest": date(2026, 6, 16)})
    suite = suite_captures(policy.model_copy(update={"captures": captures}))
    with reading(good_day) as connection:
        verdict = evaluate(suite, *captures_frame(connection, DAY))
    assert {(failure.column, failure.n_unexpected) for failure in verdict.failed} == {
        ("latitude_deg", 5),
        ("captured_s", 6),
    }


@pytest.mark.clause("422.5")
def test_a_good_day_passes_on_both_databases(store: Store, tmp_path, policy: Policy):
    """All stages at once: the day is made once a database."""
    run_good_day(store, tmp_path, policy)
    with reading(store.engine) as connection:
        stages = [
            (suites.suite_captures(policy), suites.captures_frame(connection, DAY)),
            (suites.suite_reads(), suites.reads_frame(connection, DAY, fold=fold)),
            (suites.suite_hotlists(policy), suites.hotlists_frame(connection, fold=fold)),
            (suites.suite_matches(policy), suites.matches_frame(connection, DAY, fold=fold)),
        ]
    verdicts = {suite.name: evaluate(suite, *frame) for suite, frame in stages}
    assert {name: verdict.summary() for name, verdict in verdicts.items() if not verdict.passed} == {}
    assert {name: verdict.n_rows for name, verdict in verdicts.items()} == {
        "captures": 6,
        "reads": 6,
        "hotlists": 4,
        "matches": 3,
    }
