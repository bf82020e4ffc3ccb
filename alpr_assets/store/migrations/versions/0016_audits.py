"""Audits: plans, samples, judgements, findings, the weekly list of signals, members' own plates, reports (422.6(c)).

What code might forget, triggers refuse: anything deleted, a decision that is changed, a plan or sample that is changed, a sample that is
drawn twice or thrown away, a judgement or signature on own searches, an entry that nobody judged, anything added behind the signature.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from alpr_assets.store.migrations.refusals import install
from alpr_assets.store.types import BigId, Json, UtcInstant

revision = "0016"
down_revision = "0015"


def _changed(*columns: str) -> str:
    """One of these columns is another; JSON has no equality on PostgreSQL, its text has."""
    return " OR ".join(f"CAST(NEW.{name} AS TEXT) <> CAST(OLD.{name} AS TEXT)" for name in columns)


def _no_audit(status: str) -> str:
    return f"NOT EXISTS (SELECT 1 FROM audit AS a WHERE a.audit_id = NEW.audit_id AND a.status = '{status}')"  # noqa: S608 - our own words


PLANNED = _changed(
    "made_at", "member_id", "auditor_id", "approver_id", "frequency", "since_on", "until_on", "since_at", "until_at", "n_random",
    "n_risk", "areas",
)  # fmt: skip
DRAWN = f"OLD.seed IS NOT NULL AND ({_changed('seed', 'head_size', 'n_entries', 'entries_sha256', 'ages')})"
TURN = (
    "(OLD.status || '>' || NEW.status) NOT IN ('planned>planned', 'planned>approved', 'planned>cancelled', 'approved>approved', "
    "'approved>drawn', 'drawn>drawn', 'drawn>signed')"
)
UNAPPROVED = (
    "NEW.status IN ('approved', 'drawn', 'signed') AND NOT EXISTS (SELECT 1 FROM audit_decision AS d WHERE d.audit_id = NEW.audit_id "
    "AND d.kind = 'approved' AND d.member_id = NEW.approver_id)"
)
UNJUDGED = (
    "NEW.status = 'signed' AND OLD.status <> 'signed' AND (NOT EXISTS (SELECT 1 FROM audit_decision AS d "
    "WHERE d.audit_id = NEW.audit_id AND d.kind = 'signed') OR EXISTS (SELECT 1 FROM audit_item AS i WHERE i.audit_id = NEW.audit_id "
    "AND NOT EXISTS (SELECT 1 FROM audit_judgement AS j WHERE j.audit_id = i.audit_id AND j.record_id = i.record_id)))"
)
OWN_SIGNATURE = (
    "NEW.kind = 'signed' AND (EXISTS (SELECT 1 FROM audit_item AS i WHERE i.audit_id = NEW.audit_id AND i.member_id = NEW.member_id) "
    "OR EXISTS (SELECT 1 FROM audit AS a WHERE a.audit_id = NEW.audit_id AND a.auditor_id = NEW.member_id))"
)
ENDED = "EXISTS (SELECT 1 FROM audit AS a WHERE a.audit_id = NEW.audit_id AND a.status IN ('signed', 'cancelled'))"
NOT_REVIEWER = (
    "NOT EXISTS (SELECT 1 FROM audit_item AS i JOIN audit AS a ON a.audit_id = i.audit_id WHERE i.audit_id = NEW.audit_id "
    "AND i.record_id = NEW.record_id AND i.member_id <> NEW.member_id AND NEW.member_id IN (i.reviewer_id, a.approver_id))"
)
UNDECIDED = (
    "NEW.status <> OLD.status AND (OLD.status <> 'open' OR NOT EXISTS (SELECT 1 FROM misuse_decision AS d "
    "WHERE d.review_id = NEW.review_id AND d.kind = NEW.status))"
)
OWN_SIGNALS = (
    "EXISTS (SELECT 1 FROM misuse_review AS r WHERE r.review_id = NEW.review_id AND r.member_id = NEW.member_id)"
)
UNMOVED = (
    "NEW.status <> OLD.status AND (OLD.status <> 'open' OR NOT EXISTS (SELECT 1 FROM finding_move AS m "
    "WHERE m.finding_id = NEW.finding_id AND m.kind = 'closed'))"
)
OWN_FINDING = (
    "EXISTS (SELECT 1 FROM finding AS f WHERE f.finding_id = NEW.finding_id "
    "AND (f.subject_id = NEW.member_id OR (NEW.kind = 'closed' AND f.owner_id = NEW.member_id)))"
)
CLOSED = "EXISTS (SELECT 1 FROM finding AS f WHERE f.finding_id = NEW.finding_id AND f.status = 'closed')"
FOUND = (
    "COALESCE(NEW.audit_id, -1) <> COALESCE(OLD.audit_id, -1) OR COALESCE(NEW.review_id, -1) <> COALESCE(OLD.review_id, -1) "
    "OR COALESCE(NEW.record_id, -1) <> COALESCE(OLD.record_id, -1) OR COALESCE(NEW.subject_id, -1) <> COALESCE(OLD.subject_id, -1) OR "
    + _changed("text", "owner_id", "opened_at", "member_id")
)
APPEND_ONLY = ("audit_decision", "audit_item", "audit_judgement", "misuse_decision", "finding_move", "audit_report")
REFUSALS = (
    # name, table, when, condition, what it says
    ("audit_begins", "audit", "BEFORE INSERT", "NEW.status <> 'planned'", "an audit begins as a plan"),
    ("audit_fixed", "audit", "BEFORE UPDATE", PLANNED, "what was planned is never changed"),
    ("audit_drawn_once", "audit", "BEFORE UPDATE", DRAWN, "a sample is drawn once"),
    ("audit_turn", "audit", "BEFORE UPDATE", TURN, "an audit goes from plan to approval, sample and signature"),
    ("audit_approved", "audit", "BEFORE UPDATE", UNAPPROVED, "another person approves an audit"),
    ("audit_judged", "audit", "BEFORE UPDATE", UNJUDGED, "an audit is signed off when every entry is judged"),
    ("audit_kept", "audit", "BEFORE DELETE", "TRUE", "an audit is never deleted"),
    ("audit_decision_own", "audit_decision", "BEFORE INSERT", OWN_SIGNATURE, "nobody signs off own work or own searches"),
    ("audit_decision_ended", "audit_decision", "BEFORE INSERT", ENDED, "this audit has ended"),
    ("audit_item_once", "audit_item", "BEFORE INSERT", _no_audit("approved"), "a sample is drawn once"),
    ("audit_judgement_open", "audit_judgement", "BEFORE INSERT", _no_audit("drawn"), "nothing is judged behind the signature"),
    ("audit_judgement_reviewer", "audit_judgement", "BEFORE INSERT", NOT_REVIEWER, "an entry is judged by its reviewer or the approver, never by whose it is"),
    ("misuse_review_fixed", "misuse_review", "BEFORE UPDATE",
     _changed("week_on", "rank", "member_id", "points", "signals", "made_at"), "what was listed is never changed"),
    ("misuse_review_decided", "misuse_review", "BEFORE UPDATE", UNDECIDED, "signals are decided once"),
    ("misuse_review_kept", "misuse_review", "BEFORE DELETE", "TRUE", "what was listed is never deleted"),
    ("misuse_decision_own", "misuse_decision", "BEFORE INSERT", OWN_SIGNALS, "nobody decides on his own signals"),
    ("finding_open", "finding", "BEFORE INSERT", f"NEW.audit_id IS NOT NULL AND {_no_audit('drawn')}",
     "nothing is found behind the signature"),
    ("finding_fixed", "finding", "BEFORE UPDATE", FOUND, "what was found is never changed"),
    ("finding_moved", "finding", "BEFORE UPDATE", UNMOVED, "a finding is closed once, by a move"),
    ("finding_kept", "finding", "BEFORE DELETE", "TRUE", "a finding is never deleted"),
    ("finding_move_own", "finding_move", "BEFORE INSERT", OWN_FINDING, "nobody closes his own finding"),
    ("finding_move_closed", "finding_move", "BEFORE INSERT", CLOSED, "this finding is closed"),
    ("own_plate_fixed", "own_plate", "BEFORE UPDATE",
     "OLD.ended_at IS NOT NULL OR " + _changed("member_id", "relation", "digest", "added_at", "added_by"), "an entry is ended, never changed"),
    ("own_plate_kept", "own_plate", "BEFORE DELETE", "TRUE", "an entry is ended, never deleted"),
    ("audit_report_signed", "audit_report", "BEFORE INSERT", _no_audit("signed"), "a report is of a signed audit"),
    *((f"{table}_fixed", table, "BEFORE UPDATE", "TRUE", "what was decided is never changed") for table in APPEND_ONLY),
    *((f"{table}_kept", table, "BEFORE DELETE", "TRUE", "what was decided is never deleted") for table in APPEND_ONLY),
)  # fmt: skip


def upgrade() -> None:
    _audits()
    _signals()
    _beside()
    install(REFUSALS)


def _audits() -> None:
    op.create_table(
        "audit",
        sa.Column("audit_id", BigId, nullable=False),
        sa.Column("made_at", UtcInstant(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False, comment="who planned it"),
        sa.Column("auditor_id", sa.BigInteger(), nullable=False),
        sa.Column("approver_id", sa.BigInteger(), nullable=False, comment="who approves the plan, and judges the auditor's own entries"),
        sa.Column("frequency", sa.String(10), nullable=False),
        sa.Column("since_on", sa.Date(), nullable=False, comment="the department's dates, both included"),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("since_at", UtcInstant(), nullable=False, comment="the same as instants, end excluded"),
        sa.Column("until_at", UtcInstant(), nullable=False),
        sa.Column("n_random", sa.Integer(), nullable=False, comment="entries to be drawn by chance"),
        sa.Column("n_risk", sa.Integer(), nullable=False, comment="entries to be drawn by signals"),
        sa.Column("areas", Json, nullable=False, comment="signals looked at for the second, of policy.SIGNALS"),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("head_size", sa.BigInteger(), comment="of the first signed head that covers the approval; NULL: not drawn"),
        sa.Column("seed", sa.String(64), comment="SHA-256 from that head and the audit's number, see access.audits.drawing"),
        sa.Column("n_entries", sa.Integer(), comment="that could be drawn"),
        sa.Column("entries_sha256", sa.String(64), comment="of their numbers, in order: what could be drawn, for who draws again"),
        sa.Column("ages", Json, comment="reads that were looked at in the period, by months from being seen to being looked at"),
        sa.Column("n_decisions", sa.Integer(), nullable=False, comment="seq of its newest decision"),
        sa.PrimaryKeyConstraint("audit_id", name="pk_audit"),
        sa.CheckConstraint("(status IN ('drawn', 'signed')) = (seed IS NOT NULL AND head_size IS NOT NULL AND entries_sha256 IS NOT NULL)", name=op.f("ck_audit_drawn")),
        sa.CheckConstraint("frequency IN ('once', 'weekly', 'monthly', 'quarterly', 'yearly')", name=op.f("ck_audit_frequency")),
        sa.CheckConstraint("since_at < until_at", name=op.f("ck_audit_period")),
        sa.CheckConstraint("n_random >= 0 AND n_risk >= 0 AND n_random + n_risk > 0", name=op.f("ck_audit_sample")),
        sa.CheckConstraint("status IN ('planned', 'approved', 'drawn', 'signed', 'cancelled')", name=op.f("ck_audit_status")),
        sa.CheckConstraint("auditor_id <> approver_id AND member_id <> approver_id", name=op.f("ck_audit_two_people")),
    )  # fmt: skip
    op.create_table(
        "audit_decision",
        sa.Column("decision_id", BigId, nullable=False, comment="what the access record names among an act's results"),
        sa.Column("audit_id", BigId, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("decided_at", UtcInstant(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(300), nullable=False),
        sa.PrimaryKeyConstraint("decision_id", name="pk_audit_decision"),
        sa.CheckConstraint("kind IN ('planned', 'approved', 'drawn', 'signed', 'cancelled')", name=op.f("ck_audit_decision_kind")),
        sa.ForeignKeyConstraint(["audit_id"], ["audit.audit_id"], name="fk_audit_decision_audit_id_audit"),
        sa.UniqueConstraint("audit_id", "kind", name="uq_audit_decision_audit_id_kind"),
        sa.UniqueConstraint("audit_id", "seq", name="uq_audit_decision_audit_id_seq"),
        comment="who planned, approved, signed off or cancelled an audit, when and why; append-only",
    )  # fmt: skip
    op.create_table(
        "audit_item",
        sa.Column("audit_id", BigId, nullable=False),
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="an entry of the access record"),
        sa.Column("number", sa.Integer(), nullable=False, comment="1, 2, … as drawn"),
        sa.Column("chosen", sa.String(6), nullable=False, comment="by chance or by signals"),
        sa.Column("member_id", sa.BigInteger(), nullable=False, comment="whose entry it is"),
        sa.Column("reviewer_id", sa.BigInteger(), nullable=False, comment="who judges it: never himself"),
        sa.Column("signals", Json, nullable=False, comment="why it was chosen: rule and reason, no plate"),
        sa.PrimaryKeyConstraint("audit_id", "record_id", name="pk_audit_item"),
        sa.CheckConstraint("reviewer_id <> member_id", name=op.f("ck_audit_item_another")),
        sa.CheckConstraint("chosen IN ('random', 'risk')", name=op.f("ck_audit_item_chosen")),
        sa.ForeignKeyConstraint(["audit_id"], ["audit.audit_id"], name="fk_audit_item_audit_id_audit"),
        sa.UniqueConstraint("audit_id", "number", name="uq_audit_item_audit_id_number"),
    )  # fmt: skip
    op.create_table(
        "audit_judgement",
        sa.Column("judgement_id", BigId, nullable=False, comment="what the access record names among an act's results"),
        sa.Column("audit_id", sa.BigInteger(), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False, comment="the newest one counts"),
        sa.Column("purpose_plausible", sa.String(7), nullable=False),
        sa.Column("case_exists", sa.String(7), nullable=False),
        sa.Column("scope_fits", sa.String(7), nullable=False),
        sa.Column("note", sa.String(300), nullable=False, comment="why, where an answer is not yes"),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("decided_at", UtcInstant(), nullable=False),
        sa.PrimaryKeyConstraint("judgement_id", name="pk_audit_judgement"),
        sa.CheckConstraint("purpose_plausible IN ('yes', 'no', 'unclear') AND case_exists IN ('yes', 'no', 'unclear') AND scope_fits IN ('yes', 'no', 'unclear')", name=op.f("ck_audit_judgement_answers")),
        sa.CheckConstraint("(purpose_plausible = 'yes' AND case_exists = 'yes' AND scope_fits = 'yes') OR length(trim(note)) >= 3", name=op.f("ck_audit_judgement_why")),
        sa.ForeignKeyConstraint(["audit_id", "record_id"], ["audit_item.audit_id", "audit_item.record_id"], name="fk_audit_judgement_audit_id_audit_item"),
        sa.UniqueConstraint("audit_id", "record_id", "seq", name="uq_audit_judgement_audit_id_record_id_seq"),
        comment="what an auditor answered to the three questions of an entry; append-only",
    )  # fmt: skip


def _signals() -> None:
    op.create_table(
        "misuse_review",
        sa.Column("review_id", BigId, nullable=False),
        sa.Column("week_on", sa.Date(), nullable=False, comment="the department's Monday with which the week begins"),
        sa.Column("rank", sa.Integer(), nullable=False, comment="from 1"),
        sa.Column("member_id", sa.BigInteger(), nullable=False, comment="whose entries the signals are about"),
        sa.Column("points", sa.Float(), nullable=False),
        sa.Column("signals", Json, nullable=False, comment="rule, reason, points and entries' numbers; no plate"),
        sa.Column("made_at", UtcInstant(), nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.PrimaryKeyConstraint("review_id", name="pk_misuse_review"),
        sa.CheckConstraint("status IN ('open', 'explained', 'referred')", name=op.f("ck_misuse_review_status")),
        sa.UniqueConstraint("week_on", "member_id", name="uq_misuse_review_week_on_member_id"),
        sa.UniqueConstraint("week_on", "rank", name="uq_misuse_review_week_on_rank"),
    )  # fmt: skip
    op.create_index("ix_misuse_review_status_made_at", "misuse_review", ["status", "made_at"])
    op.create_table(
        "misuse_decision",
        sa.Column("decision_id", BigId, nullable=False, comment="what the access record names among an act's results"),
        sa.Column("review_id", BigId, nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("note", sa.String(300), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("decided_at", UtcInstant(), nullable=False),
        sa.PrimaryKeyConstraint("decision_id", name="pk_misuse_decision"),
        sa.CheckConstraint("kind IN ('explained', 'referred')", name=op.f("ck_misuse_decision_kind")),
        sa.CheckConstraint("length(trim(note)) BETWEEN 3 AND 300", name=op.f("ck_misuse_decision_note")),
        sa.ForeignKeyConstraint(["review_id"], ["misuse_review.review_id"], name="fk_misuse_decision_review_id_misuse_review"),
        sa.UniqueConstraint("review_id", name="uq_misuse_decision_review_id"),
        comment="what became of a member's signals of one week; append-only",
    )  # fmt: skip
    op.create_table(
        "finding",
        sa.Column("finding_id", BigId, nullable=False),
        sa.Column("audit_id", BigId),
        sa.Column("review_id", BigId),
        sa.Column("record_id", sa.BigInteger(), comment="the entry it is about; NULL: the audit, or the week's signals, as a whole"),
        sa.Column("subject_id", sa.BigInteger(), comment="the member it is about; NULL: nobody in particular"),
        sa.Column("text", sa.String(300), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False, comment="who sees to it"),
        sa.Column("opened_at", UtcInstant(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False, comment="who opened it"),
        sa.Column("due_on", sa.Date(), nullable=False, comment="the department's date by which it is closed"),
        sa.Column("status", sa.String(8), nullable=False),
        sa.Column("n_moves", sa.Integer(), nullable=False, comment="seq of its newest move"),
        sa.PrimaryKeyConstraint("finding_id", name="pk_finding"),
        sa.CheckConstraint("subject_id IS NULL OR owner_id <> subject_id", name=op.f("ck_finding_another")),
        sa.CheckConstraint("(audit_id IS NULL) <> (review_id IS NULL)", name=op.f("ck_finding_of_one")),
        sa.CheckConstraint("status IN ('open', 'closed')", name=op.f("ck_finding_status")),
        sa.CheckConstraint("length(trim(text)) BETWEEN 3 AND 300", name=op.f("ck_finding_text")),
        sa.ForeignKeyConstraint(["audit_id"], ["audit.audit_id"], name="fk_finding_audit_id_audit"),
        sa.ForeignKeyConstraint(["review_id"], ["misuse_review.review_id"], name="fk_finding_review_id_misuse_review"),
    )  # fmt: skip
    op.create_index("ix_finding_audit_id", "finding", ["audit_id"])
    op.create_index("ix_finding_review_id", "finding", ["review_id"])
    op.create_table(
        "finding_move",
        sa.Column("move_id", BigId, nullable=False, comment="what the access record names among an act's results"),
        sa.Column("finding_id", BigId, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("note", sa.String(300), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False, comment="from this move on"),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("decided_at", UtcInstant(), nullable=False),
        sa.PrimaryKeyConstraint("move_id", name="pk_finding_move"),
        sa.CheckConstraint("kind IN ('opened', 'extended', 'closed')", name=op.f("ck_finding_move_kind")),
        sa.CheckConstraint("length(trim(note)) BETWEEN 3 AND 300", name=op.f("ck_finding_move_note")),
        sa.ForeignKeyConstraint(["finding_id"], ["finding.finding_id"], name="fk_finding_move_finding_id_finding"),
        sa.UniqueConstraint("finding_id", "seq", name="uq_finding_move_finding_id_seq"),
        comment="how a finding was followed up; append-only, and the one thing that goes on after an audit is signed off",
    )  # fmt: skip


def _beside() -> None:
    op.create_table(
        "own_plate",
        sa.Column("own_plate_id", BigId, nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("relation", sa.String(10), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False, comment="keyed, of the plate; the plate itself is stored nowhere"),
        sa.Column("added_at", UtcInstant(), nullable=False),
        sa.Column("added_by", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", UtcInstant(), comment="NULL: it counts"),
        sa.Column("ended_by", sa.BigInteger()),
        sa.PrimaryKeyConstraint("own_plate_id", name="pk_own_plate"),
        sa.CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name=op.f("ck_own_plate_ended")),
        sa.CheckConstraint("relation IN ('own', 'household')", name=op.f("ck_own_plate_relation")),
        comment="plates that a member has no business to search for",
    )  # fmt: skip
    op.create_index("ix_own_plate_member_id", "own_plate", ["member_id"])
    op.create_table(
        "audit_report",
        sa.Column("audit_id", BigId, nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("html_sha256", sa.String(64), nullable=False, comment="as the access record's entry has it"),
        sa.Column("pdf", sa.LargeBinary(), nullable=False),
        sa.Column("pdf_sha256", sa.String(64), nullable=False, comment="as the access record's entry has it"),
        sa.Column("issued_at", UtcInstant(), nullable=False),
        sa.PrimaryKeyConstraint("audit_id", name="pk_audit_report"),
        sa.ForeignKeyConstraint(["audit_id"], ["audit.audit_id"], name="fk_audit_report_audit_id_audit"),
        comment="the report of a signed audit as it was issued; names members and entries, no plate",
    )  # fmt: skip
