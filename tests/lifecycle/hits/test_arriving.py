"""What came since a member last looked: of what he may see, and of nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from alpr_assets.access.people import Source
from alpr_assets.access.roles import Role
from alpr_assets.lifecycle.hits.arriving import Mark, mark, n_since
from alpr_assets.store import schema
from alpr_assets.store.engine import reading, writing
from tests.lifecycle.hits.conftest import raised
from tests.patrols import Patrol, seen, watch
from tests.people import member


def counted(patrol: Patrol, who, since: Mark) -> int:
    with reading(patrol.store.engine) as connection:
        return n_since(connection, who, since)


def marked(patrol: Patrol, who) -> Mark:
    with reading(patrol.store.engine) as connection:
        return mark(connection, who)


def change(patrol: Patrol, **values) -> None:
    with writing(patrol.store.engine) as connection:
        connection.execute(update(schema.hit).values(**values))


def test_a_hit_is_new_until_he_looks_again(patrol: Patrol):
    who = member(Role.OFFICER)
    before = marked(patrol, who)
    raised(patrol)
    assert counted(patrol, who, before) == 1
    assert counted(patrol, who, marked(patrol, who)) == 0
    patrol.take(watch("8XYZ999"), "more.csv")
    patrol.read(seen("8XYZ999", seconds=60))
    patrol.match()
    assert counted(patrol, who, before) == 2


@pytest.mark.clause("422.4(e)")
@pytest.mark.parametrize(
    ("sources", "changes", "n"),
    [
        ({Source.STATE}, {}, 0), ({Source.DEPARTMENT}, {}, 1), (set(Source), {"restricted": True}, 1),
        ({Source.DEPARTMENT}, {"restricted": True}, 0), (set(Source), {"alerted": False}, 0),
    ],
    ids=["other source", "his source", "restricted, and he may", "restricted", "held back"],
)  # fmt: skip
def test_only_what_he_may_see_and_what_alerts_is_counted(alone: Patrol, sources, changes, n: int):
    raised(alone)
    if changes:
        change(alone, **changes)
    assert counted(alone, member(Role.OFFICER, sources=frozenset(sources)), Mark(0, 0)) == n


def test_what_committed_late_with_an_earlier_id_is_counted_still(alone: Patrol):
    """Ids are taken before the commit: one below the newest may come into sight after it."""
    who = member(Role.OFFICER)
    raised(alone)
    change(alone, hit_id=900)
    before = marked(alone, who)
    alone.now += timedelta(minutes=1)
    alone.take(watch("8XYZ999"), "more.csv")
    alone.read(seen("8XYZ999", seconds=60))
    alone.match()
    with writing(alone.store.engine) as connection:
        connection.execute(update(schema.hit).where(schema.hit.c.plate == "8XYZ999").values(hit_id=899))
    assert counted(alone, who, before) == 1


def test_a_purge_makes_it_no_less_than_none(alone: Patrol):
    assert counted(alone, member(Role.OFFICER), Mark(0, 5)) == 0
