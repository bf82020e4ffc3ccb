"""Who answers for a line of the department's own list: owner, case number, reason, last day in force, approver (422.4).

Here: the five columns, and what a line must say in them. Not here: which lists must (the policy's sources), rows and cells
(`simple_csv`). A watch of kind `entry` says the same of a plate that is typed in (`watches.watches`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from alpr_assets.errors import ImportRefusedError, MalformedError
from alpr_assets.lifecycle.hotlists.formats.decoding import written_day

TITLES: Final = {
    "owner": "Owner", "case_number": "Case Number", "reason": "Reason", "expires_on": "Expires On",
    "approved_by": "Approved By",
}  # fmt: skip
"""The five columns, by role."""

HEADER: Final = ",".join(["Plate Number", "Description", "State/Province", *TITLES.values()])

SYNONYMS: Final = {
    "owner": {"owner", "entryowner", "enteredby", "requestedby", "requester", "requestor", "responsible"},
    "case_number": {
        "case", "casenumber", "caseno", "casenum", "caseid", "incident", "incidentnumber", "incidentno", "reportnumber",
    },
    "reason": {"reason", "reasonforentry", "reasonforlisting", "grounds", "justification"},
    "expires_on": {
        "expires", "expireson", "expiry", "expirydate", "expiration", "expirationdate", "expiredate", "validuntil",
        "until", "enddate", "lastday",
    },
    "approved_by": {"approvedby", "approver", "approval", "authorizedby", "authorisedby", "approvingsupervisor"},
}  # fmt: skip
_NOTHING: Final = frozenset({"n/a", "none", "tbd", "unknown", "null", "nil"})
"""What people write into a cell that they were made to fill in."""

EXPIRED: Final = "expired"
LACKING: Final = "unanswered"
CODES: Final = frozenset({LACKING, "own_approval", "case_number_malformed", "expiry_malformed", "expiry_too_far"})


class ExpiredError(MalformedError):
    """A line whose last day is over: as it was agreed, and left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answering:
    """What the policy asks of a line.

    case_number : regular expression of the department's numbers
    today : the department's date
    max_days : how many days from today the last day in force may be away
    """

    case_number: str
    today: date
    max_days: int

    def last_day(self, said: Mapping[str, str]) -> date:
        """The last day on which a line is in force, of one that says all five.

        Parameters
        ----------
        said : cells by role, non-empty ones only

        Raises
        ------
        MalformedError : one of CODES, with what to do; never what stands in a cell
        ExpiredError : nothing is wrong with it, and it is over
        """
        if empty := [title for role, title in TITLES.items() if not _says_something(said.get(role, ""))]:
            raise MalformedError(
                LACKING, f"nothing under {', '.join(empty)}", remedy="say who answers for the entry, or take it out"
            )
        if not re.fullmatch(self.case_number, said["case_number"]):
            raise MalformedError(
                "case_number_malformed",
                "the case number has not the form of the department's",
                remedy="write it as for a search; the form is access.case_number of the policy file",
            )
        if is_same_person(said["owner"], said["approved_by"]):
            raise MalformedError(
                "own_approval",
                "the owner approved the entry himself",
                remedy="have another approve it; where the names only look alike, write both in full",
            )
        return self._expiry(said["expires_on"])

    def _expiry(self, cell: str) -> date:
        last = written_day(cell)
        if last is None:
            raise MalformedError("expiry_malformed", "the expiry is no date", remedy="write it as YYYY-MM-DD")
        if last < self.today:
            raise ExpiredError(
                EXPIRED, "its last day is over", remedy="take the entry out, or have it approved to a later day"
            )
        if last - self.today > timedelta(days=self.max_days):
            raise MalformedError(
                "expiry_too_far",
                f"its last day is more than {self.max_days} days away",
                remedy="give an earlier one; to go on after that is a new decision",
            )
        return last


def require_columns(roles: Collection[str]) -> None:
    """Raise ImportRefusedError, with a header to copy, unless a file has all five columns.

    roles : that its columns have. Line by line the file would say nothing more than this.
    """
    if missing := [title for role, title in TITLES.items() if role not in roles]:
        raise ImportRefusedError(
            "columns_missing",
            f"nobody answers for the entries of the department's own list: no column {', '.join(missing)}",
            remedy=f"Give the file a header such as {HEADER}",
        )


def is_same_person(one: str, other: str) -> bool:
    """Whether two cells may name one person: the words of one are all in the other, in any order, case and punctuation.

    `Doe, Jane` is `Det. Jane Doe`. A name that is only part of another is taken for the same: who means two people can say so.
    """
    mine, others = _words(one), _words(other)
    return mine <= others or others <= mine


def _words(text: str) -> frozenset[str]:
    plain = unicodedata.normalize("NFKD", text).casefold()
    letters = "".join(each for each in plain if not unicodedata.combining(each))
    return frozenset(re.findall(r"[^\W_]+", letters))


def _says_something(cell: str) -> bool:
    return bool(_words(cell)) and " ".join(cell.casefold().split()) not in _NOTHING
