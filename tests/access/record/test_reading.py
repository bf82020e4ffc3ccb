"""What an auditor asks of the record; what was searched for is sealed, and gone when it has expired."""

from __future__ import annotations

import sqlite3
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from alpr_assets.access.record import reading, tail
from alpr_assets.access.record.entries import Entry, Kind, Outcome, Receipt, RecordUnavailableError, ResultId
from alpr_assets.access.record.expiring import expire_elements, expired_months
from alpr_assets.access.record.exporting import snapshot, verify_database
from alpr_assets.access.record.log import AccessRecord
from alpr_assets.access.record.places import Place
from alpr_assets.access.record.sealing import MonthKeys
from alpr_assets.errors import VerificationError
from tests.access.record.records import ANN, BEGUN, DAY, alone, an_entry, owning

HOUR = timedelta(hours=1)

pytestmark = pytest.mark.clause("422.6(a)")


def filled(place: Place) -> None:
    with AccessRecord(place, clock=lambda: BEGUN) as record:
        record.append(an_entry(BEGUN + HOUR))
        record.append(an_entry(BEGUN + 2 * HOUR, case_number="26-0500", results=[ResultId("hit", None, 900)]))
        record.append(
            an_entry(BEGUN + 3 * HOUR, kind=Kind.IMAGE, action="open_image", results=[ResultId("read", DAY, 901)])
        )
        record.append(
            an_entry(
                BEGUN + 4 * HOUR, outcome=Outcome.REFUSED, reasons=("role",), elements={}, results=(), purpose="other"
            )
        )


def test_entries_are_found_by_what_they_say_newest_first(place: Place) -> None:
    filled(place)

    def found(**wanted: object) -> list[int]:
        with snapshot(place.engine) as connection:
            return [line.record_id for line in reading.entries(connection, **wanted)]  # type: ignore[arg-type]

    assert found() == [4, 3, 2, 1, 0]
    assert found(member_id=ANN.member_id) == [4, 3, 2, 1]
    assert found(member_id=8) == []
    assert found(kind=Kind.IMAGE) == [3]
    assert found(action="plate_history", outcome=Outcome.ANSWERED) == [2, 1]
    assert found(outcome=Outcome.REFUSED) == [4]
    assert found(case_number="26-0500") == [2]
    assert found(purpose="other") == [4]
    assert found(since=BEGUN + 2 * HOUR, until=BEGUN + 4 * HOUR) == [3, 2]
    assert found(limit=2) == [4, 3]
    assert found(limit=2, before=3) == [2, 1]
    assert found(case_number="' OR 1=1 --") == []


def test_entries_are_counted_by_what_was_done_for_what(place: Place) -> None:
    filled(place)
    with snapshot(place.engine) as connection:
        told = reading.counted(connection, kind=Kind.QUERY, since=BEGUN, until=BEGUN + timedelta(days=1))
        none = reading.counted(connection, kind=Kind.QUERY, since=BEGUN + 5 * HOUR, until=BEGUN + timedelta(days=1))
        before, first = tail.head_before(connection, BEGUN), tail.head_before(connection, BEGUN + 3 * HOUR)
    assert sorted((outcome, purpose, n) for _, outcome, purpose, n in told) == [
        (Outcome.ANSWERED, "stolen_vehicle", 2),
        (Outcome.REFUSED, "other", 1),
    ]
    assert none == []
    assert before is None
    assert first is not None


def test_one_entry_is_found_by_its_number(place: Place) -> None:
    filled(place)
    with snapshot(place.engine) as connection:
        line = reading.entry(connection, 4)
        assert line is not None
        assert (line.reasons, line.n_results, line.elements_month) == (("role",), 0, None)
        assert reading.entry(connection, 99) is None


def test_what_was_shown_under_a_number_is_found_once_and_what_was_refused_never(place: Place) -> None:
    filled(place)
    frozen = {
        "case_number": "26-0501",
        "details": {"frozen": True},
        "results": [ResultId("read", DAY, 7), ResultId("watch", None, 1)],
    }
    with AccessRecord(place, clock=lambda: BEGUN + 5 * HOUR) as record:
        for _ in range(2):
            record.append(an_entry(BEGUN + 5 * HOUR, **frozen))
        record.append(
            an_entry(BEGUN + 6 * HOUR, **{**frozen, "outcome": Outcome.FAILED, "results": [ResultId("read", DAY, 8)]})
        )
    with snapshot(place.engine) as connection:
        found = reading.returned_under(connection, ["26-0500", "26-0501"], ["read", "hit"])
        assert sorted(found, key=str) == [
            ("plate_history", False, ResultId("hit", None, 900)), ("plate_history", True, ResultId("read", DAY, 7))
        ]  # fmt: skip
        assert reading.returned_under(connection, ["26-9999"], ["read"]) == []


def test_who_has_seen_a_read_is_asked_of_the_record(place: Place) -> None:
    filled(place)
    with snapshot(place.engine) as connection:
        seen = [line.record_id for line in reading.searches_that_returned(connection, ResultId("read", DAY, 901))]
        assert seen == [3, 1]
        assert [line.record_id for line in reading.searches_that_returned(connection, ResultId("hit", None, 900))] == [
            2
        ]
        assert reading.searches_that_returned(connection, ResultId("read", DAY + timedelta(1), 901)) == []
        assert reading.results_of(connection, 1) == [ResultId("read", DAY, 900 + n) for n in range(3)]


def test_a_query_is_opened_with_its_months_key_and_is_nowhere_in_clear(place: Place) -> None:
    filled(place)
    keys = MonthKeys(place.keys / "record_keys.sqlite")
    with snapshot(place.engine) as connection:
        assert reading.elements(connection, keys, 1) == {"plate": "7ABC123", "state": "CA"}
        assert reading.elements(connection, keys, 4) == {}
        with pytest.raises(VerificationError, match="no entry 99"):
            reading.elements(connection, keys, 99)
    for path in place.folder.iterdir():
        assert b"7ABC123" not in path.read_bytes()


def test_sealed_queries_of_two_entries_cannot_be_exchanged(place: Place) -> None:
    filled(place)
    with owning(place) as connection:
        connection.execute(
            text(
                "UPDATE access_elements SET sealed = (SELECT sealed FROM access_elements WHERE record_id = 2) WHERE record_id = 1"
            )
        )
    with snapshot(place.engine) as connection, pytest.raises(VerificationError, match="not what the record commits to"):
        reading.elements(connection, MonthKeys(place.keys / "record_keys.sqlite"), 1)


# ── expiry: Gov. Code 34090(d) ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("422.5")
def test_expired_queries_are_gone_for_good_and_the_record_still_verifies(place: Place, tmp_path: Path) -> None:
    months = (BEGUN - timedelta(days=800), BEGUN - timedelta(days=400), BEGUN)
    with AccessRecord(place, clock=lambda: months[0]) as record:
        for at in months:
            record.append(an_entry(at))
        keys = MonthKeys(place.keys / "record_keys.sqlite")
        old = keys.key("2024-04")
        assert expired_months(place.keys, BEGUN, 2) == ["2024-04"]
        receipt = expire_elements(place, record, ANN, now=BEGUN, years=2)
        assert receipt is not None
        assert expire_elements(place, record, ANN, now=BEGUN, years=2) is None
    with snapshot(place.engine) as connection:
        with pytest.raises(VerificationError, match="no key for the query elements of 2024-04"):
            reading.elements(connection, keys, 1)
        assert reading.elements(connection, keys, 2)["plate"] == "7ABC123"
        (line,) = reading.entries(connection, action="elements_expired")
    assert line.details["months"] == {"2024-04": 1}
    assert (line.kind, line.outcome, line.actor) == (Kind.RECORD, Outcome.DONE, ANN)
    assert verify_database(place).ok
    assert alone(place, tmp_path)["ok"]
    for path in place.keys.iterdir():
        assert old not in path.read_bytes(), "not in free pages, not in a journal"


@pytest.mark.parametrize(
    ("on", "expired"),
    [(date(2026, 6, 30), []), (date(2026, 7, 1), ["2024-06"])],
    ids=["its last day is not two years old", "it is"],
)
def test_a_month_expires_when_its_last_day_is_old_enough(sqlite_place: Place, on: date, expired: list[str]) -> None:
    MonthKeys(sqlite_place.keys / "record_keys.sqlite").key("2024-06")
    assert expired_months(sqlite_place.keys, BEGUN.replace(year=on.year, month=on.month, day=on.day), 2) == expired


class Down:
    """A recorder whose storage is full."""

    def append(self, entry: Entry) -> Receipt:
        raise RecordUnavailableError(f"full at {entry.action}")


def test_what_cannot_be_recorded_does_not_expire(sqlite_place: Place) -> None:
    with AccessRecord(sqlite_place, clock=lambda: BEGUN - timedelta(days=800)) as record:
        record.append(an_entry(BEGUN - timedelta(days=800)))
    with pytest.raises(RecordUnavailableError):
        expire_elements(sqlite_place, Down(), ANN, now=BEGUN, years=2)
    assert expired_months(sqlite_place.keys, BEGUN, 2) == ["2024-04"]


def test_an_expiry_that_fails_is_recorded_as_failed(sqlite_place: Place) -> None:
    at = BEGUN - timedelta(days=800)
    with AccessRecord(sqlite_place, clock=lambda: at) as record:
        record.append(an_entry(at))
        with sqlite3.connect(sqlite_place.keys / "record_keys.sqlite") as connection:
            connection.execute("CREATE TRIGGER kept BEFORE DELETE ON month_key BEGIN SELECT RAISE(IGNORE); END")
        with pytest.raises(VerificationError, match="2024-04"):
            expire_elements(sqlite_place, record, ANN, now=BEGUN, years=2)
    with snapshot(sqlite_place.engine) as connection:
        lines = reading.entries(connection, action="elements_expired")
    assert [line.outcome for line in lines] == [Outcome.FAILED, Outcome.DONE]
    assert lines[0].details["of_entry"] == lines[1].record_id
