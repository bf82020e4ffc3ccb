"""Watches: who places, approves, ends and sees one, until when it runs, and that all of it is recorded."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.exc import DBAPIError

from alpr_assets.access.record.entries import Outcome, RecordUnavailableError
from alpr_assets.access.roles import Action, Role
from alpr_assets.errors import AccessRefusedError, AlprError, IllegalMoveError, MalformedError, NotFoundError
from alpr_assets.lifecycle.hits.ending import put
from alpr_assets.lifecycle.hits.moves import Kind, Reasoned
from alpr_assets.lifecycle.watches.areas import Circle
from alpr_assets.lifecycle.watches.raising import raise_watch_hits
from alpr_assets.store import schema
from alpr_assets.store.engine import reading, writing
from alpr_assets.store.watches import watch, watch_decision
from tests.lifecycle.watches.department import DAY, Department, wanted
from tests.lifecycle.watches.planted import Planted, plant
from tests.people import NOW


@pytest.mark.clause("422.4(c)")
def test_a_watch_runs_at_once_and_an_approved_one_until_its_expiry(department: Department) -> None:
    owner, supervisor = department.member(), department.member(Role.SUPERVISOR)
    watch_id = department.place(owner)
    assert department.listed(owner, running=True) == {watch_id: "placed"}
    department.approve(supervisor, watch_id)
    department.now = NOW + 9 * DAY
    assert department.listed(owner, running=True) == {watch_id: "approved"}
    department.now = NOW + 10 * DAY
    assert department.listed(owner, running=True) == {}
    assert department.listed(owner, running=False) == {watch_id: "expired"}
    assert department.decided(owner, watch_id) == ["placed", "approved"]


def test_a_watch_that_nobody_approves_stops_after_a_day(department: Department) -> None:
    owner, supervisor = department.member(), department.member(Role.SUPERVISOR)
    watch_id = department.place(owner)
    department.now = NOW + timedelta(hours=24) - timedelta(seconds=1)
    assert department.listed(owner, running=True) == {watch_id: "placed"}
    department.now = NOW + timedelta(hours=24)
    assert department.listed(owner, running=True) == {}
    assert department.listed(owner) == {watch_id: "unapproved"}
    with pytest.raises(IllegalMoveError, match="not approved in time"):
        department.approve(supervisor, watch_id)


def test_nobody_approves_declines_or_extends_his_own(department: Department) -> None:
    owner = department.member(Role.SUPERVISOR)
    watch_id = department.place(owner)
    for act in (department.approve, department.decline, lambda by, one: department.extend(by, one, NOW + 11 * DAY)):
        with pytest.raises(AccessRefusedError, match="his own"):
            act(owner, watch_id)
    assert department.record.last.outcome is Outcome.REFUSED
    assert department.record.last.reasons == ("own_watch",)
    row = {"watch_id": watch_id, "seq": 2, "kind": "approved", "decided_at": NOW, "member_id": owner.member_id}
    with pytest.raises(DBAPIError, match="own watch"), writing(department.store.engine) as connection:
        connection.execute(insert(watch_decision), {**row, "reason": "past the code", "expires_at": NOW})


@pytest.mark.parametrize("role", [Role.OFFICER, Role.DISPATCHER, Role.ANALYST])
def test_who_looks_does_not_approve(department: Department, role: Role) -> None:
    watch_id = department.place(department.member())
    with pytest.raises(AccessRefusedError, match="does not include approve_watch"):
        department.approve(department.member(role), watch_id)


@pytest.mark.parametrize("role", [Role.CUSTODIAN, Role.ENGINEER, Role.AUDITOR, Role.ADMINISTRATOR])
def test_who_does_not_patrol_places_none(department: Department, role: Role) -> None:
    with pytest.raises(AccessRefusedError):
        department.place(department.member(role))
    assert department.listed(department.member(Role.COMMANDER)) == {}


@pytest.mark.clause("422.4(e)")
def test_a_covert_watch_is_shown_to_its_owner_its_supervisor_the_commander_and_the_auditor(
    department: Department,
) -> None:
    owner, named, other = department.member(), department.member(Role.SUPERVISOR), department.member(Role.SUPERVISOR)
    covert = department.place(owner, wanted(audience="covert", supervisor_id=named.member_id))
    normal = department.place(owner)
    both, one = {covert, normal}, {normal}
    assert set(department.listed(owner)) == both
    assert set(department.listed(named)) == both
    assert set(department.listed(department.member(Role.COMMANDER))) == both
    assert set(department.listed(department.member(Role.AUDITOR), Action.READ_RECORD)) == both
    for role in (Role.OFFICER, Role.DISPATCHER, Role.ANALYST, Role.SUPERVISOR, Role.CUSTODIAN):
        viewer = department.member(role)
        assert set(department.listed(viewer)) == one
        assert covert not in {result.id for result in department.record.last.results}
        assert department.decided(viewer, covert) == []
    with pytest.raises(NotFoundError):
        department.approve(other, covert)
    department.approve(named, covert)


@pytest.mark.parametrize("role", [None, Role.ANALYST, Role.COMMANDER])
def test_a_covert_watch_names_another_who_may_approve_it(department: Department, role: Role | None) -> None:
    owner = department.member(Role.SUPERVISOR)
    named = department.member(role).member_id if role else owner.member_id
    what = wanted(audience="covert", supervisor_id=named)
    if role is Role.COMMANDER:
        assert department.place(owner, what)
        return
    with pytest.raises(MalformedError) as caught:
        department.place(owner, what)
    assert caught.value.code == "supervisor"


def test_a_watch_goes_on_by_a_new_decision_only(department: Department) -> None:
    owner, supervisor = department.member(), department.member(Role.SUPERVISOR)
    watch_id = department.place(owner)
    with pytest.raises(IllegalMoveError, match="not approved"):
        department.extend(supervisor, watch_id, NOW + 20 * DAY)
    department.approve(supervisor, watch_id)
    with pytest.raises(MalformedError, match="within 30 days"):
        department.extend(supervisor, watch_id, NOW + 31 * DAY)
    with pytest.raises(MalformedError, match="not later"):
        department.extend(supervisor, watch_id, NOW + 9 * DAY)
    department.extend(supervisor, watch_id, NOW + 20 * DAY)
    department.now = NOW + 19 * DAY
    assert department.listed(owner) == {watch_id: "approved"}
    department.now = NOW + 20 * DAY
    with pytest.raises(IllegalMoveError, match="expired"):
        department.extend(supervisor, watch_id, NOW + 25 * DAY)
    assert department.decided(owner, watch_id) == ["placed", "approved", "extended"]


def test_a_watch_is_ended_by_its_owner_or_one_who_approves(department: Department) -> None:
    owner, supervisor = department.member(), department.member(Role.SUPERVISOR)
    first, second = department.place(owner), department.place(owner)
    with pytest.raises(AccessRefusedError, match="another's"):
        department.end(department.member(), first)
    department.end(owner, first)
    department.end(supervisor, second, Action.APPROVE_WATCH)
    assert department.listed(owner, running=False) == {first: "ended", second: "ended"}
    for act in (department.approve, department.decline):
        with pytest.raises(IllegalMoveError, match="ended already"):
            act(supervisor, first)


def test_a_declined_watch_stops(department: Department) -> None:
    owner, supervisor = department.member(), department.member(Role.SUPERVISOR)
    watch_id = department.place(owner)
    department.decline(supervisor, watch_id)
    assert department.listed(owner, running=True) == {}
    assert department.listed(owner) == {watch_id: "declined"}


def test_of_two_who_decide_at_once_one_does(department: Department) -> None:
    owner = department.member()
    deciders = [department.member(Role.SUPERVISOR) for _ in range(4)]
    watch_id = department.place(owner)

    def decide(number: int) -> str:
        try:
            (department.approve, department.decline)[number % 2](deciders[number], watch_id)
        except IllegalMoveError:
            return "late"
        return "done"

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(decide, range(4)))
    assert sorted(outcomes) == ["done", "late", "late", "late"]
    assert len(department.decided(owner, watch_id)) == 2


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"pattern": "*7*"}, "pattern_wide"),
        ({"pattern": "7[A"}, "pattern_bracket"),
        ({"reason": " x "}, "reason"),
        ({"reason": "x" * 301}, "reason"),
        ({"expires_at": NOW}, "expiry"),
        ({"expires_at": NOW + 31 * DAY}, "expiry"),
        ({"since_at": NOW, "until_at": NOW}, "window"),
        ({"state": "Cal"}, "state"),
        ({"kind": "entry"}, "purpose"),
    ],
)
def test_what_is_wrong_with_a_watch_is_said_and_nothing_is_placed(
    department: Department, changes: dict[str, Any], code: str
) -> None:
    owner = department.member()
    with pytest.raises(MalformedError) as caught:
        department.place(owner, wanted(**changes))
    assert caught.value.code == code
    assert department.listed(owner) == {}


@pytest.mark.clause("422.4(e)")
def test_an_entry_of_the_departments_list_has_owner_case_reason_expiry_and_approver(department: Department) -> None:
    owner, supervisor = department.member(), department.member(Role.SUPERVISOR)
    entry = wanted("7ABC 123", kind="entry", state="ca")
    with pytest.raises(MalformedError, match="categories"):
        department.place(owner, entry, purpose="criminal_investigation")
    watch_id = department.place(owner, entry)
    department.approve(supervisor, watch_id)
    with reading(department.store.engine) as connection:
        row = connection.execute(select(watch)).one()
    assert (row.pattern, row.state, row.is_partial, row.category) == ("7ABC123", "CA", False, "stolen_vehicle")
    assert (row.owner_id, row.case_number, row.reason) == (owner.member_id, "26-01234", entry.reason)


def test_the_record_keeps_what_was_asked_for_and_names_what_was_done(department: Department) -> None:
    owner = department.member()
    what = wanted("7?a *23", area=Circle(38.0, -121.8, 500))
    watch_id = department.place(owner, what)
    entry = department.record.last
    assert (entry.outcome, entry.action) == (Outcome.DONE, "place_watch")
    assert entry.elements["pattern"] == "7?a *23"
    assert [(result.kind, result.id) for result in entry.results] == [("watch", watch_id)]


ACTS: dict[str, Callable[[Department, Any, Any, int], None]] = {
    "place": lambda d, owner, supervisor, one: void(d.place(owner)),
    "approve": lambda d, owner, supervisor, one: d.approve(supervisor, one),
    "decline": lambda d, owner, supervisor, one: d.decline(supervisor, one),
    "end": lambda d, owner, supervisor, one: d.end(owner, one),
}


def void(_: object) -> None:
    return None


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_what_cannot_be_recorded_is_not_done(
    department: Department, act: Callable[[Department, Any, Any, int], None]
) -> None:
    owner, supervisor = department.member(), department.member(Role.SUPERVISOR)
    watch_id = department.place(owner)
    department.record.down = True
    with pytest.raises(RecordUnavailableError):
        act(department, owner, supervisor, watch_id)
    department.record.down = False
    assert department.listed(owner) == {watch_id: "placed"}
    assert department.decided(owner, watch_id) == ["placed"]
    n_before = len(department.record.entries)
    act(department, owner, supervisor, watch_id)
    assert len(department.record.entries) == n_before + 1


def test_a_decision_is_never_changed(department: Department) -> None:
    department.place(department.member())
    with pytest.raises(DBAPIError, match="never changed"), writing(department.store.engine) as connection:
        connection.execute(update(watch_decision).values(reason="another"))


def test_a_watch_that_is_not_there_is_not_found(department: Department) -> None:
    with pytest.raises(AlprError, match="no watch 99"):
        department.approve(department.member(Role.SUPERVISOR), 99)


@pytest.mark.clause("422.4(c)")
def test_a_preview_counts_what_a_pattern_would_match_lately(department: Department) -> None:
    plant(
        department.store, Planted("7BA23"), Planted("7BA23"), Planted("7XYA123"), Planted("8BA23"),
        Planted("7CA23", at=NOW - 31 * DAY),
    )  # fmt: skip
    found = department.preview(department.member(), "7?A*23")
    assert (found.n_plates, found.n_reads, found.days) == (2, 2, 30)
    assert department.preview(department.member(), "7BA23").n_reads == 3  # 8BA23 differs in one character
    assert not department.record.last.results


def test_a_preview_of_what_may_not_be_placed_is_refused(department: Department) -> None:
    with pytest.raises(MalformedError) as error:
        department.preview(department.member(), "*7*")
    assert error.value.code == "pattern_wide"
    with pytest.raises(AccessRefusedError):
        department.preview(department.member(Role.CUSTODIAN), "7?A*23")


@pytest.mark.clause("422.4(e)")
def test_a_watch_is_listed_with_how_much_it_found_of_what_the_member_may_see(department: Department) -> None:
    owner, other = department.member(), department.member()
    first = department.place(owner)
    covert = department.place(
        owner, wanted(audience="covert", supervisor_id=department.member(Role.SUPERVISOR).member_id)
    )
    plant(department.store, Planted("7BA23"), Planted("7CA23"))
    raise_watch_hits(department.store, NOW.date(), policy=department.policy, now=NOW)
    with writing(department.store.engine) as connection:
        hit = schema.hit.c
        one = select(hit.hit_id).where(hit.watch_id == first).limit(1)
        put(connection, connection.execute(select(schema.hit).where(hit.hit_id == connection.scalar(one))).one(),
            Reasoned(Kind.DISMISS, "another car"), at=NOW, member_id=1)  # fmt: skip
    assert department.tallies(owner) == {first: (2, 1), covert: (2, 2)}
    assert department.tallies(other) == {first: (2, 1)}
