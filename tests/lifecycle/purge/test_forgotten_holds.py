"""What a settled hold described goes by the schedule, in the same approved plan; that there was one, whose and when, stays."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import delete, insert, null, select, update
from sqlalchemy.exc import DBAPIError

from alpr_assets.access.roles import Action
from alpr_assets.errors import StorageError
from alpr_assets.lifecycle.holds import covering, listing
from alpr_assets.lifecycle.holds.selectors import Selector
from alpr_assets.lifecycle.purge import certificates, due, executing, lots
from alpr_assets.lifecycle.purge.due import HOLDS
from alpr_assets.lifecycle.watches.areas import Circle
from alpr_assets.store.engine import reading, writing
from alpr_assets.store.holds import hold, hold_decision, hold_item
from alpr_assets.store.purges import purge_plan
from tests.lifecycle.holds.settled import waive
from tests.lifecycle.purge.desks import HERE, NOON, NOW, Desk
from tests.lifecycle.purge.test_completing import complete, found, postgres_desk  # noqa: F401 - a fixture
from tests.lifecycle.purge.test_entries import lift
from tests.lifecycle.purge.test_lots import planned
from tests.people import ask, gate_for, session
from tests.search.traffic import Pass

SETTLED = datetime(2024, 6, 15, 19, tzinfo=UTC)
DESCRIBED = ("plate_folded", "area", "device_id", "since_at", "until_at")
EVERYTHING = Selector(
    pattern="7ABC123", area=Circle(*HERE, 321.0), device_id="unit-12-front", since=NOON, until=NOON + timedelta(hours=1)
)


def settled(desk: Desk, *wanted: Selector, at: datetime = SETTLED) -> list[int]:
    """Holds, placed, lifted, and settled at that moment."""
    numbers = []
    for one in wanted:
        desk.hold(one)
        numbers.append(max(row.hold_id for row in desk.rows(hold)))
        now, desk.now = desk.now, at
        lift(desk, numbers[-1])
        desk.now = now
        if max(desk.rows(hold), key=lambda row: row.hold_id).settled_at is None:
            waive(desk.store, desk.policy, numbers[-1], now=at)
    return numbers


def forgotten(desk: Desk) -> list[int]:
    return [row.hold_id for row in desk.rows(hold) if row.forgotten_at is not None]


@pytest.mark.clause("422.5")
def test_what_it_described_goes_two_years_after_it_was_settled_and_the_fact_stays(desk):
    desk.put([Pass("7ABC123", NOW - timedelta(days=20))])
    (capture,) = [(row.day, row.capture_id) for row in desk.rows(covering.schema.capture)]
    settled(desk, EVERYTHING, Selector(captures=(capture,)))
    before = {row.hold_id: row for row in desk.rows(hold)}
    decisions = desk.rows(hold_decision)
    plan_id = desk.begun()
    done = desk.execute(plan_id)
    assert done.lots == (lots.Gone(HOLDS, 2, 0, 0),)
    assert desk.rows(hold_item) == []
    for row in desk.rows(hold):
        then = before[row.hold_id]
        assert (row.pattern, [getattr(row, name) for name in DESCRIBED]) == ("", [None] * 5)
        assert (row.forgotten_at, row.forgotten_by) == (desk.now, plan_id)
        for name in ("ground", "purpose", "case_number", "reason", "member_id", "placed_at", "n_items", "settled_at"):
            assert getattr(row, name) == getattr(then, name)
    assert desk.rows(hold_decision) == decisions
    content = certificates.certificate(desk.store.engine, plan_id).content
    assert [(one["class"], one["destroyed"]) for one in json.loads(content)["lots"]] == [(HOLDS, 2)]
    assert "7ABC123" not in content
    assert desk.execute(plan_id) == done
    assert planned(desk) == {}


@pytest.mark.clause("422.5")
def test_it_is_due_two_years_after_it_was_settled_and_overdue_after_three(desk):
    settled(desk, Selector(pattern="7ABC123"))
    for on, n in ((date(2026, 6, 15), 0), (date(2026, 6, 16), 1)):
        desk.now = datetime(on.year, on.month, on.day, 19, tzinfo=UTC)
        assert planned(desk).get(HOLDS, 0) == n
    with reading(desk.store.engine) as connection:
        assert due.overdue(connection, desk.policy, date(2027, 6, 15)) == {}
        assert due.overdue(connection, desk.policy, date(2027, 6, 16)) == {HOLDS: 1}


@pytest.mark.clause("422.5")
def test_a_hold_that_stands_or_is_not_settled_is_never_forgotten(desk):
    desk.put([Pass("7ABC123", NOON)])
    desk.hold(Selector(pattern="7ABC123"))
    desk.hold(Selector(pattern="7ABC123"))
    lift(desk, 2)
    desk.now = datetime(2031, 7, 1, 18, tzinfo=UTC)
    assert HOLDS not in planned(desk)
    with reading(desk.store.engine) as connection:
        assert due.overdue(connection, desk.policy, desk.now.date()) == {}


@pytest.mark.clause("422.5")
@pytest.mark.parametrize(
    "wanted", [EVERYTHING, Selector(device_id="unit-12-front", since=NOON, until=NOON + timedelta(hours=1))]
)
def test_a_forgotten_hold_covers_nothing_and_is_listed_with_its_purge(desk, wanted):
    """Without what it described it would cover everything."""
    desk.put([Pass("7ABC123", NOW - timedelta(days=20))])
    settled(desk, wanted)
    plan_id = desk.begun()
    desk.execute(plan_id)
    ((day, number),) = [(row.day, row.capture_id) for row in desk.rows(covering.schema.capture)]
    with reading(desk.store.engine) as connection:
        assert covering.holds_covering(connection, day, number) == []
        assert covering.of_hold(connection, connection.execute(select(hold)).one()) == []
    gate = gate_for(desk.policy, desk.officer, now=desk.now)
    search = partial(listing.holds, engine=desk.store.engine, on=desk.now.date())
    (row,) = gate.answer(session(desk.officer), ask(Action.PLACE_HOLD, elements={}), search).rows
    assert (row["forgotten_by"], row["status"], len(row["decisions"])) == (plan_id, "lifted", 2)


def test_the_database_refuses_to_forget_otherwise(desk):
    """What is not settled, a part of it only, without saying by which purge, or its items without it; and to remember anything anew."""
    desk.put([Pass("7ABC123", NOON)])
    (capture,) = [(row.day, row.capture_id) for row in desk.rows(covering.schema.capture)]
    settled(desk, EVERYTHING, Selector(captures=(capture,)))
    desk.hold(Selector(pattern="7ABC123"))
    lift(desk, 3)
    nothing = {**dict.fromkeys(DESCRIBED, null()), "pattern": "", "forgotten_at": NOW, "forgotten_by": 1}

    def refused(statement):
        with pytest.raises((DBAPIError, StorageError)), writing(desk.store.engine) as connection:
            connection.execute(statement)

    refused(update(hold).where(hold.c.hold_id == 3).values(nothing))
    one = update(hold).where(hold.c.hold_id == 1)
    for name, value in (
        ("area", {"type": "Point"}), ("device_id", "unit-12-front"), ("pattern", "7ABC123"), ("pattern", null()), ("plate_folded", "7A8C123"),
        ("since_at", NOON), ("until_at", NOON), ("forgotten_by", null()), ("forgotten_at", null()), ("case_number", "26-2"), ("n_items", 5),
        ("reason", "another"), ("member_id", 9),
    ):  # fmt: skip
        refused(one.values(nothing | {name: value}))
    refused(delete(hold_item))
    refused(delete(hold).where(hold.c.hold_id == 1))
    with writing(desk.store.engine) as connection:
        connection.execute(update(hold).where(hold.c.hold_id.in_([1, 2])).values(nothing))
    refused(one.values(pattern="8XYZ999"))
    refused(one.values(forgotten_by=2))
    refused(insert(hold_item).values(hold_id=2, day=capture[0], capture_id=capture[1] + 1))
    with writing(desk.store.engine) as connection:
        connection.execute(delete(hold_item).where(hold_item.c.hold_id == 2))


@pytest.mark.clause("422.5")
@pytest.mark.parametrize("where", ["_forget", "_unlink", "_verify"])
def test_killed_in_the_middle_the_next_run_goes_to_its_end(desk, monkeypatch, where):
    settled(desk, EVERYTHING, Selector(pattern="8XYZ111"))
    plan_id = desk.begun()
    with monkeypatch.context() as killed:
        killed.setattr(lots, where, lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            desk.execute(plan_id)
    assert forgotten(desk) == ([] if where == "_forget" else [1, 2])
    assert desk.execute(plan_id).lots == (lots.Gone(HOLDS, 2, 0, 0),)
    assert desk.rows(purge_plan)[0].status == "done"
    assert forgotten(desk) == [1, 2]
    with reading(desk.store.engine) as connection:
        assert executing.n_left(connection, plan_id, desk.key) == 0


# ── byte by byte ───────────────────────────────────────────────────────────────────────────────────────────────────

PLATES = [f"8Q{n:03}ZK" for n in range(40)]


@pytest.mark.clause("422.5")
def test_no_byte_of_what_it_described_is_left_below_the_departments_folders(sqlite_store, policy, tmp_path):
    desk = Desk(sqlite_store, policy, tmp_path)
    settled(desk, *(Selector(pattern=plate, device_id=f"gone-{plate}") for plate in PLATES))
    desk.hold(Selector(pattern="9HELD99"))
    desk.execute(desk.begun())
    sqlite_store.engine.dispose()
    content = b"".join(path.read_bytes() for path in sorted((tmp_path / "data").rglob("*")) if path.is_file())
    assert [one for one in PLATES if one.encode() in content] == []
    assert b"9HELD99" in content


@pytest.mark.clause("422.5")
def test_after_the_rewriting_no_byte_of_it_is_in_the_servers_files(postgres_desk):  # noqa: F811
    desk = postgres_desk
    settled(desk, *(Selector(pattern=plate, device_id=f"gone-{plate}") for plate in PLATES))
    desk.hold(Selector(pattern="9HELD99"))
    with desk.store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")
    desk.execute(desk.begun())
    assert found(desk, *PLATES), "an old row's bytes lie there until the table is rewritten: else this shows nothing"
    (done,) = complete(desk)
    assert found(desk, *PLATES, "9HELD99") == {"9HELD99"}
    assert {"hold", "hold_item"} <= set(json.loads(done.content)["rewritten"])
