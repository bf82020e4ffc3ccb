"""What a lineage consists of: sections of steps, and what is traced for whom while they are found.

Here: value classes. Not here: finding steps. What a step says in `what` holds no plate; its facts hold plates, places and people's own
words only where who asks may see them (`Traced.told`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from alpr_assets.access.gate import Grant
from alpr_assets.access.record.entries import ResultId
from alpr_assets.access.roles import Action, may
from alpr_assets.access.secret_key import SecretKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that is so, or happened.

    at : UTC; None: it has no time
    by : who; None: nobody, or the system
    facts : name → text, number, truth, instant, day, or a list of texts; what is not known is left out
    ids : what the access record names it by
    """

    what: str
    at: datetime | None = None
    by: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    ids: tuple[ResultId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One part of the lineage. empty: what it means that there is no step"""

    name: str
    title: str
    empty: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """All that is known of one read, or of a whole picture.

    read_id, capture_id : None: not asked for; of a read that is gone, not known any more
    is_there : whether its row is in the store
    told : what can be said of it as a whole, one sentence
    """

    day: date
    read_id: int | None
    capture_id: int | None
    is_there: bool
    told: str
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Traced:
    """What is traced while its sections are found.

    connection, record : of the store, and of the access record
    key : of the digests of purges' manifests
    capture_id : None: it went with the read's row
    reads : ids of the read and of what other versions read in its place; of a picture, of all its reads
    passes : day and id of the passes that these reads belong to
    names : of members, by id
    """

    grant: Grant
    connection: Connection
    record: Connection
    key: SecretKey
    day: date
    read_id: int | None
    capture_id: int | None
    reads: tuple[int, ...]
    passes: tuple[tuple[date, int], ...]
    names: Mapping[int, str]

    @property
    def sees_plates(self) -> bool:
        """Whether who asks may see a plate at all: an auditor traces by numbers."""
        return may(self.grant.member.role, Action.PLATE_HISTORY)

    @property
    def sees_searches(self) -> bool:
        """Whether he is told who else asked, and for which case: colleagues are not, since one of them may be looked at."""
        return may(self.grant.member.role, Action.VERIFY_RECORD)

    def told(self, **facts: Any) -> dict[str, Any]:
        """Facts that are plates, places or people's own words: none for who sees no plate."""
        return known(**facts) if self.sees_plates else {}

    def name(self, member_id: int | None) -> str | None:
        """What a member is called."""
        return None if member_id is None else self.names.get(member_id, f"member {member_id}")


def known(**facts: Any) -> dict[str, Any]:
    """Facts without those that are not known."""
    return {name: value for name, value in facts.items() if value not in (None, "")}
