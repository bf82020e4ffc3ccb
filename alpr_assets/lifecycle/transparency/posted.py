"""The policy as posted: the version in force, its history, and sentences made from the figures that the system works by (422.3.1(g)).

Here: what the policy page shows, for anybody. Not here: putting a version in force (`access.governing`), the page (`pages`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import yaml
from pydantic import ValidationError
from sqlalchemy import Connection

from alpr_assets.access import designee, governing
from alpr_assets.access.designee import Designee
from alpr_assets.access.governing import Standing, Version
from alpr_assets.access.roles import DATA, MAY, Action, Role
from alpr_assets.policy import JobTitle, Policy, parsed

RETAINED: Final = {
    "reads": "Plates read from pictures", "images": "Pictures", "hits": "Hits and what was decided on them",
    "drops": "Transfers from vehicles", "raw_payloads": "Data as it came from readers", "quarantine": "What could not be accepted",
    "hotlist_files": "Hot-list files", "hotlist_entries": "Entries that left a hot list", "watches": "Plates that members look for",
    "holds": "What was kept as evidence, once that is over", "case_files": "Case files",
    "notebook_outputs": "Results of analyses", "downloads": "Downloaded files",
    "releases": "Requests of other agencies, and agreements with them", "accountability": "Audits, and breaches of data", "access_record": "What was searched for, in the access record",
}  # fmt: skip
"""Classes of data in the public's words; a test holds them against the policy's."""

DOES: Final = (
    (DATA - {Action.TRACE_READ}, "searches and looks at data"),
    (frozenset({Action.READ_RECORD}), "audits what others searched"),
    (frozenset({Action.OPERATE_PIPELINE}), "runs the system, without seeing plates"),
)
"""What a role does, by the actions that it has."""


@dataclass(frozen=True, slots=True)
class Posted:
    """What the page shows.

    policy : the text of the version in force; where none is on record, the file at work
    version : the newest on record; None: none ever was
    versions : all of them, newest first
    custodian : title of the official custodian, Civ. Code 1798.90.51(b)(2)(E)
    """

    policy: Policy
    standing: Standing
    versions: tuple[Version, ...]
    custodian: str
    designee: Designee | None

    @property
    def version(self) -> Version | None:
        return self.standing.version

    @property
    def titles(self) -> list[tuple[JobTitle, str]]:
        """Job titles, and in words what their role may do: as the gate has it."""
        return [(title, _may(Role(title.role), title)) for title in self.policy.titles]


def posted(connection: Connection, policy: Policy, at: datetime) -> Posted:
    """The policy as it is posted at an instant. policy: the file at work"""
    on = at.astimezone(policy.zone).date()
    standing = governing.standing(connection, policy, at)
    shown = policy if standing.version is None else _of_version(connection, standing.version, policy)
    custodian = next((title.title for title in shown.titles if title.role == Role.CUSTODIAN), "not named")
    versions = tuple(governing.versions(connection))
    return Posted(shown, standing, versions, custodian, designee.current(connection, on))


def _of_version(connection: Connection, version: Version, policy: Policy) -> Policy:
    """The version's own text; one that this software no longer reads is shown as the file at work, and its text can be opened."""
    if version.digest == policy.digest:
        return policy
    try:
        return parsed(governing.content(connection, version.version_id))
    except (yaml.YAMLError, ValidationError):
        return policy


def _may(role: Role, title: JobTitle) -> str:
    told = [words for actions, words in DOES if MAY[role] & actions] or ["no access to data about vehicles"]
    told += ["operates readers"] if title.collects else []
    told += ["may be an independent contractor"] if title.contractors else []
    return ", ".join(told)
