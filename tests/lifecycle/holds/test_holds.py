"""Holds: what is covered, what is refused, who lifts, and that a purge at the same moment takes nothing that was promised."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import partial
from threading import Barrier, Thread

import pytest
from sqlalchemy import delete, insert, select, text
from sqlalchemy.exc import DBAPIError

from alpr_assets.access.roles import Action, Role
from alpr_assets.errors import AccessRefusedError, IllegalMoveError, MalformedError, NotFoundError, StorageError
from alpr_assets.lifecycle.holds import covering, listing, placing
from alpr_assets.lifecycle.holds.placing import Disposition
from alpr_assets.lifecycle.holds.selectors import Ground, Selector
from alpr_assets.lifecycle.watches.areas import Circle
from alpr_assets.store import schema
from alpr_assets.store.engine import lock_day, reading, writing
from alpr_assets.store.holds import hold, hold_decision
from tests.lifecycle.holds.settled import waive
from tests.people import NOW, MemoryRecorder, ask, gate_for, member, session
from tests.search.traffic import CENTRE, DAY, Pass, after, correct, put

REVIEW = date(2026, 9, 1)
HERE = Circle(*CENTRE, 300)


def numbered(n, day=DAY):
    return schema.numbered(day, n)


class Desk:
    """Members who place and lift holds."""

    def __init__(self, store, policy):
        self.store, self.policy, self.recorder = store, policy, MemoryRecorder()
        self.officer, self.boss = member(Role.OFFICER), member(Role.SUPERVISOR, member_id=8)
        self.custodian = member(Role.CUSTODIAN, member_id=9)

    def act(self, deed, action=Action.PLACE_HOLD, by=None, now=NOW):
        gate = gate_for(
            self.policy, self.officer, self.boss, self.custodian, member(Role.AUDITOR, member_id=10),
            recorder=self.recorder, now=now,
        )  # fmt: skip
        return gate.act(session(by or self.officer), ask(action, elements={}), self.store.engine, deed).rows

    def place(self, wanted, *, ground=Ground.CRIMINAL, reason="seen at the scene", review_on=REVIEW, **more):
        deed = partial(
            placing.place, wanted=wanted, ground=ground, reason=reason, review_on=review_on, policy=self.policy
        )
        return self.act(deed, **more)

    def lift(self, hold_id, *, by=None, disposition=Disposition.CASE_CLOSED, reason="closed", **more):
        deed = partial(placing.lift, hold_id=hold_id, disposition=disposition, reason=reason, policy=self.policy)
        return self.act(deed, Action.LIFT_HOLD, by or self.boss, **more)

    def held(self, day=DAY):
        with reading(self.store.engine) as connection:
            return sorted(number & 0xFFFF for number in covering.held(connection, day))


@pytest.fixture
def desk(store, policy):
    return Desk(store, policy)


def test_the_holds_of_one_capture_are_those_by_which_its_day_is_held(desk, store):
    put(store, [Pass("7ABC123"), Pass("7A8C123", after(60)), Pass("9STR999", after(90)), Pass("8XYZ111", after(95))])
    correct(store, numbered(4), "7ABC123")
    for wanted in (
        Selector(pattern="7ABC123"),
        Selector(pattern="9ST*"),
        Selector(area=HERE, since=after(0), until=after(70)),
        Selector(captures=((DAY, numbered(3)),)),
        Selector(pattern="7ABC123", device_id="corner-9"),
    ):
        desk.place(wanted)
    with reading(store.engine) as connection:
        found = {n: covering.holds_covering(connection, DAY, numbered(n)) for n in (1, 2, 3, 4, 5)}
    assert found == {1: [1, 3], 2: [1, 3], 3: [2, 4], 4: [1], 5: []}
    assert desk.held() == [n for n, holds in found.items() if holds]


@pytest.mark.clause("422.5")
def test_a_plate_holds_its_reads_look_alikes_and_corrections_and_what_comes_later(desk, store):
    put(store, [Pass("7ABC123"), Pass("7A8C123", after(60)), Pass("9STR999", after(90)), Pass("8XYZ111", after(95))])
    correct(store, numbered(4), "7ABC123")
    placed = desk.place(Selector(pattern="7abc 123"))
    assert desk.held() == [1, 2, 4]
    assert placed.impact == covering.Impact(3, 1, DAY, DAY, 0)
    put(store, [Pass("7ABC123", after(500)), Pass("9STR998", after(600))])
    assert desk.held() == [1, 2, 4, 5]
    (entry,) = desk.recorder.entries
    assert {one.kind: one.id for one in entry.results}["hold"] == placed.hold_id


@pytest.mark.clause("422.5")
def test_descriptions_narrow_each_other(desk, store):
    put(store, [
        Pass("7ABC123"), Pass("7ABC123", after(600)), Pass("7ABC123", after(10), east_m=2000), Pass("7ABD999", after(20)),
        Pass("9STR999", after(30)), Pass("7ABC555", after(40), placed=False), Pass("7ABC123", after(45), device="pole-9"),
    ])  # fmt: skip
    window = {"since": after(0), "until": after(300)}
    desk.place(Selector(pattern="7ABC*", area=HERE, **window))
    assert desk.held() == [1, 6, 7]  # 6: nobody knows where it was
    desk.place(Selector(device_id="pole-9", **window))
    assert desk.held() == [1, 6, 7]
    desk.place(Selector(area=HERE, **window))
    assert desk.held() == [1, 4, 5, 6, 7]
    assert desk.held(DAY + timedelta(days=1)) == []


@pytest.mark.clause("422.5")
def test_named_reads_captures_and_hits_hold_their_captures(desk, store):
    put(store, [Pass("7ABC123"), Pass("8XYZ111", after(60)), Pass("9STR999", after(90))])
    desk.place(Selector(captures=((DAY, numbered(1)),), reads=((DAY, numbered(3)),)))
    assert desk.held() == [1, 3]
    with pytest.raises(NotFoundError, match="not in the store: read"):
        desk.place(Selector(reads=((DAY, numbered(1)), (DAY, numbered(9)))))
    with pytest.raises(NotFoundError, match="hit 77"):
        desk.place(Selector(hits=(77,)))
    with writing(store.engine) as connection:
        raised = connection.execute(
            insert(schema.hit).returning(schema.hit.c.hit_id),
            {
                "day": DAY, "sighting_id": numbered(99), "source": "department", "plate": "7ABC123", "state": "CA", "list_type": "watch 1",
                "category": "stolen_vehicle", "restricted": False, "match_kind": "exact", "differences": [], "confidence": 0.9,
                "sure": True, "read_day": DAY, "read_id": numbered(99), "version_id": "light-1", "watch_id": 1, "captured_at": NOW,
                "raised_at": NOW, "status": "raised", "n_moves": 0,
            },
        ).scalar_one()  # fmt: skip
    with pytest.raises(NotFoundError, match=f"the reads of hit {raised}"):  # destroyed since
        desk.place(Selector(hits=(raised,)))
    with reading(store.engine) as connection:
        assert len(connection.execute(select(hold)).all()) == 1


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        (Selector(), "hold"),
        (Selector(area=HERE), "hold"),
        (Selector(device_id="pole-9", since=after(0)), "hold"),
        (Selector(since=after(0), until=after(60)), "hold"),
        (Selector(pattern="7ABC123", reads=((DAY, 1),)), "hold"),
        (Selector(pattern="???"), "pattern_wide"),
        (Selector(pattern="7ABC123", since=after(60), until=after(0)), "window"),
        (Selector(pattern="7ABC123", since=after(0).replace(tzinfo=None)), "window"),
    ],
)
@pytest.mark.clause("422.5")
def test_a_hold_that_says_nothing_or_too_much_is_refused(desk, wanted, code):
    with pytest.raises(MalformedError) as refused:
        desk.place(wanted)
    assert refused.value.code == code


def test_a_review_and_a_reason_are_needed(desk):
    wanted = Selector(pattern="7ABC123")
    for review_on in (NOW.date(), NOW.date() + timedelta(days=181)):
        with pytest.raises(MalformedError, match="reviewed"):
            desk.place(wanted, review_on=review_on)
    with pytest.raises(MalformedError, match="reason"):
        desk.place(wanted, reason=" x ")


@pytest.mark.clause("422.5")
def test_lifting_one_hold_frees_nothing_that_another_covers(desk, store):
    put(store, [Pass("7ABC123"), Pass("8XYZ111", after(60))])
    one = desk.place(Selector(pattern="7ABC123"))
    two = desk.place(Selector(area=HERE, since=after(-60), until=after(600)))
    assert two.impact.n_held == 1
    lifted = desk.lift(two.hold_id)
    assert (lifted.is_lifted, lifted.is_settled) == (True, False)
    assert lifted.impact == covering.Impact(2, 1, DAY, DAY, 1)
    with pytest.raises(IllegalMoveError):
        desk.lift(two.hold_id)
    desk.lift(one.hold_id)
    assert desk.held() == [1, 2]  # lifted, and neither booked nor said why not
    waive(store, desk.policy, two.hold_id)
    assert desk.held() == [1]
    waive(store, desk.policy, one.hold_id)
    assert desk.held() == []


@pytest.mark.clause("422.5")
def test_a_lift_that_frees_many_is_proposed_by_one_and_done_by_another(desk, store, policy):
    put(store, [Pass("7ABC123", after(n)) for n in range(5)])
    strict = policy.model_copy(update={"holds": policy.holds.model_copy(update={"second_approver_captures": 4})})
    desk.policy = strict
    placed = desk.place(Selector(pattern="7ABC123"))
    assert not desk.lift(placed.hold_id).is_lifted
    assert desk.held() == [1, 2, 3, 4, 5]
    with pytest.raises(AccessRefusedError) as refused:
        desk.lift(placed.hold_id)
    assert refused.value.codes == ("own_proposal",)
    assert desk.lift(placed.hold_id, by=desk.custodian).is_lifted
    waive(store, policy, placed.hold_id)
    assert desk.held() == []


def test_an_extension_takes_a_proposal_to_lift_back(desk, store, policy):
    put(store, [Pass("7ABC123", after(n)) for n in range(3)])
    desk.policy = policy.model_copy(update={"holds": policy.holds.model_copy(update={"second_approver_captures": 1})})
    placed = desk.place(Selector(pattern="7ABC123"))
    desk.lift(placed.hold_id)
    later = REVIEW + timedelta(days=30)
    desk.act(
        partial(placing.extend, hold_id=placed.hold_id, review_on=later, reason="trial in October", policy=desk.policy)
    )
    assert not desk.lift(placed.hold_id, by=desk.custodian).is_lifted  # proposed anew
    with reading(store.engine) as connection:
        kinds = connection.scalars(select(hold_decision.c.kind).order_by(hold_decision.c.seq)).all()
        assert connection.scalar(select(hold.c.review_on)) == later
    assert kinds == ["placed", "lift_proposed", "extended", "lift_proposed"]


@pytest.mark.clause("422.5")
def test_who_may_not_lift_does_not_and_an_overdue_review_is_told(desk, store):
    placed = desk.place(Selector(pattern="7ABC123"))
    with pytest.raises(AccessRefusedError):
        desk.lift(placed.hold_id, by=desk.officer)
    with pytest.raises(AccessRefusedError):
        desk.place(Selector(pattern="7ABC123"), by=member(Role.AUDITOR, member_id=10))
    on = REVIEW + timedelta(days=1)
    with reading(store.engine) as connection:
        assert [listing.overdue(connection, one) for one in (REVIEW, on)] == [[], [placed.hold_id]]
        late = REVIEW + timedelta(days=desk.policy.holds.escalate_days)
        told_of = [
            listing.overdue(connection, one, days=desk.policy.holds.escalate_days)
            for one in (late, late + timedelta(days=1))
        ]
        assert told_of == [[], [placed.hold_id]]
    gate = gate_for(desk.policy, desk.officer, recorder=desk.recorder)
    told = gate.answer(
        session(desk.officer), ask(Action.PLACE_HOLD), partial(listing.holds, engine=store.engine, on=on)
    ).rows
    assert [(one["hold_id"], one["overdue"], len(one["decisions"])) for one in told] == [(placed.hold_id, True, 1)]


def test_what_code_forgets_the_database_refuses(desk, store):
    put(store, [Pass("7ABC123")])
    desk.place(Selector(reads=((DAY, numbered(1)),)))
    for statement in (
        "DELETE FROM hold",
        "DELETE FROM hold_item",
        "DELETE FROM hold_decision",
        "UPDATE hold SET reason = 'another'",
        "UPDATE hold SET of_case = '26-00001'",
        "UPDATE hold SET status = 'lifted'",
        "UPDATE hold SET review_on = '2030-01-01'",
        "UPDATE hold_decision SET reason = 'another'",
        "UPDATE hold_item SET capture_id = 1",
        "INSERT INTO hold_decision (hold_id, seq, kind, decided_at, member_id, reason, review_on) "  # noqa: ISC004 - one statement
        "VALUES (1, 5, 'extended', 0, 1, 'out of turn', '2026-09-01')",
    ):
        with pytest.raises((DBAPIError, StorageError)), writing(store.engine) as connection:
            connection.execute(text(statement))
    assert desk.held() == [1]


# ── at the same moment ─────────────────────────────────────────────────────────────────────────────────────────────


def purge(store, day, *, careful=True):
    """Destroy what no hold covers, as a purge will; `careful` False: looks first and locks later, as one easily writes it."""
    read = schema.read.c
    if careful:
        with writing(store.engine) as connection:
            lock_day(connection, day)
            kept = covering.held(connection, day)
            connection.execute(delete(schema.read).where(read.day == day, read.capture_id.not_in(kept)))
        return
    with reading(store.engine) as connection:
        kept = covering.held(connection, day)
    with writing(store.engine) as connection:
        lock_day(connection, day)
        connection.execute(delete(schema.read).where(read.day == day, read.capture_id.not_in(kept)))


def race(desk, store, *, rounds, careful, start=0):
    """Rounds in which a hold and a purge begin at once. Returns how many acknowledged holds lost what they hold."""
    lost = acknowledged = 0
    for n in range(rounds):
        day = DAY + timedelta(days=start + n)
        at = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        put(store, [Pass("7ABC123", at), Pass("8XYZ111", at)])
        together, done = Barrier(2), list[int]()

        def placed(day=day, together=together, done=done):
            together.wait()
            try:
                desk.place(Selector(reads=((day, numbered(1, day)),)))
            except NotFoundError:
                return
            done.append(1)

        def purged(day=day, together=together):
            together.wait()
            purge(store, day, careful=careful)

        threads = [Thread(target=placed), Thread(target=purged)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        with reading(store.engine) as connection:
            left = connection.scalars(select(schema.read.c.read_id).where(schema.read.c.day == day)).all()
        acknowledged += len(done)
        lost += bool(done) and numbered(1, day) not in left
    return lost, acknowledged


@pytest.mark.clause("422.5")
def test_a_purge_at_the_same_moment_takes_nothing_that_was_promised(desk, store):
    lost, acknowledged = race(desk, store, rounds=60, careful=True)
    assert lost == 0
    assert acknowledged


def test_a_careless_purge_does_lose_what_was_promised(desk, store):
    """The control: this race can be lost, so the test above can fail."""
    for start in range(0, 2_000, 50):
        lost, _ = race(desk, store, rounds=50, careful=False, start=start)
        if lost:
            return
    pytest.fail("the careless purge lost nothing: the race is none")
