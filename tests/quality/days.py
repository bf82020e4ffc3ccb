"""A good day, made by the pipeline itself, and how a defect is planted in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import Connection, Engine, create_engine, event

from alpr_assets.lifecycle.captures.landing import land_drop
from alpr_assets.lifecycle.hits.matched import lists_in_force
from alpr_assets.lifecycle.hits.raising import raise_hits
from alpr_assets.lifecycle.hotlists.imports import import_file
from alpr_assets.lifecycle.recognition.light import LightRecogniser, labelled, light_recogniser
from alpr_assets.lifecycle.recognition.pool import executor
from alpr_assets.lifecycle.recognition.reads import recognise_day
from alpr_assets.lifecycle.recognition.sightings import group_day
from alpr_assets.policy import Policy
from alpr_assets.quality.bridge import Verdict, evaluate
from alpr_assets.store import schema
from alpr_assets.store.engine import Store
from tests import builders
from tests.conftest import NOW

AT = datetime(2026, 6, 15, 4, tzinfo=UTC)
DAY = AT.date()
PLATES = {
    "exact.jpg": ["7ABC123"],
    "again.jpg": ["7ABC123"],
    "alike.jpg": ["7A8C123"],
    "near.jpg": ["7XYZ998", "4QRS555"],
    "empty.jpg": [],
    "undated.jpg": ["5LMN777"],
}
SURE = 0.8  # the good day's reads are, each with its 0.9
SECONDS = {"exact.jpg": 0, "again.jpg": 1, "alike.jpg": 60, "near.jpg": 120, "empty.jpg": 180}  # again: the same pass
WATCH = builders.own_list("7ABC123,a,CA", "7XYZ999,b,CA", "7XYZ999,b,CA", "2OLD222,c,")
RENEWED = builders.own_list("7ABC123,a,CA", "7XYZ999,b,CA", "3NEW333,c,NV")
OTHER = builders.own_list("9OTH999,z,CA")


def run_good_day(store: Store, folder: Path, policy: Policy) -> None:
    """Land, read, group, import, match: six captures, six reads, three hits, two lists of which one was renewed."""
    pictures = {
        name: labelled(builders.jpeg(seed), [_plate(plate, 2 + 20 * n) for n, plate in enumerate(plates)])
        for seed, (name, plates) in enumerate(PLATES.items())
    }
    lines = [builders.line(name, AT + timedelta(seconds=seconds)) for name, seconds in SECONDS.items()]
    lines.append({"file": "undated.jpg", "device_id": "unit-12-rear"})  # dated by its receipt, without a place
    land_drop(store, builders.drop(folder / "drop", pictures, lines), policy=policy, now=NOW)
    with executor(1, None, light_recogniser) as pool:
        recognise_day(store, DAY, pool, LightRecogniser.version, sure_confidence=SURE, clock=lambda: NOW)
    group_day(store, DAY, pass_seconds=policy.recognition.pass_seconds)
    for name, raw in (("watch.csv", WATCH), ("other.csv", OTHER), ("watch.csv", RENEWED)):
        assert import_file(store, raw, name, policy=policy, now=NOW).accepted
    assert not import_file(store, b"nothing", "refused.bin", policy=policy, now=NOW).accepted
    raise_hits(store, DAY, lists_in_force(store, policy), policy=policy, now=NOW)


def _plate(plate: str, y: int) -> dict[str, Any]:
    return {"plate": plate, "box": [4, y, 50, 18], "region": "ca", "candidates": [["1CAN111", 0.05]]}


def defective_engine(path: Path) -> Engine:
    """The good day's file, opened so that what the schema forbids can be planted too."""
    engine = create_engine(f"sqlite:///{path}")
    event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA ignore_check_constraints=ON"))
    return engine


@dataclass(frozen=True, slots=True)
class Defect:
    """One bad thing: statements run against the store, or a change of the frame where the store cannot hold it.

    `also`: columns of other expectations that the same thing violates; `n_lost`: expected rows that are not there.
    """

    statements: tuple[Any, ...] = ()
    frame: Callable[[pd.DataFrame], pd.DataFrame] = lambda frame: frame
    also: frozenset[str] = frozenset()
    n_lost: int = 0


def planted(*statements: Any, also: tuple[str, ...] = (), n_lost: int = 0) -> Defect:
    return Defect(statements, also=frozenset(also), n_lost=n_lost)


def framed(change: Callable[[pd.DataFrame], pd.DataFrame], *, also: tuple[str, ...] = (), n_lost: int = 0) -> Defect:
    return Defect(frame=change, also=frozenset(also), n_lost=n_lost)


def twice(frame: pd.DataFrame) -> pd.DataFrame:
    """The first row doubled, as a join would that finds two partners."""
    return pd.concat([frame.iloc[:1], frame], ignore_index=True)


def first(frame: pd.DataFrame, **values: Any) -> pd.DataFrame:
    """Other values in the first row."""
    for column, value in values.items():
        frame[column] = [value, *frame[column].iloc[1:]]
    return frame


def expectations_of(suite: Any) -> set[tuple[str, str]]:
    """Every expectation as (its name less `expect_`, its columns)."""
    return {_key(e.expectation_type, _columns(e.configuration.kwargs)) for e in suite.expectations}


def _columns(kwargs: dict[str, Any]) -> str:
    named = kwargs.get("column_list") or [kwargs[key] for key in ("column", "column_A", "column_B") if key in kwargs]
    return ", ".join(named)


def _key(expectation: str, columns: str) -> tuple[str, str]:
    return expectation.removeprefix("expect_column_").removeprefix("expect_"), columns


def failures(verdict: Verdict) -> set[tuple[str, str]]:
    return {_key(failure.expectation, failure.column) for failure in verdict.failed}


def judge(
    engine: Engine, suite: Any, load: Callable[[Connection], tuple[pd.DataFrame, int]], defect: Defect
) -> Verdict:
    """Plant, evaluate, and take the defect back."""
    with engine.connect() as connection, connection.begin() as transaction:
        for statement in defect.statements:
            connection.execute(statement)
        frame, expected = load(connection)
        transaction.rollback()
    return evaluate(suite, defect.frame(frame), expected)


def assert_fails_exactly(verdict: Verdict, expectation: tuple[str, str], defect: Defect) -> None:
    """The expectation fails, and nothing else does than what the defect names."""
    assert not verdict.passed
    assert verdict.error is None
    failed = failures(verdict)
    assert expectation in failed
    assert {columns for _, columns in failed - {expectation}} == defect.also
    assert all(failure.n_unexpected for failure in verdict.failed)
    assert verdict.n_expected_rows - verdict.n_rows == defect.n_lost


def capture_id(number: int) -> int:
    return schema.numbered(DAY, number)
