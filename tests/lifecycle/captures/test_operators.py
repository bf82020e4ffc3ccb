"""Who operated a unit: pictures land whatever he was trained for, and say so (422.4(d))."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select, update

from alpr_assets.lifecycle.captures.ciphers import DropKeys
from alpr_assets.lifecycle.captures.landing import land_drop
from alpr_assets.policy import Policy
from alpr_assets.store import people, schema
from alpr_assets.store.engine import Store, reading, writing
from tests.access.people import a_member, office_of
from tests.builders import drop, jpeg, line
from tests.patrols import AT
from tests.people import NOW

ON = date(2026, 6, 14)  # the department's date of AT, 04:00 UTC on the 15th


@pytest.fixture
def land(store: Store, tmp_path: Path, policy: Policy):
    """Flags of one picture of a registered unit, landed under an operator's name."""
    with writing(store.engine) as connection:
        connection.execute(
            insert(schema.device).values(device_id="unit-12-front", kind="mobile", name="12", registered_at=NOW)
        )

    def landed(operator: str | None, kind: str = "mobile") -> list[str]:
        recipient = DropKeys.of(store).recipient()
        lines = [line("a.jpg", AT, kind=kind)]
        folder = drop(tmp_path / "drop", {"a.jpg": jpeg(1)}, lines, operator=operator, recipient=recipient)
        land_drop(store, folder, policy=policy, now=NOW)
        with reading(store.engine) as connection:
            (flags,) = connection.scalars(select(schema.capture.c.flags))
        return flags

    return landed


@pytest.fixture
def trained(store: Store, tmp_path: Path, policy: Policy):
    """Put an operator into the register whose training holds from a date to a date."""

    def put(begin: date, end: date, **more: object) -> str:
        member = a_member(office_of(store, policy, tmp_path), user_name="kim", at=NOW)
        values = {
            "member_id": member.member_id, "course": "x", "completed_on": begin, "expires_on": end, "recorded_at": NOW,
            "recorded_by": member.member_id, "approved_at": NOW, "approved_by": member.member_id, **more,
        }  # fmt: skip
        with writing(store.engine) as connection:
            this = people.member_training.c.member_id == member.member_id
            connection.execute(update(people.member_training).where(this).values(withdrawn_at=NOW))
            connection.execute(insert(people.member_training).values(values))
        return "kim"

    return put


@pytest.mark.clause("422.4(d)")
def test_a_trained_operators_pictures_land_without_a_flag(land, trained):
    assert land(trained(ON, ON)) == []


@pytest.mark.clause("422.4(d)")
@pytest.mark.parametrize(
    ("begin", "end", "more"),
    [
        (ON + timedelta(days=1), ON + timedelta(days=365), {}),
        (ON - timedelta(days=365), ON - timedelta(days=1), {}),
        (ON, ON, {"approved_at": None}),
        (ON, ON, {"withdrawn_at": NOW}),
    ],
    ids=["trained since", "ended", "not approved", "withdrawn"],
)
def test_an_untrained_operators_pictures_land_flagged(land, trained, begin, end, more):
    assert land(trained(begin, end, **more)) == ["untrained_operator"]


def test_a_name_that_is_no_members_is_no_trained_operator(land):
    assert land("nobody") == ["untrained_operator"]


def test_a_mobile_unit_without_an_operator_is_flagged(land):
    assert land(None) == ["unnamed_operator"]


def test_a_fixed_camera_needs_no_operator(land):
    assert land(None, kind="fixed") == []
