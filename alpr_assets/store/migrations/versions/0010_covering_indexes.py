"""Indexes of reads that answer by themselves how often a plate passes a place, without the rows. Takes a minute per 20 million reads."""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"

INDEXES = {
    "ix_read_plate_captured_at": ["plate", "captured_at", "cell"],
    "ix_read_cell_captured_at": ["cell", "captured_at", "plate"],
}
"""Those that go → columns of those that come, whose names end with the last."""


def upgrade() -> None:
    for name, columns in INDEXES.items():
        op.create_index(f"{name}_{columns[-1]}", "read", columns, postgresql_include=["day"])
        op.drop_index(name, "read")
