"""Heads go to witnesses, idle accounts end, late exports are named: on a schedule, in counts."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta

import dagster as dg
import pytest

from alpr_assets.access import initial, register
from alpr_assets.access.acting import open_office
from alpr_assets.access.initial import First
from alpr_assets.access.people import Status
from alpr_assets.access.record import alarms
from alpr_assets.access.record.serving import recorder
from alpr_assets.definitions import defs
from alpr_assets.policy import policy
from alpr_assets.settings import settings
from alpr_assets.store import schema
from alpr_assets.store.engine import writing
from tests.defs.conftest import Pipeline

TOLD = datetime(2026, 6, 15, 18, 0, tzinfo=UTC)


def begun(pipeline: Pipeline, at: datetime) -> None:
    first = [
        First(user_name="sam", name="Sam Ortiz", title="System Administrator"),
        First(user_name="ana", name="Ana Ruiz", title="Community Policing Bureau Commander"),
    ]
    with recorder(settings()) as kept:
        initial.begin(open_office(pipeline.store.engine, kept, policy(), settings()), first, at=at)


def evaluated(result: dg.ExecuteInProcessResult) -> dg.AssetCheckEvaluation:
    (evaluation,) = result.get_asset_check_evaluations()
    return evaluation


def tick(pipeline: Pipeline, at: datetime) -> object:
    context = dg.build_schedule_context(instance=pipeline.instance, scheduled_execution_time=at)
    return defs.resolve_schedule_def("heads_to_witnesses").evaluate_tick(context)


@pytest.mark.clause("422.3.1(d)")
def test_a_witness_gets_the_newest_head_and_then_no_other_until_there_is_one(pipeline, monkeypatch):
    witness = pipeline.folder / "witness"
    witness.mkdir()
    monkeypatch.setenv("ALPR_WITNESSES", str(witness))
    settings.cache_clear()
    begun(pipeline, datetime.now(UTC))
    result = pipeline.run("send_record_heads")
    assert result.success
    assert evaluated(result).passed
    (file,) = witness.iterdir()
    assert json.loads(file.read_text())
    assert pipeline.run("send_record_heads").success
    assert len(list(witness.iterdir())) == 1


def test_a_witness_out_of_reach_fails_the_check_until_it_is_back(pipeline, monkeypatch):
    witness = pipeline.folder / "witness"
    monkeypatch.setenv("ALPR_WITNESSES", str(witness))
    settings.cache_clear()
    begun(pipeline, datetime.now(UTC))
    assert not evaluated(pipeline.run("send_record_heads")).passed
    assert tick(pipeline, TOLD + timedelta(minutes=30)).run_requests, "it is tried again soon"
    witness.mkdir()
    assert evaluated(pipeline.run("send_record_heads")).passed


def test_without_a_witness_the_check_says_so(pipeline):
    begun(pipeline, datetime.now(UTC))
    evaluation = evaluated(pipeline.run("send_record_heads"))
    assert not evaluation.passed
    assert evaluation.severity is dg.AssetCheckSeverity.WARN
    assert tick(pipeline, TOLD).skip_message


def test_heads_go_out_as_often_as_the_policy_says(pipeline, monkeypatch):
    monkeypatch.setenv("ALPR_WITNESSES", str(pipeline.folder))
    settings.cache_clear()
    assert tick(pipeline, TOLD).run_requests
    assert tick(pipeline, TOLD + timedelta(minutes=30)).skip_message
    assert tick(pipeline, TOLD + timedelta(minutes=60)).run_requests


def test_an_account_nobody_uses_is_suspended_and_counted(pipeline):
    begun(pipeline, datetime.now(UTC) - timedelta(days=91))
    result = pipeline.run("review_members")
    assert result.success
    (event,) = result.get_asset_materialization_events()
    metadata = event.materialization.metadata
    assert metadata["suspended in this run for want of use"].value == 2
    assert metadata["members suspended"].value == 2
    assert {one.status for one in register.members(pipeline.store.engine)} == {Status.SUSPENDED}
    assert "Ortiz" not in json.dumps({name: str(value) for name, value in metadata.items()})


def test_an_exported_file_past_its_day_is_named_as_late(pipeline):
    begun(pipeline, datetime.now(UTC))
    assert evaluated(pipeline.run("review_members")).passed
    with writing(pipeline.store.engine) as connection:
        connection.execute(
            schema.export.insert().values(
                record_id=1, member_id=1, action="plate_history", purpose="stolen_vehicle", case_number="26-1",
                format="csv", n_rows=1, n_bytes=1, sha256="0" * 64, file_name="x.csv",
                exported_at=datetime.now(UTC), delete_by=date(2026, 1, 1),
            )
        )  # fmt: skip
    evaluation = evaluated(pipeline.run("review_members"))
    assert not evaluation.passed
    assert evaluation.metadata["exports past their day"].value == 1


@pytest.mark.clause("422.3.1(g)")
def test_months_that_are_over_are_published_once_as_pages_and_data(pipeline, monkeypatch):
    monkeypatch.setenv("ALPR_PUBLIC", str(pipeline.folder / "public"))
    settings.cache_clear()
    begun(pipeline, datetime.now(UTC))
    with writing(pipeline.store.engine) as connection:
        long_ago = datetime.now(UTC).date() - timedelta(days=45)
        connection.execute(schema.capture_day.insert().values(day=long_ago, n_captures=250, n_reads=0))
    first, second = pipeline.run("publish_report"), pipeline.run("publish_report")
    assert {e.check_name: e.passed for e in first.get_asset_check_evaluations()} == {
        "every_month_is_published": True,
        "the_policy_at_work_is_in_force": True,
    }
    counts = [one.get_asset_materialization_events()[0].materialization.metadata for one in (first, second)]
    assert counts[0]["months published"].value == counts[1]["months published"].value > 0
    assert counts[1]["files written in this run"].value == 0
    report = json.loads((pipeline.folder / "public" / "transparency.json").read_text())
    assert len(report["months"]) == counts[0]["months published"].value
    assert "Sample policy" in (pipeline.folder / "public" / "policy.html").read_text()


def test_a_policy_that_is_not_in_force_fails_its_check_and_raises_an_alarm(pipeline):
    begun(pipeline, datetime.now(UTC))
    pipeline.use_policy(pipeline.policy_file.read_text().replace("to_on: null", "to_on: 2026-01-01"))
    checks = {e.check_name: e.passed for e in pipeline.run("publish_report").get_asset_check_evaluations()}
    assert checks == {"every_month_is_published": True, "the_policy_at_work_is_in_force": False}
    assert "no policy is in force" in alarms.open_alarms(pipeline.folder / "data")[0].text
