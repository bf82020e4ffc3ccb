"""Purges whose clock was looked at, whose resolution and consent are in date, that a run drafts, that take lots of other classes along,
and whose bytes were rewritten (422.5, Gov. Code 34090, 34090.6).

Plans from before say no date: they are no longer begun, since each is stale within days, and stay as they are.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from alpr_assets.store.migrations.refusals import install
from alpr_assets.store.types import BigId, Json, UtcInstant

revision = "0015"
down_revision = "0014"

DATES = {
    "resolution_on": "the date on it; NULL: planned before that was asked",
    "resolution_until": "the last day that it is good for; NULL: it does not say",
    "consent_on": "as resolution_on",
    "consent_until": "as resolution_until",
}
UNDATED = "NEW.resolution_on IS NULL OR NEW.consent_on IS NULL"
REDATED = " OR ".join(f"NEW.{name} <> OLD.{name} OR (NEW.{name} IS NULL) <> (OLD.{name} IS NULL)" for name in DATES)
ASKED = (
    "NEW.asked_at <> OLD.asked_at OR NEW.member_id <> OLD.member_id OR NEW.resolution <> OLD.resolution "
    f"OR NEW.consent <> OLD.consent OR {REDATED}"
)
MANIFEST = "NEW.n_planned <> OLD.n_planned OR NEW.manifest <> OLD.manifest OR NEW.digest <> OLD.digest"
NOT_BEGUN = (
    "NEW.destroyed_at IS NOT NULL AND OLD.destroyed_at IS NULL "
    "AND NOT EXISTS (SELECT 1 FROM purge_plan AS p WHERE p.plan_id = NEW.plan_id AND p.status = 'executing')"
)
TWICE = "OLD.destroyed_at IS NOT NULL AND (NEW.destroyed_at <> OLD.destroyed_at OR NEW.n_destroyed <> OLD.n_destroyed)"
REFUSALS = (
    # name, table, when, condition, what it says
    ("clock_statement_fixed", "clock_statement", "BEFORE UPDATE", "TRUE", "what was stated is never changed"),
    ("clock_statement_kept", "clock_statement", "BEFORE DELETE", "TRUE", "what was stated is never deleted"),
    ("purge_request_fixed", "purge_request", "BEFORE UPDATE", ASKED, "what was asked is never changed"),
    ("purge_request_once", "purge_request", "BEFORE UPDATE", "OLD.answered_at IS NOT NULL", "it is answered once"),
    ("purge_request_kept", "purge_request", "BEFORE DELETE", "TRUE", "what was asked is never deleted"),
    ("purge_lot_fixed", "purge_lot", "BEFORE UPDATE", MANIFEST, "what was planned is never changed"),
    ("purge_lot_begun", "purge_lot", "BEFORE UPDATE", NOT_BEGUN, "nothing is destroyed before a purge has begun"),
    ("purge_lot_once", "purge_lot", "BEFORE UPDATE", TWICE, "a lot is destroyed once"),
    ("purge_lot_kept", "purge_lot", "BEFORE DELETE", "TRUE", "a purge is never deleted"),
    ("purge_completion_fixed", "purge_completion", "BEFORE UPDATE", "TRUE", "a completion is never changed"),
    ("purge_completion_kept", "purge_completion", "BEFORE DELETE", "TRUE", "a completion is never deleted"),
    ("purge_plan_dated", "purge_plan", "BEFORE INSERT", UNDATED, "a purge rests on what is dated"),
    ("purge_plan_dates_fixed", "purge_plan", "BEFORE UPDATE", REDATED, "what was planned is never changed"),
)


def upgrade() -> None:
    for name, comment in DATES.items():
        op.add_column("purge_plan", sa.Column(name, sa.Date(), comment=comment))
    op.create_table(
        "clock_statement",
        sa.Column("statement_id", BigId, nullable=False),
        sa.Column("stated_at", UtcInstant(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("head_size", sa.BigInteger(), nullable=False, comment="entries of the access record whose times it explains"),
        sa.Column("doubts", Json, nullable=False, comment="what was in doubt, as he was shown it"),
        sa.Column("reason", sa.String(300), nullable=False),
        sa.PrimaryKeyConstraint("statement_id", name="pk_clock_statement"),
        comment="a custodian's word that the clock by which purges count years is right; append-only",
    )  # fmt: skip
    op.create_table(
        "purge_completion",
        sa.Column("plan_id", BigId, nullable=False),
        sa.Column("content", sa.Text(), nullable=False,
                  comment="canonical JSON: which certificate, which tables were rewritten; no plate"),
        sa.Column("sha256", sa.String(64), nullable=False, comment="of the content, as the access record's entry has it"),
        sa.Column("completed_at", UtcInstant(), nullable=False),
        sa.PrimaryKeyConstraint("plan_id", name="pk_purge_completion"),
        sa.ForeignKeyConstraint(["plan_id"], ["purge_certificate.plan_id"], name="fk_purge_completion_plan_id_purge_certificate"),
        comment="PostgreSQL: a certificate's `removed` became `destroyed`; append-only",
    )  # fmt: skip
    op.create_table(
        "purge_request",
        sa.Column("request_id", BigId, nullable=False),
        sa.Column("asked_at", UtcInstant(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("resolution", sa.String(120), nullable=False, comment="as purge_plan has it, like those below"),
        sa.Column("resolution_on", sa.Date(), nullable=False),
        sa.Column("resolution_until", sa.Date()),
        sa.Column("consent", sa.String(120), nullable=False),
        sa.Column("consent_on", sa.Date(), nullable=False),
        sa.Column("consent_until", sa.Date()),
        sa.Column("answered_at", UtcInstant(), comment="NULL: its plan is still to be drafted"),
        sa.Column("plan_id", BigId),
        sa.Column("refusal", sa.String(300), comment="why there is no plan"),
        sa.PrimaryKeyConstraint("request_id", name="pk_purge_request"),
        sa.ForeignKeyConstraint(["plan_id"], ["purge_plan.plan_id"], name="fk_purge_request_plan_id_purge_plan"),
        sa.CheckConstraint("(answered_at IS NULL) = (plan_id IS NULL AND refusal IS NULL)", name=op.f("ck_purge_request_answered")),
        sa.CheckConstraint("plan_id IS NULL OR refusal IS NULL", name=op.f("ck_purge_request_one_answer")),
        comment="a plan asked for: a run drafts it",
    )  # fmt: skip
    op.create_table(
        "purge_lot",
        sa.Column("plan_id", BigId, nullable=False),
        sa.Column("kind", sa.String(24), nullable=False, comment="class of the retention schedule"),
        sa.Column("n_planned", sa.Integer(), nullable=False),
        sa.Column("manifest", sa.LargeBinary(), nullable=False, comment="ids of the items, see lifecycle.purge.manifests"),
        sa.Column("digest", sa.String(64), nullable=False, comment="keyed, of class and ids"),
        sa.Column("destroyed_at", UtcInstant(), comment="when the rows were gone; NULL: not yet"),
        sa.Column("n_destroyed", sa.Integer()),
        sa.Column("n_kept", sa.Integer(), comment="planned, and kept after all: held, in force, or no longer due"),
        sa.Column("n_gone", sa.Integer(), comment="planned, and no longer there"),
        sa.Column("files", Json, comment="sealed files that are still to be unlinked, [[day, SHA-256], …]; NULL: none"),
        sa.Column("verified_at", UtcInstant(), comment="when rows and files were looked for and none was found; NULL: not yet"),
        sa.PrimaryKeyConstraint("plan_id", "kind", name="pk_purge_lot"),
        sa.ForeignKeyConstraint(["plan_id"], ["purge_plan.plan_id"], name="fk_purge_lot_plan_id_purge_plan"),
        sa.CheckConstraint("kind IN ('quarantine', 'hotlist_files', 'watches')", name=op.f("ck_purge_lot_kind")),
        sa.CheckConstraint("(destroyed_at IS NULL) = (n_destroyed IS NULL)", name=op.f("ck_purge_lot_destroyed")),
        sa.CheckConstraint("destroyed_at IS NULL OR n_destroyed + n_kept + n_gone = n_planned", name=op.f("ck_purge_lot_adds_up")),
        sa.CheckConstraint("verified_at IS NULL OR (destroyed_at IS NOT NULL AND files IS NULL)",
                           name=op.f("ck_purge_lot_verified")),
        comment="what a plan destroys that is not kept by the capture's day",
    )  # fmt: skip
    op.add_column(
        "hotlist_import", sa.Column("file_destroyed_at", UtcInstant(), comment="by a purge; NULL: it is there")
    )
    install(REFUSALS)
