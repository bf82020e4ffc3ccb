"""A package holds what was held, whole; it leaves recorded or not at all; others can be covered in copies."""

from __future__ import annotations

import hashlib
import io
import json
import re
from dataclasses import replace
from datetime import UTC, date, timedelta

import bagit
import pyrage
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from sqlalchemy import insert, select, update

from alpr_assets.access.people import Source
from alpr_assets.access.record.entries import Outcome, RecordUnavailableError
from alpr_assets.access.roles import Role
from alpr_assets.errors import AccessRefusedError, IllegalMoveError, MalformedError, NotFoundError, VerificationError
from alpr_assets.lifecycle.captures.arrivals import SIMULATED
from alpr_assets.lifecycle.evidence import bags, verifying
from alpr_assets.lifecycle.evidence.building import Pictures
from alpr_assets.lifecycle.evidence.packing import bag_name
from alpr_assets.store import schema
from alpr_assets.store.engine import reading, writing
from alpr_assets.store.evidence import evidence_item, evidence_package
from tests.lifecycle.evidence.desks import DAY, NOON, NOW, Desk, Pass, unpack
from tests.people import member
from tests.search.traffic import correct


def raise_hit(desk: Desk, source="department", **changes) -> None:
    """A hit of the first read, from a list with one entry."""
    with writing(desk.store.engine) as connection:

        def new(table, **row):
            return connection.execute(insert(table).returning(table.primary_key.columns[0]), row).scalar_one()

        list_id = new(schema.hotlist, name=source, source=source)
        import_id = new(
            schema.hotlist_import, list_id=list_id, sha256="0" * 64, file_name="list.csv", format="csv", imported_at=NOON, accepted=True,
            n_lines=1, n_entries=1, n_quarantined=0, receipt={}, sealed_day=DAY,
        )  # fmt: skip
        listed = {
            "plate": "7ABC123",
            "state": "CA",
            "list_type": source,
            "category": "stolen_vehicle",
            "restricted": False,
        } | changes
        entry_id = new(
            schema.hotlist_entry, list_id=list_id, plate_folded="7ABC123", details={"owner": "Sgt. Fox"}, digest="0" * 64,
            from_import_id=import_id, **listed,
        )  # fmt: skip
        read_id = schema.numbered(DAY, 1)
        new(
            schema.hit, day=DAY, sighting_id=read_id, source=source, match_kind="exact", differences=[], confidence=0.9, sure=True,
            read_day=DAY, read_id=read_id, version_id="light-1", entry_id=entry_id, import_id=import_id, captured_at=NOON,
            raised_at=NOON, status="raised", n_moves=0, **listed,
        )  # fmt: skip


def loaded(bag, name):
    return json.loads((bag / "data" / name).read_text())


@pytest.mark.clause("422.5")
def test_a_package_holds_what_was_held_and_any_tool_says_that_it_is_whole(desk, tmp_path):
    desk.put(Pass("7ABC123", NOON), Pass("8XYZ111", NOON), Pass("7ABC123", NOON + timedelta(days=1)))
    correct(desk.store, schema.numbered(DAY, 1), "7ABC128", day=DAY)
    raise_hit(desk)
    hold_id = desk.hold(pattern="7ABC123")
    bag, package_id = desk.packed(hold_id, tmp_path / "medium")
    bagit.Bag(str(bag)).validate()
    said = verifying.verify(bag)
    assert (said.status, said.findings, said.stamped) == (0, [], "not stamped")
    assert said.key_id == desk.sealer.key_id()
    captures = loaded(bag, "captures.json")
    assert [one["capture_id"] & 0xFFFF for one in captures] == [1, 1]
    for one in captures:
        picture = (bag / "data" / "images" / f"{one['capture_id']}.jpg").read_bytes()
        assert hashlib.sha256(picture).hexdigest() == one["image_sha256"]
        assert desk.store.images.picture(date.fromisoformat(one["day"]), one["image_sha256"]) == picture
    assert captures[0]["captured_at"] == "2026-06-15T19:00:00+00:00"
    assert captures[0]["captured_local"] == "2026-06-15T12:00:00-07:00"
    (first, _second) = loaded(bag, "reads.json")
    assert first["plate"] == "7ABC123"
    assert [one["plate"] for one in first["corrections"]] == ["7ABC128"]
    (hit,) = loaded(bag, "hits.json")
    assert hit["category"] == "stolen_vehicle"
    assert "entry" not in hit
    assert [one["what"][:12] for one in loaded(bag, "custody.json")][-2:] == ["hold 1 place", "packed into "]
    report = (bag / "data" / "report.html").read_text()
    assert "7ABC123" in report
    assert "8XYZ111" not in report
    assert (bag / "data" / "report.pdf").read_bytes().startswith(b"%PDF-1.7")
    with reading(desk.store.engine) as connection:
        package = connection.execute(select(evidence_package)).one()
        items = connection.execute(select(evidence_item.c.day, evidence_item.c.capture_id)).tuples().all()
    assert (package.package_id, package.sha256, package.n_captures) == (package_id, said.sha256, 2)
    assert sorted(items) == [(date.fromisoformat(one["day"]), one["capture_id"]) for one in captures]


@pytest.mark.clause("422.3.1(d)")
def test_what_leaves_is_recorded_with_all_that_is_in_it_and_the_hash_of_the_package(one_desk):
    desk = one_desk
    desk.put(Pass("7ABC123", NOON))
    raise_hit(desk)
    packed = desk.pack(desk.hold(pattern="7ABC123"))
    left, registered = desk.recorder.entries[-2:]
    assert (left.action, left.outcome) == ("pack_evidence", Outcome.ANSWERED)
    assert sorted({one.kind for one in left.results}) == ["capture", "hit", "hold", "read"]
    assert registered.action == "register_evidence"
    assert registered.details["sha256"] == packed.sha256
    assert registered.details["key_id"] == desk.sealer.key_id()
    assert registered.details["package_id"] == packed.package_id
    packed.spool.close()


@pytest.mark.clause("422.6(a)")
def test_what_cannot_be_recorded_does_not_leave_and_is_not_in_the_register(one_desk):
    desk = one_desk
    desk.put(Pass("7ABC123", NOON))
    hold_id = desk.hold(pattern="7ABC123")
    desk.recorder.broken = True
    with pytest.raises(RecordUnavailableError):
        desk.pack(hold_id)
    with reading(desk.store.engine) as connection:
        assert connection.execute(select(evidence_package)).all() == []


def test_what_is_not_whole_is_not_packed(one_desk):
    desk = one_desk
    desk.put(Pass("7ABC123", NOON))
    with pytest.raises(NotFoundError, match="no hold 9"):
        desk.pack(9)
    with pytest.raises(IllegalMoveError, match="covers nothing"):
        desk.pack(desk.hold(pattern="9STR999"))
    hold_id = desk.hold(pattern="7ABC123")
    for path in desk.store.images.folder.rglob("*"):
        if path.is_file():
            path.unlink()
    with pytest.raises(VerificationError, match="missing"):
        desk.pack(hold_id)
    assert desk.recorder.entries[-1].outcome is Outcome.FAILED


@pytest.mark.clause("422.4(d)")
@pytest.mark.parametrize(
    ("role", "changes"),
    [
        (Role.OFFICER, {}),
        (Role.DISPATCHER, {}),
        (Role.ENGINEER, {}),
        (Role.ANALYST, {"trained_until": date(2026, 6, 30)}),
    ],
)
def test_who_may_not_pack_gets_nothing(one_desk, role, changes):
    desk = one_desk
    desk.put(Pass("7ABC123", NOON))
    hold_id = desk.hold(pattern="7ABC123")
    desk.analyst = member(role, member_id=1, **changes)
    with pytest.raises(AccessRefusedError):
        desk.pack(hold_id)
    assert desk.recorder.entries[-1].outcome is Outcome.REFUSED


@pytest.mark.clause("422.4(e)")
def test_restricted_hits_and_those_of_other_sources_stay_out_and_are_counted(one_desk, tmp_path):
    desk = one_desk
    desk.put(Pass("7ABC123", NOON))
    desk.analyst = replace(desk.analyst, sources=frozenset({Source.DEPARTMENT, Source.RESTRICTED}))
    raise_hit(desk, restricted=True)
    raise_hit(desk, "state")
    bag, _ = desk.packed(desk.hold(pattern="7ABC123"), tmp_path / "medium")
    assert loaded(bag, "hits.json") == []
    assert "2 hits are left out" in (bag / "data" / "report.html").read_text()


def test_what_a_list_says_goes_with_its_hits_when_asked_for_and_never_of_another_agency(one_desk, tmp_path):
    desk = one_desk
    desk.put(Pass("7ABC123", NOON))
    raise_hit(desk)
    raise_hit(desk, "state")
    bag, _ = desk.packed(desk.hold(pattern="7ABC123"), tmp_path / "medium", with_entries=True)
    hits = {one["source"]: one.get("entry") for one in loaded(bag, "hits.json")}
    assert hits == {"department": {"owner": "Sgt. Fox"}, "state": None}


@pytest.mark.parametrize("wanted", [Pictures.COVERED, Pictures.BOTH])
def test_others_are_covered_in_copies(one_desk, tmp_path, wanted):
    desk = one_desk
    desk.put(Pass("7ABC123", NOON), Pass("8XYZ111", NOON))
    with writing(desk.store.engine) as connection:  # both in one picture, the other below
        other = schema.read.c.read_id == schema.numbered(DAY, 2)
        quad = [[20, 60], [100, 60], [100, 90], [20, 90]]
        connection.execute(
            update(schema.read).where(other).values(capture_id=schema.numbered(DAY, 1), box_x=20, box_y=60, quad=quad)
        )
    with pytest.raises(MalformedError, match="somebody's plate"):
        desk.pack(desk.hold(pattern="7ABC123"), pictures=wanted)
    bag, _ = desk.packed(1, tmp_path / "medium", pictures=wanted, subjects=("7abc 123",))
    number = schema.numbered(DAY, 1)
    copy = Image.open(bag / "data" / "covered" / f"{number}.jpg")
    assert max(copy.getpixel((60, 75))) < 10  # the other plate
    assert max(copy.getpixel((18, 75))) < 10  # and around it
    assert max(copy.getpixel((30, 10))) > 10  # the subject's stays
    assert not copy.getexif()
    plates = {one["plate"] for one in loaded(bag, "reads.json")}
    assert plates == ({"7ABC123"} if wanted is Pictures.COVERED else {"7ABC123", "8XYZ111"})
    assert (bag / "data" / "images").exists() == (wanted is Pictures.BOTH)
    assert verifying.verify(bag).status == 0


@given(st.text(max_size=32), st.sampled_from(["hold", "release"]), st.integers(1, 2**31), st.datetimes())
def test_a_bags_name_is_its_own_and_a_folder_on_every_medium(case_number, kind, number, at):
    """A department's numbers may hold a stroke, and be as long as they may."""
    name = bag_name(case_number, kind, number, at.replace(tzinfo=UTC))
    assert re.fullmatch(r"alpr-[A-Za-z0-9-]*", name)
    assert len(name) <= 64
    assert name.endswith(f"-{kind}-{number}-{at:%Y%m%dT%H%M%SZ}")
    assert bag_name("26/01234", "hold", 3, NOW).startswith("alpr-26-01234-hold-3-")


def test_a_package_for_a_recipient_opens_with_his_key_only(one_desk, tmp_path):
    desk = one_desk
    desk.put(Pass("7ABC123", NOON))
    hold_id = desk.hold(pattern="7ABC123")
    with pytest.raises(MalformedError, match="age public key"):
        desk.pack(hold_id, recipient="age1nonsense")
    key = pyrage.x25519.Identity.generate()
    packed = desk.pack(hold_id, recipient=str(key.to_public()))
    assert packed.file_name.endswith(".tar.age")
    with packed.spool as spool:
        sealed = b"".join(spool.chunks())
    assert b"7ABC123" not in sealed
    with bags.unpacked(io.BytesIO(pyrage.decrypt(sealed, [key]))) as tar:
        tar.extractall(tmp_path / "medium", filter="data")
    (bag,) = (tmp_path / "medium").iterdir()
    assert verifying.verify(bag).sha256 == packed.sha256


def test_captures_without_pictures_are_packed_and_said_to_be(one_desk, tmp_path):
    desk = one_desk
    desk.put(Pass("7ABC123", NOON, placed=False))
    with writing(desk.store.engine) as connection:
        connection.execute(update(schema.capture).values(flags=[SIMULATED]))
    bag, _ = desk.packed(desk.hold(pattern="7ABC123"), tmp_path / "medium")
    assert not (bag / "data" / "images").exists()
    assert not (bag / "data" / "map.png").exists()
    assert "1 capture is simulated" in (bag / "data" / "report.html").read_text()


def test_a_spool_is_closed_where_nothing_leaves(one_desk, tmp_path):
    desk = one_desk
    desk.put(Pass("7ABC123", NOON))
    packed = desk.pack(desk.hold(pattern="7ABC123"))
    unpack(packed, tmp_path / "medium")
    assert list((tmp_path / "data" / "spool").iterdir()) == []
