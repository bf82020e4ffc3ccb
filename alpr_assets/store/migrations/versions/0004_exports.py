"""The register of exports, and the requests for those above the row cap (422.6(a))."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from alpr_assets.store.types import BigId, UtcInstant

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "export_request",
        sa.Column("request_id", BigId, nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.String(32), nullable=False, comment="whose answer is to be taken out"),
        sa.Column("purpose", sa.String(64), nullable=False),
        sa.Column("case_number", sa.String(32), nullable=False),
        sa.Column("format", sa.String(16), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False, comment="keyed, of the whole query: no plate is kept"),
        sa.Column("n_rows", sa.Integer(), nullable=False),
        sa.Column("asked_at", UtcInstant(), nullable=False),
        sa.Column("record_id", sa.BigInteger(), comment="the refusal in the access record"),
        sa.Column("decided_at", UtcInstant()),
        sa.Column("decided_by", sa.BigInteger(), comment="a supervisor's member id"),
        sa.Column("approved", sa.Boolean()),
        sa.Column("note", sa.Text()),
        sa.Column("used_at", UtcInstant(), comment="an approval is for one export"),
        sa.PrimaryKeyConstraint("request_id", name="pk_export_request"),
        comment="exports above the row cap, waiting for a supervisor or decided",
    )
    op.create_index("ix_export_request_digest", "export_request", ["digest"])
    op.create_table(
        "export",
        sa.Column("export_id", BigId, nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False, comment="its entry in the access record"),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.String(32), nullable=False),
        sa.Column("purpose", sa.String(64), nullable=False),
        sa.Column("case_number", sa.String(32), nullable=False),
        sa.Column("format", sa.String(16), nullable=False),
        sa.Column("n_rows", sa.Integer(), nullable=False),
        sa.Column("n_bytes", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("exported_at", UtcInstant(), nullable=False),
        sa.Column("delete_by", sa.Date(), nullable=False, comment="the department's date"),
        sa.Column("destroyed_at", UtcInstant()),
        sa.Column("destroyed_by", sa.BigInteger(), comment="the member who says so"),
        sa.PrimaryKeyConstraint("export_id", name="pk_export"),
        sa.UniqueConstraint("record_id", name="uq_export_record_id"),
        comment="every file that was taken out, and whether it is gone",
    )
    op.create_index("ix_export_member_id", "export", ["member_id"])
