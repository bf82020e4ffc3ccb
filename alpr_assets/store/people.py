"""Tables of the people: members and how they became ones, training, the designee, sign-in, sessions, asks of other agencies.

Part of `schema.metadata`; the engine imports this module so that it is complete. Rows of members, proposals, approvals, sources,
training and designees are never deleted: who could see what, and who allowed it, is asked for years later (422.3.1(a), (b), (e)).
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from alpr_assets.store.schema import metadata
from alpr_assets.store.types import BigId, Json, UtcInstant

# ── members (422.3.1(a)) ───────────────────────────────────────────────────────────────────────────────────────────

member = Table(
    "member",
    metadata,
    Column("member_id", BigId, primary_key=True),
    Column("user_name", String(64), nullable=False, unique=True, comment="lower case; never given to another"),
    Column("name", Text, nullable=False),
    Column("agency", String(16), nullable=False, comment="ORI"),
    Column("title", Text, nullable=False),
    Column("role", String(32), nullable=False),
    Column("is_contractor", Boolean, nullable=False),
    Column("status", String(16), nullable=False),
    Column("status_at", UtcInstant, nullable=False, comment="since when he has this status"),
    Column("status_reason", String(32), nullable=False, default="", comment="e.g. inactive, rejected"),
    Column("last_active_at", UtcInstant, comment="of any session"),
    Column("locked_at", UtcInstant, comment="failed sign-ins; until an administrator unlocks"),
    Column("unlocked_at", UtcInstant, comment="failures before this no longer count"),
    Column("provider_issuer", Text, comment="with provider_subject: whom the identity provider knows him as"),
    Column("provider_subject", Text),
    UniqueConstraint("provider_issuer", "provider_subject"),
    CheckConstraint("status IN ('proposed', 'active', 'suspended', 'separated')", name="status"),
)

member_batch = Table(
    "member_batch",
    metadata,
    Column("batch_id", BigId, primary_key=True),
    Column("file_name", Text, nullable=False),
    Column("file_sha256", String(64), nullable=False),
    Column("n_members", Integer, nullable=False),
    Column("proposed_at", UtcInstant, nullable=False),
    Column("proposed_by", ForeignKey("member.member_id"), nullable=False),
)

member_proposal = Table(
    "member_proposal",
    metadata,
    Column("proposal_id", BigId, primary_key=True),
    Column("member_id", ForeignKey("member.member_id"), nullable=False, index=True),
    Column("kind", String(8), nullable=False, comment="join, or another title"),
    Column("title", Text, nullable=False),
    Column("role", String(32), nullable=False, comment="what decides how many approve"),
    Column("sources", Json, nullable=False, comment="asked for with it; granted by an approver who may"),
    Column("batch_id", ForeignKey("member_batch.batch_id"), index=True),
    Column("proposed_at", UtcInstant, nullable=False),
    Column("proposed_by", ForeignKey("member.member_id"), comment="NULL: the beginning of the register"),
    Column("state", String(8), nullable=False),
    Column("decided_at", UtcInstant),
    CheckConstraint("kind IN ('join', 'title')", name="kind"),
    CheckConstraint("state IN ('open', 'accepted', 'rejected')", name="state"),
    Index(
        "uq_member_proposal_open", "member_id", unique=True,
        sqlite_where=text("state = 'open'"), postgresql_where=text("state = 'open'"),
    ),
)  # fmt: skip

proposal_approval = Table(
    "proposal_approval",
    metadata,
    Column("proposal_id", ForeignKey("member_proposal.proposal_id"), primary_key=True),
    Column("approver_id", ForeignKey("member.member_id"), primary_key=True),
    Column("approved_at", UtcInstant, nullable=False),
)

member_source = Table(
    "member_source",
    metadata,
    Column("grant_id", BigId, primary_key=True),
    Column("member_id", ForeignKey("member.member_id"), nullable=False),
    Column("source", String(16), nullable=False),
    Column("granted_at", UtcInstant, nullable=False),
    Column("granted_by", ForeignKey("member.member_id"), nullable=False),
    Column("revoked_at", UtcInstant),
    Column("revoked_by", ForeignKey("member.member_id")),
    CheckConstraint("source IN ('department', 'state', 'federal', 'restricted')", name="source"),
    Index(
        "uq_member_source_granted", "member_id", "source", unique=True,
        sqlite_where=text("revoked_at IS NULL"), postgresql_where=text("revoked_at IS NULL"),
    ),
)  # fmt: skip

account_review = Table(
    "account_review",
    metadata,
    Column("review_id", BigId, primary_key=True),
    Column("member_id", ForeignKey("member.member_id"), nullable=False, index=True),
    Column("reviewer_id", ForeignKey("member.member_id"), nullable=False),
    Column("reviewed_at", UtcInstant, nullable=False),
    Column("title", Text, nullable=False, comment="as confirmed"),
    Column("role", String(32), nullable=False, comment="as confirmed"),
    Column("sources", Json, nullable=False, comment="as confirmed"),
    Column("note", Text, nullable=False),
    CheckConstraint("member_id <> reviewer_id", name="another"),
    comment="that an account is still needed, as it was then; append-only",
)

# ── training, designee (422.3.1(b), 422.3.1(e), 422.4(d), 422.8) ───────────────────────────────────────────────────

member_training = Table(
    "member_training",
    metadata,
    Column("training_id", BigId, primary_key=True),
    Column("member_id", ForeignKey("member.member_id"), nullable=False, index=True),
    Column("course", Text, nullable=False),
    Column("completed_on", Date, nullable=False),
    Column("expires_on", Date, nullable=False, comment="the last date on which it counts"),
    Column("recorded_at", UtcInstant, nullable=False),
    Column("recorded_by", ForeignKey("member.member_id"), nullable=False),
    Column("approved_at", UtcInstant, comment="NULL: it does not count yet"),
    Column("approved_by", ForeignKey("member.member_id")),
    Column("withdrawn_at", UtcInstant, comment="recorded in error: it no longer counts, and stays"),
    Column("withdrawn_by", ForeignKey("member.member_id")),
)

designee = Table(
    "designee",
    metadata,
    Column("designee_id", BigId, primary_key=True),
    Column("name", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("from_on", Date, nullable=False),
    Column("to_on", Date, comment="last date; NULL: until another is designated"),
    Column("file_name", Text, nullable=False, comment="of the Chief's designation"),
    Column("sealed_day", Date, nullable=False, comment="with sealed_sha256: where the designation is kept"),
    Column("sealed_sha256", String(64), nullable=False),
    Column("recorded_at", UtcInstant, nullable=False),
    Column("recorded_by", ForeignKey("member.member_id"), nullable=False),
)

# ── sign-in (422.6(a)) ─────────────────────────────────────────────────────────────────────────────────────────────

member_password = Table(
    "member_password",
    metadata,
    Column("member_id", ForeignKey("member.member_id"), primary_key=True),
    Column("hash", Text, nullable=False, comment="argon2id, with its parameters and salt"),
    Column("set_at", UtcInstant, nullable=False),
    Column("expires_at", UtcInstant, comment="of a one-time password, which must be changed; NULL: the member's own"),
)

member_second_factor = Table(
    "member_second_factor",
    metadata,
    Column("member_id", ForeignKey("member.member_id"), primary_key=True),
    Column("sealed", LargeBinary, nullable=False, comment="RFC 6238 secret under the key in the keys' folder"),
    Column("made_at", UtcInstant, nullable=False),
    Column("enrolled_at", UtcInstant, comment="NULL: no code has confirmed it yet"),
    Column("last_step", BigInteger, comment="time step of the newest code used: none is taken twice"),
)

sign_in_attempt = Table(
    "sign_in_attempt",
    metadata,
    Column("attempt_id", BigId, primary_key=True),
    Column("at", UtcInstant, nullable=False),
    Column("member_id", ForeignKey("member.member_id"), comment="NULL: the name was nobody's, and is not kept"),
    Column("factor", String(8), nullable=False),
    Column("succeeded", Boolean, comment="NULL: begun, which counts as failed until it is known"),
    Column("address", String(64), nullable=False),
    CheckConstraint("factor IN ('password', 'code', 'both', 'provider')", name="factor"),
    Index("ix_sign_in_attempt_member_id_at", "member_id", "at"),
)

member_session = Table(
    "member_session",
    metadata,
    Column("session_id", BigId, primary_key=True),
    Column("token_sha256", String(64), nullable=False, unique=True, comment="the token itself is with its holder only"),
    Column("member_id", ForeignKey("member.member_id"), nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("label", String(64), nullable=False),
    Column("actions", Json, comment="what a token is limited to; NULL: all that the role may"),
    Column("address", String(64), nullable=False),
    Column("opened_at", UtcInstant, nullable=False),
    Column("last_active_at", UtcInstant, nullable=False),
    Column("expires_at", UtcInstant, nullable=False),
    Column("by_provider", Boolean, nullable=False, comment="the identity provider vouched, no password was asked"),
    Column("verified_at", UtcInstant, comment="when the second factor was shown"),
    Column("acknowledged_at", UtcInstant, comment="when the notice was"),
    Column("revoked_at", UtcInstant),
    Column("revoked_by", ForeignKey("member.member_id"), comment="NULL beside revoked_at: the system"),
    Column("revoked_reason", String(32)),
    CheckConstraint("kind IN ('web', 'notebook', 'device')", name="kind"),
)

# ── other agencies (422.7) ─────────────────────────────────────────────────────────────────────────────────────────

release_request = Table(
    "release_request",
    metadata,
    Column("request_id", BigId, primary_key=True),
    Column("state", String(16), nullable=False),
    Column("agency", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("opened_at", UtcInstant, nullable=False),
    Column("opened_by", ForeignKey("member.member_id"), nullable=False),
)
