"""NCIC licence-plate-reader extracts: the fixed-width layout, Washington's, Texas' and Minnesota's.

Here: which layout a file has, and its lines. Not here: code tables; whether a member may see a restricted file.
Fixed width (zero-based, end-exclusive): 0–10 NIC number · 10–19 ORI · 19–27 date · 27–37 plate · 37–39 state ·
39–43 plate year · 43–45 plate type · 45–49 vehicle year · 49–53 make · 53–56 model · 56–58 style · 58–65 colour.
Washington puts two digits before the file letter INSIDE the ten characters of the NIC number: no column moves.
Texas has 11 comma-separated columns, Minnesota 12 (a plate type more).

The extracts write every letter O as the digit 0. States, makes, colours and plate types are restored against known
codes (`0H`, `D0DG`); plates are kept as given and matched on their folded key; ids and models stay as given.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from alpr_assets.errors import ImportRefusedError, MalformedError
from alpr_assets.lifecycle.hotlists.categories import IMMIGRATION_LETTER, NCIC_FILES
from alpr_assets.lifecycle.hotlists.formats.codes import colour_code, make_code, ncic_state, plate_type_code
from alpr_assets.lifecycle.hotlists.formats.contract import Ledger, Options, ParsedEntry, ParsedList, listed_plate
from alpr_assets.lifecycle.hotlists.formats.decoding import compact_day, fixed_lines, refuse_what_is_no_text

if TYPE_CHECKING:
    from collections.abc import Callable

COLUMNS: Final = {
    "nic": (0, 10), "ori": (10, 19), "date": (19, 27), "plate": (27, 37), "state": (37, 39), "plate_year": (39, 43),
    "plate_type": (43, 45), "vehicle_year": (45, 49), "make": (49, 53), "model": (53, 56), "style": (56, 58),
    "colour": (58, 65),
}  # fmt: skip
PLATE_END: Final = 37
MINNESOTA: Final = tuple(COLUMNS)
TEXAS: Final = tuple(name for name in COLUMNS if name != "plate_type")
DETAILS: Final = tuple(name for name in COLUMNS if name not in {"date", "plate", "state"})
RESTORED: Final = {"make": make_code, "plate_type": plate_type_code, "colour": colour_code}

_SAMPLE: Final = 200  # lines that decide the layout


@dataclass(frozen=True, slots=True)
class Layout:
    """One variant: how its NIC numbers begin, where the file letter stands in them, how a line becomes fields."""

    variant: str
    nic: re.Pattern[str]
    letter_at: int
    fields: Callable[[str], dict[str, str]]

    def has(self, line: str) -> bool:
        """Is this line a record of this layout?"""
        try:
            fields = self.fields(line)
        except MalformedError:
            return False
        return bool(self.nic.match(fields["nic"]) and re.fullmatch(r"(?:\d{8})?", fields["date"], re.ASCII))

    def letter(self, line: str) -> str:
        """File letter of a line, whatever the rest of the line is."""
        return line.lstrip('"')[self.letter_at : self.letter_at + 1]


def fixed_fields(line: str) -> dict[str, str]:
    """Fields of a fixed-width line. Those after the plate may be missing; a plate that ends early is not whole."""
    if len(line) < PLATE_END:
        raise MalformedError("line_short", f"{len(line)} characters: a plate cut off cannot be told from a whole one")
    return {name: line[start:end].strip() for name, (start, end) in COLUMNS.items()}


def _separated_fields(names: tuple[str, ...]) -> Callable[[str], dict[str, str]]:
    def fields(line: str) -> dict[str, str]:
        try:
            cells = next(csv.reader([line], strict=True), [])
        except csv.Error:
            raise MalformedError("quoting", "a quoted cell does not end") from None
        if len(cells) != len(names):
            raise MalformedError("column_count", f"{len(cells)} columns, expected {len(names)}")
        return {name: cell.strip() for name, cell in zip(names, cells, strict=True)}

    return fields


LAYOUTS: Final = (
    Layout("standard", re.compile("[A-Z][0-9]{2}"), 0, fixed_fields),
    Layout("washington", re.compile("..[A-Z][0-9]{2}"), 2, fixed_fields),
    Layout("texas", re.compile("[A-Z][0-9]{2}"), 0, _separated_fields(TEXAS)),
    Layout("minnesota", re.compile("[A-Z][0-9]{2}"), 0, _separated_fields(MINNESOTA)),
)


def layout_of(lines: list[str]) -> Layout | None:
    """The layout that at least half of the first lines have, one header line aside; None where there is none."""
    sample = [line for line in lines[: _SAMPLE + 1] if not _is_blank(line)]
    for layout in LAYOUTS:
        votes = sum(layout.has(line) for line in sample)
        if votes and votes * 2 >= len(sample) - 1:
            return layout
    return None


def parse(raw: bytes, file_name: str, options: Options) -> ParsedList:  # noqa: ARG001 — the contract of formats
    """Parse one NCIC extract. The first line is its header, unless it is a record: then it is one.

    Raises
    ------
    ImportRefusedError : layout_unknown; empty, utf16 and not_text as for every file
    """
    refuse_what_is_no_text(raw)
    lines = fixed_lines(raw)
    if (layout := layout_of(lines)) is None:
        raise ImportRefusedError(
            "layout_unknown",
            "the lines have no NCIC layout known here (standard, Washington, Texas, Minnesota)",
            remedy="Compare the file with its source; a new layout needs a parser.",
        )
    ledger = Ledger()
    for number, line in enumerate(lines, start=1):
        if _is_blank(line):
            ledger.skip("blank")
        elif number == 1 and not layout.has(line):
            ledger.skip("header")
        else:
            _account(ledger, line, number, layout, import_immigration=options.import_immigration)
    return ledger.close(n_lines=len(lines), made_at=None, list_type="ncic", layout=("ncic", layout.variant))


def _is_blank(line: str) -> bool:
    return not line.strip(' \t,"')


def _account(ledger: Ledger, line: str, number: int, layout: Layout, *, import_immigration: bool) -> None:
    letter = layout.letter(line)
    if letter == IMMIGRATION_LETTER and not import_immigration:
        ledger.skip("immigration")
        return
    try:
        fields = layout.fields(line)
        if letter in NCIC_FILES and not fields["plate"]:
            ledger.skip("no_plate")  # a person without a vehicle: nothing to match
            return
        ledger.enter(_entry(fields, letter, number))
    except MalformedError as error:
        ledger.quarantine(number, error, line)


def _entry(fields: dict[str, str], letter: str, number: int) -> ParsedEntry:
    if (list_type := NCIC_FILES.get(letter)) is None:
        raise MalformedError("file_letter_unknown", "the NIC number begins with no known file letter")
    details = {name: RESTORED.get(name, str)(fields[name]) for name in DETAILS if fields.get(name)}
    state = ncic_state(fields["state"])
    if fields["state"] and not state:
        details["state_given"] = fields["state"]
    return ParsedEntry(
        plate=listed_plate(fields["plate"]),
        state=state,
        list_type=list_type.name,
        category=list_type.category,
        listed_on=compact_day(fields["date"]) if fields["date"] else None,
        details={"file": letter, **details},
        restricted=list_type.restricted,
        line=number,
        given=fields["plate"],
    )
