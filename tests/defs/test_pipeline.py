"""The wiring: sensors decide, runs do it once, checks hold bad data back, and nothing that Dagster keeps holds a plate."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
from sqlalchemy import func, select

from alpr_assets.policy import Policy
from alpr_assets.store import schema
from alpr_assets.store.engine import reading, writing
from tests.defs.conftest import PLATES, Pipeline, yesterday
from tests.lifecycle.watches.department import Department, wanted


def evaluations(result: dg.ExecuteInProcessResult) -> dict[str, bool]:
    return {e.check_name: e.passed for e in result.get_asset_check_evaluations()}


def day_runs(pipeline: Pipeline) -> list[dg.RunRequest]:
    return [request for request in pipeline.tick("landing").run_requests or [] if request.job_name == "process_day"]


def follow(pipeline: Pipeline) -> list[str]:
    """Do what the landing sensor asks until it asks for nothing; returns the days that were run, in order."""
    days = []
    for _ in range(10):
        requests = pipeline.tick("landing").run_requests
        if not requests:
            return days
        for request in requests:
            assert request.job_name
            pipeline.run(request.job_name, request.partition_key, dict(request.tags))
            days += [request.partition_key] if request.partition_key else []
    pytest.fail("the sensor never comes to rest")


def test_a_drop_becomes_hits_in_its_own_day(pipeline: Pipeline) -> None:
    at = yesterday()
    pipeline.list_plates("7ABC123", "8KLM45B")
    assert pipeline.run("import_hotlists").success
    pipeline.bring("a", at)
    assert follow(pipeline) == [at.date().isoformat()]
    with reading(pipeline.store.engine) as connection:
        kinds = set(connection.scalars(select(schema.hit.c.match_kind)))
        assert connection.scalar(select(func.count()).select_from(schema.read)) == 3
    assert kinds == {"exact", "edit1"}


@pytest.mark.clause("422.2")
def test_without_a_policy_in_force_days_wait_and_a_run_by_hand_is_refused(pipeline: Pipeline) -> None:
    at = yesterday()
    pipeline.bring("a", at)
    now_in_force = pipeline.policy_file.read_text()
    pipeline.use_policy(now_in_force.replace("to_on: null", "to_on: 2026-01-01"))
    pipeline.run("land_drop")
    assert "captures land sealed" in str(pipeline.tick("landing").skip_reason)
    assert not pipeline.run("process_day", at.date().isoformat()).success
    with reading(pipeline.store.engine) as connection:
        counts = [connection.scalar(select(func.count()).select_from(t)) for t in (schema.capture, schema.read)]
    assert counts == [3, 0]
    pipeline.use_policy(now_in_force)
    assert follow(pipeline) == [at.date().isoformat()]


@pytest.mark.clause("422.4(c)")
def test_a_partial_plate_that_is_watched_raises_a_hit(pipeline: Pipeline, policy: Policy) -> None:
    department = Department.of(pipeline.store, policy, pipeline.folder)
    department.now = datetime.now(UTC)
    owner = department.member()
    department.place(owner, wanted("8KL?45*", expires_at=department.now + timedelta(days=5)))
    at = yesterday()
    pipeline.bring("a", at)
    follow(pipeline)
    with reading(pipeline.store.engine) as connection:
        (hit,) = connection.execute(select(schema.hit)).all()
    assert (hit.match_kind, hit.plate, hit.watch_id is not None) == ("partial", "8KL?45*", True)
    event = pipeline.instance.get_latest_materialization_event(dg.AssetKey("hotlist_matches"))
    said = event.asset_materialization.metadata
    assert (said["hits raised in this run"].value, said["dagster/row_count"].value) == (0, 0)
    assert not [name for name in said if "watch" in name], "a number of watches' hits would tell of a covert one"
    evaluations = pipeline.instance.get_latest_asset_check_evaluation_record
    check = evaluations(dg.AssetCheckKey(dg.AssetKey("hotlist_matches"), "watch_hits_are_sound"))
    assert check
    evaluation = check.event.dagster_event.event_specific_data
    assert (evaluation.passed, evaluation.metadata) == (True, {})


def test_a_late_drop_is_worked_on_in_its_own_partition_only(pipeline: Pipeline) -> None:
    at = yesterday()
    pipeline.bring("a", at)
    follow(pipeline)
    late = at - timedelta(days=200)
    pipeline.bring("b", late, seed=100)
    assert follow(pipeline) == [late.date().isoformat()]


def test_a_day_that_grows_is_run_again_and_a_day_at_rest_is_not(pipeline: Pipeline) -> None:
    at = yesterday()
    pipeline.bring("a", at)
    assert follow(pipeline) == [at.date().isoformat()]
    pipeline.bring("b", at + timedelta(hours=1), seed=50)
    assert follow(pipeline) == [at.date().isoformat()]
    assert pipeline.tick("landing").run_requests == []


def test_the_run_key_names_the_day_its_manifests_and_the_attempt(pipeline: Pipeline) -> None:
    at = yesterday()
    pipeline.bring("a", at)
    pipeline.run("land_drop")
    (first,) = day_runs(pipeline)
    (again,) = day_runs(pipeline)
    assert first.run_key == again.run_key
    assert first.run_key
    assert first.run_key.startswith(at.date().isoformat())
    pipeline.bring("b", at, seed=50)
    pipeline.run("land_drop")
    (grown,) = day_runs(pipeline)
    assert grown.run_key != first.run_key


def test_a_failing_day_is_tried_as_often_as_the_policy_says_and_then_left_to_a_person(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.bring("a", yesterday())
    pipeline.run("land_drop")
    with reading(pipeline.store.engine) as connection:
        row = connection.execute(select(schema.capture).limit(1)).one()
    pipeline.store.images.path(row.day, row.image_sha256).unlink()
    for attempt in range(3):
        (request,) = day_runs(pipeline)
        assert request.run_key
        assert request.run_key.endswith(f":{attempt}")
        assert not pipeline.run("process_day", request.partition_key, dict(request.tags)).success
    assert day_runs(pipeline) == []


def test_a_lost_image_holds_the_day_back_from_recognition(pipeline: Pipeline) -> None:
    at = yesterday()
    pipeline.bring("a", at)
    pipeline.run("land_drop")
    with reading(pipeline.store.engine) as connection:
        row = connection.execute(select(schema.capture).limit(1)).one()
    pipeline.store.images.path(row.day, row.image_sha256).unlink()
    result = pipeline.run("process_day", at.date().isoformat())
    assert evaluations(result)["every_capture_has_its_image"] is False
    assert "plate_reads" not in {key.to_user_string() for key in materialised(result)}


def test_a_capture_that_breaks_its_promises_holds_the_day_back(pipeline: Pipeline) -> None:
    at = yesterday()
    pipeline.bring("a", at)
    pipeline.run("land_drop")
    with writing(pipeline.store.engine) as connection:
        connection.execute(schema.capture.update().values(width_px=0))
    result = pipeline.run("process_day", at.date().isoformat())
    assert evaluations(result)["captures_are_sound"] is False
    assert "plate_reads" not in {key.to_user_string() for key in materialised(result)}


def materialised(result: dg.ExecuteInProcessResult) -> set[dg.AssetKey]:
    return {event.asset_key for event in result.get_asset_materialization_events() if event.asset_key}


def test_a_new_list_rematches_the_past_in_one_run_with_one_check_result_a_day(pipeline: Pipeline) -> None:
    at = yesterday()
    pipeline.bring("a", at)
    follow(pipeline)
    pipeline.list_plates("7ABC123")
    (wanted,) = pipeline.tick("hotlist_files").run_requests or []
    assert wanted.job_name == "import_hotlists"
    pipeline.run("import_hotlists", tags=dict(wanted.tags))
    (wanted,) = pipeline.tick("hotlist_files").run_requests or []
    assert wanted.job_name == "rematch"
    result = pipeline.run("rematch", tags=dict(wanted.tags))
    assert result.success
    by_day = {e.partition: e.passed for e in result.get_asset_check_evaluations() if e.partition}
    assert len(by_day) == 31
    assert all(by_day.values())
    assert {event.partition for event in result.get_asset_materialization_events()} == set(by_day)
    with reading(pipeline.store.engine) as connection:
        assert list(connection.scalars(select(schema.hit.c.day))) == [at.date()]
    assert pipeline.tick("hotlist_files").run_requests == []


def test_a_refused_list_fails_its_check_and_stays_in_the_folder(pipeline: Pipeline) -> None:
    (pipeline.folder / "hotlists" / "svs.tbl").write_bytes(b"DATE01/01/2026 00:00\nABC123 CA0120180627\n")
    result = pipeline.run("import_hotlists")
    assert evaluations(result)["every_file_was_accepted"] is False
    assert (pipeline.folder / "hotlists" / "svs.tbl").exists()
    assert pipeline.tick("hotlist_files").run_requests == []


def test_a_refused_drop_fails_its_run_and_does_not_hold_up_the_others(pipeline: Pipeline) -> None:
    bad = pipeline.folder / "drops" / "bad"
    bad.mkdir()
    (bad / "manifest.json").write_text("{}")
    pipeline.bring("good", yesterday())
    assert not pipeline.run("land_drop").success
    with reading(pipeline.store.engine) as connection:
        assert connection.scalar(select(func.count()).select_from(schema.capture)) == 3
    assert all(request.job_name == "process_day" for request in pipeline.tick("landing").run_requests or [])


def test_nothing_that_dagster_keeps_holds_a_plate(pipeline: Pipeline) -> None:
    at = yesterday()
    pipeline.list_plates("7ABC123")
    results = [pipeline.run("import_hotlists")]
    pipeline.bring("a", at)
    pipeline.run("land_drop")
    results.append(pipeline.run("process_day", at.date().isoformat()))
    for result in results:
        for entry in pipeline.instance.all_logs(result.run_id):
            text = dg.serialize_value(entry)
            assert not [plate for plate in PLATES if plate in text], entry.message
