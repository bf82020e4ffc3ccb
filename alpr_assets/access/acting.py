"""One act on the register: one transaction, one entry of the access record.

Here: what every act needs, and how it is recorded. Not here: any act.
The entry is appended last, before the commit: an act whose record cannot be written is not done. A refusal is recorded when
everything was rolled back; a commit that fails after its entry is recorded as failed.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from argon2 import PasswordHasher
from sqlalchemy import Connection, Engine, select

from alpr_assets.access import register
from alpr_assets.access.people import Member, Status
from alpr_assets.access.record.entries import Actor, Entry, Kind, Outcome, Receipt, Recorder, RecordUnavailableError
from alpr_assets.access.roles import Action, may
from alpr_assets.access.secret_key import SecretKey
from alpr_assets.errors import AccessRefusedError, AlprError
from alpr_assets.policy import Policy
from alpr_assets.settings import Settings
from alpr_assets.store import people
from alpr_assets.store.engine import writing

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Office:
    """Where acts on members are done.

    key : seals what the second factors are made from
    issuer : URL of the identity provider; empty: passwords
    hasher : argon2id with the second recommended parameters of RFC 9106, section 4
    """

    engine: Engine
    recorder: Recorder
    policy: Policy
    key: SecretKey
    issuer: str = ""
    hasher: PasswordHasher = field(default_factory=PasswordHasher)

    def on(self, at: datetime) -> date:
        """The department's date of an instant."""
        return at.astimezone(self.policy.zone).date()


def open_office(engine: Engine, recorder: Recorder, policy: Policy, configured: Settings) -> Office:
    """The office of the settings: its key lies beside the image keys, its issuer is the one they name."""
    return Office(
        engine,
        recorder,
        policy,
        SecretKey(configured.path("keys") / "member_secrets.key"),
        issuer=configured.oidc_issuer,
    )


@dataclass(slots=True)
class Act:
    """An act under way: its transaction, and what its entry will say."""

    connection: Connection
    entry: Entry
    refusal: AccessRefusedError | None = None

    @property
    def at(self) -> datetime:
        return self.entry.at

    def note(self, **details: Any) -> None:
        """More for the entry to keep, in clear."""
        self.entry = replace(self.entry, details={**self.entry.details, **details})

    def by(self, actor: Actor) -> None:
        """Name who acted, where it became known during the act."""
        self.entry = replace(self.entry, actor=actor)

    def refuse(self, error: AccessRefusedError, *, codes: tuple[str, ...] = ()) -> None:
        """Refuse, and keep what was written: it is raised once that is committed. `codes` are for the record only."""
        self.refusal = error
        self.entry = replace(self.entry, outcome=Outcome.REFUSED, reasons=codes or error.codes)


@contextmanager
def acting(
    office: Office,
    action: str,
    by: Actor,
    *,
    at: datetime,
    kind: Kind = Kind.ADMINISTRATION,
    details: Mapping[str, Any] | None = None,
) -> Iterator[Act]:
    """One writing transaction with exactly one entry.

    Raises
    ------
    AccessRefusedError : raised inside, or kept by `Act.refuse`; with the id of its entry
    RecordUnavailableError : nothing was done
    """
    entry = Entry(at=at, kind=kind, action=action, outcome=Outcome.DONE, actor=by, details=details or {})
    act: Act | None = None
    receipt: Receipt | None = None
    try:
        with writing(office.engine) as connection:
            act = Act(connection, entry)
            yield act
            receipt = append(office.recorder, act.entry)
    except RecordUnavailableError:
        raise
    except Exception as error:
        written = replace(act.entry if act else entry, **_ending(error, appended=receipt is not None))
        record_id = append(office.recorder, written).record_id
        if isinstance(error, AccessRefusedError):
            raise error.recorded_as(record_id) from error
        raise
    assert act is not None
    assert receipt is not None
    if act.refusal is not None:
        raise act.refusal.recorded_as(receipt.record_id) from act.refusal


def append(recorder: Recorder, entry: Entry) -> Receipt:
    """Append an entry. Raises RecordUnavailableError, whatever went wrong."""
    try:
        return recorder.append(entry)
    except RecordUnavailableError:
        raise
    except Exception as error:
        log.critical("the access record cannot be written: %s", type(error).__name__)
        raise RecordUnavailableError(
            "the access record cannot be written", remedy="tell the administrator; nothing was done"
        ) from error


def authorised(act: Act, action: Action, policy: Policy) -> Member:
    """Who acts, as the register has him now: the gate asked too, but that was before this transaction.

    Raises AccessRefusedError: not active, locked, of another agency, or without the action.
    """
    member = register.member(act.connection, act.entry.actor.member_id)
    if member.status is not Status.ACTIVE or member.locked_at:
        raise AccessRefusedError(("the account of who acts is not active",), codes=("not_active",))
    if member.agency != policy.policy.ori or not may(member.role, action):
        raise AccessRefusedError((f"the role {member.role} does not include {action}",), codes=("role",))
    return member


def locked_member(connection: Connection, member_id: int) -> Member:
    """A member whose row nobody else changes until this transaction ends. Raises AccessRefusedError when there is none."""
    row = people.member.c.member_id
    connection.execute(select(row).where(row == member_id).with_for_update())
    return register.member(connection, member_id)


def _ending(error: Exception, *, appended: bool) -> dict[str, Any]:
    """How an act that raised is recorded: an error by its class, since its text may hold what was asked."""
    if appended:
        return {"outcome": Outcome.FAILED, "reasons": ("commit",)}
    if isinstance(error, AccessRefusedError):
        return {"outcome": Outcome.REFUSED, "reasons": error.codes or ("refused",)}
    outcome = Outcome.REFUSED if isinstance(error, AlprError) else Outcome.FAILED
    return {"outcome": outcome, "reasons": (type(error).__name__,)}
