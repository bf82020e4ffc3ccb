"""Tokens for notebooks and devices: short-lived, limited to some actions, listed and revocable beside sessions.

A token is a session of another kind (`people.SessionKind`): found by `sessions.find`, ended by `sessions.revoke`. It never makes
another token, and ends with whatever ends all sessions of its member. It lives its few hours whether it is used or not.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from alpr_assets.access import attempts, second_factor, sessions, signing_in
from alpr_assets.access.acting import Act, Office, acting
from alpr_assets.access.people import Member, Session, SessionKind, nobody
from alpr_assets.access.record.entries import Kind
from alpr_assets.access.roles import MAY, Action
from alpr_assets.access.sessions import Opened
from alpr_assets.errors import AccessRefusedError, MalformedError


def make(
    office: Office,
    session: Session,
    *,
    kind: SessionKind,
    label: str,
    actions: Iterable[Action],
    minutes: int,
    at: datetime,
) -> Opened:
    """A token for the member of a complete web session.

    actions : some of what his role may
    minutes : how long it is good for; the policy's token_minutes at most

    Raises AccessRefusedError: no complete session of the pages, or actions beyond the role; MalformedError: no label, too long.
    """
    with acting(office, "make_token", session.actor(), at=at, kind=Kind.SIGN_IN) as act:
        present = sessions.present(office, act.connection, session.session_id, at)
        if present.kind is not SessionKind.WEB or not present.is_complete:
            raise AccessRefusedError(("only a complete session of the pages makes tokens",), codes=("no_session",))
        opened = _opened(
            office,
            act,
            present.member,
            kind=kind,
            label=label,
            actions=actions,
            minutes=minutes,
            address=present.address,
        )
        act.by(present.actor())
    return opened


def sign_in(
    office: Office,
    user_name: str,
    password: str,
    code: str,
    *,
    kind: SessionKind,
    label: str,
    actions: Iterable[Action],
    minutes: int,
    acknowledged: bool,
    address: str,
    at: datetime,
) -> Opened:
    """Name, password and code at once, for a program that a person uses; a failure counts as one of the account's.

    acknowledged : the person was shown the policy's notice and goes on

    Raises AccessRefusedError: in the same words whatever was wrong; the notice was not acknowledged; something is still owed to the
    pages (another password, an enrolment). MalformedError as `make`.
    """
    wanted = list(actions)
    _require_form(office, kind, label, minutes)
    attempt, stored = signing_in.tried(office, user_name, password, "both", address=address, at=at)
    opened: Opened | None = None
    with acting(office, "sign_in_token", nobody(address), at=at, kind=Kind.SIGN_IN) as act:
        member = signing_in.admitted(office, act, attempt, stored, password)
        if member is None:
            pass  # refused already
        elif not second_factor.takes(office, act, member.member_id, code):
            signing_in.rejected(office, act, attempt, attempts.refusal(office.policy), "code")
        else:
            attempts.settle(office, act, attempt, succeeded=True)
            opened = _entered(
                office, act, member, kind=kind, label=label, actions=wanted, minutes=minutes, address=address,
                acknowledged=acknowledged,
            )  # fmt: skip
    assert opened is not None  # a refusal was raised
    return opened


def _entered(
    office: Office,
    act: Act,
    member: Member,
    *,
    kind: SessionKind,
    label: str,
    actions: Iterable[Action],
    minutes: int,
    address: str,
    acknowledged: bool,
) -> Opened | None:
    """The token of who showed both factors, unless he owes something that a program cannot do for him."""
    if not acknowledged:
        act.refuse(AccessRefusedError(("the notice was not acknowledged",), codes=("notice",)))
        return None
    try:
        opened = _opened(office, act, member, kind=kind, label=label, actions=actions, minutes=minutes, address=address)
    except AccessRefusedError as error:
        act.refuse(error)
        return None
    if not opened.session.is_complete:
        sessions.revoke_all(act, [opened.session.session_id], reason="incomplete", by=None)
        act.refuse(
            AccessRefusedError(
                ("the sign-in is not complete",), codes=("sign_in_incomplete",), remedy="sign in to the pages once"
            )
        )
        return None
    return opened


def _opened(
    office: Office,
    act: Act,
    member: Member,
    *,
    kind: SessionKind,
    label: str,
    actions: Iterable[Action],
    minutes: int,
    address: str,
) -> Opened:
    _require_form(office, kind, label, minutes)
    wanted = frozenset(actions)
    if not wanted or not wanted <= MAY[member.role]:
        raise AccessRefusedError(
            (f"a token is for some of what the role {member.role} may",),
            codes=("scope",),
            remedy=f"choose from: {', '.join(sorted(MAY[member.role]))}",
        )
    act.note(label=label.strip(), token_kind=kind.value, actions=sorted(wanted), minutes=minutes)
    opened = sessions.open_session(
        office, act, member.member_id, kind=kind, minutes=minutes, address=address, verified=True, label=label.strip(),
        actions=frozenset(action.value for action in wanted), acknowledged=True,
    )  # fmt: skip
    act.note(token_session_id=opened.session.session_id)
    return opened


def _require_form(office: Office, kind: SessionKind, label: str, minutes: int) -> None:
    """Raises MalformedError."""
    longest = office.policy.access.token_minutes
    if kind is SessionKind.WEB:
        raise MalformedError("kind", "a token is for a notebook or a device")
    if not label.strip() or len(label) > sessions.MAX_LABEL or not label.isprintable():
        raise MalformedError("label", f"a token has a label of 1 to {sessions.MAX_LABEL} characters")
    if not 1 <= minutes <= longest:
        raise MalformedError("minutes", f"a token is good for 1 to {longest} minutes")
