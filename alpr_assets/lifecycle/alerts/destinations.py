"""Destinations of alerts: proposed by a supervisor, approved by the commander, withdrawn at once by either (422.4(f)).

    proposed ──► approved ──► withdrawn
        └──────► declined, withdrawn

Here: the acts, each an entry of the access record, and the list. Not here: what one may be (`wanted`), what is sent (`outbox`). Nobody approves
what he proposed, or a source that he may not see himself. Another address, source or category is another destination, which replaces
the former with its approval.
"""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import Connection, Engine, select, update

from alpr_assets.access import register
from alpr_assets.access.acting import Act, Office, acting, authorised
from alpr_assets.access.people import Member
from alpr_assets.access.record.entries import Actor
from alpr_assets.access.roles import Action, may
from alpr_assets.access.secret_key import SecretKey
from alpr_assets.errors import AccessRefusedError, IllegalMoveError, NotFoundError
from alpr_assets.lifecycle.alerts.wanted import Wanted, checked, told_of
from alpr_assets.policy import Policy
from alpr_assets.settings import Settings
from alpr_assets.store import alerts
from alpr_assets.store.engine import one_writer, reading

SECRET_BYTES: Final = 32  # Standard Webhooks: 24 to 64
OVERLAP: Final = timedelta(minutes=10)
"""A destination that replaces another is told of hits raised this long before: matching that began by then may end later."""

_table = alerts.destination


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """One destination, and where it stands. Instants are UTC; ids of people are the register's."""

    destination_id: int
    name: str
    kind: Literal["webhook", "email"]
    address: str
    secret: bytes | None = field(repr=False)
    sources: frozenset[str]
    categories: frozenset[str]
    tolerant: bool
    replaces_id: int | None
    status: Literal["proposed", "approved", "declined", "withdrawn"]
    proposed_at: datetime
    proposed_by: int
    approved_at: datetime | None
    approved_by: int | None
    hits_from_at: datetime | None
    ended_at: datetime | None
    ended_by: int | None


@dataclass(frozen=True, slots=True)
class Proposed:
    """A proposal's id; the secret that signs its messages, shown once. None: by mail, or the address keeps the one it has."""

    destination_id: int
    secret: str | None = field(repr=False)


def secret_key(configured: Settings) -> SecretKey:
    """What seals the destinations' secrets, in a file of its own."""
    return SecretKey(configured.path("keys") / "alert_secrets.key")


def propose(
    office: Office, key: SecretKey, wanted: Wanted, *, replaces: int | None = None, by: Actor, at: datetime
) -> Proposed:
    """Propose a destination; nothing goes to it until the commander approved.

    replaces : the approved destination whose place it takes

    Raises
    ------
    AccessRefusedError : may not propose
    MalformedError : no name, no such address, source or category
    NotFoundError, IllegalMoveError : there is none to replace, or it was withdrawn
    """
    with acting(office, Action.PROPOSE_DESTINATION, by, at=at) as act:
        proposer = authorised(act, Action.PROPOSE_DESTINATION, office.policy)
        values = checked(wanted, office.policy)
        act.note(**told_of(values), replaces=replaces)
        secret, sealed = None, None
        former = None if replaces is None else _locked(act.connection, replaces)
        if former is not None:
            _require(former, {"approved"}, "be replaced")
        if values["kind"] == "webhook":
            if former is not None and former.address == values["address"]:
                sealed = former.secret  # its receiver goes on as it is
            else:
                secret = f"whsec_{base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()}"
                sealed = key.seal(secret.encode(), belongs_to=_belongs_to(values["address"]))
        values |= {
            "secret": sealed, "replaces_id": replaces, "status": "proposed", "proposed_at": at,
            "proposed_by": proposer.member_id,
        }  # fmt: skip
        made = act.connection.execute(_table.insert().returning(_table.c.destination_id), values)
        destination_id = int(made.scalar_one())
        act.note(destination_id=destination_id)
    return Proposed(destination_id, secret)


def approve(office: Office, destination_id: int, *, by: Actor, at: datetime) -> None:
    """Let a destination be told of hits that are raised from now on; the one that it replaces is told no more.

    Raises
    ------
    AccessRefusedError : may not approve, proposed it himself, or may not see one of its sources
    NotFoundError, IllegalMoveError : it does not wait; another approved one has the address
    """
    with acting(office, Action.APPROVE_DESTINATION, by, at=at, details={"destination_id": destination_id}) as act:
        approver = authorised(act, Action.APPROVE_DESTINATION, office.policy)
        one_writer(act.connection, "approve destinations")
        found = _locked(act.connection, destination_id)
        _require(found, {"proposed"}, "be approved")
        if approver.member_id == found.proposed_by:
            raise AccessRefusedError(("who proposed does not approve",), codes=("own_proposal",))
        if unseen := sorted(found.sources - {source.value for source in approver.sources}):
            raise AccessRefusedError((f"not entitled to {', '.join(unseen)} data (422.4(e))",), codes=("source",))
        act.note(**told_of(_says(found)), replaces=found.replaces_id)
        hits_from_at = at
        if found.replaces_id is not None:
            former = _locked(act.connection, found.replaces_id)
            _require(former, {"approved"}, "be replaced")
            _end(act, former.destination_id, "withdrawn", approver)
            hits_from_at = max(former.hits_from_at or at, at - OVERLAP)
        same = (_table.c.address == found.address) & (_table.c.status == "approved")
        if other := act.connection.scalar(select(_table.c.destination_id).where(same)):
            raise IllegalMoveError(
                f"destination {other} has this address already", remedy="propose the change of that one, or withdraw it"
            )
        values = {
            "status": "approved", "approved_at": at, "approved_by": approver.member_id, "hits_from_at": hits_from_at,
        }  # fmt: skip
        act.connection.execute(_this(destination_id).values(values))
        if found.replaces_id is not None:
            # With all that was told there: nothing is told twice, and what waits still goes.
            box = alerts.outbox
            moved = update(box).where(box.c.destination_id == found.replaces_id)
            act.connection.execute(moved.values(destination_id=destination_id))


def decline(office: Office, destination_id: int, *, by: Actor, at: datetime) -> None:
    """Decide against a proposal.

    Raises AccessRefusedError, also for who proposed it; NotFoundError; IllegalMoveError when it does not wait.
    """
    with acting(office, "decline_destination", by, at=at, details={"destination_id": destination_id}) as act:
        member = authorised(act, Action.APPROVE_DESTINATION, office.policy)
        found = _locked(act.connection, destination_id)
        _require(found, {"proposed"}, "be declined")
        if member.member_id == found.proposed_by:
            raise AccessRefusedError(("who proposed does not decide",), codes=("own_proposal",))
        _end(act, destination_id, "declined", member)


def withdraw(office: Office, destination_id: int, *, by: Actor, at: datetime) -> None:
    """Let nothing go to a destination from now on, whatever waits for it. For who may propose, and for who may approve.

    Raises AccessRefusedError; NotFoundError; IllegalMoveError when it came to an end before.
    """
    with acting(office, "withdraw_destination", by, at=at, details={"destination_id": destination_id}) as act:
        member = who_decides(act, office.policy)
        found = _locked(act.connection, destination_id)
        _require(found, {"proposed", "approved"}, "be withdrawn")
        _end(act, destination_id, "withdrawn", member)


def destinations(source: Connection | Engine, *, status: str | None = None) -> list[Destination]:
    """All there are and were, oldest first."""
    statement = select(_table).order_by(_table.c.destination_id)
    if status is not None:
        statement = statement.where(_table.c.status == status)
    if isinstance(source, Engine):
        with reading(source) as connection:
            return [_of_row(row) for row in connection.execute(statement)]
    return [_of_row(row) for row in source.execute(statement)]


def opened_secret(key: SecretKey, found: Destination) -> str:
    """What signs a webhook's messages. Raises VerificationError when it was altered, or sealed for another address."""
    assert found.secret is not None
    return key.open(found.secret, belongs_to=_belongs_to(found.address)).decode()


def who_decides(act: Act, policy: Policy) -> Member:
    """Who acts, if he may propose or approve destinations. Raises AccessRefusedError."""
    role = register.member(act.connection, act.entry.actor.member_id).role
    approves = may(role, Action.APPROVE_DESTINATION)
    return authorised(act, Action.APPROVE_DESTINATION if approves else Action.PROPOSE_DESTINATION, policy)


def _says(found: Destination) -> dict[str, Any]:
    return {
        "name": found.name, "kind": found.kind, "address": found.address, "sources": sorted(found.sources),
        "categories": sorted(found.categories), "tolerant": found.tolerant,
    }  # fmt: skip


def _belongs_to(address: str) -> str:
    return f"alerts to {address}"


def _locked(connection: Connection, destination_id: int) -> Destination:
    this = select(_table).where(_table.c.destination_id == destination_id).with_for_update()
    row = connection.execute(this).one_or_none()
    if row is None:
        raise NotFoundError(f"no destination {destination_id}")
    return _of_row(row)


def _require(found: Destination, statuses: set[str], what: str) -> None:
    if found.status not in statuses:
        raise IllegalMoveError(f"destination {found.destination_id} is {found.status} and cannot {what}")


def _end(act: Act, destination_id: int, status: str, by: Member) -> None:
    values = {"status": status, "ended_at": act.at, "ended_by": by.member_id}
    act.connection.execute(_this(destination_id).values(values))


def _this(destination_id: int) -> Any:
    return update(_table).where(_table.c.destination_id == destination_id)


def _of_row(row: Any) -> Destination:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's own API
    return Destination(**{**values, "sources": frozenset(row.sources), "categories": frozenset(row.categories)})
