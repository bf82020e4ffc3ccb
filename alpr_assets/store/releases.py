"""Tables of releases: agencies, standing agreements, requests, what is attached to them, and every decision on them (422.7).

Part of `schema.metadata`; the engine imports this module so that it is complete. What was asked, decided and attached is never changed or
deleted, and a request that is not of a California public agency cannot even be written: migration 0021's triggers see to it.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
    text,
)

from alpr_assets.store.schema import metadata
from alpr_assets.store.types import BigId, Json, UtcInstant

MAX_NAME = 120  # characters, of an agency, a person, a title
MAX_STATUTE = 120
MAX_REASON = 300
MAX_CONTACT = 200
MAX_KEY = 100

agency = Table(
    "agency",
    metadata,
    Column("agency_id", BigId, primary_key=True, comment="what the access record names"),
    Column("name", String(MAX_NAME), nullable=False),
    Column("ori", String(9), nullable=False, comment="as NCIC has it; empty: it has none"),
    Column("kind", String(16), nullable=False),
    Column("jurisdiction", String(12), nullable=False, comment="whose public agency it is"),
    Column("state", String(2), nullable=False, comment="two letters; empty: of none"),
    Column("contact", String(MAX_CONTACT), nullable=False),
    Column("status", String(8), nullable=False),
    Column("recipient", String(MAX_KEY), nullable=False, comment="age public key in force; empty: none is verified"),
    Column("recipient_proposed", String(MAX_KEY), nullable=False, comment="age public key that waits to be verified"),
    Column("n_decisions", Integer, nullable=False, comment="seq of its newest decision"),
    CheckConstraint("kind IN ('law_enforcement', 'prosecutor', 'court', 'other_public', 'private')", name="kind"),
    CheckConstraint("jurisdiction IN ('california', 'other_state', 'federal', 'tribal', 'foreign', 'private')", name="jurisdiction"),
    CheckConstraint("(kind = 'private') = (jurisdiction = 'private')", name="private"),
    CheckConstraint("(jurisdiction = 'california') <= (state = 'ca')", name="california"),
    CheckConstraint("status IN ('proposed', 'verified', 'retired')", name="status"),
    Index("uq_agency_ori", "ori", unique=True, sqlite_where=text("ori <> '' AND status <> 'retired'"),
          postgresql_where=text("ori <> '' AND status <> 'retired'")),
    comment="who may ask, and who is known to ask and may not",
)  # fmt: skip

agency_decision = Table(
    "agency_decision",
    metadata,
    Column("decision_id", BigId, primary_key=True, comment="what the access record names among an act's results"),
    Column("agency_id", ForeignKey("agency.agency_id"), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("kind", String(12), nullable=False),
    Column("decided_at", UtcInstant, nullable=False),
    Column("member_id", BigInteger, nullable=False),
    Column("reason", String(MAX_REASON), nullable=False),
    UniqueConstraint("agency_id", "seq"),
    CheckConstraint("kind IN ('proposed', 'key_proposed', 'verified', 'retired')", name="kind"),
    comment="who entered, verified or retired an agency or its key, when and how; append-only",
)

agreement = Table(
    "agreement",
    metadata,
    Column("agreement_id", BigId, primary_key=True, comment="what the access record names"),
    Column("agency_id", ForeignKey("agency.agency_id"), nullable=False, index=True),
    Column("title", String(MAX_NAME), nullable=False),
    Column("from_on", Date, nullable=False),
    Column("to_on", Date, nullable=False, comment="its last day"),
    Column("scopes", Json, nullable=False, comment="kinds of scope that it covers"),
    Column("file_name", String(MAX_NAME), nullable=False),
    Column("sealed_day", Date, nullable=False),
    Column("sealed_sha256", String(64), nullable=False, comment="of the memorandum, sealed among the received files"),
    Column("entered_at", UtcInstant, nullable=False),
    Column("member_id", BigInteger, nullable=False),
    CheckConstraint("from_on <= to_on", name="dates"),
    comment="standing agreements, which a request may rest on; ended early, never changed else",
)

release = Table(
    "release",
    metadata,
    Column("release_id", BigId, primary_key=True),
    Column("kind", String(8), nullable=False),
    Column("agency_id", ForeignKey("agency.agency_id"), nullable=False, index=True),
    Column("person", String(MAX_NAME), nullable=False, comment="who asks, by name"),
    Column("person_title", String(MAX_NAME), nullable=False),
    Column("asked_for", String(MAX_REASON), nullable=False, comment="the intended purpose, in the request's words"),
    Column("statute", String(MAX_STATUTE), nullable=False),
    Column("agreement_id", ForeignKey("agreement.agreement_id"), comment="the standing agreement that it cites; NULL: none"),
    Column("purpose", String(64), nullable=False, comment="the department's code for it"),
    Column("case_number", String(32), nullable=False),
    Column("scope", Json, nullable=False, comment="what is asked for"),
    Column("approved_scope", Json, comment="what may go: the same or less; NULL: nothing yet"),
    Column("came_by", String(10), nullable=False),
    Column("came_at", UtcInstant, nullable=False),
    Column("entered_at", UtcInstant, nullable=False),
    Column("member_id", BigInteger, nullable=False, index=True, comment="who entered it"),
    Column("due_at", UtcInstant, comment="until when an exigent one is completed in writing, or a routed one answered", index=True),
    Column("completed_at", UtcInstant, comment="when an exigent one was completed in writing"),
    Column("status", String(9), nullable=False),
    Column("n_decisions", Integer, nullable=False, comment="seq of its newest decision"),
    CheckConstraint("kind IN ('written', 'exigent', 'order')", name="kind"),
    CheckConstraint("came_by IN ('mail', 'e_mail', 'in_person', 'phone', 'portal', 'served')", name="came_by"),
    CheckConstraint("status IN ('asked', 'approved', 'denied', 'fulfilled', 'routed', 'closed')", name="status"),
    CheckConstraint("(status IN ('approved', 'fulfilled')) = (approved_scope IS NOT NULL)", name="approved"),
    CheckConstraint("(due_at IS NOT NULL) = (kind = 'exigent' OR status IN ('routed', 'closed'))", name="due"),
    Index("ix_release_status_entered_at", "status", "entered_at"),
    comment="what other agencies asked for (422.7)",
)  # fmt: skip

release_letter = Table(
    "release_letter",
    metadata,
    Column("letter_id", BigId, primary_key=True, comment="what the access record names"),
    Column("release_id", ForeignKey("release.release_id"), nullable=False, index=True),
    Column("kind", String(10), nullable=False),
    Column("file_name", String(MAX_NAME), nullable=False),
    Column("sealed_day", Date, nullable=False),
    Column("sealed_sha256", String(64), nullable=False, comment="sealed among the received files"),
    Column("attached_at", UtcInstant, nullable=False),
    Column("member_id", BigInteger, nullable=False),
    CheckConstraint("kind IN ('request', 'order', 'completion')", name="kind"),
    comment="the letter itself, as it came; append-only",
)

release_decision = Table(
    "release_decision",
    metadata,
    Column("decision_id", BigId, primary_key=True, comment="what the access record names among an act's results"),
    Column("release_id", ForeignKey("release.release_id"), nullable=False),
    Column("seq", Integer, nullable=False, comment="1, 2, … of its release: two decisions at once cannot both be the next"),
    Column("kind", String(10), nullable=False),
    Column("capacity", String(10), comment="in which somebody decided"),
    Column("decided_at", UtcInstant, nullable=False),
    Column("member_id", BigInteger, nullable=False),
    Column("reason", String(MAX_REASON), nullable=False),
    Column("answers", Json, comment="of an approval: each point of the legal test, and the line that answers it"),
    Column("n_captures", Integer, comment="of a fulfilment"),
    Column("n_reads", Integer, comment="of a fulfilment"),
    Column("until_on", Date, comment="of a fulfilment: when the recipient has destroyed it"),
    UniqueConstraint("release_id", "seq"),
    CheckConstraint(
        "kind IN ('asked', 'routed', 'ordered', 'approved', 'denied', 'fulfilled', 'completed', 'destroyed', 'closed')", name="kind"
    ),
    CheckConstraint("(kind = 'approved') = (answers IS NOT NULL)", name="answered"),
    CheckConstraint("(kind IN ('approved', 'denied', 'ordered')) = (capacity IS NOT NULL)", name="in_capacity"),
    CheckConstraint("capacity IS NULL OR capacity IN ('commander', 'designee', 'custodian', 'attorney')", name="capacity"),
    CheckConstraint("(kind = 'fulfilled') = (n_captures IS NOT NULL)", name="fulfilled"),
    CheckConstraint("(n_captures IS NULL) = (n_reads IS NULL) AND (n_captures IS NULL) = (until_on IS NULL)", name="counted"),
    CheckConstraint(f"length(trim(reason)) BETWEEN 3 AND {MAX_REASON}", name="reason"),
    comment="who entered, decided, fulfilled or closed a release, when and why; append-only",
)  # fmt: skip
