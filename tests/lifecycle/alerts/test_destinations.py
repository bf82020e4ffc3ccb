"""Who decides where alerts go: proposed, approved by another, withdrawn, replaced; each step recorded (422.4(f))."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import delete, update
from sqlalchemy.exc import DBAPIError

from alpr_assets.access.people import Source
from alpr_assets.access.record.entries import Outcome
from alpr_assets.access.roles import Role
from alpr_assets.errors import AccessRefusedError, IllegalMoveError, MalformedError, NotFoundError, VerificationError
from alpr_assets.lifecycle.alerts import destinations
from alpr_assets.lifecycle.alerts.destinations import opened_secret, secret_key
from alpr_assets.store import alerts, people
from alpr_assets.store.engine import writing
from tests.access.people import a_member, actor, granted
from tests.lifecycle.alerts.desks import NOW, Desk
from tests.lifecycle.alerts.receivers import Receiver

URL = "https://cad.example.gov/alerts"


@pytest.mark.clause("422.4(f)")
def test_nothing_goes_to_what_is_not_approved(desk: Desk, cad: Receiver) -> None:
    proposed = desk.propose(cad.url).destination_id
    declined = desk.propose(cad.url).destination_id
    destinations.decline(desk.office, declined, by=actor(desk.commander), at=NOW)
    desk.hit()
    assert desk.fill() == 0
    desk.deliver()
    assert not cad.got
    row = {
        "hit_id": 1, "destination_id": proposed, "delivery_id": "x", "state": "due", "attempts": 0, "dead_after": 1,
        "created_at": NOW, "next_attempt_at": NOW,
    }  # fmt: skip
    with pytest.raises(DBAPIError, match="not approved"), writing(desk.store.engine) as connection:
        connection.execute(alerts.outbox.insert(), row)


def test_each_step_is_recorded_without_the_secret(desk: Desk) -> None:
    proposed = desk.propose(f"{URL}?sig=hidden")
    desk.approve(proposed.destination_id)
    desk.withdraw(proposed.destination_id)
    entries = desk.record.entries
    assert [entry.action for entry in entries] == ["propose_destination", "approve_destination", "withdraw_destination"]
    assert entries[1].details["address"] == URL
    assert entries[1].actor.member_id == desk.commander.member_id
    assert proposed.secret
    assert proposed.secret not in repr(entries)
    assert "hidden" not in repr(entries)
    assert proposed.secret not in repr(proposed)


def test_nobody_approves_what_he_proposed(desk: Desk) -> None:
    """A supervisor who became the commander meanwhile; and code that forgets to ask."""
    destination_id = desk.propose(URL).destination_id
    with pytest.raises(AccessRefusedError, match="does not include"):
        desk.approve(destination_id, by=desk.supervisor)
    with writing(desk.store.engine) as connection:
        mine = people.member.c.member_id == desk.supervisor.member_id
        connection.execute(people.member.update().where(mine).values(role=Role.COMMANDER.value))
    for decide in (destinations.approve, destinations.decline):
        with pytest.raises(AccessRefusedError) as refused:
            decide(desk.office, destination_id, by=actor(desk.supervisor), at=NOW)
        assert refused.value.codes == ("own_proposal",)
    assert desk.record.last.outcome is Outcome.REFUSED
    values = {
        "status": "approved", "approved_at": NOW, "approved_by": desk.supervisor.member_id, "hits_from_at": NOW,
    }  # fmt: skip
    with pytest.raises(DBAPIError), writing(desk.store.engine) as connection:
        connection.execute(update(alerts.destination).values(values))


@pytest.mark.parametrize("role", [role for role in Role if role not in {Role.SUPERVISOR, Role.COMMANDER}])
def test_no_other_role_decides(alone: Desk, role: Role) -> None:
    other = a_member(alone.office, role)
    destination_id = alone.propose(URL).destination_id
    with pytest.raises(AccessRefusedError):
        alone.propose(URL, by=other)
    for decide in (destinations.approve, destinations.decline, destinations.withdraw):
        with pytest.raises(AccessRefusedError):
            decide(alone.office, destination_id, by=actor(other), at=NOW)
    assert [one.status for one in destinations.destinations(alone.store.engine)] == ["proposed"]


@pytest.mark.clause("422.4(e)")
def test_the_commander_approves_only_sources_that_he_may_see_himself(desk: Desk) -> None:
    destination_id = desk.propose(URL, sources=frozenset({"department", "federal"})).destination_id
    with pytest.raises(AccessRefusedError, match="federal"):
        desk.approve(destination_id)
    granted(desk.office, desk.commander, Source.FEDERAL)
    desk.approve(destination_id)


def test_what_it_says_never_changes_and_it_is_never_deleted(desk: Desk) -> None:
    desk.approved(URL)
    table = alerts.destination
    for change in (
        {"address": "https://other.example/"}, {"sources": ["federal"]}, {"categories": []}, {"tolerant": True}, {"secret": b"x"},
        {"approved_by": 99}, {"name": "x"},
    ):  # fmt: skip
        with pytest.raises(DBAPIError, match="never changes"), writing(desk.store.engine) as connection:
            connection.execute(update(table).values(change))
    with pytest.raises(DBAPIError, match="never deleted"), writing(desk.store.engine) as connection:
        connection.execute(delete(table))
    desk.withdraw(1)
    back = {"status": "approved", "ended_at": None, "ended_by": None}
    with pytest.raises(DBAPIError), writing(desk.store.engine) as connection:
        connection.execute(update(table).values(back))


def test_what_came_to_an_end_stays_there(desk: Desk) -> None:
    destination_id = desk.approved(URL)
    desk.withdraw(destination_id)
    for decide in (destinations.approve, destinations.decline, destinations.withdraw):
        with pytest.raises(IllegalMoveError):
            decide(desk.office, destination_id, by=actor(desk.commander), at=NOW)
    with pytest.raises(IllegalMoveError):
        desk.propose(URL, replaces=destination_id)
    with pytest.raises(NotFoundError):
        desk.approve(77)


def test_two_approved_destinations_never_have_one_address(desk: Desk) -> None:
    desk.approved(URL)
    with pytest.raises(IllegalMoveError, match="destination 1"):
        desk.approved(URL)


def test_a_change_takes_the_others_place_with_its_approval_and_loses_no_hit(desk: Desk, cad: Receiver) -> None:
    first = desk.approved(cad.url)
    told, waits = desk.hit(), None
    desk.fill()
    desk.deliver()
    waits = desk.hit(raised_at=NOW + timedelta(seconds=2))
    desk.fill(after=2)
    again = desk.propose(cad.url, replaces=first, categories=frozenset({"stolen_vehicle", "missing_person"}))
    assert again.secret is None, "the receiver goes on as it is"
    unseen = desk.hit(raised_at=NOW + timedelta(seconds=3))  # committed, and not swept when the commander approves
    desk.approve(again.destination_id, at=NOW + timedelta(seconds=4))
    later = desk.hit(raised_at=NOW + timedelta(seconds=5), category="missing_person")
    assert desk.fill(after=6) == 2
    desk.deliver(after=6)
    assert [got.said["hit_id"] for got in cad.got] == [told, waits, unseen, later]
    assert not any(got.said["duplicate"] for got in cad.got)
    statuses = [one.status for one in destinations.destinations(desk.store.engine)]
    assert statuses == ["withdrawn", "approved"]


def test_another_address_has_another_secret_and_one_secret_opens_for_its_address_only(alone: Desk) -> None:
    first = alone.approved(URL)
    second = alone.propose("https://other.example.gov/", replaces=first)
    assert second.secret
    assert second.secret != alone.secrets[first]
    one, two = destinations.destinations(alone.store.engine)
    key = secret_key(alone.settings)
    assert opened_secret(key, one) == alone.secrets[first]
    swapped = one.__class__(**{name: getattr(one, name) for name in one.__slots__} | {"secret": two.secret})
    with pytest.raises(VerificationError):
        opened_secret(key, swapped)


@pytest.mark.parametrize(
    "address",
    [
        "http://cad.example.gov/", "https://", "https://user:pw@cad.example.gov/", "https://cad.example.gov/#x", "ftp://x/",
        "https://cad.example.gov\\@evil.example/", "https://cad.example.gov:0/", "https://cad.example.gov:x/", "https://c ad/",
        "https://cäd.example.gov/", f"https://cad.example.gov/{'x' * 500}", "https://[::1/", "//cad.example.gov/", "",
    ],
)  # fmt: skip
def test_an_address_that_is_none_is_refused(alone: Desk, address: str) -> None:
    with pytest.raises(MalformedError):
        alone.propose(address, kind="webhook")


@pytest.mark.parametrize("address", ["a@b, c@d", "a@b\nBcc: c@d", "dispatch", "@b", "a@", "a b@c", "<a@b>", "ä@b"])
def test_a_mail_address_is_one_address(alone: Desk, address: str) -> None:
    with pytest.raises(MalformedError):
        alone.propose(address, kind="email")


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""}, {"name": "x" * 65}, {"kind": "fax"}, {"sources": frozenset()}, {"sources": frozenset({"restricted"})},
        {"categories": frozenset()}, {"categories": frozenset({"immigration"})},
    ],
)  # fmt: skip
def test_what_a_destination_cannot_be_is_refused(alone: Desk, changes: dict) -> None:
    with pytest.raises(MalformedError):
        alone.propose(URL, **changes)
    assert alone.record.last.outcome is Outcome.REFUSED
