"""Simple CSV: a department's own list, one plate per line or with a header.

Here: encodings, delimiters, headers, cells. Not here: what the list is about; the configuration says (Options).
A file without a header holds one plate per line, or plate and state, plate and description, or all three in the order
plate, description, state. Anything wider needs a header: guessing columns would import somebody's notes as plates.
Of the department's own list each row says who answers for it (`answers`). In every other list such words are the source's
own and stay details: a column of expiries may be about registrations, and would take stolen plates out of force.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

from alpr_assets.errors import ImportRefusedError, MalformedError
from alpr_assets.lifecycle.hotlists.categories import Category, category_named
from alpr_assets.lifecycle.hotlists.formats import answers
from alpr_assets.lifecycle.hotlists.formats.answers import Answering
from alpr_assets.lifecycle.hotlists.formats.codes import written_state
from alpr_assets.lifecycle.hotlists.formats.contract import Ledger, Options, ParsedEntry, ParsedList, listed_plate
from alpr_assets.lifecycle.hotlists.formats.decoding import decoded, refuse_what_is_no_text, written_day

Row = tuple[int, list[str], str]  # number, cells, text as it came

DELIMITERS: Final = {",": "comma", ";": "semicolon", "\t": "tab"}
SYNONYMS: Final = {
    "plate": {
        "plate", "platenumber", "plateno", "platenum", "platetext", "licenseplate", "licenceplate", "numberplate",
        "licenseplatenumber", "licenceplatenumber", "licplate", "licplatenumber", "lpn", "registrationnumber", "tag",
    },
    "description": {"description", "desc", "notes", "note", "comment", "comments", "reason", "remarks", "details"},
    "state": {
        "state", "stateprovince", "province", "platestate", "licensestate", "licenceplatestate", "licenseplatestate",
        "region", "jurisdiction", "st",
    },
    "category": {"category", "listcategory", "alertcategory"},
    "listed_on": {"listedon", "date", "dateadded", "datelisted", "dateentered", "entrydate", "dateofloss"},
}  # fmt: skip
_SAMPLE: Final = 50  # rows that decide the delimiter


@dataclass(frozen=True, slots=True)
class Columns:
    """What stands in which column: a role of SYNONYMS, or the header's own words. `headed`: the file said so."""

    roles: list[str]
    headed: bool


def parse(raw: bytes, file_name: str, options: Options) -> ParsedList:
    """Parse one simple CSV; `line` and `n_lines` count rows (a quoted cell may span lines of the file).

    Raises
    ------
    ImportRefusedError : category_missing, plate_column_missing, header_missing, columns_missing, empty, encoding, utf16,
        not_text
    """
    refuse_what_is_no_text(raw)
    if options.category is None:
        raise ImportRefusedError(
            "category_missing",
            "a simple CSV does not say why its plates are listed",
            remedy="Give the list a category under hotlists.sources in the policy file.",
        )
    list_type = options.list_type or stem_type(file_name)
    text, encoding = decoded(raw)
    delimiter = delimiter_of(text)
    rows = rows_of(text, delimiter)
    if not (filled := [cells for _, cells, _ in rows if any(cell.strip() for cell in cells)]):
        raise ImportRefusedError("empty", "no row holds anything", remedy="Ask the source to send it again.")
    columns = columns_of(filled, answered=options.answering is not None)
    ledger, header_due = Ledger(), columns.headed
    for number, cells, line in rows:
        if not any(cell.strip() for cell in cells):
            ledger.skip("blank")
        elif header_due:
            ledger.skip("header")
            header_due = False
        else:
            try:
                ledger.enter(_entry(cells, number, columns, (list_type, options.category), options.answering))
            except answers.ExpiredError:
                ledger.skip(answers.EXPIRED)  # as agreed, and no mistake: it must not hold up the lines beside it
            except MalformedError as error:
                ledger.quarantine(number, error, line)
    variant = f"{DELIMITERS[delimiter]}, {'header' if columns.headed else 'no header'}, {encoding}"
    return ledger.close(n_lines=len(rows), made_at=None, list_type=list_type, layout=("csv", variant))


def stem_type(file_name: str) -> str:
    """List type from a file's name: `Gang BOLO.csv` is `gang_bolo`."""
    words = re.sub(r"[^a-z0-9]+", "_", PurePath(file_name).stem.casefold()).strip("_")
    return words[:32] or "list"


def delimiter_of(text: str) -> str:
    """The delimiter that splits most of the first rows into one and the same number of cells.

    On a tie the rarer character in free text wins: tab, semicolon, comma.
    """
    lines = [line for line in text.split("\n", _SAMPLE)[:_SAMPLE] if line.strip()]

    def score(delimiter: str) -> tuple[int, int]:
        widths = [n for n in (len(_cells(line, delimiter)) for line in lines) if n > 1]
        usual = max(set(widths), key=widths.count, default=0)
        return widths.count(usual), usual

    best = max(("\t", ";", ","), key=score)
    return best if score(best)[0] else ","


def rows_of(text: str, delimiter: str) -> list[Row]:
    """Rows of the file. Where quotes do not close, every line is a row of its own.

    One stray quote makes the reader swallow the rest of the file into one cell without an error. Line by line the
    damage stays with the line that has the quote, which the plate or column check then quarantines.
    """
    lines = text.removesuffix("\n").split("\n")
    try:
        reader = csv.reader((f"{line}\n" for line in lines), delimiter=delimiter, strict=True)
        rows: list[Row] = []
        end = 0
        for cells in reader:
            start, end = end, reader.line_num
            rows.append((len(rows) + 1, cells, "\n".join(lines[start:end])))
            if any(delimiter in cell.partition("\n")[2] for cell in cells):
                raise csv.Error  # noqa: TRY301 — a whole row inside a cell: treat it as a quote that does not close
    except csv.Error:
        return [(number, _cells(line, delimiter), line) for number, line in enumerate(lines, start=1)]
    return rows


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return [line]  # holds the quote, so that no plate check lets it pass


def columns_of(rows: list[list[str]], *, answered: bool = False) -> Columns:
    """Columns from the header if there is one, else from the width and content of the rows (none of them blank).

    answered : the list is the department's own. `Reason` is then a column of its own; without it the description is the reason
    """
    names = [re.sub(r"[\W_]+", "", cell.casefold()) for cell in rows[0]]
    known = {**answers.SYNONYMS, **SYNONYMS} if answered else SYNONYMS
    found = [next((role for role, words in known.items() if name in words), "") for name in names]
    if "plate" in found:
        if answered and "reason" not in found:
            found = ["reason" if role == "description" else role for role in found]
        columns = Columns(_distinct(found, rows[0]), headed=True)
        if answered:
            answers.require_columns(columns.roles)
        return columns
    if any(found):
        raise ImportRefusedError(
            "plate_column_missing",
            "the header names no plate column",
            remedy="Name the columns Plate Number, Description, State/Province.",
        )
    if answered:
        answers.require_columns(())
    widths = [max(i for i, cell in enumerate(row, start=1) if cell.strip()) for row in rows]
    usual = max(set(widths), key=widths.count)
    if usual > 3:
        raise ImportRefusedError(
            "header_missing",
            f"{usual} columns and no header that names them",
            remedy="Add a header: Plate Number, Description, State/Province.",
        )
    seconds = [row[1].strip() for row, width in zip(rows, widths, strict=True) if width > 1 and row[1].strip()]
    if seconds and max(widths) == 2 and all(len(cell) == 2 and written_state(cell) for cell in seconds):
        return Columns(["plate", "state"], headed=False)
    return Columns(["plate", "description", "state"], headed=False)


def _distinct(found: list[str], header: list[str]) -> list[str]:
    """One name a column: a role for the first column that has it, else the header's own words, made distinct."""
    names: list[str] = []
    for number, (role, cell) in enumerate(zip(found, header, strict=True), start=1):
        name = role if role and role not in names else cell.strip()
        names.append(name if name and name not in names else f"{name} {number}".strip())
    return names


def _entry(
    cells: list[str], number: int, columns: Columns, listed_as: tuple[str, Category], answering: Answering | None
) -> ParsedEntry:
    list_type, category = listed_as
    if any(cell.strip() for cell in cells[len(columns.roles) :]):
        raise MalformedError(
            "column_count",
            f"{len(cells)} columns, expected {len(columns.roles)}",
            remedy="Quote cells that hold the delimiter.",
        )
    said = {role: cell.strip() for role, cell in zip(columns.roles, cells, strict=False) if cell.strip()}
    given = said.pop("plate", "")
    state = written_state(said.get("state", ""))
    listed_on = written_day(said["listed_on"]) if "listed_on" in said else None
    own = category_named(said["category"]) if "category" in said else None
    understood = {"state": bool(state), "listed_on": listed_on is not None, "category": own is not None}
    expires_on = answering.last_day(said) if answering else None
    understood["expires_on"] = expires_on is not None
    details = {role: cell for role, cell in said.items() if not understood.get(role, False)}
    if "state" in details:
        details["state_given"] = details.pop("state")
    return ParsedEntry(
        plate=listed_plate(given),
        state=state,
        list_type=list_type,
        category=own or category,
        listed_on=listed_on,
        expires_on=expires_on,
        details=details,
        restricted=False,
        line=number,
        given=given,
    )
