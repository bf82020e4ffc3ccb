"""What may be destroyed and what is held, judged anew each day: in counts, with checks that fail when they must."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import partial

import dagster as dg
import pytest
from sqlalchemy import delete, select, update

from alpr_assets.access.record.alarms import open_alarms
from alpr_assets.access.record.entries import Actor, Entry, Kind, Outcome, ResultId
from alpr_assets.access.record.places import place_of
from alpr_assets.access.record.sealing import MonthKeys
from alpr_assets.access.record.serving import recorder
from alpr_assets.access.roles import Action, Role
from alpr_assets.definitions import defs
from alpr_assets.defs import retention
from alpr_assets.errors import VerificationError
from alpr_assets.lifecycle.holds import joining, placing
from alpr_assets.lifecycle.holds.selectors import Ground, Selector
from alpr_assets.lifecycle.hotlists.imports import import_file
from alpr_assets.lifecycle.purge import clocks, drafting, executing, planning
from alpr_assets.lifecycle.purge.certificates import certificate
from alpr_assets.lifecycle.purge.clocks import ClockSeen
from alpr_assets.lifecycle.purge.on_file import OnFile
from alpr_assets.policy import policy
from alpr_assets.settings import settings
from alpr_assets.store import schema
from alpr_assets.store.engine import reading, writing
from alpr_assets.store.purges import purge_plan
from tests.builders import own_list
from tests.defs.conftest import Pipeline
from tests.people import ask, gate_for, in_office, member, session

WARNING = {"every_hold_is_reviewed_in_time", "nothing_is_past_its_maximum"}
TAKEN = datetime(2026, 6, 15, 19, 0, tzinfo=UTC)
DAY = TAKEN.date()


@pytest.fixture
def a_year_later(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    """Six captures that landed on their day, and a clock that says 20 June a year after."""
    pipeline.bring("one", TAKEN, n=6)
    assert pipeline.run("land_drop", tags={"alpr/drop": "one"}).success or pipeline.tick("landing")
    with writing(pipeline.store.engine) as connection:
        connection.execute(update(schema.capture).values(landed_at=TAKEN + timedelta(hours=3)))
        connection.execute(update(schema.capture_day).values(last_landed_at=TAKEN + timedelta(hours=3)))
    monkeypatch.setattr(retention, "now", lambda: datetime(2027, 6, 20, 12, tzinfo=UTC))
    monkeypatch.setattr(retention, "look", lambda *_: right())
    return pipeline


def hold(pipeline: Pipeline, n: int) -> None:
    with reading(pipeline.store.engine) as connection:
        ids = connection.scalars(schema.capture.select().with_only_columns(schema.capture.c.capture_id)).all()
    wanted = Selector(captures=tuple((DAY, number) for number in sorted(ids)[:n]))
    who = member(Role.SUPERVISOR)
    at = datetime(2026, 7, 1, tzinfo=UTC)
    deed = partial(
        placing.place,
        wanted=wanted,
        ground=Ground.CRIMINAL,
        reason="evidence",
        review_on=date(2026, 12, 1),
        policy=policy(),
    )
    gate_for(policy(), who, now=at).act(session(who), ask(Action.PLACE_HOLD, elements={}), pipeline.store.engine, deed)


def judged(pipeline: Pipeline):
    result = pipeline.run("judge_retention")
    metadata = {
        event.asset_key.to_user_string(): event.step_materialization_data.materialization.metadata
        for event in result.get_asset_materialization_events()
    }
    passed = {one.check_name: one.passed for one in result.get_asset_check_evaluations()}
    blocking = {name: holds for name, holds in passed.items() if name not in WARNING}
    assert result.success == all(blocking.values())
    return metadata["retention_eligible"], metadata["held_evidence"], passed


def counts(told) -> tuple[int, ...]:
    names = ("captures", "kept: too young", "kept: held as evidence", "may be destroyed")
    return tuple(told[name].value for name in names)


@pytest.mark.clause("422.5")
def test_what_is_due_and_what_is_held_is_told_in_counts(a_year_later: Pipeline) -> None:
    hold(a_year_later, 2)
    eligible, held, passed = judged(a_year_later)
    assert counts(eligible) == (6, 0, 2, 4)
    assert "held as evidence" in eligible["why what is kept is kept"].value
    assert "data:image/png" in eligible["calendar"].value
    assert (held["holds"].value, held["captures named"].value, held["reviews overdue"].value) == (1, 2, 1)
    assert held["holds told higher up"].value == [1]
    assert [alarm.name for alarm in open_alarms(settings().path("data"))] == [retention.OVERDUE]
    assert passed == {
        "retention_is_sound": True,
        "held_evidence_is_there": True,
        "every_hold_is_reviewed_in_time": False,
        "nothing_is_past_its_maximum": True,
    }
    for told in (eligible, held):
        assert not any(plate in str(told) for plate in ("7ABC123", "8KLM456", "6TRJ244"))


def test_before_its_year_is_over_nothing_is_due_and_the_date_is_told(
    a_year_later: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "now", lambda: datetime(2027, 6, 10, 12, tzinfo=UTC))
    eligible, held, passed = judged(a_year_later)
    assert held["holds told higher up"].value == []
    assert counts(eligible) == (6, 6, 0, 0)
    assert "2027-06-16 | 6" in eligible["coming due"].value
    assert "kept for 1 calendar year" in eligible["why what is kept is kept"].value
    assert passed["retention_is_sound"]


@pytest.mark.clause("422.5")
def test_a_capture_that_vanished_and_a_picture_that_is_gone_fail_the_checks(a_year_later: Pipeline) -> None:
    hold(a_year_later, 2)
    capture = schema.capture.c
    with writing(a_year_later.store.engine) as connection:
        ids = sorted(connection.scalars(schema.capture.select().with_only_columns(capture.capture_id)).all())
        connection.execute(delete(schema.capture).where(capture.capture_id == ids[-1]))
    assert judged(a_year_later)[2]["retention_is_sound"] is False
    with writing(a_year_later.store.engine) as connection:
        digest = connection.scalar(
            schema.capture.select().with_only_columns(capture.image_sha256).where(capture.capture_id == ids[0])
        )
    a_year_later.store.images.path(DAY, digest).unlink()
    assert judged(a_year_later)[2]["held_evidence_is_there"] is False
    with writing(a_year_later.store.engine) as connection:
        connection.execute(delete(schema.capture).where(capture.capture_id == ids[0]))
    assert judged(a_year_later)[2]["held_evidence_is_there"] is False


def test_a_day_that_is_judged_too_soon_fails_the_check(a_year_later: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault in the schedule: the check counts the year by itself."""
    from alpr_assets.lifecycle.retention import rules  # noqa: PLC0415 - the module that is broken

    monkeypatch.setattr(retention, "now", lambda: datetime(2027, 6, 10, 12, tzinfo=UTC))
    real = rules.years_after
    monkeypatch.setattr(rules, "years_after", lambda day, years: real(day, years) - timedelta(days=20))
    eligible, _, passed = judged(a_year_later)
    assert eligible["may be destroyed"].value == 6
    assert passed["retention_is_sound"] is False


def test_an_empty_store_is_sound(pipeline: Pipeline) -> None:
    eligible, held, passed = judged(pipeline)
    assert counts(eligible) == (0, 0, 0, 0)
    assert held["holds"].value == 0
    assert "calendar" not in eligible
    assert passed == {
        "retention_is_sound": True,
        "held_evidence_is_there": True,
        "every_hold_is_reviewed_in_time": True,
        "nothing_is_past_its_maximum": True,
    }


@pytest.mark.clause("422.5")
def test_what_is_past_its_maximum_is_a_warning_in_counts(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    """A list's entry that left in 2026, and the questions of a month: each fails the check by itself, and the day still succeeds."""
    keys = MonthKeys(settings().path("keys") / "record_keys.sqlite")
    for plate, after in (("9LEFT99", 0), ("5NEW555", 1)):
        at = TAKEN + timedelta(days=after)
        raw = own_list(f"{plate},x,CA", on=at.date())
        assert import_file(pipeline.store, raw, "left.csv", policy=policy(), now=at).accepted

    def told(on: datetime) -> tuple[bool, dict[str, int]]:
        monkeypatch.setattr(retention, "now", lambda: on)
        result = pipeline.run("judge_retention")
        assert result.success
        (said,) = [
            one for one in result.get_asset_check_evaluations() if one.check_name == "nothing_is_past_its_maximum"
        ]
        assert said.severity is dg.AssetCheckSeverity.WARN
        assert "9LEFT99" not in str(said.metadata)
        return said.passed, {name: one.value for name, one in said.metadata.items() if one.value}

    assert told(datetime(2028, 6, 15, 12, tzinfo=UTC)) == (True, {})
    late = {"raw hot-list files past their maximum": 1}
    assert told(datetime(2028, 6, 16, 12, tzinfo=UTC)) == (False, late)
    late |= {"ended hot-list entries past their maximum": 1}
    assert told(datetime(2028, 6, 17, 12, tzinfo=UTC)) == (False, late)
    keys.key("2026-05")
    assert told(datetime(2028, 6, 17, 12, tzinfo=UTC)) == (False, {**late, "months of questions past their years": 1})
    with writing(pipeline.store.engine) as connection:
        connection.execute(delete(schema.hotlist_entry).where(schema.hotlist_entry.c.to_import_id.is_not(None)))
        connection.execute(update(schema.hotlist_import).values(file_destroyed_at=TAKEN))
    assert told(datetime(2028, 6, 17, 12, tzinfo=UTC)) == (False, {"months of questions past their years": 1})
    keys.destroy("2026-05")
    assert told(datetime(2028, 6, 17, 12, tzinfo=UTC)) == (True, {})


# ── a purge ────────────────────────────────────────────────────────────────────────────────────────────────────────


def approved_and_begun(pipeline: Pipeline) -> int:
    """A plan that two people approved and one began, as the console does it."""
    key, at = planning.key_of(settings()), datetime(2027, 6, 20, 12, tzinfo=UTC)
    trained = {"trained_until": date(2028, 1, 1)}
    commander, custodian = (
        member(Role.COMMANDER, member_id=1, **trained),
        member(Role.CUSTODIAN, member_id=2, **trained),
    )
    gate = gate_for(policy(), commander, custodian, now=at)
    in_office(pipeline.store.engine, date(2027, 1, 1))

    def act(who, action, deed):
        return gate.act(session(who), ask(action, elements={}), pipeline.store.engine, deed).rows

    on_file = {name: OnFile(f"{name} 1", date(2027, 5, 1)) for name in ("resolution", "consent")}
    act(custodian, Action.PLAN_PURGE, partial(drafting.ask, **on_file, policy=policy()))
    assert pipeline.run("draft_purge").success
    with reading(pipeline.store.engine) as connection:
        (plan_id,) = connection.scalars(select(purge_plan.c.plan_id))
    for who in (commander, custodian):
        agreed = partial(planning.approve, plan_id=plan_id, reason="as scheduled", policy=policy(), key=key)
        act(who, Action.APPROVE_PURGE, agreed)
    begun = partial(planning.begin, plan_id=plan_id, key=key, seen=right(), policy=policy())
    act(custodian, Action.PLAN_PURGE, begun)
    return plan_id


def right() -> ClockSeen:
    """A clock that agrees with the record, on the day of these purges; the real record is written in the time of now."""
    return ClockSeen(size=1, since=datetime(2027, 6, 20, 12, tzinfo=UTC), is_synchronised=True)


def sensed(pipeline: Pipeline, sensor: str = "purges_begun") -> object:
    context = dg.build_sensor_context(instance=pipeline.instance, definitions=defs)
    return defs.resolve_sensor_def(sensor).evaluate_tick(context)


@pytest.mark.clause("422.5")
def test_a_purge_is_executed_once_it_has_begun_and_every_tick_says_why(a_year_later: Pipeline) -> None:
    assert "no purge has begun" in sensed(a_year_later).skip_message
    assert "no purge was asked for" in sensed(a_year_later, "purges_asked").skip_message
    hold(a_year_later, 2)
    plan_id = approved_and_begun(a_year_later)
    (request,) = sensed(a_year_later).run_requests
    assert request.run_key == f"purge-{plan_id}"
    result = a_year_later.run("execute_purge")
    assert result.success
    (event,) = result.get_asset_materialization_events()
    told = event.step_materialization_data.materialization.metadata
    assert (told["captures destroyed"].value, told["kept after all"].value) == (4, 0)
    (sha256,) = told["certificates"].value
    issued = certificate(a_year_later.store.engine, plan_id)
    assert issued.sha256 == sha256
    with reading(a_year_later.store.engine) as connection:
        assert len(connection.execute(schema.capture.select()).all()) == 2
    assert "no purge has begun" in sensed(a_year_later).skip_message
    assert judged(a_year_later)[2]["retention_is_sound"]


def test_with_sqlite_nothing_waits_to_be_rewritten(a_year_later: Pipeline) -> None:
    approved_and_begun(a_year_later)
    assert a_year_later.run("execute_purge").success
    context = dg.build_schedule_context(instance=a_year_later.instance)
    assert "no purge waits" in defs.resolve_schedule_def("purged_rewritten").evaluate_tick(context).skip_message
    result = a_year_later.run("rewrite_purged")
    (event,) = result.get_asset_materialization_events()
    assert event.step_materialization_data.materialization.metadata["purges"].value == []


@pytest.mark.clause("422.5")
def test_what_was_shown_under_a_held_case_after_its_purge_was_approved_is_kept(a_year_later: Pipeline) -> None:
    with reading(a_year_later.store.engine) as connection:
        ids = sorted(connection.scalars(schema.capture.select().with_only_columns(schema.capture.c.capture_id)).all())

    def opened(capture_id: int) -> None:
        nobody = Actor(member_id=7, name="Ann Ito", agency="", title="", role="analyst", address="")
        shown = Entry(
            at=datetime.now(UTC), kind=Kind.IMAGE, action="open_image", outcome=Outcome.ANSWERED, actor=nobody, case_number="26-07777",
            results=[ResultId("capture", DAY, capture_id)],
        )  # fmt: skip
        with recorder(settings()) as kept:
            kept.append(shown)

    opened(ids[0])
    who = member(Role.SUPERVISOR)
    found = joining.shown_under(a_year_later.store.engine, place_of(settings()), "26-07777")
    deed = partial(
        placing.place, wanted=Selector(case="26-07777"), ground=Ground.DISCOVERY, reason="motion", review_on=date(2026, 12, 1),
        policy=policy(), shown=found,
    )  # fmt: skip
    at = datetime(2026, 7, 1, tzinfo=UTC)
    gate_for(policy(), who, now=at).act(
        session(who), ask(Action.PLACE_HOLD, elements={}), a_year_later.store.engine, deed
    )
    plan_id = approved_and_begun(a_year_later)
    opened(ids[1])
    assert a_year_later.run("execute_purge").success
    with reading(a_year_later.store.engine) as connection:
        left = sorted(connection.scalars(schema.capture.select().with_only_columns(schema.capture.c.capture_id)).all())
    assert left == ids[:2]
    assert certificate(a_year_later.store.engine, plan_id)


@pytest.mark.clause("422.5")
def test_a_purge_of_which_something_is_back_fails_its_check(
    a_year_later: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What wrote it again did so after the purge had verified its days."""
    with reading(a_year_later.store.engine) as connection:
        row = dict(connection.execute(schema.capture.select()).mappings().first())
    approved_and_begun(a_year_later)
    real = retention.execute

    def executed(opened, *given, **more):
        done = real(opened, *given, **more)
        with writing(opened.engine) as connection:
            connection.execute(schema.capture.insert(), row)
        return done

    monkeypatch.setattr(retention, "execute", executed)
    result = a_year_later.run("execute_purge")
    (check,) = result.get_asset_check_evaluations()
    assert (check.check_name, check.passed) == ("nothing_is_left", False)
    assert check.metadata["captures left"].value == 1


@pytest.mark.clause("422.5")
def test_a_purge_waits_while_the_clock_may_be_wrong(a_year_later: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    """The record's heads are of now, and the pipeline's clock says next year."""
    plan_id = approved_and_begun(a_year_later)
    monkeypatch.setattr(retention, "look", clocks.look)
    assert not a_year_later.run("execute_purge").success
    with reading(a_year_later.store.engine) as connection:
        assert len(connection.execute(schema.capture.select()).all()) == 6
        assert planning.begun(connection) == [plan_id]


def test_a_purge_that_fails_is_not_tried_again_by_itself_and_goes_on_when_a_person_asks(
    a_year_later: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan_id = approved_and_begun(a_year_later)
    (first,) = sensed(a_year_later).run_requests
    with monkeypatch.context() as broken:
        broken.setattr(
            executing, "_verify", lambda *_, **__: (_ for _ in ()).throw(VerificationError("something is left"))
        )
        assert not a_year_later.run("execute_purge").success
    (again,) = sensed(a_year_later).run_requests
    assert again.run_key == first.run_key  # Dagster starts it once
    assert a_year_later.run("execute_purge").success
    assert certificate(a_year_later.store.engine, plan_id)
