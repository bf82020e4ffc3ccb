"""The table of legal moves, and what a move is made of."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from alpr_assets.errors import IllegalMoveError, MalformedError
from alpr_assets.lifecycle.hits.moves import (
    ANYWHERE,
    ENDS,
    OPEN,
    TRANSITIONS,
    Answers,
    Clets,
    Kind,
    Reasoned,
    Result,
    Seen,
    Status,
    actionable_until,
    require_legal,
    status_at,
)
from alpr_assets.store import verdicts
from alpr_assets.store.engine import Store, reading
from tests.people import NOW


def test_the_database_knows_exactly_these_moves(store: Store) -> None:
    with reading(store.engine) as connection:
        rows = {tuple(row) for row in connection.execute(select(verdicts.hit_transition))}
    assert rows == {tuple(map(str, row)) for row in TRANSITIONS}


@pytest.mark.clause("422.4(f)")
def test_only_three_ways_lead_to_actionable_and_none_from_raised() -> None:
    ways = {(start, kind) for start, to, kind in TRANSITIONS if to is Status.ACTIONABLE}
    assert ways == {
        (Status.PICTURE_CONFIRMED, Kind.CLETS_CONFIRMED), (Status.PICTURE_CONFIRMED, Kind.NOT_PRACTICABLE),
        (Status.ACTIONABLE, Kind.CLETS_CONFIRMED), (Status.LAPSED, Kind.CLETS_CONFIRMED),
    }  # fmt: skip


def test_every_kind_leads_to_one_state_and_nothing_leaves_an_end() -> None:
    assert set(ENDS) == set(Kind)
    assert len({(kind, to) for _, to, kind in TRANSITIONS}) == len(Kind)
    assert {start for start, _, _ in TRANSITIONS} == set(ANYWHERE)


@given(status=st.sampled_from(Status), kind=st.sampled_from(Kind))
def test_what_is_not_in_the_table_is_refused(status: Status, kind: Kind) -> None:
    if any((status, to, kind) in TRANSITIONS for to in Status):
        require_legal(1, status, kind)
        return
    with pytest.raises(IllegalMoveError, match="hit 1 is"):
        require_legal(1, status, kind)


@pytest.mark.clause("422.4(f)")
@pytest.mark.parametrize("said", product([True, False], repeat=3))
def test_a_picture_is_confirmed_by_three_times_yes_only(said: tuple[bool, bool, bool]) -> None:
    answers = Answers(*said)
    if all(said):
        assert Seen(Kind.CONFIRM_PICTURE, answers).columns()["plate_agrees"]
        return
    with pytest.raises(IllegalMoveError, match="do not bear out"):
        Seen(Kind.CONFIRM_PICTURE, answers)


def test_a_verdict_that_its_answers_do_not_bear_out_is_refused() -> None:
    with pytest.raises(IllegalMoveError):
        Seen(Kind.WRONG_STATE, Answers(plate=True, state=True, vehicle=True))
    with pytest.raises(IllegalMoveError):
        Seen(Kind.MISREAD, Answers(plate=True, state=False, vehicle=True))
    with pytest.raises(IllegalMoveError):
        Seen(Kind.DISMISS, Answers(plate=False, state=False, vehicle=False))
    with pytest.raises(IllegalMoveError):
        Seen(Kind.DISMISS, Answers(plate=True, state=True, vehicle=True), reason="another car")


@pytest.mark.parametrize("reference", ["", "x" * 33, "a b", "TXT\nLIC/7ABC123", "é"])
def test_a_reference_holds_no_text(reference: str) -> None:
    with pytest.raises(MalformedError) as error:
        Clets(Result.CONFIRMED, NOW, "R. Diaz", reference)
    assert error.value.code == "reference"


@pytest.mark.parametrize("operator", ["", "1", "x" * 65, "a\nb"])
def test_an_operator_is_a_name(operator: str) -> None:
    with pytest.raises(MalformedError) as error:
        Clets(Result.CONFIRMED, NOW, operator, "A1")
    assert error.value.code == "operator"


@given(reason=st.text(max_size=400))
def test_a_reason_says_something_and_is_no_essay(reason: str) -> None:
    words = " ".join(reason.split())
    if 3 <= len(words) <= 300:
        assert Reasoned(Kind.DISMISS, reason).columns() == {"reason": words}
        return
    with pytest.raises(MalformedError):
        Reasoned(Kind.DISMISS, reason).columns()


@given(minutes=st.integers(0, 90))
def test_what_is_actionable_lapses_by_itself(minutes: int) -> None:
    at: datetime = NOW + timedelta(minutes=minutes)
    until = actionable_until(Clets(Result.CONFIRMED, NOW, "Diaz", "A1"), NOW + timedelta(minutes=10), 30)
    assert until == NOW + timedelta(minutes=30)  # from the result, not from when it was typed in
    assert status_at("actionable", until, at) is (Status.ACTIONABLE if minutes < 30 else Status.LAPSED)
    assert all(status_at(status.value, None, at) is status for status in Status if status is not Status.ACTIONABLE)


def test_only_moves_to_actionable_have_an_until() -> None:
    assert actionable_until(Clets(Result.NO_RECORD, NOW, "Diaz", "A1"), NOW, 30) is None
    assert actionable_until(Reasoned(Kind.NOT_PRACTICABLE, "radio down"), NOW, 30) == NOW + timedelta(minutes=30)
    assert set(OPEN) < set(ANYWHERE)
