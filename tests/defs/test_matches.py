"""Hits in the pipeline: how long they wait, how old the lists are, how often matches were right; in counts."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
from sqlalchemy import select, update

from alpr_assets.defs import matches
from alpr_assets.defs.matches import FEWEST
from alpr_assets.lifecycle.hits.ending import put
from alpr_assets.lifecycle.hits.moves import Answers, Kind, Seen
from alpr_assets.store import schema
from alpr_assets.store.engine import writing
from tests.defs.conftest import PLATES, Pipeline, yesterday

YES = Answers(plate=True, state=True, vehicle=True)


@pytest.fixture
def matched(pipeline: Pipeline) -> Pipeline:
    """Yesterday's drop, of whose three plates two are listed."""
    pipeline.list_plates(*PLATES[:2])
    assert pipeline.run("import_hotlists").success
    pipeline.bring("night", yesterday())
    follow(pipeline)
    return pipeline


def follow(pipeline: Pipeline) -> None:
    """Do once what the landing sensor asks for, and then for the day."""
    for _ in range(2):
        for request in pipeline.tick("landing").run_requests or []:
            assert request.job_name
            assert pipeline.run(request.job_name, request.partition_key, dict(request.tags)).success


def checks(result: dg.ExecuteInProcessResult) -> dict[str, dg.AssetCheckEvaluation]:
    return {evaluation.check_name: evaluation for evaluation in result.get_asset_check_evaluations()}


def again(pipeline: Pipeline) -> dg.ExecuteInProcessResult:
    result = pipeline.run("process_day", yesterday().date().isoformat())
    assert result.success
    return result


def metadata(result: dg.ExecuteInProcessResult) -> dict[str, dg.MetadataValue]:
    return {
        name: value
        for event in result.get_asset_materialization_events()
        if event.asset_key == dg.AssetKey("hotlist_matches")
        for name, value in event.materialization.metadata.items()
    }


@pytest.mark.clause("422.4(f)")
def test_a_hit_that_nobody_verifies_for_too_long_is_counted_without_being_named(matched, monkeypatch):
    fresh = checks(again(matched))["every_hit_is_verified_in_time"]
    assert fresh.passed
    assert fresh.metadata["unverified"].value == 2
    # Thirteen hours later; a raise put back so far would, just after midnight, lie before its capture.
    monkeypatch.setattr(matches, "now", lambda: datetime.now(UTC) + timedelta(hours=13))
    late = checks(again(matched))["every_hit_is_verified_in_time"]
    assert (late.passed, late.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert late.metadata["unverified for too long"].value == 2
    said = json.dumps([late.description, *(str(value) for value in late.metadata.values())])
    assert not any(plate in said for plate in PLATES)


@pytest.mark.clause("422.4(f)")
def test_a_list_that_nobody_renewed_is_stale(matched):
    matched.list_plates(*PLATES)
    assert checks(matched.run("import_hotlists"))["every_list_is_fresh"].passed
    with writing(matched.store.engine) as connection:
        long_ago = datetime.now(UTC) - timedelta(hours=24, minutes=1)
        connection.execute(update(schema.hotlist_import).values(imported_at=long_ago))
    stale = checks(matched.run("import_hotlists"))["every_list_is_fresh"]
    assert (stale.passed, stale.severity, stale.description) == (False, dg.AssetCheckSeverity.WARN, "stale: watch")
    assert stale.metadata["lists stale"].value == 1


def test_precision_is_drawn_once_there_are_verdicts_enough(matched):
    assert "precision by match kind" not in metadata(again(matched))
    matched.bring("more", yesterday() + timedelta(hours=2), n=15, seed=100)
    follow(matched)
    with writing(matched.store.engine) as connection:
        hits = connection.execute(select(schema.hit)).all()
        assert len(hits) >= FEWEST
        for hit in hits:
            put(connection, hit, Seen(Kind.CONFIRM_PICTURE, YES), at=datetime.now(UTC), member_id=7)
    plot = metadata(again(matched))["precision by match kind"].value
    assert base64.b64decode(plot.partition("base64,")[2].rstrip(")")).startswith(b"\x89PNG")
