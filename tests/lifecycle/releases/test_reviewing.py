"""From a letter to a decision: who reviews, what he answers, how much may go; orders by two, exigent ones completed in writing (422.7)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpr_assets.access.roles import Action
from alpr_assets.errors import AccessRefusedError, IllegalMoveError, MalformedError, NotFoundError
from alpr_assets.lifecycle.releases import letters, listing, reviewing
from alpr_assets.lifecycle.releases.agencies import AgencyKind
from alpr_assets.lifecycle.releases.points import Point
from alpr_assets.lifecycle.releases.scopes import Scope
from alpr_assets.lifecycle.watches.areas import Circle
from tests.lifecycle.releases.desks import LETTER, NOON, NOW, SINCE, UNTIL, YES, scope


@pytest.mark.clause("422.7")
@pytest.mark.clause("422.7(a)")
def test_a_letter_is_entered_reviewed_by_another_and_kept(desk):
    desk.designate()
    entered = desk.enter(desk.agency())
    assert (entered.is_routed, entered.due_at) == (False, None)
    desk.approve(entered.release_id, answers=YES)
    found = desk.of(entered.release_id)
    assert (found["status"], found["overdue"]) == ("approved", False)
    assert [(one["kind"], one["capacity"]) for one in found["decisions"]] == [
        ("asked", None),
        ("approved", "commander"),
    ]
    assert found["decisions"][-1]["answers"] == YES
    (letter,) = found["letters"]
    opened = desk.see(
        desk.attorney, letters.opened, received=desk.store.received, release_id=entered.release_id, letter_id=letter["letter_id"]
    )  # fmt: skip
    assert (opened.content, opened.ending) == (LETTER.content, "pdf")
    with pytest.raises(IllegalMoveError, match="is approved"):
        desk.approve(entered.release_id)


@pytest.mark.clause("422.3.1(e)")
def test_without_a_designee_in_office_reviews_wait(one_desk):
    desk = one_desk
    number = desk.agency()
    entered = desk.enter(number)
    for way in (lambda: desk.approve(entered.release_id), lambda: desk.exigent(number)):
        with pytest.raises(AccessRefusedError) as refused:
            way()
        assert refused.value.codes == ("no_designee",)
    desk.designate()
    desk.approve(entered.release_id)


@pytest.mark.clause("422.7")
@pytest.mark.clause("422.7(b)")
def test_only_the_commander_or_the_current_designee_reviews_and_never_his_own(one_desk):
    desk = one_desk
    desk.designate(name="sam  fox", title=desk.supervisor.title)
    number = desk.agency()
    entered = desk.enter(number)
    desk.supervisor = replace(desk.supervisor, name="Sam Wolf")
    with pytest.raises(AccessRefusedError, match="commander or the current designee"):
        desk.approve(entered.release_id, by=desk.supervisor)
    with pytest.raises(AccessRefusedError):  # his role has no reviews at all
        desk.approve(entered.release_id, by=desk.custodian)
    own = desk.enter(number, by=desk.commander)
    himself = desk.enter(number, person="CAP okada")
    for one in (own, himself):
        with pytest.raises(AccessRefusedError) as refused:
            desk.approve(one.release_id)
        assert refused.value.codes == ("own_request",)
    desk.supervisor = replace(desk.supervisor, name="Sam Fox")
    desk.approve(own.release_id, by=desk.supervisor)
    assert desk.of(own.release_id)["decisions"][-1]["capacity"] == "designee"


@pytest.mark.clause("422.7")
@pytest.mark.parametrize("missing", list(Point))
def test_every_point_of_the_legal_test_is_answered_or_nothing_is_approved(one_desk, missing):
    desk = one_desk
    desk.designate()
    entered = desk.enter(desk.agency())
    for answers in (
        {k: v for k, v in YES.items() if k != missing},
        {**YES, missing.value: "  "},
        {**YES, "other": "yes, that too"},
    ):
        with pytest.raises(MalformedError) as wrong:
            desk.approve(entered.release_id, answers=answers)
        assert wrong.value.code == "point"
    assert desk.of(entered.release_id)["status"] == "asked"
    desk.do(
        Action.REVIEW_RELEASE,
        desk.commander,
        reviewing.deny,
        entered.release_id,
        reason="no need to know",
        policy=desk.policy,
    )
    found = desk.of(entered.release_id)
    assert (found["status"], found["approved_scope"]) == ("denied", None)


HERE = Circle(38.0, -121.8, 500)
WIDER = {
    "earlier": scope(since=SINCE - timedelta(hours=1)), "later": scope(until=UNTIL + timedelta(hours=1)), "other": scope("8XYZ111"),
    "partial": scope("7AB*"), "pictures": scope(pictures=True), "hits": scope(hits=True), "anywhere": scope("", device_id="corner-1"),
}  # fmt: skip


@pytest.mark.parametrize("name", WIDER)
def test_more_than_was_asked_for_is_never_approved(one_desk, name):
    desk = one_desk
    desk.designate()
    entered = desk.enter(desk.agency())
    with pytest.raises(MalformedError, match="more than what was asked"):
        desk.approve(entered.release_id, WIDER[name])
    assert desk.of(entered.release_id)["status"] == "asked"


def test_less_than_was_asked_for_may_be_approved(one_desk):
    desk = one_desk
    desk.designate()
    asked = scope("7A?C*", pictures=True, hits=True)
    narrower = scope("7ABC123", since=NOON, device_id="corner-1", area=HERE)
    entered = desk.enter(desk.agency(), asked)
    desk.approve(entered.release_id, narrower)
    assert desk.of(entered.release_id)["approved_scope"] == narrower


circles = st.builds(Circle, st.floats(37.9, 38.1), st.floats(-121.9, -121.7), st.floats(1, 2000))
places = st.tuples(st.floats(37.85, 38.15), st.floats(-121.95, -121.65))


@given(mine=circles, theirs=circles, where=places)
def test_a_circle_within_another_holds_no_place_that_the_other_does_not(mine, theirs, where):
    import numpy as np  # noqa: PLC0415

    one, other = scope("", area=mine), scope("", area=theirs)
    if one.is_within(other):
        at = np.array([where[0]]), np.array([where[1]])
        assert not mine.contains(*at)[0] or theirs.contains(*at)[0]


@given(
    pattern=st.sampled_from(["7ABC123", "7A?C*", ""]),
    pictures=st.booleans(),
    hits=st.booleans(),
    area=st.none() | circles,
)
def test_a_scope_survives_its_way_through_storage_and_is_within_itself(pattern, pictures, hits, area):
    one = scope(pattern, pictures=pictures, hits=hits, area=area, device_id="corner-1")
    assert Scope.of(one.said()) == one
    assert one.is_within(one)


@pytest.mark.clause("422.7")
@pytest.mark.parametrize("kind", [AgencyKind.OTHER_PUBLIC, AgencyKind.COURT])
@pytest.mark.parametrize("verified", [True, False])
def test_who_enforces_no_law_goes_through_the_records_process_and_gets_nothing_here(one_desk, kind, verified):
    """Gov. Code 7922.535: ten days."""
    desk = one_desk
    desk.designate()
    number = desk.agency("City Library", kind, ori="", verified=verified)
    entered = desk.enter(number, came_at=NOW - timedelta(days=1))
    assert (entered.is_routed, entered.due_at) == (True, NOW + timedelta(days=9))
    with pytest.raises(IllegalMoveError, match="is routed"):
        desk.approve(entered.release_id)
    with pytest.raises(NotFoundError, match="no approved release"):
        desk.fulfil(entered.release_id)
    if verified:
        with pytest.raises(AccessRefusedError, match="by phone"):
            desk.exigent(number)
    desk.now += timedelta(days=10)
    assert desk.of(entered.release_id)["overdue"]
    with pytest.raises(AccessRefusedError):
        desk.do(Action.CLOSE_RELEASE, desk.officer, reviewing.close, entered.release_id, reason="answered")
    desk.do(
        Action.CLOSE_RELEASE,
        desk.custodian,
        reviewing.close,
        entered.release_id,
        reason="denied under 7923.600, letter of 9 July",
    )
    assert (desk.of(entered.release_id)["status"], desk.of(entered.release_id)["overdue"]) == ("closed", False)


@pytest.mark.clause("422.7")
def test_an_order_takes_custodian_and_attorney(desk):
    court = desk.agency("Superior Court", AgencyKind.COURT, ori="")
    first = desk.order(court, by=desk.attorney).release_id
    with pytest.raises(AccessRefusedError, match="the other one"):
        desk.do(Action.ORDER_RELEASE, desk.attorney, reviewing.give_effect, first, reason="mine", policy=desk.policy)
    with pytest.raises(AccessRefusedError):
        desk.do(Action.ORDER_RELEASE, desk.commander, reviewing.give_effect, first, reason="no", policy=desk.policy)
    desk.do(
        Action.ORDER_RELEASE, desk.custodian, reviewing.give_effect, first, reason="served and good", policy=desk.policy
    )
    found = desk.of(first)
    assert (found["status"], found["letters"][0]["kind"]) == ("approved", "order")
    assert [one["capacity"] for one in found["decisions"]] == ["attorney", "custodian"]
    second = desk.order(court, by=desk.custodian).release_id
    desk.do(Action.ORDER_RELEASE, desk.attorney, reviewing.set_aside, second, reason="quashed", policy=desk.policy)
    assert desk.of(second)["status"] == "denied"


def test_an_order_names_purpose_and_case_since_it_is_fulfilled_under_them(one_desk, monkeypatch):
    desk = one_desk
    court = desk.agency("Superior Court", AgencyKind.COURT, ori="")
    monkeypatch.setattr("tests.lifecycle.releases.desks.CASE", "x")
    with pytest.raises(MalformedError, match="case number"):
        desk.order(court, by=desk.custodian)


@pytest.mark.clause("422.7")
def test_an_exigent_request_goes_at_once_and_one_that_is_late_in_writing_blocks_further_ones(desk):
    desk.designate()
    number = desk.agency()
    with pytest.raises(MalformedError, match="not every point"):
        desk.exigent(number, confirmed=tuple(Point)[1:])
    first = desk.exigent(number)
    assert first.due_at == NOW + timedelta(hours=72)
    assert desk.of(first.release_id)["status"] == "approved"
    desk.now += timedelta(hours=71)
    second = desk.exigent(number)
    desk.now += timedelta(hours=2)
    assert desk.of(first.release_id)["overdue"]
    with pytest.raises(IllegalMoveError, match="overdue in writing: 1"):
        desk.exigent(number)
    done = (reviewing.complete, desk.store.received, first.release_id, LETTER)
    desk.do(Action.ENTER_RELEASE, desk.officer, *done, reason="their letter of today")
    with pytest.raises(IllegalMoveError, match="completed already"):
        desk.do(Action.ENTER_RELEASE, desk.officer, *done, reason="once more")
    assert not desk.of(first.release_id)["overdue"]
    desk.exigent(number)
    assert not desk.of(second.release_id)["overdue"]


@pytest.mark.clause("422.2")
@pytest.mark.clause("422.7(c)")
def test_the_file_is_seen_by_who_keeps_it_and_by_who_entered_what(one_desk):
    desk = one_desk
    number = desk.agency()
    entered = desk.enter(number)
    names = {"at": desk.now}
    assert [row["release_id"] for row in desk.see(desk.officer, listing.releases, **names)] == [entered.release_id]
    assert desk.see(desk.analyst, listing.releases, **names) == []
    with pytest.raises(NotFoundError):
        desk.of(entered.release_id, by=desk.analyst)
    (letter,) = desk.of(entered.release_id)["letters"]
    with pytest.raises(NotFoundError):
        desk.see(
            desk.analyst, letters.opened, received=desk.store.received, release_id=entered.release_id, letter_id=letter["letter_id"]
        )  # fmt: skip
    for who in (desk.commander, desk.custodian, desk.attorney, desk.auditor):
        (row,) = desk.see(who, listing.releases, **names)
        assert "7ABC123" not in str(row)
    for text, n in (("sheriff", 1), ("COLE", 1), ("26-0", 1), ("%", 0), ("nobody", 0)):
        assert len(desk.see(desk.custodian, listing.releases, text=text, **names)) == n
    assert desk.see(desk.custodian, listing.releases, status="denied", **names) == []
