"""From a proposal to a first search: what each new member still lacks, step by step (422.3.1(a), 422.3.1(b), 422.4(d)).

Here: reading. Not here: any act; each step has its own page.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, Engine, select

from alpr_assets.access import approvals, register, training
from alpr_assets.access.approvals import Proposal
from alpr_assets.access.people import Member, Status
from alpr_assets.access.roles import DATA, MAY, TRAINED
from alpr_assets.store import people

WAITING: Final = frozenset({Status.PROPOSED, Status.ACTIVE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One step. told: how far it is"""

    name: str
    is_done: bool
    told: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomer:
    """One member who does not have all yet, and his steps in their order."""

    member: Member
    stages: tuple[Stage, ...]

    @property
    def missing(self) -> list[str]:
        return [stage.name for stage in self.stages if not stage.is_done]


def newcomers(source: Connection | Engine) -> list[Newcomer]:
    """Proposed members, and active ones who never came as far as a first search, those who wait longest first."""
    with register.connected(source) as connection:
        open_joins = {one.member_id: one for one in approvals.proposals(connection) if one.kind == "join"}
        enrolled = set(connection.scalars(select(people.member_second_factor.c.member_id)))
        granted = set(connection.scalars(select(people.member_source.c.member_id)))
        waits = {one.member_id for one in training.waiting(connection)}
        members = [one for one in register.members(connection) if one.status in WAITING]
    found = []
    for member in members:
        proposal = open_joins.get(member.member_id)
        stages = (
            Stage(name="title", is_done=True, told=f"{member.title}: {member.role.replace('_', ' ')}"),
            _training(member, waits),
            _approval(member, proposal),
            _sources(member, proposal, granted),
            _first_sign_in(member, enrolled),
        )
        found.append(Newcomer(member=member, stages=stages))
    return sorted((one for one in found if one.missing), key=lambda one: one.member.member_id)


def _training(member: Member, waits: set[int]) -> Stage:
    if member.trained_until is not None:
        return Stage(name="training", is_done=True, told=f"until {member.trained_until}")
    if not TRAINED & MAY[member.role]:
        return Stage(name="training", is_done=True, told="the role needs none")
    told = "recorded, waits for approval" if member.member_id in waits else "none on record"
    return Stage(name="training", is_done=False, told=told)


def _approval(member: Member, proposal: Proposal | None) -> Stage:
    if proposal is None:
        return Stage(name="approval", is_done=True, told="approved")
    needed = approvals.n_needed(proposal, member.role)
    return Stage(name="approval", is_done=False, told=f"{len(proposal.approved_by)} of {needed}")


def _sources(member: Member, proposal: Proposal | None, granted: set[int]) -> Stage:
    if member.sources:
        return Stage(name="sources", is_done=True, told=", ".join(sorted(member.sources)))
    if not DATA & MAY[member.role]:
        return Stage(name="sources", is_done=True, told="the role needs none")
    if member.member_id in granted:
        return Stage(name="sources", is_done=True, told="taken back")
    asked = ", ".join(sorted(proposal.sources)) if proposal else ""
    return Stage(name="sources", is_done=False, told=f"{asked} asked for" if asked else "none")


def _first_sign_in(member: Member, enrolled: set[int]) -> Stage:
    if member.last_active_at is not None:
        return Stage(name="first sign-in", is_done=True, told="done")
    told = "second factor enrolled" if member.member_id in enrolled else "not yet"
    return Stage(name="first sign-in", is_done=False, told=told)
