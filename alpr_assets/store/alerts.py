"""Tables of alerts to other systems: destinations outside the console, and the outbox of what goes to them (422.4(f)).

Part of `schema.metadata`; the engine imports this module so that it is complete. A destination is what was proposed and stays so,
except for where it stands: another address, source or category is another destination, with an approval of its own. An outbox row
holds ids only, and goes with its hit in a purge.

By triggers that migration 0007 makes: what a destination says never changes, none is deleted, and nothing enters the outbox for one
that is not approved.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
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

destination = Table(
    "alert_destination",
    metadata,
    Column("destination_id", BigId, primary_key=True),
    Column("name", String(64), nullable=False),
    Column("kind", String(8), nullable=False),
    Column("address", Text, nullable=False, comment="https URL, or e-mail address"),
    Column("secret", LargeBinary, comment="that signs its messages, sealed for this address; NULL: e-mail"),
    Column("sources", Json, nullable=False, comment="of whose hits it is told; never restricted"),
    Column("categories", Json, nullable=False, comment="of whose hits it is told"),
    Column("tolerant", Boolean, nullable=False, comment="of hits whose plate is not the listed one too"),
    Column("replaces_id", ForeignKey("alert_destination.destination_id"), comment="which its approval withdraws"),
    Column("status", String(10), nullable=False),
    Column("proposed_at", UtcInstant, nullable=False),
    Column("proposed_by", BigInteger, nullable=False, comment="a supervisor's member id"),
    Column("approved_at", UtcInstant),
    Column("approved_by", BigInteger, comment="the commander's member id"),
    Column("hits_from_at", UtcInstant, comment="it is told of hits that were raised later"),
    Column("ended_at", UtcInstant, comment="when it was declined or withdrawn"),
    Column("ended_by", BigInteger),
    CheckConstraint("kind IN ('webhook', 'email')", name="kind"),
    CheckConstraint("status IN ('proposed', 'approved', 'declined', 'withdrawn')", name="status"),
    CheckConstraint("(kind = 'webhook') = (secret IS NOT NULL)", name="secret"),
    CheckConstraint("approved_by IS NULL OR approved_by <> proposed_by", name="another_approves"),
    CheckConstraint("status <> 'approved' OR approved_at IS NOT NULL", name="approved"),
    CheckConstraint(
        "(approved_at IS NULL) = (approved_by IS NULL) AND (approved_at IS NULL) = (hits_from_at IS NULL)",
        name="approval",
    ),
    CheckConstraint("(ended_at IS NOT NULL) = (status IN ('declined', 'withdrawn'))", name="ended"),
    CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name="ended_by"),
    Index(
        "uq_alert_destination_address", "address", unique=True,
        sqlite_where=text("status = 'approved'"), postgresql_where=text("status = 'approved'"),
    ),
)  # fmt: skip

outbox = Table(
    "alert_outbox",
    metadata,
    Column("outbox_id", BigId, primary_key=True),
    Column("hit_id", ForeignKey("hit.hit_id", ondelete="CASCADE"), nullable=False),
    Column("destination_id", ForeignKey("alert_destination.destination_id"), nullable=False),
    Column("delivery_id", String(36), nullable=False, unique=True, comment="the same over all attempts: a receiver knows it again"),
    Column("state", String(10), nullable=False, comment="void: the destination or the hit came to an end before it arrived"),
    Column("attempts", Integer, nullable=False, comment="begun: counted before anything is sent, so that a second one is marked"),
    Column("dead_after", Integer, nullable=False, comment="attempts; a person who sends it again allows more"),
    Column("created_at", UtcInstant, nullable=False),
    Column("next_attempt_at", UtcInstant, nullable=False),
    Column("lease", String(36), comment="of the attempt under way; NULL: none is"),
    Column("leased_until", UtcInstant, comment="from then on whoever held the lease is taken for dead"),
    Column("ended_at", UtcInstant, comment="when it was delivered, dead or void"),
    Column("last_error", String(64), comment="class or status of the last failure, never what the other side wrote"),
    UniqueConstraint("hit_id", "destination_id"),
    CheckConstraint("state IN ('due', 'delivered', 'dead', 'void')", name="state"),
    CheckConstraint("(state = 'due') = (ended_at IS NULL)", name="ended"),
    CheckConstraint("(lease IS NULL) = (leased_until IS NULL)", name="lease"),
    CheckConstraint("state = 'due' OR lease IS NULL", name="lease_of_due"),
    CheckConstraint("state <> 'delivered' OR attempts > 0", name="delivered"),
    Index("ix_alert_outbox_destination_id_state_next_attempt_at", "destination_id", "state", "next_attempt_at"),
    comment="which hit goes to which destination, and how far that got; ids only",
)  # fmt: skip
