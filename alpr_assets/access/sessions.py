"""Sessions and tokens: server-side, so that they end when we say so.

Here: opening, finding, what their holder still owes, ending. Not here: passwords and codes (`signing_in`), making tokens
(`tokens`). A token is 256 random bits, of which only the SHA-256 is stored: who reads the database cannot use it.
Only `find(…, touch=True)` extends the idle time: a page that a person opens, never a poll or a websocket (CJIS AC-11, AC-12).
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Select, and_, case, or_, select

from alpr_assets.access import register
from alpr_assets.access.acting import Act, Office, acting, authorised
from alpr_assets.access.people import Session, SessionKind, Status
from alpr_assets.access.record.entries import Actor, Kind
from alpr_assets.access.roles import Action
from alpr_assets.errors import AccessRefusedError
from alpr_assets.store import people
from alpr_assets.store.engine import reading, writing

UNVERIFIED_MINUTES: Final = 10
"""How long a password alone keeps the place where the code is typed in."""

MAX_LABEL: Final = 64

TOUCH_SECONDS: Final = 5
"""A use this soon after the last one is not written again: a page with ten pictures is one use."""

_session = people.member_session


@dataclass(frozen=True, slots=True)
class Opened:
    """A session and the token that its holder shows from now on; it is told once."""

    session: Session
    token: str = field(repr=False)


def open_session(
    office: Office,
    act: Act,
    member_id: int,
    *,
    kind: SessionKind,
    minutes: int,
    address: str,
    verified: bool,
    by_provider: bool = False,
    label: str = "",
    actions: frozenset[str] | None = None,
    acknowledged: bool = False,
) -> Opened:
    """A new session of a member, part of a sign-in or of making a token; its entry names it."""
    token = secrets.token_urlsafe(32)
    made = act.connection.execute(
        _session.insert().returning(_session.c.session_id),
        {
            "token_sha256": digest(token), "member_id": member_id, "kind": kind.value, "label": label[:MAX_LABEL],
            "actions": None if actions is None else sorted(actions), "address": address[:64], "opened_at": act.at,
            "last_active_at": act.at, "expires_at": act.at + timedelta(minutes=minutes),
            "by_provider": by_provider, "verified_at": act.at if verified else None,
            "acknowledged_at": act.at if acknowledged else None,
        },
    )  # fmt: skip
    this = people.member.c.member_id == member_id
    act.connection.execute(people.member.update().where(this).values(last_active_at=act.at))
    session = present(office, act.connection, int(made.scalar_one()), act.at)
    act.by(session.actor())
    return Opened(session, token)


def find(office: Office, token: str, *, at: datetime, touch: bool) -> Session | None:
    """The open session of a token; None: there is none, it ended, or its member may not come in any more.

    touch : a person did something, which extends the idle time
    """
    with reading(office.engine) as connection:
        session = of_token(office, connection, token, at)
    if session is None:
        return None
    if touch and at - session.last_active_at >= timedelta(seconds=TOUCH_SECONDS):
        _touch(office, session, at)
        session = replace(session, last_active_at=at)
    return session


def listed(office: Office, *, at: datetime, member_id: int | None = None) -> list[Session]:
    """Open sessions and tokens, newest first: of one member or of all."""
    statement = _SELECTED.where(_session.c.revoked_at.is_(None), _session.c.expires_at > at)
    if member_id is not None:
        statement = statement.where(_session.c.member_id == member_id)
    with reading(office.engine) as connection:
        return _open(office, connection, statement.order_by(_session.c.session_id.desc()), at)


def acknowledge(office: Office, session: Session, *, at: datetime) -> None:
    """The member has read the notice and goes on. Raises AccessRefusedError when the session ended."""
    with acting(office, "acknowledge_notice", session.actor(), at=at, kind=Kind.SIGN_IN) as act:
        present(office, act.connection, session.session_id, at)
        act.connection.execute(_this(session.session_id).values(acknowledged_at=at))


def sign_out(office: Office, session: Session, *, at: datetime) -> None:
    """The member ends this session himself."""
    with acting(office, "sign_out", session.actor(), at=at, kind=Kind.SIGN_IN) as act:
        revoke_all(act, [session.session_id], reason="signed_out", by=session.member.member_id)


def revoke(office: Office, session_id: int, *, by: Actor, at: datetime) -> None:
    """End one session or token: the member his own, another's only with the action.

    Raises AccessRefusedError: it is not open, or not his to end.
    """
    details = {"session_id_revoked": session_id}
    with acting(office, Action.REVOKE_SESSION, by, at=at, details=details) as act:
        owner = act.connection.scalar(select(_session.c.member_id).where(_session.c.session_id == session_id))
        if owner is None or owner != by.member_id:
            authorised(act, Action.REVOKE_SESSION, office.policy)
        act.note(member_id=owner)
        if not revoke_all(act, [session_id], reason="revoked", by=by.member_id):
            raise AccessRefusedError((f"no open session {session_id}",), codes=("unknown_session",))


def revoke_of_member(office: Office, member_id: int, *, by: Actor, at: datetime) -> int:
    """End all sessions and tokens of a member; how many there were."""
    with acting(office, Action.REVOKE_SESSION, by, at=at, details={"member_id": member_id}) as act:
        if member_id != by.member_id:
            authorised(act, Action.REVOKE_SESSION, office.policy)
        n = revoke_all(act, of_member(act.connection, member_id), reason="revoked", by=by.member_id)
        act.note(n_sessions=n)
    return n


# ── parts of other acts ────────────────────────────────────────────────────────────────────────────────────────────


def digest(token: str) -> str:
    """What is stored of a token."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def revoke_all(act: Act, session_ids: Iterable[int], *, reason: str, by: int | None) -> int:
    """End sessions; how many were open."""
    statement = _session.update().where(_session.c.session_id.in_(list(session_ids)), _session.c.revoked_at.is_(None))
    done = act.connection.execute(statement.values(revoked_at=act.at, revoked_by=by, revoked_reason=reason))
    return int(done.rowcount)


def of_member(connection: Connection, member_id: int, *, but: int | None = None) -> list[int]:
    """Ids of a member's sessions that were not revoked; `but` stays out."""
    statement = select(_session.c.session_id).where(_session.c.member_id == member_id, _session.c.revoked_at.is_(None))
    return [row for row in connection.scalars(statement) if row != but]


def renew(office: Office, act: Act, session: Session, **values: Any) -> Opened:
    """Another token for the same session, which may do more from now on: one seen before is worth nothing.

    Raises AccessRefusedError when the session ended meanwhile.
    """
    token = secrets.token_urlsafe(32)
    statement = _this(session.session_id).where(_session.c.revoked_at.is_(None))
    act.connection.execute(statement.values(token_sha256=digest(token), last_active_at=act.at, **values))
    return Opened(present(office, act.connection, session.session_id, act.at), token)


def present(office: Office, connection: Connection, session_id: int, at: datetime) -> Session:
    """A session as it is inside a transaction. Raises AccessRefusedError when it is not open."""
    found = _open(office, connection, _SELECTED.where(_session.c.session_id == session_id), at)
    if not found:
        raise AccessRefusedError(("the session ended",), codes=("session_ended",), remedy="sign in again")
    return found[0]


def of_token(office: Office, connection: Connection, token: str, at: datetime) -> Session | None:
    """The open session of a token; see `find`."""
    found = _open(office, connection, _SELECTED.where(_session.c.token_sha256 == digest(token)), at)
    return found[0] if found else None


# ── reading ────────────────────────────────────────────────────────────────────────────────────────────────────────

_password, _factor = people.member_password, people.member_second_factor
_SELECTED: Final[Select[Any]] = (
    select(
        _session,
        _factor.c.enrolled_at,
        case((_password.c.expires_at.is_not(None), True), else_=False).label("is_one_time"),
    )
    .outerjoin(_factor, _factor.c.member_id == _session.c.member_id)
    .outerjoin(_password, _password.c.member_id == _session.c.member_id)
)


def _this(session_id: int) -> Any:
    return _session.update().where(_session.c.session_id == session_id)


def _open(office: Office, connection: Connection, statement: Select[Any], at: datetime) -> list[Session]:
    access = office.policy.access
    opened_after = at - timedelta(minutes=UNVERIFIED_MINUTES)
    statement = statement.where(
        _session.c.revoked_at.is_(None),
        _session.c.expires_at > at,
        # A token lives its short life whether used or not; a web session ends when nobody uses it.
        or_(
            _session.c.kind != SessionKind.WEB.value,
            _session.c.last_active_at > at - timedelta(minutes=access.idle_minutes),
        ),
        or_(
            _session.c.verified_at.is_not(None),
            _factor.c.enrolled_at.is_(None),
            and_(_factor.c.enrolled_at.is_not(None), _session.c.opened_at > opened_after),
        ),
    )
    found = [_of_row(connection, row) for row in connection.execute(statement).all()]
    inactive_before = at - timedelta(days=access.inactive_days)
    return [
        session
        for session in found
        if session.member.status is Status.ACTIVE
        and session.member.locked_at is None
        and register.used_at(connection, session.member.member_id) > inactive_before
    ]


def _of_row(connection: Connection, row: Any) -> Session:
    return Session(
        session_id=row.session_id,
        member=register.member(connection, row.member_id),
        kind=SessionKind(row.kind),
        opened_at=row.opened_at,
        last_active_at=row.last_active_at,
        expires_at=row.expires_at,
        address=row.address,
        label=row.label,
        actions=None if row.actions is None else frozenset(row.actions),
        must_verify=row.verified_at is None and row.enrolled_at is not None,
        must_change_password=bool(row.is_one_time) and not row.by_provider,
        must_enrol=row.verified_at is None and row.enrolled_at is None,
        must_acknowledge=row.acknowledged_at is None,
    )


def _touch(office: Office, session: Session, at: datetime) -> None:
    with writing(office.engine) as connection:
        connection.execute(
            _this(session.session_id).where(_session.c.last_active_at < at).values(last_active_at=at),
        )
        member_id = people.member.c.member_id
        connection.execute(
            people.member.update().where(member_id == session.member.member_id).values(last_active_at=at)
        )
