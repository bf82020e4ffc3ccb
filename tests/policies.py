"""Policies as a department's files have them: the sample with changed values, adopted or not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from alpr_assets.policy import Policy, load
from alpr_assets.settings import ROOT

SAMPLE = ROOT / "policy" / "422.yaml"
ADOPTED: dict[str, Any] = {
    "policy.adopted": "2026-05-12",
    "document.adoption": {
        "meeting": "City Council, regular meeting",
        "public_comment": "item 7 of the agenda, 28 April 2026",
        "reference": "Resolution 2026-041",
    },
}


def written(folder: Path, changes: dict[str, Any], name: str = "policy.yaml") -> Path:
    """The sample with values changed by dotted key; None removes one."""
    content = yaml.safe_load(SAMPLE.read_text(encoding="utf-8"))
    for dotted, value in changes.items():
        *way, last = dotted.split(".")
        section = content
        for step in way:
            section = section[step]
        if value is None:
            del section[last]
        else:
            section[last] = value
    path = folder / name
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def adopted(folder: Path, **changes: Any) -> Policy:
    """A department's adopted policy; changes by dotted key with `__` for the dot."""
    told = {name.replace("__", "."): value for name, value in changes.items()}
    return load(written(folder, {**ADOPTED, **told}))
