"""Tables of questions before there is a case: provisional incident numbers, and questions handed to a colleague (422.4(a)).

Part of `schema.metadata`; the engine imports this module so that it is complete.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, Date, Index, Integer, LargeBinary, String, Table

from alpr_assets.store.schema import metadata
from alpr_assets.store.types import BigId, UtcInstant

provisional_number = Table(
    "provisional_number",
    metadata,
    Column("number", String(32), primary_key=True),
    Column("day", Date, nullable=False, comment="the department's date of its issue"),
    Column("n_of_day", Integer, nullable=False),
    Column("member_id", BigInteger, nullable=False, index=True, comment="whose questions it may stand under"),
    Column("issued_at", UtcInstant, nullable=False),
    Column("due_at", UtcInstant, nullable=False, comment="from then on nothing is asked under it"),
    Column("case_number", String(32), comment="the real one; NULL: not reconciled yet"),
    Column("reconciled_at", UtcInstant),
    Column("reconciled_by", BigInteger),
    CheckConstraint("(case_number IS NULL) = (reconciled_at IS NULL)", name="reconciled"),
    CheckConstraint("(reconciled_by IS NULL) = (reconciled_at IS NULL)", name="by"),
    Index("uq_provisional_number_day", "day", "n_of_day", unique=True),
)

handover = Table(
    "handover",
    metadata,
    Column("handover_id", BigId, primary_key=True),
    Column("from_id", BigInteger, nullable=False),
    Column("to_id", BigInteger, nullable=False, index=True),
    Column("action", String(32), nullable=False, comment="what is asked"),
    Column("purpose", String(64), nullable=False),
    Column("case_number", String(32), nullable=False),
    Column("question", LargeBinary, nullable=False, comment="how it was asked, sealed: it may name a plate or a place"),
    Column("at", UtcInstant, nullable=False),
    Column("expires_at", UtcInstant, nullable=False),
    Column("opened_at", UtcInstant, comment="when the colleague first asked it; NULL: not yet"),
    CheckConstraint("from_id <> to_id", name="another"),
    comment="a question, never its answer: who takes it over asks anew, as himself",
)
