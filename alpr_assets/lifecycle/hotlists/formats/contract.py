"""The contract of a hot-list format: bytes in, every line accounted for out.

Here: what a parser is given and returns, and the ledger that counts each line once. Not here: any format;
rules that compare with the list in force (age, shrinking, share quarantined), which the import decides.
Invariant: n_lines == entries + quarantined + skipped.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from alpr_assets.errors import MalformedError
from alpr_assets.lifecycle.hotlists.categories import Category
from alpr_assets.lifecycle.hotlists.formats.answers import Answering
from alpr_assets.lifecycle.lookalikes import normalise

if TYPE_CHECKING:
    from datetime import date, datetime
    from zoneinfo import ZoneInfo

MAX_PLATE: Final = 16  # what the tables hold


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a file does not say itself.

    zone : of the clock in a CLEW header (the department's)
    category, list_type : of a simple CSV, which names neither; the file's stem is the type where none is given
    import_immigration : NCIC file N; otherwise it is counted and left out (SB 54)
    answering : of the department's own list; None: nobody needs to answer for each line
    """

    zone: ZoneInfo
    category: Category | None = None
    list_type: str = ""
    import_immigration: bool = False
    answering: Answering | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedEntry:
    """One hot-list line. Key: (plate, state, list_type); the same plate in two states is two entries.

    plate : normalised, otherwise as given; `given` is as it stands in the file
    state : two letters, upper case; empty where unknown
    expires_on : last day in force, the department's date; None: in force until its list no longer has it
    details : what else the line says, non-empty values only; codes with the letter O restored where known
    line : 1-based line (simple CSV: row) of the file
    """

    plate: str
    state: str
    list_type: str
    category: Category
    listed_on: date | None
    details: dict[str, str]
    restricted: bool
    line: int
    given: str
    expires_on: date | None = None

    def says(self) -> tuple[object, ...]:
        """All that the line says, wherever it stands: equal for repeated lines."""
        details = tuple(sorted(self.details.items()))
        dates = (self.listed_on, self.expires_on)
        return (self.plate, self.state, self.list_type, *dates, self.given, self.category, details)


@dataclass(frozen=True, slots=True)
class BadLine:
    """One quarantined line. `reason` says what to do about it too, and never holds plate text; `text` is the line as it came."""

    line: int
    code: str
    reason: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedList:
    """One file, every line accounted for: n_lines == len(entries) + len(quarantined) + sum(skipped.values()).

    format, variant : which parser, and which of its layouts was taken
    made_at : aware UTC instant; None where the format does not say
    list_type : of the list; `ncic` where each entry has its own
    n_lines : lines of the file (rows of a simple CSV), header, trailer and blank ones included
    skipped : header, trailer, blank, duplicate, no_plate, immigration, expired
    """

    format: str
    variant: str | None
    made_at: datetime | None
    list_type: str
    entries: list[ParsedEntry]
    quarantined: list[BadLine]
    n_lines: int
    skipped: dict[str, int]


class Parser(Protocol):
    """One file format. Raises ImportRefusedError where nothing of the file can be trusted."""

    def __call__(self, raw: bytes, file_name: str, options: Options) -> ParsedList: ...


@dataclass(slots=True)
class Ledger:
    """Counts each line of a file exactly once."""

    entries: list[ParsedEntry] = field(default_factory=list)
    quarantined: list[BadLine] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    _said: set[tuple[object, ...]] = field(default_factory=set)

    def enter(self, entry: ParsedEntry) -> None:
        """Keep an entry; a line that says the same again is one entry, counted as `duplicate`.

        Lines with one key that say different things (another case, another date) all stay.
        """
        said = entry.says()
        if said in self._said:
            self.skip("duplicate")
            return
        self._said.add(said)
        self.entries.append(entry)

    def skip(self, reason: str) -> None:
        self.skipped[reason] += 1

    def quarantine(self, line: int, error: MalformedError, text: str) -> None:
        reason = f"{error}: {error.remedy}" if error.remedy else str(error)
        self.quarantined.append(BadLine(line, error.code, reason, text))

    def close(
        self, *, n_lines: int, made_at: datetime | None, list_type: str, layout: tuple[str, str | None]
    ) -> ParsedList:
        """The parsed list. `layout` is (format, variant)."""
        accounted = len(self.entries) + len(self.quarantined) + self.skipped.total()
        if n_lines != accounted:  # never half-load: a parser that loses a line is a bug, not a file's fault
            raise AssertionError(f"{n_lines} lines, {accounted} accounted for")
        return ParsedList(
            format=layout[0],
            variant=layout[1],
            made_at=made_at,
            list_type=list_type,
            entries=self.entries,
            quarantined=self.quarantined,
            n_lines=n_lines,
            skipped=dict(self.skipped),
        )


def listed_plate(given: str) -> str:
    """Normalised plate of a line, short enough to be stored; MalformedError otherwise."""
    plate = normalise(given)
    if len(plate) > MAX_PLATE:
        raise MalformedError("plate_too_long", f"{len(plate)} characters, {MAX_PLATE} at most")
    return plate
