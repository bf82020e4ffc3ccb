"""The package for people: one page as HTML and as PDF, with pictures and a map, that loads nothing from anywhere.

Here: from records to the two files. Not here: the records (`contents`). The PDF is made of the same HTML; what it shows comes from memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from alpr_assets import pdf
from alpr_assets.lifecycle.evidence.contents import Contents
from alpr_assets.lifecycle.evidence.telling import Record
from alpr_assets.policy import Policy

MOST_PICTURED: Final = 100
MAP: Final = "map.png"


@dataclass(frozen=True, slots=True)
class Pictured:
    """A capture's picture in the report. file: in the bag, under data/; small: a JPEG of it; is_original: as captured"""

    capture_id: int
    file: str
    small: bytes
    is_original: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What stands around the records. pictures_are: which pictures the bag holds, in words."""

    name: str
    case_number: str
    purpose: str
    packed_by: str
    packed_at: datetime
    pictures_are: str
    remarks: tuple[str, ...]


def written(
    contents: Contents, pictured: Sequence[Pictured], frame: Frame, *, picture_map: bytes | None, policy: Policy
) -> dict[str, bytes]:
    """report.html, report.pdf and the map, by their names under data/."""
    html = _html(contents, pictured, frame, picture_map=picture_map, policy=policy)
    images = {one.file: one.small for one in pictured} | ({MAP: picture_map} if picture_map else {})
    paper = pdf.printed(html, identifier=frame.name.encode(), pictures=images, accessible=True)
    files = {"report.html": html.encode(), "report.pdf": paper}
    return files | ({MAP: picture_map} if picture_map else {})


def _html(
    contents: Contents, pictured: Sequence[Pictured], frame: Frame, *, picture_map: bytes | None, policy: Policy
) -> str:
    by_id = {one["capture_id"]: one for one in contents.captures}
    order = {number: place for place, number in enumerate(by_id, start=1)}
    current = {one["capture_id"]: one["current_version"] for one in contents.captures}
    reads: dict[int, list[Record]] = {}
    for read in contents.reads:
        if read["version_id"] == current[read["capture_id"]]:
            reads.setdefault(read["capture_id"], []).append(read)
    shown = [
        {**by_id[one.capture_id], "number": order[one.capture_id], "src": one.file, "file": one.file,
         "sha256": by_id[one.capture_id]["image_sha256"] if one.is_original else ""}
        for one in pictured
    ]  # fmt: skip

    def local(at: str | datetime) -> str:
        instant = at if isinstance(at, datetime) else datetime.fromisoformat(at)
        return instant.astimezone(policy.zone).strftime("%Y-%m-%d %H:%M:%S")

    return _template().render(
        name=frame.name, case_number=frame.case_number, purpose=frame.purpose, packed_by=frame.packed_by,
        packed_on=local(frame.packed_at), pictures_are=frame.pictures_are, remarks=frame.remarks,
        agency=policy.policy.agency, zone=policy.policy.time_zone, local=local,
        captures=contents.captures, reads=contents.reads, hits=contents.hits, basis=contents.basis, custody=contents.custody,
        map=MAP if picture_map else "", pictured=shown, not_pictured=len(contents.captures) > len(shown) > 0,
        count=lambda rows, what: f"{len(rows):,} {what}{'' if len(rows) == 1 else 's'}",
        in_force=lambda one: reads.get(one["capture_id"], []),
    )  # fmt: skip


@cache
def _template() -> Template:
    folder = FileSystemLoader(Path(__file__).parent / "templates")
    return Environment(loader=folder, autoescape=True, undefined=StrictUndefined, trim_blocks=True).get_template(
        "report.html"
    )
