"""California DOJ CLEW tables: `svs.tbl` stolen vehicles, `sfr.tbl` felony vehicles, `slr.tbl` stolen plates.

Here: header, records, trailer. Not here: whether the list is too old or has shrunk.
A record is plate · state 2 · county 2 · date of loss 8, and the plate is 7 or 8 wide. It is taken from the RIGHT:
a fixed slice of 8 reads a 7-wide file as plate `ABC123C`, state `A0`, without an error.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import PurePath
from typing import TYPE_CHECKING, Final

from alpr_assets.errors import ImportRefusedError, MalformedError
from alpr_assets.lifecycle.hotlists.categories import CLEW_FILES, ListType
from alpr_assets.lifecycle.hotlists.formats.codes import ncic_state
from alpr_assets.lifecycle.hotlists.formats.contract import Ledger, Options, ParsedEntry, ParsedList, listed_plate
from alpr_assets.lifecycle.hotlists.formats.decoding import compact_day, fixed_lines, refuse_what_is_no_text

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

HEADER: Final = re.compile(r"DATE\d\d/\d\d/\d{4} \d\d:\d\d", re.ASCII)
TRAILER: Final = re.compile(r"TOTAL RECORD (\d{7})", re.ASCII)
FILE_NAME: Final = re.compile(r"(svs|sfr|slr)(?![a-z])", re.IGNORECASE)

WIDTHS: Final = {19: "plate 7 wide", 20: "plate 8 wide"}
COUNTIES: Final = frozenset(f"{county:02}" for county in range(1, 59))
AGAIN: Final = "Ask the source to send the file again; the list in force stays."


def parse(raw: bytes, file_name: str, options: Options) -> ParsedList:
    """Parse one CLEW table.

    Raises
    ------
    ImportRefusedError : list_type_unknown, header_malformed, trailer_missing, count_mismatch, mixed_widths,
        record_width, empty
    """
    refuse_what_is_no_text(raw)
    list_file, list_type = list_type_of(file_name)
    lines = fixed_lines(raw)
    made_at = header_instant(lines[0], options.zone)
    records = checked_records(lines)
    ledger = Ledger()
    ledger.skip("header")
    for number, line in enumerate(records, start=2):
        try:
            ledger.enter(_entry(line, number, list_file, list_type))
        except MalformedError as error:
            ledger.quarantine(number, error, line)
    ledger.skip("trailer")
    layout = ("clew", WIDTHS[len(records[0])])
    return ledger.close(n_lines=len(lines), made_at=made_at, list_type=list_type.name, layout=layout)


def list_type_of(file_name: str) -> tuple[str, ListType]:
    """CLEW file and what it lists: nothing but the file's name says so. `SVS.TBL` and `svs_0501.tbl` are svs."""
    if not (named := FILE_NAME.match(PurePath(file_name).name)):
        raise ImportRefusedError(
            "list_type_unknown",
            "a CLEW table must be called svs, sfr or slr: its name alone says what it lists",
            remedy="Give the file its original name back.",
        )
    list_file = named[1].lower()
    return list_file, CLEW_FILES[list_file]


def header_instant(line: str, zone: ZoneInfo) -> datetime:
    """When the list was made, UTC. A local time that occurred twice or never is the earlier instant: an old list
    never passes for a newer one.
    """
    header = line.rstrip()
    try:
        if not HEADER.fullmatch(header):
            raise ValueError  # noqa: TRY301 — one message for both ways of being wrong
        local = datetime.strptime(header, "DATE%m/%d/%Y %H:%M").replace(tzinfo=zone)
    except ValueError:
        raise ImportRefusedError(
            "header_malformed", "line 1 is not DATE and a time MM/DD/YYYY HH:MM", remedy=AGAIN
        ) from None
    return min(local.replace(fold=fold).astimezone(UTC) for fold in (0, 1))


def checked_records(lines: list[str]) -> list[str]:
    """Lines between header and trailer, all one known width and as many as the trailer says."""
    declared = TRAILER.fullmatch(lines[-1].rstrip())
    if declared is None:
        raise ImportRefusedError("trailer_missing", "the last line is not TOTAL RECORD and a count", remedy=AGAIN)
    records = lines[1:-1]
    if int(declared[1]) != len(records):
        raise ImportRefusedError(
            "count_mismatch", f"the trailer declares {int(declared[1])} records, found {len(records)}", remedy=AGAIN
        )
    if not records:
        raise ImportRefusedError("empty", "the list has no records", remedy=AGAIN)
    widths = sorted({len(line) for line in records})
    if len(widths) > 1:
        raise ImportRefusedError("mixed_widths", f"records of {len(widths)} different widths: {widths}", remedy=AGAIN)
    if widths[0] not in WIDTHS:
        raise ImportRefusedError("record_width", f"records {widths[0]} wide, expected {sorted(WIDTHS)}", remedy=AGAIN)
    return records


def _entry(line: str, number: int, list_file: str, list_type: ListType) -> ParsedEntry:
    given, state, county, lost = line[:-12], line[-12:-10], line[-10:-8], line[-8:]
    listed_on = compact_day(lost)
    if county not in COUNTIES:
        raise MalformedError("county_malformed", "the county is not 01–58")
    if not re.fullmatch(r"[A-Z]{2}|  ", state):
        raise MalformedError("state_malformed", "the state is not a code of two letters")
    details = {"file": list_file, "county": county}
    if state.strip() and not ncic_state(state):
        details["state_given"] = state
    return ParsedEntry(
        plate=listed_plate(given),
        state=ncic_state(state),
        list_type=list_type.name,
        category=list_type.category,
        listed_on=listed_on,
        details=details,
        restricted=list_type.restricted,
        line=number,
        given=given.rstrip(),
    )
