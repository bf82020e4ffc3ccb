"""Releases: agencies, agreements, requests and decisions; and packages that rest on a release instead of a hold (422.7).

What code might forget, triggers refuse: a request of whoever is no California public agency, an approval by who entered the request, an
order that one person alone gave effect to, a package of what is not approved.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from alpr_assets.store.migrations.refusals import install
from alpr_assets.store.types import BigId, Json, UtcInstant

revision = "0021"
down_revision = "0020"

AGENCY = ("name", "ori", "kind", "jurisdiction", "state", "contact")
AGREEMENT = (
    "agency_id",
    "title",
    "from_on",
    "scopes",
    "file_name",
    "sealed_day",
    "sealed_sha256",
    "entered_at",
    "member_id",
)
ASKED = (
    "kind", "agency_id", "person", "person_title", "asked_for", "statute", "agreement_id", "purpose", "case_number", "scope", "came_by",
    "came_at", "entered_at", "member_id", "due_at",
)  # fmt: skip
PACKAGE = (
    "hold_id", "release_id", "record_id", "purpose", "case_number", "member_id", "packed_at", "name", "sha256", "tagmanifest", "seal",
    "n_captures", "n_bytes",
)  # fmt: skip
OUTSIDE = (
    "NOT EXISTS (SELECT 1 FROM agency AS a WHERE a.agency_id = NEW.agency_id AND a.jurisdiction = 'california' AND a.status <> 'retired' "
    "AND (a.status = 'verified' OR NEW.status = 'routed'))"
)
ELSEWHERE = (
    "NEW.status <> 'routed' AND NEW.kind <> 'order' AND NOT EXISTS (SELECT 1 FROM agency AS a WHERE a.agency_id = NEW.agency_id "
    "AND a.kind IN ('law_enforcement', 'prosecutor'))"
)
TURN = (
    "(OLD.status || '>' || NEW.status) NOT IN ('asked>asked', 'asked>approved', 'asked>denied', 'approved>approved', "
    "'approved>fulfilled', 'fulfilled>fulfilled', 'routed>routed', 'routed>closed')"
)
NOT_DECIDED = "NEW.status = 'approved' AND NOT EXISTS (SELECT 1 FROM release_decision AS d WHERE d.release_id = NEW.release_id AND d.kind = 'approved')"
BY_ONE = (
    "NEW.status = 'approved' AND NEW.kind = 'order' AND (SELECT count(DISTINCT d.member_id) FROM release_decision AS d "
    "WHERE d.release_id = NEW.release_id AND d.capacity IN ('custodian', 'attorney')) < 2"
)
HIMSELF = (
    "NEW.kind = 'approved' AND EXISTS (SELECT 1 FROM release AS r WHERE r.release_id = NEW.release_id AND r.kind = 'written' "
    "AND r.member_id = NEW.member_id)"
)
UNAPPROVED = (
    "NEW.release_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM release AS r WHERE r.release_id = NEW.release_id "
    "AND r.status IN ('approved', 'fulfilled'))"
)


def _changed(columns: tuple[str, ...]) -> str:
    """Whether one of these is another than before, or came or went."""
    if op.get_bind().dialect.name == "sqlite":
        return " OR ".join(f"NEW.{name} IS NOT OLD.{name}" for name in columns)
    # json has no equality
    return " OR ".join(f"CAST(NEW.{name} AS text) IS DISTINCT FROM CAST(OLD.{name} AS text)" for name in columns)


def _refusals() -> tuple[tuple[str, str, str, str, str], ...]:
    kept = [
        (f"{table}_kept", table, "BEFORE DELETE", "TRUE", "what was decided, attached or agreed is never deleted")
        for table in ("agency", "agency_decision", "agreement", "release", "release_letter", "release_decision")
    ]
    fixed = [
        (f"{table}_fixed", table, "BEFORE UPDATE", "TRUE", "what was decided or attached is never changed")
        for table in ("agency_decision", "release_letter", "release_decision")
    ]
    once = f"OLD.approved_scope IS NOT NULL AND ({_changed(('approved_scope',))})"
    return (
        *kept,
        *fixed,
        ("agency_fixed", "agency", "BEFORE UPDATE", _changed(AGENCY), "what an agency is is never changed: retire it and enter it anew"),
        ("agency_retired", "agency", "BEFORE UPDATE", "OLD.status = 'retired' AND NEW.status <> 'retired'", "a retired agency stays so"),
        ("agreement_fixed", "agreement", "BEFORE UPDATE", f"NEW.to_on > OLD.to_on OR {_changed(AGREEMENT)}", "an agreement only ends earlier"),
        ("release_outside", "release", "BEFORE INSERT", OUTSIDE, "only California public agencies can be given data (Civ. Code 1798.90.55)"),
        ("release_elsewhere", "release", "BEFORE INSERT", ELSEWHERE, "others than law enforcement and prosecutors go through the records process"),
        ("release_begins", "release", "BEFORE INSERT", "NEW.status NOT IN ('asked', 'routed')", "a release begins as a request"),
        ("release_fixed", "release", "BEFORE UPDATE", _changed(ASKED), "what was asked is never changed"),
        ("release_once", "release", "BEFORE UPDATE", once, "what was approved is never changed"),
        ("release_turn", "release", "BEFORE UPDATE", TURN, "a release goes from request to decision to fulfilment"),
        ("release_decided", "release", "BEFORE UPDATE", NOT_DECIDED, "nothing is approved without a decision"),
        ("release_by_two", "release", "BEFORE UPDATE", BY_ONE, "custodian and attorney both give effect to an order"),
        ("release_by_another", "release_decision", "BEFORE INSERT", HIMSELF, "who entered a request does not approve it"),
        ("evidence_package_approved", "evidence_package", "BEFORE INSERT", UNAPPROVED, "only what was approved is packed for another agency"),
        ("evidence_package_fixed", "evidence_package", "BEFORE UPDATE", f"OLD.stamp IS NOT NULL OR {_changed(PACKAGE)}",
         "a package is never changed, and stamped once"),
        ("evidence_package_kept", "evidence_package", "BEFORE DELETE", "TRUE", "a package is never deleted"),
    )  # fmt: skip


def upgrade() -> None:
    _agencies()
    _releases()
    if op.get_bind().dialect.name == "sqlite":
        _packages_of_sqlite()
    else:
        for name in ("fixed", "kept"):
            op.execute(f"DROP TRIGGER evidence_package_{name} ON evidence_package")
            op.execute(f"DROP FUNCTION evidence_package_{name}()")
        _packages()
    install(_refusals())


def _packages() -> None:
    with op.batch_alter_table("evidence_package") as package:
        package.alter_column(
            "hold_id", existing_type=sa.BigInteger(), nullable=True, comment="what it was packed for; NULL: a release"
        )
        package.add_column(sa.Column("release_id", BigId, comment="what it was packed for; NULL: a hold"))
        package.create_foreign_key(
            op.f("fk_evidence_package_release_id_release"), "release", ["release_id"], ["release_id"]
        )
        package.create_check_constraint(
            op.f("ck_evidence_package_one_basis"), "(hold_id IS NULL) <> (release_id IS NULL)"
        )
    op.create_index("ix_evidence_package_release_id", "evidence_package", ["release_id"])


def _packages_of_sqlite() -> None:
    """SQLite makes the table anew, and drops the old one only where nothing refers to it: what does is set aside meanwhile."""
    children = ("evidence_item", "evidence_booking", "evidence_custody")
    names = ", ".join(f"'{name}'" for name in children)
    master = sa.text(
        f"SELECT sql FROM sqlite_master WHERE tbl_name IN ({names}) AND sql IS NOT NULL "  # noqa: S608 - our own names
        "AND type = :type ORDER BY rootpage, name"
    )
    made = {
        kind: list(op.get_bind().execute(master, {"type": kind}).scalars()) for kind in ("table", "index", "trigger")
    }
    for name in children:
        op.execute(f"CREATE TEMPORARY TABLE kept_{name} AS SELECT * FROM {name}")  # noqa: S608
    for name in reversed(children):
        op.drop_table(name)
    _packages()
    for statement in (*made["table"], *made["index"]):
        op.execute(statement)
    for name in children:
        op.execute(f"INSERT INTO {name} SELECT * FROM kept_{name}")  # noqa: S608
        op.execute(f"DROP TABLE kept_{name}")
    for statement in made["trigger"]:
        op.execute(statement)


def _agencies() -> None:
    op.create_table(
        "agency",
        sa.Column("agency_id", BigId, nullable=False, comment="what the access record names"),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("ori", sa.String(9), nullable=False, comment="as NCIC has it; empty: it has none"),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("jurisdiction", sa.String(12), nullable=False, comment="whose public agency it is"),
        sa.Column("state", sa.String(2), nullable=False, comment="two letters; empty: of none"),
        sa.Column("contact", sa.String(200), nullable=False),
        sa.Column("status", sa.String(8), nullable=False),
        sa.Column("recipient", sa.String(100), nullable=False, comment="age public key in force; empty: none is verified"),
        sa.Column("recipient_proposed", sa.String(100), nullable=False, comment="age public key that waits to be verified"),
        sa.Column("n_decisions", sa.Integer(), nullable=False, comment="seq of its newest decision"),
        sa.PrimaryKeyConstraint("agency_id", name="pk_agency"),
        sa.CheckConstraint("kind IN ('law_enforcement', 'prosecutor', 'court', 'other_public', 'private')", name=op.f("ck_agency_kind")),
        sa.CheckConstraint(
            "jurisdiction IN ('california', 'other_state', 'federal', 'tribal', 'foreign', 'private')", name=op.f("ck_agency_jurisdiction")
        ),
        sa.CheckConstraint("(kind = 'private') = (jurisdiction = 'private')", name=op.f("ck_agency_private")),
        sa.CheckConstraint("(jurisdiction = 'california') <= (state = 'ca')", name=op.f("ck_agency_california")),
        sa.CheckConstraint("status IN ('proposed', 'verified', 'retired')", name=op.f("ck_agency_status")),
        comment="who may ask, and who is known to ask and may not",
    )  # fmt: skip
    standing = sa.text("ori <> '' AND status <> 'retired'")
    op.create_index("uq_agency_ori", "agency", ["ori"], unique=True, sqlite_where=standing, postgresql_where=standing)
    op.create_table(
        "agency_decision",
        sa.Column("decision_id", BigId, nullable=False, comment="what the access record names among an act's results"),
        sa.Column("agency_id", BigId, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("decided_at", UtcInstant(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(300), nullable=False),
        sa.PrimaryKeyConstraint("decision_id", name="pk_agency_decision"),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.agency_id"], name="fk_agency_decision_agency_id_agency"),
        sa.UniqueConstraint("agency_id", "seq", name="uq_agency_decision_agency_id_seq"),
        sa.CheckConstraint("kind IN ('proposed', 'key_proposed', 'verified', 'retired')", name=op.f("ck_agency_decision_kind")),
        comment="who entered, verified or retired an agency or its key, when and how; append-only",
    )  # fmt: skip
    op.create_table(
        "agreement",
        sa.Column("agreement_id", BigId, nullable=False, comment="what the access record names"),
        sa.Column("agency_id", BigId, nullable=False),
        sa.Column("title", sa.String(120), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("to_on", sa.Date(), nullable=False, comment="its last day"),
        sa.Column("scopes", Json, nullable=False, comment="kinds of scope that it covers"),
        sa.Column("file_name", sa.String(120), nullable=False),
        sa.Column("sealed_day", sa.Date(), nullable=False),
        sa.Column("sealed_sha256", sa.String(64), nullable=False, comment="of the memorandum, sealed among the received files"),
        sa.Column("entered_at", UtcInstant(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("agreement_id", name="pk_agreement"),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.agency_id"], name="fk_agreement_agency_id_agency"),
        sa.CheckConstraint("from_on <= to_on", name=op.f("ck_agreement_dates")),
        comment="standing agreements, which a request may rest on; ended early, never changed else",
    )  # fmt: skip
    op.create_index("ix_agreement_agency_id", "agreement", ["agency_id"])


def _releases() -> None:
    op.create_table(
        "release",
        sa.Column("release_id", BigId, nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("agency_id", BigId, nullable=False),
        sa.Column("person", sa.String(120), nullable=False, comment="who asks, by name"),
        sa.Column("person_title", sa.String(120), nullable=False),
        sa.Column("asked_for", sa.String(300), nullable=False, comment="the intended purpose, in the request's words"),
        sa.Column("statute", sa.String(120), nullable=False),
        sa.Column("agreement_id", BigId, comment="the standing agreement that it cites; NULL: none"),
        sa.Column("purpose", sa.String(64), nullable=False, comment="the department's code for it"),
        sa.Column("case_number", sa.String(32), nullable=False),
        sa.Column("scope", Json, nullable=False, comment="what is asked for"),
        sa.Column("approved_scope", Json, comment="what may go: the same or less; NULL: nothing yet"),
        sa.Column("came_by", sa.String(10), nullable=False),
        sa.Column("came_at", UtcInstant(), nullable=False),
        sa.Column("entered_at", UtcInstant(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False, comment="who entered it"),
        sa.Column("due_at", UtcInstant(), comment="until when an exigent one is completed in writing, or a routed one answered"),
        sa.Column("completed_at", UtcInstant(), comment="when an exigent one was completed in writing"),
        sa.Column("status", sa.String(9), nullable=False),
        sa.Column("n_decisions", sa.Integer(), nullable=False, comment="seq of its newest decision"),
        sa.PrimaryKeyConstraint("release_id", name="pk_release"),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.agency_id"], name="fk_release_agency_id_agency"),
        sa.ForeignKeyConstraint(["agreement_id"], ["agreement.agreement_id"], name="fk_release_agreement_id_agreement"),
        sa.CheckConstraint("kind IN ('written', 'exigent', 'order')", name=op.f("ck_release_kind")),
        sa.CheckConstraint("came_by IN ('mail', 'e_mail', 'in_person', 'phone', 'portal', 'served')", name=op.f("ck_release_came_by")),
        sa.CheckConstraint("status IN ('asked', 'approved', 'denied', 'fulfilled', 'routed', 'closed')", name=op.f("ck_release_status")),
        sa.CheckConstraint("(status IN ('approved', 'fulfilled')) = (approved_scope IS NOT NULL)", name=op.f("ck_release_approved")),
        sa.CheckConstraint("(due_at IS NOT NULL) = (kind = 'exigent' OR status IN ('routed', 'closed'))", name=op.f("ck_release_due")),
        comment="what other agencies asked for (422.7)",
    )  # fmt: skip
    for name, columns in (
        ("ix_release_agency_id", ["agency_id"]), ("ix_release_member_id", ["member_id"]), ("ix_release_due_at", ["due_at"]),
        ("ix_release_status_entered_at", ["status", "entered_at"]),
    ):  # fmt: skip
        op.create_index(name, "release", columns)
    op.create_table(
        "release_letter",
        sa.Column("letter_id", BigId, nullable=False, comment="what the access record names"),
        sa.Column("release_id", BigId, nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("file_name", sa.String(120), nullable=False),
        sa.Column("sealed_day", sa.Date(), nullable=False),
        sa.Column("sealed_sha256", sa.String(64), nullable=False, comment="sealed among the received files"),
        sa.Column("attached_at", UtcInstant(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("letter_id", name="pk_release_letter"),
        sa.ForeignKeyConstraint(["release_id"], ["release.release_id"], name="fk_release_letter_release_id_release"),
        sa.CheckConstraint("kind IN ('request', 'order', 'completion')", name=op.f("ck_release_letter_kind")),
        comment="the letter itself, as it came; append-only",
    )
    op.create_index("ix_release_letter_release_id", "release_letter", ["release_id"])
    op.create_table(
        "release_decision",
        sa.Column("decision_id", BigId, nullable=False, comment="what the access record names among an act's results"),
        sa.Column("release_id", BigId, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False, comment="1, 2, … of its release: two decisions at once cannot both be the next"),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("capacity", sa.String(10), comment="in which somebody decided"),
        sa.Column("decided_at", UtcInstant(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(300), nullable=False),
        sa.Column("answers", Json, comment="of an approval: each point of the legal test, and the line that answers it"),
        sa.Column("n_captures", sa.Integer(), comment="of a fulfilment"),
        sa.Column("n_reads", sa.Integer(), comment="of a fulfilment"),
        sa.Column("until_on", sa.Date(), comment="of a fulfilment: when the recipient has destroyed it"),
        sa.PrimaryKeyConstraint("decision_id", name="pk_release_decision"),
        sa.ForeignKeyConstraint(["release_id"], ["release.release_id"], name="fk_release_decision_release_id_release"),
        sa.UniqueConstraint("release_id", "seq", name="uq_release_decision_release_id_seq"),
        sa.CheckConstraint(
            "kind IN ('asked', 'routed', 'ordered', 'approved', 'denied', 'fulfilled', 'completed', 'destroyed', 'closed')",
            name=op.f("ck_release_decision_kind"),
        ),
        sa.CheckConstraint("(kind = 'approved') = (answers IS NOT NULL)", name=op.f("ck_release_decision_answered")),
        sa.CheckConstraint("(kind IN ('approved', 'denied', 'ordered')) = (capacity IS NOT NULL)", name=op.f("ck_release_decision_in_capacity")),
        sa.CheckConstraint(
            "capacity IS NULL OR capacity IN ('commander', 'designee', 'custodian', 'attorney')", name=op.f("ck_release_decision_capacity")
        ),
        sa.CheckConstraint("(kind = 'fulfilled') = (n_captures IS NOT NULL)", name=op.f("ck_release_decision_fulfilled")),
        sa.CheckConstraint(
            "(n_captures IS NULL) = (n_reads IS NULL) AND (n_captures IS NULL) = (until_on IS NULL)", name=op.f("ck_release_decision_counted")
        ),
        sa.CheckConstraint("length(trim(reason)) BETWEEN 3 AND 300", name=op.f("ck_release_decision_reason")),
        comment="who entered, decided, fulfilled or closed a release, when and why; append-only",
    )  # fmt: skip
