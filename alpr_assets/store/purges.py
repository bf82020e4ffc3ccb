"""Tables of purges: exact plans, who approved them, what was destroyed on each day (422.5, Gov. Code 34090.6).

Part of `schema.metadata`; the engine imports this module so that it is complete. A plan names captures by their numbers and holds no plate
and no hash of a picture. By the triggers of migrations 0013 and 0014 a plan and its
days are never deleted, its manifest never changes, and decisions are kept.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from alpr_assets.store.schema import metadata
from alpr_assets.store.types import BigId, Json, UtcInstant

MAX_REFERENCE = 120  # characters
MAX_REASON = 300  # characters

purge_plan = Table(
    "purge_plan",
    metadata,
    Column("plan_id", BigId, primary_key=True),
    Column("made_at", UtcInstant, nullable=False),
    Column("member_id", BigInteger, nullable=False),
    Column("judged_on", Date, nullable=False, comment="the department's date by which the schedule was asked"),
    Column("stale_at", UtcInstant, nullable=False, comment="from then on it is neither approved nor begun"),
    Column(
        "digest",
        String(64),
        nullable=False,
        comment="keyed, over the days' digests: what was approved is what is destroyed",
    ),
    Column("n_captures", Integer, nullable=False),
    Column("resolution", String(MAX_REFERENCE), nullable=False, comment="of the legislative body, on file"),
    Column("resolution_on", Date, comment="the date on it; NULL: planned before that was asked"),
    Column("resolution_until", Date, comment="the last day that it is good for; NULL: it does not say"),
    Column("consent", String(MAX_REFERENCE), nullable=False, comment="of the city attorney, in writing, on file"),
    Column("consent_on", Date, comment="as resolution_on"),
    Column("consent_until", Date, comment="as resolution_until"),
    Column("status", String(10), nullable=False),
    Column("n_decisions", Integer, nullable=False, comment="seq of its newest decision"),
    CheckConstraint("status IN ('planned', 'approved', 'executing', 'done', 'cancelled')", name="status"),
)

purge_request = Table(
    "purge_request",
    metadata,
    Column("request_id", BigId, primary_key=True),
    Column("asked_at", UtcInstant, nullable=False),
    Column("member_id", BigInteger, nullable=False),
    Column("resolution", String(MAX_REFERENCE), nullable=False, comment="as purge_plan has it, like those below"),
    Column("resolution_on", Date, nullable=False),
    Column("resolution_until", Date),
    Column("consent", String(MAX_REFERENCE), nullable=False),
    Column("consent_on", Date, nullable=False),
    Column("consent_until", Date),
    Column("answered_at", UtcInstant, comment="NULL: its plan is still to be drafted"),
    Column("plan_id", ForeignKey("purge_plan.plan_id")),
    Column("refusal", String(MAX_REASON), comment="why there is no plan"),
    CheckConstraint("(answered_at IS NULL) = (plan_id IS NULL AND refusal IS NULL)", name="answered"),
    CheckConstraint("plan_id IS NULL OR refusal IS NULL", name="one_answer"),
    comment="a plan asked for: a run drafts it",
)

purge_day = Table(
    "purge_day",
    metadata,
    Column("plan_id", ForeignKey("purge_plan.plan_id"), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("n_planned", Integer, nullable=False),
    Column(
        "manifest",
        LargeBinary,
        nullable=False,
        comment="numbers of the captures within their day, see lifecycle.purge.manifests",
    ),
    Column("digest", String(64), nullable=False, comment="keyed, of day and numbers"),
    Column("destroyed_at", UtcInstant, comment="when the rows were gone; NULL: not yet"),
    Column("n_destroyed", Integer),
    Column("n_kept", Integer, comment="planned, and kept after all: held, or no longer due"),
    Column("n_gone", Integer, comment="planned, and no longer there: another purge had them"),
    Column(
        "verified_at", UtcInstant, comment="when rows and pictures were looked for and none was found; NULL: not yet"
    ),
    CheckConstraint("(destroyed_at IS NULL) = (n_destroyed IS NULL)", name="destroyed"),
    CheckConstraint("destroyed_at IS NULL OR n_destroyed + n_kept + n_gone = n_planned", name="adds_up"),
    CheckConstraint("verified_at IS NULL OR destroyed_at IS NOT NULL", name="verified"),
)

purge_lot = Table(
    "purge_lot",
    metadata,
    Column("plan_id", ForeignKey("purge_plan.plan_id"), primary_key=True),
    Column("kind", String(24), primary_key=True, comment="class of the retention schedule"),
    Column("n_planned", Integer, nullable=False),
    Column("manifest", LargeBinary, nullable=False, comment="ids of the items, see lifecycle.purge.manifests"),
    Column("digest", String(64), nullable=False, comment="keyed, of class and ids"),
    Column("destroyed_at", UtcInstant, comment="when the rows were gone; NULL: not yet"),
    Column("n_destroyed", Integer),
    Column("n_kept", Integer, comment="planned, and kept after all: held, in force, or no longer due"),
    Column("n_gone", Integer, comment="planned, and no longer there"),
    Column("files", Json, comment="sealed files that are still to be unlinked, [[day, SHA-256], …]; NULL: none"),
    Column("verified_at", UtcInstant, comment="when rows and files were looked for and none was found; NULL: not yet"),
    CheckConstraint("kind IN ('quarantine', 'hotlist_files', 'hotlist_entries', 'watches', 'holds')", name="kind"),
    CheckConstraint("(destroyed_at IS NULL) = (n_destroyed IS NULL)", name="destroyed"),
    CheckConstraint("destroyed_at IS NULL OR n_destroyed + n_kept + n_gone = n_planned", name="adds_up"),
    CheckConstraint("verified_at IS NULL OR (destroyed_at IS NOT NULL AND files IS NULL)", name="verified"),
    comment="what a plan destroys that is not kept by the capture's day",
)

purge_decision = Table(
    "purge_decision",
    metadata,
    Column("decision_id", BigId, primary_key=True, comment="what the access record names among an act's results"),
    Column("plan_id", ForeignKey("purge_plan.plan_id"), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("kind", String(10), nullable=False),
    Column("capacity", String(10), comment="in which an approval was given: commander or custodian"),
    Column("decided_at", UtcInstant, nullable=False),
    Column("member_id", BigInteger, nullable=False),
    Column("reason", String(MAX_REASON), nullable=False),
    UniqueConstraint("plan_id", "seq"),
    UniqueConstraint("plan_id", "capacity"),
    UniqueConstraint("plan_id", "kind", "member_id"),
    CheckConstraint("kind IN ('planned', 'approved', 'begun', 'done', 'cancelled')", name="kind"),
    CheckConstraint("(kind = 'approved') = (capacity IS NOT NULL)", name="capacity"),
    CheckConstraint("capacity IS NULL OR capacity IN ('commander', 'custodian')", name="known_capacity"),
    comment="who planned, approved, began or cancelled a purge, when and why; append-only",
)

purge_certificate = Table(
    "purge_certificate",
    metadata,
    Column("plan_id", ForeignKey("purge_plan.plan_id"), primary_key=True),
    Column("content", Text, nullable=False, comment="canonical JSON: counts, digests, method, approvals; no plate"),
    Column("sha256", String(64), nullable=False, comment="of the content, as the access record's entry has it"),
    Column("issued_at", UtcInstant, nullable=False),
    comment="what was destroyed, by whose approval and how; its hash is in the access record, whose heads are signed and witnessed",
)

purge_completion = Table(
    "purge_completion",
    metadata,
    Column("plan_id", ForeignKey("purge_certificate.plan_id"), primary_key=True),
    Column(
        "content",
        Text,
        nullable=False,
        comment="canonical JSON: which certificate, which tables were rewritten; no plate",
    ),
    Column("sha256", String(64), nullable=False, comment="of the content, as the access record's entry has it"),
    Column("completed_at", UtcInstant, nullable=False),
    comment="PostgreSQL: a certificate's `removed` became `destroyed`; append-only",
)

clock_statement = Table(
    "clock_statement",
    metadata,
    Column("statement_id", BigId, primary_key=True),
    Column("stated_at", UtcInstant, nullable=False),
    Column("member_id", BigInteger, nullable=False),
    Column("head_size", BigInteger, nullable=False, comment="entries of the access record whose times it explains"),
    Column("doubts", Json, nullable=False, comment="what was in doubt, as he was shown it"),
    Column("reason", String(MAX_REASON), nullable=False),
    comment="a custodian's word that the clock by which purges count years is right; append-only",
)
