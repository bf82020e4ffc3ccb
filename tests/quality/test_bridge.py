from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import weakref
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest
from dagster import DagsterInstance
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from alpr_assets.lifecycle.lookalikes import fold
from alpr_assets.policy import Policy
from alpr_assets.quality import suites
from alpr_assets.quality.bridge import Failure, Verdict, evaluate, to_check_result
from alpr_assets.quality.quiet import great_expectations
from alpr_assets.settings import ROOT
from alpr_assets.store import schema
from tests.quality.days import AT, DAY, OTHER, PLATES, RENEWED, WATCH, judge, planted

PLATE = "7ABC123"


def suite_of(*expectations: Any) -> Any:
    return great_expectations().ExpectationSuite(name="test", expectations=list(expectations))


def three_letters(column: str = "plate", **more: Any) -> Any:
    return great_expectations().expectations.ExpectColumnValuesToMatchRegex(
        column=column, regex=r"\A[A-Z]{3}\Z", **more
    )


def is_probability(column: str = "confidence") -> Any:
    return great_expectations().expectations.ExpectColumnValuesToBeBetween(column=column, min_value=0, max_value=1)


def frame_of(*plates: str) -> pd.DataFrame:
    return pd.DataFrame({"plate": list(plates), "confidence": 0.5})


def all_that_leaves(verdict: Verdict) -> str:
    """The verdict and the check result, in every form in which they are stored or shown."""
    result = to_check_result(verdict, asset_key=dg.AssetKey("reads"), check_name="sound")
    values = [value.value for value in result.metadata.values()]
    return "\n".join(
        [repr(verdict), verdict.summary(), repr(result), repr(values), dg.serialize_value(result.metadata)]
    )


# ── what passes ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_frame_that_is_as_expected_passes():
    verdict = evaluate(suite_of(three_letters(), is_probability()), frame_of("ABC", "XYZ"), 2)
    assert verdict == Verdict(n_rows=2, n_expected_rows=2, n_expectations=2)
    assert verdict.passed
    assert verdict.summary() == "2 rows, 0 of 2 expectations failed"


def test_no_rows_pass_where_none_are_expected():
    assert evaluate(suite_of(three_letters()), frame_of("ABC").iloc[:0], 0).passed


# ── what fails ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_empty_suite_fails():
    """By itself, Great Expectations calls it a success."""
    verdict = evaluate(suite_of(), frame_of("ABC"), 1)
    assert not verdict.passed
    assert verdict.summary() == "the suite is empty: nothing was checked"


@pytest.mark.parametrize(("rows", "expected"), [(0, 1), (1, 2), (2, 1), (2, 0)])
def test_another_number_of_rows_than_expected_fails(rows: int, expected: int):
    verdict = evaluate(suite_of(three_letters()), frame_of("ABC", "XYZ").iloc[:rows], expected)
    assert not verdict.passed
    assert not verdict.failed
    assert verdict.summary() == f"{rows} rows, expected {expected}; 0 of 1 expectations failed"


def test_a_failure_names_expectation_column_count_and_meaning():
    verdict = evaluate(suite_of(three_letters(description="three letters"), is_probability()), frame_of("A", "XYZ"), 2)
    assert verdict.failed == (Failure("expect_column_values_to_match_regex", "plate", 1, "three letters"),)
    assert not verdict.passed


def test_a_missing_column_fails_and_says_so():
    verdict = evaluate(suite_of(three_letters("nowhere"), is_probability()), frame_of(PLATE), 1)
    assert verdict.failed == (Failure("expect_column_values_to_match_regex", "nowhere", None),)
    assert not verdict.passed
    table = to_check_result(verdict).metadata["failed"].value
    assert "| expect_column_values_to_match_regex | nowhere | could not be evaluated |" in table


def test_values_that_cannot_be_compared_fail():
    verdict = evaluate(suite_of(is_probability("plate")), frame_of(PLATE), 1)
    assert [(failure.column, failure.n_unexpected) for failure in verdict.failed] == [("plate", None)]
    assert PLATE not in all_that_leaves(verdict)


def test_an_exception_of_the_whole_suite_fails_and_names_only_its_type():
    verdict = evaluate(suite_of(three_letters()), [PLATE], 1)  # type: ignore[arg-type] # what GE refuses outright
    assert not verdict.passed
    assert verdict.summary().startswith("the suite could not be evaluated: ")
    assert PLATE not in all_that_leaves(verdict)


# ── what leaves ────────────────────────────────────────────────────────────────────────────────────────────────────


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text("ABCDEFGHJKLMNPRSTUVWXYZ0123456789|\n", min_size=5, max_size=9), min_size=1, max_size=4))
@example([PLATE])
@example(["8|<b>|8"])
def test_no_plate_leaves_the_frame(capfd, caplog, plates: list[str]):
    """Not in the verdict, the check result, a log or the terminal, whatever goes wrong."""
    caplog.set_level("DEBUG")
    frame = pd.DataFrame({"plate": plates, "folded": [plate[::-1] + "#" for plate in plates], "n": 2})
    ge = great_expectations().expectations
    suite = suite_of(
        three_letters(),
        ge.ExpectColumnValuesToBeInSet(column="plate", value_set=["none"]),
        ge.ExpectColumnPairValuesToBeEqual(column_A="plate", column_B="folded"),
        ge.ExpectCompoundColumnsToBeUnique(column_list=["plate", "folded"]),
        ge.ExpectColumnMaxToBeBetween(column="plate", max_value="0"),
        is_probability("plate"),
        is_probability("n"),
        three_letters("nowhere"),
    )
    verdict = evaluate(suite, pd.concat([frame, frame]), len(plates))
    assert len(verdict.failed) == 8
    shown = capfd.readouterr()
    leaving = all_that_leaves(verdict) + caplog.text + shown.out + shown.err
    assert [plate for plate in plates if plate in leaving or repr(plate)[1:-1] in leaving] == []


def test_metadata_are_counts_and_one_table():
    result = to_check_result(
        evaluate(suite_of(three_letters()), frame_of(PLATE), 1),
        asset_key=dg.AssetKey("plate_reads"),
        check_name="reads_are_sound",
        severity=dg.AssetCheckSeverity.WARN,
    )
    assert (result.asset_key, result.check_name) == (dg.AssetKey("plate_reads"), "reads_are_sound")
    assert (result.passed, result.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert {key: value.value for key, value in result.metadata.items()} == {
        "rows": 1,
        "expected rows": 1,
        "expectations": 1,
        "failed expectations": 1,
        "failed": (
            "| meaning | expectation | column | unexpected rows |\n"
            "| --- | --- | --- | --- |\n"
            "|  | expect_column_values_to_match_regex | plate | 1 |"
        ),
    }


@pytest.mark.clause("422.5")
def test_no_plate_of_a_day_gone_wrong_leaves_any_suite(good_day: Engine, policy: Policy, capfd, caplog):
    """Every string that is a plate in the good day is searched in all that the checks keep."""
    caplog.set_level("DEBUG")
    wrong = planted(
        schema.read.update().values(plate_folded="WRONG", confidence=7, captured_at=AT - timedelta(days=1)),
        schema.hotlist_entry.update().values(plate_folded="WRONG", state="x", category="none", digest="none"),
        schema.hit.update().values(match_kind="none", category="none", confidence=7, state="x"),
        schema.capture.update().values(clock="none", place_source="none", cell=1, image_sha256="none"),
        schema.plate.delete(),
    )
    day = {"day": DAY, "fold": fold}
    verdicts = [
        judge(good_day, suites.suite_captures(policy), partial(suites.captures_frame, day=DAY), wrong),
        judge(good_day, suites.suite_reads(), partial(suites.reads_frame, **day), wrong),
        judge(good_day, suites.suite_hotlists(policy), partial(suites.hotlists_frame, fold=fold), wrong),
        judge(good_day, suites.suite_matches(policy), partial(suites.matches_frame, **day), wrong),
    ]
    assert all(len(verdict.failed) >= 4 for verdict in verdicts)
    shown = capfd.readouterr()
    leaving = "\n".join([*map(all_that_leaves, verdicts), caplog.text, shown.out, shown.err])
    listed = [line.split(",")[0] for raw in (WATCH, RENEWED, OTHER) for line in raw.decode().splitlines()[1:]]
    plates = {*listed, *(plate for found in PLATES.values() for plate in found), "1CAN111"}
    assert {name for plate in plates for name in (plate, fold(plate)) if name in leaving} == set()


def test_the_frame_is_forgotten():
    frame = frame_of(PLATE)
    reference = weakref.ref(frame)
    assert not evaluate(suite_of(three_letters()), frame, 1).passed
    del frame
    gc.collect()
    assert reference() is None


# ── several threads, a bare machine ────────────────────────────────────────────────────────────────────────────────


def test_threads_get_their_own_verdicts():
    suite = suite_of(three_letters(), is_probability())
    frames = [frame_of(*["ABC"] * 3, *[PLATE] * n) for n in range(8)]
    with ThreadPoolExecutor(4) as pool:
        verdicts = list(pool.map(lambda frame: evaluate(suite, frame, len(frame)), frames))
    assert [sum(failure.n_unexpected or 0 for failure in verdict.failed) for verdict in verdicts] == list(range(8))


def test_a_check_keeps_the_verdict_in_dagsters_log():
    @dg.asset
    def plate_reads() -> None: ...

    @dg.asset_check(asset=plate_reads)
    def reads_are_sound() -> dg.AssetCheckResult:
        return to_check_result(evaluate(suite_of(three_letters()), frame_of(PLATE), 1))

    with DagsterInstance.ephemeral() as instance:
        result = dg.materialize([plate_reads, reads_are_sound], instance=instance)
        (evaluation,) = result.get_asset_check_evaluations()
        assert not evaluation.passed
        events = instance.all_logs(result.run_id)
        assert "expect_column_values_to_match_regex" in repr(events)
        assert PLATE not in repr(events)


BARE = """
import json, socket, sys

def refuse(*arguments, **more):
    raise OSError("no network")

socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = refuse
import pandas as pd
from alpr_assets.quality import bridge, suites
from alpr_assets.quality.quiet import great_expectations
early = "great_expectations" in sys.modules
ge = great_expectations()
regex = ge.expectations.ExpectColumnValuesToMatchRegex
suite = ge.ExpectationSuite(name="bare", expectations=[regex(column="plate", regex="^[A-Z]+$")])
good, bad = (bridge.evaluate(suite, pd.DataFrame({"plate": [plate]}), 1) for plate in ("ABC", "7ABC123"))
print(json.dumps({"early": early, "good": good.passed, "bad": [f.n_unexpected for f in bad.failed], "error": bad.error}))
"""


def test_it_needs_no_network_writes_nothing_and_says_nothing(tmp_path: Path):
    """In a process of its own with an empty home; the import waits until it is needed."""
    folders = {name: tmp_path / name for name in ("HOME", "TMPDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "work")}
    for folder in folders.values():
        folder.mkdir()
    environment = {name: str(folder) for name, folder in folders.items()}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", BARE],
        cwd=folders["work"],
        env={**environment, "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stderr == ""
    assert json.loads(done.stdout) == {"early": False, "good": True, "bad": [1], "error": None}
    assert [path for folder in folders.values() for path in folder.rglob("*")] == []
