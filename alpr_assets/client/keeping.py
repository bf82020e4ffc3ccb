"""What is kept of an answer: files to pass on, and frozen answers of a case.

Here: exporting, freezing, asking a frozen question again. Not here: asking for a look (`asking`).
An exported file holds vehicles and must be gone by its day. A frozen answer holds none: what was asked is sealed in it, each row is a
digest that tells nothing without the department's key. It is on the same register, and reviewed or gone by its day.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from alpr_assets.client.connection import Connection, Served, Why, file_name
from alpr_assets.client.questions import Search, question
from alpr_assets.client.tables import frame_of

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file as the console gave it."""

    name: str
    content: bytes = field(repr=False)

    def save(self, folder: Path | str = ".") -> Path:
        """Write it, whole or not at all, readable by its owner only; over one of the same name. Returns its path."""
        path = Path(folder) / self.name
        part = path.with_name(f".{self.name}.{secrets.token_hex(4)}")
        try:
            with open(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:  # noqa: PTH123
                file.write(self.content)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
        return path


@dataclass(frozen=True, slots=True)
class ExportedFile(KeptFile):
    """A file to keep, with the day by which it must be gone."""

    delete_by: date


@dataclass(frozen=True, slots=True)
class FrozenFile(KeptFile):
    """A frozen answer, for the case, with the day by which it is reviewed or gone. It says nothing about vehicles by itself."""

    review_by: date


@dataclass(frozen=True, slots=True)
class Reproduced:
    """A frozen question asked again.

    search : its name
    frozen_at, frozen_record_id : when it was frozen, and its number in the access record
    same : every row as it was, in the same order
    n_then, n_now, n_same : rows then, rows now, rows that are as they were
    n_others : rows that are not one read each, and are not as they were
    purged, changed, added : DataFrames of day and read_id: reads that are destroyed since, read otherwise since, or found only now
    found : the answer now, with the columns of the search
    """

    search: str
    frozen_at: datetime
    frozen_record_id: int
    same: bool
    n_then: int
    n_now: int
    n_same: int
    n_others: int
    purged: pd.DataFrame
    changed: pd.DataFrame
    added: pd.DataFrame
    found: pd.DataFrame

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Reproduced:
        """What the console said."""
        parts = {name: said[name] for name in cls.__slots__}
        parts |= {name: frame_of(said[name]) for name in ("purged", "changed", "added", "found")}
        return cls(**{**parts, "frozen_at": datetime.fromisoformat(said["frozen_at"])})


class Keeping(Connection):
    """A connection through which answers are kept."""

    def export(
        self, search: Search, why: Why, *, file_format: Literal["csv", "geoparquet"] = "csv", **elements: Any
    ) -> Served[ExportedFile]:
        """What a search finds, as a file to keep; `elements` as of the method of its name."""
        response = self._recorded("/api/exports", why, {"of": question(search, elements), "format": file_format})
        delete_by = date.fromisoformat(response.value.headers["ALPR-Delete-By"])
        return Served(ExportedFile(file_name(response.value), response.value.content, delete_by), response.receipt)

    def freeze(self, search: Search, why: Why, **elements: Any) -> Served[FrozenFile]:
        """Ask, and keep how it was asked and what was answered, so that it can be told later whether that still holds."""
        response = self._recorded("/api/freeze", why, {"of": question(search, elements)})
        until = date.fromisoformat(response.value.headers["ALPR-Review-By"])
        return Served(FrozenFile(file_name(response.value), response.value.content, until), response.receipt)

    def reproduce(self, file: bytes, why: Why) -> Served[Reproduced]:
        """Ask a frozen question again. Raises MalformedError: the file is none, was altered, or is another department's."""
        asked = {"file": file.decode(errors="replace")}
        response = self._recorded("/api/reproduce", why, asked, accept="application/json")
        return Served(Reproduced.of(response.value.json()), response.receipt)
