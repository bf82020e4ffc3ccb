"""Pages by role: each answers who may see it, refuses the rest with a reason, and does what its form says."""

from __future__ import annotations

import re

import pytest

from alpr_assets.access.roles import Role
from tests.console.consoles import Console

PAGES = [
    "/", "/policy", "/search/plate", "/search/hits", "/exports", "/members", "/members/batch", "/training", "/designee",
    "/sessions", "/sign-in/password", "/record",
]  # fmt: skip


@pytest.mark.parametrize("role", list(Role))
def test_every_page_answers_or_refuses_each_role(console: Console, role: Role):
    browser = console.browser(role)
    for path in PAGES:
        answer = browser.get(path)
        assert answer.status_code in {200, 403}, path
        if answer.status_code == 403:
            assert "Recorded as entry" in answer.text
    home = browser.get("/").text
    for path in re.findall(r'<a href="(/[^"]*)"', home):
        if not path.startswith("/dagster"):
            assert browser.get(path).status_code == 200, f"{role} is shown {path}, which refuses him"
