"""Members, their training and the designee, sign-in and sessions, and asks of other agencies."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from alpr_assets.store.types import UtcInstant

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "member",
        sa.Column("member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_name", sa.String(length=64), nullable=False, comment="lower case; never given to another"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("agency", sa.String(length=16), nullable=False, comment="ORI"),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("is_contractor", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("status_at", UtcInstant(), nullable=False, comment="since when he has this status"),
        sa.Column("status_reason", sa.String(length=32), nullable=False, comment="e.g. inactive, rejected"),
        sa.Column("last_active_at", UtcInstant(), nullable=True, comment="of any session"),
        sa.Column("locked_at", UtcInstant(), nullable=True, comment="failed sign-ins; until an administrator unlocks"),
        sa.Column("unlocked_at", UtcInstant(), nullable=True, comment="failures before this no longer count"),
        sa.Column(
            "provider_issuer",
            sa.Text(),
            nullable=True,
            comment="with provider_subject: whom the identity provider knows him as",
        ),
        sa.Column("provider_subject", sa.Text(), nullable=True),
        sa.CheckConstraint("status IN ('proposed', 'active', 'suspended', 'separated')", name=op.f("ck_member_status")),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_member")),
        sa.UniqueConstraint(
            "provider_issuer", "provider_subject", name=op.f("uq_member_provider_issuer_provider_subject")
        ),
        sa.UniqueConstraint("user_name", name=op.f("uq_member_user_name")),
    )
    op.create_table(
        "designee",
        sa.Column("designee_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("to_on", sa.Date(), nullable=True, comment="last date; NULL: until another is designated"),
        sa.Column("file_name", sa.Text(), nullable=False, comment="of the Chief's designation"),
        sa.Column("sealed_day", sa.Date(), nullable=False, comment="with sealed_sha256: where the designation is kept"),
        sa.Column("sealed_sha256", sa.String(length=64), nullable=False),
        sa.Column("recorded_at", UtcInstant(), nullable=False),
        sa.Column("recorded_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["recorded_by"], ["member.member_id"], name=op.f("fk_designee_recorded_by_member")),
        sa.PrimaryKeyConstraint("designee_id", name=op.f("pk_designee")),
    )
    op.create_table(
        "member_batch",
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("file_sha256", sa.String(length=64), nullable=False),
        sa.Column("n_members", sa.Integer(), nullable=False),
        sa.Column("proposed_at", UtcInstant(), nullable=False),
        sa.Column("proposed_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["proposed_by"], ["member.member_id"], name=op.f("fk_member_batch_proposed_by_member")),
        sa.PrimaryKeyConstraint("batch_id", name=op.f("pk_member_batch")),
    )
    op.create_table(
        "member_password",
        sa.Column("member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False, comment="argon2id, with its parameters and salt"),
        sa.Column("set_at", UtcInstant(), nullable=False),
        sa.Column(
            "expires_at",
            UtcInstant(),
            nullable=True,
            comment="of a one-time password, which must be changed; NULL: the member's own",
        ),
        sa.ForeignKeyConstraint(["member_id"], ["member.member_id"], name=op.f("fk_member_password_member_id_member")),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_member_password")),
    )
    op.create_table(
        "member_second_factor",
        sa.Column("member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "sealed", sa.LargeBinary(), nullable=False, comment="RFC 6238 secret under the key in the keys' folder"
        ),
        sa.Column("made_at", UtcInstant(), nullable=False),
        sa.Column("enrolled_at", UtcInstant(), nullable=True, comment="NULL: no code has confirmed it yet"),
        sa.Column(
            "last_step",
            sa.BigInteger(),
            nullable=True,
            comment="time step of the newest code used: none is taken twice",
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.member_id"], name=op.f("fk_member_second_factor_member_id_member")
        ),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_member_second_factor")),
    )
    op.create_table(
        "member_session",
        sa.Column("session_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "token_sha256", sa.String(length=64), nullable=False, comment="the token itself is with its holder only"
        ),
        sa.Column("member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("label", sa.String(length=64), nullable=False),
        sa.Column(
            "actions",
            sa.JSON(none_as_null=True),
            nullable=True,
            comment="what a token is limited to; NULL: all that the role may",
        ),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("opened_at", UtcInstant(), nullable=False),
        sa.Column("last_active_at", UtcInstant(), nullable=False),
        sa.Column("expires_at", UtcInstant(), nullable=False),
        sa.Column(
            "by_provider", sa.Boolean(), nullable=False, comment="the identity provider vouched, no password was asked"
        ),
        sa.Column("verified_at", UtcInstant(), nullable=True, comment="when the second factor was shown"),
        sa.Column("acknowledged_at", UtcInstant(), nullable=True, comment="when the notice was"),
        sa.Column("revoked_at", UtcInstant(), nullable=True),
        sa.Column(
            "revoked_by",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
            comment="NULL beside revoked_at: the system",
        ),
        sa.Column("revoked_reason", sa.String(length=32), nullable=True),
        sa.CheckConstraint("kind IN ('web', 'notebook', 'device')", name=op.f("ck_member_session_kind")),
        sa.ForeignKeyConstraint(["member_id"], ["member.member_id"], name=op.f("fk_member_session_member_id_member")),
        sa.ForeignKeyConstraint(["revoked_by"], ["member.member_id"], name=op.f("fk_member_session_revoked_by_member")),
        sa.PrimaryKeyConstraint("session_id", name=op.f("pk_member_session")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_member_session_token_sha256")),
    )
    op.create_index(op.f("ix_member_session_member_id"), "member_session", ["member_id"], unique=False)
    op.create_table(
        "member_source",
        sa.Column("grant_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("granted_at", UtcInstant(), nullable=False),
        sa.Column("granted_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("revoked_at", UtcInstant(), nullable=True),
        sa.Column("revoked_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.CheckConstraint(
            "source IN ('department', 'state', 'federal', 'restricted')", name=op.f("ck_member_source_source")
        ),
        sa.ForeignKeyConstraint(["granted_by"], ["member.member_id"], name=op.f("fk_member_source_granted_by_member")),
        sa.ForeignKeyConstraint(["member_id"], ["member.member_id"], name=op.f("fk_member_source_member_id_member")),
        sa.ForeignKeyConstraint(["revoked_by"], ["member.member_id"], name=op.f("fk_member_source_revoked_by_member")),
        sa.PrimaryKeyConstraint("grant_id", name=op.f("pk_member_source")),
    )
    op.create_index(
        "uq_member_source_granted",
        "member_source",
        ["member_id", "source"],
        unique=True,
        sqlite_where=sa.text("revoked_at IS NULL"),
        postgresql_where=sa.text("revoked_at IS NULL"),
    )
    op.create_table(
        "member_training",
        sa.Column("training_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("course", sa.Text(), nullable=False),
        sa.Column("completed_on", sa.Date(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False, comment="the last date on which it counts"),
        sa.Column("recorded_at", UtcInstant(), nullable=False),
        sa.Column("recorded_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("approved_at", UtcInstant(), nullable=True, comment="NULL: it does not count yet"),
        sa.Column("approved_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "withdrawn_at", UtcInstant(), nullable=True, comment="recorded in error: it no longer counts, and stays"
        ),
        sa.Column("withdrawn_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(
            ["approved_by"], ["member.member_id"], name=op.f("fk_member_training_approved_by_member")
        ),
        sa.ForeignKeyConstraint(["member_id"], ["member.member_id"], name=op.f("fk_member_training_member_id_member")),
        sa.ForeignKeyConstraint(
            ["recorded_by"], ["member.member_id"], name=op.f("fk_member_training_recorded_by_member")
        ),
        sa.ForeignKeyConstraint(
            ["withdrawn_by"], ["member.member_id"], name=op.f("fk_member_training_withdrawn_by_member")
        ),
        sa.PrimaryKeyConstraint("training_id", name=op.f("pk_member_training")),
    )
    op.create_index(op.f("ix_member_training_member_id"), "member_training", ["member_id"], unique=False)
    op.create_table(
        "release_request",
        sa.Column("request_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("opened_at", UtcInstant(), nullable=False),
        sa.Column("opened_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["opened_by"], ["member.member_id"], name=op.f("fk_release_request_opened_by_member")),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_release_request")),
    )
    op.create_table(
        "sign_in_attempt",
        sa.Column("attempt_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", UtcInstant(), nullable=False),
        sa.Column(
            "member_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
            comment="NULL: the name was nobody's, and is not kept",
        ),
        sa.Column("factor", sa.String(length=8), nullable=False),
        sa.Column(
            "succeeded", sa.Boolean(), nullable=True, comment="NULL: begun, which counts as failed until it is known"
        ),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.CheckConstraint(
            "factor IN ('password', 'code', 'both', 'provider')", name=op.f("ck_sign_in_attempt_factor")
        ),
        sa.ForeignKeyConstraint(["member_id"], ["member.member_id"], name=op.f("fk_sign_in_attempt_member_id_member")),
        sa.PrimaryKeyConstraint("attempt_id", name=op.f("pk_sign_in_attempt")),
    )
    op.create_index("ix_sign_in_attempt_member_id_at", "sign_in_attempt", ["member_id", "at"], unique=False)
    op.create_table(
        "member_proposal",
        sa.Column("proposal_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False, comment="join, or another title"),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False, comment="what decides how many approve"),
        sa.Column(
            "sources",
            sa.JSON(none_as_null=True),
            nullable=False,
            comment="asked for with it; granted by an approver who may",
        ),
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("proposed_at", UtcInstant(), nullable=False),
        sa.Column(
            "proposed_by",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
            comment="NULL: the beginning of the register",
        ),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("decided_at", UtcInstant(), nullable=True),
        sa.CheckConstraint("kind IN ('join', 'title')", name=op.f("ck_member_proposal_kind")),
        sa.CheckConstraint("state IN ('open', 'accepted', 'rejected')", name=op.f("ck_member_proposal_state")),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["member_batch.batch_id"], name=op.f("fk_member_proposal_batch_id_member_batch")
        ),
        sa.ForeignKeyConstraint(["member_id"], ["member.member_id"], name=op.f("fk_member_proposal_member_id_member")),
        sa.ForeignKeyConstraint(
            ["proposed_by"], ["member.member_id"], name=op.f("fk_member_proposal_proposed_by_member")
        ),
        sa.PrimaryKeyConstraint("proposal_id", name=op.f("pk_member_proposal")),
    )
    op.create_index(op.f("ix_member_proposal_batch_id"), "member_proposal", ["batch_id"], unique=False)
    op.create_index(op.f("ix_member_proposal_member_id"), "member_proposal", ["member_id"], unique=False)
    op.create_index(
        "uq_member_proposal_open",
        "member_proposal",
        ["member_id"],
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "proposal_approval",
        sa.Column("proposal_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("approver_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("approved_at", UtcInstant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["approver_id"], ["member.member_id"], name=op.f("fk_proposal_approval_approver_id_member")
        ),
        sa.ForeignKeyConstraint(
            ["proposal_id"],
            ["member_proposal.proposal_id"],
            name=op.f("fk_proposal_approval_proposal_id_member_proposal"),
        ),
        sa.PrimaryKeyConstraint("proposal_id", "approver_id", name=op.f("pk_proposal_approval")),
    )
