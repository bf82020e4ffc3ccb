"""Destinations of alerts outside the console, and the outbox of what goes to them (422.4(f))."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from alpr_assets.store.types import BigId, Json, UtcInstant

revision = "0007"
down_revision = "0006"

SAYS = ("name", "kind", "address", "secret", "tolerant", "replaces_id", "proposed_at", "proposed_by")
CHANGED = " OR ".join(
    [
        *(f"NEW.{name} IS DISTINCT FROM OLD.{name}" for name in SAYS),
        *(f"CAST(NEW.{name} AS TEXT) <> CAST(OLD.{name} AS TEXT)" for name in ("sources", "categories")),
        *(
            f"(OLD.{name} IS NOT NULL AND NEW.{name} IS DISTINCT FROM OLD.{name})"
            for name in ("approved_at", "approved_by")
        ),
        "(OLD.ended_at IS NOT NULL)",
    ]
)
NOT_APPROVED = (
    "NOT EXISTS (SELECT 1 FROM alert_destination AS d WHERE d.destination_id = NEW.destination_id "
    "AND d.status = 'approved')"
)
REFUSALS = (
    # name, table, when, condition, what it says
    ("alert_destination_begins", "alert_destination", "BEFORE INSERT", "NEW.status <> 'proposed'",
     "a destination begins proposed"),
    ("alert_destination_kept", "alert_destination", "BEFORE UPDATE", CHANGED, "what a destination says never changes"),
    ("alert_destination_stays", "alert_destination", "BEFORE DELETE", "TRUE", "a destination is never deleted"),
    ("alert_outbox_approved", "alert_outbox", "BEFORE INSERT", NOT_APPROVED, "the destination is not approved"),
)  # fmt: skip


def upgrade() -> None:
    op.create_table(
        "alert_destination",
        sa.Column("destination_id", BigId, nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("address", sa.Text(), nullable=False, comment="https URL, or e-mail address"),
        sa.Column("secret", sa.LargeBinary(), comment="that signs its messages, sealed for this address; NULL: e-mail"),
        sa.Column("sources", Json, nullable=False, comment="of whose hits it is told; never restricted"),
        sa.Column("categories", Json, nullable=False, comment="of whose hits it is told"),
        sa.Column("tolerant", sa.Boolean(), nullable=False, comment="of hits whose plate is not the listed one too"),
        sa.Column("replaces_id", BigId, comment="which its approval withdraws"),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("proposed_at", UtcInstant(), nullable=False),
        sa.Column("proposed_by", sa.BigInteger(), nullable=False, comment="a supervisor's member id"),
        sa.Column("approved_at", UtcInstant()),
        sa.Column("approved_by", sa.BigInteger(), comment="the commander's member id"),
        sa.Column("hits_from_at", UtcInstant(), comment="it is told of hits that were raised later"),
        sa.Column("ended_at", UtcInstant(), comment="when it was declined or withdrawn"),
        sa.Column("ended_by", sa.BigInteger()),
        sa.PrimaryKeyConstraint("destination_id", name="pk_alert_destination"),
        sa.ForeignKeyConstraint(
            ["replaces_id"], ["alert_destination.destination_id"], name="fk_alert_destination_replaces_id_alert_destination"
        ),
        *(sa.CheckConstraint(sql, name=op.f(f"ck_alert_destination_{name}")) for name, sql in _DESTINATION.items()),
    )  # fmt: skip
    approved = sa.text("status = 'approved'")
    op.create_index(
        "uq_alert_destination_address", "alert_destination", ["address"], unique=True, sqlite_where=approved,
        postgresql_where=approved,
    )  # fmt: skip
    op.create_table(
        "alert_outbox",
        sa.Column("outbox_id", BigId, nullable=False),
        sa.Column("hit_id", BigId, nullable=False),
        sa.Column("destination_id", BigId, nullable=False),
        sa.Column("delivery_id", sa.String(36), nullable=False, comment="the same over all attempts: a receiver knows it again"),
        sa.Column("state", sa.String(10), nullable=False, comment="void: the destination or the hit came to an end before it arrived"),
        sa.Column("attempts", sa.Integer(), nullable=False, comment="begun: counted before anything is sent, so that a second one is marked"),
        sa.Column("dead_after", sa.Integer(), nullable=False, comment="attempts; a person who sends it again allows more"),
        sa.Column("created_at", UtcInstant(), nullable=False),
        sa.Column("next_attempt_at", UtcInstant(), nullable=False),
        sa.Column("lease", sa.String(36), comment="of the attempt under way; NULL: none is"),
        sa.Column("leased_until", UtcInstant(), comment="from then on whoever held the lease is taken for dead"),
        sa.Column("ended_at", UtcInstant(), comment="when it was delivered, dead or void"),
        sa.Column("last_error", sa.String(64), comment="class or status of the last failure, never what the other side wrote"),
        sa.PrimaryKeyConstraint("outbox_id", name="pk_alert_outbox"),
        sa.ForeignKeyConstraint(["hit_id"], ["hit.hit_id"], name="fk_alert_outbox_hit_id_hit", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["destination_id"], ["alert_destination.destination_id"], name="fk_alert_outbox_destination_id_alert_destination"
        ),
        sa.UniqueConstraint("delivery_id", name="uq_alert_outbox_delivery_id"),
        sa.UniqueConstraint("hit_id", "destination_id", name="uq_alert_outbox_hit_id_destination_id"),
        *(sa.CheckConstraint(sql, name=op.f(f"ck_alert_outbox_{name}")) for name, sql in _OUTBOX.items()),
        comment="which hit goes to which destination, and how far that got; ids only",
    )  # fmt: skip
    op.create_index(
        "ix_alert_outbox_destination_id_state_next_attempt_at", "alert_outbox",
        ["destination_id", "state", "next_attempt_at"],
    )  # fmt: skip
    for refusal in REFUSALS:
        (_on_sqlite if op.get_bind().dialect.name == "sqlite" else _on_postgresql)(*refusal)


_DESTINATION = {
    "kind": "kind IN ('webhook', 'email')",
    "status": "status IN ('proposed', 'approved', 'declined', 'withdrawn')",
    "secret": "(kind = 'webhook') = (secret IS NOT NULL)",
    "another_approves": "approved_by IS NULL OR approved_by <> proposed_by",
    "approved": "status <> 'approved' OR approved_at IS NOT NULL",
    "approval": "(approved_at IS NULL) = (approved_by IS NULL) AND (approved_at IS NULL) = (hits_from_at IS NULL)",
    "ended": "(ended_at IS NOT NULL) = (status IN ('declined', 'withdrawn'))",
    "ended_by": "(ended_at IS NULL) = (ended_by IS NULL)",
}
_OUTBOX = {
    "state": "state IN ('due', 'delivered', 'dead', 'void')",
    "ended": "(state = 'due') = (ended_at IS NULL)",
    "lease": "(lease IS NULL) = (leased_until IS NULL)",
    "lease_of_due": "state = 'due' OR lease IS NULL",
    "delivered": "state <> 'delivered' OR attempts > 0",
}


def _on_sqlite(name: str, table: str, when: str, condition: str, text: str) -> None:
    op.execute(f"CREATE TRIGGER {name} {when} ON {table} WHEN {condition} BEGIN SELECT RAISE(ABORT, '{text}'); END")


def _on_postgresql(name: str, table: str, when: str, condition: str, text: str) -> None:
    back = "OLD" if when.endswith("DELETE") else "NEW"
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF {condition} THEN "
        f"RAISE EXCEPTION '{text}' USING ERRCODE = 'check_violation'; END IF; RETURN {back}; END $$"
    )
    op.execute(f"CREATE TRIGGER {name} {when} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")
