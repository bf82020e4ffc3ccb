"""The classes that a purge takes along, in the table of its lots. Here: allowing others. Not here: which (`versions`)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


def allow(*kinds: str) -> None:
    """Let `purge_lot` have these kinds and no other. SQLite makes the table anew, and its triggers with it; nothing refers to it."""
    triggers: list[str] = []
    if op.get_bind().dialect.name == "sqlite":
        made = sa.text("SELECT sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'purge_lot' ORDER BY name")
        triggers = list(op.get_bind().execute(made).scalars())
    named = ", ".join(f"'{kind}'" for kind in kinds)
    with op.batch_alter_table("purge_lot") as lot:
        lot.drop_constraint(op.f("ck_purge_lot_kind"), type_="check")
        lot.create_check_constraint(op.f("ck_purge_lot_kind"), f"kind IN ({named})")
    for trigger in triggers:
        op.execute(trigger)
