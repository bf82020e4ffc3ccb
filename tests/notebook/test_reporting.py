"""Reports: each table and picture is an export, nothing in them is markup, and the page loads nothing."""

from __future__ import annotations

import stat
from html.parser import HTMLParser
from pathlib import Path

import pytest

from alpr_assets.access.record.entries import Outcome
from alpr_assets.access.roles import Action
from alpr_assets.errors import AccessRefusedError, MalformedError
from alpr_assets.notebook import Session
from tests.live import STOLEN, Live


def loaded(page: str) -> list[str]:
    """What a page's elements load or point to, and every script in it."""
    found: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.extend(value or "" for name, value in attrs if name in {"src", "href", "srcset", "data"})
            if tag == "script":
                found.append("script")

    Reader().feed(page)
    return found


HOSTILE = "</script><img src=x onerror=alert(1)>"


@pytest.mark.clause("422.6(a)")
def test_what_stands_in_a_report_was_taken_out_as_an_export_once(session: Session, live: Live, tmp_path: Path) -> None:
    before = live.n_recorded()
    report = session.report(f"A stolen car {HOSTILE}")
    report.text(f"{HOSTILE}\n\n## What & when\n\nOne evening.")
    report.table("Its reads", "plate_history", columns=["captured_at", "plate", "device"], first=2, plate=STOLEN)
    report.picture(HOSTILE, "plate_history", plate=STOLEN).timeline("When", "plate_history", plate=STOLEN)
    report.table("Company", "co_travel", plate=STOLEN)
    assert live.n_recorded() == before + 2
    entries = session.recorded().tail(2)
    assert entries["what"].tolist() == [Action.EXPORT.value] * 2
    page = report.html()
    assert HOSTILE not in page
    assert "&lt;img src=x" in page
    assert page.count("data:image/png;base64,") == 2
    assert "The first 2 of 5." in page
    assert "2026-06-14 21:" in page  # the department's time
    assert {where.partition(",")[0] for where in loaded(page)} == {"data:image/png;base64"}
    (delete_by,) = {source.delete_by for source in report.sources}
    assert f"must be gone by {delete_by}" in page
    path = report.save(tmp_path)
    assert path.name == f"report-26-01234-delete-by-{delete_by}.html"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [source.record_id for source in report.sources] == entries["record_id"].tolist()


def test_a_report_of_words_alone_takes_nothing_out(session: Session, live: Live) -> None:
    before = live.n_recorded()
    report = session.report("Nothing").text("Nobody was seen.")
    assert "must be gone" not in report.html()
    assert "Nobody was seen." in report._repr_html_()
    assert live.n_recorded() == before


def test_what_the_search_has_not_is_refused(session: Session) -> None:
    with pytest.raises(MalformedError):
        session.report("x").table("x", "plate_history", plate="7AB*")


def test_above_the_policys_number_a_supervisor_approves_first(
    session: Session, live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = live.console.services.exports.gate
    access = gate.policy.access.model_copy(update={"export_max_rows": 2})
    object.__setattr__(gate, "policy", gate.policy.model_copy(update={"access": access}))
    try:
        with pytest.raises(AccessRefusedError) as refused:
            session.report("x").table("x", "plate_history", plate=STOLEN)
        assert "row_cap" in refused.value.codes
        assert live.console.recorder.entries[-1].outcome in {Outcome.DONE, Outcome.REFUSED}
    finally:
        object.__setattr__(gate, "policy", live.console.services.policy)
