"""Frozen answers: the same again, or what became of them."""

from __future__ import annotations

import json
from functools import partial

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, update

from alpr_assets.access.gate import Found
from alpr_assets.access.record.entries import ResultId
from alpr_assets.access.roles import Action
from alpr_assets.access.secret_key import SecretKey
from alpr_assets.errors import AccessRefusedError, VerificationError
from alpr_assets.search import freezing, history
from alpr_assets.store import schema
from alpr_assets.store.engine import writing
from tests.people import CASE, PURPOSE, ask, gate_for, member, session
from tests.search.traffic import DAY, Pass, after, put


@pytest.fixture
def key(tmp_path):
    (tmp_path / "case-keys").mkdir()
    return SecretKey(tmp_path / "case-keys" / "secret")


@pytest.fixture
def case(store, policy, key):
    return CaseFile(store, policy, key)


class CaseFile:
    """Freezes a plate's history, and asks again."""

    def __init__(self, store, policy, key):
        self.store, self.policy, self.key = store, policy, key
        self.gate = gate_for(policy, member())

    def freeze(self, plate="7ABC123"):
        granted = []

        def search(grant):
            granted.append(grant)
            return history.plate_history(grant, self.store.engine, plate=plate)

        answer = self.gate.answer(session(member()), ask(), search)
        frozen = freezing.freeze(
            answer, search="plate_history", parameters={"plate": plate}, grant=granted[0], key=self.key
        )
        return frozen.to_bytes(self.key)

    def again(self, file, *, action=Action.PLATE_HISTORY):
        frozen = freezing.Frozen.from_bytes(file, self.key)
        search = partial(history.plate_history, engine=self.store.engine, **freezing.question(frozen, self.key))
        run = partial(freezing.reproduce, engine=self.store.engine, frozen=frozen, search=search, key=self.key)
        return self.gate.answer(session(member()), ask(action), run).rows


def test_the_same_question_has_the_same_answer(case, store):
    put(store, [Pass("7ABC123", after(60 * n), confidence=0.9 - n / 100) for n in range(4)])
    again = case.again(case.freeze())
    assert again.same
    assert (again.n_same, again.purged, again.changed, again.added, again.n_others) == (4, (), (), (), 0)
    assert len(again.rows) == 4


def test_what_was_purged_changed_and_added_since_is_told_apart(case, store):
    put(store, [Pass("7ABC123", after(60 * n)) for n in range(5)])
    file = case.freeze()
    first = schema.numbered(DAY, 1)
    read = schema.read.c
    with writing(store.engine) as connection:
        connection.execute(delete(schema.read).where(read.read_id == first))
        connection.execute(
            update(schema.capture).where(schema.capture.c.capture_id == first + 1).values(current_version="newer")
        )
        connection.execute(update(schema.device).values(name="Corner, moved"))
    put(store, [Pass("7ABC123", after(900))])
    again = case.again(file)
    assert not again.same
    assert again.purged == (ResultId("read", DAY, first),)
    assert again.changed[0] == ResultId("read", DAY, first + 1)
    assert len(again.changed) == 4  # the others show the reader's new name
    assert again.added == (ResultId("read", DAY, first + 5),)


def test_a_file_holds_no_plate_place_or_time_of_a_read(case, store):
    put(store, [Pass("7ABC123")])
    file = case.freeze()
    for hidden in (b"7ABC123", b"38.005", b"corner-1", b"04:00:00"):
        assert hidden not in file
    content = json.loads(file)
    assert (content["search"], content["purpose"], content["case_number"]) == ("plate_history", PURPOSE, CASE)
    assert len(content["rows"]) == 1


def test_an_altered_file_or_another_key_is_refused(case, store, tmp_path):
    put(store, [Pass("7ABC123")])
    file = case.freeze()
    (tmp_path / "others").mkdir()
    for wrong, key in (
        (file.replace(b'"record_id": 0', b'"record_id": 7'), case.key), (b"{}", case.key), (b"[]", case.key), (b"\xff", case.key),
        (file, SecretKey(tmp_path / "others" / "secret")),
    ):  # fmt: skip
        with pytest.raises(VerificationError):
            freezing.Frozen.from_bytes(wrong, key)


def test_asking_again_needs_the_same_grant(case, store):
    put(store, [Pass("7ABC123")])
    with pytest.raises(AccessRefusedError):
        case.again(case.freeze(), action=Action.VIEW_HITS)


def test_rows_that_are_no_reads_are_compared_too(case, key, policy):
    """Such as the vehicles of a canvass."""
    frame = pd.DataFrame({"plate": ["7ABC123", "8XYZ999"], "score": [1.0, 2.0], "reasons": [["a"], ["b"]]})

    def run(rows):
        return lambda grant: (granted.append(grant), _found(rows))[1]

    granted = []
    answer = case.gate.answer(session(member()), ask(), run(frame))
    frozen = freezing.freeze(answer, search="canvass", parameters={}, grant=granted[0], key=key)
    ask_again = partial(freezing.reproduce, engine=case.store.engine, frozen=frozen, key=key)
    for rows, same, n_others in (
        (frame, True, 0),
        (frame.assign(score=[1.0, 3.0]), False, 2),
        (frame.iloc[:1], False, 1),
    ):
        again = case.gate.answer(session(member()), ask(), partial(ask_again, search=run(rows))).rows
        assert (again.same, again.n_others) == (same, n_others)


def _found(rows):
    return Found(rows, [])


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e6, max_value=1e6))
def test_the_last_digits_of_a_computed_figure_do_not_count(value):
    assert freezing._plain(value) == pytest.approx(freezing._plain(value * (1 + 1e-15)), rel=1e-8)


def test_an_empty_answer_freezes(case, store):
    again = case.again(case.freeze())
    assert again.same
    assert again.rows.empty
