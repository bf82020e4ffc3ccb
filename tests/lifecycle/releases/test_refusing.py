"""Who gets nothing, and what no request may say: refused in code and by the database, with no override (422.7, Civ. Code 1798.90.55)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.exc import DBAPIError

from alpr_assets.access.record.entries import Outcome
from alpr_assets.access.roles import Action
from alpr_assets.errors import AccessRefusedError, IllegalMoveError, MalformedError, NotFoundError
from alpr_assets.lifecycle.releases import agencies, agreements, reviewing
from alpr_assets.lifecycle.releases.agencies import AgencyKind, Jurisdiction
from alpr_assets.store.engine import reading, writing
from alpr_assets.store.releases import agency, release, release_decision
from tests.lifecycle.releases.desks import LETTER, NOW, OUTSIDE, YES, scope


def rows(desk):
    with reading(desk.store.engine) as connection:
        return connection.execute(select(release)).all()


@pytest.mark.clause("422.7")
@pytest.mark.parametrize("verified", [True, False])
@pytest.mark.parametrize(("name", "kind", "jurisdiction", "state"), OUTSIDE)
def test_whoever_is_no_california_public_agency_is_refused_by_every_way_in(
    one_desk, name, kind, jurisdiction, state, verified
):
    desk = one_desk
    desk.designate()
    number = desk.agency(name, kind, jurisdiction, state, ori="", verified=verified)
    ways = (
        lambda: desk.enter(number), lambda: desk.exigent(number), lambda: desk.order(number, by=desk.custodian),
        lambda: desk.enter(number, by=desk.commander), lambda: desk.order(number, by=desk.attorney),
    )  # fmt: skip
    for way in ways:
        with pytest.raises(AccessRefusedError, match="California public agencies only") as refused:
            way()
        assert refused.value.codes == ("outside_agency", jurisdiction.value)
        last = desk.recorder.entries[-1]
        assert (last.outcome, last.reasons) == (Outcome.REFUSED, ("outside_agency", jurisdiction.value))
    assert rows(desk) == []


@pytest.mark.clause("422.7")
def test_the_database_takes_no_request_of_an_outside_agency_either(desk):
    """Whatever code may be written one day."""
    federal = desk.agency("FBI", AgencyKind.LAW_ENFORCEMENT, Jurisdiction.FEDERAL, "", ori="")
    good = desk.agency()
    entered = desk.enter(good)
    with reading(desk.store.engine) as connection:
        row = dict(connection.execute(select(release)).mappings().one())
    for changes in ({"agency_id": federal}, {"status": "approved", "approved_scope": row["scope"]}):
        copy = {**row, **changes, "release_id": None}
        copy.pop("release_id")
        with pytest.raises(DBAPIError), writing(desk.store.engine) as connection:
            connection.execute(insert(release), copy)
    this = release.c.release_id == entered.release_id
    for values in (
        {"agency_id": federal}, {"scope": {}}, {"status": "fulfilled", "approved_scope": row["scope"]},
        {"status": "approved", "approved_scope": row["scope"]},
    ):  # fmt: skip
        with pytest.raises(DBAPIError), writing(desk.store.engine) as connection:
            connection.execute(update(release).where(this).values(values))
    for table in (release, release_decision, agency):
        with pytest.raises(DBAPIError), writing(desk.store.engine) as connection:
            connection.execute(table.delete())
    with pytest.raises(DBAPIError), writing(desk.store.engine) as connection:
        connection.execute(
            update(agency).where(agency.c.agency_id == federal).values(jurisdiction="california", state="ca")
        )
    own = {
        "release_id": entered.release_id, "seq": 2, "kind": "approved", "capacity": "commander", "decided_at": NOW, "member_id": row["member_id"],
        "reason": "mine", "answers": {},
    }  # fmt: skip
    with pytest.raises(DBAPIError), writing(desk.store.engine) as connection:
        connection.execute(insert(release_decision), own)


@pytest.mark.clause("422.7")
@pytest.mark.parametrize(
    "words",
    [
        "immigration enforcement", "Immigrant's whereabouts", "deportation order", "who was at the abortion clinic", "reproductive care",
        "gender-affirming  care",
    ],
)  # fmt: skip
def test_wording_of_what_the_law_refuses_is_refused(one_desk, words):
    desk = one_desk
    desk.designate()
    number = desk.agency()
    for way in (desk.enter, desk.exigent):
        with pytest.raises(AccessRefusedError) as refused:
            way(number, asked_for=words)
        assert refused.value.codes == ("refused_purpose",)
    assert rows(desk) == []
    entered = desk.enter(number)
    with pytest.raises(AccessRefusedError, match="no data is released"):
        desk.approve(entered.release_id, answers={**YES, "purpose": words})


def test_an_agency_that_nobody_verified_or_that_is_retired_asks_in_vain(one_desk):
    desk = one_desk
    number = desk.agency(verified=False)
    with pytest.raises(IllegalMoveError, match="not verified"):
        desk.enter(number)
    with pytest.raises(NotFoundError):
        desk.enter(99)
    with pytest.raises(AccessRefusedError, match="does not verify"):
        desk.do(Action.KEEP_AGENCIES, desk.custodian, agencies.verify, number, reason="myself")
    desk.do(Action.KEEP_AGENCIES, desk.commander, agencies.verify, number, reason="called back")
    with pytest.raises(IllegalMoveError, match="nothing waits"):
        desk.do(Action.KEEP_AGENCIES, desk.commander, agencies.verify, number, reason="once more")
    desk.enter(number)
    with pytest.raises(IllegalMoveError, match="is there already"):
        desk.agency("the same ORI")
    desk.do(Action.KEEP_AGENCIES, desk.commander, agencies.retire, number, reason="merged with the county")
    with pytest.raises(IllegalMoveError, match="retired"):
        desk.enter(number)
    assert desk.agency("the county") != number


def test_another_key_counts_once_another_person_verified_it(one_desk):
    desk = one_desk
    number = desk.agency(key=False)
    with pytest.raises(MalformedError, match="age public key"):
        desk.do(Action.KEEP_AGENCIES, desk.custodian, agencies.propose_key, number, "age1nonsense", reason="by mail")
    from tests.lifecycle.releases.desks import KEY  # noqa: PLC0415

    key = str(KEY.to_public())
    desk.do(Action.KEEP_AGENCIES, desk.commander, agencies.propose_key, number, key, reason="by mail")
    with pytest.raises(AccessRefusedError, match="does not verify"):
        desk.do(Action.KEEP_AGENCIES, desk.commander, agencies.verify, number, reason="myself")
    desk.do(Action.KEEP_AGENCIES, desk.custodian, agencies.verify, number, reason="read out on the phone")
    with reading(desk.store.engine) as connection:
        row = connection.execute(select(agency)).one()
    assert (row.recipient, row.recipient_proposed) == (key, "")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"person": " "}, "text"), ({"statute": ""}, "text"), ({"asked_for": "x"}, "text"),
        ({"wanted": scope("")}, "scope"), ({"wanted": scope(since=None)}, "scope"), ({"wanted": scope(until=None)}, "scope"),
        ({"wanted": scope(until=NOW + timedelta(days=1))}, "scope"), ({"wanted": scope("7*")}, "pattern_wide"),
        ({"letter": replace(LETTER, content=b"<html>")}, "letter"), ({"came_at": NOW + timedelta(hours=1)}, "came"),
    ],
)  # fmt: skip
def test_what_a_request_lacks_is_named(one_desk, changes, code):
    desk = one_desk
    with pytest.raises(MalformedError) as wrong:
        desk.enter(desk.agency(), **changes)
    assert wrong.value.code == code
    assert rows(desk) == []


@pytest.mark.clause("422.7")
def test_an_agreement_that_is_expired_or_covers_less_is_refused(one_desk):
    desk = one_desk
    desk.designate()
    number, other = desk.agency(), desk.agency("Richmond PD", ori="CA0070900")
    good = desk.agreement(number)
    expired = desk.agreement(number, to_on=NOW.date() - timedelta(days=1))
    for agreement_id in (expired, desk.agreement(other), 99):
        with pytest.raises(IllegalMoveError):
            desk.enter(number, agreement_id=agreement_id)
    with pytest.raises(IllegalMoveError, match="does not cover"):
        desk.enter(number, scope("7A?C*"), agreement_id=good)
    entered = desk.enter(number, agreement_id=good)
    desk.do(Action.KEEP_AGENCIES, desk.custodian, agreements.end, good, to_on=NOW.date() - timedelta(days=1))
    with pytest.raises(IllegalMoveError, match="not in force"):
        desk.approve(entered.release_id)
    desk.do(
        Action.REVIEW_RELEASE, desk.commander, reviewing.deny, entered.release_id, reason="expired", policy=desk.policy
    )
