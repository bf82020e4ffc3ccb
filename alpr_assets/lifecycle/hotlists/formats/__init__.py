"""Hot-list file formats, one parser each behind one contract (contract.py).

Here: which parser a file is for. A format is added by writing its module and naming it in `detect`.
"""

from __future__ import annotations

from pathlib import PurePath

from alpr_assets.errors import ImportRefusedError
from alpr_assets.lifecycle.hotlists.formats import clew, ncic, simple_csv
from alpr_assets.lifecycle.hotlists.formats.answers import require_columns
from alpr_assets.lifecycle.hotlists.formats.contract import BadLine, Options, ParsedEntry, ParsedList, Parser
from alpr_assets.lifecycle.hotlists.formats.decoding import fixed_lines, refuse_what_is_no_text

__all__ = ["BadLine", "Options", "ParsedEntry", "ParsedList", "Parser", "detect", "parse"]


def detect(raw: bytes, file_name: str) -> Parser:
    """The parser for a file, by content first: a name is easily wrong, only CLEW's name says what content does not.

    Raises
    ------
    ImportRefusedError : format_unknown, with what to do; empty, utf16, not_text
    """
    refuse_what_is_no_text(raw)
    path = PurePath(file_name)
    lines = fixed_lines(raw)
    if clew.HEADER.match(lines[0]) or path.suffix.lower() == ".tbl":
        return clew.parse
    if ncic.layout_of(lines) or "ncic" in path.stem.casefold():
        return ncic.parse
    if path.suffix.lower() in {".csv", ".tsv", ".txt"}:
        return simple_csv.parse
    raise ImportRefusedError(
        "format_unknown",
        "neither a CLEW table nor an NCIC extract nor called .csv, .tsv or .txt",
        remedy="Save the list as CSV with the header Plate Number,Description,State/Province.",
    )


def parse(raw: bytes, file_name: str, options: Options) -> ParsedList:
    """Parse a file by whichever format it has; see `contract.ParsedList`.

    Raises
    ------
    ImportRefusedError : also `columns_missing`: a format that cannot say who answers for a line of the department's own list
    """
    parser = detect(raw, file_name)
    if options.answering and parser is not simple_csv.parse:
        require_columns(())
    return parser(raw, file_name, options)
