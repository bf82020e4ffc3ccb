"""Entries that left their hot list go by the schedule, in the same approved plan; what is in force, hit or may be held stays."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import insert, update
from sqlalchemy.exc import DBAPIError

from alpr_assets.access.roles import Action
from alpr_assets.errors import StorageError
from alpr_assets.lifecycle.hits.matched import lists_in_force
from alpr_assets.lifecycle.hits.raising import raise_hits
from alpr_assets.lifecycle.holds import placing
from alpr_assets.lifecycle.holds.selectors import Selector
from alpr_assets.lifecycle.purge import certificates, executing, lots
from alpr_assets.lifecycle.purge.due import HOTLIST_ENTRIES
from alpr_assets.policy import ReceivedLimit
from alpr_assets.search.cases import hit_case
from alpr_assets.store import schema
from alpr_assets.store.engine import reading, writing
from alpr_assets.store.holds import hold
from alpr_assets.store.incidents import provisional_number
from alpr_assets.store.purges import purge_plan
from tests.lifecycle.holds.settled import waive
from tests.lifecycle.purge.desks import CAME, DAY, NOON, NOW, Desk, numbered
from tests.lifecycle.purge.test_completing import complete, found, postgres_desk  # noqa: F401 - a fixture
from tests.lifecycle.purge.test_lots import listed, planned
from tests.lifecycle.purge.test_purge import found_below
from tests.people import ask, gate_for, session
from tests.search.traffic import Pass

NEXT = CAME + timedelta(days=1)


def plates(desk: Desk) -> list[str]:
    """Of every entry, in force or not, in the order they came."""
    return [row.plate for row in sorted(desk.rows(schema.hotlist_entry), key=lambda row: row.entry_id)]


def renewed(desk: Desk, *gone: str, stays: str = "5NEW555") -> None:
    """A list with these plates, and the next day one without them; nothing of it is due before 2026-06-17."""
    listed(desk, *(f"{plate},x,CA" for plate in gone), at=CAME)
    listed(desk, f"{stays},x,CA", at=NEXT)


def raised(desk: Desk) -> list[int]:
    """The hits of DAY, by the lists that are in force."""
    raise_hits(desk.store, DAY, lists_in_force(desk.store, desk.policy), policy=desk.policy, now=CAME)
    return [row.hit_id for row in desk.rows(schema.hit)]


def lift(desk: Desk, hold_id: int) -> None:
    deed = partial(
        placing.lift, hold_id=hold_id, disposition=placing.Disposition.BOOKED, reason="booked", policy=desk.policy
    )
    desk.act(deed, Action.LIFT_HOLD, desk.commander)


@pytest.mark.clause("422.5")
def test_an_entry_goes_a_year_after_it_left_its_list_and_what_is_in_force_stays(desk):
    listed(desk, "7ABC123,x,CA", "8XYZ111,x,CA", at=CAME)
    listed(desk, "9STR999,x,CA", at=NEXT)
    listed(desk, "5NEW555,x,CA", at=NOW - timedelta(days=300))
    plan_id = desk.begun()
    done = desk.execute(plan_id)
    assert lots.Gone(HOTLIST_ENTRIES, 2, 0, 0) in done.lots
    assert plates(desk) == ["9STR999", "5NEW555"]  # the one left its list 300 days ago, the other is in force
    content = certificates.certificate(desk.store.engine, plan_id).content
    (said,) = [one for one in json.loads(content)["lots"] if one["class"] == HOTLIST_ENTRIES]
    assert (said["planned"], said["destroyed"], said["kept"], said["gone_before"]) == (2, 2, 0, 0)
    assert not any(plate in content for plate in ("7ABC123", "8XYZ111"))
    assert desk.execute(plan_id) == done
    assert planned(desk) == {}
    assert desk.plan() is None


def test_its_year_begins_when_it_left_its_list_and_not_when_it_came(desk):
    renewed(desk, "7ABC123")
    for on, n in ((datetime(2026, 6, 16, 19, tzinfo=UTC), 0), (datetime(2026, 6, 17, 19, tzinfo=UTC), 1)):
        desk.now = on
        assert planned(desk).get(HOTLIST_ENTRIES, 0) == n


def test_where_a_giver_wants_it_gone_before_its_year_is_over_nothing_goes_until_people_decided(desk):
    renewed(desk, "7ABC123")
    limit = ReceivedLimit(source="department", classes=(HOTLIST_ENTRIES,), days=90, authority="agreement 4")
    desk.policy = desk.policy.model_copy(update={"received": (limit,)})
    assert HOTLIST_ENTRIES not in planned(desk)


# ── what a hit was raised from ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("422.5")
def test_what_a_hit_was_raised_from_stays_with_it_and_goes_in_the_plan_after_it(desk):
    listed(desk, "7ABC123,white van,CA", "8XYZ111,x,CA", at=NOON)
    desk.put([Pass("7ABC123", NOON)])
    (hit_id,) = raised(desk)
    listed(desk, "5NEW555,x,CA", at=NEXT)
    desk.hold(Selector(hits=(hit_id,)))
    assert desk.execute(desk.begun()).lots == (lots.Gone(HOTLIST_ENTRIES, 1, 0, 0),)
    assert plates(desk) == ["7ABC123", "5NEW555"]
    gate = gate_for(desk.policy, desk.officer, now=desk.now)
    search = partial(hit_case, engine=desk.store.engine, hit_id=hit_id, policy=desk.policy)
    case = gate.answer(session(desk.officer), ask(Action.VIEW_HITS, elements={}), search).rows
    assert (case.details["owner"], case.details["given"], case.is_answered) == ("A. Ruiz", "7ABC123", True)
    lift(desk, 1)
    waive(desk.store, desk.policy, 1)
    first = desk.begun()
    assert desk.execute(first).lots == ()
    assert (desk.left(), desk.rows(schema.hit)) == ([], [])
    assert plates(desk) == ["7ABC123", "5NEW555"]
    again = desk.execute(desk.begun())
    assert set(again.lots) == {lots.Gone("hotlist_files", 1, 0, 0), lots.Gone(HOTLIST_ENTRIES, 1, 0, 0)}
    assert plates(desk) == ["5NEW555"]
    with reading(desk.store.engine) as connection:  # the earlier purges are still what they say
        assert [executing.n_left(connection, row.plan_id, desk.key) for row in desk.rows(purge_plan)] == [0, 0, 0]


def test_a_hit_raised_between_plan_and_purge_keeps_its_entry(desk):
    renewed(desk, "7ABC123", "8XYZ111")
    desk.put([Pass("7ABC123", NOW - timedelta(days=20))])
    plan_id = desk.begun()
    (day, read_id), entry = (
        desk.rows(schema.read, schema.read.c.day, schema.read.c.read_id)[0],
        entry_of(desk, "7ABC123"),
    )
    with writing(desk.store.engine) as connection:
        connection.execute(
            insert(schema.hit), hit_row(entry, day=day, sighting_id=read_id, read_day=day, read_id=read_id)
        )
    gone = {one.kind: one for one in desk.execute(plan_id).lots}
    assert gone[HOTLIST_ENTRIES] == lots.Gone(HOTLIST_ENTRIES, 1, 1, 0)
    assert plates(desk) == ["7ABC123", "5NEW555"]


def test_the_database_lets_no_hit_name_an_entry_that_went(desk):
    renewed(desk, "7ABC123")
    entry = entry_of(desk, "7ABC123")
    desk.execute(desk.begun())
    with pytest.raises((DBAPIError, StorageError)), writing(desk.store.engine) as connection:
        connection.execute(insert(schema.hit), hit_row(entry))


def test_lines_that_left_last_stay_while_a_hit_of_their_plate_is_at_no_end(desk):
    """Whether an open hit ends is asked of them: without the newer line the older one would say that it was withdrawn."""
    listed(desk, "7ABC123,x,CA", at=NOON)
    desk.put([Pass("7ABC123", NOON)])
    (hit_id,) = raised(desk)
    desk.hold(Selector(hits=(hit_id,)))
    listed(desk, "7ABC123,y,CA", at=NEXT)
    listed(desk, "5NEW555,x,CA", at=NEXT + timedelta(days=1))
    assert [row.status for row in desk.rows(schema.hit)] == ["cancelled"]
    assert planned(desk)[HOTLIST_ENTRIES] == 1
    with writing(desk.store.engine) as connection:
        suffix = "" if desk.store.engine.dialect.name == "sqlite" else " ON hit"
        connection.exec_driver_sql(f"DROP TRIGGER hit_status{suffix}")
        connection.execute(update(schema.hit).values(status="lapsed"))
    assert HOTLIST_ENTRIES not in planned(desk)


def entry_of(desk: Desk, plate: str):
    return next(row for row in desk.rows(schema.hotlist_entry) if row.plate == plate)


def hit_row(entry, **more):
    return {
        "day": DAY, "sighting_id": numbered(1), "source": "department", "plate": entry.plate, "state": "CA", "list_type": entry.list_type,
        "category": "stolen_vehicle", "restricted": False, "match_kind": "exact", "differences": [], "confidence": 0.9, "sure": True,
        "read_day": DAY, "read_id": numbered(1), "version_id": "light-1", "captured_at": NOON, "raised_at": NOON, "status": "raised",
        "n_moves": 0, "entry_id": entry.entry_id, "import_id": entry.from_import_id, **more,
    }  # fmt: skip


# ── holds ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("422.5")
@pytest.mark.parametrize(
    ("wanted", "kept"),
    [
        (Selector(pattern="7A8C123"), ["7ABC123"]),
        (Selector(pattern="8X?Z*"), ["8XYZ111"]),
        (Selector(pattern="7ABC123", device_id="unit-99"), ["7ABC123"]),
        (Selector(device_id="unit-99", since=NOON, until=NEXT), []),
        (Selector(pattern="7ABC124"), []),
    ],
    ids=["a look-alike", "a part of it", "narrowed otherwise", "no plate", "another plate"],
)
def test_an_entry_that_a_hold_may_mean_is_kept_also_when_it_is_placed_after_the_plan(desk, wanted, kept):
    renewed(desk, "7ABC123", "8XYZ111")
    plan_id = desk.begun()
    desk.hold(wanted)
    gone = {one.kind: one for one in desk.execute(plan_id).lots}[HOTLIST_ENTRIES]
    assert (gone.n_destroyed, gone.n_kept) == (2 - len(kept), len(kept))
    assert plates(desk) == [*kept, "5NEW555"]
    assert HOTLIST_ENTRIES not in planned(desk)
    if kept:
        lift(desk, 1)
        assert planned(desk) == {HOTLIST_ENTRIES: 1}


@pytest.mark.clause("422.5")
@pytest.mark.parametrize(("case", "is_kept"), [("26-01234", True), ("P-1", True), ("26-99999", False)])
def test_the_lines_of_a_held_case_are_kept(desk, case, is_kept):
    renewed(desk, "7ABC123")
    became = {
        "number": "P-1",
        "day": DAY,
        "n_of_day": 1,
        "member_id": 3,
        "issued_at": NOON,
        "due_at": NEXT,
        "case_number": "26-01234",
    }
    became |= {"reconciled_at": NEXT, "reconciled_by": 3}
    with writing(desk.store.engine) as connection:
        connection.execute(insert(provisional_number), became)
        connection.execute(
            insert(hold),
            {
                "ground": "criminal_evidence", "purpose": "stolen_vehicle", "case_number": "26-00001", "reason": "evidence", "member_id": 3,
                "placed_at": NOW, "n_items": 1, "of_case": case, "status": "standing", "review_on": date(2026, 9, 1), "n_decisions": 0,
            },
        )  # fmt: skip
    assert planned(desk).get(HOTLIST_ENTRIES, 0) == (0 if is_kept else 1)


# ── on after a kill, and what comes meanwhile ──────────────────────────────────────────────────────────────────────


def at_entries(step, *args, **more):
    """A step of a lot's destruction, which is killed before it is done to entries."""
    if HOTLIST_ENTRIES in (*args, *(getattr(one, "kind", "") for one in args)):
        raise KeyboardInterrupt
    return step(*args, **more)


@pytest.mark.clause("422.5")
@pytest.mark.parametrize("where", ["_forget", "_unlink", "_verify"])
def test_killed_in_the_middle_and_a_new_list_meanwhile_the_next_run_goes_to_a_true_end(desk, monkeypatch, where):
    """SQLite gives the new lines the numbers of those that went: they are none of the plan's."""
    listed(desk, "5NEW555,x,CA", at=CAME, name="other.csv")
    listed(desk, "7ABC123,x,CA", "8XYZ111,x,CA", at=CAME)
    with writing(desk.store.engine) as connection:  # the last numbers leave, with no newer line in their place
        last = {
            "list_id": 2,
            "sha256": "0",
            "file_name": "watch.csv",
            "format": "csv",
            "imported_at": NEXT,
            "accepted": True,
        }
        more = {"n_lines": 0, "n_entries": 0, "n_quarantined": 0, "receipt": {}, "sealed_day": NEXT.date()}
        number = connection.execute(
            insert(schema.hotlist_import).returning(schema.hotlist_import.c.import_id), {**last, **more}
        ).scalar_one()
        entry = schema.hotlist_entry
        connection.execute(update(entry).where(entry.c.list_id == 2).values(to_import_id=number))
        connection.execute(update(schema.hotlist).where(schema.hotlist.c.list_id == 2).values(current_import_id=number))
    before = {row.entry_id for row in desk.rows(schema.hotlist_entry)}
    plan_id = desk.begun()
    with monkeypatch.context() as killed:
        killed.setattr(lots, where, partial(at_entries, getattr(lots, where)))
        with pytest.raises(KeyboardInterrupt):
            desk.execute(plan_id)
    desk.now = NOW + timedelta(minutes=5)
    listed(desk, "6TRJ244,x,CA", "4PKL321,x,CA", at=desk.now)
    done = desk.execute(plan_id)
    assert lots.Gone(HOTLIST_ENTRIES, 2, 0, 0) in done.lots
    assert desk.rows(purge_plan)[0].status == "done"
    assert plates(desk) == ["5NEW555", "6TRJ244", "4PKL321"]
    if desk.store.engine.dialect.name == "sqlite" and where != "_forget":
        assert before & {row.entry_id for row in desk.rows(schema.hotlist_entry) if row.plate != "5NEW555"}
    with reading(desk.store.engine) as connection:
        assert executing.n_left(connection, plan_id, desk.key) == 0
    assert desk.execute(plan_id) == done
    assert HOTLIST_ENTRIES not in planned(desk)


def test_the_same_list_imported_again_while_a_plan_waits_is_in_force_and_the_old_lines_go(desk):
    old = ["7ABC123,x,CA", "8XYZ111,x,CA"]
    listed(desk, *old, at=CAME)
    listed(desk, "8XYZ111,x,CA", at=NEXT)
    plan_id = desk.begun()
    again = listed(desk, *old, at=NOW)
    assert (again.n_entries, again.n_added) == (2, 2)  # the lines of another day: each says until when
    desk.execute(plan_id)
    assert sorted(plates(desk)) == ["7ABC123", "8XYZ111", "8XYZ111"]
    assert {row.plate for row in desk.rows(schema.hotlist_entry) if row.to_import_id is None} == {"7ABC123", "8XYZ111"}
    desk.put([Pass("7ABC123", NOW)])
    found = raise_hits(desk.store, NOW.date(), lists_in_force(desk.store, desk.policy), policy=desk.policy, now=NOW)
    assert found.n_raised == {"exact": 1}


def test_an_entry_that_comes_back_is_counted(desk):
    renewed(desk, "7ABC123")
    before = dict(entry_of(desk, "7ABC123")._mapping)
    plan_id = desk.begun()
    desk.execute(plan_id)
    with writing(desk.store.engine) as connection:
        connection.execute(insert(schema.hotlist_entry), before)
    with reading(desk.store.engine) as connection:
        assert executing.n_left(connection, plan_id, desk.key) == 1


# ── byte by byte ───────────────────────────────────────────────────────────────────────────────────────────────────

N_LINES = 300
GONE = [f"8Q{n:03}ZK" for n in range(N_LINES)]
OWNERS = [f"MARKER{n:03}X" for n in range(N_LINES)]


def long_list(desk: Desk) -> None:
    """Three hundred lines, each with words of its own, of which a plate and its words stay."""
    said = [f"{plate},{words}{'y' * 40},CA" for plate, words in zip(GONE, OWNERS, strict=True)]
    listed(desk, *said, "9HELD99,MARKERHELD,CA", at=CAME)
    listed(desk, "5NEW555,x,CA", at=NEXT)
    desk.hold(Selector(pattern="9HELD99"))


@pytest.mark.clause("422.5")
def test_no_byte_of_a_purged_entry_is_left_below_the_departments_folders(sqlite_store, policy, tmp_path):
    desk = Desk(sqlite_store, policy, tmp_path)
    long_list(desk)
    sqlite_store.engine.dispose()
    assert all(found_below(tmp_path, one) for one in (GONE[0], OWNERS[-1], "MARKERHELD"))
    plan_id = desk.begun()
    assert {one.kind: one.n_destroyed for one in desk.execute(plan_id).lots} == {
        "hotlist_files": 1,
        HOTLIST_ENTRIES: N_LINES,
    }
    sqlite_store.engine.dispose()
    content = b"".join(path.read_bytes() for path in sorted((tmp_path / "data").rglob("*")) if path.is_file())
    assert [one for one in (*GONE, *OWNERS) if one.encode() in content] == []
    assert found_below(tmp_path, "MARKERHELD")
    assert b"9HELD99" in content


@pytest.mark.clause("422.5")
def test_after_the_rewriting_no_byte_of_a_purged_entry_is_in_the_servers_files(postgres_desk):  # noqa: F811
    desk = postgres_desk
    long_list(desk)
    with desk.store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")
    plan_id = desk.begun()
    desk.execute(plan_id)
    wanted = [*GONE, *OWNERS]
    assert found(desk, *wanted), "a deleted row's bytes lie there until the table is rewritten: else this shows nothing"
    (done,) = complete(desk)
    assert found(desk, *wanted, "9HELD99", "MARKERHELD") == {"9HELD99", "MARKERHELD"}
    assert "hotlist_entry" in json.loads(done.content)["rewritten"]
