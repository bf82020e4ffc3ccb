"""The weekly list and the reports in Dagster: counts and hashes, no member's name and no plate; what is late is told."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
from sqlalchemy import insert, select

from alpr_assets.access import register
from alpr_assets.access.people import actor_of
from alpr_assets.access.record.entries import Entry, Kind, Outcome
from alpr_assets.access.record.serving import recorder
from alpr_assets.definitions import defs
from alpr_assets.policy import policy
from alpr_assets.settings import settings
from alpr_assets.store.audits import finding, misuse_review
from alpr_assets.store.engine import reading, writing
from tests.defs.conftest import Pipeline
from tests.defs.test_accountability import begun

PLATE = "7ABC123"


def metadata(result: dg.ExecuteInProcessResult) -> dict[str, dg.MetadataValue]:
    (event,) = result.get_asset_materialization_events()
    return dict(event.materialization.metadata)


def checks(result: dg.ExecuteInProcessResult) -> dict[str, bool]:
    return {one.check_name: one.passed for one in result.get_asset_check_evaluations()}


@pytest.fixture
def searched(pipeline: Pipeline) -> Pipeline:
    """A member searched three times with "test" as the case; they were recorded just now, and the list is asked for as of next week."""
    begun(pipeline, datetime.now(UTC))
    who = register.members(pipeline.store.engine)[0]
    with recorder(settings()) as kept:
        for _ in range(3):
            entry = Entry(
                at=datetime.now(UTC), kind=Kind.QUERY, action="plate_history", outcome=Outcome.ANSWERED, actor=actor_of(who),
                purpose="stolen_vehicle", case_number="test", elements={"plate": PLATE},
            )  # fmt: skip
            kept.append(entry)
    return pipeline


@pytest.mark.clause("422.6(c)")
def test_the_weekly_list_is_made_once_and_tells_counts_only(
    searched: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    next_week = datetime.now(UTC) + timedelta(days=7)
    monkeypatch.setattr("alpr_assets.defs.audits.now", lambda: next_week)
    result = searched.run("review_signals")
    told = metadata(result)
    assert (told["looks gone through"].value, told["members listed"].value) == (3, 1)
    assert checks(result) == {"every_signal_is_decided_in_time": True}
    shown = json.dumps({name: str(value) for name, value in told.items()})
    assert PLATE not in shown
    assert "Ortiz" not in shown
    assert "Ruiz" not in shown
    assert "data:image/png" in told["age of what was looked at"].value
    monkeypatch.setattr("alpr_assets.defs.audits.now", lambda: next_week + timedelta(days=1))
    searched.run("review_signals")
    with reading(searched.store.engine) as connection:
        (row,) = connection.execute(select(misuse_review)).all()
    assert (row.rank, row.status, row.signals[0]["rule"], PLATE in str(row.signals)) == (
        1,
        "open",
        "vague_reason",
        False,
    )
    monkeypatch.setattr(
        "alpr_assets.defs.audits.now", lambda: next_week + timedelta(days=policy().audits.review_days + 1)
    )
    assert checks(searched.run("review_signals")) == {"every_signal_is_decided_in_time": False}


def test_a_week_that_is_not_over_is_refused(searched: Pipeline) -> None:
    for monday in ("2026-06-16", str((datetime.now(UTC) + timedelta(days=-datetime.now(UTC).weekday() + 14)).date())):
        config = {"ops": {"misuse_signals": {"config": {"monday": monday}}}}
        job = defs.resolve_job_def("review_signals")
        assert not job.execute_in_process(instance=searched.instance, raise_on_error=False, run_config=config).success


def test_without_an_audit_the_check_says_so_and_an_overdue_finding_is_named(searched: Pipeline) -> None:
    result = searched.run("report_audits")
    assert result.success
    assert metadata(result)["issued in this run"].value == 0
    assert checks(result) == {"an_audit_is_signed_in_time": False, "every_finding_is_closed_in_time": True}
    at = datetime.now(UTC) - timedelta(days=40)
    with writing(searched.store.engine) as connection:
        review = {
            "week_on": at.date(),
            "rank": 1,
            "member_id": 1,
            "points": 1.0,
            "signals": [],
            "made_at": at,
            "status": "open",
        }
        made = connection.execute(insert(misuse_review).returning(misuse_review.c.review_id), review).scalar_one()
        row = {"review_id": made, "text": "look into it", "owner_id": 2, "opened_at": at, "member_id": 3, "due_on": at.date(),
               "status": "open", "n_moves": 0}  # fmt: skip
        connection.execute(insert(finding), row)
    assert checks(searched.run("report_audits"))["every_finding_is_closed_in_time"] is False
