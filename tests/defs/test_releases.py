"""What other agencies got, in counts; a package that holds more than was approved fails its check."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select

from alpr_assets.defs import releases
from alpr_assets.lifecycle.releases.agencies import AgencyKind
from alpr_assets.policy import policy
from alpr_assets.store import schema
from alpr_assets.store.engine import writing
from alpr_assets.store.evidence import evidence_item, evidence_package
from tests.defs.conftest import Pipeline
from tests.lifecycle.releases.desks import DAY, NOON, NOW, Pass, ReleaseDesk


def looked_at(pipeline: Pipeline):
    result = pipeline.run("look_at_releases")
    assert result.success
    (event,) = result.get_asset_materialization_events()
    checks = {one.check_name: one for one in result.get_asset_check_evaluations()}
    return event.step_materialization_data.materialization.metadata, checks


@pytest.mark.clause("422.7")
def test_what_left_is_counted_and_what_left_unapproved_is_found(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, checks = looked_at(pipeline)
    assert told["by phone, without their letter"].value == 0
    assert all(one.passed for one in checks.values())
    desk = ReleaseDesk(pipeline.store, policy(), pipeline.folder)
    desk.put(Pass("7ABC123", NOON), Pass("8XYZ111", NOON))
    desk.designate()
    number = desk.agency()
    first = desk.enter(number)
    desk.approve(first.release_id)
    desk.fulfil(first.release_id).spool.close()
    desk.exigent(number)
    desk.enter(desk.agency("City Library", AgencyKind.OTHER_PUBLIC, ori=""))
    later = [NOW]
    monkeypatch.setattr(releases, "now", lambda: later[0])
    told, checks = looked_at(pipeline)
    assert "law enforcement | 1" in told["fulfilled, by kind of agency"].value
    assert all(one.passed for one in checks.values())
    assert "7ABC123" not in str(told)
    later[0] = datetime(2027, 7, 3, tzinfo=UTC) + timedelta(hours=1)
    told, checks = looked_at(pipeline)
    names = (
        "by phone, without their letter",
        "in the records process, not answered in time",
        "not confirmed to be destroyed",
    )
    assert [told[name].value for name in names] == [1, 1, 1]
    assert not checks[releases.IN_TIME].passed
    assert checks[releases.WITHIN].passed
    with writing(pipeline.store.engine) as connection:
        package_id = connection.scalar(select(evidence_package.c.package_id))
        more = {"package_id": package_id, "day": DAY, "capture_id": schema.numbered(DAY, 2)}
        connection.execute(insert(evidence_item), more)
    _, checks = looked_at(pipeline)
    assert not checks[releases.WITHIN].passed
    assert checks[releases.WITHIN].metadata["captures outside"].value == 1
