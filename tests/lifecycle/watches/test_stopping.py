"""A watch that stops takes its hits with it; one without an owner stops (422.4(c), 422.4(f))."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from alpr_assets.access import register
from alpr_assets.access.people import Member, Status
from alpr_assets.access.roles import Action, Role
from alpr_assets.errors import IllegalMoveError
from alpr_assets.lifecycle.hits.ending import end_stopped, put
from alpr_assets.lifecycle.hits.moves import Answers, Clets, Kind, Result, Seen
from alpr_assets.lifecycle.watches.raising import raise_watch_hits
from alpr_assets.store import people, schema, verdicts
from alpr_assets.store.engine import reading, writing
from tests.lifecycle.watches.department import DAY, Department
from tests.lifecycle.watches.planted import Planted, plant
from tests.people import NOW

HOUR = timedelta(hours=1)
YES = Answers(plate=True, state=True, vehicle=True)


def raised(department: Department) -> None:
    """Three hits of the one watch: nobody looked, the picture is confirmed, CLETS confirmed."""
    plant(department.store, *map(Planted, ("7BA23", "7CA23", "7DA23")))
    raise_watch_hits(department.store, NOW.date(), policy=department.policy, now=department.now)
    with writing(department.store.engine) as connection:
        _, second, third = connection.scalars(select(schema.hit.c.hit_id).order_by(schema.hit.c.read_id))
        for hit_id in (second, third):
            put(connection, row(connection, hit_id), Seen(Kind.CONFIRM_PICTURE, YES), at=NOW, member_id=1)
        said = Clets(Result.CONFIRMED, NOW, "Lee", "A1")
        put(connection, row(connection, third), said, at=NOW, member_id=1, until=NOW + HOUR)


def row(connection, hit_id: int):
    return connection.execute(select(schema.hit).where(schema.hit.c.hit_id == hit_id).with_for_update()).one()


def standing(department: Department) -> list[str]:
    with reading(department.store.engine) as connection:
        return list(connection.scalars(select(schema.hit.c.status).order_by(schema.hit.c.read_id)))


def swept(department: Department) -> int:
    with writing(department.store.engine) as connection:
        return end_stopped(connection, department.now, policy=department.policy)


def becomes(department: Department, who: Member, status: Status) -> None:
    with writing(department.store.engine) as connection:
        mine = people.member.c.member_id == who.member_id
        connection.execute(update(people.member).where(mine).values(status=status.value))


@pytest.mark.clause("422.4(f)")
@pytest.mark.parametrize("how", ["declined", "ended by its owner", "ended by a supervisor"])
def test_the_open_hits_of_a_declined_or_ended_watch_end_with_it(department: Department, how: str) -> None:
    owner, supervisor = department.member(), department.member(Role.SUPERVISOR)
    watch_id = department.place(owner)
    raised(department)
    acts: dict[str, Callable[[], None]] = {
        "declined": lambda: department.decline(supervisor, watch_id),
        "ended by its owner": lambda: department.end(owner, watch_id),
        "ended by a supervisor": lambda: department.end(supervisor, watch_id, Action.APPROVE_WATCH),
    }
    acts[how]()
    assert standing(department) == ["cancelled"] * 3
    assert [one.kind for one in department.record.last.results].count("hit") == 3
    with reading(department.store.engine) as connection:
        last = connection.execute(select(verdicts.hit_move).order_by(verdicts.hit_move.c.move_id.desc()).limit(1)).one()
    assert (last.kind, last.member_id, last.from_status) == ("entry_ended", None, "actionable")
    assert swept(department) == 0


def test_the_hits_of_another_watch_stay(department: Department) -> None:
    owner = department.member()
    first, _ = department.place(owner), department.place(owner)
    plant(department.store, Planted("7BA23"))
    raise_watch_hits(department.store, NOW.date(), policy=department.policy, now=NOW)
    department.end(owner, first)
    assert sorted(standing(department)) == ["cancelled", "raised"]


@pytest.mark.clause("422.4(f)")
def test_hits_of_a_watch_that_nobody_approved_end_when_its_time_is_over(department: Department) -> None:
    department.place(department.member())
    raised(department)
    department.now = NOW + DAY - timedelta(seconds=1)
    assert swept(department) == 0
    department.now = NOW + DAY
    assert swept(department) == 3
    assert standing(department) == ["cancelled"] * 3


@pytest.mark.clause("422.4(f)")
def test_hits_of_an_expired_watch_are_looked_at_for_a_shift_and_confirmed_ones_go_on(department: Department) -> None:
    watch_id = department.place(department.member())
    department.approve(department.member(Role.SUPERVISOR), watch_id)
    raised(department)
    a_shift = timedelta(hours=department.policy.hits.unverified_hours)
    department.now = NOW + 10 * DAY + a_shift - timedelta(seconds=1)
    assert swept(department) == 0
    department.now = NOW + 10 * DAY + a_shift
    assert swept(department) == 1
    assert standing(department) == ["cancelled", "picture_confirmed", "actionable"]


@pytest.mark.parametrize("status", [Status.SUSPENDED, Status.SEPARATED])
def test_a_watch_whose_owner_is_suspended_or_left_stops_with_its_hits(department: Department, status: Status) -> None:
    owner, supervisor = department.member(), department.member(Role.SUPERVISOR)
    watch_id = department.place(owner)
    raised(department)
    becomes(department, owner, status)
    assert department.listed(supervisor, running=False) == {watch_id: "ownerless"}
    assert swept(department) == 3
    plant(department.store, Planted("7XA23"))
    found = raise_watch_hits(department.store, NOW.date(), policy=department.policy, now=NOW)
    assert (found.n_watches, found.n_raised) == (0, {})


def test_nobody_approves_or_extends_a_watch_without_an_owner_but_ends_it(department: Department) -> None:
    owner, supervisor = department.member(), department.member(Role.SUPERVISOR)
    watch_id = department.place(owner)
    becomes(department, owner, Status.SUSPENDED)
    with pytest.raises(IllegalMoveError, match="has no owner") as refused:
        department.approve(supervisor, watch_id)
    assert "places it again" in refused.value.remedy
    department.end(supervisor, watch_id, Action.APPROVE_WATCH)
    becomes(department, owner, Status.ACTIVE)
    assert register.member(department.store.engine, owner.member_id).status is Status.ACTIVE
    assert department.listed(owner, running=True) == {}


def test_an_owner_who_is_let_in_again_has_his_watch_back(department: Department) -> None:
    owner = department.member()
    watch_id = department.place(owner)
    becomes(department, owner, Status.SUSPENDED)
    assert department.listed(department.member(), running=True) == {}
    becomes(department, owner, Status.ACTIVE)
    assert department.listed(owner, running=True) == {watch_id: "placed"}
