"""Random sequences of moves on both databases, against a plain model: nothing is actionable without every step (422.4(f))."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError

from alpr_assets.access.roles import Action
from alpr_assets.errors import AlprError
from alpr_assets.lifecycle.corrections import Reading
from alpr_assets.lifecycle.hits import ending, verifying
from alpr_assets.lifecycle.hits.moves import Answers, Clets, Result, Status, status_at
from alpr_assets.policy import Policy
from alpr_assets.store import schema, verdicts
from alpr_assets.store.engine import Store, reading, writing
from tests.patrols import Patrol, seen, watch
from tests.people import ask, gate_for, member, session

MINUTES = 30
BOOLEANS = st.booleans()


class Hit(RuleBasedStateMachine):
    """One hit, moved by people, the clock and raw SQL. The model knows only: looked at, confirmed when, at an end."""

    patrol: Patrol

    def __init__(self) -> None:
        super().__init__()
        self.at: datetime = self.patrol.now
        with writing(self.patrol.store.engine) as connection:
            connection.execute(schema.hit.delete())
            connection.execute(verdicts.read_correction.delete())
        self.patrol.match()
        self.hit_id = int(self.patrol.hits()[0].hit_id)
        self.looked, self.ended = False, False
        self.until: datetime | None = None

    # ── what is done ───────────────────────────────────────────────────────────────────────────────────────────────

    def _do(self, deed: object, *what: object) -> bool:
        who = member()
        gate = gate_for(self.patrol.policy, who, now=self.at)
        try:
            gate.act(
                session(who), ask(Action.VERIFY_HIT), self.patrol.store.engine,
                lambda g, c: deed(g, c, self.hit_id, *what, policy=self.patrol.policy),
            )  # fmt: skip
        except AlprError:
            return False
        return True

    @rule(minutes=st.integers(1, 45))
    def time_passes(self, minutes: int) -> None:
        self.at += timedelta(minutes=minutes)

    @rule(plate=BOOLEANS, state=BOOLEANS, vehicle=BOOLEANS)
    def look(self, plate: bool, state: bool, vehicle: bool) -> None:
        expected = all((plate, state, vehicle)) and not self.looked and not self.ended
        assert self._do(verifying.confirm_picture, Answers(plate, state, vehicle)) == expected
        self.looked |= expected

    @rule(result=st.sampled_from(Result), age=st.integers(-5, 60))
    def ask_clets(self, result: Result, age: int) -> None:
        asked_at = self.at - timedelta(minutes=age)
        fits = age >= 0 and asked_at >= self.patrol.now and not self.ended
        if result is Result.CONFIRMED:
            fits = fits and self.looked and age < MINUTES
        assert self._do(verifying.report_clets, Clets(result, asked_at, "Diaz", "A1")) == fits
        if fits and result is Result.CONFIRMED:
            self.until = asked_at + timedelta(minutes=MINUTES)
        elif fits:
            self.ended = True

    @rule()
    def act_unconfirmed(self) -> None:
        fresh = self.at - self.patrol.now <= timedelta(hours=24)
        fits = self.looked and self.until is None and not self.ended and fresh
        assert self._do(verifying.act_unconfirmed, "radio down") == fits
        if fits:
            self.until = self.at + timedelta(minutes=MINUTES)

    @rule(which=st.sampled_from(["dismiss", "wrong state", "misread", "other vehicle"]))
    def end(self, which: str) -> None:
        fits = not self.ended
        if which == "dismiss":
            done = self._do(verifying.dismiss, "not ours")
        elif which == "other vehicle":
            done = self._do(verifying.report_other_vehicle, Answers(plate=True, state=True, vehicle=False), "a truck")
        elif which == "wrong state":
            done = self._do(verifying.report_wrong_state, Answers(plate=True, state=False, vehicle=True))
        else:
            reading_ = Reading("9ZZZ999", "as the picture shows")
            done = self._do(verifying.report_misread, Answers(plate=False, state=True, vehicle=True), reading_)
        assert done == fits
        self.ended |= fits

    @rule()
    def sweep(self) -> None:
        with writing(self.patrol.store.engine) as connection:
            ending.lapse(connection, self.at)

    @rule(to=st.sampled_from(Status), n_moves=st.integers(0, 4))
    def force(self, to: Status, n_moves: int) -> None:
        before = self._row()
        until = self.at + timedelta(days=1) if to is Status.ACTIONABLE else None
        with suppress(DBAPIError), writing(self.patrol.store.engine) as connection:
            connection.execute(update(schema.hit).values(status=to.value, n_moves=n_moves, actionable_until=until))
        assert self._row() == before

    # ── what is true ───────────────────────────────────────────────────────────────────────────────────────────────

    def _row(self) -> object:
        with reading(self.patrol.store.engine) as connection:
            return connection.execute(select(schema.hit).where(schema.hit.c.hit_id == self.hit_id)).one()

    @invariant()
    def it_is_actionable_only_after_every_step_and_in_time(self) -> None:
        hit = self._row()
        now = status_at(hit.status, hit.actionable_until, self.at)
        assert (now is Status.ACTIONABLE) == (
            self.looked and not self.ended and self.until is not None and self.until > self.at
        )
        move = verdicts.hit_move
        with reading(self.patrol.store.engine) as connection:
            moves = connection.execute(select(move).where(move.c.hit_id == self.hit_id).order_by(move.c.seq)).all()
        assert [one.seq for one in moves] == list(range(1, hit.n_moves + 1))
        stood = "raised"
        for one in moves:
            assert one.from_status == stood
            stood = one.to_status
            if stood == "actionable":
                assert moves[0].kind == "confirm_picture"
                assert one.kind in {"clets_confirmed", "not_practicable"}
        assert stood == hit.status


@pytest.fixture
def machine(store: Store, tmp_path: Path, policy: Policy, now: datetime) -> Callable[[], Hit]:
    patrol = Patrol(store, tmp_path, policy, now)
    patrol.take(watch("7ABC123"))
    patrol.read(seen("7ABC123"))
    return type("ThisHit", (Hit,), {"patrol": patrol})


@pytest.mark.clause("422.4(f)")
def test_nothing_reaches_actionable_without_every_step(machine: Callable[[], Hit]) -> None:
    chosen = settings(max_examples=25, stateful_step_count=18, suppress_health_check=list(HealthCheck), database=None)
    run_state_machine_as_test(machine, settings=chosen)
