"""A hit's way to a lawful action: every step, no shortcut, nobody who may not, and what follows from a verdict."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from alpr_assets.access.people import Source
from alpr_assets.access.record.entries import Outcome
from alpr_assets.access.roles import MAY, Action, Role
from alpr_assets.errors import AccessRefusedError, IllegalMoveError, MalformedError, NotFoundError
from alpr_assets.lifecycle.corrections import Reading
from alpr_assets.lifecycle.hits import ending, notices, verifying
from alpr_assets.lifecycle.hits.moves import TRANSITIONS, Answers, Clets, Kind, Result, Status
from alpr_assets.store import schema, verdicts
from alpr_assets.store.engine import reading, writing
from tests.builders import own_list
from tests.lifecycle.hits.conftest import SOON, raised
from tests.patrols import Patrol, seen, watch
from tests.people import NOW, MemoryRecorder, ask, gate_for, member, session

YES = Answers(plate=True, state=True, vehicle=True)
OTHER_STATE = Answers(plate=True, state=False, vehicle=True)
OTHER_PLATE = Answers(plate=False, state=True, vehicle=True)
OTHER_VEHICLE = Answers(plate=True, state=True, vehicle=False)
OTHERS = ("1AAA111", "2BBB222", "3CCC333", "4DDD444")


def clets(result=Result.CONFIRMED, at=NOW + SOON):
    return Clets(result, at, "R. Diaz", "FCN-0042")


def status(patrol, hit_id):
    return next(hit.status for hit in patrol.hits() if hit.hit_id == hit_id)


def moves(patrol):
    return patrol.rows(verdicts.hit_move)


# ── the way ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("422.4(f)")
def test_a_hit_becomes_actionable_by_picture_and_clets_and_every_step_says_who_when_and_what(
    patrol, act, hit_id, recorder
):
    act(patrol, verifying.confirm_picture, hit_id, YES, note="white sedan,  dent left")
    done = act(patrol, verifying.report_clets, hit_id, clets(), after=timedelta(minutes=7)).rows
    until = NOW + SOON + timedelta(minutes=30)
    assert (done.status, done.actionable_until) == (Status.ACTIONABLE, until)
    picture, confirmed = moves(patrol)
    assert (picture.member_id, picture.moved_at, picture.note) == (7, NOW + SOON, "white sedan, dent left")
    assert (picture.plate_agrees, picture.state_agrees, picture.vehicle_agrees) == (True, True, True)
    assert (confirmed.seq, confirmed.clets_operator, confirmed.clets_reference) == (2, "R. Diaz", "FCN-0042")
    assert (confirmed.clets_at, confirmed.clets_result) == (NOW + SOON, "confirmed")
    (hit,) = patrol.hits()
    assert (hit.status, hit.n_moves, hit.actionable_until) == ("actionable", 2, until)
    assert [entry.outcome for entry in recorder.entries] == [Outcome.DONE, Outcome.DONE]
    assert [(one.kind, one.id) for one in recorder.entries[1].results] == [
        ("hit", hit_id), ("hit_move", confirmed.move_id),
    ]  # fmt: skip


@pytest.mark.clause("422.4(f)")
def test_the_picture_cannot_be_skipped(patrol, act, hit_id):
    with pytest.raises(IllegalMoveError, match="raised") as error:
        act(patrol, verifying.report_clets, hit_id, clets())
    assert "three questions" in error.value.remedy
    with pytest.raises(IllegalMoveError):
        act(patrol, verifying.act_unconfirmed, hit_id, "radio down")
    assert (status(patrol, hit_id), moves(patrol)) == ("raised", [])


@pytest.mark.parametrize("result", [Result.RECOVERED, Result.CANCELLED, Result.NO_RECORD])
def test_any_other_result_ends_the_hit_whether_or_not_somebody_looked(patrol, act, hit_id, result):
    act(patrol, verifying.report_clets, hit_id, clets(result))
    assert status(patrol, hit_id) == ("recovered" if result is Result.RECOVERED else "cancelled")
    with pytest.raises(IllegalMoveError):
        act(patrol, verifying.confirm_picture, hit_id, YES)


@pytest.mark.parametrize(
    ("at", "after"),
    [(NOW - timedelta(seconds=1), SOON), (NOW + timedelta(minutes=6), SOON), (NOW, timedelta(minutes=30))],
    ids=["before the raise", "of the future", "too old"],
)
def test_a_result_that_says_nothing_of_now_is_refused(alone, act, at, after):
    hit_id = raised(alone)
    act(alone, verifying.confirm_picture, hit_id, YES)
    with pytest.raises(MalformedError) as error:
        act(alone, verifying.report_clets, hit_id, clets(at=at), after=after)
    assert error.value.code == "clets_at"


@pytest.mark.clause("422.4(f)")
def test_an_actionable_hit_lapses_and_only_a_newer_result_makes_it_actionable_again(patrol, act, hit_id):
    act(patrol, verifying.confirm_picture, hit_id, YES)
    act(patrol, verifying.report_clets, hit_id, clets())
    later = timedelta(minutes=36)
    with pytest.raises(IllegalMoveError, match="lapsed"):
        act(patrol, verifying.act_unconfirmed, hit_id, "radio down", after=later)
    act(patrol, verifying.report_clets, hit_id, clets(at=NOW + later), after=later)
    assert [move.kind for move in moves(patrol)] == ["confirm_picture", "clets_confirmed", "lapse", "clets_confirmed"]
    assert moves(patrol)[2].member_id is None
    with writing(patrol.store.engine) as connection:
        assert ending.lapse(connection, NOW + later + timedelta(minutes=29)) == 0
        assert ending.lapse(connection, NOW + later + timedelta(minutes=30)) == 1
        assert ending.lapse(connection, NOW + later + timedelta(minutes=30)) == 0
    assert status(patrol, hit_id) == "lapsed"


def test_wrong_state_dismissed_and_duplicate_end_a_hit(alone, act):
    alone.take(watch("7ABC123/CA", "7ABC123/NV", "8XYZ999"))
    alone.read(seen("7ABC123"), seen("8XYZ999", seconds=60))
    alone.match()
    first, second, third = [hit.hit_id for hit in alone.hits()]
    act(alone, verifying.report_wrong_state, second, OTHER_STATE, note="Nevada")
    for of_hit in (first, third, second):
        with pytest.raises(IllegalMoveError):
            act(alone, verifying.mark_duplicate, first, of_hit)
    with pytest.raises(MalformedError):
        act(alone, verifying.dismiss, third, " .")
    act(alone, verifying.dismiss, third, "training exercise")
    assert [hit.status for hit in alone.hits()] == ["raised", "wrong_state", "dismissed"]
    alone.read(seen("7ABC123", seconds=300))
    alone.match()
    again = alone.hits()[-2].hit_id
    act(alone, verifying.mark_duplicate, again, first)
    assert status(alone, again) == "duplicate"


# ── not practicable ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("422.4(f)")
def test_acting_unconfirmed_needs_a_reason_and_tells_the_supervisor(patrol, act, hit_id, policy):
    act(patrol, verifying.confirm_picture, hit_id, YES)
    with pytest.raises(MalformedError):
        act(patrol, verifying.act_unconfirmed, hit_id, "  ")
    act(patrol, verifying.act_unconfirmed, hit_id, "radio down")
    assert status(patrol, hit_id) == "actionable"
    boss = member(Role.SUPERVISOR, member_id=9)
    gate = gate_for(policy, boss, now=NOW + SOON)

    def waiting(**more):
        asked = ask(Action.VIEW_HITS, elements={})
        return gate.answer(session(boss), asked, lambda g: notices.notices(g, patrol.store.engine, **more)).rows

    (notice,) = waiting()
    assert (notice.hit_id, notice.member_id, notice.reason, notice.seen_at) == (hit_id, 7, "radio down", None)

    def see(grant, connection, notice_id, policy):
        return notices.see(grant, connection, notice_id)

    with pytest.raises(AccessRefusedError):
        act(patrol, see, notice.notice_id)
    with pytest.raises(AccessRefusedError, match="another supervisor"):
        act(patrol, see, notice.notice_id, who=member(Role.SUPERVISOR))
    act(patrol, see, notice.notice_id, who=boss)
    with pytest.raises(IllegalMoveError):
        act(patrol, see, notice.notice_id, who=boss)
    assert waiting() == []
    assert waiting(seen=True)[0].seen_by == 9


@pytest.mark.clause("422.4(f)")
def test_a_stale_list_stops_only_the_unconfirmed_way(patrol, act, hit_id):
    later = timedelta(hours=24, seconds=1)
    act(patrol, verifying.confirm_picture, hit_id, YES, after=later)
    with pytest.raises(IllegalMoveError, match="stale"):
        act(patrol, verifying.act_unconfirmed, hit_id, "radio down", after=later)
    act(patrol, verifying.report_clets, hit_id, clets(at=NOW + later), after=later)
    assert status(patrol, hit_id) == "actionable"


def test_a_list_is_fresh_up_to_its_last_second(alone, act):
    hit_id = raised(alone)
    last = timedelta(hours=24)
    act(alone, verifying.confirm_picture, hit_id, YES, after=last)
    act(alone, verifying.act_unconfirmed, hit_id, "radio down", after=last)
    assert status(alone, hit_id) == "actionable"


@pytest.mark.clause("422.4(f)")
def test_a_cancelled_entry_ends_its_open_hits_and_no_others(patrol, act):
    patrol.take(watch("7ABC123", *OTHERS))
    patrol.read(seen("7ABC123"), seen("7ABC123", seconds=300), seen("1AAA111", seconds=600))
    patrol.match()
    first, second, third = [hit.hit_id for hit in patrol.hits()]
    act(patrol, verifying.dismiss, first, "training exercise")
    act(patrol, verifying.confirm_picture, second, YES)
    act(patrol, verifying.report_clets, second, clets())
    patrol.take(watch(*OTHERS))
    assert [status(patrol, one) for one in (first, second, third)] == ["dismissed", "cancelled", "raised"]
    last = moves(patrol)[-1]
    assert (last.kind, last.member_id, last.from_status) == ("entry_ended", None, "actionable")


def test_a_line_that_only_changed_ends_nothing(alone):
    alone.take(own_list("7ABC123,a,CA"))
    alone.read(seen("7ABC123"))
    alone.match()
    (before,) = alone.hits()
    alone.take(own_list("7ABC123,a black Honda,CA"))
    (after,) = alone.hits()
    assert (after.status, before.status) == ("raised", "raised")


# ── misread ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("422.4(f)")
def test_a_misread_puts_the_right_reading_beside_the_read_and_matches_it(patrol, act):
    patrol.take(watch("7ABC123", "1XYZ999"))
    patrol.read(seen("7ABC123"))
    patrol.match()
    (hit,), reads = patrol.hits(), patrol.reads()
    done = act(
        patrol, verifying.report_misread, hit.hit_id, OTHER_PLATE, Reading("1XYZ999", "first character is a 1", "CA")
    ).rows
    assert patrol.reads() == reads  # never over it
    (correction,) = patrol.rows(verdicts.read_correction)
    assert (correction.read_id, correction.plate, correction.region, correction.member_id) == (
        hit.read_id, "1XYZ999", "ca", 7,
    )  # fmt: skip
    old, new = patrol.hits()
    assert (old.status, done.hit_ids) == ("misread", (new.hit_id,))
    assert (new.plate, new.match_kind, new.status, new.correction_id) == (
        "1XYZ999", "exact", "raised", correction.correction_id,
    )  # fmt: skip
    assert new.read_id == hit.read_id
    assert patrol.match().n_raised == {}  # matched again, the correction still counts


def test_a_misread_that_reads_as_listed_is_none(alone, act):
    alone.take(watch("7ABC123"))
    alone.read(seen("7ABC12"))
    alone.match()
    (hit,) = alone.hits()
    with pytest.raises(IllegalMoveError, match="listed plate"):
        act(alone, verifying.report_misread, hit.hit_id, OTHER_PLATE, Reading("7ABC123", "a 3 at the end"))
    assert alone.rows(verdicts.read_correction) == []


def test_answers_about_a_picture_that_the_hit_no_longer_rests_on_are_refused(alone, act):
    alone.take(watch("7ABC120"))
    alone.read(seen("7A8C12O"))
    alone.match()
    (before,) = alone.hits()
    alone.read(seen("7ABC120", seconds=1))
    assert alone.match().n_strengthened == 1
    (after,) = alone.hits()
    with pytest.raises(IllegalMoveError, match="another read"):
        act(alone, verifying.confirm_picture, before.hit_id, YES, of_read=before.read_id)
    with pytest.raises(IllegalMoveError, match="another read"):
        act(alone, verifying.report_other_vehicle, before.hit_id, OTHER_VEHICLE, "a truck", of_read=before.read_id)
    act(alone, verifying.confirm_picture, before.hit_id, YES, of_read=after.read_id)


def test_what_a_verdict_was_given_on_changes_no_more(alone, act):
    alone.take(watch("7ABC120"))
    alone.read(seen("7A8C12O"))
    alone.match()
    (hit,) = alone.hits()
    act(alone, verifying.confirm_picture, hit.hit_id, YES)
    alone.read(seen("7ABC120", seconds=1))
    assert alone.match().n_strengthened == 0
    assert alone.hits()[0].match_kind == "folded"


# ── who may ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("role", Role)
def test_only_roles_that_verify_move_hits(alone, act, role, recorder):
    hit_id = raised(alone)
    if Action.VERIFY_HIT in MAY[role]:
        act(alone, verifying.confirm_picture, hit_id, YES, who=member(role))
        return
    with pytest.raises(AccessRefusedError):
        act(alone, verifying.confirm_picture, hit_id, YES, who=member(role))
    assert recorder.entries[-1].outcome is Outcome.REFUSED
    assert status(alone, hit_id) == "raised"


@pytest.mark.clause("422.4(e)")
@pytest.mark.parametrize(("source", "restricted"), [("federal", False), ("department", True)])
def test_a_hit_that_the_member_may_not_see_is_not_found_by_any_move(alone, act, source, restricted):
    hit_id = raised(alone)
    with writing(alone.store.engine) as connection:
        connection.execute(update(schema.hit).values(source=source, restricted=restricted))
    deeds = [
        (verifying.confirm_picture, YES), (verifying.report_wrong_state, OTHER_STATE), (verifying.report_clets, clets()),
        (verifying.report_misread, OTHER_PLATE, Reading("1XYZ999", "another")), (verifying.act_unconfirmed, "radio down"),
        (verifying.mark_duplicate, hit_id), (verifying.dismiss, "not ours"),
        (verifying.report_other_vehicle, OTHER_VEHICLE, "a truck"),
    ]  # fmt: skip
    for deed, *what in deeds:
        with pytest.raises(NotFoundError, match=f"no hit {hit_id}"):
            act(alone, deed, hit_id, *what)
    everything = member(sources=frozenset(Source))
    act(alone, verifying.confirm_picture, hit_id, YES, who=everything)


def test_a_move_on_a_restricted_hit_is_recorded_as_dissemination(alone, act, recorder):
    hit_id = raised(alone)
    with writing(alone.store.engine) as connection:
        connection.execute(update(schema.hit).values(restricted=True))
    act(alone, verifying.confirm_picture, hit_id, YES, who=member(sources=frozenset(Source)))
    assert recorder.entries[-1].results[0].kind == "restricted_hit"


def test_a_grant_for_looking_moves_nothing(alone, act):
    hit_id = raised(alone)
    with pytest.raises(AccessRefusedError, match="not for verify_hit"):
        act(alone, verifying.confirm_picture, hit_id, YES, action=Action.VIEW_HITS)


def test_a_move_that_cannot_be_recorded_is_not_made(alone, policy):
    hit_id = raised(alone)
    gate = gate_for(policy, who := member(), recorder=MemoryRecorder(broken=True), now=NOW + SOON)
    with pytest.raises(Exception, match="record"):
        gate.act(
            session(who), ask(Action.VERIFY_HIT), alone.store.engine,
            lambda g, c: verifying.confirm_picture(g, c, hit_id, YES, policy=policy),
        )  # fmt: skip
    assert (status(alone, hit_id), moves(alone)) == ("raised", [])


# ── raw SQL ────────────────────────────────────────────────────────────────────────────────────────────────────────

MOVE = {
    "seq": 1, "from_status": "raised", "to_status": "picture_confirmed", "kind": "confirm_picture", "moved_at": NOW,
    "member_id": 7, "plate_agrees": True, "state_agrees": True, "vehicle_agrees": True,
}  # fmt: skip
CLETS = {
    "kind": "clets_confirmed", "to_status": "actionable", "clets_result": "confirmed", "clets_reference": "A1",
    "clets_operator": "Diaz", "clets_at": NOW, "actionable_until": NOW + SOON, "plate_agrees": None, "state_agrees": None,
    "vehicle_agrees": None,
}  # fmt: skip


def refused(patrol, statement, *values):
    with pytest.raises(DBAPIError), writing(patrol.store.engine) as connection:
        connection.execute(statement, *values)


@pytest.mark.clause("422.4(f)")
@pytest.mark.parametrize(
    "changes",
    [
        {"vehicle_agrees": False}, {"plate_agrees": None}, {"to_status": "actionable", "actionable_until": NOW}, CLETS,
        {**CLETS, "from_status": "picture_confirmed"}, {"seq": 2}, {"seq": 0}, {"member_id": None}, {"note": "x" * 301},
        {"kind": "dismiss", "to_status": "dismissed"}, {"kind": "dismiss", "to_status": "dismissed", "reason": "  x"},
        {"kind": "misread", "to_status": "misread"}, {"kind": "wrong_state", "to_status": "wrong_state"},
        {"kind": "duplicate", "to_status": "duplicate"}, {"clets_reference": "A1"}, {"actionable_until": NOW},
        {**CLETS, "kind": "clets_recovered", "to_status": "recovered", "actionable_until": None},
        {**CLETS, "kind": "clets_recovered", "to_status": "recovered", "actionable_until": None, "clets_result": "recovered",
         "note": "what CLETS returned"},
        {**CLETS, "kind": "clets_recovered", "to_status": "recovered", "actionable_until": None, "clets_result": "recovered",
         "clets_at": NOW - SOON},
    ],
)  # fmt: skip
def test_the_database_refuses_a_move_that_lacks_what_it_needs(patrol, hit_id, changes):
    refused(patrol, verdicts.hit_move.insert(), {"hit_id": hit_id, **MOVE, **changes})
    assert (status(patrol, hit_id), moves(patrol)) == ("raised", [])


@pytest.mark.clause("422.4(f)")
def test_the_database_refuses_a_status_without_its_move_and_a_move_that_changes(patrol, act, hit_id):
    later = NOW + timedelta(days=1)
    for to in Status:
        until = later if to is Status.ACTIONABLE else None
        if to is not Status.RAISED:
            refused(patrol, update(schema.hit).values(status=to.value, n_moves=1, actionable_until=until))
            refused(patrol, update(schema.hit).values(status=to.value, actionable_until=until))
    act(patrol, verifying.confirm_picture, hit_id, YES)
    act(patrol, verifying.report_clets, hit_id, clets())
    refused(patrol, update(schema.hit).values(actionable_until=later))
    refused(patrol, update(schema.hit).values(n_moves=1))
    refused(patrol, verdicts.hit_move.update().values(member_id=8))
    refused(patrol, verdicts.hit_move.delete())
    with reading(patrol.store.engine) as connection:
        before = connection.execute(select(schema.hit)).all()
    with writing(patrol.store.engine) as connection:
        connection.execute(update(schema.hit).values(confidence=0.5))
    assert before[0].status == status(patrol, hit_id) == "actionable"


def test_a_hit_cannot_begin_elsewhere_than_raised(patrol, hit_id):
    (hit,) = patrol.hits()
    row = {**hit._mapping, "hit_id": None, "state": "NV"}
    row.pop("hit_id")
    refused(patrol, schema.hit.insert(), {**row, "status": "picture_confirmed"})
    refused(patrol, schema.hit.insert(), {**row, "n_moves": 1})
    refused(patrol, schema.hit.insert(), {**row, "watch_id": 5})
    refused(patrol, schema.hit.insert(), {**row, "entry_id": None, "import_id": None})
    with writing(patrol.store.engine) as connection:
        connection.execute(
            schema.hit.insert(), {**row, "entry_id": None, "import_id": None, "watch_id": 5, "match_kind": "partial"}
        )


def test_moves_go_with_their_hit_and_corrections_are_never_changed(patrol, act, hit_id):
    act(patrol, verifying.report_misread, hit_id, OTHER_PLATE, Reading("1XYZ999", "another plate"))
    refused(patrol, verdicts.read_correction.update().values(plate="2XYZ999"))
    with writing(patrol.store.engine) as connection:
        connection.execute(schema.hit.delete())
    assert moves(patrol) == []


def test_no_column_could_hold_what_clets_returned(alone):
    with reading(alone.store.engine) as connection:
        limits = [column.type.length for column in verdicts.hit_move.c if hasattr(column.type, "length")]
        connection.execute(text("SELECT 1"))
    assert max(limits) <= 300
    assert len(TRANSITIONS) == len({(start, to, kind) for start, to, kind in TRANSITIONS})


# ── races ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_of_two_moves_at_once_one_is_made(patrol: Patrol, policy, hit_id):
    """Both see the hit raised; the second waits for the first, and is told where the hit stands."""
    barrier, who = Barrier(2), member()

    def move(deed):
        gate = gate_for(policy, who, now=NOW + SOON)
        barrier.wait()
        try:
            gate.act(session(who), ask(Action.VERIFY_HIT), patrol.store.engine, deed)
        except IllegalMoveError:
            return False
        return True

    deeds = [
        lambda g, c: verifying.dismiss(g, c, hit_id, "not ours", policy=policy),
        lambda g, c: verifying.report_wrong_state(g, c, hit_id, OTHER_STATE, policy=policy),
    ]
    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(move, deeds)) == [False, True]
    assert [move.seq for move in moves(patrol)] == [1]


def test_a_move_planted_behind_the_lock_is_refused_by_its_number(patrol, act, hit_id):
    act(patrol, verifying.confirm_picture, hit_id, YES)
    with pytest.raises(IntegrityError), writing(patrol.store.engine) as connection:
        connection.execute(verdicts.hit_move.insert(), {"hit_id": hit_id, **MOVE})
    assert moves(patrol)[0].kind == Kind.CONFIRM_PICTURE
