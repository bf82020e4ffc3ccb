"""A newer recogniser makes the days that were read stale; read again, they hold both versions and say in counts what changed."""

from __future__ import annotations

import sys
from datetime import datetime, timedelta

import dagster as dg
import pytest
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleCauseCategory, StaleStatus
from dagster._core.loader import LoadingContextForTest
from sqlalchemy import select

from alpr_assets.lifecycle.recognition.light import LightRecogniser
from alpr_assets.settings import settings
from alpr_assets.store import schema
from alpr_assets.store.engine import reading
from tests.defs.conftest import PLATES, Pipeline, yesterday
from tests.defs.rereading import CORRECTED, GAINED, newer

OLD, NEW = LightRecogniser.version.version_id, newer(None).version.version_id
READS = dg.AssetKey("plate_reads")


def defined(recogniser: str, monkeypatch: pytest.MonkeyPatch) -> dg.Definitions:
    """The definitions as a code server loads them that was started with this recogniser."""
    monkeypatch.setenv("ALPR_RECOGNISER", recogniser)
    settings.cache_clear()
    for name in [name for name in sys.modules if name.startswith(("alpr_assets.defs", "alpr_assets.definitions"))]:
        monkeypatch.delitem(sys.modules, name)
    from alpr_assets.definitions import defs  # noqa: PLC0415 - anew

    return defs


@pytest.fixture
def older(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> dg.Definitions:
    return defined("alpr_assets.lifecycle.recognition.light:LightFactory", monkeypatch)


def run(pipeline: Pipeline, defs: dg.Definitions, job: str, day: datetime | None = None) -> dg.ExecuteInProcessResult:
    result = defs.resolve_job_def(job).execute_in_process(
        partition_key=day and day.date().isoformat(), instance=pipeline.instance
    )
    assert result.success
    return result


def staleness(pipeline: Pipeline, defs: dg.Definitions, day: datetime, asset: str = "plate_reads") -> StaleStatus:
    """What the UI shows of one day."""
    return _resolver(pipeline, defs).get_status(dg.AssetKey(asset), day.date().isoformat())


def _resolver(pipeline: Pipeline, defs: dg.Definitions) -> CachingStaleStatusResolver:
    graph = defs.get_repository_def().asset_graph
    return CachingStaleStatusResolver(pipeline.instance, graph, LoadingContextForTest(pipeline.instance))


def metadata(result: dg.ExecuteInProcessResult) -> dict[str, object]:
    (event,) = [e for e in result.get_asset_materialization_events() if e.asset_key == READS]
    return {name: value.value for name, value in event.materialization.metadata.items()}


def rows(pipeline: Pipeline, table: object) -> list:
    with reading(pipeline.store.engine) as connection:
        return list(connection.execute(select(table).order_by(*table.primary_key.columns)))


@pytest.mark.clause("422.5")
def test_a_newer_recogniser_makes_days_stale_until_they_are_read_again(
    pipeline: Pipeline, older: dg.Definitions, monkeypatch: pytest.MonkeyPatch
) -> None:
    day, other = yesterday(), yesterday() - timedelta(days=3)
    for name, at, seed in (("a", day, 0), ("b", other, 50)):
        pipeline.bring(name, at, seed=seed)
    run(pipeline, older, "land_drop")
    for at in (day, other):
        first = run(pipeline, older, "process_day", at)
        assert not [name for name in metadata(first) if name.startswith("read again")]
        assert staleness(pipeline, older, at) == StaleStatus.FRESH

    later = defined("tests.defs.rereading:newer", monkeypatch)
    for at in (day, other):
        assert staleness(pipeline, later, at) == StaleStatus.STALE
        assert staleness(pipeline, later, at, "raw_captures") == StaleStatus.FRESH
        (cause,) = _resolver(pipeline, later).get_stale_causes(READS, at.date().isoformat())
        assert cause.category == StaleCauseCategory.CODE

    run(pipeline, later, "process_day", day)
    assert staleness(pipeline, later, day) == StaleStatus.FRESH
    assert staleness(pipeline, later, other) == StaleStatus.STALE


@pytest.mark.clause("422.5")
def test_a_day_read_again_keeps_what_was_read_and_counts_what_changed(
    pipeline: Pipeline, older: dg.Definitions, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = yesterday()
    pipeline.list_plates("7ABC123", GAINED)
    run(pipeline, older, "import_hotlists")
    pipeline.bring("a", day)
    run(pipeline, older, "land_drop")
    run(pipeline, older, "process_day", day)
    reads, hits = rows(pipeline, schema.read), rows(pipeline, schema.hit)
    assert [hit.version_id for hit in hits] == [OLD]

    result = run(pipeline, defined("tests.defs.rereading:newer", monkeypatch), "process_day", day)
    counted = {name: n for name, n in metadata(result).items() if name.startswith("read again")}
    assert counted == {
        "read again: captures": 3,
        "read again: reads unchanged": 1,
        "read again: reads changed": 1,
        "read again: changed by 1 character": 1,
        "read again: changed by 2 characters": 0,
        "read again: changed by 3 or more": 0,
        "read again: reads gained": 1,
        "read again: reads lost": 1,
    }
    assert metadata(result)["recogniser version"] == NEW
    assert rows(pipeline, schema.read)[: len(reads)] == reads
    assert sorted(read.plate for read in rows(pipeline, schema.read)[len(reads) :]) == [GAINED, CORRECTED, "8KLM456"]
    assert {capture.current_version for capture in rows(pipeline, schema.capture)} == {NEW}
    after = rows(pipeline, schema.hit)
    assert after[: len(hits)] == hits
    assert [(hit.plate, hit.version_id) for hit in after[len(hits) :]] == [(GAINED, NEW)]
    for entry in pipeline.instance.all_logs(result.run_id):
        assert not [plate for plate in (*PLATES, CORRECTED, GAINED) if plate in dg.serialize_value(entry)]


def test_the_code_version_is_the_recognisers(pipeline: Pipeline, older: dg.Definitions) -> None:
    specs = {spec.key: spec for spec in older.resolve_all_asset_specs()}
    assert specs[READS].code_version == OLD
