"""Settled holds whose description is destroyed by a purge, while that there was one stays (422.5, Gov. Code 34090(d)).

A hold is forgotten once, after it was settled, all of what it described at once; nothing else of it changes. Its pattern is then empty
and not NULL: a hold still says what it selected by, and the table need not be made anew, which others refer to.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from alpr_assets.store.migrations import lots
from alpr_assets.store.migrations.refusals import install
from alpr_assets.store.types import UtcInstant

revision = "0023"
down_revision = "0022"

FIXED = ("ground", "purpose", "case_number", "reason", "member_id", "placed_at", "n_items")
DESCRIBED = ("pattern", "plate_folded", "device_id", "since_at", "until_at", "forgotten_at", "forgotten_by")
CHANGES = {"sqlite": "NEW.{0} IS NOT OLD.{0}", "postgresql": "NEW.{0} IS DISTINCT FROM OLD.{0}"}
AREA = {"sqlite": "NEW.area IS NOT OLD.area", "postgresql": "NEW.area::text IS DISTINCT FROM OLD.area::text"}
FORGETS = (
    "OLD.settled_at IS NOT NULL AND OLD.forgotten_at IS NULL AND NEW.forgotten_at IS NOT NULL AND NEW.forgotten_by IS NOT NULL "
    "AND COALESCE(NEW.pattern, 'x') = '' AND NEW.plate_folded IS NULL AND NEW.area IS NULL AND NEW.device_id IS NULL "
    "AND NEW.since_at IS NULL AND NEW.until_at IS NULL"
)
REMEMBERED = "NOT EXISTS (SELECT 1 FROM hold AS h WHERE h.hold_id = OLD.hold_id AND h.forgotten_at IS NOT NULL)"
FORGOTTEN = "EXISTS (SELECT 1 FROM hold AS h WHERE h.hold_id = NEW.hold_id AND h.forgotten_at IS NOT NULL)"


def upgrade() -> None:
    dialect = op.get_bind().dialect.name
    op.add_column(
        "hold",
        sa.Column("forgotten_at", UtcInstant(), comment="when what it described was destroyed; NULL: it is there"),
    )
    op.add_column("hold", sa.Column("forgotten_by", sa.BigInteger(), comment="the purge that destroyed it"))
    for table, trigger in (("hold", "hold_fixed"), ("hold_item", "hold_item_kept")):
        if dialect == "sqlite":
            op.execute(f"DROP TRIGGER {trigger}")
        else:
            op.execute(f"DROP TRIGGER {trigger} ON {table}")
            op.execute(f"DROP FUNCTION {trigger}()")
    changed = {
        name: " OR ".join(CHANGES[dialect].format(column) for column in columns)
        for name, columns in (("fixed", FIXED), ("described", DESCRIBED))
    }
    install(
        (
            ("hold_fixed", "hold", "BEFORE UPDATE", changed["fixed"], "what a hold holds is never changed"),
            (
                "hold_described", "hold", "BEFORE UPDATE", f"({changed['described']} OR {AREA[dialect]}) AND NOT ({FORGETS})",
                "what a hold holds is never changed, and forgotten once, after it was settled",
            ),
            ("hold_item_kept", "hold_item", "BEFORE DELETE", REMEMBERED, "what a hold holds is never changed"),
            ("hold_item_open", "hold_item", "BEFORE INSERT", FORGOTTEN, "what a hold held was destroyed"),
        )
    )  # fmt: skip
    lots.allow("quarantine", "hotlist_files", "hotlist_entries", "watches", "holds")
