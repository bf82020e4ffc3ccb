"""Tables of audits: plans, what was drawn, what was judged and found, the weekly list of signals, reports (422.6(c)).

Part of `schema.metadata`; the engine imports this module so that it is complete. They name entries of the access record and members by
their numbers; a plate stands nowhere, not even a member's own: of that a keyed digest. By migration 0016's triggers nothing is deleted, a
decision is never changed, nobody judges or signs off his own searches, and nothing is added to an audit once it is signed off.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from alpr_assets.store.schema import metadata
from alpr_assets.store.types import BigId, Json, UtcInstant

MAX_NOTE = 300  # characters

audit = Table(
    "audit",
    metadata,
    Column("audit_id", BigId, primary_key=True),
    Column("made_at", UtcInstant, nullable=False),
    Column("member_id", BigInteger, nullable=False, comment="who planned it"),
    Column("auditor_id", BigInteger, nullable=False),
    Column(
        "approver_id", BigInteger, nullable=False, comment="who approves the plan, and judges the auditor's own entries"
    ),
    Column("frequency", String(10), nullable=False),
    Column("since_on", Date, nullable=False, comment="the department's dates, both included"),
    Column("until_on", Date, nullable=False),
    Column("since_at", UtcInstant, nullable=False, comment="the same as instants, end excluded"),
    Column("until_at", UtcInstant, nullable=False),
    Column("n_random", Integer, nullable=False, comment="entries to be drawn by chance"),
    Column("n_risk", Integer, nullable=False, comment="entries to be drawn by signals"),
    Column("areas", Json, nullable=False, comment="signals looked at for the second, of policy.SIGNALS"),
    Column("status", String(10), nullable=False),
    Column("head_size", BigInteger, comment="of the first signed head that covers the approval; NULL: not drawn"),
    Column("seed", String(64), comment="SHA-256 from that head and the audit's number, see access.audits.drawing"),
    Column("n_entries", Integer, comment="that could be drawn"),
    Column(
        "entries_sha256", String(64), comment="of their numbers, in order: what could be drawn, for who draws again"
    ),
    Column(
        "ages", Json, comment="reads that were looked at in the period, by months from being seen to being looked at"
    ),
    Column("n_decisions", Integer, nullable=False, comment="seq of its newest decision"),
    CheckConstraint("frequency IN ('once', 'weekly', 'monthly', 'quarterly', 'yearly')", name="frequency"),
    CheckConstraint("status IN ('planned', 'approved', 'drawn', 'signed', 'cancelled')", name="status"),
    CheckConstraint("auditor_id <> approver_id AND member_id <> approver_id", name="two_people"),
    CheckConstraint("since_at < until_at", name="period"),
    CheckConstraint("n_random >= 0 AND n_risk >= 0 AND n_random + n_risk > 0", name="sample"),
    CheckConstraint(
        "(status IN ('drawn', 'signed')) = (seed IS NOT NULL AND head_size IS NOT NULL AND entries_sha256 IS NOT NULL)",
        name="drawn",
    ),
)

audit_decision = Table(
    "audit_decision",
    metadata,
    Column("decision_id", BigId, primary_key=True, comment="what the access record names among an act's results"),
    Column("audit_id", ForeignKey("audit.audit_id"), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("kind", String(10), nullable=False),
    Column("decided_at", UtcInstant, nullable=False),
    Column("member_id", BigInteger, nullable=False),
    Column("reason", String(MAX_NOTE), nullable=False),
    UniqueConstraint("audit_id", "seq"),
    UniqueConstraint("audit_id", "kind"),
    CheckConstraint("kind IN ('planned', 'approved', 'drawn', 'signed', 'cancelled')", name="kind"),
    comment="who planned, approved, signed off or cancelled an audit, when and why; append-only",
)

audit_item = Table(
    "audit_item",
    metadata,
    Column("audit_id", ForeignKey("audit.audit_id"), primary_key=True),
    Column("record_id", BigInteger, primary_key=True, autoincrement=False, comment="an entry of the access record"),
    Column("number", Integer, nullable=False, comment="1, 2, … as drawn"),
    Column("chosen", String(6), nullable=False, comment="by chance or by signals"),
    Column("member_id", BigInteger, nullable=False, comment="whose entry it is"),
    Column("reviewer_id", BigInteger, nullable=False, comment="who judges it: never himself"),
    Column("signals", Json, nullable=False, comment="why it was chosen: rule and reason, no plate"),
    UniqueConstraint("audit_id", "number"),
    CheckConstraint("chosen IN ('random', 'risk')", name="chosen"),
    CheckConstraint("reviewer_id <> member_id", name="another"),
)

audit_judgement = Table(
    "audit_judgement",
    metadata,
    Column("judgement_id", BigId, primary_key=True, comment="what the access record names among an act's results"),
    Column("audit_id", BigInteger, nullable=False),
    Column("record_id", BigInteger, nullable=False),
    Column("seq", Integer, nullable=False, comment="the newest one counts"),
    Column("purpose_plausible", String(7), nullable=False),
    Column("case_exists", String(7), nullable=False),
    Column("scope_fits", String(7), nullable=False),
    Column("note", String(MAX_NOTE), nullable=False, comment="why, where an answer is not yes"),
    Column("member_id", BigInteger, nullable=False),
    Column("decided_at", UtcInstant, nullable=False),
    ForeignKeyConstraint(["audit_id", "record_id"], ["audit_item.audit_id", "audit_item.record_id"]),
    UniqueConstraint("audit_id", "record_id", "seq"),
    CheckConstraint(
        "purpose_plausible IN ('yes', 'no', 'unclear') AND case_exists IN ('yes', 'no', 'unclear') "
        "AND scope_fits IN ('yes', 'no', 'unclear')",
        name="answers",
    ),
    CheckConstraint(
        "(purpose_plausible = 'yes' AND case_exists = 'yes' AND scope_fits = 'yes') OR length(trim(note)) >= 3",
        name="why",
    ),
    comment="what an auditor answered to the three questions of an entry; append-only",
)

misuse_review = Table(
    "misuse_review",
    metadata,
    Column("review_id", BigId, primary_key=True),
    Column("week_on", Date, nullable=False, comment="the department's Monday with which the week begins"),
    Column("rank", Integer, nullable=False, comment="from 1"),
    Column("member_id", BigInteger, nullable=False, comment="whose entries the signals are about"),
    Column("points", Float, nullable=False),
    Column("signals", Json, nullable=False, comment="rule, reason, points and entries' numbers; no plate"),
    Column("made_at", UtcInstant, nullable=False),
    Column("status", String(10), nullable=False),
    UniqueConstraint("week_on", "member_id"),
    UniqueConstraint("week_on", "rank"),
    Index("ix_misuse_review_status_made_at", "status", "made_at"),
    CheckConstraint("status IN ('open', 'explained', 'referred')", name="status"),
)

misuse_decision = Table(
    "misuse_decision",
    metadata,
    Column("decision_id", BigId, primary_key=True, comment="what the access record names among an act's results"),
    Column("review_id", ForeignKey("misuse_review.review_id"), nullable=False, unique=True),
    Column("kind", String(10), nullable=False),
    Column("note", String(MAX_NOTE), nullable=False),
    Column("member_id", BigInteger, nullable=False),
    Column("decided_at", UtcInstant, nullable=False),
    CheckConstraint("kind IN ('explained', 'referred')", name="kind"),
    CheckConstraint(f"length(trim(note)) BETWEEN 3 AND {MAX_NOTE}", name="note"),
    comment="what became of a member's signals of one week; append-only",
)

finding = Table(
    "finding",
    metadata,
    Column("finding_id", BigId, primary_key=True),
    Column("audit_id", ForeignKey("audit.audit_id"), index=True),
    Column("review_id", ForeignKey("misuse_review.review_id"), index=True),
    Column(
        "record_id", BigInteger, comment="the entry it is about; NULL: the audit, or the week's signals, as a whole"
    ),
    Column("subject_id", BigInteger, comment="the member it is about; NULL: nobody in particular"),
    Column("text", String(MAX_NOTE), nullable=False),
    Column("owner_id", BigInteger, nullable=False, comment="who sees to it"),
    Column("opened_at", UtcInstant, nullable=False),
    Column("member_id", BigInteger, nullable=False, comment="who opened it"),
    Column("due_on", Date, nullable=False, comment="the department's date by which it is closed"),
    Column("status", String(8), nullable=False),
    Column("n_moves", Integer, nullable=False, comment="seq of its newest move"),
    CheckConstraint("(audit_id IS NULL) <> (review_id IS NULL)", name="of_one"),
    CheckConstraint("subject_id IS NULL OR owner_id <> subject_id", name="another"),
    CheckConstraint("status IN ('open', 'closed')", name="status"),
    CheckConstraint(f"length(trim(text)) BETWEEN 3 AND {MAX_NOTE}", name="text"),
)

finding_move = Table(
    "finding_move",
    metadata,
    Column("move_id", BigId, primary_key=True, comment="what the access record names among an act's results"),
    Column("finding_id", ForeignKey("finding.finding_id"), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("kind", String(8), nullable=False),
    Column("note", String(MAX_NOTE), nullable=False),
    Column("due_on", Date, nullable=False, comment="from this move on"),
    Column("member_id", BigInteger, nullable=False),
    Column("decided_at", UtcInstant, nullable=False),
    UniqueConstraint("finding_id", "seq"),
    CheckConstraint("kind IN ('opened', 'extended', 'closed')", name="kind"),
    CheckConstraint(f"length(trim(note)) BETWEEN 3 AND {MAX_NOTE}", name="note"),
    comment="how a finding was followed up; append-only, and the one thing that goes on after an audit is signed off",
)

own_plate = Table(
    "own_plate",
    metadata,
    Column("own_plate_id", BigId, primary_key=True),
    Column("member_id", BigInteger, nullable=False, index=True),
    Column("relation", String(10), nullable=False),
    Column("digest", String(64), nullable=False, comment="keyed, of the plate; the plate itself is stored nowhere"),
    Column("added_at", UtcInstant, nullable=False),
    Column("added_by", BigInteger, nullable=False),
    Column("ended_at", UtcInstant, comment="NULL: it counts"),
    Column("ended_by", BigInteger),
    CheckConstraint("relation IN ('own', 'household')", name="relation"),
    CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name="ended"),
    comment="plates that a member has no business to search for",
)

audit_report = Table(
    "audit_report",
    metadata,
    Column("audit_id", ForeignKey("audit.audit_id"), primary_key=True),
    Column("html", Text, nullable=False),
    Column("html_sha256", String(64), nullable=False, comment="as the access record's entry has it"),
    Column("pdf", LargeBinary, nullable=False),
    Column("pdf_sha256", String(64), nullable=False, comment="as the access record's entry has it"),
    Column("issued_at", UtcInstant, nullable=False),
    comment="the report of a signed audit as it was issued; names members and entries, no plate",
)
