"""From the record to the table of looks: who counts, what becomes of a plate, what can no longer be opened, what was altered."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import text

from alpr_assets.access.audits import looks
from alpr_assets.access.record.entries import Actor, Entry, Kind, Outcome, ResultId
from alpr_assets.access.roles import Role
from alpr_assets.errors import VerificationError
from tests.access.audits.acts import NOW, Department
from tests.access.record.records import owning

AT = datetime(2026, 6, 8, 6, 30, tzinfo=UTC)  # the evening before, in California
PERIOD = {"since": AT - timedelta(hours=1), "until": AT + timedelta(days=1)}


def read(agency: Department, **changes: Any) -> pd.DataFrame:
    with agency.source.open() as record:
        return looks.looks(record, agency.source, **{**PERIOD, **changes})


def nobody(agency: Department, kind: Kind, **more: Any) -> None:
    actor = Actor(member_id=None, name="", agency="", title="", role="")
    agency.record.append(Entry(at=AT, kind=kind, action="sign_in", outcome=Outcome.REFUSED, actor=actor, **more))


def test_what_members_asked_is_a_row_and_nothing_else(agency: Department) -> None:
    officer = agency.who(Role.OFFICER)
    agency.look(officer, AT)
    agency.look(officer, AT, kind=Kind.ADMINISTRATION, action="read_record")
    agency.look(officer, AT, kind=Kind.SIGN_IN, action="sign_in")
    nobody(agency, Kind.QUERY)
    agency.look(officer, AT, outcome=Outcome.REFUSED, reasons=("refused_purpose",))
    agency.look(officer, AT + timedelta(days=2))
    found = read(agency)
    assert found["refused_purpose"].tolist() == [False, True]
    assert found["member_id"].tolist() == [officer.member_id] * 2
    assert found["on"].tolist() == [date(2026, 6, 7)] * 2  # the department's date
    assert found["hour"].tolist() == [23, 23]
    assert len(read(agency, below=int(found["record_id"].iloc[1]))) == 1


def test_equal_plates_have_equal_digests_and_none_can_be_read(agency: Department) -> None:
    officer = agency.who(Role.OFFICER)
    for plate in ("7ABC123", "7abc123", "8XYZ999"):
        agency.look(officer, AT, plate=plate)
    agency.look(officer, AT, elements={"pattern": "7ABC123", "reason": "seen at the bank"})
    agency.look(officer, AT, elements={})
    plates = read(agency)["plate"].tolist()
    assert plates[0] == plates[1] == plates[3]
    assert plates[2] not in {plates[0], ""}
    assert plates[4] == ""
    assert "7ABC" not in read(agency).to_csv()


def test_what_was_asked_from_is_known_of_every_kind_of_question(agency: Department) -> None:
    officer, then = agency.who(Role.OFFICER), "2025-12-01T00:00:00+00:00"
    window = {"since": then, "until": "2025-12-02T00:00:00Z"}
    for elements in ({"plate": "7ABC123", "since": then}, {"incidents": [{"windows": [{**window, "since": "2026-01-01T00:00:00Z"}, window]}]},
                     {"plate": "7ABC123"}, {"plate": "7ABC123", "since": "long ago"}):  # fmt: skip
        agency.look(officer, AT, elements=elements)
    found = read(agency)
    assert [None if pd.isna(at) else at.isoformat() for at in found["asked_from"]] == [then, then, None, None]
    assert (found["case_at"] == AT).all()


def test_a_case_began_with_its_first_use_also_before_the_period(agency: Department) -> None:
    officer = agency.who(Role.OFFICER)
    agency.look(officer, AT - timedelta(days=30), case="26-00007")
    agency.look(officer, AT, case="26-00007", elements={"plate": "7ABC123", "since": "2026-01-01T00:00:00Z"})
    assert read(agency)["case_at"].tolist() == [AT - timedelta(days=30)]


def test_what_can_no_longer_be_opened_stays_a_row_without_its_plate(agency: Department) -> None:
    agency.look(agency.who(Role.OFFICER), AT)
    agency.record.keys.destroy("2026-06")
    found = read(agency)
    assert (found["opened"].tolist(), found["plate"].tolist(), len(found)) == ([False], [""], 1)


def test_what_was_altered_is_no_row_but_an_error(agency: Department) -> None:
    agency.look(agency.who(Role.OFFICER), AT)
    agency.look(agency.who(Role.OFFICER), AT, plate="8XYZ999")
    with owning(agency.place) as connection:
        first = connection.execute(text("SELECT min(record_id) FROM access_elements")).scalar_one()
        other = connection.execute(
            text("SELECT sealed FROM access_elements WHERE record_id <> :first"), {"first": first}
        ).scalar_one()
        connection.execute(
            text("UPDATE access_elements SET sealed = :other WHERE record_id = :first"),
            {"other": other, "first": first},
        )
    with pytest.raises(VerificationError):
        read(agency)


def test_an_empty_period_is_an_empty_table(agency: Department) -> None:
    agency.look(agency.who(Role.OFFICER), NOW)
    assert len(read(agency)) == 0


def test_ages_count_reads_by_the_days_between_being_taken_and_being_looked_at(agency: Department) -> None:
    results = [ResultId("read", date(2026, 6, 8), 1), ResultId("read", date(2026, 6, 1), 2), ResultId("hit", None, 3)]
    for _ in range(2):
        agency.look(agency.who(Role.OFFICER), AT, results=results)
    agency.look(agency.who(Role.OFFICER), AT + timedelta(days=2), results=results)
    with agency.source.open() as record:
        assert looks.ages(record, **PERIOD) == {0: 2, 7: 2}
