"""A signed head on paper and in words: what a witness without a computer keeps, and what a mail says.

Here: texts and the printed page, whose QR code holds the head as the verification reads it. Not here: sending (`witnesses`).
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from datetime import datetime
from html import escape
from typing import Any, Final
from zoneinfo import ZoneInfo

import segno

from alpr_assets.access.record.entries import Head
from alpr_assets.access.record.heads import head_json

_ONES: Final = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS: Final = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]

PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Signed head of the access record, {size} entries</title>
<style>body {{ font: 12pt/1.4 serif; margin: 2cm }} code {{ font-size: 11pt; word-break: break-all }}
svg {{ width: 9cm; height: 9cm }} dt {{ font-weight: bold }} dd {{ margin: 0 0 .6em }}
@media screen and (max-width: 36rem) {{ body {{ margin: 1rem }} svg {{ max-width: 100%; height: auto }} }}</style></head><body><main>
<h1>Signed head of the access record</h1>
<p>{agency}. Keep this sheet where the system's administrator cannot reach it. Whoever holds it can show later whether the
record still begins with these entries, unchanged.</p>
<dl><dt>Entries</dt><dd>{size} ({words})</dd><dt>Root</dt><dd><code>{root}</code></dd>
<dt>Time</dt><dd>{when}</dd><dt>Record</dt><dd><code>{log_id}</code></dd>
<dt>Key</dt><dd><code>{key_id}</code></dd><dt>Public key</dt><dd><code>{public_key}</code></dd>
<dt>Signature</dt><dd><code>{signature}</code></dd></dl>
<div role="img" aria-label="The same as a code to scan">{code}</div>
<p>The code holds all of this. To check: scan it, save what it says as head.json, ask the department for an export, and run
<code>python verify_record.py EXPORT --head head.json</code>.</p></main></body></html>
"""


def sheet(head: Head, public_key: bytes, *, agency: str, zone: ZoneInfo) -> str:
    """The printed sheet, HTML without anything to load. `zone`: the department's, of the time in words."""
    kept = head_json(head, public_key)
    svg = io.BytesIO()
    code_of(head, public_key).save(svg, kind="svg", xmldecl=False, border=4, omitsize=True)
    values = {name: escape(str(value)) for name, value in kept.items()}
    spaced = " ".join(kept["root"][i : i + 8] for i in range(0, 64, 8))
    return PAGE.format(
        **{**values, "size": f"{head.size:,}", "root": spaced},
        agency=escape(agency),
        words=number_in_words(head.size),
        when=escape(time_in_words(head.at, zone)),
        code=svg.getvalue().decode(),
    )


def code_of(head: Head, public_key: bytes) -> segno.QRCode:
    """The QR code of a head: its JSON, as the verification reads it."""
    return code_of_kept(head_json(head, public_key))


def code_of_kept(kept: Mapping[str, Any]) -> segno.QRCode:
    """The same of a head as it is kept, see `heads.head_json`."""
    return segno.make_qr(json.dumps(kept, separators=(",", ":")), error="m")


def letter(head: Head, *, agency: str, zone: ZoneInfo) -> str:
    """What a mail with a head says."""
    return (
        f"{agency}: signed head of the access record.\n\n"
        f"Entries: {head.size:,} ({number_in_words(head.size)})\nRoot:    {head.root.hex()}\n"
        f"Time:    {time_in_words(head.at, zone)}\nRecord:  {head.log_id}\nKey:     {head.key_id}\n\n"
        "The attached file holds the same, signed, with the hashes of the entries since the last one. Keep it. Should the\n"
        "record ever be doubted, ask for an export and run: python verify_record.py EXPORT --head FILE\n"
    )


def time_in_words(at: datetime, zone: ZoneInfo) -> str:
    """The department's day and time, and UTC beside it."""
    local = at.astimezone(zone)
    return f"{local:%A}, {local.day} {local:%B %Y, %H:%M:%S} {local:%Z} ({at:%Y-%m-%d %H:%M:%S} UTC)"


def number_in_words(n: int) -> str:
    """English: 1042 is one thousand forty-two. Digits on paper are easily changed."""
    if n < 20:
        return _ONES[n]
    if n < 100:
        return _TENS[n // 10 - 2] + (f"-{_ONES[n % 10]}" if n % 10 else "")
    for unit, name in (
        (10**12, "trillion"),
        (10**9, "billion"),
        (10**6, "million"),
        (1000, "thousand"),
        (100, "hundred"),
    ):
        if n >= unit:
            rest = f" {number_in_words(n % unit)}" if n % unit else ""
            return f"{number_in_words(n // unit)} {name}{rest}"
    raise AssertionError("unreachable")
