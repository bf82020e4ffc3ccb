"""The report of a signed audit: the same bytes from the same audit, its hashes in the access record, no plate and no member who was drawn by name."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from pypdfium2 import PdfDocument

from alpr_assets.access.audits import listing, report
from alpr_assets.access.audits.judging import Answer
from alpr_assets.access.record import reading as record_reading
from alpr_assets.access.roles import Role
from alpr_assets.errors import IllegalMoveError, NotFoundError
from alpr_assets.policy import Policy
from alpr_assets.settings import ROOT
from alpr_assets.store.engine import Store, reading
from alpr_assets.store.sealed import sha256_hex
from tests.access.audits.acts import NOW, Department, department
from tests.access.people import a_member, kept

OFFICER = "officer-of-the-sample"


@pytest.fixture
def signed(sqlite_store: Store, policy: Policy, tmp_path: Path) -> tuple[Department, int]:
    """An audit with three entries, one of which has no case and a finding."""
    agency = department(sqlite_store, tmp_path, policy)
    officer = a_member(agency.office, Role.OFFICER, OFFICER, password=None)
    for n in range(3):
        agency.look(officer, NOW - timedelta(days=5, minutes=-n), plate="7ABC123", case="test" if n else "26-01234")
    audit_id = agency.drawn(n_random=1, n_risk=2)
    with reading(agency.engine) as connection:
        numbers = [item["record_id"] for item in listing.told(connection, audit_id)["items"]]
    for number in numbers[1:]:
        agency.judge(audit_id, number)
    agency.judge(audit_id, numbers[0], case_exists=Answer.NO, note="no such case")
    agency.find(audit_id, numbers[0])
    with pytest.raises(IllegalMoveError):
        report.issue(agency.office, audit_id, at=NOW)
    agency.sign(audit_id)
    return agency, audit_id


@pytest.mark.clause("422.6(c)")
def test_a_report_is_issued_once_with_its_hashes_in_the_record(signed: tuple[Department, int]) -> None:
    agency, audit_id = signed
    with pytest.raises(NotFoundError):
        report.issued(agency.engine, audit_id)
    with reading(agency.engine) as connection:
        assert report.due(connection) == [audit_id]
    made = report.issue(agency.office, audit_id, at=NOW)
    assert (
        report.issue(agency.office, audit_id, at=NOW + timedelta(days=1))
        == report.issued(agency.engine, audit_id)
        == made
    )
    with reading(agency.engine) as connection:
        assert report.due(connection) == []
    (entry,) = (one for one in kept(agency.office).entries if one.action == "audit_report")
    assert entry.details == {
        "audit_id": audit_id, "html_sha256": sha256_hex(made.html.encode()), "pdf_sha256": sha256_hex(made.pdf),
    }  # fmt: skip


def test_a_report_says_how_to_draw_again_and_names_no_plate_and_nobody_who_was_drawn(
    signed: tuple[Department, int],
) -> None:
    agency, audit_id = signed
    with reading(agency.engine) as connection:
        said = report.content(connection, audit_id, policy=agency.policy)
    html = report.rendered(said)
    document = PdfDocument(report.printed(html))
    printed = "".join(document[page].get_textpage().get_text_range() for page in range(len(document)))
    for text in (html, printed):
        words = "".join(text.split())
        assert said["seed"] in words
        assert "nosuchcase" in words
        assert "7ABC123" not in text
        assert OFFICER not in text
    assert "http" not in html.replace("http-equiv", "")


def test_the_same_audit_gives_the_same_bytes_in_another_process(signed: tuple[Department, int]) -> None:
    agency, audit_id = signed
    with reading(agency.engine) as connection:
        html = report.rendered(report.content(connection, audit_id, policy=agency.policy))
        again = report.rendered(report.content(connection, audit_id, policy=agency.policy))
    assert html == again
    code = "import sys; from alpr_assets.access.audits.report import printed; sys.stdout.buffer.write(printed(sys.stdin.read()))"
    environment = {"PATH": "", "PYTHONHASHSEED": "7", "HOME": str(ROOT)}
    other = subprocess.run(
        [sys.executable, "-c", code], input=html.encode(), cwd=ROOT, env=environment, capture_output=True, check=True
    )
    assert other.stdout == report.printed(html)


def test_what_followed_the_signature_does_not_change_the_report(signed: tuple[Department, int]) -> None:
    agency, audit_id = signed
    with reading(agency.engine) as connection:
        before = report.rendered(report.content(connection, audit_id, policy=agency.policy))
        (found,) = listing.told(connection, audit_id)["findings"]
    agency.now = NOW + timedelta(days=3)
    agency.follow(found["finding_id"], "extended", due_on=found["due_on"] + timedelta(days=10))
    agency.follow(found["finding_id"], "closed")
    with reading(agency.engine) as connection:
        assert listing.told(connection, audit_id)["findings"][0]["status"] == "closed"
        assert report.rendered(report.content(connection, audit_id, policy=agency.policy)) == before
    with agency.source.open() as record:
        assert record_reading.entries(record, action="approve_audit", limit=1)
