"""Who a member is while he acts: value classes that the gate, the pages and the searches share.

Not here: how a member becomes one (`members`), how he signs in (`signing_in`, `sessions`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from alpr_assets.access.record.entries import Actor
from alpr_assets.access.roles import Role


class Status(StrEnum):
    """A member's standing. Only an active one signs in."""

    PROPOSED = "proposed"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    SEPARATED = "separated"


class Source(StrEnum):
    """Whose data a member may see (422.4(e)); `restricted`: NCIC files whose every viewing is dissemination."""

    DEPARTMENT = "department"
    STATE = "state"
    FEDERAL = "federal"
    RESTRICTED = "restricted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One member or contractor, as the register has him now.

    agency : ORI of his employer
    trained_until : last department date on which his training counts; None: never trained
    locked_at : when failed sign-ins locked the account; None: it is not
    last_active_at : of any session; 90 idle days suspend
    """

    member_id: int
    user_name: str
    name: str
    agency: str
    title: str
    role: Role
    is_contractor: bool
    status: Status
    sources: frozenset[Source]
    trained_until: date | None
    locked_at: datetime | None
    last_active_at: datetime | None


class SessionKind(StrEnum):
    """How a member came in: pages, or a token."""

    WEB = "web"
    NOTEBOOK = "notebook"
    DEVICE = "device"


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One open, unexpired, unrevoked session of an active member.

    actions : what its token is limited to, by `roles.Action` value; None: all that the role may
    must_verify, must_change_password, must_enrol, must_acknowledge : what the member still owes before anything else is
        shown, in this order; until the second factor is shown (must_verify) he is not known to be himself
    """

    session_id: int
    member: Member
    kind: SessionKind
    opened_at: datetime
    last_active_at: datetime
    expires_at: datetime
    address: str
    label: str = ""
    actions: frozenset[str] | None = None
    must_verify: bool = False
    must_change_password: bool = False
    must_enrol: bool = False
    must_acknowledge: bool = False

    @property
    def is_complete(self) -> bool:
        """Whether the member owes nothing more: only then does a page or a search answer."""
        return not (self.must_verify or self.must_change_password or self.must_enrol or self.must_acknowledge)

    def actor(self) -> Actor:
        """How the record names who acted."""
        return actor_of(self.member, session_id=self.session_id, address=self.address)


def actor_of(member: Member, *, session_id: int | None = None, address: str = "") -> Actor:
    """How the record names a member."""
    return Actor(
        member_id=member.member_id,
        name=member.name,
        agency=member.agency,
        title=member.title,
        role=member.role.value,
        session_id=session_id,
        address=address,
    )


SYSTEM = Actor(member_id=None, name="system", agency="", title="", role="system")
"""Acts of the software itself, such as an account suspended for want of use."""


def nobody(address: str = "") -> Actor:
    """Somebody who is not known: a failed sign-in."""
    return Actor(member_id=None, name="", agency="", title="", role="", address=address)
