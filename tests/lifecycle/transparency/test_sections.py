"""Sections that count what others build: an audit that is signed off stands on the public's page, without anybody's name."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from alpr_assets.access.audits import listing
from alpr_assets.access.roles import Role
from alpr_assets.lifecycle.transparency.cells import Cell
from alpr_assets.lifecycle.transparency.months import Month
from alpr_assets.lifecycle.transparency.sections import Sources, audits
from alpr_assets.store.engine import reading
from tests.access.audits.acts import NOW, department


@pytest.mark.clause("422.6(c)")
def test_a_signed_audit_is_told_and_few_findings_are_not(sqlite_store, policy, tmp_path):
    agency = department(sqlite_store, tmp_path, policy, "")
    member = agency.who(Role.OFFICER)
    agency.now = NOW - timedelta(days=7)
    for n in range(4):
        agency.look(member, agency.now + timedelta(minutes=n))
    agency.now = NOW

    def told():
        with reading(agency.engine) as connection:
            of = Sources(
                connection=connection, record=connection, policy=policy, month=Month.of(NOW.date()), on=date(2026, 7, 15)
            )  # fmt: skip
            return list(audits(of))

    assert [one.count for one in told()] == [0, 0, 0]
    audit_id = agency.drawn()
    with reading(agency.engine) as connection:
        items = [one["record_id"] for one in listing.told(connection, audit_id)["items"]]
    for record_id in items:
        agency.judge(audit_id, record_id)
    agency.find(audit_id, items[0])
    agency.sign(audit_id)
    signed, looked_at, found = told()
    assert (signed.count, looked_at.count) == (1, len(items))
    assert found == Cell(row="Findings", count=None, fewer_than=policy.transparency.small_cell)
    agency.record.close()
    agency.place.engine.dispose()
