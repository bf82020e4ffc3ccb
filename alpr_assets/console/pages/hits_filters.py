"""Which hits a page shows: from a form's fields to what the search takes, and back into the forms that follow.

Here: the choices, for the queue and its export. Not here: the search (`search.hits`), the pages (`hits`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any, Final
from zoneinfo import ZoneInfo

from alpr_assets.access.people import Source
from alpr_assets.console.pages.asking import Form, instant
from alpr_assets.errors import MalformedError
from alpr_assets.lifecycle.hits.moves import OPEN, Status

ENDED: Final = tuple(status for status in Status if status not in {*OPEN, Status.LAPSED})

STANDING: Final[Mapping[str, tuple[str, tuple[Status, ...]]]] = MappingProxyType(
    {
        "": ("to do", OPEN),
        "raised": ("picture to be looked at", (Status.RAISED,)),
        "picture_confirmed": ("CLETS to be asked", (Status.PICTURE_CONFIRMED,)),
        "actionable": ("actionable", (Status.ACTIONABLE,)),
        "lapsed": ("lapsed", (Status.LAPSED,)),
        "ended": ("at an end", ENDED),
        "any": ("all", ()),
    }
)
"""Field value: what people call it, and the states it means."""

PAST: Final = frozenset({"lapsed", "ended", "any"})
PAST_DAYS: Final = 30

MATCHES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "exact": "exact",
        "folded": "look-alike characters",
        "edit1": "one character differs",
        "partial": "partial plate of a watch",
    }
)
ALERTED: Final[Mapping[str, bool]] = MappingProxyType({"alerted": True, "held_back": False})
SOURCES: Final = (Source.DEPARTMENT, Source.STATE, Source.FEDERAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What was chosen; empty: any. Field names are those of the form.

    Raises MalformedError for a choice that is none.
    """

    standing: str = ""
    category: str = ""
    match_kind: str = ""
    source: str = ""
    alerted: str = ""
    since: date | None = None
    until: date | None = None

    def __post_init__(self) -> None:
        known: dict[str, Mapping[str, Any] | tuple[str, ...]] = {
            "standing": STANDING, "match_kind": MATCHES, "source": SOURCES, "alerted": ALERTED,
        }  # fmt: skip
        for name, choices in known.items():
            value = getattr(self, name)
            if value and value not in choices:
                raise MalformedError("field", f"{name}: no such choice", remedy="open the page again")

    @classmethod
    def of(cls, form: Form) -> Filters:
        """The choices of a form as sent. Raises MalformedError."""
        chosen = {
            name: form.text(name, limit=64) for name in ("standing", "category", "match_kind", "source", "alerted")
        }
        return cls(since=form.day("since"), until=form.day("until"), **chosen)

    def bounded(self, on: date) -> Filters:
        """The same, not further back than PAST_DAYS before a date where what is over is asked for without saying since when."""
        if self.since is not None or self.standing not in PAST:
            return self
        return replace(self, since=on - timedelta(days=PAST_DAYS))

    def told(self) -> dict[str, str]:
        """What was chosen, for the access record and for the fields of the next form."""
        return {field.name: str(value) for field in fields(self) if (value := getattr(self, field.name))}

    def narrow(self, zone: ZoneInfo) -> dict[str, Any]:
        """Keyword arguments of `search.hits`; dates are the department's, both included."""
        return {
            "since": instant(self.since, zone),
            "until": instant(self.until, zone, after=True),
            "category": self.category or None,
            "statuses": STANDING[self.standing][1],
            "match_kinds": (self.match_kind,) if self.match_kind else (),
            "sources": (self.source,) if self.source else (),
            "alerted": ALERTED.get(self.alerted),
        }
