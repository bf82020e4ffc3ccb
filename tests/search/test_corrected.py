"""What a person read instead counts first, whichever way is asked which vehicle was there."""

from __future__ import annotations

from functools import partial

import pytest
from sqlalchemy import func, select

from alpr_assets.access.roles import Action
from alpr_assets.search import corrected, locator, tolerant
from alpr_assets.search import partial as partials
from alpr_assets.search.canvass import vehicles
from alpr_assets.search.canvass.incidents import Description
from alpr_assets.search.convoy import companions
from alpr_assets.store import schema
from alpr_assets.store.engine import reading
from tests.people import ask, member
from tests.search.canvass.conftest import incident
from tests.search.traffic import DAY, Pass, after, correct, put

DAY_S = 86_400
HERE = incident()


def numbered(n):
    return schema.numbered(DAY, n)


@pytest.fixture
def asked(through, store, policy):
    def run(search, action, **more):
        return through(
            member(), ask(action, elements={}), partial(search, engine=store.engine, policy=policy, **more)
        ).rows

    return run


@pytest.mark.clause("422.4(f)")
def test_a_tolerant_history_holds_the_corrected_plate_against_the_one_asked_for(asked, store):
    put(store, [Pass("7ABC123"), Pass("8XYZ999", after(60)), Pass("7A8C123", after(120)), Pass("7ABC124", after(180))])
    correct(store, numbered(2), "7ABC123", region="nv")  # nothing near it was read
    correct(store, numbered(3), "5QQQ555")  # what looked near is another vehicle
    correct(store, numbered(4), "7ABC125")  # in no dictionary
    find = partial(asked, tolerant.tolerant_history, Action.PLATE_HISTORY, plate="7ABC123")
    frame = find()
    assert frame[["plate", "match_kind"]].to_numpy().tolist() == [
        ["8XYZ999", "exact"], ["7ABC123", "exact"], ["7ABC124", "edit1"],
    ]  # fmt: skip
    assert frame["corrected_plate"].fillna("").tolist() == ["7ABC123", "", "7ABC125"]
    assert frame["possible"].tolist() == [False, False, True]
    assert find(state="ca")["plate"].tolist() == ["7ABC123", "7ABC124"]
    assert find(state="nv")["plate"].tolist() == ["8XYZ999"]


@pytest.mark.clause("422.4(f)")
def test_a_canvass_knows_a_vehicle_by_what_a_person_read(asked, store):
    put(store, [Pass("7ABC123", confidence=0.4), Pass("9STR999", after(60)), Pass("7ABC999", after(90))])
    correct(store, numbered(1), "9STR999", region="nv")
    correct(store, numbered(3), "8FAR888")
    canvass = partial(asked, vehicles.canvass, Action.CANVASS, incidents=[HERE])
    found = canvass()
    assert sorted(found.vehicles["plate"]) == ["8FAR888", "9STR999"]
    assert found.vehicles.set_index("plate").loc["9STR999", "n_reads"] == 2
    assert found.reads["corrected_plate"].fillna("").tolist() == ["9STR999", "", "8FAR888"]
    meant = canvass(described=Description(partial="7ABC*")).vehicles
    assert meant["plate"].tolist() == []  # both that were read so are something else
    meant = canvass(described=Description(partial="8F*", state="CA")).vehicles
    assert meant[["plate", "explained"]].to_numpy().tolist() == [["8FAR888", 1.0]]
    assert canvass(described=Description(state="NV")).reads["read_id"].tolist() == [numbered(1)]


@pytest.mark.clause("422.4(f)")
def test_one_corrected_read_names_its_whole_pass(asked, store):
    put(store, [Pass("7ABC123"), Pass("7ABC128", after(1))])
    with store.engine.begin() as connection:  # two reads of one pass
        connection.execute(schema.sighting_read.update().values(sighting_id=numbered(1)))
    correct(store, numbered(2), "7ABC12B")
    found = asked(vehicles.canvass, Action.CANVASS, incidents=[HERE])
    assert found.vehicles["plate"].tolist() == ["7ABC12B"]
    assert found.reads["vehicle"].tolist() == ["7ABC12B", "7ABC12B"]


@pytest.mark.clause("422.4(f)")
def test_co_travel_counts_corrected_reads_on_both_sides(asked, store):
    own = [Pass("7ABC123", after(n * DAY_S + 3600 * n), east_m=900 * n, kind="fixed") for n in range(4)]
    theirs = [Pass("9FOL111", after(n * DAY_S + 3600 * n + 5), east_m=900 * n, kind="fixed") for n in range(4)]
    put(
        store,
        [*own[:3], Pass("7ABC12Z", own[3].at, east_m=2700), *theirs[:3], Pass("9F0L11I", theirs[3].at, east_m=2700)],
    )
    search = partial(asked, companions.co_travel, Action.CO_TRAVEL, plate="7ABC123")
    before = search()
    assert before.companions["n_found"].tolist() == [3]
    with reading(store.engine) as connection:
        ids = dict(
            connection.execute(select(schema.read.c.plate, func.max(schema.read.c.read_id)).group_by("plate")).all()
        )
    last = own[3].at.date()
    correct(store, ids["7ABC12Z"], "7ABC123", day=last)
    correct(store, ids["9F0L11I"], "9FOL111", day=last)
    found = search()
    assert (found.n_own, found.companions["n_found"].tolist()) == (4, [4])
    correct(store, ids["9FOL111"], "5QQQ555", day=theirs[2].at.date())
    assert search().companions["n_found"].tolist() == [3]
    correct(store, ids["9F0L11I"], "7ABC123", day=last)  # it was the vehicle itself, and no company
    assert search().companions["n_found"].tolist() == [2]


def test_the_locator_and_a_partial_plate_take_the_corrected_state_and_plate(asked, store, monkeypatch):
    put(store, [Pass("7ABC123"), Pass("8XYZ999", after(60)), Pass("7ABC123", after(120))])
    correct(store, numbered(2), "7ABC123", region="nv")
    correct(store, numbered(3), "5QQQ555")
    monkeypatch.setattr(locator, "_require", lambda *_: None)
    monkeypatch.setattr(locator, "_require_approval", lambda *_: None)
    monkeypatch.setattr(locator, "_digest", lambda *_: "")
    found = asked(locator.locate, Action.LOCATE, plate="7ABC123", key=None)
    assert found.n_reads == 2
    named = asked(partials.partial_plates, Action.PARTIAL_PLATE, pattern="7ABC*", state="nv")
    assert named["corrected_plate"].tolist() == ["7ABC123"]


def test_nothing_corrected_changes_nothing(asked, store):
    put(store, [Pass("7ABC123")])
    with reading(store.engine) as connection:
        assert corrected.plates_corrected(connection) == []
        assert " OR " not in str(corrected.of_plates(connection, ["7ABC123"]))
    frame = asked(tolerant.tolerant_history, Action.PLATE_HISTORY, plate="7ABC123")
    assert frame["corrected_plate"].isna().all()
