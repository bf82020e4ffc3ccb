"""Two recogniser versions side by side: every read is counted once, and no plate is told."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, select

from alpr_assets.lifecycle.recognition.comparing import Comparison, Spelled, compare, compare_day
from alpr_assets.lifecycle.recognition.light import LightRecogniser
from alpr_assets.lifecycle.recognition.recogniser import Box
from alpr_assets.policy import Policy
from alpr_assets.store import schema
from alpr_assets.store.engine import Store, reading, writing
from tests.patrols import DAY, Patrol, Relabelled, seen

OLD, NEW = LightRecogniser.version.version_id, Relabelled({}).version.version_id


@pytest.fixture
def patrol(store: Store, tmp_path: Path, policy: Policy, now: datetime) -> Patrol:
    return Patrol(store, tmp_path, policy, now)


@pytest.fixture
def alone(sqlite_store: Store, tmp_path: Path, policy: Policy, now: datetime) -> Patrol:
    """On SQLite only."""
    return Patrol(sqlite_store, tmp_path, policy, now)


def compared(patrol: Patrol, **versions: str) -> Comparison:
    with reading(patrol.store.engine) as connection:
        return compare_day(connection, DAY, **versions)


def at(plate: str, x: int = 0, y: int = 0) -> Spelled:
    return Spelled(plate, Box(x, y, 20, 10))


# ── one picture ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_reads_in_the_same_place_are_compared_and_the_others_are_gained_or_lost() -> None:
    old = [at("7ABC123"), at("8XYZ999", 30), at("LOST1", 0, 30)]
    new = [at("7ABC123", 2, 1), at("8XYZ99", 30), at("GAIN1", 30, 30), at("GAIN2", 60, 60)]
    assert compare(old, new) == Comparison(1, 1, 1, 2, 1, {1: 1})


def test_a_box_around_the_whole_plate_is_where_its_characters_were() -> None:
    assert compare([at("7ABC123", 5, 8)], [Spelled("7ABC123", Box(0, 0, 30, 30))]).n_unchanged == 1


def test_neighbours_are_not_mixed_up() -> None:
    old = [at("A"), at("B", 12)]
    assert compare(old, [at("B", 11), at("A", 1)]).n_unchanged == 2


@pytest.mark.parametrize(("new", "edits"), [("7ABC124", 1), ("7ABD124", 2), ("8XYZ999", 3), ("7ABC", 3), ("7AB123", 1)])
def test_what_changed_is_counted_by_characters(new: str, edits: int) -> None:
    assert compare([at("7ABC123")], [at(new)]).n_by_edits == {edits: 1}


spelled = st.lists(
    st.builds(at, st.sampled_from(["7ABC123", "7ABC124", "8XYZ999"]), st.integers(0, 40), st.integers(0, 40)),
    max_size=5,
)


@given(spelled, spelled)
def test_every_read_is_counted_once_and_backwards_gained_is_lost(old: list[Spelled], new: list[Spelled]) -> None:
    there, back = compare(old, new), compare(new, old)
    assert there.n_unchanged + there.n_changed + there.n_lost == len(old)
    assert there.n_unchanged + there.n_changed + there.n_gained == len(new)
    assert sum(there.n_by_edits.values()) == there.n_changed
    assert (there.n_gained - there.n_lost, there.n_changed + there.n_unchanged) == (
        back.n_lost - back.n_gained,
        back.n_changed + back.n_unchanged,
    )
    assert compare(old, old) == Comparison(1, len(old))


# ── a day ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("422.5")
def test_a_day_read_again_is_compared_with_the_version_before(patrol: Patrol) -> None:
    patrol.read(
        seen({"plate": "7ABC123", "box": [0, 0, 20, 10]}, {"plate": "8XYZ999", "box": [30, 0, 20, 10]}),
        seen("6TRJ244", seconds=60),
        seen("5SAM321", seconds=120),
        seen(seconds=180),
    )
    assert compared(patrol) == Comparison()
    before = patrol.reads()
    newer = Relabelled({"8XYZ999": ["8XYZ99"], "6TRJ244": [], "5SAM321": ["5SAM321", "4GAIN56"]})
    patrol.recognise(newer=newer)
    assert compared(patrol) == Comparison(4, 2, 1, 1, 1, {1: 1})
    assert patrol.reads()[: len(before)] == before
    assert {row.current_version for row in patrol.rows(schema.capture)} == {NEW}


def test_either_version_may_be_named_and_one_that_never_looked_compares_nothing(alone: Patrol) -> None:
    alone.read(seen("7ABC123"))
    alone.recognise(newer=Relabelled({"7ABC123": []}))
    assert compared(alone, old=OLD, new=NEW).n_lost == 1
    assert compared(alone, old=NEW, new=OLD).n_gained == 1
    assert compared(alone, new=OLD).n_gained == 1
    assert compared(alone, old="0" * 16) == Comparison()
    assert compared(alone, old=NEW, new=NEW) == Comparison()


def test_back_at_the_older_version_the_comparison_turns_round(alone: Patrol) -> None:
    alone.read(seen("7ABC123"))
    alone.recognise(newer=Relabelled({"7ABC123": []}))
    alone.recognise()
    assert (compared(alone).n_gained, compared(alone).n_lost) == (1, 0)


def test_captures_that_only_one_version_looked_at_are_left_out(alone: Patrol) -> None:
    alone.read(seen("7ABC123"))
    alone.land(seen("8XYZ999", seconds=60))
    alone.recognise(newer=Relabelled({}))
    assert compared(alone) == Comparison(1, 1)


def test_of_three_versions_the_last_two_are_compared(alone: Patrol) -> None:
    alone.read(seen("7ABC123"))
    alone.now += timedelta(days=1)
    alone.recognise(newer=Relabelled({"7ABC123": ["7ABC124"]}))
    with writing(alone.store.engine) as connection:
        _third_version(connection)
    assert compared(alone) == Comparison(1, 1)


def _third_version(connection: Connection) -> None:
    """As if a third version had looked, a moment later, and read as the second one did."""
    for table, number in ((schema.recognition, None), (schema.read, "read_id")):
        row = dict(connection.execute(select(table).where(table.c.version_id == NEW)).mappings().one())
        row["version_id"] = "third"
        if number:
            row[number] += 1
        else:
            row["recognised_at"] += timedelta(seconds=1)
        connection.execute(table.insert(), [row])
    connection.execute(schema.capture.update().values(current_version="third"))
