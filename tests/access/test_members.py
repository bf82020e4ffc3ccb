"""Who becomes a member, by whom, and how he ends to be one (422.3.1(a))."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import select

from alpr_assets.access import approvals, members, register, sessions, sources
from alpr_assets.access.acting import Office
from alpr_assets.access.people import Member, Source, Status
from alpr_assets.access.record.entries import Outcome
from alpr_assets.access.roles import MAY, PRIVILEGED, Action, Role
from alpr_assets.errors import AccessRefusedError, IllegalMoveError, MalformedError
from alpr_assets.policy import Policy
from alpr_assets.store import people
from alpr_assets.store.engine import migrate, open_engine, reading
from tests.access.people import NOW, TITLES, Kept, a_member, actor, kept, office_of, signed_in


def proposed(office: Office, by: Member, title: str = "Police Officer", user_name: str = "jdoe", **more: Any) -> int:
    return members.propose(
        office, user_name=user_name, name="Jo Doe", title=title, agency="CA0000000", by=actor(by), at=NOW, **more
    )


@pytest.fixture
def sergeant(office: Office) -> Member:
    return a_member(office, Role.SUPERVISOR, "sergeant")


@pytest.fixture
def commander(office: Office) -> Member:
    return a_member(office, Role.COMMANDER, "commander")


@pytest.fixture
def administrator(office: Office) -> Member:
    return a_member(office, Role.ADMINISTRATOR, "administrator")


@pytest.mark.clause("422.3.1(a)")
def test_a_supervisor_proposes_and_another_leader_approves(office: Office, sergeant: Member, commander: Member) -> None:
    proposal_id = proposed(office, sergeant, sources=[Source.DEPARTMENT])
    (waiting,) = approvals.proposals(office.engine)
    assert waiting.proposal_id == proposal_id
    assert register.member(office.engine, waiting.member_id).status is Status.PROPOSED
    approved = members.approve(office, proposal_id, by=actor(commander), at=NOW)
    assert approved.accepted
    assert approved.member.status is Status.ACTIVE
    assert approved.member.role is Role.OFFICER
    assert approved.member.sources == {Source.DEPARTMENT}
    assert approved.one_time is not None
    assert approved.one_time.password not in repr(approved)
    assert not approvals.proposals(office.engine)


def test_another_agencys_ask_is_refused_and_opened_as_a_release_request(office: Office, sergeant: Member) -> None:
    with pytest.raises(AccessRefusedError, match="this department") as refused:
        members.propose(
            office, user_name="pat", name="Pat Roe", title="Police Officer", agency="CA0079900", by=actor(sergeant),
            at=NOW, purpose="a stolen car seen in both cities",
        )  # fmt: skip
    with reading(office.engine) as connection:
        (request,) = connection.execute(select(people.release_request)).all()
    assert (request.state, request.agency, request.person) == ("opened", "CA0079900", "Pat Roe")
    assert request.purpose == "a stolen car seen in both cities"
    assert request.opened_by == sergeant.member_id
    assert "422.7" in refused.value.remedy
    assert refused.value.record_id == 0
    assert kept(office).last.outcome is Outcome.REFUSED
    assert register.named(office.engine, "pat") is None


def test_an_unknown_title_is_refused_naming_those_there_are(office: Office, sergeant: Member) -> None:
    with pytest.raises(MalformedError) as error:
        proposed(office, sergeant, "Sheriff")
    assert "Police Officer" in error.value.remedy
    assert kept(office).last.reasons == ("MalformedError",)


def test_what_is_no_user_name_is_refused(office: Office, sergeant: Member) -> None:
    for user_name in ("", "x", "a b", "-jo", "jo/doe", "ʲø" * 3, "jo\nx", "j" * 65):
        with pytest.raises(MalformedError):
            proposed(office, sergeant, user_name=user_name)


def test_a_user_name_is_never_given_to_another(office: Office, sergeant: Member, commander: Member) -> None:
    proposal_id = proposed(office, sergeant, user_name="jdoe")
    members.reject(office, proposal_id, by=actor(commander), at=NOW)
    with pytest.raises(MalformedError, match="another's"):
        proposed(office, sergeant, user_name="ＪＤＯＥ")  # the same letters, full width


def test_a_privileged_role_needs_two_who_approve(office: Office, sergeant: Member, commander: Member) -> None:
    for role in sorted(PRIVILEGED):
        proposal_id = proposed(office, sergeant, TITLES[role], f"new.{role}")
        assert not members.approve(office, proposal_id, by=actor(sergeant), at=NOW).accepted
        with pytest.raises(AccessRefusedError, match="already"):
            members.approve(office, proposal_id, by=actor(sergeant), at=NOW)
        assert members.approve(office, proposal_id, by=actor(commander), at=NOW).accepted


def test_who_proposed_does_not_approve_alone(office: Office, sergeant: Member) -> None:
    proposal_id = proposed(office, sergeant)
    with pytest.raises(AccessRefusedError, match="proposed") as refused:
        members.approve(office, proposal_id, by=actor(sergeant), at=NOW)
    assert kept(office).entries[refused.value.record_id or 0].reasons == ("own_proposal",)


def test_an_administrator_approves_no_officer(office: Office, sergeant: Member, administrator: Member) -> None:
    proposal_id = proposed(office, sergeant)
    with pytest.raises(AccessRefusedError, match="supervisor or commander"):
        members.approve(office, proposal_id, by=actor(administrator), at=NOW)


def test_who_has_not_the_action_neither_proposes_nor_approves(office: Office, sergeant: Member) -> None:
    proposal_id = proposed(office, sergeant)
    for role in Role:
        if Action.APPROVE_MEMBER in MAY[role]:
            continue
        other = a_member(office, role)
        with pytest.raises(AccessRefusedError, match="does not include"):
            members.approve(office, proposal_id, by=actor(other), at=NOW)
        with pytest.raises(AccessRefusedError, match="does not include"):
            proposed(office, other, user_name="another")


def test_an_approval_counts_as_long_as_who_gave_it(office: Office, commander: Member, administrator: Member) -> None:
    """Else one who is about to be found out approves ahead, and is needed no more."""
    thief = a_member(office, Role.SUPERVISOR, "thief")
    proposal_id = proposed(office, commander, "Auditor")
    members.approve(office, proposal_id, by=actor(thief), at=NOW)
    members.separate(office, thief.member_id, by=actor(commander), at=NOW)
    assert not members.approve(office, proposal_id, by=actor(commander), at=NOW).accepted
    assert members.approve(office, proposal_id, by=actor(administrator), at=NOW).accepted


def test_a_suspended_approver_acts_no_more_though_his_session_said_so(
    office: Office, sergeant: Member, commander: Member
) -> None:
    proposal_id, who = proposed(office, commander), actor(sergeant)
    members.suspend(office, sergeant.member_id, reason="inquiry", by=actor(commander), at=NOW)
    with pytest.raises(AccessRefusedError, match="not active"):
        members.approve(office, proposal_id, by=who, at=NOW)


def test_two_who_approve_at_once_make_one_member(office: Office, sergeant: Member, commander: Member) -> None:
    """Both see one approval missing; the member is made once, with one password."""
    other = a_member(office, Role.SUPERVISOR)
    proposal_id = proposed(office, other)
    start, done = Barrier(2), []

    def approve(who: Member) -> None:
        start.wait()
        try:
            done.append(members.approve(office, proposal_id, by=actor(who), at=NOW))
        except IllegalMoveError:
            done.append(None)

    threads = [Thread(target=approve, args=(who,)) for who in (sergeant, commander)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(one is not None for one in done) == [False, True]


def test_another_title_changes_the_role_and_asks_for_another_sign_in(
    office: Office, sergeant: Member, commander: Member
) -> None:
    officer = a_member(office)
    opened = signed_in(office, officer)
    proposal_id = members.propose_title(office, officer.member_id, "auditor", by=actor(sergeant), at=NOW)
    assert not members.approve(office, proposal_id, by=actor(sergeant), at=NOW).accepted
    assert register.member(office.engine, officer.member_id).role is Role.OFFICER
    approved = members.approve(office, proposal_id, by=actor(commander), at=NOW)
    assert (approved.member.title, approved.member.role) == ("Auditor", Role.AUDITOR)
    assert approved.one_time is None
    assert sessions.find(office, opened.token, at=NOW, touch=False) is None


def test_taking_a_privileged_title_needs_two_as_well(office: Office, sergeant: Member, commander: Member) -> None:
    auditor = a_member(office, Role.AUDITOR)
    proposal_id = members.propose_title(office, auditor.member_id, "Police Officer", by=actor(commander), at=NOW)
    assert not members.approve(office, proposal_id, by=actor(sergeant), at=NOW).accepted


def test_nobody_decides_on_himself(office: Office, sergeant: Member, commander: Member) -> None:
    own = sergeant.member_id
    proposal_id = members.propose_title(office, own, "Community Policing Bureau Commander", by=actor(commander), at=NOW)
    for act in (
        lambda: members.propose_title(office, own, "Auditor", by=actor(sergeant), at=NOW),
        lambda: members.approve(office, proposal_id, by=actor(sergeant), at=NOW),
        lambda: members.reject(office, proposal_id, by=actor(sergeant), at=NOW),
        lambda: members.suspend(office, own, reason="x", by=actor(sergeant), at=NOW),
        lambda: members.separate(office, own, by=actor(sergeant), at=NOW),
        lambda: members.rename(office, own, "Other", by=actor(sergeant), at=NOW),
        lambda: sources.grant(office, own, Source.FEDERAL, by=actor(sergeant), at=NOW),
    ):
        with pytest.raises(AccessRefusedError) as refused:
            act()
        assert refused.value.codes == ("own_account",)


def test_separation_ends_sessions_password_and_second_factor_at_once(
    office: Office, sergeant: Member, commander: Member
) -> None:
    officer = a_member(office)
    opened = signed_in(office, officer)
    members.separate(office, officer.member_id, by=actor(sergeant), at=NOW)
    assert sessions.find(office, opened.token, at=NOW, touch=False) is None
    with reading(office.engine) as connection:
        for table in (people.member_password, people.member_second_factor):
            assert officer.member_id not in connection.scalars(select(table.c.member_id)).all()
    assert register.member(office.engine, officer.member_id).status is Status.SEPARATED
    with pytest.raises(IllegalMoveError):
        members.reactivate(office, officer.member_id, by=actor(sergeant), at=NOW)


def test_the_last_two_who_approve_are_suspended_but_not_separated(office: Office, sergeant: Member) -> None:
    """Else the department is locked out of its own register."""
    commander = a_member(office, Role.COMMANDER)
    with pytest.raises(IllegalMoveError, match="too few"):
        members.separate(office, commander.member_id, by=actor(sergeant), at=NOW)
    members.suspend(office, commander.member_id, reason="inquiry", by=actor(sergeant), at=NOW)
    assert register.member(office.engine, commander.member_id).status is Status.SUSPENDED


def test_ninety_days_without_use_suspend(office: Office) -> None:
    days = office.policy.access.inactive_days
    idle = a_member(office, at=NOW - timedelta(days=days))
    used = a_member(office, at=NOW - timedelta(days=days) + timedelta(seconds=1))
    assert members.suspend_inactive(office, at=NOW) == [idle.member_id]
    assert register.member(office.engine, idle.member_id).status is Status.SUSPENDED
    assert register.member(office.engine, used.member_id).status is Status.ACTIVE
    n = len(kept(office).entries)
    assert members.suspend_inactive(office, at=NOW) == []
    assert len(kept(office).entries) == n
    members.reactivate(office, idle.member_id, by=actor(a_member(office, Role.SUPERVISOR)), at=NOW)
    assert members.suspend_inactive(office, at=NOW) == []


def test_a_rename_keeps_both_names_in_the_record(office: Office, sergeant: Member) -> None:
    officer = a_member(office)
    members.rename(office, officer.member_id, "  Jo   Smith ", by=actor(sergeant), at=NOW)
    assert register.member(office.engine, officer.member_id).name == "Jo Smith"
    assert kept(office).last.details["name_before"] == officer.name


def test_sources_are_granted_and_taken_back_and_stay_on_file(office: Office, sergeant: Member) -> None:
    officer = a_member(office)
    sources.grant(office, officer.member_id, Source.STATE, by=actor(sergeant), at=NOW)
    with pytest.raises(IllegalMoveError):
        sources.grant(office, officer.member_id, Source.STATE, by=actor(sergeant), at=NOW)
    sources.revoke(office, officer.member_id, Source.STATE, by=actor(sergeant), at=NOW)
    sources.grant(office, officer.member_id, Source.STATE, by=actor(sergeant), at=NOW)
    assert register.member(office.engine, officer.member_id).sources == {Source.STATE}
    first, second = sources.of_member(office.engine, officer.member_id)
    assert (first.granted_by, first.revoked_by) == (sergeant.member_id, sergeant.member_id)
    assert second.revoked_at is None


def test_an_administrator_grants_no_sources(office: Office, administrator: Member) -> None:
    with pytest.raises(AccessRefusedError, match="does not include"):
        sources.grant(office, a_member(office).member_id, Source.STATE, by=actor(administrator), at=NOW)


class Register(RuleBasedStateMachine):
    """Members moved at random by people of all roles, against a plain model of who may what."""

    ids = Bundle("ids")
    policy: Policy
    folder: Any

    @initialize()
    def open(self) -> None:
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        engine = open_engine(f"sqlite:///{folder / 'alpr.sqlite'}")
        migrate(engine)
        store = type("OnlyAnEngine", (), {"engine": engine})()
        self.office = office_of(store, self.policy, folder)
        self.actors = [a_member(self.office, role, password=None) for role in (*Role, Role.SUPERVISOR, Role.COMMANDER)]
        self.status: dict[int, Status] = {}
        self.role: dict[int, Role] = {}
        self.open_: dict[int, tuple[int, int, Role, set[int]]] = {}  # proposal → member, proposer, role, approvers
        self.n = 0

    def attempt(self, act: Any, *, allowed: bool) -> Any:
        """Do it; it must end as the model says, with one entry of the record."""
        record = self.office.recorder
        assert isinstance(record, Kept)
        before = len(record.entries)
        try:
            done = act()
        except (AccessRefusedError, IllegalMoveError):
            assert not allowed
            done = None
            assert record.last.outcome is Outcome.REFUSED
        else:
            assert allowed
            assert record.last.outcome is Outcome.DONE
        assert len(record.entries) == before + 1
        return done

    @rule(target=ids, who=st.integers(0, 12), role=st.sampled_from(list(Role)))
    def propose(self, who: int, role: Role) -> int:
        by = self.actors[who]
        self.n += 1
        allowed = Action.PROPOSE_MEMBER in MAY[by.role]
        name = f"new{self.n}"
        proposal_id = self.attempt(lambda: proposed(self.office, by, TITLES[role], name), allowed=allowed)
        if proposal_id is None:
            return -1
        member = register.named(self.office.engine, name)
        assert member is not None
        self.status[member.member_id], self.role[member.member_id] = Status.PROPOSED, role
        self.open_[proposal_id] = (member.member_id, by.member_id, role, set())
        return member.member_id

    @rule(who=st.integers(0, 12), data=st.data())
    def approve(self, who: int, data: Any) -> None:
        if not self.open_:
            return
        proposal_id = data.draw(st.sampled_from(sorted(self.open_)))
        by = self.actors[who]
        member_id, proposer, role, given = self.open_[proposal_id]
        privileged = role in PRIVILEGED
        allowed = (
            Action.APPROVE_MEMBER in MAY[by.role]
            and by.member_id not in given
            and (privileged or (by.role in {Role.SUPERVISOR, Role.COMMANDER} and by.member_id != proposer))
        )
        self.attempt(lambda: members.approve(self.office, proposal_id, by=actor(by), at=NOW), allowed=allowed)
        if allowed:
            given.add(by.member_id)
            if len(given) >= (2 if privileged else 1):
                self.status[member_id] = Status.ACTIVE
                del self.open_[proposal_id]

    @rule(member_id=ids, who=st.integers(0, 12), to=st.sampled_from(["suspend", "reactivate", "separate"]))
    def move(self, member_id: int, who: int, to: str) -> None:
        if member_id < 0:
            return
        by, now = self.actors[who], self.status[member_id]
        if to == "suspend":
            allowed, then = now is Status.ACTIVE, Status.SUSPENDED
        elif to == "reactivate":
            allowed, then = now is Status.SUSPENDED, Status.ACTIVE
        else:
            allowed, then = now in {Status.ACTIVE, Status.SUSPENDED}, Status.SEPARATED
        action = Action.SEPARATE_MEMBER if to == "separate" else Action.SUSPEND_MEMBER
        allowed = allowed and action in MAY[by.role]
        more = {"reason": "inquiry"} if to == "suspend" else {}
        act = getattr(members, to)
        self.attempt(lambda: act(self.office, member_id, by=actor(by), at=NOW, **more), allowed=allowed)
        if allowed:
            self.status[member_id] = then

    @invariant()
    def the_register_is_what_the_model_says(self) -> None:
        if not hasattr(self, "status"):
            return
        found = {one.member_id: one for one in register.members(self.office.engine)}
        for member_id, status in self.status.items():
            assert found[member_id].status is status
            assert found[member_id].role is self.role[member_id]

    def teardown(self) -> None:
        if hasattr(self, "office"):
            self.office.engine.dispose()


def test_members_move_only_as_drawn(policy: Policy, tmp_path: Any) -> None:
    machine = type("OfThisPolicy", (Register,), {"policy": policy, "folder": tmp_path})
    run_state_machine_as_test(
        machine,
        settings=settings(max_examples=10, stateful_step_count=25, suppress_health_check=list(HealthCheck)),
    )
