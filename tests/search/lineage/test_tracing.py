"""The lineage of a read: from its picture to what people did with it, to each as far as he may see it."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial

import pytest
from sqlalchemy import update

from alpr_assets.access.people import Source
from alpr_assets.access.roles import MAY, Action, Role
from alpr_assets.access.secret_key import SecretKey
from alpr_assets.errors import AccessRefusedError, MalformedError, NotFoundError
from alpr_assets.lifecycle.hits import verifying
from alpr_assets.lifecycle.hits.moves import Answers
from alpr_assets.lifecycle.holds import placing
from alpr_assets.lifecycle.holds.placing import Disposition
from alpr_assets.lifecycle.holds.selectors import Ground, Selector
from alpr_assets.search import history, images
from alpr_assets.search.lineage import tracing
from alpr_assets.store import schema
from alpr_assets.store.engine import writing
from alpr_assets.store.holds import hold
from tests.patrols import DAY, Patrol, Relabelled, seen, watch
from tests.people import NOW, ask, gate_for, member, session
from tests.search.lineage.desks import Desk, said, section
from tests.search.traffic import correct

PLATE, OTHER = "7ABC123", "9STR999"
NAMES = [
    "picture",
    "drop",
    "recognition",
    "reads",
    "corrections",
    "passes",
    "hits",
    "holds",
    "evidence",
    "searches",
    "breaches",
    "purges",
]


@pytest.fixture
def desk(store, policy, tmp_path):
    made = Desk(store, policy, tmp_path, SecretKey(tmp_path / "key"))
    yield made
    made.record.close()


@pytest.fixture
def patrol(store, tmp_path, policy):
    """A stolen car and another one in one picture, read by two versions, corrected, a hit, a hold."""
    made = Patrol(store, tmp_path / "drops", policy, NOW)
    made.land(
        seen(
            {"plate": PLATE, "candidates": [["7A8C123", 0.05]], "box": [0, 0, 60, 10]},
            {"plate": OTHER, "box": [0, 30, 60, 10]},
        )
    )
    made.recognise()
    made.group()
    made.take(watch(PLATE), "stolen.csv")
    made.match()
    made.recognise(newer=Relabelled({PLATE: ["7ABC128"]}))
    return made


def read_of(patrol, plate):
    (row,) = [row for row in patrol.reads() if row.plate == plate][:1]
    return row


def act(desk, deed, action, by):
    gate = gate_for(desk.policy, by, recorder=desk.record)
    return gate.act(session(by), ask(action, elements={}), desk.store.engine, deed).rows


def worked_on(desk, patrol):
    """What people do with it: searched, opened, verified, corrected, held."""
    row = read_of(patrol, PLATE)
    officer, analyst = desk.members[Role.OFFICER], desk.members[Role.ANALYST]
    desk.ask(analyst, partial(history.plate_history, engine=desk.store.engine, plate="7ABC128"), Action.PLATE_HISTORY)
    picture = partial(images.open_image, store=desk.store, day=row.day, capture_id=row.capture_id)
    desk.ask(officer, picture, Action.OPEN_IMAGE)
    (hit,) = patrol.hits()
    answers = Answers(plate=True, state=True, vehicle=True)
    confirm = partial(
        verifying.confirm_picture, hit_id=hit.hit_id, answers=answers, note="as listed", policy=desk.policy
    )  # fmt: skip
    act(desk, confirm, Action.VERIFY_HIT, officer)
    correct(desk.store, row.read_id, "7ABC12B", region="ca", day=DAY)
    place = partial(
        placing.place, wanted=Selector(pattern=PLATE), ground=Ground.CRIMINAL, reason="the car of 26-01234",
        review_on=date(2026, 9, 1), policy=desk.policy,
    )  # fmt: skip
    return row, act(desk, place, Action.PLACE_HOLD, officer)


def test_these_are_the_sections():
    assert [part.name for part in tracing.SECTIONS] == NAMES


@pytest.mark.clause("422.5")
@pytest.mark.clause("422.6(a)")
def test_a_read_is_traced_from_its_picture_to_who_was_shown_it(desk, patrol):
    row, held = worked_on(desk, patrol)
    found = desk.trace(read_id=row.read_id)
    assert (found.day, found.is_there, found.capture_id) == (DAY, True, row.capture_id)
    assert [one.name for one in found.sections] == NAMES
    (picture,) = section(found, "picture")
    (capture,) = patrol.rows(schema.capture)
    assert (picture.facts["sha256"], picture.facts["clock"]) == (capture.image_sha256, "camera")
    assert picture.at == capture.captured_at
    assert picture.facts["place"] == "38.00500, -121.80600"
    landed, receipt = section(found, "drop")
    assert (landed.facts["unit"], receipt.facts["file"]) == ("unit-12", ["00000.jpg"])
    assert [step.facts["plates_found"] for step in section(found, "recognition")] == [2, 2]
    plates = {step.facts["plate"]: step for step in section(found, "reads")}
    assert set(plates) == {PLATE, "7ABC128"}  # what both versions read in its place; the other car is not its lineage
    assert plates[PLATE].facts["candidates"] == ["7A8C123 0.0500"]
    assert "superseded" in plates[PLATE].what
    (correction,) = section(found, "corrections")
    assert correction.facts["plate"] == "7ABC12B"
    assert len(section(found, "passes")) == 1
    raised, moved = section(found, "hits")
    assert raised.facts["listed_plate"] == PLATE
    assert (moved.by, moved.facts["note"]) == ("member 21", "as listed")  # the register of this test has nobody
    (hold,) = section(found, "holds")
    assert (hold.facts["hold"], hold.facts["ground"]) == (held.hold_id, "criminal_evidence")
    entries = section(found, "searches")
    assert [(step.facts["case_number"], step.by) for step in entries] == [("26-01234", "Pat officer")] * 2 + [
        ("26-01234", "Pat analyst")
    ]
    assert section(found, "purges") == ()


def test_tracing_is_itself_in_the_record_and_in_the_next_lineage(desk, patrol):
    row = read_of(patrol, PLATE)
    assert section(desk.trace(read_id=row.read_id), "searches") == ()
    (entry,) = section(desk.trace(Role.AUDITOR, read_id=row.read_id), "searches")
    assert (entry.by, entry.what.split(": ")[1]) == ("Pat commander", "trace read")


@pytest.mark.clause("422.6(a)")
def test_an_auditor_traces_by_numbers_and_sees_no_plate_place_or_word_of_anybody(desk, patrol):
    row, _ = worked_on(desk, patrol)
    text = said(desk.trace(Role.AUDITOR, read_id=row.read_id))
    for hidden in (PLATE, "7ABC12", "38.005", "as listed", "the car of", "00000.jpg"):
        assert hidden not in text, hidden
    assert len(section(desk.trace(Role.AUDITOR, read_id=row.read_id), "reads")) == 2


def test_colleagues_are_told_how_often_it_was_shown_and_not_to_whom(desk, patrol):
    row, _ = worked_on(desk, patrol)
    for role in (Role.ANALYST, Role.SUPERVISOR):
        (step, *more) = section(desk.trace(role, read_id=row.read_id), "searches")
        assert more == []
        assert "entries of the access record" in step.what
        assert set(step.facts) == {"first_at", "last_at"}
        assert step.by is None


def test_who_may_trace_is_these_and_an_officer_is_refused(desk, patrol):
    assert {role for role in Role if Action.TRACE_READ in MAY[role]} == {
        Role.ANALYST, Role.SUPERVISOR, Role.COMMANDER, Role.CUSTODIAN, Role.AUDITOR
    }  # fmt: skip
    with pytest.raises(AccessRefusedError, match="does not include trace_read"):
        desk.trace(Role.OFFICER, read_id=read_of(patrol, PLATE).read_id)


@pytest.mark.clause("422.4(e)")
def test_hits_of_a_source_that_one_may_not_see_are_no_part_of_what_he_is_shown(desk, patrol):
    row, _ = worked_on(desk, patrol)
    narrow = member(Role.ANALYST, member_id=40, sources=frozenset({Source.STATE, Source.DEPARTMENT}))
    assert section(desk.trace(narrow, read_id=row.read_id), "hits")
    (hit,) = patrol.hits()
    with desk.store.engine.begin() as connection:
        connection.execute(schema.hit.update().values(source="federal"))
    found = desk.trace(narrow, read_id=row.read_id)
    assert section(found, "hits") == ()
    assert f"Hit {hit.hit_id}" not in said(found)


def test_a_picture_is_traced_with_all_its_reads(desk, patrol):
    row = read_of(patrol, PLATE)
    found = desk.trace(capture_id=row.capture_id)
    assert found.read_id is None
    assert {step.facts["plate"] for step in section(found, "reads")} == {PLATE, "7ABC128", OTHER}


def test_a_lifted_hold_is_told_with_its_disposition(desk, patrol):
    row, held = worked_on(desk, patrol)
    lift = partial(
        placing.lift, hold_id=held.hold_id, disposition=Disposition.CASE_CLOSED, reason="closed", policy=desk.policy
    )
    act(desk, lift, Action.LIFT_HOLD, desk.members[Role.SUPERVISOR])
    placed, lifted = section(desk.trace(read_id=row.read_id), "holds")
    assert placed.what.endswith("lifted")
    assert lifted.facts["disposition"] == "case_closed"


@pytest.mark.clause("422.5")
@pytest.mark.parametrize(("settled_at", "is_told"), [(NOW, True), (NOW - timedelta(days=2), False)])
def test_a_hold_that_a_purge_forgot_is_told_where_it_may_have_covered_the_picture(desk, patrol, settled_at, is_told):
    """Not one that was settled before the picture's day: that held nothing of it."""
    row, held = worked_on(desk, patrol)
    lift = partial(
        placing.lift, hold_id=held.hold_id, disposition=Disposition.CASE_CLOSED, reason="closed", policy=desk.policy
    )
    act(desk, lift, Action.LIFT_HOLD, desk.members[Role.SUPERVISOR])
    with writing(desk.store.engine) as connection:
        connection.execute(update(hold).values(settled_at=settled_at))
        connection.execute(update(hold).values(pattern="", plate_folded=None, forgotten_at=NOW, forgotten_by=7))
    steps = section(desk.trace(read_id=row.read_id), "holds")
    assert [step.what for step in steps] == [
        f"Hold {held.hold_id} may have covered it: what it held was destroyed by purge 7"
    ] * is_told
    for step in steps:
        assert (step.facts["case_number"], step.facts["ground"]) == ("26-01234", "criminal_evidence")


def test_numbers_that_name_no_read_are_refused(desk, patrol):
    row = read_of(patrol, PLATE)
    with pytest.raises(MalformedError, match="named by its number"):
        desk.trace()
    with pytest.raises(MalformedError, match="two days"):
        desk.trace(read_id=row.read_id, capture_id=row.capture_id + (1 << 32))
    with pytest.raises(NotFoundError, match="another picture"):
        desk.trace(read_id=row.read_id, capture_id=row.capture_id + 1)
    for never in (row.read_id + 999, row.read_id - (400 << 32), schema.numbered(DAY, 0), 2**63 - 1):
        with pytest.raises(NotFoundError, match="never was"):
            desk.trace(read_id=never)
    with pytest.raises(NotFoundError, match="has no read"):
        desk.trace(read_id=schema.numbered(DAY, 999), capture_id=row.capture_id)
