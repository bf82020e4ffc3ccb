"""Watches with their decisions, one hit a pass and watch, and the trigram index of the dictionary (422.4(c))."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.exc import DBAPIError

from alpr_assets.errors import StorageError
from alpr_assets.store.types import BigId, Json, UtcInstant

revision = "0006"
down_revision = "0005"

OWN_DECISION = (
    "NEW.kind IN ('approved', 'declined', 'extended') "
    "AND EXISTS (SELECT 1 FROM watch WHERE watch.watch_id = NEW.watch_id AND watch.owner_id = NEW.member_id)"
)
REFUSALS = (
    # name, when, condition, what it says
    ("watch_decision_own", "BEFORE INSERT", OWN_DECISION, "nobody decides on his own watch"),
    ("watch_decision_kept", "BEFORE UPDATE", "TRUE", "a decision is never changed"),
)


def upgrade() -> None:
    op.create_table(
        "watch",
        sa.Column("watch_id", BigId, nullable=False),
        sa.Column("kind", sa.String(8), nullable=False, comment="entry: a line of the department's own list, a whole plate"),
        sa.Column("pattern", sa.Text(), nullable=False, comment="a plate, or a partial one as `watches.patterns` writes it"),
        sa.Column("is_partial", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(2), nullable=False, comment="upper case; empty: unknown"),
        sa.Column("area", Json, comment="GeoJSON polygon, or point with radius_m; NULL: anywhere"),
        sa.Column("since_at", UtcInstant(), comment="captures from then on; NULL: all"),
        sa.Column("until_at", UtcInstant(), comment="captures before then; NULL: all"),
        sa.Column("purpose", sa.String(64), nullable=False),
        sa.Column("category", sa.String(32), nullable=False, comment="of its hits: the purpose"),
        sa.Column("case_number", sa.String(32), nullable=False),
        sa.Column("reason", sa.String(300), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("audience", sa.String(8), nullable=False, comment="covert: owner, supervisor, commander and auditor only"),
        sa.Column("supervisor_id", sa.BigInteger(), comment="whom a covert watch is shown to, and who decides on it"),
        sa.Column("status", sa.String(8), nullable=False, comment="expiry and the time for approval are judged by the clock"),
        sa.Column("n_decisions", sa.Integer(), nullable=False, comment="seq of its newest decision"),
        sa.Column("placed_at", UtcInstant(), nullable=False),
        sa.Column("approve_by_at", UtcInstant(), nullable=False, comment="it stops then unless it is approved"),
        sa.Column("expires_at", UtcInstant(), nullable=False),
        sa.Column("history_at", UtcInstant(), comment="when all past reads had been matched; NULL: not yet"),
        sa.PrimaryKeyConstraint("watch_id", name="pk_watch"),
        *(sa.CheckConstraint(condition, name=op.f(f"ck_watch_{name}")) for name, condition in _CHECKS.items()),
    )  # fmt: skip
    op.create_index("ix_watch_owner_id", "watch", ["owner_id"])
    op.create_index("ix_watch_status_expires_at", "watch", ["status", "expires_at"])
    op.create_table(
        "watch_decision",
        sa.Column("decision_id", BigId, nullable=False, comment="what the access record names among an act's results"),
        sa.Column("watch_id", BigId, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False,
                  comment="1, 2, … of its watch: two decisions at once cannot both be the next"),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("decided_at", UtcInstant(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(300), nullable=False),
        sa.Column("expires_at", UtcInstant(), nullable=False, comment="of the watch, from this decision on"),
        sa.PrimaryKeyConstraint("decision_id", name="pk_watch_decision"),
        sa.ForeignKeyConstraint(["watch_id"], ["watch.watch_id"], name="fk_watch_decision_watch_id_watch"),
        sa.UniqueConstraint("watch_id", "seq", name="uq_watch_decision_watch_id_seq"),
        sa.CheckConstraint("kind IN ('placed', 'approved', 'declined', 'ended', 'extended')",
                           name=op.f("ck_watch_decision_kind")),
        sa.CheckConstraint("length(trim(reason)) BETWEEN 3 AND 300", name=op.f("ck_watch_decision_reason")),
        comment="who placed, approved, declined, ended or extended a watch, when and why; append-only",
    )  # fmt: skip
    op.create_index("uq_hit_watch", "hit", ["day", "sighting_id", "watch_id"], unique=True)
    if op.get_bind().dialect.name == "sqlite":
        _on_sqlite()
    else:
        _on_postgresql()


_CHECKS = {
    "kind": "kind IN ('watch', 'entry')",
    "entry_is_whole": "kind = 'watch' OR is_partial IS FALSE",
    "audience": "audience IN ('normal', 'covert')",
    "covert_has_supervisor": "audience = 'normal' OR supervisor_id IS NOT NULL",
    "supervisor_is_another": "supervisor_id IS NULL OR supervisor_id <> owner_id",
    "status": "status IN ('placed', 'approved', 'declined', 'ended')",
    "expires": "expires_at > placed_at",
    "reason": "length(trim(reason)) BETWEEN 3 AND 300",
}


def _on_sqlite() -> None:
    for name, when, condition, text in REFUSALS:
        op.execute(
            f"CREATE TRIGGER {name} {when} ON watch_decision WHEN {condition} BEGIN SELECT RAISE(ABORT, '{text}'); END"
        )
    op.execute("CREATE VIRTUAL TABLE plate_trigram USING fts5(plate, tokenize = 'trigram case_sensitive 1')")
    op.execute("INSERT INTO plate_trigram (plate) SELECT plate FROM plate WHERE length(plate) >= 3")
    op.execute(
        "CREATE TRIGGER plate_trigram_in AFTER INSERT ON plate WHEN length(NEW.plate) >= 3 "
        "BEGIN INSERT INTO plate_trigram (plate) VALUES (NEW.plate); END"
    )
    op.execute(
        "CREATE TRIGGER plate_trigram_out AFTER DELETE ON plate WHEN length(OLD.plate) >= 3 "
        "BEGIN DELETE FROM plate_trigram WHERE rowid IN (SELECT rowid FROM plate_trigram "
        "WHERE plate_trigram MATCH '\"' || OLD.plate || '\"' AND plate = OLD.plate); END"
    )


def _on_postgresql() -> None:
    for name, when, condition, text in REFUSALS:
        op.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF {condition} THEN "
            f"RAISE EXCEPTION '{text}' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$"
        )
        op.execute(f"CREATE TRIGGER {name} {when} ON watch_decision FOR EACH ROW EXECUTE FUNCTION {name}()")
    connection = op.get_bind()
    if not connection.scalar(sa.text("SELECT count(*) FROM pg_available_extensions WHERE name = 'pg_trgm'")):
        return
    try:  # who may not make extensions searches the dictionary without an index
        with connection.begin_nested():
            connection.execute(sa.text("CREATE EXTENSION IF NOT EXISTS pg_trgm"))
            connection.execute(sa.text("CREATE INDEX ix_plate_trigram ON plate USING gin (plate gin_trgm_ops)"))
    except (DBAPIError, StorageError):  # the engine says the latter where the server refuses for want of a right
        return
