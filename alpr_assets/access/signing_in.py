"""Signing in with a password and a second factor (422.6(a); CJIS Security Policy IA-2).

Here: the two steps of the pages, and the parts that signing in at once shares with them. Not here: the identity provider
(`provider`), tokens (`tokens`), what a session owes after these steps (`second_factor`, `passwords`, `sessions.acknowledge`).
Each step that ends is one entry of the record. A name that was tried is kept only where it is a member's: people type passwords
into name fields.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from alpr_assets.access import attempts, passwords, register, second_factor, sessions
from alpr_assets.access.acting import Act, Office, acting, locked_member
from alpr_assets.access.attempts import Attempt, Factor
from alpr_assets.access.people import Member, SessionKind, Status, nobody
from alpr_assets.access.record.entries import Kind
from alpr_assets.access.sessions import Opened
from alpr_assets.errors import AccessRefusedError
from alpr_assets.store import people


def sign_in(office: Office, user_name: str, password: str, *, address: str, at: datetime) -> Opened:
    """First step: name and password. The session owes the rest: a code or enrolment, perhaps another password, the notice.

    Raises
    ------
    AccessRefusedError : in the same words whatever was wrong; why only to whom the password was right
    RecordUnavailableError : nobody comes in; the attempt counts as failed
    """
    attempt, stored = tried(office, user_name, password, "password", address=address, at=at)
    opened: Opened | None = None
    with acting(office, "sign_in", nobody(address), at=at, kind=Kind.SIGN_IN) as act:
        member = admitted(office, act, attempt, stored, password)
        if member is not None:
            attempts.settle(office, act, attempt, succeeded=True)
            opened = open_web(office, act, member, address=address, verified=False)
    assert opened is not None  # a refusal was raised
    return opened


def verify_code(office: Office, token: str, code: str, *, at: datetime) -> Opened:
    """Second step: the code. The session goes on under another token.

    Raises AccessRefusedError: the code does not fit or was used, which counts as a failed attempt; the session ended.
    """
    opened: Opened | None = None
    with acting(office, "sign_in_code", nobody(), at=at, kind=Kind.SIGN_IN) as act:
        session = sessions.of_token(office, act.connection, token, at)
        if session is None or not session.must_verify:
            raise AccessRefusedError(("the sign-in ended",), codes=("session_ended",), remedy="sign in again")
        act.by(session.actor())
        member_id = session.member.member_id
        attempt = attempts.begun(office, act.connection, member_id, "code", address=session.address, at=at)
        fits = attempt.refused is None and second_factor.takes(office, act, member_id, code)
        attempts.settle(office, act, attempt, succeeded=fits)
        if fits:
            opened = sessions.renew(office, act, session, verified_at=at)
        else:
            act.refuse(attempts.refusal(office.policy), codes=(attempt.refused or "code",))
    assert opened is not None  # a refusal was raised
    return opened


# ── parts that other ways in share ─────────────────────────────────────────────────────────────────────────────────


def tried(
    office: Office, user_name: str, password: str, factor: Factor, *, address: str, at: datetime
) -> tuple[Attempt, str | None]:
    """Begin an attempt and look at the password, outside of any transaction: it takes a while on purpose."""
    if office.issuer:
        raise AccessRefusedError(
            ("members sign in through the department's identity provider",), codes=("provider_only",)
        )
    attempt = attempts.begin(office, user_name, factor, address=address, at=at)
    return attempt, passwords.matches(office, None if attempt.refused else attempt.member, password)


def admitted(office: Office, act: Act, attempt: Attempt, stored: str | None, password: str) -> Member | None:
    """The member whose password it was and who may come in; None: the act is refused, and the attempt settled as failed."""
    if attempt.member is not None:
        act.note(member_id=attempt.member.member_id, user_name=attempt.member.user_name)
    if attempt.member is None or attempt.refused or stored is None:
        rejected(office, act, attempt, attempts.refusal(office.policy), attempt.refused or "password")
        return None
    member = locked_member(act.connection, attempt.member.member_id)
    error = passwords.settle(office, act, member, stored, password) or standing(office, act, member)
    if error is not None:
        rejected(office, act, attempt, error, *error.codes)
        return None
    return member


def rejected(office: Office, act: Act, attempt: Attempt, error: AccessRefusedError, *codes: str) -> None:
    """Settle an attempt as failed and have it refused."""
    attempts.settle(office, act, attempt, succeeded=False)
    act.refuse(error, codes=codes)


def standing(office: Office, act: Act, member: Member) -> AccessRefusedError | None:
    """Why a member who showed who he is may not come in, or None. One who did not for too long is suspended (CJIS AC-2)."""
    if member.locked_at:  # by another's failures, while we looked
        return attempts.refusal(office.policy)
    days = office.policy.access.inactive_days
    if member.status is Status.ACTIVE and register.used_at(act.connection, member.member_id) <= act.at - timedelta(
        days=days
    ):
        values = {"status": Status.SUSPENDED.value, "status_at": act.at, "status_reason": "inactive"}
        this = people.member.c.member_id == member.member_id
        act.connection.execute(people.member.update().where(this).values(values))
        act.note(suspended="inactive")
        return AccessRefusedError(
            (f"the account was not used for {days} days and is suspended",),
            codes=("inactive",),
            remedy="ask a supervisor to make it active again",
        )
    if member.status is not Status.ACTIVE:
        return AccessRefusedError(
            (f"the account is {member.status}",), codes=("not_active",), remedy="ask a supervisor about it"
        )
    return None


def open_web(
    office: Office, act: Act, member: Member, *, address: str, verified: bool, by_provider: bool = False
) -> Opened:
    """A session of the pages, good for one shift."""
    return sessions.open_session(
        office,
        act,
        member.member_id,
        kind=SessionKind.WEB,
        minutes=office.policy.access.session_hours * 60,
        address=address,
        verified=verified,
        by_provider=by_provider,
    )
