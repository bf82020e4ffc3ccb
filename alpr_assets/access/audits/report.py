"""The report of a signed audit: HTML and PDF, the same bytes whenever it is made from the same audit (422.6(c)).

Here: what it says, rendering, issuing it with its hashes in the access record. Not here: who signs (`planning`). It names who audited and who
approved; members whose entries were drawn stand in it by number, and a plate nowhere. It says how the sample was drawn, so that whoever has an
export of the access record draws it again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlalchemy import Connection, Engine, insert, select

from alpr_assets import pdf
from alpr_assets.access import register
from alpr_assets.access.acting import Office, acting
from alpr_assets.access.audits import drawing, listing
from alpr_assets.access.audits.judging import QUESTIONS, Answer
from alpr_assets.access.people import SYSTEM
from alpr_assets.errors import IllegalMoveError, NotFoundError
from alpr_assets.policy import Policy
from alpr_assets.store.audits import audit, audit_report
from alpr_assets.store.engine import reading
from alpr_assets.store.sealed import sha256_hex

HERE: Final = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Issued:
    """A report as it was issued; its hashes are in the access record."""

    audit_id: int
    html: str
    html_sha256: str
    pdf: bytes
    pdf_sha256: str
    issued_at: datetime


def issue(office: Office, audit_id: int, *, at: datetime) -> Issued:
    """Make a signed audit's report and put its hashes into the access record; one that is issued is returned as it is.

    Raises IllegalMoveError: it is not signed off; NotFoundError; RecordUnavailableError: nothing is issued.
    """
    with reading(office.engine) as connection:
        if (known := _issued(connection, audit_id)) is not None:
            return known
        said = content(connection, audit_id, policy=office.policy)
    html = rendered(said)
    pdf = printed(html)
    made = Issued(audit_id, html, sha256_hex(html.encode()), pdf, sha256_hex(pdf), at)
    details = {"audit_id": audit_id, "html_sha256": made.html_sha256, "pdf_sha256": made.pdf_sha256}
    with acting(office, "audit_report", SYSTEM, at=at, details=details) as act:
        act.connection.execute(insert(audit_report), asdict(made))
    return made


def issued(engine: Engine, audit_id: int) -> Issued:
    """The report of an audit. Raises NotFoundError: there is none yet."""
    with reading(engine) as connection:
        found = _issued(connection, audit_id)
    if found is None:
        raise NotFoundError(f"audit {audit_id} has no report", remedy="it is issued within an hour of the signature")
    return found


def due(connection: Connection) -> list[int]:
    """Audits that are signed off and have no report."""
    reported = select(audit_report.c.audit_id)
    statement = select(audit.c.audit_id).where(audit.c.status == "signed", audit.c.audit_id.not_in(reported))
    return list(connection.scalars(statement.order_by(audit.c.audit_id)))


def content(connection: Connection, audit_id: int, *, policy: Policy) -> dict[str, Any]:
    """What a report says, as of the signature: what followed is not in it. Raises IllegalMoveError; NotFoundError."""
    told = listing.told(connection, audit_id)
    if told["status"] != "signed":
        raise IllegalMoveError(f"audit {audit_id} is {told['status']}, not signed off")
    signed = next(one for one in told["decisions"] if one["kind"] == "signed")
    items = told["items"]
    return {
        **told,
        "agency": policy.policy.agency, "clause": f"{policy.policy.number}.6(c)", "zone": policy.zone,
        "signed": signed, "names": register.names(connection), "questions": QUESTIONS, "format": drawing.FORMAT,
        "n_random_drawn": sum(item["chosen"] == drawing.RANDOM for item in items),
        "answers": {name: _answers(items, name) for name in QUESTIONS},
        "signals": sorted(Counter(signal["rule"] for item in items for signal in item["signals"]).items()),
        "findings": [_as_of(one, signed["decided_at"]) for one in told["findings"]],
        "bars": bars(told["ages"] or []), "retention": _retention(policy),
    }  # fmt: skip


def rendered(said: Mapping[str, Any]) -> str:
    """The report as one page that loads nothing."""
    return _templates().get_template("report.html").render(**said)


def printed(html: str) -> bytes:
    """The same on paper, PDF; its dates are the page's own, so that the same page gives the same bytes."""
    return pdf.printed(html, identifier=sha256_hex(html.encode()).encode()[:16])


def bars(ages: Sequence[int]) -> list[dict[str, float]]:
    """A histogram by months as heights from 0 to 1, with their counts."""
    most = max(ages, default=0)
    return [{"month": month, "n": n, "height": round(n / most, 4) if most else 0.0} for month, n in enumerate(ages)]


def _retention(policy: Policy) -> dict[str, int]:
    """Months at which reads may be destroyed, and must be."""
    reads = policy.retention["reads"]
    return {"minimum": reads.minimum_years * 12, "maximum": reads.maximum_years * 12}


def _answers(items: Sequence[Mapping[str, Any]], name: str) -> dict[str, int]:
    counted = Counter(item["judgement"][name] for item in items)
    return {answer.value: counted.get(answer.value, 0) for answer in Answer}


def _as_of(found: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    """A finding as it stood at an instant."""
    moves = [one for one in found["moves"] if one["decided_at"] <= at]
    is_closed = any(one["kind"] == "closed" for one in moves)
    return {**found, "moves": moves, "due_on": moves[-1]["due_on"], "is_closed": is_closed}


def _issued(connection: Connection, audit_id: int) -> Issued | None:
    row = connection.execute(select(audit_report).where(audit_report.c.audit_id == audit_id)).one_or_none()
    return None if row is None else Issued(**row._mapping)  # noqa: SLF001 - SQLAlchemy's own API


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
