"""Answers of several tables: one JSON object, written table by table.

Here: the object's text, its description in OpenAPI, and letting it leave. Not here: what is in it, answers of one table (`searching`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa
from fastapi.responses import Response
from pydantic import BaseModel

from alpr_assets.access.gate import Ask, Found, Grant
from alpr_assets.access.people import Session
from alpr_assets.access.spool import Spool
from alpr_assets.console.api.formats import FORMATS, JSON
from alpr_assets.console.api.searching import RECEIPT, batches, columns_text, spooled_answer, wanted_format
from alpr_assets.console.wiring import Services


@dataclass(frozen=True, slots=True)
class Table:
    """A frame, and the schema that it leaves by."""

    frame: pd.DataFrame
    schema: pa.Schema


Content = Mapping[str, "Content | Table | int | str | list[str] | None"]
"""What an answer holds beside its receipt: tables, numbers, texts, sentences, and objects of these."""


def tables_response(model: type[BaseModel], tables: Mapping[str, pa.Schema]) -> dict[int | str, dict[str, Any]]:
    """How OpenAPI describes such an answer: its form, and each table's columns with their units."""
    described = "\n\n".join(f"`{name}`\n\n{columns_text(schema)}" for name, schema in tables.items())
    return {200: {"model": model, "description": f"The tables.\n\n{described}", "headers": RECEIPT}}


def tables_answer(
    services: Services,
    session: Session,
    ask: Ask,
    accept: str | None,
    search: Callable[[Grant], Found[Content]],
) -> Response:
    """Let what a search found leave as one object."""

    def spooled(grant: Grant, spool: Spool) -> Found[Spool]:
        found = search(grant)
        for content in inside(found.rows):
            spool.write(content)
        spool.finish()
        return Found(spool, found.ids)

    return spooled_answer(services, session, ask, wanted_format(accept, (JSON,)), spooled)


def inside(content: Content) -> Iterator[bytes]:
    """The inside of a JSON object; who answers puts the receipt before it."""
    for number, (name, value) in enumerate(content.items()):
        yield (b"," if number else b"") + json.dumps(name).encode() + b":"
        if isinstance(value, Table):
            yield b"{"
            yield from FORMATS[JSON].of(value.schema)(batches(value.frame))
            yield b"}"
        elif isinstance(value, Mapping):
            yield b"{"
            yield from inside(value)
            yield b"}"
        else:
            yield json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
