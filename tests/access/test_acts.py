"""One contract over every act on the register: one entry in the record, or nothing done at all (422.6(a))."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Table, event, select

from alpr_assets.access import (
    attempts,
    batch,
    designee,
    initial,
    members,
    passwords,
    second_factor,
    sessions,
    signing_in,
    sources,
    tokens,
    training,
)
from alpr_assets.access.acting import Office
from alpr_assets.access.initial import First
from alpr_assets.access.people import SessionKind, Source, Status
from alpr_assets.access.record.entries import Outcome, RecordUnavailableError
from alpr_assets.access.roles import Action, Role
from alpr_assets.errors import AccessRefusedError
from alpr_assets.store import people
from alpr_assets.store.engine import Store, reading, writing
from tests.access.people import HERE, NOW, PASSWORD, TITLES, TODAY, a_member, actor, enrolled, granted, kept, signed_in

PDF = b"%PDF-1.7 designation"
NEW = "eleven quiet otters under Empire Mine"
CSV = (
    "user_name,name,title,agency,contractor,sources,training_completed_on\njdoe,Jo Doe,Police Officer,CA0000000,no,,\n"
)

Act = Callable[[], Any]
Prepare = Callable[[Office, Store], Act]


def rows(office: Office) -> dict[str, list[str]]:
    """All that the register holds."""
    tables = [value for value in vars(people).values() if isinstance(value, Table)]
    with reading(office.engine) as connection:
        return {table.name: sorted(map(repr, connection.execute(select(table)).all())) for table in tables}


def proposing(office: Office, store: Store) -> Act:
    who = actor(a_member(office, Role.SUPERVISOR))
    return lambda: members.propose(
        office, user_name="jdoe", name="Jo Doe", title="Police Officer", agency="CA0000000", by=who, at=NOW
    )


def another_agency(office: Office, store: Store) -> Act:
    who = actor(a_member(office, Role.SUPERVISOR))

    def act() -> None:
        with pytest.raises(AccessRefusedError, match="this department"):
            members.propose(
                office, user_name="x", name="Pat", title="Police Officer", agency="CA0079900", by=who, at=NOW
            )

    return act


def approving(office: Office, store: Store) -> Act:
    proposal_id = proposing(office, store)()
    who = actor(a_member(office, Role.COMMANDER))
    return lambda: members.approve(office, proposal_id, by=who, at=NOW)


def rejecting(office: Office, store: Store) -> Act:
    proposal_id = proposing(office, store)()
    who = actor(a_member(office, Role.COMMANDER))
    return lambda: members.reject(office, proposal_id, by=who, at=NOW)


def proposing_a_title(office: Office, store: Store) -> Act:
    member, who = a_member(office), actor(a_member(office, Role.SUPERVISOR))
    return lambda: members.propose_title(office, member.member_id, "Detective", by=who, at=NOW)


def suspending(office: Office, store: Store) -> Act:
    member, who = a_member(office), actor(a_member(office, Role.SUPERVISOR))
    return lambda: members.suspend(office, member.member_id, reason="inquiry", by=who, at=NOW)


def reactivating(office: Office, store: Store) -> Act:
    member, who = a_member(office, status=Status.SUSPENDED), actor(a_member(office, Role.SUPERVISOR))
    return lambda: members.reactivate(office, member.member_id, by=who, at=NOW)


def separating(office: Office, store: Store) -> Act:
    member, who = a_member(office), actor(a_member(office, Role.SUPERVISOR))
    a_member(office, Role.COMMANDER)
    signed_in(office, member)
    return lambda: members.separate(office, member.member_id, by=who, at=NOW)


def renaming(office: Office, store: Store) -> Act:
    member, who = a_member(office), actor(a_member(office, Role.SUPERVISOR))
    return lambda: members.rename(office, member.member_id, "Jo Smith", by=who, at=NOW)


def suspending_the_idle(office: Office, store: Store) -> Act:
    a_member(office, at=NOW - timedelta(days=91))
    return lambda: members.suspend_inactive(office, at=NOW)


def granting(office: Office, store: Store) -> Act:
    member, who = a_member(office), actor(a_member(office, Role.SUPERVISOR))
    return lambda: sources.grant(office, member.member_id, Source.STATE, by=who, at=NOW)


def revoking_a_source(office: Office, store: Store) -> Act:
    member, who = granted(office, a_member(office), Source.STATE), actor(a_member(office, Role.SUPERVISOR))
    return lambda: sources.revoke(office, member.member_id, Source.STATE, by=who, at=NOW)


def recording_training(office: Office, store: Store) -> Act:
    member, who = a_member(office), actor(a_member(office, Role.TRAINING_COORDINATOR))
    return lambda: training.record(office, member.member_id, TODAY, by=who, at=NOW)


def approving_training(office: Office, store: Store) -> Act:
    coordinator, who = a_member(office, Role.TRAINING_COORDINATOR), actor(a_member(office, Role.COMMANDER))
    training_id = training.record(office, coordinator.member_id, TODAY, by=actor(coordinator), at=NOW)
    return lambda: training.approve(office, [training_id], by=who, at=NOW)


def withdrawing_training(office: Office, store: Store) -> Act:
    who = actor(a_member(office, Role.TRAINING_COORDINATOR))
    training_id = training.record(office, a_member(office).member_id, TODAY, by=who, at=NOW)
    return lambda: training.withdraw(office, training_id, by=who, at=NOW)


def designating(office: Office, store: Store) -> Act:
    who = actor(a_member(office, Role.CUSTODIAN))
    return lambda: designee.designate(
        office, store.received, name="Lee Park", title="Lieutenant", from_on=TODAY, to_on=None, file_name="chief.pdf",
        content=PDF, by=who, at=NOW,
    )  # fmt: skip


def ending_a_designee(office: Office, store: Store) -> Act:
    who, designee_id = actor(a_member(office, Role.CUSTODIAN)), designating(office, store)()
    return lambda: designee.end(office, designee_id, date(2026, 12, 31), by=who, at=NOW)


def proposing_a_batch(office: Office, store: Store) -> Act:
    who = actor(a_member(office, Role.ADMINISTRATOR))
    return lambda: batch.propose(office, "members.csv", CSV.encode(), by=who, at=NOW)


def approving_a_batch(office: Office, store: Store) -> Act:
    batch_id, who = proposing_a_batch(office, store)(), actor(a_member(office, Role.SUPERVISOR))
    return lambda: batch.approve(office, batch_id, by=who, at=NOW)


def unlocking(office: Office, store: Store) -> Act:
    member, who = a_member(office), actor(a_member(office, Role.ADMINISTRATOR))
    with writing(office.engine) as connection:
        connection.execute(
            people.member.update().where(people.member.c.user_name == member.user_name).values(locked_at=NOW)
        )
    return lambda: attempts.unlock(office, member.member_id, by=who, at=NOW)


def resetting_a_password(office: Office, store: Store) -> Act:
    member, who = a_member(office), actor(a_member(office, Role.ADMINISTRATOR))
    return lambda: passwords.reset(office, member.member_id, by=who, at=NOW)


def resetting_a_second_factor(office: Office, store: Store) -> Act:
    member, who = a_member(office), actor(a_member(office, Role.SUPERVISOR))
    enrolled(office, member)
    return lambda: second_factor.reset(office, member.member_id, by=who, at=NOW)


def beginning_to_enrol(office: Office, store: Store) -> Act:
    opened = signing_in.sign_in(office, a_member(office).user_name, PASSWORD, address=HERE, at=NOW)
    return lambda: second_factor.begin_enrolment(office, opened.session, at=NOW)


def acknowledging(office: Office, store: Store) -> Act:
    session = signing_in.sign_in(office, a_member(office).user_name, PASSWORD, address=HERE, at=NOW).session
    return lambda: sessions.acknowledge(office, session, at=NOW)


def signing_out(office: Office, store: Store) -> Act:
    session = signed_in(office, a_member(office)).session
    return lambda: sessions.sign_out(office, session, at=NOW)


def revoking_a_session(office: Office, store: Store) -> Act:
    session, who = signed_in(office, a_member(office)).session, actor(a_member(office, Role.ADMINISTRATOR))
    return lambda: sessions.revoke(office, session.session_id, by=who, at=NOW)


def revoking_all_sessions(office: Office, store: Store) -> Act:
    session, who = signed_in(office, a_member(office)).session, actor(a_member(office, Role.ADMINISTRATOR))
    return lambda: sessions.revoke_of_member(office, session.member.member_id, by=who, at=NOW)


def making_a_token(office: Office, store: Store) -> Act:
    session = signed_in(office, a_member(office)).session
    return lambda: tokens.make(
        office, session, kind=SessionKind.NOTEBOOK, label="laptop", actions=[Action.VIEW_HITS], minutes=60, at=NOW
    )


def showing_a_code(office: Office, store: Store) -> Act:
    member = a_member(office)
    app = enrolled(office, member)
    opened = signing_in.sign_in(office, member.user_name, PASSWORD, address=HERE, at=NOW)
    return lambda: signing_in.verify_code(office, opened.token, app.at(NOW), at=NOW)


def beginning(office: Office, store: Store) -> Act:
    first = [
        First(user_name="sortiz", name="Sam Ortiz", title=TITLES[Role.ADMINISTRATOR]),
        First(user_name="aruiz", name="Ana Ruiz", title=TITLES[Role.COMMANDER]),
    ]
    return lambda: initial.begin(office, first, at=NOW)


def rescuing(office: Office, store: Store) -> Act:
    member = a_member(office, Role.ADMINISTRATOR)
    return lambda: initial.rescue(office, member.user_name, at=NOW)


ACTS = [
    proposing, another_agency, approving, rejecting, proposing_a_title, suspending, reactivating, separating, renaming,
    suspending_the_idle, granting, revoking_a_source, recording_training, approving_training, withdrawing_training,
    designating, ending_a_designee, proposing_a_batch, approving_a_batch, unlocking, resetting_a_password,
    resetting_a_second_factor, beginning_to_enrol, acknowledging, signing_out, revoking_a_session,
    revoking_all_sessions, making_a_token, showing_a_code, beginning, rescuing,
]  # fmt: skip


@pytest.mark.parametrize("prepare", ACTS)
@pytest.mark.clause("422.6(a)")
def test_an_act_is_one_entry_in_the_record_or_is_not_done(office: Office, store: Store, prepare: Prepare) -> None:
    act = prepare(office, store)
    n, before = len(kept(office).entries), rows(office)
    kept(office).down = True
    with pytest.raises(RecordUnavailableError):
        act()
    assert rows(office) == before
    kept(office).down = False
    act()
    assert rows(office) != before
    (entry,) = kept(office).entries[n:]
    assert entry.outcome is (Outcome.REFUSED if prepare is another_agency else Outcome.DONE)
    assert entry.at == NOW
    assert PASSWORD not in repr(entry)


def test_an_act_whose_commit_fails_is_recorded_as_failed(office: Office, store: Store) -> None:
    """The entry is there before the commit, so a second one must say that the act did not happen."""
    act = renaming(office, store)
    before = rows(office)

    def full(_connection: Any) -> None:
        raise OSError("no space left on device")

    event.listen(office.engine, "commit", full)
    with pytest.raises(OSError, match="no space"):
        act()
    event.remove(office.engine, "commit", full)
    assert [(entry.outcome, entry.reasons) for entry in kept(office).entries] == [
        (Outcome.DONE, ()),
        (Outcome.FAILED, ("commit",)),
    ]
    assert rows(office) == before


def test_whatever_goes_wrong_with_the_record_is_the_record_being_unavailable(office: Office, store: Store) -> None:
    act = renaming(office, store)
    before = rows(office)
    kept(office).fault = OSError("no space left on device")
    with pytest.raises(RecordUnavailableError):
        act()
    assert rows(office) == before
