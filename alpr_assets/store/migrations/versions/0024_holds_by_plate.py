"""Holds by the plate that they describe: a day is judged by its reads' plates, and looked at every hold for each of its reads."""

from __future__ import annotations

from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    op.create_index("ix_hold_plate_folded_settled_at", "hold", ["plate_folded", "settled_at"])
