"""Purges: plans with their exact manifests, approvals, and what was destroyed of each day (422.5, Gov. Code 34090.6).

What code might forget, triggers refuse: a plan, day or decision that is deleted, a manifest that is changed, a plan that begins without
both approvals by two people, a day that is destroyed under a plan that has not begun.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from alpr_assets.store.migrations.refusals import install
from alpr_assets.store.types import BigId, UtcInstant

revision = "0013"
down_revision = "0012"

APPROVED = (
    "(SELECT count(DISTINCT d.member_id) FROM purge_decision AS d WHERE d.plan_id = NEW.plan_id AND d.kind = 'approved' "
    "AND d.capacity IN ('commander', 'custodian'))"
)
FIXED = (
    "NEW.made_at <> OLD.made_at OR NEW.member_id <> OLD.member_id OR NEW.judged_on <> OLD.judged_on OR NEW.stale_at <> OLD.stale_at "
    "OR NEW.digest <> OLD.digest OR NEW.n_captures <> OLD.n_captures OR NEW.resolution <> OLD.resolution OR NEW.consent <> OLD.consent"
)
BEGINS = f"NEW.status IN ('approved', 'executing', 'done') AND {APPROVED} < 2"
OUT_OF_TURN = (
    "(OLD.status || '>' || NEW.status) NOT IN ('planned>planned', 'planned>approved', 'planned>cancelled', 'approved>approved', "
    "'approved>executing', 'approved>cancelled', 'executing>executing', 'executing>done', 'done>done', 'cancelled>cancelled')"
)
MANIFEST = "NEW.n_planned <> OLD.n_planned OR NEW.manifest <> OLD.manifest OR NEW.digest <> OLD.digest"
NOT_BEGUN = (
    "NEW.destroyed_at IS NOT NULL AND OLD.destroyed_at IS NULL "
    "AND NOT EXISTS (SELECT 1 FROM purge_plan AS p WHERE p.plan_id = NEW.plan_id AND p.status = 'executing')"
)
TWICE = "OLD.destroyed_at IS NOT NULL AND (NEW.destroyed_at <> OLD.destroyed_at OR NEW.n_destroyed <> OLD.n_destroyed)"
REFUSALS = (
    # name, table, when, condition, what it says
    ("purge_plan_begins", "purge_plan", "BEFORE INSERT", "NEW.status <> 'planned'", "a purge begins as a plan"),
    ("purge_plan_fixed", "purge_plan", "BEFORE UPDATE", FIXED, "what was planned is never changed"),
    ("purge_plan_turn", "purge_plan", "BEFORE UPDATE", OUT_OF_TURN, "a purge goes from plan to approval to execution"),
    ("purge_plan_approved", "purge_plan", "BEFORE UPDATE", BEGINS, "two people approve a purge"),
    ("purge_plan_kept", "purge_plan", "BEFORE DELETE", "TRUE", "a purge is never deleted"),
    ("purge_day_fixed", "purge_day", "BEFORE UPDATE", MANIFEST, "what was planned is never changed"),
    ("purge_day_begun", "purge_day", "BEFORE UPDATE", NOT_BEGUN, "nothing is destroyed before a purge has begun"),
    ("purge_day_once", "purge_day", "BEFORE UPDATE", TWICE, "a day is destroyed once"),
    ("purge_day_kept", "purge_day", "BEFORE DELETE", "TRUE", "a purge is never deleted"),
    ("purge_decision_fixed", "purge_decision", "BEFORE UPDATE", "TRUE", "a decision is never changed"),
    ("purge_certificate_fixed", "purge_certificate", "BEFORE UPDATE", "TRUE", "a certificate is never changed"),
    ("purge_certificate_kept", "purge_certificate", "BEFORE DELETE", "TRUE", "a certificate is never deleted"),
    ("purge_decision_kept", "purge_decision", "BEFORE DELETE", "TRUE", "a decision is never deleted"),
)


def upgrade() -> None:
    _tables()
    install(REFUSALS)


def _tables() -> None:
    op.create_table(
        "purge_plan",
        sa.Column("plan_id", BigId, nullable=False),
        sa.Column("made_at", UtcInstant(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("judged_on", sa.Date(), nullable=False, comment="the department's date by which the schedule was asked"),
        sa.Column("stale_at", UtcInstant(), nullable=False, comment="from then on it is neither approved nor begun"),
        sa.Column("digest", sa.String(64), nullable=False,
                  comment="keyed, over the days' digests: what was approved is what is destroyed"),
        sa.Column("n_captures", sa.Integer(), nullable=False),
        sa.Column("resolution", sa.String(120), nullable=False, comment="of the legislative body, on file"),
        sa.Column("consent", sa.String(120), nullable=False, comment="of the city attorney, in writing, on file"),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("n_decisions", sa.Integer(), nullable=False, comment="seq of its newest decision"),
        sa.PrimaryKeyConstraint("plan_id", name="pk_purge_plan"),
        sa.CheckConstraint("status IN ('planned', 'approved', 'executing', 'done', 'cancelled')",
                           name=op.f("ck_purge_plan_status")),
    )  # fmt: skip
    op.create_table(
        "purge_day",
        sa.Column("plan_id", BigId, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("n_planned", sa.Integer(), nullable=False),
        sa.Column("manifest", sa.LargeBinary(), nullable=False,
                  comment="numbers of the captures within their day, see lifecycle.purge.manifests"),
        sa.Column("digest", sa.String(64), nullable=False, comment="keyed, of day and numbers"),
        sa.Column("destroyed_at", UtcInstant(), comment="when the rows were gone; NULL: not yet"),
        sa.Column("n_destroyed", sa.Integer()),
        sa.Column("n_kept", sa.Integer(), comment="planned, and kept after all: held, or no longer due"),
        sa.Column("n_gone", sa.Integer(), comment="planned, and no longer there: another purge had them"),
        sa.Column("verified_at", UtcInstant(), comment="when rows and pictures were looked for and none was found; NULL: not yet"),
        sa.PrimaryKeyConstraint("plan_id", "day", name="pk_purge_day"),
        sa.ForeignKeyConstraint(["plan_id"], ["purge_plan.plan_id"], name="fk_purge_day_plan_id_purge_plan"),
        sa.CheckConstraint("(destroyed_at IS NULL) = (n_destroyed IS NULL)", name=op.f("ck_purge_day_destroyed")),
        sa.CheckConstraint("destroyed_at IS NULL OR n_destroyed + n_kept + n_gone = n_planned", name=op.f("ck_purge_day_adds_up")),
        sa.CheckConstraint("verified_at IS NULL OR destroyed_at IS NOT NULL", name=op.f("ck_purge_day_verified")),
    )  # fmt: skip
    op.create_table(
        "purge_decision",
        sa.Column("decision_id", BigId, nullable=False, comment="what the access record names among an act's results"),
        sa.Column("plan_id", BigId, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("capacity", sa.String(10), comment="in which an approval was given: commander or custodian"),
        sa.Column("decided_at", UtcInstant(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(300), nullable=False),
        sa.PrimaryKeyConstraint("decision_id", name="pk_purge_decision"),
        sa.ForeignKeyConstraint(["plan_id"], ["purge_plan.plan_id"], name="fk_purge_decision_plan_id_purge_plan"),
        sa.UniqueConstraint("plan_id", "seq", name="uq_purge_decision_plan_id_seq"),
        sa.UniqueConstraint("plan_id", "capacity", name="uq_purge_decision_plan_id_capacity"),
        sa.UniqueConstraint("plan_id", "kind", "member_id", name="uq_purge_decision_plan_id_kind_member_id"),
        sa.CheckConstraint("kind IN ('planned', 'approved', 'begun', 'done', 'cancelled')", name=op.f("ck_purge_decision_kind")),
        sa.CheckConstraint("(kind = 'approved') = (capacity IS NOT NULL)", name=op.f("ck_purge_decision_capacity")),
        sa.CheckConstraint("capacity IS NULL OR capacity IN ('commander', 'custodian')",
                           name=op.f("ck_purge_decision_known_capacity")),
        comment="who planned, approved, began or cancelled a purge, when and why; append-only",
    )  # fmt: skip
    op.create_table(
        "purge_certificate",
        sa.Column("plan_id", BigId, nullable=False),
        sa.Column(
            "content", sa.Text(), nullable=False, comment="canonical JSON: counts, digests, method, approvals; no plate"
        ),
        sa.Column(
            "sha256", sa.String(64), nullable=False, comment="of the content, as the access record's entry has it"
        ),
        sa.Column("issued_at", UtcInstant(), nullable=False),
        sa.PrimaryKeyConstraint("plan_id", name="pk_purge_certificate"),
        sa.ForeignKeyConstraint(["plan_id"], ["purge_plan.plan_id"], name="fk_purge_certificate_plan_id_purge_plan"),
        comment="what was destroyed, by whose approval and how; its hash is in the access record, whose heads are signed and witnessed",
    )
