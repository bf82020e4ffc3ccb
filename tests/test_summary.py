"""The table at the end of a run: what a person reads in it is what is stored."""

from __future__ import annotations

import io
from datetime import datetime
from pathlib import Path

import pytest
from rich.console import Console
from sqlalchemy import select

from alpr_assets import summary
from alpr_assets.policy import Policy
from alpr_assets.store import schema
from alpr_assets.store.engine import Store, reading
from tests.patrols import Patrol, seen, watch


@pytest.fixture
def patrol(store: Store, tmp_path: Path, policy: Policy, now: datetime) -> Patrol:
    return Patrol(store, tmp_path, policy, now)


def shown(patrol: Patrol, *, with_plates: bool = False) -> list[str]:
    """The summary's lines, each with one space between words."""
    with reading(patrol.store.engine) as connection:
        drop_ids = list(connection.scalars(select(schema.drop.c.drop_id)))
    console = Console(record=True, width=120, file=io.StringIO())
    summary.show(console, patrol.store, drop_ids=drop_ids, lists=[], labels={}, with_plates=with_plates)
    return [" ".join(line.replace("│", " ").split()) for line in console.export_text().splitlines()]


@pytest.mark.clause("422.4(f)")
def test_hits_from_unsure_reads_are_shown_as_unsure(patrol: Patrol) -> None:
    patrol.take(watch("7ABC123", "8XYZ999"))
    patrol.read(
        seen({"plate": "7ABC123", "confidence": 0.95}),
        seen({"plate": "7ABC123", "confidence": 0.41}, seconds=300),
        seen({"plate": "8XYZ99", "confidence": 0.97}, seconds=600),
    )
    patrol.match()
    lines = shown(patrol, with_plates=True)
    assert "exact 2 (1 unsure)" in lines
    assert "one character differs: possible 1" in lines
    assert "7ABC123 7ABC123 exact stolen property recovery 0.41 unsure" in lines
    assert "7ABC123 7ABC123 exact stolen property recovery 0.95" in lines
    assert lines[lines.index("plates read 3") :][:3] == ["plates read 3", "distinct 2", "unsure 1"]


def test_plates_are_shown_only_where_they_were_generated(patrol: Patrol) -> None:
    patrol.take(watch("7ABC123"))
    patrol.read(seen("7ABC123"))
    patrol.match()
    assert not any("7ABC123" in line for line in shown(patrol))
