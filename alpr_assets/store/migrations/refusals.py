"""Triggers that refuse what code might forget, in either database's words. Here: making them. Not here: any rule (`versions`)."""

from __future__ import annotations

from collections.abc import Iterable

from alembic import op

Refusal = tuple[str, str, str, str, str]
"""Name, table, when (such as BEFORE UPDATE), the condition under which it refuses, and what it says."""


def install(refusals: Iterable[Refusal]) -> None:
    """Make these triggers. Names, tables and texts are a migration's own; nothing of them comes from outside."""
    for name, table, when, condition, text in refusals:
        if op.get_bind().dialect.name == "sqlite":
            op.execute(
                f"CREATE TRIGGER {name} {when} ON {table} WHEN {condition} BEGIN SELECT RAISE(ABORT, '{text}'); END"
            )
            continue
        row = "OLD" if when == "BEFORE DELETE" else "NEW"
        op.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF {condition} THEN "
            f"RAISE EXCEPTION '{text}' USING ERRCODE = 'check_violation'; END IF; RETURN {row}; END $$"
        )
        op.execute(f"CREATE TRIGGER {name} {when} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")
