"""Tolerant history: what may be the plate, misread."""

from __future__ import annotations

from functools import partial

import pytest

from alpr_assets.access.roles import Action
from alpr_assets.errors import AccessRefusedError, MalformedError
from alpr_assets.search import tolerant
from tests.people import ask, member
from tests.search.traffic import Pass, after, put


@pytest.fixture
def find(through, store, policy):
    def run(plate="7ABC123", *, action=Action.PLATE_HISTORY, **more):
        search = partial(tolerant.tolerant_history, engine=store.engine, plate=plate, policy=policy, **more)
        return through(member(), ask(action), search).rows

    return run


def test_the_plate_comes_first_then_look_alikes_then_one_character_off(find, store, recorder):
    put(store, [
        Pass("7ABC124", after(500)), Pass("7A8C123", after(400)), Pass("7ABC12", after(300)), Pass("7ABC123", after(100)),
        Pass("7ABC123", after(200)), Pass("7ABX924", after(600)), Pass("7A8C12", after(50)),
    ])  # fmt: skip
    frame = find("7abc 123")
    assert list(frame.columns) == list(tolerant.COLUMNS)
    assert frame["plate"].tolist() == ["7ABC123", "7ABC123", "7A8C123", "7ABC124", "7ABC12", "7A8C12"]
    assert frame["match_kind"].tolist() == ["exact", "exact", "folded", "edit1", "edit1", "edit1"]
    assert frame["possible"].tolist() == [False, False, True, True, True, True]
    assert frame["captured_at"].tolist()[:2] == [after(200), after(100)]
    assert frame["differences"].tolist()[2] == [{"position": 3, "read": "8", "listed": "B", "alike": True}]
    assert [result.id for result in recorder.entries[0].results] == frame["read_id"].tolist()


def test_a_window_and_a_state_narrow_and_nothing_has_all_columns(find, store):
    assert list(find().columns) == list(tolerant.COLUMNS)
    put(
        store,
        [Pass("7ABC123", after(0)), Pass("7ABC124", after(60), region="nv"), Pass("7A8C123", after(60), region=None)],
    )
    assert find(state="ca")["plate"].tolist() == ["7ABC123", "7A8C123"]
    assert find(since=after(30))["plate"].tolist() == ["7A8C123", "7ABC124"]


def test_a_short_plate_has_look_alikes_only(find, store):
    put(store, [Pass("AB1"), Pass("A81"), Pass("AB2")])
    assert find("AB1")["plate"].tolist() == ["AB1", "A81"]


def test_a_partial_plate_is_none_and_another_grant_opens_nothing(find, store):
    with pytest.raises(MalformedError):
        find("7AB*")
    with pytest.raises(AccessRefusedError):
        find(action=Action.PARTIAL_PLATE)
