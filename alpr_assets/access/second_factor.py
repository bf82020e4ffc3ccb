"""The second factor: codes of an authenticator app (RFC 6238), each good once (CJIS Security Policy IA-2(1), IA-2(8)).

The secret is told once, at enrolment, and kept sealed. A code of the step before or after counts as well, for clocks that differ by
half a minute; a step that was used, and any before it, never again.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import pyotp
import segno
from sqlalchemy import select

from alpr_assets.access import sessions
from alpr_assets.access.acting import Act, Office, acting, authorised, locked_member
from alpr_assets.access.people import Session
from alpr_assets.access.record.entries import Actor, Kind
from alpr_assets.access.roles import Action, Role
from alpr_assets.errors import AccessRefusedError, IllegalMoveError, MalformedError
from alpr_assets.store import people
from alpr_assets.store.engine import insert_new

STEP_SECONDS: Final = 30
DIGITS: Final = 6

_factor = people.member_second_factor


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What the member's app needs, told once: as text, as an otpauth URI, as a QR code (SVG without script or style)."""

    secret: str = field(repr=False)
    uri: str = field(repr=False)
    qr_svg: str = field(repr=False)


def begin_enrolment(office: Office, session: Session, *, at: datetime) -> Enrolment:
    """A new secret for a member who has none confirmed; one begun before is worth nothing from now on.

    Raises AccessRefusedError when the session does not owe an enrolment.
    """
    secret = pyotp.random_base32()
    member_id = session.member.member_id
    with acting(office, "begin_enrolment", session.actor(), at=at, kind=Kind.SIGN_IN) as act:
        locked_member(act.connection, member_id)
        _require_owed(office, act, session)
        values = {
            "member_id": member_id,
            "sealed": office.key.seal(secret.encode(), belongs_to=_owner(member_id)),
            "made_at": at,
            "last_step": None,
        }
        insert_new(act.connection, _factor, [values])
        act.connection.execute(_factor.update().where(_factor.c.member_id == member_id).values(values))
    issuer = f"ALPR {office.policy.policy.agency}"
    uri = app_of(secret).provisioning_uri(name=session.member.user_name, issuer_name=issuer)
    return Enrolment(secret, uri, segno.make(uri, error="m").svg_inline(scale=4, border=4))


def confirm(office: Office, session: Session, code: str, *, at: datetime) -> sessions.Opened:
    """The app shows the right code: the member is enrolled, and the session goes on under another token.

    Raises AccessRefusedError when the session does not owe an enrolment; MalformedError when the code does not fit.
    """
    member_id = session.member.member_id
    with acting(office, "enrol", session.actor(), at=at, kind=Kind.SIGN_IN) as act:
        locked_member(act.connection, member_id)
        _require_owed(office, act, session)
        if not takes(office, act, member_id, code, confirming=True):
            raise MalformedError(
                "code", "the code does not fit", remedy="check the clock of the phone, and type the code it shows now"
            )
        act.connection.execute(_factor.update().where(_factor.c.member_id == member_id).values(enrolled_at=at))
        # Sessions that a password alone opened meanwhile owe the code from now on.
        return sessions.renew(office, act, session, verified_at=at)


def reset(office: Office, member_id: int, *, by: Actor, at: datetime) -> None:
    """A lost phone: a supervisor or commander, who knows the member, lets him enrol another; sessions and tokens end.

    Never the administrator, who resets passwords: taking over an account needs two people.

    Raises AccessRefusedError; IllegalMoveError when the member has no second factor.
    """
    with acting(office, "reset_second_factor", by, at=at, details={"member_id": member_id}) as act:
        leader = authorised(act, Action.APPROVE_MEMBER, office.policy)
        if leader.role is Role.ADMINISTRATOR:
            raise AccessRefusedError(("a supervisor or commander resets second factors",), codes=("role",))
        if leader.member_id == member_id:
            raise AccessRefusedError(("nobody resets his own second factor",), codes=("own_account",))
        locked_member(act.connection, member_id)
        if not act.connection.execute(_factor.delete().where(_factor.c.member_id == member_id)).rowcount:
            raise IllegalMoveError(f"member {member_id} has no second factor")
        ended = sessions.of_member(act.connection, member_id)
        act.note(n_sessions=sessions.revoke_all(act, ended, reason="second_factor_reset", by=leader.member_id))


def takes(office: Office, act: Act, member_id: int, code: str, *, confirming: bool = False) -> bool:
    """Whether a code fits now and was not used before; from then on it was. A secret that no code confirmed yet fits nothing.

    Call while the member's row is locked, so that of two who show the same code one is taken.
    """
    row = act.connection.execute(
        select(_factor).where(_factor.c.member_id == member_id).with_for_update()
    ).one_or_none()
    if row is None or (row.enrolled_at is None) is not confirming:
        return False
    app = app_of(office.key.open(row.sealed, belongs_to=_owner(member_id)).decode())
    given = "".join(code.split()).encode(errors="replace")
    now = int(act.at.timestamp()) // STEP_SECONDS
    fitting = [step for step in (now - 1, now, now + 1) if hmac.compare_digest(app.generate_otp(step).encode(), given)]
    fresh = [step for step in fitting if row.last_step is None or step > row.last_step]
    if not fresh:
        return False
    act.connection.execute(_factor.update().where(_factor.c.member_id == member_id).values(last_step=fresh[0]))
    return True


def app_of(secret: str) -> pyotp.TOTP:
    """What the member's app makes of a secret."""
    return pyotp.TOTP(secret, digits=DIGITS, interval=STEP_SECONDS)


def _require_owed(office: Office, act: Act, session: Session) -> None:
    if not sessions.present(office, act.connection, session.session_id, act.at).must_enrol:
        raise AccessRefusedError(("no enrolment is due",), codes=("enrolled",))


def _owner(member_id: int) -> str:
    return f"second factor of member {member_id}"
