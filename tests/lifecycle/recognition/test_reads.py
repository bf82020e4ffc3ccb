"""Each capture is read once a recogniser version, nothing is read over, and nothing is counted that nothing looked at."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from alpr_assets.errors import RecognitionError
from alpr_assets.lifecycle.recognition import reads
from alpr_assets.lifecycle.recognition.light import LightRecogniser, light_recogniser
from alpr_assets.lifecycle.recognition.pool import Outcome, executor
from alpr_assets.lifecycle.recognition.reads import BATCH, pending, recognise_day, record
from alpr_assets.policy import Policy
from alpr_assets.store import schema
from alpr_assets.store.engine import Store, reading, writing
from tests.builders import drop, jpeg, line
from tests.patrols import AT, DAY, SURE, Patrol, Relabelled, seen

VERSION = LightRecogniser.version.version_id


@pytest.fixture
def patrol(store: Store, tmp_path: Path, policy: Policy, now: datetime) -> Patrol:
    return Patrol(store, tmp_path, policy, now)


@pytest.fixture
def alone(sqlite_store: Store, tmp_path: Path, policy: Policy, now: datetime) -> Patrol:
    """On SQLite only."""
    return Patrol(sqlite_store, tmp_path, policy, now)


def dictionary(patrol: Patrol) -> dict[str, int]:
    return {row.plate: row.n_reads for row in patrol.rows(schema.plate)}


@pytest.mark.clause("422.5")
def test_a_read_keeps_everything_that_the_reader_said(patrol: Patrol) -> None:
    label = {
        "plate": "7ABC123", "raw": "7ABC·123", "confidence": 0.93, "box": [5, 6, 40, 12], "region": "ca",
        "region_confidence": 0.8, "candidates": [["7A8C123", 0.05]],
    }  # fmt: skip
    patrol.land(seen(label))
    done = patrol.recognise()
    assert (done.n_captures, done.n_plates, done.n_empty, done.n_unreadable) == (1, 1, 0, 0)
    (read,) = patrol.reads()
    assert (read.plate, read.plate_folded, read.raw) == ("7ABC123", "7A8C123", "7ABC·123")
    assert (read.confidence, read.region, read.region_confidence) == (0.93, "ca", 0.8)
    assert read.candidates == [["7ABC123", 0.93], ["7A8C123", 0.05]]
    assert read.characters == [[character, 0.93] for character in "7ABC123"]
    assert (read.box_x, read.box_y, read.box_width, read.box_height) == (5, 6, 40, 12)
    assert (read.captured_at, read.device_id, read.latitude_deg) == (AT, "unit-12-front", 38.005)
    assert (read.day, read.read_id) == (DAY, schema.numbered(DAY, 1))


@pytest.mark.clause("422.4(f)")
def test_a_read_below_the_policys_figure_is_stored_as_unsure(patrol: Patrol) -> None:
    patrol.read(*(seen({"plate": "7ABC123", "confidence": c}, seconds=c) for c in (0, SURE - 0.001, SURE, 1)))
    assert [row.sure for row in patrol.reads()] == [False, False, True, True]


@pytest.mark.clause("422.5")
def test_a_day_is_read_once_and_a_second_run_finds_nothing_waiting(patrol: Patrol) -> None:
    patrol.land(seen("7ABC123"), seen("7ABC124", "8XYZ999", seconds=1), seen(seconds=2))
    first, second = patrol.recognise(), patrol.recognise()
    assert (first.n_captures, first.n_plates, first.n_empty) == (3, 3, 1)
    assert (second.n_captures, second.n_plates) == (0, 0)
    assert len(patrol.reads()) == 3
    assert {row.current_version for row in patrol.rows(schema.capture)} == {VERSION}


def test_two_that_read_a_day_from_its_ends_read_no_picture_twice(
    alone: Patrol, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second begins in the middle of the first, and finds what that has read by then."""
    monkeypatch.setattr(reads, "BATCH", 1)
    alone.land(*(seen(f"7ABC{i:03}", seconds=i) for i in range(40)))
    counted: list[int] = []

    def look(done: int, _: int) -> None:
        if done == 16:
            with executor(1, None, light_recogniser) as pool:
                second = recognise_day(
                    alone.store, DAY, pool, LightRecogniser.version, sure_confidence=SURE, clock=lambda: alone.now
                )
                counted.append(second.n_captures)

    with executor(1, None, light_recogniser) as pool:
        first = recognise_day(
            alone.store, DAY, pool, LightRecogniser.version,
            sure_confidence=SURE, clock=lambda: alone.now, progress=look, newest_first=True,
        )  # fmt: skip
    assert counted == [24]
    assert first.n_captures <= 16 + reads.LOOK, "it had looked up those few already"
    assert len(alone.reads()) == 40
    assert [row.plate for row in alone.reads()][:2] == ["7ABC039", "7ABC038"], "the newest come first"


def test_no_plate_is_a_result_that_is_not_asked_for_again(alone: Patrol) -> None:
    alone.land(seen())
    assert alone.recognise().n_empty == 1
    (row,) = alone.rows(schema.recognition)
    assert (row.n_plates, row.error) == (0, None)
    assert alone.recognise().n_captures == 0


def test_a_picture_that_cannot_be_read_is_recorded_with_its_error_and_costs_no_other(
    alone: Patrol, tmp_path: Path
) -> None:
    alone.land(seen("7ABC123"), seen({"nothing": 1}, seconds=1))
    done = alone.recognise()
    assert (done.n_plates, done.n_unreadable, done.n_unopened) == (1, 1, 0)
    assert Counter(bool(row.error) for row in alone.rows(schema.recognition)) == {True: 1, False: 1}
    assert alone.recognise().n_captures == 0


@pytest.mark.clause("422.5")
def test_a_picture_that_cannot_be_opened_waits_until_it_can(patrol: Patrol) -> None:
    """A disk that is away must not turn a day's captures into pictures without plates."""
    patrol.land(seen("7ABC123"), seen("7ABC124", seconds=1))
    row = patrol.rows(schema.capture)[0]
    path = patrol.store.images.path(row.day, row.image_sha256)
    path.rename(path.with_suffix(".away"))
    done = patrol.recognise()
    assert (done.n_captures, done.n_plates, done.n_unreadable, done.n_unopened) == (2, 1, 0, 1)
    patrol.group()
    assert not patrol.match().complete
    path.with_suffix(".away").rename(path)
    done = patrol.recognise()
    assert (done.n_captures, done.n_plates, done.n_unopened) == (1, 1, 0)
    patrol.group()
    assert patrol.match().complete


def test_two_plates_of_one_picture_are_two_reads_and_one_box_is_one(alone: Patrol) -> None:
    alone.land(
        seen(
            {"plate": "7ABC123", "box": [0, 0, 20, 10]},
            {"plate": "8XYZ999", "box": [30, 0, 20, 10]},
            {"plate": "8XYZ99", "box": [30, 0, 20, 10]},
        )
    )
    assert alone.recognise().n_plates == 2
    assert [(row.plate, row.rank) for row in alone.reads()] == [("7ABC123", 0), ("8XYZ999", 1)]


def test_what_is_too_long_for_a_plate_is_no_read(alone: Patrol) -> None:
    alone.land(seen("A" * 17, {"plate": "B" * 16, "box": [0, 0, 9, 9]}))
    assert alone.recognise().n_plates == 1
    assert [row.n_plates for row in alone.rows(schema.recognition)] == [1]


def test_the_dictionary_counts_every_read_with_its_first_and_last_day(patrol: Patrol) -> None:
    earlier = AT - timedelta(days=3)
    patrol.land(seen("7ABC123"), seen("7ABC123", "8XYZ999", seconds=1))
    patrol.recognise()
    patrol.land(seen("7ABC123"), at=earlier)
    patrol.recognise(earlier.date())
    assert dictionary(patrol) == {"7ABC123": 3, "8XYZ999": 1}
    (row, _) = patrol.rows(schema.plate)
    assert (row.first_day, row.last_day, row.plate_folded) == (earlier.date(), DAY, "7A8C123")


@pytest.mark.clause("422.5")
def test_a_newer_recogniser_adds_its_reads_beside_the_old_ones_and_becomes_current(patrol: Patrol) -> None:
    patrol.land(seen("7ABC123"), seen("8XYZ999", seconds=1))
    patrol.recognise()
    before = patrol.reads()
    newer = Relabelled({"7ABC123": ["7A8C123"], "8XYZ999": []})
    done = patrol.recognise(newer=newer)
    assert (done.n_captures, done.n_plates, done.n_empty) == (2, 1, 1)
    after = patrol.reads()
    assert after[: len(before)] == before
    assert [row.plate for row in after] == ["7ABC123", "8XYZ999", "7A8C123"]
    assert {row.current_version for row in patrol.rows(schema.capture)} == {newer.version.version_id}
    assert {row.version_id for row in patrol.rows(schema.recogniser_version)} == {VERSION, newer.version.version_id}
    assert sum(dictionary(patrol).values()) == len(after)


def test_a_batch_that_another_run_wrote_meanwhile_is_left_alone(patrol: Patrol) -> None:
    patrol.land(seen("7ABC123"), seen("7ABC124", seconds=1))
    with reading(patrol.store.engine) as connection:
        waiting = connection.execute(pending(DAY, VERSION)).all()
    patrol.recognise()
    recogniser = LightRecogniser()
    again = [
        Outcome(row, recogniser.recognise(patrol.store.images.picture(row.day, row.image_sha256)), None)
        for row in waiting
    ]
    with writing(patrol.store.engine) as connection:
        assert record(connection, DAY, VERSION, again, sure_confidence=SURE, at=patrol.now) == 0
    assert len(patrol.reads()) == 2
    assert dictionary(patrol) == {"7ABC123": 1, "7ABC124": 1}


def test_late_captures_of_a_day_are_read_and_nothing_else_is(alone: Patrol) -> None:
    alone.read(seen("7ABC123"))
    alone.land(seen("7ABC124", seconds=60))
    assert alone.recognise().n_captures == 1
    assert [row.read_id - schema.numbered(DAY, 0) for row in alone.reads()] == [1, 2]


def test_more_captures_than_a_batch_are_all_read_and_progress_is_told(alone: Patrol, tmp_path: Path) -> None:
    n = BATCH + 5
    pictures = {f"{i:04}.jpg": jpeg(i, comment={"plates": [{"plate": f"7ABC{i:03}"}]}) for i in range(n)}
    lines = [line(name, AT + timedelta(seconds=i)) for i, name in enumerate(pictures)]
    from alpr_assets.lifecycle.captures.landing import land_drop  # noqa: PLC0415 - only here without labels on top
    from alpr_assets.lifecycle.recognition.reads import recognise_day  # noqa: PLC0415

    land_drop(alone.store, drop(tmp_path / "drop", pictures, lines), policy=alone.policy, now=alone.now)
    told: list[tuple[int, int]] = []
    with executor(1, None, light_recogniser) as pool:
        recognise_day(
            alone.store,
            DAY,
            pool,
            LightRecogniser.version,
            sure_confidence=SURE,
            clock=lambda: alone.now,
            progress=lambda *p: told.append(p),
        )
    assert told[-1] == (n, n)
    assert len(told) >= 2
    assert len(alone.reads()) == n


def test_a_recogniser_that_cannot_be_made_writes_nothing(alone: Patrol) -> None:
    def broken() -> LightRecogniser:
        raise RecognitionError("weights missing", remedy="install them")

    alone.land(seen("7ABC123"))
    with executor(1, None, broken) as pool, pytest.raises(RecognitionError, match="weights"):
        alone.recognise_with(pool, DAY, LightRecogniser.version)
    assert alone.rows(schema.recognition) == []
    assert alone.recognise().n_captures == 1


def test_going_back_to_a_recogniser_makes_its_reads_current_without_reading_again(patrol: Patrol) -> None:
    patrol.land(seen("7ABC123"))
    patrol.recognise()
    patrol.recognise(newer=Relabelled({"7ABC123": ["7A8C123"]}))
    before = patrol.reads()
    back = patrol.recognise()
    assert back.n_captures == 0
    assert patrol.reads() == before
    assert {row.current_version for row in patrol.rows(schema.capture)} == {VERSION}
