"""Conditions that both databases take: many values as one parameter. Not here: any table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, any_, cast, func, literal, select


def among(dialect: str, column: Any, values: Sequence[str] | Sequence[int]) -> ColumnElement[bool]:
    """The column is one of these values, however many: all of them are one parameter of the statement."""
    if dialect == "sqlite":
        listed = func.json_each(json.dumps(list(values))).table_valued("value")
        chosen: ColumnElement[bool] = column.in_(select(listed.c.value))
        return chosen
    kind = ARRAY(column.type)
    one: ColumnElement[bool] = column == any_(cast(literal(list(values), kind), kind))
    return one
