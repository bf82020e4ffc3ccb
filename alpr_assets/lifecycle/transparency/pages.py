"""The public's pages: what they show, and as files that any web server can serve.

Here: one way to the content of both pages, the files, writing them. Not here: counting, the console's frame around the same content.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from sqlalchemy import Engine

from alpr_assets.access import governing
from alpr_assets.access.record import sheets
from alpr_assets.lifecycle.transparency import publishing
from alpr_assets.lifecycle.transparency.posted import RETAINED, Posted, posted
from alpr_assets.lifecycle.transparency.report import Head, Report, report_of, schema
from alpr_assets.policy import Policy
from alpr_assets.store.engine import reading
from alpr_assets.store.sealed import write_durably

TEMPLATES: Final = Path(__file__).parent / "templates"
MOST: Final = 13
"""Months on the page: a year, and the same month of the year before. The data has all."""


@dataclass(frozen=True, slots=True)
class Links:
    """Where the parts are found from a page: in the console, or beside it in a folder."""

    policy: str
    figures: str
    json: str
    schema: str
    text: Callable[[int], str]


CONSOLE: Final = Links(
    "/policy", "/transparency", "/transparency.json", "/transparency.schema.json", lambda n: f"/policy/text?version={n}"
)
FOLDER: Final = Links(
    "policy.html", "index.html", "transparency.json", "transparency.schema.json", lambda n: f"policy-{n}.yaml"
)


def shown(engine: Engine, policy: Policy, at: datetime, links: Links) -> dict[str, Any]:
    """What the templates of both pages take, read at one moment. policy: the file at work"""
    with reading(engine) as connection:
        now: Posted = posted(connection, policy, at)
        months = publishing.published(connection)
    return {
        "posted": now,
        "report": report_of(now.policy, list(now.versions), months),
        "links": links,
        "most": MOST,
        "retained": RETAINED,
        "local": lambda at: at.astimezone(policy.zone),
        "code": _code,
        "in_words": sheets.number_in_words,
    }


def as_json(report: Report) -> bytes:
    """The report as published."""
    return report.model_dump_json(indent=1).encode()


def schema_json() -> bytes:
    return json.dumps(schema(), indent=1).encode()


def files(engine: Engine, policy: Policy, at: datetime) -> dict[str, bytes]:
    """Every file of the public folder by its name; the pages need no other."""
    told = shown(engine, policy, at, FOLDER)
    made = {
        "index.html": _page(told, "figures.html", "Figures of each month"),
        "policy.html": _page(told, "policy_document.html", f"Policy {told['posted'].policy.policy.number}"),
        "transparency.json": as_json(told["report"]),
        "transparency.schema.json": schema_json(),
        "public.css": (TEMPLATES / "public.css").read_bytes(),
    }
    for one in told["posted"].versions:
        made[f"policy-{one.version_id}.yaml"] = governing.content(engine, one.version_id).encode()
    return made


def write(folder: Path, made: dict[str, bytes]) -> int:
    """Write what changed, each file whole or not at all, readable by a web server. Returns how many."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o755)
    changed = [name for name, content in made.items() if not _is(folder / name, content)]
    for name in changed:
        write_durably(folder / name, made[name])
        (folder / name).chmod(0o644)
    return len(changed)


def _is(path: Path, content: bytes) -> bool:
    return path.is_file() and path.read_bytes() == content


def _page(told: dict[str, Any], content: str, title: str) -> bytes:
    return _templates().get_template("bare.html").render(content=content, title=title, **told).encode()


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _code(head: Head) -> Markup:
    """The head's QR code, to be set into a page."""
    drawn = sheets.code_of_kept(head.model_dump()).svg_inline(border=4, omitsize=True)
    return Markup(drawn)  # noqa: S704 - drawn by segno, from our own JSON
