"""Passwords: what a new one must be, how one is kept, one-time passwords (CJIS Security Policy IA-5; NIST SP 800-63B, 5.1.1).

Kept as argon2id hashes with the second recommended parameters of RFC 9106. Length is what is asked for, and that it is none of
the passwords tried first by everybody; no rules on digits and signs. Unicode is normalised (NFC), so that one keyboard's é is the
other's.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Final

from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import select

from alpr_assets.access import attempts, sessions
from alpr_assets.access.acting import Act, Office, acting, authorised, locked_member
from alpr_assets.access.people import Member, Session, Status
from alpr_assets.access.record.entries import Actor, Kind
from alpr_assets.access.roles import Action
from alpr_assets.errors import AccessRefusedError, IllegalMoveError, MalformedError
from alpr_assets.policy import Policy
from alpr_assets.store import people
from alpr_assets.store.engine import insert_new, reading

MAX_LENGTH: Final = 128
ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that looks like another
GROUPS: Final = 5
GROUP: Final = 4  # characters; 99 bits in all

_password = people.member_password


@dataclass(frozen=True, slots=True)
class OneTime:
    """A first password, shown once to who hands it over."""

    member_id: int
    user_name: str
    name: str
    password: str = field(repr=False)
    expires_at: datetime


def normalised(password: str) -> str:
    """As it is hashed; half a surrogate pair, which a program may send, is a question mark."""
    return unicodedata.normalize("NFC", password).encode(errors="replace").decode()


def require_good(policy: Policy, member: Member, password: str) -> str:
    """A new password as it will be hashed. Raises MalformedError saying what is wrong with it, never what it is."""
    new = normalised(password)
    least = policy.access.password_length
    if not least <= len(new) <= MAX_LENGTH:
        raise MalformedError("length", f"a password has {least} to {MAX_LENGTH} characters", remedy="use a sentence")
    if unfit := _unfit(policy, member, new):
        raise MalformedError(
            "banned", f"this password is {unfit}", remedy="use several words that do not belong together"
        )
    return new


def matches(office: Office, member: Member | None, password: str) -> str | None:
    """The hash that a password fits; None: it does not fit. Takes as long for a name that is nobody's."""
    given = normalised(password)[: MAX_LENGTH + 1]
    stored = None
    if member is not None:
        with reading(office.engine) as connection:
            stored = connection.scalar(select(_password.c.hash).where(_password.c.member_id == member.member_id))
    if stored is None:
        office.hasher.hash(given)  # the time that looking at one would have taken
        return None
    try:
        office.hasher.verify(stored, given)
    except (VerifyMismatchError, InvalidHashError):
        return None
    return str(stored)


def settle(office: Office, act: Act, member: Member, stored: str, password: str) -> AccessRefusedError | None:
    """After the hash fitted: why it does not count, or None; it is renewed when the parameters changed."""
    row = act.connection.execute(select(_password).where(_password.c.member_id == member.member_id)).one_or_none()
    if row is None or row.hash != stored:  # replaced while we looked
        return attempts.refusal(office.policy)
    if row.expires_at is not None and row.expires_at <= act.at:
        return AccessRefusedError(
            ("the one-time password has expired",), codes=("expired",), remedy="ask an administrator for another"
        )
    if office.hasher.check_needs_rehash(stored):
        renewed = office.hasher.hash(normalised(password))
        act.connection.execute(_password.update().where(_password.c.member_id == member.member_id).values(hash=renewed))
    return None


def change(office: Office, session: Session, present: str, new: str, *, at: datetime) -> sessions.Opened:
    """The member replaces his password; his other sessions and tokens end, and this one goes on under another token.

    Raises AccessRefusedError when the present password is not his, which counts as a failed attempt; MalformedError for a new
    one that is none.
    """
    member = session.member
    wanted = require_good(office.policy, member, new)
    if wanted == normalised(present):
        raise MalformedError("same", "the new password is the present one", remedy="use another")
    attempt = attempts.begin(office, member.user_name, "password", address=session.address, at=at)
    refused = "sign_in_incomplete" if session.must_verify else attempt.refused
    stored = None if refused else matches(office, member, present)
    hashed = office.hasher.hash(wanted) if stored else ""
    opened: sessions.Opened | None = None
    with acting(office, "change_password", session.actor(), at=at, kind=Kind.SIGN_IN) as act:
        error = settle(office, act, member, stored, present) if stored else attempts.refusal(office.policy)
        attempts.settle(office, act, attempt, succeeded=error is None)
        if error is not None:
            act.refuse(error, codes=(refused or "password",))
        else:
            put(act, member.member_id, hashed, expires_at=None)
            others = sessions.of_member(act.connection, member.member_id, but=session.session_id)
            act.note(n_sessions=sessions.revoke_all(act, others, reason="password_changed", by=member.member_id))
            opened = sessions.renew(office, act, session)
    assert opened is not None  # a refusal was raised
    return opened


def reset(office: Office, member_id: int, *, by: Actor, at: datetime) -> OneTime:
    """An administrator gives a member a one-time password; sessions and tokens end. A lock stays until it is opened.

    Who resets passwords cannot reset second factors: taking over an account needs two people.

    Raises AccessRefusedError; IllegalMoveError when the member is not active.
    """
    drawn = draw(office)
    with acting(office, "reset_password", by, at=at, details={"member_id": member_id}) as act:
        administrator = authorised(act, Action.UNLOCK_MEMBER, office.policy)
        if administrator.member_id == member_id:
            raise AccessRefusedError(("nobody resets his own password",), codes=("own_account",))
        member = locked_member(act.connection, member_id)
        if member.status is not Status.ACTIVE:
            raise IllegalMoveError(f"member {member_id} is {member.status}", remedy="make the account active first")
        ended = sessions.of_member(act.connection, member_id)
        sessions.revoke_all(act, ended, reason="password_reset", by=administrator.member_id)
        if drawn is None:
            raise IllegalMoveError("an identity provider signs members in: there are no passwords")
        return issue(office, act, member, drawn)


# ── parts of other acts ────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Drawn:
    """A one-time password and its hash, made before the transaction that gives it to somebody: hashing takes its time."""

    password: str = field(repr=False)
    hash: str = field(repr=False)


def draw(office: Office) -> Drawn | None:
    """Draw a one-time password; None where an identity provider signs members in."""
    if office.issuer:
        return None
    password = "-".join("".join(secrets.choice(ALPHABET) for _ in range(GROUP)) for _ in range(GROUPS))
    return Drawn(password, office.hasher.hash(password))


def issue(office: Office, act: Act, member: Member, drawn: Drawn) -> OneTime:
    """A one-time password in place of whatever the member had."""
    expires_at = act.at + timedelta(hours=office.policy.access.one_time_hours)
    put(act, member.member_id, drawn.hash, expires_at=expires_at)
    return OneTime(member.member_id, member.user_name, member.name, drawn.password, expires_at)


def put(act: Act, member_id: int, hashed: str, *, expires_at: datetime | None) -> None:
    """Keep a hash as the member's only one."""
    values = {"member_id": member_id, "hash": hashed, "set_at": act.at, "expires_at": expires_at}
    insert_new(act.connection, _password, [values])
    act.connection.execute(_password.update().where(_password.c.member_id == member_id).values(values))


# ── what everybody tries first ─────────────────────────────────────────────────────────────────────────────────────


@cache
def banned() -> frozenset[str]:
    """The list, lower case."""
    text = files("alpr_assets.access").joinpath("banned_passwords.txt").read_text(encoding="utf-8")
    return frozenset(line for line in text.splitlines() if line and not line.startswith("# "))


def _unfit(policy: Policy, member: Member, password: str) -> str:
    plain = unicodedata.normalize("NFKC", password).casefold()
    letters = re.sub(r"[\W_\d]+", "", plain)
    own = {
        re.sub(r"[\W_\d]+", "", word.casefold())
        for word in (
            member.user_name, member.name, *member.name.split(), policy.policy.agency, *policy.policy.agency.split(),
            policy.policy.ori, "alpr", "police", "password",
        )
    }  # fmt: skip
    if plain in banned() or re.sub(r"[\W_]+", "", plain) in banned():
        return "one that is tried first"
    if letters in own:
        return "a name of yours, of the department or of this system with digits"
    if len(set(plain)) < 4 or re.fullmatch(r"(.{1,4}?)\1+", plain):
        return "the same characters over and over"
    if _is_a_row(plain):
        return "a row of characters"
    return ""


def _is_a_row(plain: str) -> bool:
    """Each character the next or the one before in the alphabet or on the keyboard: abcdefgh, 98765432, qwertyui."""
    rows = ("abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiopasdfghjklzxcvbnm")
    return any(plain in row * 2 or plain[::-1] in row * 2 for row in rows)
