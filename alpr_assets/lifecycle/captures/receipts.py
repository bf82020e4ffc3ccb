"""The transfer receipt: what we say arrived.

A unit may delete its copy of a file only when its receipt names that file with the SHA-256 of that copy: of a file damaged in
transfer, the receipt names what came.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from alpr_assets.lifecycle.captures.manifests import RECEIPT
from alpr_assets.store.sealed import sha256_hex, write_durably

BEGINNING = 4096  # bytes; the manifest's hash comes after unit and shift, of 64 characters each


@dataclass(frozen=True, slots=True)
class Receipt:
    """Answer to one closed manifest. `files`: name → [outcome, SHA-256]; `n_by_day`: captures landed per UTC day."""

    drop_id: int
    unit: str
    shift: str
    manifest_sha256: str
    landed_at: datetime
    n_declared: int
    n_landed: int
    n_duplicate: int
    n_quarantined: int
    n_missing: int
    n_by_day: dict[date, int]
    files: dict[str, list[str]]
    quarantined: list[dict[str, str]]
    undeclared: list[str]

    @property
    def missing(self) -> list[str]:
        """Files that were declared and were not there."""
        return [name for name, (outcome, _) in self.files.items() if outcome == "missing"]

    def supplemented_by(self, later: Receipt) -> Receipt:
        """The receipt over both: `later` answers files that this one called missing."""
        files = {**self.files, **later.files}
        counts = Counter(outcome for outcome, _ in files.values())
        days = Counter(self.n_by_day)
        days.update(later.n_by_day)
        quarantined = [*self.quarantined, *later.quarantined]
        return replace(
            later,
            n_landed=counts["landed"],
            n_duplicate=counts["duplicate"],
            n_quarantined=len(quarantined),
            n_missing=counts["missing"],
            n_by_day=dict(days),
            files=files,
            quarantined=quarantined,
        )

    @property
    def deletable(self) -> list[str]:
        """Files of which we hold the bytes, encrypted and on the disk."""
        return [name for name, (outcome, _) in self.files.items() if outcome != "missing"]

    def content(self) -> dict[str, Any]:
        """As stored and as written beside the manifest (times in UTC)."""
        return {
            "drop_id": self.drop_id,
            "unit": self.unit,
            "shift": self.shift,
            "manifest_sha256": self.manifest_sha256,
            "landed_at": self.landed_at.isoformat(),
            "counts": {
                "declared": self.n_declared,
                "landed": self.n_landed,
                "duplicate": self.n_duplicate,
                "quarantined": self.n_quarantined,
                "missing": self.n_missing,
            },
            "landed_by_day": {day.isoformat(): n for day, n in sorted(self.n_by_day.items())},
            "files": self.files,
            "quarantined": self.quarantined,
            "undeclared": self.undeclared,
        }

    @classmethod
    def from_content(cls, content: dict[str, Any]) -> Receipt:
        counts = content["counts"]
        return cls(
            drop_id=content["drop_id"],
            unit=content["unit"],
            shift=content["shift"],
            manifest_sha256=content["manifest_sha256"],
            landed_at=datetime.fromisoformat(content["landed_at"]),
            n_declared=counts["declared"],
            n_landed=counts["landed"],
            n_duplicate=counts["duplicate"],
            n_quarantined=counts["quarantined"],
            n_missing=counts["missing"],
            n_by_day={date.fromisoformat(day): n for day, n in content["landed_by_day"].items()},
            files=content["files"],
            quarantined=content["quarantined"],
            undeclared=content["undeclared"],
        )

    def sha256(self) -> str:
        return sha256_hex(json.dumps(self.content(), sort_keys=True).encode())

    def write(self, folder: Path) -> Path:
        """Write receipt.json into the drop; whole or not at all."""
        path = folder / RECEIPT
        content = {**self.content(), "receipt_sha256": self.sha256()}
        write_durably(path, json.dumps(content, indent=1).encode(), alone=True)
        return path


def answers(folder: Path, manifest_sha256: str) -> bool:
    """Whether the drop's receipt.json answers this manifest. Reads its beginning only: sensors ask every few seconds."""
    try:
        with (folder / RECEIPT).open("rb") as file:
            beginning = file.read(BEGINNING)
    except OSError:
        return False
    found = re.search(rb'"manifest_sha256": "([0-9a-f]{64})"', beginning)
    return found is not None and found[1].decode() == manifest_sha256
