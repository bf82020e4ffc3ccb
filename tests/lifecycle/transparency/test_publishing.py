"""A month is counted once, its small counts hidden, and what is shown can be checked by anybody (422.2, 422.3.1(g))."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from sqlalchemy import Connection, insert
from sqlalchemy.exc import DBAPIError

from alpr_assets.access import governing, register
from alpr_assets.access.people import actor_of
from alpr_assets.access.record.exporting import snapshot
from alpr_assets.access.record.log import AccessRecord
from alpr_assets.access.record.places import place_of
from alpr_assets.access.record.verifying import Claim
from alpr_assets.access.roles import Role
from alpr_assets.errors import IllegalMoveError
from alpr_assets.lifecycle.transparency import pages, publishing, sections
from alpr_assets.lifecycle.transparency.months import Month, due
from alpr_assets.lifecycle.transparency.posted import RETAINED
from alpr_assets.lifecycle.transparency.report import MonthFigures
from alpr_assets.policy import Policy
from alpr_assets.store import schema
from alpr_assets.store.engine import Store, reading, writing
from alpr_assets.store.policies import published_month
from alpr_assets.store.purges import purge_certificate, purge_day, purge_plan
from tests.access.record.records import place_in
from tests.live import CASE, PURPOSE, STOLEN, Live, recorded_console
from tests.patrols import AT, Patrol, seen, watch
from tests.policies import adopted

JUNE = Month(date(2026, 6, 1))
LATER = datetime(2026, 7, 12, 12, tzinfo=UTC)


@pytest.fixture
def live(tmp_path: Path, policy: Policy) -> Iterator[Live]:
    with recorded_console(tmp_path, policy) as opened:
        yield opened


@contextmanager
def recorded(live: Live) -> Iterator[Connection]:
    place = place_of(live.console.services.settings)
    with snapshot(place.engine) as connection:
        yield connection
    place.engine.dispose()


def published(live: Live, month: Month = JUNE) -> MonthFigures:
    live.clock.now = LATER
    with recorded(live) as connection:
        return publishing.publish(live.console.services.office, connection, month, at=LATER)


def search(live: Live, n: int, purpose: str = PURPOSE) -> None:
    browser = live.console.browser(Role.ANALYST, navigates=False)
    browser.headers["authorization"] = f"Bearer {live.token()}"
    for _ in range(n):
        assert (
            browser.post(
                "/api/plate-history", json={"purpose": purpose, "case_number": CASE, "plate": STOLEN}
            ).status_code
            == 200
        )


def cell(month: MonthFigures, code: str, row: str, column: str = "") -> Any:
    (table,) = (table for table in month.tables if table.code == code)
    (found,) = (one for one in table.cells if (one.row, one.column) == (row, column))
    return found


@pytest.mark.clause("422.2")
def test_a_month_tells_what_was_done_and_hides_what_is_small(live: Live) -> None:
    search(live, 7)
    search(live, 3, "missing_person")
    month = published(live)
    figures = [
        cell(month, "searches", "Stolen vehicle", "Answered"),
        cell(month, "searches", "Missing person", "Answered"),
        cell(month, "searches", sections.COVERT, "Refused"),
        cell(month, "hits", "Stolen property recovery", "Neither of the two"),
        cell(month, "hits", sections.OTHER, "Neither of the two"),
    ]
    assert [(one.count, one.fewer_than) for one in figures] == [(7, None), (None, 5), (0, None), (10, None), (0, None)]
    pictures = cell(month, "captures", "Pictures taken by readers")
    assert (pictures.count, pictures.fewer_than, pictures.rounded_to) == (None, 100, 100)
    assert cell(month, "overdue", "Evidence holds whose review is overdue").count == 0
    assert month.is_sample
    titles = {purpose.title for purpose in live.console.services.policy.purposes}
    assert not {"Homeland security", "Electronic surveillance"} & {
        one.row for table in month.tables for one in table.cells
    }
    assert {one.row for one in month.tables[2].cells} <= titles | {sections.COVERT, sections.OTHER}


def test_a_month_is_counted_once_and_kept_as_it_was_shown(live: Live) -> None:
    first = published(live)
    search(live, 1)
    live.console.recorder.entries.clear()
    with pytest.raises(IllegalMoveError, match="never counted again"):
        published(live)
    engine = live.console.services.store.engine
    assert publishing.published(engine) == [first]
    for statement in (published_month.update().values(content="{}"), published_month.delete()):
        with pytest.raises(DBAPIError, match="never"), writing(engine) as connection:
            connection.execute(statement)
    told = [(one.action, one.outcome.value) for one in live.console.recorder.entries]
    assert told == [("publish_month", "refused")]


def test_a_month_is_due_when_it_is_over_for_some_days_and_not_before_the_system_began(live: Live) -> None:
    engine, policy = live.console.services.store.engine, live.console.services.policy
    with recorded(live) as connection:
        for day, expected in (
            (date(2026, 7, 10), []),
            (date(2026, 7, 11), ["2026-06"]),
            (date(2026, 8, 11), ["2026-06", "2026-07"]),
        ):
            at = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
            assert [month.name for month in publishing.due(engine, connection, policy, at)] == expected
    published(live)
    with recorded(live) as connection:
        assert publishing.due(engine, connection, policy, LATER) == []
    assert next(due(date(2020, 1, 1), date(2026, 3, 12), after_days=10)).name == "2025-03"


def test_months_are_the_departments_with_its_summer_time(policy: Policy) -> None:
    march = Month.of(date(2026, 3, 8))
    assert (march.since(policy.zone).hour, march.until(policy.zone).hour) == (8, 7)
    assert (march.next.name, march.before.name) == ("2026-04", "2026-02")


def test_the_head_of_a_month_verifies_and_covers_its_last_entry(live: Live) -> None:
    search(live, 1)
    for _ in range(150):  # so that its size says nothing about searches
        live.token()
    month = published(live)
    assert month.head is not None
    assert Claim(
        month.head.log_id, month.head.size, bytes.fromhex(month.head.root), month.head.at, month.head.key_id,
        bytes.fromhex(month.head.signature),
    ).is_signed_by(bytes.fromhex(month.head.public_key))  # fmt: skip
    assert month.head.size <= live.n_recorded()


def test_a_head_that_would_tell_how_many_searched_is_not_shown(live: Live) -> None:
    search(live, 1)
    assert published(live).head is None


def test_both_databases_count_alike(store: Store, policy: Policy, tmp_path: Path) -> None:
    patrol = Patrol(store, tmp_path / "drops", policy, AT + timedelta(hours=12))
    patrol.take(watch(STOLEN))
    patrol.read(*(seen(STOLEN, seconds=60 * i) for i in range(6)))
    patrol.match()
    place = place_in(tmp_path)
    with AccessRecord(place, clock=lambda: AT), snapshot(place.engine) as kept, reading(store.engine) as connection:
        month = publishing.figures(connection, kept, policy, JUNE, LATER.date())
    assert cell(month, "hits", "Stolen property recovery", "Neither of the two").count == 6
    assert cell(month, "captures", "Pictures taken by readers").fewer_than == 100
    assert [one.count for one in month.tables[-1].cells] == [0, 0, 0]


@pytest.mark.clause("422.3.1(g)")
def test_the_public_files_hold_the_policy_and_the_figures_and_no_plate_or_member(live: Live, tmp_path: Path) -> None:
    search(live, 3)
    month = published(live)
    services = live.console.services
    office = replace(services.office, policy=adopted(tmp_path))
    commander = live.console.member(Role.COMMANDER)
    governing.put_in_force(
        office,
        posted_on=date(2026, 7, 1),
        posted_where="https://police.example/alpr",
        by=actor(live, commander),
        at=LATER,
    )
    made = pages.files(services.store.engine, office.policy, LATER)
    assert set(made) == {
        "index.html",
        "policy.html",
        "transparency.json",
        "transparency.schema.json",
        "public.css",
        "policy-1.yaml",
    }
    report = json.loads(made["transparency.json"])
    jsonschema.Draft202012Validator.check_schema(json.loads(made["transparency.schema.json"]))
    jsonschema.validate(report, json.loads(made["transparency.schema.json"]))
    assert report["months"] == [json.loads(month.model_dump_json())]
    assert report["versions"][0]["sha256"] == office.policy.sha256
    assert made["policy-1.yaml"].decode() == office.policy.text
    everything = b"".join(made.values()).decode()
    assert STOLEN not in everything
    assert "Pat " not in everything
    assert "fewer than 5" in made["index.html"].decode()
    assert "police.example/alpr" in made["policy.html"].decode()
    folder = tmp_path / "public"
    assert (pages.write(folder, made), pages.write(folder, made)) == (len(made), 0)
    assert {path.name for path in folder.iterdir()} == set(made)
    assert (folder / "index.html").stat().st_mode & 0o777 == 0o644


def test_a_reports_schema_refuses_a_figure_that_is_both_shown_and_hidden(live: Live) -> None:
    told = published(live).model_dump(mode="json")
    told["tables"][0]["cells"][0] |= {"count": 3, "fewer_than": 5}
    with pytest.raises(ValueError, match="shown, or hidden"):
        MonthFigures.model_validate(told)


def test_every_class_of_data_has_a_name_for_the_public(policy: Policy) -> None:
    assert set(RETAINED) == set(policy.retention)


def test_what_a_purge_destroyed_stands_with_its_certificate(live: Live) -> None:
    at = datetime(2026, 6, 20, tzinfo=UTC)
    plan = {
        "plan_id": 4, "made_at": at, "member_id": 1, "judged_on": at.date(), "stale_at": at + timedelta(days=9), "digest": "0" * 64,
        "n_captures": 0, "resolution": "r", "consent": "c", "resolution_on": date(2026, 5, 20), "consent_on": date(2026, 6, 12), "status": "planned", "n_decisions": 1,
    }  # fmt: skip
    with writing(live.console.services.store.engine) as connection:
        connection.execute(insert(purge_plan), plan)
        connection.execute(
            insert(purge_day),
            {
                "plan_id": 4, "day": date(2025, 6, 1), "n_planned": 1_234, "manifest": b"", "digest": "0" * 64, "destroyed_at": at,
                "n_destroyed": 1_234, "n_kept": 0, "n_gone": 0, "verified_at": at,
            },
        )  # fmt: skip
        connection.execute(
            insert(purge_certificate), {"plan_id": 4, "content": "{}", "sha256": "ab" * 32, "issued_at": at}
        )
        connection.execute(schema.capture_day.update().values(n_captures=123_456))
    month = published(live)
    purged = cell(month, "purges", "Purge 4: pictures destroyed")
    assert (purged.count, purged.reference) == (1_200, "ab" * 32)
    assert cell(month, "captures", "Pictures taken by readers").count == 123_400


def actor(live: Live, member_id: int) -> Any:
    return actor_of(register.member(live.console.services.store.engine, member_id))
