"""Which policy is in force: versions put in force and ended by the commander, and whether the file at work is the one (422.3.1(g)).

Here: the acts, and the one answer to "may the system work now?" that gate, worker and pipeline ask. Not here: what a policy says
(`policy`), its page. Where no version was ever put on record, the configured file counts by its own dates: that is how the sample
and a department that begins work. From the first version on, only what is on record counts, and the file at work must say the
same: so the page cannot say one thing and the system do another.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, select

from alpr_assets.access import register
from alpr_assets.access.acting import Office, acting, authorised
from alpr_assets.access.reasons import line
from alpr_assets.access.record import alarms
from alpr_assets.access.record.entries import Actor
from alpr_assets.access.roles import Action
from alpr_assets.errors import IllegalMoveError, NotFoundError, NotInForceError
from alpr_assets.policy import Policy
from alpr_assets.store.engine import one_writer
from alpr_assets.store.policies import MAX_REASON, MAX_WHERE, policy_end, policy_version

ALARM: Final = "policy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version as it was put in force; dates are the department's. ended_at: it was ended before another followed."""

    version_id: int
    number: str
    version: str
    sha256: str
    digest: str
    adopted_on: date
    from_on: date
    to_on: date | None
    posted_on: date
    posted_where: str
    put_at: datetime
    ended_at: datetime | None = None
    reason: str = ""

    def why_not(self, policy: Policy, on: date) -> str:
        """Why the file at work does not govern under this version; empty: it does."""
        if self.ended_at:
            return f"version {self.version} was ended, and no other is in force"
        if self.to_on and self.to_on < on:
            return f"version {self.version} ended on {self.to_on}, and no other is in force"
        if self.digest != policy.digest:
            return f"the policy file at work does not say what version {self.version} says, which is in force"
        return ""


@dataclass(frozen=True, slots=True)
class Standing:
    """What governs at an instant. version: the newest on record, None: none ever was; why_not: in words, empty: the system may work."""

    version: Version | None
    why_not: str

    @property
    def in_force(self) -> bool:
        return not self.why_not

    def require(self) -> None:
        """Raise NotInForceError where the system may not work."""
        if self.why_not:
            raise NotInForceError(
                f"no policy is in force: {self.why_not}",
                remedy="the commander puts the policy at work in force on the page Policy in force",
            )


def standing(source: Connection | Engine, policy: Policy, at: datetime) -> Standing:
    """Whether this file governs at an instant.

    Parameters
    ----------
    policy : the file at work in this process
    at : aware UTC
    """
    on = at.astimezone(policy.zone).date()
    with register.connected(source) as connection:
        row = connection.execute(_statement().limit(1)).one_or_none()
    if row is None:
        why_not = policy.in_force.why_not(on)
        return Standing(None, f"the policy file says that {why_not}" if why_not else "")
    newest = _of_row(row)
    return Standing(newest, newest.why_not(policy, on))


def versions(source: Connection | Engine) -> list[Version]:
    """Every version that was ever in force, newest first."""
    with register.connected(source) as connection:
        return [_of_row(row) for row in connection.execute(_statement())]


def content(source: Connection | Engine, version_id: int) -> str:
    """The file of one version as it was read. Raises NotFoundError."""
    with register.connected(source) as connection:
        found: str | None = connection.scalar(
            select(policy_version.c.content).where(policy_version.c.version_id == version_id)
        )
    if found is None:
        raise NotFoundError(f"there is no version {version_id} of the policy")
    return found


def put_in_force(office: Office, *, posted_on: date, posted_where: str, by: Actor, at: datetime) -> int:
    """Put the policy at work in force, as adopted and posted; whatever was in force before ends with it. Returns the version's id.

    Parameters
    ----------
    posted_on, posted_where : when and where it was conspicuously posted, Civ. Code 1798.90.51(b)(1)

    Raises AccessRefusedError; IllegalMoveError: it is a sample, lacks what the law asks for, was not adopted or posted yet, its own dates
    exclude today, it is in force already, or its version number belongs to another text; MalformedError: no such place.
    """
    policy, on = office.policy, office.on(at)
    details = {"version": policy.policy.version, "sha256": policy.sha256}
    with acting(office, Action.PUT_POLICY_IN_FORCE, by, at=at, details=details) as act:
        put_by = authorised(act, Action.PUT_POLICY_IN_FORCE, policy).member_id
        one_writer(act.connection, "put a policy in force")
        known = versions(act.connection)
        _require_ready(policy, known, posted_on, on)
        values = {
            "number": policy.policy.number, "version": policy.policy.version, "content": policy.text, "sha256": policy.sha256,
            "digest": policy.digest, "adopted_on": policy.policy.adopted,
            "from_on": on if known else policy.in_force.from_on or on, "to_on": policy.in_force.to_on, "posted_on": posted_on,
            "posted_where": line(posted_where, "place where it is posted", MAX_WHERE), "put_at": at, "put_by": put_by,
        }  # fmt: skip
        made = act.connection.execute(policy_version.insert().returning(policy_version.c.version_id), values)
        version_id = int(made.scalar_one())
        act.note(version_id=version_id, adopted_on=str(policy.policy.adopted), posted_on=posted_on.isoformat())
    return version_id


def end(office: Office, reason: str, *, by: Actor, at: datetime) -> None:
    """End the version in force, at once and without another: from now on captures land sealed, and nothing is searched.

    Raises AccessRefusedError; IllegalMoveError: none is on record, or it was ended; MalformedError: no reason.
    """
    with acting(office, "end_policy", by, at=at) as act:
        ended_by = authorised(act, Action.PUT_POLICY_IN_FORCE, office.policy).member_id
        one_writer(act.connection, "put a policy in force")
        newest = next(iter(versions(act.connection)), None)
        if newest is None or newest.ended_at:
            raise IllegalMoveError("no version of the policy is on record as in force")
        why = line(reason, "reason", MAX_REASON)
        values = {"version_id": newest.version_id, "ended_at": at, "ended_by": ended_by, "reason": why}
        act.connection.execute(policy_end.insert(), values)
        act.note(version_id=newest.version_id, version=newest.version, reason=why)


def tell(data: Path, found: Standing) -> None:
    """Raise the alarm while no policy is in force, and end it when one is; data: the folder of the alarms."""
    if found.in_force:
        alarms.end_alarm(data, ALARM)
    else:
        alarms.raise_alarm(
            data, ALARM, f"no policy is in force: {found.why_not}. Captures land sealed, and nothing is searched."
        )


def _require_ready(policy: Policy, known: list[Version], posted_on: date, on: date) -> None:
    if policy.policy.adopted is None:
        raise IllegalMoveError(
            "the policy at work is a sample, not adopted",
            remedy="set policy.adopted in the department's own file, and document.adoption",
        )
    if missing := policy.document.missing:
        raise IllegalMoveError(
            f"the policy file does not state: {', '.join(f'document.{name}' for name in missing)}",
            remedy="Civ. Code 1798.90.51(b)(2) asks for it: compare with policy/422.yaml",
        )
    if on < policy.policy.adopted or on < posted_on:
        raise IllegalMoveError("it is put in force once it was adopted and posted", remedy="look at the dates")
    if why_not := policy.in_force.why_not(on):
        raise IllegalMoveError(f"the file's own dates exclude today: {why_not}")
    if known and not known[0].why_not(policy, on):
        raise IllegalMoveError(f"version {known[0].version} is in force already, and says the same")
    same = [one for one in known if one.version == policy.policy.version]
    if any(one.digest != policy.digest for one in same):
        raise IllegalMoveError(
            f"another text was in force as version {policy.policy.version}",
            remedy="give the file a version number of its own",
        )


def _statement() -> Any:
    joined = policy_version.outerjoin(policy_end, policy_end.c.version_id == policy_version.c.version_id)
    wanted = [policy_version.c[name] for name in COLUMNS]
    ended = (policy_end.c.ended_at, policy_end.c.reason)
    return select(*wanted, *ended).select_from(joined).order_by(policy_version.c.version_id.desc())


COLUMNS: Final = (
    "version_id", "number", "version", "sha256", "digest", "adopted_on", "from_on", "to_on", "posted_on", "posted_where", "put_at",
)  # fmt: skip


def _of_row(row: Any) -> Version:
    told = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's own API
    return Version(**{**told, "reason": told["reason"] or ""})
