"""Every clause of the governing policy has a test that shows it, or stands here with who answers for it."""

from __future__ import annotations

import re
from pathlib import Path

from alpr_assets.settings import ROOT
from tests.conftest import missing

POLICY = ROOT.parent / "shared" / "design" / "policy-422.txt"
SECTION, ITEM = re.compile(r"(422(?:\.\d+)+) [A-Z]"), re.compile(r"- \(([a-z])\) ")
OWNED = {
    "422.1": "says what the policy is about, and asks nothing",
    "422.4": "its lettered clauses say it",
    "422.6": "its lettered clauses say it",
    "422.3.1": "the commander administers by the roles; its lettered clauses say what",
}
"""Clauses that no test shows by themselves, and why."""


def clauses(text: str) -> set[str]:
    """The numbered sections, and the lettered clauses below each."""
    found, section = set(), ""
    for line in text.splitlines():
        if numbered := SECTION.match(line):
            section = numbered[1]
            found.add(section)
        elif lettered := ITEM.match(line):
            found.add(f"{section}({lettered[1]})")
    return found


def marked() -> set[str]:
    """The clauses that tests are marked with."""
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py") if path != Path(__file__)]
    return {clause for text in texts for clause in re.findall(r'mark\.clause\("([^"]+)"\)', text)}


def test_every_clause_of_the_policy_is_shown_by_a_test_or_owned() -> None:
    if not POLICY.exists():
        missing(f"the governing policy, {POLICY}")
    asked, shown = clauses(POLICY.read_text(encoding="utf-8")), marked()
    assert len(asked) > 25
    assert not asked - shown - set(OWNED), "a clause that no test shows and nobody answers for"
    assert not set(OWNED) - asked, "owned, and no clause of the policy"
    assert {clause.partition(" ")[0] for clause in shown} <= asked, (
        "a test is marked with what is no clause of the policy"
    )


def test_a_clause_that_is_added_to_the_policy_is_found() -> None:
    assert clauses("422.9 NEW RULE\n\nText.\n- (a) One.\n - 1. Part.\n") == {"422.9", "422.9(a)"}
