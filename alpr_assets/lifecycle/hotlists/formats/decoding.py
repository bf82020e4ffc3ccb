"""From bytes to lines, without losing or inventing any.

Here: what is refused before any format looks at it, and line ends. Not here: cells and columns.
`str.splitlines` is not used: it also splits at form feeds and U+0085, which shifts every line number after them.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Final

from alpr_assets.errors import ImportRefusedError, MalformedError

_UTF16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
_OTHER_FILES: Final = {
    b"PK\x03\x04": "a zip archive or an Excel workbook",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"\x1f\x8b": "a gzip archive",
    b"%PDF": "a PDF document",
}
_LINE_END: Final = re.compile("\r\n|\r|\n")
_DAY_FORMATS: Final = ("%Y-%m-%d", "%m/%d/%Y")


def refuse_what_is_no_text(raw: bytes) -> None:
    """Raise ImportRefusedError for an empty file, UTF-16 and files that are no plain text."""
    if not raw.strip(b" \t\r\n\x00\x1a\xef\xbb\xbf"):
        raise ImportRefusedError("empty", "the file is empty", remedy="Ask the source to send it again.")
    for magic, what in _OTHER_FILES.items():
        if raw.startswith(magic):
            raise ImportRefusedError("not_text", f"the file is {what}", remedy="Unpack it, or save it as CSV (UTF-8).")
    if raw.startswith(_UTF16_MARKS) or b"\x00" in raw:
        raise ImportRefusedError("utf16", "the file is UTF-16 or binary", remedy="Save it as CSV (UTF-8) or ASCII.")


def fixed_lines(raw: bytes) -> list[str]:
    """Lines of a fixed-width file: one character a byte, so that a stray byte spoils its line and no width.

    Ends may be CR LF, LF or CR. At least one, of a file that passed `refuse_what_is_no_text`: blank lines at the end and DOS's end-of-file mark are not lines.
    """
    text = raw.rstrip(b"\x1a").removeprefix(b"\xef\xbb\xbf").decode("latin-1")
    lines = _LINE_END.split(text)
    while not lines[-1].strip(" \t"):
        lines.pop()
    return lines


def decoded(raw: bytes) -> tuple[str, str]:
    """Text of a CSV with LF line ends only, and the encoding taken: UTF-8 where it is valid, else Windows 1252."""
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return _LINE_END.sub("\n", raw.rstrip(b"\x1a").decode(encoding)), encoding
        except UnicodeDecodeError:
            continue
    raise ImportRefusedError(
        "encoding", "the file is neither UTF-8 nor Windows 1252", remedy="Save it as CSV (UTF-8) and send it again."
    )


def compact_day(text: str) -> date:
    """Day written `YYYYMMDD`. The years 1900–2099 only: a record shifted by a column often still is a date."""
    if not re.fullmatch(r"(?:19|20)\d{6}", text, re.ASCII):
        raise MalformedError("date_malformed", "the date is not YYYYMMDD")
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        raise MalformedError("date_malformed", "the date does not exist") from None


def written_day(text: str) -> date | None:
    """Day of a cell in one of three ways of writing it: `2026-06-30`, `6/30/2026`, `20260630`; None where it is none."""
    for pattern in _DAY_FORMATS:
        try:
            return datetime.strptime(text, pattern).date()  # noqa: DTZ007 — a day has no zone
        except ValueError:
            continue
    try:
        return compact_day(text)
    except MalformedError:
        return None
