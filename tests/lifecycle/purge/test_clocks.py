"""The clock by which a purge counts years: held against the record's heads, the witnesses and the system; the custodian's word."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from alpr_assets.access.record.entries import Actor, Entry, Kind, Outcome
from alpr_assets.access.record.log import AccessRecord
from alpr_assets.access.record.places import place_of
from alpr_assets.access.record.witnesses import send_heads
from alpr_assets.errors import AccessRefusedError, IllegalMoveError, MalformedError, StorageError
from alpr_assets.lifecycle.purge import certificates, clocks
from alpr_assets.lifecycle.purge.clocks import ClockSeen
from alpr_assets.settings import Settings
from alpr_assets.store.engine import writing
from alpr_assets.store.purges import clock_statement, purge_plan
from tests.lifecycle.purge.desks import NOON, NOW, Desk
from tests.search.traffic import Pass

HOUR = timedelta(hours=1)


class Recorded:
    """The real access record below a folder; its clock is set by hand."""

    def __init__(self, folder, **more):
        self.settings = Settings(data=folder / "data", keys=folder / "keys", **more)
        self.record: AccessRecord | None = None
        self.now = NOW

    def at(self, *instants: datetime):
        """Record something at each of these instants."""
        for self.now in instants:
            if self.record is None:
                self.record = AccessRecord(place_of(self.settings), clock=lambda: self.now)
            who = Actor(member_id=1, name="Kim", agency="", title="", role="officer", address="")
            self.record.append(Entry(at=self.now, kind=Kind.RECORD, action="test", outcome=Outcome.DONE, actor=who))


@pytest.fixture
def kept(tmp_path, monkeypatch):
    monkeypatch.setattr(clocks, "is_synchronised", lambda: True)
    recorded = Recorded(tmp_path)
    yield recorded
    if recorded.record is not None:
        recorded.record.close()


def seen_by(desk: Desk, kept: Recorded) -> ClockSeen:
    return clocks.look(desk.store.engine, kept.settings, desk.policy)


def in_doubt(desk: Desk, kept: Recorded, at: datetime) -> str:
    return "; ".join(clocks.doubts(seen_by(desk, kept), at, desk.policy))


def state(desk: Desk, seen: ClockSeen, reason: str = "compared with the dispatch clock", by=None):
    return desk.act(partial(clocks.state, seen=seen, reason=reason, policy=desk.policy), by=by)


@pytest.mark.clause("422.5")
def test_a_clock_that_went_steadily_is_believed_and_one_that_jumped_is_not(desk, kept):
    assert "no head" in in_doubt(desk, kept, NOW)
    kept.at(NOW - 30 * HOUR, NOW - 7 * HOUR, NOW - HOUR)
    assert in_doubt(desk, kept, NOW) == ""
    assert "it went from" in in_doubt(desk, kept, NOW - 2 * HOUR)  # it lies before the newest head
    assert "it went from" in in_doubt(desk, kept, NOW + 24 * HOUR)  # ahead of it by more than a day
    assert in_doubt(desk, kept, NOW + 23 * HOUR) == ""


def test_what_was_recorded_while_the_clock_ran_ahead_does_not_make_it_right(desk, kept):
    """The custodian's own sign-in is dated by the same wrong clock."""
    kept.at(NOW - HOUR, NOW + timedelta(days=400), NOW + timedelta(days=400, minutes=5))
    now = NOW + timedelta(days=400, minutes=6)
    assert in_doubt(desk, kept, now).count("it went from") == 1
    kept.at(NOW)  # and set right again: going back is a jump as well
    assert in_doubt(desk, kept, NOW).count("it went from") == 2


@pytest.mark.clause("422.5")
def test_the_custodians_word_explains_what_was_and_nothing_that_comes(desk, kept):
    kept.at(NOW - timedelta(days=9), NOW)
    state(desk, seen_by(desk, kept))
    assert in_doubt(desk, kept, NOW + HOUR) == ""
    kept.at(NOW + HOUR)
    assert in_doubt(desk, kept, NOW + 2 * HOUR) == ""
    desk.now = NOW + HOUR
    with pytest.raises(IllegalMoveError, match="not in doubt"):
        state(desk, seen_by(desk, kept))
    kept.at(NOW + timedelta(days=90))
    desk.now = NOW + timedelta(days=90)
    assert "it went from" in in_doubt(desk, kept, desk.now)
    with pytest.raises(MalformedError, match="reason"):
        state(desk, seen_by(desk, kept), reason=" ")
    with pytest.raises(AccessRefusedError):
        state(desk, seen_by(desk, kept), by=desk.officer)
    for statement in ("UPDATE clock_statement SET head_size = 99", "DELETE FROM clock_statement"):
        with pytest.raises((DBAPIError, StorageError)), writing(desk.store.engine) as connection:
            connection.execute(text(statement))
    ((row),) = desk.rows(clock_statement)
    assert (row.member_id, row.stated_at, len(row.doubts)) == (desk.custodian.member_id, NOW, 1)


def test_a_clock_that_nothing_keeps_right_needs_his_word_anew_each_day(desk, kept, monkeypatch):
    kept.at(NOW)
    monkeypatch.setattr(clocks, "is_synchronised", lambda: False)
    assert "not synchronised" in in_doubt(desk, kept, NOW)
    state(desk, seen_by(desk, kept))
    assert in_doubt(desk, kept, NOW + 23 * HOUR) == ""
    kept.at(NOW + 20 * HOUR)
    assert in_doubt(desk, kept, NOW + 25 * HOUR) == "the operating system says that its clock is not synchronised"
    monkeypatch.setattr(clocks, "is_synchronised", lambda: None)  # a system that does not say
    assert in_doubt(desk, kept, NOW + 25 * HOUR) == ""


def test_a_record_that_has_less_than_a_witness_cannot_be_explained(desk, kept, tmp_path):
    (tmp_path / "clerk").mkdir()
    kept.settings = Settings(data=tmp_path / "data", keys=tmp_path / "keys", witnesses=str(tmp_path / "clerk"))
    kept.at(NOW - HOUR, NOW)
    send_heads(kept.settings, NOW)
    assert in_doubt(desk, kept, NOW) == ""
    state_file = place_of(kept.settings).folder / "witnessed.json"
    told = {w: {**has, "size": has["size"] + 5} for w, has in json.loads(state_file.read_text()).items()}
    state_file.write_text(json.dumps(told))
    assert "a witness has a head" in in_doubt(desk, kept, NOW)
    with pytest.raises(IllegalMoveError, match="a witness has a head"):
        state(desk, seen_by(desk, kept))


def test_the_system_is_asked_without_a_shell():
    assert clocks.is_synchronised() in {True, False, None}


@pytest.mark.clause("422.5")
def test_nothing_begins_and_no_further_day_goes_while_the_clock_may_be_wrong(desk):
    desk.put([Pass("7ABC123", NOON), Pass("8XYZ111", NOON + timedelta(days=1))])
    plan_id = desk.plan().plan_id
    desk.approve(plan_id, desk.commander)
    desk.approve(plan_id, desk.custodian)
    wrong = ClockSeen(size=9, since=NOW - timedelta(days=400), is_synchronised=True)
    with pytest.raises(IllegalMoveError, match="the clock may be wrong"):
        desk.begin(plan_id, seen=wrong)
    desk.begin(plan_id)
    told = iter((desk.seen(), wrong))
    with pytest.raises(IllegalMoveError, match="the clock may be wrong"):
        desk.execute(plan_id, seen=lambda: next(told))
    assert desk.left() == []  # the first day went, the second did not
    assert desk.rows(purge_plan)[0].status == "executing"
    state(desk, wrong)
    assert desk.execute(plan_id).n_destroyed == 2
    (said,) = json.loads(certificates.certificate(desk.store.engine, plan_id).content)["clock"]
    assert (said["member_id"], said["reason"]) == (desk.custodian.member_id, "compared with the dispatch clock")
