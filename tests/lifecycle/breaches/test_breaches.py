"""A breach from its report to its end: what it reached by the record, who decides, by when, and that nothing of it is changed."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial

import pytest
from sqlalchemy import text, update
from sqlalchemy.exc import DBAPIError

from alpr_assets.access.exports import Exports
from alpr_assets.access.record.entries import Outcome, RecordUnavailableError, ResultId
from alpr_assets.access.roles import MAY, Action, Role
from alpr_assets.access.secret_key import SecretKey
from alpr_assets.errors import AccessRefusedError, IllegalMoveError, MalformedError, NotFoundError, StorageError
from alpr_assets.lifecycle.breaches import deciding, notices
from alpr_assets.lifecycle.breaches.measuring import items_of, measure
from alpr_assets.lifecycle.breaches.suspecting import Kind, Suspected
from alpr_assets.search import history
from alpr_assets.store import schema
from alpr_assets.store.breaches import breach_measure
from alpr_assets.store.engine import reading, writing
from tests.access.people import a_member, actor, kept, office_of
from tests.people import NOW, ask, gate_for, session
from tests.search.lineage.desks import Desk, section
from tests.search.traffic import DAY, Pass, after, put

HOUR = timedelta(hours=1)
TODAY = date(2026, 6, 15)
WINDOW = {"since": NOW - HOUR, "until": NOW + HOUR}
PLATES = ("7ABC123", "8XYZ111", "9STR999")


@pytest.fixture
def desk(store, policy, tmp_path):
    """Four reads of three cars; an analyst and a commander have searched."""
    put(store, [Pass(plate, after(n)) for n, plate in enumerate((*PLATES, PLATES[0]))])
    made = Desk(store, policy, tmp_path, SecretKey(tmp_path / "key"))
    for role, plate in ((Role.ANALYST, PLATES[0]), (Role.ANALYST, PLATES[1]), (Role.COMMANDER, PLATES[2])):
        search = partial(history.plate_history, engine=store.engine, plate=plate)
        made.ask(role, search, Action.PLATE_HISTORY)
    yield made
    made.record.close()


@pytest.fixture
def office(store, policy, tmp_path):
    return office_of(store, policy, tmp_path)


@pytest.fixture
def people(office):
    return {role: a_member(office, role) for role in (Role.COMMANDER, Role.ADMINISTRATOR, Role.ATTORNEY, Role.AUDITOR)}


def measured(desk, **suspected):
    with reading(desk.store.engine) as connection, desk._record() as record:
        return measure(connection, record, Suspected(**suspected))


def read(n):
    return ResultId("read", DAY, schema.numbered(DAY, n))


def reported(office, people, **changes):
    asked = {
        "what": "a laptop with an open session was stolen", "discovered_at": NOW - HOUR,
        "suspected": Suspected(kind=Kind.TIME, **WINDOW), **changes,
    }  # fmt: skip
    return deciding.report(office, by=actor(people[Role.COMMANDER]), at=NOW, **asked)


def decide(office, people, breach_id, kind, role, *, at=NOW, **parts):
    deciding.decide(office, breach_id, kind, reason="as it was found", by=actor(people[role]), at=at, **parts)


def test_an_accounts_breach_reached_what_the_record_says_he_was_shown_in_that_time(desk):
    analyst = desk.members[Role.ANALYST].member_id
    found = measured(desk, kind=Kind.ACCOUNT, number=analyst, **WINDOW)
    assert found.items == (read(1), read(2), read(4))
    assert (found.n_entries, found.n_plates, found.n_gone, found.days) == (2, 2, 0, [DAY])
    assert not any(plate.encode() in found.content() for plate in PLATES)
    assert measured(desk, kind=Kind.ACCOUNT, number=99, **WINDOW).items == ()
    later = {"since": NOW + HOUR, "until": NOW + 2 * HOUR}
    assert measured(desk, kind=Kind.ACCOUNT, number=analyst, **later).n_entries == 0


def test_a_session_a_time_and_a_drop_are_found_each_in_its_way(desk):
    commander = 70 + desk.members[Role.COMMANDER].member_id  # see tests.people.session
    assert measured(desk, kind=Kind.SESSION, number=commander, **WINDOW).items == (read(3),)
    assert measured(desk, kind=Kind.TIME, **WINDOW).count("read") == 4
    stolen = measured(desk, kind=Kind.DROP, number=1)
    assert (stolen.n_entries, stolen.count("capture"), stolen.count("read"), stolen.n_plates) == (0, 4, 4, 3)
    with pytest.raises(NotFoundError, match="no drop"):
        measured(desk, kind=Kind.DROP, number=7)


def test_more_entries_than_a_page_are_all_counted(desk):
    search = partial(history.plate_history, engine=desk.store.engine, plate=PLATES[1])
    for _ in range(101):
        desk.ask(Role.SUPERVISOR, search, Action.PLATE_HISTORY)
    found = measured(desk, kind=Kind.ACCOUNT, number=desk.members[Role.SUPERVISOR].member_id, **WINDOW)
    assert (found.n_entries, found.items) == (101, (read(2),))


def test_an_exported_file_is_found_by_its_entry(desk):
    analyst = desk.members[Role.ANALYST]
    gate = gate_for(desk.policy, analyst, recorder=desk.record)
    exports = Exports(gate, desk.store.engine, desk.key)
    search = partial(history.plate_history, engine=desk.store.engine, plate=PLATES[0])
    exports.take(session(analyst), ask(Action.PLATE_HISTORY), search, "csv")
    assert measured(desk, kind=Kind.EXPORT, number=1).items == (read(1), read(4))
    with pytest.raises(NotFoundError, match="no export"):
        measured(desk, kind=Kind.EXPORT, number=2)


def test_what_was_destroyed_since_is_counted_and_no_plate_of_it_is_known(desk):
    with writing(desk.store.engine) as connection:
        connection.execute(schema.read.delete().where(schema.read.c.plate == PLATES[1]))
    found = measured(desk, kind=Kind.TIME, **WINDOW)
    assert (found.count("read"), found.n_plates, found.n_gone) == (4, 2, 1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": Kind.ACCOUNT, **WINDOW}, {"kind": Kind.TIME, "number": 1, **WINDOW}, {"kind": Kind.TIME},
        {"kind": Kind.TIME, "since": NOW, "until": NOW}, {"kind": Kind.DROP, "number": 1, **WINDOW},
    ],
)  # fmt: skip
def test_what_names_nothing_or_too_much_is_refused(wrong):
    with pytest.raises(MalformedError):
        Suspected(**wrong).check()


@pytest.mark.clause("422.6(a)")
def test_a_breach_goes_from_its_report_over_the_attorneys_decision_to_its_end(desk, office, people):
    breach_id = reported(office, people)
    found = measured(desk, kind=Kind.TIME, **WINDOW)
    deciding.keep(office, breach_id, found, by=actor(people[Role.ADMINISTRATOR]), at=NOW)
    assert kept(office).last.details["sha256"] == found.row()["sha256"]
    with pytest.raises(IllegalMoveError, match="notice is owed first"):
        decide(office, people, breach_id, "closed", Role.COMMANDER)
    with pytest.raises(IllegalMoveError, match="nobody decided"):
        decide(office, people, breach_id, "individuals_notified", Role.COMMANDER, done_on=TODAY, n_notified=600)
    decide(office, people, breach_id, "notice_owed", Role.ATTORNEY)
    (one,) = deciding.breaches(office.engine, office.policy)
    assert [deadline.due_on for deadline in one.deadlines] == [date(2026, 7, 15)] * 2
    assert one.n_overdue(date(2026, 7, 15)) == 0
    assert one.n_overdue(date(2026, 7, 16)) == 1
    decide(office, people, breach_id, "individuals_notified", Role.COMMANDER, done_on=TODAY, n_notified=501)
    with pytest.raises(IllegalMoveError, match="attorney general has a sample first"):
        decide(office, people, breach_id, "closed", Role.COMMANDER)
    assert deciding.one(office.engine, office.policy, breach_id).deadlines[-1].due_on == TODAY + timedelta(days=15)
    decide(office, people, breach_id, "attorney_general_notified", Role.ATTORNEY, done_on=TODAY)
    decide(office, people, breach_id, "closed", Role.COMMANDER)
    closed = deciding.one(office.engine, office.policy, breach_id)
    assert (closed.status, closed.deadlines) == ("closed", ())
    assert [one.kind for one in closed.decisions] == [
        "reported", "notice_owed", "individuals_notified", "attorney_general_notified", "closed"
    ]  # fmt: skip
    with pytest.raises(IllegalMoveError, match="is closed"):
        deciding.keep(office, breach_id, found, by=actor(people[Role.COMMANDER]), at=NOW)


def test_five_hundred_need_no_sample_and_what_is_not_owed_is_closed_at_once(desk, office, people):
    found = measured(desk, kind=Kind.TIME, **WINDOW)
    for ruling, parts in (("notice_owed", {"done_on": TODAY, "n_notified": 500}), ("notice_not_owed", {})):
        breach_id = reported(office, people)
        decide(office, people, breach_id, ruling, Role.ATTORNEY)
        if parts:
            decide(office, people, breach_id, "individuals_notified", Role.COMMANDER, **parts)
        with pytest.raises(IllegalMoveError, match="never measured"):
            decide(office, people, breach_id, "closed", Role.COMMANDER)
        deciding.keep(office, breach_id, found, by=actor(people[Role.COMMANDER]), at=NOW)
        decide(office, people, breach_id, "closed", Role.COMMANDER)
    assert {one.status for one in deciding.breaches(office.engine, office.policy)} == {"closed"}


def test_a_delay_puts_the_notice_off_and_never_brings_it_forward(office, people):
    breach_id = reported(office, people)
    decide(office, people, breach_id, "notice_owed", Role.ATTORNEY)
    for until, due in ((date(2026, 6, 20), date(2026, 7, 15)), (date(2026, 9, 1), date(2026, 9, 1))):
        decide(office, people, breach_id, "delayed", Role.COMMANDER, until_on=until)
        assert deciding.one(office.engine, office.policy, breach_id).deadlines[-1].due_on == due


def test_each_decision_is_for_those_whose_it_is(office, people):
    breach_id = reported(office, people)
    for kind, roles in deciding.WHO.items():
        for role in {Role.COMMANDER, Role.ATTORNEY} - roles:
            with pytest.raises(AccessRefusedError, match="to decide"):
                decide(office, people, breach_id, kind, role)
    for role in (Role.ADMINISTRATOR, Role.AUDITOR):
        with pytest.raises(AccessRefusedError, match="does not include"):
            decide(office, people, breach_id, "notice_owed", role)
    assert kept(office).last.outcome is Outcome.REFUSED
    assert {role for role in Role if Action.REPORT_BREACH in MAY[role]} == {Role.COMMANDER, Role.ADMINISTRATOR}
    assert {role for role in Role if Action.DECIDE_BREACH in MAY[role]} == {Role.COMMANDER, Role.ATTORNEY}
    with pytest.raises(AccessRefusedError):
        deciding.report(
            office, what="something", discovered_at=NOW, suspected=Suspected(kind=Kind.DROP, number=1),
            by=actor(people[Role.ATTORNEY]), at=NOW,
        )  # fmt: skip


def test_wrong_parts_of_a_decision_and_a_discovery_to_come_are_refused(office, people):
    with pytest.raises(MalformedError, match="not discovered yet"):
        reported(office, people, discovered_at=NOW + HOUR)
    breach_id = reported(office, people)
    decide(office, people, breach_id, "notice_owed", Role.ATTORNEY)
    for kind, parts in (
        ("individuals_notified", {"done_on": TODAY}),
        ("individuals_notified", {"done_on": TODAY + timedelta(days=1), "n_notified": 3}),
        ("individuals_notified", {"done_on": TODAY, "n_notified": 0}),
        ("individuals_notified", {"done_on": TODAY - timedelta(days=1), "n_notified": 3}),
        ("delayed", {"until_on": TODAY}),
        ("closed", {"done_on": TODAY}),
        ("forgotten", {}),
    ):
        with pytest.raises(MalformedError):
            decide(office, people, breach_id, kind, Role.COMMANDER, **parts)


def test_what_cannot_be_recorded_is_not_done_and_what_was_is_never_changed(desk, office, people):
    kept(office).down = True
    with pytest.raises(RecordUnavailableError):
        reported(office, people)
    kept(office).down = False
    assert deciding.breaches(office.engine, office.policy) == []
    breach_id = reported(office, people)
    found = measured(desk, kind=Kind.TIME, **WINDOW)
    deciding.keep(office, breach_id, found, by=actor(people[Role.COMMANDER]), at=NOW)
    for statement in (
        "UPDATE breach SET what = 'nothing'", "UPDATE breach SET status = 'closed'", "DELETE FROM breach",
        "UPDATE breach_measure SET n_reads = 0", "DELETE FROM breach_measure", "UPDATE breach_decision SET reason = 'x'",
        "DELETE FROM breach_decision",
    ):  # fmt: skip
        with pytest.raises((DBAPIError, StorageError)), writing(office.engine) as connection:
            connection.execute(text(statement))
    with reading(office.engine) as connection:
        (row,) = connection.execute(breach_measure.select())
    assert tuple(items_of(row)) == found.items


def test_drafts_hold_the_five_headings_counts_and_no_plate(desk, office, people):
    breach_id = reported(office, people)
    with pytest.raises(IllegalMoveError, match="not measured"):
        notices.individuals(deciding.one(office.engine, office.policy, breach_id), office.policy, TODAY)
    found = measured(desk, kind=Kind.TIME, **WINDOW)
    deciding.keep(office, breach_id, found, by=actor(people[Role.COMMANDER]), at=NOW)
    known = deciding.one(office.engine, office.policy, breach_id)
    letter = notices.individuals(known, office.policy, TODAY)
    places = [letter.index(heading) for heading in (
        "NOTICE OF DATA BREACH", "WHAT HAPPENED", "WHAT INFORMATION WAS INVOLVED", "WHAT WE ARE DOING",
        "WHAT YOU CAN DO", "FOR MORE INFORMATION",
    )]  # fmt: skip
    assert places == sorted(places)  # Civ. Code 1798.29(d)(1), in its order
    assert "4 reads of license plates and 0 pictures" in letter
    sample = notices.attorney_general(known, office.policy, TODAY)
    assert "[number] individuals" in sample
    assert not any(plate in letter + sample for plate in PLATES)


def test_a_read_that_a_breach_reached_says_so_in_its_lineage_to_who_is_told_of_searches(desk, office, people):
    breach_id = reported(office, people)
    found = measured(desk, kind=Kind.ACCOUNT, number=desk.members[Role.ANALYST].member_id, **WINDOW)
    deciding.keep(office, breach_id, found, by=actor(people[Role.COMMANDER]), at=NOW)
    (step,) = section(desk.trace(Role.AUDITOR, read_id=read(1).id), "breaches")
    assert step.what == f"Breach {breach_id} reached it: open"
    assert section(desk.trace(Role.ANALYST, read_id=read(1).id), "breaches") == ()
    assert section(desk.trace(read_id=read(3).id), "breaches") == ()
    with writing(desk.store.engine) as connection:  # destroyed since: it is told all the same
        connection.execute(schema.read.delete().where(schema.read.c.read_id == read(1).id))
        connection.execute(update(schema.capture_day).values(n_destroyed=1))
    assert section(desk.trace(read_id=read(1).id), "breaches")
