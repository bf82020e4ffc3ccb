"""Purges that take the ended entries of hot lists along (422.5, Gov. Code 34090)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"

KINDS = "kind IN ('quarantine', 'hotlist_files', 'hotlist_entries', 'watches')"


def upgrade() -> None:
    """SQLite makes the table anew, and its triggers with it; nothing refers to it."""
    triggers = []
    if op.get_bind().dialect.name == "sqlite":
        made = sa.text("SELECT sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'purge_lot' ORDER BY name")
        triggers = list(op.get_bind().execute(made).scalars())
    with op.batch_alter_table("purge_lot") as lot:
        lot.drop_constraint(op.f("ck_purge_lot_kind"), type_="check")
        lot.create_check_constraint(op.f("ck_purge_lot_kind"), KINDS)
    for trigger in triggers:
        op.execute(trigger)
