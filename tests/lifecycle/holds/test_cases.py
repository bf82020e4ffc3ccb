"""A case is held whole: what people were shown under its number, what its watches hit, and what comes later under it."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import delete, insert, select

from alpr_assets.access.gate import Found
from alpr_assets.access.record.entries import ResultId
from alpr_assets.access.record.log import AccessRecord
from alpr_assets.access.record.places import place_of
from alpr_assets.access.roles import Action, Role
from alpr_assets.errors import AccessRefusedError, MalformedError, NotFoundError
from alpr_assets.lifecycle.holds import covering, joining, placing
from alpr_assets.lifecycle.holds.cases import Path
from alpr_assets.lifecycle.holds.placing import Disposition
from alpr_assets.lifecycle.holds.selectors import Ground, Selector
from alpr_assets.settings import Settings
from alpr_assets.store import schema
from alpr_assets.store.engine import reading, writing
from alpr_assets.store.holds import hold_item
from alpr_assets.store.incidents import provisional_number
from alpr_assets.store.watches import watch
from tests.lifecycle.holds.settled import waive
from tests.lifecycle.holds.test_holds import REVIEW, numbered
from tests.people import CASE, NOW, ask, gate_for, member, session
from tests.search.traffic import DAY, Pass, after, put

HELD = "26-07777"


class Desk:
    """An officer who looks at things under case numbers, with a real access record, and holds them."""

    def __init__(self, store, policy, folder):
        self.store, self.policy = store, policy
        self.configured = Settings(data=folder / "data", keys=folder / "keys")
        (folder / "data").mkdir(exist_ok=True)
        self.officer, self.boss = member(Role.OFFICER), member(Role.SUPERVISOR, member_id=8)
        self.record = AccessRecord(place_of(self.configured))
        self.gate = gate_for(policy, self.officer, self.boss, recorder=self.record)

    def shown(self, *ids, case=HELD, action=Action.PLATE_HISTORY, **more):
        """Somebody is shown this under a number."""
        found = Found(None, [ResultId(kind, DAY, number) for kind, number in ids])
        self.gate.answer(session(self.officer), ask(action, case_number=case, **more), lambda grant: found)

    def place(self, case=HELD, **more):
        shown = joining.shown_under(self.store.engine, place_of(self.configured), case)
        deed = partial(
            placing.place, wanted=Selector(case=case, **more), ground=Ground.CRIMINAL, reason="goes to trial",
            review_on=REVIEW, policy=self.policy, shown=shown,
        )  # fmt: skip
        return self.gate.act(session(self.officer), ask(Action.PLACE_HOLD, elements={}), self.store.engine, deed).rows

    def join(self):
        return joining.join(self.store.engine, place_of(self.configured), at=NOW)

    def held(self, day=DAY, **more):
        with reading(self.store.engine) as connection:
            return sorted(number & 0xFFFF for number in covering.held(connection, day, **more))

    def hit(self, number, **changes):
        """A pass of one read, number, that a watch hit."""
        with writing(self.store.engine) as connection:
            row = {
                "day": DAY, "sighting_id": self._sighting(connection, number), "source": "department", "plate": "7ABC123", "state": "CA",
                "list_type": "watch 1", "category": "stolen_vehicle", "restricted": False, "match_kind": "exact", "differences": [],
                "confidence": 0.9, "sure": True, "read_day": DAY, "read_id": numbered(number), "version_id": "light-1",
                "watch_id": self._watch(connection, **changes), "captured_at": NOW, "raised_at": NOW, "status": "raised", "n_moves": 0,
            }  # fmt: skip
            return connection.execute(insert(schema.hit).returning(schema.hit.c.hit_id), row).scalar_one()

    def _sighting(self, connection, number):
        known = schema.sighting_read.c
        return connection.scalar(select(known.sighting_id).where(known.read_id == numbered(number)))

    def _watch(self, connection, **changes):
        row = {
            "kind": "watch", "pattern": "7ABC123", "is_partial": False, "state": "", "purpose": "stolen_vehicle", "category": "stolen_vehicle",
            "case_number": HELD, "reason": "stolen", "owner_id": 99, "audience": "normal", "supervisor_id": None, "status": "placed",
            "n_decisions": 0, "placed_at": NOW, "approve_by_at": NOW, "expires_at": NOW + timedelta(days=9), **changes,
        }  # fmt: skip
        return connection.execute(insert(watch).returning(watch.c.watch_id), row).scalar_one()


@pytest.fixture
def desk(store, policy, tmp_path):
    desk = Desk(store, policy, tmp_path)
    put(store, [Pass(f"7ABC{n:03}", after(60 * n)) for n in range(1, 9)])
    yield desk
    desk.record.close()


@pytest.mark.clause("422.5")
def test_a_case_holds_what_was_returned_opened_frozen_and_hit_under_its_number(desk):
    desk.shown(("read", numbered(1)), ("read", numbered(2)))
    desk.shown(("capture", numbered(2)), action=Action.OPEN_IMAGE)
    desk.shown(("read", numbered(3)), details={"frozen": True})
    desk.shown(("read", numbered(5)), case=CASE)  # another's
    desk.hit(4)
    placed = desk.place()
    assert desk.held() == [1, 2, 3, 4]
    assert placed.impact.n_captures == 4
    assert placed.impact.by_path == {Path.RETURNED: 2, Path.OPENED: 1, Path.FROZEN: 1, Path.HIT: 1}
    assert desk.held(besides=placed.hold_id) == []


@pytest.mark.clause("422.5")
def test_what_comes_later_under_the_number_joins_once(desk, store):
    desk.shown(("read", numbered(1)))
    placed = desk.place()
    desk.hit(6)
    assert desk.held() == [1, 6]  # a purge asks for hits in its own transaction
    desk.shown(("read", numbered(7)))
    assert desk.held() == [1, 6]
    assert (desk.join(), desk.join()) == (1, 0)
    assert desk.held() == [1, 6, 7]
    with reading(store.engine) as connection:
        items = connection.execute(select(hold_item.c.capture_id, hold_item.c.joined_at)).tuples().all()
    assert dict(items) == {numbered(1): None, numbered(7): NOW}
    deed = partial(
        placing.lift, hold_id=placed.hold_id, disposition=Disposition.CASE_CLOSED, reason="closed", policy=desk.policy
    )
    desk.gate.act(session(desk.boss), ask(Action.LIFT_HOLD, elements={}), store.engine, deed)
    desk.shown(("read", numbered(8)))
    assert desk.join() == 0
    waive(store, desk.policy, placed.hold_id)
    assert desk.held() == []


def test_a_provisional_number_that_became_the_case_belongs_to_it(desk, store):
    with writing(store.engine) as connection:
        row = {
            "number": "P-260615-001",
            "day": DAY,
            "n_of_day": 1,
            "member_id": 7,
            "issued_at": NOW,
            "due_at": NOW + timedelta(hours=72),
        }
        connection.execute(insert(provisional_number), row)
    desk.hit(2, case_number="P-260615-001")
    with pytest.raises(NotFoundError, match="under that number"):
        desk.place()
    with writing(store.engine) as connection:
        changed = {"case_number": HELD, "reconciled_at": NOW, "reconciled_by": 7}
        connection.execute(provisional_number.update().values(changed))
    desk.place()
    desk.place("P-260615-001")  # held while it was provisional, by another: both go on
    assert desk.held() == [2]
    desk.shown(("read", numbered(3)))
    assert desk.join() == 2


@pytest.mark.clause("422.5")
def test_a_number_under_which_nothing_was_shown_or_is_left_is_refused(desk, store):
    with pytest.raises(NotFoundError, match="under that number"):
        desk.place()
    desk.shown(("read", numbered(1)))
    with writing(store.engine) as connection:
        connection.execute(delete(schema.read).where(schema.read.c.read_id == numbered(1)))
    with pytest.raises(NotFoundError, match="under that number"):
        desk.place()
    for wrong, code in (({"case": "x"}, "case"), ({"pattern": "7ABC123"}, "hold"), ({"reads": ((DAY, 1),)}, "hold")):
        with pytest.raises(MalformedError) as refused:
            desk.place(**wrong)
        assert refused.value.code == code


@pytest.mark.clause("422.4(e)")
def test_a_covert_watch_s_hits_are_held_and_not_told(desk):
    covert = desk.hit(2, audience="covert", supervisor_id=98)
    with pytest.raises(NotFoundError, match="under that number"):  # as if there were none
        desk.place()
    desk.shown(("read", numbered(1)))
    placed = desk.place()
    assert desk.held() == [1, 2]
    assert (placed.impact.n_captures, placed.impact.by_path) == (1, {Path.RETURNED: 1})
    deed = partial(
        placing.place, wanted=Selector(hits=(covert,)), ground=Ground.CRIMINAL, reason="a guess", review_on=REVIEW, policy=desk.policy
    )  # fmt: skip
    with pytest.raises(NotFoundError, match=f"hit {covert}"):
        desk.gate.act(session(desk.officer), ask(Action.PLACE_HOLD, elements={}), desk.store.engine, deed)


@pytest.mark.clause("422.5")
def test_what_lifting_would_free_is_told_before(desk, store):
    desk.shown(("read", numbered(1)), ("read", numbered(2)))
    first = desk.place()
    desk.shown(("read", numbered(2)), case=CASE)
    desk.place(CASE)

    def looked(grant):
        with reading(store.engine) as connection:
            return placing.preview_lift(grant, connection, first.hold_id)

    told = desk.gate.answer(session(desk.boss), ask(Action.LIFT_HOLD, elements={}), looked).rows
    assert (told.n_captures, told.n_held) == (2, 1)
    assert desk.held() == [1, 2]
    with pytest.raises(AccessRefusedError):
        desk.gate.answer(session(desk.officer), ask(Action.LIFT_HOLD, elements={}), looked)
