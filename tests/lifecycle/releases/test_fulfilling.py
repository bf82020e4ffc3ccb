"""Exactly what was approved leaves, for the agency's own key; recorded, counted, listed (422.7, Civ. Code 1798.90.55)."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.exc import DBAPIError

from alpr_assets.access.people import Source
from alpr_assets.access.record.entries import Kind, Outcome, RecordUnavailableError
from alpr_assets.access.roles import Action
from alpr_assets.errors import AccessRefusedError, IllegalMoveError, NotFoundError
from alpr_assets.lifecycle.evidence import booking, verifying
from alpr_assets.lifecycle.releases import agencies, fulfilling, listing, reviewing
from alpr_assets.lifecycle.transparency.months import Month
from alpr_assets.lifecycle.transparency.sections import Sources, released
from alpr_assets.lifecycle.watches.areas import Circle
from alpr_assets.store import schema
from alpr_assets.store.engine import reading, writing
from alpr_assets.store.evidence import evidence_item, evidence_package
from alpr_assets.store.releases import release
from tests.lifecycle.evidence.test_packing import loaded, raise_hit
from tests.lifecycle.releases.desks import DAY, NOON, SINCE, UNTIL, Pass, scope
from tests.people import session
from tests.search.traffic import CENTRE


def approved(desk, wanted=None):
    desk.designate()
    entered = desk.enter(desk.agency(), wanted)
    desk.approve(entered.release_id, wanted)
    return entered.release_id


def together(desk):
    """The second car in the picture of the first."""
    with writing(desk.store.engine) as connection:
        other = schema.read.c.read_id == schema.numbered(DAY, 2)
        quad = [[20, 60], [100, 60], [100, 90], [20, 90]]
        connection.execute(
            update(schema.read).where(other).values(capture_id=schema.numbered(DAY, 1), box_y=60, quad=quad)
        )


@pytest.mark.clause("422.7")
def test_a_package_of_a_plate_holds_its_reads_and_copies_in_which_others_are_covered(desk, tmp_path):
    desk.put(
        Pass("7ABC123", NOON), Pass("8XYZ111", NOON), Pass("7ABC123", SINCE - timedelta(minutes=1)), Pass("7ABC123", UNTIL), Pass("9DEF456", NOON)
    )  # fmt: skip
    together(desk)
    raise_hit(desk)
    release_id = approved(desk, scope(pictures=True))
    bag = desk.unpacked(release_id, tmp_path / "there")
    assert verifying.verify(bag).status == 0
    assert bag.name.startswith(f"alpr-26-01234-release-{release_id}-")
    (capture,) = loaded(bag, "captures.json")
    (read,) = loaded(bag, "reads.json")
    assert (read["plate"], read["capture_id"]) == ("7ABC123", capture["capture_id"])
    assert loaded(bag, "hits.json") == []  # not asked for
    assert [path.name for path in (bag / "data" / "covered").iterdir()] == [f"{capture['capture_id']}.jpg"]
    assert not (bag / "data" / "images").exists()
    assert not (bag / "data" / "hold.json").exists()
    told = loaded(bag, "release.json")
    assert (told["person"], told["agency"], told["until_on"]) == ("Dana Cole", "Contra Costa Sheriff", "2027-07-01")
    everything = "".join(
        path.read_text() for path in (bag / "data").iterdir() if path.suffix in {".json", ".html", ".txt"}
    )
    assert "8XYZ111" not in everything
    assert "9DEF456" not in everything
    assert "yes: asked about" not in everything  # the department's own answers stay
    assert "Destroy it by 2027-07-01" in (bag / "data" / "letter.txt").read_text()
    assert "release 1 to Dana Cole, Detective, Contra Costa Sheriff" in (bag / "data" / "report.html").read_text()
    found = desk.of(release_id)
    assert found["status"] == "fulfilled"
    assert (found["decisions"][-1]["n_captures"], found["decisions"][-1]["n_reads"]) == (1, 1)
    with reading(desk.store.engine) as connection:
        assert fulfilling.outside(connection) == {}
        assert booking.n_unbooked(connection) == 0


@pytest.mark.clause("422.7")
def test_hits_and_pictures_go_only_where_they_were_approved(one_desk, tmp_path):
    desk = one_desk
    desk.put(Pass("7ABC123", NOON))
    desk.custodian = replace(desk.custodian, sources=frozenset(Source))
    for source, changes in (("department", {}), ("state", {}), ("federal", {"restricted": True})):
        raise_hit(desk, source, **changes)
    bag = desk.unpacked(approved(desk, scope(hits=True)), tmp_path / "there")
    assert [(one["plate"], one["source"]) for one in loaded(bag, "hits.json")] == [("7ABC123", "department")]
    assert "left out" not in (bag / "data" / "report.html").read_text()  # that there are others is not told
    assert not {"covered", "images"} & {path.name for path in (bag / "data").iterdir()}


@pytest.mark.clause("422.7")
def test_a_package_of_an_area_leaves_out_whoever_was_not_surely_there(one_desk, tmp_path):
    """A hold keeps a capture whose place is unknown; a release does not pass it on."""
    desk = one_desk
    desk.put(
        Pass("7ABC123", NOON), Pass("8XYZ111", NOON, east_m=2_000), Pass("9DEF456", NOON, placed=False), Pass("6QRS789", NOON, east_m=100)
    )  # fmt: skip
    release_id = approved(desk, scope("", area=Circle(*CENTRE, 300), pictures=True))
    bag = desk.unpacked(release_id, tmp_path / "there")
    assert {one["plate"] for one in loaded(bag, "reads.json")} == {"7ABC123", "6QRS789"}
    assert len(list((bag / "data" / "images").iterdir())) == 2


def test_a_package_of_part_of_a_plate_holds_the_plates_that_it_means(one_desk, tmp_path):
    desk = one_desk
    desk.put(Pass("7ABC123", NOON), Pass("7AXC123", NOON), Pass("8XYZ111", NOON))
    bag = desk.unpacked(approved(desk, scope("7A?C123", pictures=True)), tmp_path / "there")
    assert {one["plate"] for one in loaded(bag, "reads.json")} == {"7ABC123", "7AXC123"}


@pytest.mark.clause("422.3.1(d)")
def test_what_leaves_is_recorded_and_what_cannot_be_recorded_does_not_leave(one_desk):
    desk = one_desk
    desk.put(Pass("7ABC123", NOON))
    release_id = approved(desk)
    desk.recorder.broken = True
    with pytest.raises(RecordUnavailableError):
        desk.fulfil(release_id)
    desk.recorder.broken = False
    assert desk.of(release_id)["status"] == "approved"
    desk.fulfil(release_id).spool.close()
    left = next(one for one in reversed(desk.recorder.entries) if one.action == "fulfil_release")
    assert (left.kind, left.outcome) == (Kind.RELEASE, Outcome.ANSWERED)
    assert {one.kind for one in left.results} == {"release", "capture", "read"}


@pytest.mark.clause("422.7")
def test_nothing_leaves_without_approval_too_late_or_without_a_verified_key(one_desk):
    desk = one_desk
    desk.put(Pass("7ABC123", NOON))
    desk.designate()
    number = desk.agency(key=False)
    entered = desk.enter(number)
    with pytest.raises(NotFoundError, match="no approved release"):
        desk.fulfil(entered.release_id)
    desk.approve(entered.release_id)
    with pytest.raises(IllegalMoveError, match="no verified age key"):
        desk.fulfil(entered.release_id)
    assert desk.recorder.entries[-1].outcome is Outcome.FAILED
    for who in (desk.officer, desk.analyst, desk.supervisor, desk.attorney):
        with pytest.raises(AccessRefusedError):
            desk.fulfil(entered.release_id, by=who)
    desk.do(Action.KEEP_AGENCIES, desk.custodian, agencies.retire, number, reason="dissolved")
    with pytest.raises(IllegalMoveError, match="is retired"):
        desk.fulfil(entered.release_id)
    other = desk.enter(desk.agency("Richmond PD", ori="CA0070900"))
    desk.approve(other.release_id)
    desk.now += timedelta(days=31)
    with pytest.raises(IllegalMoveError, match="older than 30 days"):
        desk.fulfil(other.release_id)
    with reading(desk.store.engine) as connection:
        assert connection.execute(select(evidence_package)).all() == []


@pytest.mark.clause("422.7")
def test_what_came_by_phone_does_not_leave_once_its_letter_is_late(one_desk):
    desk = one_desk
    desk.put(Pass("7ABC123", NOON))
    desk.designate()
    taken = desk.exigent(desk.agency())
    desk.fulfil(taken.release_id).spool.close()
    desk.now += timedelta(hours=73)
    with pytest.raises(IllegalMoveError, match="overdue in writing"):
        desk.fulfil(taken.release_id)


def test_the_database_packs_nothing_for_another_agency_that_was_not_approved(desk):
    desk.put(Pass("7ABC123", NOON))
    release_id = approved(desk)
    desk.fulfil(release_id).spool.close()
    with reading(desk.store.engine) as connection:
        row = dict(connection.execute(select(evidence_package)).mappings().one())
    row.pop("package_id")
    waiting = desk.enter(desk.agency("Richmond PD", ori="CA0070900")).release_id
    for changes in ({"release_id": waiting}, {"release_id": None}, {"hold_id": 1}):
        with pytest.raises(DBAPIError), writing(desk.store.engine) as connection:
            connection.execute(insert(evidence_package), {**row, "record_id": 900, **changes})
    with pytest.raises(DBAPIError), writing(desk.store.engine) as connection:
        connection.execute(update(evidence_package).values(release_id=waiting))


@pytest.mark.clause("422.7")
def test_a_package_that_holds_more_than_was_approved_is_found(one_desk):
    desk = one_desk
    desk.put(Pass("7ABC123", NOON), Pass("8XYZ111", NOON))
    packed = desk.fulfil(approved(desk))
    packed.spool.close()
    with writing(desk.store.engine) as connection:
        more = {"package_id": packed.package_id, "day": DAY, "capture_id": schema.numbered(DAY, 2)}
        connection.execute(insert(evidence_item), more)
    with reading(desk.store.engine) as connection:
        assert fulfilling.outside(connection) == {packed.package_id: 1}


def test_what_is_not_there_is_written_down_as_that(one_desk):
    desk = one_desk
    desk.put(Pass("7ABC123", NOON))
    nowhere = approved(desk, scope("9STR999"))
    with pytest.raises(IllegalMoveError, match="covers nothing now"):
        desk.fulfil(nowhere)
    desk.do(Action.FULFIL_RELEASE, desk.custodian, fulfilling.nothing, nowhere, policy=desk.policy)
    assert desk.of(nowhere)["decisions"][-1]["n_captures"] == 0
    there = desk.enter(desk.agency("Richmond PD", ori="CA0070900"))
    desk.approve(there.release_id)
    with pytest.raises(IllegalMoveError, match="1 captures are there"):
        desk.do(Action.FULFIL_RELEASE, desk.custodian, fulfilling.nothing, there.release_id, policy=desk.policy)


@pytest.mark.clause("422.7")
def test_recipients_are_listed_by_quarter_and_what_they_should_have_destroyed_is_counted(desk):
    desk.put(Pass("7ABC123", NOON), Pass("7ABC123", NOON + timedelta(minutes=5)))
    release_id = approved(desk)
    desk.fulfil(release_id).spool.close()
    quarter = {"since": desk.now - timedelta(days=1), "until": desk.now + timedelta(days=1)}
    (row,) = desk.see(desk.auditor, listing.recipients, **quarter).to_dict("records")
    assert (row["agency"], row["agency_kind"], row["captures"], row["reads"]) == (
        "Contra Costa Sheriff",
        "law_enforcement",
        2,
        2,
    )
    assert (row["statute"], row["scope"], row["destroyed_by"]) == ("Penal Code 211", "plate", date(2027, 7, 1))
    assert "7ABC123" not in json.dumps(row, default=str)
    assert desk.see(
        desk.auditor, listing.recipients, since=quarter["until"], until=quarter["until"] + timedelta(days=9)
    ).empty
    later = {"at": desk.now, "on": date(2027, 7, 2)}
    with reading(desk.store.engine) as connection:
        told = listing.counts(connection, **later)
    assert (told["fulfilled_by_kind"], told["overdue_destruction"]) == ({"law_enforcement": 1}, [release_id])
    desk.do(Action.CLOSE_RELEASE, desk.custodian, reviewing.destroyed, release_id, reason="their letter of 2 July")
    with reading(desk.store.engine) as connection:
        assert listing.counts(connection, **later)["overdue_destruction"] == []


@pytest.mark.clause("422.3.1(g)")
def test_the_public_is_told_what_kinds_of_agencies_got_data_with_small_counts_hidden(one_desk):
    desk = one_desk
    desk.put(Pass("7ABC123", NOON))
    desk.fulfil(approved(desk)).spool.close()
    with reading(desk.store.engine) as connection:
        of = Sources(
            connection=connection, record=connection, policy=desk.policy, month=Month.of(desk.now.date()), on=desk.now.date()
        )  # fmt: skip
        cells = {(one.row, one.column): one for one in released(of)}
    assert cells["Law enforcement", "Given data"].fewer_than == desk.policy.transparency.small_cell
    assert cells["Prosecutor", "Given data"].count == 0
    assert len(cells) == 8


def test_a_release_is_no_package_of_the_property_room(one_desk):
    desk = one_desk
    desk.put(Pass("7ABC123", NOON))
    packed = desk.fulfil(approved(desk))
    packed.spool.close()
    room = {"item_number": "26-1-1", "media": "drive", "media_serial": "4711", "to_whom": "locker"}
    with pytest.raises(NotFoundError, match="of a hold"):
        desk.do(
            Action.BOOK_EVIDENCE, desk.officer, booking.book, packed.package_id, **room, checked=booking.Checked(packed.sha256, is_whole=True)
        )  # fmt: skip
    assert desk.gate.answer(
        session(desk.officer), replace(_ask(), action=Action.BOOK_EVIDENCE), lambda g: booking.packages(g, desk.store.engine)
    ).rows == []  # fmt: skip
    with reading(desk.store.engine) as connection:
        assert connection.scalar(select(release.c.status)) == "fulfilled"


def _ask():
    from tests.people import ask  # noqa: PLC0415

    return ask(elements={})
