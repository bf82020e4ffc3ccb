"""A hundred members by one file and one approval (422.3.1(a))."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from alpr_assets.access import approvals, batch, register, signing_in, training
from alpr_assets.access.acting import Office
from alpr_assets.access.people import Member, Source, Status
from alpr_assets.access.record.entries import Outcome
from alpr_assets.access.roles import Role
from alpr_assets.errors import AccessRefusedError, IllegalMoveError, MalformedError
from alpr_assets.store import people
from alpr_assets.store.engine import reading
from tests.access.people import HERE, NOW, TODAY, a_member, actor, kept

HEADER = ",".join(batch.COLUMNS)


def csv_of(*lines: str) -> bytes:
    return "\r\n".join([HEADER, *lines, ""]).encode("utf-8-sig")


def hundred() -> bytes:
    officers = [f"officer.{n},Person {n},Police Officer,CA0000000,no,department state,2026-06-01" for n in range(98)]
    return csv_of(
        *officers,
        '"aud","Roe, Pat",Auditor,ca0000000,no,,',
        "eng,Max Vo,Information Systems Engineer,CA0000000,yes,,2026-05-01",
    )


@pytest.fixture
def sergeant(office: Office) -> Member:
    return a_member(office, Role.SUPERVISOR, "sergeant")


@pytest.fixture
def commander(office: Office) -> Member:
    return a_member(office, Role.COMMANDER, "commander")


def propose(office: Office, content: bytes, by: Member) -> int:
    return batch.propose(office, "/tmp/members.csv", content, by=actor(by), at=NOW)


def faults(office: Office, content: bytes, by: Member) -> str:
    with pytest.raises(MalformedError) as error:
        propose(office, content, by)
    assert kept(office).last.outcome is Outcome.REFUSED
    assert approvals.proposals(office.engine) == []
    with reading(office.engine) as connection:
        assert not connection.scalar(select(func.count()).select_from(people.member_batch))
    return f"{error.value} → {error.value.remedy}"


@pytest.mark.clause("422.3.1(a)")
def test_a_hundred_become_members_by_one_approval_and_privileged_ones_by_a_second(
    office: Office, sergeant: Member, commander: Member
) -> None:
    batch_id = propose(office, hundred(), sergeant)
    assert len(approvals.proposals(office.engine, batch_id=batch_id)) == 100
    n = len(kept(office).entries)
    first = batch.approve(office, batch_id, by=actor(commander), at=NOW)
    assert (first.n_accepted, first.n_waiting, first.n_trained) == (98, 2, 98)
    second = batch.approve(office, batch_id, by=actor(sergeant), at=NOW)
    assert (second.n_accepted, second.n_waiting) == (2, 0)
    assert len(kept(office).entries) == n + 2
    assert {one.user_name for one in second.one_time} == {"aud", "eng"}
    officer = register.named(office.engine, "officer.7")
    assert officer is not None
    assert (officer.status, officer.sources) == (Status.ACTIVE, {Source.DEPARTMENT, Source.STATE})
    assert officer.trained_until is not None
    engineer = register.named(office.engine, "eng")
    assert engineer is not None
    assert engineer.is_contractor
    assert engineer.trained_until is None
    assert [row.member_id for row in training.waiting(office.engine)] == [engineer.member_id]
    (password,) = [one.password for one in first.one_time if one.user_name == "officer.7"]
    assert signing_in.sign_in(office, "officer.7", password, address=HERE, at=NOW).session.must_change_password
    assert password not in repr(kept(office).entries)
    with pytest.raises(IllegalMoveError):
        batch.approve(office, batch_id, by=actor(commander), at=NOW)


def test_training_in_a_file_waits_where_the_approver_is_no_commander(office: Office, commander: Member) -> None:
    batch_id = propose(office, csv_of("jdoe,Jo Doe,Police Officer,CA0000000,,,2026-06-01"), commander)
    batch.approve(office, batch_id, by=actor(a_member(office, Role.SUPERVISOR)), at=NOW)
    (waiting,) = training.waiting(office.engine)
    with pytest.raises(AccessRefusedError, match="recorded it"):
        training.approve(office, [waiting.training_id], by=actor(commander), at=NOW)
    training.approve(office, [waiting.training_id], by=actor(a_member(office, Role.TRAINING_COORDINATOR)), at=NOW)
    assert register.member(office.engine, waiting.member_id).trained_until is not None


def test_who_proposed_a_batch_approves_only_its_privileged_lines(office: Office, sergeant: Member) -> None:
    batch_id = propose(office, hundred(), sergeant)
    own = batch.approve(office, batch_id, by=actor(sergeant), at=NOW)
    assert (own.n_accepted, own.n_waiting) == (0, 100)
    with pytest.raises(AccessRefusedError):
        batch.approve(office, batch_id, by=actor(sergeant), at=NOW)


def test_every_fault_is_told_with_file_line_and_remedy(office: Office, sergeant: Member) -> None:
    told = faults(
        office,
        csv_of(
            "good,Jo Doe,Police Officer,CA0000000,no,,",
            "a b,Jo Doe,Police Officer,CA0000000,no,,",
            "b2,Jo Doe,Sheriff,CA0000000,no,,",
            "b3,Jo Doe,Police Officer,CA0079900,no,,",
            "b4,Jo Doe,Police Officer,CA0000000,perhaps,,",
            "b5,Jo Doe,Police Officer,CA0000000,no,county,",
            "b6,Jo Doe,Police Officer,CA0000000,no,,June 1",
            "b7,Jo Doe,Police Officer,CA0000000,no,,2026-06-16",
            "GOOD,Jo Doe,Police Officer,CA0000000,no,,",
        ),
        sergeant,
    )
    for line, what in (
        (4, "job title"), (5, "ORI"), (6, "yes or no"), (7, "department state federal restricted"), (8, "not a date"),
        (9, "not yet"), (10, "stands in line 2"),
    ):  # fmt: skip
        assert any(f"members.csv, line {line}:" in one and what in one for one in told.splitlines()), (line, told)


def test_names_that_are_none_or_taken_refuse_the_whole_file(office: Office, sergeant: Member) -> None:
    told = faults(
        office,
        csv_of(
            "good,Jo,Police Officer,CA0000000,,,",
            "sergeant,Jo,Police Officer,CA0000000,,,",
            "a b,Jo,Dispatcher,CA0000000,,,",
        ),
        sergeant,
    )
    assert "line 3: this user name is or was another's" in told
    assert "line 4: not a user name" in told
    assert register.named(office.engine, "good") is None


def test_a_file_that_is_none_is_refused(sqlite_office: Office) -> None:
    sergeant = a_member(sqlite_office, Role.SUPERVISOR)
    for content, what in (
        (b"", "header"), (b"name,user\r\n", "header"), (csv_of(), "names no member"), (b"\xff\xfe", "UTF-8"),
        (csv_of("a,b,c"), "columns"), (csv_of('"open,Jo'), "not CSV"), (bytes(batch.MAX_BYTES + 1), "larger"),
        (csv_of(*["x,y,Dispatcher,CA0000000,,,"] * 1001), "more than 1000"),
    ):  # fmt: skip
        assert what in faults(sqlite_office, content, sergeant)


def test_many_faults_are_told_as_twenty_and_a_number(sqlite_office: Office) -> None:
    sergeant = a_member(sqlite_office, Role.SUPERVISOR)
    told = faults(sqlite_office, csv_of(*[f"u{n},Jo,Sheriff,CA0000000,,," for n in range(50)]), sergeant)
    assert told.count("members.csv, line") == 20
    assert "30 more" in told


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(content=st.one_of(st.binary(max_size=300), st.text(max_size=300).map(lambda text: f"{HEADER}\n{text}".encode())))
def test_whatever_the_file_it_is_members_or_a_told_fault(sqlite_office: Office, content: bytes) -> None:
    try:
        lines = batch.parsed(sqlite_office, "members.csv", content, on=TODAY)
    except MalformedError:
        return
    assert lines
