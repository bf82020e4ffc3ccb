"""Holds of a whole case, and when what was shown later under its number joined them (422.5)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from alpr_assets.store.migrations.refusals import install
from alpr_assets.store.types import UtcInstant

revision = "0019"
down_revision = "0018"

CHANGED = {"sqlite": "NEW.of_case IS NOT OLD.of_case", "postgresql": "NEW.of_case IS DISTINCT FROM OLD.of_case"}


def upgrade() -> None:
    op.add_column(
        "hold", sa.Column("of_case", sa.String(32), comment="everything under this number is held; NULL: no case")
    )
    op.add_column(
        "hold_item",
        sa.Column("joined_at", UtcInstant(), comment="of a case: when it was found later; NULL: held from the first"),
    )
    changed = CHANGED[op.get_bind().dialect.name]
    install([("hold_case_fixed", "hold", "BEFORE UPDATE", changed, "what a hold holds is never changed")])
