"""A purge from its plan to its end: nothing without two people, nothing that is held, nothing left, and on after a kill."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import date, timedelta
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import DBAPIError

from alpr_assets.access.record.entries import RecordUnavailableError
from alpr_assets.access.roles import Action, Role
from alpr_assets.access.secret_key import SecretKey
from alpr_assets.errors import (
    AccessRefusedError,
    IllegalMoveError,
    MalformedError,
    NotFoundError,
    StorageError,
    VerificationError,
)
from alpr_assets.lifecycle.captures.landing import land_drop
from alpr_assets.lifecycle.holds import placing
from alpr_assets.lifecycle.holds.selectors import Selector
from alpr_assets.lifecycle.purge import certificates, drafting, executing, planning
from alpr_assets.lifecycle.purge.manifests import Manifest
from alpr_assets.lifecycle.purge.on_file import OnFile
from alpr_assets.lifecycle.recognition.light import LightRecogniser, labelled, light_recogniser
from alpr_assets.lifecycle.recognition.pool import executor
from alpr_assets.lifecycle.recognition.reads import recognise_day
from alpr_assets.lifecycle.recognition.sightings import group_day
from alpr_assets.store import people, schema
from alpr_assets.store.engine import reading, writing
from alpr_assets.store.purges import purge_day, purge_plan, purge_request
from tests.builders import drop, jpeg, line
from tests.lifecycle.holds.settled import waive
from tests.lifecycle.purge.desks import DAY, NOON, NOW, ON_FILE, Desk, numbered
from tests.search.traffic import Pass, correct


@pytest.mark.clause("422.5")
def test_what_is_due_is_gone_with_all_that_stands_for_it_and_what_is_held_stays(desk):
    late = NOON + timedelta(days=400)
    desk.put([Pass("7ABC123", NOON), Pass("8XYZ111", NOON), Pass("9STR999", NOON), Pass("8XYZ111", late)])
    correct(desk.store, numbered(1), "7ABC128", day=DAY)
    desk.hold(Selector(pattern="9STR999"))
    planned = desk.plan()
    assert (planned.n_captures, planned.n_days, planned.touched) == (2, 1, ())
    desk.approve(planned.plan_id, desk.commander)
    assert desk.approve(planned.plan_id, desk.custodian)
    desk.begin(planned.plan_id)
    done = desk.execute(planned.plan_id)
    assert (done.n_destroyed, done.n_kept) == (2, 0)
    assert desk.left() == [3]
    assert {row.plate for row in desk.rows(schema.read)} == {"9STR999", "8XYZ111"}
    assert {row.plate: row.n_reads for row in desk.rows(schema.plate)} == {"9STR999": 1, "8XYZ111": 1}
    assert len(desk.rows(schema.sighting)) == len(desk.rows(schema.sighting_read)) == 2
    assert len(desk.pictures()) == 2
    (day,) = desk.rows(purge_day)
    assert (day.n_planned, day.n_destroyed, day.n_kept, day.n_gone) == (2, 2, 0, 0)
    assert day.verified_at is not None
    assert desk.rows(purge_plan)[0].status == "done"
    row = next(one for one in desk.rows(schema.capture_day) if one.day == DAY)
    assert (row.n_captures, row.n_destroyed) == (3, 2)
    assert desk.execute(planned.plan_id) == done  # asked again, it says the same


@pytest.mark.clause("422.5")
def test_a_destroyed_capture_that_comes_back_is_counted(desk):
    desk.put([Pass("7ABC123", NOON), Pass("8XYZ111", NOON)])
    plan_id = desk.begun()
    desk.hold(Selector(reads=((DAY, numbered(2)),)))
    before = desk.rows(schema.capture)
    desk.execute(plan_id)

    def n_left():
        with reading(desk.store.engine) as connection:
            return executing.n_left(connection, plan_id, desk.key)

    assert n_left() == 0  # what was kept does not count
    with writing(desk.store.engine) as connection:
        gone = next(row for row in before if row.capture_id not in desk.left())
        connection.execute(insert(schema.capture), dict(gone._mapping))
    assert n_left() == 1


@pytest.mark.clause("422.5")
def test_the_certificate_says_what_was_done_by_whom_and_what_is_not_said(desk):
    desk.put([Pass("7ABC123", NOON), Pass("8XYZ111", NOON)])
    plan_id = desk.begun()
    with pytest.raises(NotFoundError, match="no certificate"):
        certificates.certificate(desk.store.engine, plan_id)
    desk.office.recorder.down = True
    with pytest.raises(RecordUnavailableError):
        desk.execute(plan_id)
    assert desk.rows(purge_plan)[0].status == "executing"  # destroyed, and not said to be done before the record has it
    desk.office.recorder.down = False
    desk.execute(plan_id)
    issued = certificates.certificate(desk.store.engine, plan_id)
    said = json.loads(issued.content)
    assert hashlib.sha256(issued.content.encode()).hexdigest() == issued.sha256
    (entry,) = [one for one in desk.office.recorder.entries if one.action == "purge_done"]
    assert entry.details == {"purge": plan_id, "certificate_sha256": issued.sha256}
    assert said["captures"] == {"planned": 2, "destroyed": 2, "kept": 0, "gone_before": 0}
    assert [one["what"] for one in said["decisions"]] == ["planned", "approved", "approved", "begun", "done"]
    assert {one["capacity"] for one in said["decisions"][1:3]} == {"commander", "custodian"}
    assert said["resolution"] == {"reference": "resolution 2026-031", "dated_on": "2026-05-20", "until": None}
    assert said["consent"]["until"] == "2026-12-31"
    assert "cryptographic erase" in said["method"]["pictures"]
    assert said["backups_until"] == "2026-08-05"
    assert said["status"] == ("removed" if desk.store.engine.dialect.name == "postgresql" else "destroyed")
    assert not any(plate in issued.content for plate in ("7ABC123", "8XYZ111"))
    with pytest.raises((DBAPIError, StorageError)), writing(desk.store.engine) as connection:
        connection.execute(text("UPDATE purge_certificate SET content = 'x'"))


@pytest.mark.clause("422.5")
def test_a_hold_that_is_placed_after_the_approval_wins(desk):
    desk.put([Pass("7ABC123", NOON), Pass("8XYZ111", NOON)])
    plan_id = desk.begun()
    desk.hold(Selector(reads=((DAY, numbered(2)),)))
    done = desk.execute(plan_id)
    assert (done.n_destroyed, done.n_kept) == (1, 1)
    assert desk.left() == [2]
    assert len(desk.pictures()) == 1


def test_a_pass_goes_whole_or_not_at_all(desk):
    desk.put([Pass("7ABC123", NOON), Pass("7ABC123", NOON + timedelta(seconds=1)), Pass("8XYZ111", NOON)])
    with writing(desk.store.engine) as connection:  # the first two are one pass
        table = schema.sighting_read
        connection.execute(update(table).where(table.c.read_id == numbered(2)).values(sighting_id=numbered(1)))
        connection.execute(schema.sighting.delete().where(schema.sighting.c.sighting_id == numbered(2)))
    plan_id = desk.begun()
    desk.hold(Selector(captures=((DAY, numbered(1)),)))
    assert desk.execute(plan_id).n_kept == 2
    assert desk.left() == [1, 2]


@pytest.mark.clause("422.5")
def test_nothing_begins_without_two_people_the_resolution_and_the_consent(desk):
    desk.put([Pass("7ABC123", NOON)])
    for missing in ({"resolution": OnFile("", DAY)}, {"consent": OnFile(" ", DAY)}):
        with pytest.raises(MalformedError, match="reference"):
            desk.plan(**missing)
    with pytest.raises(AccessRefusedError):
        desk.act(partial(drafting.ask, policy=desk.policy, **ON_FILE), by=desk.officer)
    plan_id = desk.plan().plan_id
    with pytest.raises(IllegalMoveError, match="is planned"):
        desk.begin(plan_id)
    with pytest.raises(IllegalMoveError, match="not begun"):
        desk.execute(plan_id)
    assert desk.approve(plan_id, desk.custodian) is False
    with pytest.raises(IllegalMoveError, match="already"):
        desk.approve(plan_id, desk.custodian)
    with pytest.raises(AccessRefusedError):
        desk.approve(plan_id, desk.officer)
    desk.custodian = replace(desk.custodian, role=Role.COMMANDER)  # one person in both capacities
    with pytest.raises(IllegalMoveError, match="already"):
        desk.approve(plan_id, desk.custodian)
    assert desk.left() == [1]
    with pytest.raises(NotFoundError):
        desk.approve(99, desk.commander)


@pytest.mark.clause("422.5")
def test_a_resolution_or_consent_that_is_not_in_date_carries_no_purge(desk):
    desk.put([Pass("7ABC123", NOON)])
    today = date(2026, 7, 1)
    for wrong, says in (
        (OnFile("memo 7", today + timedelta(days=1)), "a day to come"),
        (OnFile("memo 7", date(2026, 1, 1), today - timedelta(days=1)), "was good until 2026-06-30"),
    ):
        for name in ON_FILE:
            with pytest.raises(MalformedError, match=says):
                desk.plan(**{name: wrong})
    plan_id = desk.plan(consent=OnFile("memo 7", date(2024, 7, 1), today)).plan_id
    desk.approve(plan_id, desk.commander)
    desk.approve(plan_id, desk.custodian)
    desk.now = NOW + timedelta(days=1)  # the consent ended meanwhile
    with pytest.raises(IllegalMoveError, match="out of date"):
        desk.begin(plan_id)
    desk.now = NOW
    short = desk.policy.model_copy(update={"purge": desk.policy.purge.model_copy(update={"reference_years": 2})})
    desk.policy = short
    desk.begin(plan_id)  # two years to the day
    with pytest.raises(MalformedError, match="more than 2 years ago"):
        desk.plan(consent=OnFile("memo 7", date(2024, 6, 30)))


@pytest.mark.clause("422.3.1(e)")
def test_without_a_current_designee_nobody_approves(desk):
    desk.put([Pass("7ABC123", NOON)])
    plan_id = desk.plan().plan_id
    with writing(desk.store.engine) as connection:
        connection.execute(update(people.designee).values(to_on=date(2026, 6, 30)))
    for who in (desk.commander, desk.custodian):
        with pytest.raises(IllegalMoveError, match="nobody is the current designee"):
            desk.approve(plan_id, who)


def test_an_ask_is_answered_once_and_nothing_is_written_before_the_record_has_it(desk):
    desk.put([Pass("7ABC123", NOON)])
    number = desk.ask()

    def draft():
        return drafting.draft(
            desk.store, number, policy=desk.policy, key=desk.key, office=desk.office, clock=lambda: desk.now
        )

    desk.office.recorder.down = True
    with pytest.raises(RecordUnavailableError):
        draft()
    desk.office.recorder.down = False
    assert desk.rows(purge_plan) == []
    with reading(desk.store.engine) as connection:
        assert drafting.asked(connection) == [number]
    planned = draft()
    assert draft() is None
    (plan,) = desk.rows(purge_plan)
    drafted = next(one for one in desk.office.recorder.entries if one.action == "purge_drafted")
    assert drafted.details == {"request": number, "purge": plan.plan_id, "captures": 1, "digest": plan.digest}
    assert (plan.plan_id, plan.member_id) == (planned.plan_id, desk.custodian.member_id)
    (decided,) = desk.decisions()
    assert (decided.kind, decided.member_id) == ("planned", desk.custodian.member_id)
    with pytest.raises(NotFoundError):
        drafting.draft(desk.store, 99, policy=desk.policy, key=desk.key, office=desk.office, clock=lambda: desk.now)
    for statement in (
        "UPDATE purge_request SET resolution = 'x'",
        "UPDATE purge_request SET refusal = 'x'",
        "DELETE FROM purge_request",
    ):
        with pytest.raises((DBAPIError, StorageError)), writing(desk.store.engine) as connection:
            connection.execute(text(statement))


def test_a_stale_or_cancelled_plan_destroys_nothing(desk):
    desk.put([Pass("7ABC123", NOON)])
    plan_id = desk.plan().plan_id
    desk.approve(plan_id, desk.commander)
    desk.approve(plan_id, desk.custodian)
    desk.now = NOW + timedelta(days=14)
    with pytest.raises(IllegalMoveError, match="stale"):
        desk.begin(plan_id)
    desk.act(partial(planning.cancel, plan_id=plan_id, reason="too old"))
    with pytest.raises(IllegalMoveError, match="cancelled"):
        desk.act(partial(planning.cancel, plan_id=plan_id, reason="again"))
    with pytest.raises(IllegalMoveError, match="not begun"):
        desk.execute(plan_id)
    assert desk.left() == [1]


def test_nothing_young_and_nothing_held_is_ever_planned(desk):
    desk.put([Pass("7ABC123", NOON + timedelta(days=380)), Pass("8XYZ111", NOON)])
    desk.hold(Selector(pattern="8XYZ111"))
    assert desk.plan() is None
    (asked,) = desk.rows(purge_request)
    assert (asked.plan_id, asked.refusal) == (None, "nothing is due that is not held")
    assert desk.rows(purge_plan) == []


@pytest.mark.clause("422.5")
def test_a_hit_that_people_acted_on_stops_the_approval_until_it_is_held(desk):
    desk.put([Pass("7ABC123", NOON), Pass("8XYZ111", NOON)])
    with writing(desk.store.engine) as connection:
        connection.execute(
            insert(schema.hit),
            {
                "day": DAY, "sighting_id": numbered(1), "source": "department", "plate": "7ABC123", "state": "CA", "list_type": "watch 1",
                "category": "stolen_vehicle", "restricted": False, "match_kind": "exact", "differences": [], "confidence": 0.9,
                "sure": True, "read_day": DAY, "read_id": numbered(1), "version_id": "light-1", "watch_id": 1, "captured_at": NOON,
                "raised_at": NOON, "status": "raised", "n_moves": 0,
            },
        )  # fmt: skip
        connection.execute(
            text("DROP TRIGGER hit_status" + ("" if desk.store.engine.dialect.name == "sqlite" else " ON hit"))
        )
        connection.execute(update(schema.hit).values(status="recovered"))
    planned = desk.plan()
    assert len(planned.touched) == 1
    assert [row["n_touched"] for row in desk.listed()] == [1]
    with pytest.raises(IllegalMoveError, match="hits that people acted on"):
        desk.approve(planned.plan_id, desk.commander)
    desk.hold(Selector(hits=planned.touched), by=desk.custodian)
    plan_id = desk.begun()
    assert desk.execute(plan_id).n_destroyed == 1
    assert desk.left() == [1]
    assert len(desk.rows(schema.hit)) == 1


@pytest.mark.clause("422.5")
@pytest.mark.parametrize("where", ["_unlink", "_verify", "_rewrite", "_finish"])
def test_killed_anywhere_the_next_run_goes_to_a_true_end(desk, monkeypatch, where):
    desk.put([Pass("7ABC123", NOON), Pass("8XYZ111", NOON), Pass("7ABC123", NOON + timedelta(days=1))])
    plan_id = desk.begun()
    with monkeypatch.context() as killed:
        killed.setattr(executing, where, lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            desk.execute(plan_id)
    assert desk.rows(purge_plan)[0].status == "executing"
    done = desk.execute(plan_id)
    assert done.n_destroyed == 3
    assert desk.rows(schema.capture) == []
    assert desk.pictures() == []
    assert desk.rows(purge_plan)[0].status == "done"


@pytest.mark.clause("422.5")
def test_no_backup_of_a_destroyed_picture_opens_and_what_is_held_does(desk):
    """Cryptographic erase: the day's key goes with it, and held pictures are sealed anew first."""
    desk.put([Pass("7ABC123", NOON), Pass("8XYZ111", NOON), Pass("9STR999", NOON + timedelta(days=1))])
    desk.hold(Selector(pattern="8XYZ111"))
    images = desk.store.images
    backup = {path: path.read_bytes() for path in images.folder.rglob("*") if path.is_file()}
    digests = {row.capture_id: row.image_sha256 for row in desk.rows(schema.capture)}
    held = digests[numbered(2)]
    desk.execute(desk.begun())
    assert images.picture(DAY, held)
    assert images.path(DAY, held).read_bytes() != backup[images.path(DAY, held)]
    for path, content in backup.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        with pytest.raises(VerificationError):
            images.picture(date.fromisoformat(path.parts[-3]), path.name)


@pytest.mark.clause("422.5")
def test_the_key_of_the_days_received_files_is_another_as_well_and_they_open(desk):
    """A department that began before pictures had keys of their own sealed both with one: it would open a backup of a picture still."""
    desk.put([Pass("7ABC123", NOON), Pass("9STR999", NOON + timedelta(days=1))])
    received = desk.store.received
    digest = received.seal(DAY, b"a hot list of the day")
    before = received.keys.key(DAY)
    desk.execute(desk.begun())
    assert before not in received.keys.existing(DAY, fresh=True)
    assert received.open(DAY, digest) == b"a hot list of the day"


def test_a_picture_that_another_capture_has_too_stays(desk):
    desk.put([Pass("7ABC123", NOON), Pass("8XYZ111", NOON)])
    with writing(desk.store.engine) as connection:
        same = connection.scalar(select(schema.capture.c.image_sha256).limit(1))
        connection.execute(update(schema.capture).values(image_sha256=same))
    desk.hold(Selector(captures=((DAY, numbered(2)),)))
    desk.execute(desk.begun())
    assert desk.left() == [2]
    assert same in desk.pictures()


def test_a_picture_that_a_killed_landing_left_goes_with_its_day(desk):
    desk.put([Pass("7ABC123", NOON)])
    left = desk.store.images.seal(DAY, jpeg(77))
    desk.execute(desk.begun())
    assert left not in desk.pictures()


def test_a_day_of_which_nothing_went_keeps_pictures_whose_captures_are_just_landing(desk):
    """They are sealed before their rows are written."""
    desk.put([Pass("7ABC123", NOON)])
    plan_id = desk.begun()
    desk.hold(Selector(pattern="7ABC123"))
    landing = desk.store.images.seal(DAY, jpeg(77))
    assert desk.execute(plan_id).n_kept == 1
    assert landing in desk.pictures()


def test_a_purge_that_is_done_is_left_alone_by_later_ones(desk):
    desk.put([Pass("7ABC123", NOON), Pass("8XYZ111", NOON)])
    first = desk.begun()
    desk.hold(Selector(pattern="8XYZ111"))
    done = desk.execute(first)
    desk.act(
        partial(placing.lift, hold_id=1, disposition=placing.Disposition.BOOKED, reason="booked", policy=desk.policy),
        Action.LIFT_HOLD,
        desk.commander,
    )
    waive(desk.store, desk.policy, 1)
    assert desk.execute(desk.begun()).n_destroyed == 1
    assert desk.execute(first) == done
    assert desk.left() == []


def test_a_manifest_that_was_altered_is_found(desk):
    desk.put([Pass("7ABC123", NOON), Pass("8XYZ111", NOON)])
    plan_id = desk.plan().plan_id
    with pytest.raises((DBAPIError, StorageError)), writing(desk.store.engine) as connection:
        connection.execute(update(purge_day).values(manifest=b"x"))
    with writing(desk.store.engine) as connection:
        suffix = "" if desk.store.engine.dialect.name == "sqlite" else " ON purge_day"
        connection.execute(text(f"DROP TRIGGER purge_day_fixed{suffix}"))
        other = Manifest.of(DAY, {numbered(1)}, SecretKey(desk.key.path.with_name("another")))
        connection.execute(update(purge_day).values(manifest=other.content))
    with pytest.raises(VerificationError, match="not the one that was planned"):
        desk.approve(plan_id, desk.commander)


def test_what_code_forgets_the_database_refuses(desk):
    desk.put([Pass("7ABC123", NOON)])
    desk.plan()
    for statement in (
        "UPDATE purge_plan SET status = 'approved'",
        "UPDATE purge_plan SET status = 'executing'",
        "UPDATE purge_plan SET n_captures = 5",
        "DELETE FROM purge_plan",
        "DELETE FROM purge_day",
        "DELETE FROM purge_decision",
        "UPDATE purge_decision SET reason = 'another'",
        "UPDATE purge_day SET destroyed_at = 1, n_destroyed = 1, n_kept = 0, n_gone = 0",
    ):
        with pytest.raises((DBAPIError, StorageError)), writing(desk.store.engine) as connection:
            connection.execute(text(statement))


@given(st.sets(st.integers(1, 2**32 - 2), max_size=60))
def test_a_manifest_says_the_captures_that_it_was_made_of(tmp_path_factory, numbers):
    folder = tmp_path_factory.mktemp("keys")
    key = SecretKey(folder / "secret")
    ids = {numbered(one) for one in numbers}
    made = Manifest.of(DAY, ids, key)
    assert (made.captures(key), made.n) == (ids, len(ids))
    with pytest.raises(ValueError, match="another day"):
        Manifest.of(DAY, {schema.numbered(DAY + timedelta(days=1), 1)}, key)


@pytest.mark.clause("422.5")
def test_no_byte_of_a_purged_plate_or_picture_is_left_in_the_database(sqlite_store, policy, tmp_path):
    """SQLite: the file, its log and the trigram index; what is held is found."""
    desk = Desk(sqlite_store, policy, tmp_path)
    gone = [f"8Q{n:03}ZK" for n in range(60)]
    desk.put([*(Pass(plate, NOON + timedelta(seconds=20 * n)) for n, plate in enumerate(gone)), Pass("9HELD99", NOON)])
    desk.hold(Selector(pattern="9HELD99"))
    with reading(desk.store.engine) as connection:
        rows = connection.execute(
            select(schema.capture.c.image_sha256, schema.read.c.plate).join(
                schema.read, schema.read.c.capture_id == schema.capture.c.capture_id
            )
        ).all()
    digests = [row.image_sha256 for row in rows if row.plate != "9HELD99"]
    desk.execute(desk.begun())
    desk.store.engine.dispose()
    content = b"".join(path.read_bytes() for path in sorted((tmp_path / "data").rglob("*")) if path.is_file())
    assert [plate for plate in gone if plate.encode() in content] == []
    assert [one for one in digests if one.encode() in content] == []
    assert b"9HELD99" in content
    names = {path.name for path in tmp_path.rglob("*")}
    assert not names & set(digests)


@pytest.mark.clause("422.5")
def test_captures_that_really_landed_leave_neither_plate_hash_nor_exif_anywhere(sqlite_store, policy, tmp_path):
    """From the drop's folder through reads to the purge: every byte below the department's folders is searched."""
    desk = Desk(sqlite_store, policy, tmp_path)
    names = {f"{n}.jpg": f"8Q{n}ZK77" for n in range(6)}
    pictures = {
        name: labelled(jpeg(n, exif=marked(n)), [{"plate": plate}]) for n, (name, plate) in enumerate(names.items())
    }
    folder = drop(
        tmp_path / "drops" / "one", pictures, [line(name, NOON + timedelta(minutes=n)) for n, name in enumerate(names)]
    )
    landed = land_drop(desk.store, folder, policy=policy, now=NOON + timedelta(hours=2))
    assert landed.n_landed == 6
    with executor(1, None, light_recogniser) as pool:
        recognise_day(desk.store, DAY, pool, LightRecogniser.version, sure_confidence=0.5, clock=lambda: NOON)
    group_day(desk.store, DAY, pass_seconds=10)
    hashes = [said[1] for said in landed.files.values()]
    for one in (*hashes, *names.values()):
        assert found_below(tmp_path, one), one
    desk.hold(Selector(pattern=names["5.jpg"]))
    desk.execute(desk.begun())
    desk.store.engine.dispose()
    for one in (*hashes[:5], *list(names.values())[:5], *(f"MARKER{n}CAM" for n in range(6))):
        assert not found_below(tmp_path, one), one
    assert found_below(tmp_path, names["5.jpg"])
    assert not folder.exists()  # its papers name what is gone; the held capture is in the store
    lifted = partial(placing.lift, hold_id=1, disposition=placing.Disposition.BOOKED, reason="booked", policy=policy)
    desk.act(lifted, Action.LIFT_HOLD, desk.commander)
    waive(desk.store, policy, 1)
    desk.execute(desk.begun())
    desk.store.engine.dispose()
    for one in (
        *hashes,
        *list(names.values())[:5],
    ):  # the lifted hold still says what it held, by a schedule of its own
        assert not found_below(tmp_path, one), one


def marked(n):
    """EXIF whose camera model can be searched for."""
    exif = Image.Exif()
    exif[0x0110] = f"MARKER{n}CAM"
    return exif


def found_below(folder, text):
    """Files of data and drops that hold a text, or have it in their name."""
    places = [
        path
        for part in ("data", "drops", "images", "received")
        for path in (folder / part).rglob("*")
        if path.is_file()
    ]
    return [path for path in places if text.encode() in path.read_bytes() or text in path.name]
