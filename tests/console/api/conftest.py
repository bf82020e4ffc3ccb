"""A console with a real access record and a patrol's captures behind it, and programs that ask its data API."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from httpx import Response
from starlette.testclient import TestClient

from alpr_assets.access.roles import Role
from alpr_assets.policy import Policy
from tests.console.consoles import HOST
from tests.live import CASE, PURPOSE, Live, recorded_console

WHY = {"purpose": PURPOSE, "case_number": CASE}


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory, policy: Policy) -> Iterator[Live]:
    """One for a module: tests count what they add."""
    with recorded_console(tmp_path_factory.mktemp("recorded"), policy) as opened:
        yield opened


def program(live: Live, who: Role | int | str | None = Role.ANALYST) -> TestClient:
    """A program with a token of a role's new member, of a member, or with this very token; None: without one."""
    client = TestClient(live.console.app, base_url=f"http://{HOST}", follow_redirects=False)
    if isinstance(who, Role):
        who = live.token(who)
    elif isinstance(who, int):
        who = live.token(member_id=who)
    if who is not None:
        client.headers["Authorization"] = f"Bearer {who}"
    return client


def ask(client: TestClient, path: str, *, accept: str = "application/json", **said: Any) -> Response:
    return client.post(f"/api/{path}", json={**WHY, **said}, headers={"Accept": accept})


def receipt(response: Response) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(base64.b64decode(response.headers["ALPR-Receipt"]))
    return found
