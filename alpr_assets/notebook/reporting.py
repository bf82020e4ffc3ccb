"""A report for people: words, tables, maps and timelines in one page that prints, of answers that were taken out for it.

Here: putting it together. Not here: exporting (`keeping`), drawing (`drawings`). What stands in a report leaves the system, so each table and
picture is asked as an export: registered, above the policy's number approved first, and to be gone by its day. The page says which
entries of the access record it rests on, and loads nothing.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from html import escape
from pathlib import Path
from typing import Any, Final

import pandas as pd

from alpr_assets.client.keeping import ExportedFile, KeptFile
from alpr_assets.client.questions import Search
from alpr_assets.notebook.drawings import Drawing
from alpr_assets.notebook.keeping import Keeping
from alpr_assets.notebook.showing import Showing

PLACELESS: Final = frozenset({"counts", "co_travel"})
"""Searches whose tables have no places: taken out as CSV."""
STYLE: Final = """
body { max-width: 52rem; margin: 2rem auto; padding: 0 1rem; font: 15px/1.45 system-ui, sans-serif; color: #222831; background: #fff; }
h1 { font-size: 1.5rem; margin-bottom: .2rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; font-size: .85rem; margin: .6rem 0; }
th, td { text-align: left; padding: .25rem .5rem; border-bottom: 1px solid #d7dbe0; vertical-align: top; }
figure { margin: 0; } img { max-width: 100%; } .muted { color: #5b6472; font-size: .85rem; } .warn { border-left: 4px solid #d55e00; padding: .4rem .8rem; background: #fff5ee; }
@media print { body { margin: 0; max-width: none; } h2, table, figure { break-inside: avoid; } }
"""


@dataclass(frozen=True, slots=True)
class Source:
    """One export that a report rests on."""

    search: str
    record_id: int
    n_rows: int
    sha256: str
    delete_by: date


class Report:
    """A report under way: each call adds what it says to its end. In a notebook it shows itself; `save` writes it."""

    def __init__(self, session: Reporting, title: str) -> None:
        self._session = session
        self.title = title
        self._parts: list[str] = []
        self._known: dict[str, pd.DataFrame] = {}
        self.sources: list[Source] = []

    def text(self, words: str) -> Report:
        """Paragraphs, parted by empty lines; nothing in them is markup, but a line that begins with "## " is a heading."""
        for block in filter(None, (part.strip() for part in words.split("\n\n"))):
            heading = block.startswith("## ")
            self._parts.append(f"<h2>{escape(block[3:])}</h2>" if heading else f"<p>{escape(block)}</p>")
        return self

    def table(
        self, title: str, search: Search, *, columns: Sequence[str] | None = None, first: int = 25, **elements: Any
    ) -> Report:
        """The first rows of a search, asked as an export.

        Parameters
        ----------
        columns : of its columns those to show, in order; None: all
        elements : as of the method of that name

        Raises
        ------
        AccessRefusedError : also where a supervisor has to approve first
        MalformedError : an element or a column that the search has not
        """
        found = self._taken(search, elements)
        shown = found.drop(columns="geometry", errors="ignore")
        shown = shown.reindex(columns=list(columns)) if columns else shown
        more = f"The first {first} of {len(found):,}." if len(found) > first else f"{len(found):,} rows."
        body = shown.head(first).to_html(index=False, border=0, na_rep="", float_format=lambda value: f"{value:.4g}")
        self._parts.append(f"<h2>{escape(title)}</h2>{body}<p class='muted'>{more}</p>")
        return self

    def picture(self, title: str, search: Search, **elements: Any) -> Report:
        """A map of a search's places, asked as an export. Parameters and errors as `table`."""
        return self._drawn(title, self._session.picture(self._taken(search, elements)))

    def timeline(self, title: str, search: Search, **elements: Any) -> Report:
        """When which vehicle was seen, asked as an export. Parameters and errors as `table`."""
        return self._drawn(title, self._session.timeline(self._taken(search, elements)))

    @property
    def delete_by(self) -> date | None:
        """The day by which it must be gone: its first export's. None: nothing was taken out for it."""
        return min((source.delete_by for source in self.sources), default=None)

    def html(self) -> str:
        """The whole page; it loads nothing and runs nothing."""
        me, why = self._session.me, self._session.asked_for
        made = datetime.now(UTC).astimezone(self._session.zone)
        rows = "".join(
            f"<tr><td>{one.record_id}</td><td>{escape(one.search)}</td><td>{one.n_rows:,}</td><td>{one.sha256}</td></tr>"
            for one in self.sources
        )
        gone = f"<p class='warn'>It holds vehicles, and must be gone by {self.delete_by}.</p>" if self.sources else ""
        rests = (
            "<h2>What it rests on</h2><table><tr><th>access record</th><th>search</th><th>rows</th><th>SHA-256 of the rows taken out"
            f"</th></tr>{rows}</table>" if rows else ""
        )  # fmt: skip
        return (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">'
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">"
            f"<title>{escape(self.title)}</title><style>{STYLE}</style></head><body><h1>{escape(self.title)}</h1>"
            f"<p class='muted'>{escape(me['name'])}, {escape(me['title'])} · {escape(why['purpose'])} · case {escape(why['case_number'])} · "
            f"{made:%Y-%m-%d %H:%M %Z}</p>{gone}{''.join(self._parts)}{rests}"
            "<p class='muted'>Reads are a machine's opinion: leads, no findings. Times are the department's.</p></body></html>"
        )

    def save(self, folder: Path | str = ".") -> Path:
        """Write it, whole or not at all, readable by its owner only; its name says by when it must be gone. Returns its path."""
        why, until = self._session.asked_for, self.delete_by
        ending = f"-delete-by-{until}" if until else ""
        return KeptFile(f"report-{why['case_number']}{ending}.html", self.html().encode()).save(folder)

    def _repr_html_(self) -> str:
        return (
            '<iframe sandbox="" style="box-sizing:border-box;width:100%;height:640px;border:1px solid #c8ccd2" title="report" '
            f'srcdoc="{escape(self.html(), quote=True)}"></iframe>'
        )

    def _drawn(self, title: str, drawing: Drawing) -> Report:
        image = base64.b64encode(drawing.png()).decode()
        self._parts.append(
            f'<figure><h2>{escape(title)}</h2><img src="data:image/png;base64,{image}" alt="{escape(title, quote=True)}"></figure>'
        )
        return self

    def _taken(self, search: Search, elements: Mapping[str, Any]) -> pd.DataFrame:
        """The rows of a search, exported once however often they are shown."""
        asked = json.dumps([search, elements], default=repr, sort_keys=True)
        if asked not in self._known:
            file, frame = self._session.taken(search, elements)
            record_id = frame.attrs["record_id"]
            digest = hashlib.sha256(file.content).hexdigest()
            self.sources.append(Source(search, record_id, len(frame), digest, file.delete_by))
            self._known[asked] = frame
        return self._known[asked]


class Reporting(Keeping, Showing):
    """A session that writes reports."""

    def report(self, title: str) -> Report:
        """A report under this session's purpose and case, empty yet."""
        return Report(self, title)

    @property
    def asked_for(self) -> dict[str, str]:
        """Purpose, in words, and case number."""
        return {"purpose": self.purposes[self._why.purpose], "case_number": self._why.case_number}

    def taken(self, search: Search, elements: Mapping[str, Any]) -> tuple[ExportedFile, pd.DataFrame]:
        """An export, and the same as a table in the department's time, with places where the search has them."""
        placed = search not in PLACELESS
        file = self.export(search, file_format="geoparquet" if placed else "csv", **elements)
        told = self._recorded_as(self._answered[-1].receipt)
        if placed:
            frame: pd.DataFrame = pd.read_parquet(io.BytesIO(file.content)).drop(columns="geometry", errors="ignore")
            table: pd.DataFrame = self._located(frame, told)
        else:
            plain = pd.read_csv(io.BytesIO(file.content))
            for name in (str(column) for column in plain.columns if str(column).endswith("_at")):
                plain[name] = pd.to_datetime(plain[name], utc=True)
            table = self._told(plain, told)
        return file, table
