"""What a message says, where its link leads, and that docs/alerts.md tells receivers the same."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from alpr_assets.lifecycle.alerts.messages import Alert, link_to
from alpr_assets.policy import Policy
from alpr_assets.settings import ROOT, Settings

PAGE = (ROOT / "docs" / "alerts.md").read_text("utf-8")


def test_receivers_are_told_each_field_that_there_is() -> None:
    said = json.loads(Alert(hit_id=1, link="x", delivery_id="y", attempt=2).body())
    assert said == {"hit_id": 1, "link": "x", "delivery_id": "y", "attempt": 2, "duplicate": True}
    (example,) = re.findall(r"```json\n(.*?)\n```", PAGE, flags=re.DOTALL)
    assert list(json.loads(example)) == list(said)
    assert re.findall(r"^\| `(\w+)` \|", PAGE, flags=re.MULTILINE) == list(said)


def test_receivers_are_told_the_figures_of_the_sample_policy(policy: Policy) -> None:
    figures = policy.alerts
    assert f"within {figures.timeout_seconds:.0f} seconds" in PAGE
    assert f"again after {figures.first_wait_seconds:.0f} s" in PAGE
    assert f"the {figures.attempts}th failure" in PAGE
    assert f"for {figures.dead_letter_days} days" in PAGE
    assert figures.longest_wait_seconds == 3600


@pytest.mark.parametrize(
    ("settings", "link"),
    [
        ({}, "http://127.0.0.1:8422/hits/7"),
        ({"console_url": "https://alpr.pd.example/"}, "https://alpr.pd.example/hits/7"),
        ({"host": "0.0.0.0", "hosts": "alpr.pd.example, other"}, "https://alpr.pd.example:8422/hits/7"),
        ({"host": "192.0.2.7", "port": 443}, "https://192.0.2.7:443/hits/7"),
        ({"host": "::1"}, "http://[::1]:8422/hits/7"),
        ({"host": "2001:db8::7"}, "https://[2001:db8::7]:8422/hits/7"),
        ({"hosts": "alpr.pd.example", "proxies": "127.0.0.1"}, "https://alpr.pd.example/hits/7"),
        ({"hosts": "alpr.pd.example", "certfile": "c.pem"}, "https://alpr.pd.example:8422/hits/7"),
    ],
    ids=str,
)
def test_a_link_leads_to_where_browsers_find_the_console(settings: dict[str, Any], link: str) -> None:
    assert link_to(7, Settings(**settings)) == link
