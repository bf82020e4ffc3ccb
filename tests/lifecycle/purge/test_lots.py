"""Quarantine, raw hot-list files and ended watches go by the schedule, in the same approved plan; what a hold may mean or is in force stays."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from threading import Event, Thread

import pytest
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import DBAPIError

from alpr_assets.access.roles import Action
from alpr_assets.errors import StorageError, VerificationError
from alpr_assets.lifecycle.holds.selectors import Selector
from alpr_assets.lifecycle.hotlists.imports import import_file
from alpr_assets.lifecycle.purge import certificates, executing, lots
from alpr_assets.lifecycle.watches.areas import Circle
from alpr_assets.store import schema
from alpr_assets.store.engine import reading, writing
from alpr_assets.store.purges import purge_lot, purge_plan
from alpr_assets.store.watches import watch, watch_decision
from tests.builders import own_list
from tests.lifecycle.purge.desks import CAME, DAY, HERE, NOON, NOW, Desk, numbered, quarantined
from tests.people import MemoryRecorder
from tests.search.traffic import Pass

HIT = {
    "day": DAY, "sighting_id": numbered(1), "source": "department", "plate": "7ABC123", "state": "CA", "list_type": "x",
    "category": "stolen_vehicle", "restricted": False, "match_kind": "exact", "differences": [], "confidence": 0.9, "sure": True,
    "read_day": DAY, "read_id": numbered(1), "version_id": "light-1", "captured_at": NOON, "raised_at": NOON, "status": "raised", "n_moves": 0,
}  # fmt: skip


def listed(desk: Desk, *lines: str, at: datetime, name: str = "watch.csv"):
    """A list of the department's own is imported, however much shorter than the one before."""
    raw = own_list(*lines, on=at.date())
    receipt = import_file(desk.store, raw, name, policy=desk.policy, now=at, approved_by="Lt. Okada")
    assert receipt.accepted, receipt.reason
    return receipt


def planned(desk: Desk) -> dict[str, int]:
    """Items of each class that would be planned now."""
    on = desk.now.astimezone(desk.policy.zone).date()
    return {one.kind: one.n for one in lots.lots(desk.store.engine, policy=desk.policy, on=on, key=desk.key)}


@pytest.mark.clause("422.5")
def test_a_quarantined_picture_goes_with_its_bytes_and_its_hash_and_the_certificate_says_so(desk, tmp_path):
    gone = quarantined(desk, tmp_path, n=2)
    backup = {path: path.read_bytes() for path in desk.store.received.folder.rglob("*") if path.is_file()}
    kept = desk.store.received.seal(CAME.date(), b"a designation of the same day")
    plan_id = desk.begun()
    done = desk.execute(plan_id)
    assert done.lots == (lots.Gone("quarantine", 2, 0, 0),)
    assert done.days == ()
    assert desk.rows(schema.quarantine) == []
    assert desk.store.received.open(CAME.date(), kept) == b"a designation of the same day"
    receipts = json.dumps([row.receipt for row in desk.rows(schema.drop)])
    assert not any(one in receipts for one in gone)
    for path, content in backup.items():  # no backup of them opens either
        assert not path.exists()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        with pytest.raises(VerificationError):
            desk.store.received.open(CAME.date(), path.name)
    (said,) = json.loads(certificates.certificate(desk.store.engine, plan_id).content)["lots"]
    assert (said["class"], said["planned"], said["destroyed"], said["kept"]) == ("quarantine", 2, 2, 0)
    assert desk.execute(plan_id) == done
    assert planned(desk) == {}


def test_before_its_year_is_over_nothing_of_it_is_planned(desk, tmp_path):
    quarantined(desk, tmp_path)
    desk.now = datetime(2026, 6, 15, 19, tzinfo=UTC)
    assert planned(desk) == {}
    assert desk.plan() is None
    desk.now = datetime(2026, 6, 16, 19, tzinfo=UTC)
    assert planned(desk) == {"quarantine": 1}


DAY_OF = {"since": NOON - timedelta(hours=12), "until": NOON + timedelta(hours=12)}


@pytest.mark.clause("422.5")
@pytest.mark.parametrize(
    ("wanted", "more", "is_kept"),
    [
        (Selector(device_id="unit-12-front", **DAY_OF), {}, True),
        (Selector(device_id="unit-99", **DAY_OF), {}, False),
        (Selector(area=Circle(*HERE, 300), **DAY_OF), {}, True),
        (Selector(area=Circle(38.1, -121.9, 300), **DAY_OF), {}, False),
        (Selector(area=Circle(38.1, -121.9, 300), **DAY_OF), {"latitude": None, "longitude": None}, True),
        (Selector(area=Circle(38.1, -121.9, 300), **DAY_OF), {"latitude": 95, "longitude": 2}, True),
        (Selector(device_id="unit-12-front", since=CAME + timedelta(minutes=1), until=CAME + timedelta(days=9)), {}, False),
        (Selector(device_id="unit-12-front", since=CAME - timedelta(days=9), until=CAME - timedelta(days=8)), {}, True),
        (Selector(pattern="7ABC123"), {}, False),
        (Selector(pattern="7ABC123", **DAY_OF), {}, True),
    ],
    ids=[
        "its reader", "another reader", "its place", "another place", "no place", "an impossible place", "a later time",
        "an earlier time, since its own is unknown", "a plate alone", "a plate in its time",
    ],
)  # fmt: skip
def test_a_picture_that_a_hold_may_mean_is_kept(sqlite_store, policy, tmp_path, wanted, more, is_kept):
    desk = Desk(sqlite_store, policy, tmp_path)
    quarantined(desk, tmp_path, **more)
    desk.hold(wanted)
    assert planned(desk) == ({} if is_kept else {"quarantine": 1})


def test_what_the_reader_of_a_named_capture_sent_that_day_is_kept_also_when_named_after_the_plan(desk, tmp_path):
    desk.put([Pass("7ABC123", NOON, device="unit-12-front")])
    quarantined(desk, tmp_path)
    plan_id = desk.begun()
    desk.hold(Selector(captures=((DAY, numbered(1)),)))
    assert desk.execute(plan_id).lots == (lots.Gone("quarantine", 0, 1, 0),)
    (row,) = desk.rows(schema.quarantine)
    assert desk.store.received.open(row.sealed_day, row.sealed_sha256)


@pytest.mark.clause("422.5")
def test_a_lists_file_goes_when_it_is_no_longer_in_force_and_no_hit_came_of_it(desk):
    first = listed(desk, "7ABC123,x,CA", at=CAME)
    listed(desk, "8XYZ111,x,CA", at=CAME, name="bolo.csv")
    raised = listed(desk, "9STR999,x,CA", "7ABC123,x,CA", at=CAME + timedelta(days=1))
    assert planned(desk)["hotlist_files"] == 1  # the others are in force
    with writing(desk.store.engine) as connection:
        connection.execute(insert(schema.hit), hit_of(connection, raised.import_id))
    listed(desk, "6TRJ244,x,CA", "7ABC123,x,CA", at=CAME + timedelta(days=2))
    assert planned(desk)["hotlist_files"] == 1
    desk.execute(desk.begun())
    rows = {row.import_id: row for row in desk.rows(schema.hotlist_import)}
    assert [number for number, row in rows.items() if row.file_destroyed_at] == [first.import_id]
    assert not desk.store.received.path(CAME.date(), first.sha256).exists()
    assert desk.store.received.path(CAME.date() + timedelta(days=1), raised.sha256).exists()
    assert planned(desk) == {}


def hit_of(connection, import_id):
    entry = connection.execute(
        select(schema.hotlist_entry).where(schema.hotlist_entry.c.from_import_id == import_id)
    ).first()
    return {**HIT, "plate": entry.plate, "entry_id": entry.entry_id, "import_id": import_id}


@pytest.mark.clause("422.5")
def test_a_watch_that_ended_two_years_ago_is_forgotten_unless_a_hit_came_of_it(desk):
    with writing(desk.store.engine) as connection:
        for number, ended in (
            (1, NOW - timedelta(days=732)),
            (2, NOW - timedelta(days=732)),
            (3, NOW - timedelta(days=700)),
        ):
            connection.execute(insert(watch), watch_of(number, ended))
            decided = {
                "watch_id": number, "seq": 1, "kind": "placed", "decided_at": ended - timedelta(days=9), "member_id": 3,
                "reason": "placed", "expires_at": ended,
            }  # fmt: skip
            connection.execute(insert(watch_decision), decided)
        raised = {**HIT, "entry_id": None, "import_id": None, "watch_id": 2}
        connection.execute(insert(schema.hit), raised)
    assert planned(desk) == {"watches": 1}
    assert desk.execute(desk.begun()).lots == (lots.Gone("watches", 1, 0, 0),)
    assert sorted(row.watch_id for row in desk.rows(watch)) == [2, 3]
    assert sorted(row.watch_id for row in desk.rows(watch_decision)) == [2, 3]


def watch_of(number, ended):
    return {
        "watch_id": number, "kind": "watch", "pattern": "7ABC123", "is_partial": False, "state": "", "purpose": "stolen_vehicle",
        "category": "stolen_vehicle", "case_number": "26-01234", "reason": "seen", "owner_id": 3, "audience": "normal",
        "status": "approved", "n_decisions": 1, "placed_at": ended - timedelta(days=9), "approve_by_at": ended, "expires_at": ended,
    }  # fmt: skip


@pytest.mark.clause("422.5")
@pytest.mark.parametrize("where", ["_unlink", "_verify"])
def test_killed_in_the_middle_of_a_lot_the_next_run_goes_to_its_end(desk, tmp_path, monkeypatch, where):
    quarantined(desk, tmp_path, n=2)
    plan_id = desk.begun()
    with monkeypatch.context() as killed:
        killed.setattr(lots, where, lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            desk.execute(plan_id)
    assert desk.rows(purge_plan)[0].status == "executing"
    assert desk.execute(plan_id).lots == (lots.Gone("quarantine", 2, 0, 0),)
    assert not [path for path in desk.store.received.folder.rglob("*") if path.is_file()]
    (row,) = desk.rows(purge_lot)
    assert row.files is None


def test_a_file_that_another_item_has_too_stays_until_that_goes(desk, tmp_path):
    (sha256,) = quarantined(desk, tmp_path)
    with writing(desk.store.engine) as connection:
        row = dict(connection.execute(select(schema.quarantine)).mappings().one())
        later = {**row, "quarantine_id": 99, "item": "again.jpg", "opened_at": NOW}
        connection.execute(insert(schema.quarantine), later)
    desk.execute(desk.begun())
    assert desk.store.received.open(CAME.date(), sha256)


def test_an_item_that_comes_back_is_counted(desk, tmp_path):
    quarantined(desk, tmp_path)
    before = dict(desk.rows(schema.quarantine)[0]._mapping)
    plan_id = desk.begun()
    desk.execute(plan_id)
    with writing(desk.store.engine) as connection:
        assert executing.n_left(connection, plan_id, desk.key) == 0
        connection.execute(insert(schema.quarantine), before)
    with reading(desk.store.engine) as connection:
        assert executing.n_left(connection, plan_id, desk.key) == 1


def test_what_code_forgets_of_a_lot_the_database_refuses(desk, tmp_path):
    quarantined(desk, tmp_path)
    plan_id = desk.plan().plan_id
    for statement in (
        "UPDATE purge_lot SET n_planned = 5",
        "UPDATE purge_lot SET destroyed_at = 1, n_destroyed = 1, n_kept = 0, n_gone = 0",
        "DELETE FROM purge_lot",
    ):
        with pytest.raises((DBAPIError, StorageError)), writing(desk.store.engine) as connection:
            connection.execute(text(statement))
    with writing(desk.store.engine) as connection:  # what is approved is what was planned
        suffix = "" if desk.store.engine.dialect.name == "sqlite" else " ON purge_lot"
        connection.execute(text(f"DROP TRIGGER purge_lot_fixed{suffix}"))
        connection.execute(update(purge_lot).values(manifest=b"x"))
    with pytest.raises(VerificationError, match="not the one that was planned"):
        desk.approve(plan_id, desk.commander)


class Waiting(MemoryRecorder):
    """Records a hold only when told to: until then its transaction is open."""

    def __init__(self):
        super().__init__()
        self.begun, self.go = Event(), Event()

    def append(self, entry):
        if entry.action == Action.PLACE_HOLD:
            self.begun.set()
            assert self.go.wait(30)
        return super().append(entry)


@pytest.mark.clause("422.5")
def test_a_hold_that_is_just_being_placed_is_waited_for(desk, tmp_path):
    quarantined(desk, tmp_path)
    plan_id = desk.begun()
    desk.recorder = Waiting()
    done = []
    holding = Thread(target=desk.hold, args=(Selector(device_id="unit-12-front", **DAY_OF),))
    purging = Thread(target=lambda: done.append(desk.execute(plan_id)))
    holding.start()
    assert desk.recorder.begun.wait(30)
    purging.start()
    purging.join(0.3)
    assert purging.is_alive()
    desk.recorder.go.set()
    for one in (holding, purging):
        one.join(30)
    assert done[0].lots == (lots.Gone("quarantine", 0, 1, 0),)
