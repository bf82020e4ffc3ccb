"""The locator: only with a supervisor's approval, and with its uncertainty."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpr_assets.access.exports import Exports
from alpr_assets.access.roles import Action, Role
from alpr_assets.access.secret_key import SecretKey
from alpr_assets.errors import AccessRefusedError
from alpr_assets.search import locator
from alpr_assets.store import schema
from alpr_assets.store.engine import reading
from tests.people import NOW, ask, gate_for, member, session
from tests.search.traffic import AT, Pass, after, put

ZONE = ZoneInfo("America/Los_Angeles")
PURPOSE = "missing_person"


@pytest.fixture
def desk(store, policy, recorder, tmp_path):
    return Desk(store, policy, recorder, SecretKey(tmp_path / "keys" / "secret"))


class Desk:
    """An analyst who asks, a supervisor who decides."""

    def __init__(self, store, policy, recorder, key):
        key.path.parent.mkdir(exist_ok=True)
        self.store, self.policy, self.recorder, self.key = store, policy, recorder, key
        self.boss = member(Role.SUPERVISOR, member_id=8)

    def gate(self, now=NOW):
        return gate_for(self.policy, member(), self.boss, recorder=self.recorder, now=now)

    def asked(self, action=Action.LOCATE, **changes):
        return ask(action, **{"purpose": PURPOSE, "elements": {}, **changes})

    def request(self, plate="7ABC123", **changes):
        deed = partial(locator.request, plate=plate, policy=self.policy, key=self.key)
        return self.gate().act(session(member()), self.asked(**changes), self.store.engine, deed).rows

    def decide(self, number, *, approve=True, who=None):
        exports = Exports(self.gate(), self.store.engine, self.key)
        exports.decide(session(who or self.boss), number, approve=approve, note="a child is missing")

    def locate(self, plate="7ABC123", *, now=NOW, who=None, **changes):
        search = partial(locator.locate, engine=self.store.engine, plate=plate, policy=self.policy, key=self.key)
        return self.gate(now).answer(session(who or member()), self.asked(**changes), search).rows


@pytest.mark.clause("422.4(c)")
def test_a_plate_is_located_once_a_supervisor_approved_just_this(desk, store):
    put(store, [Pass("7ABC123"), Pass("8XYZ999")])
    with pytest.raises(AccessRefusedError) as refused:
        desk.locate()
    assert refused.value.codes == ("approval",)
    number = desk.request()
    assert desk.request("7abc 123") == number  # still waiting
    with pytest.raises(AccessRefusedError):
        desk.locate()
    desk.decide(number)
    assert desk.locate().n_reads == 1
    assert desk.locate(now=NOW + timedelta(hours=1)).n_reads == 1  # goes on looking
    for other in (
        {"plate": "8XYZ999"},
        {"case_number": "26-09999"},
        {"now": NOW + timedelta(hours=73)},
        {"purpose": "wanted_person"},
    ):
        with pytest.raises(AccessRefusedError):
            desk.locate(**other)
    assert desk.recorder.entries[-1].outcome == "refused"


def test_a_declined_request_opens_nothing_and_nobody_approves_his_own(desk, store):
    number = desk.request()
    with pytest.raises(AccessRefusedError):
        desk.decide(number, who=member())
    desk.decide(number, approve=False)
    with pytest.raises(AccessRefusedError):
        desk.locate()


def test_a_request_holds_no_plate(desk, store):
    desk.request()
    with reading(store.engine) as connection:
        (row,) = connection.execute(schema.export_request.select())
    assert "7ABC123" not in str(row)


@pytest.mark.parametrize("purpose", ["stolen_vehicle", "department_action"])
def test_a_vehicle_is_not_located_for_less(desk, store, purpose):
    for act in (desk.request, desk.locate):
        with pytest.raises(AccessRefusedError) as refused:
            act(purpose=purpose)
        assert "locate_purpose" in refused.value.codes


def test_a_patrol_officer_does_not_locate_and_another_grant_opens_nothing(desk, store):
    with pytest.raises(AccessRefusedError):
        desk.locate(action=Action.PLATE_HISTORY)
    with pytest.raises(AccessRefusedError):
        gate_for(desk.policy, member(Role.OFFICER)).answer(session(member(Role.OFFICER)), desk.asked(), lambda g: None)


def commuting(weeks=8):
    """Home at night, work by day, on the department's clocks through a change of them."""
    start = datetime(2026, 10, 5, 0, 0, tzinfo=ZONE)
    passes = []
    for day in range(weeks * 7):
        on = start + timedelta(days=day)
        passes.append(Pass("7ABC123", on.replace(hour=22, minute=day % 30)))
        if day % 7 < 5:
            passes.append(Pass("7ABC123", on.replace(hour=9, minute=day % 30), east_m=4000))
    return passes


def test_places_come_with_shares_and_hours_with_likelihoods(desk, store):
    put(store, [*commuting(), Pass("7ABC123", after(0), east_m=-9000), Pass("7ABC123", placed=False)])
    desk.decide(desk.request())
    found = desk.locate()
    places, hours = found.places, found.hours
    assert list(places.columns) == list(locator.PLACES)
    assert list(hours.columns) == list(locator.HOURS)
    assert places["n_visits"].tolist() == [56, 40, 1]
    assert places["peak_hour"].tolist()[:2] == [22, 9]
    assert ((places["share_low"] < places["share"]) & (places["share"] < places["share_high"])).all()
    assert (found.n_visits, found.n_reads) == (97, 97)
    monday = hours[hours["weekday"] == 0].set_index(["hour", "place"])["likelihood"]
    assert monday[9, 1] > 0.8
    assert monday[22, 0] > 0.8
    sums = hours.groupby(["weekday", "hour"])["likelihood"].sum()
    assert sums.to_numpy() == pytest.approx(np.ones(168))


def test_a_plate_that_was_never_seen_has_no_place(desk, store):
    desk.decide(desk.request())
    found = desk.locate()
    assert found.places.empty
    assert found.hours.empty
    assert (found.n_visits, found.n_reads) == (0, 0)


def test_reads_of_one_stay_are_one_visit(policy):
    at = [AT + timedelta(minutes=m) for m in (0, 20, 45, 120)]
    seen = pd.DataFrame({"captured_at": at, "latitude_deg": 38.005, "longitude_deg": -121.806})
    assert locator.located(seen, policy).n_visits == 2


@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 3)), min_size=1, max_size=30))
def test_likelihoods_are_a_distribution_whatever_was_seen(policy, seen):
    frame = pd.DataFrame({
        "captured_at": [AT + timedelta(minutes=m) for m, _ in sorted(seen)],
        "latitude_deg": [38.001 + 0.01 * place for _, place in sorted(seen)], "longitude_deg": -121.801,
    })  # fmt: skip
    hours = locator.located(frame, policy).hours
    assert hours.groupby(["weekday", "hour"])["likelihood"].sum().to_numpy() == pytest.approx(np.ones(168))
    known = hours[hours["place"] >= 0]
    assert ((known["low"] <= known["likelihood"] + 1e-9) & (known["likelihood"] <= known["high"] + 1e-9)).all()
